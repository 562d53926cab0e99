//! Why a claim is not bound, where claim, class, volumes, pods and events show it.

use jiff::SignedDuration;

use super::Class;
use crate::facts::{Claim, Cluster, Known, StorageClass, Volume, VolumePhase};

/// The provisioner of classes whose volumes are made by hand.
const BY_HAND: &str = "kubernetes.io/no-provisioner";

/// How long a provisioner may take before its silence is news.
const PATIENCE: SignedDuration = SignedDuration::from_mins(1);

/// The cause; `None` where nothing shows one, as in the first moments. `unused` says that no live pod names the claim.
pub(super) fn pending<'a>(claim: &'a Claim, unused: bool, cluster: &'a Cluster) -> Option<Class<'a>> {
    let Some(name) = claim.spec.class.as_deref() else {
        // A default class that comes later is filled in (RetroactiveDefaultStorageClass).
        let default = cluster.classes.items.iter().any(|class| class.default);
        return (!default && cluster.classes.missing.is_none() && claim.volume.is_none())
            .then_some(Class::NoDefaultClass);
    };
    if name.is_empty() {
        return no_volume_fits(claim, cluster);
    }
    let class = match cluster.class(name) {
        Known::Read(None) => return static_volume(claim, name, cluster),
        Known::Read(Some(class)) => class,
        Known::Refused(_) => return None,
    };
    if class.waits_for_consumer && unused {
        return cluster.pods.missing.is_none().then_some(Class::AwaitingFirstConsumer);
    }
    if &*class.provisioner == BY_HAND {
        return no_volume_fits(claim, cluster);
    }
    if let Some(wanted) = &claim.spec.attributes_class
        && cluster.attributes_class_missing(wanted)
    {
        return Some(Class::AttributesClassMissing);
    }
    provisioner(claim, class, cluster)
}

/// A class need not exist where a volume made by hand carries its name.
fn static_volume<'a>(claim: &Claim, class: &str, cluster: &'a Cluster) -> Option<Class<'a>> {
    let by_hand =
        cluster.volumes.items.iter().any(|volume| volume.spec.class.as_deref() == Some(class) && free(volume, claim));
    if by_hand { no_volume_fits(claim, cluster) } else { Some(Class::ClassMissing) }
}

/// No event but the provisioner's own tells what it does.
fn provisioner<'a>(claim: &'a Claim, class: &StorageClass, cluster: &'a Cluster) -> Option<Class<'a>> {
    let events: Vec<_> = cluster
        .around
        .events_of(&claim.meta.namespace, "PersistentVolumeClaim", &claim.meta.name)
        .filter(|event| claim.meta.uid == event.uid)
        .collect();
    if let Some(&failed) = events.iter().find(|event| &*event.reason == "ProvisioningFailed") {
        return Some(Class::ProvisioningFailed(failed));
    }
    let asked = claim.provisioner.as_deref() == Some(&*class.provisioner);
    let answered = events.iter().any(|event| event.reason.starts_with("Provisioning"));
    let waited = claim.meta.created().is_some_and(|at| cluster.now.duration_since(at) > PATIENCE);
    let silent = asked && !answered && waited && cluster.around.events.missing.is_none();
    silent.then_some(Class::ProvisionerSilent)
}

fn no_volume_fits<'a>(claim: &Claim, cluster: &'a Cluster) -> Option<Class<'a>> {
    if !cluster.volumes_listed || cluster.volumes.missing.is_some() || claim.volume.is_some() {
        return None;
    }
    let nearest = cluster
        .volumes
        .items
        .iter()
        .filter(|volume| free(volume, claim))
        .min_by_key(|volume| mismatches(claim, volume).len());
    match nearest {
        // The binder is on its way to it, or the claim's selector excludes it.
        Some(volume) if mismatches(claim, volume).is_empty() => None,
        nearest => Some(Class::NoVolumeFits(nearest)),
    }
}

fn free(volume: &Volume, claim: &Claim) -> bool {
    volume.phase == VolumePhase::Available
        && volume.meta.deleted().is_none()
        && volume.claim.as_ref().is_none_or(|of| of.namespace == claim.meta.namespace && of.name == claim.meta.name)
}

/// What keeps a volume from serving a claim: field, what the claim wants, what the volume has (`pv_controller`'s
/// checkVolumeSatisfyClaim and findMatchingVolume).
pub(super) fn mismatches(claim: &Claim, volume: &Volume) -> Vec<(&'static str, String, String)> {
    let mut all = Vec::new();
    let or_none = |class: Option<&str>| class.filter(|class| !class.is_empty()).unwrap_or("none").to_owned();
    let (wanted, has) = (or_none(claim.spec.class.as_deref()), or_none(volume.spec.class.as_deref()));
    if wanted != has {
        all.push(("storageClassName", wanted, has));
    }
    let size =
        |quantity: Option<&crate::facts::Quantity>| quantity.and_then(crate::facts::Quantity::bytes).unwrap_or(0);
    if size(claim.spec.request.as_ref()) > size(volume.spec.capacity.as_ref()) {
        let text = |quantity: Option<&crate::facts::Quantity>| quantity.map(ToString::to_string).unwrap_or_default();
        all.push(("storage", text(claim.spec.request.as_ref()), text(volume.spec.capacity.as_ref())));
    }
    if !claim.spec.access_modes.iter().all(|mode| volume.spec.access_modes.contains(mode)) {
        all.push(("accessModes", claim.spec.access_modes.join(","), volume.spec.access_modes.join(",")));
    }
    if claim.spec.block != volume.spec.block {
        let word = |block| if block { "Block" } else { "Filesystem" }.to_owned();
        all.push(("volumeMode", word(claim.spec.block), word(volume.spec.block)));
    }
    all
}
