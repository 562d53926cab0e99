//! `kubectl job snapshot`: what the diagnoses of Jobs read, in one file.

use clap::Args;
use serde_json::Value;
use workload_cli::{Context, Exit, Failure, SnapshotFlags, nearest};
use workload_core::facts::Text;
use workload_core::gather::jobs::{Ask, read};
use workload_core::gather::resource::{CRON_JOBS, JOBS};
use workload_core::gather::snapshot::{Subject, take};

use super::target::{Kind, Target};

/// Write all that the diagnoses of a Job or CronJob read into one file, for a ticket, and to be read again with -f
///
/// It holds the Jobs, CronJobs and pods of the namespace, the nodes, and the events of the last hour; never a Secret or a ConfigMap. Values
/// of environment variables stand in it as the objects have them, unless --redact is given.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  # Take one along
  kubectl job snapshot cronjob/nightly-backup > nightly-backup.yaml

  # And look at it as at the cluster
  kubectl job snapshot migrate | kubectl job status migrate -f -

  # For people outside
  kubectl job snapshot migrate --redact > migrate.yaml")]
pub(crate) struct SnapshotArgs {
    /// The Job or CronJob: NAME, job/NAME or cronjob/NAME
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    flags: SnapshotFlags,
}

impl SnapshotArgs {
    pub(crate) async fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let target = Target::parse(&self.name)?;
        if self.flags.check_permissions {
            return self.flags.check(context, Subject::Jobs).await;
        }
        let client = context.connect()?;
        let (header, objects) = take(&client, Subject::Jobs, &target.name).await;
        let names = || objects.iter().filter(|object| target.may_be(object)).filter_map(name_of);
        if names().any(|name| name == target.name) {
            return self.flags.write(context, header, objects);
        }
        let namespace = Text::from(client.namespace());
        // The reading command says best why there is nothing to be read.
        Box::pin(read(&client, &Ask { namespace: Some(namespace.clone()), chunk: 500 })).await?;
        // What could not be listed may be there all the same.
        let meant = |resource: &str| match target.kind {
            Some(Kind::Job) => resource == JOBS.name,
            Some(Kind::CronJob) => resource == CRON_JOBS.name,
            None => resource == JOBS.name || resource == CRON_JOBS.name,
        };
        if let Some(refused) = header.refused.iter().find(|refused| meant(&refused.resource)) {
            let (name, resource, why) = (&target.name, &refused.resource, &refused.why);
            return Err(Failure::error(format_args!(
                "cannot tell whether {name} is there: {resource} in namespace {namespace} could not be listed ({why})"
            ))
            .hint("kubectl job snapshot --check-permissions NAME"));
        }
        let near = nearest(&target.name, names());
        Err(Failure::not_found(target.resource(), &target.name).hint(if near.is_empty() {
            format!("kubectl get jobs,cronjobs -n {namespace}")
        } else {
            format!("did you mean {}?", near.join(" or "))
        }))
    }
}

impl Target {
    /// Whether an object is of a kind that is meant.
    fn may_be(&self, object: &Value) -> bool {
        match self.kind {
            Some(Kind::Job) => object["kind"] == "Job",
            Some(Kind::CronJob) => object["kind"] == "CronJob",
            None => object["kind"] == "Job" || object["kind"] == "CronJob",
        }
    }
}

fn name_of(object: &Value) -> Option<&str> {
    object["metadata"]["name"].as_str()
}
