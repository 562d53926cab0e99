//! An attempt that has ended: what is left of its log, and the proof that nothing more is.

use std::time::Duration;

use tokio::time::Instant;

use super::api::{Api, Body, From, Read, Refused};
use super::attempts::Reach;
use super::event::{Closed, Event, Sink};
use super::follow::{Follower, Outcome};
use super::intake::{Found, Intake, Reading, unended};
use super::lines::Line;
use super::stamp::{SECOND, Stamp};
use super::stream::{LAG, within};
use super::whose::Settled;
use crate::facts::AttemptEnd;

/// Why an end is not certain.
pub(super) const DELETED: &str = "the pod was deleted before its log could be read to the end";
/// Likewise.
pub(super) const REMOVED: &str = "the node removed its log when a later attempt ended";
/// For how long answers that are cut short are tried again.
const CUT_SHORT: Duration = Duration::from_mins(1);
/// Longer than any container waits to be started again (five minutes, or ten by the Job controller).
const NEXT_START: Duration = Duration::from_hours(1);
/// For so long a log that goes on after its attempt's end is taken for a later one's.
const LATE: Duration = Duration::from_secs(5);
const ROTATED: &str = "the log was rotated before it could be read to the end";

/// What the kubelet answers in the place of a log that is no longer on the node.
pub(super) const RETRIEVE: &str = "unable to retrieve container logs";

/// How a drain ended.
pub(super) enum Drained {
    Verified,
    Unverified(String),
    /// The pod's status must be looked at anew.
    LookAgain,
}

/// One whole answer.
pub(super) enum Once {
    Failed(Refused),
    Read {
        /// New lines that were handed on.
        fresh: u64,
        /// Whether everything that was handed on before was in it.
        complete: bool,
        /// It did not go on where the attempt stopped; its lines were not handed on.
        foreign: Option<Box<Intake>>,
        /// The kubelet's own words in it.
        text: Option<String>,
        /// Whether nothing at all came.
        empty: bool,
        /// A last line without an end.
        torn: Option<(Stamp, Vec<u8>)>,
    },
}

impl<A: Api, S: Sink> Follower<'_, A, S> {
    /// Reads one answer to its end and hands its new lines on.
    pub(super) async fn once(
        &mut self,
        reading: &mut Reading,
        read: &Read,
        since: Option<i64>,
    ) -> Result<Once, Closed> {
        let mut body = match within(self.shared.api.log(read)).await {
            Ok(body) => body,
            Err(refused) => return Ok(Once::Failed(refused)),
        };
        // An answer that meets what was read before proves itself.
        if reading.cursor.is_empty()
            && let Err(refused) = self.is_ours(&reading.attempt.id, read.previous).await
        {
            return Ok(Once::Failed(refused));
        }
        let mut intake = Intake::new(reading, since);
        intake.cut |= read.from != From::Start;
        let mut text = None;
        loop {
            // Nothing here waits for new lines: silence is a dead connection.
            match within(body.read(intake.room())).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return Ok(Once::Failed(error)),
            }
            let (block, found) = match intake.take(reading) {
                Ok(block) => (block, None),
                Err((block, found)) => (block, Some(found)),
            };
            if let Some(block) = block {
                self.shared.sink.send(Event::lines(&reading.attempt, block)).await?;
            }
            if let Some(Found::Text(said)) = found {
                text = Some(said);
                break;
            }
            if reading.enough {
                break;
            }
            tokio::task::coop::consume_budget().await;
        }
        let (said, torn) = intake.finish(reading);
        let (fresh, complete, empty) = (intake.fresh, intake.complete() && !intake.broken_off, intake.received() == 0);
        let foreign = intake.foreign.is_some().then(|| Box::new(intake));
        Ok(Once::Read { fresh, complete, foreign, text: text.or(said), empty, torn })
    }

    /// Reads what is left, until an answer adds nothing.
    pub(super) async fn drain(
        &mut self,
        reading: &mut Reading,
        previous: bool,
        ended: &AttemptEnd,
    ) -> Result<Drained, Closed> {
        let (mut short, mut quiet, mut same, mut pause) = (0, 0u32, 0, Duration::from_millis(100));
        let mut suspicious = reading.cut_once;
        // The status has had time to tell of a later attempt: it is this one's log, and the node's clock was set back.
        let settled = reading.late_since.is_some_and(|since| since.elapsed() > LATE);
        let end = ended.finished.filter(|_| !settled);
        reading.ended_by = end.map(|finished| Stamp(Stamp::of(finished).0 + 2 * SECOND));
        let mut last_torn: Option<(Stamp, Vec<u8>)> = None;
        let begun = Instant::now();
        if reading.cursor.is_empty() && self.ends_later(reading, previous).await {
            reading.late_since.get_or_insert(begun);
            return Ok(Drained::LookAgain);
        }
        loop {
            if self.ends_here(reading, previous).await {
                return self.doubts(reading, previous, ended).await;
            }
            let since = reading.cursor.since();
            let read = self.read(false, previous, since.map_or(From::Start, From::Second));
            let once = self.once(reading, &read, since).await?;
            if reading.enough {
                return Ok(Drained::Verified);
            }
            let (fresh, complete, foreign, text, empty, torn) = match once {
                Once::Read { fresh, complete, foreign, text, empty, torn } => {
                    (fresh, complete, foreign, text, empty, torn)
                }
                Once::Failed(Refused::Forbidden(why)) => return Ok(Drained::Unverified(why)),
                Once::Failed(Refused::Gone | Refused::NoPrevious | Refused::Waiting(_) | Refused::Invalid(_)) => {
                    return Ok(Drained::LookAgain);
                }
                Once::Failed(Refused::Busy(wait)) => {
                    self.changed_within(wait.min(Duration::from_mins(1))).await;
                    return Ok(Drained::LookAgain);
                }
                Once::Failed(_) => {
                    let wait = pause / 2 + self.shared.jitter(pause / 2);
                    self.changed_within(wait).await;
                    pause = (pause * 2).min(Duration::from_secs(5));
                    if self.moved_from(&reading.attempt.id.clone(), previous).await {
                        return Ok(Drained::LookAgain);
                    }
                    continue;
                }
            };
            if let Some(text) = text {
                if self.moved_from(&reading.attempt.id.clone(), previous).await {
                    return Ok(Drained::LookAgain);
                }
                // It could be a piece of a line that an answer was cut down to.
                short += 1;
                if text.starts_with(RETRIEVE) || short > 3 {
                    return Ok(Drained::Unverified(text.trim_end().to_owned()));
                }
                self.changed_within(Duration::from_millis(300)).await;
                continue;
            }
            if let Some(intake) = foreign {
                match self.foreign(reading, intake, previous, ended).await? {
                    Some(drained) => return Ok(drained),
                    None => continue,
                }
            }
            if !complete {
                if previous && self.is_successors(reading).await {
                    self.pass_on(reading);
                    continue;
                }
                suspicious = true;
                short += 1;
                // An answer that breaks off among known lines was cut short; an empty one may be the new file after a rotation.
                let patience = if empty { LAG } else { CUT_SHORT };
                if begun.elapsed() > patience {
                    return Ok(Drained::Unverified(ROTATED.to_owned()));
                }
                let wait = pause / 2 + self.shared.jitter(pause / 2);
                self.changed_within(wait).await;
                pause = (pause * 2).min(Duration::from_secs(5));
                if self.moved_from(&reading.attempt.id.clone(), previous).await {
                    return Ok(Drained::LookAgain);
                }
                continue;
            }
            if let Some((time, bytes)) = torn {
                // The same again and again is no accident: the container ended without a newline.
                same = if last_torn.as_ref() == Some(&(time, bytes.clone())) { same + 1 } else { 0 };
                if same == 2 {
                    let block = unended(reading, time, &bytes);
                    self.shared.sink.send(Event::lines(&reading.attempt, block)).await?;
                }
                last_torn = Some((time, bytes));
                suspicious = true;
                short += 1;
                self.changed_within(Duration::from_millis(50)).await;
                continue;
            }
            // Where an answer was cut short or had news, a second one must agree that nothing more is there.
            quiet = if fresh == 0 { quiet + 1 } else { 0 };
            suspicious |= fresh > 0 || empty;
            let agreed = quiet > u32::from(suspicious) + u32::from(short > 0);
            if agreed && !self.was_set_back(reading, previous).await {
                return self.doubts(reading, previous, ended).await;
            }
        }
    }

    /// Whether the attempt is no longer where it was read.
    async fn moved_from(&mut self, id: &str, previous: bool) -> bool {
        !matches!((self.reach(id).await, previous), (Some(Reach::Current(_)), false) | (Some(Reach::Previous(_)), true))
    }

    /// The answer does not go on where the attempt stopped. `None`: dealt with, read again.
    async fn foreign(
        &mut self,
        reading: &mut Reading,
        mut intake: Box<Intake>,
        previous: bool,
        ended: &AttemptEnd,
    ) -> Result<Option<Drained>, Closed> {
        if previous && !reading.cursor.is_empty() {
            // An attempt's lines are older than its successor's.
            let first = intake.foreign.as_ref().and_then(|block| block.lines.iter().find_map(|line| line.time));
            let older = first.zip(reading.first).is_some_and(|(first, known)| first < known.time());
            if older || self.is_successors(reading).await {
                self.pass_on(reading);
                return Ok(None);
            }
        }
        let late = |line: &Line| line.time.zip(reading.ended_by).is_some_and(|(time, end)| time > end);
        if reading.cursor.is_empty() || intake.foreign.as_ref().is_some_and(|block| block.lines.iter().any(late)) {
            reading.late_since.get_or_insert_with(Instant::now);
            return Ok(Some(Drained::LookAgain));
        }
        if !previous && self.restarts(ended) {
            // Its successor may run already, and the status not know it yet.
            self.settle(&reading.attempt.id.clone(), LAG).await;
            if self.is_previous(reading).await != Some(false) {
                return Ok(Some(Drained::LookAgain));
            }
        }
        if self.moved_from(&reading.attempt.id.clone(), previous).await {
            return Ok(Some(Drained::LookAgain));
        }
        self.gap(reading, &intake).await?;
        let (_, taken) = intake.accept(reading);
        let block = match taken {
            Ok(block) | Err((block, _)) => block,
        };
        if let Some(block) = block {
            self.shared.sink.send(Event::lines(&reading.attempt, block)).await?;
        }
        Ok(None)
    }

    /// An attempt seems closed. Where its successor may have been started within the same second, what was read could be that one's: it
    /// is not called closed before the status shows what came of it. Nothing is held back meanwhile but the word.
    async fn doubts(&mut self, reading: &mut Reading, previous: bool, ended: &AttemptEnd) -> Result<Drained, Closed> {
        if previous || !self.restarts(ended) {
            return Ok(Drained::Verified);
        }
        let finished = ended.finished.map(Stamp::of);
        let after_its_end = match (reading.cursor.highest(), finished) {
            (Some(highest), Some(finished)) => highest.floor_second() >= finished.floor_second(),
            // An empty log may be the successor's, which has not written yet.
            (_, None) | (None, _) => true,
        };
        // The node's clock was set back: these lines may have been written later than they say.
        let started = ended.started.map(Stamp::of);
        let before_its_start = reading.first.zip(started).is_some_and(|(first, started)| first.time() < started);
        let doubtful = after_its_end || before_its_start;
        reading.provisional = true;
        if !doubtful {
            return Ok(Drained::Verified);
        }
        Ok(match self.settle(&reading.attempt.id.clone(), NEXT_START).await {
            Settled::Successor => Drained::LookAgain,
            Settled::None => Drained::Verified,
            Settled::Unknown => Drained::Unverified(DELETED.to_owned()),
        })
    }

    /// The first lines of an attempt that has ended, where they don't begin at the start. A refusal, if there is one.
    pub(super) async fn start_at(
        &mut self,
        reading: &mut Reading,
        from: From,
        previous: bool,
    ) -> Result<Option<String>, Closed> {
        if from == From::Start || !reading.cursor.is_empty() {
            return Ok(None);
        }
        let read = self.read(false, previous, from);
        match self.once(reading, &read, None).await? {
            Once::Failed(Refused::Forbidden(why)) => Ok(Some(why)),
            // Whatever else it was, closing asks again; but then from the start, so that nothing is lost.
            Once::Failed(_) => Ok(None),
            Once::Read { .. } => {
                match reading.cursor.first() {
                    Some(first) => reading.cursor.starts_after(first),
                    // Nothing was written since then.
                    None => reading.enough = true,
                }
                Ok(None)
            }
        }
    }

    /// A running container as far as it has come: read, and read again until an answer meets what was read before.
    pub(super) async fn snapshot(&mut self, reading: &mut Reading, from: From) -> Result<Outcome, Closed> {
        let (mut from, mut rounds, mut failures) = (from, 0, 0u32);
        loop {
            let since = reading.cursor.since();
            let read = self.read(false, false, since.map_or(from, From::Second));
            match self.once(reading, &read, since).await? {
                Once::Failed(Refused::Forbidden(why)) => return Ok(Outcome::Enough(Some(why))),
                Once::Failed(refused) => {
                    failures += 1;
                    if failures > 5 {
                        return Ok(Outcome::Unverified(refused.to_string(), None));
                    }
                    let pause = Duration::from_millis(200) * failures;
                    self.changed_within(pause).await;
                    match self.reach(&reading.attempt.id.clone()).await {
                        Some(Reach::Running) => {}
                        None => return Ok(Outcome::Unverified(DELETED.to_owned(), None)),
                        Some(_) => return self.close(reading).await,
                    }
                }
                Once::Read { text: Some(text), .. } => return Ok(Outcome::Unverified(text, None)),
                Once::Read { foreign: Some(mut intake), .. } => {
                    if !matches!(self.reach(&reading.attempt.id.clone()).await, Some(Reach::Running)) {
                        return self.close(reading).await;
                    }
                    self.gap(reading, &intake).await?;
                    let (_, taken) = intake.accept(reading);
                    let (Ok(block) | Err((block, _))) = taken;
                    if let Some(block) = block {
                        self.shared.sink.send(Event::lines(&reading.attempt, block)).await?;
                    }
                }
                Once::Read { .. } if reading.enough => return Ok(Outcome::Enough(None)),
                Once::Read { complete, .. } => {
                    if rounds == 0
                        && from != From::Start
                        && let Some(first) = reading.cursor.first()
                    {
                        reading.cursor.starts_after(first);
                    }
                    from = if reading.cursor.is_empty() { from } else { From::Start };
                    rounds += 1;
                    // So does a second answer that goes on from the first: it proves that the first was not cut short.
                    if complete && (rounds > 1 || self.ends_here(reading, false).await) || rounds > 5 {
                        return Ok(Outcome::Verified(None));
                    }
                }
            }
        }
    }
}
