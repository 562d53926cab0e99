//! `kubectl sts volumes`: which claim and volume belongs to which ordinal, and what was left behind.

mod columns;
pub(super) mod report;
mod watch;

use clap::Args;
use workload_cli::{
    Context, Exit, Failure, FileFlags, Format, OutputFlags, SelectFlags, Selection, Target, TargetArgs, WatchFlags,
    check_permissions,
};
use workload_core::facts::{Cluster, StatefulSet, Text, format_bytes};
use workload_core::findings::{Code, ObjectRef, Verdict};
use workload_core::gather::cluster::{Ask, NameSources, needs};
use workload_core::gather::usage;
use workload_core::render::{Items, Report, Table, escape, write_findings};
use workload_core::volumes::{
    Change, ComesBack, Group, Index, Row, Summary, View, fullness, mounted_on, rows, verdicts,
};

use self::columns::{Shown, USAGE, columns};
use self::report::Item;

/// Show which claim and volume belongs to which ordinal, and which claims were left behind
///
/// A row per ordinal and claim template; then the claims that a scale-down left behind, and what a scale-up would attach again.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  # The claims and volumes of one set, and what it left behind
  kubectl sts volumes redis-stset

  # Of one ordinal
  kubectl sts volumes redis-stset 1

  # Of all sets, the largest first to see
  kubectl sts volumes -A --sort-by size

  # How full they are, by the kubelets' statistics; the fullest first
  kubectl sts volumes --usage --sort-by free

  # From files, without a cluster
  kubectl sts volumes -f examples/shop.yaml")]
pub(crate) struct VolumesArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Show claims that no set makes as well
    #[arg(long)]
    all_claims: bool,
    /// Ask the kubelets how full mounted volumes are; needs get of nodes/proxy, which is as strong as running commands in every pod
    #[arg(long, conflicts_with_all = ["watch", "filename"])]
    usage: bool,
    /// Show which permissions this command needs, and which of them you have
    #[arg(long)]
    check_permissions: bool,
    #[command(flatten)]
    select: SelectFlags,
    #[command(flatten)]
    output: OutputFlags,
    #[command(flatten)]
    watch: WatchFlags,
    #[command(flatten)]
    files: FileFlags,
}

/// The budget of this command is two turns: who else may name a claim is for `orphans`, `status` and `clean` to read.
const ALSO: &[&workload_core::gather::resource::Resource] = &[];

/// What is to be done, checked before anything is read.
struct Plan {
    target: Option<Target>,
    all_claims: bool,
    selection: Selection,
    format: Format,
}

impl VolumesArgs {
    fn plan(&self) -> Result<Plan, Failure> {
        let plan = Plan {
            target: self.target.target()?,
            all_claims: self.all_claims,
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
        let ask = Ask {
            namespace: None,
            set: plan.target.as_ref().map(|target| target.set.clone()),
            all_claims: plan.all_claims,
            names: NameSources::Unread,
            chunk: plan.selection.chunk,
            also: ALSO,
            pod_names: false,
            all_volumes: false,
        };
        if self.check_permissions {
            let needs = |namespace: &str| {
                let namespace = (!all_namespaces).then(|| Text::from(namespace));
                let watched = self.watch.needs(ask.clone(), namespace.as_ref());
                let usage = self.usage.then(usage::need);
                [needs(&Ask { namespace, ..ask }), usage.into_iter().collect(), watched].concat()
            };
            return check_permissions(context, plan.format, self.output.headers(), needs).await;
        }
        if self.watch.given(self.files.given())? {
            return self.watch(context, &plan, ask).await;
        }
        let mut facts = self.files.read(context, ask, all_namespaces).await?;
        if let (true, Some(client)) = (self.usage, facts.client()) {
            let usage = {
                let index = Index::new(&facts.cluster);
                let of = plan.view(&facts.cluster).map(|view| rows(&index, &view)).unwrap_or_default();
                usage::read(client, &mounted_on(&of, &index)).await
            };
            for (node, refusal) in usage.all_unread() {
                context.note(&format!("note: node {node}: {refusal}: can't tell how full its volumes are"))?;
            }
            facts.cluster.usage = Some(usage);
        }
        let view = match plan.view(&facts.cluster) {
            Ok(view) => view,
            Err(unknown) => return Err(facts.set_not_found(unknown).await),
        };
        let index = Index::new(&facts.cluster);
        let mut rows = rows(&index, &view);
        if let Some(ordinal) = plan.target.as_ref().and_then(|target| target.ordinal) {
            rows.retain(|row| row.ordinal == Some(ordinal));
        }
        self.write(context, &plan, &index, &rows)?;
        self.filling(context, &plan, &index, &rows)?;
        let exit = facts.exit;
        Ok(facts.end(exit))
    }

    fn write(
        &self,
        context: &mut Context<'_>,
        plan: &Plan,
        index: &Index<'_>,
        rows: &[Row<'_>],
    ) -> Result<(), Failure> {
        let now = index.cluster.now;
        let summary = Summary::of(rows);
        let mut rows: Vec<Shown<'_>> =
            rows.iter().map(|row| Shown { row, fullness: fullness(row, index), now }).collect();
        self.output.sort(&columns(), &mut rows)?;
        let items = Items(|| rows.iter().map(|shown| Item::new(shown.row, index)));
        if context.report(plan.format, &Report::new("VolumeReport", index.cluster, items))? {
            return Ok(());
        }
        if rows.is_empty() {
            return context.note(&nothing(plan, index.cluster));
        }
        if plan.format == Format::Name {
            for shown in rows.iter().filter(|shown| shown.row.claim.is_some()) {
                writeln!(context.out, "persistentvolumeclaim/{}", escape(&shown.row.name))?;
            }
            return Ok(());
        }
        self.tables(context, plan, &rows)?;
        if self.output.headers() {
            writeln!(context.out, "\n{}", footer(&summary))?;
        }
        Ok(())
    }

    /// With `--usage` that a volume is full is why somebody looks: below the table it is said with its next step.
    fn filling(
        &self,
        context: &mut Context<'_>,
        plan: &Plan,
        index: &Index<'_>,
        rows: &[Row<'_>],
    ) -> Result<(), Failure> {
        if !self.usage || !matches!(plan.format, Format::Table | Format::Wide) || !self.output.headers() {
            return Ok(());
        }
        let mut full: Vec<Verdict> = rows
            .iter()
            .filter_map(|row| {
                let claim = row.claim?;
                let said = verdicts(row, index).into_iter().find(|verdict| verdict.code == Code::VolumeFilling)?;
                Some(said.about(ObjectRef::new("PersistentVolumeClaim", &claim.meta)))
            })
            .collect();
        full.sort_by_key(|verdict| std::cmp::Reverse(verdict.severity));
        if !full.is_empty() {
            writeln!(context.out)?;
            write_findings(context.out, &full, index.cluster.now, context.colour)?;
        }
        Ok(())
    }

    /// A table under each heading.
    fn tables(&self, context: &mut Context<'_>, plan: &Plan, rows: &[Shown<'_>]) -> Result<(), Failure> {
        let columns = columns();
        let mut hidden = Vec::new();
        if !(plan.selection.all_namespaces || self.files.given() && several_namespaces(rows)) {
            hidden.push("NAMESPACE");
        }
        if plan.target.is_some() {
            hidden.push("SET");
        }
        let mut first = true;
        for (group, heading) in [
            (Group::InRange, None),
            (Group::Retained, Some("Retained: no ordinal in range uses these claims")),
            (Group::Unowned, Some("Claims that no set makes")),
        ] {
            let of = rows.iter().filter(|shown| shown.row.group == group);
            if of.clone().next().is_none() {
                continue;
            }
            if let Some(heading) = heading.filter(|_| self.output.headers()) {
                if !first {
                    writeln!(context.out)?;
                }
                writeln!(context.out, "{heading}")?;
            }
            first = false;
            let table = Table::new(&columns, plan.format == Format::Wide, self.output.headers());
            let table = if plan.selection.show_labels { table.and(&columns, "LABELS") } else { table };
            let usage = USAGE.iter().filter(|_| self.usage);
            let table = usage.fold(table, |table, name| table.and(&columns, name));
            let hidden = hidden.iter().chain(if group == Group::Unowned { &["SET", "ORD"][..] } else { &[] });
            hidden.fold(table, |table, name| table.without(name)).write(of, context.out)?;
        }
        Ok(())
    }
}

fn several_namespaces(rows: &[Shown<'_>]) -> bool {
    rows.windows(2).any(|pair| pair[0].row.namespace != pair[1].row.namespace)
}

impl Plan {
    /// What to show; the target where there is no such set.
    fn view<'a>(&self, cluster: &'a Cluster) -> Result<View<'a>, &Target> {
        let named = |set: &&StatefulSet| self.target.as_ref().is_none_or(|target| *set.meta.name == *target.set);
        let sets: Vec<&StatefulSet> =
            cluster.sets.items.iter().filter(|set| self.selection.shows(&set.meta)).filter(named).collect();
        match &self.target {
            Some(target) if sets.is_empty() && !implied(cluster, &target.set) => Err(target),
            _ => Ok(View {
                sets,
                all_claims: self.all_claims,
                only: self.target.as_ref().map(|target| target.set.clone()),
            }),
        }
    }
}

/// Whether pods tell of a set that the files do not hold.
fn implied(cluster: &Cluster, set: &str) -> bool {
    let owned = |name: &str| name == set;
    cluster.sets.missing.is_some()
        && cluster
            .pods
            .items
            .iter()
            .any(|pod| pod.meta.controller().is_some_and(|owner| &*owner.kind == "StatefulSet" && owned(&owner.name)))
}

fn nothing(plan: &Plan, cluster: &Cluster) -> String {
    match (&plan.target, &cluster.namespace) {
        (Some(target), _) => format!("StatefulSet {} has no claim templates and left no claims behind.", target.set),
        (None, Some(namespace)) => format!("No resources found in {namespace} namespace."),
        (None, None) => "No resources found".to_owned(),
    }
}

fn footer(summary: &Summary) -> String {
    let claims = |n: usize| format!("{n} {}", if n == 1 { "claim" } else { "claims" });
    let part = |n: usize, text: String| if n > 0 { text } else { String::new() };
    let unknown = part(summary.unknown, format!(", of {} it can't be told", claims(summary.unknown)));
    let size = format_bytes(summary.retained_bytes);
    let retained = part(summary.retained, format!(", {} retained ({size})", summary.retained));
    let unowned = part(summary.unowned, format!(", {} that no set makes", summary.unowned));
    format!("{} in use{unknown}{retained}{unowned}{}.", claims(summary.in_use), comes_back(&summary.comes_back))
}

fn comes_back(claims: &[ComesBack]) -> String {
    if let [one] = claims {
        let (set, claim) = (escape(&one.set), escape(&one.claim));
        return match one.by {
            Change::Replicas(n) => format!("; scaling {set} to {n} attaches {claim} again"),
            Change::Start(k) => format!("; an ordinals.start of {k} in {set} attaches {claim} again"),
        };
    }
    let names: Vec<_> = claims.iter().take(3).map(|one| escape(&one.claim)).collect();
    let more = match claims.len() - names.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let by_replicas = claims.iter().all(|one| matches!(one.by, Change::Replicas(_)));
    let change = if by_replicas { "scaling up" } else { "scaling up or lowering ordinals.start" };
    if claims.is_empty() { String::new() } else { format!("; {change} attaches again: {}{more}", names.join(", ")) }
}
