//! PersistentVolumes.

use jiff::Timestamp;

use super::{Meta, Quantity, Text};

/// A PersistentVolume.
#[derive(Debug, Clone)]
pub struct Volume {
    /// Name, UID, times.
    pub meta: Meta,
    /// `status.phase`.
    pub phase: VolumePhase,
    /// When the phase last changed (`status.lastPhaseTransitionTime`, from 1.31).
    pub since: Option<Timestamp>,
    /// `spec.capacity.storage`.
    pub capacity: Option<Quantity>,
    /// `spec.storageClassName`.
    pub class: Option<Text>,
    /// `spec.persistentVolumeReclaimPolicy`: `Retain`, `Delete` or `Recycle`.
    pub reclaim: Text,
    /// The claim it serves or is reserved for.
    pub claim: Option<ClaimRef>,
    /// Where it can be attached.
    pub place: Option<Place>,
}

/// `spec.claimRef`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRef {
    /// The claim's namespace.
    pub namespace: Text,
    /// The claim's name.
    pub name: Box<str>,
    /// The claim's UID; empty while the volume is only reserved.
    pub uid: Box<str>,
}

/// The part of a volume's node affinity that says where its pod can run.
#[derive(Debug, Clone, PartialEq, Eq)]
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
