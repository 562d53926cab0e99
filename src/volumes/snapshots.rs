//! Snapshots and clones that read from a claim.

use super::{Index, Row};
use crate::facts::ClaimPhase;
use crate::findings::{Code, Verdict};

/// What fails, what waits, what reads. A snapshot that is not ready holds the claim's deletion with a finalizer.
pub(super) fn verdicts(row: &Row<'_>, index: &Index<'_>) -> Vec<Verdict> {
    let Some(claim) = row.claim else { return Vec::new() };
    let mut all = Vec::new();
    let mut ready = Vec::new();
    for snapshot in index.snapshots_of(claim) {
        let name = format!("VolumeSnapshot/{}", snapshot.meta.name);
        match &snapshot.error {
            Some(error) if !snapshot.ready => all.push(
                Verdict::new(
                    Code::SnapshotFailing,
                    format!(
                        "VolumeSnapshot {} fails: {error}. Until it is gone it holds the claim's deletion.",
                        snapshot.meta.name
                    ),
                )
                .since(snapshot.meta.created())
                .because(&name, "status.error.message", error)
                .because(&name, "status.readyToUse", "false")
                .next(format!("kubectl -n {} delete volumesnapshot {}", row.namespace, snapshot.meta.name)),
            ),
            _ if !snapshot.ready => all.push(
                Verdict::new(
                    Code::SnapshotNotReady,
                    format!("VolumeSnapshot {} reads from it and is not ready; no error is told.", snapshot.meta.name),
                )
                .since(snapshot.meta.created())
                .because(&name, "status.readyToUse", "false"),
            ),
            _ => ready.push(*snapshot),
        }
    }
    let clones: Vec<_> = index.clones_of(claim).iter().filter(|clone| clone.phase != Some(ClaimPhase::Bound)).collect();
    if let Some(clone) = clones.first() {
        all.push(
            Verdict::new(Code::SnapshotSource, format!("Claim {} is being filled from it.", clone.meta.name))
                .since(clone.meta.created())
                .because(format_args!("PersistentVolumeClaim/{}", clone.meta.name), "spec.dataSourceRef", &row.name),
        );
    }
    if let Some(newest) = ready.iter().max_by_key(|snapshot| snapshot.meta.created()) {
        all.push(
            Verdict::new(
                Code::SnapshotSource,
                format!(
                    "{} of it {} ready; the newest is {}.",
                    count(ready.len()),
                    if ready.len() == 1 { "is" } else { "are" },
                    newest.meta.name
                ),
            )
            .since(newest.meta.created())
            .because(format_args!("VolumeSnapshot/{}", newest.meta.name), "status.readyToUse", "true"),
        );
    }
    all
}

fn count(n: usize) -> String {
    if n == 1 { "One snapshot".to_owned() } else { format!("{n} snapshots") }
}
