//! `kubectl job next` and `kubectl job history`.

use insta::assert_snapshot;
use workload_tests::{Cluster, Output, Running};

use crate::{NAMESPACE_OBJECT, example, normalised, program};

fn run(cluster: &Running, line: &str) -> Output {
    program().cluster(cluster).args(line.split(' ')).args(["-n", "shop"]).run()
}

/// As the other commands' output; local times are as unsteady as those in UTC.
fn shown(cluster: &Running, seen: &Output) -> String {
    let local = normalised().replace(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? [+-]\d\d:\d\d", "[LOCAL]");
    local.cluster(cluster).whole(seen)
}

/// A table: how wide its columns are follows the hour of the day.
fn table(cluster: &Running, seen: &Output) -> String {
    let text = shown(cluster, seen);
    text.split("   ").map(|cell| cell.trim_matches(' ')).filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join("   ")
}

/// A CronJob as a server holds it, created an hour ago.
fn cron_job(name: &str, spec: &str, status: &str) -> String {
    let created = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(1);
    format!(
        "{{apiVersion: batch/v1, kind: CronJob, metadata: {{name: {name}, namespace: shop, uid: uid-{name}, creationTimestamp: '{created:.0}'}}, \
         spec: {{{spec}, jobTemplate: {{spec: {{template: {{spec: {{containers: []}}}}}}}}}}, status: {{{status}}}}}"
    )
}

#[test]
fn what_runs_next_the_soonest_first_and_what_never_does_last() {
    let cluster = Cluster::new()
        .yaml(NAMESPACE_OBJECT)
        .yaml(&cron_job("never", "schedule: 0 0 30 2 *, timeZone: Europe/Helsinki", ""))
        .yaml(&cron_job("paused", "schedule: 0 0 1 1 *, timeZone: Etc/UTC, suspend: true", ""))
        .yaml(&cron_job("broken", "schedule: 0 2 * * 7", ""))
        .start();
    assert_snapshot!(table(&cluster, &run(&cluster, "next")), @r#"
    exit code 0
    --- stdout
    CRONJOB   SCHEDULE   NEXT   IN   LOCAL   ZONE   NOTE
    paused   0 0 1 1 *   [TIME]   [AGE]   [LOCAL]   Etc/UTC   suspended
    broken   0 2 * * 7   <never>   <none>   <none>   <none>   not understood: day of week "7": 7 is above the maximum, 6
    never   0 0 30 2 *   <never>   <none>   <none>   Europe/Helsinki   no slot in five years
    "#);
    assert_snapshot!(table(&cluster, &run(&cluster, "next never")), @"
    exit code 0
    --- stdout
    CRONJOB   SCHEDULE   NEXT   IN   LOCAL   ZONE   NOTE
    never   0 0 30 2 *   <never>   <none>   <none>   Europe/Helsinki   no slot in five years

    Fault: NeverFires
      The schedule has no slot in the next five years; the controller has given it up, with one event at its creation.
      - CronJob/never spec.schedule: 0 0 30 2 *
      next: kubectl -n shop edit cronjob never  # spec.schedule: minute hour day-of-month month day-of-week
    ");
    let one = run(&cluster, "next never -o json");
    let report: serde_json::Value = serde_json::from_str(&one.stdout).unwrap();
    assert_eq!(report["kind"], "ScheduleReport");
    assert_eq!(report["items"][0]["verdicts"][0]["code"], "NeverFires");
    cluster.requests().assert_read_only();
}

#[test]
fn the_next_runs_of_one_in_one_turn() {
    let cluster = example().start();
    assert_snapshot!(table(&cluster, &run(&cluster, "next nightly-backup --count 2")), @"
    exit code 0
    --- stdout
    CRONJOB   SCHEDULE   NEXT   IN   LOCAL   ZONE   NOTE
    nightly-backup   27 9 * * *   [TIME]   [AGE]   [LOCAL]   UTC (by past runs)   <none>
    nightly-backup   27 9 * * *   [TIME]   [AGE]   [LOCAL]   UTC (by past runs)   <none>
    note: the CronJob names no time zone; by its past runs the controller manager's is UTC
    ");
    let asked: Vec<String> = cluster.requests().iter().map(|request| request.path.clone()).collect();
    assert_eq!(asked.len(), 5, "{asked:#?}");
    assert_snapshot!(shown(&cluster, &run(&cluster, "next nightly")), @r#"
    exit code 1
    --- stderr
    Error from server (NotFound): cronjobs.batch "nightly" not found
    hint: kubectl get cronjobs -n shop  # -A looks in all namespaces
    "#);
    assert_snapshot!(shown(&cluster, &run(&cluster, "next job/nightly-backup")), @r#"
    exit code 1
    --- stderr
    error: "job" is not a type that this command takes
    hint: it takes cronjob/NAME (cj/NAME)
    "#);
    assert_snapshot!(shown(&cluster, &run(&cluster, "next --count 0")), @"
    exit code 1
    --- stderr
    error: --count must be at least 1
    ");
}

#[test]
fn who_may_not_list_cron_jobs_may_still_read_one_and_jobs_are_said_to_be_missing() {
    let cluster = example().deny("list", "cronjobs").deny("list", "jobs").deny("list", "events").start();
    assert_snapshot!(table(&cluster, &run(&cluster, "next nightly-backup --count 1")), @"
    exit code 0
    --- stdout
    CRONJOB   SCHEDULE   NEXT   IN   LOCAL   ZONE   NOTE
    nightly-backup   27 9 * * *   [TIME]   [AGE]   [LOCAL]   UTC (by past runs)   <none>
    note: the CronJob names no time zone; by its past runs the controller manager's is UTC

    Unknown: CannotTell
      Cannot tell how its runs went.
      ? forbidden to list jobs.batch in namespace shop
    --- stderr
    note: forbidden to list jobs.batch in namespace shop: can't tell the Jobs and their results
    note: forbidden to list cronjobs.batch in namespace shop: can't tell when Jobs are started, and why not
    note: forbidden to list events in namespace shop: can't tell why no pod could be made, and what the kubelet says
    ");
    assert_snapshot!(table(&cluster, &run(&cluster, "history nightly-backup")), @"
    exit code 0
    --- stdout
    SLOT   JOB   MADE   STARTED   SKEW   DURATION   RESULT   LEARNT   PRUNED
    <none>   <none>   <unknown>   <none>   <none>   <none>   Complete   status   <none>
    [TIME]   <none>   by schedule   <none>   <none>   <none>   Unread   status   <none>

    Unknown: CannotTell
      Cannot tell how its runs went.
      ? forbidden to list jobs.batch in namespace shop
    --- stderr
    note: forbidden to list jobs.batch in namespace shop: can't tell the Jobs and their results
    note: forbidden to list cronjobs.batch in namespace shop: can't tell when Jobs are started, and why not
    note: forbidden to list events in namespace shop: can't tell why no pod could be made, and what the kubelet says
    ");
    assert_snapshot!(table(&cluster, &run(&cluster, "next")), @r#"
    exit code 1
    --- stderr
    Error from server (Forbidden): cronjobs.batch is forbidden: User "jane" cannot list resource "cronjobs" in API group "batch" in the namespace "shop"
    hint: what you may do says: kubectl auth can-i --list (with -n NAMESPACE where it matters)
    "#);
    assert_snapshot!(shown(&cluster, &run(&cluster, "next --check-permissions")), @"
    exit code 1
    --- stdout
    VERB   RESOURCE         SCOPE               REQUIRED   GRANTED   TELLS
    list   cronjobs.batch   in namespace shop   yes        no        the schedules
    list   jobs.batch       in namespace shop   no         no        the runs and their results, and the zone where none is named
    list   events           in namespace shop   no         no        runs that the server refused, and runs whose Job is gone
    ");
}

#[test]
fn the_history_says_where_each_run_was_learnt() {
    let cluster = example().start();
    assert_snapshot!(table(&cluster, &run(&cluster, "history nightly-backup")), @"
    exit code 0
    --- stdout
    SLOT   JOB   MADE   STARTED   SKEW   DURATION   RESULT   LEARNT   PRUNED
    [TIME]   nightly-backup-29925207   by schedule   [AGE] ago   [AGE]   [AGE]   Complete   Job   <none>
    ");
    assert_snapshot!(shown(&cluster, &run(&cluster, "history cj/nightly-backup -o name")), @"
    exit code 0
    --- stdout
    job.batch/nightly-backup-29925207
    ");
    assert_snapshot!(shown(&cluster, &run(&cluster, "history nightly-backup -o yaml")), @r#"
    exit code 0
    --- stdout
    apiVersion: workloads.kubectl/v1alpha1
    kind: HistoryReport
    metadata:
      context: fake
      namespace: shop
      serverVersion: v1.36.3
      time: "[TIME]"
      complete: true
    items:
    - object:
        kind: Job
        namespace: shop
        name: nightly-backup-29925207
        uid: [UID]
      slot: "[TIME]"
      slots: 1
      manual: false
      created: "[TIME]"
      started: "[TIME]"
      ended: "[TIME]"
      skewSeconds: 0
      durationSeconds: 6
      result: Complete
      learnt: Job
    findings: []
    "#);
    assert_snapshot!(table(&cluster, &run(&cluster, "history backup")), @r#"
    exit code 1
    --- stderr
    Error from server (NotFound): cronjobs.batch "backup" not found
    hint: kubectl get cronjobs -n shop  # -A looks in all namespaces
    "#);
    cluster.requests().assert_read_only();
}

#[test]
fn files_that_carry_no_time_are_not_said_to_have_missed_a_slot() {
    let seen = program()
        .args([
            "next",
            "nightly-backup",
            "-f",
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/jobs.yaml"),
            "--count",
            "1",
        ])
        .run();
    // The column is as wide as the hours that are left need.
    let text = normalised()
        .replace(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? [+-]\d\d:\d\d", "[LOCAL]")
        .replace(" IN +LOCAL", " IN   LOCAL")
        .whole(&seen);
    assert_snapshot!(text, @"
    exit code 0
    --- stdout
    CRONJOB          SCHEDULE    NEXT                   IN   LOCAL                     ZONE            NOTE
    nightly-backup   0 3 * * *   [TIME]   [AGE]   [LOCAL]   UTC (assumed)   <none>
    note: the CronJob names no time zone, and the API does not tell the controller manager's; UTC is assumed
    --- stderr
    note: ages are counted to now by this machine's clock: the files carry no time of their own
    ");
}
