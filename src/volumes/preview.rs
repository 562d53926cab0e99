//! What a scaling or a deletion would do, before it is done.
//!
//! Ranges tell which pods come and go; for claims that leave, the policy of today decides, since the controller writes it into
//! references while their pods still exist; claims without a pod keep the references that they have.

use super::classify::{Class, doomed, foreign_owner};
use super::fate::{self, Disk, Fate};
use super::{Candidate, Index, Row, default_class, row_of, zone};
use crate::facts::{Claim, ClaimPhase, Known, Pod, StatefulSet, Volume};
use crate::findings::{Code, Verdict};

/// What happens to an ordinal's claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// In range before and after.
    Unchanged,
    /// A pod comes and finds the claim that was left behind, with its data.
    AttachedAgain,
    /// A pod comes and gets a new, blank claim.
    CreatedBlank,
    /// A pod comes, but the claim is going: the pod waits until it is gone, and then gets a blank one.
    WaitsForDeletion,
    /// The pod goes, the claim stays.
    Kept,
    /// The claim is deleted.
    Destroyed,
    /// Out of range before and after.
    StaysBehind,
    /// Another controller decides.
    ForItsController,
    /// What decides could not be read.
    CannotTell,
}

impl Effect {
    /// The word for it in a table and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unchanged => "Unchanged",
            Self::AttachedAgain => "AttachedAgain",
            Self::CreatedBlank => "CreatedBlank",
            Self::WaitsForDeletion => "WaitsForDeletion",
            Self::Kept => "Kept",
            Self::Destroyed => "Destroyed",
            Self::StaysBehind => "StaysBehind",
            Self::ForItsController => "ForItsController",
            Self::CannotTell => "CannotTell",
        }
    }
}

/// What happens to a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PodEffect {
    /// It stays as it is.
    Stays,
    /// It is made.
    Comes,
    /// It is deleted.
    Goes,
    /// There is none, before or after.
    None,
}

/// An ordinal of a template, and what happens to it.
#[derive(Debug, Clone)]
pub struct PreviewRow<'a> {
    /// Set, template and ordinal.
    pub at: Candidate<'a>,
    /// The claim's name.
    pub name: String,
    /// The claim, if there is one.
    pub claim: Option<&'a Claim>,
    /// Its volume.
    pub volume: Option<Known<'a, Option<&'a Volume>>>,
    /// The pod of the ordinal, if there is one.
    pub pod: Option<&'a Pod>,
    /// What happens to the pod.
    pub pod_effect: PodEffect,
    /// What happens to the claim.
    pub effect: Effect,
    /// What happens to the disk; `None` where the claim stays.
    pub disk: Option<Disk>,
    /// What is worth knowing of it.
    pub notes: Vec<Verdict>,
}

/// What is to be done to a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// So many replicas from this start ordinal on.
    Scale {
        /// `spec.replicas`.
        replicas: i32,
        /// `spec.ordinals.start`.
        start: i32,
    },
    /// Its deletion; with `orphan` its pods and claims stay.
    Delete {
        /// `--cascade=orphan`.
        orphan: bool,
    },
}

/// A row per ordinal that has a claim or a pod, before or after; those in range first, in order of ordinals.
pub fn preview<'a>(index: &Index<'a>, set: &'a StatefulSet, action: Action) -> Vec<PreviewRow<'a>> {
    let after = match action {
        Action::Scale { replicas, start } => start..start.saturating_add(replicas.max(0)),
        Action::Delete { .. } => 0..0,
    };
    let mut ordinals: Vec<i32> = set.range().chain(after.clone()).collect();
    let owned = |pod: &&Pod| pod.meta.namespace == set.meta.namespace;
    let pods = index.cluster.pods.items.iter().filter(owned);
    ordinals.extend(pods.filter_map(|pod| pod.ordinal_in(&set.meta.uid, &set.meta.name)));
    ordinals.extend(index.cluster.claims.items.iter().flat_map(|claim| {
        let makers = index.candidates.of(&claim.meta.namespace, &claim.meta.name);
        makers.into_iter().filter(|maker| std::ptr::eq(maker.set, set)).map(|maker| maker.ordinal)
    }));
    ordinals.sort_unstable();
    ordinals.dedup();
    let mut rows = Vec::new();
    for ordinal in ordinals {
        for template in &set.templates {
            let at = Candidate { set, template, ordinal };
            rows.extend(row(index, at, action, after.contains(&ordinal)));
        }
    }
    rows
}

fn row<'a>(index: &Index<'a>, at: Candidate<'a>, action: Action, in_range: bool) -> Option<PreviewRow<'a>> {
    let cluster = index.cluster;
    let (set, namespace) = (at.set, &at.set.meta.namespace);
    let name = set.claim_name(at.template, at.ordinal);
    let found = cluster.claim(namespace, &name);
    let claim = found.read().flatten();
    let now: Option<Row<'a>> = claim.map(|claim| row_of(claim, index));
    let own = super::classify::own_pod(set, at.ordinal, cluster);
    let pod = own.read().flatten();
    let pod_effect = match (pod.is_some(), in_range, action) {
        (true, _, Action::Delete { orphan: true }) | (true, true, _) => PodEffect::Stays,
        (true, false, _) => PodEffect::Goes,
        (false, true, _) => PodEffect::Comes,
        (false, false, _) => PodEffect::None,
    };
    let effect = match (claim, found.refusal().or(own.refusal())) {
        (_, Some(_)) => Effect::CannotTell,
        (None, None) if in_range && at.in_range() => Effect::CreatedBlank,
        (None, None) if in_range => Effect::CreatedBlank,
        (None, None) => return None,
        (Some(claim), None) => effect(index, at, action, in_range, claim, pod),
    };
    let volume = now.as_ref().and_then(|row| row.volume);
    let disk =
        (effect == Effect::Destroyed).then(|| claim.map_or(Disk::None, |claim| fate::disk(claim, volume.as_ref())));
    let mut row = PreviewRow { at, name, claim, volume, pod, pod_effect, effect, disk, notes: Vec::new() };
    row.notes = notes(index, &row, now.as_ref());
    Some(row)
}

fn effect(
    index: &Index<'_>,
    at: Candidate<'_>,
    action: Action,
    in_range: bool,
    claim: &Claim,
    pod: Option<&Pod>,
) -> Effect {
    let set = at.set;
    if let Action::Delete { orphan } = action {
        // The controller's own references are stripped before an orphaning deletion ends (garbagecollector.go, orphanDependents).
        let dies = matches!(fate::on_set_delete(claim, set, index.cluster), Fate::Dies | Fate::Going);
        let by_pod = claim.meta.owners.iter().any(super::classify::is_pod);
        return match (foreign_owner(claim), orphan) {
            (Some(_), _) => Effect::ForItsController,
            (None, true) if dies && by_pod && pod.is_none() => Effect::Destroyed,
            (None, false) if dies => Effect::Destroyed,
            (None, _) => Effect::Kept,
        };
    }
    let going = claim.meta.deleted().is_some() || doomed(claim, index.cluster).is_some();
    match (at.in_range(), in_range) {
        (true, true) => Effect::Unchanged,
        // A condemned pod that is taken back into the range never went.
        (false, true) if pod.is_some_and(|pod| pod.meta.deleted().is_none()) => Effect::Unchanged,
        (false, true) if going => Effect::WaitsForDeletion,
        (false, true) => Effect::AttachedAgain,
        (true | false, false) if foreign_owner(claim).is_some() => Effect::ForItsController,
        (true, false) => match fate::on_scale_down(claim, set) {
            // Only claims of pods that exist get the reference by which they go.
            Fate::Dies if pod.is_some() => Effect::Destroyed,
            _ => Effect::Kept,
        },
        (false, false) if going => Effect::Destroyed,
        (false, false) if pod.is_some() && fate::on_scale_down(claim, set) == Fate::Dies => Effect::Destroyed,
        (false, false) => Effect::StaysBehind,
    }
}

/// What is worth knowing before: whose name it is, old data, a place without nodes, a difference from the template, which class a new one gets.
fn notes(index: &Index<'_>, row: &PreviewRow<'_>, now: Option<&Row<'_>>) -> Vec<Verdict> {
    let mut all = Vec::new();
    if matches!(row.effect, Effect::CreatedBlank | Effect::WaitsForDeletion) {
        all.extend(default_class::several(index.cluster, row.at.set, row.at.template, None));
    }
    let (Some(now), Some(claim)) = (now, row.claim) else { return all };
    if matches!(now.class, Class::Ambiguous | Class::Foreign(_) | Class::Borrowed(_) | Class::Lost) {
        all.extend(super::verdicts(now, index).into_iter().take(1));
    }
    let comes = matches!(row.effect, Effect::AttachedAgain);
    if comes {
        if claim.phase == Some(ClaimPhase::Bound) {
            let volume = now.volume.and_then(|volume| volume.read().flatten());
            if let Some(volume) = volume.filter(|volume| zone::reachable(volume, index.cluster) == Some(false)) {
                let place = zone::place(volume);
                all.push(
                    Verdict::new(
                        Code::ZoneStuck,
                        format!("Its volume lies {place}, and no node there takes pods: the pod will stay Pending."),
                    )
                    .because(
                        format_args!("PersistentVolume/{}", volume.meta.name),
                        "spec.nodeAffinity",
                        place,
                    ),
                );
            }
        }
        let mut drift = now.clone();
        (drift.set, drift.template) = (Some(row.at.set), Some(row.at.template));
        all.extend(super::drift::verdict(&drift, index).into_iter().take(1));
    }
    if row.effect == Effect::Destroyed {
        for reference in index.references.of(&claim.meta.namespace, &claim.meta.name) {
            let (kind, name, _) = reference.told();
            all.push(
                Verdict::new(Code::ReferencedNotMounted, format!("{} names it and will miss it.", reference.shown()))
                    .because(format_args!("{kind}/{name}"), "spec.template.spec.volumes[]", &row.name),
            );
        }
    }
    all
}
