//! A row as JSON.

use jiff::Timestamp;
use serde::Serialize;
use workload_core::facts::{Claim, Known, Place, Pod, Volume, VolumeUsage};
use workload_core::findings::{Deletable, ObjectRef, Verdict};
use workload_core::volumes::{Fullness, Group, Index, Row, deletable, fullness, verdicts};

/// An item of a VolumeReport.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::commands) struct Item {
    object: ObjectRef,
    #[serde(skip_serializing_if = "Option::is_none")]
    set: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ordinal: Option<i32>,
    in_range: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pod: Option<PodItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claim: Option<ClaimItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    volume: Option<VolumeItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<UsageItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fate: Option<FateItem>,
    deletable: Deletable,
    verdicts: Vec<Verdict>,
}

/// What a kubelet measured of a mounted volume.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UsageItem {
    used_bytes: u64,
    capacity_bytes: u64,
    available_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    inodes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inodes_free: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    measured: Option<Timestamp>,
}

/// `kept`, `dies`, `going` or `itsController`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FateItem {
    on_set_delete: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_scale_down: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PodItem {
    name: String,
    uid: String,
    status: String,
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClaimItem {
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    storage_class: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity: Option<String>,
    access_modes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<Timestamp>,
}

/// What is known of the volume; `known` is false where it could not be read, and then only its name stands.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::commands) struct VolumeItem {
    name: String,
    known: bool,
    exists: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reclaim_policy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
}

impl Item {
    pub(in crate::commands) fn new(row: &Row<'_>, index: &Index<'_>) -> Self {
        let object = ObjectRef {
            kind: "PersistentVolumeClaim",
            namespace: row.namespace.to_owned(),
            name: row.name.to_string(),
            uid: row.claim.map(|claim| claim.meta.uid.clone()).unwrap_or_default(),
        };
        Self {
            object,
            set: row.set_name().map(str::to_owned),
            template: row.template_name().map(str::to_owned),
            ordinal: row.ordinal,
            in_range: row.group == Group::InRange
                && row.set.is_none_or(|set| row.ordinal.is_some_and(|k| set.range().contains(&k))),
            pod: row.pod.map(PodItem::new),
            claim: row.claim.map(ClaimItem::new),
            volume: row
                .claim
                .and_then(|claim| claim.volume.as_deref())
                .zip(row.volume)
                .map(|(name, known)| VolumeItem::new(name, known)),
            usage: match fullness(row, index) {
                Some(Fullness::Measured(usage)) => Some(UsageItem::new(usage)),
                _ => None,
            },
            fate: row.fates(index).map(|(deleted, scaled)| FateItem {
                on_set_delete: deleted.word(),
                on_scale_down: scaled.map(workload_core::volumes::fate::Fate::word),
            }),
            deletable: deletable(row, index),
            verdicts: verdicts(row, index),
        }
    }
}

impl UsageItem {
    fn new(usage: &VolumeUsage) -> Self {
        Self {
            used_bytes: usage.bytes.used,
            capacity_bytes: usage.bytes.total,
            available_bytes: usage.bytes.free,
            inodes: usage.inodes.map(|room| room.total),
            inodes_free: usage.inodes.map(|room| room.free),
            measured: usage.measured,
        }
    }
}

impl PodItem {
    fn new(pod: &Pod) -> Self {
        Self {
            name: pod.meta.name.to_string(),
            uid: pod.meta.uid.to_string(),
            status: pod.status.to_string(),
            ready: pod.ready,
            node: pod.node.as_deref().map(str::to_owned),
        }
    }
}

impl ClaimItem {
    fn new(claim: &Claim) -> Self {
        Self {
            phase: claim.phase.map(workload_core::facts::ClaimPhase::word),
            storage_class: claim.spec.class.as_deref().map(str::to_owned),
            request: claim.spec.request.as_ref().map(ToString::to_string),
            capacity: claim.capacity.as_ref().map(ToString::to_string),
            access_modes: claim.spec.access_modes.iter().map(ToString::to_string).collect(),
            created: claim.meta.created(),
        }
    }
}

impl VolumeItem {
    pub(in crate::commands) fn new(name: &str, known: Known<'_, Option<&Volume>>) -> Self {
        let found = known.read().flatten();
        let (node, zone) = match found.and_then(|volume| volume.spec.place.as_ref()) {
            Some(Place::Node(node)) => (Some(node.to_string()), None),
            Some(Place::Zone(zone)) => (None, Some(zone.to_string())),
            None => (None, None),
        };
        Self {
            name: name.to_owned(),
            known: known.refusal().is_none(),
            exists: known.read().map(|found| found.is_some()),
            uid: found.map(|volume| volume.meta.uid.to_string()),
            phase: found.map(|volume| volume.phase.word()),
            since: found.and_then(Volume::since),
            reclaim_policy: found.map(|volume| volume.spec.reclaim.to_string()),
            capacity: found.and_then(|volume| volume.spec.capacity.as_ref()).map(ToString::to_string),
            node,
            zone,
        }
    }
}
