//! A run of the nightly backup that is followed, and what its controller and kubelet would do meanwhile.
// A panic in a test's own helper is a failed test.
#![allow(clippy::unwrap_used)]

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use workload_tests::{Cluster, Normalise, Program, Running};

use crate::program;

/// A run of the nightly backup under the name `now`, and the cluster that it runs in.
pub(super) struct Story {
    pub(super) cluster: Running,
    /// Its HOME lives as long as it.
    pub(super) home: Program,
    pub(super) child: Child,
}

/// How it ended: exit code, stdout, stderr, and how long after the deciding event.
pub(super) struct Seen {
    pub(super) code: Option<i32>,
    pub(super) text: String,
    pub(super) after: Duration,
}

impl Story {
    /// Begins it, and waits until the Job and its pods are looked at.
    pub(super) fn start(cluster: Cluster, args: &[&str]) -> Self {
        let cluster = cluster.start();
        let program = program().cluster(&cluster).args(["run", "nightly-backup", "now"]).args(args.iter().copied());
        let child = program.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        cluster.wait_for("pods to be looked at", |requests| {
            requests.count("list pods") > 0
                && (requests.count("watch jobs") > 0
                    || requests.count("list jobs") > 1
                    || requests.count("get jobs") > 0)
        });
        Self { cluster, home: program, child }
    }

    pub(super) fn uid(&self) -> String {
        self.cluster.object("jobs", "shop", "now").unwrap()["metadata"]["uid"].as_str().unwrap().to_owned()
    }

    /// A pod of the Job, with its labels as its controller sets them.
    pub(super) fn pod(&self, name: &str, status: &Value) {
        let uid = self.uid();
        let node = (status["phase"] != "Pending").then_some("node1");
        self.cluster.apply(json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": "shop", "labels": {"batch.kubernetes.io/controller-uid": uid},
                "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "now", "uid": uid, "controller": true}]},
            "spec": {"nodeName": node, "restartPolicy": "Never", "containers": [{"name": "backup"}]}, "status": status,
        }));
    }

    /// The same in the state that a container that ended leaves it in.
    pub(super) fn pod_ended(&self, name: &str, code: i32) {
        let phase = if code == 0 { "Succeeded" } else { "Failed" };
        self.pod(
            name,
            &json!({"phase": phase, "containerStatuses": [{"name": "backup", "restartCount": 0,
            "containerID": format!("containerd://{name}"), "state": {"terminated": {"exitCode": code,
            "reason": if code == 0 { "Completed" } else { "Error" }, "containerID": format!("containerd://{name}"),
            "startedAt": "2026-11-24T03:00:01Z", "finishedAt": "2026-11-24T03:00:09Z"}}}]}),
        );
    }

    pub(super) fn pod_runs(&self, name: &str) {
        let running = json!([{"name": "backup", "restartCount": 0, "containerID": format!("containerd://{name}"),
            "state": {"running": {"startedAt": "2026-11-24T03:00:01Z"}}}]);
        self.pod(name, &json!({"phase": "Running", "containerStatuses": running}));
    }

    /// A line of its container, which is then to be seen on stdout.
    pub(super) fn writes(&self, name: &str, second: u32, line: &str) {
        self.cluster.write_log(&format!("shop/{name}"), "backup", format!("2026-11-24T03:00:{second:02}Z {line}\n"));
    }

    /// Its container has said all.
    pub(super) fn silent(&self, name: &str) {
        self.cluster.end_log(&format!("shop/{name}"), "backup");
    }

    /// A condition of the Job.
    pub(super) fn job(&self, kind: &str, reason: &str) {
        let condition =
            json!({"type": kind, "status": "True", "reason": reason, "message": format!("because of {reason}")});
        self.cluster.patch("jobs", "shop", "now", json!({"status": {"conditions": [condition]}}));
    }

    /// Waits for its end.
    pub(super) fn end(self) -> Seen {
        let decided = Instant::now();
        let output = self.child.wait_with_output().unwrap();
        let after = decided.elapsed();
        let text = format!(
            "{}--- stderr\n{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        let text = Normalise::new().replace(r"after \d+s", "after <time>").text(&text);
        Seen { code: output.status.code(), text, after }
    }
}
