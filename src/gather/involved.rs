//! Pods as far as they matter to sets and claims: of most pods of a large cluster that is nothing.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use workload_skim::{Skimmer, Stop, read};

use super::intern::Interner;
use super::kind::Kind;
use super::lists::Store;
use super::pod::{ClaimSource, Wire};
use super::resource::{PODS, Resource};
use super::wire::ObjectMeta;
use crate::facts::{Bystanders, Pod, ordinal};

/// A pod as far as it matters to sets and claims. Without `NAMES` it has no labels, addresses and names, which are most of what a pod
/// weighs.
pub(super) enum Involved<const NAMES: bool> {
    Pod(Box<Pod>),
    /// It names no claim, something else than a StatefulSet controls it, and its name is no ordinal's: its UID.
    Bystander(u128),
}

/// The same in an answer.
pub(super) enum InvolvedWire<'a> {
    Pod(Box<Wire<'a>>),
    Bystander(u128),
}

/// Read by the library a pod is whole.
impl<'de: 'a, 'a> Deserialize<'de> for InvolvedWire<'a> {
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
    labels: Option<&'a [u8]>,
    annotations: Option<&'a [u8]>,
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

    /// Without who wrote which fields, and with labels and annotations unread.
    fn metadata(&mut self, skimmer: &mut Skimmer<'a>) -> Result<(), Stop> {
        let Self { metadata: meta, labels, annotations, .. } = self;
        skimmer.enter()?;
        while let Some(key) = skimmer.key()? {
            let value = skimmer.value()?;
            match key {
                b"namespace" => meta.namespace = read(value)?,
                b"name" => meta.name = read(value)?,
                b"uid" => meta.uid = read(value)?,
                b"creationTimestamp" => meta.creation_timestamp = read(value)?,
                b"deletionTimestamp" => meta.deletion_timestamp = read(value)?,
                b"ownerReferences" => meta.owner_references = read(value)?,
                b"finalizers" => meta.finalizers = read(value)?,
                b"labels" => *labels = Some(value),
                b"annotations" => *annotations = Some(value),
                _ => {}
            }
        }
        Ok(())
    }

    /// A pod of no controller is none: it may be what is left of a set; nor is one that has the name of an ordinal, since it stands
    /// where a set's pod may have to stand.
    fn bystands(&self) -> Result<bool, Stop> {
        let mut owners = self.metadata.owner_references.iter().flatten();
        let controller = owners.find(|owner| owner.controller == Some(true));
        if controller.is_none_or(|owner| &*owner.kind == "StatefulSet") {
            return Ok(false);
        }
        let name = self.metadata.name.as_deref().unwrap_or_default();
        if name.rsplit_once('-').is_some_and(|(_, last)| ordinal(last).is_some()) {
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

    fn wire(mut self, names: bool) -> Result<InvolvedWire<'a>, Stop> {
        if self.bystands()?
            && let Some(uid) = self.metadata.uid.as_deref().and_then(Bystanders::uid)
        {
            return Ok(InvolvedWire::Bystander(uid));
        }
        if names {
            self.metadata.labels = self.labels.map(read).transpose()?;
            self.metadata.annotations = self.annotations.map(read).transpose()?;
        }
        let spec = self.spec.map(read).transpose()?.unwrap_or_default();
        let status = self.status.map(read).transpose()?.unwrap_or_default();
        Ok(InvolvedWire::Pod(Box::new(Wire::of_parts(self.metadata, spec, status))))
    }
}

impl<const NAMES: bool> Kind for Involved<NAMES> {
    type Wire<'a> = InvolvedWire<'a>;
    const RESOURCE: &'static Resource = &PODS;

    fn skim<'a>(skimmer: &mut Skimmer<'a>) -> Result<InvolvedWire<'a>, Stop> {
        Outline::skim(skimmer)?.wire(NAMES)
    }

    fn from_wire(wire: InvolvedWire<'_>, intern: &mut Interner) -> Self {
        match wire {
            InvolvedWire::Bystander(uid) => Self::Bystander(uid),
            InvolvedWire::Pod(mut wire) => {
                if !NAMES {
                    wire.forget_names();
                }
                Self::Pod(Box::new(Pod::from_wire(*wire, intern)))
            }
        }
    }
}

/// The pods that matter, and the others.
#[derive(Default)]
pub(super) struct Pods {
    pub(super) pods: Vec<Pod>,
    pub(super) bystanders: Vec<u128>,
}

impl<const NAMES: bool> Store<Involved<NAMES>> for Pods {
    fn add(&mut self, page: Vec<Involved<NAMES>>, _: usize) {
        for pod in page {
            match pod {
                Involved::Pod(pod) => self.pods.push(*pod),
                Involved::Bystander(uid) => self.bystanders.push(uid),
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

    const UID: &str = "0b1f9c1e-3b0a-4c57-9f42-6a1d7f0e2c33";

    fn pod(name: &str, uid: &str, owners: &str, volumes: &str) -> String {
        format!(
            r#"{{"status": {{"phase": "Running", "podIP": "10.0.0.7"}}, "spec": {{"hostname": "a", "volumes": [{volumes}]}}, "metadata": {{"name": "{name}", "uid": "{uid}", "labels": {{"app": "a"}}, "annotations": {{"helm.sh/hook": "test"}}, "ownerReferences": [{owners}]}}}}"#
        )
    }

    /// What is kept of it.
    fn kept<const NAMES: bool>(wire: InvolvedWire<'_>) -> Option<Box<Pod>> {
        match Involved::<NAMES>::from_wire(wire, &mut Interner::default()) {
            Involved::Pod(pod) => Some(pod),
            Involved::Bystander(_) => None,
        }
    }

    fn skimmed<const NAMES: bool>(text: &str) -> Option<Box<Pod>> {
        kept::<NAMES>(Involved::<NAMES>::skim(&mut Skimmer::new(text.as_bytes())).expect("a pod"))
    }

    #[test]
    fn only_a_pod_of_another_controller_without_a_claim_is_a_bystander() {
        let is_kept = |name, uid, owners: &str, volumes| skimmed::<false>(&pod(name, uid, owners, volumes)).is_some();
        let owner =
            |kind: &str, controls: bool| format!(r#"{{"kind": "{kind}", "name": "o", "controller": {controls}}}"#);
        let (claim, ephemeral, empty) = (
            r#"{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}"#,
            r#"{"name": "v", "ephemeral": {}}"#,
            r#"{"name": "v", "emptyDir": {}}"#,
        );
        let replicas = owner("ReplicaSet", true);
        assert!(!is_kept("web-x7k2p", UID, &replicas, empty));
        assert!(is_kept("web-x7k2p", UID, &replicas, claim), "it uses a claim");
        assert!(is_kept("web-x7k2p", UID, &replicas, ephemeral), "it has one of its own");
        assert!(is_kept("web-0", UID, &replicas, empty), "an ordinal may need its name");
        assert!(!is_kept("web-00", UID, &replicas, empty), "no ordinal is written so");
        assert!(is_kept("a", UID, &owner("StatefulSet", true), empty), "an ordinal's pod, its claim or not");
        assert!(is_kept("a", UID, "", empty), "it may be what is left of a set");
        assert!(is_kept("a", UID, &owner("ReplicaSet", false), empty), "nothing controls it");
        assert!(is_kept("a", "no-uuid", &replicas, empty), "its UID could not be told again");
    }

    #[test]
    fn names_are_kept_where_they_are_asked_for() {
        let text = pod("a", UID, "", "");
        let (with, without) = (skimmed::<true>(&text).expect("kept"), skimmed::<false>(&text).expect("kept"));
        assert_eq!((with.meta.labels.get("app"), with.hostname.as_deref()), (Some("a"), Some("a")));
        assert_eq!((with.addresses.len(), with.hook.is_some()), (1, true));
        assert_eq!((without.meta.labels.get("app"), without.hostname.as_deref()), (None, None));
        assert_eq!((without.addresses.len(), without.hook.is_some()), (0, false));
        let whole = Pod::from_wire(serde_json::from_str(&text).expect("a pod"), &mut Interner::default());
        assert_eq!(format!("{with:?}"), format!("{whole:?}"));
    }

    #[test]
    fn what_is_not_written_plainly_is_the_same_pod() {
        let claim = r#"{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}"#;
        let plain = pod("a", UID, "", claim);
        let escaped = plain.replace(r#""name": "a""#, r#""name": "\u0061""#);
        let library = kept::<false>(serde_json::from_str(&escaped).expect("a pod"));
        assert_eq!(format!("{:?}", skimmed::<false>(&escaped)), format!("{:?}", skimmed::<false>(&plain)));
        assert_eq!(format!("{library:?}"), format!("{:?}", skimmed::<false>(&plain)));
        let owner = r#"{"kind": "ReplicaSet", "name": "o", "controller": true}"#;
        let hidden = pod("a", UID, owner, &claim.replace("persistent", r"\u0070ersistent"));
        assert!(skimmed::<false>(&hidden).is_some(), "a claim is found however its key is written");
    }
}
