//! When the controller tries again after the server refused a Job.
//!
//! After a refusal it no longer looks at the clock: it tries again after a delay that doubles each time, and slots that pass meanwhile are
//! lost, also after the cause is gone. Any write to the CronJob makes it try at once.

use jiff::{SignedDuration, Timestamp};

use crate::facts::{CronJob, Event, Job};

/// The work queue's first delay and its longest (client-go, `DefaultControllerRateLimiter`).
const FIRST_MS: i64 = 5;
const LONGEST: SignedDuration = SignedDuration::from_secs(1000);

/// Refusals since the last Job was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// How often, as far as events tell.
    pub tries: u32,
    /// The newest.
    pub last: Timestamp,
    /// When the next try is due; some seconds off, and earlier where the CronJob is written to.
    pub next: Timestamp,
}

/// The refusals that the events tell of; `None` where there are none since its newest Job. `events` are those about the CronJob, the newest first.
pub fn refused<'e>(cron_job: &CronJob, children: &[&Job], events: impl Iterator<Item = &'e Event>) -> Option<Refused> {
    let of = |reason: &'static str| move |event: &&&Event| &*event.reason == reason;
    let events: Vec<&Event> = events.collect();
    // What the controller itself made; a Job made by hand does not end its back-off.
    let made = children.iter().filter(|job| !job.manual).filter_map(|job| job.meta.created());
    let told = events.iter().filter(of("SuccessfulCreate")).filter_map(|event| event.last);
    let made = made.chain(told).chain(cron_job.status.last_slot).max();
    let tries: Vec<(u32, Timestamp)> = events
        .iter()
        .filter(of("FailedCreate"))
        .filter_map(|event| Some((event.count, event.last?)))
        .filter(|(_, last)| made.is_none_or(|made| *last > made))
        .collect();
    let (count, last) = *tries.first()?;
    let all: u32 = tries.iter().map(|(count, _)| count).sum();
    let doubled = FIRST_MS.saturating_mul(1_i64 << (all.max(1) - 1).min(40));
    let by_count = SignedDuration::from_millis(doubled);
    // Older events are gone after an hour, then the gap between the last two tries tells more; within one event it is not told.
    let before = tries.get(1).filter(|_| count == 1).map(|(_, before)| *before);
    let by_gap = before.and_then(|before| last.duration_since(before).checked_mul(2)).unwrap_or(SignedDuration::ZERO);
    let next = last.checked_add(by_count.max(by_gap).min(LONGEST)).ok()?;
    Some(Refused { tries: all, last, next })
}
