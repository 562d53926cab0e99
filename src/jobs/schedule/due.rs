//! Which slot the CronJob controller would start now (`pkg/controller/cronjob/utils.go`, `mostRecentScheduleTime`).

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::Schedule;

/// A slot whose Job was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The slot that the controller starts: the latest that has passed.
    pub slot: Timestamp,
    /// How many were missed, as the controller reckons it from the gap between the first two: right for even gaps, near otherwise.
    pub missed: i64,
}

/// The schedule is well-formed and has no slot, like 30 February: the controller gives the CronJob up until it is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NeverFires;

/// The slot that is due at `now`; `None` where none has passed since `base`, or the controller finds none.
///
/// `base` is the newest slot that was started, without one the CronJob's creation; `deadline` is `startingDeadlineSeconds`: older slots than
/// that are not started any more.
pub fn due(
    schedule: &Schedule,
    zone: &TimeZone,
    base: Timestamp,
    deadline: Option<i64>,
    now: Timestamp,
) -> Result<Option<Due>, NeverFires> {
    let limit = deadline.and_then(|seconds| now.checked_sub(SignedDuration::from_secs(seconds)).ok());
    let base = limit.map_or(base, |limit| limit.max(base));
    let first = schedule.next(base, zone).ok_or(NeverFires)?;
    if now < first {
        return Ok(None);
    }
    let second = schedule.next(first, zone).ok_or(NeverFires)?;
    if now < second {
        return Ok(Some(Due { slot: first, missed: 1 }));
    }
    let gap = second.duration_since(first).as_secs().max(1);
    let missed = now.duration_since(first).as_secs() / gap + 1;
    // From one gap before the last slot by that reckoning on, the schedule itself is asked; where its gaps are uneven, none may be found.
    let back = SignedDuration::from_secs((missed - 2).saturating_mul(gap));
    let from = first.checked_add(back).unwrap_or(first);
    let latest = schedule.slots(from, zone).take_while(|slot| *slot <= now).last();
    Ok(latest.map(|slot| Due { slot, missed }))
}
