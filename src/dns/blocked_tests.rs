//! A pod `web-0` labelled `app: web` in `shop`, and a DNS server in `kube-system`; each case is about the policies between them.

use super::super::predict::predict;
use super::*;
use crate::facts::fixture::{cluster, labels, pod, set};
use crate::facts::{DnsReplica, Refusal, Why};
use crate::gather::network_policy::policy;
use crate::gather::resource::{CONFIG_MAPS, POLICIES};

struct World {
    pod: Pod,
    policies: Listed<NetworkPolicy>,
    server: Option<DnsServer>,
}

fn refusal() -> Refusal {
    POLICIES.not_listed(None, Why::Forbidden)
}

fn world() -> World {
    let replica = DnsReplica { pod: "coredns-a".into(), port: 5353, ready: true, terminating: false };
    let server = DnsServer {
        namespace: "kube-system".into(),
        service: "kube-dns".into(),
        cluster_ip: "10.96.0.10".into(),
        selector: labels(&[("k8s-app", "kube-dns")]),
        policies: Listed::complete(Vec::new()),
        replicas: vec![replica],
        corefile: Err(CONFIG_MAPS.not_listed(None, Why::Forbidden)),
    };
    World { pod: pod(&set("web", 1, &[]), 0), policies: Listed::complete(Vec::new()), server: Some(server) }
}

impl World {
    /// Policies of the pod's namespace.
    fn with(mut self, specs: &[&str]) -> Self {
        self.policies.items.extend(specs.iter().map(|spec| policy("shop", "own", spec)));
        self
    }

    /// Policies of the servers' namespace.
    fn at_the_servers(mut self, specs: &[&str]) -> Self {
        let server = self.server.as_mut().unwrap();
        server.policies.items.extend(specs.iter().map(|spec| policy("kube-system", "theirs", spec)));
        self
    }

    fn verdicts(&self) -> Vec<Verdict> {
        let facts = cluster(vec![set("web", 1, &[])], vec![self.pod.clone()], vec![], vec![]);
        let names = predict(&facts.sets.items[0], &facts, &[]);
        blocked(&names, &self.policies, self.server.as_ref())
    }

    /// What is shut: `out`, `out over UDP`, `in`.
    fn shut(&self) -> String {
        let way = |verdict: &Verdict| match &*verdict.evidence[0].value {
            "lets no question out to the DNS servers" => "out",
            "opens the DNS port over TCP alone" => "out over UDP",
            "lets no question in" => "in",
            other => panic!("{other}"),
        };
        self.verdicts().iter().map(way).collect::<Vec<_>>().join(", ")
    }
}

/// `policyTypes: [Egress]` for all pods, with one rule.
fn egress(rule: &str) -> String {
    format!("{{podSelector: {{}}, policyTypes: [Egress], egress: [{rule}]}}")
}

fn ingress(rule: &str) -> String {
    format!("{{podSelector: {{matchLabels: {{k8s-app: kube-dns}}}}, policyTypes: [Ingress], ingress: [{rule}]}}")
}

#[test]
fn which_policies_limit_what_a_pod_may_reach() {
    let cases: [(&str, &[&str], &str); 10] = [
        ("none", &[], ""),
        ("for other pods", &["{podSelector: {matchLabels: {app: redis}}, policyTypes: [Egress]}"], ""),
        ("for this one", &["{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress]}"], "out"),
        (
            "for this one, by an expression",
            &[
                "{podSelector: {matchExpressions: [{key: app, operator: In, values: [web, api]}]}, policyTypes: [Egress]}",
            ],
            "out",
        ),
        ("nothing goes out", &["{podSelector: {}, policyTypes: [Ingress, Egress]}"], "out"),
        ("ingress alone", &["{podSelector: {}, policyTypes: [Ingress]}"], ""),
        ("no types, no egress", &["{podSelector: {}, ingress: [{}]}"], ""),
        ("no types, egress", &["{podSelector: {}, egress: [{ports: [{port: 5432}]}]}"], "out"),
        (
            "another one opens it",
            &[
                "{podSelector: {}, policyTypes: [Egress]}",
                "{podSelector: {}, egress: [{ports: [{port: 53, protocol: UDP}]}]}",
            ],
            "",
        ),
        (
            "another one opens it, but for other pods",
            &[
                "{podSelector: {}, policyTypes: [Egress]}",
                "{podSelector: {matchLabels: {app: redis}}, egress: [{ports: [{port: 53, protocol: UDP}]}]}",
            ],
            "out",
        ),
    ];
    for (name, specs, shut) in cases {
        assert_eq!(world().with(specs).shut(), shut, "{name}");
    }
}

#[test]
fn which_ports_are_open() {
    for (rule, shut) in [
        ("{}", ""),
        ("{ports: []}", ""),
        ("{ports: [{port: 53, protocol: UDP}]}", ""),
        ("{ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]}", ""),
        // The port of the pods behind the Service, which some network plugins see in its place.
        ("{ports: [{port: 5353, protocol: UDP}]}", ""),
        ("{ports: [{port: 53}]}", "out over UDP"),
        ("{ports: [{port: 53, protocol: SCTP}]}", "out"),
        ("{ports: [{port: 5432, protocol: UDP}]}", "out"),
        ("{ports: [{port: 50, endPort: 60, protocol: UDP}]}", ""),
        ("{ports: [{port: 54, endPort: 60, protocol: UDP}]}", "out"),
        ("{ports: [{protocol: UDP}]}", ""),
        ("{ports: [{protocol: TCP}]}", "out over UDP"),
        // What a name stands for only the peer's pods tell.
        ("{ports: [{port: dns, protocol: UDP}]}", ""),
        ("{ports: [{port: dns-tcp}]}", "out over UDP"),
    ] {
        assert_eq!(world().with(&[&egress(rule)]).shut(), shut, "{rule}");
    }
}

#[test]
fn whom_a_rule_lets_the_pod_reach() {
    let by_name = |name: &str| format!("namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {name}}}}}");
    let (theirs, other) = (by_name("kube-system"), by_name("monitoring"));
    for (peers, shut) in [
        ("{}".to_owned(), "out"),
        // Without a namespace's selector a peer is in the policy's own.
        ("{podSelector: {}}".into(), "out"),
        ("{podSelector: {matchLabels: {k8s-app: kube-dns}}}".into(), "out"),
        ("{namespaceSelector: {}}".into(), ""),
        (format!("{{{theirs}}}"), ""),
        (format!("{{{other}}}"), "out"),
        (format!("{{{other}}}, {{{theirs}}}"), ""),
        // A label that is not known may be there.
        ("{namespaceSelector: {matchLabels: {name: kube-system}}}".into(), ""),
        ("{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system]}]}}".into(), "out"),
        ("{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: DoesNotExist}]}}".into(), "out"),
        ("{namespaceSelector: {matchExpressions: [{key: team, operator: DoesNotExist}]}}".into(), ""),
        (format!("{{{theirs}, podSelector: {{matchLabels: {{k8s-app: kube-dns}}}}}}"), ""),
        (format!("{{{theirs}, podSelector: {{matchLabels: {{k8s-app: coredns}}}}}}"), "out"),
        (format!("{{{theirs}, podSelector: {{matchLabels: {{app: dns}}}}}}"), ""),
        ("{ipBlock: {cidr: 10.0.0.0/8}}".into(), ""),
    ] {
        assert_eq!(world().with(&[&egress(&format!("{{to: [{peers}]}}"))]).shut(), shut, "{peers}");
    }
    // The right peer over a wrong port, and the right port to a wrong peer: neither rule is enough.
    let neither = format!(
        "{{to: [{{{theirs}}}], ports: [{{port: 443}}]}}, {{to: [{{{other}}}], ports: [{{port: 53, protocol: UDP}}]}}"
    );
    assert_eq!(world().with(&[&egress(&neither)]).shut(), "out");
}

#[test]
fn whom_the_servers_let_in() {
    let cases: [(&str, &[&str], &str); 17] = [
        ("everybody", &[&ingress("{}")], ""),
        ("nobody", &["{podSelector: {}, policyTypes: [Ingress]}"], "in"),
        ("nobody, by the default of the types", &["{podSelector: {}}"], "in"),
        ("what they reach themselves does not matter", &["{podSelector: {}, policyTypes: [Egress]}"], ""),
        ("pods of their own namespace", &[&ingress("{from: [{podSelector: {}}]}")], "in"),
        ("all namespaces", &[&ingress("{from: [{namespaceSelector: {}}]}")], ""),
        (
            "this namespace",
            &[&ingress("{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}}]}")],
            "",
        ),
        (
            "another one",
            &[&ingress("{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: bank}}}]}")],
            "in",
        ),
        (
            "namespaces with a label that is not known",
            &[&ingress("{from: [{namespaceSelector: {matchLabels: {dns: allowed}}}]}")],
            "",
        ),
        ("these pods", &[&ingress("{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}]}")], ""),
        (
            "other pods",
            &[&ingress("{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: redis}}}]}")],
            "in",
        ),
        ("addresses", &[&ingress("{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}")], ""),
        ("for metrics alone", &[&ingress("{ports: [{port: 9153}]}")], "in"),
        ("it may be about other pods", &["{podSelector: {matchLabels: {app: etcd}}, policyTypes: [Ingress]}"], ""),
        (
            "another one, which may be about them, opens the port",
            &[&ingress("{ports: [{port: 9153}]}"), "{podSelector: {matchLabels: {tier: dns}}, ingress: [{}]}"],
            "",
        ),
        (
            "another one, which is not about them, opens the port",
            &[&ingress("{ports: [{port: 9153}]}"), "{podSelector: {matchLabels: {k8s-app: etcd}}, ingress: [{}]}"],
            "in",
        ),
        ("over TCP alone", &[&ingress("{ports: [{port: 53}, {port: 5353}]}")], "in"),
    ];
    for (name, specs, shut) in cases {
        assert_eq!(world().at_the_servers(specs).shut(), shut, "{name}");
    }
}

/// Pods that policies do not hold, and servers that they may not mean.
#[test]
fn what_policies_do_not_decide_is_not_said() {
    type Change = fn(&mut World);
    let nothing = "{podSelector: {}, policyTypes: [Ingress, Egress]}";
    let own_namespace = egress("{to: [{podSelector: {}}]}");
    let cases: [(&str, &str, Change, &str); 8] = [
        ("both sides", nothing, |_| {}, "out, in"),
        ("on the host's network", nothing, |world| world.pod.host_network = true, ""),
        ("ended", nothing, |world| world.pod.phase = crate::facts::PodPhase::Succeeded, ""),
        (
            "it asks a server of its own, which may be reached",
            &own_namespace,
            |world| world.pod.dns_policy = "None".into(),
            "",
        ),
        (
            "it asks a server of its own, and nothing may go out",
            nothing,
            |world| world.pod.dns_policy = "None".into(),
            "out",
        ),
        ("no server is known", &own_namespace, |world| world.server = None, ""),
        ("a policy may be missing", nothing, |world| world.policies.missing = Some(refusal()), "in"),
        (
            "one of the servers' may be missing",
            nothing,
            |world| world.server.as_mut().unwrap().policies.missing = Some(refusal()),
            "out",
        ),
    ];
    for (name, spec, change, shut) in cases {
        let mut world = world().with(&[spec]).at_the_servers(&[nothing]);
        change(&mut world);
        assert_eq!(world.shut(), shut, "{name}");
    }
    // A policy holds the pods of its own namespace.
    let mut elsewhere = world();
    elsewhere.policies.items.push(policy("bank", "own", nothing));
    assert_eq!(elsewhere.shut(), "");
}

#[test]
fn the_notices_name_the_policies_and_what_would_allow_it() {
    let world =
        world().with(&[&egress("{ports: [{port: 5432}]}")]).at_the_servers(&[&ingress("{ports: [{port: 9153}]}")]);
    let told = world.verdicts().into_iter().map(|verdict| {
        let evidence = verdict.evidence.iter().map(|it| format!("  - {} {}: {}\n", it.object, it.field, it.value));
        format!(
            "{:?}: {}\n{}  next: {}\n",
            verdict.severity,
            verdict.says,
            evidence.collect::<String>(),
            verdict.next.unwrap_or_default()
        )
    });
    insta::assert_snapshot!(told.collect::<String>(), @"
    Notice: NetworkPolicies limit what web-0 may reach, and none of them opens port 53 to the DNS servers: where they are enforced, no name can be resolved.
      - NetworkPolicy/own spec.egress: lets no question out to the DNS servers
      next: Allow it in a policy: egress to namespaceSelector kubernetes.io/metadata.name=kube-system, podSelector k8s-app=kube-dns, ports 53 and 5353, UDP and TCP.
    Notice: NetworkPolicies limit who may reach the DNS servers, and none of them lets web-0 in: where they are enforced, no name can be resolved.
      - NetworkPolicy/theirs spec.ingress: lets no question in
      next: Allow it in a policy of the DNS servers' namespace: ingress from these pods on the DNS port, UDP and TCP.
    ");
}
