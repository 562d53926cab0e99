//! One object: reading it, and changing it.

use serde_json::{Value, json};
use workload_tests::{Cluster, Running};

use crate::client::{Reply, ask, get};

const SETS: &str = "/apis/apps/v1/namespaces/shop/statefulsets";

fn cluster() -> Running {
    let set = json!({"kind": "StatefulSet", "apiVersion": "apps/v1",
                     "metadata": {"name": "web", "namespace": "shop", "uid": "u-1", "resourceVersion": "77"},
                     "spec": {"replicas": 3}});
    let claim = json!({"kind": "PersistentVolumeClaim", "apiVersion": "v1",
                       "metadata": {"name": "data-web-0", "namespace": "shop",
                                    "finalizers": ["kubernetes.io/pvc-protection"]}});
    Cluster::new().object(set).object(claim).start()
}

fn send(cluster: &Running, method: &str, uri: &str, kind: &str, body: &Value) -> Reply {
    ask(cluster, method, uri).header("Content-Type", kind).body(body).send().unwrap()
}

#[test]
fn what_is_not_there_is_404_in_the_servers_words() {
    let cluster = cluster();
    let mut seen = String::new();
    for uri in [
        &format!("{SETS}/nope"),
        "/api/v1/namespaces/shop/pods/nope",
        "/api/v1/namespaces/shop/pods/nope/log",
        "/api/v1/persistentvolumes/nope",
        "/apis/apps/v1/nopes",
        "/apis/nope.example/v1/namespaces/shop/nopes",
        "/nope",
    ] {
        let reply = get(&cluster, uri);
        assert_eq!(reply.status, 404);
        seen.push_str(&format!("{uri}\n  {}\n", reply.text().trim_end()));
    }
    insta::assert_snapshot!(seen, @r#"
    /apis/apps/v1/namespaces/shop/statefulsets/nope
      {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"statefulsets.apps \"nope\" not found","reason":"NotFound","details":{"name":"nope","group":"apps","kind":"statefulsets"},"code":404}
    /api/v1/namespaces/shop/pods/nope
      {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"pods \"nope\" not found","reason":"NotFound","details":{"name":"nope","kind":"pods"},"code":404}
    /api/v1/namespaces/shop/pods/nope/log
      {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"pods \"nope\" not found","reason":"NotFound","details":{"name":"nope","kind":"pods"},"code":404}
    /api/v1/persistentvolumes/nope
      {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"persistentvolumes \"nope\" not found","reason":"NotFound","details":{"name":"nope","kind":"persistentvolumes"},"code":404}
    /apis/apps/v1/nopes
      {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"the server could not find the requested resource","reason":"NotFound","details":{},"code":404}
    /apis/nope.example/v1/namespaces/shop/nopes
      404 page not found
    /nope
      404 page not found
    "#);
}

#[test]
fn an_object_is_as_it_was_given() {
    let cluster = cluster();
    insta::assert_snapshot!(get(&cluster, &format!("{SETS}/web")).text(), @r#"{"kind":"StatefulSet","apiVersion":"apps/v1","metadata":{"creationTimestamp":"2026-11-01T09:00:00Z","name":"web","namespace":"shop","resourceVersion":"77","uid":"u-1"},"spec":{"replicas":3}}"#);
    let table = "application/json;as=Table;v=v1;g=meta.k8s.io";
    assert_eq!(ask(&cluster, "GET", SETS).header("Accept", table).send().unwrap().status, 406);
    let both = format!("{table},application/json");
    let reply = ask(&cluster, "GET", SETS).header("Accept", &both).send().unwrap();
    assert_eq!((reply.status, reply.json()["kind"].as_str()), (200, Some("StatefulSetList")));
}

#[test]
fn creation_happens_once() {
    let cluster = cluster();
    let job = json!({"kind": "Job", "apiVersion": "batch/v1", "metadata": {"name": "j"}});
    let uri = "/apis/batch/v1/namespaces/shop/jobs";
    let dry = send(&cluster, "POST", &format!("{uri}?dryRun=All"), "application/json", &job);
    assert_eq!((dry.status, cluster.object("jobs", "shop", "j")), (201, None));
    let made = send(&cluster, "POST", uri, "application/json", &job);
    assert_eq!(made.status, 201);
    assert_eq!(made.json(), cluster.object("jobs", "shop", "j").unwrap());
    assert!(made.json()["metadata"]["uid"].is_string());
    let again = send(&cluster, "POST", uri, "application/json", &job);
    insta::assert_snapshot!(again.text(), @r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"jobs.batch \"j\" already exists","reason":"AlreadyExists","details":{"name":"j","group":"batch","kind":"jobs"},"code":409}"#);
    let named = json!({"kind": "Job", "apiVersion": "batch/v1", "metadata": {"generateName": "j-"}});
    let named = send(&cluster, "POST", uri, "application/json", &named).json();
    assert!(named["metadata"]["name"].as_str().unwrap().len() == "j-".len() + 5, "{named}");
}

#[test]
fn deletion_minds_its_preconditions() {
    let cluster = cluster();
    let uri = format!("{SETS}/web");
    let mut seen = String::new();
    for preconditions in
        [json!({"uid": "u-2"}), json!({"resourceVersion": "76"}), json!({"uid": "u-1", "resourceVersion": "77"})]
    {
        let options = json!({"preconditions": preconditions, "propagationPolicy": "Orphan"});
        let reply = send(&cluster, "DELETE", &uri, "application/json", &options);
        seen.push_str(&format!("{} {}", reply.status, reply.text()));
    }
    insta::assert_snapshot!(seen, @r#"
    409 {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Operation cannot be fulfilled on StatefulSet.apps \"web\": the UID in the precondition (u-2) does not match the UID in record (u-1). The object might have been deleted and then recreated","reason":"Conflict","details":{"name":"web","group":"apps","kind":"StatefulSet"},"code":409}
    409 {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Operation cannot be fulfilled on StatefulSet.apps \"web\": the ResourceVersion in the precondition (76) does not match the ResourceVersion in record (77). The object might have been modified","reason":"Conflict","details":{"name":"web","group":"apps","kind":"StatefulSet"},"code":409}
    200 {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","details":{"name":"web","group":"apps","kind":"statefulsets","uid":"u-1"}}
    "#);
    assert_eq!(get(&cluster, &uri).status, 404);
    let claim = send(&cluster, "DELETE", "/api/v1/namespaces/shop/persistentvolumeclaims/data-web-0", "", &json!({}));
    assert!(claim.json()["metadata"]["deletionTimestamp"].is_string(), "the finalizer holds it: {}", claim.text());
    assert_eq!(send(&cluster, "DELETE", SETS, "", &json!({})).status, 405);
}

#[test]
fn patches_change_and_conflict() {
    let cluster = cluster();
    let uri = format!("{SETS}/web");
    let merge = "application/merge-patch+json";
    let reply = send(&cluster, "PATCH", &uri, merge, &json!({"spec": {"replicas": 1}}));
    assert_eq!(reply.json()["spec"]["replicas"], 1);
    let old = json!({"metadata": {"resourceVersion": "77"}, "spec": {"replicas": 5}});
    insta::assert_snapshot!(send(&cluster, "PATCH", &uri, merge, &old).text(), @r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Operation cannot be fulfilled on statefulsets.apps \"web\": the object has been modified; please apply your changes to the latest version and try again","reason":"Conflict","details":{"name":"web","group":"apps","kind":"statefulsets"},"code":409}"#);
    let steps = json!([{"op": "test", "path": "/spec/replicas", "value": 1},
                       {"op": "add", "path": "/metadata/annotations", "value": {}},
                       {"op": "add", "path": "/metadata/annotations/a~1b", "value": "c"}]);
    let reply = send(&cluster, "PATCH", &uri, "application/json-patch+json", &steps);
    assert_eq!(reply.json()["metadata"]["annotations"]["a/b"], "c");
    let failed = json!([{"op": "test", "path": "/spec/replicas", "value": 9}]);
    assert_eq!(send(&cluster, "PATCH", &uri, "application/json-patch+json", &failed).status, 422);

    let scale = format!("{uri}/scale");
    assert_eq!(send(&cluster, "PATCH", &scale, merge, &json!({"spec": {"replicas": 4}})).json()["kind"], "Scale");
    assert_eq!(get(&cluster, &scale).json()["spec"]["replicas"], 4);
    assert_eq!(cluster.object("statefulsets", "shop", "web").unwrap()["spec"]["replicas"], 4);
    let writes = cluster.requests().only(|it| it.verb == "patch").verbs();
    assert_eq!(writes, ["patch statefulsets", "patch statefulsets/scale"]);
}
