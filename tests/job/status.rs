//! `kubectl job status`.

use insta::assert_snapshot;
use workload_tests::{Cluster, Output, Running};

use crate::{example, program, shown};

fn run(cluster: &Running, line: &str) -> Output {
    program().cluster(cluster).args(line.split(' ')).args(["-n", "shop"]).run()
}

#[test]
fn without_a_name_a_row_each_worst_first_in_one_turn() {
    let cluster = example().start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "status")), @"
    exit code 0
    --- stdout
    NAME                          VERDICT                COMPLETIONS   ACTIVE   SCHEDULE     LAST SLOT   DURATION   AGE
    job/migrate                   BackoffLimitExceeded   0/1           0        <none>       <none>      [AGE]   [AGE]
    job/reindex                   ImagePullFailed        0/1           1        <none>       <none>      [AGE]   [AGE]
    cronjob/nightly-backup        OnSchedule             <none>        0        27 9 * * *   [AGE]   <none>     [AGE]
    job/nightly-backup-29925207   JobComplete            1/1           0        <none>       <none>      [AGE]   [AGE]
    ");
    cluster.requests().assert_read_only();
    let asked: Vec<String> = cluster.requests().iter().map(|request| request.path.clone()).collect();
    assert_eq!(asked.len(), 6, "{asked:#?}");
    let all =
        program().cluster(&cluster).args(["status", "-A", "-o", "wide", "--show-labels", "--sort-by", "NAME"]).run();
    assert_snapshot!(shown(&cluster, &all), @"
    exit code 0
    --- stdout
    NAMESPACE   NAME                          VERDICT                COMPLETIONS   ACTIVE   SCHEDULE     LAST SLOT   DURATION   AGE   SAYS                                                                                                                              CREATED                LABELS
    shop        cronjob/nightly-backup        OnSchedule             <none>        0        27 9 * * *   [AGE]   <none>     [AGE]   The last run was that of [TIME]. The next is due at [TIME].                                           [TIME]   app=backup
    shop        job/migrate                   BackoffLimitExceeded   0/1           0        <none>       <none>      [AGE]   [AGE]   Failed: its retries are used up (backoffLimit 1); 0 of 1 completions. Pod migrate-96qzj: container migrate failed: exit code 7.   [TIME]   app=shop
    shop        job/nightly-backup-29925207   JobComplete            1/1           0        <none>       <none>      [AGE]   [AGE]   Complete in [AGE]: its pod succeeded.                                                                                                [TIME]   batch.kubernetes.io/controller-uid=[UID],batch.kubernetes.io/job-name=nightly-backup-29925207,controller-uid=[UID],job-name=nightly-backup-29925207
    shop        job/reindex                   ImagePullFailed        0/1           1        <none>       <none>      [AGE]   [AGE]   The image of container reindex can't be had: the registry can't be reached from the node.                                         [TIME]   app=shop
    ");
    assert_snapshot!(shown(&cluster, &run(&cluster, "status -l app=backup -o name")), @"
    exit code 0
    --- stdout
    cronjob.batch/nightly-backup
    ");
}

#[test]
fn a_failed_job_shows_the_end_of_its_log_which_takes_one_more_turn() {
    let cluster = example()
        .log("shop/migrate-96qzj", "migrate", "2026-11-24T09:20:41.000000001Z connecting to postgres-svc\n2026-11-24T09:20:41.000000002Z relation orders does not exist\n")
        .start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "status job/migrate")), @"
    exit code 0
    --- stdout
    Job shop/migrate: BackoffLimitExceeded

    POD             STATUS   RESTARTS   ENDED                                   NODE    AGE
    migrate-x2z6w   Error    0          container migrate failed: exit code 7   node2   [AGE]
    migrate-96qzj   Error    0          container migrate failed: exit code 7   node2   [AGE]

    Fault: BackoffLimitExceeded, since [TIME] ([AGE] ago)
      Failed: its retries are used up (backoffLimit 1); 0 of 1 completions. Pod migrate-96qzj: container migrate failed: exit code 7.
      - Job/migrate status.conditions[Failed]: BackoffLimitExceeded: Job has reached the specified backoff limit
      - Job/migrate status.startTime: [TIME] ([AGE] before it failed)
      - Job/migrate status.failed: 2 (pods that the controller stopped are counted too)
      - Pod/migrate-96qzj migrate state.terminated: Error, exit code 7, after [AGE]
      - Pod/migrate-96qzj migrate termination message: relation orders does not exist
      - Pod/migrate-96qzj migrate log: connecting to postgres-svc
      - Pod/migrate-96qzj migrate log: relation orders does not exist
      next: kubectl -n shop logs migrate-96qzj -c migrate

    Notice: FailedJobKept, since [TIME] ([AGE] ago)
      The Job stays until somebody deletes it, and an alert on failed Jobs stays with it.
      - Job/migrate spec.ttlSecondsAfterFinished: not set
      next: kubectl -n shop delete job migrate  # when you have read its logs
    ");
}

#[test]
fn a_job_that_cant_start_and_a_cron_job() {
    let cluster = example().start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "status reindex cj/nightly-backup")), @r#"
    exit code 0
    --- stdout
    Job shop/reindex: ImagePullFailed

    POD             STATUS             RESTARTS   ENDED    NODE    AGE
    reindex-pc2sq   ImagePullBackOff   0          <none>   node2   [AGE]

    Fault: ImagePullFailed, Pod/reindex-pc2sq, since [TIME] ([AGE] ago)
      The image of container reindex can't be had: the registry can't be reached from the node.
      - Pod/reindex-pc2sq reindex image: registry.example/shop/reindex:v2
      - Pod/reindex-pc2sq reindex state.waiting: ImagePullBackOff: Back-off pulling image "registry.example/shop/reindex:v2": ErrImagePull: failed … egistry.example/v2/shop/reindex/manifests/v2": dial tcp: lookup registry.example on 10.255.255.53:53: read udp 192.168.77.1:35304->10.255.255.53:53: i/o timeout
      next: kubectl -n shop delete job reindex  # a Job's template can't be changed: then make it again with an image that exists

    CronJob shop/nightly-backup, 27 9 * * *: OnSchedule

    JOB                       SLOT                   VERDICT       DURATION   AGE
    nightly-backup-29925207   [TIME]   JobComplete   [AGE]   [AGE]

    Ok: OnSchedule
      The last run was that of [TIME]. The next is due at [TIME].
      - CronJob/nightly-backup spec.schedule: 27 9 * * *
      - CronJob/nightly-backup status.lastScheduleTime: [TIME]
      - CronJob/nightly-backup status.lastSuccessfulTime: [TIME]
    "#);
}

#[test]
fn the_report_for_programs() {
    let cluster = example().start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "status reindex -o json")), @r#"
    exit code 0
    --- stdout
    {
        "apiVersion": "workloads.kubectl/v1alpha1",
        "kind": "JobReport",
        "metadata": {
            "context": "fake",
            "namespace": "shop",
            "serverVersion": "v1.36.3",
            "time": "[TIME]",
            "complete": true
        },
        "items": [
            {
                "object": {
                    "kind": "Job",
                    "namespace": "shop",
                    "name": "reindex",
                    "uid": "[UID]"
                },
                "job": {
                    "parallelism": 1,
                    "completions": 1,
                    "active": 1,
                    "ready": 0,
                    "terminating": 0,
                    "succeeded": 0,
                    "failed": 0,
                    "started": "[TIME]"
                },
                "pods": [
                    {
                        "name": "reindex-pc2sq",
                        "uid": "[UID]",
                        "phase": "Pending",
                        "status": "ImagePullBackOff",
                        "restarts": 0,
                        "node": "node2"
                    }
                ],
                "verdicts": [
                    {
                        "code": "ImagePullFailed",
                        "severity": "Fault",
                        "object": {
                            "kind": "Pod",
                            "namespace": "shop",
                            "name": "reindex-pc2sq",
                            "uid": "[UID]"
                        },
                        "since": "[TIME]",
                        "says": "The image of container reindex can't be had: the registry can't be reached from the node.",
                        "evidence": [
                            {
                                "object": "Pod/reindex-pc2sq",
                                "field": "reindex image",
                                "value": "registry.example/shop/reindex:v2"
                            },
                            {
                                "object": "Pod/reindex-pc2sq",
                                "field": "reindex state.waiting",
                                "value": "ImagePullBackOff: Back-off pulling image \"registry.example/shop/reindex:v2\": ErrImagePull: failed … egistry.example/v2/shop/reindex/manifests/v2\": dial tcp: lookup registry.example on 10.255.255.53:53: read udp 192.168.77.1:35304->10.255.255.53:53: i/o timeout"
                            }
                        ],
                        "unknown": [],
                        "next": "kubectl -n shop delete job reindex  # a Job's template can't be changed: then make it again with an image that exists"
                    }
                ]
            }
        ],
        "findings": []
    }
    "#);
}

#[test]
fn the_report_of_a_cron_job() {
    let cluster = example().start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "status nightly-backup -o yaml")), @r#"
    exit code 0
    --- stdout
    apiVersion: workloads.kubectl/v1alpha1
    kind: JobReport
    metadata:
      context: fake
      namespace: shop
      serverVersion: v1.36.3
      time: "[TIME]"
      complete: true
    items:
    - object:
        kind: CronJob
        namespace: shop
        name: nightly-backup
        uid: [UID]
      schedule:
        schedule: 27 9 * * *
        suspended: false
        concurrencyPolicy: Forbid
        lastScheduleTime: "[TIME]"
        lastSuccessfulTime: "[TIME]"
        active: []
      verdicts:
      - code: OnSchedule
        severity: Ok
        says: >-
          The last run was that of [TIME]. The next is due at
          [TIME].
        evidence:
        - object: CronJob/nightly-backup
          field: spec.schedule
          value: 27 9 * * *
        - object: CronJob/nightly-backup
          field: status.lastScheduleTime
          value: "[TIME]"
        - object: CronJob/nightly-backup
          field: status.lastSuccessfulTime
          value: "[TIME]"
        unknown: []
    findings: []
    "#);
}

#[test]
fn exit_codes_are_for_scripts_that_ask_for_them() {
    let code = |cluster: Cluster, line: &str| run(&cluster.start(), line).code;
    assert_eq!(code(example(), "status"), 0);
    assert_eq!(code(example(), "status --exit-code"), 10);
    assert_eq!(code(example(), "status -l app=backup --exit-code"), 0);
    assert_eq!(code(example().deny("list", "nodes"), "status -l app=backup --exit-code"), 14);
    assert_eq!(code(example().deny("list", "nodes"), "status --exit-code"), 10);
}

#[test]
fn each_permission_that_is_missing_costs_what_it_tells_and_no_more() {
    let without = |resource: &str, line: &str| {
        let cluster = example().deny("list", resource).start();
        shown(&cluster, &run(&cluster, line))
    };
    assert_snapshot!(without("jobs", "status"), @r#"
    exit code 1
    --- stderr
    Error from server (Forbidden): jobs.batch is forbidden: User "jane" cannot list resource "jobs" in API group "batch" in the namespace "shop"
    hint: what you may do says: kubectl auth can-i --list (with -n NAMESPACE where it matters)
    "#);
    assert_snapshot!(without("cronjobs", "status"), @"
    exit code 0
    --- stdout
    NAME                          VERDICT                COMPLETIONS   ACTIVE   SCHEDULE   LAST SLOT   DURATION   AGE
    job/migrate                   BackoffLimitExceeded   0/1           0        <none>     <none>      [AGE]   [AGE]
    job/reindex                   ImagePullFailed        0/1           1        <none>     <none>      [AGE]   [AGE]
    job/nightly-backup-29925207   JobComplete            1/1           0        <none>     <none>      [AGE]   [AGE]
    --- stderr
    note: forbidden to list cronjobs.batch in namespace shop: can't tell when Jobs are started, and why not
    ");
    assert_snapshot!(without("pods", "status"), @"
    exit code 0
    --- stdout
    NAME                          VERDICT                COMPLETIONS   ACTIVE   SCHEDULE     LAST SLOT   DURATION   AGE
    job/migrate                   BackoffLimitExceeded   0/1           0        <none>       <none>      [AGE]   [AGE]
    job/reindex                   CannotTell             0/1           1        <none>       <none>      [AGE]   [AGE]
    cronjob/nightly-backup        OnSchedule             <none>        0        27 9 * * *   [AGE]   <none>     [AGE]
    job/nightly-backup-29925207   JobComplete            1/1           0        <none>       <none>      [AGE]   [AGE]
    --- stderr
    note: forbidden to list pods in namespace shop: can't tell why a Job does not start, run or end
    ");
    assert_snapshot!(without("pods", "status migrate"), @"
    exit code 0
    --- stdout
    Job shop/migrate: BackoffLimitExceeded

    Fault: BackoffLimitExceeded, since [TIME] ([AGE] ago)
      Failed: its retries are used up (backoffLimit 1); 0 of 1 completions.
      - Job/migrate status.conditions[Failed]: BackoffLimitExceeded: Job has reached the specified backoff limit
      - Job/migrate status.startTime: [TIME] ([AGE] before it failed)
      - Job/migrate status.failed: 2 (pods that the controller stopped are counted too)
      ? forbidden to list pods in namespace shop

    Notice: FailedJobKept, since [TIME] ([AGE] ago)
      The Job stays until somebody deletes it, and an alert on failed Jobs stays with it.
      - Job/migrate spec.ttlSecondsAfterFinished: not set
      next: kubectl -n shop delete job migrate  # when you have read its logs
    --- stderr
    note: forbidden to list pods in namespace shop: can't tell why a Job does not start, run or end
    ");
    assert_snapshot!(without("events", "status"), @"
    exit code 0
    --- stdout
    NAME                          VERDICT                COMPLETIONS   ACTIVE   SCHEDULE     LAST SLOT   DURATION   AGE
    job/migrate                   BackoffLimitExceeded   0/1           0        <none>       <none>      [AGE]   [AGE]
    job/reindex                   ImagePullFailed        0/1           1        <none>       <none>      [AGE]   [AGE]
    cronjob/nightly-backup        OnSchedule             <none>        0        27 9 * * *   [AGE]   <none>     [AGE]
    job/nightly-backup-29925207   JobComplete            1/1           0        <none>       <none>      [AGE]   [AGE]
    --- stderr
    note: forbidden to list events in namespace shop: can't tell why no pod could be made, and what the kubelet says
    ");
    assert_snapshot!(without("nodes", "status"), @"
    exit code 0
    --- stdout
    NAME                          VERDICT                COMPLETIONS   ACTIVE   SCHEDULE     LAST SLOT   DURATION   AGE
    job/migrate                   BackoffLimitExceeded   0/1           0        <none>       <none>      [AGE]   [AGE]
    job/reindex                   ImagePullFailed        0/1           1        <none>       <none>      [AGE]   [AGE]
    cronjob/nightly-backup        OnSchedule             <none>        0        27 9 * * *   [AGE]   <none>     [AGE]
    job/nightly-backup-29925207   JobComplete            1/1           0        <none>       <none>      [AGE]   [AGE]
    --- stderr
    note: forbidden to list nodes at the cluster scope: can't tell whether a pod's node still reports
    ");
}

#[test]
fn without_the_right_to_read_logs_the_verdict_stands() {
    let cluster = example().deny("get", "pods/log").start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "status migrate")), @"
    exit code 0
    --- stdout
    Job shop/migrate: BackoffLimitExceeded

    POD             STATUS   RESTARTS   ENDED                                   NODE    AGE
    migrate-x2z6w   Error    0          container migrate failed: exit code 7   node2   [AGE]
    migrate-96qzj   Error    0          container migrate failed: exit code 7   node2   [AGE]

    Fault: BackoffLimitExceeded, since [TIME] ([AGE] ago)
      Failed: its retries are used up (backoffLimit 1); 0 of 1 completions. Pod migrate-96qzj: container migrate failed: exit code 7.
      - Job/migrate status.conditions[Failed]: BackoffLimitExceeded: Job has reached the specified backoff limit
      - Job/migrate status.startTime: [TIME] ([AGE] before it failed)
      - Job/migrate status.failed: 2 (pods that the controller stopped are counted too)
      - Pod/migrate-96qzj migrate state.terminated: Error, exit code 7, after [AGE]
      - Pod/migrate-96qzj migrate termination message: relation orders does not exist
      next: kubectl -n shop logs migrate-96qzj -c migrate

    Notice: FailedJobKept, since [TIME] ([AGE] ago)
      The Job stays until somebody deletes it, and an alert on failed Jobs stays with it.
      - Job/migrate spec.ttlSecondsAfterFinished: not set
      next: kubectl -n shop delete job migrate  # when you have read its logs
    --- stderr
    note: forbidden to get pods/log in namespace shop: can't tell what the container wrote
    ");
    assert_snapshot!(shown(&cluster, &run(&cluster, "status --check-permissions")), @"
    exit code 0
    --- stdout
    VERB   RESOURCE          SCOPE                  REQUIRED   GRANTED   TELLS
    list   jobs.batch        in namespace shop      yes        yes       the Jobs and their results
    list   cronjobs.batch    in namespace shop      no         yes       when Jobs are started, and why not
    list   pods              in namespace shop      no         yes       why a Job does not start, run or end
    list   nodes             at the cluster scope   no         yes       whether a pod's node still reports
    list   events            in namespace shop      no         yes       why no pod could be made, and what the kubelet says
    get    pods/log          in namespace shop      no         no        the last lines of a container that failed
    list   resourcequotas    in namespace shop      no         yes       whether new pods and claims fit
    list   limitranges       in namespace shop      no         yes       whether new pods and claims are of a size that is allowed
    list   serviceaccounts   in namespace shop      no         yes       whether the pods' ServiceAccount exists
    ");
}

#[test]
fn a_job_that_is_not_there_is_told_by_its_events_or_by_names_that_are_near() {
    let cluster = example().start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "status migrat")), @r#"
    exit code 1
    --- stderr
    Error from server (NotFound): jobs.batch "migrat" not found
    hint: did you mean migrate?
    "#);
    assert_snapshot!(shown(&cluster, &run(&cluster, "status cj/nothing-like-it")), @r#"
    exit code 1
    --- stderr
    Error from server (NotFound): cronjobs.batch "nothing-like-it" not found
    hint: kubectl get jobs,cronjobs -n shop  # -A looks in all namespaces
    "#);
    assert_snapshot!(shown(&cluster, &run(&cluster, "status pod/x")), @r#"
    exit code 1
    --- stderr
    error: "pod" is not a type that this command takes
    hint: it takes job/NAME and cronjob/NAME (cj/NAME)
    "#);
    assert_snapshot!(shown(&cluster, &run(&cluster, "status -A x")), @"
    exit code 1
    --- stderr
    error: a resource cannot be retrieved by name across all namespaces
    ");
    let event = "{apiVersion: v1, kind: Event, metadata: {name: gone.1, namespace: shop}, involvedObject: {kind: Job, namespace: shop, name: gone, \
                 uid: u-1}, reason: Completed, message: Job completed, lastTimestamp: '2026-11-24T09:00:00Z', count: 1}";
    let cluster = example().yaml(event).start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "status gone")), @"
    exit code 1
    --- stdout
    Notice: ResultExpired, Job/gone, since [TIME] ([AGE] ago)
      The Job is gone; it had completed.
      - Job/gone event Completed: Job completed
    ");
}

#[test]
fn files_are_judged_as_the_cluster_is() {
    let seen = program()
        .args([
            "status",
            "-f",
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/jobs.yaml"),
            "-n",
            "shop",
            "migrate",
        ])
        .run();
    let from_files = seen.stdout.clone();
    let cluster = example().start();
    let from_cluster = run(&cluster, "status migrate").stdout;
    let comparable = |text: &str| crate::normalised().text(text);
    assert_eq!(comparable(&from_files), comparable(&from_cluster));
    assert_snapshot!(program().args(["status", "-f", concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/shop.yaml")]).run().whole(), @"
    exit code 0
    --- stderr
    note: ages are counted to now by this machine's clock: the files carry no time of their own
    No resources found
    ");
}
