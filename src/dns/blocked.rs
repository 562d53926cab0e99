//! NetworkPolicies that keep pods from asking the DNS servers: theirs for what they may reach, and the servers' for who may reach
//! them. Said only where it is certain; whether the network plugin enforces policies can't be seen.

use std::collections::BTreeSet;

use super::predict::Name;
use crate::facts::{DnsServer, Known, Labels, Listed, NetworkPolicy, Peer, Pod, PolicyRule};
use crate::findings::{Code, Verdict};

/// The label that every namespace has with its own name (`KubernetesNamespaceLabels`); others are not read.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";
const DNS: i32 = 53;

/// Notices for the pods that policies keep from asking. Ports are the Service's and the servers' own: which of them a policy sees
/// depends on the network plugin.
pub fn blocked(names: &[Name<'_>], policies: &Listed<NetworkPolicy>, server: Option<&DnsServer>) -> Vec<Verdict> {
    let ports: Vec<i32> =
        server.iter().flat_map(|server| &server.replicas).map(|replica| i32::from(replica.port)).chain([DNS]).collect();
    let pods = names.iter().filter_map(|name| match name.pod {
        // A pod on its host's network is none of their business.
        Known::Read(Some(pod)) if !pod.host_network && pod.live() => Some(pod),
        _ => None,
    });
    let (mut out, mut tcp_only, mut not_let_in) = (Held::default(), Held::default(), Held::default());
    for pod in pods {
        // Who asks another server than the cluster's own may reach that.
        let asks = server.filter(|_| matches!(&*pod.dns_policy, "" | "ClusterFirst" | "ClusterFirstWithHostNet"));
        let limiting = limiting(pod, policies);
        if !limiting.is_empty() {
            let opens = |protocol| limiting.iter().any(|policy| lets_out(policy, asks, protocol, &ports));
            match (opens("UDP"), opens("TCP")) {
                (true, _) => {}
                (false, true) => tcp_only.add(pod, limiting),
                (false, false) => out.add(pod, limiting),
            }
        }
        if let Some(refusing) = asks.and_then(|server| refusing(pod, server, &ports)) {
            not_let_in.add(pod, refusing);
        }
    }
    let egress = ("spec.egress", "lets no question out to the DNS servers");
    let of_tcp = ("spec.egress", "opens the DNS port over TCP alone");
    let ingress = ("spec.ingress", "lets no question in");
    let allow = || format!("Allow it in a policy: egress to {}, UDP and TCP.", place(server, &ports));
    let found = [
        out.verdict(egress, |pods| {
            format!("NetworkPolicies limit what {pods} may reach, and none of them opens port 53 to the DNS servers: where they are enforced, no name can be resolved.")
        }),
        tcp_only.verdict(of_tcp, |pods| {
            format!("NetworkPolicies open port 53 for {pods} over TCP alone (a port without a protocol is TCP): where they are enforced, resolvers, which ask over UDP, get no answer.")
        }),
    ];
    let found = found.into_iter().flatten().map(|verdict| verdict.next(allow()));
    let shut = not_let_in.verdict(ingress, |pods| {
        format!("NetworkPolicies limit who may reach the DNS servers, and none of them lets {pods} in: where they are enforced, no name can be resolved.")
    });
    let let_in =
        "Allow it in a policy of the DNS servers' namespace: ingress from these pods on the DNS port, UDP and TCP.";
    found.chain(shut.map(|verdict| verdict.next(let_in.to_owned()))).collect()
}

/// Pods that are kept from asking, and by what.
#[derive(Default)]
struct Held<'a> {
    pods: Vec<&'a str>,
    /// Of the first pod.
    policies: Vec<&'a NetworkPolicy>,
}

impl<'a> Held<'a> {
    fn add(&mut self, pod: &'a Pod, policies: Vec<&'a NetworkPolicy>) {
        if self.pods.is_empty() {
            self.policies = policies;
        }
        self.pods.push(&pod.meta.name);
    }

    fn verdict(&self, (field, value): (&str, &str), says: impl Fn(&str) -> String) -> Option<Verdict> {
        let first = self.pods.first()?;
        let pods = match self.pods.len() - 1 {
            0 => (*first).to_owned(),
            more => format!("{first} and {more} more"),
        };
        let mut verdict = Verdict::new(Code::DnsBlockedByPolicy, says(&pods));
        for policy in &self.policies {
            verdict = verdict.because(format_args!("NetworkPolicy/{}", policy.meta.name), field, value);
        }
        Some(verdict)
    }
}

/// The policies that limit what the pod may reach. None where some could not be read: one of those may open the port.
fn limiting<'a>(pod: &Pod, policies: &'a Listed<NetworkPolicy>) -> Vec<&'a NetworkPolicy> {
    let of = |policy: &&NetworkPolicy| {
        policy.meta.namespace == pod.meta.namespace && policy.egress.is_some() && policy.pods.matches(&pod.meta.labels)
    };
    policies.items.iter().filter(|_| policies.missing.is_none()).filter(of).collect()
}

/// Whether the policy may let a question out to the server. Policies add up: one is enough.
fn lets_out(policy: &NetworkPolicy, server: Option<&DnsServer>, protocol: &str, ports: &[i32]) -> bool {
    let reaches = |peer: &Peer| match (peer, server) {
        (Peer::Addresses, _) | (_, None) => true,
        (Peer::Pods { namespaces, pods }, Some(server)) => {
            let there = match namespaces {
                None => *policy.meta.namespace == *server.namespace,
                Some(namespaces) => namespaces.may_match(&named(&server.namespace)),
            };
            there && pods.may_match(&server.selector)
        }
    };
    any_rule(policy.egress.as_deref(), protocol, ports, reaches)
}

/// The policies that keep the pod's questions from reaching the servers, where that is certain.
fn refusing<'a>(pod: &Pod, server: &'a DnsServer, ports: &[i32]) -> Option<Vec<&'a NetworkPolicy>> {
    let limiting = || {
        let all = server.policies.items.iter();
        all.filter(|policy| policy.meta.namespace == server.namespace && policy.ingress.is_some())
    };
    let about: Vec<&NetworkPolicy> = limiting().filter(|policy| policy.pods.surely_matches(&server.selector)).collect();
    let comes_from = |policy: &NetworkPolicy, peer: &Peer| match peer {
        Peer::Addresses => true,
        Peer::Pods { namespaces, pods } => {
            let from = match namespaces {
                None => policy.meta.namespace == pod.meta.namespace,
                Some(namespaces) => namespaces.may_match(&named(&pod.meta.namespace)),
            };
            from && pods.matches(&pod.meta.labels)
        }
    };
    // What may be about the servers may let questions in as well. A rest of the list that could not be read may, too.
    let lets_in = limiting()
        .filter(|policy| policy.pods.may_match(&server.selector))
        .any(|policy| any_rule(policy.ingress.as_deref(), "UDP", ports, |peer| comes_from(policy, peer)));
    (!about.is_empty() && !lets_in && server.policies.missing.is_none()).then_some(about)
}

fn any_rule(rules: Option<&[PolicyRule]>, protocol: &str, ports: &[i32], with: impl Fn(&Peer) -> bool) -> bool {
    let mut rules = rules.into_iter().flatten();
    rules.any(|rule| rule.may_open(protocol, ports) && (rule.peers.is_empty() || rule.peers.iter().any(&with)))
}

/// What is known of a namespace's labels.
fn named(namespace: &str) -> Labels {
    std::iter::once((NAMESPACE_NAME.into(), namespace.into())).collect()
}

/// Where the servers are, as a policy would name it.
fn place(server: Option<&DnsServer>, ports: &[i32]) -> String {
    let numbers: BTreeSet<String> = ports.iter().map(ToString::to_string).collect();
    let plural = if numbers.len() > 1 { "ports" } else { "port" };
    let ports = format!("{plural} {}", numbers.into_iter().collect::<Vec<_>>().join(" and "));
    let Some(server) = server else { return format!("the DNS servers, {ports}") };
    let labels: Vec<String> = server.selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let pods = if labels.is_empty() { String::new() } else { format!(" podSelector {},", labels.join(",")) };
    format!("namespaceSelector {NAMESPACE_NAME}={},{pods} {ports}", server.namespace)
}

#[cfg(test)]
#[path = "blocked_tests.rs"]
mod tests;
