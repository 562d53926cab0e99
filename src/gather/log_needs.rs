//! What reading logs needs to be allowed.

use super::log_tail::LOG;
use super::resource::{CRON_JOBS, EVENTS, JOBS, Need, PODS, Resource, SETS};
use crate::facts::Text;

/// Whose logs are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// A StatefulSet's.
    Set,
    /// A Job's.
    Job,
    /// Those of a CronJob's newest Job.
    NewestOfCronJob,
}

impl Whose {
    /// The permissions, in a namespace; `follow` where reading goes on.
    pub fn needs(self, namespace: &str, follow: bool) -> Vec<Need> {
        let namespace = Text::from(namespace);
        let need = |verb, resource: &'static Resource, required, tells| Need {
            verb,
            resource,
            scope: resource.scope(Some(&namespace)),
            required,
            tells,
        };
        let (owner, ends) = match self {
            Self::Set => (&SETS, "that the set is deleted"),
            Self::Job | Self::NewestOfCronJob => (&JOBS, "that the Job ends, and how"),
        };
        let mut needs = Vec::new();
        if self == Self::NewestOfCronJob {
            needs.push(need("get", &CRON_JOBS, true, "which Jobs are the CronJob's"));
            needs.push(need("list", &JOBS, true, "its newest Job"));
        }
        needs.push(need("get", owner, true, "which pods are meant"));
        needs.push(need("list", &PODS, true, "the pods and their containers"));
        needs.push(need(
            "get",
            &PODS,
            false,
            "whether an end of a log is the container's: without it no end is verified",
        ));
        needs.push(need("get", &LOG, true, "the lines"));
        if follow {
            needs.push(need("watch", &PODS, false, "new pods and restarts at once, else every two seconds"));
            if self != Self::NewestOfCronJob {
                needs.push(need("list", owner, false, ends));
            }
            needs.push(need("watch", owner, false, ends));
            if self != Self::Set {
                needs.push(need("list", &EVENTS, false, "how a Job ended that is gone"));
            }
        }
        needs
    }
}
