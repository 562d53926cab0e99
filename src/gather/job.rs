//! Jobs and CronJobs.

use k8s_openapi::api::batch::v1::{CronJob as ApiCronJob, Job as ApiJob};

use super::intern::Interner;
use super::kind::Kind;
use super::resource::{CRON_JOBS, JOBS, Resource};
use super::typed::{meta, selector};
use crate::facts::{CronJob, Job, JobCondition};

impl Kind for Job {
    type Wire<'a> = ApiJob;
    const RESOURCE: &'static Resource = &JOBS;

    fn from_wire(wire: ApiJob, intern: &mut Interner) -> Self {
        let spec = wire.spec.unwrap_or_default();
        let conditions = wire.status.unwrap_or_default().conditions.unwrap_or_default();
        Self {
            meta: meta(wire.metadata, intern),
            selector: selector(spec.selector.unwrap_or_default(), intern),
            suspended: spec.suspend.unwrap_or(false),
            managed_by: intern.some(spec.managed_by.as_deref()).filter(|by| **by != *"kubernetes.io/job-controller"),
            conditions: conditions
                .into_iter()
                .filter(|condition| condition.status == "True")
                .map(|condition| JobCondition {
                    kind: intern.text(&condition.type_),
                    reason: intern.or_empty(condition.reason.as_deref()),
                    message: condition.message.unwrap_or_default().into(),
                    since: condition.last_transition_time.map(|time| time.0),
                })
                .collect(),
        }
    }
}

impl Kind for CronJob {
    type Wire<'a> = ApiCronJob;
    const RESOURCE: &'static Resource = &CRON_JOBS;

    fn from_wire(wire: ApiCronJob, intern: &mut Interner) -> Self {
        Self { meta: meta(wire.metadata, intern) }
    }
}
