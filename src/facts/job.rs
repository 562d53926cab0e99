//! Jobs and CronJobs.

use jiff::Timestamp;

use super::{HookNotes, LabelSelector, Meta, PodNeeds, Text, Uid};

/// A Job.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "they are the spec's own")]
pub struct Job {
    /// Name, labels, owners.
    pub meta: Meta,
    /// `spec.selector`: by default the one label that holds the Job's UID.
    pub selector: LabelSelector,
    /// `spec.parallelism`; 1 where absent.
    pub parallelism: i32,
    /// `spec.completions`; `None` for a work queue, whose pods decide themselves.
    pub completions: Option<i32>,
    /// `spec.completionMode: Indexed`.
    pub indexed: bool,
    /// `spec.backoffLimit`; 6 where absent, without a limit where each index has its own.
    pub backoff_limit: Option<i32>,
    /// `spec.backoffLimitPerIndex`.
    pub backoff_per_index: Option<i32>,
    /// `spec.activeDeadlineSeconds`.
    pub deadline: Option<i64>,
    /// `spec.ttlSecondsAfterFinished`.
    pub ttl: Option<i64>,
    /// `spec.suspend`.
    pub suspended: bool,
    /// `spec.managedBy`, where it is not the built-in controller.
    pub managed_by: Option<Text>,
    /// `restartPolicy: OnFailure`: the kubelet restarts containers in their pod.
    pub restarts_in_place: bool,
    /// Whether `spec.podFailurePolicy` ignores pods that were disrupted.
    pub ignores_disruption: bool,
    /// Whether `spec.podFailurePolicy` ignores any failure: those use up no retry.
    pub ignores_failures: bool,
    /// `spec.manualSelector`: its pods need not carry the label `job-name`.
    pub manual_selector: bool,
    /// Claims that the pod template's volumes name.
    pub claims: Box<[Box<str>]>,
    /// What its pods ask of the namespace's limits.
    pub needs: PodNeeds,
    /// Who has it wait or run, beside its owner: `kueue.x-k8s.io/queue-name`.
    pub queue: Option<Text>,
    /// Whether it was made by hand from a CronJob (`cronjob.kubernetes.io/instantiate`).
    pub manual: bool,
    /// The slot of its CronJob that it runs for (`batch.kubernetes.io/cronjob-scheduled-timestamp`).
    pub slot: Option<Timestamp>,
    /// What makes it a hook, where it is one.
    pub hook: Option<Box<HookNotes>>,
    /// `status`.
    pub status: JobStatus,
}

/// A Job's status. Only a condition ends it: the counts include pods that its controller stopped itself.
#[derive(Debug, Clone, Default)]
pub struct JobStatus {
    /// Pods that are pending or running, and not being deleted.
    pub active: i32,
    /// Pods that are ready.
    pub ready: i32,
    /// Pods that are being deleted and whose containers have not ended.
    pub terminating: i32,
    /// Pods that ended with success.
    pub succeeded: i32,
    /// Pods that failed, those included that the controller stopped.
    pub failed: i32,
    /// When its controller began with it; also where no pod could be made.
    pub started: Option<Timestamp>,
    /// When it was complete; never set on failure.
    pub completed: Option<Timestamp>,
    /// `status.completedIndexes`: `0,2-5`.
    pub completed_indexes: Box<str>,
    /// `status.failedIndexes`.
    pub failed_indexes: Box<str>,
    /// `status.conditions`.
    pub conditions: Box<[JobCondition]>,
}

/// A condition of a Job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobCondition {
    /// `Complete`, `Failed`, `FailureTarget`, `SuccessCriteriaMet`, `Suspended`.
    pub kind: Text,
    /// Whether its status is `True`.
    pub holds: bool,
    /// `BackoffLimitExceeded`, `DeadlineExceeded` and others.
    pub reason: Text,
    /// Its message.
    pub message: Box<str>,
    /// When its status last changed.
    pub since: Option<Timestamp>,
}

/// A CronJob.
#[derive(Debug, Clone)]
pub struct CronJob {
    /// Name, labels.
    pub meta: Meta,
    /// `spec.schedule`.
    pub schedule: Text,
    /// `spec.timeZone`; without one the controller manager's own zone counts, which the API does not tell.
    pub zone: Option<Text>,
    /// `spec.suspend`.
    pub suspended: bool,
    /// `spec.concurrencyPolicy`.
    pub policy: Concurrency,
    /// `spec.startingDeadlineSeconds`.
    pub starting_deadline: Option<i64>,
    /// `spec.successfulJobsHistoryLimit`; 3 where absent.
    pub keeps_successful: i32,
    /// `spec.failedJobsHistoryLimit`; 1 where absent.
    pub keeps_failed: i32,
    /// Claims that the pod template's volumes name.
    pub claims: Box<[Box<str>]>,
    /// When anything but its status was last written; `None` where managed fields do not tell.
    pub written: Option<Timestamp>,
    /// `status`.
    pub status: CronJobStatus,
}

/// `spec.concurrencyPolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concurrency {
    /// Runs may overlap.
    Allow,
    /// A run is not started while another goes on.
    Forbid,
    /// A run that goes on is deleted for the next.
    Replace,
}

/// A CronJob's status.
#[derive(Debug, Clone, Default)]
pub struct CronJobStatus {
    /// The newest slot for which a Job was made.
    pub last_slot: Option<Timestamp>,
    /// When a Job of it last completed.
    pub last_success: Option<Timestamp>,
    /// Jobs that it started and that go on: name and UID. Those made by hand are never among them.
    pub active: Box<[(Box<str>, Uid)]>,
}

impl Job {
    /// A condition that holds.
    pub fn condition(&self, kind: &str) -> Option<&JobCondition> {
        self.status.conditions.iter().find(|condition| condition.holds && &*condition.kind == kind)
    }

    /// The condition that ended it for good: `Complete` or `Failed` (batch/v1, JobFinished).
    pub fn end(&self) -> Option<&JobCondition> {
        self.condition("Complete").or_else(|| self.condition("Failed"))
    }

    /// The CronJob that controls it.
    pub fn cron_job(&self) -> Option<&str> {
        self.meta.controller().filter(|owner| &*owner.kind == "CronJob").map(|owner| &*owner.name)
    }
}

impl Concurrency {
    /// Reads the API's word; anything else is `Allow`, the default.
    pub fn new(word: &str) -> Self {
        match word {
            "Forbid" => Self::Forbid,
            "Replace" => Self::Replace,
            _ => Self::Allow,
        }
    }

    /// The API's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Forbid => "Forbid",
            Self::Replace => "Replace",
        }
    }
}
