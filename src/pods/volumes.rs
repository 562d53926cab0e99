//! A pod whose volumes can't be mounted: only its events tell.

use super::Circumstances;
use super::words::short;
use crate::facts::{ContainerState, Event, Pod};
use crate::findings::{Code, Severity, Verdict};

/// So many seconds a volume's way to the node may take before a failed try is a fault: attaching and mounting are tried again at once.
pub(crate) const PATIENCE: i64 = 30;

pub(super) fn verdict(pod: &Pod, around: &Circumstances<'_>) -> Option<Verdict> {
    let detail = pod.detail.as_deref()?;
    // Volumes are mounted before the first container is made; later their trouble is another.
    let created = detail.containers.iter().any(|container| match &container.state {
        ContainerState::Running(_) | ContainerState::Ended(_) => true,
        ContainerState::Waiting { reason, .. } => {
            container.last.is_some() || !matches!(&**reason, "" | "ContainerCreating" | "PodInitializing")
        }
        ContainerState::Unknown => false,
    });
    if created {
        return None;
    }
    let event = around.about("Pod", &pod.meta).find(|event| {
        matches!(&*event.reason, "FailedMount" | "FailedAttachVolume" | "FailedMapVolume" | "FailedCreatePodSandBox")
            // The list of volumes that are awaited follows the error itself (kubelet, WaitForAttachAndMount).
            && !event.message.starts_with("Unable to attach or mount volumes")
    })?;
    Some(of(pod, event, around))
}

fn of(pod: &Pod, event: &Event, around: &Circumstances<'_>) -> Verdict {
    let message = &*event.message;
    let missing = ["configmap \"", "secret \"", "references non-existent"].iter().any(|word| message.contains(word))
        && !message.contains("not registered");
    let (code, what) = match &*event.reason {
        "FailedAttachVolume" if message.starts_with("Multi-Attach") => {
            (Code::MultiAttach, "Another node holds its volume")
        }
        "FailedAttachVolume" => (Code::AttachFailed, "A volume can't be attached to its node"),
        "FailedCreatePodSandBox" => (Code::PodStarting, "Its network can't be made"),
        _ if missing => (Code::ConfigMissing, "What a volume is made of is missing"),
        _ => (Code::MountFailed, "A volume can't be mounted"),
    };
    let cause = message.rsplit_once(" : ").map_or(message, |(_, cause)| cause);
    let patience = if missing { 0 } else { PATIENCE };
    let waits = pod.detail.as_ref().and_then(|detail| detail.started).or(pod.meta.created());
    let long = around.older_than(waits, patience);
    Verdict::new(code, format!("{what}: {}", short(cause)))
        .severity(if long { Severity::Fault } else { Severity::Waiting })
        .since(waits)
        .because(
            format_args!("Pod/{}", pod.meta.name),
            &format!("event {}", event.reason),
            format_args!("x{}: {}", event.count, short(message)),
        )
        .next(match missing_object(message) {
            Some((kind, name)) => format!(
                "kubectl -n {} get {kind} {name}  # make it, or correct its name in the pod's template",
                pod.meta.namespace
            ),
            None => format!("kubectl -n {} describe pod {}", pod.meta.namespace, pod.meta.name),
        })
}

/// The ConfigMap or Secret that a kubelet's message names: `configmap "settings" not found`.
pub(super) fn missing_object(message: &str) -> Option<(&'static str, &str)> {
    [("configmap", "configmap \""), ("secret", "secret \"")].into_iter().find_map(|(kind, before)| {
        let (_, rest) = message.split_once(before)?;
        let (name, after) = rest.split_once('"')?;
        after.trim_start().starts_with("not found").then_some((kind, name))
    })
}
