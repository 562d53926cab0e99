//! Volumes that no claim is bound to, or whose claim is another than it says.

use jiff::SignedDuration;

use super::{Candidate, Index, zone};
use crate::facts::{Claim, ClaimRef, Cluster, Known, Refusal, Volume, VolumePhase};
use crate::findings::{Code, Verdict};

/// How long the deletion of a disk may take before it is stuck.
const DELETION: SignedDuration = SignedDuration::from_mins(5);

/// A volume without a claim of its own.
#[derive(Debug, Clone)]
pub struct Leftover<'a> {
    /// The volume.
    pub volume: &'a Volume,
    /// The set, template and ordinal that made its claim, if a live set's name fits and no second one.
    pub maker: Option<Candidate<'a>>,
    /// Its state.
    pub class: VolumeClass<'a>,
    /// Whether the claim's namespace is gone; `None` where it can't be told.
    pub namespace_gone: Option<bool>,
}

/// The state of a volume without a claim of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VolumeClass<'a> {
    /// Kept by its policy after its claim was deleted.
    Released,
    /// Its claim was made anew; this one is bound to another volume.
    Superseded(ClaimPtr<'a>),
    /// Its policy says Delete, and it is still there.
    DeleteStuck,
    /// Waits for a claim that it names.
    Reserved,
    /// Free.
    Available,
    /// Whether its claim exists could not be read.
    CannotTell(&'a Refusal),
}

/// A claim, compared by identity.
#[derive(Debug, Clone, Copy)]
pub struct ClaimPtr<'a>(pub &'a Claim);

impl PartialEq for ClaimPtr<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}
impl Eq for ClaimPtr<'_> {}

impl VolumeClass<'_> {
    /// Its code.
    pub fn code(&self) -> Code {
        match self {
            Self::Released => Code::VolumeReleased,
            Self::Superseded(_) => Code::VolumeSuperseded,
            Self::DeleteStuck => Code::VolumeDeleteStuck,
            Self::Reserved => Code::VolumeReserved,
            Self::Available => Code::VolumeAvailable,
            Self::CannotTell(_) => Code::CannotTell,
        }
    }
}

/// All such volumes whose claim stood in the namespaces that were read; volumes for any claim only where all were.
pub fn leftovers<'a>(index: &Index<'a>) -> Vec<Leftover<'a>> {
    let cluster = index.cluster;
    let ours = |of: &ClaimRef| cluster.namespace.as_ref().is_none_or(|namespace| *namespace == of.namespace);
    cluster
        .volumes
        .items
        .iter()
        .filter(|volume| volume.claim.as_ref().map_or(cluster.namespace.is_none(), ours))
        .filter_map(|volume| leftover(volume, index))
        .collect()
}

fn leftover<'a>(volume: &'a Volume, index: &Index<'a>) -> Option<Leftover<'a>> {
    let cluster = index.cluster;
    let Some(of) = &volume.claim else {
        let free = volume.phase == VolumePhase::Available;
        return free.then_some(Leftover { volume, maker: None, class: VolumeClass::Available, namespace_gone: None });
    };
    let makers = index.candidates.of(&of.namespace, &of.name);
    let maker = if let [one] = &makers[..] { Some(*one) } else { None };
    let class = class(volume, of, cluster)?;
    Some(Leftover { volume, maker, class, namespace_gone: namespace_gone(of, cluster) })
}

fn class<'a>(volume: &Volume, of: &ClaimRef, cluster: &'a Cluster) -> Option<VolumeClass<'a>> {
    if of.uid.is_empty() {
        return Some(VolumeClass::Reserved);
    }
    let claim = match cluster.claim(&of.namespace, &of.name) {
        Known::Read(found) => found,
        // As long as it is bound its claim is there, whoever may read that (pv_controller.go, syncVolume).
        Known::Refused(_) if volume.phase == VolumePhase::Bound => return None,
        Known::Refused(refusal) => return Some(VolumeClass::CannotTell(refusal)),
    };
    if claim.is_some_and(|claim| of.uid == claim.meta.uid) {
        return None;
    }
    // The claim of that UID is gone (pv_controller.go, syncVolume: the policy runs).
    if &*volume.spec.reclaim == "Delete" {
        let since = volume.since()?;
        let stuck = matches!(volume.phase, VolumePhase::Released | VolumePhase::Failed)
            && cluster.now.duration_since(since) > DELETION;
        return stuck.then_some(VolumeClass::DeleteStuck);
    }
    match claim {
        Some(claim) if claim.volume.as_deref().is_some_and(|bound| bound != &*volume.meta.name) => {
            Some(VolumeClass::Superseded(ClaimPtr(claim)))
        }
        _ => Some(VolumeClass::Released),
    }
}

fn namespace_gone(of: &ClaimRef, cluster: &Cluster) -> Option<bool> {
    let namespaces = &cluster.around.namespaces;
    match namespaces.items.iter().find(|namespace| *namespace.meta.name == *of.namespace) {
        Some(namespace) => Some(namespace.meta.deleted().is_some()),
        None => namespaces.missing.is_none().then_some(true),
    }
}

impl Leftover<'_> {
    /// `namespace/name` of the claim that it names.
    pub fn claim_name(&self) -> Option<String> {
        self.volume.claim.as_ref().map(|of| format!("{}/{}", of.namespace, of.name))
    }

    /// Its verdicts: its state, and whether a node can still reach it.
    pub fn verdicts(&self, index: &Index<'_>) -> Vec<Verdict> {
        let name = format!("PersistentVolume/{}", self.volume.meta.name);
        let disk = self.disk();
        let claim = self.claim_name().unwrap_or_default();
        let own = match &self.class {
            VolumeClass::Released => {
                let gone = if self.namespace_gone == Some(true) { " Its namespace is gone too." } else { "" };
                Verdict::new(
                    Code::VolumeReleased,
                    format!("It was kept when claim {claim} was deleted.{gone} A new claim of that name gets a new, empty volume. This object is the only pointer to {disk}."),
                )
                .because(&name, "status.phase", self.volume.phase.word())
                .because(&name, "spec.persistentVolumeReclaimPolicy", &self.volume.spec.reclaim)
                .next(self.reserve("a claim of the same name then takes it, with its data"))
            }
            VolumeClass::Superseded(ClaimPtr(new)) => Verdict::new(
                Code::VolumeSuperseded,
                format!(
                    "Claim {claim} was made anew and is bound to {}: the data of the earlier one is in this volume, {disk}.",
                    new.volume.as_deref().unwrap_or_default()
                ),
            )
            .because(&name, "spec.claimRef.uid", self.volume.claim.as_ref().map(|of| of.uid.clone()).unwrap_or_default())
            .because(format_args!("PersistentVolumeClaim/{}", new.meta.name), "metadata.uid", &new.meta.uid)
            .because(format_args!("PersistentVolumeClaim/{}", new.meta.name), "spec.volumeName", new.volume.as_deref().unwrap_or_default()),
            VolumeClass::DeleteStuck => {
                let why = if self.volume.message.is_empty() { "no error is told".to_owned() } else { self.volume.message.to_string() };
                let attached: Vec<&str> = index.attachments_of(&self.volume.meta.name).iter().map(|a| &*a.node).collect();
                let verdict = Verdict::new(
                    Code::VolumeDeleteStuck,
                    format!("It should have been deleted with claim {claim}: {why}"),
                )
                .because(&name, "status.phase", self.volume.phase.word())
                .because(&name, "metadata.finalizers", self.volume.meta.finalizers.join(", "));
                if attached.is_empty() {
                    verdict
                } else {
                    verdict.because("VolumeAttachment", "spec.nodeName", attached.join(", "))
                }
            }
            VolumeClass::Reserved => Verdict::new(
                Code::VolumeReserved,
                format!("It waits for claim {claim}: a claim of that name that fits binds it."),
            )
            .because(&name, "spec.claimRef.uid", "absent"),
            VolumeClass::Available => Verdict::new(
                Code::VolumeAvailable,
                "It is free: any claim that fits may bind it, whatever its ordinal.",
            )
            .because(&name, "spec.claimRef", "absent"),
            VolumeClass::CannotTell(refusal) => Verdict::cannot_tell("whether its claim still exists", refusal),
        };
        let mut all = vec![own.since(self.volume.since())];
        if zone::reachable(self.volume, index.cluster) == Some(false) {
            let place = zone::place(self.volume);
            all.push(
                Verdict::new(Code::ZoneStuck, format!("It lies {place}, and no node there takes pods."))
                    .severity(crate::findings::Severity::Notice)
                    .because(&name, "spec.nodeAffinity", place),
            );
        }
        all
    }

    fn disk(&self) -> String {
        match (&*self.volume.spec.driver, &*self.volume.handle) {
            ("", _) | (_, "") => "its disk".to_owned(),
            (driver, handle) => format!("disk {handle} of {driver}"),
        }
    }

    /// How it becomes a claim's again: without the UID in its reference the volume waits for a claim of that name.
    fn reserve(&self, what: &str) -> String {
        let uid = self.volume.claim.as_ref().map(|of| of.uid.clone()).unwrap_or_default();
        format!(
            "kubectl patch pv {} --type=json -p '[{{\"op\":\"test\",\"path\":\"/spec/claimRef/uid\",\"value\":\"{uid}\"}},{{\"op\":\"remove\",\"path\":\"/spec/claimRef/uid\"}},{{\"op\":\"remove\",\"path\":\"/spec/claimRef/resourceVersion\"}}]'  # {what}",
            self.volume.meta.name
        )
    }
}
