//! `kubectl job` as a user runs it, against a fake API server that serves recorded objects, and on files.
// A panic in a test's own helper is a failed test.
#![allow(clippy::unwrap_used)]

mod clean;
#[path = "../shared/completion.rs"]
mod completion;
mod completion_of_names;
#[path = "../shared/docs.rs"]
mod docs;
#[path = "../shared/endings.rs"]
mod endings;
#[path = "../shared/explain.rs"]
mod explain;
#[path = "../shared/help.rs"]
mod help;
mod hooks;
mod jobs;
mod logs;
mod rerun;
#[path = "../shared/roles.rs"]
mod roles;
mod run;
mod schedule;
#[path = "../shared/secrets.rs"]
mod secrets;
mod snapshot;
mod status;
#[path = "../shared/sweep.rs"]
mod sweep;

use workload_tests::{Cluster, Normalise, Output, Program, Running};

/// The plugin's name.
const NAME: &str = "job";
const BINARY: &str = env!("CARGO_BIN_EXE_kubectl-job");
/// The namespace of the example cluster that the help's examples are about.
const NAMESPACE: &str = "shop";
const NAMESPACE_OBJECT: &str = "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}";
/// How many examples the help has at least.
const EXAMPLES: usize = 32;
/// What the sweep leaves out.
const NOT_SWEPT: &[&str] = &["completion", " run ", " rerun "];
/// How many outputs the docs show.
const DOC_EXAMPLES: usize = 3;
/// The commands that need permissions: command, what sets the role apart, and the flags under which it needs more.
const ROLES: &[(&str, &str, &[&str])] = &[
    ("logs", "", &["logs x -f", "logs cronjob/x -f"]),
    ("history", "", &["history nightly-backup"]),
    ("next", "", &["next"]),
    ("status", "", &["status", "status --watch"]),
    ("run", "", &["run nightly-backup", "run nightly-backup --follow", "run nightly-backup --wait"]),
    // Deleting a run that goes on is more than creating one: it is given apart.
    ("run", "-replace", &["run nightly-backup --if-active=replace"]),
    ("rerun", "", &["rerun migrate", "rerun migrate --follow", "rerun migrate --wait"]),
    ("snapshot", "", &["snapshot migrate"]),
    // Records of releases are Secrets: whoever does not give those away gives the first role alone.
    ("hooks", "", &["hooks --without-records"]),
    ("hooks", "-records", &["hooks"]),
    ("clean", "", &["clean migrate"]),
    ("clean", "-orphans", &["clean --orphans"]),
];

fn program() -> Program {
    Program::new(BINARY)
}

/// The example cluster that ships with the repository, on a server.
fn example() -> Cluster {
    let cluster = Cluster::new().yaml(&examples()).yaml(NAMESPACE_OBJECT);
    // Of the release only its records: its Jobs would stand in every list.
    records().fold(cluster, Cluster::yaml)
}

/// Helm's records of the example release.
fn records() -> impl Iterator<Item = &'static str> {
    include_str!("../../examples/hooks.yaml").split("---\n").filter(|object| object.contains("kind: Secret"))
}

/// The example cluster's objects as if they had been recorded at the newest 09:27, and the CronJob's schedule were that: an older
/// slot would be one that was missed.
fn examples() -> String {
    let newest = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(SLOT + 10);
    let day = newest.strftime("%Y-%m-%dT").to_string();
    include_str!("../../examples/jobs.yaml").replace("2026-11-24T", &day).replace("0 3 * * *", "27 9 * * *")
}

/// The recorded run's slot, in seconds of its day.
const SLOT: i64 = (9 * 60 + 27) * 60;

fn example_cluster() -> Running {
    example().start()
}

fn normalised() -> Normalise {
    // A column's width follows the ages in it.
    Normalise::new().ages().times().replace(r"\[AGE\] {2,}", "[AGE]   ").replace("AGE +SAYS", "AGE   SAYS")
}

/// The whole output, with what differs from run to run made the same.
fn shown(cluster: &Running, seen: &Output) -> String {
    normalised().cluster(cluster).whole(seen)
}
