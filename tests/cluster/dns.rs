//! What the pods' names should resolve to, and what real DNS servers answer.

use serde_json::Value;

use crate::dns_server::{CACHED, UNCACHED, cut, replica, start};
use crate::lane::{Lane, Scenario, set, until};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new("dns-tutorial", tutorial).quick(),
    Scenario::new("dns-service", service),
    Scenario::new("dns-hidden", hidden).quick(),
    Scenario::new("dns-strange", strange),
    Scenario::new("dns-deaf", deaf),
    Scenario::new("dns-cache", cache),
    Scenario::new("dns-denied", denied).quick(),
    Scenario::new("dns-thousand", thousand),
];

const REDIS: &str = include_str!("testbed/manifests/redis.yaml");
const POSTGRES: &str = include_str!("testbed/manifests/postgres.yaml");

/// The report, whatever the exit code.
fn report(lane: &Lane, flags: &str) -> Value {
    let ran = lane.try_run(&format!("kubectl sts dns {flags} -o json"));
    serde_json::from_str(&ran.stdout).unwrap_or_else(|why| panic!("{why}: {ran}"))
}

/// `ordinal code code…` per row.
fn codes(report: &Value) -> Vec<String> {
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
fn findings(report: &Value) -> Vec<&str> {
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
fn probed(replicas: u32) -> String {
    let probe = "{exec: {command: [test, -e, /tmp/ready]}, periodSeconds: 1, failureThreshold: 1}";
    let pods = set("web").with_templates(&[]).with_replicas(replicas).to_string();
    let pods =
        pods.replace("command: [sleep, infinity]", &format!("command: [sleep, infinity], readinessProbe: {probe}"));
    pods.replace("  serviceName: web", "  serviceName: web\n  podManagementPolicy: Parallel")
}

/// Pods that are not published: unready ones, with and without the Service's consent, and one that is being deleted.
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

/// Addresses that are not the pods': a slice made by hand, and a second pod of the same hostname.
fn strange(lane: &Lane) {
    lane.apply(&set("web").with_templates(&[]).to_string());
    lane.until_ready(&["web-0"]);
    assert_eq!(codes(&report(lane, "web --wait=60s")), ["0 Resolves"]);
    lane.apply(
        "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: by-hand, labels: {kubernetes.io/service-name: web}}, addressType: IPv4, ports: [], endpoints: [{addresses: [10.99.99.99], hostname: web-0}]}",
    );
    let extra = report(lane, "web");
    assert_eq!(codes(&extra), ["0 ExtraAddress"]);
    let evidence = extra["items"][0]["verdicts"][0]["evidence"].to_string();
    assert!(evidence.contains("EndpointSlice/by-hand"), "the slice is named: {evidence}");
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

/// One of two replicas loses its watch while a pod gets a new address: it is named in one run. The servers listen on port 5353 and
/// serve a zone of their own.
fn deaf(lane: &Lane) {
    start(lane, 2, UNCACHED);
    lane.apply(&set("web").with_templates(&[]).with_replicas(2).to_string());
    lane.until_ready(&["web-0", "web-1"]);
    let flags = format!("web --dns-service {}/names", lane.namespace);
    let before = report(lane, &format!("{flags} --wait=60s"));
    assert_eq!(codes(&before), ["0 Resolves", "1 Resolves"]);
    assert_eq!(before["dns"]["clusterDomain"], "corp.example");
    assert_eq!(before["dns"]["servers"][1]["port"], 5353);

    let (name, address) = replica(lane, 1);
    let _cut = cut(lane, &address);
    let uid = lane.field("pod/web-1", "/metadata/uid");
    // A moment later than the replica's last news, so that the difference can be told from clocks that differ.
    std::thread::sleep(std::time::Duration::from_secs(6));
    lane.run("kubectl delete pod web-1");
    until("web-1 to be made anew", || {
        if lane.find("pod/web-1").is_ok_and(|pod| pod["metadata"]["uid"] != *uid) {
            Ok(())
        } else {
            Err("not yet".to_owned())
        }
    });
    lane.until_ready(&["web-1"]);
    let frozen = report(lane, &flags);
    assert_eq!(codes(&frozen), ["0 Resolves", "1 StaleReplica"]);
    let says = frozen["items"][1]["verdicts"][0]["says"].as_str().unwrap_or_default();
    assert!(says.contains(&name), "{name} is named: {says}");
    assert_eq!(lane.try_run(&format!("kubectl sts dns {flags} --exit-code")).code, 10);
}

/// kubeadm's old Corefile: the absence of a new pod's name is remembered, for as long as is predicted.
fn cache(lane: &Lane) {
    start(lane, 2, CACHED);
    lane.apply(&probed(1));
    let flags = format!("web --dns-service {}/names", lane.namespace);
    // Somebody asks for the name too early: here the command itself, while the pod is not ready.
    until("the pod to be listed, unready", || {
        let codes = codes(&report(lane, &flags));
        if codes == ["0 HiddenNotReady"] { Ok(()) } else { Err(codes.join("; ")) }
    });
    // The denial is older than the change by more than the second that serials count in.
    std::thread::sleep(std::time::Duration::from_secs(3));
    lane.run("kubectl exec web-0 -- touch /tmp/ready");
    lane.until_ready(&["web-0"]);
    let cached = until("the servers to hear of it", || {
        let report = report(lane, &flags);
        let codes = codes(&report);
        if codes == ["0 HiddenNotReady"] { Err(codes.join("; ")) } else { Ok(report) }
    });
    let asked = std::time::Instant::now();
    assert_eq!(codes(&cached), ["0 NegativelyCached"]);
    let says = cached["items"][0]["verdicts"][0]["says"].as_str().unwrap_or_default();
    let left =
        says.split(" for ").nth(1).and_then(|rest| rest.split(' ').next()).and_then(|seconds| seconds.parse().ok());
    let left: f64 = left.unwrap_or_else(|| panic!("the seconds left are told: {says}"));
    assert_eq!(codes(&report(lane, &format!("{flags} --wait=60s"))), ["0 Resolves"]);
    let off = asked.elapsed().as_secs_f64() - left;
    assert!((-2.0..=2.0).contains(&off), "predicted {left} s, off by {off:.1} s");
}

/// Users who may read the namespace and no DNS server, or only half of what a port-forward needs.
fn denied(lane: &Lane) {
    let namespace = &lane.namespace;
    start(lane, 1, UNCACHED);
    lane.apply(&set("web").with_templates(&[]).to_string());
    lane.until_ready(&["web-0"]);
    let flags = format!("web --dns-service {namespace}/names");
    assert_eq!(codes(&report(lane, &format!("{flags} --wait=60s"))), ["0 Resolves"]);
    let rule = |resources: &str, verbs: &str| {
        format!(
            "{{apiGroups: [apps, \"\", discovery.k8s.io, networking.k8s.io], resources: [{resources}], verbs: [{verbs}]}}"
        )
    };
    let read = rule("statefulsets, pods, services, endpointslices, networkpolicies, configmaps", "get, list");
    for (user, rules) in [
        ("reader", read.clone()),
        ("half", format!("{read}, {}", rule("pods/portforward", "get"))),
        ("asker", format!("{read}, {}", rule("pods/portforward", "get, create"))),
    ] {
        lane.apply(&format!(
            "apiVersion: v1
kind: ServiceAccount
metadata: {{name: {user}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {{name: {user}}}
rules: [{rules}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: {user}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: {user}}}
subjects: [{{kind: ServiceAccount, name: {user}}}]
"
        ));
        lane.run(&format!("kubectl config set-credentials {user} --token $(kubectl create token {user})"));
        lane.run(&format!("kubectl config set-context {user} --cluster testbed --user {user} --namespace {namespace}"));
    }
    assert_eq!(codes(&report(lane, &format!("{flags} --context asker"))), ["0 Resolves"]);
    for user in ["reader", "half"] {
        let refused = report(lane, &format!("{flags} --context {user}"));
        assert_eq!(
            (codes(&refused), findings(&refused)),
            (vec!["0 NotQueried".to_owned()], vec!["NotQueried"]),
            "{user}"
        );
        let unknown = refused["findings"][0]["unknown"].to_string();
        assert!(
            unknown.contains(&format!("get and create pods/portforward in namespace {namespace}")),
            "{user}: {unknown}"
        );
        assert_eq!(lane.try_run(&format!("kubectl sts dns {flags} --context {user} --exit-code")).code, 14, "{user}");
    }
    // Without any right in the DNS namespace.
    let foreign = report(lane, "web --context reader");
    assert_eq!(codes(&foreign), ["0 NotQueried"]);
    let unknown = foreign["findings"][0]["unknown"].to_string();
    assert!(unknown.contains("in namespace kube-system"), "{unknown}");
}

/// A thousand ordinals whose slices are written by hand: every question is answered.
fn thousand(lane: &Lane) {
    start(lane, 2, UNCACHED);
    lane.apply("{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {clusterIP: None, ports: [{port: 80, name: http}]}}");
    lane.apply(
        &set("web")
            .with_templates(&[])
            .with_replicas(0)
            .to_string()
            .split_once("---\n")
            .expect("two documents")
            .1
            .replace("replicas: 0", "replicas: 0\n  podManagementPolicy: Parallel"),
    );
    for part in 0..10 {
        let endpoints: Vec<String> = (0..100)
            .map(|at| format!("{{addresses: [\"10.77.{part}.{at}\"], hostname: web-{}}}", part * 100 + at))
            .collect();
        lane.apply(&format!(
            "{{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {{name: web-{part}, labels: {{kubernetes.io/service-name: web}}}}, addressType: IPv4, ports: [{{port: 80, name: http}}], endpoints: [{}]}}",
            endpoints.join(", ")
        ));
    }
    // No pod is ever made: the set's pods are refused by a quota.
    lane.apply("{apiVersion: v1, kind: ResourceQuota, metadata: {name: none}, spec: {hard: {count/pods: 2}}}");
    lane.run("kubectl scale sts web --replicas 1000");
    let flags = format!("web --dns-service {}/names", lane.namespace);
    let report = until("the slices to be seen", || {
        let report = report(lane, &flags);
        let ghosts = codes(&report).iter().filter(|row| row.ends_with("GhostRecord PodNotCreated")).count();
        if ghosts == 1000 { Ok(report) } else { Err(format!("{ghosts} of 1000")) }
    });
    let rows = report["items"].as_array().expect("a report has items");
    let answered = rows.iter().flat_map(|row| row["answers"].as_array().into_iter().flatten());
    assert_eq!(answered.filter(|answer| answer["result"] == "NOERROR").count(), 2000);
    assert!(findings(&report).contains(&"AnswerTooLarge"));
}
