//! What else is worth knowing of a claim, whatever its state: verdicts that follow a row's own.

use super::classify::{foreign_owner, is_set};
use super::{Class, Group, Index, Row, attach, default_class, drift, fate, filling, resize, snapshots, zone};
use crate::facts::{Pod, Volume};
use crate::findings::{Code, Severity, Verdict};

/// The further verdicts, in the order in which they matter to somebody who is about to act.
pub(super) fn modifiers(row: &Row<'_>, index: &Index<'_>) -> Vec<Verdict> {
    let mut all = Vec::new();
    all.extend(filling::verdict(row, index));
    all.extend(zone::stuck(row, index));
    all.extend(attach::verdicts(row, index));
    all.extend(resize::verdicts(row, index));
    all.extend(snapshots::verdicts(row, index));
    if let (Some(set), Some(template)) = (row.set, row.template) {
        all.extend(default_class::several(index.cluster, set, template, row.claim));
    }
    all.extend(unprotected(row, index));
    all.extend(doomed_in_range(row, index));
    all.extend(fate_mismatch(row, index));
    all.extend(drift::verdict(row, index));
    all.extend(drift::change(row, index));
    all.extend(old_data(row));
    all.extend(rebound(row));
    all.extend(disk(row));
    all
}

/// The volume that the row's claim is bound to, where it could be read.
pub(super) fn volume_of<'a>(row: &Row<'a>) -> Option<&'a Volume> {
    row.volume.as_ref().and_then(|known| known.read().flatten())
}

/// What deleting a claim that no pod needs would do to its disk.
fn disk(row: &Row<'_>) -> Option<Verdict> {
    let used = matches!(row.class, Class::Borrowed(_) | Class::TerminatingMounted(_));
    if row.group == Group::InRange || used || row.pod.is_some_and(Pod::live) {
        return None;
    }
    let volume = volume_of(row)?;
    (&*volume.spec.reclaim == "Delete").then(|| {
        Verdict::new(Code::DiskDiesWithClaim, "Deleting this claim deletes its disk.")
            .severity(Severity::Notice)
            .because(
                format_args!("PersistentVolume/{}", volume.meta.name),
                "spec.persistentVolumeReclaimPolicy",
                "Delete",
            )
    })
}

/// The protection controller counts pods with a node only (`pvc_protection_controller.go`, podUsesPVC).
fn unprotected(row: &Row<'_>, index: &Index<'_>) -> Option<Verdict> {
    // Without a volume there is nothing to lose.
    let claim = row.claim.filter(|claim| claim.meta.deleted().is_none() && claim.volume.is_some())?;
    let users: Vec<&Pod> = index.users.of(row.namespace, &claim.meta.name).collect();
    let waits = users.iter().find(|pod| pod.live())?;
    if users.iter().any(|pod| pod.node.is_some()) {
        return None;
    }
    let disk = match volume_of(row) {
        Some(volume) if &*volume.spec.reclaim == "Delete" => ", and its disk with it",
        _ => "",
    };
    Some(
        Verdict::new(
            Code::Unprotected,
            format!(
                "Only pod {} names it, and that has no node yet: deleting the claim would remove it at once{disk}.",
                waits.meta.name
            ),
        )
        .because(format_args!("Pod/{}", waits.meta.name), "spec.nodeName", "absent"),
    )
}

/// An ordinal needs the claim, and garbage collection is about to take it.
fn doomed_in_range(row: &Row<'_>, index: &Index<'_>) -> Option<Verdict> {
    if !matches!(row.class, Class::AwaitingPod(_) | Class::InUse(_) | Class::Borrowed(_)) {
        return None;
    }
    let owner = super::classify::doomed(row.claim?, index.cluster)?;
    Some(
        Verdict::new(
            Code::Doomed,
            format!(
                "Its owner {} {} is gone: garbage collection takes the claim, and the ordinal gets a blank one.",
                owner.kind, owner.name
            ),
        )
        .because(
            format_args!("PersistentVolumeClaim/{}", row.name),
            "metadata.ownerReferences",
            format_args!("{} {} {}", owner.kind, owner.name, owner.uid),
        ),
    )
}

/// A controller's update of references follows a new claim within moments: no news before that.
const SETTLED: jiff::SignedDuration = jiff::SignedDuration::from_mins(1);

fn fate_mismatch(row: &Row<'_>, index: &Index<'_>) -> Option<Verdict> {
    let (claim, set) = (row.claim?, row.set.filter(|set| set.meta.applied())?);
    let young = claim.meta.created().is_some_and(|at| index.cluster.now.duration_since(at) < SETTLED);
    let behind = set.status.as_ref().is_some_and(|status| status.observed_generation < set.generation);
    // A template that is gone is no business of the set's policy any more; two sets can't both be right.
    if claim.meta.deleted().is_some() || young || behind || matches!(row.class, Class::TemplateGone | Class::Ambiguous)
    {
        return None;
    }
    let fate = fate::mismatch(claim, set, index.cluster)?;
    let name = &set.meta.name;
    let (policy, says) = if fate == fate::Fate::Dies {
        (
            "Retain",
            format!(
                "Deleting set {name} deletes this claim, although its policy says Retain: the reference to the set is from an earlier policy."
            ),
        )
    } else {
        (
            "Delete",
            format!(
                "Deleting set {name} leaves this claim behind, although its policy says Delete: the set has no reference on it."
            ),
        )
    };
    let owners: Vec<String> = claim.meta.owners.iter().map(|owner| format!("{} {}", owner.kind, owner.name)).collect();
    let owners = if owners.is_empty() { "none".to_owned() } else { owners.join(", ") };
    let verdict = Verdict::new(Code::FateMismatch, says)
        .because(format_args!("StatefulSet/{name}"), "spec.persistentVolumeClaimRetentionPolicy.whenDeleted", policy)
        .because(format_args!("PersistentVolumeClaim/{}", row.name), "metadata.ownerReferences", owners);
    Some(if fate == fate::Fate::Dies {
        let at = claim.meta.owners.iter().position(is_set).unwrap_or_default();
        verdict.next(format!(
            "kubectl -n {} patch pvc {} --type=json -p '[{{\"op\":\"test\",\"path\":\"/metadata/ownerReferences/{at}/uid\",\"value\":\"{}\"}},{{\"op\":\"remove\",\"path\":\"/metadata/ownerReferences/{at}\"}}]'  # keeps it",
            row.namespace, row.name, set.meta.uid
        ))
    } else {
        verdict
    })
}

fn old_data(row: &Row<'_>) -> Option<Verdict> {
    let (claim, set) = (row.claim?, row.set?);
    if !matches!(row.class, Class::InUse(_)) || foreign_owner(claim).is_some() {
        return None;
    }
    let (made, since) = (claim.meta.created()?, set.meta.created()?);
    (made < since).then(|| {
        Verdict::new(
            Code::OldDataAttached,
            format!("The claim is older than set {}: the pod started on data of an earlier set.", set.meta.name),
        )
        .since(Some(made))
        .because(format_args!("PersistentVolumeClaim/{}", row.name), "metadata.creationTimestamp", made)
        .because(format_args!("StatefulSet/{}", set.meta.name), "metadata.creationTimestamp", since)
    })
}

/// A dynamic volume is called after the claim that it was made for.
fn rebound(row: &Row<'_>) -> Option<Verdict> {
    let (claim, volume) = (row.claim?, volume_of(row)?);
    let first = volume.first_claim().filter(|uid| claim.meta.uid != **uid && claim.meta.applied())?;
    Some(
        Verdict::new(
            Code::VolumeRebound,
            "Its volume was made for another claim: the data may be another ordinal's.".to_owned(),
        )
        .because(format_args!("PersistentVolume/{}", volume.meta.name), "made for the claim with UID", first)
        .because(format_args!("PersistentVolume/{}", volume.meta.name), "spec.claimRef.uid", &claim.meta.uid),
    )
}
