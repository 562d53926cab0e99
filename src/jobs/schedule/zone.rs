//! Whose clocks a schedule means.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use super::Schedule;
use crate::facts::{CronJob, Job};

/// A CronJob's zone.
#[derive(Debug, Clone)]
pub struct Zone {
    /// Its clocks.
    pub clocks: TimeZone,
    /// Its name: `Europe/Helsinki`, `UTC`, `UTC+02:00`.
    pub name: String,
    /// How it is known.
    pub source: Source,
}

/// How a zone is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// `spec.timeZone`.
    Field,
    /// `TZ=` in the schedule: today's API refuses that at creation.
    Schedule,
    /// The API does not tell the controller manager's own zone; past runs were at the schedule's slots in this one, and another would not fit or would not differ.
    PastRuns,
    /// Nothing tells it; most controller managers run in UTC.
    Assumed,
}

/// Why there is no zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unresolved<'a> {
    /// No zone of that name is known to this machine.
    NotFound(&'a str),
    /// It is known in another spelling; Kubernetes' names are case-sensitive.
    Misspelt(&'a str),
    /// `TZ=` without a schedule behind it.
    Nothing,
}

/// A schedule without a zone in it, and the zone's name with where it stands.
type Split<'a> = (&'a str, Option<(&'a str, Source)>);

/// Takes the zone out of the schedule (robfig/cron, `Parse`; the controller's `formatSchedule`).
pub(super) fn split(cron_job: &CronJob) -> Result<Split<'_>, Unresolved<'_>> {
    let schedule = &*cron_job.schedule;
    let field = cron_job.zone.as_deref().filter(|zone| !zone.is_empty()).map(|zone| (zone, Source::Field));
    if let Some(rest) = schedule.strip_prefix("CRON_TZ=").or_else(|| schedule.strip_prefix("TZ=")) {
        let (zone, rest) = rest.split_once(' ').ok_or(Unresolved::Nothing)?;
        return Ok((rest.trim(), Some((zone, Source::Schedule))));
    }
    // The controller puts the zone in front and the parser then trims what is left, which it does not do without one.
    Ok((if field.is_some() { schedule.trim() } else { schedule }, field))
}

impl Zone {
    pub(super) fn named(name: &str, source: Source) -> Result<Self, Unresolved<'_>> {
        let clocks = match name {
            // Go's two names of its own (`time.LoadLocation`).
            "" | "UTC" => TimeZone::UTC,
            _ => TimeZone::get(name).map_err(|_| Unresolved::NotFound(name))?,
        };
        if clocks.iana_name().is_some_and(|known| known != name && known.eq_ignore_ascii_case(name)) {
            return Err(Unresolved::Misspelt(name));
        }
        Ok(Self { clocks, name: if name.is_empty() { "UTC" } else { name }.to_owned(), source })
    }

    /// Of a CronJob without one. Past slots that are the schedule's in UTC, and where that says anything, tell that the controller manager
    /// runs in UTC; slots that are its only at one other offset tell that one.
    pub(super) fn inferred(schedule: &Schedule, cron_job: &CronJob, children: &[&Job]) -> Self {
        let past: Vec<Timestamp> =
            children.iter().filter_map(|job| slot_of(job)).chain(cron_job.status.last_slot).collect();
        let utc = |source| Self { clocks: TimeZone::UTC, name: "UTC".to_owned(), source };
        if past.is_empty() || schedule.every().is_some() {
            return utc(Source::Assumed);
        }
        let newest: Vec<Timestamp> = past.iter().max().copied().into_iter().collect();
        // All of them; the newest alone where clocks were changed between them, or the schedule was.
        for past in [past, newest] {
            let fits = |zone: &TimeZone| past.iter().all(|slot| is_slot(schedule, *slot, zone));
            let mut fitting = offsets().filter(|zone| fits(zone));
            match (fitting.next(), fitting.next(), fits(&TimeZone::UTC)) {
                // Which of them it is does not matter.
                (Some(_), _, true) if schedule.is_always_alike() => return utc(Source::PastRuns),
                (Some(_), None, true) => return utc(Source::PastRuns),
                (Some(zone), None, false) => {
                    return Self { name: offset_name(&zone), clocks: zone, source: Source::PastRuns };
                }
                (Some(_), Some(_), _) => break,
                (None, ..) => {}
            }
        }
        utc(Source::Assumed)
    }

    /// Whether it is certain enough to call a run missed: what was assumed is not.
    pub fn known(&self) -> bool {
        self.source != Source::Assumed
    }
}

/// Every offset that a zone has today: quarters of an hour from −12:00 to +14:00.
pub(super) fn offsets() -> impl Iterator<Item = TimeZone> {
    (-48..=56).filter_map(|quarters: i32| Offset::from_seconds(quarters * 900).ok()).map(TimeZone::fixed)
}

fn offset_name(zone: &TimeZone) -> String {
    let seconds = zone.to_fixed_offset().map_or(0, Offset::seconds);
    let sign = if seconds < 0 { '-' } else { '+' };
    format!("UTC{sign}{:02}:{:02}", seconds.abs() / 3600, seconds.abs() / 60 % 60)
}

fn is_slot(schedule: &Schedule, at: Timestamp, zone: &TimeZone) -> bool {
    at.checked_sub(jiff::SignedDuration::from_secs(1)).is_ok_and(|before| schedule.next(before, zone) == Some(at))
}

/// The slot that a Job runs for: as its annotation says, on Jobs of before 1.27 as its name does.
pub fn slot_of(job: &Job) -> Option<Timestamp> {
    job.slot.or_else(|| if job.manual { None } else { slot_in_name(job.cron_job()?, &job.meta.name) })
}

/// The slot in a scheduled Job's name: minutes since 1970 (`getJobName`).
pub fn slot_in_name(cron_job: &str, job: &str) -> Option<Timestamp> {
    let minutes = job.strip_prefix(cron_job)?.strip_prefix('-')?;
    let digits = minutes.len() == 8 && minutes.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| Timestamp::from_second(minutes.parse::<i64>().ok()? * 60).ok()).flatten()
}
