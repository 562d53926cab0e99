//! A pod that is being deleted: time to stop, finalizers, a node that does not answer, a node that is gone.

use super::Circumstances;
use super::words::duration;
use crate::facts::Pod;
use crate::findings::{Code, Severity, Verdict};

/// How long past its time a kubelet may take before its silence is a fault: volumes are unmounted and containers killed in it.
const SLACK: i64 = 120;

/// A pod's deletion time is the end of its grace (`metadata.deletionTimestamp` of pods, `deletionGracePeriodSeconds` included).
pub(super) fn verdict(pod: &Pod, around: &Circumstances<'_>) -> Verdict {
    let object = format!("Pod/{}", pod.meta.name);
    let until = pod.meta.deleted();
    let over = around.older_than(until, 0);
    let node = pod.node.as_deref();
    if let Some(name) = node {
        match around.node(name) {
            None if around.gone(name) => return awaiting_gc(pod, name),
            Some(node) if !node.ready && over => {
                return Verdict::new(
                    Code::NodeLost,
                    format!(
                        "The pod is deleted, but node {name} does not report: the API keeps the pod, and its name and volumes with it, until the \
                         node confirms that its containers have stopped."
                    ),
                )
                .since(node.ready_since.max(until))
                .because(&object, "metadata.deletionTimestamp", until.map(|at| at.to_string()).unwrap_or_default())
                .because(
                    format_args!("Node/{name}"),
                    "status.conditions[Ready].status",
                    if node.silent { "Unknown" } else { "False" },
                )
                .next(format!(
                    "Make sure that the machine of node {name} is off, then:\nkubectl taint node {name} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute\n\
                     # Never force-delete the pod while the node may still run it: two pods would write to one volume."
                ));
            }
            _ => {}
        }
    }
    let stopped = !pod.live() || node.is_none();
    if !pod.meta.finalizers.is_empty() && (over || stopped) {
        let finalizers = pod.meta.finalizers.join(", ");
        // The Job controller takes its own away within a second (facts: job-tracking).
        let fresh = !around.older_than(until, 30);
        return Verdict::new(
            Code::FinalizerHolds,
            format!("The pod has stopped, but finalizers hold it: whoever set {finalizers} has to remove them."),
        )
        .severity(if fresh { Severity::Waiting } else { Severity::Fault })
        .since(until)
        .because(&object, "metadata.finalizers", finalizers)
        .next(format!(
            "kubectl -n {} get pod {} -o jsonpath='{{.metadata.finalizers}}'  # find and repair the controller that owns them",
            pod.meta.namespace, pod.meta.name
        ));
    }
    let grace = pod.grace_seconds;
    let (says, severity) = match until {
        Some(until) if !over => (
            format!(
                "The pod is being deleted and has {} left to stop (grace {grace} s).",
                duration(until.duration_since(around.now))
            ),
            Severity::Waiting,
        ),
        Some(until) => {
            let past = duration(around.now.duration_since(until));
            let severity = if around.older_than(Some(until), SLACK) { Severity::Fault } else { Severity::Waiting };
            (
                format!(
                    "The pod should have stopped {past} ago, and {} has not confirmed it.",
                    node.map_or_else(|| "nobody".to_owned(), |node| format!("the kubelet of node {node}"))
                ),
                severity,
            )
        }
        None => ("The pod is being deleted.".to_owned(), Severity::Waiting),
    };
    let mut verdict = Verdict::new(Code::GracefulStop, says).severity(severity).because(
        &object,
        "metadata.deletionTimestamp",
        until.map(|at| at.to_string()).unwrap_or_default(),
    );
    if let Some(disruption) = pod.detail.as_ref().and_then(|detail| detail.condition("DisruptionTarget")) {
        verdict = verdict.because(&object, "status.conditions[DisruptionTarget]", &disruption.reason);
    }
    if severity == Severity::Fault
        && let Some(node) = node
    {
        verdict =
            verdict.next(format!("kubectl describe node {node}  # and the kubelet's log there: what does not end?"));
    }
    verdict
}

/// The garbage collector removes pods of nodes that are gone (`podgc`, gcOrphaned): within a minute as a rule.
pub(super) fn awaiting_gc(pod: &Pod, node: &str) -> Verdict {
    Verdict::new(
        Code::AwaitingPodGC,
        format!(
            "Node {node} does not exist any more: the pod is removed within about a minute, and made again elsewhere."
        ),
    )
    .because(format_args!("Pod/{}", pod.meta.name), "spec.nodeName", node)
}
