//! A pod without a node: gates, and what the scheduler says.

use super::Circumstances;
use super::words::short;
use crate::facts::Pod;
use crate::findings::{Code, Severity, Verdict};

/// How long claims may take to be made and bound under a new pod (facts: every set's first pod meets this for seconds).
const BINDING: i64 = 60;
/// How long nodes may be away for a restart or an upgrade before pods that wait for them are a fault.
const MAINTENANCE: i64 = 300;

pub(super) fn verdict(pod: &Pod, around: &Circumstances<'_>) -> Verdict {
    let object = format!("Pod/{}", pod.meta.name);
    let detail = pod.detail.as_deref();
    let gates = detail.map(|detail| &detail.gates).filter(|gates| !gates.is_empty());
    if let Some(gates) = gates {
        return Verdict::new(
            Code::SchedulingGated,
            format!("The scheduler leaves the pod alone until somebody removes its gates: {}.", gates.join(", ")),
        )
        .since(pod.meta.created())
        .because(object, "spec.schedulingGates", gates.join(", "));
    }
    let condition = detail.and_then(|detail| detail.condition("PodScheduled")).filter(|condition| !condition.holds);
    let Some(condition) = condition.filter(|condition| &*condition.reason == "Unschedulable") else {
        let waits = around.older_than(pod.meta.created(), 60);
        let says = if waits {
            "The scheduler has said nothing of the pod: is it running?"
        } else {
            "The scheduler has not looked at the pod yet."
        };
        let verdict = Verdict::new(Code::PodStarting, says).since(pod.meta.created());
        return if waits {
            verdict.severity(Severity::Fault).next("kubectl -n kube-system get pods -l component=kube-scheduler")
        } else {
            verdict
        };
    };
    let message = &*condition.message;
    let reasons = predicates(message);
    let mut verdict = Verdict::new(Code::Unschedulable, says(&reasons, message))
        .severity(severity(pod, message, around))
        .since(condition.since.or(pod.meta.created()));
    if reasons.is_empty() {
        verdict = verdict.because(&object, "status.conditions[PodScheduled].message", short(message));
    }
    for reason in &reasons {
        verdict = verdict.because(&object, "status.conditions[PodScheduled]", reason);
    }
    if let Some(node) = detail.and_then(|detail| detail.nominated.as_deref()) {
        verdict = verdict.because(&object, "status.nominatedNodeName", node).severity(Severity::Waiting);
    }
    let scaled_up = around.newest("Pod", &pod.meta, &["TriggeredScaleUp", "Nominated"]);
    if let Some(event) = scaled_up {
        verdict = verdict
            .because(&object, &format!("event {}", event.reason), short(&event.message))
            .severity(if around.older_than(event.last, 600) { Severity::Fault } else { Severity::Waiting });
    }
    match next(pod, &reasons, message) {
        Some(step) => verdict.next(step),
        None => verdict,
    }
}

/// The scheduler's message, a reason per item: `2 Insufficient cpu`, `1 node(s) were unschedulable`
/// (scheduler `framework.FitError`: `0/3 nodes are available: <n reason>, <n reason>. preemption: …`).
pub fn predicates(message: &str) -> Vec<String> {
    let Some((counts, rest)) = message.split_once(" nodes are available: ") else { return Vec::new() };
    if !counts.contains('/') {
        return Vec::new();
    }
    let rest = rest.split(" preemption: ").next().unwrap_or(rest).trim();
    let rest = rest.strip_suffix("no new claims to deallocate,").unwrap_or(rest).trim_end();
    let rest = rest.trim_end_matches('.').trim_end();
    let mut all: Vec<String> = Vec::new();
    for part in rest.split(", ") {
        // A reason may hold commas of its own: a taint's text, a claim's.
        let begins = part.split_once(' ').is_some_and(|(count, _)| count.parse::<u32>().is_ok());
        match all.last_mut() {
            Some(last) if !begins => {
                last.push_str(", ");
                last.push_str(part);
            }
            _ => all.push(part.to_owned()),
        }
    }
    for reason in &mut all {
        // A dangling ". not found" is the message's own (facts).
        if let Some(short) = reason.strip_suffix(". not found") {
            reason.truncate(short.len());
        }
    }
    all
}

fn says(reasons: &[String], message: &str) -> String {
    match reasons {
        [] => format!("No node takes the pod: {}", short(message)),
        [one] => format!("No node takes the pod: {one}."),
        [first, rest @ ..] => {
            format!("No node takes the pod, for {} reasons: {first}; {}.", reasons.len(), rest.join("; "))
        }
    }
}

/// Claims are made and bound a moment after the pod; nodes under maintenance come back. Anything else stays as it is until somebody acts.
fn severity(pod: &Pod, message: &str, around: &Circumstances<'_>) -> Severity {
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let patience = if has(&["unbound immediate", "persistentvolumeclaim \""]) && !has(&["non-existent"]) {
        BINDING
    } else if has(&["were unschedulable", "node.kubernetes.io/"]) {
        MAINTENANCE
    } else {
        return Severity::Fault;
    };
    if around.older_than(pod.meta.created(), patience) { Severity::Fault } else { Severity::Waiting }
}

fn next(pod: &Pod, reasons: &[String], message: &str) -> Option<String> {
    let (namespace, name) = (&pod.meta.namespace, &pod.meta.name);
    let has = |word: &str| message.contains(word);
    let insufficient = reasons.iter().find_map(|reason| reason.split_once("Insufficient ").map(|(_, what)| what));
    Some(if let Some(what) = insufficient {
        format!(
            "kubectl describe nodes | grep -A8 'Allocated resources'  # then lower the pod's request of {what}, or add a node"
        )
    } else if has("untolerated taint") {
        "kubectl get nodes -o custom-columns=NAME:.metadata.name,TAINTS:.spec.taints  # then tolerate the taint, or remove it".to_owned()
    } else if has("were unschedulable") {
        "kubectl get nodes  # SchedulingDisabled: kubectl uncordon NODE".to_owned()
    } else if has("persistentvolumeclaim \"") || has("unbound immediate") {
        format!("kubectl -n {namespace} get persistentvolumeclaims")
    } else if has("exceed max volume count") {
        "kubectl get csinodes -o custom-columns='NODE:.metadata.name,DRIVER:.spec.drivers[*].name,VOLUMES:.spec.drivers[*].allocatable.count'  # so many each takes: add a node, or move pods with volumes away".to_owned()
    } else if has("node affinity") || has("affinity rules") || has("topology spread") {
        format!(
            "kubectl -n {namespace} get pod {name} -o jsonpath='{{.spec.nodeSelector}}{{.spec.affinity}}{{.spec.topologySpreadConstraints}}'; kubectl get nodes --show-labels"
        )
    } else {
        return None;
    })
}
