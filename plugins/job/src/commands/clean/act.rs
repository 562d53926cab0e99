//! Carrying the plan out: each deletion names the very object that was shown.

use futures_util::StreamExt as _;
use futures_util::stream::iter;
use workload_cli::{Context, DryRun, Exit, Failure};
use workload_core::change::delete;
use workload_core::connect::{Client, Error, ErrorKind};

use super::plan::{Object, Plan};
use super::report::{Outcome, Told};

/// So many deletions are under way at a time.
const AT_ONCE: usize = 8;

/// What carrying out needs.
pub(super) struct Act<'a> {
    pub(super) client: &'a Client,
    pub(super) told: &'a mut Told,
}

impl Act<'_> {
    /// Deletes what still stands in the plan after it was read again, once the server has checked every deletion.
    pub(super) async fn carry_out(
        self,
        context: &mut Context<'_>,
        plan: Plan,
        again: &Plan,
        dry_run: DryRun,
    ) -> Result<Exit, Failure> {
        let namespace = self.told.namespace.clone();
        let mut exit = Exit::Done;
        let mut leave = |context: &mut Context<'_>, told: &mut Told, object: &Object, why: &str| {
            exit = Exit::Error;
            told.left(object, why, Outcome::Left);
            context.note(&format!("{} is left: {why}", object.shown()))
        };
        let mut still = Vec::new();
        for object in plan.delete {
            if again.delete.contains(&object) {
                still.push(object);
            } else {
                leave(context, self.told, &object, "it has changed since it was shown")?;
            }
        }
        let client = self.client;
        let rehearsed = self::send(client, &namespace, still, true).await;
        let mut checked = Vec::new();
        for (object, answer) in rehearsed {
            match answer {
                Ok(()) => checked.push(object),
                Err(error) if changed(&error) => leave(context, self.told, &object, &error.message)?,
                Err(error) => {
                    let mut failure = Failure::from(error);
                    failure.message.push_str("\nNothing was changed.");
                    return Err(failure);
                }
            }
        }
        if dry_run == DryRun::Server {
            for object in &checked {
                self.told.done(context, object)?;
            }
            return Ok(exit);
        }
        let mut deleting =
            std::pin::pin!(iter(checked).map(|object| one(client, &namespace, object, false)).buffered(AT_ONCE));
        while let Some((object, answer)) = deleting.next().await {
            match answer {
                Ok(()) => self.told.done(context, &object)?,
                Err(error) if error.uncertain => {
                    let why = format!("whether it is deleted can't be told: {}", error.message);
                    leave(context, self.told, &object, &why)?;
                }
                Err(error) => leave(context, self.told, &object, &error.message)?,
            }
        }
        Ok(exit)
    }
}

async fn send(client: &Client, namespace: &str, all: Vec<Object>, dry_run: bool) -> Vec<(Object, Result<(), Error>)> {
    iter(all).map(|object| one(client, namespace, object, dry_run)).buffered(AT_ONCE).collect().await
}

async fn one(client: &Client, namespace: &str, object: Object, dry_run: bool) -> (Object, Result<(), Error>) {
    let answer = delete(client, &object.identity(namespace), dry_run).await;
    (object, answer)
}

/// Whether the object is not what it was: it alone is left, the others are not concerned.
fn changed(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::Conflict | ErrorKind::NotFound)
}
