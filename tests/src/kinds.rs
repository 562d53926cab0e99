//! Which resource a kind is served under: the built-in kinds, and a guess for the rest.

use std::collections::{BTreeMap, BTreeSet};

/// A kind as the API serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) resource: String,
    pub(crate) kind: String,
    pub(crate) namespaced: bool,
}

impl Kind {
    /// `v1`, `apps/v1`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// `pods`, `statefulsets.apps`: how the server's messages name the resource.
    pub(crate) fn qualified(&self) -> String {
        if self.group.is_empty() { self.resource.clone() } else { format!("{}.{}", self.resource, self.group) }
    }
}

/// group/version, then `Kind=resource` (plural) for namespaced and cluster-scoped kinds.
const BUILT_IN: &[(&str, &str, &str)] = &[
    (
        "v1",
        "Pod=pods Service=services PersistentVolumeClaim=persistentvolumeclaims Event=events ConfigMap=configmaps \
         Secret=secrets Endpoints=endpoints ServiceAccount=serviceaccounts LimitRange=limitranges \
         ResourceQuota=resourcequotas ReplicationController=replicationcontrollers PodTemplate=podtemplates",
        "PersistentVolume=persistentvolumes Node=nodes Namespace=namespaces",
    ),
    (
        "apps/v1",
        "StatefulSet=statefulsets Deployment=deployments ReplicaSet=replicasets DaemonSet=daemonsets \
         ControllerRevision=controllerrevisions",
        "",
    ),
    ("batch/v1", "Job=jobs CronJob=cronjobs", ""),
    (
        "storage.k8s.io/v1",
        "CSIStorageCapacity=csistoragecapacities",
        "StorageClass=storageclasses VolumeAttachment=volumeattachments CSINode=csinodes CSIDriver=csidrivers \
         VolumeAttributesClass=volumeattributesclasses",
    ),
    ("discovery.k8s.io/v1", "EndpointSlice=endpointslices", ""),
    ("events.k8s.io/v1", "Event=events", ""),
    ("policy/v1", "PodDisruptionBudget=poddisruptionbudgets", ""),
    ("autoscaling/v2", "HorizontalPodAutoscaler=horizontalpodautoscalers", ""),
    ("coordination.k8s.io/v1", "Lease=leases", ""),
    ("scheduling.k8s.io/v1", "", "PriorityClass=priorityclasses"),
    ("networking.k8s.io/v1", "NetworkPolicy=networkpolicies Ingress=ingresses", ""),
    (
        "rbac.authorization.k8s.io/v1",
        "Role=roles RoleBinding=rolebindings",
        "ClusterRole=clusterroles ClusterRoleBinding=clusterrolebindings",
    ),
    (
        "snapshot.storage.k8s.io/v1",
        "VolumeSnapshot=volumesnapshots",
        "VolumeSnapshotContent=volumesnapshotcontents VolumeSnapshotClass=volumesnapshotclasses",
    ),
    ("authorization.k8s.io/v1", "", "SelfSubjectAccessReview=selfsubjectaccessreviews"),
    (
        "admissionregistration.k8s.io/v1",
        "",
        "ValidatingWebhookConfiguration=validatingwebhookconfigurations \
         MutatingWebhookConfiguration=mutatingwebhookconfigurations",
    ),
];

/// The kinds that this cluster serves.
#[derive(Debug, Clone)]
pub(crate) struct Kinds {
    by_resource: BTreeMap<(String, String, String), Kind>,
}

impl Kinds {
    pub(crate) fn built_in() -> Self {
        let mut kinds = Self { by_resource: BTreeMap::new() };
        for (api_version, namespaced, cluster) in BUILT_IN {
            for (pairs, namespaced) in [(namespaced, true), (cluster, false)] {
                for pair in pairs.split_whitespace() {
                    let (kind, resource) = pair.split_once('=').unwrap();
                    kinds.add(api_version, kind, resource, namespaced);
                }
            }
        }
        kinds
    }

    pub(crate) fn add(&mut self, api_version: &str, kind: &str, resource: &str, namespaced: bool) {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let kind = Kind {
            group: group.into(),
            version: version.into(),
            resource: resource.into(),
            kind: kind.into(),
            namespaced,
        };
        self.by_resource.insert((group.into(), version.into(), resource.into()), kind);
    }

    pub(crate) fn by_resource(&self, group: &str, version: &str, resource: &str) -> Option<&Kind> {
        self.by_resource.get(&(group.to_owned(), version.to_owned(), resource.to_owned()))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Kind> {
        self.by_resource.values()
    }

    /// The groups with their versions, each once.
    pub(crate) fn versions(&self) -> BTreeSet<(&str, &str)> {
        self.iter().map(|it| (it.group.as_str(), it.version.as_str())).collect()
    }

    /// Whether anything is served under a group and version.
    pub(crate) fn serves(&self, group: &str, version: &str) -> bool {
        self.by_resource.keys().any(|(known, it, _)| known == group && it == version)
    }

    /// The first kind with this plural, whatever its group: how a test names a resource.
    pub(crate) fn by_plural(&self, resource: &str) -> Option<&Kind> {
        self.by_resource.values().find(|kind| kind.resource == resource)
    }

    /// The kind of an object; one that isn't known is registered under its lower-case plural.
    pub(crate) fn of(&mut self, api_version: &str, kind: &str, has_namespace: bool) -> Kind {
        let known = |kinds: &Self| {
            kinds.by_resource.values().find(|it| it.kind == kind && it.api_version() == api_version).cloned()
        };
        if let Some(found) = known(self) {
            return found;
        }
        self.add(api_version, kind, &format!("{}s", kind.to_lowercase()), has_namespace);
        known(self).unwrap()
    }
}
