//! PersistentVolumes.

use std::sync::Arc;

use jiff::Timestamp;

use super::{LabelSelector, Meta, Moment, Quantity, Text, Uid};

/// A PersistentVolume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Name, UID, times.
    pub meta: Meta,
    /// `status.phase`.
    pub phase: VolumePhase,
    pub(crate) since: Option<Moment>,
    /// What it is: one copy for all volumes that are alike.
    pub spec: Arc<VolumeSpec>,
    /// The claim it serves or is reserved for.
    pub claim: Option<ClaimRef>,
    /// The disk's name in its storage: a CSI driver's handle, else a path; empty where the source has another shape.
    pub handle: Box<str>,
    /// `status.message`: why it failed.
    pub message: Box<str>,
    /// Who provisioned it (annotation `pv.kubernetes.io/provisioned-by`); absent where it was made by hand.
    pub provisioned_by: Option<Text>,
    /// `metadata.resourceVersion`, for preconditions.
    pub version: Box<str>,
}

/// What volumes of one class, size and place have in common.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct VolumeSpec {
    /// `spec.capacity.storage`.
    pub capacity: Option<Quantity>,
    /// `spec.storageClassName`.
    pub class: Option<Text>,
    /// `spec.persistentVolumeReclaimPolicy`: `Retain`, `Delete` or `Recycle`.
    pub reclaim: Text,
    /// Where it can be attached.
    pub place: Option<Place>,
    /// `spec.nodeAffinity.required`: a node must meet one of these; `None` where every node will do. The node's name stands under the key
    /// `metadata.name`.
    pub affinity: Option<Box<[LabelSelector]>>,
    /// `spec.accessModes`.
    pub access_modes: Box<[Text]>,
    /// `spec.volumeMode: Block`.
    pub block: bool,
    /// The CSI driver, or the name of the in-tree source: `hostPath`, `nfs`.
    pub driver: Text,
    /// Whether `driver` is a CSI driver.
    pub csi: bool,
}

impl Volume {
    /// When the phase last changed (`status.lastPhaseTransitionTime`, from 1.31).
    pub fn since(&self) -> Option<Timestamp> {
        self.since.map(Moment::at)
    }

    /// The UID of the claim that a provisioner made it for: dynamic volumes are called `pvc-<UID>`.
    pub fn first_claim(&self) -> Option<&str> {
        self.provisioned_by.as_ref()?;
        self.meta.name.strip_prefix("pvc-").filter(|uid| uid.len() == 36)
    }
}

/// `spec.claimRef`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRef {
    /// The claim's namespace.
    pub namespace: Text,
    /// The claim's name.
    pub name: Box<str>,
    /// The claim's UID; empty while the volume is only reserved.
    pub uid: Uid,
}

/// The part of a volume's node affinity that says where its pod can run.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// One node: `kubernetes.io/hostname` or a term on `metadata.name`.
    Node(Text),
    /// One zone: `topology.kubernetes.io/zone` or its older or vendor's twin.
    Zone(Text),
}

/// `status.phase` of a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VolumePhase {
    /// Free, or reserved for a claim.
    Available,
    /// Serves a claim.
    Bound,
    /// Its claim is gone.
    Released,
    /// Its deletion or recycling failed.
    Failed,
    /// Not processed yet.
    Pending,
    /// A phase that we do not know.
    Unknown,
}

impl VolumePhase {
    /// Reads the API's word; anything else is `Unknown`.
    pub fn new(word: &str) -> Self {
        match word {
            "Available" => Self::Available,
            "Bound" => Self::Bound,
            "Released" => Self::Released,
            "Failed" => Self::Failed,
            "Pending" => Self::Pending,
            _ => Self::Unknown,
        }
    }

    /// The API's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Available => "Available",
            Self::Bound => "Bound",
            Self::Released => "Released",
            Self::Failed => "Failed",
            Self::Pending => "Pending",
            Self::Unknown => "Unknown",
        }
    }
}
