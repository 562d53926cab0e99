//! A snapshot's header: when it was taken, of what, and what could not be read.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::facts::{Refusal, Scope, Why};
use crate::gather::resource::{self, Resource};

/// Its kind, under the API version of our reports.
pub const KIND: &str = "Snapshot";

/// The first document of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Header {
    /// `workloads.kubectl/v1alpha1`.
    pub api_version: String,
    /// `Snapshot`.
    pub kind: String,
    /// Of what and when.
    pub metadata: Metadata,
    /// Resources that were read whole, even where there was none: `pods`, `statefulsets.apps`.
    pub read: Vec<String>,
    /// Those that could not be read, and why.
    #[serde(default)]
    pub refused: Vec<Refused>,
}

/// Of what a snapshot was taken, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// The name of the set, Job or CronJob that it was taken of.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The kubeconfig's context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The server's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_version: Option<String>,
    /// The server's time when it was taken: ages are counted to it.
    pub time: Timestamp,
    /// Whether names of nodes and images and values of variables were replaced.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub redacted: bool,
}

/// A refused read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// `get` or `list`.
    pub verb: String,
    /// `persistentvolumes`.
    pub resource: String,
    /// Absent at the cluster scope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// `Forbidden`, `NotServed`, `TimedOut` or `Failed`.
    pub why: String,
    /// The client's words, where it failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub says: String,
}

impl Refused {
    /// A refusal, to be written.
    pub fn new(refusal: &Refusal) -> Self {
        let (why, says) = match &refusal.why {
            Why::Forbidden => ("Forbidden", ""),
            Why::NotServed => ("NotServed", ""),
            Why::TimedOut => ("TimedOut", ""),
            Why::Failed(says) => ("Failed", says.as_str()),
            Why::NotInFiles | Why::NotRead => ("NotRead", ""),
        };
        Self {
            verb: refusal.verb.to_owned(),
            resource: refusal.resource.to_owned(),
            namespace: match &refusal.scope {
                Scope::Namespace(name) => Some(name.to_string()),
                Scope::Cluster => None,
            },
            why: why.to_owned(),
            says: says.to_owned(),
        }
    }
}

impl Header {
    /// What the header says of a kind: nothing where it was read whole.
    pub(super) fn missing(&self, resource: &'static Resource) -> Option<Refusal> {
        if self.read.iter().any(|read| read == resource.name) {
            return None;
        }
        let refused = self.refused.iter().find(|refused| refused.resource == resource.name);
        let Some(refused) = refused else { return Some(resource.not_listed(None, Why::NotInFiles)) };
        let why = match refused.why.as_str() {
            "Forbidden" => Why::Forbidden,
            "NotServed" => Why::NotServed,
            "TimedOut" => Why::TimedOut,
            "NotRead" => Why::NotRead,
            _ => Why::Failed(refused.says.clone()),
        };
        let scope = refused.namespace.as_deref().map_or(Scope::Cluster, |name| Scope::Namespace(name.into()));
        Some(Refusal { verb: if refused.verb == "get" { "get" } else { "list" }, resource: resource.name, scope, why })
    }

    /// The resource of a name in a header.
    pub fn resource(name: &str) -> Option<&'static Resource> {
        resource::ALL.iter().find(|known| known.name == name).copied()
    }
}
