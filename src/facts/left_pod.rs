//! A pod that a Job made, as far as it matters whether that Job is gone.

use super::{Meta, PodPhase, Uid};

/// A pod of a Job, in short.
#[derive(Debug, Clone)]
pub struct LeftPod {
    /// Name, UID, labels, owners.
    pub meta: Meta,
    /// Its resource version, which a deletion names.
    pub version: Box<str>,
    /// `status.phase`.
    pub phase: PodPhase,
}

impl LeftPod {
    /// The UID of the Job that made it, as its label keeps it.
    pub fn job_uid(&self) -> Option<Uid> {
        let labels = &self.meta.labels;
        labels.get("batch.kubernetes.io/controller-uid").or_else(|| labels.get("controller-uid")).map(Into::into)
    }

    /// Whether it has ended for good.
    pub fn over(&self) -> bool {
        matches!(self.phase, PodPhase::Succeeded | PodPhase::Failed)
    }
}
