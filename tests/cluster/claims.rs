//! Claims that are not simply in use: left behind, borrowed, going, lost.

use crate::lane::{Lane, Scenario, debug_pod, set};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new("at-zero", at_zero).quick(),
    Scenario::new("borrowed", borrowed).quick(),
    Scenario::new("terminating", terminating).quick(),
    Scenario::new("lost", lost).quick(),
];

/// Scaled to nothing: every claim waits.
fn at_zero(lane: &Lane) {
    lane.any_node();
    lane.apply(&set("web").with_replicas(2).to_string());
    lane.until_ready(&["web-0", "web-1"]);
    lane.run("kubectl scale sts web --replicas 0");
    lane.until_gone("pod/web-0");
    lane.until_gone("pod/web-1");
    lane.until_field("sts/web", "/status/replicas", "0");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"
    Retained: no ordinal in range uses these claims
    ORD   POD      READY    CLAIM        STATE            SIZE   CLASS        VOLUME   RECLAIM   PLACE   AGE
    0     <none>   <none>   data-web-0   RetainedAtZero   1Mi    local-path   pvc-1…   Delete    node?   <age>
    1     <none>   <none>   data-web-1   RetainedAtZero   1Mi    local-path   pvc-2…   Delete    node?   <age>

    0 claims in use, 2 retained (2Mi); scaling up attaches again: data-web-0, data-web-1.
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts status web"), @"
    StatefulSet at-zero-test/web: scaled to zero

    2 claims retained (2Mi): data-web-0, data-web-1. Details: kubectl sts volumes web -n at-zero-test
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts status"), @"
    NAME   DESIRED   READY   CURRENT   UPDATED   RETAINED   FINDINGS   AGE
    web    0         0       0         0         2          <none>     <age>
    ");
}

/// A debug pod mounts the claim that a scale-down left.
fn borrowed(lane: &Lane) {
    lane.any_node();
    lane.apply(&set("web").with_replicas(2).to_string());
    lane.until_ready(&["web-0", "web-1"]);
    lane.run("kubectl scale sts web --replicas 1");
    lane.until_gone("pod/web-1");
    lane.apply(&debug_pod("debug", "data-web-1"));
    lane.until_ready(&["debug"]);
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"
    ORD   POD     READY   CLAIM        STATE   SIZE   CLASS        VOLUME   RECLAIM   PLACE   AGE
    0     web-0   1/1     data-web-0   InUse   1Mi    local-path   pvc-1…   Delete    node?   <age>

    Retained: no ordinal in range uses these claims
    ORD   POD     READY   CLAIM        STATE      SIZE   CLASS        VOLUME   RECLAIM   PLACE   AGE
    1     debug   1/1     data-web-1   Borrowed   1Mi    local-path   pvc-2…   Delete    node?   <age>

    1 claim in use, 1 retained (1Mi); scaling web to 2 attaches data-web-1 again.
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts status web"), @"
    StatefulSet borrowed-test/web: 1 of 1 ready

    ORD   POD     READY   STATUS    RESTARTS   REVISION   CLAIMS   DNS         NODE    AGE
    0     web-0   1/1     Running   0          current    InUse    published   node?   <age>

    Notice: Borrowed, PersistentVolumeClaim/data-web-1, since <time> (<age> ago)
      Pod debug (no controller) uses it and is not a pod of set web: it may keep the set's own pod from attaching.
      - Pod/debug spec.volumes[].persistentVolumeClaim.claimName: data-web-1

    1 claim retained (1Mi): data-web-1. Details: kubectl sts volumes web -n borrowed-test
    ");

    // A second reader of a claim in use is not the set's pod either.
    lane.run("kubectl delete pod debug --wait");
    lane.apply(&debug_pod("debug", "data-web-0"));
    lane.until_ready(&["debug"]);
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"
    ORD   POD     READY   CLAIM        STATE   SIZE   CLASS        VOLUME   RECLAIM   PLACE   AGE
    0     web-0   1/1     data-web-0   InUse   1Mi    local-path   pvc-1…   Delete    node?   <age>

    Retained: no ordinal in range uses these claims
    ORD   POD      READY    CLAIM        STATE                SIZE   CLASS        VOLUME   RECLAIM   PLACE   AGE
    1     <none>   <none>   data-web-1   RetainedScaledDown   1Mi    local-path   pvc-2…   Delete    node?   <age>

    1 claim in use, 1 retained (1Mi); scaling web to 2 attaches data-web-1 again.
    ");

    // A finished pod still holds the claim against deletion.
    lane.run("kubectl delete pod debug --wait");
    lane.apply(
        &debug_pod("debug", "data-web-1")
            .replace("[sleep, infinity]", "[\"true\"]")
            .replace("spec:\n", "spec:\n  restartPolicy: Never\n"),
    );
    lane.until_field("pod/debug", "/status/phase", "Succeeded");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"
    ORD   POD     READY   CLAIM        STATE   SIZE   CLASS        VOLUME   RECLAIM   PLACE   AGE
    0     web-0   1/1     data-web-0   InUse   1Mi    local-path   pvc-1…   Delete    node?   <age>

    Retained: no ordinal in range uses these claims
    ORD   POD      READY    CLAIM        STATE               SIZE   CLASS        VOLUME   RECLAIM   PLACE   AGE
    1     <none>   <none>   data-web-1   HeldByFinishedPod   1Mi    local-path   pvc-2…   Delete    node?   <age>

    1 claim in use, 1 retained (1Mi); scaling web to 2 attaches data-web-1 again.
    ");

    // The finished pod keeps nobody from attaching it again.
    let volume = lane.field("pvc/data-web-1", "/spec/volumeName");
    lane.run("kubectl scale sts web --replicas 2");
    lane.until_ready(&["web-1"]);
    assert_eq!(lane.field("pvc/data-web-1", "/spec/volumeName"), volume);
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"
    ORD   POD     READY   CLAIM        STATE   SIZE   CLASS        VOLUME   RECLAIM   PLACE   AGE
    0     web-0   1/1     data-web-0   InUse   1Mi    local-path   pvc-1…   Delete    node?   <age>
    1     web-1   1/1     data-web-1   InUse   1Mi    local-path   pvc-2…   Delete    node?   <age>

    2 claims in use.
    ");
}

/// A claim deleted under its pod: the data dies at the next restart.
fn terminating(lane: &Lane) {
    lane.any_node();
    lane.apply(&set("web").to_string());
    lane.until_ready(&["web-0"]);
    lane.run("kubectl delete pvc data-web-0 --wait=false");
    assert_ne!(lane.field("pvc/data-web-0", "/metadata/deletionTimestamp"), "", "the pod's use holds the claim");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"
    ORD   POD     READY   CLAIM        STATE                SIZE   CLASS        VOLUME   RECLAIM   PLACE   AGE
    0     web-0   1/1     data-web-0   TerminatingMounted   1Mi    local-path   pvc-1…   Delete    node?   <age>

    1 claim in use.
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts status web"), @r#"
    StatefulSet terminating-test/web: 1 of 1 ready

    ORD   POD     READY   STATUS    RESTARTS   REVISION   CLAIMS               DNS         NODE    AGE
    0     web-0   1/1     Running   0          current    TerminatingMounted   published   node?   <age>

    Fault: TerminatingMounted, PersistentVolumeClaim/data-web-0, since <time> (<age> ago)
      Its deletion was asked for while web-0 uses it: when that pod next stops, the claim goes and the disk is deleted with it. A deletion can't be undone.
      - Pod/web-0 spec.volumes[].persistentVolumeClaim.claimName: data-web-0
      - PersistentVolumeClaim/data-web-0 metadata.deletionTimestamp: <time>
      - PersistentVolumeClaim/data-web-0 metadata.finalizers: kubernetes.io/pvc-protection
      next: kubectl patch persistentvolume pvc-1 -p '{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}'  # keeps the disk; do it before the pod stops
    "#);
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web -o json"), @r#"
    {
        "apiVersion": "workloads.kubectl/v1alpha1",
        "kind": "VolumeReport",
        "metadata": {
            "context": "testbed",
            "namespace": "terminating-test",
            "serverVersion": "<version>",
            "time": "<time>",
            "complete": true
        },
        "items": [
            {
                "object": {
                    "kind": "PersistentVolumeClaim",
                    "namespace": "terminating-test",
                    "name": "data-web-0",
                    "uid": "uid-1"
                },
                "set": "web",
                "template": "data",
                "ordinal": 0,
                "inRange": true,
                "pod": {
                    "name": "web-0",
                    "uid": "uid-2",
                    "status": "Running",
                    "ready": true,
                    "node": "node?"
                },
                "claim": {
                    "phase": "Bound",
                    "storageClass": "local-path",
                    "request": "1Mi",
                    "capacity": "1Mi",
                    "accessModes": [
                        "ReadWriteOnce"
                    ],
                    "created": "<time>"
                },
                "volume": {
                    "name": "pvc-1",
                    "known": true,
                    "exists": true,
                    "uid": "uid-3",
                    "phase": "Bound",
                    "since": "<time>",
                    "reclaimPolicy": "Delete",
                    "capacity": "1Mi",
                    "node": "node?"
                },
                "fate": {
                    "onSetDelete": "kept",
                    "onScaleDown": "kept"
                },
                "deletable": "never",
                "verdicts": [
                    {
                        "code": "TerminatingMounted",
                        "severity": "Fault",
                        "since": "<time>",
                        "says": "Its deletion was asked for while web-0 uses it: when that pod next stops, the claim goes and the disk is deleted with it. A deletion can't be undone.",
                        "evidence": [
                            {
                                "object": "Pod/web-0",
                                "field": "spec.volumes[].persistentVolumeClaim.claimName",
                                "value": "data-web-0"
                            },
                            {
                                "object": "PersistentVolumeClaim/data-web-0",
                                "field": "metadata.deletionTimestamp",
                                "value": "<time>"
                            },
                            {
                                "object": "PersistentVolumeClaim/data-web-0",
                                "field": "metadata.finalizers",
                                "value": "kubernetes.io/pvc-protection"
                            }
                        ],
                        "unknown": [],
                        "next": "kubectl patch persistentvolume pvc-1 -p '{\"spec\":{\"persistentVolumeReclaimPolicy\":\"Retain\"}}'  # keeps the disk; do it before the pod stops"
                    }
                ]
            }
        ],
        "findings": []
    }
    "#);

    // The truth of it: the pod restarts on a blank volume of a new claim.
    let claim = lane.field("pvc/data-web-0", "/metadata/uid");
    lane.run("kubectl delete pod web-0");
    lane.until_ready(&["web-0"]);
    assert_ne!(lane.field("pvc/data-web-0", "/metadata/uid"), claim);
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"
    ORD   POD     READY   CLAIM        STATE   SIZE   CLASS        VOLUME   RECLAIM   PLACE   AGE
    0     web-0   1/1     data-web-0   InUse   1Mi    local-path   pvc-4…   Delete    node?   <age>

    1 claim in use.
    ");
}

/// A volume deleted under its claim, finalizer and all, as a careless cleaner does it.
fn lost(lane: &Lane) {
    lane.any_node();
    lane.apply(&set("web").to_string());
    lane.until_ready(&["web-0"]);
    let volume = lane.field("pvc/data-web-0", "/spec/volumeName");
    lane.run(&format!("kubectl delete pv {volume} --wait=false"));
    lane.run(&format!(r#"kubectl patch pv {volume} -p '{{"metadata":{{"finalizers":null}}}}'"#));
    lane.until_field("pvc/data-web-0", "/status/phase", "Lost");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"
    ORD   POD     READY   CLAIM        STATE       SIZE   CLASS        VOLUME   RECLAIM   PLACE    AGE
    0     web-0   1/1     data-web-0   ClaimLost   1Mi    local-path   pvc-1…   <gone>    <gone>   <age>

    1 claim in use.
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts status web"), @"
    StatefulSet lost-test/web: 1 of 1 ready

    ORD   POD     READY   STATUS    RESTARTS   REVISION   CLAIMS      DNS         NODE    AGE
    0     web-0   1/1     Running   0          current    ClaimLost   published   node?   <age>

    Fault: ClaimLost, PersistentVolumeClaim/data-web-0
      Its volume pvc-1 is gone: pod web-0 runs on, and can't start again.
      - PersistentVolumeClaim/data-web-0 status.phase: Lost
      - PersistentVolumeClaim/data-web-0 spec.volumeName: pvc-1
      - PersistentVolume/pvc-1 metadata.name: not found
      next: kubectl -n lost-test delete persistentvolumeclaim data-web-0  # with the pod it is made again, blank; then restore a backup
    ");

    lane.run("kubectl delete pod web-0 --wait");
    lane.until_field("pod/web-0", "/status/phase", "Pending");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"
    ORD   POD     READY   CLAIM        STATE       SIZE   CLASS        VOLUME   RECLAIM   PLACE    AGE
    0     web-0   0/1     data-web-0   ClaimLost   1Mi    local-path   pvc-1…   <gone>    <gone>   <age>

    0 claims in use.
    ");
}
