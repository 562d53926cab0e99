//! Hooks of Helm and Argo CD out of a cluster: records of releases where they may be read, and the Jobs and pods that are hooks.

use futures_util::join;

use super::cluster::{Gathered, not_read, version};
use super::jobs::assembled;
use super::resource::{CRON_JOBS, EVENTS, JOBS, NODES, Need, PODS, Resource, SECRETS};
use super::{around, lists, release};
use crate::connect::{Client, Error};
use crate::facts::{Job, Listed, Pod, Release, Text};

/// What stands around hooks and explains them.
pub const ALSO: &[&Resource] = &[&NODES, &EVENTS, &SECRETS];

/// What a command wants to know of hooks.
#[derive(Debug, Clone)]
pub struct Ask {
    /// One namespace, or all of them.
    pub namespace: Option<Text>,
    /// One release by its name, where one is asked for.
    pub release: Option<String>,
    /// Whether Helm's records are asked for, which are Secrets.
    pub records: bool,
    /// Objects per page; 0 for all at once.
    pub chunk: u32,
}

/// What the command needs to be allowed to do.
pub fn needs(ask: &Ask) -> Vec<Need> {
    let need = |verb, resource: &'static Resource, required, tells| Need {
        verb,
        resource,
        scope: resource.scope(ask.namespace.as_ref()),
        required,
        tells,
    };
    let order = "how far Helm has come with a release: of its records the hooks, of other Secrets nothing";
    let mut all = vec![
        need("list", &JOBS, true, "the hooks that are Jobs, and their results"),
        need("list", &PODS, false, "why a hook does not start, run or end"),
        need("list", &NODES, false, "whether a pod's node still reports"),
        need("list", &EVENTS, false, "why no pod could be made, and when a hook that is gone ended"),
    ];
    if ask.records {
        all.push(need("list", &SECRETS, false, "which releases there are, by the labels of their records"));
        all.push(need("get", &SECRETS, false, order));
    }
    all
}

async fn records(client: &Client, ask: &Ask) -> Listed<Release> {
    if !ask.records {
        return not_read(&SECRETS);
    }
    release::read(client, ask.namespace.as_ref(), ask.release.as_deref(), ask.chunk).await
}

/// Reads the records, then Jobs and pods: a hook stands in its record before it is created, so what is not there then is not there. Fails where
/// Jobs can't be read; any other refusal becomes part of the facts.
pub async fn read(client: &Client, ask: &Ask) -> Result<Gathered, Error> {
    let (namespace, chunk) = (ask.namespace.as_ref(), ask.chunk);
    let also: &[&Resource] = &[&NODES];
    let (releases, nodes, version) =
        join!(records(client, ask), around::read(client, namespace, chunk, also), version(client),);
    let also: &[&Resource] = &[&EVENTS];
    let (jobs, pods, mut around) = join!(
        lists::list::<Job>(client, namespace, chunk),
        lists::list::<Pod>(client, namespace, chunk),
        around::read(client, namespace, chunk, also),
    );
    if let Some(error) = jobs.failed {
        return Err(error);
    }
    let remarks = jobs.remark.into_iter().chain(pods.remark).collect();
    (around.nodes, around.releases) = (nodes.nodes, releases);
    let lists = (jobs.list, not_read(&CRON_JOBS), pods.list);
    Ok(Gathered { cluster: assembled(client, namespace, version, lists, around), remarks })
}
