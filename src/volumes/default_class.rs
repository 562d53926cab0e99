//! Which class a claim without one gets where several are marked as default: the newest, and of the same age the first by name
//! (`pkg/volume/util/storageclass.go`, GetDefaultClass, which both admission and the volume controller ask).

use crate::facts::{Claim, ClaimPhase, ClaimTemplate, Cluster, StatefulSet, StorageClass};
use crate::findings::{Code, Verdict};

/// What is told of a claim that has no volume yet, or of one that is still to be made (`None`). Of a bound one nothing: its data is where it is.
pub(super) fn several(
    cluster: &Cluster,
    set: &StatefulSet,
    template: &ClaimTemplate,
    claim: Option<&Claim>,
) -> Option<Verdict> {
    let waits = |claim: &Claim| {
        claim.phase == Some(ClaimPhase::Pending) && claim.volume.is_none() && claim.meta.deleted().is_none()
    };
    if template.class.is_some() || !claim.is_none_or(waits) || cluster.classes.missing.is_some() {
        return None;
    }
    // A claim that has its class was given it by what was there on its day.
    let given = claim.and_then(|claim| Some((claim.spec.class.as_deref()?, claim.meta.created())));
    let mut defaults: Vec<&StorageClass> = cluster.classes.items.iter().filter(|class| class.default).collect();
    defaults.retain(|class| given.is_none_or(|(_, made)| class.meta.created() <= made));
    defaults.sort_by(|a, b| b.meta.created().cmp(&a.meta.created()).then_with(|| a.meta.name.cmp(&b.meta.name)));
    let (newest, others) = defaults.split_first().filter(|(_, others)| !others.is_empty())?;
    // In manifests nothing tells which will be the newest.
    if defaults.iter().any(|class| class.meta.created().is_none())
        || given.is_some_and(|(class, _)| class != &*newest.meta.name)
    {
        return None;
    }
    let newest = &newest.meta.name;
    let others: Vec<&str> = others.iter().map(|class| &*class.meta.name).collect();
    let (gets, unmark, then) = if given.is_some() {
        (
            "got",
            newest.to_string(),
            "if it should be another; then delete this claim, which holds no data: it is made anew".to_owned(),
        )
    } else {
        (
            "gets",
            others.join(" "),
            format!("{newest} is then the only one; if it should be another, take the mark from {newest} instead"),
        )
    };
    let mut verdict = Verdict::new(
        Code::MultipleDefaultClasses,
        format!(
            "Its template names no StorageClass, and {} are marked as default: it {gets} the newest, {newest}, and not {}.",
            defaults.len(),
            others.join(" or ")
        ),
    )
    .because(
        format_args!("StatefulSet/{}", set.meta.name),
        &format!("volumeClaimTemplates[{}] class", template.name),
        "absent",
    );
    for class in &defaults {
        let made = class.meta.created().map(|at| at.to_string()).unwrap_or_default();
        verdict = verdict.because(
            format_args!("StorageClass/{}", class.meta.name),
            "is-default-class",
            format_args!("true, created {made}"),
        );
    }
    Some(verdict.next(format!(
        "kubectl annotate storageclass {unmark} storageclass.kubernetes.io/is-default-class=false --overwrite  # {then}"
    )))
}
