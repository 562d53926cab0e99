//! What becomes of a claim, and of its disk, when its set is deleted or scaled.
//!
//! The controller writes the retention policy into owner references, but only for claims of pods that exist (`stateful_pod_control.go`,
//! `stateful_set_control.go`): claims that were left behind before keep the references of that time. So a claim's end on the set's
//! deletion is read from the references; the policy decides only what the controller is still going to do.

use super::classify::{doomed, foreign_owner, is_pod, is_set};
use crate::facts::{Claim, Cluster, Known, StatefulSet, Volume};

/// What becomes of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It stays.
    Kept,
    /// It is deleted.
    Dies,
    /// It goes now, whatever is done: its owners are gone.
    Going,
    /// Another controller owns it, and the set keeps its hands off.
    ForItsController,
}

impl Fate {
    /// The word for it in a table and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Dies => "dies",
            Self::Going => "going",
            Self::ForItsController => "itsController",
        }
    }
}

/// What becomes of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disk {
    /// There is none yet.
    None,
    /// Its policy keeps it, without a claim.
    Kept,
    /// It goes with its claim.
    Dies,
    /// The volume could not be read.
    CannotTell,
}

/// When the set is deleted with all that belongs to it.
pub fn on_set_delete(claim: &Claim, set: &StatefulSet, cluster: &Cluster) -> Fate {
    if foreign_owner(claim).is_some() {
        return Fate::ForItsController;
    }
    if doomed(claim, cluster).is_some() {
        return Fate::Going;
    }
    // The collector deletes what has no owner left: every owner must go with the set.
    let goes = |owner: &crate::facts::Owner| {
        if is_set(owner) {
            // A reference to an earlier set of the name is dangling.
            set.meta.uid == owner.uid
                || !cluster.sets_in(&claim.meta.namespace).iter().any(|live| live.meta.uid == owner.uid)
        } else {
            is_pod(owner)
                && !cluster.bystanders.contain(&owner.uid)
                && match cluster.pod(&claim.meta.namespace, &owner.name) {
                    Known::Read(Some(pod)) if pod.meta.uid == owner.uid => pod.meta.controlled_by(&set.meta.uid),
                    _ => true,
                }
        }
    };
    let owners = &claim.meta.owners;
    if !owners.is_empty() && owners.iter().all(goes) { Fate::Dies } else { Fate::Kept }
}

/// When the claim's ordinal leaves the range. The controller then writes a reference to the pod that goes, if `whenScaled` says
/// Delete; a claim that another controller has is left alone.
pub fn on_scale_down(claim: &Claim, set: &StatefulSet) -> Fate {
    if foreign_owner(claim).is_some() {
        Fate::ForItsController
    } else if set.retention.delete_when_scaled {
        Fate::Dies
    } else {
        Fate::Kept
    }
}

/// What the claim's deletion does to its disk.
pub fn disk(claim: &Claim, volume: Option<&Known<'_, Option<&Volume>>>) -> Disk {
    match (claim.volume.as_ref(), volume) {
        (None, _) | (_, Some(Known::Read(None))) => Disk::None,
        (Some(_), Some(Known::Read(Some(volume)))) if &*volume.spec.reclaim == "Delete" => Disk::Dies,
        (Some(_), Some(Known::Read(Some(_)))) => Disk::Kept,
        (Some(_), Some(Known::Refused(_)) | None) => Disk::CannotTell,
    }
}

/// Whether policy and references contradict each other: what the set's policy promises on its deletion, and what really happens.
pub fn mismatch(claim: &Claim, set: &StatefulSet, cluster: &Cluster) -> Option<Fate> {
    let fate = on_set_delete(claim, set, cluster);
    match (set.retention.delete_with_set, fate) {
        (true, Fate::Kept) | (false, Fate::Dies) => Some(fate),
        _ => None,
    }
}
