//! What `kubectl sts dns` tells of a set's names beside what the servers answer.

// A panic in a test's own helper is a failed test.
#![allow(clippy::unwrap_used)]

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::dns::with_dns;
use crate::{run, sts};

/// The findings as `code: sentence`.
fn findings(report: &Value, at: &str) -> Vec<String> {
    let all = report.pointer(at).and_then(Value::as_array).unwrap();
    let text = |verdict: &Value, field: &str| verdict[field].as_str().unwrap().to_owned();
    all.iter().map(|verdict| format!("{}: {}", text(verdict, "code"), text(verdict, "says"))).collect()
}

#[test]
fn pods_with_a_nameserver_of_their_own_are_told_by_who_knows_the_clusters() {
    let told = |config: Value| {
        let cluster = with_dns().start();
        let template = json!({"spec": {"template": {"spec": {"dnsPolicy": "None", "dnsConfig": config}}}});
        cluster.patch("statefulsets", "shop", "redis-stset", template);
        let asked = findings(&run(&cluster, "dns redis-stset -o json").json(), "/findings");
        // This one reads nothing of the DNS servers: there nothing is told.
        assert_eq!(findings(&run(&cluster, "status redis-stset -o json").json(), "/items/0/verdicts").len(), 1);
        asked
    };
    assert_snapshot!(told(json!({"nameservers": ["192.0.2.53"]})).join("\n"), @"ForeignNameservers: The pods have dnsPolicy None and ask 192.0.2.53, not the cluster's DNS at 10.96.0.10: unless that one knows the cluster's names, the pods can't resolve each other's.");
    assert_eq!(told(json!({"nameservers": ["10.96.0.10"]})), [""; 0]);
}

#[test]
fn more_endpoints_than_the_endpoints_object_of_old_holds() {
    let told = |pods: usize, selector: &str| {
        let slice = |part: usize, from: usize, to: usize| {
            let endpoint = |at| {
                format!(
                    "{{addresses: [\"10.{part}.{}.{}\"], targetRef: {{kind: Pod, name: db-{at}, uid: u-{at}}}}}",
                    at / 200,
                    at % 200
                )
            };
            let endpoints: Vec<String> = (from..to).map(endpoint).collect();
            format!(
                "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {{name: db-{part}, labels: {{kubernetes.io/service-name: db}}}}\naddressType: IPv4\nendpoints: [{}]\n---\n",
                endpoints.join(", ")
            )
        };
        // The second slice is the other address family of the first one's pods: they count once.
        let text = format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: db}}\nspec: {{clusterIP: None, {selector} ports: [{{port: 80}}]}}\n---\n{}{}{}apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db}}\nspec: {{serviceName: db, selector: {{matchLabels: {{app: db}}}}, template: {{metadata: {{labels: {{app: db}}}}, spec: {{containers: [{{name: db}}]}}}}}}\n",
            slice(1, 0, 600),
            slice(2, 0, 600),
            slice(3, 600, pods)
        );
        let report = sts().args(["dns", "-f", "-", "-o", "json"]).stdin(text.as_str()).run().json();
        findings(&report, "/findings").into_iter().filter(|it| it.starts_with("EndpointsTruncated")).collect::<Vec<_>>()
    };
    let selector = "selector: {app: db},";
    assert_snapshot!(told(1001, selector).join("\n"), @"EndpointsTruncated: Service db has 1001 endpoints, and the old Endpoints object of that name holds 1000 at most: whoever still reads that one misses the rest. The EndpointSlices and DNS have all.");
    assert_eq!(told(1000, selector), [""; 0]);
    assert_eq!(told(1001, ""), [""; 0], "nobody writes Endpoints for a Service without a selector");
}
