//! Sets that don't count from zero.

use crate::lane::{Lane, Scenario, set};

pub(crate) const SCENARIOS: &[Scenario] = &[Scenario::new("start", start).quick()];

/// `ordinals.start: 5`: rows 5 and 6; then the top is scaled away, and then the start moves up.
fn start(lane: &Lane) {
    lane.any_node();
    lane.apply(&set("web").with_replicas(2).with_start(5).to_string());
    lane.until_ready(&["web-5", "web-6"]);
    lane.until_field("sts/web", "/status/readyReplicas", "2");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"
    ORD   POD     READY   CLAIM        STATE   SIZE   CLASS        VOLUME   RECLAIM   PLACE   AGE
    5     web-5   1/1     data-web-5   InUse   1Mi    local-path   pvc-1…   Delete    node?   <age>
    6     web-6   1/1     data-web-6   InUse   1Mi    local-path   pvc-2…   Delete    node?   <age>

    2 claims in use.
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts status web"), @"
    StatefulSet start-test/web: 2 of 2 ready, ordinals 5 to 6

    ORD   POD     READY   STATUS    RESTARTS   REVISION   CLAIMS   DNS         NODE    AGE
    5     web-5   1/1     Running   0          current    InUse    published   node?   <age>
    6     web-6   1/1     Running   0          current    InUse    published   node?   <age>
    ");

    lane.run("kubectl scale sts web --replicas 1");
    lane.until_gone("pod/web-6");
    lane.until_field("sts/web", "/status/replicas", "1");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"
    ORD   POD     READY   CLAIM        STATE   SIZE   CLASS        VOLUME   RECLAIM   PLACE   AGE
    5     web-5   1/1     data-web-5   InUse   1Mi    local-path   pvc-1…   Delete    node?   <age>

    Retained: no ordinal in range uses these claims
    ORD   POD      READY    CLAIM        STATE                SIZE   CLASS        VOLUME   RECLAIM   PLACE   AGE
    6     <none>   <none>   data-web-6   RetainedScaledDown   1Mi    local-path   pvc-2…   Delete    node?   <age>

    1 claim in use, 1 retained (1Mi); scaling web to 2 attaches data-web-6 again.
    ");

    lane.run(r#"kubectl patch sts web -p '{"spec":{"ordinals":{"start":6}}}'"#);
    lane.until_ready(&["web-6"]);
    lane.until_gone("pod/web-5");
    lane.until_field("sts/web", "/status/readyReplicas", "1");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"
    ORD   POD     READY   CLAIM        STATE   SIZE   CLASS        VOLUME   RECLAIM   PLACE   AGE
    6     web-6   1/1     data-web-6   InUse   1Mi    local-path   pvc-2…   Delete    node?   <age>

    Retained: no ordinal in range uses these claims
    ORD   POD      READY    CLAIM        STATE                SIZE   CLASS        VOLUME   RECLAIM   PLACE   AGE
    5     <none>   <none>   data-web-5   RetainedScaledDown   1Mi    local-path   pvc-1…   Delete    node?   <age>

    1 claim in use, 1 retained (1Mi); an ordinals.start of 5 in web attaches data-web-5 again.
    ");
}
