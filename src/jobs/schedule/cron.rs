//! When a schedule fires: robfig/cron v3 (`spec.go`, `constantdelay.go`), which the CronJob controller uses.

use jiff::{Timestamp, tz::TimeZone};

use super::clock::{Clock, HOUR, MINUTE};
use super::field::{self, Field};
use crate::facts::parse_go;

/// A schedule that was understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Five fields.
    Fields(Fields),
    /// `@every`: so many seconds after the last one.
    Every(i64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fields {
    minute: Field,
    hour: Field,
    day: Field,
    month: Field,
    weekday: Field,
}

impl Schedule {
    /// Reads `spec.schedule` without a zone in it (robfig/cron, `ParseStandard`). The error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("it is empty".to_owned());
        }
        if let Some(name) = text.strip_prefix('@') {
            return descriptor(name);
        }
        let fields: Vec<&str> = text.split_whitespace().collect();
        let &[minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err(format!("it has {} fields, not five", fields.len()));
        };
        Ok(Self(Kind::Fields(Fields {
            minute: Field::parse(minute, &field::MINUTE)?,
            hour: Field::parse(hour, &field::HOUR)?,
            day: Field::parse(day, &field::DAY)?,
            month: Field::parse(month, &field::MONTH)?,
            weekday: Field::parse(weekday, &field::WEEKDAY)?,
        })))
    }

    /// The first slot after a time, as clocks of the zone show it; `None` where there is none within five years.
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let from = after.as_second() - i64::from(after.subsec_nanosecond() < 0);
        let second = match self.0 {
            Kind::Fields(fields) => fields.next(from, zone)?,
            Kind::Every(seconds) => from.checked_add(seconds)?,
        };
        Timestamp::from_second(second).ok()
    }

    /// The slots after a time, one after the other.
    pub fn slots<'z>(&self, after: Timestamp, zone: &'z TimeZone) -> impl Iterator<Item = Timestamp> + use<'z> {
        let schedule = *self;
        std::iter::successors(schedule.next(after, zone), move |slot| schedule.next(*slot, zone))
    }

    /// Whether it runs in every hour: what clocks do changes nothing then.
    pub fn is_hourly(&self) -> bool {
        matches!(self.0, Kind::Fields(fields) if fields.hour.covers(&field::HOUR))
    }

    /// Whether it runs in every hour of every day: zones that differ by whole hours are the same to it.
    pub(super) fn is_always_alike(&self) -> bool {
        let all = |fields: Fields| {
            fields.day.covers(&field::DAY)
                && fields.month.covers(&field::MONTH)
                && fields.weekday.covers(&field::WEEKDAY)
        };
        matches!(self.0, Kind::Fields(fields) if self.is_hourly() && all(fields))
    }

    /// Seconds between two runs, where the schedule counts from the last one instead of by the clock.
    pub fn every(&self) -> Option<i64> {
        match self.0 {
            Kind::Fields(_) => None,
            Kind::Every(seconds) => Some(seconds),
        }
    }
}

fn descriptor(name: &str) -> Result<Schedule, String> {
    const MIDNIGHT: Fields = Fields {
        minute: Field::only(0),
        hour: Field::only(0),
        day: Field::all(&field::DAY),
        month: Field::all(&field::MONTH),
        weekday: Field::all(&field::WEEKDAY),
    };
    Ok(Schedule(Kind::Fields(match name {
        "yearly" | "annually" => Fields { day: Field::only(1), month: Field::only(1), ..MIDNIGHT },
        "monthly" => Fields { day: Field::only(1), ..MIDNIGHT },
        "weekly" => Fields { weekday: Field::only(0), ..MIDNIGHT },
        "daily" | "midnight" => MIDNIGHT,
        "hourly" => Fields { hour: Field::all(&field::HOUR), ..MIDNIGHT },
        _ => {
            let Some(duration) = name.strip_prefix("every ") else {
                return Err(format!("there is no @{name}"));
            };
            let (negative, length) = parse_go(duration).ok_or_else(|| format!("{duration:?} is not a duration"))?;
            let seconds = if negative { 0 } else { i64::try_from(length.as_secs()).unwrap_or(i64::MAX) };
            return Ok(Schedule(Kind::Every(seconds.max(1))));
        }
    })))
}

impl Fields {
    fn next(&self, after: i64, zone: &TimeZone) -> Option<i64> {
        if self.minute.is_empty() || self.hour.is_empty() || self.month.is_empty() {
            return None;
        }
        let mut clock = Clock::at(zone, after + 1)?;
        let last_year = clock.year() + 5;
        // Once a field was counted up, all below it start from their beginning.
        let mut rounded = false;
        // A schedule without slots takes some 2,000 moves; robfig's own search can run for ever where clocks jump back at midnight.
        let mut moves = 0..20_000;
        'wrapped: loop {
            if clock.year() > last_year {
                return None;
            }
            moves.next()?;
            while !self.month.has(clock.month()) {
                moves.next()?;
                if !rounded {
                    rounded = true;
                    clock = clock.start_of_month()?;
                }
                clock = clock.next_month()?;
                if clock.month() == 1 {
                    continue 'wrapped;
                }
            }
            while !self.day_matches(clock) {
                moves.next()?;
                if !rounded {
                    rounded = true;
                    clock = clock.start_of_day()?;
                }
                clock = clock.next_day()?;
                // Where clocks skip midnight the day begins at 1:00, or an hour early.
                match i64::from(clock.hour()) {
                    0 => {}
                    early @ 13.. => clock = clock.plus((24 - early) * HOUR)?,
                    late => clock = clock.plus(-late * HOUR)?,
                }
                if clock.day() == 1 {
                    continue 'wrapped;
                }
            }
            while !self.hour.has(clock.hour()) {
                moves.next()?;
                if !rounded {
                    rounded = true;
                    clock = clock.start_of_hour()?;
                }
                clock = clock.plus(HOUR)?;
                if clock.hour() == 0 {
                    continue 'wrapped;
                }
            }
            while !self.minute.has(clock.minute()) {
                moves.next()?;
                if !rounded {
                    rounded = true;
                    clock = clock.plus(-clock.second().rem_euclid(MINUTE))?;
                }
                clock = clock.plus(MINUTE)?;
                if clock.minute() == 0 {
                    continue 'wrapped;
                }
            }
            if clock.shown_second() != 0 {
                rounded = true;
                clock = clock.plus(MINUTE - i64::from(clock.shown_second()))?;
                continue;
            }
            return Some(clock.second());
        }
    }

    /// Both day fields must match when one of them is a star, one of them otherwise.
    fn day_matches(&self, clock: Clock<'_>) -> bool {
        let day = self.day.has(clock.day());
        let weekday = self.weekday.has(clock.weekday().to_sunday_zero_offset());
        if self.day.star || self.weekday.star { day && weekday } else { day || weekday }
    }
}
