//! Whether a claim may be deleted, and if not, why not. The one gate that `clean` and every report pass.

use super::classify::foreign_owner;
use super::{Class, Confidence, Group, Index, Reference, Row, blind_spots};
use crate::facts::{Known, Why};
use crate::findings::Deletable;

/// Whether and how the row's claim may be deleted: by its class, unless anything forbids it ([`vetoes`]).
pub fn deletable(row: &Row<'_>, index: &Index<'_>) -> Deletable {
    let by_class = by_class(row);
    if by_class == Deletable::Never || !vetoes(row, index).is_empty() {
        return Deletable::Never;
    }
    // What may be chosen by its verdict must have been read whole, disk included. What a command does not read leaves it to whoever names
    // the claim, and to `clean`, which reads everything before it deletes anything.
    let whole = !matches!(row.volume, Some(Known::Refused(_))) && blind_spots(index.cluster).next().is_none();
    if by_class == Deletable::Bulk && !whole { Deletable::Named } else { by_class }
}

fn by_class(row: &Row<'_>) -> Deletable {
    match &row.class {
        // Its data comes back on a scale-up, or somebody may still want it: whoever deletes it must name it.
        Class::RetainedScaledDown | Class::RetainedAtZero | Class::TemplateGone | Class::HeldByFinishedPod(_) => {
            Deletable::Named
        }
        Class::OrphanSetGone(origin) => match origin.confidence {
            Confidence::High => Deletable::Bulk,
            Confidence::Medium => Deletable::Named,
            Confidence::Low => Deletable::Never,
        },
        Class::AwaitingFirstConsumer
        | Class::ClassMissing
        | Class::AttributesClassMissing
        | Class::NoDefaultClass
        | Class::NoVolumeFits(_)
        | Class::ProvisionerSilent
        | Class::ProvisioningFailed(_)
            if row.group == Group::Retained =>
        {
            Deletable::Named
        }
        _ => Deletable::Never,
    }
}

/// Everything that forbids the deletion whatever the class, each as a sentence.
pub fn vetoes(row: &Row<'_>, index: &Index<'_>) -> Vec<String> {
    let Some(claim) = row.claim else { return vec!["there is no such claim".to_owned()] };
    let (namespace, name) = (&*claim.meta.namespace, &*claim.meta.name);
    let mut all = Vec::new();
    if !claim.meta.applied() {
        all.push("it stands only in a file".to_owned());
    }
    if claim.meta.deleted().is_some() {
        all.push("it is being deleted already".to_owned());
    }
    let made_by = index.candidates.of(namespace, name);
    if made_by.len() > 1 {
        all.push("more than one set makes a claim of this name".to_owned());
    }
    if let Some(candidate) = made_by.iter().find(|candidate| candidate.in_range()) {
        all.push(format!("ordinal {} of set {} is in range and needs it", candidate.ordinal, candidate.set.meta.name));
    }
    if let Some(pod) = index.users.of(namespace, name).find(|pod| pod.live()) {
        all.push(format!("pod {} uses it", pod.meta.name));
    }
    for reference in index.references.of(namespace, name) {
        let (kind, of, _) = reference.told();
        all.push(format!("{kind} {of} names it"));
    }
    if let Some(owner) = foreign_owner(claim) {
        all.push(format!("{} {} owns it", owner.kind, owner.name));
    }
    if let Some(snapshot) = index.snapshots_of(claim).iter().find(|snapshot| !snapshot.ready) {
        all.push(format!("VolumeSnapshot {} still reads from it", snapshot.meta.name));
    }
    if let Some(clone) =
        index.clones_of(claim).iter().find(|clone| clone.phase != Some(crate::facts::ClaimPhase::Bound))
    {
        all.push(format!("claim {} is being filled from it", clone.meta.name));
    }
    all.extend(blind_spots(index.cluster).filter(|spot| spot.why != Why::NotRead).map(ToString::to_string));
    all
}

/// What could not be read of all that may use a claim. Kinds that the command does not read are told in one sentence.
pub(super) fn unread(index: &Index<'_>) -> Vec<String> {
    let (not_read, refused): (Vec<_>, Vec<_>) = blind_spots(index.cluster).partition(|spot| spot.why == Why::NotRead);
    let mut all: Vec<String> = refused.iter().map(ToString::to_string).collect();
    if !not_read.is_empty() {
        let names: Vec<&str> =
            not_read.iter().map(|spot| spot.resource.split('.').next().unwrap_or_default()).collect();
        all.push(format!("this command does not read {}: kubectl sts orphans does", names.join(", ")));
    }
    all
}

impl Reference<'_> {
    /// `CronJob/backup (runs at 0 3 * * *)`.
    pub fn shown(&self) -> String {
        let (kind, name, rest) = self.told();
        if rest.is_empty() { format!("{kind} {name}") } else { format!("{kind} {name} ({rest})") }
    }
}
