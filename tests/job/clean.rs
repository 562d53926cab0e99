//! `kubectl job clean`: only what ended, only what was shown, and always with its pods.
// A panic in a test's own helper is a failed test.
#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use workload_tests::{Action, Answer, Cluster, Fault, On, Output, Running};

use crate::program;

fn job(name: &str, uid: &str, ended: Option<(&str, &str)>, owner: Option<(&str, &str)>) -> Value {
    let owners: Vec<Value> = owner
        .map(|(kind, uid)| json!({"apiVersion": "batch/v1", "kind": kind, "name": "nightly-backup", "uid": uid, "controller": true}))
        .into_iter()
        .collect();
    let conditions: Vec<Value> = ended
        .map(|(kind, at)| json!({"type": kind, "status": "True", "reason": "BackoffLimitExceeded", "lastTransitionTime": at}))
        .into_iter()
        .collect();
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "namespace": "shop", "uid": uid, "ownerReferences": owners},
           "spec": {}, "status": {"conditions": conditions, "startTime": "2026-11-01T00:00:00Z"}})
}

const CRON: &str = "3f0a2d54-1d7e-4a55-8f0c-6a3f5e1c9b01";

/// The recorded backup and its Job grow older with each day that these tests are run: what is meant to be old is far older.
fn cluster() -> Cluster {
    Cluster::new().namespace("shop").file("objects/nightly-backup.yaml").objects([
        job("old", "u-1", Some(("Complete", "2016-11-01T00:00:00Z")), None),
        job("broken", "u-2", Some(("Failed", "2016-10-01T00:00:00Z")), None),
        job("goes-on", "u-3", None, None),
        job("flow", "u-4", Some(("Complete", "2016-11-01T00:00:00Z")), Some(("Workflow", "w-1"))),
        job("nightly-backup-29399000", "u-5", Some(("Failed", "2016-11-01T00:00:00Z")), Some(("CronJob", CRON))),
    ])
}

fn clean(cluster: &Running, args: &[&str]) -> Output {
    program().cluster(cluster).arg("clean").args(args.iter().copied()).run()
}

/// Ages count to now.
fn shown(seen: &Output) -> String {
    workload_tests::Normalise::new().replace(r"\d+[dy]\w* ago", "<age> ago").text(&seen.whole())
}

#[test]
fn what_ended_long_ago_goes_with_its_pods_and_preconditions() {
    let cluster = cluster().start();
    insta::assert_snapshot!(shown(&clean(&cluster, &["--older-than", "3000d"])), @"
    exit code 3
    --- stderr
    job/flow is passed over: it belongs to Workflow nightly-backup, which may need it
    job/nightly-backup-29399000 is passed over: cronjob nightly-backup keeps it by its failedJobsHistoryLimit
    To be deleted in namespace shop:
      job/broken (failed, BackoffLimitExceeded, <age> ago)
      job/old (complete, <age> ago)
    Nobody is there to be asked: nothing was changed. --yes answers beforehand.
    ");
    insta::assert_snapshot!(shown(&clean(&cluster, &["--older-than", "3000d", "--dry-run"])), @"
    exit code 0
    --- stdout
    job.batch/broken deleted (dry run)
    job.batch/old deleted (dry run)
    --- stderr
    job/flow is passed over: it belongs to Workflow nightly-backup, which may need it
    job/nightly-backup-29399000 is passed over: cronjob nightly-backup keeps it by its failedJobsHistoryLimit
    To be deleted in namespace shop:
      job/broken (failed, BackoffLimitExceeded, <age> ago)
      job/old (complete, <age> ago)
    ");
    cluster.requests().assert_read_only();
    insta::assert_snapshot!(shown(&clean(&cluster, &["--older-than", "3000d", "--dry-run=server", "-o", "name"])), @"
    exit code 0
    --- stdout
    job.batch/broken
    job.batch/old
    --- stderr
    job/flow is passed over: it belongs to Workflow nightly-backup, which may need it
    job/nightly-backup-29399000 is passed over: cronjob nightly-backup keeps it by its failedJobsHistoryLimit
    To be deleted in namespace shop:
      job/broken (failed, BackoffLimitExceeded, <age> ago)
      job/old (complete, <age> ago)
    ");
    assert!(cluster.object("jobs", "shop", "old").is_some());
    cluster.forget_requests();
    let seen = clean(&cluster, &["--older-than", "3000d", "--yes", "-o", "json"]);
    assert_eq!(seen.code, 0, "{}", seen.whole());
    let report = seen.json();
    let outcomes: Vec<String> = report["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| format!("{} {}", item["object"]["name"].as_str().unwrap(), item["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(
        outcomes,
        ["flow passedOver", "nightly-backup-29399000 passedOver", "broken deleted", "old deleted"]
            .map(String::from)
            .to_vec()
    );
    for request in cluster.requests().iter().filter(|it| it.verb == "delete") {
        let options: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(options["propagationPolicy"], "Background");
        assert!(options["preconditions"]["uid"].is_string() && options["preconditions"]["resourceVersion"].is_string());
    }
    assert!(cluster.object("jobs", "shop", "old").is_none() && cluster.object("jobs", "shop", "goes-on").is_some());
}

#[test]
fn what_is_named_must_have_ended_and_be_nobodys() {
    let cluster = cluster().start();
    for (args, code) in
        [(&["goes-on"][..], 3), (&["old", "nope"], 1), (&["job/flow"], 3), (&[], 1), (&["--failed", "-o", "wide"], 1)]
    {
        let seen = clean(&cluster, &[args, &["--yes"]].concat());
        assert_eq!(seen.code, code, "{}", seen.whole());
    }
    cluster.requests().assert_read_only();
    let seen = clean(&cluster, &["flow", "--include-managed", "--yes"]).assert_code(0);
    assert_eq!(seen.stdout, "job.batch/flow deleted\n");
}

#[test]
fn one_that_changed_since_it_was_shown_is_left() {
    // Recreated under its name between the last look and its deletion.
    let again = Fault::new(|record| {
        let uid: Value = serde_json::from_slice(&record.body).unwrap();
        let says = format!(
            "the UID in the precondition ({}) does not match the UID in record (new)",
            uid["preconditions"]["uid"].as_str().unwrap()
        );
        let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Conflict", "code": 409,
            "message": format!("Operation cannot be fulfilled on Job \"old\": {says}")});
        Action::Answer(Answer::json(409, status.to_string()))
    });
    let real = On::delete("jobs").name("old").with(|it| it.parameter("dryRun").is_none());
    let cluster = cluster().fault(real, again).start();
    let seen = clean(&cluster, &["--older-than", "3000d", "--yes"]);
    insta::assert_snapshot!(shown(&seen), @r#"
    exit code 1
    --- stdout
    job.batch/broken deleted
    --- stderr
    job/flow is passed over: it belongs to Workflow nightly-backup, which may need it
    job/nightly-backup-29399000 is passed over: cronjob nightly-backup keeps it by its failedJobsHistoryLimit
    To be deleted in namespace shop:
      job/broken (failed, BackoffLimitExceeded, <age> ago)
      job/old (complete, <age> ago)
    job/old is left: Error from server (Conflict): Operation cannot be fulfilled on Job "old": the UID in the precondition (u-1) does not match the UID in record (new)
    "#);
    assert!(cluster.object("jobs", "shop", "old").is_some());
    // Refused altogether: nothing at all is changed.
    let refused = self::cluster().deny("delete", "jobs").start();
    let seen = clean(&refused, &["--older-than", "3000d", "--yes"]);
    assert_eq!(seen.code, 1);
    assert!(seen.stderr.contains("\nNothing was changed.\n"), "{}", seen.stderr);
}

#[test]
fn without_the_cron_jobs_none_of_their_runs_is_taken() {
    let extra: Vec<Value> = (0..3)
        .map(|k| {
            job(
                &format!("nightly-backup-2939900{k}"),
                &format!("x-{k}"),
                Some(("Failed", "2016-11-01T00:00:00Z")),
                Some(("CronJob", CRON)),
            )
        })
        .collect();
    let cluster = Cluster::new().namespace("shop").file("objects/nightly-backup.yaml").objects(extra.clone()).start();
    let seen = clean(&cluster, &["--failed", "--dry-run"]);
    assert_eq!(
        seen.stdout,
        "job.batch/nightly-backup-29399000 deleted (dry run)\njob.batch/nightly-backup-29399001 deleted (dry run)\n"
    );
    let blind = Cluster::new().namespace("shop").objects(extra).deny("list", "cronjobs").start();
    let seen = clean(&blind, &["--failed", "--dry-run"]);
    assert_eq!((seen.code, &*seen.stdout), (0, ""));
    assert!(seen.stderr.contains("no run of a CronJob is taken"), "{}", seen.stderr);
}

#[test]
fn pods_whose_job_is_gone_and_that_have_ended() {
    let pod = |name: &str, uid: &str, phase: &str| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop", "labels":
            {"job-name": "gone", "batch.kubernetes.io/controller-uid": uid}}, "status": {"phase": phase}})
    };
    let cluster = cluster()
        .objects([pod("gone-a", "u-0", "Succeeded"), pod("gone-b", "u-0", "Running"), pod("old-a", "u-1", "Failed")])
        .object(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "by-hand", "namespace": "shop", "labels": {"job-name": "x"}},
                       "status": {"phase": "Failed"}}))
        .start();
    insta::assert_snapshot!(clean(&cluster, &["--orphans", "--yes"]).whole(), @"
    exit code 0
    --- stdout
    pod/gone-a deleted
    --- stderr
    pod/gone-b is passed over: it still runs
    To be deleted in namespace shop:
      pod/gone-a (of job gone, which is gone)
    ");
    assert!(cluster.object("pods", "shop", "gone-b").is_some());
    let blind = self::cluster().object(pod("gone-a", "u-0", "Succeeded")).deny("list", "jobs").start();
    assert_eq!(clean(&blind, &["--orphans", "--yes"]).code, 1);
    blind.requests().assert_read_only();
}

/// What may happen to a Job while it is about to be deleted.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// Another of its name is there, at work.
    Recreated,
    /// It belongs to somebody.
    Owned,
}

impl Event {
    fn happens(self, cluster: &Running) {
        match self {
            Self::Recreated => {
                cluster.delete("jobs", "shop", "old");
                cluster.apply(job("old", "u-9", None, None));
            }
            Self::Owned => {
                let owner = json!([{"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "name": "flow", "uid": "w-1", "controller": true}]);
                cluster.patch("jobs", "shop", "old", json!({"metadata": {"ownerReferences": owner}}));
            }
        }
    }
}

#[test]
fn a_job_that_is_recreated_or_becomes_owned_at_any_moment_is_left_and_the_others_go() {
    // Before it is read again, before the server's rehearsal, and before the deletion itself.
    let moments: [fn() -> On; 3] = [
        || On::list("jobs").nth(2),
        || On::delete("jobs").name("old").with(|it| it.parameter("dryRun").is_some()),
        || On::delete("jobs").name("old").with(|it| it.parameter("dryRun").is_none()),
    ];
    for event in [Event::Recreated, Event::Owned] {
        for (at, moment) in moments.iter().enumerate() {
            let cluster = Arc::new(cluster().start());
            let (shared, once) = (Arc::clone(&cluster), Mutex::new(Some(event)));
            let fault = Fault::new(move |_| {
                if let Some(event) = once.lock().unwrap().take() {
                    event.happens(&shared);
                }
                Action::Pass
            });
            cluster.fault(moment(), fault);
            let seen = clean(&cluster, &["--older-than", "3000d", "--yes"]);
            cluster.heal();
            let story = format!("{event:?} at {at}: {}", seen.whole());
            assert_eq!((seen.code, &*seen.stdout), (1, "job.batch/broken deleted\n"), "{story}");
            assert!(seen.stderr.contains("job/old is left: "), "{story}");
            assert!(cluster.object("jobs", "shop", "old").is_some(), "{story}");
        }
    }
}
