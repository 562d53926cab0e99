//! `kubectl sts logs`: what all containers of a set say.

use clap::Args;
use workload_cli::{
    Context, DumpOwner, Exit, Failure, Format, LogFlags, LogRun, Mirror, Target, TargetArgs, check_permissions,
    dump_logs, nearest, run_logs,
};
use workload_core::facts::StatefulSet;
use workload_core::gather::log_needs::Whose;
use workload_core::gather::watched::{self, Which};
use workload_core::logs::targets::{Numbers, Selection};
use workload_core::logs::{Live, OwnerKind};

/// Show the logs of all containers of a set, complete and in order of time
///
/// A line is printed once, whatever happens to connections, kubelets and containers in between; where lines could not be had, that is
/// said. On stderr: + when a container's log begins, - how it ended and whether its end is verified, ~ what is waited for, ! what is
/// missing, = the summary.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  # All containers of all pods of a set, by time
  kubectl sts logs redis-stset

  # One pod; one container of two pods
  kubectl sts logs redis-stset 0
  kubectl sts logs redis-stset --ordinal 0,1 -c redis

  # Go on through restarts and replacements; only errors
  kubectl sts logs redis-stset -f -i ERROR

  # What a crashed container said before its restart
  kubectl sts logs redis-stset 1 --previous

  # As records, for jq
  kubectl sts logs redis-stset --since 1h -o json

  # Out of a support bundle: kubectl cluster-info dump --output-directory, or a must-gather
  kubectl sts logs redis-stset --filename examples/must-gather --all-attempts")]
pub(crate) struct LogsArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Only these ordinals: 0,2-4
    #[arg(id = "ordinals", long = "ordinal", value_name = "N", help_heading = "Selection")]
    ordinals: Option<String>,
    /// Only pods of this revision: a ControllerRevision's name or the hash at its end
    #[arg(long, value_name = "NAME", help_heading = "Selection")]
    revision: Option<String>,
    /// Show which permissions this command needs, and which of them you have
    #[arg(long)]
    check_permissions: bool,
    #[command(flatten)]
    flags: LogFlags,
}

impl LogsArgs {
    pub(crate) async fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        self.flags.check(context)?;
        if self.check_permissions {
            let needs = |namespace: &str| Whose::Set.needs(namespace, self.flags.follows());
            return check_permissions(context, Format::Table, true, needs).await;
        }
        let Some(target) = self.target.target()? else {
            return Err(Failure::error("name a set: kubectl sts logs NAME"));
        };
        let ordinals = match (&self.ordinals, target.ordinal) {
            (Some(_), Some(_)) => return Err(Failure::error("an ordinal and --ordinal exclude each other")),
            (Some(text), None) => {
                Some(Numbers::parse(text).map_err(|why| Failure::error(format_args!("--ordinal: {why}")))?)
            }
            (None, ordinal) => ordinal.map(Numbers::one),
        };
        let selection = Selection { ordinals, revision: self.revision.clone(), ..Selection::default() };
        if !self.flags.folders().is_empty() {
            let owner = (DumpOwner::Set, &*target.set);
            return Box::pin(dump_logs(context, &self.flags, owner, selection, false, true)).await;
        }
        let mut style = self.flags.style(context)?;
        let timeout = self.flags.timeout()?;
        let client = context.connect()?;
        let namespace = client.namespace().to_owned();
        let Some(set) = watched::get::<StatefulSet>(&client, &namespace, &target.set).await? else {
            return Err(not_found(&client, &namespace, &target).await);
        };
        let selection = Selection { owner: set.meta.uid.clone(), owner_name: (&*set.meta.name).into(), ..selection };
        let plan = self.flags.plan(selection, false, context.now)?;
        if self.flags.prefix_is_open() && set.containers == 1 && (target.ordinal.is_some() || set.replicas == 1) {
            style.prefix = false;
        }
        let api = Live::new(client, &namespace, OwnerKind::Set, &target.set, &set.selector);
        let run = LogRun {
            plan,
            style,
            timeout,
            strict: self.flags.strict(),
            mirror: Mirror::Condition,
            what: format!("statefulset {}", target.set),
            again: None,
        };
        Box::pin(run_logs(context, &api, run)).await
    }
}

/// That the set is not there, with the names that may have been meant.
async fn not_found(client: &workload_core::connect::Client, namespace: &str, target: &Target) -> Failure {
    let failure = Failure::not_found("statefulsets.apps", &target.set);
    let all = Which { namespace: namespace.to_owned(), ..Which::default() };
    let sets = watched::list::<StatefulSet>(client, &all).await.map(|list| list.items).unwrap_or_default();
    let near = nearest(&target.set, sets.iter().map(|set| &*set.meta.name));
    if near.is_empty() {
        failure.hint(format!("kubectl get statefulsets -n {namespace}"))
    } else {
        failure.hint(format!("did you mean {}?", near.join(" or ")))
    }
}
