//! How far a claim's expansion is.
//!
//! The conditions tell, not `allocatedResourceStatuses`: that stays at "in progress" through every plain error.

use jiff::SignedDuration;

use super::{Index, Row};
use crate::findings::{Code, Severity, Verdict};

/// The kubelet finishes an expansion at its own pace, without a restart, whatever the condition's text says.
const PATIENCE: SignedDuration = SignedDuration::from_mins(2);

/// Failed, or waiting and for whom.
pub(super) fn verdicts(row: &Row<'_>, index: &Index<'_>) -> Vec<Verdict> {
    let Some(claim) = row.claim else { return Vec::new() };
    let name = format!("PersistentVolumeClaim/{}", row.name);
    for (kind, who) in [("ControllerResizeError", "the storage"), ("NodeResizeError", "the node")] {
        if let Some(error) = claim.condition(kind) {
            let infeasible = claim.resize.as_deref().is_some_and(|state| state.ends_with("Infeasible"));
            let hope = if infeasible { "it will not succeed at this size" } else { "it is tried again" };
            let mut failed = Verdict::new(
                Code::ResizeFailed,
                format!("Its expansion fails in {who}, and {hope}: {}", error.message),
            )
            .since(error.since)
            .because(&name, &format!("status.conditions[{kind}]"), &error.message);
            if let Some(state) = &claim.resize {
                failed = failed.because(&name, "status.allocatedResourceStatuses.storage", state);
            }
            let smaller = format!(
                "kubectl -n {} describe pvc {}  # a smaller request, still above its capacity, is accepted and tried at once",
                row.namespace, row.name
            );
            return vec![failed.next(smaller)];
        }
    }
    let pending = claim.condition("FileSystemResizePending");
    let Some(condition) = pending.or_else(|| claim.condition("Resizing")) else { return Vec::new() };
    let long = condition.since.is_some_and(|since| index.cluster.now.duration_since(since) > PATIENCE);
    let (severity, says) = match (pending.is_some(), long) {
        (true, false) => (
            Severity::Waiting,
            "Its volume has grown; the node grows the file system within two minutes, without a restart.",
        ),
        (true, true) if row.pod.is_none_or(|pod| !pod.live()) => {
            (Severity::Waiting, "Its volume has grown; the file system grows when a pod next uses it.")
        }
        (true, true) => {
            (Severity::Fault, "Its volume has grown, but the node has not grown the file system in two minutes.")
        }
        (false, _) => (Severity::Waiting, "Its volume is being grown."),
    };
    let asks = claim.spec.request.as_ref().map(ToString::to_string).unwrap_or_default();
    let has = claim.capacity.as_ref().map(ToString::to_string).unwrap_or_default();
    vec![
        Verdict::new(Code::ResizeWaiting, says)
            .severity(severity)
            .since(condition.since)
            .because(&name, &format!("status.conditions[{}]", condition.kind), "True")
            .because(&name, "spec.resources.requests.storage", asks)
            .because(&name, "status.capacity.storage", has),
    ]
}
