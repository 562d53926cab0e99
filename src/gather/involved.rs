//! Pods as far as they matter to sets and claims: of most pods of a large cluster that is nothing.

use workload_protobuf::{ACCEPT, Broken, Message, messages};

use super::intern::Interner;
use super::kind::Kind;
use super::lists::{MOST_RESERVED, Store};
use super::pod_wire::{PodVolume, Wire};
use super::resource::{PODS, Resource};
use super::wire::{OwnerReference, Str};
use crate::facts::{Pod, Uid, ordinal};

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

impl<'de: 'a, 'a> serde::Deserialize<'de> for InvolvedWire<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(from)?;
        let bystander =
            bystander(wire.metadata.name.as_ref(), wire.metadata.uid.as_ref(), wire.owners(), wire.volumes());
        Ok(bystander.map_or_else(|| Self::Pod(Box::new(wire)), Self::Bystander))
    }
}

/// A pod before it is known which of the two it is: what a bystander has beside this is never looked into.
#[derive(Default)]
struct Outline<'a> {
    name: Option<Str<'a>>,
    uid: Option<Str<'a>>,
    owners: Vec<OwnerReference<'a>>,
    volumes: Vec<PodVolume<'a>>,
}

messages! {
    Outline<'a> { 1 => { 1 => name, 5 => uid, 13 => owners }, 2 => { 1 => volumes } }
}

/// The UID of a pod that is a bystander. One of no controller is none: it may be what is left of a set; nor is one that has the name of
/// an ordinal, since it stands where a set's pod may have to stand.
fn bystander(
    name: Option<&Str<'_>>,
    uid: Option<&Str<'_>>,
    owners: &[OwnerReference<'_>],
    volumes: &[PodVolume<'_>],
) -> Option<u128> {
    let controller = owners.iter().find(|owner| owner.controller == Some(true))?;
    let is_ordinals = name?.rsplit_once('-').is_some_and(|(_, last)| ordinal(last).is_some());
    if &*controller.kind == "StatefulSet" || is_ordinals || volumes.iter().any(PodVolume::is_of_claim) {
        return None;
    }
    Uid::number(uid?)
}

impl<const NAMES: bool> Kind for Involved<NAMES> {
    type Wire<'a> = InvolvedWire<'a>;
    const RESOURCE: &'static Resource = &PODS;
    const LISTED_AS: Option<&'static str> = Some(ACCEPT);

    fn from_protobuf(object: &[u8]) -> Result<InvolvedWire<'_>, Broken> {
        let Outline { name, uid, owners, volumes } = Outline::read(object)?;
        Ok(match bystander(name.as_ref(), uid.as_ref(), &owners, &volumes) {
            Some(uid) => InvolvedWire::Bystander(uid),
            None => InvolvedWire::Pod(Box::new(Wire::read(object)?)),
        })
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
    fn add(&mut self, page: Vec<Involved<NAMES>>, remaining: usize) {
        // What is still to come is mixed as what came, as a rule; grown by doubling, a large list is held twice while it grows.
        let pods = page.iter().filter(|pod| matches!(pod, Involved::Pod(_))).count();
        if self.pods.len() + pods > self.pods.capacity() {
            let seen = self.pods.len() + self.bystanders.len() + page.len();
            let follow = (self.pods.len() + pods) * remaining.min(MOST_RESERVED) / seen.max(1);
            // A little more: to come short by one pod costs as much as to double.
            self.pods.reserve_exact((pods + follow + follow / 16).max(self.pods.len() / 2));
        }
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
    fn kept<const NAMES: bool>(text: &str) -> Option<Box<Pod>> {
        match Involved::<NAMES>::from_wire(serde_json::from_str(text).expect("a pod"), &mut Interner::default()) {
            Involved::Pod(pod) => Some(pod),
            Involved::Bystander(_) => None,
        }
    }

    #[test]
    fn only_a_pod_of_another_controller_without_a_claim_is_a_bystander() {
        let is_kept = |name, uid, owners: &str, volumes| kept::<false>(&pod(name, uid, owners, volumes)).is_some();
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
        let (with, without) = (kept::<true>(&text).expect("kept"), kept::<false>(&text).expect("kept"));
        assert_eq!((with.meta.labels.get("app"), with.hostname.as_deref()), (Some("a"), Some("a")));
        assert_eq!((with.addresses.len(), with.hook.is_some()), (1, true));
        assert_eq!((without.meta.labels.get("app"), without.hostname.as_deref()), (None, None));
        assert_eq!((without.addresses.len(), without.hook.is_some()), (0, false));
        let whole = Pod::from_wire(serde_json::from_str(&text).expect("a pod"), &mut Interner::default());
        assert_eq!(format!("{with:?}"), format!("{whole:?}"));
    }
}
