//! `kubectl sts dns`, against DNS replicas behind port-forwards.

use std::time::{Duration, Instant};

use insta::assert_snapshot;
use serde_json::Value;
use workload_tests::{Cluster, Fault, Names, On, Running};

use crate::{run, shop, shown};

const DNS: &str = r#"
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
"#;
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
    report["items"].as_array().unwrap().iter().map(code).collect()
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
    let started = Instant::now();
    assert_snapshot!(shown(&cluster, &run(&cluster, "dns redis-stset")));
    let took = started.elapsed();
    assert!((Duration::from_secs(4)..Duration::from_secs(7)).contains(&took), "took {took:?}");
    assert_eq!(run(&cluster, "dns redis-stset --exit-code").code, 10);
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
        ("dns redis-stset --wait=soon", "error: --wait: \"soon\" is no time: 30s, 2m"),
        ("dns redis-stset --cluster-domain a..b", "error: --cluster-domain: \"a..b\" is no domain"),
    ] {
        let seen = run(&cluster, line);
        assert_eq!((seen.code, seen.stderr.trim_end()), (1, says), "{line}");
    }
    assert!(cluster.requests().is_empty());
}
