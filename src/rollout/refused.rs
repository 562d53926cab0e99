//! Why the pod of an ordinal is not made, or can't be kept as it is.

use jiff::{SignedDuration, Timestamp};

use super::blocker::{Scene, about, delete_pod, healthy};
use super::ordinals::Ordinal;
use crate::facts::{ClaimTemplate, Cluster, Known, Pod, StatefulSet};
use crate::findings::{Code, ObjectRef, Severity, Verdict};
use crate::pods::{admission, creation_refused, refused_by};

/// An ordinal in range without a pod of the set; `None` where it is about to be made.
pub(super) fn missing_pod(scene: &Scene<'_, '_>, ordinal: i32) -> Option<Verdict> {
    name_taken(scene, ordinal).or_else(|| claim_blocks(scene, ordinal)).or_else(|| refused(scene, ordinal))
}

/// Whether the set's controller is at a pod that it has to make: only then it matters what the namespace's limits say.
pub fn lacks_a_pod(set: &StatefulSet, rows: &[Ordinal<'_>], cluster: &Cluster) -> bool {
    let known = set.meta.applied() && set.meta.deleted().is_none() && cluster.pods.missing.is_none();
    let mut pods = rows.iter().filter(|row| row.in_range).map(|row| row.pod.read().flatten());
    known
        && if set.parallel {
            pods.any(|pod| pod.is_none())
        } else {
            pods.find(|pod| !pod.is_some_and(healthy)).is_some_and(|pod| pod.is_none())
        }
}

/// So long after the last write a set that could go on would have: its controller creates pods at once, and what a quota counts as used is
/// corrected within seconds of a pod's end.
const SETTLED: i64 = 60;

/// What the namespace's limits say of a pod that is missing and of whose creation no event tells. Quiet until the set stands still.
pub(super) fn by_objects(scene: &Scene<'_, '_>, ordinal: i32) -> Option<Verdict> {
    let set = scene.set;
    let limits = scene.around.limits.filter(|limits| admission::asked_for(limits))?;
    let since = stands_since(scene)?;
    if !scene.around.older_than(Some(since), SETTLED) {
        return None;
    }
    let namespace = &set.meta.namespace;
    let missing = |template: &&ClaimTemplate| {
        matches!(scene.cluster.claim(namespace, &set.claim_name(template, ordinal)), Known::Read(None))
    };
    // The controller creates a pod's claims before the pod (stateful_pod_control.go, CreateStatefulPod).
    let claim = set.templates.iter().filter(missing).find_map(|it| admission::claim_refused(namespace, it, limits));
    let pod = || admission::pod_refused(namespace, &set.needs, limits);
    let proven = claim.map(|proof| (proof, Code::ClaimCreationRefused));
    if let Some((proof, code)) = proven.or_else(|| pod().map(|proof| (proof, Code::PodCreationRefused))) {
        return Some(refused_by(proof, code, "StatefulSet", &set.meta).since(Some(since)));
    }
    let pod = set.pod_name(ordinal);
    let mut unknown = Verdict::new(Code::CannotTell, format!("Cannot tell why pod {pod} is not made."))
        .since(Some(since))
        .next(format!(
            "kubectl -n {namespace} annotate statefulset {0} touched=\"$(date +%s)\" --overwrite  # the controller tries at once, and an event tells what it meets: kubectl -n {namespace} events --for statefulset/{0}",
            set.meta.name
        ));
    for refusal in scene.around.without_events().into_iter().chain(admission::unread(limits)) {
        unknown = unknown.unknown(refusal);
    }
    if unknown.unknown.is_empty() {
        unknown =
            unknown.not_known("no event of a try is left; ServiceAccount, LimitRanges and quotas would let it pass");
    }
    Some(unknown)
}

/// When the set was last written, or a pod last came to count: since then its controller could have gone on.
fn stands_since(scene: &Scene<'_, '_>) -> Option<Timestamp> {
    let set = scene.set;
    let seen = set.status.as_ref().map_or(0, |status| status.observed_generation);
    let written = set.written.filter(|_| set.generation <= seen)?;
    let counts = |pod: &Pod| pod.ready_since()?.checked_add(SignedDuration::from_secs(set.min_ready)).ok();
    let counted = scene.in_range().filter_map(|(_, pod)| counts(pod?)).max();
    Some(counted.map_or(written, |counted| counted.max(written)))
}

/// The controller retries for ever, and writes no event (facts: measured).
fn name_taken(scene: &Scene<'_, '_>, ordinal: i32) -> Option<Verdict> {
    let set = scene.set;
    let name = set.pod_name(ordinal);
    let Known::Read(Some(pod)) = scene.cluster.pod(&set.meta.namespace, &name) else { return None };
    if pod.meta.controlled_by(&set.meta.uid) {
        return None;
    }
    let owner = pod.meta.controller();
    // One without a controller whose labels match is adopted within seconds.
    if owner.is_none() && set.selector.matches(&pod.meta.labels) && !scene.around.older_than(pod.meta.created(), 60) {
        return None;
    }
    let of = owner.map_or_else(|| "nobody".to_owned(), |owner| format!("{} {}", owner.kind, owner.name));
    Some(
        Verdict::new(
            Code::PodNameTaken,
            format!("Ordinal {ordinal} needs the name {name}, but a pod of that name exists and belongs to {of}. The controller tries again and says nothing."),
        )
        .about(about(pod))
        .since(pod.meta.created())
        .because(format_args!("Pod/{name}"), "metadata.ownerReferences", of)
        .next(delete_pod(&set.meta.namespace, pod)),
    )
}

/// A claim that is being deleted, or that is still tied to a pod that is gone: the controller does not watch claims, and of the second it
/// says nothing (facts: S17, S18).
fn claim_blocks(scene: &Scene<'_, '_>, ordinal: i32) -> Option<Verdict> {
    let set = scene.set;
    let namespace = &set.meta.namespace;
    let pod = set.pod_name(ordinal);
    let touch = format!(
        "kubectl -n {namespace} annotate statefulset {} touched=\"$(date +%s)\" --overwrite  # when the claim is gone: the controller does not watch claims",
        set.meta.name
    );
    // What is deleted goes within seconds as a rule, and what was scaled down comes back after it.
    let severity = |since| if scene.around.older_than(since, SETTLED) { Severity::Fault } else { Severity::Waiting };
    set.templates.iter().find_map(|template| {
        let name = set.claim_name(template, ordinal);
        let claim = scene.cluster.claim(namespace, &name).read().flatten()?;
        let object = ObjectRef::new("PersistentVolumeClaim", &claim.meta);
        let evidence = format!("PersistentVolumeClaim/{name}");
        if claim.meta.deleted().is_some() {
            let held = claim.meta.finalizers.join(", ");
            return Some(
                Verdict::new(Code::ClaimBlocksPod, format!("Claim {name} is being deleted, and pod {pod} can be made only when it is gone."))
                    .about(object)
                    .severity(severity(claim.meta.deleted()))
                    .since(claim.meta.deleted())
                    .because(&evidence, "metadata.deletionTimestamp", claim.meta.deleted().map(|at| at.to_string()).unwrap_or_default())
                    .because(&evidence, "metadata.finalizers", if held.is_empty() { "none".to_owned() } else { held })
                    .next(touch.clone()),
            );
        }
        let stale = claim.meta.owners.iter().find(|owner| &*owner.kind == "Pod" && *owner.name == *pod)?;
        Some(
            Verdict::new(
                Code::ClaimBlocksPod,
                format!("Claim {name} still belongs to a pod {pod} that is gone: garbage collection takes it first, and the controller says nothing meanwhile."),
            )
            .about(object)
            .severity(severity(set.written.or(set.meta.created())))
            .because(&evidence, "metadata.ownerReferences", format_args!("Pod/{pod} ({})", stale.uid))
            .next(touch.clone()),
        )
    })
}

fn refused(scene: &Scene<'_, '_>, ordinal: i32) -> Option<Verdict> {
    let verdict = creation_refused("StatefulSet", &scene.set.meta, scene.around)?;
    let name = scene.set.pod_name(ordinal);
    let of = |word: &str| verdict.evidence.iter().any(|evidence| evidence.value.contains(word));
    // An event of another ordinal's pod, which has been made since, says nothing of this one.
    let newest = scene.around.newest("StatefulSet", &scene.set.meta, &["FailedCreate"])?;
    (newest.message.contains(&format!("Pod {name} in")) || of(&name)).then_some(verdict)
}

/// A set that was made anew over its pods with other claim templates: a pod's volumes can't be changed, so each sync ends in an error before
/// the update begins (facts: S40). Status and `rollout status` stay green.
pub(super) fn template_mismatch(scene: &Scene<'_, '_>, pod: &Pod) -> Option<Verdict> {
    let set = scene.set;
    let ordinal = pod.ordinal_in(&set.meta.uid, &set.meta.name)?;
    let missing = set.templates.iter().find(|template| {
        let claim = set.claim_name(template, ordinal);
        !pod.claims.iter().any(|used| used.volume == template.name && *used.claim == *claim)
    })?;
    let has: Vec<&str> = pod.claims.iter().map(|used| &*used.volume).collect();
    let event = scene.around.newest("StatefulSet", &set.meta, &["FailedUpdate"]);
    let mut verdict = Verdict::new(
        Code::TemplateMismatch,
        format!(
            "Pod {} has no volume {} as the set's claim templates have it. A pod's volumes can't be changed, so every try ends in an error and nothing is rolled out.",
            pod.meta.name, missing.name
        ),
    )
    .because(scene.object(), "spec.volumeClaimTemplates", &missing.name)
    .because(format_args!("Pod/{}", pod.meta.name), "spec.volumes of claims", if has.is_empty() { "none".to_owned() } else { has.join(", ") });
    if let Some(event) = event {
        verdict = verdict.since(event.last).because(
            scene.object(),
            "event FailedUpdate",
            format_args!("x{}: {}", event.count, crate::pods::short(&event.message)),
        );
    }
    Some(verdict.next(format!(
        "kubectl sts preview delete {} -n {}  # then delete the pods one by one; the data stays in the old claims",
        set.meta.name, set.meta.namespace
    )))
}
