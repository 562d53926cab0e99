//! The resources that are read, and what reading them needs: the one place that error texts, `--check-permissions` and the
//! permission tables come from.

use crate::facts::{Refusal, Scope, Text, Why};

/// A resource of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resource {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// API version within the group.
    pub version: &'static str,
    /// Plural, as in paths.
    pub plural: &'static str,
    /// Plural with its group, as RBAC and kubectl write it.
    pub name: &'static str,
    /// Kind, as in manifests.
    pub kind: &'static str,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
}

impl Resource {
    /// `v1`, or group and version.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The path of its list; in all namespaces without one.
    pub fn path(&self, namespace: Option<&str>) -> String {
        let base = if self.group.is_empty() { "/api" } else { "/apis" };
        let api = self.api_version();
        match namespace {
            Some(namespace) if self.namespaced => format!("{base}/{api}/namespaces/{namespace}/{}", self.plural),
            _ => format!("{base}/{api}/{}", self.plural),
        }
    }

    /// Where a list of it looks.
    pub fn scope(&self, namespace: Option<&Text>) -> Scope {
        match namespace {
            Some(namespace) if self.namespaced => Scope::Namespace(namespace.clone()),
            _ => Scope::Cluster,
        }
    }

    /// A refusal to list it.
    pub fn not_listed(&'static self, namespace: Option<&Text>, why: Why) -> Refusal {
        Refusal { verb: "list", resource: self.name, scope: self.scope(namespace), why }
    }
}

macro_rules! resources {
    ($($name:ident = $group:literal $version:literal $plural:literal $full:literal $kind:literal $namespaced:literal;)*) => {
        $(#[doc = concat!("`", $full, "`.")]
        pub const $name: Resource = Resource {
            group: $group, version: $version, plural: $plural, name: $full, kind: $kind, namespaced: $namespaced,
        };)*
        /// All resources that are read.
        pub const ALL: &[&Resource] = &[$(&$name),*];
    };
}

resources! {
    SETS = "apps" "v1" "statefulsets" "statefulsets.apps" "StatefulSet" true;
    PODS = "" "v1" "pods" "pods" "Pod" true;
    CLAIMS = "" "v1" "persistentvolumeclaims" "persistentvolumeclaims" "PersistentVolumeClaim" true;
    VOLUMES = "" "v1" "persistentvolumes" "persistentvolumes" "PersistentVolume" false;
    CLASSES = "storage.k8s.io" "v1" "storageclasses" "storageclasses.storage.k8s.io" "StorageClass" false;
    SERVICES = "" "v1" "services" "services" "Service" true;
    DEPLOYMENTS = "apps" "v1" "deployments" "deployments.apps" "Deployment" true;
    REPLICA_SETS = "apps" "v1" "replicasets" "replicasets.apps" "ReplicaSet" true;
    DAEMON_SETS = "apps" "v1" "daemonsets" "daemonsets.apps" "DaemonSet" true;
    JOBS = "batch" "v1" "jobs" "jobs.batch" "Job" true;
    CRON_JOBS = "batch" "v1" "cronjobs" "cronjobs.batch" "CronJob" true;
    REVISIONS = "apps" "v1" "controllerrevisions" "controllerrevisions.apps" "ControllerRevision" true;
    SNAPSHOTS = "snapshot.storage.k8s.io" "v1" "volumesnapshots" "volumesnapshots.snapshot.storage.k8s.io" "VolumeSnapshot" true;
    ATTACHMENTS = "storage.k8s.io" "v1" "volumeattachments" "volumeattachments.storage.k8s.io" "VolumeAttachment" false;
    CSI_NODES = "storage.k8s.io" "v1" "csinodes" "csinodes.storage.k8s.io" "CSINode" false;
    ATTRIBUTES_CLASSES = "storage.k8s.io" "v1" "volumeattributesclasses" "volumeattributesclasses.storage.k8s.io" "VolumeAttributesClass" false;
    NODES = "" "v1" "nodes" "nodes" "Node" false;
    NAMESPACES = "" "v1" "namespaces" "namespaces" "Namespace" false;
    QUOTAS = "" "v1" "resourcequotas" "resourcequotas" "ResourceQuota" true;
    LIMIT_RANGES = "" "v1" "limitranges" "limitranges" "LimitRange" true;
    ACCOUNTS = "" "v1" "serviceaccounts" "serviceaccounts" "ServiceAccount" true;
    BUDGETS = "policy" "v1" "poddisruptionbudgets" "poddisruptionbudgets.policy" "PodDisruptionBudget" true;
    EVENTS = "" "v1" "events" "events" "Event" true;
    SECRETS = "" "v1" "secrets" "secrets" "Secret" true;
    SLICES = "discovery.k8s.io" "v1" "endpointslices" "endpointslices.discovery.k8s.io" "EndpointSlice" true;
}

/// `networkpolicies.networking.k8s.io`: read from a cluster only.
pub const POLICIES: Resource = Resource {
    group: "networking.k8s.io",
    version: "v1",
    plural: "networkpolicies",
    name: "networkpolicies.networking.k8s.io",
    kind: "NetworkPolicy",
    namespaced: true,
};
/// `configmaps`: the DNS server's own, and no other.
pub const CONFIG_MAPS: Resource = Resource {
    group: "",
    version: "v1",
    plural: "configmaps",
    name: "configmaps",
    kind: "ConfigMap",
    namespaced: true,
};
/// `pods/portforward`: the way to a DNS replica.
pub const PORT_FORWARD: Resource = Resource { plural: "pods/portforward", name: "pods/portforward", ..PODS };
/// `pods/exec`.
pub const EXEC: Resource = Resource { plural: "pods/exec", name: "pods/exec", ..PODS };

/// A permission that a command uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// `get` or `list`.
    pub verb: &'static str,
    /// What is read.
    pub resource: &'static Resource,
    /// Where.
    pub scope: Scope,
    /// Without it the command ends in an error; otherwise a part of its answer reads "cannot tell".
    pub required: bool,
    /// What can't be told without it.
    pub tells: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_api() {
        assert_eq!(PODS.path(Some("shop")), "/api/v1/namespaces/shop/pods");
        assert_eq!(SETS.path(None), "/apis/apps/v1/statefulsets");
        assert_eq!(VOLUMES.path(Some("shop")), "/api/v1/persistentvolumes");
        for resource in ALL {
            assert_eq!(resource.name.split('.').next(), Some(resource.plural));
        }
    }
}
