//! What is shown of a set: its ordinals, its claims, and what is to be said about it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use workload_cli::Target;
use workload_core::dns;
use workload_core::facts::{Known, Pod, StatefulSet};
use workload_core::findings::{Code, Severity, Verdict};
use workload_core::pods::{Circumstances, LogTail};
use workload_core::rollout::{Diagnosis, Ordinal, diagnose, ordinals, ready};
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
    /// That all is as it should be.
    pub(super) own: Option<Verdict>,
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

    /// What is wrong or awaited, then that the pods are as they should be, then notices.
    pub(super) fn verdicts(&self) -> impl Iterator<Item = &Verdict> {
        let wrong = self.findings.iter().take_while(|it| it.severity > Severity::Notice).count();
        let (wrong, notices) = self.findings.split_at(wrong);
        wrong.iter().chain(&self.own).chain(notices)
    }

    /// The worst that was found.
    pub(super) fn worst(&self) -> Severity {
        self.verdicts().map(|verdict| verdict.severity).max().unwrap_or(Severity::Ok)
    }

    /// Their number; `None` where it can't be told.
    pub(super) fn retained_count(&self) -> Option<i32> {
        i32::try_from(self.retained().count()).ok().filter(|_| self.claims_known)
    }
}

/// A view per set, in the order given; then of the sets that only their pods tell of.
pub(super) fn views<'a>(
    index: &Index<'a>,
    sets: &[&'a StatefulSet],
    targets: &[Target],
    logs: &[LogTail],
) -> Vec<SetView<'a>> {
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
            of_set(index, set, claims, logs)
        })
        .collect();
    if cluster.sets.missing.is_some() {
        views.extend(implied(index, by_set, sets, targets));
    }
    views
}

fn of_set<'a>(index: &Index<'a>, set: &'a StatefulSet, claims: Vec<Row<'a>>, logs: &[LogTail]) -> SetView<'a> {
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
    let diagnosis = diagnose(set, &ordinals, cluster, &Circumstances::of(cluster, logs));
    let own = diagnosis.set.first().filter(|verdict| verdict.severity == Severity::Ok).cloned();
    let claimed = claims.iter().map(|row| (row.ordinal, claim_findings(row, index).collect())).collect();
    findings.extend(in_order(diagnosis, claimed, dns::findings(set, &pods, cluster, None)));
    if let (Some(refusal), true) = (&cluster.pods.missing, set.meta.applied()) {
        findings.push(Verdict::cannot_tell("which ordinals are ready", refusal));
    }
    // Stable: of equals, what holds the controller first comes first.
    findings.sort_by_key(|verdict| std::cmp::Reverse(verdict.severity));
    SetView {
        namespace: set.meta.namespace.to_string(),
        name: set.meta.name.to_string(),
        set: Some(set),
        ordinals,
        claims,
        claims_known: cluster.claims.missing.is_none(),
        own,
        findings,
        now: cluster.now,
    }
}

/// What was found, what comes first on the controller's way first: a deadlock of names, the set's own, then ordinal by ordinal the claim before
/// the pod that needs it; names and what is worth knowing besides come last.
fn in_order(diagnosis: Diagnosis<'_>, claimed: Vec<(Option<i32>, Vec<Verdict>)>, names: Vec<Verdict>) -> Vec<Verdict> {
    let (deadlocks, names): (Vec<_>, Vec<_>) =
        names.into_iter().partition(|verdict| verdict.code == Code::BootstrapDeadlock);
    let mut all = deadlocks;
    all.extend(diagnosis.set);
    let mut claimed = claimed;
    for (ordinal, verdict) in diagnosis.pods {
        for (_, of_claims) in claimed.iter_mut().filter(|(of, _)| *of == Some(ordinal)) {
            all.append(of_claims);
        }
        // The claim's own verdict says the same, and more.
        let told = |said: &Verdict| {
            said.code == verdict.code && said.object.as_ref().is_some_and(|of| of.kind == "PersistentVolumeClaim")
        };
        if !all.iter().any(told) {
            all.push(verdict);
        }
    }
    all.extend(claimed.into_iter().flat_map(|(_, verdicts)| verdicts));
    all.extend(names);
    all.extend(diagnosis.notices);
    all.retain(|verdict| verdict.severity != Severity::Ok);
    all.sort_by_key(|verdict| std::cmp::Reverse(verdict.severity));
    // What only says that a pod holds the others has that pod's cause behind it, and that one's step.
    if let [first, cause, ..] = &mut all[..]
        && first.next.is_none()
        && matches!(first.code, Code::FirstRolloutBlocked | Code::ScaleDownBlocked)
    {
        first.next.clone_from(&cause.next);
    }
    all
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
                own: None,
                findings: cluster.sets.missing.iter().map(cannot).collect(),
                now: cluster.now,
            }
        })
        .collect()
}
