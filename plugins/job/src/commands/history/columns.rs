//! The columns of the table.

use jiff::{SignedDuration, Timestamp};
use workload_core::jobs::history::{Learnt, Outcome, Pruned, Run};
use workload_core::render::Show::{Always, Wide};
use workload_core::render::{Cell, Column, age, utc};

/// A run, and the time that ages are counted to.
pub(super) struct Shown<'r> {
    pub(super) run: &'r Run<'r>,
    pub(super) now: Timestamp,
}

pub(super) fn columns<'r>() -> [Column<Shown<'r>>; 12] {
    let column = |name, show, cell| Column { name, show, cell };
    [
        column("SLOT", Always, |s: &Shown<'r>| time(s.run.slot)),
        column("JOB", Always, |s| match (s.run.name, s.run.until) {
            (Some(name), _) => Cell::text(name),
            (None, Some((until, count))) => Cell::text(format!("<{count} slots until {}>", utc(until))),
            (None, None) => Cell::none(),
        }),
        column("MADE", Always, |s| {
            Cell::text(match s.run.manual {
                Some(true) => "by hand",
                Some(false) => "by schedule",
                None => "<unknown>",
            })
        }),
        column("STARTED", Always, |s| {
            s.run.started.or(s.run.created).map_or_else(Cell::none, |at| {
                Cell::ranked(format!("{} ago", age(at, s.now)), rank(s.now.duration_since(at)))
            })
        }),
        column("SKEW", Always, |s| length(s.run.skew())),
        column("DURATION", Always, |s| length(s.run.duration(s.now))),
        column("RESULT", Always, |s| Cell::text(result(&s.run.outcome))),
        column("LEARNT", Always, |s| Cell::text(learnt(s.run.learnt))),
        column("PRUNED", Always, |s| match s.run.pruned {
            Some(Pruned::AtNextSuccess) => Cell::text("at next success"),
            Some(Pruned::AtNextFailure) => Cell::text("at next failure"),
            None => Cell::none(),
        }),
        column("CREATED", Wide, |s| time(s.run.created)),
        column("BEGUN", Wide, |s| time(s.run.started)),
        column("ENDED", Wide, |s| time(s.run.ended)),
    ]
}

/// How a run came out, in the table's words.
fn result(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Failed(reason) if !reason.is_empty() => format!("Failed: {reason}"),
        Outcome::NotStarted(why) => format!("NotStarted: {why}"),
        other => word(other).to_owned(),
    }
}

/// The outcome in one word, as JSON has it.
pub(super) fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Complete => "Complete",
        Outcome::Failed(_) => "Failed",
        Outcome::Running => "Running",
        Outcome::Suspended => "Suspended",
        Outcome::Gone => "Gone",
        Outcome::Unread => "Unread",
        Outcome::Missed => "Missed",
        Outcome::NotStarted(_) => "NotStarted",
        Outcome::NoJob => "NoJob",
    }
}

/// Where it was learnt.
pub(super) fn learnt(learnt: Learnt) -> &'static str {
    match learnt {
        Learnt::Job => "Job",
        Learnt::Events => "events",
        Learnt::Status => "status",
        Learnt::Arithmetic => "arithmetic",
    }
}

fn time(at: Option<Timestamp>) -> Cell {
    at.map_or_else(Cell::none, |at| Cell::text(utc(at)))
}

fn length(length: Option<SignedDuration>) -> Cell {
    length.map_or_else(Cell::none, |length| {
        let shown = age(Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH + length);
        Cell::ranked(shown, rank(length))
    })
}

#[expect(clippy::cast_precision_loss, reason = "orders rows")]
fn rank(length: SignedDuration) -> f64 {
    length.as_secs() as f64
}
