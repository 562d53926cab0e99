//! What happens to nodes and to the server: each of these scenarios has the lane to itself.

use crate::lane::{Background, Lane, Scenario, until};

use super::{Following, counting, set};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new("logs-kubelet-restart", kubelet_restart).alone(),
    Scenario::new("logs-kubelet-stopped", kubelet_stopped).alone(),
    Scenario::new("logs-node-dies", node_dies).alone(),
    Scenario::new("logs-server-restart", server_restart).alone(),
    Scenario::new("logs-150-on-a-node", many_on_a_node).alone(),
    Scenario::new("logs-unseen-attempts", unseen_attempts).alone(),
    Scenario::new("logs-rotated", rotated).alone(),
    Scenario::new("logs-slow-reader", slow_reader).alone(),
];

fn through(lane: &Lane, fault: impl FnOnce()) {
    lane.apply(&set(2, "node2", &counting(100_000, 0)));
    lane.until_ready(&["web-0", "web-1"]);
    let following = Following::start(lane, "kubectl sts logs web -f");
    following.until_lines(2, 40);
    fault();
    let before = following.most();
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

/// Stopped for as long as it takes until its node counts as lost, fifty seconds; the containers go on writing.
fn kubelet_stopped(lane: &Lane) {
    through(lane, || {
        let kubelet = Stopped::new(lane);
        lane.until_condition("node/node2", "Ready", "Unknown");
        drop(kubelet);
    });
}

/// A kubelet that is down, until this is dropped.
struct Stopped<'l>(&'l Lane);

impl<'l> Stopped<'l> {
    fn new(lane: &'l Lane) -> Self {
        lane.run("$TESTBED stop kubelet 2");
        Self(lane)
    }
}

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        self.0.try_run("$TESTBED start kubelet 2");
    }
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

/// The kubelet of node2 with other settings, until this is dropped.
struct Kubelet<'l>(&'l Lane);

const SETTINGS: &str = "$TESTBED_STATE/node2/kubelet.yaml";

impl<'l> Kubelet<'l> {
    fn with(lane: &'l Lane, settings: &[&str]) -> Self {
        lane.run(&format!("cp {SETTINGS} {SETTINGS}.kept"));
        let kubelet = Self(lane);
        for setting in settings {
            let key = setting.split(':').next().unwrap_or_default();
            lane.run(&format!("sed -i '/^{key}:/d' {SETTINGS} && echo '{setting}' >>{SETTINGS}"));
        }
        lane.run("$TESTBED restart kubelet 2");
        kubelet.until_it_answers();
        kubelet
    }

    fn until_it_answers(&self) {
        until("the kubelet of node2", || self.0.attempt("kubectl get --raw /api/v1/nodes/node2/proxy/healthz"));
    }
}

impl Drop for Kubelet<'_> {
    fn drop(&mut self) {
        self.0.try_run(&format!("mv {SETTINGS}.kept {SETTINGS} && $TESTBED restart kubelet 2"));
    }
}

/// A container that is started again once, twice and five times while nobody can look: what the node still keeps is read, the rest is named.
fn unseen_attempts(lane: &Lane) {
    let _kubelet = Kubelet::with(lane, &["crashLoopBackOff: {maxContainerRestartPeriod: 1s}"]);
    let way = super::wire::Way::new(lane);
    // Attempts 1, 2, 4 and 9 go on until they are told to end; the others end by themselves.
    let command = "a=$(($(cat /kept/a 2>/dev/null || echo 0)+1)); echo $a >/kept/a; n=0; while [ $n -lt 20 ]; do n=$((n+1)); echo \"line $n\"; done; case $a in 1|2|4|9) until [ -e /kept/go-$a ]; do sleep 0.1; done;; esac; exit 1";
    let kept = "volumes: [{name: kept, emptyDir: {}}]\n      containers:";
    let manifest = set(1, "node2", command).replace("containers:", kept);
    lane.apply(
        &manifest.replace(
            "image: \"busybox:1.36\"",
            "image: \"busybox:1.36\", volumeMounts: [{name: kept, mountPath: /kept}]",
        ),
    );
    lane.until_ready(&["web-0"]);
    let following = Following::with(lane, &way.kubeconfig, "kubectl sts logs web -f");
    following.until_lines(1, 20);
    for (attempt, restarts, seen) in [(1, 1, 2), (2, 3, 4), (4, 8, 6)] {
        let dark = way.closed();
        lane.run(&format!("kubectl exec web-0 -- touch /kept/go-{attempt}"));
        lane.until_field("pod/web-0", "/status/containerStatuses/0/restartCount", &restarts.to_string());
        lane.until_condition("pod/web-0", "Ready", "True");
        drop(dark);
        following.until_lines(seen, 20);
    }
    lane.run("kubectl delete sts web");
    assert_eq!(following.code(), "0");
    let attempts = following.lines_by(|record| record["attempt"].to_string());
    let attempts: Vec<(&str, usize)> = attempts.iter().map(|(attempt, lines)| (&**attempt, lines.len())).collect();
    assert_eq!(attempts, ["1", "2", "3", "4", "8", "9"].map(|attempt| (attempt, 20)), "{}", following.said());
    assert!(following.lines().into_values().all(|numbers| numbers.iter().copied().eq(1..=20)));
    let missed: Vec<String> =
        following.said().lines().filter(|line| line.starts_with("! ")).map(str::to_owned).collect();
    assert!(missed.len() == 1 && missed[0].contains('5') && missed[0].contains('7'), "{missed:?}");
}

/// Rotated every three seconds: a megabyte and a half in each file, and two files kept.
const ROTATES: [&str; 3] = ["containerLogMaxSize: 256Ki", "containerLogMaxFiles: 2", "containerLogMonitorInterval: 3s"];

/// Five hundred lines of a kilobyte a second.
const FAST: &str = "p=$(head -c 1000 /dev/zero | tr \"\\000\" x); n=0; while :; do n=$((n+1)); echo \"line $n $p\"; [ $((n % 50)) = 0 ] && sleep 0.1; done";

/// How often the log of `web-0` has been rotated is not kept; that it has been is.
fn until_rotated(lane: &Lane) {
    let rotated = format!("ls $TESTBED_STATE/node2/pod-logs/{}_web-0_*/main/ | grep -q '0.log.'", lane.namespace);
    until("a rotated log", || lane.attempt(&rotated));
}

/// The numbers of the lines that `--template '{message}'` printed, cut to them.
fn numbers(lane: &Lane) -> Vec<u32> {
    let text = lane.run("cat $KUBECONFIG.numbers 2>/dev/null || true");
    text.lines().map(|line| line.strip_prefix("line ").and_then(|n| n.parse().ok()).expect("a line's number")).collect()
}

fn follow_numbers(lane: &Lane, gate: &str) -> Background {
    Background::start(
        lane,
        &format!(
            "rm -f $KUBECONFIG.numbers; kubectl sts logs web -f -o raw 2>$KUBECONFIG.said | ({gate} exec grep -o --line-buffered '^line [0-9]*' >$KUBECONFIG.numbers); echo ${{PIPESTATUS[0]}} >$KUBECONFIG.code"
        ),
    )
}

/// A reader that keeps up loses nothing to rotation.
fn rotated(lane: &Lane) {
    let _kubelet = Kubelet::with(lane, &ROTATES);
    lane.apply(&set(1, "node2", FAST));
    lane.until_ready(&["web-0"]);
    let _following = follow_numbers(lane, "");
    until_rotated(lane);
    until("10,000 lines", || {
        let count = numbers(lane).len();
        if count >= 10_000 { Ok(()) } else { Err(format!("{count}")) }
    });
    lane.run("kubectl delete sts web");
    assert_eq!(until("the end of logs", || lane.attempt("cat $KUBECONFIG.code")), "0");
    let (numbers, said) = (numbers(lane), lane.run("cat $KUBECONFIG.said"));
    assert!(numbers.iter().copied().eq((1..).take(numbers.len())), "{said}");
    assert!(!said.lines().any(|line| line.starts_with("! ")), "{said}");
}

/// A reader that does not read while the log is rotated again and again: lines are lost, and that is said.
fn slow_reader(lane: &Lane) {
    let _kubelet = Kubelet::with(lane, &ROTATES);
    lane.apply(&set(1, "node2", &FAST.replace("% 50", "% 500")));
    lane.until_ready(&["web-0"]);
    let _following = follow_numbers(lane, "until [ -e $KUBECONFIG.go ]; do sleep 0.2; done;");
    let newest =
        format!("tail -n 1 $TESTBED_STATE/node2/pod-logs/{}_web-0_*/main/0.log | cut -d' ' -f5", lane.namespace);
    let written = |least: u32| {
        until(&format!("{least} lines written"), || {
            let number: u32 = lane.attempt(&newest)?.parse().map_err(|_| "no number".to_owned())?;
            if number >= least { Ok(number) } else { Err(format!("{number}")) }
        })
    };
    let number = written(60_000);
    lane.run("touch $KUBECONFIG.go");
    until("lines from after the block", || {
        let last = numbers(lane).last().copied().unwrap_or_default();
        if last > number { Ok(()) } else { Err(format!("{last} of {number}")) }
    });
    lane.run("kubectl delete sts web");
    assert_eq!(until("the end of logs", || lane.attempt("cat $KUBECONFIG.code")), "0");
    let (numbers, said) = (numbers(lane), lane.run("cat $KUBECONFIG.said"));
    let holes: Vec<(u32, u32)> =
        numbers.windows(2).filter(|two| two[1] != two[0] + 1).map(|two| (two[0], two[1])).collect();
    assert!(holes.iter().all(|(before, after)| after > before), "a line came twice: {holes:?}\n{said}");
    lane.say(&format!("a reader that did not read: holes {holes:?} of {} lines\n{said}", numbers.len()));
    assert!(!holes.is_empty(), "nothing was lost: the block was too short to prove anything");
    assert!(said.lines().any(|line| line.starts_with("! ")), "{said}");
}
