//! `kubectl sts unstick`: the one safe step for a set that is in trouble.

use clap::Args;
use workload_cli::{
    Confirmed, Context, DryRun, Exit, Failure, FileFlags, Target, TargetArgs, check_permissions, confirm,
};
use workload_core::change::{Identity, retain};
use workload_core::facts::{Text, Volume};
use workload_core::gather::cluster::{Ask, needs};
use workload_core::gather::resource::{Need, VOLUMES};
use workload_core::render::escape;
use workload_core::volumes::{Index, Rescue, RescueStep, View, rescues, rows};

/// Carry out the one safe step for a set in trouble: keep the disk of a claim that is being deleted under its pod
///
/// A deletion can't be undone. But while the pod runs, its claim is still there, and a volume that is set to Retain now outlives it.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  # Somebody deleted the claim of a running pod: keep its disk
  kubectl sts unstick redis-stset

  # See what would be done
  kubectl sts unstick redis-stset --dry-run=client")]
pub(crate) struct UnstickArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// client shows the step, server has it checked; neither changes anything
    #[arg(long, value_enum, default_value = "none", num_args = 0..=1, require_equals = true, default_missing_value = "client", value_name = "WAY")]
    dry_run: DryRun,
    /// Show which permissions this command needs, and which of them you have
    #[arg(long)]
    check_permissions: bool,
}

fn ask(namespace: &str, set: &str) -> Ask {
    Ask {
        namespace: Some(Text::from(namespace)),
        set: Some(set.to_owned()),
        all_claims: false,
        names: false,
        chunk: 500,
        also: &[],
        whole_pods: true,
        all_volumes: false,
    }
}

impl UnstickArgs {
    pub(crate) async fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let Some(target) = self.target.target()? else {
            return Err(Failure::error("name the set").hint("kubectl sts status  # shows which is in trouble"));
        };
        if self.check_permissions {
            return check_permissions(context, workload_cli::Format::Table, true, |namespace| {
                let mut all = needs(&ask(namespace, &target.set));
                let scope = VOLUMES.scope(None);
                all.push(Need {
                    verb: "patch",
                    resource: &VOLUMES,
                    scope,
                    required: true,
                    tells: "nothing: it keeps disks",
                });
                all
            })
            .await;
        }
        let client = context.connect()?;
        let facts = FileFlags::default().read(context, ask(client.namespace(), &target.set), false).await?;
        let index = Index::new(&facts.cluster);
        let Some(found) = found(&index, &target) else { return Err(facts.set_not_found(&target).await) };
        let mut patches = Vec::new();
        for rescue in &found {
            let (says, patch) = says(rescue);
            context.note(&says)?;
            patches.extend(patch);
        }
        if patches.is_empty() {
            if found.is_empty() {
                context.note(&format!(
                    "No claim of set {} is being deleted under its pod: there is nothing to rescue.",
                    target.set
                ))?;
            }
            return Ok(Exit::Done);
        }
        if self.dry_run == DryRun::Client {
            for volume in &patches {
                writeln!(context.out, "persistentvolume/{} set to Retain (dry run)", escape(&volume.meta.name))?;
            }
            return Ok(Exit::Done);
        }
        let question = format!(
            "{} set to Retain.",
            if patches.len() == 1 { "1 volume is".to_owned() } else { format!("{} volumes are", patches.len()) }
        );
        if self.dry_run == DryRun::None {
            match confirm(context, &question, &target.set, self.yes)? {
                Confirmed::Yes => {}
                Confirmed::No => {
                    context.note("That was something else: nothing was changed.")?;
                    return Ok(Exit::Refused);
                }
                Confirmed::NobodyThere => {
                    context.note("Nobody is there to be asked: nothing was changed. --yes answers beforehand.")?;
                    return Ok(Exit::Refused);
                }
            }
        }
        for volume in &patches {
            retain(&client, &identity(volume), true).await?;
        }
        if self.dry_run == DryRun::Server {
            for volume in &patches {
                writeln!(context.out, "persistentvolume/{} set to Retain (server dry run)", escape(&volume.meta.name))?;
            }
            return Ok(Exit::Done);
        }
        let mut exit = Exit::Done;
        for volume in &patches {
            match retain(&client, &identity(volume), false).await {
                Ok(()) => writeln!(context.out, "persistentvolume/{} set to Retain", escape(&volume.meta.name))?,
                Err(error) => {
                    context.note(&format!("persistentvolume/{} left as it is: {}", volume.meta.name, error.message))?;
                    exit = Exit::Error;
                }
            }
        }
        if exit == Exit::Done {
            context.note(&afterwards(&found))?;
        }
        Ok(exit)
    }
}

fn found<'a>(index: &Index<'a>, target: &Target) -> Option<Vec<Rescue<'a>>> {
    let cluster = index.cluster;
    let sets: Vec<_> = cluster.sets.items.iter().filter(|set| *set.meta.name == *target.set).collect();
    if sets.is_empty() {
        return None;
    }
    let mut rows = rows(index, &View { sets, all_claims: false, only: None });
    rows.retain(|row| target.ordinal.is_none() || row.ordinal == target.ordinal);
    Some(rescues(rows))
}

fn identity(volume: &Volume) -> Identity {
    Identity {
        resource: &VOLUMES,
        namespace: None,
        name: volume.meta.name.to_string(),
        uid: volume.meta.uid.to_string(),
        version: volume.version.to_string(),
    }
}

/// What is said of a claim, and the volume to patch if there is one.
fn says<'a>(rescue: &Rescue<'a>) -> (String, Option<&'a Volume>) {
    let claim = &rescue.row.name;
    match rescue.step {
        RescueStep::Retain(volume) => (
            format!(
                "Claim {claim} is being deleted under its pod, and volume {} would go with it: it is to be set to Retain.",
                volume.meta.name
            ),
            Some(volume),
        ),
        RescueStep::KeptAlready(volume) => (
            format!(
                "Claim {claim} is being deleted under its pod; volume {} is kept by its policy already.",
                volume.meta.name
            ),
            None,
        ),
        RescueStep::NoDisk => {
            (format!("Claim {claim} is being deleted under its pod, and has no volume to lose."), None)
        }
        RescueStep::CannotTell(refusal) => {
            (format!("Claim {claim} is being deleted under its pod; its volume: {refusal}"), None)
        }
    }
}

/// How the claim gets its data back, once it has gone.
fn afterwards(found: &[Rescue<'_>]) -> String {
    let claims: Vec<&str> = found.iter().map(|rescue| &*rescue.row.name).collect();
    format!(
        "The data outlives {}. When the pod next stops, the claim goes and the volume is Released: scale the set down first, then\n\
         kubectl sts orphans  # names the command by which a claim of the same name takes the volume again",
        claims.join(", ")
    )
}
