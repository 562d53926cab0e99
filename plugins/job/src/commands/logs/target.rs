//! Which Job is meant.

use workload_cli::{Failure, nearest};
use workload_core::connect::Client;
use workload_core::facts::{CronJob, Job};
use workload_core::gather::watched::{self, Which};

/// A Job, or the CronJob whose newest Job is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    Job(String),
    CronJob(String),
}

const JOBS: [&str; 5] = ["job", "jobs", "job.batch", "jobs.batch", "jobs.v1.batch"];
const CRON_JOBS: [&str; 6] = ["cj", "cronjob", "cronjobs", "cronjob.batch", "cronjobs.batch", "cronjobs.v1.batch"];

impl Named {
    pub(super) fn parse(argument: &str) -> Result<Self, Failure> {
        let (kind, name) = argument.split_once('/').unwrap_or(("job", argument));
        if name.is_empty() || name.contains('/') {
            return Err(Failure::error(format_args!(
                "arguments must be in the form NAME or TYPE/NAME, {argument:?} is neither"
            )));
        }
        let lower = kind.to_ascii_lowercase();
        if JOBS.contains(&lower.as_str()) {
            Ok(Self::Job(name.to_owned()))
        } else if CRON_JOBS.contains(&lower.as_str()) {
            Ok(Self::CronJob(name.to_owned()))
        } else {
            Err(Failure::error(format_args!("{kind:?} is not a type that this command takes"))
                .hint("it takes job/NAME and cronjob/NAME (cj/NAME)"))
        }
    }

    /// The Job, as the server knows it.
    pub(super) async fn find(&self, client: &Client, namespace: &str) -> Result<Job, Failure> {
        let all = Which { namespace: namespace.to_owned(), ..Which::default() };
        match self {
            Self::Job(name) => {
                if let Some(job) = watched::get::<Job>(client, namespace, name).await? {
                    return Ok(job);
                }
                let failure = Failure::not_found("jobs.batch", name);
                let jobs = watched::list::<Job>(client, &all).await.map(|list| list.items).unwrap_or_default();
                let near = nearest(name, jobs.iter().map(|job| &*job.meta.name));
                Err(if near.is_empty() {
                    failure.hint(format!(
                        "a Job with ttlSecondsAfterFinished is gone soon after its end; kubectl get jobs -n {namespace}"
                    ))
                } else {
                    failure.hint(format!("did you mean {}?", near.join(" or ")))
                })
            }
            Self::CronJob(name) => {
                let Some(cron) = watched::get::<CronJob>(client, namespace, name).await? else {
                    return Err(Failure::not_found("cronjobs.batch", name));
                };
                let jobs = watched::list::<Job>(client, &all).await?.items;
                let of = jobs.into_iter().filter(|job| job.meta.controlled_by(&cron.meta.uid));
                of.max_by_key(|job| job.meta.created).ok_or_else(|| {
                    Failure::error(format_args!("cronjob {name} has no Job now"))
                        .hint(format!("kubectl job history {name}  # what its past runs came to"))
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_named_as_kubectl_users_name_it() {
        let job = |name: &str| Ok(Named::Job(name.to_owned()));
        assert_eq!(Named::parse("report"), job("report"));
        assert_eq!(Named::parse("Job.batch/report"), job("report"));
        assert_eq!(Named::parse("cj/nightly"), Ok(Named::CronJob("nightly".to_owned())));
        assert!(Named::parse("pod/x").is_err() && Named::parse("job/").is_err() && Named::parse("a/b/c").is_err());
    }
}
