//! A node dies with all its containers, and comes back.

use crate::lane::{Lane, Scenario, set};

pub(crate) const SCENARIOS: &[Scenario] = &[Scenario::new("node-dies", node_dies).quick().alone()];

/// Ordinal 0 on node1, ordinal 1 on node2: one pod per node, the first where it is preferred.
const ONE_EACH: &str = "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: \
                        kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}}]}, nodeAffinity: \
                        {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 100, preference: {matchExpressions: \
                        [{key: kubernetes.io/hostname, operator: In, values: [node1]}]}}]}}";

fn node_dies(lane: &Lane) {
    lane.apply(&set("web").with_replicas(2).with_pod(ONE_EACH).to_string());
    lane.until_ready(&["web-0", "web-1"]);
    lane.until_field("sts/web", "/status/readyReplicas", "2");
    assert_eq!(lane.field("pod/web-1", "/spec/nodeName"), "node2");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"");

    let node = lane.stop_node(2);
    lane.until_condition("pod/web-1", "Ready", "False");
    lane.until_field("sts/web", "/status/readyReplicas", "1");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts status web"), @"");

    drop(node);
    lane.until_condition("pod/web-1", "Ready", "True");
    lane.until_field("sts/web", "/status/readyReplicas", "2");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts status web"), @"");
}
