//! The cluster's DNS servers, as their Service shows them.

use super::{Labels, Listed, NetworkPolicy, Refusal, Text};

/// The DNS Service and the pods behind it.
#[derive(Debug, Clone)]
pub struct DnsServer {
    /// The Service's namespace.
    pub namespace: Text,
    /// The Service's name.
    pub service: Text,
    /// `spec.clusterIP`: what pods have as their nameserver; empty where it could not be read.
    pub cluster_ip: Text,
    /// `spec.selector`: what its pods are labelled with, at least. Empty where it could not be read.
    pub selector: Labels,
    /// NetworkPolicies of its namespace.
    pub policies: Listed<NetworkPolicy>,
    /// The pods behind the Service, by name.
    pub replicas: Vec<DnsReplica>,
    /// The server's configuration, where it is CoreDNS with a readable ConfigMap.
    pub corefile: Result<Text, Refusal>,
}

/// A pod that answers DNS questions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsReplica {
    /// The pod.
    pub pod: Text,
    /// Where it listens for TCP: not always 53 (OpenShift 5353, vcluster 1053).
    pub port: u16,
    /// Whether its Service sends questions to it.
    pub ready: bool,
    /// Whether it is on its way out.
    pub terminating: bool,
}

impl DnsServer {
    /// The replicas that the Service sends questions to.
    pub fn ready(&self) -> impl Iterator<Item = &DnsReplica> {
        self.replicas.iter().filter(|replica| replica.ready)
    }
}
