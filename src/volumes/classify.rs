//! The state of one claim, by the rules of VERDICTS "Claims and volumes", in their order.

use super::{Candidate, Index};
use crate::facts::{Claim, ClaimPhase, Cluster, Known, Owner, Pod, Refusal, StatefulSet};
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
    /// Only finished pods name it.
    HeldByFinishedPod(PodPtr<'a>),
    /// Out of range of a set that runs.
    RetainedScaledDown,
    /// Out of range of a set without replicas.
    RetainedAtZero,
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
            Self::ClassMissing => Code::ClassMissing,
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
    if claim.meta.deleted.is_some() {
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
    let Some(row) = row else { return Class::Unattributed };
    by_ordinal(claim, row, &live, index)
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
    if let Some(&other) = live.iter().find(|user| !user.0.meta.controlled_by(&row.set.meta.uid)) {
        return Class::Borrowed(other);
    }
    if let Some(refusal) = &cluster.pods.missing {
        return if row.set.meta.applied() { Class::CannotTell(refusal) } else { Class::NotApplied };
    }
    if row.in_range() {
        return Class::AwaitingPod(own.read().flatten().map(PodPtr));
    }
    let finished = index.users.of(&claim.meta.namespace, &claim.meta.name).find(|pod| !pod.live());
    match (finished, row.set.replicas) {
        (Some(pod), _) => Class::HeldByFinishedPod(PodPtr(pod)),
        (None, 0) => Class::RetainedAtZero,
        (None, _) => Class::RetainedScaledDown,
    }
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
fn foreign_controller(claim: &Claim) -> Option<&Owner> {
    claim.meta.controller().filter(|owner| {
        let set = &*owner.api_version == "apps/v1" && &*owner.kind == "StatefulSet";
        let pod = &*owner.api_version == "v1" && &*owner.kind == "Pod";
        !set && !pod
    })
}

/// Why a claim is Pending, where claim, class and pods show it.
fn pending<'a>(claim: &Claim, unused: bool, cluster: &'a Cluster) -> Option<Class<'a>> {
    let class = claim.class.as_deref().filter(|class| !class.is_empty())?;
    match cluster.class(class) {
        Known::Read(None) => Some(Class::ClassMissing),
        Known::Read(Some(class)) if class.waits_for_consumer && unused && cluster.pods.missing.is_none() => {
            Some(Class::AwaitingFirstConsumer)
        }
        _ => None,
    }
}
