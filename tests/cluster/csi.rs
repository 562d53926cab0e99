//! Attach, expansion, modification and snapshot states and a node's limit of volumes, made by the testbed's CSI driver with the real attacher,
//! resizer and snapshotter.

use std::time::Duration;

use crate::lane::{Lane, Scenario, debug_pod, finding, finding_as, set, told, until, until_within};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new("csi-attach-fails", attach_fails),
    Scenario::new("csi-multi-attach", multi_attach),
    Scenario::new("csi-mount-fails", mount_fails),
    Scenario::new("csi-expand-fails", |lane| expand(lane, "csi-fail-expand", "ControllerResizeError")),
    Scenario::new("csi-expand-infeasible", |lane| expand(lane, "csi-fail-expand-infeasible", "ControllerResizeError")),
    Scenario::new("csi-expand-node", |lane| expand(lane, "csi-fail-node-expand", "NodeResizeError")),
    Scenario::new("csi-no-expand", no_expand),
    Scenario::new("csi-snapshots", snapshots),
    Scenario::new("csi-leaked", leaked),
    Scenario::new("csi-usage", usage),
    Scenario::new("csi-modify", modify),
    Scenario::new("csi-driver-missing", driver_missing).alone(),
    Scenario::new("csi-volume-limit", volume_limit).alone(),
];

/// Starts the driver with its sidecars, where they do not run yet.
pub(crate) fn driver(lane: &Lane) {
    lane.run("$(dirname $TESTBED)/csi/csi.sh up >&2");
}

fn attach_fails(lane: &Lane) {
    driver(lane);
    lane.apply(&set("web").with_class("csi-fail-attach").to_string());
    insta::assert_snapshot!(finding_as(lane, "web", "AttachFailed", "Fault"), @"
    Fault: Its volume can't be attached to node NODE: rpc error: code = Internal desc = the storage backend refuses to attach
    next: kubectl -n NAMESPACE describe pod web-0
    ");
}

fn mount_fails(lane: &Lane) {
    driver(lane);
    lane.apply(&set("web").with_class("csi-fail-mount").to_string());
    insta::assert_snapshot!(finding_as(lane, "web", "MountFailed", "Fault"), @r#"
    Fault: Its volume can't be mounted: MountVolume.SetUp failed for volume "VOLUME" : rpc error: code = Internal desc = wrong fs type, bad option, bad superblock
    next: kubectl -n NAMESPACE describe pod web-0
    "#);
}

/// A debug pod on one node holds the volume; the set's pod comes to the other.
fn multi_attach(lane: &Lane) {
    driver(lane);
    lane.apply(&set("web").with_class("csi").with_pod("nodeSelector: {kubernetes.io/hostname: node1}").to_string());
    lane.until_ready(&["web-0"]);
    lane.run("kubectl scale sts web --replicas 0");
    lane.until_gone("pod/web-0");
    lane.apply(&debug_pod("debug", "data-web-0").replace("spec:\n", "spec:\n  nodeName: node2\n"));
    lane.until_ready(&["debug"]);
    lane.run("kubectl scale sts web --replicas 1");
    insta::assert_snapshot!(finding(lane, "web", "MultiAttach"), @"
    Fault: Pod web-0 waits on node NODE: pod debug holds the volume on node NODE, and only one node may have it.
    next: kubectl -n NAMESPACE delete pod debug  # once its work is done; the volume then moves within seconds
    ");
    lane.run("kubectl delete pod debug");
    lane.until_ready(&["web-0"]);
}

fn expand(lane: &Lane, class: &str, condition: &str) {
    driver(lane);
    lane.apply(&set("web").with_class(class).to_string());
    lane.until_ready(&["web-0"]);
    lane.run(r#"kubectl patch pvc data-web-0 -p '{"spec":{"resources":{"requests":{"storage":"2Mi"}}}}'"#);
    lane.until_condition("pvc/data-web-0", condition, "True");
    let says = finding(lane, "web", "ResizeFailed");
    assert!(says.contains("Its expansion fails in the "), "{says}");
    assert_eq!(says.contains("will not succeed"), class.contains("infeasible"), "{says}");
}

/// The template grew, the class allows no expansion.
fn no_expand(lane: &Lane) {
    driver(lane);
    lane.apply(&set("web").with_class("csi-no-expand").to_string());
    lane.until_ready(&["web-0"]);
    lane.run("kubectl delete sts web --cascade=orphan");
    lane.apply(&set("web").with_class("csi-no-expand").with_size("4Mi").to_string());
    lane.until_field("sts/web", "/status/readyReplicas", "1");
    insta::assert_snapshot!(finding(lane, "web", "ClassNotExpandable"), @"Notice: Class csi-no-expand allows no expansion: the claim can't grow to the template's size.");
}

/// A volume that a pod has really filled, by the statistics of its kubelet, which measures once a minute.
fn usage(lane: &Lane) {
    driver(lane);
    lane.apply(&set("web").with_replicas(2).with_class("csi").to_string());
    lane.until_ready(&["web-0", "web-1"]);
    lane.run("kubectl exec web-0 -- dd if=/dev/zero of=/data/fill bs=1024 count=1000");
    let told = until_within(Duration::from_mins(4), "both volumes are measured", || {
        let report = lane.attempt("kubectl sts volumes web --usage -o json")?;
        let report: serde_json::Value = serde_json::from_str(&report).map_err(|error| error.to_string())?;
        let items = report["items"].as_array().ok_or("no rows")?;
        let row = |item: &serde_json::Value| {
            let filling = item["verdicts"].as_array()?.iter().find(|verdict| verdict["code"] == "VolumeFilling");
            let said = filling.map(|verdict| format!("{}: {}", verdict["severity"], verdict["says"]));
            Some((item["usage"]["usedBytes"].as_u64()?, said.unwrap_or_default()))
        };
        let rows: Vec<_> = items.iter().filter_map(row).collect();
        if rows.len() == 2 && rows[0].0 > 0 { Ok(rows) } else { Err(format!("{rows:?}")) }
    });
    let full = (1_024_000, "\"Fault\": \"Full but for 24Ki of 1Mi (2.3%).\"".to_owned());
    assert_eq!(told, [full, (0, String::new())]);
    let shown = lane.run("kubectl sts volumes web --usage");
    assert!(shown.contains("Fault: VolumeFilling, PersistentVolumeClaim/data-web-0"), "{shown}");
}

fn snapshot_of(name: &str, class: &str) -> String {
    format!(
        "apiVersion: snapshot.storage.k8s.io/v1\nkind: VolumeSnapshot\nmetadata: {{name: {name}}}\nspec: {{volumeSnapshotClassName: {class}, source: {{persistentVolumeClaimName: data-web-0}}}}\n"
    )
}

/// Ready, never ready, failing; a failing one holds its claim's deletion.
fn snapshots(lane: &Lane) {
    driver(lane);
    lane.apply(&set("web").with_class("csi").to_string());
    lane.until_ready(&["web-0"]);
    lane.run("kubectl scale sts web --replicas 0");
    lane.until_gone("pod/web-0");
    lane.apply(&snapshot_of("good", "csi"));
    lane.until_field("volumesnapshot/good", "/status/readyToUse", "true");
    insta::assert_snapshot!(told(lane, "orphans"), @"data-web-0: RetainedAtZero SnapshotSource DiskDiesWithClaim, named, disk dies");
    lane.apply(&snapshot_of("slow", "csi-never-ready"));
    lane.until_field("volumesnapshot/slow", "/status/readyToUse", "false");
    insta::assert_snapshot!(told(lane, "orphans"), @"data-web-0: RetainedAtZero SnapshotNotReady SnapshotSource DiskDiesWithClaim, never, disk dies");
    lane.run("kubectl delete volumesnapshot slow");
    lane.apply(&snapshot_of("bad", "csi-fail-snapshot"));
    until("the snapshot's error", || match lane.field("volumesnapshot/bad", "/status/error/message").as_str() {
        "" => Err("none yet".to_owned()),
        _ => Ok(()),
    });
    insta::assert_snapshot!(told(lane, "orphans"), @"data-web-0: RetainedAtZero SnapshotFailing SnapshotSource DiskDiesWithClaim, never, disk dies");
    lane.run("kubectl delete pvc data-web-0 --wait=false");
    insta::assert_snapshot!(told(lane, "orphans"), @"data-web-0: TerminatingStuck SnapshotFailing SnapshotSource DiskDiesWithClaim, never, disk dies");
    lane.run("kubectl delete volumesnapshot bad");
    lane.until_gone("pvc/data-web-0");
}

/// An attachment to a node that does not exist.
fn leaked(lane: &Lane) {
    driver(lane);
    lane.apply(&set("web").with_class("csi").to_string());
    lane.until_ready(&["web-0"]);
    let volume = lane.field("pvc/data-web-0", "/spec/volumeName");
    let name = format!("leak-{}", lane.namespace);
    lane.apply(&format!(
        "apiVersion: storage.k8s.io/v1\nkind: VolumeAttachment\nmetadata: {{name: {name}}}\nspec: {{attacher: testbed.csi, nodeName: node8, source: {{persistentVolumeName: {volume}}}}}\n"
    ));
    let says = finding(lane, "web", "AttachmentLeaked");
    lane.run(&format!("kubectl delete volumeattachment {name}"));
    insta::assert_snapshot!(says.replace(&name, "LEAK"), @"
    Fault: VolumeAttachment leak-NAMESPACE holds the volume, but node node8 does not exist: while it stands, pods elsewhere can't get the volume, and its deletion hangs.
    next: kubectl delete volumeattachment leak-NAMESPACE
    ");
}

/// The driver's node plugin is down on the pod's node: it leaves the node's CSINode, and the pod waits until it is back.
fn driver_missing(lane: &Lane) {
    driver(lane);
    let plugin = |what: &str| lane.try_run(&format!("$(dirname $TESTBED)/csi/csi.sh {what} node 2 >&2"));
    plugin("stop");
    let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        until("the driver to leave node2", || {
            let drivers = lane.field("csinode/node2", "/spec/drivers");
            if drivers.contains("testbed.csi") { Err(drivers) } else { Ok(()) }
        });
        let pinned = "nodeSelector: {kubernetes.io/hostname: node2}";
        lane.apply(&set("web").with_class("csi-immediate").with_pod(pinned).to_string());
        insta::assert_snapshot!(finding(lane, "web", "AttachFailed"), @"
        Waiting: Node NODE has no CSI driver testbed.csi: its node plugin does not run there, so the volume can't come to pod web-0.
        next: kubectl get pods -A -o wide --field-selector spec.nodeName=NODE  # is the driver's node plugin among them, and ready?
        ");
    }));
    // Whatever was seen, the plugin runs again.
    plugin("start");
    seen.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    lane.until_ready(&["web-0"]);
}

/// A change of a volume's attributes: one that the storage refuses, then one that it makes.
fn modify(lane: &Lane) {
    driver(lane);
    let namespace = &lane.namespace;
    let uid = lane.field(&format!("namespace/{namespace}"), "/metadata/uid");
    for (name, parameters) in
        [("refused", "{failModify: 'InvalidArgument: this pool has no faster disks'}"), ("taken", "{iops: '4000'}")]
    {
        lane.apply(&format!(
            "apiVersion: storage.k8s.io/v1
kind: VolumeAttributesClass
metadata: {{name: {namespace}-{name}, ownerReferences: [{{apiVersion: v1, kind: Namespace, name: {namespace}, uid: {uid}}}]}}
driverName: testbed.csi
parameters: {parameters}
"
        ));
    }
    lane.apply(&set("web").with_class("csi").to_string());
    lane.until_ready(&["web-0"]);
    let change = |to: &str| {
        lane.run(&format!(
            r#"kubectl patch pvc data-web-0 -p '{{"spec":{{"volumeAttributesClassName":"{namespace}-{to}"}}}}'"#
        ));
    };
    change("refused");
    lane.until_field("pvc/data-web-0", "/status/modifyVolumeStatus/status", "Infeasible");
    insta::assert_snapshot!(finding(lane, "web", "ClaimDrift"), @"
    Notice: Its volume was to be changed to VolumeAttributesClass NAMESPACE-refused, and was not: the storage says that it can't be done.
    next: kubectl -n NAMESPACE describe pvc data-web-0
    ");
    change("taken");
    lane.until_field("pvc/data-web-0", "/status/currentVolumeAttributesClassName", &format!("{namespace}-taken"));
    insta::assert_snapshot!(told(lane, "volumes web"), @"data-web-0: InUse, never");
}

/// A node whose driver takes one volume, and a set of two there; the limit is raised, and the second pod starts.
fn volume_limit(lane: &Lane) {
    driver(lane);
    let limit = |volumes: u8| {
        lane.try_run(&format!(
            "csi=$(dirname $TESTBED)/csi/csi.sh; $csi stop node 2 >&2; TESTBED_CSI_MAX_VOLUMES={volumes} $csi start node 2 >&2"
        ));
        let wanted = if volumes == 0 { String::new() } else { volumes.to_string() };
        until(&format!("a limit of {volumes}"), || {
            let node = lane.find("csinode/node2")?;
            let drivers = node["spec"]["drivers"].as_array().cloned().unwrap_or_default();
            let own = drivers.iter().find(|driver| driver["name"] == "testbed.csi").ok_or("no driver")?;
            let found = own["allocatable"]["count"].as_u64().map(|count| count.to_string()).unwrap_or_default();
            if found == wanted { Ok(()) } else { Err(found) }
        });
    };
    let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        limit(1);
        let pinned = "nodeSelector: {kubernetes.io/hostname: node2}";
        lane.apply(&set("web").with_replicas(2).with_class("csi").with_pod(pinned).to_string());
        lane.until_ready(&["web-0"]);
        lane.until_condition("pod/web-1", "PodScheduled", "False");
        insta::assert_snapshot!(finding(lane, "web", "Unschedulable"), @"
        Fault: No node takes the pod, for 2 reasons: 1 node(s) didn't match Pod's node affinity/selector; 1 node(s) exceed max volume count.
        next: kubectl get csinodes -o custom-columns='NODE:.metadata.name,DRIVER:.spec.drivers[*].name,VOLUMES:.spec.drivers[*].allocatable.count'  # so many each takes: add a node, or move pods with volumes away
        ");
        // Of another limit only a higher number wakes a pod that waits for it, and none at all counts as 0 (the scheduler's nodevolumelimits/csi.go).
        limit(8);
        lane.until_ready(&["web-1"]);
    }));
    // Whatever was seen, the driver takes as many as before.
    limit(0);
    seen.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    insta::assert_snapshot!(told(lane, "volumes web"), @"
    data-web-0: InUse, never
    data-web-1: InUse, never
    ");
}
