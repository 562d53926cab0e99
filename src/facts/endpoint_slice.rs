//! EndpointSlices: what a Service publishes.

use jiff::Timestamp;

use super::{Meta, Text, Uid};

/// An EndpointSlice.
#[derive(Debug, Clone)]
pub struct EndpointSlice {
    /// Name, times.
    pub meta: Meta,
    /// The Service it belongs to (label `kubernetes.io/service-name`).
    pub service: Text,
    /// When it was last written, as far as its fields tell.
    pub changed: Option<Timestamp>,
    /// The ports that its endpoints listen on.
    pub ports: Box<[SlicePort]>,
    /// Its endpoints.
    pub endpoints: Box<[Endpoint]>,
}

/// A port that every endpoint of a slice listens on: the pods' own, not the Service's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlicePort {
    /// The Service port's name; may be empty where there is only one.
    pub name: Text,
    /// The port's number; 0 where absent.
    pub port: i32,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: Text,
}

/// One endpoint: a pod in one address family.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Its addresses; consumers use the first.
    pub addresses: Box<[Text]>,
    /// `conditions.ready`; absent counts as true (discovery/v1).
    pub ready: bool,
    /// `conditions.serving`; absent counts as what `ready` says (discovery/v1).
    pub serving: bool,
    /// `conditions.terminating`.
    pub terminating: bool,
    /// `hostname`: makes the per-pod DNS record.
    pub hostname: Option<Text>,
    /// The UID of the pod behind it, where a pod is behind it.
    pub pod: Option<Uid>,
    /// That pod's name.
    pub pod_name: Option<Text>,
}
