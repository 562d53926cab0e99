//! `kubectl sts snapshot`: what the diagnoses of a set read, in one file.

use clap::Args;
use workload_cli::{Context, Exit, Facts, Failure, SnapshotFlags, Target};
use workload_core::gather::cluster::{Ask, NameSources};
use workload_core::gather::snapshot::{Subject, take};

/// Write all that the diagnoses of a set read into one file, for a ticket, and to be read again with -f
///
/// It holds the sets, pods, claims, Services and workloads of the namespace, the volumes and nodes that concern it, and the events of the
/// last hour; never a Secret or a ConfigMap. Values of environment variables stand in it as the pods have them, unless --redact is given.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  # Take one along
  kubectl sts snapshot redis-stset > redis.yaml

  # And look at it as at the cluster
  kubectl sts snapshot redis-stset | kubectl sts status redis-stset -f -

  # For people outside
  kubectl sts snapshot redis-stset --redact > redis.yaml")]
pub(crate) struct SnapshotArgs {
    /// The set: NAME or statefulset/NAME
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    flags: SnapshotFlags,
}

impl SnapshotArgs {
    pub(crate) async fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let target = Target::parse(&self.name)?;
        if self.flags.check_permissions {
            return self.flags.check(context, Subject::Set).await;
        }
        let client = context.connect()?;
        let (header, objects) = take(&client, Subject::Set, &target.set).await;
        let found =
            objects.iter().any(|object| object["kind"] == "StatefulSet" && object["metadata"]["name"] == *target.set);
        if !found {
            let ask = Ask {
                namespace: None,
                set: Some(target.set.clone()),
                all_claims: false,
                names: NameSources::Unread,
                chunk: 500,
                also: &[],
                pod_names: true,
                all_volumes: false,
            };
            // The reading command says best why it is not there.
            let facts = Facts::of_cluster(context, client, ask, false).await?;
            return Err(facts.set_not_found(&target).await);
        }
        self.flags.write(context, header, objects)
    }
}
