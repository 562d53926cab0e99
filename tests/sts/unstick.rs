//! `kubectl sts unstick`: a pod that traps its rollout, and one whose name is of an earlier serviceName.

use insta::assert_snapshot;
use serde_json::json;
use workload_tests::{Cluster, Running};

use crate::{run, shop, shown};

/// The Redis set went back to its revision, and its second pod is still of the broken one.
fn trapped(cluster: Cluster) -> Running {
    let cluster = cluster.start();
    let fails = json!({"metadata": {"labels": {"controller-revision-hash": "redis-stset-broken"}}, "status": {
        "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "2026-11-24T00:00:00Z"}],
        "containerStatuses": [{"name": "redis", "ready": false, "restartCount": 7,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}});
    cluster.patch("pods", "shop", "redis-stset-1", fails);
    cluster.forget_requests();
    cluster
}

#[test]
fn a_trapped_pod_is_deleted_by_its_uid_after_it_was_shown() {
    let cluster = trapped(shop());
    let uid = cluster.object("pods", "shop", "redis-stset-1").unwrap()["metadata"]["uid"].clone();
    assert_snapshot!(shown(&cluster, &run(&cluster, "unstick redis-stset")), @"");
    cluster.requests().assert_read_only();
    assert_snapshot!(shown(&cluster, &run(&cluster, "unstick redis-stset --dry-run=server")), @"");
    assert!(cluster.object("pods", "shop", "redis-stset-1").is_some());
    cluster.forget_requests();
    assert_snapshot!(shown(&cluster, &run(&cluster, "unstick redis-stset --yes")), @"");
    let deletions: Vec<_> =
        cluster.requests().iter().filter(|request| request.verb == "delete").map(|it| it.body.clone()).collect();
    assert_eq!(deletions.len(), 2, "rehearsed, then done");
    for body in deletions {
        let options: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&options["preconditions"]["uid"], &options["propagationPolicy"]), (&uid, &json!("Background")));
    }
    assert!(cluster.object("pods", "shop", "redis-stset-1").is_none());
}

#[test]
fn another_ordinal_is_not_restarted_in_its_place() {
    let cluster = trapped(shop());
    assert_snapshot!(shown(&cluster, &run(&cluster, "unstick redis-stset 0 --yes")), @"");
    cluster.requests().assert_read_only();
}

#[test]
fn who_may_not_delete_pods_learns_it_before_anything_is_done() {
    let cluster = trapped(shop().deny("delete", "pods"));
    let seen = run(&cluster, "unstick redis-stset --yes");
    assert_eq!(seen.code, 1, "{}", seen.stderr);
    assert!(seen.stderr.contains("cannot delete resource \"pods\""), "{}", seen.stderr);
    assert!(cluster.object("pods", "shop", "redis-stset-1").is_some());
}

/// Both pods were made under an earlier serviceName.
fn drifted() -> Running {
    let cluster = shop().start();
    for pod in ["redis-stset-0", "redis-stset-1"] {
        cluster.patch("pods", "shop", pod, json!({"spec": {"subdomain": "redis-old"}}));
    }
    cluster.forget_requests();
    cluster
}

#[test]
fn a_pod_of_an_earlier_service_name_is_restarted_one_at_a_time() {
    let cluster = drifted();
    assert_snapshot!(shown(&cluster, &run(&cluster, "unstick redis-stset --yes")), @"");
    assert!(cluster.object("pods", "shop", "redis-stset-1").is_none());
    assert!(cluster.object("pods", "shop", "redis-stset-0").is_some());
    // While it is away the other one stays.
    cluster.forget_requests();
    assert_snapshot!(shown(&cluster, &run(&cluster, "unstick redis-stset --yes")), @"");
    cluster.requests().assert_read_only();
}

#[test]
fn a_pod_whose_claim_is_being_deleted_is_never_restarted() {
    let cluster = trapped(shop());
    let going = json!({"metadata": {"deletionTimestamp": "2026-11-24T00:00:00Z", "finalizers": ["kubernetes.io/pvc-protection"]}});
    cluster.patch("persistentvolumeclaims", "shop", "redis-data-storage-redis-stset-1", going);
    assert_snapshot!(shown(&cluster, &run(&cluster, "unstick redis-stset --yes")), @"");
    assert!(cluster.object("pods", "shop", "redis-stset-1").is_some());
}
