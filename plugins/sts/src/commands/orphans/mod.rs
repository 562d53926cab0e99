//! `kubectl sts orphans`: claims and volumes that no set will use as things stand.

mod columns;
mod filter;
mod report;
mod totals;

use clap::Args;
use workload_cli::{Context, Exit, Failure, FileFlags, Format, OutputFlags, SelectFlags, Selection, check_permissions};
use workload_cli::{Target, TargetArgs};
use workload_core::facts::{Cluster, StatefulSet, Text};
use workload_core::gather::cluster::{Ask, NameSources, needs};
use workload_core::gather::resource::{
    ATTACHMENTS, ATTRIBUTES_CLASSES, CRON_JOBS, DAEMON_SETS, DEPLOYMENTS, EVENTS, JOBS, NAMESPACES, NODES,
    REPLICA_SETS, REVISIONS, Resource, SNAPSHOTS,
};
use workload_core::render::{Items, Report, Table, escape};
use workload_core::volumes::{Index, OrphansView, orphans};

use self::columns::{Left, Shown, columns, volume_columns};
pub(super) use self::filter::code;
use self::filter::{Filter, FilterFlags};
use self::report::Item;

/// All that may need a claim without a pod, and all that tells where it comes from.
pub(super) const ALSO: &[&Resource] = &[
    &DEPLOYMENTS,
    &REPLICA_SETS,
    &DAEMON_SETS,
    &JOBS,
    &CRON_JOBS,
    &REVISIONS,
    &SNAPSHOTS,
    &ATTACHMENTS,
    &ATTRIBUTES_CLASSES,
    &NODES,
    &NAMESPACES,
    &EVENTS,
];

/// What every command about leftovers reads.
pub(super) fn ask(set: Option<String>, chunk: u32) -> Ask {
    Ask {
        namespace: None,
        set,
        all_claims: true,
        names: NameSources::Services,
        chunk,
        also: ALSO,
        pod_names: false,
        all_volumes: true,
    }
}

/// Show claims and volumes that were left behind: by which set, since when, and what deleting them would destroy
///
/// A claim is shown with what would make a set use it again. Under DELETE: never, named (kubectl sts clean takes it when it is
/// named), bulk (also by its verdict). What is not a set's is not judged, and shown with --all-claims only.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  # What was left behind in this namespace
  kubectl sts orphans

  # By one set
  kubectl sts orphans redis-stset

  # In all namespaces, the largest last
  kubectl sts orphans -A --sort-by size

  # Only what is surely nobody's, and unused for a month
  kubectl sts orphans -A --verdict OrphanSetGone --unused-for 720h

  # Everything that is known of each
  kubectl sts orphans -o json")]
pub(crate) struct OrphansArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Show claims that no set makes as well, whoever made them
    #[arg(long)]
    all_claims: bool,
    /// Show which permissions this command needs, and which of them you have
    #[arg(long)]
    check_permissions: bool,
    #[command(flatten)]
    filter: FilterFlags,
    #[command(flatten)]
    select: SelectFlags,
    #[command(flatten)]
    output: OutputFlags,
    #[command(flatten)]
    files: FileFlags,
}

struct Plan {
    target: Option<Target>,
    filter: Filter,
    selection: Selection,
    format: Format,
}

impl OrphansArgs {
    fn plan(&self) -> Result<Plan, Failure> {
        let plan = Plan {
            target: self.target.target()?,
            filter: self.filter.filter()?,
            selection: self.select.selection()?,
            format: self.output.format()?,
        };
        if plan.target.is_some() && plan.selection.all_namespaces {
            return Err(Failure::error("a resource cannot be retrieved by name across all namespaces"));
        }
        Ok(plan)
    }

    pub(crate) async fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let plan = self.plan()?;
        let all_namespaces = plan.selection.all_namespaces;
        let ask = ask(plan.target.as_ref().map(|target| target.set.clone()), plan.selection.chunk);
        if self.check_permissions {
            let needs =
                |namespace: &str| needs(&Ask { namespace: (!all_namespaces).then(|| Text::from(namespace)), ..ask });
            return check_permissions(context, plan.format, self.output.headers(), needs).await;
        }
        let facts = self.files.read(context, ask, all_namespaces).await?;
        let index = Index::new(&facts.cluster);
        let view = match plan.view(&facts.cluster, self.all_claims) {
            Ok(view) => view,
            Err(unknown) => return Err(facts.set_not_found(unknown).await),
        };
        self.write(context, &plan, &index, &view)?;
        let exit = facts.exit;
        Ok(facts.end(exit))
    }

    fn write(
        &self,
        context: &mut Context<'_>,
        plan: &Plan,
        index: &Index<'_>,
        view: &OrphansView<'_>,
    ) -> Result<(), Failure> {
        let now = index.cluster.now;
        let (claims, volumes) = orphans(index, view);
        let ordinal = plan.target.as_ref().and_then(|target| target.ordinal);
        let mut claims: Vec<Shown<'_>> = claims
            .into_iter()
            .filter(|row| ordinal.is_none() || row.ordinal == ordinal)
            .map(|row| Shown::new(row, index, now))
            .collect();
        let mut volumes: Vec<Left<'_>> = volumes
            .into_iter()
            .filter(|left| ordinal.is_none() || left.maker.map(|maker| maker.ordinal) == ordinal)
            .map(|left| Left { left, now })
            .collect();
        claims.retain(|shown| plan.filter.takes_claim(shown));
        volumes.retain(|left| plan.filter.takes_volume(left));
        self.output.sort(&columns(), &mut claims)?;
        // A column that only the claims' table has leaves the volumes in their order.
        let _ = self.output.sort(&volume_columns(), &mut volumes);
        let items = Items(|| {
            let claims = claims.iter().map(|shown| Item::claim(&shown.row, index));
            claims.chain(volumes.iter().map(|left| Item::volume(&left.left, index)))
        });
        if context.report(plan.format, &Report::new("VolumeReport", index.cluster, items))? {
            return Ok(());
        }
        if plan.format == Format::Name {
            for shown in &claims {
                writeln!(context.out, "persistentvolumeclaim/{}", escape(&shown.row.name))?;
            }
            for left in &volumes {
                writeln!(context.out, "persistentvolume/{}", escape(&left.left.volume.meta.name))?;
            }
            return Ok(());
        }
        self.tables(context, plan, &claims, &volumes)?;
        crate::commands::note_not_in_files(context, index.cluster)?;
        if claims.is_empty() && volumes.is_empty() {
            return context.note(&nothing(index.cluster, plan.narrows()));
        }
        Ok(())
    }

    fn tables(
        &self,
        context: &mut Context<'_>,
        plan: &Plan,
        claims: &[Shown<'_>],
        volumes: &[Left<'_>],
    ) -> Result<(), Failure> {
        let (wide, headers) = (plan.format == Format::Wide, self.output.headers());
        let namespaces: std::collections::BTreeSet<&str> = claims.iter().map(|shown| shown.row.namespace).collect();
        let several = plan.selection.all_namespaces || (self.files.given() && namespaces.len() > 1);
        let of_claims = columns();
        let mut table = Table::new(&of_claims, wide, headers);
        if !several {
            table = table.without("NAMESPACE");
        }
        table.write(claims.iter(), context.out)?;
        if volumes.is_empty() {
            if headers && !claims.is_empty() {
                writeln!(context.out, "\n{}", totals::line(claims, volumes))?;
            }
            return Ok(());
        }
        if headers {
            if !claims.is_empty() {
                writeln!(context.out)?;
            }
            writeln!(context.out, "Volumes without a claim of their own")?;
        }
        let of_volumes = volume_columns();
        Table::new(&of_volumes, wide, headers).write(volumes.iter(), context.out)?;
        if headers {
            writeln!(context.out, "\n{}", totals::line(claims, volumes))?;
        }
        Ok(())
    }
}

/// That there is nothing, where everything that could be a leftover was read.
fn nothing(cluster: &Cluster, filtered: bool) -> String {
    let wherever = cluster.namespace.as_deref().map_or("any namespace".to_owned(), |name| format!("namespace {name}"));
    if let Some(refusal) =
        [&cluster.sets.missing, &cluster.claims.missing, &cluster.volumes.missing].into_iter().flatten().next()
    {
        return format!("Whether anything was left behind in {wherever} can't be told: {refusal}.");
    }
    let namespaces = &cluster.around.namespaces;
    let there = |name: &Text| namespaces.items.iter().any(|namespace| *namespace.meta.name == **name);
    match &cluster.namespace {
        Some(name) if namespaces.missing.is_none() && !there(name) => format!("There is no namespace {name}."),
        _ if filtered => format!("Nothing that was left behind in {wherever} is what was asked for."),
        _ => format!("Nothing was left behind in {wherever}."),
    }
}

impl Plan {
    /// Whether less is shown than there may be.
    fn narrows(&self) -> bool {
        self.target.is_some() || self.selection.selects() || self.filter.narrows()
    }

    fn view<'a>(&self, cluster: &'a Cluster, all_claims: bool) -> Result<OrphansView<'a>, &Target> {
        let named = |set: &&StatefulSet| self.target.as_ref().is_none_or(|target| *set.meta.name == *target.set);
        let sets: Vec<&StatefulSet> =
            cluster.sets.items.iter().filter(|set| self.selection.shows(&set.meta)).filter(named).collect();
        match &self.target {
            Some(target) if sets.is_empty() => Err(target),
            // Leftovers of a set that is gone are not found by a live set's name or labels.
            target => Ok(OrphansView { of_gone_sets: target.is_none() && !self.selection.selects(), sets, all_claims }),
        }
    }
}
