//! When the next pod is made after a failure (`pkg/controller/job/backoff_utils.go`).

use jiff::{SignedDuration, Timestamp};

use super::index_of;
use crate::facts::{ContainerState, Job, Pod, PodPhase};

/// The first wait; each failure doubles it.
const BASE: i64 = 10;
/// The longest (`MaxJobPodFailureBackOff`).
const MOST: i64 = 600;

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

/// The next pod after the newest failure: `finishedAt + 10 s × 2^(n−1)`, at most ten minutes. `None` where no pod failed after the last
/// success.
pub fn next_pod<'a>(job: &Job, pods: &[&'a Pod]) -> Option<Retry<'a>> {
    let failed = |pod: &&&Pod| pod.phase == PodPhase::Failed;
    let newest = pods.iter().filter(failed).max_by_key(|pod| finished(pod))?;
    // Each index has a clock of its own where it has a limit of its own.
    let same = |pod: &&&Pod| job.backoff_per_index.is_none() || index_of(pod) == index_of(newest);
    let success =
        pods.iter().filter(same).filter(|pod| pod.phase == PodPhase::Succeeded).filter_map(|pod| finished(pod)).max();
    let since: Vec<_> = pods
        .iter()
        .filter(failed)
        .filter(same)
        .filter_map(|pod| finished(pod))
        .filter(|at| Some(*at) > success)
        .collect();
    let last = since.iter().max()?;
    let failures = u32::try_from(since.len()).unwrap_or(u32::MAX);
    let wait = BASE.saturating_mul(1_i64.checked_shl(failures.saturating_sub(1).min(30)).unwrap_or(i64::MAX)).min(MOST);
    Some(Retry { failed: newest, failures, at: last.checked_add(SignedDuration::from_secs(wait)).ok()? })
}

/// When the last of a pod's containers ended; for one that succeeded, when it ceased to be ready.
pub(super) fn finished(pod: &Pod) -> Option<Timestamp> {
    let containers = pod.detail.iter().flat_map(|detail| detail.containers.iter());
    let ends = containers.filter_map(|container| match &container.state {
        ContainerState::Ended(how) => how.finished,
        _ => None,
    });
    ends.max().or(pod.ready_since)
}
