//! Causes of a Pending claim in words.

use super::{claim_of, created};
use crate::findings::{Code, Verdict};
use crate::volumes::pending::mismatches;
use crate::volumes::{Class, Index, Row};

pub(super) fn verdict(row: &Row<'_>, index: &Index<'_>) -> Verdict {
    let class = row.claim.and_then(|claim| claim.spec.class.as_deref()).unwrap_or_default();
    let verdict = match &row.class {
        Class::NoDefaultClass => Verdict::new(
            Code::NoDefaultClass,
            "It names no StorageClass, and none is the default: no volume is made for it.",
        )
        .because(claim_of(row), "spec.storageClassName", "absent")
        .next("kubectl annotate storageclass NAME storageclass.kubernetes.io/is-default-class=true  # the claim then takes it by itself"),
        Class::NoVolumeFits(nearest) => no_volume_fits(row, *nearest),
        Class::ProvisioningFailed(event) => Verdict::new(
            Code::ProvisioningFailed,
            format!("The provisioner of class {class} fails: {}", event.message),
        )
        .because(claim_of(row), "event ProvisioningFailed", format_args!("x{}: {}", event.count, event.message))
        .next(format!("kubectl describe storageclass {class}  # its parameters; the provisioner's log says more")),
        _ => {
            let provisioner = row.claim.and_then(|claim| claim.provisioner.as_deref()).unwrap_or_default();
            Verdict::new(
                Code::ProvisionerSilent,
                format!("Provisioner {provisioner} was asked for a volume and has said nothing since: it may not run."),
            )
            .because(claim_of(row), "metadata.annotations[volume.kubernetes.io/storage-provisioner]", provisioner)
            .next(format!("kubectl get pods -A | grep -i {}  # the provisioner's own pods", provisioner.split(['.', '/']).next().unwrap_or_default()))
        }
    };
    let verdict = verdict.since(created(row.claim)).because(claim_of(row), "status.phase", "Pending");
    match &index.cluster.around.events.missing {
        Some(refusal) if refusal.why != crate::facts::Why::NotRead => verdict.unknown(refusal),
        _ => verdict,
    }
}

fn no_volume_fits(row: &Row<'_>, nearest: Option<&crate::facts::Volume>) -> Verdict {
    let (Some(claim), Some(volume)) = (row.claim, nearest) else {
        return Verdict::new(Code::NoVolumeFits, "It waits for a volume that is made by hand, and none is free.")
            .next("kubectl get persistentvolumes  # make one of its class, size and modes");
    };
    let fields = mismatches(claim, volume);
    let list: Vec<String> = fields.iter().map(|(field, wants, has)| format!("{field} {wants} against {has}")).collect();
    let says = format!(
        "It waits for a volume that is made by hand. The nearest free one, {}, does not fit: {}.",
        volume.meta.name,
        list.join("; ")
    );
    let name = format!("PersistentVolume/{}", volume.meta.name);
    fields
        .iter()
        .fold(Verdict::new(Code::NoVolumeFits, says), |verdict, (field, _, has)| {
            verdict.because(&name, &format!("spec.{field}"), has)
        })
        .next("kubectl get persistentvolumes  # make one that fits, or recreate the claim to fit this one")
}
