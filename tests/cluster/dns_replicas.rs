//! DNS servers of a scenario's own: what happens to them, who may ask them, and from where.

use serde_json::{Value, json};

use crate::dns::{codes, findings, probed, report};
use crate::dns_server::{CACHED, UNCACHED, cut, replica, start};
use crate::lane::{Background, Lane, Scenario, set, until};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new("dns-watch", watch),
    Scenario::new("dns-vantages", vantages),
    Scenario::new("dns-policies", policies),
    Scenario::new("dns-deaf", deaf),
    Scenario::new("dns-cache", cache),
    Scenario::new("dns-denied", denied).quick(),
    Scenario::new("dns-thousand", thousand),
    Scenario::new("dns-endpoints", endpoints).alone(),
];

/// Changes as they come to the servers, with their delay; servers that are replaced in mid-run; Ctrl-C.
fn watch(lane: &Lane) {
    start(lane, 2, UNCACHED);
    lane.apply(&probed(2));
    until("both pods", || {
        lane.attempt("kubectl exec web-0 -- touch /tmp/ready && kubectl exec web-1 -- touch /tmp/ready")
    });
    let flags = format!("web --dns-service {}/names", lane.namespace);
    assert_eq!(codes(&report(lane, &format!("{flags} --wait=60s"))), ["0 Resolves", "1 Resolves"]);
    let out = lane.kubeconfig.with_extension("watched");
    let at = out.display();
    let watching = Background::start(lane, &format!("exec kubectl sts dns {flags} --watch >> {at} 2>&1"));
    let told = |what: &str| {
        until(what, || {
            let said = std::fs::read_to_string(&out).map_err(|error| error.to_string())?;
            let found = lane.attempt(&format!("grep -aE '{what}' {at} | tail -n 1"));
            found.map_err(|_| said)
        })
    };
    told("^1 +web-1.web .* Resolves$");
    let name = format!("web-1.web.{}.svc.corp.example", lane.namespace);
    let delay = "[0-9.]+ s after the EndpointSlices changed$";

    lane.run("kubectl exec web-1 -- rm /tmp/ready");
    let change = told(&format!("{name}   .* -> HiddenNotReady   NXDOMAIN   {delay}"));
    lane.say(&change);
    lane.run("kubectl exec web-1 -- touch /tmp/ready");
    let change = told(&format!("{name}   .* -> Resolves   10[0-9.]+   {delay}"));
    lane.say(&change);

    // Both servers go while it watches; those that come in their place are found and asked.
    let (first, _) = replica(lane, 0);
    lane.run("kubectl delete pod -l app=names");
    lane.until_field("deployment/names", "/status/readyReplicas", "2");
    told(&format!("^note: no answer from .*{first}.*: the DNS servers were looked for again$"));
    // Looked for while none was ready, they are found at the next look; until then nobody is asked.
    until("the new servers are asked", || {
        let last = lane.attempt(&format!("grep -a '{name}   ' {at} | tail -n 1"))?;
        if last.contains("-> NotQueried") { Err(last) } else { Ok(()) }
    });
    // Emptied before: what follows may be told before the command is over.
    lane.run(&format!("printf '' > {at}; kubectl exec web-1 -- rm /tmp/ready"));
    told(&format!("{name}   .* -> HiddenNotReady   NXDOMAIN"));

    let asked = std::time::Instant::now();
    let code = watching.interrupt();
    lane.say(&format!("{} ms from Ctrl-C to the end", asked.elapsed().as_millis()));
    assert_eq!(code, 130);
}

/// Other vantages: a server by its address, and a pod of the set; one without a shell says so.
fn vantages(lane: &Lane) {
    // Its image holds CoreDNS and nothing else.
    start(lane, 1, UNCACHED);
    lane.apply(&set("web").with_templates(&[]).to_string());
    lane.until_ready(&["web-0"]);
    assert_eq!(codes(&report(lane, "web --wait=60s")), ["0 Resolves"]);

    let via = report(lane, "web --via 10.96.0.10");
    assert_eq!(codes(&via), ["0 Resolves"]);
    assert_eq!(via["items"][0]["answers"][0]["server"], "10.96.0.10");

    let inside = report(lane, "web --in pod/web-0");
    assert_eq!(codes(&inside), ["0 Resolves"]);
    let last = |report: &Value| report["items"][0]["answers"].as_array().and_then(|all| all.last().cloned());
    let answer = last(&inside).expect("the pod was asked");
    assert_eq!((&answer["server"], &answer["result"]), (&"in web-0".into(), &"NOERROR".into()));
    let shown = lane.run("kubectl sts dns web --in web-0");
    assert!(shown.contains("svc.cluster.local"), "the pod's search list is shown: {shown}");

    let shell = report(lane, &format!("web --in {}", replica(lane, 0).0));
    assert_eq!(codes(&shell), ["0 Resolves"]);
    let told = shell["findings"].to_string();
    assert!(told.contains("the container has no shell, so nothing can be asked from inside it"), "{told}");
}

/// NetworkPolicies, as the API server has them: it writes the types that a manifest leaves out.
fn policies(lane: &Lane) {
    start(lane, 1, UNCACHED);
    lane.apply(&set("web").with_templates(&[]).to_string());
    lane.until_ready(&["web-0"]);
    let flags = format!("web --dns-service {}/names", lane.namespace);
    assert_eq!(codes(&report(lane, &format!("{flags} --wait=60s"))), ["0 Resolves"]);
    let policy = |name: &str, spec: &str| {
        lane.apply(&format!(
            "{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: {name}}}, spec: {spec}}}"
        ));
    };
    let told = || {
        let report = report(lane, &flags);
        // No network plugin of the testbed enforces them.
        assert_eq!(codes(&report), ["0 Resolves"]);
        let all = report["findings"].as_array().cloned().unwrap_or_default();
        let told = all.iter().filter(|verdict| verdict["code"] == "DnsBlockedByPolicy");
        told.filter_map(|verdict| verdict["evidence"][0]["value"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(told(), [""; 0]);
    policy("web", "{podSelector: {matchLabels: {app: web}}, egress: [{ports: [{port: 5432}]}]}");
    assert_eq!(told(), ["lets no question out to the DNS servers"]);
    policy("dns", "{podSelector: {}, egress: [{ports: [{port: 53}, {port: 5353}]}]}");
    // All policies limit what comes in as well, the servers' too: they are in the same namespace.
    assert_eq!(told(), ["opens the DNS port over TCP alone", "lets no question in"]);
    policy("dns", "{podSelector: {}, egress: [{ports: [{port: 53, protocol: UDP}, {port: 53}]}], ingress: [{}]}");
    assert_eq!(told(), [""; 0]);
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
    // Later than the replica's last news by more than what clocks may differ in.
    until("the replica's last news to be old", || {
        let report = report(lane, &flags);
        let serial = report["services"][0]["serials"][1].as_i64();
        let age = serial.map(|serial| jiff::Timestamp::now().as_second() - serial);
        if age.is_some_and(|age| age > 6) { Ok(()) } else { Err(format!("it is {age:?} s old")) }
    });
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
    // The denial shall be older than the change by more than the second that serials and lifetimes count in.
    until("the denial to have aged", || {
        let report = report(lane, &flags);
        let answers = report["items"][0]["answers"].as_array().cloned().unwrap_or_default();
        let left: Vec<_> = answers.iter().map(|answer| answer["ttl"].as_u64()).collect();
        if left.iter().all(|left| left.is_some_and(|left| left <= 27)) { Ok(()) } else { Err(format!("{left:?}")) }
    });
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
    let took = asked.elapsed().as_secs_f64();
    let off = left - took;
    lane.say(&format!("predicted {left} s, took {took:.1} s"));
    assert!((-2.0..=1.0).contains(&off), "predicted {left} s, off by {off:.1} s");
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

/// A Service of more than a thousand endpoints: the Endpoints object of old is cut, the slices are not. A node of no kubelet has them, and what
/// a kubelet would say of its pods is written by hand.
fn endpoints(lane: &Lane) {
    let node = &lane.namespace;
    let uid = lane.field(&format!("namespace/{node}"), "/metadata/uid");
    lane.apply(&set("web").with_templates(&[]).to_string());
    lane.until_ready(&["web-0"]);
    let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        // Whatever becomes of this run: it goes with its namespace.
        lane.apply(&format!(
            "{{apiVersion: v1, kind: Node, metadata: {{name: {node}, ownerReferences: [{{apiVersion: v1, kind: Namespace, name: {node}, uid: {uid}}}]}}, spec: {{unschedulable: true}}}}"
        ));
        let runs = json!({"status": {
            "phase": "Running", "podIP": "10.78.0.1", "podIPs": [{"ip": "10.78.0.1"}],
            "conditions": [{"type": "Ready", "status": "True"}],
        }});
        // So many at a time as kubectl sends without a pause.
        for part in 0..4 {
            let pods: Vec<Value> = (0..250).map(|at| of_host(&format!("other-{}", part * 250 + at), node)).collect();
            let file = lane.kubeconfig.with_extension("pods.json");
            std::fs::write(&file, json!({"apiVersion": "v1", "kind": "List", "items": pods}).to_string())
                .expect("a file can be written");
            let file = file.display();
            lane.run(&format!("kubectl create -f {file} | wc -l"));
            lane.run(&format!("kubectl patch --subresource status --type merge -f {file} -p '{runs}' | wc -l"));
        }
        let cut = |wanted: &str| {
            let annotation = "/metadata/annotations/endpoints.kubernetes.io~1over-capacity";
            lane.until_field("endpoints/web", annotation, wanted);
        };
        cut("truncated");
        assert_eq!(lane.field("endpoints/web", "/subsets").matches("\"targetRef\"").count(), 1000);
        let truncated = || {
            let report = report(lane, "web");
            let all = report["findings"].as_array().cloned().unwrap_or_default();
            all.into_iter().find(|verdict| verdict["code"] == "EndpointsTruncated")
        };
        // The slices are written by another controller than the object.
        let told = until("the slices to have all", || truncated().ok_or_else(|| "it is not told".to_owned()));
        insta::assert_snapshot!(told["says"].as_str().unwrap_or_default(), @"Service web has 1001 endpoints, and the old Endpoints object of that name holds 1000 at most: whoever still reads that one misses the rest. The EndpointSlices and DNS have all.");
        assert_eq!(lane.run(told["next"].as_str().unwrap_or_default()), "truncated");

        lane.run("kubectl delete pod other-0");
        cut("");
        until("the slices to have a thousand", || truncated().map_or(Ok(()), |told| Err(told.to_string())));
    }));
    // Whatever was seen, the cluster has its own nodes alone again.
    lane.try_run(&format!("kubectl delete node {node}"));
    seen.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

/// A pod of the host's network: all of a node have one address.
fn of_host(name: &str, node: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": "web"}},
        "spec": {
            "nodeName": node, "hostNetwork": true, "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "main", "image": "busybox:1.36"}],
        },
    })
}
