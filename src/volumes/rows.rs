//! The rows of `kubectl sts volumes`: a row per ordinal and template, then what the sets left behind.

use std::borrow::Cow;
use std::collections::HashSet;

use super::classify::{absent, classify, own_pod};
use super::{Candidate, Class, Index, gone};
use crate::facts::{Claim, ClaimTemplate, Cluster, Known, Pod, Quantity, StatefulSet, Volume};

/// Under which heading a row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Ordinals that shall have a pod, or still have one.
    InRange,
    /// Claims of ordinals out of range.
    Retained,
    /// Claims that no set makes.
    Unowned,
}

/// An ordinal of a template with its claim; or a claim that no set makes.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    /// Its heading.
    pub group: Group,
    /// The set; absent for unowned claims, and where only pods tell of the set.
    pub set: Option<&'a StatefulSet>,
    /// The claim template.
    pub template: Option<&'a ClaimTemplate>,
    /// The ordinal.
    pub ordinal: Option<i32>,
    /// The claim's namespace.
    pub namespace: &'a str,
    /// The claim's name, whether it exists or not.
    pub name: Cow<'a, str>,
    /// The claim, if it was found.
    pub claim: Option<&'a Claim>,
    /// The pod of the ordinal; for an unowned claim the first that uses it.
    pub pod: Option<&'a Pod>,
    /// The volume that the claim is bound to; `None` where it is bound to none.
    pub volume: Option<Known<'a, Option<&'a Volume>>>,
    /// The state.
    pub class: Class<'a>,
}

/// What is to be shown.
#[derive(Debug)]
pub struct View<'a> {
    /// The sets to show, in their order.
    pub sets: Vec<&'a StatefulSet>,
    /// Whether claims that no set makes are shown as well.
    pub all_claims: bool,
    /// Where the sets could not be read and only their pods tell of them: the one to show, or all.
    pub only: Option<String>,
}

/// What the footer says. Each claim counts once, also where two sets have a row for it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Claims in use by pods of their sets.
    pub in_use: usize,
    /// Claims whose state can't be told.
    pub unknown: usize,
    /// Claims of ordinals out of range.
    pub retained: usize,
    /// Size of their volumes in bytes.
    pub retained_bytes: u64,
    /// Claims that no set makes.
    pub unowned: usize,
    /// What brings retained claims back.
    pub comes_back: Vec<ComesBack>,
}

/// A retained claim, and what attaches it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComesBack {
    /// The set's name.
    pub set: String,
    /// The claim's name.
    pub claim: String,
    /// The change that does it.
    pub by: Change,
}

/// A change of a set's range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// At least so many replicas.
    Replicas(i32),
    /// A start of at most this ordinal.
    Start(i32),
}

impl<'a> Row<'a> {
    /// The set's name, also where only a pod's owner reference tells it.
    pub fn set_name(&self) -> Option<&'a str> {
        // A pod whose set is gone may still use a claim that no set makes.
        let told_by_pod = self.group != Group::Unowned;
        let owner = || self.pod?.meta.controller().filter(|owner| told_by_pod && &*owner.kind == "StatefulSet");
        self.set.map(|set| &*set.meta.name).or_else(|| owner().map(|owner| &*owner.name))
    }

    /// The template's name; where only a pod tells of it, the name of the pod's volume.
    pub fn template_name(&self) -> Option<&'a str> {
        self.template.map(|template| &*template.name).or_else(|| {
            let used = self.pod?.claims.iter().find(|used| *used.claim == *self.name)?;
            self.set_name().map(|_| &*used.volume)
        })
    }
}

/// All rows in the order in which they are shown.
pub fn rows<'a>(index: &Index<'a>, view: &View<'a>) -> Vec<Row<'a>> {
    // Grown by doubling, the rows of a large cluster would be held twice.
    let mut rows = Vec::with_capacity(index.cluster.claims.items.len());
    for set in &view.sets {
        in_range(set, index, &mut rows);
    }
    beside(index, view, &mut rows);
    sort(&mut rows);
    rows
}

/// The rows of a set's ordinals in range.
pub fn rows_in_range<'a>(set: &'a StatefulSet, index: &Index<'a>) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    in_range(set, index, &mut rows);
    rows
}

/// The rows that are of no ordinal in range; as a rule they are few.
pub fn rows_beside<'a>(index: &Index<'a>, view: &View<'a>) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    beside(index, view, &mut rows);
    rows
}

/// Brings rows into the order in which they are shown: within a heading by set, ordinal and template.
pub fn sort(rows: &mut [Row<'_>]) {
    // As a rule they come in order, and to sort takes as much memory as they do.
    if !rows.is_sorted_by(|a, b| key(a) <= key(b)) {
        rows.sort_by(|a, b| key(a).cmp(&key(b)));
    }
}

fn beside<'a>(index: &Index<'a>, view: &View<'a>, rows: &mut Vec<Row<'a>>) {
    let cluster = index.cluster;
    if cluster.sets.missing.is_some() && view.sets.is_empty() {
        implied(cluster, view.only.as_deref(), rows);
    }
    let shown = |set: &StatefulSet| view.sets.iter().any(|shown| std::ptr::eq(*shown, set));
    let all_shown = view.sets.len() == cluster.sets.items.len();
    for claim in &cluster.claims.items {
        let makers = index.candidates.of(&claim.meta.namespace, &claim.meta.name);
        if makers.is_empty() {
            let row = unowned(claim, index);
            if view.all_claims || row.set.is_some_and(|set| all_shown || shown(set)) {
                rows.push(row);
            }
        }
        for candidate in makers.iter().filter(|c| !c.in_range() && (all_shown || shown(c.set))) {
            rows.push(row(*candidate, Some(claim), index));
        }
    }
}

fn key<'r>(row: &'r Row<'_>) -> (Group, &'r str, &'r str, i32, usize) {
    let at = |set: &StatefulSet| {
        let same = |template: &ClaimTemplate| row.template.is_some_and(|t| std::ptr::eq(t, template));
        set.templates.iter().position(same).unwrap_or(0)
    };
    (row.group, row.namespace, row.set_name().unwrap_or(&row.name), row.ordinal.unwrap_or(0), row.set.map_or(0, at))
}

fn in_range<'a>(set: &'a StatefulSet, index: &Index<'a>, rows: &mut Vec<Row<'a>>) {
    for ordinal in set.range() {
        for template in &set.templates {
            let candidate = Candidate { set, template, ordinal };
            let claim = index.cluster.claim(&set.meta.namespace, &set.claim_name(template, ordinal)).read().flatten();
            rows.push(row(candidate, claim, index));
        }
    }
}

fn row<'a>(at: Candidate<'a>, claim: Option<&'a Claim>, index: &Index<'a>) -> Row<'a> {
    let cluster = index.cluster;
    let class = match claim {
        Some(claim) => classify(claim, Some(at), index),
        None => absent(at, cluster),
    };
    let pod = own_pod(at.set, at.ordinal, cluster).read().flatten();
    let held = matches!(class, Class::Condemned(_)) || (pod.is_some_and(Pod::live) && !at.in_range());
    Row {
        group: if at.in_range() || held { Group::InRange } else { Group::Retained },
        set: Some(at.set),
        template: Some(at.template),
        ordinal: Some(at.ordinal),
        namespace: &at.set.meta.namespace,
        name: claim.map_or_else(
            || at.set.claim_name(at.template, at.ordinal).into(),
            |claim| Cow::Borrowed(&*claim.meta.name),
        ),
        claim,
        pod,
        volume: claim.and_then(|claim| volume(claim, cluster)),
        class,
    }
}

fn unowned<'a>(claim: &'a Claim, index: &Index<'a>) -> Row<'a> {
    let class = classify(claim, None, index);
    // A template that is gone still tells the set and the ordinal.
    let maker = if matches!(class, Class::TemplateGone) { gone::template_gone(claim, index) } else { None };
    let pod = index.users.of(&claim.meta.namespace, &claim.meta.name).next();
    Row {
        group: match maker {
            Some(_) if pod.is_some_and(Pod::live) => Group::InRange,
            Some(_) => Group::Retained,
            None => Group::Unowned,
        },
        set: maker.map(|(set, _)| set),
        template: None,
        ordinal: maker.map(|(_, ordinal)| ordinal),
        namespace: &claim.meta.namespace,
        name: Cow::Borrowed(&*claim.meta.name),
        claim: Some(claim),
        pod,
        volume: volume(claim, index.cluster),
        class,
    }
}

/// The row of a claim, whoever makes it: of several candidates the first one's.
pub fn row_of<'a>(claim: &'a Claim, index: &Index<'a>) -> Row<'a> {
    match index.candidates.of(&claim.meta.namespace, &claim.meta.name).first() {
        Some(candidate) => row(*candidate, Some(claim), index),
        None => unowned(claim, index),
    }
}

/// Rows of sets that only their pods tell of: a bundle may hold pods and no sets.
fn implied<'a>(cluster: &'a Cluster, only: Option<&str>, rows: &mut Vec<Row<'a>>) {
    let Some(refusal) = &cluster.sets.missing else { return };
    for pod in &cluster.pods.items {
        let Some(owner) = pod.meta.controller().filter(|owner| &*owner.kind == "StatefulSet") else { continue };
        if only.is_some_and(|only| only != &*owner.name) {
            continue;
        }
        for used in &pod.claims {
            let claim = cluster.claim(&pod.meta.namespace, &used.claim).read().flatten();
            rows.push(Row {
                group: Group::InRange,
                set: None,
                template: None,
                ordinal: pod.ordinal_in(&owner.uid, &owner.name),
                namespace: &pod.meta.namespace,
                name: Cow::Borrowed(&*used.claim),
                claim,
                pod: Some(pod),
                volume: claim.and_then(|claim| volume(claim, cluster)),
                class: Class::CannotTell(refusal),
            });
        }
    }
}

fn volume<'a>(claim: &'a Claim, cluster: &'a Cluster) -> Option<Known<'a, Option<&'a Volume>>> {
    let name = claim.volume.as_deref()?;
    Some(match cluster.volume(name) {
        // A volume of the same name that serves another claim is not this claim's (pv_controller.go compares UIDs).
        Known::Read(Some(found)) if serves(found, claim) => Known::Read(Some(found)),
        Known::Read(_) => Known::Read(None),
        refused @ Known::Refused(_) => refused,
    })
}

fn serves(volume: &Volume, claim: &Claim) -> bool {
    volume.claim.as_ref().is_some_and(|of| {
        of.namespace == claim.meta.namespace
            && of.name == claim.meta.name
            && (of.uid.is_empty() || !claim.meta.applied() || of.uid == claim.meta.uid)
    })
}

impl Summary {
    /// Adds the rows up.
    pub fn of(rows: &[Row<'_>]) -> Self {
        let mut sum = Self::default();
        let mut counted = HashSet::new();
        for row in rows {
            // Both sets of an ambiguous claim have a row for it.
            if row.class == Class::Ambiguous && !counted.insert((row.namespace, &*row.name)) {
                continue;
            }
            match (row.group, &row.class) {
                (Group::Unowned, _) => sum.unowned += 1,
                (_, Class::CannotTell(_)) => sum.unknown += 1,
                _ if row.mounted_by_own_pod() => sum.in_use += 1,
                (Group::Retained, _) => sum.retain(row),
                _ => {}
            }
        }
        sum
    }

    fn retain(&mut self, row: &Row<'_>) {
        self.retained += 1;
        let claim = row.claim.filter(|claim| claim.volume.is_some());
        let size = claim.and_then(|claim| claim.capacity.as_ref().or(claim.spec.request.as_ref()));
        self.retained_bytes = self.retained_bytes.saturating_add(size.and_then(Quantity::bytes).unwrap_or(0));
        let attaches = matches!(
            row.class,
            Class::RetainedScaledDown | Class::RetainedAtZero | Class::HeldByFinishedPod(_) | Class::Borrowed(_)
        );
        let (Some(set), Some(ordinal), true) = (row.set, row.ordinal, attaches) else { return };
        let by = if ordinal < set.start {
            Change::Start(ordinal)
        } else {
            Change::Replicas(ordinal.saturating_sub(set.start).saturating_add(1))
        };
        self.comes_back.push(ComesBack { set: set.meta.name.to_string(), claim: row.name.to_string(), by });
    }
}

impl Row<'_> {
    /// Whether the live pod of the row's own ordinal names the claim.
    pub fn mounted_by_own_pod(&self) -> bool {
        self.set.is_some()
            && self.pod.is_some_and(|pod| {
                pod.live() && pod.node.is_some() && pod.claims.iter().any(|used| *used.claim == *self.name)
            })
    }
}
