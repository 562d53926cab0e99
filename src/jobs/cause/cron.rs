//! Why a CronJob did not run, as its status, its Jobs, its events and the arithmetic of its schedule tell.

use jiff::Timestamp;

use super::pods_of;
use crate::facts::{Cluster, Concurrency, CronJob, Event, Job, Known};
use crate::findings::{Code, ObjectRef, Severity, Verdict};
use crate::jobs::schedule::{self, Outlook};
use crate::pods::{self, Circumstances, duration, short};

/// A CronJob's Jobs, those made by hand included; the newest first.
pub fn children<'a>(cron_job: &CronJob, cluster: &'a Cluster) -> Vec<&'a Job> {
    let mut all: Vec<&Job> = cluster
        .jobs_in(&cron_job.meta.namespace)
        .iter()
        .filter(|job| job.meta.controlled_by(&cron_job.meta.uid))
        .collect();
    all.sort_by_key(|job| std::cmp::Reverse((job.status.started.or(job.meta.created()), job.meta.name.clone())));
    all
}

/// What is the matter with a CronJob: the first verdict is its own.
pub fn cron_verdicts(cron_job: &CronJob, cluster: &Cluster, around: &Circumstances<'_>) -> Vec<Verdict> {
    if !cron_job.meta.applied() {
        let mut all =
            vec![Verdict::new(Code::NotApplied, "The CronJob stands only in a file: whether it runs can't be told.")];
        let outlook = Outlook::new(cron_job, &[], std::iter::empty(), (cluster.now, cluster.dated));
        all.extend(schedule::verdicts(&outlook, Known::Read(&[])));
        all.extend(zone_in_schedule(cron_job).into_iter().chain(deadline_too_short(cron_job)));
        return all;
    }
    let children = children(cron_job, cluster);
    let outlook =
        Outlook::new(cron_job, &children, around.about("CronJob", &cron_job.meta), (cluster.now, cluster.dated));
    let known = cluster.jobs.missing.as_ref().map_or(Known::Read(&*children), Known::Refused);
    let jobs_read = cluster.jobs.missing.is_none();
    let mut all: Vec<Verdict> = [
        suspended(cron_job, &outlook),
        schedule::verdicts(&outlook, known),
        zone_in_schedule(cron_job),
        run_refused(cron_job, &outlook, around),
        forbid_holds(cron_job, &outlook, around),
        replace_kills(cron_job, &children, around),
    ]
    .into_iter()
    .flatten()
    .collect();
    all.extend(runs_failing(cron_job, &children, cluster, around));
    let notices = [
        manual_run(cron_job, &children),
        jobs_read.then(|| active_gone(cron_job, cluster)).flatten(),
        no_history(cron_job),
        too_many_missed(cron_job, around),
    ];
    let quiet = |verdict: &Verdict| verdict.severity == Severity::Notice && verdict.code != Code::StartMissed;
    if all.iter().all(quiet) {
        all.insert(0, last_run(cron_job, &children, &outlook));
    }
    all.extend(notices.into_iter().flatten());
    if let Some(refusal) = &cluster.jobs.missing {
        all.push(Verdict::cannot_tell("how its runs went", refusal));
    }
    all
}

fn named(cron_job: &CronJob) -> String {
    format!("CronJob/{}", cron_job.meta.name)
}

fn about(job: &Job) -> ObjectRef {
    ObjectRef::new("Job", &job.meta)
}

fn suspended(cron_job: &CronJob, outlook: &Outlook<'_>) -> Option<Verdict> {
    if !cron_job.suspended {
        return None;
    }
    let resumed = match (outlook.due, outlook.holder, &outlook.timetable) {
        (Some(due), Some(job), _) => {
            format!(
                "When it is resumed, the missed slot of {} starts as soon as Job {} has ended.",
                due.slot, job.meta.name
            )
        }
        (Some(due), None, _) => format!("When it is resumed, the missed slot of {} starts at once.", due.slot),
        (None, _, Ok(table)) if table.zone.known() => "Resumed now, it starts with its next slot.".to_owned(),
        _ => "When it is resumed, a slot that was missed meanwhile may start one run at once.".to_owned(),
    };
    Some(
        Verdict::new(Code::CronSuspended, format!("Suspended: no run is started. {resumed}"))
            .because(named(cron_job), "spec.suspend", true)
            .because(named(cron_job), "status.lastScheduleTime", slot(cron_job.status.last_slot))
            .next(format!(
                "kubectl -n {} patch cronjob {} --type=merge -p '{{\"spec\":{{\"suspend\":false}}}}'",
                cron_job.meta.namespace, cron_job.meta.name
            )),
    )
}

fn slot(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "never".to_owned(), |at| at.to_string())
}

/// Refused by the API at creation; only in files and on objects older than that check.
fn zone_in_schedule(cron_job: &CronJob) -> Option<Verdict> {
    let schedule = &*cron_job.schedule;
    let zone = schedule.strip_prefix("CRON_TZ=").or_else(|| schedule.strip_prefix("TZ="))?;
    let (zone, rest) = zone.split_once(' ').unwrap_or((zone, ""));
    Some(
        Verdict::new(Code::ZoneInSchedule, "The schedule carries a time zone; the API refuses that today.")
            .because(named(cron_job), "spec.schedule", schedule)
            .next(format!(
                "kubectl -n {} patch cronjob {} --type=merge -p '{{\"spec\":{{\"schedule\":\"{}\",\"timeZone\":\"{zone}\"}}}}'",
                cron_job.meta.namespace, cron_job.meta.name, rest.trim()
            )),
    )
}

/// Controllers up to 1.20 looked every ten seconds; today's start such slots all the same (facts: 33 of 33).
fn deadline_too_short(cron_job: &CronJob) -> Option<Verdict> {
    let deadline = cron_job.starting_deadline.filter(|deadline| *deadline < 10)?;
    Some(
        Verdict::new(Code::DeadlineTooShort, "Controllers of old, which looked every ten seconds, may never start it.")
            .because(named(cron_job), "spec.startingDeadlineSeconds", deadline),
    )
}

/// While creation fails the controller retries with growing gaps and looks no more at the clock: slots are lost, and go on being lost after
/// the cause is gone (facts: section 4).
fn run_refused(cron_job: &CronJob, outlook: &Outlook<'_>, around: &Circumstances<'_>) -> Option<Verdict> {
    let refused = outlook.refused?;
    let mut verdict = pods::creation_refused("CronJob", &cron_job.meta, around)?;
    verdict.code = Code::RunRefused;
    let due = if refused.next > around.now {
        let left = duration(refused.next.duration_since(around.now));
        format!("in about {left}; slots until then are lost")
    } else {
        "about now".to_owned()
    };
    verdict.says = format!("{} The next try is due {due}.", verdict.says);
    Some(verdict.because(named(cron_job), "status.lastScheduleTime", slot(cron_job.status.last_slot)))
}

fn running<'a>(children: &[&'a Job]) -> impl Iterator<Item = &'a Job> {
    children.iter().copied().filter(|job| job.end().is_none())
}

/// Whether the CronJob itself counts the Job as going on: those made by hand it never does.
fn counted(cron_job: &CronJob, job: &Job) -> bool {
    cron_job.status.active.iter().any(|(_, uid)| job.meta.uid == *uid)
}

fn forbid_holds(cron_job: &CronJob, outlook: &Outlook<'_>, around: &Circumstances<'_>) -> Option<Verdict> {
    let job = outlook.holder.filter(|_| !cron_job.suspended)?;
    let started = job.status.started.or(job.meta.created());
    let held = around.newest("CronJob", &cron_job.meta, &["JobAlreadyActive"]);
    // An event of a run before says nothing of this one.
    let held = held.filter(|event| event.last >= started);
    let passed = outlook.passed();
    // The event counts how often the controller looked, not slots.
    let slots = passed.map_or(i64::from(held.is_some()), |due| due.missed);
    if slots == 0 {
        return None;
    }
    let mut verdict = Verdict::new(
        Code::ForbidHolds,
        format!(
            "Job {} still runs{}, and concurrencyPolicy Forbid lets no other begin.",
            job.meta.name,
            started.map_or_else(String::new, |at| format!(" after {}", duration(around.now.duration_since(at))))
        ),
    )
    .severity(if slots > 1 { Severity::Fault } else { Severity::Waiting })
    .since(started)
    .because(format_args!("Job/{}", job.meta.name), "status.startTime", slot(started));
    if let Some(due) = passed {
        let which = format!("{}, newest: {}", due.missed, due.slot);
        verdict = verdict.because(named(cron_job), "slots since status.lastScheduleTime", which);
    }
    if let Some(event) = held {
        let text = format!("x{}: {}", event.count, short(&event.message));
        verdict = verdict.because(named(cron_job), "event JobAlreadyActive", text);
    }
    Some(verdict.next(format!("kubectl job status {} -n {}", job.meta.name, job.meta.namespace)))
}

/// Under Replace a run that takes longer than the time between two slots never ends: each is deleted for the next.
fn replace_kills(cron_job: &CronJob, children: &[&Job], around: &Circumstances<'_>) -> Option<Verdict> {
    if cron_job.policy != Concurrency::Replace || cron_job.suspended || children.iter().any(|job| job.end().is_some()) {
        return None;
    }
    let job = running(children).next()?;
    let deleted: Vec<&Event> =
        around.about("CronJob", &cron_job.meta).filter(|event| &*event.reason == "SuccessfulDelete").collect();
    let kills: u32 = deleted.iter().map(|event| event.count).sum();
    let since = deleted.last()?.last;
    // A success since the first of these deletions shows that runs do end.
    if kills < 2 || cron_job.status.last_success.is_some_and(|at| Some(at) >= since) {
        return None;
    }
    Some(
        Verdict::new(
            Code::ReplaceKillsRuns,
            format!("{kills} runs were deleted for the next before they ended: under Replace a run must take less than the time between two slots."),
        )
        .since(since)
        .because(named(cron_job), "spec.concurrencyPolicy", "Replace")
        .because(named(cron_job), "event SuccessfulDelete", format_args!("x{kills}"))
        .because(named(cron_job), "status.lastSuccessfulTime", slot(cron_job.status.last_success))
        .because(format_args!("Job/{}", job.meta.name), "status.startTime", slot(job.status.started))
        .next(format!(
            "kubectl -n {} patch cronjob {} --type=merge -p '{{\"spec\":{{\"concurrencyPolicy\":\"Forbid\"}}}}'  # or a schedule with longer gaps",
            cron_job.meta.namespace, cron_job.meta.name
        )),
    )
}

/// The newest run that ended failed, or the one that goes on is stuck.
fn runs_failing(cron_job: &CronJob, children: &[&Job], cluster: &Cluster, around: &Circumstances<'_>) -> Vec<Verdict> {
    let mut all = Vec::new();
    let cause = |job: &Job| {
        let pods = pods_of(job, cluster);
        let known = match &cluster.pods.missing {
            Some(refusal) if pods.is_empty() => Known::Refused(refusal),
            _ => Known::Read(&*pods),
        };
        super::verdicts(job, known, around).into_iter().next()
    };
    let ended: Vec<&&Job> = children.iter().filter(|job| job.end().is_some()).collect();
    let failed = ended.iter().take_while(|job| job.condition("Failed").is_some()).count();
    // With a limit of 0 successes leave no Job: one after the failure is told by the status alone.
    let newest = ended.first().filter(|job| {
        let end = job.end().and_then(|end| end.since);
        cron_job.status.last_success.is_none_or(|at| Some(at) < end)
    });
    if let (Some(newest), true) = (newest, failed > 0) {
        let verdict = cause(newest);
        let why = verdict.as_ref().map_or(String::new(), |verdict| format!(" {}", verdict.says));
        let says = if failed == 1 {
            format!("The newest run that ended, {}, failed.{why}", newest.meta.name)
        } else {
            format!("The newest {failed} runs failed, the last of them {}.{why}", newest.meta.name)
        };
        let mut failing = Verdict::new(Code::RunsFailing, says)
            .since(ended.iter().take(failed).filter_map(|job| job.end()?.since).min())
            .because(named(cron_job), "status.lastSuccessfulTime", slot(cron_job.status.last_success));
        if let Some(verdict) = verdict {
            failing.evidence.extend(verdict.evidence);
            failing.unknown = verdict.unknown;
        }
        all.push(failing.next(format!("kubectl job status {} -n {}", newest.meta.name, newest.meta.namespace)));
    }
    for job in running(children) {
        let stuck = cause(job).filter(|verdict| verdict.severity == Severity::Fault);
        all.extend(stuck.map(|verdict| verdict.about(about(job))));
    }
    all
}

fn manual_run(cron_job: &CronJob, children: &[&Job]) -> Option<Verdict> {
    let job = running(children).find(|job| job.manual && !counted(cron_job, job))?;
    let beside = if cron_job.policy == Concurrency::Allow { "" } else { ", so a scheduled run may start beside it" };
    Some(
        Verdict::new(
            Code::ManualRunActive,
            format!("Job {} was made by hand and is at work; the CronJob does not count it{beside}.", job.meta.name),
        )
        .since(job.status.started)
        .because(
            format_args!("Job/{}", job.meta.name),
            "annotation cronjob.kubernetes.io/instantiate",
            "manual",
        ),
    )
}

fn active_gone(cron_job: &CronJob, cluster: &Cluster) -> Option<Verdict> {
    let jobs = cluster.jobs_in(&cron_job.meta.namespace);
    let (name, uid) = cron_job.status.active.iter().find(|(_, uid)| !jobs.iter().any(|job| job.meta.uid == *uid))?;
    Some(
        Verdict::new(
            Code::ActiveJobGone,
            format!("The status names Job {name}, which does not exist; the controller clears that at its next look."),
        )
        .because(named(cron_job), "status.active", format_args!("{name} ({uid})")),
    )
}

fn no_history(cron_job: &CronJob) -> Option<Verdict> {
    let (good, bad) = (cron_job.keeps_successful, cron_job.keeps_failed);
    let which = match (good, bad) {
        (0, 0) => "No finished Job is kept",
        (0, _) => "No Job that succeeded is kept",
        (_, 0) => "No Job that failed is kept",
        _ => return None,
    };
    Some(
        Verdict::new(
            Code::NoHistoryKept,
            format!("{which}: it is deleted within milliseconds of its end, and its logs with it."),
        )
        .because(named(cron_job), "spec.successfulJobsHistoryLimit", good)
        .because(named(cron_job), "spec.failedJobsHistoryLimit", bad),
    )
}

/// A warning only, since 1.21: the latest slot starts all the same.
fn too_many_missed(cron_job: &CronJob, around: &Circumstances<'_>) -> Option<Verdict> {
    let event = around.newest("CronJob", &cron_job.meta, &["TooManyMissedTimes"])?;
    Some(
        Verdict::new(Code::TooManyMissed, "More than 100 slots were missed; the latest of them started all the same.")
            .since(event.last)
            .because(named(cron_job), "event TooManyMissedTimes", short(&event.message)),
    )
}

fn last_run(cron_job: &CronJob, children: &[&Job], outlook: &Outlook<'_>) -> Verdict {
    let goes_on = running(children).next();
    let says = match (goes_on, cron_job.status.last_slot) {
        (Some(job), _) => format!("Job {} runs now.", job.meta.name),
        (None, Some(at)) => format!("The last run was that of {at}."),
        (None, None) => "It has not run yet.".to_owned(),
    };
    let next = match (outlook.slots(1).first(), &outlook.timetable) {
        (Some(next), Ok(table)) if table.zone.known() || table.schedule.every().is_some() => {
            format!(" The next is due at {}.", next.at)
        }
        (Some(next), _) => format!(" The next is due at {}, if the controller manager runs in UTC.", next.at),
        (None, _) => String::new(),
    };
    Verdict::new(Code::OnSchedule, says + &next)
        .because(named(cron_job), "spec.schedule", &cron_job.schedule)
        .because(named(cron_job), "status.lastScheduleTime", slot(cron_job.status.last_slot))
        .because(named(cron_job), "status.lastSuccessfulTime", slot(cron_job.status.last_success))
}
