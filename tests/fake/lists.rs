//! Pages, tokens, snapshots, selectors.

use serde_json::json;
use workload_tests::{Cluster, Fault, On};

use crate::client::{ask, get};
use crate::{pod, pods};

#[test]
fn a_list_is_as_the_server_writes_it() {
    let cluster = Cluster::new().object(pod("shop", "a-0", &json!({}))).start();
    let reply = get(&cluster, "/api/v1/namespaces/shop/pods");
    assert_eq!(reply.header("content-type"), Some("application/json"));
    insta::assert_snapshot!(reply.text(), @r#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1000"},"items":[{"metadata":{"creationTimestamp":"2026-11-01T09:00:00Z","labels":{},"name":"a-0","namespace":"shop","resourceVersion":"1000","uid":"fa4e0001-0000-4000-8000-000000000001"},"spec":{"containers":[{"name":"main"}],"nodeName":"node-1"},"status":{"phase":"Running"}}]}"#);
    let empty = get(&cluster, "/apis/apps/v1/namespaces/shop/statefulsets");
    insta::assert_snapshot!(empty.text(), @r#"{"kind":"StatefulSetList","apiVersion":"apps/v1","metadata":{"resourceVersion":"1000"},"items":[]}"#);
}

#[test]
fn pages_follow_each_other_over_a_snapshot() {
    let cluster = Cluster::new().objects(pods("shop", 5)).objects(pods("bar", 1)).start();
    let first = get(&cluster, "/api/v1/pods?limit=2");
    assert_eq!(first.names(), ["a-0", "a-0"], "bar's comes first");
    assert_eq!(first.json()["metadata"]["remainingItemCount"], 4);
    let token = first.json()["metadata"]["continue"].as_str().unwrap().to_owned();
    cluster.delete("pods", "shop", "a-1");
    cluster.apply(pod("shop", "a-10", &json!({})));
    let second = get(&cluster, &format!("/api/v1/pods?limit=500&continue={token}"));
    assert_eq!(second.names(), ["a-1", "a-2", "a-3", "a-4"], "as it was when the list began");
    assert_eq!(second.json()["metadata"]["resourceVersion"], first.json()["metadata"]["resourceVersion"]);
    assert!(second.json()["metadata"].get("continue").is_none());
    let namespaced = get(&cluster, "/api/v1/namespaces/shop/pods");
    assert_eq!(namespaced.names(), ["a-0", "a-10", "a-2", "a-3", "a-4"]);
    assert_eq!(cluster.requests().paths()["/api/v1/pods"], 1, "pages of one list");
    assert_eq!(cluster.requests().count("list pods"), 3);
}

#[test]
fn an_old_page_is_gone_and_says_how_to_go_on() {
    let cluster = Cluster::new().objects(pods("shop", 3)).fault(On::list("pods").nth(2), Fault::gone()).start();
    let first = get(&cluster, "/api/v1/pods?limit=1");
    let token = first.json()["metadata"]["continue"].as_str().unwrap().to_owned();
    let gone = get(&cluster, &format!("/api/v1/pods?limit=1&continue={token}"));
    assert_eq!(gone.status, 410);
    insta::assert_snapshot!(gone.json()["message"].as_str().unwrap(), @"The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.");
    assert_eq!(gone.json()["reason"], "Expired");
    let rest = gone.json()["metadata"]["continue"].as_str().unwrap().to_owned();
    cluster.delete("pods", "shop", "a-2");
    let inconsistent = get(&cluster, &format!("/api/v1/pods?limit=5&continue={rest}"));
    assert_eq!(inconsistent.names(), ["a-1"]);

    // The same without a fault, by forgetting history.
    let again = get(&cluster, "/api/v1/pods?limit=1").json()["metadata"]["continue"].as_str().unwrap().to_owned();
    cluster.compact();
    assert_eq!(get(&cluster, &format!("/api/v1/pods?limit=1&continue={again}")).status, 410);
}

#[test]
fn an_empty_page_may_have_a_token() {
    let cluster = Cluster::new().objects(pods("shop", 3)).fault(On::list("pods").nth(2), Fault::empty_page()).start();
    let mut names = Vec::new();
    let mut sizes = Vec::new();
    let mut token = String::new();
    loop {
        let page = get(&cluster, &format!("/api/v1/namespaces/shop/pods?limit=2&continue={token}"));
        sizes.push(page.names().len());
        names.extend(page.names());
        let Some(next) = page.json()["metadata"]["continue"].as_str().map(str::to_owned) else { break };
        token = next;
    }
    assert_eq!((sizes.as_slice(), names.len()), ([2, 0, 1].as_slice(), 3));
}

#[test]
fn the_watch_cache_ignores_the_limit() {
    let cluster = Cluster::new().objects(pods("shop", 3)).start();
    assert_eq!(get(&cluster, "/api/v1/pods?limit=1&resourceVersion=0").names().len(), 3);
}

#[test]
fn selectors_select() {
    let cluster = Cluster::new()
        .object(pod("shop", "a-0", &json!({"app": "a"})))
        .object(pod("shop", "b-0", &json!({"app": "b", "tier": "db"})))
        .object(json!({"kind": "Event", "apiVersion": "v1", "metadata": {"namespace": "shop", "name": "e"},
                       "involvedObject": {"kind": "Pod", "name": "a-0", "uid": "u-1"}}))
        .start();
    for (uri, expected) in [
        ("pods?labelSelector=app%3Da", "a-0"),
        ("pods?labelSelector=app+in+%28a%2Cb%29%2Ctier", "b-0"),
        ("pods?fieldSelector=metadata.name%3Db-0", "b-0"),
        ("pods?fieldSelector=spec.nodeName%3Dnode-1", "a-0 b-0"),
        ("pods?fieldSelector=spec.nodeName!%3Dnode-1", ""),
        ("pods?fieldSelector=status.phase%3DRunning,metadata.namespace%3Dshop&limit=1", "a-0"),
        ("events?fieldSelector=involvedObject.uid%3Du-1", "e"),
        ("events?fieldSelector=involvedObject.uid%3Du-2", ""),
    ] {
        assert_eq!(get(&cluster, &format!("/api/v1/namespaces/shop/{uri}")).names().join(" "), expected, "{uri}");
    }
    let page = get(&cluster, "/api/v1/pods?labelSelector=app&limit=1");
    assert!(page.json()["metadata"].get("remainingItemCount").is_none(), "costly to know with a selector");
    let bad = get(&cluster, "/api/v1/pods?fieldSelector=spec.colour%3Dred");
    assert_eq!(bad.status, 400);
    insta::assert_snapshot!(bad.json()["message"].as_str().unwrap(), @"field label not supported: spec.colour");
}

#[test]
fn large_answers_are_compressed_for_those_who_ask() {
    let note = "x".repeat(2000);
    let cluster =
        Cluster::new().objects((0..100).map(|n| pod("shop", &format!("p-{n:03}"), &json!({"note": note})))).start();
    let whole = get(&cluster, "/api/v1/pods");
    assert_eq!(whole.header("content-encoding"), None);
    let reply = ask(&cluster, "GET", "/api/v1/pods").header("accept-encoding", "gzip").send().unwrap();
    assert_eq!(reply.header("content-encoding"), Some("gzip"));
    let mut text = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(reply.body.as_slice()), &mut text).unwrap();
    assert_eq!(text, whole.body);
    let small = ask(&cluster, "GET", "/api/v1/pods?limit=1").header("accept-encoding", "gzip").send().unwrap();
    assert_eq!(small.header("content-encoding"), None);
}

#[test]
fn turns_are_counted_in_lockstep() {
    let cluster = Cluster::new().objects(pods("shop", 3)).lockstep().start();
    std::thread::scope(|scope| {
        for uri in ["/api/v1/pods", "/api/v1/services", "/apis/apps/v1/statefulsets"] {
            scope.spawn(|| get(&cluster, uri));
        }
    });
    get(&cluster, "/api/v1/persistentvolumes");
    assert_eq!(cluster.requests().turns(), 2);
    cluster.requests().assert_read_only();
}
