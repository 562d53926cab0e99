//! `kubectl job run`: what is created, what is said, and what is asked for.
// A panic in a test's own helper is a failed test.
#![allow(clippy::unwrap_used, clippy::format_push_string)]

mod follow;
mod once;
mod story;
mod wait;

use serde_json::{Value, json};
use workload_tests::{Cluster, Normalise, Output, Running};

use crate::program;

/// A CronJob whose next slot is twelve hours away.
fn nightly() -> Cluster {
    let hour = (jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::get("Europe/Helsinki").unwrap()).hour() + 12) % 24;
    with_schedule(&format!("0 {hour} * * *"))
}

fn with_schedule(schedule: &str) -> Cluster {
    let objects = include_str!("../../objects/nightly-backup.yaml");
    Cluster::new().namespace("shop").yaml(&objects.replace("0 3 * * *", &format!("'{schedule}'")))
}

fn running(name: &str, more: &Value) -> Value {
    let mut job = json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": name, "namespace": "shop", "creationTimestamp": "2026-11-24T01:00:00Z", "ownerReferences": [
            {"apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly-backup", "controller": true,
             "uid": "3f0a2d54-1d7e-4a55-8f0c-6a3f5e1c9b01"}]},
        "spec": {}, "status": {"active": 1, "startTime": "2026-11-24T01:00:00Z"},
    });
    for (field, value) in more.as_object().into_iter().flatten() {
        job[field] = value.clone();
    }
    job
}

fn run(cluster: &Running, args: &[&str]) -> Output {
    program().cluster(cluster).arg("run").args(args.iter().copied()).run()
}

/// The only Job that the fixture does not hold.
fn made(cluster: &Running) -> Value {
    let posts = cluster.requests().only(|it| it.verb == "create");
    assert_eq!(posts.len(), 1, "{:?}", cluster.requests().verbs());
    serde_json::from_slice(&posts[0].body).unwrap()
}

/// Whole output, with the random part of a name made stable.
fn shown(seen: &Output) -> String {
    let mut text = seen.whole();
    while let Some(at) = text.find("-manual-").map(|at| at + "-manual-".len()) {
        let end = text[at..].find(|c: char| !c.is_ascii_alphanumeric()).map_or(text.len(), |end| at + end);
        text.replace_range(at - 1..end, "~<random>");
    }
    text.replace("-manual~<random>", "-manual-<random>")
}

#[test]
fn the_job_of_the_schedule_now_in_two_turns() {
    let cluster = nightly().lockstep().start();
    let seen = run(&cluster, &["nightly-backup"]);
    insta::assert_snapshot!(shown(&seen), @"
    exit code 0
    --- stdout
    job.batch/nightly-backup-manual-<random> created
    ");
    let requests = cluster.requests();
    assert_eq!(requests.turns(), 2, "{:?}", requests.verbs());
    assert_eq!(requests.verbs(), ["create jobs", "get cronjobs", "list jobs", "list resourcequotas"]);
    let job = made(&cluster);
    let name = job["metadata"]["name"].as_str().unwrap();
    assert!(name.starts_with("nightly-backup-manual-"), "{name}");
    assert_eq!(
        job["metadata"]["ownerReferences"],
        json!([{"apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly-backup", "controller": true,
                "uid": "3f0a2d54-1d7e-4a55-8f0c-6a3f5e1c9b01"}])
    );
    assert_eq!(job["metadata"].get("namespace"), None, "it stands in the address, as with kubectl");
}

#[test]
fn with_its_guards_off_two_requests() {
    let cluster = nightly().start();
    let seen = run(&cluster, &["cj/nightly-backup", "by-hand", "--if-active=ignore", "-o", "name"]);
    assert_eq!(seen.whole(), "exit code 0\n--- stdout\njob.batch/by-hand\n");
    assert_eq!(
        cluster.requests().iter().map(workload_tests::Record::what).collect::<Vec<_>>(),
        ["get cronjobs", "create jobs"]
    );
}

#[test]
fn what_is_different_in_this_run() {
    let cluster = nightly().start();
    let file = cluster.directory().join("vars");
    std::fs::write(&file, "# of this run\nTRACE=1\nMODE=from the file\n").unwrap();
    let patch = cluster.directory().join("patch.yaml");
    std::fs::write(&patch, "spec: {template: {spec: {nodeSelector: {disk: ssd}}}}\n").unwrap();
    let paths = [&file, &patch].map(|path| path.display().to_string());
    let args = [
        "nightly-backup",
        "now",
        "--env",
        "MODE=quick",
        "--env",
        "URL-",
        "--env-file",
        &paths[0],
        "--patch",
        &paths[1],
        "--image",
        "postgres:14",
        "--deadline",
        "10m",
        "--backoff-limit",
        "0",
        "--ttl",
        "3600",
        "--diff",
        "--",
        "pg_dumpall",
        "-v",
    ];
    insta::assert_snapshot!(run(&cluster, &args).whole(), @r#"
    exit code 0
    --- stdout
    + spec.activeDeadlineSeconds: 600
    ~ spec.backoffLimit: 2 -> 0
    - spec.template.spec.containers[backup].args: ["pg_dump \"$URL\" > /backup/$MODE.sql"]
    ~ spec.template.spec.containers[backup].command[0]: "sh" -> "pg_dumpall"
    ~ spec.template.spec.containers[backup].command[1]: "-c" -> "-v"
    - spec.template.spec.containers[backup].env[URL]: {"name":"URL","value":"postgres://postgres:example@postgres-svc:5432/postgres"}
    ~ spec.template.spec.containers[backup].env[MODE].value: "full" -> "quick"
    + spec.template.spec.containers[backup].env[TRACE].name: "TRACE"
    + spec.template.spec.containers[backup].env[TRACE].value: "1"
    ~ spec.template.spec.containers[backup].image: "postgres:13.0" -> "postgres:14"
    + spec.template.spec.nodeSelector.disk: "ssd"
    + spec.ttlSecondsAfterFinished: 3600
    "#);
    assert_eq!(cluster.requests().count("create jobs"), 1, "a dry run");
    assert!(cluster.object("jobs", "shop", "now").is_none());
    let seen = program()
        .cluster(&cluster)
        .args(["trigger", "nightly-backup", "now", "--env=MODE=quick", "--dry-run", "-o", "yaml"])
        .run();
    insta::assert_snapshot!(seen.whole(), @r#"
    exit code 0
    --- stdout
    apiVersion: batch/v1
    kind: Job
    metadata:
      annotations:
        cronjob.kubernetes.io/instantiate: manual
      labels:
        app: backup
      name: now
      ownerReferences:
      - apiVersion: batch/v1
        controller: true
        kind: CronJob
        name: nightly-backup
        uid: 3f0a2d54-1d7e-4a55-8f0c-6a3f5e1c9b01
    spec:
      backoffLimit: 2
      template:
        spec:
          containers:
          - args:
            - pg_dump "$URL" > /backup/$MODE.sql
            command:
            - sh
            - -c
            env:
            - name: URL
              value: postgres://postgres:example@postgres-svc:5432/postgres
            - name: MODE
              value: quick
            image: postgres:13.0
            name: backup
          restartPolicy: Never
    "#);
    assert_eq!(cluster.requests().count("create jobs"), 1, "nothing was sent");
}

/// Two runs that go on: one by the schedule, one by hand, which `status.active` never holds.
fn busy() -> Running {
    let by_hand = json!({"metadata": {
        "name": "nightly-backup-manual-qqqqqq", "namespace": "shop", "creationTimestamp": "2026-11-24T01:30:00Z",
        "annotations": {"cronjob.kubernetes.io/instantiate": "manual"},
        "ownerReferences": [{"apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly-backup", "uid": "3f0a2d54-1d7e-4a55-8f0c-6a3f5e1c9b01"}],
    }});
    let runs = [running("nightly-backup-29399101", &json!({})), running("", &by_hand)];
    nightly().objects(runs).start()
}

#[test]
fn another_run_that_goes_on_is_told_or_refused() {
    let ages = Normalise::new().replace(r"for \d+\w+", "for <age>");
    let cluster = busy();
    insta::assert_snapshot!(ages.text(&shown(&run(&cluster, &["nightly-backup"]))), @"
    exit code 0
    --- stdout
    job.batch/nightly-backup-manual-<random> created
    --- stderr
    note: cronjob nightly-backup has a run that goes on: nightly-backup-29399101 (scheduled, running for <age>, 1 pod), nightly-backup-manual-<random> (made by hand, running for <age>, 1 pod); this one runs beside it: Forbid does not see runs that are made by hand
    ");
    let cluster = busy();
    let seen = run(&cluster, &["nightly-backup", "--if-active=refuse"]);
    insta::assert_snapshot!(ages.text(&shown(&seen)), @"
    exit code 3
    --- stderr
    refused: cronjob nightly-backup has a run that goes on: nightly-backup-29399101 (scheduled, running for <age>, 1 pod), nightly-backup-manual-<random> (made by hand, running for <age>, 1 pod)
    Nothing was created. --if-active=wait waits for its end, --if-active=warn runs beside it.
    ");
    cluster.requests().assert_read_only();
}

#[test]
fn another_run_is_waited_for_to_its_end() {
    let cluster = busy();
    let waiting = program().cluster(&cluster).args(["run", "nightly-backup", "waited", "--if-active=wait"]);
    let child = waiting.spawn();
    cluster.wait_for("a watch on Jobs", |requests| requests.count("watch jobs") > 0);
    cluster.delete("jobs", "shop", "nightly-backup-29399101");
    cluster.wait_for("another look", |requests| requests.count("list jobs") > 3);
    cluster.requests().assert_read_only();
    let complete = json!({"status": {"conditions": [{"type": "Complete", "status": "True"}]}});
    cluster.patch("jobs", "shop", "nightly-backup-manual-qqqqqq", complete);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(cluster.object("jobs", "shop", "waited").is_some());
}

#[test]
fn without_permission_to_look_it_warns_and_refuses_to_promise() {
    let cluster = nightly().deny("list", "jobs").deny("list", "resourcequotas").start();
    insta::assert_snapshot!(shown(&run(&cluster, &["nightly-backup"])), @r#"
    exit code 0
    --- stdout
    job.batch/nightly-backup-manual-<random> created
    --- stderr
    note: Error from server (Forbidden): resourcequotas is forbidden: User "jane" cannot list resource "resourcequotas" in API group "" in the namespace "shop": can't tell whether a quota leaves room
    note: Error from server (Forbidden): jobs.batch is forbidden: User "jane" cannot list resource "jobs" in API group "batch" in the namespace "shop": can't tell whether another run goes on
    "#);
    insta::assert_snapshot!(shown(&run(&cluster, &["nightly-backup", "--if-active=refuse"])), @r#"
    exit code 3
    --- stderr
    note: Error from server (Forbidden): resourcequotas is forbidden: User "jane" cannot list resource "resourcequotas" in API group "" in the namespace "shop": can't tell whether a quota leaves room
    refused: Error from server (Forbidden): jobs.batch is forbidden: User "jane" cannot list resource "jobs" in API group "batch" in the namespace "shop": can't tell whether another run goes on
    Nothing was created. --if-active=warn creates it all the same.
    "#);
}

#[test]
fn what_a_user_gets_wrong() {
    let cluster = nightly().start();
    let two = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\n---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: b}\n";
    let file = cluster.directory().join("two.yaml");
    std::fs::write(&file, two).unwrap();
    let two = file.display().to_string();
    let mut all = String::new();
    for args in [
        &["nightly"][..],
        &["job/nightly-backup"],
        &["nightly-backup", "nightly-backup-29399102"],
        &["nightly-backup", "Bad_Name"],
        &["nightly-backup", "--env", "MODE"],
        &["nightly-backup", "-c", "nope", "--args", "x"],
        &["nightly-backup", "-o", "wide"],
        &["nightly-backp", "-f"],
        &["nightly-backup-29399100", "-f"],
        &["-f", "backup-job.yaml"],
        &["nightly-backup", "-f", "examples/backup-job.yaml"],
        &["--filename", &two],
        &["--filename", "/nowhere.yaml"],
        &[],
    ] {
        all += &format!("$ run {}\n{}", args.join(" "), run(&cluster, args).whole());
    }
    let folder = cluster.directory().display().to_string();
    insta::assert_snapshot!(all.replace(&folder, "<folder>"), @r#"
    $ run nightly
    exit code 1
    --- stderr
    Error from server (NotFound): cronjobs.batch "nightly" not found
    hint: kubectl get cronjobs -n shop
    $ run job/nightly-backup
    exit code 1
    --- stderr
    error: "job" is not a type that this command takes
    hint: it takes cronjob/NAME (cj/NAME); kubectl job rerun runs a Job again, --filename the Job of a file
    $ run nightly-backup nightly-backup-29399102
    exit code 1
    --- stderr
    error: nightly-backup-29399102 is the name of a scheduled run: the controller would take this Job for that run
    $ run nightly-backup Bad_Name
    exit code 1
    --- stderr
    error: "Bad_Name" is no name of a Job: lower case letters, digits, '-' and '.' make one, and a letter or digit begins and ends it
    $ run nightly-backup --env MODE
    exit code 1
    --- stderr
    error: --env: "MODE" is neither NAME=VALUE nor NAME-
    $ run nightly-backup -c nope --args x
    exit code 1
    --- stderr
    error: container nope is not valid for this Job; it has: backup
    $ run nightly-backup -o wide
    exit code 1
    --- stderr
    error: unable to match a printer suitable for the output format "wide", allowed formats are: json,name,yaml
    $ run nightly-backp -f
    exit code 1
    --- stderr
    Error from server (NotFound): cronjobs.batch "nightly-backp" not found
    hint: did you mean nightly-backup?
    $ run nightly-backup-29399100 -f
    exit code 1
    --- stderr
    Error from server (NotFound): cronjobs.batch "nightly-backup-29399100" not found
    hint: nightly-backup-29399100 is a Job: kubectl job rerun nightly-backup-29399100 -n shop runs it again
    $ run -f backup-job.yaml
    exit code 1
    --- stderr
    error: "backup-job.yaml" looks like a file, and -f is --follow here
    hint: --filename backup-job.yaml runs the Job of a file
    $ run nightly-backup -f examples/backup-job.yaml
    exit code 1
    --- stderr
    error: "examples/backup-job.yaml" looks like a file, and -f is --follow here
    hint: --filename examples/backup-job.yaml runs the Job of a file
    $ run --filename <folder>/two.yaml
    exit code 1
    --- stderr
    error: --filename <folder>/two.yaml: there are 2 Jobs, and one is run at a time: Job/a, Job/b
    $ run --filename /nowhere.yaml
    exit code 1
    --- stderr
    error: --filename /nowhere.yaml: No such file or directory (os error 2)
    $ run 
    exit code 1
    --- stderr
    error: required: CRONJOB
    See 'kubectl job run --help' for usage.
    "#);
    cluster.requests().assert_read_only();
}

#[test]
fn the_job_of_a_manifest() {
    let cluster = nightly().start();
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/backup-job.yaml");
    let seen = run(&cluster, &["--filename", examples, "--env", "PGTZ=UTC"]);
    assert_eq!(seen.whole(), "exit code 0\n--- stdout\njob.batch/backup created\n");
    assert_eq!(cluster.requests().iter().map(workload_tests::Record::what).collect::<Vec<_>>(), ["create jobs"]);
    assert_eq!(
        made(&cluster)["spec"]["template"]["spec"]["containers"][0]["env"][1],
        json!({"name": "PGTZ", "value": "UTC"})
    );
    insta::assert_snapshot!(run(&cluster, &["--filename", examples]).whole(), @r#"
    exit code 1
    --- stderr
    Error from server (AlreadyExists): jobs.batch "backup" already exists
    hint: nothing was created; metadata.generateName in the file gives each run a name of its own
    "#);
    let stdin = r#"{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"generateName": "once-", "namespace": "other"}, "spec": {}}"#;
    let seen = program().cluster(&cluster).args(["run", "--filename", "-", "-o", "json"]).stdin(stdin).run();
    let report = seen.json();
    assert_eq!((&report["kind"], &report["items"][0]["created"]), (&json!("RunReport"), &json!("now")));
    let object = &report["items"][0]["object"];
    assert_eq!(object["namespace"], "other");
    assert!(object["name"].as_str().unwrap().starts_with("once-run-"), "{object}");
    let seen = program().cluster(&cluster).args(["run", "-n", "shop", "--filename", "-"]).stdin(stdin).run();
    assert!(seen.stderr.contains("does not match the namespace \"shop\""), "{}", seen.stderr);
}

#[test]
fn an_editor_has_the_last_word() {
    let cluster = nightly().start();
    let edit = |editor: &str| {
        program().cluster(&cluster).env("KUBE_EDITOR", editor).args(["run", "nightly-backup", "edited", "--edit"]).run()
    };
    let seen = edit("sed -i s/full/quick/");
    assert_eq!(seen.whole(), "exit code 0\n--- stdout\njob.batch/edited created\n");
    assert_eq!(made(&cluster)["spec"]["template"]["spec"]["containers"][0]["env"][1]["value"], "quick");
    for (editor, says) in [
        ("false", "error: --edit: false ended with exit status: 1: nothing was created\n"),
        ("truncate -s 0", "error: --edit: the file is empty: nothing was created\n"),
    ] {
        let seen = edit(editor);
        assert_eq!((seen.code, &*seen.stderr), (1, says));
    }
    assert_eq!(cluster.requests().count("create jobs"), 1);
}

#[test]
fn another_run_is_replaced_once_you_say_so() {
    let cluster = busy();
    let seen = run(&cluster, &["nightly-backup", "now", "--if-active=replace"]);
    assert_eq!(seen.code, 3);
    assert!(
        seen.stderr.ends_with("Nobody is there to be asked: nothing was changed. --yes answers beforehand.\n"),
        "{}",
        seen.stderr
    );
    cluster.requests().assert_read_only();
    let uid = cluster.object("jobs", "shop", "nightly-backup-29399101").unwrap()["metadata"]["uid"].clone();
    cluster.apply(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "shop",
        "labels": {"batch.kubernetes.io/controller-uid": uid}}, "status": {"phase": "Running"}}));
    let replacing = program().cluster(&cluster).args(["run", "nightly-backup", "now", "--if-active=replace", "--yes"]);
    let child = replacing.spawn();
    cluster.wait_for("its pods to be looked at", |requests| requests.count("watch pods") > 0);
    assert_eq!(cluster.requests().count("create jobs"), 0, "two runs side by side are what was not wanted");
    cluster.delete("pods", "shop", "a");
    assert!(child.wait_with_output().unwrap().status.success());
    assert!(cluster.object("jobs", "shop", "nightly-backup-29399101").is_none());
    assert!(cluster.object("jobs", "shop", "nightly-backup-manual-qqqqqq").is_none());
    assert!(cluster.object("jobs", "shop", "now").is_some());
}
