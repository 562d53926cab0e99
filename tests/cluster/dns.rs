//! What the pods' names should resolve to, and what real DNS servers answer.

use serde_json::Value;

use crate::dns_server::{UNCACHED, start};
use crate::lane::{Lane, Scenario, finding, put_forward, set, until};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new("dns-tutorial", tutorial).quick(),
    Scenario::new("dns-service", service),
    Scenario::new("dns-hidden", hidden).quick(),
    Scenario::new("dns-terminating", terminating),
    Scenario::new("dns-deadlock", deadlock),
    Scenario::new("dns-strange", strange),
    Scenario::new("dns-nameservers", nameservers),
];

const REDIS: &str = include_str!("../../examples/topologies/redis.yaml");
const POSTGRES: &str = include_str!("testbed/manifests/postgres.yaml");

/// The report, whatever the exit code.
pub(crate) fn report(lane: &Lane, flags: &str) -> Value {
    let ran = lane.try_run(&format!("kubectl sts dns {flags} -o json"));
    serde_json::from_str(&ran.stdout).unwrap_or_else(|why| panic!("{why}: {ran}"))
}

/// `ordinal code code…` per row.
pub(crate) fn codes(report: &Value) -> Vec<String> {
    let rows = report["items"].as_array().expect("a report has items");
    rows.iter()
        .map(|row| {
            let verdicts = row["verdicts"].as_array().expect("a row has verdicts");
            let words: Vec<&str> = verdicts.iter().filter_map(|verdict| verdict["code"].as_str()).collect();
            format!("{} {}", row["ordinal"], words.join(" "))
        })
        .collect()
}

/// The findings' codes, but for what the shared cluster's own DNS may give at any time.
pub(crate) fn findings(report: &Value) -> Vec<&str> {
    let all = report["findings"].as_array().expect("a report has findings");
    all.iter().filter_map(|verdict| verdict["code"].as_str()).filter(|code| *code != "DnsReplicaUnready").collect()
}

/// The tutorial's Redis resolves; its Postgres names a Service that does not exist, until the printed one is applied: no pod is
/// restarted for it.
fn tutorial(lane: &Lane) {
    lane.apply(REDIS);
    lane.apply(POSTGRES);
    lane.until_ready(&["redis-stset-0", "redis-stset-1", "postgres-ss-0"]);
    let redis = report(lane, "redis-stset --wait=60s");
    assert_eq!(codes(&redis)[..2], ["0 Resolves", "1 Resolves"]);
    assert_eq!(findings(&redis), [""; 0]);

    let postgres = report(lane, "postgres-ss");
    assert_eq!((codes(&postgres), findings(&postgres)), (vec!["0 WrongService".to_owned()], vec!["WrongService"]));
    assert_eq!(
        lane.run("kubectl sts dns postgres-ss --names"),
        format!("postgres-svc.{}.svc.cluster.local", lane.namespace)
    );
    assert_eq!(lane.try_run("kubectl sts dns postgres-ss --exit-code").code, 10);

    let pod = lane.field("pod/postgres-ss-0", "/metadata/uid");
    let next = postgres["findings"][0]["next"].as_str().expect("WrongService has a next step");
    let manifest: Vec<&str> = next.lines().skip(1).take_while(|line| *line != "EOF").collect();
    lane.apply(&manifest.join("\n"));
    let mended = report(lane, "postgres-ss --wait=60s");
    assert_eq!(codes(&mended), ["0 Resolves"]);
    assert_eq!(lane.field("pod/postgres-ss-0", "/metadata/uid"), pod, "the pod has not been restarted");
    assert_eq!(lane.try_run("kubectl sts dns postgres-ss --exit-code").code, 0);
    lane.run("kubectl exec postgres-ss-0 -- getent hosts postgres-ss-0.postgres");
}

/// Every way in which the Service that a set names can be wrong, against what the cluster's DNS answers.
fn service(lane: &Lane) {
    lane.apply(&set("web").with_templates(&[]).to_string());
    lane.until_ready(&["web-0"]);
    assert_eq!(codes(&report(lane, "web --wait=60s")), ["0 Resolves"]);
    let replace = |service: &str| {
        lane.run("kubectl delete service web --ignore-not-found");
        lane.until_gone("endpointslices -l kubernetes.io/service-name=web");
        if !service.is_empty() {
            lane.apply(service);
        }
    };
    let headless = |spec: &str| {
        format!(
            "{{apiVersion: v1, kind: Service, metadata: {{name: web}}, spec: {{{spec}, ports: [{{port: 80, name: http}}]}}}}"
        )
    };
    let told = || until_settled(lane);
    replace("");
    assert_eq!(told(), (vec!["0 ServiceMissing".to_owned()], vec!["ServiceMissing".to_owned()]));
    replace(&headless("clusterIP: None, selector: {app: wep}"));
    assert_eq!(told(), (vec!["0 ServiceNotSelecting".to_owned()], vec!["ServiceNotSelecting".to_owned()]));
    replace(&headless("clusterIP: None"));
    assert_eq!(told(), (vec!["0 ServiceWithoutSelector".to_owned()], vec!["ServiceWithoutSelector".to_owned()]));
    // CoreDNS answers for the pods all the same.
    replace(&headless("selector: {app: web}"));
    assert_eq!(told(), (vec!["0 Resolves".to_owned()], vec!["ServiceNotHeadless".to_owned()]));
    replace(&headless("type: ExternalName, externalName: example.invalid"));
    assert_eq!(told(), (vec!["0 ServiceExternalName".to_owned()], vec!["ServiceExternalName".to_owned()]));

    // None is named: the API has accepted that since 1.35.
    lane.apply(&set("nameless").with_templates(&[]).to_string().replace("serviceName: nameless", "serviceName: \"\""));
    lane.until_ready(&["nameless-0"]);
    let nameless = report(lane, "nameless");
    assert_eq!((codes(&nameless), findings(&nameless)), (vec!["0 NoServiceName".to_owned()], vec!["NoServiceName"]));

    // The pods outlive their set; the new one names another Service.
    replace(&headless("clusterIP: None, selector: {app: web}"));
    lane.run("kubectl delete sts web --cascade=orphan");
    lane.apply(&set("web").with_templates(&[]).to_string().replace("serviceName: web", "serviceName: other"));
    lane.apply(&headless("clusterIP: None, selector: {app: web}").replace("name: web}", "name: other}"));
    until("the pod to be adopted", || {
        let codes = codes(&report(lane, "web"));
        if codes == ["0 SubdomainDrift"] { Ok(()) } else { Err(codes.join("; ")) }
    });
}

/// Row codes and findings once the servers have seen the last change.
fn until_settled(lane: &Lane) -> (Vec<String>, Vec<String>) {
    let once = || {
        let report = report(lane, "web");
        (codes(&report), findings(&report).iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    until("no answer on its way", || {
        let told = once();
        let passing = ["GhostRecord", "RecordMissing", "NotInSlice", "ReplicasDiverge"];
        if told.0.iter().any(|row| passing.iter().any(|code| row.contains(code))) {
            Err(told.0.join("; "))
        } else {
            Ok(told)
        }
    })
}

/// Pods that are ready once `/tmp/ready` is there.
pub(crate) fn probed(replicas: u32) -> String {
    let probe = "{exec: {command: [test, -e, /tmp/ready]}, periodSeconds: 1, failureThreshold: 1}";
    let pods = set("web").with_templates(&[]).with_replicas(replicas).to_string();
    let pods =
        pods.replace("command: [sleep, infinity]", &format!("command: [sleep, infinity], readinessProbe: {probe}"));
    pods.replace("  serviceName: web", "  serviceName: web\n  podManagementPolicy: Parallel")
}

/// Pods that are not published because they are not ready, with and without the Service's consent.
fn hidden(lane: &Lane) {
    lane.apply(&probed(2));
    until("both pods to be listed, unready", || {
        let codes = codes(&report(lane, "web"));
        if codes == ["0 HiddenNotReady", "1 HiddenNotReady"] { Ok(()) } else { Err(codes.join("; ")) }
    });
    // A name that is waited for is found within a second of its pod's readiness.
    lane.run("kubectl exec web-0 -- touch /tmp/ready && kubectl exec web-1 -- touch /tmp/ready");
    assert_eq!(codes(&report(lane, "web --wait=30s")), ["0 Resolves", "1 Resolves"]);
    lane.run("kubectl exec web-1 -- rm /tmp/ready");
    lane.until_condition("pod/web-1", "Ready", "False");
    until("web-1 to be hidden", || {
        let codes = codes(&report(lane, "web"));
        if codes == ["0 Resolves", "1 HiddenNotReady"] { Ok(()) } else { Err(codes.join("; ")) }
    });
    assert_eq!(lane.try_run("kubectl sts dns web --wait=1s").code, 124);
    lane.run(r#"kubectl patch service web -p '{"spec":{"publishNotReadyAddresses":true}}'"#);
    assert_eq!(codes(&report(lane, "web --wait=30s")), ["0 Resolves", "1 Resolves"]);
    assert_eq!(
        lane.run("kubectl sts dns web --names"),
        ["web-0.web", "web-1.web", "web"].map(|name| format!("{name}.{}.svc.cluster.local", lane.namespace)).join("\n")
    );
}

/// A pod that takes its time to end: hidden at once, unless the Service publishes what is not ready.
fn terminating(lane: &Lane) {
    // The first process of a container ignores SIGTERM unless it says otherwise.
    let slow = "terminationGracePeriodSeconds: 600";
    let pods = set("web").with_templates(&[]).with_replicas(2).to_string();
    lane.apply(&pods.replace("terminationGracePeriodSeconds: 0", slow));
    lane.until_ready(&["web-0", "web-1"]);
    assert_eq!(codes(&report(lane, "web --wait=60s")), ["0 Resolves", "1 Resolves"]);
    lane.run("kubectl delete pod web-1 --wait=false");
    until("web-1 to be hidden", || {
        let report = report(lane, "web");
        let severity = &report["items"][1]["verdicts"][0]["severity"];
        match (&codes(&report)[..], severity.as_str()) {
            ([zero, one], Some("Waiting")) if zero == "0 Resolves" && one == "1 HiddenTerminating" => Ok(()),
            (codes, severity) => Err(format!("{codes:?} {severity:?}")),
        }
    });
    lane.run(r#"kubectl patch service web -p '{"spec":{"publishNotReadyAddresses":true}}'"#);
    assert_eq!(codes(&report(lane, "web --wait=30s")), ["0 Resolves", "1 Resolves"]);
    lane.run("kubectl delete pod web-0 web-1 --force --grace-period=0");
}

/// A pod that is ready once its own name resolves, which exists once it is ready. Five minutes are not waited for: a snapshot of the
/// real objects is read as of then. The printed step gets the set going.
fn deadlock(lane: &Lane) {
    let name = format!("web-0.web.{}.svc.cluster.local", lane.namespace);
    let probe = format!("{{exec: {{command: [nslookup, {name}]}}, periodSeconds: 1, timeoutSeconds: 5}}");
    let pods = set("web").with_templates(&[]).with_replicas(2).to_string();
    lane.apply(
        &pods.replace("command: [sleep, infinity]", &format!("command: [sleep, infinity], readinessProbe: {probe}")),
    );
    until("web-0 to be listed, unready", || {
        let codes = codes(&report(lane, "web"));
        if codes == ["0 HiddenNotReady", "1 PodNotCreated"] { Ok(()) } else { Err(codes.join("; ")) }
    });
    let file = lane.kubeconfig.with_extension("snapshot");
    let at = file.display();
    lane.run(&format!("kubectl sts snapshot web > {at}"));
    let early = report(lane, &format!("web -f {at}"));
    assert_eq!(findings(&early), ["NotQueried"], "it has just started");
    put_forward(&file);
    let overdue = report(lane, &format!("web -f {at}"));
    let first = &overdue["findings"][0];
    assert_eq!(first["code"], "BootstrapDeadlock", "{overdue}");
    lane.run(first["next"].as_str().expect("it has a next step"));
    lane.until_ready(&["web-0", "web-1"]);
    assert_eq!(codes(&report(lane, "web --wait=30s")), ["0 Resolves", "1 Resolves"]);
}

/// Addresses that are not the pods': slices made by hand, and a second pod of the same hostname.
fn strange(lane: &Lane) {
    lane.apply(&set("web").with_templates(&[]).to_string());
    lane.until_ready(&["web-0"]);
    assert_eq!(codes(&report(lane, "web --wait=60s")), ["0 Resolves"]);
    lane.apply(
        "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: by-hand, labels: {kubernetes.io/service-name: web}}, addressType: IPv4, ports: [], endpoints: [{addresses: [10.99.99.99], hostname: web-0}]}",
    );
    let extra = until("the slice to be found", || {
        let report = report(lane, "web");
        let codes = codes(&report);
        if codes == ["0 ExtraAddress"] { Ok(report) } else { Err(codes.join("; ")) }
    });
    let evidence = extra["items"][0]["verdicts"][0]["evidence"].to_string();
    assert!(evidence.contains("EndpointSlice/by-hand"), "the slice is named: {evidence}");
    lane.run("kubectl delete endpointslice by-hand");

    // An address that a pod of another namespace has.
    let other = lane.field("pods -n kube-system -l k8s-app=kube-dns", "/items/0/status/podIP");
    lane.apply(&format!(
        "{{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {{name: by-hand, labels: {{kubernetes.io/service-name: web}}}}, addressType: IPv4, ports: [], endpoints: [{{addresses: [{other}], hostname: web-0}}]}}"
    ));
    until("the foreign address to be found", || {
        let report = report(lane, "web");
        let verdict = &report["items"][0]["verdicts"][0];
        let says = verdict["says"].as_str().unwrap_or_default();
        if verdict["code"] == "ForeignAddress" && says.contains("kube-system/coredns-") {
            Ok(())
        } else {
            Err(verdict.to_string())
        }
    });
    lane.run("kubectl delete endpointslice by-hand");

    lane.apply(
        "{apiVersion: v1, kind: Pod, metadata: {name: twin, labels: {app: web}}, spec: {hostname: web-0, subdomain: web, terminationGracePeriodSeconds: 0, containers: [{name: main, image: \"busybox:1.36\", command: [sleep, infinity]}]}}",
    );
    lane.until_ready(&["twin"]);
    until("the twin to be found", || {
        let codes = codes(&report(lane, "web"));
        if codes == ["0 ForeignAddress"] { Ok(()) } else { Err(codes.join("; ")) }
    });
}

/// Pods that are given another nameserver than the cluster's DNS: their names resolve, but not for themselves.
fn nameservers(lane: &Lane) {
    // It serves another domain, as a company's own servers do.
    start(lane, 1, UNCACHED);
    let server = lane.field("service/names", "/spec/clusterIP");
    let policy = format!("dnsPolicy: None\n      dnsConfig: {{nameservers: [{server}], searches: [example.com]}}");
    lane.apply(&set("web").with_templates(&[]).with_pod(&policy).to_string());
    lane.apply(&set("node").with_templates(&[]).with_pod("dnsPolicy: Default").to_string());
    lane.until_ready(&["web-0", "node-0"]);
    let own = format!("kubectl exec web-0 -- nslookup web-0.web.{}.svc.cluster.local.", lane.namespace);
    let report = report(lane, "web --wait=60s");
    assert_eq!((codes(&report), findings(&report)), (vec!["0 Resolves".to_owned()], vec!["ForeignNameservers"]));
    assert_ne!(lane.try_run(&own).code, 0, "the pod itself is not answered");
    let found = |report: &Value| {
        let all = report["findings"].as_array().cloned().unwrap_or_default();
        let found = all.into_iter().find(|verdict| verdict["code"] == "ForeignNameservers").expect("the finding");
        let text = |field: &str| found[field].as_str().unwrap_or_default().to_owned();
        (text("says"), text("next"))
    };
    let (says, next) = found(&report);
    insta::assert_snapshot!(says.replace(&server, "SERVER"), @"The pods have dnsPolicy None and ask SERVER, not the cluster's DNS at 10.96.0.10: unless that one knows the cluster's names, the pods can't resolve each other's.");
    insta::assert_snapshot!(finding(lane, "node", "ForeignNameservers"), @r#"
    Notice: The pods have dnsPolicy Default, which means the node's resolver and not the cluster's DNS: unless that one knows the cluster's names, the pods can't resolve each other's.
    next: kubectl -n NAMESPACE patch statefulset node -p '{"spec":{"template":{"spec":{"dnsPolicy":"ClusterFirst"}}}}'  # restarts the pods
    "#);

    lane.run(&next);
    until("the pod to have the cluster's DNS", || lane.attempt(&own));
    assert_eq!(lane.field("pod/web-0", "/spec/dnsConfig/searches/0"), "example.com");
    let mended = self::report(lane, "web --wait=60s");
    assert_eq!((codes(&mended), findings(&mended)), (vec!["0 Resolves".to_owned()], vec![]));
}
