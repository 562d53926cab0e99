//! Jobs and CronJobs, as far as following them needs.

use jiff::Timestamp;

use super::{LabelSelector, Meta, Text};

/// A Job.
#[derive(Debug, Clone)]
pub struct Job {
    /// Name, labels, owners.
    pub meta: Meta,
    /// `spec.selector`: by default the one label that holds the Job's UID.
    pub selector: LabelSelector,
    /// `spec.suspend`.
    pub suspended: bool,
    /// `spec.managedBy`, where it is not the built-in controller.
    pub managed_by: Option<Text>,
    /// `status.conditions` that are True.
    pub conditions: Box<[JobCondition]>,
}

/// A condition of a Job whose status is True.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobCondition {
    /// `Complete`, `Failed`, `FailureTarget`, `SuccessCriteriaMet`, `Suspended`.
    pub kind: Text,
    /// `BackoffLimitExceeded`, `DeadlineExceeded`.
    pub reason: Text,
    /// The sentence beside it.
    pub message: Box<str>,
    /// When it became True.
    pub since: Option<Timestamp>,
}

/// A CronJob.
#[derive(Debug, Clone)]
pub struct CronJob {
    /// Name, labels, owners.
    pub meta: Meta,
}

impl Job {
    /// The condition of this type, if it is True.
    pub fn condition(&self, kind: &str) -> Option<&JobCondition> {
        self.conditions.iter().find(|condition| &*condition.kind == kind)
    }
}
