//! `kubectl job logs`: whole outputs, the end with the Job, and the exit code.
// A panic in a test's own helper is a failed test; expected outputs stand where they are asserted.
#![allow(clippy::unwrap_used, clippy::too_many_lines, clippy::format_collect)]

use std::time::Duration;

use serde_json::json;
use workload_tests::{Cluster, Output, Running};

use crate::jobs::{job, pod, with_jobs};
use crate::program;

fn run(cluster: &Running, line: &str) -> Output {
    program().cluster(cluster).args(line.split(' ')).args(["-n", "shop"]).run()
}

#[test]
fn every_attempt_of_every_pod_is_shown_the_oldest_first() {
    let cluster = with_jobs(Cluster::new()).start();
    insta::assert_snapshot!(run(&cluster, "logs report").whole(), @"
    exit code 0
    --- stdout
    [pod/report-a/main] first try 1
    [pod/report-a/main] first try 2
    [pod/report-b/main] second try 1
    [pod/report-b/main] second try 2
    --- stderr
    = 2 attempts, 4 lines, 46B: complete, every end verified
    ");
    insta::assert_snapshot!(run(&cluster, "logs cj/nightly").whole(), @"
    exit code 0
    --- stdout
    [pod/nightly-1-a/main] dump 1
    --- stderr
    = 1 attempt, 1 line, 6B: complete, every end verified
    ");
    insta::assert_snapshot!(run(&cluster, "logs render --index 3,7 -t").whole(), @"
    exit code 0
    --- stdout
    [pod/render-3-x/main] 2026-11-20T02:00:04.000000000Z frame 3 1
    [pod/render-7-x/main] 2026-11-20T02:00:05.000000000Z frame 7 1
    [pod/render-3-x/main] 2026-11-20T02:00:06.000000000Z frame 3 2
    --- stderr
    = 2 attempts, 3 lines, 27B: complete, every end verified
    ");
    cluster.requests().assert_read_only();
}

#[test]
fn following_a_job_that_is_over_ends_at_once_with_its_result() {
    let cluster = with_jobs(Cluster::new())
        .object(job("late", Some(("Failed", "DeadlineExceeded"))))
        .object(job("broken", Some(("Failed", "BackoffLimitExceeded"))))
        .object(pod("broken", "broken-a", "2026-11-20T02:00:01Z", Some(3)))
        .log("shop/broken-a", "main", "2026-11-20T02:00:02Z no disk\n")
        .start();
    insta::assert_snapshot!(run(&cluster, "logs report -f --only-log-lines").whole(), @"
    exit code 0
    --- stdout
    [pod/report-a/main] first try 1
    [pod/report-a/main] first try 2
    [pod/report-b/main] second try 1
    [pod/report-b/main] second try 2
    ");
    insta::assert_snapshot!(run(&cluster, "logs broken -f").whole(), @"
    exit code 10
    --- stdout
    [pod/broken-a/main] no disk
    --- stderr
    + broken-a/main on node1
    - broken-a/main: 1 line, 7B, exit code 3 (Error), complete
    = 1 attempt, 1 line, 7B: complete, every end verified
    job broken failed: BackoffLimitExceeded: by the controller
    ");
    insta::assert_snapshot!(run(&cluster, "logs broken -f --exit-code-from container --only-log-lines").whole(), @"
    exit code 3
    --- stdout
    [pod/broken-a/main] no disk
    --- stderr
    job broken failed: BackoffLimitExceeded: by the controller
    ");
    insta::assert_snapshot!(run(&cluster, "logs late -f").whole(), @"
    exit code 11
    --- stderr
    job late failed: DeadlineExceeded: by the controller
    ");
}

#[test]
fn the_end_of_a_job_is_seen_by_those_who_may_get_it_and_not_list() {
    let cluster = with_jobs(Cluster::new())
        .object(job("late", Some(("Failed", "DeadlineExceeded"))))
        .deny("list", "jobs")
        .start();
    insta::assert_snapshot!(run(&cluster, "logs late -f").whole(), @"
    exit code 11
    --- stderr
    job late failed: DeadlineExceeded: by the controller
    ");
}

#[test]
fn a_job_is_followed_from_before_its_pod_to_its_end() {
    let cluster = Cluster::new().object(job("backup", None)).start();
    let program =
        program().cluster(&cluster).args(["logs", "backup", "-f", "-n", "shop"]).limit(Duration::from_mins(1));
    let seen = std::thread::scope(|scope| {
        let run = scope.spawn(|| program.run());
        cluster.wait_for("a watch on the pods", |it| it.count("watch pods") == 1);
        cluster.apply(pod("backup", "backup-a", "2026-11-20T02:00:01Z", None));
        cluster.write_log("shop/backup-a", "main", "2026-11-20T02:00:02Z dumping\n");
        cluster.wait_for("its log to be followed", |it| it.count("get pods/log") >= 1);
        cluster.write_log("shop/backup-a", "main", "2026-11-20T02:00:03Z done\n");
        cluster.end_log("shop/backup-a", "main");
        cluster.apply(pod("backup", "backup-a", "2026-11-20T02:00:01Z", Some(0)));
        cluster.apply(job("backup", Some(("Complete", "CompletionsReached"))));
        run.join().unwrap()
    });
    insta::assert_snapshot!(seen.whole(), @"
    exit code 0
    --- stdout
    [pod/backup-a/main] dumping
    [pod/backup-a/main] done
    --- stderr
    + backup-a/main on node1
    - backup-a/main: 2 lines, 11B, exit code 0 (Completed), complete
    = 1 attempt, 2 lines, 11B: complete, every end verified
    ");
}

#[test]
fn a_job_that_vanishes_is_never_called_a_success() {
    let cluster = Cluster::new().object(job("backup", None)).start();
    let gone = |event: Option<&str>| {
        let program =
            program().cluster(&cluster).args(["logs", "backup", "-f", "-n", "shop"]).limit(Duration::from_mins(1));
        cluster.forget_requests();
        if let Some(reason) = event {
            cluster.apply(job("backup", None));
            cluster.apply(
                json!({"apiVersion": "v1", "kind": "Event", "metadata": {"namespace": "shop", "name": "backup.1"},
                "involvedObject": {"kind": "Job", "name": "backup", "uid": "uid-backup"}, "reason": reason}),
            );
        }
        std::thread::scope(|scope| {
            let run = scope.spawn(|| program.run());
            cluster.wait_for("a watch on the Job", |it| it.count("watch jobs") == 1);
            cluster.delete("jobs", "shop", "backup");
            run.join().unwrap()
        })
    };
    insta::assert_snapshot!(gone(None).whole(), @"
    exit code 13
    --- stderr
    ~ backup was deleted
    job backup is gone, and nothing tells how it ended
    ");
    insta::assert_snapshot!(gone(Some("Completed")).whole(), @"
    exit code 0
    --- stderr
    ~ backup was deleted
    ");
}

#[test]
fn what_is_not_there_is_said_in_kubectls_words() {
    let cluster = with_jobs(Cluster::new()).start();
    insta::assert_snapshot!(run(&cluster, "logs reports").whole(), @r#"
    exit code 1
    --- stderr
    Error from server (NotFound): jobs.batch "reports" not found
    hint: did you mean report?
    "#);
    insta::assert_snapshot!(run(&cluster, "logs pod/x").whole(), @r#"
    exit code 1
    --- stderr
    error: "pod" is not a type that this command takes
    hint: it takes job/NAME and cronjob/NAME (cj/NAME)
    "#);
    insta::assert_snapshot!(run(&cluster, "logs report --tail 5 --since 1h").whole(), @"
    exit code 1
    --- stderr
    error: --tail can't be combined with --since or --since-time
    ");
}

/// A must-gather holds Jobs; kubectl's own dump does not, so that there a CronJob's Jobs are unknown.
#[test]
fn a_dump_is_read_in_the_place_of_a_cluster() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("namespaces/shop");
    let write = |place: &str, text: &str| {
        let path = inner.join(place);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let list = |items: &[serde_json::Value]| json!({"kind": "List", "apiVersion": "v1", "items": items}).to_string();
    let mut nightly = job("nightly-2", Some(("Complete", "CompletionsReached")));
    nightly["metadata"]["ownerReferences"] = json!([{"apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly", "uid": "uid-nightly", "controller": true}]);
    write("core/pods.yaml", &list(&[pod("nightly-2", "nightly-2-a", "2026-11-20T02:00:01Z", Some(0))]));
    write("pods/nightly-2-a/main/main/logs/current.log", "2026-11-20T02:00:02.000000000Z dump 1\n");
    let show = |line: &str| {
        let seen = program().args(line.split(' ')).arg("--filename").arg(folder.path()).run();
        format!("$ {line}\n{}\n", seen.whole())
    };
    let before = ["logs nightly-2", "logs cronjob/nightly"].map(show).concat();
    write("batch/jobs.yaml", &list(&[nightly]));
    insta::assert_snapshot!([before, show("logs cronjob/nightly -t")].concat(), @"
    $ logs nightly-2
    exit code 0
    --- stdout
    [pod/nightly-2-a/main] dump 1
    --- stderr
    = 1 attempt, 1 line, 6B: read from a dump, as far as it goes

    $ logs cronjob/nightly
    exit code 1
    --- stderr
    error: the files hold no Jobs: which are those of cronjob nightly can't be told
    hint: name the Job; kubectl cluster-info dump writes none

    $ logs cronjob/nightly -t
    exit code 0
    --- stdout
    [pod/nightly-2-a/main] 2026-11-20T02:00:02.000000000Z dump 1
    --- stderr
    = 1 attempt, 1 line, 6B: read from a dump, as far as it goes
    ");
}
