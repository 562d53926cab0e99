//! `kubectl sts volumes`.

use insta::assert_snapshot;
use workload_tests::{Cluster, Fault, On};

use crate::{run, shop, shown};

#[test]
fn one_set_shows_its_ordinals_and_what_it_left_behind() {
    let cluster = shop().start();
    let seen = run(&cluster, "volumes redis-stset");
    assert_snapshot!(shown(&cluster, &seen), @"
    exit code 0
    --- stdout
    ORD   POD             READY   CLAIM                              STATE   SIZE    CLASS        VOLUME          RECLAIM   PLACE   AGE
    0     redis-stset-0   2/2     redis-data-storage-redis-stset-0   InUse   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]
    1     redis-stset-1   2/2     redis-data-storage-redis-stset-1   InUse   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]

    Retained: no ordinal in range uses these claims
    ORD   POD      READY    CLAIM                              STATE                SIZE    CLASS        VOLUME          RECLAIM   PLACE   AGE
    2     <none>   <none>   redis-data-storage-redis-stset-2   RetainedScaledDown   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]

    2 claims in use, 1 retained (100Mi); scaling redis-stset to 3 attaches redis-data-storage-redis-stset-2 again.
    ");
    cluster.requests().assert_read_only();
}

#[test]
fn one_ordinal_by_number_or_by_its_pod() {
    let cluster = shop().start();
    let seen = run(&cluster, "volumes redis-stset 1");
    assert_snapshot!(shown(&cluster, &seen), @"
    exit code 0
    --- stdout
    ORD   POD             READY   CLAIM                              STATE   SIZE    CLASS        VOLUME          RECLAIM   PLACE   AGE
    1     redis-stset-1   2/2     redis-data-storage-redis-stset-1   InUse   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]

    1 claim in use.
    ");
    assert_eq!(run(&cluster, "volumes pod/redis-stset-1").stdout, seen.stdout);
}

#[test]
fn wide_tells_template_modes_whole_volume_names_and_times() {
    let cluster = shop().start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "volumes -o wide")), @"
    exit code 0
    --- stdout
    SET           ORD   POD             READY   TEMPLATE             CLAIM                              STATE   SIZE    CLASS        MODES   VOLUME                                     PHASE   RECLAIM   PLACE   AGE   CREATED
    postgres-ss   0     postgres-ss-0   1/1     data                 data-postgres-ss-0                 InUse   100Mi   local-path   RWO     pvc-[UID]   Bound   Delete    node1   [AGE]   [TIME]
    redis-stset   0     redis-stset-0   2/2     redis-data-storage   redis-data-storage-redis-stset-0   InUse   100Mi   local-path   RWO     pvc-[UID]   Bound   Delete    node1   [AGE]   [TIME]
    redis-stset   1     redis-stset-1   2/2     redis-data-storage   redis-data-storage-redis-stset-1   InUse   100Mi   local-path   RWO     pvc-[UID]   Bound   Delete    node1   [AGE]   [TIME]

    Retained: no ordinal in range uses these claims
    SET           ORD   POD      READY    TEMPLATE             CLAIM                              STATE                SIZE    CLASS        MODES   VOLUME                                     PHASE   RECLAIM   PLACE   AGE   CREATED
    redis-stset   2     <none>   <none>   redis-data-storage   redis-data-storage-redis-stset-2   RetainedScaledDown   100Mi   local-path   RWO     pvc-[UID]   Bound   Delete    node1   [AGE]   [TIME]

    3 claims in use, 1 retained (100Mi); scaling redis-stset to 3 attaches redis-data-storage-redis-stset-2 again.
    ");
}

#[test]
fn all_namespaces_name_theirs() {
    let cluster = shop().start();
    let seen = crate::sts().cluster(&cluster).args(["volumes", "-A"]).run();
    assert_snapshot!(shown(&cluster, &seen), @"
    exit code 0
    --- stdout
    NAMESPACE   SET           ORD   POD             READY   CLAIM                              STATE   SIZE    CLASS        VOLUME          RECLAIM   PLACE   AGE
    shop        postgres-ss   0     postgres-ss-0   1/1     data-postgres-ss-0                 InUse   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]
    shop        redis-stset   0     redis-stset-0   2/2     redis-data-storage-redis-stset-0   InUse   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]
    shop        redis-stset   1     redis-stset-1   2/2     redis-data-storage-redis-stset-1   InUse   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]

    Retained: no ordinal in range uses these claims
    NAMESPACE   SET           ORD   POD      READY    CLAIM                              STATE                SIZE    CLASS        VOLUME          RECLAIM   PLACE   AGE
    shop        redis-stset   2     <none>   <none>   redis-data-storage-redis-stset-2   RetainedScaledDown   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]

    3 claims in use, 1 retained (100Mi); scaling redis-stset to 3 attaches redis-data-storage-redis-stset-2 again.
    ");
}

#[test]
fn names_can_be_handed_to_kubectl() {
    let cluster = shop().start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "volumes redis-stset -o name")), @"
    exit code 0
    --- stdout
    persistentvolumeclaim/redis-data-storage-redis-stset-0
    persistentvolumeclaim/redis-data-storage-redis-stset-1
    persistentvolumeclaim/redis-data-storage-redis-stset-2
    ");
}

#[test]
fn without_headers_only_rows_remain() {
    let cluster = shop().start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "volumes redis-stset --no-headers")), @"
    exit code 0
    --- stdout
    0     redis-stset-0   2/2   redis-data-storage-redis-stset-0   InUse   100Mi   local-path   pvc-[SHORT]…   Delete   node1   [AGE]
    1     redis-stset-1   2/2   redis-data-storage-redis-stset-1   InUse   100Mi   local-path   pvc-[SHORT]…   Delete   node1   [AGE]
    2     <none>   <none>   redis-data-storage-redis-stset-2   RetainedScaledDown   100Mi   local-path   pvc-[SHORT]…   Delete   node1   [AGE]
    ");
}

#[test]
fn rows_are_sorted_by_a_columns_name() {
    let cluster = shop().start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "volumes --no-headers --sort-by=.claim")), @"
    exit code 0
    --- stdout
    postgres-ss   0     postgres-ss-0   1/1   data-postgres-ss-0                 InUse   100Mi   local-path   pvc-[SHORT]…   Delete   node1   [AGE]
    redis-stset   0     redis-stset-0   2/2   redis-data-storage-redis-stset-0   InUse   100Mi   local-path   pvc-[SHORT]…   Delete   node1   [AGE]
    redis-stset   1     redis-stset-1   2/2   redis-data-storage-redis-stset-1   InUse   100Mi   local-path   pvc-[SHORT]…   Delete   node1   [AGE]
    redis-stset   2     <none>   <none>   redis-data-storage-redis-stset-2   RetainedScaledDown   100Mi   local-path   pvc-[SHORT]…   Delete   node1   [AGE]
    ");
    assert_snapshot!(shown(&cluster, &run(&cluster, "volumes --sort-by colour")), @r#"
    exit code 1
    --- stderr
    error: --sort-by: there is no column "colour"; the columns are NAMESPACE, SET, ORD, POD, READY, TEMPLATE, CLAIM, STATE, SIZE, USED, CAPACITY, FREE, IFREE, CLASS, MODES, VOLUME, PHASE, RECLAIM, PLACE, AGE, CREATED, LABELS
    "#);
}

#[test]
fn json_holds_the_rows_with_their_evidence() {
    let cluster = shop().start();
    let seen = run(&cluster, "volumes redis-stset 2 -o json");
    assert_snapshot!(shown(&cluster, &seen), @r#"
    exit code 0
    --- stdout
    {
        "apiVersion": "workloads.kubectl/v1alpha1",
        "kind": "VolumeReport",
        "metadata": {
            "context": "fake",
            "namespace": "shop",
            "serverVersion": "v1.36.3",
            "time": "[TIME]",
            "complete": true
        },
        "items": [
            {
                "object": {
                    "kind": "PersistentVolumeClaim",
                    "namespace": "shop",
                    "name": "redis-data-storage-redis-stset-2",
                    "uid": "[UID]"
                },
                "set": "redis-stset",
                "template": "redis-data-storage",
                "ordinal": 2,
                "inRange": false,
                "claim": {
                    "phase": "Bound",
                    "storageClass": "local-path",
                    "request": "100Mi",
                    "capacity": "100Mi",
                    "accessModes": [
                        "ReadWriteOnce"
                    ],
                    "created": "[TIME]"
                },
                "volume": {
                    "name": "pvc-[UID]",
                    "known": true,
                    "exists": true,
                    "uid": "[UID]",
                    "phase": "Bound",
                    "since": "[TIME]",
                    "reclaimPolicy": "Delete",
                    "capacity": "100Mi",
                    "node": "node1"
                },
                "fate": {
                    "onSetDelete": "kept"
                },
                "deletable": "named",
                "verdicts": [
                    {
                        "code": "RetainedScaledDown",
                        "severity": "Notice",
                        "says": "Ordinal 2 is out of range of set redis-stset; scaling redis-stset to 3 or more attaches it again with its data.",
                        "evidence": [
                            {
                                "object": "StatefulSet/redis-stset",
                                "field": "spec.replicas",
                                "value": "2"
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
                                "object": "PersistentVolume/pvc-[UID]",
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
}

#[test]
fn yaml_says_the_same() {
    let cluster = shop().start();
    let json = run(&cluster, "volumes -o json").json();
    let mut yaml: serde_json::Value = serde_saphyr::from_str(&run(&cluster, "volumes -o yaml").stdout).unwrap();
    yaml["metadata"]["time"] = json["metadata"]["time"].clone();
    assert_eq!(yaml, json);
}

#[test]
fn a_selector_chooses_sets_and_all_claims_adds_what_no_set_makes() {
    let cluster = shop().start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "volumes -l app=none")), @"
    exit code 0
    --- stderr
    No resources found in shop namespace.
    ");
    assert_snapshot!(shown(&cluster, &run(&cluster, "volumes --field-selector metadata.name=postgres-ss")), @"
    exit code 0
    --- stdout
    SET           ORD   POD             READY   CLAIM                STATE   SIZE    CLASS        VOLUME          RECLAIM   PLACE   AGE
    postgres-ss   0     postgres-ss-0   1/1     data-postgres-ss-0   InUse   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]

    1 claim in use.
    ");
    cluster.delete("statefulsets", "shop", "redis-stset");
    assert_snapshot!(shown(&cluster, &run(&cluster, "volumes --all-claims")), @"
    exit code 0
    --- stdout
    SET           ORD   POD             READY   CLAIM                STATE   SIZE    CLASS        VOLUME          RECLAIM   PLACE   AGE
    postgres-ss   0     postgres-ss-0   1/1     data-postgres-ss-0   InUse   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]

    Claims that no set makes
    POD             READY    CLAIM                              STATE          SIZE    CLASS        VOLUME          RECLAIM   PLACE   AGE
    redis-stset-0   2/2      redis-data-storage-redis-stset-0   Unattributed   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]
    redis-stset-1   2/2      redis-data-storage-redis-stset-1   Unattributed   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]
    <none>          <none>   redis-data-storage-redis-stset-2   Unattributed   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]

    1 claim in use, 3 that no set makes.
    ");
}

#[test]
fn a_namespace_without_sets_is_no_error() {
    let cluster = shop().start();
    let seen = crate::sts().cluster(&cluster).args(["volumes", "-n", "empty"]).run();
    assert_snapshot!(shown(&cluster, &seen), @"
    exit code 0
    --- stderr
    No resources found in empty namespace.
    ");
    let json = crate::sts().cluster(&cluster).args(["volumes", "-n", "empty", "-o", "json"]).run();
    assert_eq!(json.json()["items"], serde_json::json!([]));
}

/// A kubelet's statistics of the Redis set's claims: the first is nearly full, the second has few inodes left.
fn statistics(ordinals: &[u32]) -> String {
    let volume = |ordinal: u32, available: u64, inodes_free: u64| {
        serde_json::json!({"podRef": {"name": format!("redis-stset-{ordinal}"), "namespace": "shop"}, "volume": [{
            "time": "2026-11-24T12:00:00Z", "name": "redis-data-storage", "capacityBytes": 104_857_600, "availableBytes": available,
            "usedBytes": 104_857_600 - available, "inodes": 1000, "inodesFree": inodes_free, "inodesUsed": 1000 - inodes_free,
            "pvcRef": {"namespace": "shop", "name": format!("redis-data-storage-redis-stset-{ordinal}")}}]})
    };
    let all = [volume(0, 2_097_152, 900), volume(1, 52_428_800, 120)];
    let pods: Vec<_> = ordinals.iter().map(|ordinal| all[*ordinal as usize].clone()).collect();
    serde_json::json!({"node": {"nodeName": "node1"}, "pods": pods}).to_string()
}

const SUMMARY: &str = "/api/v1/nodes/node1/proxy/stats/summary";

#[test]
fn kubelets_tell_how_full_volumes_are() {
    let told = Fault::answer(200, "application/json", &statistics(&[0, 1]));
    let cluster = shop().fault(On::path(SUMMARY), told).start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "volumes redis-stset --usage")), @"
    exit code 0
    --- stdout
    ORD   POD             READY   CLAIM                              STATE   SIZE    CLASS        VOLUME          RECLAIM   PLACE   AGE   USED   CAPACITY   FREE   IFREE
    0     redis-stset-0   2/2     redis-data-storage-redis-stset-0   InUse   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]   98Mi   100Mi      2.0%   90%
    1     redis-stset-1   2/2     redis-data-storage-redis-stset-1   InUse   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]   50Mi   100Mi      50%    12%

    Retained: no ordinal in range uses these claims
    ORD   POD      READY    CLAIM                              STATE                SIZE    CLASS        VOLUME          RECLAIM   PLACE   AGE   USED     CAPACITY   FREE     IFREE
    2     <none>   <none>   redis-data-storage-redis-stset-2   RetainedScaledDown   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]   <none>   <none>     <none>   <none>

    2 claims in use, 1 retained (100Mi); scaling redis-stset to 3 attaches redis-data-storage-redis-stset-2 again.

    Fault: VolumeFilling, PersistentVolumeClaim/redis-data-storage-redis-stset-0
      The volume is full but for 2Mi of 100Mi (2.0%).
      - PersistentVolumeClaim/redis-data-storage-redis-stset-0 kubelet bytes used: 98Mi
      - PersistentVolumeClaim/redis-data-storage-redis-stset-0 kubelet bytes free: 2Mi
      next: its class local-path allows no expansion: free bytes by the application's own means, or move to a larger claim

    Notice: VolumeFilling, PersistentVolumeClaim/redis-data-storage-redis-stset-1
      120 inodes of 1000 inodes are free (12%).
      - PersistentVolumeClaim/redis-data-storage-redis-stset-1 kubelet inodes used: 880 inodes
      - PersistentVolumeClaim/redis-data-storage-redis-stset-1 kubelet inodes free: 120 inodes
      next: its class local-path allows no expansion: free inodes by the application's own means, or move to a larger claim
    ");
    let requests = cluster.requests();
    requests.assert_read_only();
    assert_eq!(requests.count("get nodes/proxy"), 1, "once a node");
    let report = run(&cluster, "volumes redis-stset --usage -o json").json();
    assert_snapshot!(serde_json::to_string(&report["items"][0]["usage"]).unwrap(), @r#"{"availableBytes":2097152,"capacityBytes":104857600,"inodes":1000,"inodesFree":900,"measured":"2026-11-24T12:00:00Z","usedBytes":102760448}"#);
    let codes: Vec<_> = report["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            let codes = item["verdicts"].as_array().unwrap().iter();
            codes
                .map(|verdict| format!("{} {}", verdict["code"], verdict["severity"]).replace('"', ""))
                .collect::<Vec<_>>()
                .join(", ")
        })
        .collect();
    assert_eq!(
        codes,
        [
            "InUse Ok, VolumeFilling Fault",
            "InUse Ok, VolumeFilling Notice",
            "RetainedScaledDown Notice, DiskDiesWithClaim Notice"
        ]
    );
    // Nobody asks without being told to.
    cluster.forget_requests();
    run(&cluster, "volumes redis-stset");
    assert_eq!(cluster.requests().count("get nodes/proxy"), 0);
}

#[test]
fn a_kubelet_that_is_not_heard_costs_its_rows_alone() {
    let cluster = shop().deny("get", "nodes/proxy").start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "volumes redis-stset --usage")), @"
    exit code 0
    --- stdout
    ORD   POD             READY   CLAIM                              STATE   SIZE    CLASS        VOLUME          RECLAIM   PLACE   AGE   USED          CAPACITY      FREE          IFREE
    0     redis-stset-0   2/2     redis-data-storage-redis-stset-0   InUse   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]   <forbidden>   <forbidden>   <forbidden>   <forbidden>
    1     redis-stset-1   2/2     redis-data-storage-redis-stset-1   InUse   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]   <forbidden>   <forbidden>   <forbidden>   <forbidden>

    Retained: no ordinal in range uses these claims
    ORD   POD      READY    CLAIM                              STATE                SIZE    CLASS        VOLUME          RECLAIM   PLACE   AGE   USED     CAPACITY   FREE     IFREE
    2     <none>   <none>   redis-data-storage-redis-stset-2   RetainedScaledDown   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]   <none>   <none>     <none>   <none>

    2 claims in use, 1 retained (100Mi); scaling redis-stset to 3 attaches redis-data-storage-redis-stset-2 again.
    --- stderr
    note: node node1: forbidden to get nodes/proxy at the cluster scope: can't tell how full its volumes are
    ");
    let report = run(&cluster, "volumes redis-stset --usage -o json").json();
    assert_eq!(report["metadata"]["complete"], false);
    // Of two nodes one fails: the other's row is as it was.
    let told = Fault::answer(200, "application/json", &statistics(&[0]));
    let fails = On::path("/api/v1/nodes/node2/proxy/stats/summary");
    let cluster = shop().fault(On::path(SUMMARY), told).fault(fails, Fault::not_found()).start();
    cluster.patch("pods", "shop", "redis-stset-1", serde_json::json!({"spec": {"nodeName": "node2"}}));
    let told: Vec<String> = run(&cluster, "volumes redis-stset --usage -o json").json()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| format!("{} {}", item["usage"]["usedBytes"], item["verdicts"][1]["code"]))
        .collect();
    assert_eq!(told, ["102760448 \"VolumeFilling\"", "null \"CannotTell\"", "null \"DiskDiesWithClaim\""]);
}

#[test]
fn statistics_are_of_a_cluster_and_of_now() {
    let cluster = shop().start();
    for line in ["volumes --usage --watch", "volumes --usage -f examples/shop.yaml"] {
        let seen = run(&cluster, line);
        assert_eq!(seen.code, 1, "{line}: {}", seen.whole());
    }
}

/// Volumes as the drivers of AWS, Google, Azure and OpenEBS make them: where each lies, and whether its disk would die with the claim.
#[test]
fn volumes_of_every_driver_have_their_place() {
    let cluster = Cluster::new().file("tests/objects/drivers.yaml").start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "volumes -n shop")), @"
    exit code 0
    --- stdout
    Retained: no ordinal in range uses these claims
    SET                   ORD   POD      READY    CLAIM                        STATE            SIZE   CLASS              VOLUME          RECLAIM   PLACE            AGE
    on-azure              0     <none>   <none>   data-on-azure-0              RetainedAtZero   10Gi   managed-csi        pvc-[SHORT]…   Delete    westeurope-1     [AGE]
    on-azure-no-zone      0     <none>   <none>   data-on-azure-no-zone-0      RetainedAtZero   10Gi   managed-csi        pvc-[SHORT]…   Delete    <none>           [AGE]
    on-ebs                0     <none>   <none>   data-on-ebs-0                RetainedAtZero   10Gi   gp3                pvc-[SHORT]…   Delete    eu-central-1a    [AGE]
    on-ebs-in-tree        0     <none>   <none>   data-on-ebs-in-tree-0        RetainedAtZero   10Gi   gp2-in-tree        pvc-[SHORT]…   Delete    eu-central-1c    [AGE]
    on-ebs-older          0     <none>   <none>   data-on-ebs-older-0          RetainedAtZero   10Gi   gp2                pvc-[SHORT]…   Delete    eu-central-1b    [AGE]
    on-gce                0     <none>   <none>   data-on-gce-0                RetainedAtZero   10Gi   standard-rwo       pvc-[SHORT]…   Retain    europe-west3-a   [AGE]
    on-openebs-cstor      0     <none>   <none>   data-on-openebs-cstor-0      RetainedAtZero   10Gi   cstor-csi          pvc-[SHORT]…   Delete    <none>           [AGE]
    on-openebs-hostpath   0     <none>   <none>   data-on-openebs-hostpath-0   RetainedAtZero   10Gi   openebs-hostpath   pvc-[SHORT]…   Delete    worker-1         [AGE]
    on-openebs-lvm        0     <none>   <none>   data-on-openebs-lvm-0        RetainedAtZero   10Gi   openebs-lvmpv      pvc-[SHORT]…   Delete    worker-2         [AGE]

    0 claims in use, 9 retained (90Gi); scaling up attaches again: data-on-azure-0, data-on-azure-no-zone-0, data-on-ebs-0 and 6 more.
    ");
    assert_snapshot!(shown(&cluster, &run(&cluster, "orphans -n shop")), @"
    exit code 0
    --- stdout
    SET                   ORD   CLAIM                        STATE            SIZE   CLASS              COMES BACK     DISK       DELETE   UNUSED   AGE
    on-azure              0     data-on-azure-0              RetainedAtZero   10Gi   managed-csi        at 1 replica   dies too   named    ?        [AGE]
    on-azure-no-zone      0     data-on-azure-no-zone-0      RetainedAtZero   10Gi   managed-csi        at 1 replica   dies too   named    ?        [AGE]
    on-ebs                0     data-on-ebs-0                RetainedAtZero   10Gi   gp3                at 1 replica   dies too   named    ?        [AGE]
    on-ebs-in-tree        0     data-on-ebs-in-tree-0        RetainedAtZero   10Gi   gp2-in-tree        at 1 replica   dies too   named    ?        [AGE]
    on-ebs-older          0     data-on-ebs-older-0          RetainedAtZero   10Gi   gp2                at 1 replica   dies too   named    ?        [AGE]
    on-gce                0     data-on-gce-0                RetainedAtZero   10Gi   standard-rwo       at 1 replica   stays      named    ?        [AGE]
    on-openebs-cstor      0     data-on-openebs-cstor-0      RetainedAtZero   10Gi   cstor-csi          at 1 replica   dies too   named    ?        [AGE]
    on-openebs-hostpath   0     data-on-openebs-hostpath-0   RetainedAtZero   10Gi   openebs-hostpath   at 1 replica   dies too   named    ?        [AGE]
    on-openebs-lvm        0     data-on-openebs-lvm-0        RetainedAtZero   10Gi   openebs-lvmpv      at 1 replica   dies too   named    ?        [AGE]

    9 left behind (90Gi): RetainedAtZero 9 (90Gi).
    By class: cstor-csi 1 (10Gi), gp2 1 (10Gi), gp2-in-tree 1 (10Gi), gp3 1 (10Gi), managed-csi 2 (20Gi), openebs-hostpath 1 (10Gi), openebs-lvmpv 1 (10Gi), standard-rwo 1 (10Gi).
    ");
}
