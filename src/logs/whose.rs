//! Whose log an answer is. The API can't be asked: an address is a pod's name and a container's, and a status may lag behind.
//!
//! What was handed on tells: the log that it came from begins, from the second that is asked for, with a line that is remembered.

use std::time::Duration;

use tokio::time::Instant;

use super::api::{Api, Body, From, Read, Refused};
use super::attempts::Reach;
use super::drain::RETRIEVE;
use super::event::Sink;
use super::follow::Follower;
use super::intake::Reading;
use super::lines::{Lines, Rest};
use super::resume::Mark;
use super::stream::{LAG, within};
use crate::facts::{AttemptEnd, PodRun, RestartPolicy, Role, RunState};

/// What became of a container whose attempt has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    /// It was started again.
    Successor,
    /// It was not, and will not be.
    None,
    /// Its pod went, or nothing happened in time: nobody can tell any more.
    Unknown,
}

/// How an answer begins.
pub(super) enum Beginning {
    Line(Mark),
    Empty,
    /// The kubelet's words in the place of a log, or less than a line: another answer will tell.
    Unclear,
}

impl<A: Api, S: Sink> Follower<'_, A, S> {
    /// Whether the log at an address is the one that was read in this attempt's name; `None` where that can't be told now.
    async fn holds(&mut self, reading: &Reading, previous: bool) -> Option<bool> {
        let first = reading.first?;
        let read = self.read(false, previous, reading.cursor.since().map_or(From::Start, From::Second));
        match self.beginning(&read).await {
            // Its first line may be long forgotten.
            Ok(Beginning::Line(mark)) => Some(mark == first || reading.cursor.knows(mark)),
            Ok(Beginning::Empty)
            | Err(Refused::NoPrevious | Refused::Gone | Refused::Invalid(_) | Refused::Waiting(_)) => Some(false),
            Ok(Beginning::Unclear) | Err(_) => None,
        }
    }

    /// The same, asked until it can be told, for as long as an answer may be cut short or the node be away.
    pub(super) async fn surely_holds(&mut self, reading: &Reading, previous: bool) -> bool {
        for _ in 0..60 {
            if reading.cursor.is_empty() {
                return false;
            }
            if let Some(holds) = self.holds(reading, previous).await {
                return holds;
            }
            self.changed_within(Duration::from_millis(500)).await;
        }
        false
    }

    /// Whether `previous` reads what was handed on of this attempt; `None` where that can't be told now.
    pub(super) async fn is_previous(&mut self, reading: &Reading) -> Option<bool> {
        self.holds(reading, true).await
    }

    /// Whether what was read in this attempt's name is its successor's log.
    pub(super) async fn is_successors(&mut self, reading: &Reading) -> bool {
        self.surely_holds(reading, false).await
    }

    /// How an answer begins; the rest of it is left.
    pub(super) async fn beginning(&mut self, read: &Read) -> Result<Beginning, Refused> {
        let mut body = within(self.shared.api.log(read)).await?;
        let mut lines = Lines::default();
        while within(body.read(lines.room())).await? {
            if lines.room().starts_with(RETRIEVE.as_bytes()) {
                return Ok(Beginning::Unclear);
            }
            if let Some(block) = lines.take()
                && let Some((line, time)) = block.lines.iter().find_map(|line| Some((line, line.time?)))
            {
                return Ok(Beginning::Line(Mark::of(time, block.text(line))));
            }
        }
        Ok(if lines.received() == 0 { Beginning::Empty } else { Beginning::Unclear })
    }

    /// The last line of an answer.
    pub(super) async fn last_mark(&mut self, read: &Read) -> Result<Option<Mark>, Refused> {
        let mut body = within(self.shared.api.log(read)).await?;
        let (mut lines, mut mark) = (Lines::default(), None);
        while body.read(lines.room()).await? {
            if let Some(block) = lines.take() {
                let last = block.lines.iter().rev().find_map(|line| Some(Mark::of(line.time?, block.text(line))));
                mark = last.or(mark);
            }
        }
        Ok(mark)
    }

    /// Whether the log ends where reading stopped: then no answer was cut short. Its last lines are small however much was written
    /// lately.
    pub(super) async fn ends_here(&mut self, reading: &Reading, previous: bool) -> bool {
        let Some(ending) = reading.cursor.ending() else { return false };
        let read = self.read(false, previous, From::Tail(ending.len() as u64));
        within(self.is_all(&read, &ending)).await.unwrap_or(false)
    }

    /// Whether an answer is these lines and nothing else.
    async fn is_all(&self, read: &Read, expected: &[Mark]) -> Result<bool, Refused> {
        let mut body = self.shared.api.log(read).await?;
        let (mut lines, mut rest) = (Lines::default(), expected.iter());
        while body.read(lines.room()).await? {
            let Some(block) = lines.take() else { continue };
            for line in &block.lines {
                let mark = line.time.map(|time| Mark::of(time, block.text(line)));
                if mark.as_ref() != rest.next() {
                    return Ok(false);
                }
            }
        }
        Ok(rest.next().is_none() && lines.finish() == Rest::Nothing)
    }

    /// Whether the log goes on after the attempt's end: then it is a later attempt's, and the pod's status lags behind.
    pub(super) async fn ends_later(&mut self, reading: &Reading, previous: bool) -> bool {
        let read = self.read(false, previous, From::Tail(1));
        match (self.last_mark(&read).await, reading.ended_by) {
            (Ok(Some(mark)), Some(end)) => mark.time() > end,
            _ => false,
        }
    }

    /// Whether the attempt still runs once its pod's status has had time to tell otherwise.
    pub(super) async fn settles_as_running(&mut self, reading: &Reading) -> bool {
        let id = &reading.attempt.id.clone();
        let deadline = Instant::now() + LAG;
        let mut watches = true;
        loop {
            if self.has_moved(id, &mut watches) || !watches {
                return false;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || !self.changed_within(left).await {
                break;
            }
        }
        // The status may lag for as long as the kubelet is away. If the attempt has a successor, `previous` reads it.
        for _ in 0..240 {
            if !matches!(self.reach(id).await, Some(Reach::Running)) {
                return false;
            }
            if let Some(previous) = self.is_previous(reading).await {
                return !previous;
            }
            self.changed_within(Duration::from_millis(500)).await;
        }
        true
    }

    /// Waits until the status shows a successor, or that there will be none, at most so long.
    pub(super) async fn settle(&mut self, id: &str, limit: Duration) -> Settled {
        let deadline = Instant::now() + limit;
        loop {
            let state = self.state();
            let another = self.of(&state.run).is_some_and(|container| match &container.state {
                RunState::Running { id: other, .. } => **other != *id,
                RunState::Ended(ended) => *ended.id != *id,
                RunState::Waiting { .. } | RunState::Unknown => false,
            });
            if another && !state.gone {
                return Settled::Successor;
            }
            if state.run.over() && !another {
                return Settled::None;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if state.gone || left.is_zero() {
                return Settled::Unknown;
            }
            self.changed_within(left).await;
        }
    }

    /// Whether the container is started again after this end.
    pub(super) fn restarts(&self, ended: &AttemptEnd) -> bool {
        let pod: &PodRun = &self.state().run;
        let Some(container) = self.of(pod) else { return false };
        match (container.role, pod.restarts) {
            _ if pod.over() || pod.meta.deleted().is_some() => false,
            (Role::Ephemeral, _) => false,
            (Role::Sidecar, _) => true,
            (Role::Init, RestartPolicy::Always) | (_, RestartPolicy::OnFailure) => ended.exit_code != 0,
            (_, RestartPolicy::Always) => true,
            (_, RestartPolicy::Never) => false,
        }
    }
}
