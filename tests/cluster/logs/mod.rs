//! Logs under faults: each container writes numbered lines, and what was printed is compared with what was written.

mod following;
pub(crate) mod jobs;
pub(crate) mod nodes;
pub(crate) mod sets;
pub(crate) mod wire;

use self::following::{Following, PADDING};

/// Writes `line 1`, `line 2` and so on, twenty a second, for so many lines; then it exits with this code.
fn counting(lines: u32, code: u8) -> String {
    format!("n=0; while [ $n -lt {lines} ]; do n=$((n+1)); echo \"line $n\"; sleep 0.05; done; exit {code}")
}

/// A set `web` on one node, whatever becomes of the node.
fn set(replicas: u32, node: &str, command: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: web}}
spec:
  serviceName: web
  replicas: {replicas}
  podManagementPolicy: Parallel
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      terminationGracePeriodSeconds: 0
      nodeSelector: {{kubernetes.io/hostname: {node}}}
      tolerations: [{{operator: Exists}}]
      containers:
      - {{name: main, image: \"busybox:1.36\", command: [sh, -c, '{command}']}}
"
    )
}

/// A Job; `more` is of its spec, in flow style.
fn job(name: &str, more: &str, command: &str) -> String {
    format!(
        "apiVersion: batch/v1
kind: Job
metadata: {{name: {name}}}
spec:
  {more}
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 0
      containers:
      - {{name: main, image: \"busybox:1.36\", command: [sh, -c, '{command}']}}
"
    )
}
