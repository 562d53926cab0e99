//! Sets that don't count from zero.

use crate::lane::{Lane, Scenario, set};

pub(crate) const SCENARIOS: &[Scenario] = &[Scenario::new("start", start).quick()];

/// `ordinals.start: 5`: rows 5 and 6; then the top is scaled away, and then the start moves up.
fn start(lane: &Lane) {
    lane.any_node();
    lane.apply(&set("web").with_replicas(2).with_start(5).to_string());
    lane.until_ready(&["web-5", "web-6"]);
    lane.until_field("sts/web", "/status/readyReplicas", "2");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts status web"), @"");

    lane.run("kubectl scale sts web --replicas 1");
    lane.until_gone("pod/web-6");
    lane.until_field("sts/web", "/status/replicas", "1");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"");

    lane.run(r#"kubectl patch sts web -p '{"spec":{"ordinals":{"start":6}}}'"#);
    lane.until_ready(&["web-6"]);
    lane.until_gone("pod/web-5");
    lane.until_field("sts/web", "/status/readyReplicas", "1");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"");
}
