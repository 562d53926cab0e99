//! What a namespace's limits say of a pod template: `ResourceQuota`, `LimitRange` and `ServiceAccount`.

use super::{Meta, Quantity, Text};

/// Amounts by the resource's name, as in a container's `requests`.
pub type Amounts = Box<[(Text, Quantity)]>;

/// What a pod template asks for, as far as admission looks at it.
#[derive(Debug, Clone, Default)]
pub struct PodNeeds {
    /// `serviceAccountName`, or its older name; empty where absent, which is `default`.
    pub service_account: Text,
    /// Init containers, then the others.
    pub containers: Box<[ContainerNeeds]>,
    /// Whether the amounts are the containers' alone: no pod-level resources, no RuntimeClass, which adds an overhead.
    pub plain: bool,
}

/// What a container of a template asks for.
#[derive(Debug, Clone, Default)]
pub struct ContainerNeeds {
    /// Its name.
    pub name: Text,
    /// When it runs.
    pub runs: Runs,
    /// `resources.requests`.
    pub requests: Amounts,
    /// `resources.limits`.
    pub limits: Amounts,
}

/// When a container runs, which decides what its requests are added to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Runs {
    /// With the others.
    #[default]
    Together,
    /// Before them, by itself.
    Before,
    /// From its turn among the init containers on (KEP-753).
    Throughout,
}

/// A ResourceQuota.
#[derive(Debug, Clone)]
pub struct Quota {
    /// Name.
    pub meta: Meta,
    /// Whether it counts some pods only (`spec.scopes`, `spec.scopeSelector`).
    pub scoped: bool,
    /// What is limited, the limit, and what is used of it.
    pub limits: Box<[(Text, Quantity, Quantity)]>,
}

/// A LimitRange.
#[derive(Debug, Clone)]
pub struct LimitRange {
    /// Name.
    pub meta: Meta,
    /// `spec.limits`.
    pub items: Box<[LimitItem]>,
}

/// One of a LimitRange's limits.
#[derive(Debug, Clone, Default)]
pub struct LimitItem {
    /// `Container`, `Pod`, `PersistentVolumeClaim`.
    pub kind: Text,
    /// No less than this.
    pub min: Amounts,
    /// No more than this.
    pub max: Amounts,
    /// The limit of a container that has none.
    pub default: Amounts,
    /// The request of a container that has none.
    pub default_request: Amounts,
}

/// A ServiceAccount, of which only its existence is looked at.
#[derive(Debug, Clone)]
pub struct ServiceAccount {
    /// Name.
    pub meta: Meta,
}
