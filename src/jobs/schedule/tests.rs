//! Schedules as the Go original runs them, and what the controller makes of them.

use jiff::{Timestamp, tz::TimeZone};

use super::zone::Source;
use super::*;
use crate::facts::fixture::{job, meta, owner, time};
use crate::facts::{Concurrency, CronJob, CronJobStatus, Event, Job, Known};
use crate::findings::Severity;

fn cron_job(schedule: &str) -> CronJob {
    CronJob {
        meta: meta("backup"),
        schedule: schedule.into(),
        zone: None,
        suspended: false,
        policy: Concurrency::Allow,
        starting_deadline: None,
        keeps_successful: 3,
        keeps_failed: 1,
        claims: Box::new([]),
        written: None,
        status: CronJobStatus { last_slot: Some(time("2026-11-21T02:00:00Z")), ..CronJobStatus::default() },
    }
}

fn run_of(slot: &str) -> Job {
    let slot = time(slot);
    let mut job = job(&format!("backup-{}", slot.as_second() / 60));
    job.meta.owners = std::sync::Arc::new([owner("CronJob", "backup")]);
    job.meta.created = Some(slot.into());
    job
}

fn refusal(message: &str, count: u32, last: &str) -> Event {
    Event {
        namespace: "shop".into(),
        kind: "CronJob".into(),
        name: "backup".into(),
        uid: "uid-backup".into(),
        container: None,
        reason: "FailedCreate".into(),
        message: message.into(),
        count,
        last: Some(time(last)),
    }
}

fn outlook<'a>(cron_job: &'a CronJob, children: &[&'a Job], events: &[Event], now: &str) -> Outlook<'a> {
    Outlook::new(cron_job, children, events.iter(), (time(now), true))
}

fn told(cron_job: &CronJob, children: &[&Job], now: &str) -> Option<String> {
    let verdict = verdicts(&outlook(cron_job, children, &[], now), Known::Read(children))?;
    Some(format!("{:?} {:?}: {}", verdict.severity, verdict.code, verdict.says))
}

/// A line is a schedule, a zone, a time, and what robfig/cron v3.0.1 said of it: `error`, or three slots from then on.
#[test]
fn schedules_run_when_the_original_runs_them() {
    let mut cases = 0;
    for line in include_str!("corpus.tsv").lines() {
        let [text, zone, from, expected] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line:?}") };
        let said = match Schedule::parse(text) {
            Err(_) => "error".to_owned(),
            Ok(schedule) => {
                let from = Timestamp::from_second(from.parse().unwrap()).unwrap();
                let clocks = TimeZone::get(zone).unwrap();
                let mut slots: Vec<String> =
                    schedule.slots(from, &clocks).take(3).map(|slot| slot.as_second().to_string()).collect();
                if slots.len() < 3 {
                    slots.push("never".to_owned());
                }
                slots.join(" ")
            }
        };
        assert_eq!(said, expected, "{line}");
        cases += 1;
    }
    assert!(cases > 400, "{cases}");
}

#[test]
fn a_schedule_that_is_not_understood_says_what_is_wrong_with_it() {
    for (text, why) in [
        ("", "it is empty"),
        ("0 2 * *", "it has 4 fields, not five"),
        ("0 0 2 * * *", "it has 6 fields, not five"),
        ("0 2 * * 7", "day of week \"7\": 7 is above the maximum, 6"),
        ("0 2 0 * *", "day of month \"0\": 0 is below the minimum, 1"),
        ("0 2 L * *", "day of month \"L\": \"L\" is not a number"),
        ("0 22-6 * * *", "hour \"22-6\": it begins at 22, after its end at 6"),
        ("*/0 * * * *", "minute \"*/0\": the step must be at least 1"),
        ("-5 * * * *", "minute \"-5\": \"\" is not a number"),
        ("@reboot", "there is no @reboot"),
        ("@every 5", "\"5\" is not a duration"),
    ] {
        assert_eq!(Schedule::parse(text), Err(why.to_owned()), "{text}");
    }
}

#[test]
fn nothing_is_searched_for_ever() {
    let from = time("2026-11-21T12:00:00Z");
    for (text, zone) in [("0 0 30 2 *", "UTC"), (", * * * *", "UTC"), ("* , * * *", "UTC"), ("* * * , *", "UTC")] {
        assert_eq!(Schedule::parse(text).unwrap().next(from, &TimeZone::get(zone).unwrap()), None, "{text}");
    }
    // Clocks that jumped at 0:01, where the original never comes back.
    let clocks = TimeZone::get("America/Goose_Bay").unwrap();
    let _ = Schedule::parse("*/10 0 * * *").unwrap().slots(time("1989-10-29T03:00:00Z"), &clocks).take(200).count();
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_the_parser(text in "[@a-zA-Z0-9*?/,+ -]{0,24}", from in 0_i64..4_000_000_000) {
        let Ok(schedule) = Schedule::parse(&text) else { return Ok(()) };
        let from = Timestamp::from_second(from).unwrap();
        let next = schedule.next(from, &TimeZone::UTC);
        proptest::prop_assert!(next.is_none_or(|next| next > from));
    }
}

#[test]
fn the_controller_starts_the_latest_slot_that_has_passed() {
    let slot = |text: &str, base: &str, deadline, now: &str| {
        let due = due(&Schedule::parse(text).unwrap(), &TimeZone::UTC, time(base), deadline, time(now));
        due.map(|due| due.map(|due| (due.slot.to_string(), due.missed)))
    };
    let some = |slot: &str, missed| Ok(Some((slot.to_owned(), missed)));
    let hourly = |deadline, now| slot("0 * * * *", "2026-11-21T09:00:00Z", deadline, now);
    assert_eq!(hourly(None, "2026-11-21T09:59:59Z"), Ok(None));
    assert_eq!(hourly(None, "2026-11-21T10:00:00Z"), some("2026-11-21T10:00:00Z", 1));
    assert_eq!(hourly(None, "2026-11-21T12:30:00Z"), some("2026-11-21T12:00:00Z", 3));
    // The deadline is over: the slot is lost, without an event.
    assert_eq!(hourly(Some(30), "2026-11-21T12:30:00Z"), Ok(None));
    assert_eq!(hourly(Some(1800), "2026-11-21T12:30:00Z"), Ok(None));
    assert_eq!(hourly(Some(1801), "2026-11-21T12:30:00Z"), some("2026-11-21T12:00:00Z", 1));
    // More than a hundred are a warning, not an end.
    assert_eq!(
        slot("* * * * *", "2026-11-21T00:00:00Z", None, "2026-11-21T04:00:30Z"),
        some("2026-11-21T04:00:00Z", 240)
    );
    // What counts from the last run keeps its rhythm.
    assert_eq!(
        slot("@every 7m", "2026-11-21T00:00:00Z", None, "2026-11-21T01:00:00Z"),
        some("2026-11-21T00:56:00Z", 8)
    );
    assert_eq!(slot("0 0 30 2 *", "2026-11-21T00:00:00Z", None, "2026-11-21T01:00:00Z"), Err(NeverFires));
    // With uneven gaps the controller's own reckoning finds none, long after one had passed.
    assert_eq!(slot("0-1 0 1 1 *", "2026-01-01T00:01:00Z", None, "2027-06-01T00:00:00Z"), Ok(None));
}

#[test]
fn the_zone_that_the_api_does_not_tell_is_read_off_past_runs() {
    let zone = |schedule: &str, slots: &[&str]| {
        let of = CronJob { status: CronJobStatus::default(), ..cron_job(schedule) };
        let runs: Vec<Job> = slots.iter().map(|slot| run_of(slot)).collect();
        let runs: Vec<&Job> = runs.iter().collect();
        let zone = outlook(&of, &runs, &[], "2026-11-21T12:00:00Z").timetable.unwrap().zone;
        (zone.name, zone.source)
    };
    let past = |name: &str| (name.to_owned(), Source::PastRuns);
    let assumed = ("UTC".to_owned(), Source::Assumed);
    assert_eq!(zone("0 2 * * *", &["2026-11-20T02:00:00Z", "2026-11-21T02:00:00Z"]), past("UTC"));
    assert_eq!(zone("0 2 * * *", &["2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z"]), past("UTC+02:00"));
    assert_eq!(zone("30 18 * * *", &["2026-11-20T13:00:00Z"]), past("UTC+05:30"));
    // Clocks were put back between the two: the newest tells.
    assert_eq!(zone("0 2 * * *", &["2026-10-24T00:00:00Z", "2026-11-21T01:00:00Z"]), past("UTC+01:00"));
    // Every zone has the same slots.
    assert_eq!(zone("*/5 * * * *", &["2026-11-21T02:05:00Z"]), past("UTC"));
    // It fits in several: nothing is told.
    assert_eq!(zone("0 */6 * * *", &["2026-11-21T06:00:00Z"]), assumed);
    assert_eq!(zone("0 2 * * *", &[]), assumed);
}

#[test]
fn zones_are_spelt_as_kubernetes_wants_them() {
    let with = |zone: &str, uid: &str| {
        let mut of = cron_job("0 2 * * *");
        of.zone = Some(zone.into());
        of.meta.uid = uid.into();
        told(&of, &[], "2026-11-21T12:00:00Z")
    };
    assert_eq!(with("Europe/Helsinki", "uid"), None);
    assert_eq!(with("UTC", "uid"), None);
    assert_eq!(
        with("europe/helsinki", "uid").unwrap(),
        "Fault ZoneUnknown: No time zone is spelt europe/helsinki: capitals count."
    );
    assert_eq!(
        with("Mars/Olympus", "").unwrap(),
        "Fault ZoneUnknown: There is no time zone Mars/Olympus; the API refuses it."
    );
    // The server has accepted it, so the fault may lie with this machine's data.
    assert_eq!(
        with("Mars/Olympus", "uid").unwrap(),
        "Unknown CannotTell: Cannot tell when it runs: this machine knows no time zone Mars/Olympus."
    );
    let mut inside = cron_job("TZ=Europe/Helsinki 0 2 * * *");
    inside.status = CronJobStatus::default();
    let table = outlook(&inside, &[], &[], "2026-11-21T12:00:00Z");
    assert_eq!(table.slots(1)[0].at, time("2026-11-22T00:00:00Z"));
}

#[test]
fn a_slot_that_passed_without_a_job_is_found_by_arithmetic_alone() {
    let mut of = cron_job("0 * * * *");
    of.status.last_slot = Some(time("2026-11-21T09:00:00Z"));
    assert_eq!(told(&of, &[], "2026-11-21T10:00:30Z"), None, "the controller may be a little late");
    assert_eq!(
        told(&of, &[], "2026-11-21T12:30:00Z").unwrap(),
        "Fault StartMissed: The slot of 2026-11-21T12:00:00Z passed 30m ago, and no Job was made for it, although nothing holds it: the controller is not at work."
    );
    let made = run_of("2026-11-21T12:00:00Z");
    assert_eq!(told(&of, &[&made], "2026-11-21T12:30:00Z"), None, "its Job is there, only the status is behind");
    of.written = Some(time("2026-11-21T12:29:30Z"));
    assert_eq!(told(&of, &[], "2026-11-21T12:30:00Z"), None, "it was resumed half a minute ago");
    // With a deadline the slot is lost for good, and the controller may long be back.
    of.starting_deadline = Some(30);
    of.written = Some(time("2026-11-20T12:00:00Z"));
    assert!(told(&of, &[], "2026-11-21T12:30:00Z").unwrap().starts_with("Fault StartMissed"));
    of.written = None;
    assert!(told(&of, &[], "2026-11-21T12:30:00Z").unwrap().starts_with("Notice StartMissed"));
    of.suspended = true;
    assert_eq!(told(&of, &[], "2026-11-21T12:30:00Z"), None);
}

#[test]
fn nothing_is_called_missed_where_the_zone_is_only_assumed() {
    let mut of = cron_job("0 2 * * *");
    of.status.last_slot = None;
    of.meta.created = Some(time("2026-11-21T01:00:00Z").into());
    assert_eq!(told(&of, &[], "2026-11-21T12:00:00Z"), None, "in New York the slot is still to come");
    // After a day and a half it has passed everywhere.
    assert!(told(&of, &[], "2026-11-22T16:30:00Z").unwrap().starts_with("Fault StartMissed"));
}

#[test]
fn after_a_refusal_the_next_try_comes_by_the_queue_and_not_by_the_clock() {
    // As measured: fourteen tries within 41 s, then gaps of 41, 82, 164, 328 and 655 s.
    let mut of = cron_job("* * * * *");
    of.status.last_slot = Some(time("2026-11-21T12:09:00Z"));
    let first = refusal("slot :10", 14, "2026-11-21T12:10:41Z");
    let seen = |events: &[Event]| outlook(&of, &[], events, "2026-11-21T12:10:50Z").refused.unwrap();
    assert_eq!(seen(std::slice::from_ref(&first)).next.as_second(), time("2026-11-21T12:11:21Z").as_second());
    let mut events = vec![refusal("slot :11", 1, "2026-11-21T12:11:22Z"), first];
    assert_eq!((seen(&events).tries, seen(&events).next.as_second()), (15, time("2026-11-21T12:12:44Z").as_second()));
    // The older events are gone: the gap tells.
    events = vec![refusal("slot :20", 1, "2026-11-21T12:20:56Z"), refusal("slot :15", 1, "2026-11-21T12:15:28Z")];
    assert_eq!(seen(&events).next, time("2026-11-21T12:31:52Z"));
    // Slots until then are lost, but the last.
    let until = outlook(&of, &[], &events, "2026-11-21T12:29:00Z");
    let fates: Vec<_> = until.slots(4).iter().map(|slot| slot.fate).collect();
    let next = time("2026-11-21T12:31:52Z");
    assert_eq!(fates, [Fate::Lost(next), Fate::Late(next), Fate::Runs, Fate::Runs]);
    // A Job that was made since ends it.
    let made = run_of("2026-11-21T12:31:00Z");
    assert_eq!(outlook(&of, &[&made], &events, "2026-11-21T12:40:00Z").refused, None);
}

#[test]
fn being_resumed_starts_the_latest_slot_that_was_missed() {
    let mut of = cron_job("0 2 * * *");
    of.suspended = true;
    let later = outlook(&of, &[], &[], "2026-11-23T12:00:00Z");
    assert_eq!(later.due.unwrap().slot, time("2026-11-23T02:00:00Z"));
    assert_eq!(later.slots(1)[0].fate, Fate::Suspended);
    of.starting_deadline = Some(600);
    assert_eq!(outlook(&of, &[], &[], "2026-11-23T12:00:00Z").due, None);
}

#[test]
fn a_jump_of_the_clocks_takes_a_slot_away_or_doubles_it() {
    let clocks = TimeZone::get("America/New_York").unwrap();
    let found = |text: &str| {
        let (from, until) = (time("2026-01-01T00:00:00Z"), time("2026-12-31T00:00:00Z"));
        let shifts = shifts(&Schedule::parse(text).unwrap(), &clocks, from, until);
        shifts.iter().map(|shift| (shift.slot.to_string(), shift.by)).collect::<Vec<_>>()
    };
    // 2:30 does not exist on 8 March; 1:30 exists twice on 1 November.
    assert_eq!(found("30 2 * * *"), [("2026-03-08T07:30:00Z".to_owned(), 3600)]);
    assert_eq!(found("30 1 * * *"), [("2026-11-01T05:30:00Z".to_owned(), -3600)]);
    assert_eq!(found("30 5 * * *"), []);
    assert_eq!(found("*/10 * * * *"), []);
}

#[test]
fn what_counts_from_the_last_run_goes_on_from_there() {
    let mut of = cron_job("@every 1h30m");
    of.status.last_slot = Some(time("2026-11-21T11:10:00Z"));
    let at: Vec<_> = outlook(&of, &[], &[], "2026-11-21T12:00:00Z").slots(2).iter().map(|slot| slot.at).collect();
    assert_eq!(at, [time("2026-11-21T12:40:00Z"), time("2026-11-21T14:10:00Z")]);
}

#[test]
fn a_run_that_goes_on_holds_the_next_under_forbid() {
    let mut of = cron_job("0 * * * *");
    of.policy = Concurrency::Forbid;
    of.status.last_slot = Some(time("2026-11-21T09:00:00Z"));
    let run = run_of("2026-11-21T09:00:00Z");
    of.status.active = Box::new([(run.meta.name.clone(), run.meta.uid.clone())]);
    let held = outlook(&of, &[&run], &[], "2026-11-21T11:30:00Z");
    assert_eq!(held.slots(1)[0].fate, Fate::Held(&run.meta.name));
    assert_eq!(held.due.unwrap(), Due { slot: time("2026-11-21T11:00:00Z"), missed: 2 });
    assert_eq!(verdicts(&held, Known::Read(&[&run])).map(|verdict| verdict.severity), None::<Severity>);
}
