//! Pods as far as they matter to claims: of most pods of a large cluster that is nothing.

use serde::de::{Error, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::intern::Interner;
use super::kind::Kind;
use super::lists::Store;
use super::pod::{ClaimSource, Wire};
use super::resource::{PODS, Resource};
use super::wire::{ObjectMeta, OwnerReference, Str, from_text};
use crate::facts::{Bystanders, Pod};

/// A pod as far as it matters to claims.
pub(super) enum ClaimUser {
    /// Without the labels, addresses and names that are most of what a pod weighs.
    Pod(Box<Pod>),
    /// It names no claim, and something else than a StatefulSet controls it: its UID.
    Bystander(u128),
}

/// The same in an answer.
pub(super) enum UserWire<'a> {
    Pod(Box<Wire<'a>>),
    Bystander(u128),
}

/// A pod before it is known which of the two it is: what a bystander has beside this is never looked into.
#[derive(Deserialize)]
struct Outline<'a> {
    #[serde(borrow, default)]
    metadata: Metadata<'a>,
    #[serde(borrow, default)]
    spec: Option<&'a RawValue>,
    #[serde(borrow, default)]
    status: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    #[serde(borrow, default)]
    namespace: Option<Str<'a>>,
    #[serde(borrow, default)]
    name: Option<Str<'a>>,
    #[serde(borrow, default)]
    uid: Option<Str<'a>>,
    #[serde(borrow, default)]
    creation_timestamp: Option<Str<'a>>,
    #[serde(borrow, default)]
    deletion_timestamp: Option<Str<'a>>,
    #[serde(borrow, default)]
    owner_references: Option<Vec<OwnerReference<'a>>>,
    #[serde(borrow, default)]
    finalizers: Option<Vec<Str<'a>>>,
}

#[derive(Deserialize)]
struct Volumes<'a> {
    #[serde(borrow, default)]
    volumes: Option<Vec<Source<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Source<'a> {
    #[serde(borrow, default)]
    persistent_volume_claim: Option<ClaimSource<'a>>,
    #[serde(default)]
    ephemeral: Option<IgnoredAny>,
}

impl Outline<'_> {
    /// A pod of no controller is none: it may be what is left of a set, or stand where a set's pod should.
    fn bystands(&self) -> serde_json::Result<bool> {
        let mut owners = self.metadata.owner_references.iter().flatten();
        let controller = owners.find(|owner| owner.controller == Some(true));
        if controller.is_none_or(|owner| &*owner.kind == "StatefulSet") {
            return Ok(false);
        }
        let Some(spec) = self.spec else { return Ok(true) };
        let spec: Volumes<'_> = from_text(spec.get())?;
        let claim = |volume: &Source<'_>| volume.persistent_volume_claim.is_some() || volume.ephemeral.is_some();
        Ok(!spec.volumes.iter().flatten().any(claim))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for UserWire<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let outline = Outline::deserialize(from)?;
        if outline.bystands().map_err(D::Error::custom)?
            && let Some(uid) = outline.metadata.uid.as_deref().and_then(Bystanders::uid)
        {
            return Ok(Self::Bystander(uid));
        }
        let Metadata { namespace, name, uid, creation_timestamp, deletion_timestamp, owner_references, finalizers } =
            outline.metadata;
        let metadata = ObjectMeta {
            namespace,
            name,
            uid,
            creation_timestamp,
            deletion_timestamp,
            owner_references,
            finalizers,
            ..ObjectMeta::default()
        };
        Wire::of_parts(metadata, outline.spec, outline.status)
            .map(|wire| Self::Pod(Box::new(wire)))
            .map_err(D::Error::custom)
    }
}

impl Kind for ClaimUser {
    type Wire<'a> = UserWire<'a>;
    const RESOURCE: &'static Resource = &PODS;

    fn from_wire(wire: UserWire<'_>, intern: &mut Interner) -> Self {
        match wire {
            UserWire::Bystander(uid) => Self::Bystander(uid),
            UserWire::Pod(mut wire) => {
                wire.forget_names();
                Self::Pod(Box::new(Pod::from_wire(*wire, intern)))
            }
        }
    }
}

/// Pods as far as they matter to claims.
#[derive(Default)]
pub(super) struct ClaimUsers {
    pub(super) pods: Vec<Pod>,
    pub(super) bystanders: Vec<u128>,
}

impl Store<ClaimUser> for ClaimUsers {
    fn add(&mut self, page: Vec<ClaimUser>, _: usize) {
        for user in page {
            match user {
                ClaimUser::Pod(pod) => self.pods.push(*pod),
                ClaimUser::Bystander(uid) => self.bystanders.push(uid),
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.pods.is_empty() && self.bystanders.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a pod with these owners and volumes.
    fn is_kept(uid: &str, owners: &str, volumes: &str) -> bool {
        let text = format!(
            r#"{{"status": {{"phase": "Running"}}, "spec": {{"volumes": [{volumes}]}}, "metadata": {{"name": "a", "uid": "{uid}", "ownerReferences": [{owners}]}}}}"#
        );
        let wire: UserWire<'_> = serde_json::from_str(&text).expect("a pod");
        matches!(ClaimUser::from_wire(wire, &mut Interner::default()), ClaimUser::Pod(_))
    }

    #[test]
    fn only_a_pod_of_another_controller_without_a_claim_is_a_bystander() {
        const UID: &str = "0b1f9c1e-3b0a-4c57-9f42-6a1d7f0e2c33";
        let owner =
            |kind: &str, controls: bool| format!(r#"{{"kind": "{kind}", "name": "o", "controller": {controls}}}"#);
        let (claim, ephemeral, empty) = (
            r#"{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}"#,
            r#"{"name": "v", "ephemeral": {}}"#,
            r#"{"name": "v", "emptyDir": {}}"#,
        );
        assert!(!is_kept(UID, &owner("ReplicaSet", true), empty));
        assert!(is_kept(UID, &owner("ReplicaSet", true), claim), "it uses a claim");
        assert!(is_kept(UID, &owner("ReplicaSet", true), ephemeral), "it has one of its own");
        assert!(is_kept(UID, &owner("StatefulSet", true), empty), "an ordinal's pod, its claim or not");
        assert!(is_kept(UID, "", empty), "it may be what is left of a set");
        assert!(is_kept(UID, &owner("ReplicaSet", false), empty), "nothing controls it");
        assert!(is_kept("no-uuid", &owner("ReplicaSet", true), empty), "its UID could not be told again");
    }
}
