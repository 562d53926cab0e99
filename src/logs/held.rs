//! A stream that was opened before it was known whose it is: which attempt's lines it holds, and what becomes of it.
//!
//! The API gives the log of whichever attempt has the address. Where the pod's status lagged, the stream's first line tells: an
//! attempt's lines lie between its start and its end.

use super::api::Api;
use super::attempts::{Next, Reach, others_started, started};
use super::drain::DELETED;
use super::event::{Closed, End, Event, Sink};
use super::follow::{Follower, Outcome, PodState};
use super::intake::{Intake, Reading};
use super::lines::{Block, Lines};
use super::resume::{Cursor, Mark};
use super::stamp::{SECOND, Stamp};
use crate::facts::{RunState, Text};

/// Why an attempt's end is not certain whose status was never seen.
pub(super) const UNTOLD: &str = "it was over before the pod's status told of it";

/// A stream that was opened before it was known whose it is, or before its attempt's turn.
pub(super) struct Held<B> {
    /// The attempt that ran when it was opened, where that was known.
    pub(super) id: Option<Text>,
    pub(super) body: B,
    pub(super) lines: Lines,
    pub(super) block: Block,
}

impl<B> Held<B> {
    /// The time of its first line, if one has come.
    pub(super) fn first(&self) -> Option<Stamp> {
        self.block.lines.iter().find_map(|line| line.time)
    }
}

/// Whose a held stream is, seen from an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// There is none, or it is of no use.
    Nobodys,
    Its,
    /// An attempt's before it, of which the status did not tell.
    Earlier,
    /// An attempt's after it: it is kept.
    Later,
}

impl<A: Api, S: Sink> Follower<'_, A, S> {
    /// Whose the held stream is. Where that was not known when it was opened, its first line's time tells: an attempt's lines lie
    /// between its start and its end.
    pub(super) fn whose_held(&self, state: &PodState, next: &Next) -> Whose {
        let Some(held) = &self.held else { return Whose::Nobodys };
        if let Some(id) = &held.id {
            return if *id == next.id { Whose::Its } else { Whose::Nobodys };
        }
        let Some(first) = held.first() else { return Whose::Its };
        let started = self.of(&state.run).and_then(|container| started(container, &next.id)).map(Stamp::of);
        let finished = match &next.reach {
            Reach::Current(ended) | Reach::Previous(ended) => ended.finished.map(Stamp::of),
            Reach::Running | Reach::Lost => None,
        };
        // Where none lies in between, it was the node's clock that was set back.
        if !next.missed.is_empty() && started.is_some_and(|started| first.floor_second() < started.floor_second()) {
            Whose::Earlier
        } else if finished.is_some_and(|finished| first.0 > finished.0 + 2 * SECOND) {
            Whose::Later
        } else {
            Whose::Its
        }
    }

    /// Hands on a stream of an attempt that no status told of.
    pub(super) async fn untold(
        &mut self,
        state: &PodState,
        number: u32,
        held: Held<A::Body>,
        why: &str,
    ) -> Result<(), Closed> {
        let attempt = self.shared.plan.selection.attempt(&state.run, &self.container, "", number);
        self.shared.sink.send(Event::Start(attempt.clone())).await?;
        let mut reading = Reading::new(attempt.clone(), Cursor::default(), self.shared.plan.limits);
        let mut body = held.body;
        let mut intake = Intake::inherit(&reading, held.lines);
        let _ = self.feed(&mut reading, &mut intake, held.block).await?;
        let _ = self.pump(&mut reading, &mut intake, &mut body).await?;
        let unverified = Some(why.to_owned());
        self.shared
            .sink
            .send(Event::End(End { attempt, tally: reading.tally, unverified, refused: false, ended: None }))
            .await
    }

    /// The container has ended, or its successor runs: the proof that nothing is missing, while the successor's stream is opened
    /// beside it, since a successor may live for a second only.
    pub(super) async fn moved(
        &mut self,
        reading: &mut Reading,
        mut intake: Intake,
        mut body: A::Body,
    ) -> Result<Outcome, Closed> {
        let before = reading.cursor.pushed();
        let outcome = match self.successor() {
            Some(successor) => self.close_beside(reading, successor, None).await?,
            None => self.close(reading).await?,
        };
        let Outcome::Unverified(why, ended) = outcome else { return Ok(outcome) };
        if why != DELETED {
            return Ok(Outcome::Unverified(why, ended));
        }
        // The pod is gone and nothing can be asked any more; the stream may still have lines.
        intake.realign(reading, reading.cursor.pushed().saturating_sub(before));
        let _ = self.pump(reading, &mut intake, &mut body).await?;
        Ok(Outcome::Unverified(why, ended))
    }

    /// The container ID of the attempt that runs now.
    pub(super) fn successor(&self) -> Option<Text> {
        let state = self.pod.borrow();
        match &state.run.container(&self.container)?.state {
            RunState::Running { id, .. } if !id.is_empty() => Some(id.clone()),
            _ => None,
        }
    }

    /// Closes an attempt while a stream is held that may be its successor's.
    pub(super) async fn close_and_check(&mut self, reading: &mut Reading) -> Result<Outcome, Closed> {
        let before = reading.cursor.pushed();
        let outcome = self.close(reading).await?;
        let known = self.held.as_ref().and_then(|held| {
            let (line, time) = held.block.lines.iter().find_map(|line| Some((line, line.time?)))?;
            let mark = Mark::of(time, held.block.text(line));
            Some(reading.behind_gap == Some(mark) || reading.cursor.knows(mark))
        });
        if known == Some(false)
            && matches!(outcome, Outcome::Unverified(..))
            && self.held_is_older(&reading.attempt.id)
            && let Some(Held { mut body, lines, block, .. }) = self.held.take()
        {
            let mut intake = Intake::inherit(reading, lines);
            intake.foreign = Some(block);
            let _ = self.rotated(reading, &mut intake, &mut body).await?;
            return Ok(outcome);
        }
        if known != Some(true) {
            return Ok(outcome);
        }
        // It was this attempt's own after all; it may have more than could still be asked for.
        if let (Some(Held { mut body, lines, block, .. }), Outcome::Unverified(..)) = (self.held.take(), &outcome) {
            let mut intake = Intake::inherit(reading, lines);
            intake.realign(reading, reading.cursor.pushed().saturating_sub(before));
            if self.feed(reading, &mut intake, block).await?.is_none() {
                let _ = self.pump(reading, &mut intake, &mut body).await?;
            }
        }
        Ok(outcome)
    }

    /// Whether the held stream's first line is older than every other attempt that the status names: then it can only be this one's.
    fn held_is_older(&self, id: &str) -> bool {
        let state = self.pod.borrow();
        let Some((first, container)) =
            self.held.as_ref().and_then(Held::first).zip(state.run.container(&self.container))
        else {
            return false;
        };
        let others = others_started(container, id);
        !others.is_empty() && others.iter().all(|started| first.floor_second() < Stamp::of(*started).floor_second())
    }
}
