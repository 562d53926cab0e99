//! Limits that a scaling meets: quotas of the namespace, and the budget that covers its pods.

use super::preview::{Effect, PodEffect, PreviewRow};
use crate::facts::{Cluster, Quantity, StatefulSet, format_bytes};

/// A sentence for each limit that would be passed, and for each budget that covers the pods that go.
pub fn limits(cluster: &Cluster, set: &StatefulSet, rows: &[PreviewRow<'_>]) -> Vec<String> {
    let mut all = Vec::new();
    let blank: Vec<&PreviewRow<'_>> = rows.iter().filter(|row| row.effect == Effect::CreatedBlank).collect();
    let mut ordinals: Vec<i32> =
        rows.iter().filter(|row| row.pod_effect == PodEffect::Comes).map(|row| row.at.ordinal).collect();
    ordinals.dedup();
    let size = |row: &&&PreviewRow<'_>| row.at.template.request.as_ref().and_then(Quantity::bytes).unwrap_or(0);
    for quota in cluster.around.quotas.items.iter().filter(|quota| quota.meta.namespace == set.meta.namespace) {
        for (resource, hard, used) in &quota.limits {
            let (Some(hard), Some(used)) = (hard.bytes(), used.bytes()) else { continue };
            let of_class = |row: &&&PreviewRow<'_>| {
                let class = row.at.template.class.as_deref().unwrap_or_default();
                **resource == *format!("{class}.storageclass.storage.k8s.io/requests.storage")
            };
            let (wanted, bytes) = match &**resource {
                "persistentvolumeclaims" => (blank.len() as u64, false),
                "pods" | "count/pods" => (ordinals.len() as u64, false),
                "requests.storage" => (blank.iter().map(|row| size(&row)).sum(), true),
                _ => (blank.iter().filter(of_class).map(|row| size(&row)).sum(), true),
            };
            let free = hard.saturating_sub(used);
            if wanted > free {
                let shown = |n: u64| if bytes { format_bytes(n) } else { n.to_string() };
                all.push(format!(
                    "Quota {} has room for {} of {resource}, and {} more are wanted: the controller will be refused.",
                    quota.meta.name,
                    shown(free),
                    shown(wanted)
                ));
            }
        }
    }
    let goes = rows.iter().filter(|row| row.pod_effect == PodEffect::Goes).find_map(|row| row.pod);
    for budget in cluster.around.budgets.items.iter().filter(|b| b.meta.namespace == set.meta.namespace) {
        if goes.is_some_and(|pod| !budget.selector.0.is_empty() && budget.selector.matches(&pod.meta.labels)) {
            all.push(format!(
                "PodDisruptionBudget {} covers these pods (it wants {} healthy and allows {} disruptions now), but it holds evictions only: it does not stop this.",
                budget.meta.name, budget.desired, budget.allowed
            ));
        }
    }
    all
}

/// The order in which pods go: from the highest ordinal down, one by one unless the set starts and stops them in parallel
/// (`stateful_set_control.go`, processCondemned). A deletion takes them all at once.
pub fn order(set: &StatefulSet, rows: &[PreviewRow<'_>], deletion: bool) -> Option<String> {
    let mut pods: Vec<_> =
        rows.iter().filter(|row| row.pod_effect == PodEffect::Goes).filter_map(|row| row.pod).collect();
    pods.dedup_by_key(|pod| pod.meta.uid.clone());
    let last = pods.last()?;
    let hook = if last.pre_stop { ", with a preStop hook" } else { "" };
    let grace = format!("{} s to end{hook}", last.grace_seconds);
    Some(match (pods.len(), deletion || set.parallel) {
        (1, _) => format!("Pod {} goes; it has {grace}.", last.meta.name),
        (n, true) => format!("{n} pods go at once, in no order; each has {grace}."),
        (n, false) => format!(
            "{n} pods go one by one, {} first and {} last; each has {grace}.",
            last.meta.name, pods[0].meta.name
        ),
    })
}
