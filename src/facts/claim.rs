//! PersistentVolumeClaims.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Meta, Moment, Quantity, Text};

/// A PersistentVolumeClaim.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Name, labels, owners.
    pub meta: Meta,
    /// `status.phase`; `None` where it has no status yet, or stands only in a file.
    pub phase: Option<ClaimPhase>,
    /// What it asks for: one copy for all claims that are alike.
    pub spec: Arc<ClaimSpec>,
    /// `status.capacity.storage`.
    pub capacity: Option<Quantity>,
    /// The change of its volume's attributes that is under way (`status.modifyVolumeStatus`, KEP-3751).
    pub change: Option<Box<Change>>,
    /// What its volume is filled from (`spec.dataSourceRef`, else `spec.dataSource`): kind and name.
    pub source: Option<Box<(Text, Box<str>)>>,
    /// The provisioner that was asked for a volume (annotation `volume.kubernetes.io/storage-provisioner` or its beta twin).
    pub provisioner: Option<Text>,
    /// `status.conditions` but for `Unused`.
    pub conditions: Box<[ClaimCondition]>,
    /// `status.allocatedResourceStatuses.storage`: how far an expansion is.
    pub resize: Option<Text>,
    /// Who made it, as far as its managed fields tell.
    pub maker: Maker,
    /// `metadata.resourceVersion`, for preconditions.
    pub version: Box<str>,
    /// `spec.volumeName`: the volume it is bound to, or asks for.
    pub volume: Option<Box<str>>,
    pub(crate) unused_since: Option<Moment>,
}

/// What claims of one template have in common.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ClaimSpec {
    /// `spec.storageClassName`: absent means the default class was not applied, empty means no class on purpose.
    pub class: Option<Text>,
    /// `spec.resources.requests.storage`.
    pub request: Option<Quantity>,
    /// `spec.accessModes`.
    pub access_modes: Box<[Text]>,
    /// `spec.volumeMode: Block`: the pod sees a device, not a file system.
    pub block: bool,
    /// `spec.volumeAttributesClassName`.
    pub attributes_class: Option<Text>,
}

/// `status.phase` of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimPhase {
    /// Not bound yet.
    Pending,
    /// Bound to a volume.
    Bound,
    /// Its volume is gone or belongs to another claim.
    Lost,
    /// A phase that we do not know.
    Unknown,
}

impl ClaimPhase {
    /// Reads the API's word; anything else is `Unknown`.
    pub fn new(word: &str) -> Self {
        match word {
            "Pending" => Self::Pending,
            "Bound" => Self::Bound,
            "Lost" => Self::Lost,
            _ => Self::Unknown,
        }
    }

    /// The API's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Bound => "Bound",
            Self::Lost => "Lost",
            Self::Unknown => "Unknown",
        }
    }
}

/// `status.modifyVolumeStatus`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The VolumeAttributesClass that the volume is changed to.
    pub to: Text,
    /// `Pending`, `InProgress` or `Infeasible`.
    pub state: Text,
}

/// A condition of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimCondition {
    /// `Resizing`, `FileSystemResizePending`, `ControllerResizeError`, `NodeResizeError` and others.
    pub kind: Text,
    /// Whether its status is `True`.
    pub holds: bool,
    /// Its message.
    pub message: Box<str>,
    /// When its status last changed.
    pub since: Option<Timestamp>,
}

/// Who wrote a claim's spec (`metadata.managedFields`): the manager that holds `spec.accessModes` and `spec.resources`. Labels
/// don't tell, since a set that selects by expressions only makes claims without any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Maker {
    /// The object carries no managed fields: `kubectl get -o yaml` leaves them out.
    #[default]
    Unknown,
    /// `kube-controller-manager`: a StatefulSet, or a pod with a generic ephemeral volume.
    Controllers,
    /// Somebody else: kubectl, an operator.
    Other,
}

impl Claim {
    /// Since when no pod uses it: the condition `Unused`, where the server has it (KEP-5541). May understate, never overstates.
    pub fn unused_since(&self) -> Option<Timestamp> {
        self.unused_since.map(Moment::at)
    }

    /// A condition that holds.
    pub fn condition(&self, kind: &str) -> Option<&ClaimCondition> {
        self.conditions.iter().find(|condition| condition.holds && &*condition.kind == kind)
    }

    /// Its size: what it has, else what it asks for; in bytes.
    pub fn bytes(&self) -> Option<u64> {
        self.capacity.as_ref().or(self.spec.request.as_ref()).and_then(Quantity::bytes)
    }
}
