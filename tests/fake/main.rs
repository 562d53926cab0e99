//! The fake is held to what the real server does: each file is a table of requests and answers.
// Helpers of tests are tests: what panics there has failed, and how fast a string grows is no matter.
#![allow(clippy::unwrap_used, clippy::format_push_string, clippy::needless_pass_by_value)]

mod access;
mod client;
mod etcd;
mod faults;
mod lists;
mod logs;
mod programs;
mod protobuf;
mod protocol;
mod recorded;
mod watches;
mod wording;
mod writes;

use serde_json::{Value, json};

/// A pod with little in it.
fn pod(namespace: &str, name: &str, labels: &Value) -> Value {
    json!({
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {"namespace": namespace, "name": name, "labels": labels},
        "spec": {"nodeName": "node-1", "containers": [{"name": "main"}]},
        "status": {"phase": "Running"},
    })
}

/// Pods `a-0` and on, in one namespace.
fn pods(namespace: &str, count: usize) -> Vec<Value> {
    (0..count).map(|ordinal| pod(namespace, &format!("a-{ordinal}"), &json!({"app": "a"}))).collect()
}
