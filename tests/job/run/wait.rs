//! `run --wait`: the Job's way and its end, whatever becomes of it and of the connection.
// A panic in a test's own helper is a failed test.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use serde_json::{Value, json};
use workload_tests::{Cluster, Fault, On};

use super::nightly;
use super::story::Story;

/// Long before any deadline, also on a busy machine. How soon it really is, a test can't tell.
const AT_ONCE: Duration = Duration::from_secs(15);

fn start(cluster: Cluster, args: &[&str]) -> Story {
    Story::start(cluster, &[&["--wait"], args].concat())
}

#[test]
fn a_success_is_told_step_by_step_and_ends_in_0() {
    let story = start(nightly(), &[]);
    story.pod("now-x", &json!({"phase": "Pending"}));
    story.pod_runs("now-x");
    story.pod_ended("now-x", 0);
    story.cluster.wait_for("the pods' watch", |requests| requests.count("watch pods") > 0);
    story.job("Complete", "CompletionsReached");
    let seen = story.end();
    assert_eq!(seen.code, Some(0));
    assert!(seen.text.starts_with("job.batch/now created\n--- stderr\n"), "{}", seen.text);
    assert!(seen.text.ends_with("job now: complete after <time>\n"), "{}", seen.text);
    assert!(seen.after < AT_ONCE, "{:?}", seen.after);
}

#[test]
fn a_failure_ends_in_10_with_the_container_that_failed() {
    let story = start(nightly(), &[]);
    story.cluster.wait_for("the pods' watch", |requests| requests.count("watch pods") > 0);
    story.pod_ended("now-a", 1);
    story.pod_ended("now-b", 3);
    story.job("FailureTarget", "BackoffLimitExceeded");
    story.job("Failed", "BackoffLimitExceeded");
    let seen = story.end();
    insta::assert_snapshot!(seen.text, @"
    job.batch/now created
    --- stderr
    pod now-a: on node node1
    pod now-a: running
    container backup of pod now-a ended with exit code 1
    pod now-a: failed
    pod now-b: on node node1
    pod now-b: running
    container backup of pod now-b ended with exit code 3
    pod now-b: failed
    job now: failed after <time>: BackoffLimitExceeded: because of BackoffLimitExceeded
      BackoffLimitExceeded: Failed: its retries are used up (backoffLimit 2); 0 of 1 completions. Pod now-b: container backup failed: exit code 3.
      next: kubectl -n shop logs now-b -c backup
      more: kubectl job status now -n shop
    ");
    assert_eq!(seen.code, Some(10));
}

#[test]
fn its_exit_code_is_the_containers_where_that_is_wanted() {
    let story = start(nightly(), &["--exit-code-from=container", "-o", "json"]);
    story.pod_ended("now-a", 3);
    story.job("Failed", "BackoffLimitExceeded");
    let seen = story.end();
    assert_eq!(seen.code, Some(3));
    let (report, _) = seen.text.split_once("--- stderr").unwrap();
    let report: Value = serde_json::from_str(report).unwrap();
    let item = &report["items"][0];
    assert_eq!(
        (&item["result"], &item["reason"], &item["exitCode"]),
        (&json!("Failed"), &json!("BackoffLimitExceeded"), &json!(3))
    );
}

#[test]
fn its_deadline_ends_in_11_and_failure_that_is_decided_is_taken_where_that_is_wanted() {
    let story = start(nightly(), &[]);
    story.job("Failed", "DeadlineExceeded");
    assert_eq!(story.end().code, Some(11));
    let story = start(nightly(), &["--fail-fast"]);
    story.job("FailureTarget", "PodFailurePolicy");
    let seen = story.end();
    assert_eq!(seen.code, Some(10));
    assert!(seen.text.contains("because of PodFailurePolicy; pods of it still end"), "{}", seen.text);
}

#[test]
fn a_sidecar_that_stays_is_no_reason_to_wait() {
    let story = start(nightly(), &["--success-from", "backup"]);
    story.pod(
        "now-x",
        &json!({"phase": "Running", "containerStatuses": [
        {"name": "backup", "restartCount": 0, "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}},
        {"name": "proxy", "restartCount": 0, "state": {"running": {}}}]}),
    );
    let seen = story.end();
    assert_eq!(seen.code, Some(0));
    assert!(
        seen.text.ends_with("job now: container backup succeeded after <time>; the Job itself goes on\n"),
        "{}",
        seen.text
    );
}

#[test]
fn one_that_is_deleted_ends_in_13_and_one_that_is_pruned_in_its_result() {
    let story = start(nightly(), &[]);
    story.cluster.delete("jobs", "shop", "now");
    let seen = story.end();
    insta::assert_snapshot!(seen.text, @"
    job.batch/now created
    --- stderr
    job now: deleted
    job now: gone, and nothing tells how it ended
    next: kubectl get events -n shop --field-selector involvedObject.name=now
    ");
    assert_eq!(seen.code, Some(13));
    assert!(seen.after < AT_ONCE, "{:?}", seen.after);

    // Its end is seen on the watch, however soon it is gone.
    let story = start(nightly(), &[]);
    story.job("Complete", "CompletionsReached");
    story.cluster.delete("jobs", "shop", "now");
    assert_eq!(story.end().code, Some(0));

    // Its end came while nobody could look, and its event still tells.
    for (reason, code) in
        [("Completed", 0), ("BackoffLimitExceeded", 10), ("DeadlineExceeded", 11), ("SuccessfulCreate", 13)]
    {
        let story = start(nightly(), &[]);
        let about = json!({"kind": "Job", "name": "now", "namespace": "shop", "uid": story.uid()});
        story
            .cluster
            .apply(json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "now.1", "namespace": "shop"},
            "involvedObject": about, "reason": reason}));
        story.cluster.delete("jobs", "shop", "now");
        let seen = story.end();
        assert_eq!(seen.code, Some(code), "{reason}: {}", seen.text);
        assert!(seen.after < AT_ONCE, "{:?}", seen.after);
    }
}

#[test]
fn a_namesake_is_not_followed() {
    let story = start(nightly(), &[]);
    story.cluster.delete("jobs", "shop", "now");
    story
        .cluster
        .apply(json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "now", "namespace": "shop"},
        "status": {"conditions": [{"type": "Complete", "status": "True"}]}}));
    assert_eq!(story.end().code, Some(13));
}

#[test]
fn times_that_are_over_leave_it_or_cancel_it() {
    let story = start(nightly(), &["--start-timeout", "1", "--timeout", "1m"]);
    story.pod("now-x", &json!({"phase": "Pending"}));
    let seen = story.end();
    insta::assert_snapshot!(seen.text, @"
    job.batch/now created
    --- stderr
    pod now-x: created
    job now: the time of --start-timeout is over, and no container of it has run
      PodStarting (pod/now-x): The scheduler has said nothing of the pod: is it running?
      next: kubectl -n kube-system get pods -l component=kube-scheduler
    job now goes on; kubectl delete job now -n shop ends it
    ");
    assert_eq!(seen.code, Some(12));

    let story = start(nightly(), &["--timeout", "1s", "--start-timeout", "900ms", "--cancel-on-timeout"]);
    story.pod_runs("now-x");
    let uid = story.uid();
    let Story { child, cluster, home: _home } = story;
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(124), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(cluster.object("jobs", "shop", "now").is_none());
    let deletion = cluster.requests().only(|it| it.verb == "delete");
    let options: Value = serde_json::from_slice(&deletion[0].body).unwrap();
    assert_eq!(
        (&options["propagationPolicy"], &options["preconditions"]),
        (&json!("Background"), &json!({"uid": uid}))
    );
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_it_running_and_says_how_to_go_on() {
    let story = start(nightly(), &[]);
    let id = story.child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let cluster = story.cluster;
    let output = story.child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.ends_with("job now goes on; to follow it again:\n  kubectl job logs now -f -n shop\n"), "{stderr}");
    assert!(cluster.object("jobs", "shop", "now").is_some());
}

#[test]
fn without_permissions_it_looks_instead_and_says_so() {
    for denied in [&["watch"][..], &["watch", "list"]] {
        let cluster = denied.iter().fold(nightly(), |cluster, verb| cluster.deny(verb, "jobs").deny(verb, "pods"));
        let story = start(cluster.deny("list", "events"), &["--if-active=ignore"]);
        story.cluster.wait_for("another look", |requests| requests.count("get jobs") + requests.count("list jobs") > 1);
        story.job("Failed", "BackoffLimitExceeded");
        let seen = story.end();
        assert_eq!(seen.code, Some(10), "{}", seen.text);
        assert!(seen.text.contains("looked at every second"), "{}", seen.text);
        assert!(seen.after < AT_ONCE, "{:?}", seen.after);
    }
}

#[test]
fn a_watch_that_breaks_goes_on_and_its_verdict_is_the_same() {
    for fault in [
        Fault::end_after(0),
        Fault::reset(),
        Fault::unavailable(),
        Fault::gone(),
        Fault::cut_after(40),
        Fault::bad_gateway(),
    ] {
        let broken =
            nightly().fault(On::watch("jobs").first(3), fault.clone()).fault(On::watch("pods").first(2), fault);
        let story = start(broken, &[]);
        story.pod_ended("now-a", 5);
        story.job("Failed", "BackoffLimitExceeded");
        let seen = story.end();
        assert_eq!(seen.code, Some(10), "{}", seen.text);
        assert!(seen.text.contains("exit code 5"), "{}", seen.text);
    }
    let story = start(nightly(), &[]);
    story.cluster.compact();
    story.cluster.expire_watches();
    story.job("Complete", "CompletionsReached");
    assert_eq!(story.end().code, Some(0));
}
