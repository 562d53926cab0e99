//! Deletions and patches.

use http::Method;
use serde_json::{Value, json};

use crate::connect::{Client, Error, ErrorKind};
use crate::gather::resource::Resource;

/// An object as it was seen: where it is, and which one it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its resource.
    pub resource: &'static Resource,
    /// Its namespace; `None` for one without.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
    /// Its resource version; empty where the object is meant in whatever state it is.
    pub version: String,
}

impl Identity {
    /// The path of the object. Names of Kubernetes objects need no escaping in a path (RFC 1123 subdomains); what is no such name is
    /// refused by the server.
    fn path(&self) -> String {
        format!("{}/{}", self.resource.path(self.namespace.as_deref()), self.name)
    }

    /// `persistentvolumeclaim/data-web-1`.
    pub fn shown(&self) -> String {
        format!("{}/{}", self.resource.kind.to_lowercase(), self.name)
    }
}

/// Deletes exactly the object that was seen, its dependents in the background. With `dry_run` the server checks everything and changes
/// nothing.
pub async fn delete(client: &Client, of: &Identity, dry_run: bool) -> Result<(), Error> {
    let mut options = json!({
        "apiVersion": "v1", "kind": "DeleteOptions",
        "preconditions": {"uid": of.uid},
        "propagationPolicy": "Background",
    });
    if !of.version.is_empty() {
        options["preconditions"]["resourceVersion"] = of.version.as_str().into();
    }
    let mut path = of.path();
    if dry_run {
        options["dryRun"] = json!(["All"]);
        path.push_str("?dryRun=All");
    }
    client.write(Method::DELETE, &path, "application/json", options.to_string().into_bytes()).await.map(drop)
}

/// Sets a volume's reclaim policy to Retain, if it is still the volume that was seen: its disk then outlives its claim.
pub async fn retain(client: &Client, volume: &Identity, dry_run: bool) -> Result<(), Error> {
    let body = json!({
        "metadata": {"uid": volume.uid, "resourceVersion": volume.version},
        "spec": {"persistentVolumeReclaimPolicy": "Retain"},
    });
    let path = if dry_run { format!("{}?dryRun=All", volume.path()) } else { volume.path() };
    client.write(Method::PATCH, &path, "application/merge-patch+json", body.to_string().into_bytes()).await.map(drop)
}

/// The whole object as the server has it, for the journal; `None` where it is gone.
pub async fn fetch(client: &Client, of: &Identity) -> Result<Option<Value>, Error> {
    match client.get(&of.path(), None).await {
        Ok(answer) => answer.json().map(Some),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
