//! How a pod ended, and which of its containers decided that.

use super::Circumstances;
use super::containers::logs;
use super::words::{ended, evidence, named, short};
use crate::facts::{Container, ContainerKind, ContainerState, Ended, Pod, PodPhase, Text};
use crate::findings::{Code, Severity, Verdict};

/// How a pod failed.
#[derive(Debug, Clone)]
pub struct Ending<'a> {
    /// `OutOfMemory`, `CrashLoop`, `InitBlocked`, `Evicted`, `Preempted`, `NodeLost`, `DeadlineExceeded`.
    pub code: Code,
    /// The container that failed, and how; `None` where something else put an end to the pod.
    pub container: Option<(&'a Container, &'a Ended)>,
    /// In words.
    pub says: String,
    /// Whether it was disrupted: ended from outside, by no fault of its own (condition `DisruptionTarget`, KEP-3329).
    pub disrupted: bool,
}

/// How a pod failed; `None` for one that has not, or of which nothing is known.
pub fn ending(pod: &Pod) -> Option<Ending<'_>> {
    if pod.phase == PodPhase::Succeeded {
        return None;
    }
    let detail = pod.detail.as_deref()?;
    let disruption = detail.condition("DisruptionTarget").filter(|condition| condition.holds);
    let outside = |code, says: String| Some(Ending { code, container: None, says, disrupted: disruption.is_some() });
    if &*detail.reason == "Evicted" {
        return outside(Code::Evicted, format!("evicted: {}", short(detail.message.trim_end_matches('.'))));
    }
    if let Some(condition) = disruption {
        let says = short(if condition.message.is_empty() { &condition.reason } else { &condition.message });
        return match &*condition.reason {
            "PreemptionByScheduler" => outside(Code::Preempted, format!("preempted: {says}")),
            "DeletionByTaintManager" | "DeletionByPodGC" => {
                outside(Code::NodeLost, format!("lost with its node: {says}"))
            }
            _ => outside(Code::Evicted, format!("removed from outside ({}): {says}", condition.reason)),
        };
    }
    if pod.phase == PodPhase::Failed && &*detail.reason == "DeadlineExceeded" {
        return outside(Code::DeadlineExceeded, "took longer than its own activeDeadlineSeconds".to_owned());
    }
    if let Some((container, how)) = failed_container(pod) {
        let (code, says) = match (&*how.reason, container.kind) {
            ("OOMKilled", _) => {
                let limit =
                    container.memory_limit.as_ref().map_or_else(String::new, |limit| format!(", limit {limit}"));
                (Code::OutOfMemory, format!("{} {}{limit}", named(container), ended(how)))
            }
            (_, ContainerKind::Init) => (Code::InitBlocked, format!("{} failed: {}", named(container), ended(how))),
            _ => (Code::CrashLoop, format!("{} failed: {}", named(container), ended(how))),
        };
        return Some(Ending { code, container: Some((container, how)), says, disrupted: false });
    }
    if pod.phase == PodPhase::Failed && !detail.reason.is_empty() {
        // The node refused it, or shut down: OutOfcpu, NodeAffinity, NodeShutdown.
        return outside(Code::Evicted, format!("ended by the kubelet ({}): {}", detail.reason, short(&detail.message)));
    }
    None
}

/// The container that failed first: what the others did after that may be its consequence.
fn failed_container(pod: &Pod) -> Option<(&Container, &Ended)> {
    let containers = &pod.detail.as_deref()?.containers;
    let failed = |container: &&Container| container.kind != ContainerKind::Sidecar;
    containers
        .iter()
        .filter(failed)
        .filter_map(|container| {
            let how = match &container.state {
                ContainerState::Ended(how) => Some(how),
                ContainerState::Waiting { .. } | ContainerState::Running(_) => container.last.as_ref(),
                ContainerState::Unknown => None,
            };
            how.filter(|how| how.exit_code != 0).map(|how| (container, how))
        })
        .min_by_key(|(container, how)| (container.kind != ContainerKind::Init, how.finished))
}

/// The container whose last lines would tell more, and whether they are those of the attempt before the present one.
pub fn log_wanted(pod: &Pod) -> Option<(Text, bool)> {
    let (container, how) = ending(pod)?.container?;
    // One that could not be started has written nothing.
    let began = !matches!(&*how.reason, "StartError" | "ContainerCannotRun" | "ContainerStatusUnknown");
    began.then(|| (container.name.clone(), matches!(container.state, ContainerState::Running(_))))
}

/// The verdict of a pod that has ended for good.
pub(super) fn verdict(pod: &Pod, around: &Circumstances<'_>) -> Option<Verdict> {
    if pod.phase == PodPhase::Succeeded {
        return Some(Verdict::new(Code::PodTerminal, "Ended with success.").severity(Severity::Waiting));
    }
    let ending = ending(pod)?;
    let object = format!("Pod/{}", pod.meta.name);
    let detail = pod.detail.as_deref()?;
    let mut verdict = Verdict::new(ending.code, format!("The pod has ended: {}.", ending.says.trim_end_matches('.')))
        .severity(Severity::Fault);
    if let Some((container, how)) = ending.container {
        return Some(evidence(verdict.since(how.finished), pod, container, how, around).next(logs(pod, container)));
    }
    if !detail.reason.is_empty() {
        verdict = verdict.because(&object, "status.reason", &detail.reason);
    }
    if let Some(condition) = detail.condition("DisruptionTarget") {
        verdict = verdict.since(condition.since).because(
            &object,
            "status.conditions[DisruptionTarget]",
            format_args!("{}: {}", condition.reason, short(&condition.message)),
        );
    }
    Some(verdict)
}
