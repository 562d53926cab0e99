//! When the next pod is made after a failure (`pkg/controller/job/backoff_utils.go`).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::index_of;
use crate::facts::{ContainerKind, ContainerState, Job, Pod, PodPhase};

/// The first wait; each failure doubles it.
const BASE: i64 = 10;
/// The longest (`MaxJobPodFailureBackOff`).
pub(super) const MOST: i64 = 600;

/// When a pod is made again, and why not before.
#[derive(Debug, Clone, Copy)]
pub struct Retry<'a> {
    /// The pod that failed last.
    pub failed: &'a Pod,
    /// How many have failed since the last success.
    pub failures: u32,
    /// When the next one is made.
    pub at: Timestamp,
}

/// The next pod after the newest failure: `finishedAt + 10 s × 2^(n−1)`, at most ten minutes. Where each index has a limit of its own it has
/// a clock of its own too, and the first that is due comes next. `None` where no pod failed after the last success, or none is made again.
pub fn next_pod<'a>(job: &Job, pods: &[&'a Pod]) -> Option<Retry<'a>> {
    let Some(limit) = job.backoff_per_index else { return due(pods).filter(|_| !used_up(job, pods)) };
    let limit = u32::try_from(limit).unwrap_or(0);
    let mut indexes: BTreeMap<Option<&str>, Vec<&'a Pod>> = BTreeMap::new();
    for pod in pods {
        indexes.entry(index_of(pod)).or_default().push(pod);
    }
    let again = indexes.into_values().filter_map(|pods| due(&pods)).filter(|retry| retry.failures <= limit);
    again.min_by_key(|retry| retry.at)
}

/// Whether more pods have failed than it allows: its failure is decided, though nothing says so yet. Not told where its policy has the
/// controller pass over failures.
pub(super) fn used_up(job: &Job, pods: &[&Pod]) -> bool {
    let failed = pods.iter().filter(|pod| pod.phase == PodPhase::Failed).count();
    !job.ignores_failures && job.backoff_limit.is_some_and(|limit| failed > usize::try_from(limit).unwrap_or(0))
}

fn due<'a>(pods: &[&'a Pod]) -> Option<Retry<'a>> {
    let of = |phase| pods.iter().copied().filter(move |pod: &&Pod| pod.phase == phase);
    let success = of(PodPhase::Succeeded).filter_map(finished).max();
    let since =
        of(PodPhase::Failed).filter_map(|pod| Some((finished(pod)?, pod))).filter(|(at, _)| Some(*at) > success);
    let (mut failures, mut newest) = (0, None);
    for (at, pod) in since {
        failures += 1;
        newest = newest.filter(|(newest, _)| *newest > at).or(Some((at, pod)));
    }
    let (last, failed) = newest?;
    let wait = BASE.saturating_mul(1_i64.checked_shl(failures - 1).unwrap_or(i64::MAX).max(1)).clamp(BASE, MOST);
    Some(Retry { failed, failures, at: last.checked_add(SignedDuration::from_secs(wait)).ok()? })
}

/// When a pod ended, as its controller reckons it (`getFinishedTime`): when the last of its main containers and sidecars did; where one of
/// them never ran, as behind an init container that failed, when the pod ceased to be ready, which then is when it was first seen.
pub(super) fn finished(pod: &Pod) -> Option<Timestamp> {
    let containers = pod.detail.iter().flat_map(|detail| detail.containers.iter());
    let ends: Option<Vec<Timestamp>> = containers
        .filter(|container| container.kind != ContainerKind::Init)
        .map(|container| match &container.state {
            ContainerState::Ended(how) => how.finished,
            _ => None,
        })
        .collect();
    ends.unwrap_or_default().into_iter().max().or(pod.ready_since()).or(pod.meta.created())
}
