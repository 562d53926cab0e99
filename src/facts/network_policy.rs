//! NetworkPolicies, as far as they decide whether a pod may ask a DNS server.

use super::{LabelSelector, Meta, Text};

/// A NetworkPolicy.
#[derive(Debug, Clone)]
pub struct NetworkPolicy {
    /// Name.
    pub meta: Meta,
    /// `spec.podSelector`.
    pub pods: LabelSelector,
    /// The rules for what the pods may reach; `None` where the policy does not limit that.
    pub egress: Option<Box<[EgressRule]>>,
}

/// A rule that allows traffic from the pods, whatever peers it names.
#[derive(Debug, Clone)]
pub struct EgressRule {
    /// The ports that it opens; all of them where empty.
    pub ports: Box<[OpenPort]>,
}

/// A port, or a range of ports, that a rule opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenPort {
    /// By number, both ends included.
    Numbers(i32, i32),
    /// By a container port's name, which the peer resolves.
    Named(Text),
    /// Any port of the protocol.
    Any,
}

impl NetworkPolicy {
    /// Whether its rules may let a question through to one of these ports. Peers are not looked at: a rule that opens the port to
    /// anybody counts, so a `false` is certain.
    pub fn may_open(&self, ports: &[i32]) -> bool {
        let Some(rules) = &self.egress else { return true };
        let opens = |open: &OpenPort| match open {
            OpenPort::Numbers(from, to) => ports.iter().any(|port| from <= port && port <= to),
            OpenPort::Named(_) | OpenPort::Any => true,
        };
        rules.iter().any(|rule| rule.ports.is_empty() || rule.ports.iter().any(opens))
    }
}
