//! `kubectl job rerun`: a clean new Job out of one that has ended.

use serde_json::{Value, json};
use workload_tests::{Cluster, Output, Running};

use crate::program;

fn cluster() -> Cluster {
    Cluster::new().namespace("shop").file("objects/nightly-backup.yaml")
}

fn rerun(cluster: &Running, args: &[&str]) -> Output {
    program().cluster(cluster).arg("rerun").args(args.iter().copied()).run()
}

fn sent(cluster: &Running) -> Value {
    let posts = cluster.requests().only(|it| it.verb == "create");
    serde_json::from_slice(&posts[0].body).unwrap()
}

#[test]
fn the_same_again_for_the_same_cron_job() {
    let cluster = cluster().start();
    let seen = rerun(&cluster, &["job/nightly-backup-29399100", "again", "--env", "MODE=quick"]);
    assert_eq!(seen.whole(), "exit code 0\n--- stdout\njob.batch/again created\n");
    insta::assert_snapshot!(serde_json::to_string_pretty(&sent(&cluster)).unwrap(), @r#"
    {
      "apiVersion": "batch/v1",
      "kind": "Job",
      "metadata": {
        "annotations": {
          "cronjob.kubernetes.io/instantiate": "manual"
        },
        "labels": {
          "app": "backup"
        },
        "name": "again",
        "ownerReferences": [
          {
            "apiVersion": "batch/v1",
            "controller": true,
            "kind": "CronJob",
            "name": "nightly-backup",
            "uid": "3f0a2d54-1d7e-4a55-8f0c-6a3f5e1c9b01"
          }
        ]
      },
      "spec": {
        "backoffLimit": 2,
        "completionMode": "NonIndexed",
        "completions": 1,
        "parallelism": 1,
        "template": {
          "metadata": {},
          "spec": {
            "containers": [
              {
                "args": [
                  "pg_dump \"$URL\" > /backup/$MODE.sql"
                ],
                "command": [
                  "sh",
                  "-c"
                ],
                "env": [
                  {
                    "name": "URL",
                    "value": "postgres://postgres:example@postgres-svc:5432/postgres"
                  },
                  {
                    "name": "MODE",
                    "value": "quick"
                  }
                ],
                "image": "postgres:13.0",
                "name": "backup"
              }
            ],
            "restartPolicy": "Never"
          }
        }
      }
    }
    "#);
    assert_eq!(
        cluster.requests().iter().map(|it| it.what()).collect::<Vec<_>>(),
        ["get jobs", "get cronjobs", "create jobs"]
    );
    let seen = rerun(&cluster, &["nightly-backup-29399100", "-o", "name"]);
    assert!(seen.stdout.starts_with("job.batch/nightly-backup-rerun-"), "{}", seen.stdout);
}

#[test]
fn one_that_goes_on_is_refused_and_one_whose_cron_job_is_gone_belongs_to_nobody() {
    let going = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "going", "namespace": "shop"}, "spec": {}});
    let cluster = cluster().object(going).start();
    insta::assert_snapshot!(rerun(&cluster, &["going"]).whole(), @"
    exit code 3
    --- stderr
    refused: job going has not ended
    Nothing was created. kubectl job logs going -f -n shop follows it.
    ");
    insta::assert_snapshot!(rerun(&cluster, &["nope"]).whole(), @r#"
    exit code 1
    --- stderr
    Error from server (NotFound): jobs.batch "nope" not found
    hint: kubectl get jobs -n shop
    "#);
    cluster.requests().assert_read_only();
    cluster.patch("cronjobs", "shop", "nightly-backup", json!({"metadata": {"uid": "another"}}));
    insta::assert_snapshot!(rerun(&cluster, &["nightly-backup-29399100", "again"]).whole(), @"
    exit code 0
    --- stdout
    job.batch/again created
    --- stderr
    note: its cronjob nightly-backup is gone: the new Job belongs to nobody
    ");
    assert_eq!(sent(&cluster)["metadata"].get("ownerReferences"), None);
}

#[test]
fn out_of_a_file() {
    let cluster = cluster().start();
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/backup-job.yaml");
    let seen = rerun(&cluster, &["--filename", examples, "-o", "name"]);
    assert!(seen.stdout.starts_with("job.batch/backup-rerun-"), "{}", seen.whole());
}
