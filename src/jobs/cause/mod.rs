//! Why a Job or a CronJob does not start, run or end.
//!
//! A Job has ended only when a condition says so: its counts include pods that its controller stopped itself.

mod cron;
mod failed;
mod notices;
mod retry;
mod running;

pub use cron::{children, cron_verdicts};
pub use notices::{expired, left_counted};
pub use retry::{Retry, next_pod};
pub use running::lacks_pods;

use crate::facts::{Cluster, Job, Known, Pod};
use crate::findings::{Code, ObjectRef, Severity, Verdict};
use crate::pods::Circumstances;

/// What is the matter with a Job: the first verdict is its own, the others are causes and remarks. Pure: from the Job, its pods
/// (those that it controls, in any order) and what stands around them.
pub fn verdicts<'a>(job: &'a Job, pods: Known<'a, &[&'a Pod]>, around: &Circumstances<'a>) -> Vec<Verdict> {
    let mut all = Vec::new();
    if !job.meta.applied() {
        return vec![Verdict::new(Code::NotApplied, "The Job stands only in a file: whether it runs can't be told.")];
    }
    match (job.end(), job.condition("FailureTarget")) {
        (Some(end), _) if &*end.kind == "Complete" => all.push(complete(job)),
        (Some(end), _) => all.extend(failed::verdicts(job, end, pods, around)),
        (None, _) if job.managed_by.is_some() => all.push(managed_elsewhere(job)),
        (None, Some(target)) => all.extend(failed::decided(job, target, pods, around)),
        (None, None) => all.extend(running::verdicts(job, pods, around)),
    }
    all.extend(notices::verdicts(job, pods, around));
    // What is at fault says more than that it takes long.
    if all.iter().any(|verdict| verdict.severity == Severity::Fault) {
        all.retain(|verdict| verdict.code != Code::LongRunning);
    }
    for verdict in &mut all {
        // Evidence of pods names them; the verdict is the Job's unless it says otherwise.
        if verdict.object.as_ref().is_some_and(|of| of.kind == "Job" && *of.name == *job.meta.name) {
            verdict.object = None;
        }
    }
    all
}

/// The pods that a Job controls. Never by its name: a namesake made anew would mix in.
pub fn pods_of<'a>(job: &Job, cluster: &'a Cluster) -> Vec<&'a Pod> {
    cluster.pods_in(&job.meta.namespace).iter().filter(|pod| pod.meta.controlled_by(&job.meta.uid)).collect()
}

/// The completion index of an Indexed Job's pod.
pub fn index_of(pod: &Pod) -> Option<&str> {
    pod.meta.labels.get("batch.kubernetes.io/job-completion-index")
}

/// As evidence names it.
fn named(job: &Job) -> String {
    format!("Job/{}", job.meta.name)
}

/// `2 of 3 completions`, `3 pods succeeded`.
fn progress(job: &Job) -> String {
    let done = job.status.succeeded;
    match job.completions {
        Some(1) if done == 1 => "its pod succeeded".to_owned(),
        Some(all) => format!("{done} of {all} completions"),
        None => format!("{done} pod{} succeeded", if done == 1 { "" } else { "s" }),
    }
}

fn complete(job: &Job) -> Verdict {
    let status = &job.status;
    let took = match (status.started, status.completed) {
        (Some(from), Some(to)) => format!(" in {}", crate::pods::duration(to.duration_since(from))),
        _ => String::new(),
    };
    let end = job.condition("Complete");
    let mut verdict = Verdict::new(Code::JobComplete, format!("Complete{took}: {}.", progress(job)))
        .since(end.and_then(|end| end.since).or(status.completed));
    if let Some(end) = end {
        verdict = verdict.because(named(job), "status.conditions[Complete]", &end.reason);
    }
    if status.failed > 0 {
        verdict = verdict.because(
            named(job),
            "status.failed",
            format_args!("{} (pods that the controller stopped are counted too)", status.failed),
        );
    }
    verdict
}

fn managed_elsewhere(job: &Job) -> Verdict {
    let by = job.managed_by.as_deref().unwrap_or_default();
    Verdict::new(
        Code::JobManagedElsewhere,
        format!("Kubernetes' own controller leaves the Job to {by}: is that one running?"),
    )
    .severity(Severity::Waiting)
    .since(job.meta.created())
    .because(named(job), "spec.managedBy", by)
}

/// The object of a verdict about a Job.
pub fn object(job: &Job) -> ObjectRef {
    ObjectRef::new("Job", &job.meta)
}

#[cfg(test)]
mod tests;
