//! NetworkPolicies that keep pods from asking a DNS server.

use super::predict::Name;
use crate::facts::{Known, NetworkPolicy};
use crate::findings::{Code, Verdict};

/// A notice for the pods that are selected by policies of which none opens the DNS port. Ports are the Service's and the servers'
/// own: which of them a policy sees depends on the network plugin.
pub fn blocked(names: &[Name<'_>], policies: &[NetworkPolicy], ports: &[i32]) -> Option<Verdict> {
    let mut held: Vec<(&str, Vec<&str>)> = Vec::new();
    for name in names {
        let Known::Read(Some(pod)) = name.pod else { continue };
        let selecting: Vec<&NetworkPolicy> = policies
            .iter()
            .filter(|policy| policy.meta.namespace == pod.meta.namespace && policy.egress.is_some())
            .filter(|policy| policy.pods.matches(&pod.meta.labels))
            .collect();
        // Policies add up: one that opens the port is enough. A pod on its host's network is none of their business.
        if !selecting.is_empty() && !pod.host_network && !selecting.iter().any(|policy| policy.may_open(ports)) {
            held.push((&pod.meta.name, selecting.iter().map(|policy| &*policy.meta.name).collect()));
        }
    }
    let (first, policies) = held.first()?;
    let more = match held.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let says =
        format!("NetworkPolicies let {first}{more} out, but not to port 53: these pods can resolve no name at all.");
    let mut verdict = Verdict::new(Code::DnsBlockedByPolicy, says);
    for policy in policies {
        verdict = verdict.because(format_args!("NetworkPolicy/{policy}"), "spec.egress", "opens no DNS port");
    }
    Some(verdict.next("Allow egress to the DNS pods on port 53, UDP and TCP.".to_owned()))
}
