//! `kubectl sts dns`, against DNS replicas behind port-forwards.

// A panic in a test's own helper is a failed test.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use insta::assert_snapshot;
use serde_json::{Value, json};
use workload_tests::{Cluster, Fault, Names, On, Running};

use crate::watch::Watching;
use crate::{run, shop, shown};

const DNS: &str = r"
apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system}
spec: {clusterIP: 10.96.0.10, selector: {k8s-app: kube-dns}, ports: [{name: dns-tcp, port: 53, protocol: TCP}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: kube-dns-x, namespace: kube-system, labels: {kubernetes.io/service-name: kube-dns}}
addressType: IPv4
ports: [{name: metrics, port: 9153, protocol: TCP}, {name: dns-tcp, port: 5353, protocol: TCP}, {name: dns, port: 5353, protocol: UDP}]
endpoints:
- {addresses: [10.244.0.2], conditions: {ready: true}, targetRef: {kind: Pod, name: coredns-5d8f-aaaaa, namespace: kube-system, uid: a}}
- {addresses: [10.244.0.3], conditions: {ready: true}, targetRef: {kind: Pod, name: coredns-5d8f-bbbbb, namespace: kube-system, uid: b}}
";
const COREFILE: &str = r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: coredns, namespace: kube-system}
data:
  Corefile: ".:53 {\n kubernetes cluster.local in-addr.arpa ip6.arpa {\n  ttl 30\n }\n cache 30\n}\n"
"#;
const ONE: &str = "kube-system/coredns-5d8f-aaaaa";
const OTHER: &str = "kube-system/coredns-5d8f-bbbbb";

/// A server that has all the names of the example's Redis.
fn right() -> Names {
    let [one, other] = ["redis-stset-0", "redis-stset-1"].map(|pod| format!("{pod}.redis-svc.shop.svc.cluster.local"));
    let service = "redis-svc.shop.svc.cluster.local";
    Names::new()
        .address(&one, ADDRESSES[0])
        .address(&other, ADDRESSES[1])
        .address(service, ADDRESSES[0])
        .address(service, ADDRESSES[1])
        .address("postgres-svc.shop.svc.cluster.local", "10.244.1.32")
}

/// Where the example's Redis pods are.
const ADDRESSES: [&str; 2] = ["10.244.1.31", "10.244.1.34"];

/// The example cluster with two DNS replicas that answer right.
pub(crate) fn with_dns() -> Cluster {
    cluster().names(ONE, right()).names(OTHER, right())
}

fn cluster() -> Cluster {
    shop().yaml(DNS).yaml(COREFILE)
}

fn asked(one: Names, other: Names) -> Running {
    cluster().names(ONE, one).names(OTHER, other).start()
}

/// First codes per row.
fn codes(cluster: &Running, line: &str) -> Vec<String> {
    let seen = run(cluster, &format!("{line} -o json"));
    let report: Value = serde_json::from_str(&seen.stdout).unwrap_or_else(|why| panic!("{why}: {seen:?}"));
    let code = |row: &Value| row["verdicts"][0]["code"].as_str().unwrap_or_default().to_owned();
    report["items"].as_array().expect("a report has items").iter().map(code).collect()
}

#[test]
fn every_replica_is_asked_for_every_name_and_nothing_but_reads_is_sent() {
    let cluster = asked(right(), right());
    assert_snapshot!(shown(&cluster, &run(&cluster, "dns redis-stset")));
    assert_snapshot!(shown(&cluster, &run(&cluster, "dns postgres-ss")));
    assert_eq!(run(&cluster, "dns --names").stdout.lines().count(), 4);
    cluster.requests().assert_read_only();
}

#[test]
fn a_frozen_replica_costs_two_times_two_seconds_and_its_column() {
    let cluster = asked(right(), right().silent());
    let seen = run(&cluster, "dns redis-stset");
    assert!(seen.time >= Duration::from_secs(4), "two deadlines of two seconds: {:?}", seen.time);
    assert_snapshot!(shown(&cluster, &seen));
    assert_eq!(cluster.requests().count("get pods/portforward"), 3, "the silent one is opened once more");
    assert_eq!(run(&cluster, "dns redis-stset --exit-code").code, 10);
}

#[test]
fn servers_that_say_nothing_are_told_once_each() {
    let cluster = asked(right().silent(), right().silent());
    let seen = run(&cluster, "dns redis-stset");
    assert_eq!(seen.stdout.matches("DnsTimeout\n").count(), 2, "in the rows: {seen:?}");
    assert_eq!(seen.stdout.matches("Fault: DnsTimeout, Pod/coredns-5d8f-").count(), 2, "below them: {seen:?}");
    assert_eq!(seen.stdout.matches("Fault:").count(), 2, "{seen:?}");
}

#[test]
fn an_ordinal_that_is_not_there_is_told_and_no_namespace_called_empty() {
    let cluster = asked(right(), right());
    let seen = run(&cluster, "dns redis-stset 5");
    assert_eq!((seen.code, &*seen.stdout), (0, ""));
    assert_eq!(seen.stderr, "StatefulSet redis-stset has no ordinal 5: spec.replicas is 2, from ordinal 0.\n");
}

#[test]
fn a_stream_that_ends_early_is_opened_once_more() {
    let cluster = asked(right().closes_after(7), right());
    assert_eq!(codes(&cluster, "dns redis-stset"), ["Resolves", "Resolves"]);
    // One that ends again and again is told, with whatever the others say.
    let cluster = asked(right().closes_after(2), right());
    assert_snapshot!(shown(&cluster, &run(&cluster, "dns redis-stset")));
}

#[test]
fn what_the_error_channel_says_is_told() {
    let why = "failed to connect to localhost:5353 inside namespace: connection refused";
    let cluster = asked(right(), right().refused(why));
    let seen = run(&cluster, "dns redis-stset");
    assert!(seen.stdout.contains("connection refused"), "{seen:?}");
    assert_eq!(codes(&cluster, "dns redis-stset"), ["Resolves", "Resolves"]);
}

#[test]
fn messages_that_answer_nothing_are_dropped() {
    let cluster = asked(right().garbage(), right().garbage());
    assert_eq!(codes(&cluster, "dns redis-stset"), ["Resolves", "Resolves"]);
}

#[test]
fn without_the_permission_the_prediction_is_whole_and_both_verbs_are_named() {
    for verb in ["get", "create"] {
        let cluster = cluster().names(ONE, right()).names(OTHER, right()).deny(verb, "pods/portforward").start();
        let seen = run(&cluster, "dns redis-stset --exit-code");
        assert_eq!(seen.code, 14, "{verb}: {seen:?}");
        if verb == "get" {
            assert_snapshot!(shown(&cluster, &seen));
        } else {
            assert!(seen.stdout.contains("get and create pods/portforward in namespace kube-system"), "{seen:?}");
        }
    }
}

#[test]
fn without_dns_servers_it_is_said_where_they_were_looked_for() {
    let cluster = shop().start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "dns redis-stset")));
}

#[test]
fn a_failing_server_and_one_that_refuses_are_told_apart() {
    assert_eq!(codes(&asked(right().rcode(5), right().rcode(5)), "dns redis-stset"), ["DnsRefused", "DnsRefused"]);
    assert_eq!(codes(&asked(right().rcode(2), right().rcode(2)), "dns redis-stset"), ["DnsServfail", "DnsServfail"]);
}

#[test]
fn another_domain_is_detected_or_taken_as_given() {
    let corp = || Names::new().zone("corp.example");
    let cluster = asked(corp(), corp());
    let seen = run(&cluster, "dns redis-stset");
    assert!(seen.stdout.contains("cluster domain corp.example (detected by reverse look-up)"), "{seen:?}");
    let seen = run(&cluster, "dns redis-stset --cluster-domain k8s.test");
    assert!(seen.stdout.contains("cluster domain k8s.test (given)"), "{seen:?}");
    let notice = "Notice: ZoneAssumed\n  --cluster-domain is k8s.test, but the DNS servers hold the pods' names under cluster.local.\n";
    assert!(seen.stdout.contains(notice), "{seen:?}");
    // Names compare without regard to case (RFC 4343).
    let mixed = || {
        let address = |names: Names, ordinal: usize| {
            names.address(&format!("redis-stset-{ordinal}.redis-svc.shop.svc.corp.example"), ADDRESSES[ordinal])
        };
        address(address(Names::new().zone("Corp.Example"), 0), 1)
    };
    for line in ["dns redis-stset", "dns redis-stset --cluster-domain CORP.example"] {
        assert_eq!(codes(&asked(mixed(), mixed()), line), ["Resolves", "Resolves"], "{line}");
    }
}

#[test]
fn requests_do_not_grow_with_the_ordinals() {
    let cluster = asked(right(), right());
    run(&cluster, "dns redis-stset");
    let few = cluster.requests().len();
    let cluster = asked(right(), right());
    run(&cluster, "dns");
    assert_eq!(cluster.requests().len(), few);
}

#[test]
fn a_server_that_is_gone_in_mid_run_is_named() {
    let gone = Fault::not_found();
    let cluster = cluster()
        .names(ONE, right())
        .names(OTHER, right().closes_after(3))
        .fault(On::get("pods/portforward").nth(3), gone)
        .start();
    let seen = run(&cluster, "dns redis-stset");
    assert!(seen.stdout.contains("Pod/coredns-5d8f-bbbbb"), "{seen:?}");
}

#[test]
fn mistakes_in_flags_are_told_before_anything_is_sent() {
    let cluster = asked(right(), right());
    for (line, says) in [
        (
            "dns redis-stset --dns-service kube-dns",
            "error: --dns-service: \"kube-dns\" is neither NAMESPACE/NAME nor a cluster IP",
        ),
        ("dns redis-stset --via resolver", "error: --via: \"resolver\" is neither \"system\" nor IP[:PORT]"),
        ("dns redis-stset --in deploy/x", "error: --in: \"deploy/x\" names no pod"),
        (
            "dns redis-stset --names --watch",
            "error: the argument '--names' cannot be used with '--watch[=<BOOL>]'\nSee 'kubectl sts dns --help' for usage.",
        ),
        ("dns redis-stset --wait=soon", "error: --wait: \"soon\" is no time: 30s, 2m"),
        ("dns redis-stset --cluster-domain a..b", "error: --cluster-domain: \"a..b\" is no domain"),
    ] {
        let seen = run(&cluster, line);
        assert_eq!((seen.code, seen.stderr.trim_end()), (1, says), "{line}");
    }
    assert!(cluster.requests().is_empty());
}

/// What kubelets publish of the example's Redis, with the second pod as it is told.
fn publish(cluster: &Running, ready: bool) {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shop.yaml");
    let text = std::fs::read_to_string(file).unwrap();
    let name =
        text.lines().find_map(|line| line.strip_prefix("  name: ").filter(|name| name.starts_with("redis-svc-")));
    let slice = cluster.object("endpointslices", "shop", name.unwrap()).unwrap();
    let mut endpoints = slice["endpoints"].clone();
    endpoints[1]["conditions"]["ready"] = ready.into();
    cluster.patch("endpointslices", "shop", name.unwrap(), json!({ "endpoints": endpoints }));
}

/// Which sorts of requests a command line sends.
fn verbs(cluster: Cluster, line: &str) -> Vec<String> {
    let cluster = cluster.start();
    run(&cluster, line);
    cluster.requests().verbs()
}

#[test]
fn a_watch_adds_a_watch_and_tells_each_change_with_its_delay() {
    let before = verbs(with_dns(), "dns redis-stset");
    let cluster = with_dns().start();
    let watching = Watching::start(&cluster, "dns redis-stset --watch --no-headers");
    assert!(watching.line().ends_with("Resolves") && watching.line().ends_with("Resolves"));
    cluster.wait_for("a watch", |requests| requests.count("watch endpointslices") == 1);
    // The servers go on answering with what they know: here the old address.
    publish(&cluster, false);
    let line = watching.line();
    let (_, told) = line.split_once("   ").unwrap();
    let (told, delay) = told.rsplit_once("   ").unwrap();
    assert_eq!(told, "redis-stset-1.redis-svc.shop.svc.cluster.local   Resolves -> GhostRecord   10.244.1.34");
    assert!(delay.ends_with(" s after the EndpointSlices changed"), "{line}");
    publish(&cluster, true);
    let line = watching.line();
    assert!(line.contains("   GhostRecord -> Resolves   10.244.1.34   "), "{line}");
    watching.nothing_more();
    let mut requests = cluster.requests().verbs();
    requests.retain(|verb| !before.contains(verb));
    assert_eq!(requests, ["watch endpointslices"]);
    cluster.requests().assert_read_only();
}

#[test]
fn without_the_right_to_watch_changes_are_found_all_the_same() {
    let cluster = with_dns().deny("watch", "endpointslices").start();
    let watching = Watching::start(&cluster, "dns redis-stset --watch --no-headers");
    assert!(watching.line().ends_with("Resolves") && watching.line().ends_with("Resolves"));
    publish(&cluster, false);
    let line = watching.line();
    assert!(line.ends_with("   Resolves -> GhostRecord   10.244.1.34"), "no delay can be told: {line}");
    assert_eq!(
        watching.error_line(),
        "note: forbidden to watch endpointslices.discovery.k8s.io in namespace shop: changes are found by reading again, and no delay is told"
    );
    watching.nothing_more();
}

#[test]
fn asking_from_inside_a_pod_adds_exec_and_nothing_else() {
    let before = verbs(with_dns(), "dns redis-stset");
    let mut requests = verbs(with_dns(), "dns redis-stset --in redis-stset-0");
    requests.retain(|verb| !before.contains(verb));
    assert_eq!(requests, ["get pods", "get pods/exec"]);
}

#[test]
#[cfg(target_os = "linux")]
fn ctrl_c_ends_it_while_a_server_hangs() {
    for line in ["dns redis-stset", "dns redis-stset --wait", "dns redis-stset --watch"] {
        let cluster = asked(right(), right().silent());
        let watching = Watching::interruptible(&cluster, line);
        cluster.wait_for("both servers to be asked", |requests| requests.count("get pods/portforward") == 2);
        assert_eq!(watching.interrupt(), 130, "{line}");
    }
}

#[test]
fn a_dns_service_can_be_named_by_its_address() {
    let cluster = asked(right(), right());
    assert_eq!(codes(&cluster, "dns redis-stset --dns-service 10.96.0.10"), ["Resolves", "Resolves"]);
    let needs = run(&cluster, "dns redis-stset --dns-service 10.96.0.10 --check-permissions").stdout;
    assert!(needs.contains("list     services                            at the cluster scope"), "{needs}");
    let seen = run(&cluster, "dns redis-stset --dns-service 10.96.0.99");
    assert!(seen.stdout.contains("? no Service has the cluster IP 10.96.0.99"), "{seen:?}");
    let cluster = cluster_with(|cluster| cluster.deny("list", "services"));
    let seen = run(&cluster, "dns redis-stset --dns-service 10.96.0.10");
    assert!(seen.stdout.contains("? forbidden to list services at the cluster scope"), "{seen:?}");
}

#[test]
fn a_load_balancer_that_fails_once_is_no_missing_permission() {
    let cluster = cluster_with(|cluster| cluster.fault(On::list("endpointslices"), Fault::bad_gateway()));
    let seen = run(&cluster, "dns redis-stset");
    assert!(seen.stdout.contains("? could not list endpointslices.discovery.k8s.io in namespace"), "{seen:?}");
    assert!(seen.stdout.contains("next: Run it once more: a failure such as this one may pass."), "{seen:?}");
}

#[test]
fn where_services_cannot_be_listed_none_is_called_absent() {
    let cluster = shop().deny_in("kube-system", "list", "services").start();
    let seen = run(&cluster, "dns redis-stset");
    assert!(seen.stdout.contains("? forbidden to list services in namespace kube-system"), "{seen:?}");
}

#[test]
fn policies_that_cannot_be_read_are_told() {
    let cluster = cluster_with(|cluster| cluster.deny("list", "networkpolicies"));
    let seen = run(&cluster, "dns redis-stset");
    assert_eq!(
        seen.stderr.lines().collect::<Vec<_>>(),
        [
            "note: forbidden to list networkpolicies.networking.k8s.io in namespace shop: can't tell whether the pods may ask a DNS server at all",
            "note: forbidden to list networkpolicies.networking.k8s.io in namespace kube-system: can't tell whether the DNS servers let the pods' questions in",
        ]
    );
    // Nothing is claimed of policies where some may be missing.
    let policy = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: shut, namespace: shop}, spec: {podSelector: {}, policyTypes: [Egress]}}";
    let shut = cluster_with(|cluster| cluster.yaml(policy));
    assert!(run(&shut, "dns redis-stset").stdout.contains("Notice: DnsBlockedByPolicy"));
}

/// The example cluster with its DNS servers, changed.
fn cluster_with(change: impl FnOnce(Cluster) -> Cluster) -> Running {
    change(with_dns()).start()
}

#[test]
fn of_files_only_what_names_rest_on_is_missed() {
    let cluster = shop().start();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/shop.yaml");
    let report = run(&cluster, &format!("dns redis-stset -f {file} -o json")).json();
    let codes: Vec<&Value> = report["findings"].as_array().unwrap().iter().map(|verdict| &verdict["code"]).collect();
    assert_eq!(codes, ["NotQueried"]);
}
