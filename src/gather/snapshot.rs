//! All that the diagnoses of one object read, as the server has it: for a ticket, and to be read again with `-f`.
//!
//! Whole kinds of the object's namespace are kept, not its own objects alone: whether a claim's name is ambiguous, or who else uses it,
//! shows in the others. Secrets and ConfigMaps are never read.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::around::optional;
use super::cluster::{version, whole_seconds};
use super::files::header::{Header, KIND, Metadata, Refused};
use super::lists;
use super::resource::{
    ACCOUNTS, ATTACHMENTS, ATTRIBUTES_CLASSES, BUDGETS, CLAIMS, CLASSES, CRON_JOBS, CSI_NODES, DAEMON_SETS,
    DEPLOYMENTS, EVENTS, JOBS, LIMIT_RANGES, NAMESPACES, NODES, Need, PODS, QUOTAS, REPLICA_SETS, REVISIONS, Resource,
    SERVICES, SETS, SLICES, SNAPSHOTS, VOLUMES,
};
use crate::connect::Client;
use crate::facts::{API_VERSION, Text, Why, tells, tells_of_jobs};

/// What the diagnoses that a snapshot is taken for are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A StatefulSet.
    Set,
    /// Jobs and CronJobs.
    Jobs,
}

impl Subject {
    /// What the snapshot holds, in the order of its documents.
    pub fn content(self) -> &'static [&'static Resource] {
        match self {
            Self::Set => OF_SET,
            Self::Jobs => OF_JOBS,
        }
    }

    /// What a namespace's snapshot needs to be allowed to do: `tells` says what each resource is read for.
    pub fn needs(self, namespace: &Text) -> Vec<Need> {
        let need = |resource: &&'static Resource| Need {
            verb: "list",
            resource,
            scope: resource.scope(Some(namespace)),
            required: matches!((self, resource.kind), (Self::Set, "StatefulSet") | (Self::Jobs, "Job")),
            tells: match self {
                Self::Set => tells(resource.name),
                Self::Jobs => tells_of_jobs(resource.name),
            },
        };
        self.content().iter().map(need).collect()
    }

    /// The kinds whose events matter.
    fn events_of(self) -> &'static [&'static str] {
        match self {
            Self::Set => &["StatefulSet", "Pod", "PersistentVolumeClaim"],
            Self::Jobs => &["Job", "CronJob", "Pod"],
        }
    }
}

const OF_JOBS: &[&Resource] = &[&JOBS, &CRON_JOBS, &PODS, &NODES, &EVENTS, &QUOTAS, &LIMIT_RANGES, &ACCOUNTS];

const OF_SET: &[&Resource] = &[
    &SETS,
    &PODS,
    &CLAIMS,
    &VOLUMES,
    &CLASSES,
    &SERVICES,
    &SLICES,
    &DEPLOYMENTS,
    &REPLICA_SETS,
    &DAEMON_SETS,
    &JOBS,
    &CRON_JOBS,
    &REVISIONS,
    &SNAPSHOTS,
    &ATTACHMENTS,
    &CSI_NODES,
    &ATTRIBUTES_CLASSES,
    &NODES,
    &NAMESPACES,
    &QUOTAS,
    &LIMIT_RANGES,
    &ACCOUNTS,
    &BUDGETS,
    &EVENTS,
];

/// Reads all of it. The first value is the header; each object carries its kind.
pub async fn take(client: &Client, subject: Subject, name: &str) -> (Header, Vec<Value>) {
    let namespace = Text::from(client.namespace());
    let lists = subject.content().iter().map(|resource| {
        let namespace = namespace.clone();
        async move {
            (
                *resource,
                lists::raw(client, resource, Some(&namespace), |object| keep(subject, resource, object, &namespace))
                    .await,
            )
        }
    });
    let (server_version, lists) = futures_util::join!(version(client), join_all(lists));
    let (mut read, mut refused, mut objects) = (Vec::new(), Vec::new(), Vec::new());
    for (resource, list) in lists {
        match list {
            Ok(items) => {
                read.push(resource.name.to_owned());
                objects.extend(items);
            }
            Err(refusal) if optional(resource) && refusal.why == Why::NotServed => read.push(resource.name.to_owned()),
            Err(refusal) => refused.push(Refused::new(&refusal)),
        }
    }
    let header = Header {
        api_version: API_VERSION.to_owned(),
        kind: KIND.to_owned(),
        metadata: Metadata {
            name: name.to_owned(),
            namespace: namespace.to_string(),
            context: client.context().map(str::to_owned),
            server_version,
            time: whole_seconds(client.server_now()),
            redacted: false,
        },
        read,
        refused,
    };
    (header, objects)
}

/// Whether an object belongs into the snapshot; takes out of it what no diagnosis reads.
fn keep(subject: Subject, resource: &Resource, object: &mut Value, namespace: &str) -> bool {
    let concerns = match resource.kind {
        "PersistentVolume" => {
            let of = object["spec"]["claimRef"]["namespace"].as_str();
            of.is_none_or(|of| of == namespace)
        }
        "Namespace" => object["metadata"]["name"] == *namespace,
        "Event" => {
            let of = object["involvedObject"]["kind"].as_str().unwrap_or_default();
            subject.events_of().contains(&of)
        }
        _ => true,
    };
    if !concerns {
        return false;
    }
    object["kind"] = json!(resource.kind);
    object["apiVersion"] = json!(resource.api_version());
    let metadata = &mut object["metadata"];
    if let Some(annotations) = metadata["annotations"].as_object_mut() {
        // A second copy of the object, older and with everything in it.
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    }
    // Who made a claim stands there, and when a set or a CronJob was last written.
    if !matches!(resource.kind, "PersistentVolumeClaim" | "StatefulSet" | "CronJob")
        && let Some(metadata) = metadata.as_object_mut()
    {
        metadata.remove("managedFields");
    }
    match resource.kind {
        "Job" | "CronJob" if subject == Subject::Jobs => {}
        // What a rollout of a set changes is read from its revisions.
        "ControllerRevision" if of_a_set(object) => {}
        "ControllerRevision" => drop(object.as_object_mut().and_then(|all| all.remove("data"))),
        "Deployment" | "ReplicaSet" | "DaemonSet" | "Job" => only_volumes(&mut object["spec"]["template"]["spec"]),
        "CronJob" => only_volumes(&mut object["spec"]["jobTemplate"]["spec"]["template"]["spec"]),
        "Node" => only_what_places(object),
        // Of an account it matters that it exists.
        "ServiceAccount" => {
            if let Some(account) = object.as_object_mut() {
                account.retain(|field, _| matches!(field.as_str(), "apiVersion" | "kind" | "metadata"));
            }
        }
        _ => {}
    }
    true
}

fn of_a_set(revision: &Value) -> bool {
    let owners = revision["metadata"]["ownerReferences"].as_array();
    owners.into_iter().flatten().any(|owner| owner["kind"] == "StatefulSet")
}

/// Of other workloads only the claims matter that they name.
fn only_volumes(pod: &mut Value) {
    let volumes = pod["volumes"].as_array().cloned().unwrap_or_default();
    let claims: Vec<Value> = volumes.into_iter().filter(|volume| !volume["persistentVolumeClaim"].is_null()).collect();
    *pod = json!({ "volumes": claims });
}

/// Of a node: its labels, whether it takes pods, its conditions.
fn only_what_places(node: &mut Value) {
    if let Some(metadata) = node["metadata"].as_object_mut() {
        metadata.remove("annotations");
    }
    let (spec, status) = (&node["spec"], &node["status"]);
    let mut kept = json!({ "taints": spec["taints"], "unschedulable": spec["unschedulable"] });
    if let Some(kept) = kept.as_object_mut() {
        kept.retain(|_, value| !value.is_null());
    }
    let status = json!({ "conditions": status["conditions"] });
    node["spec"] = kept;
    node["status"] = status;
}
