//! The Service that a set names: the tutorial's Postgres names one that isn't there.

use crate::lane::{Lane, Scenario, set, until};

pub(crate) const SCENARIOS: &[Scenario] = &[Scenario::quick("postgres", postgres), Scenario::quick("service", service)];

const POSTGRES: &str = include_str!("testbed/manifests/postgres.yaml");

/// `serviceName: postgres` beside a Service `postgres-svc`: the printed manifest, applied as it is, mends it, and no pod
/// has to be restarted for it.
fn postgres(lane: &Lane) {
    lane.any_node();
    lane.apply(POSTGRES);
    lane.until_ready(&["postgres-ss-0"]);
    lane.until_field("sts/postgres-ss", "/status/readyReplicas", "1");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes postgres-ss"), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts status postgres-ss"), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts status"), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts status postgres-ss -o json"), @"");

    let pod = lane.field("pod/postgres-ss-0", "/metadata/uid");
    let host = "postgres-ss-0.postgres";
    assert!(resolves(lane, host).is_err(), "{host} must not resolve before its Service is there");
    // TODO-LANE: take the manifest from the output
    until(&format!("{host} to resolve"), || resolves(lane, host));
    insta::assert_snapshot!(lane.shows("kubectl sts status postgres-ss"), @"");
    assert_eq!(lane.field("pod/postgres-ss-0", "/metadata/uid"), pod, "the pod has not been restarted");
}

/// Asks the cluster's DNS from inside the pod.
fn resolves(lane: &Lane, host: &str) -> Result<(), String> {
    lane.attempt(&format!("kubectl exec postgres-ss-0 -- getent hosts {host}")).map(drop)
}

/// The other ways in which a set's Service is wrong.
fn service(lane: &Lane) {
    let manifests = set("web").to_string();
    lane.any_node();
    lane.apply(&manifests);
    lane.until_ready(&["web-0"]);
    lane.until_field("sts/web", "/status/readyReplicas", "1");
    insta::assert_snapshot!(lane.shows("kubectl sts status web"), @"");

    lane.run("kubectl delete service web");
    insta::assert_snapshot!(lane.shows("kubectl sts status web"), @"");

    lane.run("kubectl create service clusterip web --tcp 80");
    insta::assert_snapshot!(lane.shows("kubectl sts status web"), @"");

    lane.run("kubectl delete service web");
    lane.run("kubectl create service externalname web --external-name example.invalid");
    insta::assert_snapshot!(lane.shows("kubectl sts status web"), @"");

    lane.run("kubectl delete service web");
    lane.apply(&headless("selector: {app: wep}, ports: [{port: 80}]"));
    insta::assert_snapshot!(lane.shows("kubectl sts status web"), @"");

    lane.run("kubectl delete service web");
    lane.apply(&headless("ports: [{port: 80}]"));
    insta::assert_snapshot!(lane.shows("kubectl sts status web"), @"");
}

fn headless(spec: &str) -> String {
    format!("{{apiVersion: v1, kind: Service, metadata: {{name: web}}, spec: {{clusterIP: None, {spec}}}}}")
}
