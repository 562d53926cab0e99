//! A Job as one run among many: what decides whether it goes on, and how it ended. Of these there may be thousands.

use jiff::Timestamp;

use super::{Meta, Uid};

/// A Job, in short.
#[derive(Debug, Clone)]
pub struct JobRun {
    /// Name, UID, owners.
    pub meta: Meta,
    /// Its resource version, which a deletion names.
    pub version: Box<str>,
    /// Whether it ended, and how.
    pub state: JobState,
    /// When its controller began with it.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Its pods that are pending or running.
    pub active: u32,
    /// `spec.suspend`.
    pub suspended: bool,
    /// Whether it was made by hand from its CronJob.
    pub manual: bool,
    /// The key under which it was made (`run --idempotency-key`).
    pub key: Option<Box<str>>,
}

/// Whether a Job ended. Only the conditions Complete and Failed end one (Job controller, `IsJobFinished`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobState {
    /// It goes on, waits or is suspended.
    Active,
    /// Complete.
    Complete,
    /// Failed, for the condition's reason.
    Failed(Box<str>),
}

impl JobRun {
    /// Whether it may still start or run pods.
    pub fn live(&self) -> bool {
        self.state == JobState::Active
    }

    /// Whether it belongs to the object with this UID, controlled by it or not.
    pub fn of(&self, owner: &Uid) -> bool {
        !owner.is_empty() && self.meta.owners.iter().any(|it| it.uid == *owner)
    }
}
