//! Volumes whose place has no node that takes pods: foretold, then done, then told.

use crate::lane::{Lane, Scenario, finding, findings, preview, set, until};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new("place-node-gone", |lane| nowhere(lane, "kubernetes.io/hostname", "node9")),
    Scenario::new("place-zone-empty", |lane| nowhere(lane, "topology.kubernetes.io/zone", "zone-9")),
    Scenario::new("place-cordoned", cordoned).alone(),
];

/// A volume that lies where no node is, reserved for the claim of an ordinal.
fn lies(lane: &Lane, claim: &str, key: &str, place: &str) -> String {
    let namespace = &lane.namespace;
    format!(
        "apiVersion: v1
kind: PersistentVolume
metadata: {{name: {claim}-{namespace}}}
spec:
  capacity: {{storage: 1Mi}}
  accessModes: [ReadWriteOnce]
  storageClassName: {namespace}
  persistentVolumeReclaimPolicy: Retain
  claimRef: {{namespace: {namespace}, name: {claim}}}
  hostPath: {{path: /var/tmp/{claim}-{namespace}}}
  nodeAffinity: {{required: {{nodeSelectorTerms: [{{matchExpressions: [{{key: {key}, operator: In, values: [{place}]}}]}}]}}}}
"
    )
}

/// Scaled up onto a node, or into a zone, that is not there.
fn nowhere(lane: &Lane, key: &str, place: &str) {
    lane.any_node();
    lane.apply(&set("web").with_replicas(0).with_class(&lane.namespace).to_string());
    lane.apply(&lies(lane, "data-web-0", key, place));
    // The claim of an earlier life, as a scale-down leaves it.
    lane.apply(&format!("apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: data-web-0, labels: {{app: web}}}}\nspec: {{accessModes: [ReadWriteOnce], storageClassName: {}, resources: {{requests: {{storage: 1Mi}}}}}}\n", lane.namespace));
    lane.until_field("pvc/data-web-0", "/status/phase", "Bound");
    let foretold = lane.run("kubectl sts preview scale web --replicas 1 -o json");
    assert!(foretold.contains("\"ZoneStuck\""), "{foretold}");
    assert_eq!(preview(lane, "scale web --replicas 1"), "data-web-0: pod comes, AttachedAgain");
    assert!(lane.run("kubectl sts orphans -o json").contains("\"ZoneStuck\""));

    lane.run("kubectl scale sts web --replicas 1");
    lane.until_condition("pod/web-0", "PodScheduled", "False");
    let events =
        lane.run("kubectl get events --field-selector reason=FailedScheduling -o jsonpath='{.items[*].message}'");
    assert!(events.contains("didn't match PersistentVolume's node affinity"), "{events}");
    let told = finding(lane, "web", "ZoneStuck");
    if place == "node9" {
        insta::assert_snapshot!(told, @"
        Fault: Its volume lies on node node9, and no node there takes pods: a pod that needs it stays Pending.
        next: kubectl get nodes -L topology.kubernetes.io/zone  # bring a node of that place back
        ");
    } else {
        insta::assert_snapshot!(told, @"
        Fault: Its volume lies in zone zone-9, and no node there takes pods: a pod that needs it stays Pending.
        next: kubectl get nodes -L topology.kubernetes.io/zone  # bring a node of that place back
        ");
    }
}

/// The only node of a volume's place takes no pods: its own pod runs on, and once it has to move it can't.
fn cordoned(lane: &Lane) {
    lane.apply(&set("web").with_pod("nodeSelector: {kubernetes.io/hostname: node2}").to_string());
    lane.until_ready(&["web-0"]);
    let silent = || {
        let all = findings(lane, "web");
        if all.iter().any(|verdict| verdict["code"] == "ZoneStuck") { Err(format!("{all:#?}")) } else { Ok(()) }
    };
    assert_eq!(silent(), Ok(()));
    lane.run("kubectl cordon node2");
    let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        insta::assert_snapshot!(finding(lane, "web", "ZoneStuck"), @"
        Notice: Its volume lies on node NODE, and no node there takes pods: a pod that needs it stays Pending.
        next: kubectl get nodes -L topology.kubernetes.io/zone  # bring a node of that place back
        ");
        lane.run("kubectl delete pod web-0");
        lane.until_condition("pod/web-0", "PodScheduled", "False");
        // For five minutes: its node is under maintenance.
        insta::assert_snapshot!(finding(lane, "web", "ZoneStuck"), @"
        Waiting: Its volume lies on node NODE, and no node there takes pods: a pod that needs it stays Pending.
        next: kubectl get nodes -L topology.kubernetes.io/zone  # bring a node of that place back
        ");
    }));
    // Whatever was seen, the node takes pods again.
    lane.run("kubectl uncordon node2");
    seen.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    lane.until_ready(&["web-0"]);
    until("no word of the place", silent);
}
