//! Volumes that no node can reach any more.

use super::modifiers::volume_of;
use super::{Class, Index, Row};
use crate::facts::{Cluster, Place, Volume};
use crate::findings::{Code, Severity, Verdict};

/// Whether a node that takes pods can reach the volume; `None` where it can't be told.
pub(super) fn reachable(volume: &Volume, cluster: &Cluster) -> Option<bool> {
    let Some(terms) = &volume.affinity else { return Some(true) };
    // A cluster without any node is a test or a control plane alone: nothing follows from it.
    if cluster.around.nodes.missing.is_some() || cluster.around.nodes.items.is_empty() {
        return None;
    }
    let reaches = |node: &crate::facts::Node| {
        let labels = node.matched();
        terms.iter().any(|term| term.matches(&labels))
    };
    Some(cluster.around.nodes.items.iter().any(|node| node.schedulable() && reaches(node)))
}

/// The words for where a volume lies: `on node node1`.
pub(super) fn place(volume: &Volume) -> String {
    match &volume.place {
        Some(Place::Node(node)) => format!("on node {node}"),
        Some(Place::Zone(zone)) => format!("in zone {zone}"),
        None => "in the places of its node affinity".to_owned(),
    }
}

/// A fault where an ordinal in range needs the volume and its pod does not run; else worth knowing before the claim is used again.
pub(super) fn stuck(row: &Row<'_>, index: &Index<'_>) -> Option<Verdict> {
    let volume = volume_of(row)?;
    if reachable(volume, index.cluster)? {
        return None;
    }
    let runs = row.pod.is_some_and(|pod| pod.live() && pod.ready && pod.node.is_some());
    let severity = match row.class {
        Class::AwaitingPod(_) | Class::InUse(_) if !runs => Severity::Fault,
        _ => Severity::Notice,
    };
    let place = place(volume);
    let nodes: Vec<String> = index
        .cluster
        .around
        .nodes
        .items
        .iter()
        .filter(|node| !node.schedulable())
        .map(|node| format!("{} {}", node.meta.name, if node.ready { "cordoned" } else { "not ready" }))
        .collect();
    let verdict = Verdict::new(
        Code::ZoneStuck,
        format!("Its volume lies {place}, and no node there takes pods: a pod that needs it stays Pending."),
    )
    .severity(severity)
    .because(format_args!("PersistentVolume/{}", volume.meta.name), "spec.nodeAffinity", &place);
    let verdict =
        if nodes.is_empty() { verdict } else { verdict.because("Node", "that takes no pods", nodes.join(", ")) };
    Some(verdict.next("kubectl get nodes -L topology.kubernetes.io/zone  # bring a node of that place back"))
}
