//! `--if-active=replace`: the run that goes on is deleted, and its pods' end waited for.

use std::time::Duration;

use workload_cli::{Confirmed, Context, Exit, Failure, confirm};
use workload_core::change::{Identity, delete};
use workload_core::connect::{Client, ErrorKind};
use workload_core::facts::JobRun;
use workload_core::gather::live::{self, Chosen, News, Which};
use workload_core::gather::resource::{JOBS, PODS};

/// A pod that has not ended after this long is told.
const TOLD: Duration = Duration::from_secs(2);

/// Deletes the runs; the exit code where nothing was changed.
pub(super) async fn replace(
    context: &mut Context<'_>,
    client: &Client,
    namespace: &str,
    runs: &[&JobRun],
    yes: bool,
) -> Result<Option<Exit>, Failure> {
    let phrase = match runs {
        [one] => one.meta.name.to_string(),
        several => format!("{} {namespace}", several.len()),
    };
    let question = "It is deleted with its pods, whatever they have done so far.";
    match confirm(context, question, &phrase, yes)? {
        Confirmed::Yes => {}
        Confirmed::No => {
            context.note("That was something else: nothing was changed.")?;
            return Ok(Some(Exit::Refused));
        }
        Confirmed::NobodyThere => {
            context.note("Nobody is there to be asked: nothing was changed. --yes answers beforehand.")?;
            return Ok(Some(Exit::Refused));
        }
    }
    for dry_run in [true, false] {
        for run in runs {
            let identity = Identity {
                resource: &JOBS,
                namespace: Some(namespace.to_owned()),
                name: run.meta.name.to_string(),
                uid: run.meta.uid.to_string(),
                // It goes on, so that its state may have changed since: it is meant all the same.
                version: String::new(),
            };
            match delete(client, &identity, dry_run).await {
                Ok(()) if dry_run => {}
                Ok(()) => context.note(&format!("job {} deleted", run.meta.name))?,
                Err(error) if error.kind == ErrorKind::NotFound => {}
                Err(error) => {
                    let mut failure = Failure::from(error);
                    failure.message.push_str(if dry_run { "\nNothing was changed." } else { "\nNo Job was created." });
                    return Err(failure);
                }
            }
        }
    }
    for run in runs {
        until_no_pod(context, client, namespace, run).await?;
    }
    Ok(None)
}

/// Waits until no pod of it is left: two runs side by side are what was not wanted.
async fn until_no_pod(
    context: &mut Context<'_>,
    client: &Client,
    namespace: &str,
    run: &JobRun,
) -> Result<(), Failure> {
    let chosen = Chosen::Labels(format!("batch.kubernetes.io/controller-uid={}", run.meta.uid));
    let which = Which { resource: &PODS, namespace: namespace.to_owned(), chosen };
    let mut news = live::watch(client, which, None);
    let mut left = std::collections::BTreeSet::new();
    let uid = |pod: &serde_json::Value| pod["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    let ended = |pod: &serde_json::Value| pod["status"]["phase"] == "Succeeded" || pod["status"]["phase"] == "Failed";
    let mut told = false;
    loop {
        let next = match tokio::time::timeout(TOLD, news.recv()).await {
            Ok(Some(next)) => next,
            Ok(None) => return Ok(()),
            Err(_) => {
                if !std::mem::replace(&mut told, true) {
                    context.note(&format!("waiting: {} of job {} still end", pods(left.len()), run.meta.name))?;
                }
                continue;
            }
        };
        match next {
            News::All(all) => left = all.iter().filter(|pod| !ended(pod)).map(uid).collect(),
            News::Is(pod) if !ended(&pod) => drop(left.insert(uid(&pod))),
            News::Is(pod) | News::Gone(pod) => drop(left.remove(&uid(&pod))),
            News::Unread(error) => {
                context.note(&format!("note: {}: can't tell whether its pods have ended", error.message))?;
                return Ok(());
            }
            News::Unwatched(_) | News::Unreachable(_) => continue,
        }
        if left.is_empty() {
            return Ok(());
        }
    }
}

fn pods(count: usize) -> String {
    if count == 1 { "1 pod".to_owned() } else { format!("{count} pods") }
}
