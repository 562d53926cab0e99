//! Earlier pods of the same name that were removed from their node: a set makes such a pod anew within a second, and the new one knows
//! nothing of it. Only the events of the earlier ones tell, for an hour.

use super::Circumstances;
use super::words::{duration, short};
use crate::facts::{Event, Pod};
use crate::findings::{Code, Severity, Verdict};

/// What happened within this time goes on.
const LATELY: i64 = 600;
/// So long after the end of the grace period of the one before it a pod is that one's successor.
const SUCCESSION: i64 = 60;

/// A pod without a node whose predecessor made room for one of higher priority: that is why no node takes it
/// (scheduler `preemption.go`, event `Preempted` on the victim).
pub(super) fn preempted(pod: &Pod, around: &Circumstances<'_>) -> Option<Verdict> {
    let made = pod.meta.created()?;
    let before = around.about_earlier("Pod", &pod.meta).find(|event| &*event.reason == "Preempted")?;
    let gap = made.duration_since(before.last?).as_secs();
    if gap < 0 || gap > pod.grace_seconds.saturating_add(SUCCESSION) {
        return None;
    }
    let says = "The pod before it had to make room for one of higher priority, and no node takes this one.";
    Some(
        Verdict::new(Code::Preempted, says)
            .since(before.last)
            .because(format_args!("Pod/{} ({})", pod.meta.name, before.uid), "event Preempted", short(&before.message))
            .next("kubectl get priorityclasses  # a higher class for the set, or room for both"),
    )
}

/// Evicted by its kubelet again and again: each time it was made anew, and went the same way (kubelet `eviction_manager.go`, event `Evicted`).
pub(super) fn evicted(pod: &Pod, around: &Circumstances<'_>) -> Option<Verdict> {
    let all: Vec<&Event> = around
        .about_earlier("Pod", &pod.meta)
        .filter(|event| &*event.reason == "Evicted" && !around.older_than(event.last, 3600))
        .collect();
    let (newest, oldest) = (all.first()?, all.last()?);
    let again = all.len() > 1 && !around.older_than(newest.last, LATELY);
    let ago = duration(around.now.duration_since(newest.last?));
    let says = if all.len() == 1 {
        format!(
            "The pod before it was evicted by its kubelet {ago} ago: {}.",
            short(newest.message.trim_end_matches(['.', ' ']))
        )
    } else {
        format!(
            "{} pods of this name were evicted by their kubelet in the last {}, the last one {ago} ago: {}.",
            all.len(),
            duration(around.now.duration_since(oldest.last?)),
            short(newest.message.trim_end_matches(['.', ' ']))
        )
    };
    let verdict = Verdict::new(Code::Evicted, says)
        .severity(if again { Severity::Fault } else { Severity::Notice })
        .since(oldest.last)
        .because(format_args!("Pod/{} ({})", pod.meta.name, newest.uid), "event Evicted", short(&newest.message));
    Some(match pod.node.as_deref() {
        Some(node) if again => {
            verdict.next(format!("kubectl describe node {node}  # its conditions; then the pod's requests and limits"))
        }
        _ => verdict,
    })
}
