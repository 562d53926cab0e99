//! Workloads whose pod template names claims: they need them also while they have no pod.

use super::{CronJob, Job, Meta, Text};

/// A Deployment, ReplicaSet, DaemonSet, Job or CronJob.
#[derive(Debug, Clone)]
pub struct Referrer {
    /// Name, labels, owners.
    pub meta: Meta,
    /// Its kind.
    pub kind: ReferrerKind,
    /// Claims that the pod template's volumes name.
    pub claims: Box<[Box<str>]>,
    /// `spec.replicas`, where the kind has it.
    pub replicas: Option<i32>,
    /// `spec.suspend`.
    pub suspended: bool,
    /// A CronJob's schedule.
    pub schedule: Option<Text>,
    /// Whether a Job has ended for good: it makes no pod any more.
    pub finished: bool,
}

/// The kind of a [`Referrer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferrerKind {
    /// `apps/v1`.
    Deployment,
    /// `apps/v1`.
    ReplicaSet,
    /// `apps/v1`.
    DaemonSet,
    /// `batch/v1`.
    Job,
    /// `batch/v1`.
    CronJob,
}

impl ReferrerKind {
    /// The kind's name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::ReplicaSet => "ReplicaSet",
            Self::DaemonSet => "DaemonSet",
            Self::Job => "Job",
            Self::CronJob => "CronJob",
        }
    }
}

impl Referrer {
    /// Why it has no pod now, in a word or two; empty where nothing says so.
    pub fn rest(&self) -> String {
        match (self.suspended, self.replicas, &self.schedule) {
            (true, ..) => "suspended".to_owned(),
            (_, Some(0), _) => "scaled to zero".to_owned(),
            (_, _, Some(schedule)) => format!("runs at {schedule}"),
            _ => String::new(),
        }
    }
}

impl From<Job> for Referrer {
    fn from(job: Job) -> Self {
        let finished = job.end().is_some();
        Self {
            meta: job.meta,
            kind: ReferrerKind::Job,
            claims: job.claims,
            replicas: None,
            suspended: job.suspended,
            schedule: None,
            finished,
        }
    }
}

impl From<CronJob> for Referrer {
    fn from(cron_job: CronJob) -> Self {
        Self {
            meta: cron_job.meta,
            kind: ReferrerKind::CronJob,
            claims: cron_job.claims,
            replicas: None,
            suspended: cron_job.suspended,
            schedule: Some(cron_job.schedule),
            finished: false,
        }
    }
}
