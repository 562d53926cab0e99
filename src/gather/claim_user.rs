//! Pods as far as they matter to claims: of most pods of a large cluster that is nothing.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::intern::Interner;
use super::kind::Kind;
use super::lists::Store;
use super::pod::{ClaimSource, Wire};
use super::resource::{PODS, Resource};
use super::skim::{Skimmer, Stop, text};
use super::wire::{ObjectMeta, Str};
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

/// Read by the library a pod is whole.
impl<'de: 'a, 'a> Deserialize<'de> for UserWire<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Wire::deserialize(from).map(|wire| Self::Pod(Box::new(wire)))
    }
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

/// A pod before it is known which of the two it is: what a bystander has beside this is never looked into.
#[derive(Default)]
struct Outline<'a> {
    metadata: ObjectMeta<'a>,
    spec: Option<&'a [u8]>,
    status: Option<&'a [u8]>,
}

impl<'a> Outline<'a> {
    fn skim(skimmer: &mut Skimmer<'a>) -> Result<Self, Stop> {
        let mut outline = Self::default();
        skimmer.enter()?;
        while let Some(key) = skimmer.key()? {
            match key {
                b"metadata" => outline.metadata(skimmer)?,
                b"spec" => outline.spec = Some(skimmer.value()?),
                b"status" => outline.status = Some(skimmer.value()?),
                _ => _ = skimmer.value()?,
            }
        }
        Ok(outline)
    }

    /// Without the labels, the annotations and who wrote which fields.
    fn metadata(&mut self, skimmer: &mut Skimmer<'a>) -> Result<(), Stop> {
        let meta = &mut self.metadata;
        skimmer.enter()?;
        while let Some(key) = skimmer.key()? {
            let value = skimmer.value()?;
            match key {
                b"namespace" => meta.namespace = word(value)?,
                b"name" => meta.name = word(value)?,
                b"uid" => meta.uid = word(value)?,
                b"creationTimestamp" => meta.creation_timestamp = word(value)?,
                b"deletionTimestamp" => meta.deletion_timestamp = word(value)?,
                b"ownerReferences" => meta.owner_references = read(value)?,
                b"finalizers" => meta.finalizers = read(value)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// A pod of no controller is none: it may be what is left of a set, or stand where a set's pod should.
    fn bystands(&self) -> Result<bool, Stop> {
        let mut owners = self.metadata.owner_references.iter().flatten();
        let controller = owners.find(|owner| owner.controller == Some(true));
        if controller.is_none_or(|owner| &*owner.kind == "StatefulSet") {
            return Ok(false);
        }
        let Some(spec) = self.spec else { return Ok(true) };
        // Most specs have neither word in them, which is cheap to see; a word may be escaped, though no server does that.
        let holds = |word: &str| memchr::memmem::find(spec, word.as_bytes()).is_some();
        if ![r#""persistentVolumeClaim""#, r#""ephemeral""#, r"\u"].into_iter().any(holds) {
            return Ok(true);
        }
        let spec: Volumes<'_> = read(spec)?;
        let claim = |volume: &Source<'_>| volume.persistent_volume_claim.is_some() || volume.ephemeral.is_some();
        Ok(!spec.volumes.iter().flatten().any(claim))
    }

    fn wire(self) -> Result<UserWire<'a>, Stop> {
        if self.bystands()?
            && let Some(uid) = self.metadata.uid.as_deref().and_then(Bystanders::uid)
        {
            return Ok(UserWire::Bystander(uid));
        }
        let spec = self.spec.map(read).transpose()?.unwrap_or_default();
        let status = self.status.map(read).transpose()?.unwrap_or_default();
        Ok(UserWire::Pod(Box::new(Wire::of_parts(self.metadata, spec, status))))
    }
}

fn word(value: &[u8]) -> Result<Option<Str<'_>>, Stop> {
    Ok(text(value)?.map(Str::from))
}

fn read<'a, T: Deserialize<'a>>(value: &'a [u8]) -> Result<T, Stop> {
    serde_json::from_slice(value).map_err(|_| Stop::Unlike)
}

impl Kind for ClaimUser {
    type Wire<'a> = UserWire<'a>;
    const RESOURCE: &'static Resource = &PODS;

    fn skim<'a>(skimmer: &mut Skimmer<'a>) -> Result<UserWire<'a>, Stop> {
        Outline::skim(skimmer)?.wire()
    }

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

    fn pod(uid: &str, owners: &str, volumes: &str) -> String {
        format!(
            r#"{{"status": {{"phase": "Running"}}, "spec": {{"volumes": [{volumes}]}}, "metadata": {{"name": "a", "uid": "{uid}", "labels": {{"app": "a"}}, "ownerReferences": [{owners}]}}}}"#
        )
    }

    /// What becomes of a pod with these owners and volumes.
    fn is_kept(uid: &str, owners: &str, volumes: &str) -> bool {
        let text = pod(uid, owners, volumes);
        let wire = ClaimUser::skim(&mut Skimmer::new(text.as_bytes())).expect("a pod");
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

    #[test]
    fn what_is_not_written_plainly_is_read_by_the_library_to_the_same_pod() {
        const UID: &str = "0b1f9c1e-3b0a-4c57-9f42-6a1d7f0e2c33";
        let claim = r#"{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}"#;
        let plain = pod(UID, "", claim);
        let escaped = plain.replace(r#""name": "a""#, r#""name": "\u0061""#);
        assert_eq!(ClaimUser::skim(&mut Skimmer::new(escaped.as_bytes())).err(), Some(Stop::Unlike));
        let kept = |wire: UserWire<'_>| match ClaimUser::from_wire(wire, &mut Interner::default()) {
            ClaimUser::Pod(pod) => format!("{pod:?}"),
            ClaimUser::Bystander(_) => panic!("it uses a claim"),
        };
        let skimmed = kept(ClaimUser::skim(&mut Skimmer::new(plain.as_bytes())).expect("a pod"));
        assert_eq!(kept(serde_json::from_str(&escaped).expect("a pod")), skimmed);
        let owner = r#"{"kind": "ReplicaSet", "name": "o", "controller": true}"#;
        let hidden = pod(UID, owner, &claim.replace("persistent", r"\u0070ersistent"));
        let wire = ClaimUser::skim(&mut Skimmer::new(hidden.as_bytes())).expect("a pod");
        assert!(matches!(wire, UserWire::Pod(_)), "a claim is found however its key is written");
    }
}
