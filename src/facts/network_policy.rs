//! NetworkPolicies, as far as they decide whether a pod may ask a DNS server (networking/v1).

use super::{LabelSelector, Meta, Text};

/// A NetworkPolicy.
#[derive(Debug, Clone)]
pub struct NetworkPolicy {
    /// Name.
    pub meta: Meta,
    /// `spec.podSelector`: the pods of its namespace that it is about.
    pub pods: LabelSelector,
    /// What the pods may reach; `None` where the policy does not limit that.
    pub egress: Option<Box<[PolicyRule]>>,
    /// Who may reach the pods; `None` where the policy does not limit that.
    pub ingress: Option<Box<[PolicyRule]>>,
}

/// A rule that allows traffic with these peers over these ports.
#[derive(Debug, Clone)]
pub struct PolicyRule {
    /// Everybody where empty.
    pub peers: Box<[Peer]>,
    /// All of them where empty.
    pub ports: Box<[OpenPort]>,
}

/// Whom a rule is about.
#[derive(Debug, Clone)]
pub enum Peer {
    /// Pods of namespaces that are selected by their labels; of the policy's own namespace where there is no such selector.
    Pods {
        /// `namespaceSelector`.
        namespaces: Option<LabelSelector>,
        /// `podSelector`; all pods where it is absent.
        pods: LabelSelector,
    },
    /// Addresses. Whether a Service's address or its pods' is meant depends on the network plugin, so they are not told apart.
    Addresses,
}

/// A port, or a range of ports, that a rule opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenPort {
    /// `TCP` where the rule names none.
    pub protocol: Text,
    /// Which.
    pub ports: Ports,
}

/// Which ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ports {
    /// By number, both ends included.
    Numbers(i32, i32),
    /// By a container port's name, which only the peer's pods resolve.
    Named,
    /// Any port of the protocol.
    All,
}

impl PolicyRule {
    /// Whether it may open one of these ports for this protocol: a `false` is certain.
    pub fn may_open(&self, protocol: &str, ports: &[i32]) -> bool {
        let opens = |open: &OpenPort| match open.ports {
            Ports::Numbers(from, to) => ports.iter().any(|port| (from..=to).contains(port)),
            Ports::Named | Ports::All => true,
        };
        self.ports.is_empty() || self.ports.iter().any(|open| *open.protocol == *protocol && opens(open))
    }
}
