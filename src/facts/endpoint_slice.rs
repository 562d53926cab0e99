//! EndpointSlices: what a Service publishes.

use super::{Meta, Text};

/// An EndpointSlice.
#[derive(Debug, Clone)]
pub struct EndpointSlice {
    /// Name, times.
    pub meta: Meta,
    /// The Service it belongs to (label `kubernetes.io/service-name`).
    pub service: Text,
    /// Its endpoints.
    pub endpoints: Box<[Endpoint]>,
}

/// One endpoint: a pod in one address family.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Its addresses; consumers use the first.
    pub addresses: Box<[Text]>,
    /// `conditions.ready`; absent counts as true (discovery/v1).
    pub ready: bool,
    /// `hostname`: makes the per-pod DNS record.
    pub hostname: Option<Text>,
    /// The UID of the pod behind it, where a pod is behind it.
    pub pod: Option<Text>,
}
