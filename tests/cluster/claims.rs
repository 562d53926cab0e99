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
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts status web"), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts status"), @"");
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
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts status web"), @"");

    // A second reader of a claim in use is not the set's pod either.
    lane.run("kubectl delete pod debug --wait");
    lane.apply(&debug_pod("debug", "data-web-0"));
    lane.until_ready(&["debug"]);
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"");

    // A finished pod still holds the claim against deletion.
    lane.run("kubectl delete pod debug --wait");
    lane.apply(
        &debug_pod("debug", "data-web-1")
            .replace("[sleep, infinity]", "[\"true\"]")
            .replace("spec:\n", "spec:\n  restartPolicy: Never\n"),
    );
    lane.until_field("pod/debug", "/status/phase", "Succeeded");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"");
}

/// A claim deleted under its pod: the data dies at the next restart.
fn terminating(lane: &Lane) {
    lane.any_node();
    lane.apply(&set("web").to_string());
    lane.until_ready(&["web-0"]);
    lane.run("kubectl delete pvc data-web-0 --wait=false");
    assert_ne!(lane.field("pvc/data-web-0", "/metadata/deletionTimestamp"), "", "the pod's use holds the claim");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts status web"), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web -o json"), @"");
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
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts status web"), @"");

    lane.run("kubectl delete pod web-0 --wait");
    lane.until_field("pod/web-0", "/status/phase", "Pending");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"");
}
