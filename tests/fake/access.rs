//! Who may do what, in the server's words.

use serde_json::json;
use workload_tests::Cluster;

use crate::client::{ask, get};
use crate::pods;

#[test]
fn refusals_are_rbacs_own() {
    let cluster = Cluster::new()
        .objects(pods("shop", 1))
        .deny("list", "persistentvolumes")
        .deny_in("shop", "list", "pods")
        .deny("get", "statefulsets")
        .deny("get", "pods/log")
        .start();
    let mut seen = String::new();
    for uri in [
        "/api/v1/persistentvolumes",
        "/api/v1/namespaces/shop/pods",
        "/apis/apps/v1/namespaces/shop/statefulsets/a",
        "/api/v1/namespaces/shop/pods/a-0/log",
    ] {
        let reply = get(&cluster, uri);
        assert_eq!(reply.status, 403, "{uri}");
        seen.push_str(&reply.text());
    }
    insta::assert_snapshot!(seen, @r#"
    {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"persistentvolumes is forbidden: User \"jane\" cannot list resource \"persistentvolumes\" in API group \"\" at the cluster scope","reason":"Forbidden","details":{"kind":"persistentvolumes"},"code":403}
    {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"pods is forbidden: User \"jane\" cannot list resource \"pods\" in API group \"\" in the namespace \"shop\"","reason":"Forbidden","details":{"kind":"pods"},"code":403}
    {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"statefulsets.apps \"a\" is forbidden: User \"jane\" cannot get resource \"statefulsets\" in API group \"apps\" in the namespace \"shop\"","reason":"Forbidden","details":{"name":"a","group":"apps","kind":"statefulsets"},"code":403}
    {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"pods \"a-0\" is forbidden: User \"jane\" cannot get resource \"pods/log\" in API group \"\" in the namespace \"shop\"","reason":"Forbidden","details":{"name":"a-0","kind":"pods"},"code":403}
    "#);
    assert_eq!(get(&cluster, "/api/v1/namespaces/other/pods").status, 200);
    assert_eq!(get(&cluster, "/api/v1/pods").status, 200, "a rule for one namespace says nothing of the others");
    let other = ask(&cluster, "GET", "/api/v1/persistentvolumes").header("Impersonate-User", "joe").send().unwrap();
    assert!(other.json()["message"].as_str().unwrap().contains("User \"joe\" cannot"), "{}", other.text());
    assert_eq!(cluster.requests().last().unwrap().header("impersonate-user"), Some("joe"));
}

#[test]
fn what_a_role_does_not_name_is_denied() {
    let cluster = Cluster::new().allow_in("shop", "list", "pods").allow("get", "nodes").start();
    for (uri, expected) in [
        ("/api/v1/namespaces/shop/pods", 200),
        ("/api/v1/namespaces/other/pods", 403),
        ("/api/v1/pods", 403),
        ("/api/v1/namespaces/shop/services", 403),
        ("/api/v1/nodes/n", 404),
        ("/version", 200),
    ] {
        assert_eq!(get(&cluster, uri).status, expected, "{uri}");
    }
}

#[test]
fn reviews_answer_from_the_same_rules() {
    let cluster = Cluster::new().deny("list", "persistentvolumes").deny_in("shop", "get", "pods/log").start();
    let review = |attributes: serde_json::Value| {
        let body = json!({"kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1",
                          "spec": {"resourceAttributes": attributes}});
        let reply = ask(&cluster, "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews").body(body).send();
        let reply = reply.unwrap();
        assert_eq!(reply.status, 201, "{}", reply.text());
        reply.json()["status"]["allowed"].as_bool().unwrap()
    };
    assert!(!review(json!({"verb": "list", "resource": "persistentvolumes"})));
    assert!(review(json!({"verb": "get", "resource": "persistentvolumes", "name": "x"})));
    assert!(!review(json!({"verb": "get", "resource": "pods", "subresource": "log", "namespace": "shop"})));
    assert!(review(json!({"verb": "get", "resource": "pods", "subresource": "log", "namespace": "other"})));
    cluster.requests().assert_read_only();
}

#[test]
fn without_proof_it_is_401() {
    let cluster = Cluster::new().token("s3cret").client_certificate().start();
    let plain = get(&cluster, "/api/v1/pods");
    assert_eq!(plain.status, 401);
    insta::assert_snapshot!(plain.text(), @r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}"#);
    let with = |value: &str| ask(&cluster, "GET", "/api/v1/pods").header("Authorization", value).send().unwrap().status;
    assert_eq!(with("Bearer s3cret"), 200);
    assert_eq!(with("Bearer other"), 401);
    assert_eq!(ask(&cluster, "GET", "/api/v1/pods").certificate().send().unwrap().status, 200);
    let text = cluster.kubeconfig_text();
    assert!(text.contains("token: s3cret") && text.contains("client-key-data"), "{text}");
}
