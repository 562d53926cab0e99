//! The states of claims in words: what it means, how we know, what to do.

use jiff::{SignedDuration, Timestamp};

mod gone;
mod pending;

use super::{Candidate, Class, Index, Row, modifiers};
use crate::facts::{Claim, Known, Pod, StatefulSet};
use crate::findings::{Code, Severity, Verdict};

/// How long a deletion that nothing holds may take before its finalizers are a fault.
const DELETION: SignedDuration = SignedDuration::from_mins(1);

/// The verdicts of a row: its own first, then what else is worth knowing.
pub fn verdicts(row: &Row<'_>, index: &Index<'_>) -> Vec<Verdict> {
    let mut all = vec![own(row, index)];
    if matches!(row.class, Class::Ambiguous | Class::Foreign(_))
        && row.mounted_by_own_pod()
        && let Some(pod) = row.pod
    {
        all.push(in_use(row, pod));
    }
    if matches!(row.class, Class::Borrowed(_)) && row.set.is_some_and(|set| in_range(set, row)) && row.pod.is_none() {
        all.push(awaiting(row, None));
    }
    // A pod that is not the set's may use a claim beside the set's own.
    if let (Class::InUse(_) | Class::Condemned(_), Some(set)) = (&row.class, row.set) {
        let others = index.users.of(row.namespace, &row.name).filter(|pod| pod.live());
        all.extend(others.filter(|pod| !pod.meta.controlled_by(&set.meta.uid)).map(|pod| borrowed(row, pod)));
    }
    all.extend(modifiers::modifiers(row, index));
    all
}

fn in_range(set: &StatefulSet, row: &Row<'_>) -> bool {
    row.ordinal.is_some_and(|ordinal| set.range().contains(&ordinal))
}

fn claim_of(row: &Row<'_>) -> String {
    format!("PersistentVolumeClaim/{}", row.name)
}

fn set_of(set: &StatefulSet) -> String {
    format!("StatefulSet/{}", set.meta.name)
}

fn pod_of(pod: &Pod) -> String {
    format!("Pod/{}", pod.meta.name)
}

fn own(row: &Row<'_>, index: &Index<'_>) -> Verdict {
    match &row.class {
        Class::InUse(pod) => in_use(row, pod.0),
        Class::TerminatingMounted(_) | Class::TerminatingStuck => terminating(row, index),
        Class::Lost => lost(row, index),
        Class::Ambiguous => ambiguous(row, index),
        Class::Foreign(owner) => {
            let says = format!(
                "{} {} controls this claim: what becomes of it is for that controller to say.",
                owner.kind, owner.name
            );
            Verdict::new(Code::ForeignController, says).because(
                claim_of(row),
                "metadata.ownerReferences",
                format_args!("{} {} {}", owner.api_version, owner.kind, owner.name),
            )
        }
        Class::NoDefaultClass | Class::NoVolumeFits(_) | Class::ProvisionerSilent | Class::ProvisioningFailed(_) => {
            pending::verdict(row, index)
        }
        Class::Referenced(_)
        | Class::Doomed(_)
        | Class::TemplateGone
        | Class::OrphanSetGone(_)
        | Class::NonCanonicalName => gone::verdict(row, index),
        Class::ClassMissing => {
            let class = row.claim.and_then(|claim| claim.spec.class.as_deref()).unwrap_or_default();
            let says = format!("StorageClass {class} does not exist, so no volume is made for this claim.");
            Verdict::new(Code::ClassMissing, says)
                .since(created(row.claim))
                .because(claim_of(row), "spec.storageClassName", class)
                .because(claim_of(row), "status.phase", "Pending")
                .next(format!(
                    "kubectl get storageclass  # create {class}; or re-create the set with one of these and then delete this claim, which holds no data"
                ))
        }
        Class::AttributesClassMissing => {
            let class = row.claim.and_then(|claim| claim.spec.attributes_class.as_deref()).unwrap_or_default();
            let says = format!("VolumeAttributesClass {class} does not exist, so no volume is made for this claim.");
            Verdict::new(Code::ClassMissing, says)
                .since(created(row.claim))
                .because(claim_of(row), "spec.volumeAttributesClassName", class)
                .because(claim_of(row), "status.phase", "Pending")
                .next(format!("kubectl get volumeattributesclass  # create {class}: the claim then goes on by itself"))
        }
        Class::AwaitingFirstConsumer => {
            let class = row.claim.and_then(|claim| claim.spec.class.as_deref()).unwrap_or_default();
            let says =
                format!("StorageClass {class} binds when the first pod is scheduled, and no pod uses this claim.");
            Verdict::new(Code::AwaitingFirstConsumer, says)
                .since(created(row.claim))
                .because(format_args!("StorageClass/{class}"), "volumeBindingMode", "WaitForFirstConsumer")
                .because(claim_of(row), "status.phase", "Pending")
        }
        Class::Condemned(pod) => condemned(row, pod.0),
        Class::Borrowed(pod) => borrowed(row, pod.0),
        Class::AwaitingPod(pod) => awaiting(row, pod.map(|pod| pod.0)),
        Class::Missing => missing(row),
        Class::HeldByFinishedPod(pod) => {
            let pod = pod.0;
            let says = format!(
                "Pod {} has ended and still names this claim: a deletion would wait until that pod is removed.",
                pod.meta.name
            );
            Verdict::new(Code::HeldByFinishedPod, says).because(pod_of(pod), "status.phase", &pod.status)
        }
        Class::RetainedScaledDown | Class::RetainedAtZero => retained(row, index),
        Class::Unattributed => unattributed(row, index),
        Class::CannotTell(refusal) => Verdict::cannot_tell("which state this claim is in", refusal),
        Class::NotApplied => Verdict::new(
            Code::NotApplied,
            "The set stands only in a file; this is the claim that its controller would make.",
        ),
    }
}

fn created(claim: Option<&Claim>) -> Option<Timestamp> {
    claim.and_then(|claim| claim.meta.created())
}

fn in_use(row: &Row<'_>, pod: &Pod) -> Verdict {
    Verdict::new(Code::InUse, format!("Pod {} uses it.", pod.meta.name))
        .since(pod.meta.created())
        .because(pod_of(pod), "spec.volumes[].persistentVolumeClaim.claimName", &row.name)
        .because(pod_of(pod), "spec.nodeName", pod.node.as_deref().unwrap_or_default())
}

fn terminating(row: &Row<'_>, index: &Index<'_>) -> Verdict {
    let deleted = row.claim.and_then(|claim| claim.meta.deleted());
    let finalizers = row.claim.map(|claim| claim.meta.finalizers.join(", ")).unwrap_or_default();
    let verdict = if let Class::TerminatingMounted(pods) = &row.class {
        let names: Vec<&str> = pods.iter().map(|pod| &*pod.0.meta.name).collect();
        let reclaim = row.volume.as_ref().and_then(|v| v.read().flatten()).map(|v| &*v.spec.reclaim);
        let fate = match reclaim {
            Some("Delete") => "the disk is deleted with it",
            Some(_) => "the disk is kept, but the pod gets a new blank claim",
            None => "whether the disk is deleted with it can't be told",
        };
        let says = format!(
            "Its deletion was asked for while {} uses it: when that pod next stops, the claim goes and {fate}. A deletion can't be undone.",
            names.join(", ")
        );
        let verdict = Verdict::new(Code::TerminatingMounted, says).because(
            format_args!("Pod/{}", names.join(", Pod/")),
            "spec.volumes[].persistentVolumeClaim.claimName",
            &row.name,
        );
        match (row.volume.as_ref(), row.claim.and_then(|claim| claim.volume.as_deref())) {
            (Some(Known::Read(Some(found))), Some(volume)) if &*found.spec.reclaim == "Delete" => verdict.next(format!(
                "kubectl patch persistentvolume {volume} -p '{{\"spec\":{{\"persistentVolumeReclaimPolicy\":\"Retain\"}}}}'  # keeps the disk; do it before the pod stops"
            )),
            (Some(Known::Refused(refusal)), Some(volume)) => verdict.unknown(refusal).next(format!(
                "kubectl get persistentvolume {volume}  # if its reclaim policy is Delete, have it set to Retain before the pod stops"
            )),
            _ => verdict,
        }
    } else {
        let says = format!("It is being deleted and held by {finalizers}, though no live pod uses it.");
        // Controllers take their finalizers away within seconds: of a scale-down that deletes claims nothing is stuck.
        let going = deleted.is_some_and(|at| index.cluster.now.duration_since(at) <= DELETION);
        Verdict::new(Code::TerminatingStuck, says).severity(if going { Severity::Waiting } else { Severity::Fault })
    };
    let time = deleted.map(|time| time.to_string()).unwrap_or_default();
    verdict.since(deleted).because(claim_of(row), "metadata.deletionTimestamp", time).because(
        claim_of(row),
        "metadata.finalizers",
        finalizers,
    )
}

fn lost(row: &Row<'_>, index: &Index<'_>) -> Verdict {
    let name = row.claim.and_then(|claim| claim.volume.as_deref()).unwrap_or_default();
    let found = index.cluster.volume(name);
    let what = match found {
        Known::Read(None) => format!("Its volume {name} is gone"),
        Known::Read(Some(_)) => format!("Its volume {name} serves another claim"),
        Known::Refused(_) => format!("Its volume {name} is gone or serves another claim"),
    };
    let pod = match row.pod.filter(|pod| pod.live() && pod.node.is_some()) {
        Some(pod) => format!("pod {} runs on, and can't start again", pod.meta.name),
        None => "its pod can't start".to_owned(),
    };
    let verdict = Verdict::new(Code::ClaimLost, format!("{what}: {pod}."))
        .because(claim_of(row), "status.phase", "Lost")
        .because(claim_of(row), "spec.volumeName", name);
    match found {
        Known::Read(None) => verdict.because(format_args!("PersistentVolume/{name}"), "metadata.name", "not found").next(format!(
            "kubectl -n {} delete persistentvolumeclaim {}  # with the pod it is made again, blank; then restore a backup",
            row.namespace, row.name
        )),
        Known::Read(Some(volume)) => {
            let of = volume.claim.as_ref().map(|of| format!("{}/{} {}", of.namespace, of.name, of.uid)).unwrap_or_default();
            verdict
                .because(format_args!("PersistentVolume/{name}"), "spec.claimRef", of)
                .next(format!("kubectl get persistentvolume {name} -o yaml"))
        }
        Known::Refused(refusal) => verdict.unknown(refusal).next(format!("kubectl get persistentvolume {name}")),
    }
}

/// Two sets make this name. Labels, owner references and the pod that uses it may still show whose it is.
fn ambiguous(row: &Row<'_>, index: &Index<'_>) -> Verdict {
    let makers = index.candidates.of(row.namespace, &row.name);
    let named = |c: &Candidate<'_>| format!("set {} (template {})", c.set.meta.name, c.template.name);
    let list: Vec<String> = makers.iter().map(named).collect();
    let users: Vec<&Pod> = index.users.of(row.namespace, &row.name).filter(|pod| pod.live()).collect();
    let owned: Vec<_> =
        makers.iter().filter(|maker| users.iter().any(|pod| pod.meta.controlled_by(&maker.set.meta.uid))).collect();
    let labelled: Vec<_> = makers
        .iter()
        .filter(|maker| {
            let wanted = maker.set.selector.equalities();
            !wanted.is_empty() && row.claim.is_some_and(|claim| claim.meta.labels.contain(&wanted))
        })
        .collect();
    let resolved = match (&owned[..], &labelled[..]) {
        ([one], _) => format!(" The pod that uses it belongs to {}.", named(one)),
        ([_, _, ..], _) => " Pods of both use it: they share one volume.".to_owned(),
        ([], [one]) => format!(" No pod uses it; its labels are those of {}.", named(one)),
        ([], _) => " Neither pods nor labels tell whose it is.".to_owned(),
    };
    let mut verdict = Verdict::new(
        Code::AmbiguousClaim,
        format!("More than one set makes a claim of this name: {}.{resolved}", list.join(", ")),
    );
    for maker in &makers {
        verdict = verdict.because(set_of(maker.set), "spec.volumeClaimTemplates[].metadata.name", &maker.template.name);
    }
    for pod in users {
        verdict = verdict.because(pod_of(pod), "spec.volumes[].persistentVolumeClaim.claimName", &row.name);
    }
    verdict.next("Rename one of the sets or templates before you scale either of them.")
}

fn condemned(row: &Row<'_>, pod: &Pod) -> Verdict {
    let verdict = Verdict::new(
        Code::Condemned,
        format!("Its ordinal is out of range: pod {} is to go, and is still there.", pod.meta.name),
    )
    .since(pod.meta.deleted())
    .because(pod_of(pod), "status.phase", &pod.status);
    ranged(verdict, row)
}

/// The evidence of an ordinal's being in or out of range.
fn ranged(verdict: Verdict, row: &Row<'_>) -> Verdict {
    let Some(set) = row.set else { return verdict };
    let verdict = verdict.because(set_of(set), "spec.replicas", set.replicas);
    if set.start == 0 { verdict } else { verdict.because(set_of(set), "spec.ordinals.start", set.start) }
}

fn borrowed(row: &Row<'_>, pod: &Pod) -> Verdict {
    let whose = pod.meta.controller().map_or_else(|| "no controller".to_owned(), |o| format!("{} {}", o.kind, o.name));
    let set = row.set_name().unwrap_or_default();
    Verdict::new(
        Code::Borrowed,
        format!(
            "Pod {} ({whose}) uses it and is not a pod of set {set}: it may keep the set's own pod from attaching.",
            pod.meta.name
        ),
    )
    .since(pod.meta.created())
    .because(pod_of(pod), "spec.volumes[].persistentVolumeClaim.claimName", &row.name)
}

fn awaiting(row: &Row<'_>, pod: Option<&Pod>) -> Verdict {
    let holds = if row.claim.is_some_and(|claim| claim.volume.is_some()) {
        "Its volume may hold data"
    } else {
        "It has no volume yet, so it is blank"
    };
    let expected = row.set.zip(row.ordinal).map(|(set, ordinal)| set.pod_name(ordinal)).unwrap_or_default();
    let uses = |pod: &Pod| pod.claims.iter().any(|used| *used.claim == *row.name);
    let says = match pod {
        None => format!("Pod {expected} does not exist. {holds}; the pod will use it."),
        Some(pod) if !uses(pod) => format!(
            "Pod {expected} runs without it: it was made from another template. {holds}; the next pod {expected} will use it."
        ),
        Some(pod) if !pod.live() => {
            format!("Pod {expected} has ended ({}) and is to be replaced. {holds}.", pod.status)
        }
        Some(_) => format!("Pod {expected} has no node yet. {holds}; the pod will use it."),
    };
    let verdict = Verdict::new(Code::AwaitingPod, says).since(pod.and_then(|pod| pod.meta.created()));
    let verdict = match pod {
        Some(pod) => verdict.because(pod_of(pod), "status.phase", &pod.status),
        None => verdict,
    };
    ranged(verdict, row).next(format!(
        "kubectl -n {} describe {}",
        row.namespace,
        pod.map_or_else(
            || format!("statefulset {}", row.set_name().unwrap_or_default()),
            |pod| format!("pod {}", pod.meta.name)
        )
    ))
}

fn missing(row: &Row<'_>) -> Verdict {
    let runs = row.pod.filter(|pod| pod.live() && pod.node.is_some());
    let uses = runs.is_some_and(|pod| pod.claims.iter().any(|used| *used.claim == *row.name));
    let says = match runs {
        Some(pod) if uses => format!("Pod {} names it, but it does not exist.", pod.meta.name),
        Some(pod) => format!("Pod {} runs without it: it was made from another template.", pod.meta.name),
        None => "It does not exist yet: the controller makes it, blank, before it makes the pod.".to_owned(),
    };
    let set = row.set_name().unwrap_or_default();
    ranged(Verdict::new(Code::ClaimMissing, says), row)
        .next(format!("kubectl -n {} describe statefulset {set}  # its events say why no claim is made", row.namespace))
}

fn retained(row: &Row<'_>, index: &Index<'_>) -> Verdict {
    let (Some(set), Some(ordinal)) = (row.set, row.ordinal) else {
        return Verdict::new(Code::RetainedScaledDown, "Its ordinal is out of range.");
    };
    let name = &set.meta.name;
    let back = if ordinal < set.start {
        format!("a start of {ordinal} or less attaches it again with its data")
    } else {
        let replicas = i64::from(ordinal) - i64::from(set.start) + 1;
        format!("scaling {name} to {replicas} or more attaches it again with its data")
    };
    let (code, says) = if matches!(row.class, Class::RetainedAtZero) {
        (Code::RetainedAtZero, format!("Set {name} has no replicas; {back}."))
    } else {
        (Code::RetainedScaledDown, format!("Ordinal {ordinal} is out of range of set {name}; {back}."))
    };
    let verdict = Verdict::new(code, says).since(super::unused_since(row, index));
    let mut verdict = ranged(verdict, row);
    if let Some(Known::Refused(refusal)) = &row.volume {
        verdict = verdict.unknown(refusal);
    }
    super::deletable::unread(index).into_iter().fold(verdict, Verdict::not_known)
}

fn unattributed(row: &Row<'_>, index: &Index<'_>) -> Verdict {
    let verdict = match row.pod {
        Some(pod) => {
            let says = format!("No set makes a claim of this name. Pod {} uses it.", pod.meta.name);
            Verdict::new(Code::Unattributed, says).because(
                pod_of(pod),
                "spec.volumes[].persistentVolumeClaim.claimName",
                &row.name,
            )
        }
        None => Verdict::new(
            Code::Unattributed,
            "No set makes a claim of this name, and no pod uses it now. That does not make it unused.",
        ),
    };
    verdict.since(super::unused_since(row, index))
}
