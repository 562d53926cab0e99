//! What is still known of runs when their Jobs, their events or both are gone.

use jiff::SignedDuration;

use super::*;
use crate::facts::fixture::{job, meta, owner, time};
use crate::facts::{CronJobStatus, JobCondition, Refusal, Scope, Why};

fn cron_job() -> CronJob {
    CronJob {
        meta: meta("backup"),
        schedule: "0 * * * *".into(),
        zone: Some("UTC".into()),
        suspended: false,
        policy: Concurrency::Allow,
        starting_deadline: None,
        keeps_successful: 3,
        keeps_failed: 1,
        claims: Box::new([]),
        written: Some(time("2026-11-20T12:00:00Z")),
        status: CronJobStatus { last_slot: Some(time("2026-11-21T11:00:00Z")), ..CronJobStatus::default() },
    }
}

/// The run of an hour of 21 November, two seconds late and a minute long.
fn run(hour: i64, end: Option<(&str, &str)>) -> Job {
    let slot = time("2026-11-21T00:00:00Z") + SignedDuration::from_hours(hour);
    let mut run = job(&format!("backup-{}", slot.as_second() / 60));
    run.meta.owners = std::sync::Arc::new([owner("CronJob", "backup")]);
    run.meta.created = Some((slot + SignedDuration::from_secs(2)).into());
    run.status.started = run.meta.created();
    let ended = slot + SignedDuration::from_secs(62);
    if end.is_some_and(|(kind, _)| kind == "Complete") {
        run.status.completed = Some(ended);
    }
    let condition = |(kind, reason): &(&str, &str)| JobCondition {
        kind: (*kind).into(),
        holds: true,
        reason: (*reason).into(),
        message: "".into(),
        since: Some(ended),
    };
    run.status.conditions = end.iter().map(condition).collect();
    run
}

fn complete(hour: i64) -> Job {
    run(hour, Some(("Complete", "")))
}

fn event(kind: &str, name: &str, reason: &str, message: &str, last: &str) -> Event {
    Event {
        namespace: "shop".into(),
        kind: kind.into(),
        name: name.into(),
        uid: format!("uid-{name}").into(),
        container: None,
        reason: reason.into(),
        message: message.into(),
        count: 1,
        last: Some(time(last)),
    }
}

/// The history at noon, a line each.
fn told(of: &CronJob, jobs: &[Job], mut events: Vec<Event>) -> Vec<String> {
    Event::sort(&mut events);
    let jobs: Vec<&Job> = jobs.iter().collect();
    let now = (time("2026-11-21T12:30:00Z"), true);
    let outlook = Outlook::new(of, &jobs, Event::about(&events, "CronJob", &of.meta), now);
    history(&outlook, Known::Read(&jobs), &events).iter().map(line).collect()
}

fn line(run: &Run<'_>) -> String {
    let slot = run.slot.map_or_else(|| "no slot".to_owned(), |slot| slot.strftime("%d %H:%M").to_string());
    let many =
        run.until.map_or_else(String::new, |(until, count)| format!(" to {} ({count})", until.strftime("%H:%M")));
    let pruned = run.pruned.map_or_else(String::new, |pruned| format!(", {pruned:?}"));
    format!("{slot}{many} {:?} by {:?}{pruned}", run.outcome, run.learnt)
}

#[test]
fn jobs_tell_their_own_and_the_oldest_beyond_its_limit_is_deleted_by_the_next_of_its_kind() {
    let mut of = cron_job();
    of.status.last_slot = Some(time("2026-11-21T12:00:00Z"));
    let failed = run(10, Some(("Failed", "BackoffLimitExceeded")));
    let jobs = [complete(8), complete(9), failed, complete(11), run(12, None)];
    assert_eq!(
        told(&of, &jobs, Vec::new()),
        [
            "21 12:00 Running by Job",
            "21 11:00 Complete by Job",
            "21 10:00 Failed(\"BackoffLimitExceeded\") by Job, AtNextFailure",
            "21 09:00 Complete by Job",
            "21 08:00 Complete by Job, AtNextSuccess",
        ]
    );
    let first = of_job(&jobs[0]);
    assert_eq!(first.skew(), Some(SignedDuration::from_secs(2)));
    assert_eq!(first.duration(time("2026-11-21T12:30:00Z")), Some(SignedDuration::from_secs(60)));
}

#[test]
fn events_tell_of_jobs_that_are_gone() {
    let name = |hour: i64| complete(hour).meta.name.to_string();
    let about = |reason: &str, message: String, last: &str| event("CronJob", "backup", reason, &message, last);
    let mut of = cron_job();
    of.keeps_successful = 0;
    of.status.last_slot = Some(time("2026-11-21T12:00:00Z"));
    let events = vec![
        about("SuccessfulCreate", format!("Created job {}", name(11)), "2026-11-21T11:00:00Z"),
        about(
            "SawCompletedJob",
            format!("Saw completed job: {}, condition: Complete", name(11)),
            "2026-11-21T11:01:00Z",
        ),
        about("SuccessfulCreate", format!("Created job {}", name(12)), "2026-11-21T12:00:00Z"),
        about("SawCompletedJob", format!("Saw completed job: {}, condition: Failed", name(12)), "2026-11-21T12:01:00Z"),
        event("Job", &name(12), "DeadlineExceeded", "", "2026-11-21T12:01:00Z"),
        about(
            "UnexpectedJob",
            "Saw a job that the controller did not create or forgot: by-hand".into(),
            "2026-11-21T12:10:00Z",
        ),
        event("Job", "by-hand", "Completed", "Job completed", "2026-11-21T12:11:00Z"),
        // Of another CronJob's.
        event("Job", "other", "Completed", "Job completed", "2026-11-21T12:11:00Z"),
    ];
    assert_eq!(
        told(&of, &[], events),
        [
            "no slot Complete by Events",
            "21 12:00 Failed(\"DeadlineExceeded\") by Events",
            "21 11:00 Complete by Events",
        ]
    );
}

#[test]
fn with_jobs_and_events_gone_the_status_tells_the_last_slot_and_success() {
    let mut of = cron_job();
    of.keeps_successful = 0;
    of.status.last_slot = Some(time("2026-11-21T12:00:00Z"));
    of.status.last_success = Some(time("2026-11-21T12:01:00Z"));
    assert_eq!(told(&of, &[], Vec::new()), ["no slot Complete by Status", "21 12:00 Gone by Status"]);
    let refusal =
        Refusal { verb: "list", resource: "jobs.batch", scope: Scope::Namespace("shop".into()), why: Why::Forbidden };
    let outlook = Outlook::new(&of, &[], std::iter::empty(), (time("2026-11-21T15:30:00Z"), true));
    let runs = history(&outlook, Known::Refused(&refusal), &[]);
    assert_eq!(
        runs.iter().map(line).collect::<Vec<_>>(),
        ["no slot Complete by Status", "21 12:00 Unread by Status"],
        "nothing is said of slots while Jobs can't be read"
    );
}

#[test]
fn slots_since_the_last_one_have_no_job_for_certain_and_older_ones_only_where_one_would_be_kept() {
    let mut of = cron_job();
    of.status.last_slot = Some(time("2026-11-21T09:00:00Z"));
    let jobs = [complete(5), complete(6), complete(9)];
    let failed = run(4, Some(("Failed", "BackoffLimitExceeded")));
    assert_eq!(
        told(&of, &[&jobs[..], &[failed]].concat(), Vec::new()),
        [
            "21 10:00 to 12:00 (3) Missed by Arithmetic",
            "21 09:00 Complete by Job",
            "21 07:00 to 08:00 (2) NoJob by Arithmetic",
            "21 06:00 Complete by Job",
            "21 05:00 Complete by Job, AtNextSuccess",
            "21 04:00 Failed(\"BackoffLimitExceeded\") by Job, AtNextFailure",
        ]
    );
    of.suspended = true;
    assert_eq!(told(&of, &jobs, Vec::new())[0], "21 10:00 to 12:00 (3) NotStarted(\"suspended\") by Arithmetic");
    // A Job may have been deleted by its own time to live, or for the next run.
    of.policy = Concurrency::Replace;
    assert!(told(&of, &jobs, Vec::new()).iter().all(|line| !line.contains("NoJob")));
}
