//! A large cluster posted to a server is the one that the fake serves.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};
use workload_tests::bulk::Shape;
use workload_tests::{Cluster, Running, post};

use crate::client::get;

const KINDS: [&str; 5] = [
    "/apis/apps/v1/statefulsets",
    "/api/v1/services",
    "/api/v1/pods",
    "/api/v1/persistentvolumeclaims",
    "/api/v1/persistentvolumes",
];

#[test]
fn a_posted_cluster_is_the_one_that_the_fake_serves() {
    let shape = Shape { sets: 3, ordinals: 2, namespaces: 2 };
    let served = Cluster::new().bulk(shape).bystanders(shape, 1).start();
    let empty = Cluster::new().start();
    let posted = block_on(post::bulk(&kubeconfig(&empty), shape, 1)).unwrap();
    assert_eq!(
        posted,
        2 * 2 + 3 * (2 + 2 * 4),
        "namespaces with their ServiceAccounts, sets with Services, four objects per ordinal"
    );
    for kind in KINDS {
        let comparable = |(name, object): (String, Value)| (name.replace("pvc-", "vol-"), comparable(object));
        let expected: BTreeMap<_, _> = all(&served, kind).into_iter().map(comparable).collect();
        let found: BTreeMap<_, _> = all(&empty, kind).into_iter().map(comparable).collect();
        assert_eq!(found, expected, "{kind}");
    }
}

#[test]
fn objects_name_one_another_by_the_uids_that_the_server_gave() {
    let shape = Shape { sets: 2, ordinals: 2, namespaces: 1 };
    let cluster = Cluster::new().start();
    block_on(post::bulk(&kubeconfig(&cluster), shape, 0)).unwrap();
    let uid = |object: &Value| object["metadata"]["uid"].clone();
    let [sets, _, pods, claims, volumes] = KINDS.map(|kind| all(&cluster, kind));
    for pod in pods.values() {
        let owner = &pod["metadata"]["ownerReferences"][0];
        let set = &sets[&format!("ns-000/{}", owner["name"].as_str().unwrap())];
        assert_eq!(owner["uid"], uid(set));
    }
    for volume in volumes.values() {
        let of = &volume["spec"]["claimRef"];
        assert_eq!(of["uid"], uid(&claims[&format!("ns-000/{}", of["name"].as_str().unwrap())]));
    }
}

#[test]
fn jobs_of_a_file_are_posted_after_the_cron_job_that_owns_them() {
    let job = |name: &str, owner: &str| {
        json!({"apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": name, "namespace": "a", "uid": name, "ownerReferences": [{"kind": "CronJob", "name": owner, "uid": owner}]},
            "status": {"succeeded": 1}})
    };
    let cron = |name: &str| json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name, "namespace": "a", "uid": name}});
    let list = json!({"items": [cron("hourly"), cron("daily"), job("daily-1", "daily"), job("hourly-1", "hourly")]});
    let cluster = Cluster::new().start();
    let file = cluster.directory().join("list.json");
    std::fs::write(&file, list.to_string()).unwrap();
    assert_eq!(block_on(post::file(&kubeconfig(&cluster), &file)).unwrap(), 4);
    let crons = all(&cluster, "/apis/batch/v1/cronjobs");
    for (name, job) in all(&cluster, "/apis/batch/v1/jobs") {
        let owner = &crons[name.trim_end_matches("-1")];
        assert_eq!(job["metadata"]["ownerReferences"][0]["uid"], owner["metadata"]["uid"], "{name}");
        assert_eq!(job["status"]["succeeded"], 1, "{name}");
    }
}

#[test]
fn what_the_server_refuses_is_told_with_its_words() {
    let cluster = Cluster::new().deny("create", "statefulsets").start();
    let shape = Shape { sets: 1, ordinals: 1, namespaces: 1 };
    let why = block_on(post::bulk(&kubeconfig(&cluster), shape, 0)).unwrap_err().to_string();
    assert!(why.starts_with("POST /apis/apps/v1/namespaces/ns-000/statefulsets: {"), "{why}");
    assert!(why.contains("cannot create resource"), "{why}");
}

/// A list's objects by namespace and name.
fn all(cluster: &Running, kind: &str) -> BTreeMap<String, Value> {
    let items = get(cluster, kind).json()["items"].as_array().unwrap().clone();
    let name = |object: &Value| {
        let metadata = &object["metadata"];
        let namespace = metadata["namespace"].as_str().map_or_else(String::new, |it| format!("{it}/"));
        format!("{namespace}{}", metadata["name"].as_str().unwrap())
    };
    items.into_iter().map(|object| (name(&object), object)).collect()
}

/// Without what the server sets, and volumes by the names that they are posted with: not by a claim's UID, which the server gives anew.
fn comparable(mut object: Value) -> Value {
    for field in ["uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"] {
        object["metadata"].as_object_mut().unwrap().remove(field);
    }
    for of in ["/metadata/ownerReferences/0/uid", "/spec/claimRef/uid"] {
        if let Some(uid) = object.pointer_mut(of) {
            uid.take();
        }
    }
    serde_json::from_str(&object.to_string().replace("\"pvc-", "\"vol-")).unwrap()
}

/// As the testbed writes it: with paths.
fn kubeconfig(cluster: &Running) -> PathBuf {
    let folder = cluster.directory();
    let (certificate, key) = cluster.client_pem();
    for (name, text) in [("ca.crt", cluster.authority_pem()), ("admin.crt", certificate), ("admin.key", key)] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let config = json!({
        "clusters": [{"cluster": {"server": cluster.url(), "certificate-authority": folder.join("ca.crt")}}],
        "users": [{"user": {"client-certificate": folder.join("admin.crt"), "client-key": folder.join("admin.key")}}],
    });
    let path = folder.join("admin.kubeconfig");
    std::fs::write(&path, config.to_string()).unwrap();
    path
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
