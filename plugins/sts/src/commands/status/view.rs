//! What is shown of a set: its ordinals, its claims, and what is to be said about it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use workload_cli::Target;
use workload_core::dns;
use workload_core::facts::{Known, Pod, StatefulSet};
use workload_core::findings::{Code, Severity, Verdict};
use workload_core::rollout::{Ordinal, ordinals, ready};
use workload_core::volumes::{Group, Index, Row, View, rows, verdicts};

/// A set with all that is known of it.
pub(super) struct SetView<'a> {
    pub(super) namespace: String,
    pub(super) name: String,
    /// Absent where only pods tell of it.
    pub(super) set: Option<&'a StatefulSet>,
    pub(super) ordinals: Vec<Ordinal<'a>>,
    pub(super) claims: Vec<Row<'a>>,
    /// Whether set and claims were read, so that what is not among the claims does not exist.
    claims_known: bool,
    /// Worst first; what is as it should be is not among them.
    pub(super) findings: Vec<Verdict>,
    pub(super) now: Timestamp,
}

impl SetView<'_> {
    /// Ordinals in range that are ready; `None` where it can't be told.
    pub(super) fn ready(&self) -> Option<usize> {
        ready(&self.ordinals)
    }

    /// Claims of ordinals out of range.
    pub(super) fn retained(&self) -> impl Iterator<Item = &Row<'_>> {
        self.claims.iter().filter(|row| row.group == Group::Retained)
    }

    /// Their number; `None` where it can't be told.
    pub(super) fn retained_count(&self) -> Option<i32> {
        i32::try_from(self.retained().count()).ok().filter(|_| self.claims_known)
    }
}

/// A view per set, in the order given; then of the sets that only their pods tell of.
pub(super) fn views<'a>(index: &Index<'a>, sets: &[&'a StatefulSet], targets: &[Target]) -> Vec<SetView<'a>> {
    let cluster = index.cluster;
    let view = View { sets: sets.to_vec(), all_claims: false, only: None };
    let mut by_set: BTreeMap<(&str, &str), Vec<Row<'a>>> = BTreeMap::new();
    for row in rows(index, &view) {
        if let Some(name) = row.set_name() {
            by_set.entry((row.namespace, name)).or_default().push(row);
        }
    }
    let mut views: Vec<SetView<'a>> = sets
        .iter()
        .map(|set| {
            let claims = by_set.remove(&(&*set.meta.namespace, &*set.meta.name)).unwrap_or_default();
            of_set(index, set, claims)
        })
        .collect();
    if cluster.sets.missing.is_some() {
        views.extend(implied(index, by_set, sets, targets));
    }
    views
}

fn of_set<'a>(index: &Index<'a>, set: &'a StatefulSet, claims: Vec<Row<'a>>) -> SetView<'a> {
    let cluster = index.cluster;
    let ordinals = ordinals(set, cluster);
    let pods: Vec<&Pod> = ordinals.iter().filter_map(|row| row.pod.read().flatten()).collect();
    let mut findings: Vec<Verdict> = if set.meta.applied() {
        Vec::new()
    } else {
        vec![Verdict::new(
            Code::NotApplied,
            "The set stands only in a file: what needs its pods and claims can't be told.",
        )]
    };
    for row in &claims {
        findings.extend(claim_findings(row, index));
    }
    findings.extend(dns::findings(set, &pods, cluster));
    if let (Some(refusal), true) = (&cluster.pods.missing, set.meta.applied()) {
        findings.push(Verdict::cannot_tell("which ordinals are ready", refusal));
    }
    // Stable: of equals, claims come before names, as they hold a pod back first.
    findings.sort_by_key(|verdict| std::cmp::Reverse(verdict.severity));
    SetView {
        namespace: set.meta.namespace.to_string(),
        name: set.meta.name.to_string(),
        set: Some(set),
        ordinals,
        claims,
        claims_known: cluster.claims.missing.is_none(),
        findings,
        now: cluster.now,
    }
}

/// What a claim adds to the findings of its set: nothing where it is in use, or merely kept.
fn claim_findings<'r>(row: &'r Row<'_>, index: &'r Index<'_>) -> impl Iterator<Item = Verdict> + use<'r> {
    let kept =
        matches!(row.class.code(), Code::RetainedScaledDown | Code::RetainedAtZero | Code::AwaitingFirstConsumer);
    let quiet = (row.group == Group::Retained && kept)
        || row.class.code() == Code::NotApplied
        || (row.class.code() == Code::CannotTell && (index.cluster.pods.missing.is_some() || row.set.is_none()));
    let object = workload_core::findings::ObjectRef {
        kind: "PersistentVolumeClaim",
        namespace: row.namespace.to_owned(),
        name: row.name.to_string(),
        uid: row.claim.map(|claim| claim.meta.uid.to_string()).unwrap_or_default(),
    };
    let said = if quiet { Vec::new() } else { verdicts(row, index) };
    said.into_iter()
        .filter(|verdict| verdict.severity != Severity::Ok)
        .map(move |verdict| verdict.about(object.clone()))
}

/// Sets that a bundle does not hold, as far as their pods tell.
fn implied<'a>(
    index: &Index<'a>,
    mut by_set: BTreeMap<(&'a str, &'a str), Vec<Row<'a>>>,
    sets: &[&StatefulSet],
    targets: &[Target],
) -> Vec<SetView<'a>> {
    let cluster = index.cluster;
    let mut pods: BTreeMap<(&str, &str), Vec<Ordinal<'a>>> = BTreeMap::new();
    for pod in &cluster.pods.items {
        let Some(owner) = pod.meta.controller().filter(|owner| &*owner.kind == "StatefulSet") else { continue };
        let wanted = targets.is_empty() || targets.iter().any(|target| *target.set == *owner.name);
        let read = sets.iter().any(|set| set.meta.uid[..] == owner.uid[..]);
        if let (true, false, Some(ordinal)) = (wanted, read, pod.ordinal_in(&owner.uid, &owner.name)) {
            let row = Ordinal { ordinal, in_range: true, pod: Known::Read(Some(pod)), revision: None };
            pods.entry((&pod.meta.namespace, &owner.name)).or_default().push(row);
        }
    }
    pods.into_iter()
        .map(|((namespace, name), mut ordinals)| {
            ordinals.sort_by_key(|row| row.ordinal);
            let cannot = |refusal| {
                Verdict::cannot_tell(
                    "how many ordinals the set shall have, nor which claims and Service it names",
                    refusal,
                )
            };
            SetView {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
                set: None,
                claims: by_set.remove(&(namespace, name)).unwrap_or_default(),
                claims_known: false,
                ordinals,
                findings: cluster.sets.missing.iter().map(cannot).collect(),
                now: cluster.now,
            }
        })
        .collect()
}
