//! Names that look alike, and the two sets that really share a claim's name.

use crate::lane::{Lane, Scenario, set};

pub(crate) const SCENARIOS: &[Scenario] =
    &[Scenario::new("prefix", prefix).quick(), Scenario::new("ambiguous", ambiguous).quick()];

/// `data-web-api-0` is never `web`'s: it has no ordinal of `web` behind `data-web-`.
fn prefix(lane: &Lane) {
    lane.any_node();
    lane.apply(&set("web").to_string());
    lane.apply(&set("web-api").to_string());
    lane.until_ready(&["web-0", "web-api-0"]);
    insta::assert_snapshot!(lane.shows("kubectl sts volumes"), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web-api"), @"");

    // With web-api gone its claim is nobody's, least of all web's.
    lane.run("kubectl delete sts web-api");
    lane.until_gone("pod/web-api-0");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes --all-claims"), @"");
}

/// Set `web` with template `data-web` and set `web-web` with template `data` both make `data-web-web-0`, and share it.
fn ambiguous(lane: &Lane) {
    lane.any_node();
    lane.apply(&set("web").with_templates(&["data-web"]).to_string());
    lane.until_ready(&["web-0"]);
    lane.apply(&set("web-web").to_string());
    lane.until_ready(&["web-web-0"]);
    let claims = lane.run("kubectl get pvc -o name");
    assert_eq!(claims, "persistentvolumeclaim/data-web-web-0", "one claim for both");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes"), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts status web-web"), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web -o json"), @"");
}
