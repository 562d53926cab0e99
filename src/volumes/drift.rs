//! Where a claim differs from the template of its set. The controller looks at a claim's name only, so whatever is there is used as
//! it is.

use super::{Class, Index, Row};
use crate::facts::{Claim, ClaimTemplate, Known, Quantity};
use crate::findings::{Code, Verdict};

/// A field that differs: its name, what the template says, what the claim has.
pub(super) fn differences(claim: &Claim, template: &ClaimTemplate) -> Vec<(&'static str, String, String)> {
    let mut all = Vec::new();
    let bytes = |quantity: &Option<Quantity>| quantity.as_ref().and_then(Quantity::bytes);
    if let (Some(wanted), Some(has)) = (&template.request, &claim.spec.request)
        && bytes(&template.request) != bytes(&claim.spec.request)
    {
        all.push(("size", wanted.to_string(), has.to_string()));
    }
    let or_none = |class: &str| if class.is_empty() { "none" } else { class }.to_owned();
    // A template without a class takes the default one of its day.
    if let (Some(wanted), Some(has)) = (&template.class, &claim.spec.class)
        && wanted != has
    {
        all.push(("class", or_none(wanted), or_none(has)));
    }
    let sorted = |modes: &[crate::facts::Text]| {
        let mut modes: Vec<&str> = modes.iter().map(|mode| &**mode).collect();
        modes.sort_unstable();
        modes.join(",")
    };
    if sorted(&template.access_modes) != sorted(&claim.spec.access_modes) {
        all.push(("access modes", sorted(&template.access_modes), sorted(&claim.spec.access_modes)));
    }
    if template.block != claim.spec.block {
        let word = |block| if block { "Block" } else { "Filesystem" }.to_owned();
        all.push(("volume mode", word(template.block), word(claim.spec.block)));
    }
    if let Some(wanted) = &template.attributes_class
        && claim.spec.attributes_class.as_ref() != Some(wanted)
    {
        let has = claim.spec.attributes_class.as_deref().unwrap_or("none");
        all.push(("attributes class", wanted.to_string(), has.to_owned()));
    }
    all
}

/// A change of the volume's attributes that the storage was asked for and does not make (`status.modifyVolumeStatus`, KEP-3751). One that is
/// in progress is no news.
pub(super) fn change(row: &Row<'_>, index: &Index<'_>) -> Option<Verdict> {
    let change = row.claim.filter(|claim| claim.meta.deleted().is_none())?.change.as_ref()?;
    let (to, state) = (&change.to, &change.state);
    let why = match &**state {
        "Infeasible" => "the storage says that it can't be done",
        "Pending" if index.cluster.attributes_class_missing(to) => "there is no such class",
        _ => return None,
    };
    Some(
        Verdict::new(
            Code::ClaimDrift,
            format!("Its volume was to be changed to VolumeAttributesClass {to}, and was not: {why}."),
        )
        .because(format_args!("PersistentVolumeClaim/{}", row.name), "status.modifyVolumeStatus.status", state)
        .because(
            format_args!("PersistentVolumeClaim/{}", row.name),
            "status.modifyVolumeStatus.targetVolumeAttributesClassName",
            to,
        )
        .next(format!("kubectl -n {} describe pvc {}", row.namespace, row.name)),
    )
}

/// What differs, and whether the claim can be brought to the template's size.
pub(super) fn verdict(row: &Row<'_>, index: &Index<'_>) -> Vec<Verdict> {
    let (Some(claim), Some(template), Some(set)) = (row.claim, row.template, row.set) else { return Vec::new() };
    if matches!(row.class, Class::Ambiguous | Class::NotApplied) || claim.meta.deleted().is_some() {
        return Vec::new();
    }
    let differences = differences(claim, template);
    if differences.is_empty() {
        return Vec::new();
    }
    let list: Vec<String> =
        differences.iter().map(|(field, wanted, has)| format!("{field} {has}, the template says {wanted}")).collect();
    let mut drift = Verdict::new(
        Code::ClaimDrift,
        format!("It differs from the set's template and is used as it is: {}.", list.join("; ")),
    );
    for (field, wanted, has) in &differences {
        drift = drift.because(format_args!("PersistentVolumeClaim/{}", row.name), field, has).because(
            format_args!("StatefulSet/{}", set.meta.name),
            &format!("volumeClaimTemplates[{}] {field}", template.name),
            wanted,
        );
    }
    let bytes = |quantity: &Option<Quantity>| quantity.as_ref().and_then(Quantity::bytes);
    let mut all = Vec::new();
    if bytes(&claim.spec.request) < bytes(&template.request) {
        let class = claim.spec.class.as_deref().unwrap_or_default();
        match index.cluster.class(class) {
            Known::Read(Some(found)) if !found.expandable => all.push(
                Verdict::new(
                    Code::ClassNotExpandable,
                    format!("Class {class} allows no expansion: the claim can't grow to the template's size."),
                )
                .because(format_args!("StorageClass/{class}"), "allowVolumeExpansion", "false"),
            ),
            Known::Read(Some(_)) => {
                let size = template.request.as_ref().map(ToString::to_string).unwrap_or_default();
                drift = drift.next(format!(
                    "kubectl -n {} patch pvc {} -p '{{\"spec\":{{\"resources\":{{\"requests\":{{\"storage\":\"{size}\"}}}}}}}}'  # grows it; it can't shrink again",
                    row.namespace, row.name
                ));
            }
            _ => {}
        }
    }
    all.insert(0, drift);
    all
}
