//! A row of a preview as JSON.

use jiff::Timestamp;
use serde::Serialize;
use workload_core::findings::{ObjectRef, Verdict};
use workload_core::volumes::PreviewRow;
use workload_core::volumes::fate::Disk;

use super::pod_word;

/// An item of a PreviewReport.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    object: ObjectRef,
    set: String,
    template: String,
    ordinal: i32,
    /// `stays`, `comes`, `goes` or `none`.
    pod: &'static str,
    effect: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    disk: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_since: Option<Timestamp>,
    verdicts: Vec<Verdict>,
}

impl Item {
    pub(super) fn new(row: &PreviewRow<'_>) -> Self {
        let set = &row.at.set.meta;
        Self {
            object: ObjectRef {
                kind: "PersistentVolumeClaim",
                namespace: set.namespace.to_string(),
                name: row.name.clone(),
                uid: row.claim.map(|claim| claim.meta.uid.clone()).unwrap_or_default(),
            },
            set: set.name.to_string(),
            template: row.at.template.name.to_string(),
            ordinal: row.at.ordinal,
            pod: pod_word(row.pod_effect),
            effect: row.effect.word(),
            disk: row.disk.map(|disk| match disk {
                Disk::Dies => "dies",
                Disk::Kept => "stays",
                Disk::None => "none",
                Disk::CannotTell => "unknown",
            }),
            data_since: row.claim.and_then(|claim| claim.meta.created()),
            verdicts: row.notes.clone(),
        }
    }
}
