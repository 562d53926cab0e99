//! `kubectl sts unstick`: the one safe step for a set that is in trouble.

mod act;
mod plan;

use clap::Args;
use workload_cli::{Confirmed, Context, DryRun, Exit, Facts, Failure, TargetArgs, check_permissions, confirm};
use workload_core::facts::Text;
use workload_core::gather::cluster::{Ask, NameSources, needs};
use workload_core::gather::resource::{BUDGETS, EVENTS, NODES, Need, PODS, Resource, VOLUMES};
use workload_core::volumes::Index;

use self::plan::Plan;

/// Carry out the one safe step for a set in trouble: restart the pod that holds it, or keep the disk of a claim that is being deleted
///
/// Deletes the pod that traps a rollout, or one whose name is of an earlier serviceName; its claims and their data stay. Sets the volume of a claim that is being deleted under its pod to Retain: while the pod runs, that can still be done. Everything else is printed as a command.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  # A rollout is trapped, or somebody deleted the claim of a running pod: take the one step out
  kubectl sts unstick redis-stset

  # Of one ordinal
  kubectl sts unstick redis-stset 1

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

/// What a cause is told from.
const ALSO: &[&Resource] = &[&NODES, &BUDGETS, &EVENTS];

fn ask(namespace: &str, set: &str) -> Ask {
    Ask {
        namespace: Some(Text::from(namespace)),
        set: Some(set.to_owned()),
        all_claims: false,
        names: NameSources::Judged,
        chunk: 500,
        also: ALSO,
        pod_names: true,
        all_volumes: false,
    }
}

/// What the steps need; which of them is taken, the set's trouble decides.
fn steps(namespace: &str) -> [Need; 2] {
    let need = |verb, resource: &'static Resource, tells| Need {
        verb,
        resource,
        scope: resource.scope(Some(&Text::from(namespace))),
        required: false,
        tells,
    };
    [
        need("delete", &PODS, "nothing: it restarts the pod that holds the set"),
        need("patch", &VOLUMES, "nothing: it keeps disks"),
    ]
}

impl UnstickArgs {
    pub(crate) async fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let Some(target) = self.target.target()? else {
            return Err(Failure::error("name the set").hint("kubectl sts status  # shows which is in trouble"));
        };
        if self.check_permissions {
            return check_permissions(context, workload_cli::Format::Table, true, |namespace| {
                [needs(&ask(namespace, &target.set)), steps(namespace).to_vec()].concat()
            })
            .await;
        }
        let client = context.connect()?;
        let read = ask(client.namespace(), &target.set);
        let facts = Facts::of_cluster(context, client.clone(), read.clone(), false).await?;
        let index = Index::new(&facts.cluster);
        let Some(plan) = Plan::of(&index, &target) else { return Err(facts.set_not_found(&target).await) };
        for line in plan.says() {
            context.note(&line)?;
        }
        if plan.is_empty() {
            return Ok(if plan.speaks_against() { Exit::Refused } else { Exit::Done });
        }
        if self.dry_run == DryRun::Client {
            plan.write_deeds(context, " (dry run)")?;
            return Ok(Exit::Done);
        }
        if self.dry_run == DryRun::None {
            match confirm(context, &plan.question(), &target.set, self.yes)? {
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
        let again = Facts::of_cluster(context, client.clone(), read, false).await?;
        let now = Index::new(&again.cluster);
        if !Plan::of(&now, &target).is_some_and(|now| now.same(&plan)) {
            context.note(
                "The set has changed meanwhile: nothing was done. Look again: kubectl sts unstick --dry-run=client",
            )?;
            return Ok(Exit::Error);
        }
        act::rehearse(&client, &plan).await?;
        if self.dry_run == DryRun::Server {
            plan.write_deeds(context, " (server dry run)")?;
            return Ok(Exit::Done);
        }
        act::carry_out(context, &client, &plan).await
    }
}
