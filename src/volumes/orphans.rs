//! What no set will use as things stand: claims and volumes that were left behind.

use super::{Class, Group, Index, Leftover, Row, View, fate, gone, leftovers, rows};
use std::collections::HashSet;

use jiff::Timestamp;

use crate::facts::{Claim, Pod, StatefulSet};

/// What is to be shown.
#[derive(Debug)]
pub struct OrphansView<'a> {
    /// The sets whose leftovers are shown.
    pub sets: Vec<&'a StatefulSet>,
    /// Whether leftovers of sets that are gone are shown too: not where one live set is asked for.
    pub of_gone_sets: bool,
    /// Whether claims that are not judged are shown as well.
    pub all_claims: bool,
}

/// The claims and the volumes, each in the order in which they are shown.
pub fn orphans<'a>(index: &Index<'a>, view: &OrphansView<'a>) -> (Vec<Row<'a>>, Vec<Leftover<'a>>) {
    let all_claims = view.all_claims || view.of_gone_sets;
    let mut claims = rows(index, &View { sets: view.sets.clone(), all_claims, only: None });
    claims.retain(|row| match row.group {
        Group::InRange => false,
        Group::Retained => true,
        Group::Unowned => view.all_claims || (view.of_gone_sets && left_behind(row, index)),
    });
    // Each claim once, also where two sets make its name.
    let mut seen = HashSet::new();
    claims.retain(|row| row.claim.is_none_or(|claim| seen.insert(std::ptr::from_ref(claim))));
    let shown = |set: &StatefulSet| view.sets.iter().any(|of| std::ptr::eq(*of, set));
    let mut volumes = leftovers(index);
    volumes.retain(|left| left.maker.map_or(view.of_gone_sets, |maker| shown(maker.set)));
    volumes.sort_by(|a, b| place(a).cmp(&place(b)));
    (claims, volumes)
}

fn place<'l>(left: &'l Leftover<'_>) -> (&'l str, Option<&'l str>, Option<i32>, &'l str) {
    let namespace = left.volume.claim.as_ref().map_or("", |of| &*of.namespace);
    let maker = left.maker.as_ref();
    (namespace, maker.map(|maker| &*maker.set.meta.name), maker.map(|maker| maker.ordinal), &left.volume.meta.name)
}

/// Whether a set seems to have made a claim that no live set makes; what else there is in a namespace is not judged.
fn left_behind(row: &Row<'_>, index: &Index<'_>) -> bool {
    match row.class {
        Class::OrphanSetGone(_) => true,
        Class::Doomed(_) | Class::HeldByFinishedPod(_) | Class::TerminatingStuck | Class::CannotTell(_) => {
            row.claim.is_some_and(|claim| gone::origin(claim, index).is_some())
        }
        _ => false,
    }
}

/// What would make a set use a claim again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsedAgain {
    /// So many replicas.
    AtReplicas(i32),
    /// This start ordinal or a lower one.
    AtStart(i32),
    /// A set of the same name and template.
    WithItsSet,
    /// Nothing that a set does.
    Never,
}

/// Since when no pod uses the claim: by its condition where the server has it, else by the event of its pod's deletion in the last hour.
/// An object's age says nothing about it, and a live pod contradicts both: the condition stands still where its feature was switched off.
pub fn unused_since(row: &Row<'_>, index: &Index<'_>) -> Option<Timestamp> {
    if index.users.of(row.namespace, &row.name).any(Pod::live) {
        return None;
    }
    if let Some(since) = row.claim.and_then(Claim::unused_since) {
        return Some(since);
    }
    let (set, ordinal) = (row.set?, row.ordinal?);
    let deleted = format!("delete Pod {} in StatefulSet {} successful", set.pod_name(ordinal), set.meta.name);
    let events = index.cluster.around.events_of(&set.meta.namespace, "StatefulSet", &set.meta.name);
    events
        .filter(|event| &*event.reason == "SuccessfulDelete" && event.message.eq_ignore_ascii_case(&deleted))
        .find_map(|event| event.last)
}

impl Row<'_> {
    /// What would make a set use the claim again.
    pub fn comes_back(&self) -> UsedAgain {
        match (&self.class, self.set, self.ordinal) {
            (Class::TemplateGone, ..) => UsedAgain::Never,
            (_, Some(set), Some(ordinal)) if ordinal >= set.start => {
                UsedAgain::AtReplicas(ordinal.saturating_sub(set.start).saturating_add(1))
            }
            (_, Some(_), Some(ordinal)) => UsedAgain::AtStart(ordinal),
            (Class::OrphanSetGone(_), ..) => UsedAgain::WithItsSet,
            _ => UsedAgain::Never,
        }
    }

    /// What becomes of the claim when its set is deleted, and when its ordinal leaves the range; nothing where it is out of it already.
    pub fn fates(&self, index: &Index<'_>) -> Option<(fate::Fate, Option<fate::Fate>)> {
        let (claim, set) = (self.claim?, self.set.filter(|set| set.meta.applied())?);
        let in_range = self.ordinal.is_some_and(|ordinal| set.range().contains(&ordinal));
        let scaled = (in_range && self.template.is_some()).then(|| fate::on_scale_down(claim, set));
        Some((fate::on_set_delete(claim, set, index.cluster), scaled))
    }

    /// What the claim's deletion does to its disk.
    pub fn disk(&self) -> fate::Disk {
        self.claim.map_or(fate::Disk::None, |claim| fate::disk(claim, self.volume.as_ref()))
    }
}
