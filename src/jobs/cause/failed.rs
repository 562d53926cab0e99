//! Jobs that have failed, or whose failure is decided.

use super::{named, progress};
use crate::facts::{ContainerState, Job, JobCondition, Known, Pod};
use crate::findings::{Code, Verdict};
use crate::pods::{self, Circumstances, Ending, duration};

pub(super) fn verdicts<'a>(
    job: &'a Job,
    end: &'a JobCondition,
    pods: Known<'a, &[&'a Pod]>,
    around: &Circumstances<'a>,
) -> Vec<Verdict> {
    let (code, why) = reason(job, end);
    let worst = pods.read().and_then(|pods| decisive(end, pods));
    let cause = match &worst {
        Some((pod, ending)) => format!(" Pod {}: {}.", pod.meta.name, ending.says),
        None => String::new(),
    };
    let mut verdict = Verdict::new(code, format!("{why}; {}.{cause}", progress(job))).since(end.since);
    verdict = verdict.because(named(job), "status.conditions[Failed]", format_args!("{}: {}", end.reason, end.message));
    if let (Some(from), Some(to)) = (job.status.started, end.since) {
        verdict = verdict.because(
            named(job),
            "status.startTime",
            format_args!("{from} ({} before it failed)", duration(to.duration_since(from))),
        );
    }
    verdict = counted(job, verdict);
    if !job.status.failed_indexes.is_empty() {
        verdict = verdict.because(named(job), "status.failedIndexes", &job.status.failed_indexes);
    }
    if let Some((pod, ending)) = &worst {
        if let Some((container, how)) = ending.container {
            verdict = pods::evidence(verdict, pod, container, how, around);
            verdict =
                verdict.next(format!("kubectl -n {} logs {} -c {}", job.meta.namespace, pod.meta.name, container.name));
        } else {
            verdict = verdict.because(format_args!("Pod/{}", pod.meta.name), "status", &ending.says);
        }
    }
    if let Known::Refused(refusal) = pods {
        verdict = verdict.unknown(refusal);
    }
    let mut all = vec![verdict];
    all.extend(logs_gone(job, end, pods));
    all
}

/// `FailureTarget` is irrevocable; `Failed` follows when the last container has ended (KEP-3939).
pub(super) fn decided<'a>(
    job: &'a Job,
    target: &'a JobCondition,
    pods: Known<'a, &[&'a Pod]>,
    around: &Circumstances<'a>,
) -> Vec<Verdict> {
    let (_, why) = reason(job, target);
    let running: Vec<&Pod> = pods.read().unwrap_or_default().iter().copied().filter(|pod| runs(pod)).collect();
    let names: Vec<&str> = running.iter().take(3).map(|pod| &*pod.meta.name).collect();
    let whom = match running.len() {
        0 => format!("{} of its pods to end", job.status.terminating.max(1)),
        1 => format!("pod {} to end", names[0]),
        n => format!("{n} pods to end: {}", names.join(", ")),
    };
    let mut verdict =
        Verdict::new(Code::FailureDecided, format!("{why}. It says so when it has done with waiting for {whom}."))
            .since(target.since)
            .because(
                named(job),
                "status.conditions[FailureTarget]",
                format_args!("{}: {}", target.reason, target.message),
            )
            .because(named(job), "status.terminating", job.status.terminating);
    if let Some((pod, ending)) = pods.read().and_then(|pods| decisive(target, pods)) {
        verdict = verdict.because(format_args!("Pod/{}", pod.meta.name), "ended", &ending.says);
    }
    if let Known::Refused(refusal) = pods {
        verdict = verdict.unknown(refusal);
    }
    let mut all = vec![verdict];
    if let Some(pod) = running.first() {
        all.extend(
            pods::causes(pod, around)
                .into_iter()
                .filter(|verdict| pod.meta.deleted().is_some() && verdict.code != Code::PodReady),
        );
    }
    all
}

/// The code of a reason, and what it says. A reason of another's (`ManuallyTerminated`) is passed on.
fn reason(job: &Job, end: &JobCondition) -> (Code, String) {
    match &*end.reason {
        "BackoffLimitExceeded" => {
            let limit = job.backoff_limit.map_or_else(String::new, |limit| format!(" (backoffLimit {limit})"));
            (Code::BackoffLimitExceeded, format!("Failed: its retries are used up{limit}"))
        }
        "DeadlineExceeded" => {
            let limit = job.deadline.map_or_else(String::new, |limit| format!(" of {limit} s"));
            (Code::DeadlineExceeded, format!("Failed: it was still at work at its deadline{limit}"))
        }
        "PodFailurePolicy" => (Code::PodFailurePolicy, format!("Failed by its podFailurePolicy: {}", end.message)),
        "FailedIndexes" => (Code::FailedIndexes, "Failed: indexes of it used up their retries".to_owned()),
        "MaxFailedIndexesExceeded" => {
            (Code::MaxFailedIndexesExceeded, "Failed: more indexes failed than maxFailedIndexes allows".to_owned())
        }
        other => (Code::JobFailed, format!("Failed: {other} {}", end.message).trim_end().to_owned()),
    }
}

/// The pod that tells why: the one that the message names, else the last that failed by itself.
fn decisive<'a>(end: &JobCondition, pods: &[&'a Pod]) -> Option<(&'a Pod, Ending<'a>)> {
    let failed = pods.iter().filter_map(|pod| Some((*pod, pods::ending(pod)?)));
    let named = |pod: &Pod| end.message.contains(&format!("/{} ", pod.meta.name));
    // Pods that the controller stopped itself are being deleted when they end.
    failed.max_by_key(|(pod, ending)| {
        (
            named(pod),
            pod.meta.deleted().is_none(),
            !ending.disrupted,
            ending.container.and_then(|(_, how)| how.finished),
        )
    })
}

/// Whether a container of it still runs: such a pod holds the Job's end, a dead one does not, whatever its finalizers (facts).
fn runs(pod: &Pod) -> bool {
    pod.live()
        && pod
            .detail
            .as_ref()
            .is_none_or(|detail| detail.containers.iter().any(|c| matches!(c.state, ContainerState::Running(_))))
}

fn counted(job: &Job, verdict: Verdict) -> Verdict {
    let failed = job.status.failed;
    if failed == 0 {
        return verdict;
    }
    verdict.because(
        named(job),
        "status.failed",
        format_args!("{failed} (pods that the controller stopped are counted too)"),
    )
}

/// Which logs can't be had any more, and why.
fn logs_gone(job: &Job, end: &JobCondition, pods: Known<'_, &[&Pod]>) -> Option<Verdict> {
    let pods = pods.read()?;
    let left = pods.iter().filter(|pod| pods::ending(pod).is_some()).count();
    if left > 0 {
        return None;
    }
    let says = match &*end.reason {
        "DeadlineExceeded" => "The controller deleted its pods at the deadline, and their logs with them.",
        "BackoffLimitExceeded" if job.restarts_in_place => {
            "With restartPolicy OnFailure the pod is deleted at the limit, and its logs with it; with Never failed pods stay."
        }
        _ => "Its pods are gone, and their logs with them.",
    };
    Some(Verdict::new(Code::LogsGone, says).since(end.since).because(named(job), "pods", "none left that failed").next(
        format!(
            "kubectl -n {} get events --field-selector involvedObject.name={}  # kept for an hour",
            job.meta.namespace, job.meta.name
        ),
    ))
}
