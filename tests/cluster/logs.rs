//! Logs under faults: each container writes numbered lines, and what was printed is compared with what was written.

use std::collections::BTreeMap;

use crate::lane::{Lane, Scenario, until};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new("logs-job-ends", job_ends).quick(),
    Scenario::new("logs-restarts", restarts).quick(),
    Scenario::new("logs-replaced", replaced),
    Scenario::new("logs-kubelet-restart", kubelet_restart).alone(),
    Scenario::new("logs-node-dies", node_dies).alone(),
    Scenario::new("logs-server-restart", server_restart).alone(),
    Scenario::new("logs-150-on-a-node", many_on_a_node).alone(),
];

/// Writes `line 1`, `line 2` and so on, twenty a second, for so many lines; then it exits with this code.
fn counting(lines: u32, code: u8) -> String {
    format!("n=0; while [ $n -lt {lines} ]; do n=$((n+1)); echo \"line $n\"; sleep 0.05; done; exit {code}")
}

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

/// A `logs` that goes on beside the scenario.
struct Following<'l> {
    lane: &'l Lane,
    file: String,
}

impl<'l> Following<'l> {
    fn start(lane: &'l Lane, command: &str) -> Self {
        let file = lane.kubeconfig.with_extension("logs").display().to_string();
        lane.run(&format!(
            "rm -f {file}.code; ({command} -o json >{file} 2>{file}.err; echo $? >{file}.code) >/dev/null 2>&1 &"
        ));
        Self { lane, file }
    }

    /// Waits until so many lines of each of so many attempts are there.
    fn until_lines(&self, attempts: usize, least: usize) {
        until(&format!("{least} lines of {attempts} containers"), || {
            let seen = self.lines();
            let enough = seen.values().filter(|lines| lines.len() >= least).count();
            if enough >= attempts { Ok(()) } else { Err(format!("{enough} have: {}", self.said())) }
        });
    }

    /// The exit code, once it has ended by itself.
    fn code(&self) -> String {
        until("the end of logs", || self.lane.attempt(&format!("cat {}.code", self.file)))
    }

    fn said(&self) -> String {
        self.lane.run(&format!("cat {}.err", self.file))
    }

    /// The numbers that each attempt printed, in their order.
    fn lines(&self) -> BTreeMap<String, Vec<u32>> {
        let mut seen: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for line in std::fs::read_to_string(&self.file).unwrap_or_default().lines() {
            let Ok(record) = serde_json::from_str::<serde_json::Value>(line) else { continue };
            if record["kind"] == "line" {
                let message = record["message"].as_str().unwrap_or_default();
                let number = message.strip_prefix("line ").and_then(|number| number.parse().ok());
                let number = number.unwrap_or_else(|| panic!("no line of a container's: {line}"));
                let attempt = format!("{}/{}", record["pod"].as_str().unwrap_or_default(), record["containerId"]);
                seen.entry(attempt).or_default().push(number);
            }
        }
        seen
    }

    /// Each attempt's lines begin at 1 and none is missing, twice, or out of order.
    fn assert_whole(&self) {
        for (attempt, numbers) in self.lines() {
            let expected: Vec<u32> = (1..=u32::try_from(numbers.len()).expect("few lines")).collect();
            assert!(numbers == expected, "{attempt} printed {numbers:?}\n{}", self.said());
        }
        let said = self.said();
        assert!(!said.contains("! "), "{said}");
    }
}

fn job_ends(lane: &Lane) {
    lane.apply(&job("good", "backoffLimit: 0", &counting(20, 0)));
    let following = Following::start(lane, "kubectl job logs good -f");
    assert_eq!(following.code(), "0", "{}", following.said());
    following.assert_whole();
    assert_eq!(following.lines().into_values().map(|lines| lines.len()).collect::<Vec<_>>(), [20]);
    assert!(following.said().contains("complete, every end verified"), "{}", following.said());

    lane.apply(&job("bad", "backoffLimit: 1", &counting(10, 3)));
    let following = Following::start(lane, "kubectl job logs bad -f");
    assert_eq!(following.code(), "10", "{}", following.said());
    following.assert_whole();
    assert_eq!(following.lines().into_values().map(|lines| lines.len()).collect::<Vec<_>>(), [10, 10]);
    assert_eq!(lane.try_run("kubectl job logs bad -f --exit-code-from container").code, 3);

    lane.apply(&job("brief", "ttlSecondsAfterFinished: 0", &counting(20, 0)));
    let following = Following::start(lane, "kubectl job logs brief -f");
    assert_eq!(following.code(), "0", "{}", following.said());
    assert_eq!(following.lines().into_values().map(|lines| lines.len()).collect::<Vec<_>>(), [20]);
}

fn restarts(lane: &Lane) {
    lane.apply(&set(1, "node1", &counting(20, 1)));
    lane.until_condition("pod/web-0", "PodScheduled", "True");
    let following = Following::start(lane, "kubectl sts logs web -f");
    following.until_lines(3, 20);
    lane.run("kubectl scale sts web --replicas 0");
    lane.run("kubectl delete sts web");
    assert_eq!(following.code(), "0");
    for (attempt, numbers) in following.lines().into_iter().filter(|(_, numbers)| numbers.len() >= 20) {
        assert!(numbers.iter().copied().eq(1..=20), "{attempt}: {numbers:?}");
    }
}

fn replaced(lane: &Lane) {
    lane.apply(&set(1, "node1", &counting(100_000, 0)));
    lane.until_ready(&["web-0"]);
    let following = Following::start(lane, "kubectl sts logs web -f");
    following.until_lines(1, 40);
    lane.run("kubectl delete pod web-0");
    following.until_lines(2, 40);
    lane.run("kubectl delete pod web-0 --force --grace-period=0");
    following.until_lines(3, 40);
    lane.run("kubectl delete sts web");
    assert_eq!(following.code(), "0");
    following.assert_whole();
}

fn through(lane: &Lane, fault: impl FnOnce()) {
    lane.apply(&set(2, "node2", &counting(100_000, 0)));
    lane.until_ready(&["web-0", "web-1"]);
    let following = Following::start(lane, "kubectl sts logs web -f");
    following.until_lines(2, 40);
    fault();
    let before = following.lines().into_values().map(|lines| lines.len()).max().unwrap_or_default();
    following.until_lines(2, before + 100);
    lane.run("kubectl delete sts web");
    assert_eq!(following.code(), "0");
    following.assert_whole();
}

fn kubelet_restart(lane: &Lane) {
    through(lane, || drop(lane.run("$TESTBED restart kubelet 2")));
}

fn server_restart(lane: &Lane) {
    through(lane, || drop(lane.run("$TESTBED restart apiserver")));
}

fn node_dies(lane: &Lane) {
    lane.apply(&set(1, "node2", &counting(100_000, 0)));
    lane.until_ready(&["web-0"]);
    let following = Following::start(lane, "kubectl sts logs web -f");
    following.until_lines(1, 40);
    let node = lane.stop_node(2);
    lane.until_condition("node/node2", "Ready", "Unknown");
    drop(node);
    lane.until_condition("pod/web-0", "Ready", "True");
    following.until_lines(2, 40);
    lane.run("kubectl delete sts web");
    assert_eq!(following.code(), "0");
    following.assert_whole();
}

/// More containers than the node can watch files for: the rest is read every two seconds, and that is said.
fn many_on_a_node(lane: &Lane) {
    let command = "n=0; while :; do n=$((n+1)); echo \"line $n\"; sleep 2; done";
    let more: Vec<String> = (1..15)
        .map(|n| format!("      - {{name: c{n}, image: \"busybox:1.36\", command: [sh, -c, '{command}']}}\n"))
        .collect();
    lane.apply(&(set(10, "node2", command) + &more.concat()));
    lane.until_field("sts/web", "/status/readyReplicas", "10");
    let following = Following::start(lane, "kubectl sts logs web -f --max-streams 200");
    following.until_lines(150, 15);
    assert!(following.said().contains("fs.inotify.max_user_instances"), "{}", following.said());
    lane.run("kubectl delete sts web");
    assert_eq!(following.code(), "0");
    following.assert_whole();
}
