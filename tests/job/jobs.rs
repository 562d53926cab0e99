//! Jobs with their pods: one that failed once and then completed, an Indexed one, and a CronJob's.
// A panic in a test's own helper is a failed test; expected outputs stand where they are asserted.
#![allow(clippy::unwrap_used, clippy::too_many_lines, clippy::format_collect)]

use serde_json::{Value, json};
use workload_tests::Cluster;

/// A Job's pod with one container, `main`, and the code that it ended with; without one it runs.
pub(crate) fn pod(job: &str, name: &str, created: &str, code: Option<i32>) -> Value {
    let id = format!("containerd://{name}");
    let (phase, state) = match code {
        None => ("Running", json!({"running": {"startedAt": created}})),
        Some(code) => (
            if code == 0 { "Succeeded" } else { "Failed" },
            json!({"terminated": {"exitCode": code, "reason": if code == 0 { "Completed" } else { "Error" },
                   "containerID": id, "startedAt": created, "finishedAt": "2026-11-20T02:00:59Z"}}),
        ),
    };
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop", "name": name, "uid": format!("uid-{name}"),
        "creationTimestamp": created, "labels": {"batch.kubernetes.io/controller-uid": format!("uid-{job}")},
        "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": job, "uid": format!("uid-{job}"), "controller": true}]},
        "spec": {"nodeName": "node1", "restartPolicy": "Never", "containers": [{"name": "main"}]},
        "status": {"phase": phase, "containerStatuses": [
            {"name": "main", "restartCount": 0, "containerID": id, "state": state, "lastState": {}}]}})
}

/// A Job; with the condition that ended it.
pub(crate) fn job(name: &str, condition: Option<(&str, &str)>) -> Value {
    let conditions: Vec<Value> = condition
        .map(|(kind, reason)| json!({"type": kind, "status": "True", "reason": reason, "message": "by the controller"}))
        .into_iter()
        .collect();
    let selector = json!({"batch.kubernetes.io/controller-uid": format!("uid-{name}")});
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"namespace": "shop", "name": name, "uid": format!("uid-{name}"),
        "creationTimestamp": "2026-11-20T02:00:00Z"},
        "spec": {"selector": {"matchLabels": selector}, "template": {"spec": {"containers": [{"name": "main"}]}}},
        "status": {"conditions": conditions}})
}

fn log(times: &[&str], name: &str) -> String {
    times.iter().enumerate().map(|(at, time)| format!("2026-11-20T02:00:{time}Z {name} {}\n", at + 1)).collect()
}

/// The cluster with these Jobs.
pub(crate) fn with_jobs(cluster: Cluster) -> Cluster {
    let complete = Some(("Complete", "CompletionsReached"));
    let indexed = |index: i32| {
        let mut pod = pod("render", &format!("render-{index}-x"), "2026-11-20T02:00:01Z", Some(0));
        pod["metadata"]["labels"]["batch.kubernetes.io/job-completion-index"] = index.to_string().into();
        pod
    };
    let mut nightly = job("nightly-1", complete);
    nightly["metadata"]["ownerReferences"] = json!([{"apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly", "uid": "uid-nightly", "controller": true}]);
    cluster
        .objects([job("report", complete), job("render", complete), nightly])
        .object(json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"namespace": "shop", "name": "nightly", "uid": "uid-nightly"},
            "spec": {"schedule": "0 2 * * *"}}))
        .objects([
            pod("report", "report-a", "2026-11-20T02:00:01Z", Some(3)),
            pod("report", "report-b", "2026-11-20T02:00:20Z", Some(0)),
            pod("nightly-1", "nightly-1-a", "2026-11-20T02:00:01Z", Some(0)),
        ])
        .objects((0..8).map(indexed))
        .log("shop/report-a", "main", log(&["02", "03"], "first try"))
        .log("shop/report-b", "main", log(&["21", "22"], "second try"))
        .log("shop/nightly-1-a", "main", log(&["05"], "dump"))
        .log("shop/render-3-x", "main", log(&["04", "06"], "frame 3"))
        .log("shop/render-7-x", "main", log(&["05"], "frame 7"))
}
