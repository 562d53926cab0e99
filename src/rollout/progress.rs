//! A set that nothing holds: ready, on its way, or waiting by design.

use super::blocker::{Scene, healthy, revision};
use super::changes;
use crate::facts::{Pod, Update};
use crate::findings::{Code, Severity, Verdict};
use crate::pods::duration;

/// The set's own verdict where nothing is at fault; of a rollout with what it changes.
pub(super) fn verdict(scene: &Scene<'_, '_>) -> Verdict {
    let mut verdict = how_far(scene);
    let progressing = scene.set.status.as_ref().and_then(|status| status.progressing.as_ref());
    if let (Some((reason, since)), Code::RolloutInProgress) = (progressing, verdict.code) {
        verdict = verdict.since(*since).because(scene.object(), "status.conditions[Progressing].reason", reason);
    }
    let old = scene.in_range().find_map(|(_, pod)| pod.filter(|pod| !scene.updated(pod)));
    match old {
        Some(old) if verdict.severity == Severity::Waiting => changes::explained(verdict, scene, revision(old)),
        _ => verdict,
    }
}

fn how_far(scene: &Scene<'_, '_>) -> Verdict {
    let set = scene.set;
    let object = scene.object();
    let going: Vec<&str> = scene.condemned().map(|(_, pod)| &*pod.meta.name).collect();
    if !going.is_empty() {
        return Verdict::new(Code::RolloutInProgress, format!("Scaling down: {} still to go.", going.join(", ")))
            .because(&object, "spec.replicas", set.replicas);
    }
    if set.replicas == 0 {
        return Verdict::new(Code::SetScaledToZero, "It shall have no pods.").because(&object, "spec.replicas", 0);
    }
    let unready: Vec<String> = scene
        .in_range()
        .filter(|(_, pod)| !pod.is_some_and(healthy))
        .map(|(ordinal, pod)| match pod {
            None => format!("{} to be made", set.pod_name(ordinal)),
            Some(pod) if pod.meta.deleted().is_some() => format!("{} to stop", pod.meta.name),
            Some(pod) => format!("{} to be ready", pod.meta.name),
        })
        .collect();
    if let Some(first) = unready.first() {
        let more = unready.len() - 1;
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        return Verdict::new(Code::RolloutInProgress, format!("It waits for {first}{more}."));
    }
    let old: Vec<i32> = scene
        .in_range()
        .filter(|(_, pod)| pod.is_some_and(|pod| !scene.updated(pod)))
        .map(|(ordinal, _)| ordinal)
        .collect();
    let wanted = set.status.as_ref().map_or("", |status| &*status.update_revision);
    if let Some(waiting) = min_ready(scene, &old) {
        return waiting;
    }
    if old.is_empty() {
        return Verdict::new(Code::SetReady, "Every ordinal is ready.").because(
            &object,
            "status.updateRevision",
            wanted,
        );
    }
    let names: Vec<String> = old.iter().map(ToString::to_string).collect();
    let names = names.join(", ");
    match set.update {
        Update::OnDelete => Verdict::new(
            Code::OnDeleteWaits,
            format!("By design: the strategy is OnDelete, and ordinals {names} stay at their revision until somebody deletes their pods."),
        )
        .because(&object, "spec.updateStrategy.type", "OnDelete")
        .because(&object, "status.updateRevision", wanted)
        .next(format!("kubectl -n {} delete pod {}  # one at a time, the highest ordinal first", set.meta.namespace, set.pod_name(*old.last().unwrap_or(&set.start)))),
        Update::Rolling { partition } if old.iter().all(|ordinal| *ordinal < set.start.saturating_add(partition)) => Verdict::new(
            Code::PartitionHolds,
            format!("By design: the partition of {partition} keeps ordinals {names} at their revision."),
        )
        .because(&object, "spec.updateStrategy.rollingUpdate.partition", partition)
        .because(&object, "status.updateRevision", wanted),
        _ => Verdict::new(Code::RolloutInProgress, format!("Ordinals {names} are still to be updated.")).because(&object, "status.updateRevision", wanted),
    }
}

/// A pod counts only when it has been ready for so long, and an update or a start goes on only then.
fn min_ready(scene: &Scene<'_, '_>, old: &[i32]) -> Option<Verdict> {
    let wait = scene.set.min_ready;
    let left = |pod: &Pod| Some(wait - scene.around.seconds_since(pod.ready_since()?)).filter(|left| *left > 0);
    let (pod, left) =
        scene.in_range().filter_map(|(_, pod)| Some((pod?, left(pod?)?))).max_by_key(|(_, left)| *left)?;
    let then = if old.is_empty() { "the set is available" } else { "the update goes on" };
    Some(
        Verdict::new(
            Code::MinReadyWait,
            format!(
                "Pod {} is ready and has to stay so for {} more; then {then}.",
                pod.meta.name,
                duration(jiff::SignedDuration::from_secs(left))
            ),
        )
        .severity(Severity::Waiting)
        .since(pod.ready_since())
        .because(scene.object(), "spec.minReadySeconds", wait),
    )
}
