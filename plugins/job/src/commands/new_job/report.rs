//! What a run came to, as JSON and YAML.

use serde::Serialize;
use serde_json::Value;
use workload_core::change::Created;
use workload_core::connect::Client;
use workload_core::render::Report;

use crate::commands::follow::Outcome;

/// A Job that was created, or found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Item<'j> {
    object: Object<'j>,
    /// `now`; `readBack`, where the answer was lost; `before`, under the same key.
    created: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cron_job: Option<&'j str>,
    /// `Complete`, `Failed` or `Vanished`; absent while it goes on, and where it was not followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'static str>,
    /// The reason of its failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'j str>,
    /// The code of the container that failed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    /// From its start to its end, or until it was followed no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<i64>,
}

#[derive(Debug, Serialize)]
struct Object<'j> {
    kind: &'static str,
    namespace: &'j str,
    name: &'j str,
    uid: &'j str,
}

/// The report on one Job.
pub(super) fn of<'j>(client: &Client, created: &'j Created, outcome: Option<&'j Outcome>) -> Report<[Item<'j>; 1]> {
    let job = created.job();
    let text = |value: &'j Value| value.as_str().unwrap_or_default();
    let meta = &job["metadata"];
    let owners = meta["ownerReferences"].as_array();
    let cron_job = owners.into_iter().flatten().find(|owner| owner["kind"] == "CronJob");
    let item = Item {
        object: Object {
            kind: "Job",
            namespace: text(&meta["namespace"]),
            name: text(&meta["name"]),
            uid: text(&meta["uid"]),
        },
        created: match created {
            Created::Now(_) => "now",
            Created::ReadBack(..) => "readBack",
            Created::Before(_) => "before",
        },
        cron_job: cron_job.map(|owner| text(&owner["name"])),
        result: outcome.and_then(|outcome| outcome.result),
        reason: outcome.and_then(|outcome| outcome.reason.as_deref()),
        exit_code: outcome.and_then(|outcome| outcome.exit_code),
        seconds: outcome.and_then(|outcome| outcome.seconds),
    };
    let now = client.server_now();
    let now = jiff::Timestamp::from_second(now.as_second()).unwrap_or(now);
    Report::of_deeds("RunReport", client.context(), Some(text(&meta["namespace"])), now, [item])
}
