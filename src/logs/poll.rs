//! A container that its node can't follow: its log is read every few seconds instead.

use std::time::Duration;

use tokio::time::Instant;

use super::api::{Api, From};
use super::attempts::Reach;
use super::drain::{DELETED, Once, REMOVED};
use super::event::{Closed, Note, Sink};
use super::follow::{Follower, Outcome};
use super::intake::Reading;
use super::stream::SILENT;

/// Between two looks.
const POLL: Duration = Duration::from_secs(2);

impl<A: Api, S: Sink> Follower<'_, A, S> {
    /// The node can't follow another container: it is read every few seconds instead.
    pub(super) async fn poll(&mut self, reading: &mut Reading) -> Result<Outcome, Closed> {
        self.shared.note(Some(&reading.attempt), Note::Polled).await?;
        let (mut trouble, mut last) = (None, Instant::now());
        loop {
            let pause = POLL + self.shared.jitter(POLL / 4);
            self.changed_within(pause).await;
            match self.reach(&reading.attempt.id.clone()).await {
                Some(Reach::Running) => {}
                Some(Reach::Lost) => return Ok(Outcome::Unverified(REMOVED.to_owned(), None)),
                None => return Ok(Outcome::Unverified(DELETED.to_owned(), None)),
                Some(_) => return self.close(reading).await,
            }
            let since = reading.cursor.since();
            let read = self.read(false, false, since.map_or(From::Start, From::Second));
            match self.once(reading, &read, since).await? {
                Once::Failed(refused) => {
                    if let Some(outcome) = self.not_opened(reading, refused, &mut trouble).await? {
                        return Ok(outcome);
                    }
                }
                Once::Read { foreign: Some(mut intake), .. } => {
                    if self.settles_as_running(reading).await {
                        self.gap(reading, &intake).await?;
                        let (_, taken) = intake.accept(reading);
                        self.hand_on(reading, taken).await?;
                    }
                }
                Once::Read { .. } if reading.enough => return Ok(Outcome::Enough(None)),
                Once::Read { fresh, .. } => {
                    trouble = None;
                    if fresh > 0 || last.elapsed() > SILENT && !self.was_set_back(reading, false).await {
                        last = Instant::now();
                    }
                }
            }
        }
    }
}
