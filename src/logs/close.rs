//! An attempt that has ended, to the proof that nothing of it is missing; and its successor, which may live for a second only.

use std::time::Duration;

use super::api::{Api, From};
use super::attempts::Reach;
use super::drain::{DELETED, Drained, REMOVED};
use super::event::{Closed, Sink};
use super::follow::{Follower, Outcome, stands};
use super::held::Held;
use super::intake::Reading;
use super::lines::{Block, Lines};
use super::stream::within;
use crate::facts::{AttemptEnd, Text};

impl<A: Api, S: Sink> Follower<'_, A, S> {
    /// Closes an attempt that has ended: what is left of its log, and the proof that nothing more is. Once its successor runs, the
    /// successor's stream is opened beside that.
    pub(super) async fn close(&mut self, reading: &mut Reading) -> Result<Outcome, Closed> {
        let mut last = None;
        let beside = self.shared.plan.follow && self.held.is_none();
        match self.rounds(reading, &mut last, beside).await? {
            Ok(outcome) => Ok(outcome),
            Err(successor) => self.close_beside(reading, successor, last).await,
        }
    }

    /// The same, until the container has a successor if that is to be told: its ID is the error.
    async fn rounds(
        &mut self,
        reading: &mut Reading,
        last: &mut Option<AttemptEnd>,
        until_successor: bool,
    ) -> Result<Result<Outcome, Text>, Closed> {
        for _ in 0..600 {
            let id = reading.attempt.id.clone();
            let (previous, ended) = match self.reach(&id).await {
                None => return Ok(Ok(Outcome::Unverified(DELETED.to_owned(), None))),
                // The status lags behind what is known.
                Some(Reach::Running) => {
                    self.changed_within(Duration::from_secs(1)).await;
                    continue;
                }
                Some(Reach::Lost) => {
                    if reading.provisional && !self.is_successors(reading).await {
                        return Ok(Ok(Outcome::Verified(last.take())));
                    }
                    return Ok(Ok(Outcome::Unverified(REMOVED.to_owned(), None)));
                }
                Some(Reach::Current(ended)) => (false, ended),
                Some(Reach::Previous(ended)) => (true, ended),
            };
            *last = Some(ended.clone());
            if reading.enough {
                return Ok(Ok(Outcome::Enough(None)));
            }
            match self.drain(reading, previous, &ended).await? {
                Drained::Verified => return Ok(Ok(Outcome::Verified(Some(ended)))),
                Drained::Unverified(why) => return Ok(Ok(Outcome::Unverified(why, Some(ended)))),
                Drained::LookAgain => {
                    if let Some(successor) = self.successor().filter(|it| until_successor && **it != *id) {
                        return Ok(Err(successor));
                    }
                    let pause = Duration::from_millis(200) + self.shared.jitter(Duration::from_millis(200));
                    self.changed_within(pause).await;
                }
            }
        }
        Ok(Ok(Outcome::Unverified("the pod's status and its log do not agree".to_owned(), None)))
    }

    /// Closes an attempt while its successor's stream is opened.
    pub(super) async fn close_beside(
        &mut self,
        reading: &mut Reading,
        successor: Text,
        mut last: Option<AttemptEnd>,
    ) -> Result<Outcome, Closed> {
        let (shared, read) = (self.shared, self.read(true, false, From::Start));
        let (container, pod) = (self.container.clone(), self.state().run);
        let opening = async {
            let body = within(shared.api.log(&read)).await?;
            // By then another pod may stand under the name.
            stands(shared.api, &pod, &container, &successor, false).await.map(|()| body)
        };
        let closing = self.rounds(reading, &mut last, false);
        let (outcome, opened) = futures_util::join!(Box::pin(closing), Box::pin(opening));
        if let Ok(body) = opened
            && self.held.is_none()
        {
            self.held = Some(Held { id: Some(successor), body, lines: Lines::default(), block: Block::default() });
        }
        // Nothing asked for the successor here.
        Ok(outcome?.unwrap_or_else(|_| Outcome::Unverified(DELETED.to_owned(), None)))
    }
}
