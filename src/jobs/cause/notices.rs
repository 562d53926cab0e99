//! What is worth knowing of a Job besides its verdict.

use jiff::SignedDuration;

use super::named;
use crate::facts::{Cluster, Event, Job, Known, Pod};
use crate::findings::{Code, ObjectRef, Verdict};
use crate::pods::{self, Circumstances, duration, short};

/// The threshold of the alert KubeJobNotCompleted (kubernetes-mixin, `kubeJobTimeoutDuration`).
const LONG: i64 = 12 * 3600;

/// The finalizer by which a Job's pods are counted.
pub(super) const TRACKING: &str = "batch.kubernetes.io/job-tracking";

pub(super) fn verdicts(job: &Job, pods: Known<'_, &[&Pod]>, around: &Circumstances<'_>) -> Vec<Verdict> {
    let pods = pods.read().unwrap_or_default();
    [long_running(job, around), tracking(job, pods, around), disruptions(job, pods), indexes(job), kept(job)]
        .into_iter()
        .flatten()
        .collect()
}

fn long_running(job: &Job, around: &Circumstances<'_>) -> Option<Verdict> {
    let started = job.status.started.filter(|at| job.end().is_none() && around.older_than(Some(*at), LONG))?;
    Some(
        Verdict::new(
            Code::LongRunning,
            format!(
                "It is at work for {}, longer than the usual alert allows (12 h).",
                duration(around.now.duration_since(started))
            ),
        )
        .since(started.checked_add(SignedDuration::from_secs(LONG)).ok())
        .because(named(job), "status.startTime", started),
    )
}

/// Kubernetes' own controller removes the finalizer at once, also where the owner is gone; another that manages the Job may not (facts).
fn tracking(job: &Job, pods: &[&Pod], around: &Circumstances<'_>) -> Option<Verdict> {
    let by = job.managed_by.as_deref()?;
    let held = |pod: &&&Pod| {
        pod.meta.deleted().is_some()
            && around.older_than(pod.meta.deleted(), 30)
            && pod.meta.finalizers.iter().any(|f| &**f == TRACKING)
    };
    let pod = pods.iter().find(held)?;
    Some(
        Verdict::new(
            Code::TrackingFinalizerHolds,
            format!("Pod {} is deleted, and the finalizer that counts it stays: {by} has to remove it.", pod.meta.name),
        )
        .since(pod.meta.deleted())
        .because(format_args!("Pod/{}", pod.meta.name), "metadata.finalizers", TRACKING)
        .because(named(job), "spec.managedBy", by),
    )
}

/// Pods that are deleted and whose Job is gone: the controller takes its finalizer from them at once, unless it is down.
pub fn left_counted(cluster: &Cluster, around: &Circumstances<'_>) -> Vec<Verdict> {
    if cluster.jobs.missing.is_some() {
        return Vec::new();
    }
    let left = |pod: &&Pod| {
        let owner = pod.meta.controller().filter(|owner| &*owner.kind == "Job");
        let gone = owner
            .is_some_and(|owner| !cluster.jobs_in(&pod.meta.namespace).iter().any(|job| job.meta.uid == owner.uid));
        gone && around.older_than(pod.meta.deleted(), 60) && pod.meta.finalizers.iter().any(|f| &**f == TRACKING)
    };
    cluster
        .pods
        .items
        .iter()
        .filter(left)
        .map(|pod| {
            Verdict::new(
                Code::TrackingFinalizerHolds,
                format!("Pod {} is deleted and its Job is gone, but the finalizer that counts it stays: is kube-controller-manager at work?", pod.meta.name),
            )
            .about(ObjectRef::new("Pod", &pod.meta))
            .since(pod.meta.deleted())
            .because(format_args!("Pod/{}", pod.meta.name), "metadata.finalizers", TRACKING)
        })
        .collect()
}

fn disruptions(job: &Job, pods: &[&Pod]) -> Option<Verdict> {
    if job.ignores_disruption {
        return None;
    }
    let endings: Vec<_> =
        pods.iter().filter_map(|pod| Some((pod, pods::ending(pod)?))).filter(|(_, e)| e.disrupted).collect();
    let (pod, first) = endings.first().filter(|(_, ending)| ending.code != Code::NodeLost || job.status.failed > 0)?;
    let verdict = Verdict::new(
        Code::DisruptionsCounted,
        format!(
            "{} of its pods {} ended from outside, and that used up retries; a podFailurePolicy with Ignore on DisruptionTarget spares them.",
            endings.len(),
            if endings.len() == 1 { "was" } else { "were" }
        ),
    );
    Some(verdict.because(format_args!("Pod/{}", pod.meta.name), "status.conditions[DisruptionTarget]", &first.says))
}

fn indexes(job: &Job) -> Option<Verdict> {
    let failed = job.end().filter(|end| &*end.kind == "Failed")?;
    let all = job.completions.filter(|_| job.indexed)?;
    let missing = missing_indexes(&job.status.completed_indexes, all);
    (!missing.is_empty()).then(|| {
        Verdict::new(Code::IndexesMissing, format!("Indexes that have not completed: {missing}."))
            .since(failed.since)
            .because(
                named(job),
                "status.completedIndexes",
                if job.status.completed_indexes.is_empty() { "none" } else { &job.status.completed_indexes },
            )
            .because(named(job), "spec.completions", all)
    })
}

/// What `0,2-4` leaves of `0..completions`, written the same way.
fn missing_indexes(completed: &str, completions: i32) -> String {
    let mut next = 0;
    let mut gaps = Vec::new();
    let ranges = completed.split(',').filter(|part| !part.is_empty()).filter_map(|part| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        Some((from.parse::<i32>().ok()?, to.parse::<i32>().ok()?))
    });
    for (from, to) in ranges.chain([(completions, completions)]) {
        if from > next {
            gaps.push(if from == next + 1 { next.to_string() } else { format!("{next}-{}", from - 1) });
        }
        next = next.max(to.saturating_add(1));
    }
    gaps.join(",")
}

/// The alert KubeJobFailed ends only when the object goes.
fn kept(job: &Job) -> Option<Verdict> {
    let failed = job.end().filter(|end| &*end.kind == "Failed" && job.ttl.is_none())?;
    // A CronJob's own are removed by its history limit when the next one fails.
    if job.cron_job().is_some() {
        return None;
    }
    Some(
        Verdict::new(
            Code::FailedJobKept,
            "The Job stays until somebody deletes it, and an alert on failed Jobs stays with it.",
        )
        .since(failed.since)
        .because(named(job), "spec.ttlSecondsAfterFinished", "not set")
        .next(format!("kubectl -n {} delete job {}  # when you have read its logs", job.meta.namespace, job.meta.name)),
    )
}

/// What is left of a Job that is gone: its events, for an hour.
pub fn expired(namespace: &str, name: &str, events: &[Event]) -> Option<Verdict> {
    let of: Vec<&Event> =
        events.iter().filter(|e| &*e.namespace == namespace && &*e.kind == "Job" && *e.name == *name).collect();
    let newest = of.first()?;
    let outcome = of.iter().find(|event| {
        matches!(
            &*event.reason,
            "Completed"
                | "BackoffLimitExceeded"
                | "DeadlineExceeded"
                | "PodFailurePolicy"
                | "FailedIndexes"
                | "MaxFailedIndexesExceeded"
        )
    });
    let says = match outcome {
        Some(event) if &*event.reason == "Completed" => "The Job is gone; it had completed.".to_owned(),
        Some(event) => format!("The Job is gone; it had failed: {}.", event.reason),
        None => "The Job is gone, and how it ended is not known.".to_owned(),
    };
    let mut verdict = Verdict::new(Code::ResultExpired, says).since(newest.last).about(ObjectRef {
        kind: "Job",
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        uid: newest.uid.clone(),
    });
    for event in of.iter().take(3) {
        verdict =
            verdict.because(format_args!("Job/{name}"), &format!("event {}", event.reason), short(&event.message));
    }
    Some(verdict)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_indexes_are_written_as_the_status_writes_completed_ones() {
        assert_eq!(missing_indexes("0,2-4", 8), "1,5-7");
        assert_eq!(missing_indexes("", 3), "0-2");
        assert_eq!(missing_indexes("0-2", 3), "");
        assert_eq!(missing_indexes("1", 2), "0");
    }
}
