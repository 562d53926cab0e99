//! What the set's controller waits for: the first thing on its way through the ordinals, and what stands behind it
//! (`stateful_set_control.go`, updateStatefulSet).

use super::{Ordinal, changes, notices, progress, refused};
use crate::facts::{Cluster, Pod, StatefulSet, Update};
use crate::findings::{Code, ObjectRef, Severity, Verdict};
use crate::pods::{self, Circumstances};

/// A set's verdicts.
#[derive(Debug)]
pub struct Diagnosis<'a> {
    /// The set's own, the first of which is its row's.
    pub set: Vec<Verdict>,
    /// Causes of pods, each with the pod's ordinal, in the controller's order.
    pub pods: Vec<(i32, Verdict)>,
    /// What is worth knowing besides.
    pub notices: Vec<Verdict>,
    /// The pod that the set's first verdict says traps the rollout: only its deletion goes on.
    pub trapped: Option<&'a Pod>,
}

/// A set with what is known around it.
pub(super) struct Scene<'s, 'a> {
    pub(super) set: &'s StatefulSet,
    pub(super) rows: &'s [Ordinal<'a>],
    pub(super) cluster: &'a Cluster,
    pub(super) around: &'s Circumstances<'a>,
}

impl<'a> Scene<'_, 'a> {
    pub(super) fn in_range(&self) -> impl Iterator<Item = (i32, Option<&'a Pod>)> {
        self.rows.iter().filter(|row| row.in_range).map(|row| (row.ordinal, row.pod.read().flatten()))
    }

    pub(super) fn condemned(&self) -> impl Iterator<Item = (i32, &'a Pod)> {
        self.rows.iter().filter(|row| !row.in_range).filter_map(|row| Some((row.ordinal, row.pod.read().flatten()?)))
    }

    /// The first ordinal that a rolling update replaces; none where nothing is replaced by itself.
    pub(super) fn updates_from(&self) -> Option<i32> {
        match self.set.update {
            Update::Rolling { partition } => Some(self.set.start.saturating_add(partition)),
            Update::Recreate => Some(self.set.start),
            Update::OnDelete => None,
        }
    }

    /// Whether the pod is of the revision that the set goes to. Never from the set's two revisions, which are alike after a full revert.
    pub(super) fn updated(&self, pod: &Pod) -> bool {
        let wanted = self.set.status.as_ref().map_or("", |status| &*status.update_revision);
        wanted.is_empty() || revision(pod) == wanted
    }

    pub(super) fn object(&self) -> String {
        format!("StatefulSet/{}", self.set.meta.name)
    }
}

/// The ControllerRevision that a pod was made from.
pub(super) fn revision(pod: &Pod) -> &str {
    pod.meta.labels.get("controller-revision-hash").unwrap_or_default()
}

/// Ready, and not on its way out.
pub(super) fn healthy(pod: &Pod) -> bool {
    pod.ready && pod.meta.deleted().is_none()
}

/// Why a set is not ready, or does not roll out. Nothing is said where its pods could not be read.
pub fn diagnose<'a>(
    set: &StatefulSet,
    rows: &[Ordinal<'a>],
    cluster: &'a Cluster,
    around: &Circumstances<'a>,
) -> Diagnosis<'a> {
    let scene = Scene { set, rows, cluster, around };
    let mut said = Diagnosis { set: Vec::new(), pods: Vec::new(), notices: notices::of_set(&scene), trapped: None };
    if !set.meta.applied() || cluster.pods.missing.is_some() {
        said.notices.clear();
        return said;
    }
    if let Some(verdict) = notices::deleting(&scene) {
        said.set.push(verdict);
        return said;
    }
    said.set.extend(notices::overlap(&scene));
    said.set.extend(notices::controller_behind(&scene));
    let mut one_missing = false;
    for (ordinal, pod) in scene.in_range() {
        match pod {
            None => {
                // Of several that are missing the first speaks for all.
                let first = !std::mem::replace(&mut one_missing, true);
                let by_objects = || first.then(|| refused::by_objects(&scene, ordinal)).flatten();
                let refused = refused::missing_pod(&scene, ordinal).or_else(by_objects);
                let stops = refused.is_some();
                said.set.extend(refused);
                if stops && !set.parallel {
                    break;
                }
            }
            Some(pod) if !healthy(pod) => {
                said.pods.extend(pods::causes(pod, around).into_iter().map(|verdict| (ordinal, verdict)));
                if !set.parallel {
                    break;
                }
            }
            Some(pod) => {
                said.set.extend(refused::template_mismatch(&scene, pod));
                let lately = pods::causes(pod, around).into_iter().filter(|verdict| verdict.code != Code::PodReady);
                said.pods.extend(lately.map(|verdict| (ordinal, verdict)));
            }
        }
    }
    // Pods that the controller does not come to may be in trouble of their own.
    let met: Vec<i32> = said.pods.iter().map(|(ordinal, _)| *ordinal).collect();
    for (ordinal, pod) in scene.in_range().filter_map(|(ordinal, pod)| Some((ordinal, pod?))) {
        if !met.contains(&ordinal) && !healthy(pod) {
            said.pods.extend(pods::causes(pod, around).into_iter().map(|verdict| (ordinal, verdict)));
        }
    }
    let consequence = match trapped(&scene, &said) {
        Some((verdict, pod)) => {
            said.trapped = Some(pod);
            Some(verdict)
        }
        None => blocked(&scene, &said),
    };
    let stuck = consequence.is_some();
    if let Some(verdict) = consequence {
        said.set.insert(0, verdict);
    }
    said.set.extend(scale_down_blocked(&scene, &said));
    for (ordinal, pod) in scene.condemned().filter(|(_, pod)| pod.meta.deleted().is_some()) {
        let held = pods::causes(pod, around).into_iter().filter(|verdict| verdict.severity == Severity::Fault);
        said.pods.extend(held.map(|verdict| (ordinal, verdict)));
    }
    let all = said.set.iter().chain(said.pods.iter().map(|(_, verdict)| verdict));
    let faulty = all.into_iter().any(|verdict| verdict.severity == Severity::Fault);
    // That nobody can tell why a pod is missing says more than that it is awaited.
    let unknown = said.set.iter().any(|verdict| verdict.severity == Severity::Unknown);
    if !stuck && !faulty && !unknown {
        let own = progress::verdict(&scene);
        said.set.insert(0, own);
    }
    said
}

/// The pod that holds the controller, and its cause: the lowest in range that is not healthy.
fn first_unhealthy<'d, 'a>(scene: &Scene<'_, 'a>, said: &'d Diagnosis<'_>) -> Option<(i32, &'a Pod, &'d Verdict)> {
    let (ordinal, pod) =
        scene.in_range().find_map(|(ordinal, pod)| pod.filter(|pod| !healthy(pod)).map(|pod| (ordinal, pod)))?;
    let cause = said.pods.iter().find(|(of, _)| *of == ordinal).map(|(_, verdict)| verdict)?;
    Some((ordinal, pod, cause))
}

fn stuck(cause: &Verdict) -> bool {
    matches!(cause.severity, Severity::Fault | Severity::Unknown)
}

/// A pod that the update would replace, but that has to be ready first: only its deletion goes on (kubernetes#67250).
fn trapped<'a>(scene: &Scene<'_, 'a>, said: &Diagnosis<'_>) -> Option<(Verdict, &'a Pod)> {
    let from = scene.updates_from()?;
    let (ordinal, pod, cause) =
        first_unhealthy(scene, said).filter(|(_, pod, cause)| stuck(cause) && pod.meta.deleted().is_none())?;
    if scene.updated(pod) || ordinal < from {
        return None;
    }
    if scene.set.update == Update::Recreate && !recreate_ignored(scene) {
        return None;
    }
    let parallel = scene.set.parallel;
    if parallel && !parallel_trap(scene, pod) {
        return None;
    }
    let (namespace, name) = (&scene.set.meta.namespace, &pod.meta.name);
    let wanted = scene.set.status.as_ref().map_or("", |status| &*status.update_revision);
    let (code, says) = if parallel {
        (
            Code::ParallelRolloutTrapped,
            format!(
                "Pod {name} of an older revision is not ready and uses up what may be unavailable, so the controller replaces nothing; a revert does not help."
            ),
        )
    } else {
        (
            Code::RolloutTrapped,
            format!(
                "Pod {name} is of an older revision and not ready, and the controller waits for it to be ready before it replaces it; a revert does not help."
            ),
        )
    };
    let mut verdict = Verdict::new(code, says).since(pod.ready_since());
    if scene.set.update == Update::Recreate {
        let ignored =
            "Recreate, and nothing is deleted: the controller manager does not know it and updates one by one";
        verdict = verdict.because(scene.object(), "spec.updateStrategy.type", ignored);
    }
    let verdict = verdict
        .because(format_args!("Pod/{name}"), "label controller-revision-hash", revision(pod))
        .because(scene.object(), "status.updateRevision", wanted)
        .because(format_args!("Pod/{name}"), "cause", format_args!("{}: {}", cause.code.word(), cause.says))
        .next(delete_pod(namespace, pod));
    Some((changes::explained(verdict, scene, revision(pod)), pod))
}

/// Under Recreate all old pods are deleted at once, so none of them can be a trap; a controller manager that does not know the strategy
/// updates one by one (KEP-3541, version skew). Told by its effect: it has seen the set, and old pods stay.
fn recreate_ignored(scene: &Scene<'_, '_>) -> bool {
    let seen = scene.set.status.as_ref().map_or(0, |status| status.observed_generation);
    scene.set.generation <= seen && scene.around.older_than(scene.set.written, 60)
}

/// With the UID as precondition: the controller may have made the pod anew meanwhile, under the same name.
pub(super) fn delete_pod(namespace: &str, pod: &Pod) -> String {
    format!(
        "kubectl delete --raw /api/v1/namespaces/{namespace}/pods/{} -f - <<'EOF'\n{{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"preconditions\":{{\"uid\":\"{}\"}}}}\nEOF",
        pod.meta.name, pod.meta.uid
    )
}

/// Parallel sets free themselves, but where the feature gate MaxUnavailableStatefulSet is on, as in early patches of 1.35
/// (kubernetes#137409). Told by its effect: the pod stays though no newer one is in the way.
fn parallel_trap(scene: &Scene<'_, '_>, pod: &Pod) -> bool {
    let gated = scene.cluster.server_version.as_deref().is_some_and(|version| version.starts_with("v1.35."));
    let newer_in_the_way =
        scene.in_range().any(|(_, other)| other.is_some_and(|other| !healthy(other) && scene.updated(other)));
    gated && !newer_in_the_way && scene.around.older_than(pod.ready_since(), 60)
}

/// A pod of the wanted revision that does not get ready: the update, or the first start, stands still.
fn blocked(scene: &Scene<'_, '_>, said: &Diagnosis<'_>) -> Option<Verdict> {
    let broken = scene.in_range().filter_map(|(ordinal, pod)| {
        let pod = pod.filter(|pod| !healthy(pod) && scene.updated(pod))?;
        let cause =
            said.pods.iter().find(|(of, verdict)| *of == ordinal && stuck(verdict)).map(|(_, verdict)| verdict)?;
        Some((ordinal, pod, cause))
    });
    let broken: Vec<_> = broken.collect();
    let absent_above = |ordinal: i32| scene.in_range().any(|(other, pod)| other > ordinal && pod.is_none());
    // At the first start the lowest holds the others; in an update the highest was replaced first.
    let (ordinal, pod, cause) = match broken.first() {
        Some(first) if absent_above(first.0) => *first,
        _ => *broken.last()?,
    };
    let name = &pod.meta.name;
    let waiting: Vec<(i32, &Pod)> = scene
        .in_range()
        .filter_map(|(other, pod)| Some((other, pod.filter(|pod| !scene.updated(pod))?)))
        .filter(|(other, _)| *other < ordinal && scene.updates_from().is_some_and(|from| *other >= from))
        .collect();
    let object = scene.object();
    if let Some((_, old)) = waiting.first() {
        let waiting: Vec<String> = waiting.iter().map(|(other, _)| other.to_string()).collect();
        return Some(changes::explained(
            Verdict::new(
                Code::NewRevisionBroken,
                format!("The new revision does not work: pod {name} is made from it and does not get ready, so ordinals {} are not updated.", waiting.join(", ")),
            )
            .since(pod.ready_since())
            .because(format_args!("Pod/{name}"), "label controller-revision-hash", revision(pod))
            .because(&object, "status.currentRevision", scene.set.status.as_ref().map_or("", |status| &*status.current_revision))
            .because(format_args!("Pod/{name}"), "cause", format_args!("{}: {}", cause.code.word(), cause.says))
            .next(format!(
                "kubectl -n {0} rollout undo statefulset {1} && kubectl -n {0} delete pod {name}  # both: after the undo the controller still waits for the broken pod",
                scene.set.meta.namespace, scene.set.meta.name
            )),
            scene,
            revision(old),
        ));
    }
    let absent: Vec<String> = scene
        .in_range()
        .filter(|(other, pod)| *other > ordinal && pod.is_none())
        .map(|(other, _)| other.to_string())
        .collect();
    if scene.set.parallel || absent.is_empty() {
        return None;
    }
    Some(
        Verdict::new(
            Code::FirstRolloutBlocked,
            format!(
                "Pod {name} does not get ready, and the ordinals after it ({}) are made only when it is.",
                range(&absent)
            ),
        )
        .since(pod.meta.created())
        .because(&object, "spec.podManagementPolicy", "OrderedReady")
        .because(format_args!("Pod/{name}"), "cause", format_args!("{}: {}", cause.code.word(), cause.says)),
    )
}

/// `3`, `3, 4`, `3 to 9`.
fn range(ordinals: &[String]) -> String {
    match ordinals {
        [first, .., last] if ordinals.len() > 2 => format!("{first} to {last}"),
        few => few.join(", "),
    }
}

/// The controller heals before it condemns; `readyReplicas` counts the condemned, so the set may look whole (facts).
fn scale_down_blocked(scene: &Scene<'_, '_>, said: &Diagnosis<'_>) -> Option<Verdict> {
    if scene.set.parallel {
        return None;
    }
    let staying: Vec<&Pod> = scene.condemned().map(|(_, pod)| pod).filter(|pod| pod.meta.deleted().is_none()).collect();
    let (_, pod, cause) =
        first_unhealthy(scene, said).filter(|(_, _, cause)| stuck(cause)).filter(|_| !staying.is_empty())?;
    let names: Vec<&str> = staying.iter().map(|pod| &*pod.meta.name).collect();
    let status = scene.set.status.as_ref();
    Some(
        Verdict::new(
            Code::ScaleDownBlocked,
            format!(
                "{} should go, but the controller waits for pod {} to be ready first.",
                names.join(", "),
                pod.meta.name
            ),
        )
        .because(scene.object(), "spec.replicas", scene.set.replicas)
        .because(scene.object(), "status.replicas", status.map_or(0, |status| status.replicas))
        .because(
            scene.object(),
            "status.readyReplicas",
            format_args!("{} (the pods that should go are counted too)", status.map_or(0, |status| status.ready)),
        )
        .because(
            format_args!("Pod/{}", pod.meta.name),
            "cause",
            format_args!("{}: {}", cause.code.word(), cause.says),
        ),
    )
}

/// The object of a pod's verdict.
pub(super) fn about(pod: &Pod) -> ObjectRef {
    ObjectRef::new("Pod", &pod.meta)
}
