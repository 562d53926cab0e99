//! Jobs in short: of a namespace's thousands only what a decision needs is kept.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::intern::Interner;
use super::kind::Kind;
use super::lists;
use super::resource::{JOBS, Resource};
use super::wire::{Condition, ObjectMeta, Str, Time, from_text};
use crate::connect::{Client, Error};
use crate::facts::{JobRun, JobState, Listed, Text};

#[derive(Deserialize)]
pub(crate) struct Wire<'a> {
    #[serde(borrow)]
    metadata: &'a RawValue,
    #[serde(default)]
    spec: Spec,
    #[serde(borrow, default)]
    status: Status<'a>,
}

/// What of the metadata no other kind's facts need.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Identity<'a> {
    #[serde(borrow, default)]
    resource_version: Str<'a>,
    #[serde(borrow, default)]
    annotations: Option<Annotations<'a>>,
}

#[derive(Deserialize, Default)]
struct Annotations<'a> {
    #[serde(borrow, default, rename = "cronjob.kubernetes.io/instantiate")]
    instantiate: Option<Str<'a>>,
    #[serde(borrow, default, rename = "workloads.kubectl/idempotency-key")]
    key: Option<Str<'a>>,
}

#[derive(Deserialize, Default)]
struct Spec {
    #[serde(default)]
    suspend: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    #[serde(borrow, default)]
    conditions: Option<Vec<Condition<'a>>>,
    #[serde(default)]
    start_time: Time,
    #[serde(default)]
    completion_time: Time,
    #[serde(default)]
    active: Option<i64>,
}

impl Kind for JobRun {
    type Wire<'a> = Wire<'a>;
    const RESOURCE: &'static Resource = &JOBS;

    fn from_wire(wire: Wire<'_>, intern: &mut Interner) -> Self {
        let meta: ObjectMeta<'_> = from_text(wire.metadata.get()).unwrap_or_default();
        let identity: Identity<'_> = from_text(wire.metadata.get()).unwrap_or_default();
        let annotations = identity.annotations.unwrap_or_default();
        let conditions = wire.status.conditions.unwrap_or_default();
        let holds = |kind: &str| conditions.iter().find(|it| *it.kind == *kind && &*it.status == "True");
        let ended = |condition: &Condition<'_>| condition.last_transition_time.0;
        let (state, ended) = match (holds("Complete"), holds("Failed")) {
            (Some(complete), _) => (JobState::Complete, wire.status.completion_time.0.or_else(|| ended(complete))),
            (None, Some(failed)) => {
                (JobState::Failed(failed.reason.as_deref().unwrap_or_default().into()), ended(failed))
            }
            (None, None) => (JobState::Active, None),
        };
        Self {
            meta: meta.facts(intern),
            version: (*identity.resource_version).into(),
            state,
            started: wire.status.start_time.0,
            ended,
            active: u32::try_from(wire.status.active.unwrap_or(0)).unwrap_or(0),
            suspended: wire.spec.suspend.unwrap_or(false),
            manual: annotations.instantiate.is_some(),
            key: annotations.key.as_deref().map(Into::into),
        }
    }
}

/// The Jobs of a namespace, page by page, in short. Fails where nothing could be read at all.
pub async fn list(client: &Client, namespace: &Text, chunk: u32) -> Result<Listed<JobRun>, Error> {
    let paged = lists::list::<JobRun>(client, Some(namespace), chunk).await;
    match paged.failed {
        Some(error) => Err(error),
        None => Ok(paged.list),
    }
}

/// One Job in short, out of its whole object.
pub fn of_object(object: &serde_json::Value) -> Result<JobRun, Error> {
    lists::of_object(object)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn run(object: &serde_json::Value) -> JobRun {
        of_object(object).unwrap()
    }

    #[test]
    fn only_complete_and_failed_end_a_run() {
        let with = |conditions: serde_json::Value| {
            run(&json!({
                "metadata": {"name": "j", "namespace": "shop", "uid": "u", "resourceVersion": "7",
                    "annotations": {"cronjob.kubernetes.io/instantiate": "manual", "other": "x"},
                    "ownerReferences": [{"apiVersion": "batch/v1", "kind": "CronJob", "name": "c", "uid": "c-1"}]},
                "spec": {"suspend": false},
                "status": {"conditions": conditions, "startTime": "2026-11-24T03:00:00Z", "active": 2},
            }))
        };
        let deciding = json!([{"type": "FailureTarget", "status": "True", "reason": "BackoffLimitExceeded"},
                              {"type": "Failed", "status": "False"}]);
        let going = with(deciding);
        assert!(
            going.live() && going.manual && going.of(&"c-1".into()) && !going.of(&"u".into()) && !going.of(&"".into())
        );
        assert_eq!((&*going.version, going.active), ("7", 2));
        let failed = with(json!([{"type": "Failed", "status": "True", "reason": "DeadlineExceeded",
                                  "lastTransitionTime": "2026-11-24T03:01:00Z"}]));
        assert_eq!(failed.state, JobState::Failed("DeadlineExceeded".into()));
        assert_eq!(failed.ended.unwrap().to_string(), "2026-11-24T03:01:00Z");
        let complete =
            with(json!([{"type": "Complete", "status": "True", "lastTransitionTime": "2026-11-24T03:02:00Z"}]));
        assert_eq!(
            (complete.state, complete.ended.unwrap().to_string()),
            (JobState::Complete, "2026-11-24T03:02:00Z".into())
        );
        assert!(run(&json!({"metadata": {"name": "j"}})).live(), "one that its controller has not seen yet");
    }
}
