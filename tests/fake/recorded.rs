//! Recorded objects, and large clusters made of them.

use std::collections::BTreeSet;

use serde_json::Value;
use workload_tests::Cluster;
use workload_tests::bulk::Shape;

use crate::client::{ask, get};

#[test]
fn recordings_are_served_as_they_were() {
    let cluster = Cluster::new().file("objects/redis.json").file("objects/cluster.json").start();
    let sets = get(&cluster, "/apis/apps/v1/statefulsets").json();
    let namespace = sets["items"][0]["metadata"]["namespace"].as_str().unwrap();
    let pods = get(&cluster, &format!("/api/v1/namespaces/{namespace}/pods"));
    assert_eq!(pods.names(), ["redis-stset-0", "redis-stset-1"]);
    assert!(pods.json()["items"][0]["metadata"]["managedFields"].is_array());
    assert_eq!(get(&cluster, "/api/v1/persistentvolumes").names().len(), 2);
    assert!(get(&cluster, "/api/v1/nodes").names().len() >= 2);
}

#[test]
fn a_large_cluster_is_made_of_true_objects() {
    let cluster = Cluster::new().bulk(Shape { sets: 3, ordinals: 12, namespaces: 2 }).start();
    let all = |resource: &str| -> Vec<Value> { get(&cluster, resource).json()["items"].as_array().unwrap().clone() };
    let claims = all("/api/v1/persistentvolumeclaims");
    let volumes = all("/api/v1/persistentvolumes");
    let pods = all("/api/v1/pods");
    assert_eq!([claims.len(), volumes.len(), pods.len()], [36, 36, 36]);
    for claim in &claims {
        let volume = volumes.iter().find(|it| it["metadata"]["name"] == claim["spec"]["volumeName"]).unwrap();
        assert_eq!(volume["spec"]["claimRef"]["uid"], claim["metadata"]["uid"]);
        assert_eq!(volume["spec"]["claimRef"]["name"], claim["metadata"]["name"]);
        assert_eq!(volume["spec"]["claimRef"]["namespace"], claim["metadata"]["namespace"]);
    }
    for pod in &pods {
        let name = pod["metadata"]["name"].as_str().unwrap();
        let (set, ordinal) = name.rsplit_once('-').unwrap();
        assert_eq!(pod["metadata"]["ownerReferences"][0]["name"], set);
        assert_eq!(pod["metadata"]["labels"]["apps.kubernetes.io/pod-index"], ordinal);
        let claim = pod["spec"]["volumes"]
            .as_array()
            .unwrap()
            .iter()
            .find_map(|it| it["persistentVolumeClaim"]["claimName"].as_str());
        assert!(claims.iter().any(|it| it["metadata"]["name"].as_str() == claim), "{claim:?}");
    }
    let uids: BTreeSet<&str> =
        claims.iter().chain(&volumes).chain(&pods).map(|it| it["metadata"]["uid"].as_str().unwrap()).collect();
    assert_eq!(uids.len(), 3 * 36);
    let sets = all("/apis/apps/v1/namespaces/ns-000/statefulsets");
    assert_eq!(sets.len(), 2);
    assert_eq!((&sets[1]["spec"]["replicas"], &sets[1]["status"]["readyReplicas"]), (&12.into(), &12.into()));
    let one = get(&cluster, "/api/v1/pods?labelSelector=statefulset.kubernetes.io%2Fpod-name%3Dweb-00002-11");
    assert_eq!(one.names(), ["web-00002-11"]);
    for (sort, object) in [("claim", &claims[0]), ("volume", &volumes[0]), ("pod", &pods[0]), ("set", &sets[0])] {
        let size = object.to_string().len();
        assert!((1000..12_000).contains(&size), "a {sort} has {size} bytes");
    }
}

#[test]
fn a_set_of_ones_own_is_one_line() {
    let cluster = Cluster::new().stateful_set("shop", "db", 2).stateful_set("shop", "web", 0).start();
    assert_eq!(get(&cluster, "/apis/apps/v1/namespaces/shop/statefulsets").names(), ["db", "web"]);
    assert_eq!(get(&cluster, "/api/v1/namespaces/shop/pods").names(), ["db-0", "db-1"]);
    assert_eq!(cluster.object("services", "shop", "db-svc").unwrap()["metadata"]["name"], "db-svc");
    let claim = cluster.object("persistentvolumeclaims", "shop", "redis-data-storage-db-1").unwrap();
    let volume = cluster.object("persistentvolumes", "", claim["spec"]["volumeName"].as_str().unwrap()).unwrap();
    assert_eq!(volume["spec"]["claimRef"]["uid"], claim["metadata"]["uid"]);
}

#[test]
fn people_get_indented_json() {
    let cluster = Cluster::new().start();
    let uri = "/api/v1/namespaces/shop/pods/nope";
    let curl = ask(&cluster, "GET", uri).header("User-Agent", "curl/8.0").send().unwrap();
    insta::assert_snapshot!(curl.text(), @r#"
    {
      "kind": "Status",
      "apiVersion": "v1",
      "metadata": {},
      "status": "Failure",
      "message": "pods \"nope\" not found",
      "reason": "NotFound",
      "details": {
        "name": "nope",
        "kind": "pods"
      },
      "code": 404
    }
    "#);
    let ours = ask(&cluster, "GET", uri).header("User-Agent", "kubectl-sts/0.1").send().unwrap();
    assert_eq!(ours.json(), curl.json());
    assert_eq!((curl.text().len(), ours.text().len()), (223, 176), "as many bytes as from the real server");
    let version = get(&cluster, "/version");
    insta::assert_snapshot!(version.text(), @r#"
    {
      "major": "1",
      "minor": "36",
      "emulationMajor": "1",
      "emulationMinor": "36",
      "minCompatibilityMajor": "1",
      "minCompatibilityMinor": "35",
      "gitVersion": "v1.36.3",
      "gitCommit": "0000000000000000000000000000000000000000",
      "gitTreeState": "clean",
      "buildDate": "1970-01-01T00:00:00Z",
      "goVersion": "go1.26.8",
      "compiler": "gc",
      "platform": "linux/amd64"
    }
    "#);
}

#[test]
fn what_is_served_can_be_discovered() {
    let cluster = Cluster::new().kind("example.com/v1", "Widget", "widgets", true).start();
    let groups = get(&cluster, "/apis").json();
    let names: Vec<&str> = groups["groups"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"apps") && names.contains(&"example.com"), "{names:?}");
    let core = get(&cluster, "/api/v1").json();
    let pods = core["resources"].as_array().unwrap().iter().find(|it| it["name"] == "pods").unwrap();
    assert_eq!((&pods["namespaced"], &pods["kind"]), (&true.into(), &"Pod".into()));
    assert_eq!(get(&cluster, "/apis/apps/v9").status, 404);
}
