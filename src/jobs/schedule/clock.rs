//! Wall clocks in a zone, with the arithmetic of Go's `time` package: schedules are defined by it where clocks jump.

use jiff::{
    Timestamp,
    civil::{DateTime, Weekday},
    tz::{Offset, TimeZone},
};

/// A second, and what the clocks of a zone show then.
#[derive(Clone, Copy)]
pub(super) struct Clock<'z> {
    zone: &'z TimeZone,
    second: i64,
    shows: DateTime,
}

impl<'z> Clock<'z> {
    /// What the clocks show `second` seconds after 1970; `None` beyond the calendar's end in the year 9999.
    pub(super) fn at(zone: &'z TimeZone, second: i64) -> Option<Self> {
        let time = Timestamp::from_second(second).ok()?;
        let shows = zone.to_offset(time).to_datetime(time);
        Some(Self { zone, second, shows })
    }

    /// When the clocks show this (Go, `time.Date`): a time that clocks skip or show twice becomes one of the two candidates, in the way of
    /// Go's: the offset that is valid at the same reading in UTC leads to a second guess, whose offset decides.
    fn showing(zone: &'z TimeZone, reading: i64) -> Option<Self> {
        let offset = |second| Some(i64::from(zone.to_offset(Timestamp::from_second(second).ok()?).seconds()));
        let second = match offset(reading)? {
            0 => reading,
            first => reading - offset(reading - first)?,
        };
        Self::at(zone, second)
    }

    /// The reading as seconds, as if it were UTC.
    fn reading(self) -> Option<i64> {
        Offset::UTC.to_timestamp(self.shows).ok().map(Timestamp::as_second)
    }

    pub(super) fn second(self) -> i64 {
        self.second
    }

    pub(super) fn year(self) -> i16 {
        self.shows.year()
    }

    pub(super) fn month(self) -> i8 {
        self.shows.month()
    }

    pub(super) fn day(self) -> i8 {
        self.shows.day()
    }

    pub(super) fn weekday(self) -> Weekday {
        self.shows.weekday()
    }

    pub(super) fn hour(self) -> i8 {
        self.shows.hour()
    }

    pub(super) fn minute(self) -> i8 {
        self.shows.minute()
    }

    /// The second of the minute; not 0 at the start of a minute of an offset that is no whole number of minutes.
    pub(super) fn shown_second(self) -> i8 {
        self.shows.second()
    }

    /// So many seconds later.
    pub(super) fn plus(self, seconds: i64) -> Option<Self> {
        Self::at(self.zone, self.second + seconds)
    }

    /// The first day of the month at 0:00.
    pub(super) fn start_of_month(self) -> Option<Self> {
        Self::showing(self.zone, self.reading()? - i64::from(self.day() - 1) * DAY - self.seconds_of_day())
    }

    /// 0:00 of the day.
    pub(super) fn start_of_day(self) -> Option<Self> {
        Self::showing(self.zone, self.reading()? - self.seconds_of_day())
    }

    /// The hour at :00.
    pub(super) fn start_of_hour(self) -> Option<Self> {
        Self::showing(self.zone, self.reading()? - self.seconds_of_day() % HOUR)
    }

    /// The same reading a day later.
    pub(super) fn next_day(self) -> Option<Self> {
        Self::showing(self.zone, self.reading()? + DAY)
    }

    /// The same reading a month later; a day that the month does not have runs over into the one after it.
    pub(super) fn next_month(self) -> Option<Self> {
        let first = self.shows.date().first_of_month();
        let days = i64::from(first.days_in_month());
        Self::showing(self.zone, self.reading()? + days * DAY)
    }

    fn seconds_of_day(self) -> i64 {
        i64::from(self.hour()) * HOUR + i64::from(self.minute()) * MINUTE + i64::from(self.shows.second())
    }
}

pub(super) const MINUTE: i64 = 60;
pub(super) const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
