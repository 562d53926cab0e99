//! The state of one claim, by the rules of VERDICTS "Claims and volumes", in their order.

use super::pending::pending;
use super::{Candidate, Index, Origin, Reference, gone};
use crate::facts::{Claim, ClaimPhase, Cluster, Event, Known, Owner, Pod, Refusal, StatefulSet, Volume};
use crate::findings::Code;

/// The state of a claim; small, so that a row can be kept for each of fifty thousand. `explain` puts it in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Class<'a> {
    /// Being deleted while these live pods use it.
    TerminatingMounted(Vec<PodPtr<'a>>),
    /// Being deleted, held by finalizers alone.
    TerminatingStuck,
    /// Its volume is gone or serves another claim.
    Lost,
    /// More than one set and template make this name.
    Ambiguous,
    /// Controlled by something that is neither a StatefulSet nor its pod.
    Foreign(&'a Owner),
    /// Names a class that does not exist.
    ClassMissing,
    /// Names a VolumeAttributesClass that does not exist.
    AttributesClassMissing,
    /// Names no class, and there is no default one.
    NoDefaultClass,
    /// Waits for a volume made by hand; the one that fits best, if there is any free one.
    NoVolumeFits(Option<&'a Volume>),
    /// The provisioner was asked and says nothing.
    ProvisionerSilent,
    /// The provisioner failed, in its own words.
    ProvisioningFailed(&'a Event),
    /// Binds when its first pod is scheduled, and there is none.
    AwaitingFirstConsumer,
    /// The pod of its ordinal uses it.
    InUse(PodPtr<'a>),
    /// Its ordinal is out of range, but the pod is still there.
    Condemned(PodPtr<'a>),
    /// Another live pod uses it.
    Borrowed(PodPtr<'a>),
    /// In range; its pod is absent, has no node, or does not use it.
    AwaitingPod(Option<PodPtr<'a>>),
    /// In range and not there.
    Missing,
    /// No pod uses it, but a workload's template names it.
    Referenced(Reference<'a>),
    /// Only finished pods name it.
    HeldByFinishedPod(PodPtr<'a>),
    /// All its owners are gone, or going: this one among them.
    Doomed(&'a Owner),
    /// Out of range of a set that runs.
    RetainedScaledDown,
    /// Out of range of a set without replicas.
    RetainedAtZero,
    /// This set's labels, but no template of it makes the name.
    TemplateGone,
    /// Made by a set that is gone.
    OrphanSetGone(Origin<'a>),
    /// Ends in an ordinal that no controller writes.
    NonCanonicalName,
    /// No set makes this name.
    Unattributed,
    /// What decides could not be read.
    CannotTell(&'a Refusal),
    /// The set stands only in a file, and the files hold no pods or claims of a running cluster.
    NotApplied,
}

impl Class<'_> {
    /// Its code.
    pub fn code(&self) -> Code {
        match self {
            Self::TerminatingMounted(_) => Code::TerminatingMounted,
            Self::TerminatingStuck => Code::TerminatingStuck,
            Self::Lost => Code::ClaimLost,
            Self::Ambiguous => Code::AmbiguousClaim,
            Self::Foreign(_) => Code::ForeignController,
            Self::ClassMissing | Self::AttributesClassMissing => Code::ClassMissing,
            Self::NoDefaultClass => Code::NoDefaultClass,
            Self::NoVolumeFits(_) => Code::NoVolumeFits,
            Self::ProvisionerSilent => Code::ProvisionerSilent,
            Self::ProvisioningFailed(_) => Code::ProvisioningFailed,
            Self::Referenced(_) => Code::ReferencedNotMounted,
            Self::Doomed(_) => Code::Doomed,
            Self::TemplateGone => Code::TemplateGone,
            Self::OrphanSetGone(_) => Code::OrphanSetGone,
            Self::NonCanonicalName => Code::NonCanonicalName,
            Self::AwaitingFirstConsumer => Code::AwaitingFirstConsumer,
            Self::InUse(_) => Code::InUse,
            Self::Condemned(_) => Code::Condemned,
            Self::Borrowed(_) => Code::Borrowed,
            Self::AwaitingPod(_) => Code::AwaitingPod,
            Self::Missing => Code::ClaimMissing,
            Self::HeldByFinishedPod(_) => Code::HeldByFinishedPod,
            Self::RetainedScaledDown => Code::RetainedScaledDown,
            Self::RetainedAtZero => Code::RetainedAtZero,
            Self::Unattributed => Code::Unattributed,
            Self::CannotTell(_) => Code::CannotTell,
            Self::NotApplied => Code::NotApplied,
        }
    }
}

/// A pod, compared by identity.
#[derive(Debug, Clone, Copy)]
pub struct PodPtr<'a>(pub &'a Pod);

impl PartialEq for PodPtr<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}
impl Eq for PodPtr<'_> {}

/// The state of a claim that exists. `row` is the set, template and ordinal whose row asks, one of the claim's candidates.
pub(super) fn classify<'a>(claim: &'a Claim, row: Option<Candidate<'a>>, index: &Index<'a>) -> Class<'a> {
    let cluster = index.cluster;
    let (namespace, name) = (&*claim.meta.namespace, &*claim.meta.name);
    let live: Vec<PodPtr<'a>> = index.users.of(namespace, name).filter(|pod| pod.live()).map(PodPtr).collect();
    if claim.meta.deleted().is_some() {
        return match (&cluster.pods.missing, live.is_empty()) {
            (Some(refusal), true) => Class::CannotTell(refusal),
            (None, true) => Class::TerminatingStuck,
            (_, false) => Class::TerminatingMounted(live),
        };
    }
    if claim.phase == Some(ClaimPhase::Lost) {
        return Class::Lost;
    }
    if index.candidates.of(namespace, name).len() > 1 {
        return Class::Ambiguous;
    }
    if let Some(owner) = foreign_controller(claim) {
        return Class::Foreign(owner);
    }
    if claim.phase == Some(ClaimPhase::Pending)
        && let Some(cause) = pending(claim, live.is_empty(), cluster)
    {
        return cause;
    }
    match row {
        Some(row) => by_ordinal(claim, row, &live, index),
        None => unmade(claim, &live, index),
    }
}

fn by_ordinal<'a>(claim: &'a Claim, row: Candidate<'a>, live: &[PodPtr<'a>], index: &Index<'a>) -> Class<'a> {
    let cluster = index.cluster;
    let own = own_pod(row.set, row.ordinal, cluster);
    if let Known::Read(Some(pod)) = own
        && live.contains(&PodPtr(pod))
    {
        if !row.in_range() {
            return Class::Condemned(PodPtr(pod));
        }
        if pod.node.is_some() {
            return Class::InUse(PodPtr(pod));
        }
    }
    let own = own.read().flatten().map(PodPtr);
    if let Some(&other) = live.iter().find(|&&user| Some(user) != own) {
        return Class::Borrowed(other);
    }
    if let Some(refusal) = &cluster.pods.missing {
        return if row.set.meta.applied() { Class::CannotTell(refusal) } else { Class::NotApplied };
    }
    if row.in_range() {
        return Class::AwaitingPod(own);
    }
    at_rest(claim, index).unwrap_or(match row.set.replicas {
        ..=0 => Class::RetainedAtZero,
        _ => Class::RetainedScaledDown,
    })
}

/// What keeps a claim that no live pod uses and no ordinal in range expects.
fn at_rest<'a>(claim: &'a Claim, index: &Index<'a>) -> Option<Class<'a>> {
    let (namespace, name) = (&*claim.meta.namespace, &*claim.meta.name);
    if let Some(reference) = index.references.of(namespace, name).next() {
        return Some(Class::Referenced(reference));
    }
    if let Some(pod) = index.users.of(namespace, name).find(|pod| !pod.live()) {
        return Some(Class::HeldByFinishedPod(PodPtr(pod)));
    }
    let foreign = || foreign_owner(claim).or_else(|| other_pod(claim, index.cluster)).map(Class::Foreign);
    doomed(claim, index.cluster).map(Class::Doomed).or_else(foreign)
}

/// An owner that is a pod, is there, and belongs to no set: who made it (a Spark driver) may mount the claim again.
fn other_pod<'a>(claim: &'a Claim, cluster: &Cluster) -> Option<&'a Owner> {
    claim.meta.owners.iter().filter(|owner| is_pod(owner)).find(|owner| {
        cluster.bystanders.contain(&owner.uid)
            || matches!(cluster.pod(&claim.meta.namespace, &owner.name), Known::Read(Some(pod))
                if pod.meta.uid == owner.uid && !pod.meta.controller().is_some_and(is_set))
    })
}

/// A claim that no template of a live set makes.
fn unmade<'a>(claim: &'a Claim, live: &[PodPtr<'a>], index: &Index<'a>) -> Class<'a> {
    let cluster = index.cluster;
    // Without all sets it can't be said that none makes the name.
    if let Some(refusal) = &cluster.sets.missing {
        return Class::CannotTell(refusal);
    }
    if live.is_empty()
        && let Some(kept) = at_rest(claim, index)
    {
        return kept;
    }
    if gone::template_gone(claim, index).is_some() {
        return Class::TemplateGone;
    }
    if live.is_empty()
        && let Some(origin) = gone::origin(claim, index)
    {
        return cluster.pods.missing.as_ref().map_or(Class::OrphanSetGone(origin), Class::CannotTell);
    }
    if gone::non_canonical(&claim.meta.name) { Class::NonCanonicalName } else { Class::Unattributed }
}

/// An owner whose absence lets garbage collection take the claim: the collector deletes what has no owner left
/// (`garbagecollector.go`, attemptToDeleteItem). Other kinds than sets and pods are not read, so nothing is said of them; where their
/// kind is no longer served, the claim stays for ever.
pub(super) fn doomed<'a>(claim: &'a Claim, cluster: &Cluster) -> Option<&'a Owner> {
    let namespace = &*claim.meta.namespace;
    let gone = |owner: &Owner| {
        if is_set(owner) {
            let found = cluster.sets_in(namespace).iter().any(|set| set.meta.uid == owner.uid);
            !found && cluster.sets.missing.is_none()
        } else if is_pod(owner) {
            cluster.owning_pod_exists(namespace, owner) == Known::Read(false)
        } else {
            false
        }
    };
    claim.meta.owners.iter().all(gone).then(|| claim.meta.owners.first())?
}

pub(super) fn is_set(owner: &Owner) -> bool {
    &*owner.api_version == "apps/v1" && &*owner.kind == "StatefulSet"
}

pub(super) fn is_pod(owner: &Owner) -> bool {
    &*owner.api_version == "v1" && &*owner.kind == "Pod"
}

/// Any owner that is neither a set nor a pod, whether it controls the claim or not.
pub(super) fn foreign_owner(claim: &Claim) -> Option<&Owner> {
    claim.meta.owners.iter().find(|owner| !is_set(owner) && !is_pod(owner))
}

/// The state of an ordinal in range whose claim was not found.
pub(super) fn absent<'a>(row: Candidate<'a>, cluster: &'a Cluster) -> Class<'a> {
    match &cluster.claims.missing {
        Some(_) if !row.set.meta.applied() => Class::NotApplied,
        Some(refusal) => Class::CannotTell(refusal),
        None => Class::Missing,
    }
}

/// The pod of an ordinal, if it is the set's own: a pod of that name may belong to somebody else.
pub(super) fn own_pod<'a>(set: &StatefulSet, ordinal: i32, cluster: &'a Cluster) -> Known<'a, Option<&'a Pod>> {
    match cluster.pod(&set.meta.namespace, &set.pod_name(ordinal)) {
        Known::Read(found) => Known::Read(found.filter(|pod| pod.meta.controlled_by(&set.meta.uid))),
        refused @ Known::Refused(_) => refused,
    }
}

/// The controlling owner, unless it is a StatefulSet or a pod (KEP-1847 makes such references).
pub(super) fn foreign_controller(claim: &Claim) -> Option<&Owner> {
    claim.meta.controller().filter(|owner| !is_set(owner) && !is_pod(owner))
}
