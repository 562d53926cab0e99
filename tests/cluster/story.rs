//! The tutorial's Redis set, from its first start to its return after a deletion: whose data is where at each step.

use serde_json::Value;

use crate::lane::{Lane, Scenario, until};

pub(crate) const SCENARIOS: &[Scenario] = &[Scenario::new("redis", redis).quick()];

const REDIS: &str = include_str!("../../examples/topologies/redis.yaml");
/// The claims' names without their ordinal.
const CLAIM: &str = "pvc/redis-data-storage-redis-stset";

/// UID of ordinal `k`'s claim and name of its volume, which holds the UID of the claim that it was made for.
fn claim(lane: &Lane, k: u32) -> (String, String) {
    let claim = format!("{CLAIM}-{k}");
    let uid = lane.field(&claim, "/metadata/uid");
    let volume = lane.field(&claim, "/spec/volumeName");
    assert_eq!(volume, format!("pvc-{uid}"), "the volume that was made for this very claim");
    (uid, lane.field(&format!("pv/{volume}"), "/metadata/uid"))
}

/// The table; before it, that the report on all namespaces says the same of this one.
fn shows_volumes(lane: &Lane) -> String {
    let items = |flags: &str| -> Vec<Value> {
        let report = lane.run(&format!("kubectl sts volumes {flags} -o json"));
        let report: Value = serde_json::from_str(&report).expect("-o json prints JSON");
        let all = report["items"].as_array().cloned().unwrap_or_default();
        all.into_iter().filter(|row| row["object"]["namespace"] == *lane.namespace).collect()
    };
    assert_eq!(items("-A"), items(""), "-A says the same of this namespace");
    lane.shows("kubectl sts volumes redis-stset")
}

fn shows_status(lane: &Lane) -> String {
    lane.shows("kubectl sts status redis-stset")
}

fn redis(lane: &Lane) {
    lane.any_node();
    lane.apply(REDIS);
    lane.until_ready(&["redis-stset-0", "redis-stset-1"]);
    lane.until_field("sts/redis-stset", "/status/readyReplicas", "2");
    let first = [claim(lane, 0), claim(lane, 1)];
    insta::assert_snapshot!(shows_volumes(lane), @"
    ORD   POD             READY   CLAIM                              STATE   SIZE    CLASS        VOLUME   RECLAIM   PLACE   AGE
    0     redis-stset-0   2/2     redis-data-storage-redis-stset-0   InUse   100Mi   local-path   pvc-1…   Delete    node?   <age>
    1     redis-stset-1   2/2     redis-data-storage-redis-stset-1   InUse   100Mi   local-path   pvc-2…   Delete    node?   <age>

    2 claims in use.
    ");
    insta::assert_snapshot!(shows_status(lane), @"
    StatefulSet redis-test/redis-stset: 2 of 2 ready

    ORD   POD             READY   STATUS    RESTARTS   REVISION   CLAIMS   DNS         NODE    AGE
    0     redis-stset-0   2/2     Running   0          current    InUse    published   node?   <age>
    1     redis-stset-1   2/2     Running   0          current    InUse    published   node?   <age>
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts status"), @"
    NAME          DESIRED   READY   CURRENT   UPDATED   RETAINED   FINDINGS   AGE
    redis-stset   2         2       2         2         0          <none>     <age>
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes redis-stset -o json"), @r#"
    {
        "apiVersion": "workloads.kubectl/v1alpha1",
        "kind": "VolumeReport",
        "metadata": {
            "context": "testbed",
            "namespace": "redis-test",
            "serverVersion": "<version>",
            "time": "<time>",
            "complete": true
        },
        "items": [
            {
                "object": {
                    "kind": "PersistentVolumeClaim",
                    "namespace": "redis-test",
                    "name": "redis-data-storage-redis-stset-0",
                    "uid": "uid-1"
                },
                "set": "redis-stset",
                "template": "redis-data-storage",
                "ordinal": 0,
                "inRange": true,
                "pod": {
                    "name": "redis-stset-0",
                    "uid": "uid-3",
                    "status": "Running",
                    "ready": true,
                    "node": "node?"
                },
                "claim": {
                    "phase": "Bound",
                    "storageClass": "local-path",
                    "request": "100Mi",
                    "capacity": "100Mi",
                    "accessModes": [
                        "ReadWriteOnce"
                    ],
                    "created": "<time>"
                },
                "volume": {
                    "name": "pvc-1",
                    "known": true,
                    "exists": true,
                    "uid": "uid-4",
                    "phase": "Bound",
                    "since": "<time>",
                    "reclaimPolicy": "Delete",
                    "capacity": "100Mi",
                    "node": "node?"
                },
                "fate": {
                    "onSetDelete": "kept",
                    "onScaleDown": "kept"
                },
                "deletable": "never",
                "verdicts": [
                    {
                        "code": "InUse",
                        "severity": "Ok",
                        "since": "<time>",
                        "says": "Pod redis-stset-0 uses it.",
                        "evidence": [
                            {
                                "object": "Pod/redis-stset-0",
                                "field": "spec.volumes[].persistentVolumeClaim.claimName",
                                "value": "redis-data-storage-redis-stset-0"
                            },
                            {
                                "object": "Pod/redis-stset-0",
                                "field": "spec.nodeName",
                                "value": "node?"
                            }
                        ],
                        "unknown": []
                    }
                ]
            },
            {
                "object": {
                    "kind": "PersistentVolumeClaim",
                    "namespace": "redis-test",
                    "name": "redis-data-storage-redis-stset-1",
                    "uid": "uid-2"
                },
                "set": "redis-stset",
                "template": "redis-data-storage",
                "ordinal": 1,
                "inRange": true,
                "pod": {
                    "name": "redis-stset-1",
                    "uid": "uid-5",
                    "status": "Running",
                    "ready": true,
                    "node": "node?"
                },
                "claim": {
                    "phase": "Bound",
                    "storageClass": "local-path",
                    "request": "100Mi",
                    "capacity": "100Mi",
                    "accessModes": [
                        "ReadWriteOnce"
                    ],
                    "created": "<time>"
                },
                "volume": {
                    "name": "pvc-2",
                    "known": true,
                    "exists": true,
                    "uid": "uid-6",
                    "phase": "Bound",
                    "since": "<time>",
                    "reclaimPolicy": "Delete",
                    "capacity": "100Mi",
                    "node": "node?"
                },
                "fate": {
                    "onSetDelete": "kept",
                    "onScaleDown": "kept"
                },
                "deletable": "never",
                "verdicts": [
                    {
                        "code": "InUse",
                        "severity": "Ok",
                        "since": "<time>",
                        "says": "Pod redis-stset-1 uses it.",
                        "evidence": [
                            {
                                "object": "Pod/redis-stset-1",
                                "field": "spec.volumes[].persistentVolumeClaim.claimName",
                                "value": "redis-data-storage-redis-stset-1"
                            },
                            {
                                "object": "Pod/redis-stset-1",
                                "field": "spec.nodeName",
                                "value": "node?"
                            }
                        ],
                        "unknown": []
                    }
                ]
            }
        ],
        "findings": []
    }
    "#);
    insta::assert_snapshot!(lane.shows("kubectl sts volumes -o wide"), @"
    SET           ORD   POD             READY   TEMPLATE             CLAIM                              STATE   SIZE    CLASS        MODES   VOLUME   PHASE   RECLAIM   PLACE   AGE     CREATED
    redis-stset   0     redis-stset-0   2/2     redis-data-storage   redis-data-storage-redis-stset-0   InUse   100Mi   local-path   RWO     pvc-1    Bound   Delete    node?   <age>   <time>
    redis-stset   1     redis-stset-1   2/2     redis-data-storage   redis-data-storage-redis-stset-1   InUse   100Mi   local-path   RWO     pvc-2    Bound   Delete    node?   <age>   <time>

    2 claims in use.
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes -o name"), @"
    persistentvolumeclaim/redis-data-storage-redis-stset-0
    persistentvolumeclaim/redis-data-storage-redis-stset-1
    ");

    // A key outlives its pod: the same claim, the same volume.
    redis_says(lane, "SET lane kept", "OK");
    redis_says(lane, "SAVE", "OK");
    let pod = lane.field("pod/redis-stset-0", "/metadata/uid");
    lane.run("kubectl delete pod redis-stset-0 --grace-period=1");
    lane.until_ready(&["redis-stset-0"]);
    assert_ne!(lane.field("pod/redis-stset-0", "/metadata/uid"), pod, "a new pod of the same name");
    redis_says(lane, "GET lane", "kept");
    assert_eq!(claim(lane, 0), first[0]);
    lane.until_field("sts/redis-stset", "/status/readyReplicas", "2");
    insta::assert_snapshot!(shows_volumes(lane), @"
    ORD   POD             READY   CLAIM                              STATE   SIZE    CLASS        VOLUME   RECLAIM   PLACE   AGE
    0     redis-stset-0   2/2     redis-data-storage-redis-stset-0   InUse   100Mi   local-path   pvc-1…   Delete    node?   <age>
    1     redis-stset-1   2/2     redis-data-storage-redis-stset-1   InUse   100Mi   local-path   pvc-2…   Delete    node?   <age>

    2 claims in use.
    ");

    // Scaled to one: ordinal 1's claim is left.
    lane.run("kubectl scale sts redis-stset --replicas 1");
    lane.until_gone("pod/redis-stset-1");
    lane.until_field("sts/redis-stset", "/status/replicas", "1");
    insta::assert_snapshot!(shows_volumes(lane), @"
    ORD   POD             READY   CLAIM                              STATE   SIZE    CLASS        VOLUME   RECLAIM   PLACE   AGE
    0     redis-stset-0   2/2     redis-data-storage-redis-stset-0   InUse   100Mi   local-path   pvc-1…   Delete    node?   <age>

    Retained: no ordinal in range uses these claims
    ORD   POD      READY    CLAIM                              STATE                SIZE    CLASS        VOLUME   RECLAIM   PLACE   AGE
    1     <none>   <none>   redis-data-storage-redis-stset-1   RetainedScaledDown   100Mi   local-path   pvc-2…   Delete    node?   <age>

    1 claim in use, 1 retained (100Mi); scaling redis-stset to 2 attaches redis-data-storage-redis-stset-1 again.
    ");
    insta::assert_snapshot!(shows_status(lane), @"
    StatefulSet redis-test/redis-stset: 1 of 1 ready

    ORD   POD             READY   STATUS    RESTARTS   REVISION   CLAIMS   DNS         NODE    AGE
    0     redis-stset-0   2/2     Running   0          current    InUse    published   node?   <age>

    1 claim retained (100Mi): redis-data-storage-redis-stset-1. Details: kubectl sts volumes redis-stset -n redis-test
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes redis-stset -o json"), @r#"
    {
        "apiVersion": "workloads.kubectl/v1alpha1",
        "kind": "VolumeReport",
        "metadata": {
            "context": "testbed",
            "namespace": "redis-test",
            "serverVersion": "<version>",
            "time": "<time>",
            "complete": true
        },
        "items": [
            {
                "object": {
                    "kind": "PersistentVolumeClaim",
                    "namespace": "redis-test",
                    "name": "redis-data-storage-redis-stset-0",
                    "uid": "uid-1"
                },
                "set": "redis-stset",
                "template": "redis-data-storage",
                "ordinal": 0,
                "inRange": true,
                "pod": {
                    "name": "redis-stset-0",
                    "uid": "uid-7",
                    "status": "Running",
                    "ready": true,
                    "node": "node?"
                },
                "claim": {
                    "phase": "Bound",
                    "storageClass": "local-path",
                    "request": "100Mi",
                    "capacity": "100Mi",
                    "accessModes": [
                        "ReadWriteOnce"
                    ],
                    "created": "<time>"
                },
                "volume": {
                    "name": "pvc-1",
                    "known": true,
                    "exists": true,
                    "uid": "uid-4",
                    "phase": "Bound",
                    "since": "<time>",
                    "reclaimPolicy": "Delete",
                    "capacity": "100Mi",
                    "node": "node?"
                },
                "fate": {
                    "onSetDelete": "kept",
                    "onScaleDown": "kept"
                },
                "deletable": "never",
                "verdicts": [
                    {
                        "code": "InUse",
                        "severity": "Ok",
                        "since": "<time>",
                        "says": "Pod redis-stset-0 uses it.",
                        "evidence": [
                            {
                                "object": "Pod/redis-stset-0",
                                "field": "spec.volumes[].persistentVolumeClaim.claimName",
                                "value": "redis-data-storage-redis-stset-0"
                            },
                            {
                                "object": "Pod/redis-stset-0",
                                "field": "spec.nodeName",
                                "value": "node?"
                            }
                        ],
                        "unknown": []
                    }
                ]
            },
            {
                "object": {
                    "kind": "PersistentVolumeClaim",
                    "namespace": "redis-test",
                    "name": "redis-data-storage-redis-stset-1",
                    "uid": "uid-2"
                },
                "set": "redis-stset",
                "template": "redis-data-storage",
                "ordinal": 1,
                "inRange": false,
                "claim": {
                    "phase": "Bound",
                    "storageClass": "local-path",
                    "request": "100Mi",
                    "capacity": "100Mi",
                    "accessModes": [
                        "ReadWriteOnce"
                    ],
                    "created": "<time>"
                },
                "volume": {
                    "name": "pvc-2",
                    "known": true,
                    "exists": true,
                    "uid": "uid-6",
                    "phase": "Bound",
                    "since": "<time>",
                    "reclaimPolicy": "Delete",
                    "capacity": "100Mi",
                    "node": "node?"
                },
                "fate": {
                    "onSetDelete": "kept"
                },
                "deletable": "named",
                "verdicts": [
                    {
                        "code": "RetainedScaledDown",
                        "severity": "Notice",
                        "says": "Ordinal 1 is out of range of set redis-stset; scaling redis-stset to 2 or more attaches it again with its data.",
                        "evidence": [
                            {
                                "object": "StatefulSet/redis-stset",
                                "field": "spec.replicas",
                                "value": "1"
                            }
                        ],
                        "unknown": [
                            "this command does not read deployments, replicasets, daemonsets, jobs, cronjobs, volumesnapshots: kubectl sts orphans does"
                        ]
                    },
                    {
                        "code": "DiskDiesWithClaim",
                        "severity": "Notice",
                        "says": "Deleting this claim deletes its disk.",
                        "evidence": [
                            {
                                "object": "PersistentVolume/pvc-2",
                                "field": "spec.persistentVolumeReclaimPolicy",
                                "value": "Delete"
                            }
                        ],
                        "unknown": []
                    }
                ]
            }
        ],
        "findings": []
    }
    "#);

    // Scaled to three: ordinal 1 has its volume back, ordinal 2 a new one.
    lane.run("kubectl scale sts redis-stset --replicas 3");
    lane.until_ready(&["redis-stset-1", "redis-stset-2"]);
    lane.until_field("sts/redis-stset", "/status/readyReplicas", "3");
    assert_eq!(claim(lane, 1), first[1]);
    let third = claim(lane, 2);
    insta::assert_snapshot!(shows_volumes(lane), @"
    ORD   POD             READY   CLAIM                              STATE   SIZE    CLASS        VOLUME   RECLAIM   PLACE   AGE
    0     redis-stset-0   2/2     redis-data-storage-redis-stset-0   InUse   100Mi   local-path   pvc-1…   Delete    node?   <age>
    1     redis-stset-1   2/2     redis-data-storage-redis-stset-1   InUse   100Mi   local-path   pvc-2…   Delete    node?   <age>
    2     redis-stset-2   2/2     redis-data-storage-redis-stset-2   InUse   100Mi   local-path   pvc-8…   Delete    node?   <age>

    3 claims in use.
    ");

    // The set deleted: three claims and no set.
    lane.run("kubectl delete sts redis-stset");
    for k in 0..3 {
        lane.until_gone(&format!("pod/redis-stset-{k}"));
    }
    assert_eq!([claim(lane, 0), claim(lane, 1)], first);
    insta::assert_snapshot!(lane.shows("kubectl sts volumes"), @"
    --- stderr
    No resources found in redis-test namespace.
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes --all-claims"), @"
    Claims that no set makes
    POD      READY    CLAIM                              STATE           SIZE    CLASS        VOLUME   RECLAIM   PLACE   AGE
    <none>   <none>   redis-data-storage-redis-stset-0   OrphanSetGone   100Mi   local-path   pvc-1…   Delete    node?   <age>
    <none>   <none>   redis-data-storage-redis-stset-1   OrphanSetGone   100Mi   local-path   pvc-2…   Delete    node?   <age>
    <none>   <none>   redis-data-storage-redis-stset-2   OrphanSetGone   100Mi   local-path   pvc-8…   Delete    node?   <age>

    0 claims in use, 3 that no set makes.
    ");
    insta::assert_snapshot!(shows_volumes(lane), @r#"
    --- stderr
    Error from server (NotFound): statefulsets.apps "redis-stset" not found
    hint: kubectl get statefulsets -n redis-test  # -A looks in all namespaces
    --- exit code 1
    "#);

    // Applied again: the same volumes, and ordinal 2's waits for a scale-up.
    lane.apply(REDIS);
    lane.until_ready(&["redis-stset-0", "redis-stset-1"]);
    lane.until_field("sts/redis-stset", "/status/readyReplicas", "2");
    assert_eq!([claim(lane, 0), claim(lane, 1), claim(lane, 2)], [first[0].clone(), first[1].clone(), third]);
    redis_says(lane, "GET lane", "kept");
    insta::assert_snapshot!(shows_volumes(lane), @"
    ORD   POD             READY   CLAIM                              STATE   SIZE    CLASS        VOLUME   RECLAIM   PLACE   AGE
    0     redis-stset-0   2/2     redis-data-storage-redis-stset-0   InUse   100Mi   local-path   pvc-1…   Delete    node?   <age>
    1     redis-stset-1   2/2     redis-data-storage-redis-stset-1   InUse   100Mi   local-path   pvc-2…   Delete    node?   <age>

    Retained: no ordinal in range uses these claims
    ORD   POD      READY    CLAIM                              STATE                SIZE    CLASS        VOLUME   RECLAIM   PLACE   AGE
    2     <none>   <none>   redis-data-storage-redis-stset-2   RetainedScaledDown   100Mi   local-path   pvc-8…   Delete    node?   <age>

    2 claims in use, 1 retained (100Mi); scaling redis-stset to 3 attaches redis-data-storage-redis-stset-2 again.
    ");
    insta::assert_snapshot!(shows_status(lane), @"
    StatefulSet redis-test/redis-stset: 2 of 2 ready

    ORD   POD             READY   STATUS    RESTARTS   REVISION   CLAIMS   DNS         NODE    AGE
    0     redis-stset-0   2/2     Running   0          current    InUse    published   node?   <age>
    1     redis-stset-1   2/2     Running   0          current    InUse    published   node?   <age>

    Notice: OldDataAttached, PersistentVolumeClaim/redis-data-storage-redis-stset-0, since <time> (<age> ago)
      The claim is older than set redis-stset: the pod started on data of an earlier set.
      - PersistentVolumeClaim/redis-data-storage-redis-stset-0 metadata.creationTimestamp: <time>
      - StatefulSet/redis-stset metadata.creationTimestamp: <time>

    Notice: OldDataAttached, PersistentVolumeClaim/redis-data-storage-redis-stset-1, since <time> (<age> ago)
      The claim is older than set redis-stset: the pod started on data of an earlier set.
      - PersistentVolumeClaim/redis-data-storage-redis-stset-1 metadata.creationTimestamp: <time>
      - StatefulSet/redis-stset metadata.creationTimestamp: <time>

    1 claim retained (100Mi): redis-data-storage-redis-stset-2. Details: kubectl sts volumes redis-stset -n redis-test
    ");
}

/// Waits until the Redis of ordinal 0 gives this answer: a fresh one takes a moment to listen and to load its data.
fn redis_says(lane: &Lane, command: &str, answer: &str) {
    let command = format!("kubectl exec redis-stset-0 -c redis -- redis-cli {command}");
    until(&format!("{answer:?} from {command}"), || match lane.attempt(&command)? {
        text if text == answer => Ok(()),
        other => Err(format!("{other:?}")),
    });
}
