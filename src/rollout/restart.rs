//! The pod whose restart mends its set, and what speaks against it now.

use super::Diagnosis;
use super::blocker::{healthy, revision};
use super::ordinals::Ordinal;
use crate::facts::{Cluster, Pod, StatefulSet};
use crate::findings::{Code, Severity, Verdict};

/// A pod to be deleted, which its set then makes anew with the same claims.
#[derive(Debug, Clone)]
pub struct Restart<'a> {
    /// The pod.
    pub pod: &'a Pod,
    /// What it mends.
    pub because: Verdict,
    /// Why not now; none where nothing speaks against it.
    pub against: Option<String>,
    /// Further pods that are in the same trouble: one at a time.
    pub after: Vec<&'a str>,
}

/// The one pod of the set whose restart is the way out: that which traps the rollout, else one whose name is of an earlier serviceName
/// (`names` are the findings about the set's names). With `only`, that ordinal's or none.
pub fn restart<'a>(
    set: &StatefulSet,
    rows: &[Ordinal<'a>],
    cluster: &'a Cluster,
    diagnosis: &Diagnosis<'a>,
    names: &[Verdict],
    only: Option<i32>,
) -> Option<Restart<'a>> {
    let chosen = |pod: &Pod| only.is_none() || pod.ordinal_in(&set.meta.uid, &set.meta.name) == only;
    if let Some(pod) = diagnosis.trapped {
        let because = diagnosis.set.first().filter(|_| chosen(pod))?.clone();
        let against = claim_going(pod, cluster);
        return Some(Restart { pod, because, against, after: Vec::new() });
    }
    let in_range = || rows.iter().filter(|row| row.in_range).filter_map(|row| row.pod.read().flatten());
    let drifted: Vec<(&Pod, &Verdict)> = in_range()
        .filter_map(|pod| {
            let of = |verdict: &&Verdict| {
                verdict.code == Code::SubdomainDrift
                    && verdict.object.as_ref().is_some_and(|object| pod.meta.uid == object.uid)
            };
            Some((pod, names.iter().find(of)?))
        })
        .collect();
    // The highest ordinal first, as a rolling update does.
    let (pod, because) = drifted.iter().rev().find(|(pod, _)| chosen(pod))?;
    let others = in_range().filter(|other| other.meta.uid != pod.meta.uid);
    let after = drifted.iter().rev().map(|(other, _)| &*other.meta.name).filter(|name| *name != &*pod.meta.name);
    let against = nameless(names)
        .or_else(|| claim_going(pod, cluster))
        .or_else(|| not_all_well(set, rows, others))
        .or_else(|| budget(pod, cluster))
        .or_else(|| brings_another_revision(set, pod));
    Some(Restart { pod, because: (*because).clone(), against, after: after.collect() })
}

/// With its Service at fault a new pod has no name either.
fn nameless(names: &[Verdict]) -> Option<String> {
    let fault = names.iter().find(|it| it.severity == Severity::Fault && it.code != Code::SubdomainDrift)?;
    Some(format!("{} comes first: with a new name the pod would still not be found", fault.code.word()))
}

/// A pod whose claim is being deleted keeps it only while it runs.
fn claim_going(pod: &Pod, cluster: &Cluster) -> Option<String> {
    if let (Some(refusal), false) = (&cluster.claims.missing, pod.claims.is_empty()) {
        return Some(format!("whether its claims are being deleted can't be told: {refusal}"));
    }
    let going = pod.claims.iter().find(|used| {
        let claim = cluster.claim(&pod.meta.namespace, &used.claim);
        claim.read().flatten().is_some_and(|claim| claim.meta.deleted().is_some())
    })?;
    Some(format!("its claim {} is being deleted and goes when the pod stops", going.claim))
}

/// A peer is taken away only while all others are there.
fn not_all_well<'a>(
    set: &StatefulSet,
    rows: &[Ordinal<'_>],
    mut others: impl Iterator<Item = &'a Pod>,
) -> Option<String> {
    if let Some(other) = others.find(|other| !healthy(other)) {
        return Some(format!("pod {} is not ready, and a second one would be missing", other.meta.name));
    }
    let absent = rows.iter().find(|row| row.in_range && row.pod.read().is_none_or(|pod| pod.is_none()))?;
    Some(format!("pod {} is not there, and a second one would be missing", set.pod_name(absent.ordinal)))
}

/// A deletion passes a budget by; we keep to it.
fn budget(pod: &Pod, cluster: &Cluster) -> Option<String> {
    if let Some(refusal) = &cluster.around.budgets.missing {
        return Some(format!("whether a disruption budget lets it go can't be told: {refusal}"));
    }
    let budget = cluster.around.budgets.items.iter().find(|budget| {
        budget.meta.namespace == pod.meta.namespace && budget.allowed == 0 && budget.selector.matches(&pod.meta.labels)
    })?;
    Some(format!("disruption budget {} lets no pod go now", budget.meta.name))
}

/// Under OnDelete a restart is an update too, which is for somebody to decide.
fn brings_another_revision(set: &StatefulSet, pod: &Pod) -> Option<String> {
    let wanted = set.status.as_ref().map_or("", |status| &*status.update_revision);
    let by_hand = set.update == crate::facts::Update::OnDelete;
    (by_hand && !wanted.is_empty() && revision(pod) != wanted)
        .then(|| format!("the strategy is OnDelete, and the pod would come back at revision {wanted}"))
}
