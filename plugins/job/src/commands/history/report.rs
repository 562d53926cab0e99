//! A run as JSON.

use jiff::Timestamp;
use serde::Serialize;
use workload_core::facts::{CronJob, Uid};
use workload_core::findings::ObjectRef;
use workload_core::jobs::history::{Outcome, Pruned, Run};

use super::columns::{learnt, word};

/// An item of a HistoryReport.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    /// The Job, where its name is known; without a UID where it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<ObjectRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slot: Option<Timestamp>,
    /// The last of several slots in a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    /// How many slots the item stands for.
    slots: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    manual: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skew_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_seconds: Option<i64>,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    learnt: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pruned: Option<&'static str>,
}

impl Item {
    pub(super) fn new(run: &Run<'_>, cron_job: &CronJob, now: Timestamp) -> Self {
        let object = match (run.job, run.name) {
            (Some(job), _) => Some(ObjectRef::new("Job", &job.meta)),
            (None, Some(name)) => Some(ObjectRef {
                kind: "Job",
                namespace: cron_job.meta.namespace.to_string(),
                name: name.to_owned(),
                uid: Uid::default(),
            }),
            (None, None) => None,
        };
        Self {
            object,
            slot: run.slot,
            until: run.until.map(|(until, _)| until),
            slots: run.until.map_or(usize::from(run.slot.is_some()), |(_, count)| count),
            manual: run.manual,
            created: run.created,
            started: run.started,
            ended: run.ended,
            skew_seconds: run.skew().map(|skew| skew.as_secs()),
            duration_seconds: run.duration(now).map(|length| length.as_secs()),
            result: word(&run.outcome),
            reason: match &run.outcome {
                Outcome::Failed(reason) if !reason.is_empty() => Some(reason.to_string()),
                Outcome::NotStarted(why) => Some((*why).to_owned()),
                _ => None,
            },
            learnt: learnt(run.learnt),
            pruned: run.pruned.map(|pruned| match pruned {
                Pruned::AtNextSuccess => "atNextSuccess",
                Pruned::AtNextFailure => "atNextFailure",
            }),
        }
    }
}
