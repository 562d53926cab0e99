//! What is shown of a set: its ordinals, its claims, and what is to be said about it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use workload_cli::Target;
use workload_core::dns;
use workload_core::facts::{Cluster, Known, Pod, StatefulSet};
use workload_core::findings::{Code, ObjectRef, Severity, Verdict};
use workload_core::pods::{Circumstances, LogTail};
use workload_core::rollout::{Diagnosis, Ordinal, diagnose, ordinals, ready};
use workload_core::volumes::{Group, Index, Row, View, rows_beside, rows_in_range, sort, verdicts};

/// The sets that are shown, and what a view of one is made from.
pub(super) struct Sets<'a> {
    index: &'a Index<'a>,
    read: Vec<&'a StatefulSet>,
    logs: &'a [LogTail],
    /// The claims of no ordinal in range, by namespace and set.
    beside: BTreeMap<(&'a str, &'a str), Vec<Row<'a>>>,
    /// The pods of sets that only they tell of, by namespace and set.
    implied: BTreeMap<(&'a str, &'a str), Vec<Ordinal<'a>>>,
}

/// A set as the list shows it. Its ordinals and claims are asked for where they are shown: of all sets at once they would be most of what
/// a large cluster takes.
pub(super) struct SetView<'a> {
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
    /// Absent where only pods tell of it.
    pub(super) set: Option<&'a StatefulSet>,
    /// Ordinals in range that are ready; `None` where it can't be told.
    pub(super) ready: Option<usize>,
    /// Claims of ordinals out of range; `None` where set or claims were not read, so that there may be others.
    pub(super) retained: Option<i32>,
    /// That all is as it should be.
    pub(super) own: Option<Verdict>,
    /// Worst first; what is as it should be is not among them.
    pub(super) findings: Vec<Verdict>,
    pub(super) now: Timestamp,
}

impl SetView<'_> {
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
}

impl<'a> Sets<'a> {
    pub(super) fn new(
        index: &'a Index<'a>,
        sets: Vec<&'a StatefulSet>,
        targets: &[Target],
        logs: &'a [LogTail],
    ) -> Self {
        let implied =
            if index.cluster.sets.missing.is_some() { implied(index.cluster, &sets, targets) } else { BTreeMap::new() };
        let view = View { sets, all_claims: false, only: None };
        let mut beside: BTreeMap<_, Vec<Row<'a>>> = BTreeMap::new();
        for row in rows_beside(index, &view) {
            if let Some(name) = row.set_name() {
                beside.entry((row.namespace, name)).or_default().push(row);
            }
        }
        Self { index, read: view.sets, logs, beside, implied }
    }

    /// A view per set, in the order given; then of the sets that only their pods tell of.
    pub(super) fn views(&self) -> Vec<SetView<'a>> {
        let sets = self.read.iter().map(|set| self.of_set(set));
        sets.chain(self.implied.iter().map(|(&(namespace, name), pods)| self.of_pods(namespace, name, pods))).collect()
    }

    /// Its ordinals.
    pub(super) fn ordinals(&self, view: &SetView<'a>) -> Vec<Ordinal<'a>> {
        match view.set {
            Some(set) => ordinals(set, self.index.cluster),
            None => self.implied.get(&(view.namespace, view.name)).cloned().unwrap_or_default(),
        }
    }

    /// Its claims, of ordinals in range and out of it.
    pub(super) fn claims(&self, view: &SetView<'a>) -> Vec<Row<'a>> {
        self.claims_of(view.set, view.namespace, view.name)
    }

    fn claims_of(&self, set: Option<&'a StatefulSet>, namespace: &str, name: &str) -> Vec<Row<'a>> {
        let mut claims = set.map(|set| rows_in_range(set, self.index)).unwrap_or_default();
        // Pods of an earlier set may tell of one whose name another has now: the claims are told once, with that one.
        let taken = |it: &&StatefulSet| *it.meta.namespace == *namespace && *it.meta.name == *name;
        if set.is_some() || !self.read.iter().any(taken) {
            claims.extend(self.beside.get(&(namespace, name)).into_iter().flatten().cloned());
        }
        sort(&mut claims);
        claims
    }

    fn of_set(&self, set: &'a StatefulSet) -> SetView<'a> {
        let (index, cluster) = (self.index, self.index.cluster);
        let (namespace, name) = (&*set.meta.namespace, &*set.meta.name);
        let (ordinals, claims) = (ordinals(set, cluster), self.claims_of(Some(set), namespace, name));
        let pods: Vec<&Pod> = ordinals.iter().filter_map(|row| row.pod.read().flatten()).collect();
        let mut findings: Vec<Verdict> = if set.meta.applied() {
            Vec::new()
        } else {
            vec![Verdict::new(
                Code::NotApplied,
                "The set stands only in a file: what needs its pods and claims can't be told.",
            )]
        };
        let diagnosis = diagnose(set, &ordinals, cluster, &Circumstances::of(cluster, self.logs));
        let own = diagnosis.set.first().filter(|verdict| verdict.severity == Severity::Ok).cloned();
        let claimed = claims.iter().map(|row| (row.ordinal, claim_findings(row, index).collect())).collect();
        findings.extend(in_order(diagnosis, claimed, dns::findings(set, &pods, cluster, None)));
        if let (Some(refusal), true) = (&cluster.pods.missing, set.meta.applied()) {
            findings.push(Verdict::cannot_tell("which ordinals are ready", refusal));
        }
        // Stable: of equals, what holds the controller first comes first.
        findings.sort_by_key(|verdict| std::cmp::Reverse(verdict.severity));
        let retained = i32::try_from(retained(&claims).count()).ok();
        SetView {
            namespace,
            name,
            set: Some(set),
            ready: ready(&ordinals),
            retained: retained.filter(|_| cluster.claims.missing.is_none()),
            own,
            findings,
            now: cluster.now,
        }
    }

    fn of_pods(&self, namespace: &'a str, name: &'a str, pods: &[Ordinal<'a>]) -> SetView<'a> {
        let cluster = self.index.cluster;
        let cannot = |refusal| {
            Verdict::cannot_tell("how many ordinals the set shall have, nor which claims and Service it names", refusal)
        };
        SetView {
            namespace,
            name,
            set: None,
            ready: ready(pods),
            retained: None,
            own: None,
            findings: cluster.sets.missing.iter().map(cannot).collect(),
            now: cluster.now,
        }
    }
}

/// Claims of ordinals out of range.
pub(super) fn retained<'r, 'a>(claims: &'r [Row<'a>]) -> impl Iterator<Item = &'r Row<'a>> {
    claims.iter().filter(|row| row.group == Group::Retained)
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
    let object = || ObjectRef {
        kind: "PersistentVolumeClaim",
        namespace: row.namespace.to_owned(),
        name: row.name.to_string(),
        uid: row.claim.map(|claim| claim.meta.uid.clone()).unwrap_or_default(),
    };
    let said = if quiet { Vec::new() } else { verdicts(row, index) };
    said.into_iter().filter(|verdict| verdict.severity != Severity::Ok).map(move |verdict| verdict.about(object()))
}

/// The pods of sets that a bundle does not hold.
fn implied<'a>(
    cluster: &'a Cluster,
    sets: &[&StatefulSet],
    targets: &[Target],
) -> BTreeMap<(&'a str, &'a str), Vec<Ordinal<'a>>> {
    let mut pods: BTreeMap<(&str, &str), Vec<Ordinal<'a>>> = BTreeMap::new();
    for pod in &cluster.pods.items {
        let Some(owner) = pod.meta.controller().filter(|owner| &*owner.kind == "StatefulSet") else { continue };
        let wanted = targets.is_empty() || targets.iter().any(|target| *target.set == *owner.name);
        let read = sets.iter().any(|set| set.meta.uid == owner.uid);
        if let (true, false, Some(ordinal)) = (wanted, read, pod.ordinal_in(&owner.uid, &owner.name)) {
            let row = Ordinal { ordinal, in_range: true, pod: Known::Read(Some(pod)), revision: None };
            pods.entry((&pod.meta.namespace, &owner.name)).or_default().push(row);
        }
    }
    for ordinals in pods.values_mut() {
        ordinals.sort_by_key(|row| row.ordinal);
    }
    pods
}
