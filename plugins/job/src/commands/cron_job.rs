//! What `next` and `history` share: the CronJob that is asked for, and what is known of one.

use workload_cli::{Facts, Failure, nearest};
use workload_core::facts::{Cluster, CronJob, Event, Job, Known};
use workload_core::findings::{Code, Verdict};
use workload_core::gather::cluster::namespace_exists;
use workload_core::jobs::cause::{children, cron_verdicts};
use workload_core::jobs::schedule::Outlook;
use workload_core::pods::Circumstances;

/// Takes the name out of NAME, cronjob/NAME, cj/NAME.
pub(super) fn name(argument: &str) -> Result<String, Failure> {
    const KINDS: [&str; 6] = ["cj", "cronjob", "cronjobs", "cronjob.batch", "cronjobs.batch", "cronjobs.v1.batch"];
    let (kind, name) = argument.split_once('/').unwrap_or(("cronjob", argument));
    if name.is_empty() || name.contains('/') {
        return Err(Failure::error(format_args!(
            "arguments must be in the form NAME or TYPE/NAME, {argument:?} is neither"
        )));
    }
    if !KINDS.contains(&&*kind.to_ascii_lowercase()) {
        return Err(Failure::error(format_args!("{kind:?} is not a type that this command takes"))
            .hint("it takes cronjob/NAME (cj/NAME)"));
    }
    Ok(name.to_owned())
}

/// A CronJob, its Jobs and what is to come of it.
pub(super) struct View<'a> {
    pub(super) outlook: Outlook<'a>,
    pub(super) children: Vec<&'a Job>,
    /// What keeps it from running by its schedule; what its runs came to stands in their own rows.
    pub(super) verdicts: Vec<Verdict>,
}

impl<'a> View<'a> {
    pub(super) fn new(cron_job: &'a CronJob, cluster: &'a Cluster) -> Self {
        let children = children(cron_job, cluster);
        let events = Event::about(&cluster.around.events.items, "CronJob", &cron_job.meta);
        let outlook = Outlook::new(cron_job, &children, events, (cluster.now, cluster.dated));
        let about_runs = |code: Code| {
            matches!(
                code,
                Code::OnSchedule | Code::RunsFailing | Code::NoHistoryKept | Code::ManualRunActive | Code::NotApplied
            )
        };
        let mut verdicts = cron_verdicts(cron_job, cluster, &Circumstances::of(cluster, &[]));
        verdicts.retain(|verdict| verdict.object.is_none() && !about_runs(verdict.code));
        Self { outlook, children, verdicts }
    }
}

/// A CronJob's Jobs, where all were read.
pub(super) fn known<'a, 'c>(children: &'c [&'a Job], cluster: &'c Cluster) -> Known<'c, &'c [&'a Job]> {
    match &cluster.jobs.missing {
        None => Known::Read(children),
        Some(refusal) => Known::Refused(refusal),
    }
}

/// That there is no CronJob of that name, as kubectl says it, with what may have been meant.
pub(super) async fn not_found(facts: &Facts, name: &str) -> Failure {
    let cluster = &facts.cluster;
    let near = nearest(name, cluster.cron_jobs.items.iter().map(|it| &*it.meta.name));
    let did_you_mean = format!("did you mean {}?", near.join(" or "));
    let Some(client) = facts.client() else {
        let failure = Failure::error(format_args!("cronjobs.batch \"{name}\" not found in the files"));
        return if near.is_empty() { failure } else { failure.hint(did_you_mean) };
    };
    let namespace = cluster.namespace.as_deref().unwrap_or_default();
    if cluster.cron_jobs.items.is_empty() && !namespace_exists(client, namespace).await {
        return Failure::not_found("namespaces", namespace).hint("kubectl get namespaces");
    }
    let elsewhere = format!("kubectl get cronjobs -n {namespace}  # -A looks in all namespaces");
    Failure::not_found("cronjobs.batch", name).hint(if near.is_empty() { elsewhere } else { did_you_mean })
}
