//! Jobs that have not ended: suspended, without pods, with pods that are stuck, or at work.

use std::collections::BTreeMap;

use super::{named, progress, retry};
use crate::facts::{Container, ContainerKind, ContainerState, Event, Job, Known, Pod, PodPhase};
use crate::findings::{Code, Severity, Verdict};
use crate::pods::{self, Circumstances, admission, duration};

/// What sidecars are called: their staying holds a Job, while a second worker's is its work.
const SIDECARS: [&str; 12] = [
    "sidecar",
    "proxy",
    "istio",
    "linkerd",
    "envoy",
    "agent",
    "fluent",
    "exporter",
    "collector",
    "cloudsql",
    "dapr",
    "vault",
];

pub(super) fn verdicts<'a>(job: &'a Job, pods: Known<'a, &[&'a Pod]>, around: &Circumstances<'a>) -> Vec<Verdict> {
    if job.suspended || job.condition("Suspended").is_some() {
        return vec![suspended(job)];
    }
    if job.parallelism == 0 {
        return vec![
            Verdict::new(Code::ParallelismZero, "Its parallelism is 0: no pod will be started.")
                .since(job.status.started)
                .because(named(job), "spec.parallelism", 0)
                .next(format!(
                    "kubectl -n {} patch job {} --type=merge -p '{{\"spec\":{{\"parallelism\":1}}}}'",
                    job.meta.namespace, job.meta.name
                )),
        ];
    }
    let pods = match pods {
        Known::Read(pods) => pods,
        Known::Refused(refusal) => {
            let mut at_work = at_work(job, &[]);
            if job.status.ready < job.status.active || job.status.active == 0 {
                at_work = Verdict::cannot_tell("whether its pods are stuck", refusal);
            }
            return vec![at_work];
        }
    };
    let live: Vec<&Pod> = pods.iter().copied().filter(|pod| pod.live()).collect();
    if let Some(target) = job.condition("SuccessCriteriaMet") {
        return vec![
            Verdict::new(Code::JobRunning, "It has succeeded, and says so when the rest of its pods have ended.")
                .since(target.since)
                .because(named(job), "status.conditions[SuccessCriteriaMet]", &target.reason),
        ];
    }
    if live.is_empty() {
        return vec![without_pods(job, pods, around)];
    }
    let mut all = stuck(&live, around);
    let works = all.is_empty() || live.len() > all.len();
    // Some are stuck, others work: what is stuck is the news.
    if all.first().is_none_or(|verdict| verdict.severity <= Severity::Waiting) && works {
        all.insert(0, at_work(job, &live));
    }
    all
}

/// Whether it should have a pod and has none: then it matters what the namespace's limits say.
pub fn lacks_pods(job: &Job, pods: &[&Pod]) -> bool {
    let over = job.end().is_some()
        || job.condition("FailureTarget").is_some()
        || job.condition("SuccessCriteriaMet").is_some();
    let held = job.suspended || job.parallelism == 0 || job.managed_by.is_some();
    job.meta.applied() && !over && !held && !pods.iter().any(|pod| pod.live())
}

fn suspended(job: &Job) -> Verdict {
    let condition = job.condition("Suspended");
    let mut verdict = match &job.queue {
        Some(queue) => {
            Verdict::new(Code::JobSuspended, format!("Suspended: it waits in the queue {queue} to be admitted."))
                .because(named(job), "label kueue.x-k8s.io/queue-name", queue)
        }
        None => Verdict::new(Code::JobSuspended, "Suspended: no pod runs until somebody resumes it.").next(format!(
            "kubectl -n {} patch job {} --type=merge -p '{{\"spec\":{{\"suspend\":false}}}}'",
            job.meta.namespace, job.meta.name
        )),
    };
    verdict = verdict.since(condition.and_then(|condition| condition.since).or(job.meta.created())).because(
        named(job),
        "spec.suspend",
        job.suspended,
    );
    if job.status.terminating > 0 {
        verdict = verdict.because(named(job), "status.terminating", job.status.terminating);
    }
    verdict
}

/// No pod is alive: one is awaited, or none can be made.
fn without_pods<'a>(job: &'a Job, pods: &[&'a Pod], around: &Circumstances<'a>) -> Verdict {
    if retry::used_up(job, pods) {
        return Verdict::new(Code::JobRunning, "Its retries are used up: the controller is about to call it failed.")
            .since(job.status.started);
    }
    let retry = retry::next_pod(job, pods);
    if let Some(retry) = &retry
        && around.now <= retry.at.checked_add(jiff::SignedDuration::from_secs(5)).unwrap_or(retry.at)
    {
        return waits(job, retry, around);
    }
    if let Some(refused) = pods::creation_refused("Job", &job.meta, around) {
        return refused;
    }
    let since = job.status.started.or(job.meta.created()).max(retry.map(|retry| retry.at));
    if !around.older_than(since, 20) {
        return Verdict::new(Code::JobRunning, format!("Its next pod is about to be made; {}.", progress(job)))
            .since(since);
    }
    if let Some(after) = retry.is_none().then(|| after_a_lost_pod(job, around)).flatten() {
        return after;
    }
    let limits = around.limits.filter(|limits| admission::asked_for(limits));
    if let Some(proof) = limits.and_then(|limits| admission::pod_refused(&job.meta.namespace, &job.needs, limits)) {
        return pods::refused_by(proof, Code::PodCreationRefused, "Job", &job.meta).since(since);
    }
    // Nothing in a Job's status tells a refused pod from one that nobody tried to make; only events do (facts).
    let mut verdict = Verdict::new(Code::CannotTell, "Cannot tell why it has no pod: whatever refused it stood in an event.")
        .since(since)
        .because(named(job), "status.active", job.status.active)
        .next(format!(
            "kubectl -n {0} describe resourcequota,limitrange; kubectl -n {0} get serviceaccounts  # what refuses pods; then is kube-controller-manager at work?",
            job.meta.namespace
        ));
    verdict = match around.without_events() {
        Some(refusal) => verdict.unknown(refusal),
        None => verdict.not_known("no event of a try is left"),
    };
    for refusal in limits.into_iter().flat_map(admission::unread) {
        verdict = verdict.unknown(refusal);
    }
    if limits.is_some_and(|limits| admission::unread(limits).next().is_none()) {
        verdict = verdict.not_known("ServiceAccount, LimitRanges and quotas would let it pass");
    }
    verdict
}

fn waits<'a>(job: &'a Job, retry: &retry::Retry<'a>, around: &Circumstances<'a>) -> Verdict {
    let left = retry.at.duration_since(around.now);
    let ending = pods::ending(retry.failed);
    let why = ending
        .as_ref()
        .map_or_else(|| "a pod failed".to_owned(), |ending| format!("pod {}: {}", retry.failed.meta.name, ending.says));
    let limit = job
        .backoff_limit
        .or(job.backoff_per_index)
        .map_or_else(String::new, |limit| format!(" of {}", limit.saturating_add(1)));
    let mut verdict = Verdict::new(
        Code::RetryWaiting,
        format!("The next pod is made in {}, after failure {}{limit}: {why}.", duration(left), retry.failures),
    )
    .since(retry::finished(retry.failed))
    .because(named(job), "next pod", retry.at);
    if let Some((container, how)) = ending.as_ref().and_then(|ending| ending.container) {
        verdict = pods::evidence(verdict, retry.failed, container, how, around)
            .next(format!("kubectl -n {} logs {} -c {}", job.meta.namespace, retry.failed.meta.name, container.name));
    }
    verdict
}

/// A pod was made, and is not there any more: drained, or deleted by hand. The pause before the next one is that after a failure, but how many
/// there were is gone with the pods.
fn after_a_lost_pod(job: &Job, around: &Circumstances<'_>) -> Option<Verdict> {
    let made = around.newest("Job", &job.meta, &["SuccessfulCreate"])?;
    let pod = made.message.strip_prefix("Created pod: ")?;
    let of_pod =
        |event: &&Event| &*event.kind == "Pod" && *event.name == *pod && *event.namespace == *job.meta.namespace;
    let seen = around.events.items.iter().filter(of_pod).filter_map(|event| event.last).max().max(made.last);
    if around.older_than(seen, retry::MOST + 60) {
        return None;
    }
    Some(
        Verdict::new(
            Code::RetryWaiting,
            format!("Its pod {pod} is gone; the next one is made after a pause, of 10 s at first and 10 min at most."),
        )
        .since(seen)
        .because(named(job), "event SuccessfulCreate", &made.message)
        .because(format_args!("Pod/{pod}"), "metadata.name", "not found"),
    )
}

/// The causes of live pods that are not at work: one verdict per cause, with the pods that it holds.
fn stuck<'a>(live: &[&'a Pod], around: &Circumstances<'a>) -> Vec<Verdict> {
    let mut all: Vec<Verdict> = Vec::new();
    let mut at: BTreeMap<(Code, String), (usize, usize)> = BTreeMap::new();
    for pod in live {
        let Some(verdict) = sidecar_holds(pod, around).or_else(|| held(pod, around)) else { continue };
        let same = (verdict.code, what(&verdict, pod));
        if let Some((_, more)) = at.get_mut(&same) {
            *more += 1;
        } else {
            at.insert(same, (all.len(), 0));
            all.push(verdict);
        }
    }
    for (index, more) in at.into_values().filter(|(_, more)| *more > 0) {
        all[index].says = format!("{} The same holds for {more} more of its pods.", all[index].says);
    }
    all.sort_by_key(|verdict| std::cmp::Reverse(verdict.severity));
    all
}

/// What it says without the pod's own name.
fn what(verdict: &Verdict, pod: &Pod) -> String {
    verdict.says.replace(&*pod.meta.name, "")
}

fn held(pod: &Pod, around: &Circumstances<'_>) -> Option<Verdict> {
    let first = pods::causes(pod, around).into_iter().next()?;
    // Of a Job's pods nothing asks whether they are ready: one whose containers run is at work.
    let works = match first.code {
        Code::PodReady => true,
        Code::PodStarting => runs(pod),
        Code::ProbeFailing => runs(pod) && pod.restarts == 0,
        Code::CrashLoop | Code::InitBlocked if first.severity == Severity::Waiting => runs(pod),
        _ => false,
    };
    (!works).then_some(first)
}

fn mains(pod: &Pod) -> impl Iterator<Item = &Container> {
    pod.detail
        .iter()
        .flat_map(|detail| detail.containers.iter())
        .filter(|container| container.kind == ContainerKind::Main)
}

fn runs(pod: &Pod) -> bool {
    mains(pod).any(|container| matches!(container.state, ContainerState::Running(_)))
}

/// The first container has done its work, another goes on. Native sidecars hold nothing (KEP-753).
fn sidecar_holds(pod: &Pod, around: &Circumstances<'_>) -> Option<Verdict> {
    if pod.phase != PodPhase::Running || pod.meta.deleted().is_some() {
        return None;
    }
    let mut done = mains(pod).filter_map(|container| match &container.state {
        ContainerState::Ended(how) if how.exit_code == 0 => Some((container, how.finished)),
        _ => None,
    });
    let (main, finished) = done.next()?;
    let running: Vec<&Container> =
        mains(pod).filter(|container| matches!(container.state, ContainerState::Running(_))).collect();
    // One that ends by itself when its work is done takes a moment.
    if running.is_empty() || !around.older_than(finished, 3) {
        return None;
    }
    let aside = |container: &&Container| {
        SIDECARS.iter().any(|word| container.name.contains(word) || container.image.contains(word))
    };
    let names: Vec<&str> = running.iter().map(|container| &*container.name).collect();
    let names = names.join(", ");
    let known = running.iter().all(aside);
    let says = if known {
        format!(
            "Container {} has ended with success, but {names} goes on beside it, and the Job ends only with all containers.",
            main.name
        )
    } else {
        format!(
            "Container {} has ended with success and {names} goes on. If that is no work of its own, the Job never ends.",
            main.name
        )
    };
    Some(
        Verdict::new(Code::SidecarHoldsJob, says)
            .severity(if known { Severity::Fault } else { Severity::Waiting })
            .since(finished)
            .because(format_args!("Pod/{}", pod.meta.name), &format!("{} state.terminated", main.name), "exit code 0")
            .because(format_args!("Pod/{}", pod.meta.name), "state.running", &names)
            .next(format!(
                "kubectl -n {} exec {} -c {} -- kill 1  # ends it now; for good: make it an init container with restartPolicy Always (a native sidecar)",
                pod.meta.namespace, pod.meta.name, running[0].name
            )),
    )
}

fn at_work(job: &Job, live: &[&Pod]) -> Verdict {
    let status = &job.status;
    let pods = match live.len() {
        0 => format!("{} active", status.active),
        1 => "1 pod at work".to_owned(),
        n => format!("{n} pods at work"),
    };
    let mut verdict =
        Verdict::new(Code::JobRunning, format!("Running: {pods}, {}.", progress(job))).since(status.started);
    if status.failed > 0 {
        verdict = verdict.because(named(job), "status.failed", status.failed);
    }
    let restarts: u32 = live.iter().map(|pod| pod.restarts).sum();
    if restarts > 0 {
        let limit = job.backoff_limit.map_or_else(String::new, |limit| format!(" of {limit} that backoffLimit allows"));
        verdict = verdict.because(named(job), "restarts of its containers", format_args!("{restarts}{limit}"));
    }
    verdict
}
