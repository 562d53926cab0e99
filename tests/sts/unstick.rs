//! `kubectl sts unstick`: a pod that traps its rollout, and one whose name is of an earlier serviceName.
// A panic in a test's own helper is a failed test.
#![allow(clippy::unwrap_used)]

use insta::assert_snapshot;
use serde_json::json;
use workload_tests::{Cluster, Running};

use crate::secrets::{TALKS, kubeconfig, plugin, runs};
use crate::{run, shop, shown, sts};

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
    assert_snapshot!(shown(&cluster, &run(&cluster, "unstick redis-stset")), @"
    exit code 3
    --- stderr
    RolloutTrapped: Pod redis-stset-1 is of an older revision and not ready, and the controller waits for it to be ready before it replaces it; a revert does not help.
    Pod redis-stset-1 is to be deleted; its set makes it anew, and its claims and their data stay.
    Nobody is there to be asked: nothing was changed. --yes answers beforehand.
    ");
    cluster.requests().assert_read_only();
    assert_snapshot!(shown(&cluster, &run(&cluster, "unstick redis-stset --dry-run=server")), @"
    exit code 0
    --- stdout
    pod/redis-stset-1 deleted (server dry run)
    --- stderr
    RolloutTrapped: Pod redis-stset-1 is of an older revision and not ready, and the controller waits for it to be ready before it replaces it; a revert does not help.
    Pod redis-stset-1 is to be deleted; its set makes it anew, and its claims and their data stay.
    ");
    assert!(cluster.object("pods", "shop", "redis-stset-1").is_some());
    cluster.forget_requests();
    assert_snapshot!(shown(&cluster, &run(&cluster, "unstick redis-stset --yes")), @"
    exit code 0
    --- stdout
    pod/redis-stset-1 deleted
    --- stderr
    RolloutTrapped: Pod redis-stset-1 is of an older revision and not ready, and the controller waits for it to be ready before it replaces it; a revert does not help.
    Pod redis-stset-1 is to be deleted; its set makes it anew, and its claims and their data stay.
    kubectl sts status redis-stset -n shop --wait  # until its pods are ready again
    ");
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
fn its_two_looks_and_its_step_are_one_login() {
    let cluster = trapped(shop().token("HIDDEN-token"));
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("config");
    kubeconfig(&cluster, &plugin(TALKS, 0), "", &file);
    let line = "unstick redis-stset --yes -n shop";
    let seen = sts().env("KUBECONFIG", &file).args(line.split(' ')).run();
    assert_eq!((seen.code, runs(&seen)), (0, 1), "{}", seen.whole());
    assert!(cluster.object("pods", "shop", "redis-stset-1").is_none());
}

#[test]
fn another_ordinal_is_not_restarted_in_its_place() {
    let cluster = trapped(shop());
    assert_snapshot!(shown(&cluster, &run(&cluster, "unstick redis-stset 0 --yes")), @"
    exit code 0
    --- stderr
    Set redis-stset is in no trouble that this command mends.
    CrashLoop: The container redis fails again and again: it was started again 7 times.
    kubectl -n shop logs redis-stset-1 -c redis
    ");
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
    assert_snapshot!(shown(&cluster, &run(&cluster, "unstick redis-stset --yes")), @r#"
    exit code 0
    --- stdout
    pod/redis-stset-1 deleted
    --- stderr
    SubdomainDrift: Pod redis-stset-1 was made with spec.subdomain "redis-old", the set now says "redis-svc": its name is still the old one until it is restarted.
    Pod redis-stset-1 is to be deleted; its set makes it anew, and its claims and their data stay.
    kubectl sts status redis-stset -n shop --wait  # until its pods are ready again; then once more for redis-stset-0: kubectl sts unstick redis-stset -n shop
    "#);
    assert!(cluster.object("pods", "shop", "redis-stset-1").is_none());
    assert!(cluster.object("pods", "shop", "redis-stset-0").is_some());
    // While it is away the other one stays.
    cluster.forget_requests();
    assert_snapshot!(shown(&cluster, &run(&cluster, "unstick redis-stset --yes")), @r#"
    exit code 3
    --- stderr
    SubdomainDrift: Pod redis-stset-0 was made with spec.subdomain "redis-old", the set now says "redis-svc": its name is still the old one until it is restarted.
    Pod redis-stset-0 would have to be restarted, but not now: pod redis-stset-1 is not there, and a second one would be missing.
    "#);
    cluster.requests().assert_read_only();
}

#[test]
fn a_pod_whose_claim_is_being_deleted_is_never_restarted() {
    let cluster = trapped(shop());
    let going = json!({"metadata": {"deletionTimestamp": "2026-11-24T00:00:00Z", "finalizers": ["kubernetes.io/pvc-protection"]}});
    cluster.patch("persistentvolumeclaims", "shop", "redis-data-storage-redis-stset-1", going);
    assert_snapshot!(shown(&cluster, &run(&cluster, "unstick redis-stset --yes")), @"
    exit code 0
    --- stdout
    persistentvolume/pvc-[UID] set to Retain
    --- stderr
    Claim redis-data-storage-redis-stset-1 is being deleted under its pod, and volume pvc-[UID] would go with it: it is to be set to Retain.
    RolloutTrapped: Pod redis-stset-1 is of an older revision and not ready, and the controller waits for it to be ready before it replaces it; a revert does not help.
    Pod redis-stset-1 would have to be restarted, but not now: its claim redis-data-storage-redis-stset-1 is being deleted and goes when the pod stops.
    The data outlives redis-data-storage-redis-stset-1. When the pod next stops, the claim goes and the volume is Released: scale the set down first, then
    kubectl sts orphans  # names the command by which a claim of the same name takes the volume again
    ");
    assert!(cluster.object("pods", "shop", "redis-stset-1").is_some());
}
