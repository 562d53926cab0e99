//! What concerns a set as a whole: its deletion, its controller, its selector, and what is worth knowing besides.

use super::blocker::{Scene, about};
use crate::facts::{Cluster, Pod};
use crate::findings::{Code, ObjectRef, Severity, Verdict};

/// So many ordinals below `ordinals.start` are looked at: a start of millions is a name's, not a count.
const BELOW: i32 = 1000;

pub(super) fn deleting(scene: &Scene<'_, '_>) -> Option<Verdict> {
    let set = scene.set;
    let since = set.meta.deleted()?;
    let left: Vec<&str> =
        scene.rows.iter().filter_map(|row| row.pod.read().flatten()).map(|pod| &*pod.meta.name).take(3).collect();
    let finalizers = set.meta.finalizers.join(", ");
    let what = match (left.is_empty(), finalizers.is_empty()) {
        (false, _) => format!("it waits for its pods: {}", left.join(", ")),
        (true, false) => format!("finalizers hold it: {finalizers}"),
        (true, true) => "it is gone in a moment".to_owned(),
    };
    Some(
        Verdict::new(Code::SetDeleting, format!("The set is being deleted; {what}."))
            .since(Some(since))
            .because(scene.object(), "metadata.deletionTimestamp", since)
            .because(
                scene.object(),
                "metadata.finalizers",
                if finalizers.is_empty() { "none".to_owned() } else { finalizers },
            ),
    )
}

pub(super) fn controller_behind(scene: &Scene<'_, '_>) -> Option<Verdict> {
    let set = scene.set;
    let seen = set.status.as_ref().map_or(0, |status| status.observed_generation);
    if set.generation <= seen {
        return None;
    }
    // A controller that has never seen the set is told by the set's age.
    let changed = set.changed.or(set.meta.created().filter(|_| seen == 0));
    let severity = if scene.around.older_than(changed, 60) { Severity::Fault } else { Severity::Waiting };
    Some(
        Verdict::new(Code::ControllerBehind, "The controller has not seen the set's last change.")
            .severity(severity)
            .since(changed)
            .because(scene.object(), "metadata.generation", set.generation)
            .because(scene.object(), "status.observedGeneration", seen)
            .next("kubectl -n kube-system get pods -l component=kube-controller-manager; kubectl -n kube-system get lease kube-controller-manager"),
    )
}

/// Another set of the namespace that would take this set's pods for its own.
pub(super) fn overlap(scene: &Scene<'_, '_>) -> Option<Verdict> {
    let set = scene.set;
    let other = scene.cluster.sets_in(&set.meta.namespace).iter().find(|other| {
        other.meta.uid != set.meta.uid
            && other.meta.applied()
            && (other.selector.matches(&set.pod_labels) && set.selector.matches(&other.pod_labels))
    })?;
    Some(
        Verdict::new(
            Code::SelectorOverlap,
            format!(
                "StatefulSet {} selects the same pods: each takes the other's for its own in its counts and Services.",
                other.meta.name
            ),
        )
        .because(scene.object(), "spec.selector", &set.selector)
        .because(format_args!("StatefulSet/{}", other.meta.name), "spec.selector", &other.selector),
    )
}

pub(super) fn of_set(scene: &Scene<'_, '_>) -> Vec<Verdict> {
    let mut all: Vec<Verdict> = start_moved(scene).into_iter().chain(orphans_of(scene)).collect();
    all.extend(scene.in_range().filter_map(|(_, pod)| budget_blocks(scene, pod?)));
    all
}

/// Claims below the first ordinal: it was raised, and they stayed.
fn start_moved(scene: &Scene<'_, '_>) -> Option<Verdict> {
    let set = scene.set;
    let namespace = &set.meta.namespace;
    let from = set.start.saturating_sub(BELOW).max(0);
    let below = (from..set.start)
        .flat_map(|ordinal| set.templates.iter().map(move |template| set.claim_name(template, ordinal)));
    let left: Vec<String> =
        below.filter(|name| scene.cluster.claim(namespace, name).read().flatten().is_some()).collect();
    let first = left.first()?;
    Some(
        Verdict::new(
            Code::StartMoved,
            format!(
                "The first ordinal is {}; {} below it {} left, which no pod uses.",
                set.start,
                left.len(),
                if left.len() == 1 { "claim is" } else { "claims are" }
            ),
        )
        .because(scene.object(), "spec.ordinals.start", set.start)
        .because(format_args!("PersistentVolumeClaim/{first}"), "metadata.name", first)
        .next(format!("kubectl sts volumes {} -n {namespace}", set.meta.name)),
    )
}

fn orphans_of(scene: &Scene<'_, '_>) -> Option<Verdict> {
    let set = scene.set;
    let orphan = |pod: &&Pod| pod.meta.controller().is_none() && set.selector.matches(&pod.meta.labels) && pod.live();
    let orphans: Vec<&Pod> = scene.cluster.pods_in(&set.meta.namespace).iter().filter(orphan).collect();
    let first = orphans.first()?;
    Some(
        Verdict::new(
            Code::OrphanedPods,
            format!("{} pod{} the set's labels and belong{} to no controller: Services that select the labels reach {} too.",
                orphans.len(),
                if orphans.len() == 1 { " carries" } else { "s carry" },
                if orphans.len() == 1 { "s" } else { "" },
                if orphans.len() == 1 { "it" } else { "them" }
            ),
        )
        .about(about(first))
        .because(format_args!("Pod/{}", first.meta.name), "metadata.ownerReferences", "none"),
    )
}

/// Pods that a set left behind when it was deleted without them: nothing restarts them elsewhere.
pub fn orphaned_pods(cluster: &Cluster) -> Vec<Verdict> {
    if cluster.sets.missing.is_some() {
        return Vec::new();
    }
    let left = |pod: &&Pod| {
        pod.meta.controller().is_none()
            && pod.live()
            && pod.meta.labels.get("statefulset.kubernetes.io/pod-name") == Some(&*pod.meta.name)
            && !cluster.sets_in(&pod.meta.namespace).iter().any(|set| set.selector.matches(&pod.meta.labels))
    };
    cluster
        .pods
        .items
        .iter()
        .filter(left)
        .map(|pod| {
            let set = pod.meta.name.rsplit_once('-').map_or("", |(set, _)| set);
            Verdict::new(
                Code::OrphanedPods,
                format!("Pod {} was made by a StatefulSet {set} that is gone: nothing makes it again when it ends.", pod.meta.name),
            )
            .about(ObjectRef::new("Pod", &pod.meta))
            .because(format_args!("Pod/{}", pod.meta.name), "metadata.ownerReferences", "none")
            .next(format!("A StatefulSet {set} with the same selector and claim templates adopts it; else: kubectl -n {} delete pod {}", pod.meta.namespace, pod.meta.name))
        })
        .collect()
}

/// A drain that stands still because of this set's budget.
fn budget_blocks(scene: &Scene<'_, '_>, pod: &Pod) -> Option<Verdict> {
    let around = &scene.cluster.around;
    let node = pod.node.as_deref()?;
    around.nodes.items.iter().find(|known| *known.meta.name == *node && known.cordoned)?;
    let budget = around.budgets.items.iter().find(|budget| {
        budget.meta.namespace == pod.meta.namespace && budget.allowed == 0 && budget.selector.matches(&pod.meta.labels)
    })?;
    Some(
        Verdict::new(
            Code::DisruptionBudgetBlocks,
            format!(
                "Node {node} is cordoned, and disruption budget {} lets no pod go: a drain waits for it.",
                budget.meta.name
            ),
        )
        .about(about(pod))
        .because(format_args!("PodDisruptionBudget/{}", budget.meta.name), "status.disruptionsAllowed", 0)
        .because(format_args!("PodDisruptionBudget/{}", budget.meta.name), "status.desiredHealthy", budget.desired)
        .because(format_args!("Node/{node}"), "spec.unschedulable", true),
    )
}
