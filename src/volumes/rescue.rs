//! The one step that saves a claim's data when the claim is deleted under its pod.

use super::{Class, Row};
use crate::facts::{Known, Refusal, Volume};

/// A claim that is being deleted under a live pod, and what can be done for its disk.
#[derive(Debug, Clone)]
pub struct Rescue<'a> {
    /// The claim's row.
    pub row: Row<'a>,
    /// What can be done.
    pub step: RescueStep<'a>,
}

/// What can be done for a disk.
#[derive(Debug, Clone)]
pub enum RescueStep<'a> {
    /// Set this volume to Retain before the pod stops.
    Retain(&'a Volume),
    /// Its policy keeps it already.
    KeptAlready(&'a Volume),
    /// It has no volume: there is nothing to lose.
    NoDisk,
    /// Its volume could not be read.
    CannotTell(&'a Refusal),
}

/// The claims of a set that are being deleted under live pods.
pub fn rescues(rows: Vec<Row<'_>>) -> Vec<Rescue<'_>> {
    rows.into_iter()
        .filter(|row| matches!(row.class, Class::TerminatingMounted(_)))
        .map(|row| {
            let step = match row.volume {
                None | Some(Known::Read(None)) => RescueStep::NoDisk,
                Some(Known::Refused(refusal)) => RescueStep::CannotTell(refusal),
                Some(Known::Read(Some(volume))) if &*volume.spec.reclaim == "Delete" => RescueStep::Retain(volume),
                Some(Known::Read(Some(volume))) => RescueStep::KeptAlready(volume),
            };
            Rescue { row, step }
        })
        .collect()
}
