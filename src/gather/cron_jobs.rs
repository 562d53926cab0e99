//! CronJobs out of a cluster, with their Jobs and what is reported of both.

use futures_util::join;

use super::around::nothing_read;
use super::cluster::{Gathered, not_read, version, whole_seconds};
use super::lists::{self, Paged};
use super::resource::{CLAIMS, CLASSES, CRON_JOBS, EVENTS, JOBS, Need, PODS, SERVICES, SETS, SLICES, VOLUMES};
use crate::connect::{Client, Error, ErrorKind};
use crate::facts::{Bystanders, Cluster, CronJob, Event, Job, Listed, Text};

/// What stands around CronJobs and explains them.
pub const ALSO: &[&super::resource::Resource] = &[&EVENTS];

/// What a command wants to know of CronJobs.
#[derive(Debug, Clone)]
pub struct Ask {
    /// One namespace, or all of them.
    pub namespace: Option<Text>,
    /// One CronJob by its name, where one is asked for.
    pub name: Option<String>,
    /// Objects per page; 0 for all at once.
    pub chunk: u32,
}

/// What the command needs to be allowed to do.
pub fn needs(ask: &Ask) -> Vec<Need> {
    let need = |verb, resource: &'static super::resource::Resource, required, tells| Need {
        verb,
        resource,
        scope: resource.scope(ask.namespace.as_ref()),
        required,
        tells,
    };
    vec![
        need("list", &CRON_JOBS, true, "the schedules"),
        need("list", &JOBS, false, "the runs and their results, and the zone where none is named"),
        need("list", &EVENTS, false, "runs that the server refused, and runs whose Job is gone"),
    ]
}

/// Reads CronJobs, their Jobs and the events about both, in one turn. Fails where CronJobs can't be read; any other refusal becomes part of the
/// facts.
pub async fn read(client: &Client, ask: &Ask) -> Result<Gathered, Error> {
    let (namespace, chunk) = (ask.namespace.as_ref(), ask.chunk);
    let events = |kind: &'static str| async move {
        let selector = format!("fieldSelector=involvedObject.kind%3D{kind}");
        lists::list_where::<Event>(client, namespace, chunk, &selector).await
    };
    let (cron_jobs, jobs, of_cron_jobs, of_jobs, version) = join!(
        lists::list::<CronJob>(client, namespace, chunk),
        lists::list::<Job>(client, namespace, chunk),
        events("CronJob"),
        events("Job"),
        version(client),
    );
    let remarks = cron_jobs.remark.iter().chain(&jobs.remark).cloned().collect();
    let cron_jobs = the_cron_jobs(client, ask, cron_jobs).await?;
    let mut events = of_cron_jobs.list;
    events.items.extend(of_jobs.list.items);
    events.missing = events.missing.or(of_jobs.list.missing);
    let mut around = nothing_read();
    around.events = events;
    let mut cluster = Cluster {
        context: client.context().map(str::to_owned),
        namespace: ask.namespace.clone(),
        server_version: version,
        now: whole_seconds(client.server_now()),
        dated: true,
        sets: not_read(&SETS),
        pods: not_read(&PODS),
        bystanders: Bystanders::default(),
        claims: not_read(&CLAIMS),
        volumes: not_read(&VOLUMES),
        classes: not_read(&CLASSES),
        services: not_read(&SERVICES),
        slices: not_read(&SLICES),
        jobs: jobs.list,
        cron_jobs,
        around,
        volumes_listed: false,
        usage: None,
    };
    cluster.sort();
    Ok(Gathered { cluster, remarks })
}

/// The CronJobs; where they can't be listed, the one that was asked for.
async fn the_cron_jobs(client: &Client, ask: &Ask, paged: Paged<CronJob>) -> Result<Listed<CronJob>, Error> {
    let Some(error) = paged.failed else { return Ok(paged.list) };
    let (Some(name), ErrorKind::Forbidden) = (&ask.name, error.kind) else { return Err(error) };
    match lists::get::<CronJob>(client, ask.namespace.as_ref(), name).await {
        Ok(found) => Ok(Listed { items: found.into_iter().collect(), missing: paged.list.missing }),
        Err(_) => Err(error),
    }
}
