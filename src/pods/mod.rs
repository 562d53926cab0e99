//! Why a pod does not start, run or end: shared by sets and Jobs.
//!
//! The pod's own fields decide. Events illustrate: they go after an hour, and a pod that failed then fails now.

pub mod admission;
mod circumstances;
mod containers;
mod deletion;
mod displaced;
mod ending;
mod placement;
mod probes;
mod refused;
mod volumes;
mod words;

pub use circumstances::{Circumstances, LogTail};
pub use containers::PULLING;
pub use ending::{Ending, ending, log_wanted};
pub use placement::predicates;
pub use refused::{creation_refused, refused_by};
pub(crate) use volumes::PATIENCE as VOLUME_PATIENCE;
pub use words::{duration, ended, exit_words};
pub(crate) use words::{evidence, short};

use crate::facts::{Node, Pod, PodPhase};
use crate::findings::{Code, ObjectRef, Severity, Verdict};

/// What keeps a pod from doing its work, in the order in which it would be met on the pod's way; the first is its own verdict.
/// Never empty: a pod that is well is `PodReady`, one that nothing holds is `PodStarting`.
pub fn causes(pod: &Pod, around: &Circumstances<'_>) -> Vec<Verdict> {
    let mut all = if pod.meta.deleted().is_some() {
        vec![deletion::verdict(pod, around)]
    } else if !pod.live() {
        ending::verdict(pod, around).into_iter().collect()
    } else if let Some(node) = pod.node.as_deref().filter(|_| pod.ready).filter(|name| around.gone(name)) {
        // Nobody says of it any more that it is not ready.
        vec![deletion::awaiting_gc(pod, node)]
    } else if pod.ready {
        let ready = Verdict::new(Code::PodReady, "Ready.").since(pod.ready_since());
        std::iter::once(ready).chain(containers::lately(pod, around)).collect()
    } else {
        on_its_way(pod, around)
    };
    if all.is_empty() {
        all.push(Verdict::new(Code::PodStarting, "Nothing is known to hold it.").since(pod.meta.created()));
    }
    if pod.live() && pod.meta.deleted().is_none() {
        // What goes on is the cause of what is seen now; what is over is worth knowing.
        let evicted = displaced::evicted(pod, around);
        let at = evicted.as_ref().map_or(0, |verdict| if verdict.severity == Severity::Fault { 0 } else { all.len() });
        all.splice(at..at, evicted);
    }
    for verdict in &mut all {
        verdict.object.get_or_insert_with(|| ObjectRef::new("Pod", &pod.meta));
    }
    all
}

/// Scheduling, node, volumes, containers: what comes first on the way holds all that follows.
fn on_its_way(pod: &Pod, around: &Circumstances<'_>) -> Vec<Verdict> {
    let Some(name) = pod.node.as_deref() else {
        let placement = placement::verdict(pod, around);
        let unplaced = |_: &Verdict| placement.code == Code::Unschedulable;
        let preempted = displaced::preempted(pod, around).filter(unplaced);
        let severity = placement.severity;
        return preempted.map(|verdict| verdict.severity(severity)).into_iter().chain([placement]).collect();
    };
    let mut all = Vec::new();
    match around.node(name) {
        Some(node) if node.silent || !node.ready => all.push(node_lost(pod, node, around)),
        None if around.gone(name) => all.push(deletion::awaiting_gc(pod, name)),
        _ => {}
    }
    all.extend(volumes::verdict(pod, around));
    all.extend(containers::verdicts(pod, around));
    all
}

/// The kubelet's last word on the pod is old; until the node is back or the pod is evicted, nothing can be told of it.
fn node_lost(pod: &Pod, node: &Node, around: &Circumstances<'_>) -> Verdict {
    let name = &node.meta.name;
    let says = if node.silent {
        format!(
            "Node {name} no longer reports, so how the pod is can't be told; it is evicted when the node stays away for the pod's toleration (300 s as a rule)."
        )
    } else {
        format!("Node {name} is not ready, and no pod on it counts as ready.")
    };
    let since = node.ready_since;
    // A node that restarts is back within minutes.
    let long = around.older_than(since, 300);
    Verdict::new(Code::NodeLost, says)
        .severity(if long { Severity::Fault } else { Severity::Waiting })
        .since(since)
        .because(format_args!("Pod/{}", pod.meta.name), "spec.nodeName", name)
        .because(
            format_args!("Node/{name}"),
            "status.conditions[Ready].status",
            if node.silent { "Unknown" } else { "False" },
        )
        .next(format!("kubectl describe node {name}"))
}

/// Whether a pod has ended, in a table's word.
pub fn phase_word(phase: PodPhase) -> &'static str {
    match phase {
        PodPhase::Pending => "Pending",
        PodPhase::Running => "Running",
        PodPhase::Succeeded => "Succeeded",
        PodPhase::Failed => "Failed",
        PodPhase::Unknown => "Unknown",
    }
}

#[cfg(test)]
mod tests;
