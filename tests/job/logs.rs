//! `kubectl job logs`: whole outputs, the end with the Job, and the exit code.

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
    insta::assert_snapshot!(run(&cluster, "logs report").whole(), @"");
    insta::assert_snapshot!(run(&cluster, "logs cj/nightly").whole(), @"");
    insta::assert_snapshot!(run(&cluster, "logs render --index 3,7 -t").whole(), @"");
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
    insta::assert_snapshot!(run(&cluster, "logs report -f").whole(), @"");
    insta::assert_snapshot!(run(&cluster, "logs broken -f").whole(), @"");
    insta::assert_snapshot!(run(&cluster, "logs broken -f --exit-code-from container --only-log-lines").whole(), @"");
    insta::assert_snapshot!(run(&cluster, "logs late -f").whole(), @"");
}

#[test]
fn a_job_is_followed_from_before_its_pod_to_its_end() {
    let cluster = Cluster::new().object(job("backup", None)).start();
    let program =
        program().cluster(&cluster).args(["logs", "backup", "-f", "-n", "shop"]).limit(Duration::from_secs(60));
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
    insta::assert_snapshot!(seen.whole(), @"");
}

#[test]
fn a_job_that_vanishes_is_never_called_a_success() {
    let cluster = Cluster::new().object(job("backup", None)).start();
    let gone = |event: Option<&str>| {
        let program =
            program().cluster(&cluster).args(["logs", "backup", "-f", "-n", "shop"]).limit(Duration::from_secs(60));
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
            cluster.wait_for("a watch on the Job", |it| it.count("watch jobs.batch") == 1);
            cluster.delete("jobs", "shop", "backup");
            run.join().unwrap()
        })
    };
    insta::assert_snapshot!(gone(None).whole(), @"");
    insta::assert_snapshot!(gone(Some("Completed")).whole(), @"");
}

#[test]
fn what_is_not_there_is_said_in_kubectls_words() {
    let cluster = with_jobs(Cluster::new()).start();
    insta::assert_snapshot!(run(&cluster, "logs reports").whole(), @"");
    insta::assert_snapshot!(run(&cluster, "logs pod/x").whole(), @"");
    insta::assert_snapshot!(run(&cluster, "logs report --tail 5 --since 1h").whole(), @"");
}
