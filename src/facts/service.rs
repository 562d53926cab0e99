//! Services.

use super::{Labels, Meta, Text};

/// A Service.
#[derive(Debug, Clone)]
pub struct Service {
    /// Name.
    pub meta: Meta,
    /// `spec.type`: `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`.
    pub kind: Text,
    /// `spec.clusterIP`: an address, `None`, or empty.
    pub cluster_ip: Text,
    /// `spec.selector`; empty where the Service has none.
    pub selector: Labels,
    /// `spec.publishNotReadyAddresses`.
    pub publishes_not_ready: bool,
    /// `spec.externalName`.
    pub external_name: Text,
    /// `spec.ports`.
    pub ports: Box<[ServicePort]>,
}

/// A port of a Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePort {
    /// May be empty where there is only one.
    pub name: Text,
    /// The port's number.
    pub port: i32,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: Text,
}

impl Service {
    /// Whether DNS answers with the pods' own addresses (`clusterIP: None`).
    pub fn headless(&self) -> bool {
        &*self.cluster_ip == "None" && !self.external()
    }

    /// Whether it is a mere alias (`type: ExternalName`).
    pub fn external(&self) -> bool {
        &*self.kind == "ExternalName"
    }

    /// Whether it selects pods with these labels. A Service without a selector selects none.
    pub fn selects(&self, labels: &Labels) -> bool {
        !self.selector.is_empty() && labels.contain(&self.selector)
    }
}
