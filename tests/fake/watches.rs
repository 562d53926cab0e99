//! Watches: what was, what comes, and how they end.

use std::time::Duration;

use serde_json::{Value, json};
use workload_tests::{Cluster, Running};

use crate::client::{Ended, Reply, ask, get};
use crate::{pod, pods};

const PODS: &str = "/api/v1/namespaces/shop/pods";

fn events(reply: &Reply) -> Vec<String> {
    reply
        .text()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|it| {
            format!("{} {}", it["type"].as_str().unwrap(), it["object"]["metadata"]["name"].as_str().unwrap_or("-"))
        })
        .collect()
}

/// Watches from a list's revision while something happens.
fn during(cluster: &Running, query: &str, happens: impl FnOnce()) -> Reply {
    let from = get(cluster, PODS).json()["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    let uri = format!("{PODS}?watch=1&resourceVersion={from}{query}");
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| ask(cluster, "GET", &uri).patience(Duration::from_millis(600)).send().unwrap());
        cluster.wait_for("the watch", |it| it.count("watch pods") == 1);
        happens();
        watch.join().unwrap()
    })
}

#[test]
fn changes_are_told_in_order() {
    let cluster = Cluster::new().objects(pods("shop", 2)).start();
    let reply = during(&cluster, "&allowWatchBookmarks=true", || {
        cluster.patch("pods", "shop", "a-0", json!({"status": {"phase": "Failed"}}));
        cluster.apply(pod("shop", "a-2", &json!({})));
        cluster.apply(pod("other", "b-0", &json!({})));
        cluster.delete("pods", "shop", "a-1");
        cluster.bookmark();
    });
    assert_eq!(events(&reply), ["MODIFIED a-0", "ADDED a-2", "DELETED a-1", "BOOKMARK -"]);
    assert_eq!(reply.ended, Ended::StillOpen);
    // What happened since a revision is told to a watch that comes later.
    let late = ask(&cluster, "GET", &format!("{PODS}?watch=1&resourceVersion=1001&timeoutSeconds=0")).send();
    assert_eq!(events(&late.unwrap()), ["ADDED a-2", "DELETED a-1"]);
}

#[test]
fn objects_leave_and_enter_a_selection() {
    let cluster = Cluster::new().objects(pods("shop", 2)).start();
    let reply = during(&cluster, "&labelSelector=app%3Da", || {
        cluster.patch("pods", "shop", "a-0", json!({"metadata": {"labels": {"app": "b"}}}));
        cluster.patch("pods", "shop", "a-0", json!({"metadata": {"labels": {"app": "a"}}}));
    });
    assert_eq!(events(&reply), ["DELETED a-0", "ADDED a-0"]);
}

#[test]
fn watches_end_by_410_or_in_good_order() {
    let cluster = Cluster::new().objects(pods("shop", 1)).start();
    let reply = during(&cluster, "", || cluster.expire_watches());
    assert_eq!((events(&reply), reply.ended), (vec!["ERROR -".to_owned()], Ended::Whole));
    let error: Value = serde_json::from_str(reply.text().trim()).unwrap();
    insta::assert_snapshot!(error["object"], @r#"{"apiVersion":"v1","code":410,"kind":"Status","message":"too old resource version: 1000 (1001)","metadata":{},"reason":"Expired","status":"Failure"}"#);

    cluster.forget_requests();
    let reply = during(&cluster, "", || cluster.end_watches());
    assert_eq!((events(&reply).len(), reply.ended), (0, Ended::Whole));

    cluster.compact();
    let old = get(&cluster, &format!("{PODS}?watch=1&resourceVersion=5"));
    assert_eq!((old.status, events(&old)), (200, vec!["ERROR -".to_owned()]));
}

#[test]
fn a_watch_without_a_revision_begins_with_what_is() {
    let cluster = Cluster::new().objects(pods("shop", 2)).start();
    let reply = get(&cluster, &format!("{PODS}?watch=true&timeoutSeconds=0"));
    assert_eq!(events(&reply), ["ADDED a-0", "ADDED a-1"]);
    let one = get(&cluster, &format!("{PODS}/a-1?watch=true&timeoutSeconds=0"));
    assert_eq!(events(&one), ["ADDED a-1"]);
    let initial = get(
        &cluster,
        &format!(
            "{PODS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=0"
        ),
    );
    assert_eq!(events(&initial), ["ADDED a-0", "ADDED a-1", "BOOKMARK -"]);
    assert!(initial.text().contains("\"k8s.io/initial-events-end\":\"true\""));
}
