//! The runs of a CronJob: from its Jobs, from what events and status still tell of those that are gone, and by arithmetic.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::schedule::{Outlook, Timetable, slot_in_name, slot_of};
use crate::facts::{Concurrency, CronJob, Event, Job, Known};

/// More slots without a Job than this are not counted one by one.
const MOST_SLOTS: usize = 100_000;

/// A slot that passed less than this ago may be about to start.
const GRACE: SignedDuration = SignedDuration::from_secs(60);

/// A run, or slots in a row that had none.
#[derive(Debug, Clone)]
pub struct Run<'a> {
    /// The slot that it ran for; the first of them where there are several.
    pub slot: Option<Timestamp>,
    /// The last of several slots, and how many there are.
    pub until: Option<(Timestamp, usize)>,
    /// The Job's name.
    pub name: Option<&'a str>,
    /// The Job, where it still exists.
    pub job: Option<&'a Job>,
    /// Whether it was made by hand, where that is known.
    pub manual: Option<bool>,
    /// When the Job was created.
    pub created: Option<Timestamp>,
    /// When its controller began with it.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// What came of it.
    pub outcome: Outcome,
    /// Where that was learnt.
    pub learnt: Learnt,
    /// When the history limits delete it.
    pub pruned: Option<Pruned>,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It completed.
    Complete,
    /// It failed, for the reason of its condition.
    Failed(Box<str>),
    /// It goes on.
    Running,
    /// It is suspended.
    Suspended,
    /// Its Job is gone, and nothing tells how it ended.
    Gone,
    /// Its Job could not be read.
    Unread,
    /// No Job was made for the slot, although nothing held it.
    Missed,
    /// No Job was made for it, because: the CronJob is suspended, the run before it goes on, the server refuses.
    NotStarted(&'static str),
    /// It has no Job: none was made, or it was deleted.
    NoJob,
}

/// Where a run was learnt of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Learnt {
    /// Its Job.
    Job,
    /// Events, which go after an hour.
    Events,
    /// The CronJob's status.
    Status,
    /// The schedule.
    Arithmetic,
}

/// When a Job is deleted for a newer one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pruned {
    /// When the next run completes.
    AtNextSuccess,
    /// When the next run fails.
    AtNextFailure,
}

impl Run<'_> {
    /// How long after its slot its Job was made.
    pub fn skew(&self) -> Option<SignedDuration> {
        Some(self.created?.duration_since(self.slot?)).filter(|_| self.manual == Some(false))
    }

    /// How long it took, or takes until now.
    pub fn duration(&self, now: Timestamp) -> Option<SignedDuration> {
        let until = self.ended.or((self.outcome == Outcome::Running).then_some(now))?;
        Some(until.duration_since(self.started?))
    }

    fn when(&self) -> Option<Timestamp> {
        self.slot.or(self.created).or(self.started).or(self.ended)
    }
}

/// The runs, the newest first. `children` are the CronJob's Jobs, `events` all events.
pub fn history<'a>(outlook: &Outlook<'a>, children: Known<'_, &[&'a Job]>, events: &'a [Event]) -> Vec<Run<'a>> {
    let jobs: &[&'a Job] = children.read().unwrap_or_default();
    let mut runs: Vec<Run<'a>> = jobs.iter().map(|job| of_job(job)).collect();
    mark_pruned(outlook.cron_job, &mut runs);
    let gone = of_events(outlook.cron_job, events);
    runs.extend(gone.into_values().filter(|run| jobs.iter().all(|job| run.name != Some(&*job.meta.name))));
    of_status(outlook.cron_job, children, &mut runs);
    if let (Ok(table), Known::Read(jobs)) = (&outlook.timetable, children) {
        without_job(outlook, table, jobs, &mut runs);
    }
    runs.sort_by(|a, b| b.when().cmp(&a.when()).then(a.name.cmp(&b.name)));
    runs
}

fn of_job(job: &Job) -> Run<'_> {
    let end = job.end();
    let outcome = match end {
        Some(end) if &*end.kind == "Complete" => Outcome::Complete,
        Some(end) => Outcome::Failed(end.reason.to_string().into()),
        None if job.suspended => Outcome::Suspended,
        None => Outcome::Running,
    };
    Run {
        slot: slot_of(job),
        until: None,
        name: Some(&job.meta.name),
        job: Some(job),
        manual: Some(job.manual),
        created: job.meta.created(),
        started: job.status.started,
        // A failed Job has no completion time.
        ended: job.status.completed.or(end.and_then(|end| end.since)),
        outcome,
        learnt: Learnt::Job,
        pruned: None,
    }
}

/// What the controller deletes when the next run ends (`cleanupFinishedJobs`): the oldest by start, of either outcome beyond its limit.
fn mark_pruned(cron_job: &CronJob, runs: &mut [Run<'_>]) {
    let groups = [
        (true, cron_job.keeps_successful, Pruned::AtNextSuccess),
        (false, cron_job.keeps_failed, Pruned::AtNextFailure),
    ];
    for (complete, limit, pruned) in groups {
        let of = |run: &&mut Run<'_>| match run.outcome {
            Outcome::Complete => complete,
            Outcome::Failed(_) => !complete,
            _ => false,
        };
        let mut group: Vec<&mut Run<'_>> = runs.iter_mut().filter(of).collect();
        // Without a start last.
        group.sort_by_key(|run| (run.started.is_none(), run.started, run.name));
        let over = (group.len() + 1).saturating_sub(usize::try_from(limit).unwrap_or(0));
        for run in group.into_iter().take(over) {
            run.pruned = Some(pruned);
        }
    }
}

/// What the controller's and the Jobs' events tell of Jobs by their names.
fn of_events<'a>(cron_job: &'a CronJob, events: &'a [Event]) -> BTreeMap<&'a str, Run<'a>> {
    let mut gone: BTreeMap<&'a str, Run<'a>> = BTreeMap::new();
    for event in Event::about(events, "CronJob", &cron_job.meta) {
        let rest = |words: &str| event.message.strip_prefix(words);
        let name = match &*event.reason {
            "SuccessfulCreate" => rest("Created job "),
            "SuccessfulDelete" => rest("Deleted job "),
            "SawCompletedJob" => {
                rest("Saw completed job: ").and_then(|rest| rest.split_once(',')).map(|(name, _)| name)
            }
            "MissingJob" => rest("Active job went missing: "),
            "UnexpectedJob" => rest("Saw a job that the controller did not create or forgot: "),
            _ => None,
        };
        let Some(name) = name else { continue };
        let slot = slot_in_name(&cron_job.meta.name, name);
        let run = gone.entry(name).or_insert_with(|| Run {
            slot,
            until: None,
            name: Some(name),
            job: None,
            manual: slot.map(|_| false),
            created: None,
            started: None,
            ended: None,
            outcome: Outcome::Gone,
            learnt: Learnt::Events,
            pruned: None,
        });
        match &*event.reason {
            "SuccessfulCreate" => (run.created, run.manual) = (event.last, Some(false)),
            "SawCompletedJob" => {
                run.ended = event.last;
                run.outcome =
                    if event.message.ends_with("Complete") { Outcome::Complete } else { Outcome::Failed("".into()) };
            }
            "UnexpectedJob" if slot.is_none() => run.manual = Some(true),
            _ => {}
        }
    }
    // A Job's own verdict: the reason of its failure, and the end of one that was made by hand.
    for event in events.iter().filter(|event| &*event.kind == "Job" && event.namespace == cron_job.meta.namespace) {
        let Some(run) = gone.get_mut(&*event.name) else { continue };
        match &*event.reason {
            "Completed" => (run.ended, run.outcome) = (event.last, Outcome::Complete),
            reason @ ("BackoffLimitExceeded"
            | "DeadlineExceeded"
            | "PodFailurePolicy"
            | "FailedIndexes"
            | "MaxFailedIndexesExceeded") => {
                (run.ended, run.outcome) = (event.last, Outcome::Failed(reason.into()));
            }
            _ => {}
        }
    }
    gone
}

/// What only the status still tells: the newest slot, and that something completed.
fn of_status<'a>(cron_job: &CronJob, children: Known<'_, &[&'a Job]>, runs: &mut Vec<Run<'a>>) {
    let run = |outcome| Run {
        slot: None,
        until: None,
        name: None,
        job: None,
        manual: None,
        created: None,
        started: None,
        ended: None,
        outcome,
        learnt: Learnt::Status,
        pruned: None,
    };
    let status = &cron_job.status;
    if let Some(slot) = status.last_slot.filter(|slot| runs.iter().all(|run| run.slot != Some(*slot))) {
        let outcome = if children.read().is_some() { Outcome::Gone } else { Outcome::Unread };
        runs.push(Run { slot: Some(slot), manual: Some(false), ..run(outcome) });
    }
    let completed = |run: &Run<'_>| run.outcome == Outcome::Complete;
    // The event comes within a second of the end that the status carries.
    let close = |at: Timestamp, end: Timestamp| at.duration_since(end).abs() <= SignedDuration::from_secs(5);
    let known = |end: Timestamp| runs.iter().any(|run| completed(run) && run.ended.is_some_and(|at| close(at, end)));
    if let Some(end) = status.last_success.filter(|end| !known(*end)) {
        runs.push(Run { ended: Some(end), ..run(Outcome::Complete) });
    }
}

/// Slots that have no Job, runs of them in one.
fn without_job<'a>(outlook: &Outlook<'a>, table: &Timetable, jobs: &[&Job], runs: &mut Vec<Run<'a>>) {
    let cron_job = outlook.cron_job;
    let (Some(created), true, None) = (cron_job.meta.created(), table.zone.known(), table.schedule.every()) else {
        return;
    };
    let last = cron_job.status.last_slot.unwrap_or(created);
    let Ok(until) = outlook.now.checked_sub(GRACE) else { return };
    // Since the newest slot that was started: nothing was, whatever the limits delete.
    let why = match (outlook.holder, outlook.refused) {
        _ if cron_job.suspended => Outcome::NotStarted("suspended"),
        (Some(_), _) => Outcome::NotStarted("held by Forbid"),
        (_, Some(_)) => Outcome::NotStarted("refused"),
        _ if cron_job.written.is_some_and(|at| at > until) => return,
        _ => Outcome::Missed,
    };
    let mut found = Vec::new();
    if let Some(from) = kept_from(cron_job, jobs) {
        let from = from.max(created);
        let between = table.schedule.slots(from, &table.zone.clocks).take_while(|slot| *slot < last);
        found.extend(between.map(|slot| (slot, Outcome::NoJob)).take(MOST_SLOTS));
    }
    let since = table.schedule.slots(last, &table.zone.clocks).take_while(|slot| outlook.dated() && *slot <= until);
    found.extend(since.map(|slot| (slot, why.clone())).take(MOST_SLOTS));
    let ran: Vec<Timestamp> = runs.iter().filter_map(|run| run.slot).collect();
    let mut open: Option<Run<'a>> = None;
    for (slot, outcome) in found {
        if ran.contains(&slot) {
            runs.extend(open.take());
            continue;
        }
        match &mut open {
            Some(run) if run.outcome == outcome => {
                run.until = Some((slot, run.until.map_or(2, |(_, count)| count + 1)));
            }
            _ => {
                runs.extend(open.take());
                open = Some(Run {
                    slot: Some(slot),
                    until: None,
                    name: None,
                    job: None,
                    manual: None,
                    created: None,
                    started: None,
                    ended: None,
                    outcome,
                    learnt: Learnt::Arithmetic,
                    pruned: None,
                });
            }
        }
    }
    runs.extend(open);
}

/// From when on a run would still have its Job: neither limit has deleted any since, and the schedule is the same. `None` where that is not known.
fn kept_from(cron_job: &CronJob, jobs: &[&Job]) -> Option<Timestamp> {
    let no_trace = cron_job.policy == Concurrency::Replace || jobs.iter().any(|job| job.ttl.is_some());
    let oldest = |kind: &str, limit: i32| {
        let limit = usize::try_from(limit).ok().filter(|limit| *limit > 0)?;
        let ended = jobs.iter().filter(|job| job.condition(kind).is_some());
        let mut slots: Vec<Timestamp> = ended.filter_map(|job| slot_of(job).or(job.meta.created())).collect();
        slots.sort_unstable();
        // Below its limit nothing was deleted.
        Some(if slots.len() < limit { Timestamp::MIN } else { slots[0] })
    };
    if no_trace {
        return None;
    }
    Some(
        oldest("Complete", cron_job.keeps_successful)?
            .max(oldest("Failed", cron_job.keeps_failed)?)
            .max(cron_job.written?),
    )
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
