//! NetworkPolicies out of the API.

use k8s_openapi::api::networking::v1::{NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::intern::Interner;
use super::kind::Kind;
use super::resource::{POLICIES, Resource};
use super::typed::{Typed, selector};
use crate::facts::{NetworkPolicy, OpenPort, Peer, PolicyRule, Ports};

impl Kind for NetworkPolicy {
    type Wire<'a> = Typed<'a, NetworkPolicySpec>;
    const RESOURCE: &'static Resource = &POLICIES;

    fn from_wire(wire: Self::Wire<'_>, intern: &mut Interner) -> Self {
        let spec = wire.spec.unwrap_or_default();
        let egress: Vec<PolicyRule> =
            spec.egress.unwrap_or_default().into_iter().map(|rule| policy_rule(rule.to, rule.ports, intern)).collect();
        let ingress: Vec<PolicyRule> = spec
            .ingress
            .unwrap_or_default()
            .into_iter()
            .map(|rule| policy_rule(rule.from, rule.ports, intern))
            .collect();
        // Absent types mean ingress, and egress where there are rules for it (networking/v1).
        let types = spec.policy_types.unwrap_or_default();
        let limits = |kind: &str, absent: bool| types.iter().any(|of| of == kind) || types.is_empty() && absent;
        Self {
            meta: wire.metadata.facts(intern),
            pods: selector(spec.pod_selector.unwrap_or_default(), intern),
            egress: limits("Egress", !egress.is_empty()).then(|| egress.into()),
            ingress: limits("Ingress", true).then(|| ingress.into()),
        }
    }
}

fn policy_rule(
    peers: Option<Vec<NetworkPolicyPeer>>,
    ports: Option<Vec<NetworkPolicyPort>>,
    intern: &mut Interner,
) -> PolicyRule {
    let mut peer = |peer: NetworkPolicyPeer| match (peer.ip_block, peer.namespace_selector, peer.pod_selector) {
        (Some(_), ..) => Peer::Addresses,
        (None, namespaces, pods) => Peer::Pods {
            namespaces: namespaces.map(|namespaces| selector(namespaces, intern)),
            pods: selector(pods.unwrap_or_default(), intern),
        },
    };
    let peers = peers.unwrap_or_default().into_iter().map(&mut peer).collect();
    PolicyRule { peers, ports: ports.unwrap_or_default().into_iter().map(|port| open_port(&port, intern)).collect() }
}

fn open_port(port: &NetworkPolicyPort, intern: &mut Interner) -> OpenPort {
    let ports = match &port.port {
        None => Ports::All,
        Some(IntOrString::Int(from)) => Ports::Numbers(*from, port.end_port.unwrap_or(*from)),
        Some(IntOrString::String(_)) => Ports::Named,
    };
    OpenPort { protocol: intern.text(port.protocol.as_deref().unwrap_or("TCP")), ports }
}

/// A policy of a test, as it would be read; its spec is that of a manifest.
#[cfg(test)]
pub(crate) fn policy(namespace: &str, name: &str, spec: &str) -> NetworkPolicy {
    let spec: serde_json::Value = serde_saphyr::from_str(spec).unwrap();
    let manifest = serde_json::json!({"metadata": {"namespace": namespace, "name": name}, "spec": spec});
    NetworkPolicy::from_wire(serde_json::from_str(&manifest.to_string()).unwrap(), &mut Interner::default())
}
