//! How a Job ended.
//!
//! Terminal are the conditions Complete and Failed alone: FailureTarget and SuccessCriteriaMet come before them, while pods still
//! end, and counts of pods say nothing (Job controller, `finalizeJob`; KEP-3939).

use jiff::Timestamp;
use serde_json::Value;

/// The end of a Job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Complete.
    Complete,
    /// The chosen container succeeded; the Job itself may go on.
    ContainerSucceeded {
        /// The container.
        container: String,
    },
    /// Failed, or sure to fail.
    Failed {
        /// `BackoffLimitExceeded`.
        reason: String,
        /// The sentence beside it.
        message: String,
        /// Its failure is decided, and pods of it still end.
        ending: bool,
    },
    /// It is gone, and nobody can say how it ended.
    Vanished,
}

/// The end that a Job's conditions tell; `None` while it goes on.
pub fn ended(job: &Value) -> Option<End> {
    if condition(job, "Complete").is_some() {
        return Some(End::Complete);
    }
    condition(job, "Failed").map(|failed| of_condition(failed, false))
}

/// The failure that is decided already.
pub(super) fn decided(job: &Value) -> Option<End> {
    condition(job, "FailureTarget").map(|target| of_condition(target, true))
}

/// When a Job's end came.
pub fn ended_at(job: &Value) -> Option<Timestamp> {
    let of = condition(job, "Complete").or_else(|| condition(job, "Failed"))?;
    of["lastTransitionTime"].as_str()?.parse().ok()
}

/// The end of a Job that is gone, from the last of its events that is about its end. The controller writes `Completed` on success,
/// and on failure the condition's reason (Job controller, `recordJobFinished`).
pub(super) fn of_event(reason: Option<&str>) -> End {
    match reason {
        Some("Completed") => End::Complete,
        Some(reason) => {
            End::Failed { reason: reason.to_owned(), message: "told by its event".to_owned(), ending: false }
        }
        None => End::Vanished,
    }
}

fn of_condition(condition: &Value, ending: bool) -> End {
    let text = |field: &str| condition[field].as_str().unwrap_or_default().to_owned();
    End::Failed { reason: text("reason"), message: text("message"), ending }
}

fn condition<'j>(job: &'j Value, kind: &str) -> Option<&'j Value> {
    let conditions = job["status"]["conditions"].as_array()?;
    conditions.iter().find(|condition| condition["type"] == *kind && condition["status"] == "True")
}
