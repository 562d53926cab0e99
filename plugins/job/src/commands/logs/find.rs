//! Which Job is meant.

use workload_cli::{Failure, nearest};
use workload_core::connect::Client;
use workload_core::facts::{CronJob, Job};
use workload_core::gather::watched::{self, Which};

use crate::commands::target::{Kind, Target};

/// The Job of this name, or the newest Job of the CronJob, as the server knows it.
pub(super) async fn find(target: &Target, client: &Client, namespace: &str) -> Result<Job, Failure> {
    let name = &target.name;
    let all = Which { namespace: namespace.to_owned(), ..Which::default() };
    if target.kind == Some(Kind::CronJob) {
        let Some(cron) = watched::get::<CronJob>(client, namespace, name).await? else {
            return Err(Failure::not_found(target.resource(), name));
        };
        let jobs = watched::list::<Job>(client, &all).await?.items;
        let of = jobs.into_iter().filter(|job| job.meta.controlled_by(&cron.meta.uid));
        return of.max_by_key(|job| job.meta.created()).ok_or_else(|| {
            Failure::error(format_args!("cronjob {name} has no Job now"))
                .hint(format!("kubectl job status cronjob/{name}  # when it runs, and what became of its last run"))
        });
    }
    if let Some(job) = watched::get::<Job>(client, namespace, name).await? {
        return Ok(job);
    }
    let failure = Failure::not_found(target.resource(), name);
    if target.kind.is_none() && watched::get::<CronJob>(client, namespace, name).await.is_ok_and(|it| it.is_some()) {
        return Err(failure.hint(format!("{name} is a CronJob: cronjob/{name} shows its newest Job")));
    }
    let jobs = watched::list::<Job>(client, &all).await.map(|list| list.items).unwrap_or_default();
    let near = nearest(name, jobs.iter().map(|job| &*job.meta.name));
    Err(failure.hint(if near.is_empty() {
        format!("a Job with ttlSecondsAfterFinished is gone soon after its end; kubectl get jobs -n {namespace}")
    } else {
        format!("did you mean {}?", near.join(" or "))
    }))
}
