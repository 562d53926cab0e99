//! What becomes of a schedule's slots where clocks are put forward or back.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::Schedule;

/// A jump of the clocks that a schedule feels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// When the clocks jump.
    pub at: Timestamp,
    /// How far: seconds forward, or back where negative.
    pub by: i32,
    /// The first slot that falls out, or that comes a second time, by the clocks before the jump.
    pub slot: Timestamp,
}

/// The jumps from `after` until `until` that take slots away or double them.
pub fn shifts(schedule: &Schedule, zone: &TimeZone, after: Timestamp, until: Timestamp) -> Vec<Shift> {
    // What fires in every hour goes on firing, whatever the clocks show.
    if schedule.is_hourly() || schedule.every().is_some() {
        return Vec::new();
    }
    let jump = |at: Timestamp| {
        let before = zone.to_offset(at.checked_sub(SignedDuration::from_secs(1)).ok()?);
        let by = zone.to_offset(at).seconds() - before.seconds();
        // By the clocks of before, the hours that are skipped follow the jump, and those that come again go before it.
        let from = at.checked_add(SignedDuration::from_secs(i64::from(by.min(0)) - 1)).ok()?;
        let to = at.checked_add(SignedDuration::from_secs(i64::from(by.max(0)))).ok()?;
        let slot = schedule.next(from, &TimeZone::fixed(before)).filter(|slot| *slot < to)?;
        (by != 0).then_some(Shift { at, by, slot })
    };
    let jumps = zone.following(after).map(|transition| transition.timestamp()).take_while(|at| *at <= until);
    jumps.filter_map(jump).collect()
}
