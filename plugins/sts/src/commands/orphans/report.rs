//! A leftover as JSON: the same row that `volumes` gives, with what becomes of it.

use jiff::Timestamp;
use serde::Serialize;
use workload_core::facts::Known;
use workload_core::findings::{Deletable, ObjectRef, Verdict};
use workload_core::volumes::fate::Disk;
use workload_core::volumes::{Index, Leftover, Row, UsedAgain, unused_since};

use crate::commands::volumes::report::{Item as ClaimRow, VolumeItem};

/// An item of a VolumeReport.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Item {
    Claim(Box<ClaimLeft>),
    Volume(Box<VolumeLeft>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClaimLeft {
    #[serde(flatten)]
    row: ClaimRow,
    #[serde(skip_serializing_if = "Option::is_none")]
    unused_since: Option<Timestamp>,
    /// `dies`, `stays`, `none` or `unknown`.
    disk: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    comes_back_at_replicas: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comes_back_at_start: Option<i32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VolumeLeft {
    object: ObjectRef,
    #[serde(skip_serializing_if = "Option::is_none")]
    set: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ordinal: Option<i32>,
    in_range: bool,
    volume: VolumeItem,
    #[serde(skip_serializing_if = "Option::is_none")]
    of_claim: Option<String>,
    namespace_gone: Option<bool>,
    driver: String,
    handle: String,
    deletable: Deletable,
    verdicts: Vec<Verdict>,
}

impl Item {
    pub(super) fn claim(row: &Row<'_>, index: &Index<'_>) -> Self {
        let (comes_back_at_replicas, comes_back_at_start) = match row.comes_back() {
            UsedAgain::AtReplicas(n) => (Some(n), None),
            UsedAgain::AtStart(k) => (None, Some(k)),
            UsedAgain::WithItsSet | UsedAgain::Never => (None, None),
        };
        Self::Claim(Box::new(ClaimLeft {
            unused_since: unused_since(row, index),
            disk: match row.disk() {
                Disk::None => "none",
                Disk::Kept => "stays",
                Disk::Dies => "dies",
                Disk::CannotTell => "unknown",
            },
            comes_back_at_replicas,
            comes_back_at_start,
            row: ClaimRow::new(row, index),
        }))
    }

    pub(super) fn volume(left: &Leftover<'_>, index: &Index<'_>) -> Self {
        let volume = left.volume;
        Self::Volume(Box::new(VolumeLeft {
            object: ObjectRef::new("PersistentVolume", &volume.meta),
            set: left.maker.map(|maker| maker.set.meta.name.to_string()),
            template: left.maker.map(|maker| maker.template.name.to_string()),
            ordinal: left.maker.map(|maker| maker.ordinal),
            in_range: left.maker.is_some_and(|maker| maker.in_range()),
            volume: VolumeItem::new(&volume.meta.name, Known::Read(Some(volume))),
            of_claim: left.claim_name(),
            namespace_gone: left.namespace_gone,
            driver: volume.spec.driver.to_string(),
            handle: volume.handle.to_string(),
            // The object is the only pointer to the data, or is on its way out by itself.
            deletable: Deletable::Never,
            verdicts: left.verdicts(index),
        }))
    }
}
