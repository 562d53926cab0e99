//! Claims that have no volume yet, and why.

use crate::lane::{Lane, Scenario, set};

pub(crate) const SCENARIOS: &[Scenario] =
    &[Scenario::new("class-missing", class_missing).quick(), Scenario::new("first-consumer", first_consumer).quick()];

/// A class that doesn't exist: the claim stays Pending and its pod without a node.
fn class_missing(lane: &Lane) {
    lane.apply(&set("web").with_class("no-such-class").to_string());
    lane.until_condition("pod/web-0", "PodScheduled", "False");
    assert_eq!(lane.field("pvc/data-web-0", "/status/phase"), "Pending");
    assert_eq!(lane.field("pod/web-0", "/spec/nodeName"), "");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts status web"), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web -o json"), @"");
}

/// A class that waits for a consumer, and a pod that no node takes; beside it a claim made ahead for an ordinal to come.
fn first_consumer(lane: &Lane) {
    lane.apply(&set("web").with_pod("nodeSelector: {no: such-node}").to_string());
    lane.apply(
        "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data-web-1}, spec: {accessModes: [ReadWriteOnce], \
         storageClassName: local-path, resources: {requests: {storage: 1Mi}}}}",
    );
    lane.until_condition("pod/web-0", "PodScheduled", "False");
    assert_eq!(lane.field("pvc/data-web-0", "/status/phase"), "Pending");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts status web"), @"");
}
