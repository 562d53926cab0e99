//! How a Job ended.
//!
//! Terminal are the conditions Complete and Failed alone: FailureTarget and SuccessCriteriaMet come before them, while pods still end, and
//! counts of pods say nothing (Job controller, `finalizeJob`; KEP-3939).

use crate::facts::Job;

/// The end of a Job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobEnd {
    /// Complete.
    Complete,
    /// Failed; the condition's reason and sentence.
    Failed {
        /// `BackoffLimitExceeded`.
        reason: String,
        /// The sentence beside it.
        message: String,
    },
    /// Failed by its own `activeDeadlineSeconds`.
    DeadlineExceeded {
        /// The sentence beside it.
        message: String,
    },
    /// It is gone, and nobody can say how it ended.
    Vanished,
}

/// The end of a Job that is there; `None` while it goes on.
pub fn job_end(job: &Job) -> Option<JobEnd> {
    if job.condition("Complete").is_some() {
        return Some(JobEnd::Complete);
    }
    job.condition("Failed").map(|failed| of_reason(&failed.reason, &failed.message))
}

fn of_reason(reason: &str, message: &str) -> JobEnd {
    match reason {
        "DeadlineExceeded" => JobEnd::DeadlineExceeded { message: message.to_owned() },
        reason => JobEnd::Failed { reason: reason.to_owned(), message: message.to_owned() },
    }
}

/// The end of a Job that is gone, from the last of its events that is about its end. The controller writes `Completed` on success,
/// and on failure the condition's reason (Job controller, `recordJobFinished`).
pub fn from_event(reason: Option<&str>) -> JobEnd {
    match reason {
        Some("Completed") => JobEnd::Complete,
        Some(reason) => of_reason(reason, "told by its event"),
        None => JobEnd::Vanished,
    }
}

/// What keeps a Job from starting pods although nothing is wrong with it.
pub fn held_back(job: &Job) -> Option<String> {
    match (&job.managed_by, job.suspended) {
        (Some(by), _) => Some(format!("job {} is run by {by}, not by the Job controller", job.meta.name)),
        (None, true) => Some(format!("job {} is suspended: no pod runs until it is resumed", job.meta.name)),
        (None, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{JobCondition, fixture};

    fn job(conditions: &[(&str, &str)]) -> Job {
        let conditions = conditions.iter().map(|(kind, reason)| JobCondition {
            kind: (*kind).into(),
            holds: true,
            reason: (*reason).into(),
            message: "why".into(),
            since: None,
        });
        let mut job = fixture::job("report");
        job.status.conditions = conditions.collect();
        job
    }

    #[test]
    fn only_complete_and_failed_end_a_job() {
        let failed = |reason: &str| Some(JobEnd::Failed { reason: reason.into(), message: "why".into() });
        assert_eq!(job_end(&job(&[])), None);
        assert_eq!(job_end(&job(&[("FailureTarget", "BackoffLimitExceeded")])), None, "pods still end");
        assert_eq!(job_end(&job(&[("SuccessCriteriaMet", "SuccessPolicy")])), None);
        assert_eq!(job_end(&job(&[("Suspended", "JobSuspended")])), None);
        assert_eq!(
            job_end(&job(&[("SuccessCriteriaMet", ""), ("Complete", "CompletionsReached")])),
            Some(JobEnd::Complete)
        );
        assert_eq!(job_end(&job(&[("Failed", "BackoffLimitExceeded")])), failed("BackoffLimitExceeded"));
        let late = Some(JobEnd::DeadlineExceeded { message: "why".into() });
        assert_eq!(job_end(&job(&[("Failed", "DeadlineExceeded")])), late);
    }

    #[test]
    fn a_job_that_is_gone_ended_as_its_events_tell() {
        assert_eq!(from_event(Some("Completed")), JobEnd::Complete);
        assert!(matches!(from_event(Some("BackoffLimitExceeded")), JobEnd::Failed { .. }));
        assert!(matches!(from_event(Some("DeadlineExceeded")), JobEnd::DeadlineExceeded { .. }));
        assert_eq!(from_event(None), JobEnd::Vanished, "never taken for a success");
    }
}
