// States are written where they are used.
#![allow(clippy::needless_pass_by_value, clippy::unnecessary_wraps)]

use serde_json::json;

use super::*;

fn job(conditions: Value) -> Value {
    json!({"metadata": {"name": "report", "uid": "j-1", "creationTimestamp": "2026-11-24T03:00:00Z"}, "spec": {},
           "status": {"conditions": conditions}})
}

fn pod(name: &str, more: Value) -> Value {
    let mut pod = json!({
        "metadata": {"name": name, "uid": name, "ownerReferences": [{"kind": "Job", "name": "report", "uid": "j-1"}]},
        "spec": {"nodeName": "node1"}, "status": {"phase": "Running"},
    });
    for (field, value) in more.as_object().cloned().unwrap_or_default() {
        pod[field] = value;
    }
    pod
}

fn ended_with(code: i64, at: &str) -> Value {
    json!({"name": "main", "restartCount": 0, "state": {"terminated": {"exitCode": code, "reason": "Error", "finishedAt": at}}})
}

fn failed(reason: &str, ending: bool) -> Option<End> {
    Some(End::Failed { reason: reason.into(), message: "why".into(), ending })
}

#[test]
fn only_complete_and_failed_end_a_job() {
    let end = |conditions: Value| Follow::new(job(conditions), Rules::default()).end().cloned();
    let holds = |kind: &str, reason: &str| json!({"type": kind, "status": "True", "reason": reason, "message": "why"});
    assert_eq!(end(json!([])), None);
    assert_eq!(end(json!([holds("FailureTarget", "BackoffLimitExceeded")])), None, "pods still end");
    assert_eq!(end(json!([holds("SuccessCriteriaMet", "SuccessPolicy")])), None);
    assert_eq!(end(json!([{"type": "Failed", "status": "False"}])), None);
    assert_eq!(end(json!([holds("SuccessCriteriaMet", ""), holds("Complete", "")])), Some(End::Complete));
    assert_eq!(end(json!([holds("Failed", "DeadlineExceeded")])), failed("DeadlineExceeded", false));
    let fast = Rules { fail_fast: true, ..Rules::default() };
    let decided = Follow::new(job(json!([holds("FailureTarget", "PodFailurePolicy")])), fast);
    assert_eq!(decided.end().cloned(), failed("PodFailurePolicy", true));
}

#[test]
fn a_pods_way_is_told_step_by_step_and_once() {
    let mut follow = Follow::new(job(json!([])), Rules::default());
    let mut told = Vec::new();
    let pending = pod("report-a", json!({"spec": {}, "status": {"phase": "Pending"}}));
    let running = json!([{"name": "main", "restartCount": 0, "state": {"running": {}}}]);
    let at = "2026-11-24T03:00:09Z";
    for state in [
        pending.clone(),
        pending,
        pod("report-a", json!({"status": {"phase": "Pending"}})),
        pod("report-a", json!({"status": {"phase": "Running", "containerStatuses": running}})),
        pod("report-a", json!({"status": {"phase": "Running", "containerStatuses": [ended_with(3, at)]}})),
        pod("report-a", json!({"status": {"phase": "Failed", "containerStatuses": [ended_with(3, at)]}})),
        pod("other", json!({"metadata": {"name": "other", "uid": "o"}})),
    ] {
        told.extend(follow.pod(&state));
    }
    insta::assert_snapshot!(told.join("\n"), @"
    pod report-a: created
    pod report-a: on node node1
    pod report-a: running
    container main of pod report-a ended with exit code 3
    pod report-a: failed
    ");
    assert!(follow.started());
    assert_eq!(follow.exit_code(), Some(3));
}

#[test]
fn what_the_controller_killed_is_no_failure_of_its_own() {
    // OnFailure at its limit: the last attempt is killed with its pod a second after it began.
    let mut follow = Follow::new(job(json!([])), Rules::default());
    let first = json!({"name": "main", "restartCount": 2, "state": {"running": {}},
        "lastState": {"terminated": {"exitCode": 7, "reason": "Error", "finishedAt": "2026-11-24T03:00:20Z"}}});
    follow.pod(&pod("report-a", json!({"status": {"phase": "Running", "containerStatuses": [first]}})));
    let mut killed = pod(
        "report-a",
        json!({"status": {"phase": "Failed", "containerStatuses": [ended_with(137, "2026-11-24T03:00:21Z")]}}),
    );
    killed["metadata"]["deletionTimestamp"] = "2026-11-24T03:00:21Z".into();
    follow.pod_gone(&killed);
    assert_eq!(follow.exit_code(), Some(7));
    assert_eq!(follow.last_failure().unwrap(), "container main of pod report-a ended with exit code 7");
}

#[test]
fn a_sidecar_that_stays_does_not_hold_the_success_of_the_chosen_container() {
    let rules = Rules { success_from: Some("main".into()), ..Rules::default() };
    let mut follow = Follow::new(job(json!([])), rules);
    let proxy = json!({"name": "proxy", "restartCount": 0, "state": {"running": {}}});
    let done = |code| {
        pod(
            "report-a",
            json!({"status": {"phase": "Running", "containerStatuses": [ended_with(code, "2026-11-24T03:00:09Z"), proxy]}}),
        )
    };
    follow.pod(&done(1));
    assert_eq!(follow.end(), None);
    follow.pod(&done(0));
    assert_eq!(follow.end(), Some(&End::ContainerSucceeded { container: "main".into() }));
}

#[test]
fn one_that_is_gone_ended_as_its_last_state_or_its_events_tell() {
    let complete = job(json!([{"type": "Complete", "status": "True"}]));
    let mut pruned = Follow::new(job(json!([])), Rules::default());
    pruned.job_gone(Some(complete));
    assert_eq!((pruned.end(), pruned.vanished()), (Some(&End::Complete), false));

    let gone = || {
        let mut follow = Follow::new(job(json!([])), Rules::default());
        let mut successor = job(json!([{"type": "Complete", "status": "True"}]));
        successor["metadata"]["uid"] = "j-2".into();
        follow.job(successor);
        assert!(follow.vanished(), "another Job of the same name says nothing about this one");
        follow
    };
    for (reason, end) in [
        (Some("Completed"), Some(End::Complete)),
        (
            Some("BackoffLimitExceeded"),
            Some(End::Failed {
                reason: "BackoffLimitExceeded".into(),
                message: "told by its event".into(),
                ending: false,
            }),
        ),
        (None, Some(End::Vanished)),
    ] {
        let mut follow = gone();
        follow.epitaph(reason);
        assert_eq!(follow.end().cloned(), end);
    }
}

#[test]
fn what_holds_it_is_told_once() {
    let mut suspended = job(json!([]));
    suspended["spec"] = json!({"suspend": true});
    suspended["metadata"]["labels"] = json!({"kueue.x-k8s.io/queue-name": "batch"});
    let mut follow = Follow::new(job(json!([])), Rules::default());
    assert_eq!(follow.job(suspended.clone()), ["it is suspended by the queue batch: no pod runs until it is resumed"]);
    assert_eq!(follow.job(suspended), [""; 0]);
}

#[test]
fn it_is_at_work_only_when_all_that_it_wants_runs() {
    let mut parallel = job(json!([]));
    parallel["spec"] = json!({"parallelism": 2, "completions": 3});
    let mut follow = Follow::new(parallel.clone(), Rules::default());
    let running = json!({"name": "main", "restartCount": 0, "state": {"running": {}}});
    let runs = |name: &str, more: Value| {
        pod(name, json!({"status": {"phase": "Running", "containerStatuses": [running, more]}}))
    };
    assert!(!follow.at_work(), "no pod yet");
    follow.pod(&runs("report-a", running.clone()));
    assert!(!follow.at_work(), "a second one is wanted");
    follow.pod(&runs("report-b", ended_with(0, "2026-11-24T03:00:09Z")));
    assert!(!follow.at_work(), "one of its containers has ended: it may be held by the other");
    follow.pod(&runs("report-b", running.clone()));
    assert!(follow.at_work());
    let lost = json!([{"type": "Ready", "status": "False", "reason": "NodeNotReady"}]);
    let mut on_dead_node = runs("report-b", running.clone());
    on_dead_node["status"]["conditions"] = lost;
    follow.pod(&on_dead_node);
    assert!(!follow.at_work(), "its node no longer reports");
    follow.pod_gone(&on_dead_node);
    parallel["status"] = json!({"succeeded": 2});
    follow.job(parallel);
    assert!(follow.at_work(), "one is left to be done, and is at work");
}
