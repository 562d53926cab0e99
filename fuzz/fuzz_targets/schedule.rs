//! Any text as a schedule: read or refused; its slots come one after another, each on a minute of its zone's clocks, and every search ends.
#![no_main]

use jiff::{Timestamp, tz::TimeZone};
use libfuzzer_sys::fuzz_target;
use workload_core::jobs::schedule::Schedule;

const ZONES: [&str; 6] =
    ["UTC", "Europe/Helsinki", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Monrovia"];

fuzz_target!(|case: (&str, u8, i32)| {
    let (text, zone, second) = case;
    let Ok(schedule) = Schedule::parse(text) else { return };
    let zone = ZONES[usize::from(zone) % ZONES.len()];
    let Ok(zone) = TimeZone::get(zone) else { return };
    let start = Timestamp::from_second(i64::from(second)).expect("within the calendar");
    let mut before = start;
    for slot in schedule.slots(start, &zone).take(5) {
        assert!(slot > before, "{text:?}: {slot} after {before}");
        if schedule.every().is_none() {
            assert_eq!(zone.to_datetime(slot).second(), 0, "{text:?}: {slot}");
        }
        before = slot;
    }
});
