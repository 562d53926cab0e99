//! What a schedule costs at worst: reading it and finding its next slot, over awkward and random schedules in every zone.
//!
//! Counted in the thread's own CPU time, so that nothing else on the machine is measured. `cargo bench --bench schedules`; fails above a millisecond.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use std::process::ExitCode;
use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use rustix::time::{ClockId, clock_gettime};
use workload_core::jobs::schedule::Schedule;

const LIMIT: Duration = Duration::from_millis(1);
const RANDOM: usize = 400;

/// What has no slot, or few, or is searched where clocks jump at midnight.
const AWKWARD: [&str; 16] = [
    "0 0 30 2 *",
    "0 0 31 2,4,6,9,11 *",
    "59 23 29 2 *",
    "59 23 29 2 */1",
    "0 0 31 2 1-6/5",
    "*/59 */23 31 */11 *",
    "59 23 31 12 6",
    "0 0 1 1 0",
    "0 0 29 2 0",
    "30 2 * 3 *",
    "0 0 * 10 *",
    "30 0 1 4 */1",
    "* * * * *",
    "? ? 30 2 ?",
    "@yearly",
    "@every 1s",
];

/// Xorshift: the same schedules in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn field(&mut self, min: u64, max: u64) -> String {
        let value = min + self.below(max - min + 1);
        match self.below(6) {
            0 | 1 => "*".to_owned(),
            2 => format!("*/{}", 1 + self.below(max)),
            3 => format!("{}-{max}/{}", value, 1 + self.below(5)),
            4 => format!("{value},{}", min + self.below(max - min + 1)),
            _ => value.to_string(),
        }
    }

    fn schedule(&mut self) -> String {
        let fields = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)];
        fields.map(|(min, max)| self.field(min, max)).join(" ")
    }
}

fn cpu() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap())
}

fn main() -> ExitCode {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut schedules: Vec<String> = AWKWARD.iter().map(ToString::to_string).collect();
    schedules.extend((0..RANDOM).map(|_| random.schedule()));
    let zones: Vec<TimeZone> =
        jiff::tz::db().available().filter_map(|name| TimeZone::get(name.as_str()).ok()).collect();
    let starts: Vec<Timestamp> = ["2025-03-01T00:00:00Z", "2026-10-25T00:30:00Z", "2096-12-31T23:59:59Z"]
        .map(|text| text.parse().unwrap())
        .to_vec();
    let (mut count, mut total, mut worst) = (0_u32, Duration::ZERO, (Duration::ZERO, String::new()));
    for text in &schedules {
        for zone in &zones {
            for start in &starts {
                let before = cpu();
                let slot = Schedule::parse(text).ok().and_then(|schedule| schedule.next(*start, zone));
                let took = cpu().saturating_sub(before);
                std::hint::black_box(slot);
                count += 1;
                total += took;
                if took > worst.0 {
                    worst = (took, format!("{text:?} after {start} in {}", zone.iana_name().unwrap_or("?")));
                }
            }
        }
    }
    println!(
        "{count} searches in {} zones: mean {:?}, longest {:?} of CPU time: {}",
        zones.len(),
        total / count,
        worst.0,
        worst.1
    );
    if worst.0 > LIMIT { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
