//! What others do to a cluster while `clean` runs, and what of it a look at the cluster would show.

use serde_json::{Value, json};
use workload_tests::Running;

use crate::leftovers::pod;

/// What somebody does between a claim's plan and its deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    Mounted,
    MountedWithoutNode,
    Finished,
    Expected,
    SetAtZero,
    NamedByASet,
    Deployed,
    Replicated,
    OnEachNode,
    JobMade,
    Scheduled,
    Snapshot,
    Cloned,
    /// The disk would die although it was to stay.
    DiskDoomed,
    /// The user may not list one of the kinds any more that may need a claim.
    Denied(&'static str),
    Replaced,
    Changed,
    Adopted,
    Terminating,
    Gone,
}

pub(super) const EVENTS: [Event; 22] = [
    Event::Mounted,
    Event::MountedWithoutNode,
    Event::Finished,
    Event::Expected,
    Event::SetAtZero,
    Event::NamedByASet,
    Event::Deployed,
    Event::Replicated,
    Event::OnEachNode,
    Event::JobMade,
    Event::Scheduled,
    Event::Snapshot,
    Event::Cloned,
    Event::DiskDoomed,
    Event::Denied("pods"),
    Event::Denied("statefulsets"),
    Event::Denied("cronjobs"),
    Event::Replaced,
    Event::Changed,
    Event::Adopted,
    Event::Terminating,
    Event::Gone,
];

/// Where an event can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// In the list of this kind.
    Listed(&'static str),
    /// In the claim itself: the server compares it with what was shown, at the very end.
    InTheClaim,
}

impl Event {
    pub(super) fn seen(self) -> Seen {
        Seen::Listed(match self {
            Self::Mounted | Self::MountedWithoutNode | Self::Finished => "pods",
            Self::Expected | Self::SetAtZero | Self::NamedByASet => "statefulsets",
            Self::Deployed => "deployments",
            Self::Replicated => "replicasets",
            Self::OnEachNode => "daemonsets",
            Self::JobMade => "jobs",
            Self::Scheduled => "cronjobs",
            Self::Snapshot => "volumesnapshots",
            Self::Cloned => "persistentvolumeclaims",
            Self::DiskDoomed => "persistentvolumes",
            Self::Denied(kind) => kind,
            Self::Replaced | Self::Changed | Self::Adopted | Self::Terminating | Self::Gone => return Seen::InTheClaim,
        })
    }

    /// Whether a claim to which it happened before it was shown may be deleted as it was shown.
    pub(super) fn leaves_it_deletable(self) -> bool {
        matches!(self, Self::Replaced | Self::Changed | Self::DiskDoomed | Self::Finished | Self::SetAtZero)
    }

    /// Whether what befell one claim concerns another: a set makes the claims of all its ordinals.
    pub(super) fn concerns(self, target: &str, name: &str) -> bool {
        let of_old = |name: &str| name.starts_with("data-old-");
        match self {
            Self::Denied(_) => true,
            Self::Expected | Self::SetAtZero => target == name || (of_old(target) && of_old(name)),
            _ => target == name,
        }
    }

    /// Whether it happened: what is done to a claim needs the claim.
    pub(super) fn happens(self, cluster: &Running, name: &str, number: usize) -> bool {
        let there = cluster.object("persistentvolumeclaims", "shop", name);
        let meta = |name: &str| json!({"name": name, "namespace": "shop"});
        let template = json!({"spec": {"restartPolicy": "Never", "containers": [], "volumes": [
            {"name": "data", "persistentVolumeClaim": {"claimName": name}}]}});
        let called = format!("other-{number}");
        let workload = |api: &str, kind: &str, spec: Value| {
            cluster.apply(json!({"apiVersion": api, "kind": kind, "metadata": meta(&called), "spec": spec}));
        };
        let patch = |patch: Value| cluster.patch("persistentvolumeclaims", "shop", name, patch);
        match self {
            Self::Mounted => cluster.apply(pod(&called, name)),
            Self::MountedWithoutNode => {
                let mut waiting = pod(&called, name);
                waiting["spec"]["nodeName"] = Value::Null;
                waiting["status"]["phase"] = json!("Pending");
                cluster.apply(waiting);
            }
            Self::Finished => {
                let mut ended = pod(&called, name);
                ended["status"]["phase"] = json!("Succeeded");
                cluster.apply(ended);
            }
            Self::Expected | Self::SetAtZero => scale(cluster, name, self == Self::Expected),
            Self::NamedByASet => workload(
                "apps/v1",
                "StatefulSet",
                json!({
                    "replicas": 0, "serviceName": "x", "selector": {"matchLabels": {"app": called}}, "template": template,
                }),
            ),
            Self::Deployed => workload("apps/v1", "Deployment", json!({"replicas": 0, "template": template})),
            Self::Replicated => workload("apps/v1", "ReplicaSet", json!({"replicas": 0, "template": template})),
            Self::OnEachNode => workload("apps/v1", "DaemonSet", json!({"template": template})),
            Self::JobMade => workload("batch/v1", "Job", json!({"suspend": true, "template": template})),
            Self::Scheduled => {
                workload(
                    "batch/v1",
                    "CronJob",
                    json!({"schedule": "0 3 * * 0", "jobTemplate": {"spec": {"template": template}}}),
                );
            }
            Self::Snapshot => cluster.apply(json!({
                "apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshot", "metadata": meta(&called),
                "spec": {"source": {"persistentVolumeClaimName": name}}, "status": {"readyToUse": false},
            })),
            Self::Cloned => cluster.apply(json!({
                "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta(&called),
                "spec": {"dataSource": {"kind": "PersistentVolumeClaim", "name": name}}, "status": {"phase": "Pending"},
            })),
            Self::DiskDoomed => {
                let Some(claim) = &there else { return false };
                let volume = claim["spec"]["volumeName"].as_str().expect("a bound claim");
                let doomed = json!({"spec": {"persistentVolumeReclaimPolicy": "Delete"}});
                let before = cluster.object("persistentvolumes", "", volume).expect("its volume");
                if before["spec"]["persistentVolumeReclaimPolicy"] == "Delete" {
                    return false;
                }
                cluster.patch("persistentvolumes", "", volume, doomed);
            }
            Self::Denied(kind) => cluster.deny("list", kind, None),
            _ if there.is_none() => return false,
            Self::Replaced => {
                let mut new = there.expect("it was looked for");
                let uid = json!(format!("uid-new-{number}"));
                new["metadata"]["uid"] = uid.clone();
                let volume = new["spec"]["volumeName"].as_str().expect("a bound claim").to_owned();
                cluster.delete("persistentvolumeclaims", "shop", name);
                cluster.apply(new);
                cluster.patch("persistentvolumes", "", &volume, json!({"spec": {"claimRef": {"uid": uid}}}));
            }
            Self::Changed => patch(json!({"metadata": {"annotations": {"keep": "please"}}})),
            Self::Adopted => patch(json!({"metadata": {"ownerReferences": [
                {"apiVersion": "example.com/v1", "kind": "Cluster", "name": "db", "uid": "5e1f"}]}})),
            Self::Terminating => patch(json!({"metadata": {
                "deletionTimestamp": "2026-11-01T10:00:00Z", "finalizers": ["example.com/holds"]}})),
            Self::Gone => cluster.delete("persistentvolumeclaims", "shop", name),
        }
        true
    }
}

/// A set that makes the claim, with its ordinal in range or scaled to zero.
fn scale(cluster: &Running, name: &str, in_range: bool) {
    if !name.starts_with("data-old-") {
        let replicas = if in_range { 3 } else { 0 };
        return cluster.patch("statefulsets", "shop", "redis-stset", json!({"spec": {"replicas": replicas}}));
    }
    cluster.apply(json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "old", "namespace": "shop"},
        "spec": {"replicas": if in_range { 4 } else { 0 }, "serviceName": "old", "selector": {"matchLabels": {"app": "old"}},
                 "template": {"metadata": {"labels": {"app": "old"}}, "spec": {"containers": []}},
                 "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {}}]},
    }));
}
