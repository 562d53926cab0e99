//! `run --follow`: the Job's lines on stdout, its progress on stderr, its result as exit code.
// A panic in a test's own helper is a failed test.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead as _, BufReader};

use serde_json::{Value, json};
use workload_tests::{Cluster, Fault, Normalise, On, Program};

use super::nightly;
use super::story::Story;
use crate::program;

fn start(cluster: Cluster, args: &[&str]) -> Story {
    let story = Story::start(cluster, &[&["--follow"], args].concat());
    story.cluster.wait_for("pods to be listed twice", |requests| requests.count("list pods") > 1);
    story
}

/// Its log is being read.
fn is_read(story: &Story, pods: usize) {
    story.cluster.wait_for("its log to be read", |requests| requests.count("get pods/log") >= pods);
}

#[test]
fn its_lines_are_shown_and_its_result_is_told() {
    let story = start(nightly(), &[]);
    story.pod("now-x", &json!({"phase": "Pending"}));
    story.pod_runs("now-x");
    story.writes("now-x", 1, "dumping");
    is_read(&story, 1);
    story.writes("now-x", 2, "done");
    story.silent("now-x");
    story.pod_ended("now-x", 0);
    story.job("Complete", "CompletionsReached");
    let seen = story.end();
    insta::assert_snapshot!(seen.text, @"
    [pod/now-x/backup] dumping
    [pod/now-x/backup] done
    --- stderr
    job.batch/now created
    pod now-x: created
    pod now-x: on node node1
    pod now-x: running
    pod now-x: succeeded
    = 1 attempt, 2 lines, 11B: complete, every end verified
    job now: complete after <time>
    ");
    assert_eq!(seen.code, Some(0));
}

#[test]
fn every_attempt_is_shown_and_a_failure_ends_in_10() {
    let story = start(nightly(), &[]);
    for (at, name) in ["now-a", "now-b"].into_iter().enumerate() {
        story.pod_runs(name);
        story.writes(name, 1, "dumping");
        is_read(&story, at + 1);
        story.writes(name, 2, "no space left on device");
        story.silent(name);
        story.pod_ended(name, 3);
    }
    story.job("Failed", "BackoffLimitExceeded");
    let seen = story.end();
    assert_eq!(seen.code, Some(10));
    let lines: Vec<&str> = seen.text.lines().take_while(|line| *line != "--- stderr").collect();
    let of = |name: &str| lines.iter().filter(|line| line.starts_with(&format!("[pod/{name}/backup] "))).count();
    assert_eq!((of("now-a"), of("now-b"), lines.len()), (2, 2, 4), "{}", seen.text);
    assert!(
        seen.text.contains("= 2 attempts, 4 lines, 60B: complete, every end verified\njob now: failed after "),
        "{}",
        seen.text
    );
}

#[test]
fn each_line_and_the_result_are_records_where_that_is_wanted() {
    let story = start(nightly(), &["-o", "json"]);
    story.pod_runs("now-x");
    story.writes("now-x", 1, "dumping");
    is_read(&story, 1);
    story.silent("now-x");
    story.pod_ended("now-x", 4);
    story.job("Failed", "BackoffLimitExceeded");
    let seen = story.end();
    let records: Vec<Value> = seen
        .text
        .lines()
        .take_while(|line| *line != "--- stderr")
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: Vec<&str> = records.iter().map(|record| record["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["start", "line", "end", "summary", "RunReport"]);
    assert_eq!((&records[1]["message"], &records[4]["items"][0]["exitCode"]), (&json!("dumping"), &json!(4)));
    let seen = program().cluster(&nightly().start()).args(["run", "nightly-backup", "-f", "-o", "yaml"]).run();
    insta::assert_snapshot!(seen.whole(), @"
    exit code 1
    --- stderr
    error: -o yaml can't stand among log lines
    hint: --follow -o json makes a record of each line and of the result; --wait -o yaml shows the result alone
    ");
}

#[test]
fn one_that_is_gone_ends_soon_whatever_its_pods_still_say() {
    let story = start(nightly(), &[]);
    story.pod_runs("now-x");
    story.writes("now-x", 1, "dumping");
    is_read(&story, 1);
    story.cluster.delete("jobs", "shop", "now");
    let seen = story.end();
    assert_eq!(seen.code, Some(13));
    insta::assert_snapshot!(seen.text, @"
    [pod/now-x/backup] dumping
    --- stderr
    job.batch/now created
    pod now-x: on node node1
    pod now-x: running
    job now: deleted
    = 1 attempt, 1 line, 7B: 1 still being read (the rest was not waited for)
    job now: gone, and nothing tells how it ended
    next: kubectl get events -n shop --field-selector involvedObject.name=now
    ");
}

#[test]
fn a_container_that_decides_is_shown_to_its_last_line() {
    let story = start(nightly(), &["--success-from", "backup"]);
    story.pod_runs("now-x");
    story.writes("now-x", 1, "dumping");
    is_read(&story, 1);
    story.writes("now-x", 2, "done");
    story.silent("now-x");
    story.pod_ended("now-x", 0);
    let seen = story.end();
    assert_eq!(seen.code, Some(0));
    assert!(seen.text.contains("dumping\n[pod/now-x/backup] done\n--- stderr\n"), "{}", seen.text);
    assert!(
        seen.text.ends_with("job now: container backup succeeded after <time>; the Job itself goes on\n"),
        "{}",
        seen.text
    );
}

#[test]
fn without_permissions_it_does_what_it_can_and_says_what_it_can_not() {
    // No lines, and still the result.
    let story = start(nightly().deny("get", "pods/log"), &[]);
    story.pod_runs("now-x");
    story.pod_ended("now-x", 5);
    story.job("Failed", "BackoffLimitExceeded");
    let seen = story.end();
    assert_eq!(seen.code, Some(10));
    insta::assert_snapshot!(seen.text, @r#"
    --- stderr
    job.batch/now created
    pod now-x: on node node1
    pod now-x: running
    container backup of pod now-x ended with exit code 5
    pod now-x: failed
    - now-x/backup: 0 lines, 0B, exit code 5 (Error), end not verified: pods "now-x" is forbidden: User "jane" cannot get resource "pods/log" in API group "" in the namespace "shop"
    = 1 attempt, 0 lines, 0B: 1 of 1 ends not verified
    job now: failed after <time>: BackoffLimitExceeded: because of BackoffLimitExceeded
      BackoffLimitExceeded: Failed: its retries are used up (backoffLimit 2); 0 of 1 completions. Pod now-x: container backup failed: exit code 5.
      next: kubectl -n shop logs now-x -c backup
      more: kubectl job status now -n shop
    "#);

    let mut story = Story::start(nightly().deny("list", "pods").deny("watch", "pods"), &["-f"]);
    let mut stderr = BufReader::new(story.child.stderr.take().unwrap()).lines().map(Result::unwrap);
    // That the Job was created, and both notes: which of the two comes first is chance.
    let mut told: Vec<String> = stderr.by_ref().take(3).collect();
    story.job("Complete", "CompletionsReached");
    told.extend(stderr);
    let seen = story.end();
    assert_eq!((seen.code, seen.text.as_str()), (Some(0), "--- stderr\n"));
    told.sort_unstable();
    let told = Normalise::new().replace(r"after \d+s", "after <time>").text(&told.join("\n"));
    insta::assert_snapshot!(told, @r#"
    job now: complete after <time>
    job.batch/now created
    note: Error from server (Forbidden): pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "shop": can't tell how its pods come along
    note: pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "shop": no lines can be shown; the Job is followed on
    "#);

    // Looking instead of watching shows the same lines.
    let blind = nightly().deny("watch", "pods").deny("watch", "jobs").deny("list", "events");
    let story = start(blind, &[]);
    story.pod_runs("now-x");
    story.writes("now-x", 1, "dumping");
    is_read(&story, 1);
    story.silent("now-x");
    story.pod_ended("now-x", 0);
    story.job("Complete", "CompletionsReached");
    let seen = story.end();
    assert_eq!(seen.code, Some(0));
    assert!(seen.text.starts_with("[pod/now-x/backup] dumping\n--- stderr\n"), "{}", seen.text);
    assert_eq!(seen.text.matches("looked at every second").count(), 2, "{}", seen.text);
}

#[test]
fn a_reader_who_goes_away_changes_nothing_about_the_result() {
    let mut story = start(nightly(), &[]);
    story.pod_runs("now-x");
    story.writes("now-x", 1, "dumping");
    let mut stdout = BufReader::new(story.child.stdout.take().unwrap());
    let mut first = String::new();
    stdout.read_line(&mut first).unwrap();
    assert_eq!(first, "[pod/now-x/backup] dumping\n");
    drop(stdout);
    story.writes("now-x", 2, "to nobody");
    story.writes("now-x", 3, "to nobody");
    story.silent("now-x");
    story.pod_ended("now-x", 3);
    story.job("Failed", "BackoffLimitExceeded");
    let seen = story.end();
    assert_eq!(seen.code, Some(10));
    assert!(seen.text.contains("job now: failed after <time>: BackoffLimitExceeded"), "{}", seen.text);
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_it_running_and_says_how_to_go_on() {
    let story = start(nightly(), &[]);
    story.pod_runs("now-x");
    story.writes("now-x", 1, "dumping");
    is_read(&story, 1);
    let id = story.child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let Story { cluster, child, home: _home } = story;
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.ends_with(
            "still being read (interrupted)\njob now goes on; to follow it again:\n  kubectl job logs now -f -n shop\n"
        ),
        "{stderr}"
    );
    assert!(cluster.object("jobs", "shop", "now").is_some());
}

#[test]
fn the_containers_code_is_read_once_more_where_the_pods_watch_breaks_at_the_end() {
    // From the first list on nothing more is heard of the pods.
    let deaf = nightly().fault(On::watch("pods"), Fault::unavailable());
    let story = Story::start(deaf, &["--wait", "--exit-code-from=container"]);
    story.cluster.wait_for("the pods' watch", |requests| requests.count("watch pods") > 0);
    story.pod_ended("now-x", 7);
    story.job("Failed", "BackoffLimitExceeded");
    assert_eq!(story.end().code, Some(7));
}

#[test]
fn a_job_that_is_run_again_is_followed_too() {
    let story = start(nightly(), &[]);
    story.job("Failed", "BackoffLimitExceeded");
    let Story { cluster, child, home: _home } = story;
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(10));
    let again: Program = program().cluster(&cluster).args(["rerun", "now", "again", "-f", "--timeout", "1s"]);
    let seen = again.run();
    assert_eq!(seen.code, 124);
    assert!(seen.stderr.starts_with("job.batch/again created\n"), "{}", seen.stderr);
}
