//! Claims that nothing needs at the moment, in words: what keeps them, or what made them.

use super::{claim_of, pod_of, set_of};
use crate::facts::Owner;
use crate::findings::{Code, Verdict};
use crate::volumes::{Class, Index, Origin, Reference, Row};

pub(super) fn verdict(row: &Row<'_>, index: &Index<'_>) -> Verdict {
    let verdict = match &row.class {
        Class::Referenced(reference) => referenced(row, *reference),
        Class::Doomed(owner) => doomed(row, owner),
        Class::TemplateGone => template_gone(row),
        Class::OrphanSetGone(origin) => orphan(row, origin),
        _ => Verdict::new(
            Code::NonCanonicalName,
            "Its name ends in digits that no controller writes, so no set will ever use it.",
        )
        .because(claim_of(row), "metadata.name", &row.name),
    };
    let verdict = verdict.since(crate::volumes::unused_since(row, index));
    crate::volumes::deletable::unread(index).into_iter().fold(verdict, Verdict::not_known)
}

fn referenced(row: &Row<'_>, reference: Reference<'_>) -> Verdict {
    let (kind, name, _) = reference.told();
    Verdict::new(
        Code::ReferencedNotMounted,
        format!("No pod uses it now, but {} names it and will use it again.", reference.shown()),
    )
    .because(
        format_args!("{kind}/{name}"),
        "spec.template.spec.volumes[].persistentVolumeClaim.claimName",
        &row.name,
    )
}

fn doomed(row: &Row<'_>, owner: &Owner) -> Verdict {
    Verdict::new(
        Code::Doomed,
        format!(
            "Its owner {} {} is gone: garbage collection deletes it within seconds, without an event.",
            owner.kind, owner.name
        ),
    )
    .because(
        claim_of(row),
        "metadata.ownerReferences",
        format_args!("{} {} {}", owner.kind, owner.name, owner.uid),
    )
}

fn template_gone(row: &Row<'_>) -> Verdict {
    let Some(set) = row.set else { return Verdict::new(Code::TemplateGone, "Its template is gone.") };
    let templates: Vec<&str> = set.templates.iter().map(|template| &*template.name).collect();
    let has = if templates.is_empty() { "no claim templates".to_owned() } else { templates.join(", ") };
    let says = match row.pod.filter(|pod| pod.live()) {
        Some(pod) => format!(
            "Set {} has no template of this claim any more (it has {has}), yet pod {} still uses it: once that pod is replaced, nothing does.",
            set.meta.name, pod.meta.name
        ),
        None => format!(
            "Set {} made it from a template that it no longer has (it has {has}): no pod of it will use the claim again.",
            set.meta.name
        ),
    };
    let verdict = Verdict::new(Code::TemplateGone, says)
        .because(set_of(set), "spec.volumeClaimTemplates[].metadata.name", &has)
        .because(set_of(set), "spec.selector.matchLabels", "among the claim's labels");
    match row.pod {
        Some(pod) => verdict.because(pod_of(pod), "status.phase", &pod.status),
        None => verdict,
    }
}

fn orphan(row: &Row<'_>, origin: &Origin<'_>) -> Verdict {
    let stem = origin.stem;
    let says = format!(
        "The set that made it is gone ({} confidence). A set and template that together make {stem} would take it again, with its data.",
        origin.confidence.word()
    );
    let mut verdict = Verdict::new(Code::OrphanSetGone, says);
    if row.claim.is_some_and(|claim| claim.maker == crate::facts::Maker::Controllers) {
        verdict = verdict.because(claim_of(row), "metadata.managedFields[].manager", "kube-controller-manager");
    }
    verdict = verdict.because(claim_of(row), "metadata.name", format_args!("{stem} and ordinal {}", origin.ordinal));
    if origin.siblings > 0 {
        verdict = verdict.because(claim_of(row), "siblings of the same name and labels", origin.siblings);
    }
    if let Some(revision) = origin.revision {
        verdict = verdict.because(
            format_args!("ControllerRevision/{}", revision.meta.name),
            "metadata.ownerReferences",
            "none: its set is gone",
        );
    }
    if let Some(service) = origin.service {
        verdict = verdict.because(
            format_args!("Service/{}", service.meta.name),
            "spec.selector",
            "fits the claim's labels and no set's pods",
        );
    }
    verdict
}
