//! `kubectl job snapshot`: what is taken along answers as the cluster did.
// A panic in a test's own helper is a failed test.
#![allow(clippy::unwrap_used)]

use insta::assert_snapshot;

use crate::{example, example_cluster, normalised, program, shown};

#[test]
fn it_answers_as_the_cluster_did() {
    let cluster = example_cluster();
    let taken = program().cluster(&cluster).args(["snapshot", "migrate", "-n", "shop"]).run();
    assert_eq!((taken.code, &*taken.stderr), (0, ""));
    cluster.requests().assert_read_only();
    for line in ["status", "status migrate", "status cronjob/nightly-backup", "next", "history nightly-backup"] {
        let words = || line.split(' ').chain(["-n", "shop"]);
        let live = program().cluster(&cluster).args(words()).run();
        let file = program().args(words()).args(["-f", "-"]).stdin(&*taken.stdout).run();
        // The last lines of a container are no objects.
        let without_lines = |text: &str| {
            let lines = text.lines().filter(|line| !line.trim_start().starts_with("| "));
            normalised().text(&lines.collect::<Vec<_>>().join("\n"))
        };
        assert_eq!(without_lines(&live.stdout), without_lines(&file.stdout), "{line}\n{}", file.stderr);
    }
    let seen = program().cluster(&cluster).args(["snapshot", "migrate", "-n", "shop", "--redact"]).run();
    assert!(seen.stdout.contains("image: redacted-image-1"), "{}", seen.stdout);
    assert!(!seen.stdout.contains("busybox"), "{}", seen.stdout);
}

#[test]
fn what_is_not_there_or_may_not_be_read_is_said() {
    let cluster = example().deny("list", "nodes").start();
    let run = |line: &str| program().cluster(&cluster).args(line.split(' ')).args(["-n", "shop"]).run();
    assert_snapshot!(shown(&cluster, &run("snapshot migrat")), @r#"
    exit code 1
    --- stderr
    Error from server (NotFound): jobs.batch "migrat" not found
    hint: did you mean migrate?
    "#);
    assert_snapshot!(shown(&cluster, &run("snapshot cronjob/migrate")), @r#"
    exit code 1
    --- stderr
    Error from server (NotFound): cronjobs.batch "migrate" not found
    hint: kubectl get jobs,cronjobs -n shop
    "#);
    let seen = run("snapshot cj/nightly-backup");
    assert_snapshot!(normalised().text(&seen.stderr), @"not in the snapshot: nodes at the cluster scope (Forbidden); it says so itself");
    assert!(seen.stdout.contains("\nrefused:\n"), "{}", seen.stdout);
    let cluster = example().deny("list", "jobs").start();
    let seen = program().cluster(&cluster).args(["snapshot", "migrate", "-n", "shop"]).run();
    assert_snapshot!(shown(&cluster, &seen), @r#"
    exit code 1
    --- stderr
    Error from server (Forbidden): jobs.batch is forbidden: User "jane" cannot list resource "jobs" in API group "batch" in the namespace "shop"
    hint: what you may do says: kubectl auth can-i --list (with -n NAMESPACE where it matters)
    "#);
}
