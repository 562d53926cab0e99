//! The Service that a set names: the tutorial's Postgres names one that isn't there.

use crate::lane::{Lane, Scenario, set, until};

pub(crate) const SCENARIOS: &[Scenario] =
    &[Scenario::new("postgres", postgres).quick(), Scenario::new("service", service).quick()];

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
    let printed = lane.run("kubectl sts status postgres-ss");
    lane.apply(&manifest(&printed));
    until(&format!("{host} to resolve"), || resolves(lane, host));
    insta::assert_snapshot!(lane.shows("kubectl sts status postgres-ss"), @"");
    assert_eq!(lane.field("pod/postgres-ss-0", "/metadata/uid"), pod, "the pod has not been restarted");
}

/// The manifest that stands in a program's output, as a reader would copy it: from its `apiVersion` on, down to a line
/// that is indented less.
fn manifest(output: &str) -> String {
    let lines = output.lines().skip_while(|line| !line.trim_start().starts_with("apiVersion:"));
    let indent = lines.clone().next().map_or(0, |first| first.len() - first.trim_start().len());
    let inside = |line: &&str| !line.trim().is_empty() && line.len() - line.trim_start().len() >= indent;
    lines.take_while(inside).map(|line| &line[indent..]).collect::<Vec<_>>().join("\n")
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
