//! One attempt while it runs: its stream, every way in which that ends, and how it is taken up again.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::api::{Api, Body, From, Refused};
use super::attempts::{Reach, reach};
use super::drain::{DELETED, Once, REMOVED};
use super::event::{Closed, Event, Gap, Note, Sink};
use super::follow::{Follower, Outcome};
use super::held::Held;
use super::intake::{Found, Intake, Reading, Taken};
use super::lines::Block;
use super::pace::Pace;

/// A request that is not answered at all.
pub(super) const ANSWER: Duration = Duration::from_secs(30);
/// How far a pod's status may lag behind its containers.
pub(super) const LAG: Duration = Duration::from_secs(3);
/// A stream that was silent so long is checked, and then ever more seldom.
pub(super) const SILENT: Duration = Duration::from_secs(30);
const MOST_SILENT: Duration = Duration::from_mins(5);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Trouble that lasts longer than this is told.
const TOLD: Duration = Duration::from_secs(2);

/// What the kubelet says when the node's inotify instances are used up (`fs.inotify.max_user_instances`).
const NO_WATCHER: &str = "failed to create fsnotify watcher";

/// How a stream ended, or why it is left.
#[derive(Debug)]
pub(super) enum Left {
    /// In good order, which proves nothing.
    Eof,
    Broke(String),
    /// The container is not running any more, says its pod.
    Moved,
    /// It is silent while the log goes on.
    Stalled,
    NoWatcher,
    Foreign,
    /// Its lines were not taken for long, and it may leave some out or repeat them.
    Behind,
    Enough,
}

/// Trouble with the connection.
pub(super) struct Trouble {
    since: Instant,
    why: String,
    told: bool,
    pause: Duration,
}

impl<A: Api, S: Sink> Follower<'_, A, S> {
    /// Follows a running attempt to its end.
    pub(super) async fn follow(&mut self, reading: &mut Reading, from: From) -> Result<Outcome, Closed> {
        let begun = Instant::now();
        if let From::Tail(count) = from
            && let Some(outcome) = self.tail(reading, count).await?
        {
            return Ok(outcome);
        }
        let mut trouble: Option<Trouble> = None;
        let mut told_text = String::new();
        loop {
            let (mut body, mut intake, block) = match self.held.take() {
                Some(Held { body, lines, block, .. }) => (body, Intake::inherit(reading, lines), block),
                None => match self.open(reading, again(from, begun)).await {
                    Ok((body, intake)) => (body, intake, Block::default()),
                    Err(refused) => match self.not_opened(reading, refused, &mut trouble).await? {
                        Some(outcome) => return Ok(outcome),
                        None => continue,
                    },
                },
            };
            let opened = Instant::now();
            if let Some(trouble) = trouble.as_mut().filter(|trouble| trouble.told) {
                trouble.told = false;
                let note = Note::Resumed(trouble.since.elapsed());
                self.shared.note(Some(&reading.attempt), note).await?;
            }
            let mut left = match self.feed(reading, &mut intake, block).await? {
                Some(left) => left,
                None => self.pump(reading, &mut intake, &mut body).await?,
            };
            if matches!(left, Left::Foreign) {
                if self.settles_as_running(reading).await {
                    left = self.rotated(reading, &mut intake, &mut body).await?;
                } else {
                    let (lines, block) = intake.hand_over();
                    self.held = Some(Held { id: None, body, lines, block });
                    return self.close_and_check(reading).await;
                }
            }
            if let Left::Broke(why) = &left
                && let Some(text) = why.strip_prefix(KUBELET)
                && told_text != *text
            {
                text.clone_into(&mut told_text);
                self.shared.note(Some(&reading.attempt), Note::Kubelet(text.to_owned())).await?;
            }
            let why = match left {
                Left::Enough => return Ok(Outcome::Enough(None)),
                Left::NoWatcher => return self.poll(reading).await,
                Left::Moved => return self.moved(reading, intake, body).await,
                Left::Eof | Left::Foreign => "the stream ended while the container runs".to_owned(),
                Left::Stalled => "the stream fell silent while the log went on".to_owned(),
                Left::Behind => "the log was rotated while its lines were not taken".to_owned(),
                Left::Broke(why) => why,
            };
            drop(body);
            if intake.fresh > 0 || opened.elapsed() > MOST_SILENT {
                trouble = None;
            }
            match self.reach(&reading.attempt.id.clone()).await {
                Some(Reach::Running) => self.pause(reading, &mut trouble, why).await?,
                Some(Reach::Lost) => return Ok(Outcome::Unverified(REMOVED.to_owned(), None)),
                None => return Ok(Outcome::Unverified(DELETED.to_owned(), None)),
                Some(_) => return self.close(reading).await,
            }
        }
    }

    /// The last so many lines, and the place behind them.
    async fn tail(&mut self, reading: &mut Reading, count: u64) -> Result<Option<Outcome>, Closed> {
        let mut trouble = None;
        loop {
            let read = self.read(false, false, From::Tail(count.max(1)));
            if count == 0 {
                match self.last_mark(&read).await {
                    Ok(mark) => {
                        if let Some(mark) = mark {
                            reading.cursor.starts_with(mark);
                        }
                        return Ok(None);
                    }
                    Err(refused) => {
                        if let Some(outcome) = self.not_opened(reading, refused, &mut trouble).await? {
                            return Ok(Some(outcome));
                        }
                        continue;
                    }
                }
            }
            match self.once(reading, &read, None).await? {
                Once::Failed(refused) => {
                    if let Some(outcome) = self.not_opened(reading, refused, &mut trouble).await? {
                        return Ok(Some(outcome));
                    }
                }
                Once::Read { .. } => {
                    if let Some(first) = reading.cursor.first() {
                        reading.cursor.starts_after(first);
                    }
                    return Ok(reading.enough.then_some(Outcome::Enough(None)));
                }
            }
        }
    }

    pub(super) async fn open(&mut self, reading: &Reading, from: From) -> Result<(A::Body, Intake), Refused> {
        let since = reading.cursor.since();
        let read = self.read(true, false, since.map_or(from, From::Second));
        let body = within(self.shared.api.log(&read)).await?;
        self.is_ours(&reading.attempt.id, false).await?;
        let mut intake = Intake::new(reading, since);
        intake.cut |= from != From::Start;
        Ok((body, intake))
    }

    /// A stream could not be opened: whether that is the end, and else a pause.
    pub(super) async fn not_opened(
        &mut self,
        reading: &mut Reading,
        refused: Refused,
        trouble: &mut Option<Trouble>,
    ) -> Result<Option<Outcome>, Closed> {
        let why = match refused {
            Refused::Forbidden(why) => {
                self.shared.note(Some(&reading.attempt), Note::Forbidden(why.clone())).await?;
                return Ok(Some(Outcome::Enough(Some(why))));
            }
            Refused::Busy(wait) => {
                sleep(wait.min(Duration::from_mins(1))).await;
                "the server is busy".to_owned()
            }
            other => other.to_string(),
        };
        match self.reach(&reading.attempt.id.clone()).await {
            Some(Reach::Running) => {
                self.pause(reading, trouble, why).await?;
                Ok(None)
            }
            Some(Reach::Lost) => Ok(Some(Outcome::Unverified(REMOVED.to_owned(), None))),
            None => Ok(Some(Outcome::Unverified(DELETED.to_owned(), None))),
            Some(_) => self.close(reading).await.map(Some),
        }
    }

    /// Before the next try: ever longer, and told once it has lasted.
    async fn pause(&mut self, reading: &mut Reading, trouble: &mut Option<Trouble>, why: String) -> Result<(), Closed> {
        (reading.cut_once, reading.interrupted) = (true, true);
        let trouble = trouble.get_or_insert_with(|| Trouble {
            since: Instant::now(),
            why: String::new(),
            told: false,
            pause: FIRST_PAUSE,
        });
        if trouble.since.elapsed() > TOLD && (!trouble.told || trouble.why != why) {
            self.shared.note(Some(&reading.attempt), Note::Lost(why.clone())).await?;
            trouble.told = true;
        }
        trouble.why = why;
        let pause = trouble.pause / 2 + self.shared.jitter(trouble.pause / 2);
        trouble.pause = (trouble.pause * 2).min(LONGEST_PAUSE);
        self.changed_within(pause).await;
        Ok(())
    }

    /// Hands new lines on; the way in which the stream is to be left, if it is.
    pub(super) async fn feed(
        &mut self,
        reading: &mut Reading,
        intake: &mut Intake,
        block: Block,
    ) -> Result<Option<Left>, Closed> {
        if block.lines.is_empty() {
            return Ok(None);
        }
        let taken = intake.block(reading, block);
        self.hand_on(reading, taken).await
    }

    pub(super) async fn hand_on(&mut self, reading: &mut Reading, taken: Taken) -> Result<Option<Left>, Closed> {
        let (block, found) = match taken {
            Ok(block) => (block, None),
            Err((block, found)) => (block, Some(found)),
        };
        if let Some(block) = block {
            // A stream that ended because its container did is not counted.
            reading.tally.reconnects += u32::from(std::mem::take(&mut reading.interrupted));
            self.shared.sink.send(Event::lines(&reading.attempt, block)).await?;
        }
        Ok(match found {
            _ if reading.enough => Some(Left::Enough),
            None => None,
            Some(Found::Foreign) => Some(Left::Foreign),
            Some(Found::Text(text)) => Some(kubelet(&text)),
        })
    }

    /// Reads a stream until it ends or must be left.
    pub(super) async fn pump(
        &mut self,
        reading: &mut Reading,
        intake: &mut Intake,
        body: &mut A::Body,
    ) -> Result<Left, Closed> {
        let mut last = Instant::now();
        let mut pace = Pace::new(reading);
        let mut silent = SILENT + self.shared.jitter(SILENT / 10);
        // Moves that have been looked at: a pod that is gone ends with its stream's own end.
        let mut watches = !reading.attempt.id.is_empty();
        loop {
            if watches && self.has_moved(&reading.attempt.id, &mut watches) {
                // What has arrived is read first.
                match futures_util::FutureExt::now_or_never(body.read(intake.room())) {
                    Some(Ok(true)) => {
                        let taken = intake.take(reading);
                        if let Some(left) = self.hand_on(reading, taken).await? {
                            return Ok(left);
                        }
                        continue;
                    }
                    Some(Ok(false)) => return Ok(Self::ended(reading, intake)),
                    Some(Err(error)) => return Ok(Left::Broke(error.to_string())),
                    None => return Ok(Left::Moved),
                }
            }
            tokio::task::coop::consume_budget().await;
            let asked = Instant::now();
            tokio::select! {
                biased;
                came = body.read(intake.room()) => match came {
                    Ok(true) => {
                        last = Instant::now();
                        let caught_up = pace.came(reading, asked);
                        self.check_pace(reading, &mut pace).await;
                        let (taken, repeats) = if pace.suspect {
                            intake.take_until_repeated(reading)
                        } else {
                            (intake.take(reading), false)
                        };
                        if let Some(left) = self.hand_on(reading, taken).await? {
                            return Ok(left);
                        }
                        if pace.suspect && (caught_up || repeats) {
                            return Ok(Left::Behind);
                        }
                        if !pace.suspect && intake.complete() && intake.fresh > 0 {
                            self.tell_doubt(reading).await?;
                        }
                    }
                    Ok(false) => return Ok(Self::ended(reading, intake)),
                    Err(error) => return Ok(Left::Broke(error.to_string())),
                },
                changed = self.pod.changed(), if watches => watches &= changed.is_ok(),
                () = sleep_until(last + silent) => {
                    if last.elapsed() < silent {
                        continue;
                    }
                    if self.probe(reading).await {
                        return Ok(Left::Stalled);
                    }
                    silent = (silent * 2).min(MOST_SILENT);
                }
            }
        }
    }

    /// Whether the pod's status says that the attempt does not run any more, and where it is instead.
    pub(super) fn has_moved(&mut self, id: &str, watches: &mut bool) -> bool {
        let state = self.pod.borrow_and_update().clone();
        match self.of(&state.run).map_or(Reach::Lost, |container| reach(container, id)) {
            Reach::Running => false,
            // Nothing can be asked any more: the stream is all there is.
            _ if state.gone => {
                *watches = false;
                false
            }
            Reach::Lost => false,
            Reach::Current(_) | Reach::Previous(_) => true,
        }
    }

    /// The stream has ended in good order: with text of the kubelet, or just so.
    fn ended(reading: &Reading, intake: &mut Intake) -> Left {
        match intake.finish(reading).0 {
            Some(text) => kubelet(&text),
            None => Left::Eof,
        }
    }

    /// The log file was rotated while nobody read it: what it still held is lost, and said.
    pub(super) async fn rotated(
        &mut self,
        reading: &mut Reading,
        intake: &mut Intake,
        body: &mut A::Body,
    ) -> Result<Left, Closed> {
        self.gap(reading, intake).await?;
        let (_, taken) = intake.accept(reading);
        match self.hand_on(reading, taken).await? {
            Some(left) => Ok(left),
            None => self.pump(reading, intake, body).await,
        }
    }

    pub(super) async fn gap(&mut self, reading: &mut Reading, intake: &Intake) -> Result<(), Closed> {
        reading.tally.gaps += 1;
        reading.doubt = None;
        let before = intake.foreign.as_ref().and_then(|block| block.lines.first()?.time);
        let gap = Gap { after: reading.cursor.last(), before, why: "the log was rotated while it could not be read" };
        self.shared.sink.send(Event::Gap(reading.attempt.clone(), gap)).await
    }
}

/// Marks the kubelet's own words among the reasons.
pub(super) const KUBELET: &str = "the kubelet says: ";

fn kubelet(text: &str) -> Left {
    if text.starts_with(NO_WATCHER) { Left::NoWatcher } else { Left::Broke(format!("{KUBELET}{}", text.trim_end())) }
}

/// Where reading begins when nothing has been handed on yet: `--since` counts from when the run began.
fn again(from: From, begun: Instant) -> From {
    match from {
        From::Ago(seconds) => From::Ago(seconds + begun.elapsed().as_secs() + 1),
        From::Tail(_) => From::Start,
        other => other,
    }
}

/// A request that must be answered in time, whatever its body does.
pub(super) async fn within<T>(request: impl Future<Output = Result<T, Refused>>) -> Result<T, Refused> {
    timeout(ANSWER, request).await.unwrap_or_else(|_| Err(Refused::Broken("no answer in time".to_owned())))
}
