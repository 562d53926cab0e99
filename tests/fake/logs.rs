//! Container logs.

use std::time::Duration;

use serde_json::json;
use workload_tests::{Cluster, Fault, On, Running};

use crate::client::{Ended, ask, get};
use crate::pods;

const LOG: &str = "/api/v1/namespaces/shop/pods/a-0/log";
const LINES: &str = "2026-11-01T10:00:00.000000001Z one\n2026-11-01T10:00:01.5Z two\n2026-11-01T10:00:02Z three\n";

fn cluster() -> Running {
    let pair = json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"namespace": "shop", "name": "pair"},
                      "spec": {"containers": [{"name": "a"}, {"name": "b"}], "initContainers": [{"name": "i"}]}});
    Cluster::new().objects(pods("shop", 1)).object(pair).log("shop/a-0", "main", LINES).start()
}

#[test]
fn logs_are_read_as_asked() {
    let cluster = cluster();
    for (query, expected) in [
        ("", "one\ntwo\nthree\n"),
        ("?tailLines=1", "three\n"),
        ("?tailLines=0", ""),
        ("?limitBytes=5", "one\nt"),
        ("?sinceTime=2026-11-01T10:00:01Z&container=main", "two\nthree\n"),
        ("?timestamps=true&tailLines=2", "2026-11-01T10:00:01.500000000Z two\n2026-11-01T10:00:02.000000000Z three\n"),
    ] {
        assert_eq!(get(&cluster, &format!("{LOG}{query}")).text(), expected, "{query}");
    }
}

#[test]
fn containers_must_be_named_where_there_are_several() {
    let cluster = cluster();
    let mut seen = String::new();
    for query in ["pair/log", "pair/log?container=x", "a-0/log?previous=true"] {
        let reply = get(&cluster, &format!("/api/v1/namespaces/shop/pods/{query}"));
        seen.push_str(&format!("{} {}\n", reply.status, reply.json()["message"].as_str().unwrap()));
    }
    insta::assert_snapshot!(seen, @r#"
    400 a container name must be specified for pod pair, choose one of: [a b] or one of the init containers: [i]
    400 container x is not valid for pod pair
    400 previous terminated container "main" in pod "a-0" not found
    "#);
}

#[test]
fn followers_get_what_comes_and_the_end() {
    let cluster = cluster();
    let reply = std::thread::scope(|scope| {
        let follow = scope.spawn(|| get(&cluster, &format!("{LOG}?follow=true&tailLines=1")));
        cluster.wait_for("the follower", |it| it.count("get pods/log") == 1);
        std::thread::sleep(Duration::from_millis(50));
        cluster.write_log("shop/a-0", "main", b"2026-11-01T10:00:03Z \xff\xfe\n");
        cluster.end_log("shop/a-0", "main");
        follow.join().unwrap()
    });
    assert_eq!((reply.body.as_slice(), reply.ended), (&b"three\n\xff\xfe\n"[..], Ended::Whole));
    cluster.restart_log("shop/a-0", "main");
    cluster.write_log("shop/a-0", "main", "2026-11-01T11:00:00Z anew\n");
    assert_eq!(get(&cluster, LOG).text(), "anew\n");
    assert!(get(&cluster, &format!("{LOG}?previous=true")).text().starts_with("one\n"));
    let open = ask(&cluster, "GET", &format!("{LOG}?follow=1")).patience(Duration::from_millis(200)).send().unwrap();
    assert_eq!((open.text().as_str(), open.ended), ("anew\n", Ended::StillOpen));
}

#[test]
fn a_node_out_of_watches_says_so_in_the_log() {
    let cluster = cluster();
    cluster.fault(On::logs().with(|it| it.parameter("follow").is_some()), Fault::no_inotify());
    let reply = get(&cluster, &format!("{LOG}?follow=true"));
    assert_eq!((reply.status, reply.text().as_str()), (200, "failed to create fsnotify watcher: too many open files"));
}
