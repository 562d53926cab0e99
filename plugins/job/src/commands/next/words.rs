//! Slots, zones and jumps of the clocks in words.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use workload_core::jobs::schedule::{Broken, Fate, Outlook, Shift, Source, Unresolved, Zone, shifts};
use workload_core::render::{age, utc};

/// By the clocks of a zone: `2026-11-25 02:00 +02:00`.
pub(super) fn local(at: Timestamp, clocks: &TimeZone) -> String {
    let shown = at.to_zoned(clocks.clone());
    let seconds = if shown.second() == 0 { "" } else { ":%S" };
    shown.strftime(&format!("%Y-%m-%d %H:%M{seconds} %:z")).to_string()
}

/// The zone, and a word where the CronJob does not name it.
pub(super) fn zone(zone: &Zone) -> String {
    match zone.source {
        Source::Field | Source::Schedule => zone.name.clone(),
        Source::PastRuns => format!("{} (by past runs)", zone.name),
        Source::Assumed => format!("{} (assumed)", zone.name),
    }
}

/// What becomes of a slot; nothing where it simply runs.
pub(super) fn fate(fate: Fate<'_>, now: Timestamp) -> String {
    let until = |next: Timestamp| if next > now { format!("in {}", age(now, next)) } else { "now".to_owned() };
    match fate {
        Fate::Runs => String::new(),
        Fate::Suspended => "suspended".to_owned(),
        Fate::Lost(next) => format!("lost: the server refused, next try {}", until(next)),
        Fate::Late(next) => format!("late: the server refused, next try {}", until(next)),
        Fate::Held(job) => format!("waits for Job {job}"),
    }
}

/// Why nothing comes.
pub(super) fn broken(broken: &Broken<'_>) -> String {
    match broken {
        Broken::Schedule(why) => format!("not understood: {why}"),
        Broken::Zone(Unresolved::NotFound(zone)) => format!("no time zone {zone} is known here"),
        Broken::Zone(Unresolved::Misspelt(zone)) => format!("no time zone is spelt {zone}"),
        Broken::Zone(Unresolved::Nothing) => "a time zone without a schedule".to_owned(),
        Broken::NeverFires => "no slot in five years".to_owned(),
    }
}

/// What is to be known about the slots until a time: whose clocks, and where they jump.
pub(super) fn remarks(outlook: &Outlook<'_>, until: Option<Timestamp>) -> Vec<String> {
    let Ok(table) = &outlook.timetable else { return Vec::new() };
    let mut lines = Vec::new();
    match table.zone.source {
        Source::Field | Source::Schedule => {}
        Source::PastRuns => lines.push(format!(
            "note: the CronJob names no time zone; by its past runs the controller manager's is {}",
            table.zone.name
        )),
        Source::Assumed if table.schedule.every().is_some() => {}
        Source::Assumed => lines.push(
            "note: the CronJob names no time zone, and the API does not tell the controller manager's; UTC is assumed"
                .to_owned(),
        ),
    }
    let jumps = until.map_or_else(Vec::new, |until| shifts(&table.schedule, &table.zone.clocks, outlook.now, until));
    lines.extend(jumps.iter().map(|jump| shift(jump, &table.zone.clocks)));
    lines
}

fn shift(shift: &Shift, clocks: &TimeZone) -> String {
    // As the clocks of before the jump would show it.
    let before = shift.at - jiff::SignedDuration::from_secs(1);
    let reads = clocks.to_offset(before).to_datetime(shift.slot).strftime("%H:%M");
    let day = clocks.to_offset(before).to_datetime(shift.at).date();
    let what = if shift.by > 0 {
        "does not exist that day, and its run falls out"
    } else {
        "comes twice that day, and runs twice"
    };
    let way = if shift.by > 0 { "forward" } else { "back" };
    format!("note: clocks are put {way} on {day} ({}): {reads} {what}", utc(shift.at))
}
