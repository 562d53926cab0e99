//! `kubectl sts snapshot`: what the diagnoses of a set read, in one file.

use clap::Args;
use workload_cli::{Context, Exit, Failure, FileFlags, Target, check_permissions};
use workload_core::facts::{Text, tells};
use workload_core::gather::cluster::Ask;
use workload_core::gather::redact;
use workload_core::gather::resource::Need;
use workload_core::gather::snapshot::{CONTENT, take};
use workload_core::render::write_yaml;

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
    /// Replace names of nodes and images, and values of environment variables
    #[arg(long)]
    redact: bool,
    /// Show which permissions this command needs, and which of them you have
    #[arg(long)]
    check_permissions: bool,
}

impl SnapshotArgs {
    pub(crate) async fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let target = Target::parse(&self.name)?;
        if self.check_permissions {
            return check_permissions(context, workload_cli::Format::Table, true, |namespace| {
                let namespace = Text::from(namespace);
                let need = |resource: &&'static workload_core::gather::resource::Resource| Need {
                    verb: "list",
                    resource,
                    scope: resource.scope(Some(&namespace)),
                    required: resource.kind == "StatefulSet",
                    tells: tells(resource.name),
                };
                CONTENT.iter().map(need).collect()
            })
            .await;
        }
        let client = context.connect()?;
        let (mut header, mut objects) = take(&client, &target.set).await;
        let found =
            objects.iter().any(|object| object["kind"] == "StatefulSet" && object["metadata"]["name"] == *target.set);
        if !found {
            let ask = Ask {
                namespace: None,
                set: Some(target.set.clone()),
                all_claims: false,
                names: false,
                chunk: 500,
                also: &[],
                whole_pods: true,
                all_volumes: false,
            };
            // The reading command says best why it is not there.
            let facts = FileFlags::default().read(context, ask, false).await?;
            return Err(facts.set_not_found(&target).await);
        }
        if self.redact {
            redact(&mut objects);
            header.metadata.redacted = true;
        }
        write_yaml(context.out, &header)?;
        for object in &objects {
            writeln!(context.out, "---")?;
            write_yaml(context.out, object)?;
        }
        for refused in &header.refused {
            let scope =
                refused.namespace.as_deref().map_or("at the cluster scope".to_owned(), |n| format!("in namespace {n}"));
            context.note(&format!(
                "not in the snapshot: {} {scope} ({}); it says so itself",
                refused.resource, refused.why
            ))?;
        }
        Ok(Exit::Done)
    }
}
