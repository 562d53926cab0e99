//! TAB where a set, a pod or an ordinal is meant.
// A panic in a test's own helper is a failed test.
#![allow(clippy::unwrap_used)]

use workload_tests::bulk::Shape;
use workload_tests::{Cluster, Running};

use crate::{example_cluster, sts};

fn completed(cluster: &Running, words: &[&str]) -> String {
    let seen = sts().cluster(cluster).arg("__complete").args(["-n", "shop"]).args(words.iter().copied()).run();
    assert_eq!((seen.code, seen.stderr.as_str()), (0, ""), "{words:?}");
    seen.stdout
}

#[test]
fn sets_pods_and_ordinals() {
    let cluster = example_cluster();
    for (words, told) in [
        (&["volumes", ""][..], "postgres-ss\nredis-stset\n:4\n"),
        (&["status", "red"], "redis-stset\n:4\n"),
        (&["status", "redis-stset", ""], "postgres-ss\n:4\n"),
        (&["volumes", "sts/p"], "sts/postgres-ss\n:4\n"),
        (&["volumes", "pod/redis"], "pod/redis-stset-0\npod/redis-stset-1\n:4\n"),
        (&["volumes", "redis-stset", ""], "0\tpod redis-stset-0\n1\tpod redis-stset-1\n:4\n"),
        (&["volumes", "kafka", ""], ":4\n"),
        (&["volumes", "../../x", ""], ":4\n"),
        (&["volumes", "redis-stset", "1", ""], ":4\n"),
        (&["volumes", "--filename", ""], ":0\n"),
        (&["volumes", "-A", "-n", "sh"], "shop\n:4\n"),
        (
            &["logs", "redis-stset", "-c", ""],
            "redisfiller\tjakousa/dwk-app5:54203329200143875187753026f4e93a1305ae26\nredis\tredis:5.0\n:4\n",
        ),
        (&["explain", "ZoneS"], "ZoneStuck\tNo schedulable node can reach the volume.\n:4\n"),
        (&["preview", "scale", "red"], "redis-stset\n:4\n"),
        (&["snapshot", "red"], "redis-stset\n:4\n"),
        (&["clean", "data-"], "data-postgres-ss-0\n:4\n"),
        (&["clean", "data-postgres-ss-0", "pvc/data-p"], "pvc/data-postgres-ss-0\n:4\n"),
    ] {
        assert_eq!(completed(&cluster, words), told, "{words:?}");
    }
    cluster.requests().assert_read_only();
}

#[test]
fn one_request_that_asks_for_no_objects_out_of_the_servers_memory() {
    let cluster = Cluster::new().bulk(Shape { sets: 50, ordinals: 1, namespaces: 1 }).start();
    let all = sts().cluster(&cluster).args(["status", "-A", "--no-headers"]).run().stdout;
    let namespace = all.split(' ').next().unwrap();
    cluster.forget_requests();
    let seen = sts().cluster(&cluster).args(["__complete", "-n", namespace, "volumes", ""]).run();
    assert_eq!(seen.stdout.lines().count(), 51);
    let requests = cluster.requests();
    assert_eq!(requests.len(), 1);
    let request = &requests[0];
    assert!(request.header("accept").unwrap().starts_with("application/json;as=Table;"));
    let asked: Vec<_> = request.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(asked, ["resourceVersion=0", "includeObject=None"]);
}
