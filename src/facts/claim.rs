//! PersistentVolumeClaims.

use jiff::Timestamp;

use super::{Meta, Quantity, Text};

/// A PersistentVolumeClaim.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Name, labels, owners.
    pub meta: Meta,
    /// `status.phase`; `None` where it has no status yet, or stands only in a file.
    pub phase: Option<ClaimPhase>,
    /// `spec.storageClassName`: absent means the default class was not applied, empty means no class on purpose.
    pub class: Option<Text>,
    /// `spec.resources.requests.storage`.
    pub request: Option<Quantity>,
    /// `status.capacity.storage`.
    pub capacity: Option<Quantity>,
    /// `spec.accessModes`.
    pub access_modes: Box<[Text]>,
    /// `spec.volumeName`: the volume it is bound to, or asks for.
    pub volume: Option<Box<str>>,
    /// Since when no pod uses it: the condition `Unused`, where the server has it (KEP-5541). May understate, never overstates.
    pub unused_since: Option<Timestamp>,
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
