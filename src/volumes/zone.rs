//! Volumes that no node can reach any more.

use jiff::SignedDuration;

use super::modifiers::volume_of;
use super::{Class, Index, Row};
use crate::facts::{Cluster, Node, Place, Volume};
use crate::findings::{Code, Severity, Verdict};

/// How long a node may be away, or cordoned, for a restart or an upgrade before a pod that can go nowhere else is a fault.
const MAINTENANCE: SignedDuration = SignedDuration::from_mins(5);

/// Whether the volume can be reached from the node.
fn reaches(volume: &Volume, node: &Node) -> bool {
    let labels = node.matched();
    volume.spec.affinity.as_ref().is_none_or(|terms| terms.iter().any(|term| term.matches(&labels)))
}

/// Whether a node that takes pods can reach the volume; `None` where it can't be told.
pub(super) fn reachable(volume: &Volume, cluster: &Cluster) -> Option<bool> {
    if volume.spec.affinity.is_none() {
        return Some(true);
    }
    // A cluster without any node is a test or a control plane alone: nothing follows from it.
    if cluster.around.nodes.missing.is_some() || cluster.around.nodes.items.is_empty() {
        return None;
    }
    Some(cluster.around.nodes.items.iter().any(|node| node.schedulable() && reaches(volume, node)))
}

/// The words for where a volume lies: `on node node1`.
pub(super) fn place(volume: &Volume) -> String {
    match &volume.spec.place {
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
    let severity = match row.class {
        Class::AwaitingPod(_) | Class::InUse(_) if !placed(row, index) => {
            if back_soon(row, volume, index.cluster) {
                Severity::Waiting
            } else {
                Severity::Fault
            }
        }
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

/// Whether the row's pod has its place: it runs, or is on a node that reports, which a cordon does not take it from.
fn placed(row: &Row<'_>, index: &Index<'_>) -> bool {
    let Some((pod, name)) = row.pod.filter(|pod| pod.live()).and_then(|pod| Some((pod, pod.node.as_deref()?))) else {
        return false;
    };
    pod.ready || index.cluster.around.nodes.items.iter().any(|node| *node.meta.name == *name && node.ready)
}

/// Whether a node of the volume's place has only lately stopped taking pods. Nothing read tells when a cordon came: the pod that waits does.
fn back_soon(row: &Row<'_>, volume: &Volume, cluster: &Cluster) -> bool {
    let young = |at: Option<jiff::Timestamp>| at.is_none_or(|at| cluster.now.duration_since(at) < MAINTENANCE);
    let waits = young(row.pod.filter(|pod| pod.node.is_none()).and_then(|pod| pod.meta.created()));
    let away = |node: &Node| if node.ready { waits } else { young(node.ready_since) };
    cluster.around.nodes.items.iter().any(|node| reaches(volume, node) && away(node))
}
