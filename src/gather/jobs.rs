//! Jobs and CronJobs out of a cluster, with their pods and what is reported of them.

use futures_util::join;

use super::around;
use super::cluster::{Gathered, not_read, version, whole_seconds};
use super::lists::{self, Paged};
use super::resource::{
    ACCOUNTS, CLAIMS, CLASSES, CRON_JOBS, EVENTS, JOBS, LIMIT_RANGES, NODES, Need, PODS, QUOTAS, Resource, SERVICES,
    SETS, SLICES, VOLUMES,
};
use crate::connect::{Client, Error};
use crate::facts::{Bystanders, Cluster, CronJob, Job, Listed, Pod, Surroundings, Text, tells_of_jobs};

/// What stands around Jobs and explains them.
pub const ALSO: &[&Resource] = &[&NODES, &EVENTS];

/// The same, and what explains a Job without pods: of a cluster that is read when there is one.
pub const ALSO_IN_FILES: &[&Resource] = &[&NODES, &EVENTS, &QUOTAS, &LIMIT_RANGES, &ACCOUNTS];

/// Every pod of a Job carries this label, unless the Job chooses its own selector (batch/v1, `spec.manualSelector`).
const OF_JOBS: &str = "labelSelector=job-name";

/// What a command wants to know of Jobs.
#[derive(Debug, Clone)]
pub struct Ask {
    /// One namespace, or all of them.
    pub namespace: Option<Text>,
    /// Objects per page; 0 for all at once.
    pub chunk: u32,
}

/// What the command needs to be allowed to do.
pub fn needs(ask: &Ask) -> Vec<Need> {
    [&JOBS, &CRON_JOBS, &PODS]
        .into_iter()
        .chain(ALSO.iter().copied())
        .map(|resource| Need {
            verb: "list",
            resource,
            scope: resource.scope(ask.namespace.as_ref()),
            required: resource == &JOBS,
            tells: tells_of_jobs(resource.name),
        })
        .collect()
}

/// Reads Jobs, CronJobs, their pods and what stands around them, in one turn. Fails where Jobs can't be read; any other refusal becomes part of
/// the facts.
pub async fn read(client: &Client, ask: &Ask) -> Result<Gathered, Error> {
    let (namespace, chunk) = (ask.namespace.as_ref(), ask.chunk);
    let (jobs, cron_jobs, pods, around, version) = join!(
        lists::list::<Job>(client, namespace, chunk),
        lists::list::<CronJob>(client, namespace, chunk),
        lists::list_where::<Pod>(client, namespace, chunk, OF_JOBS),
        around::read(client, namespace, chunk, ALSO),
        version(client),
    );
    if let Some(error) = jobs.failed {
        return Err(error);
    }
    let mut remarks = Vec::new();
    remarks.extend(jobs.remark);
    let pods = pods_of(client, ask, &jobs.list, pods).await;
    remarks.extend(pods.remark);
    let cluster = assembled(client, ask.namespace.as_ref(), version, (jobs.list, cron_jobs.list, pods.list), around);
    Ok(Gathered { cluster, remarks })
}

pub(super) fn assembled(
    client: &Client,
    namespace: Option<&Text>,
    version: Option<String>,
    (jobs, cron_jobs, pods): (Listed<Job>, Listed<CronJob>, Listed<Pod>),
    around: Surroundings,
) -> Cluster {
    let mut cluster = Cluster {
        context: client.context().map(str::to_owned),
        namespace: namespace.cloned(),
        server_version: version,
        now: whole_seconds(client.server_now()),
        dated: true,
        sets: not_read(&SETS),
        pods,
        bystanders: Bystanders::default(),
        claims: not_read(&CLAIMS),
        volumes: not_read(&VOLUMES),
        classes: not_read(&CLASSES),
        services: not_read(&SERVICES),
        slices: not_read(&SLICES),
        jobs,
        cron_jobs,
        around,
        volumes_listed: false,
        usage: None,
    };
    cluster.sort();
    cluster
}

/// One Job with the pods that labels select, and what is reported of them; `None` where there is no such Job (any more).
pub async fn read_one(client: &Client, namespace: &Text, name: &str, labels: &str) -> Result<Option<Cluster>, Error> {
    let selector = format!("labelSelector={}", lists::segment(labels));
    let (job, pods, around) = join!(
        lists::get::<Job>(client, Some(namespace), name),
        lists::list_where::<Pod>(client, Some(namespace), 0, &selector),
        around::read(client, Some(namespace), 0, ALSO),
    );
    let Some(job) = job? else { return Ok(None) };
    let parts = (Listed::complete(vec![job]), not_read(&CRON_JOBS), pods.list);
    Ok(Some(assembled(client, Some(namespace), None, parts, around)))
}

/// The pods; all of them where a Job with its own selector may have pods without the label.
async fn pods_of(client: &Client, ask: &Ask, jobs: &Listed<Job>, labelled: Paged<Pod>) -> Paged<Pod> {
    if labelled.failed.is_none() && jobs.items.iter().any(|job| job.manual_selector && job.end().is_none()) {
        return lists::list::<Pod>(client, ask.namespace.as_ref(), ask.chunk).await;
    }
    labelled
}
