//! The plan as it is shown, and the question.

use workload_cli::{Context, Failure};
use workload_core::facts::format_bytes;
use workload_core::volumes::Removal;
use workload_core::volumes::fate::Disk;

/// Shows what is to be deleted, on stderr.
pub(super) fn plan(
    context: &mut Context<'_>,
    plan: &[Removal],
    namespace: &str,
    retain_disk: bool,
) -> Result<(), Failure> {
    if plan.is_empty() {
        return context.note(&format!("Nothing to delete in namespace {namespace}."));
    }
    context.note(&format!("To be deleted in namespace {namespace}:"))?;
    for removal in plan {
        let disk = match (removal.disk, retain_disk) {
            (Disk::Dies, false) => "its disk dies with it",
            (Disk::Dies, true) => "its disk is kept: the volume is set to Retain first",
            (Disk::Kept, _) => "its disk stays, as its volume's policy says",
            (Disk::None, _) => "it has no disk",
            (Disk::CannotTell, _) => "whether its disk dies can't be told: take it that it does",
        };
        context.note(&format!(
            "  {} ({}, {}): {disk}",
            removal.name,
            removal.code.word(),
            format_bytes(removal.bytes)
        ))?;
    }
    Ok(())
}

/// What is asked.
pub(super) fn question(plan: &[Removal], namespace: &str, retain_disk: bool) -> String {
    let dies: Vec<&Removal> =
        plan.iter().filter(|removal| !retain_disk && matches!(removal.disk, Disk::Dies | Disk::CannotTell)).collect();
    let bytes = dies.iter().map(|removal| removal.bytes).fold(0, u64::saturating_add);
    let claims = if plan.len() == 1 { "1 claim is".to_owned() } else { format!("{} claims are", plan.len()) };
    match dies.len() {
        0 => format!("{claims} deleted in namespace {namespace}; no disk dies."),
        1 => {
            format!("{claims} deleted in namespace {namespace}, and 1 disk ({}) dies for good.", format_bytes(bytes))
        }
        n => {
            format!("{claims} deleted in namespace {namespace}, and {n} disks ({}) die for good.", format_bytes(bytes))
        }
    }
}

/// What is to be typed: the set's name where all are one set's, else how many in which namespace.
pub(super) fn phrase(plan: &[Removal], namespace: &str) -> String {
    match plan {
        [first, rest @ ..] if first.set.is_some() && rest.iter().all(|other| other.set == first.set) => {
            first.set.clone().unwrap_or_default()
        }
        plan => format!("{} {namespace}", plan.len()),
    }
}
