//! `kubectl sts status`: how each set is, and one screen for a set that is not well.

mod report;
mod screen;
mod summary;
mod view;
mod wait;
mod watch;

use std::time::Duration;

use clap::Args;
use workload_cli::{
    Context, Exit, Facts, Failure, FileFlags, Format, OutputFlags, SelectFlags, Selection, Target, WatchFlags,
    check_permissions, wait_limit,
};
use workload_core::facts::{Cluster, Listed, Revision, StatefulSet, Text};
use workload_core::findings::Severity;
use workload_core::gather::cluster::{Ask, NameSources, needs};
use workload_core::gather::resource::{
    ACCOUNTS, ATTACHMENTS, ATTRIBUTES_CLASSES, BUDGETS, CSI_NODES, EVENTS, LIMIT_RANGES, NODES, QUOTAS, REVISIONS,
    Resource, SNAPSHOTS,
};
use workload_core::gather::{limits, log_tail, revisions};
use workload_core::pods::LogTail;
use workload_core::render::{Items, Report, Table, escape, write_findings};
use workload_core::rollout::{compared, lacks_a_pod, ordinals, orphaned_pods};
use workload_core::volumes::Index;

use self::report::Item;
use self::summary::columns;
use self::view::{SetView, Sets};

/// Show how StatefulSets are: without a name a row per set, with one a row per ordinal and the findings
///
/// Each finding states its evidence and one next step.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  # A row per set of the namespace
  kubectl sts status

  # One set: its ordinals, and what is wrong with it
  kubectl sts status postgres-ss

  # Its DNS column says what is published; this asks the DNS servers what they answer
  kubectl sts dns postgres-ss

  # All sets whose labels match, in all namespaces
  kubectl sts status -A -l tier=db

  # In a pipeline, after kubectl apply: until it is rolled out, or something is wrong with it
  kubectl sts status redis-stset --wait=10m

  # From files, without a cluster
  kubectl sts status -f examples/shop.yaml")]
pub(crate) struct StatusArgs {
    /// The sets: NAME or statefulset/NAME
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Show which permissions this command needs, and which of them you have
    #[arg(long)]
    check_permissions: bool,
    /// End with 10 where a Fault is found, with 14 where none is and something could not be read
    #[arg(long)]
    exit_code: bool,
    /// Wait until every set is as it should be, or one has a Fault, which ends with 10; ends with 124 when the time passes before
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "0",
          conflicts_with_all = ["watch", "filename"])]
    wait: Option<String>,
    #[command(flatten)]
    select: SelectFlags,
    #[command(flatten)]
    output: OutputFlags,
    #[command(flatten)]
    watch: WatchFlags,
    #[command(flatten)]
    files: FileFlags,
}

/// What holds a pod back beside its claim: nodes, attachments, snapshots, and what was reported in the last hour.
const ALSO: &[&Resource] = &[&NODES, &CSI_NODES, &ATTACHMENTS, &ATTRIBUTES_CLASSES, &SNAPSHOTS, &BUDGETS, &EVENTS];

/// From a cluster the revisions are read that are compared, and no others.
const ALSO_IN_FILES: &[&Resource] = &[
    &NODES,
    &CSI_NODES,
    &ATTACHMENTS,
    &ATTRIBUTES_CLASSES,
    &SNAPSHOTS,
    &BUDGETS,
    &EVENTS,
    &REVISIONS,
    &QUOTAS,
    &LIMIT_RANGES,
    &ACCOUNTS,
];

/// What is to be done, checked before anything is read.
struct Plan {
    targets: Vec<Target>,
    selection: Selection,
    format: Format,
    /// How long to wait; for ever is the longest duration there is.
    wait: Option<Duration>,
}

impl StatusArgs {
    fn plan(&self) -> Result<Plan, Failure> {
        let plan = Plan {
            targets: self.names.iter().map(|name| Target::parse(name)).collect::<Result<_, _>>()?,
            selection: self.select.selection()?,
            format: self.output.format()?,
            wait: self.wait.as_deref().map(wait_limit).transpose()?,
        };
        if !plan.targets.is_empty() && plan.selection.all_namespaces {
            return Err(Failure::error("a resource cannot be retrieved by name across all namespaces"));
        }
        Ok(plan)
    }

    pub(crate) async fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let plan = self.plan()?;
        let all_namespaces = plan.selection.all_namespaces;
        let ask = Ask {
            namespace: None,
            set: match &plan.targets[..] {
                [one] => Some(one.set.clone()),
                _ => None,
            },
            all_claims: false,
            names: NameSources::Judged,
            chunk: plan.selection.chunk,
            also: if self.files.given() { ALSO_IN_FILES } else { ALSO },
            pod_names: true,
            all_volumes: false,
        };
        if self.check_permissions {
            let needs = |namespace: &str| {
                let namespace = (!all_namespaces).then(|| Text::from(namespace));
                let watched = self.watch.needs(ask.clone(), namespace.as_ref());
                let closer = vec![log_tail::need(namespace.as_ref()), revisions::need(namespace.as_ref())];
                let limits = limits::needs(namespace.as_ref());
                [needs(&Ask { namespace, ..ask }), closer, limits, watched].concat()
            };
            return check_permissions(context, plan.format, self.output.headers(), needs).await;
        }
        if self.watch.given(self.files.given())? {
            return self.watch(context, &plan, ask).await;
        }
        if let Some(limit) = plan.wait {
            return self.wait(context, &plan, ask, limit).await;
        }
        let mut facts = self.files.read(context, ask, all_namespaces).await?;
        let (logs, revisions) = plan.closer(context, &facts).await?;
        if let Some(revisions) = revisions {
            facts.cluster.around.revisions = revisions;
        }
        let lacking = plan
            .sets(&facts.cluster)
            .iter()
            .any(|set| lacks_a_pod(set, &ordinals(set, &facts.cluster), &facts.cluster));
        facts.read_limits(context, lacking, plan.selection.chunk).await?;
        let index = Index::new(&facts.cluster);
        let sets = Sets::new(&index, plan.sets(&facts.cluster), &plan.targets, &logs);
        let views = sets.views();
        for target in &plan.targets {
            if !views.iter().any(|view| view.name == target.set) {
                return Err(facts.set_not_found(target).await);
            }
        }
        let exit = if self.exit_code {
            let unread = facts.cluster.refusals().map(|_| Severity::Unknown);
            facts.exit.by_severity(views.iter().map(SetView::worst).chain(unread))
        } else {
            facts.exit
        };
        self.write(context, &plan, &index, &sets, views)?;
        Ok(facts.end(exit))
    }

    fn write<'a>(
        &self,
        context: &mut Context<'_>,
        plan: &Plan,
        index: &Index<'_>,
        sets: &Sets<'a>,
        mut views: Vec<SetView<'a>>,
    ) -> Result<(), Failure> {
        let mut findings = Vec::new();
        if plan.targets.is_empty() {
            views.sort_by_key(|view| std::cmp::Reverse(view.worst()));
            self.output.sort(&columns(), &mut views)?;
            findings = orphaned_pods(index.cluster);
        }
        let items = Items(|| views.iter().map(|view| Item::new(sets, view)));
        let report = Report::new("StatusReport", index.cluster, items).with_findings(findings.clone());
        if context.report(plan.format, &report)? {
            return Ok(());
        }
        if views.is_empty() && findings.is_empty() {
            return context.note(&match &index.cluster.namespace {
                Some(namespace) => format!("No resources found in {namespace} namespace."),
                None => "No resources found".to_owned(),
            });
        }
        if plan.format == Format::Name {
            for view in &views {
                writeln!(context.out, "statefulset.apps/{}", escape(view.name))?;
            }
            return Ok(());
        }
        if plan.targets.is_empty() {
            let columns = columns();
            let mut table = Table::new(&columns, plan.format == Format::Wide, self.output.headers());
            let one_namespace = views.windows(2).all(|pair| pair[0].namespace == pair[1].namespace);
            if !plan.selection.all_namespaces && one_namespace {
                table = table.without("NAMESPACE");
            }
            if plan.selection.show_labels {
                table = table.and(&columns, "LABELS");
            }
            table.write(views.iter(), context.out)?;
            if !findings.is_empty() {
                if !views.is_empty() {
                    writeln!(context.out)?;
                }
                write_findings(context.out, &findings, index.cluster.now, context.colour)?;
            }
            return Ok(());
        }
        for (at, view) in views.iter().enumerate() {
            if at > 0 {
                writeln!(context.out)?;
            }
            let wide = plan.format == Format::Wide;
            screen::write(context.out, sets, view, index.cluster, wide, self.output.headers(), context.colour)?;
        }
        Ok(())
    }
}

impl Plan {
    /// What a turn of its own tells of sets that are named: the last lines of what failed, and the revisions that a rollout goes from and to.
    /// Revisions are `None` where those that were read shall stay.
    async fn closer(
        &self,
        context: &mut Context<'_>,
        facts: &Facts,
    ) -> Result<(Vec<LogTail>, Option<Listed<Revision>>), Failure> {
        let not_read = Some(revisions::not_read());
        if self.targets.is_empty() {
            return Ok((Vec::new(), not_read));
        }
        let sets = self.sets(&facts.cluster);
        let rows: Vec<_> = sets.iter().map(|set| (*set, ordinals(set, &facts.cluster))).collect();
        let wanted: Vec<(Text, Text)> = rows
            .iter()
            .flat_map(|(set, rows)| compared(set, rows).into_iter().map(|name| (set.meta.namespace.clone(), name)))
            .collect();
        let Some(client) = facts.client() else {
            return Ok((Vec::new(), not_read.filter(|_| wanted.is_empty())));
        };
        let pods = rows.iter().flat_map(|(_, rows)| rows).filter_map(|row| row.pod.read().flatten());
        let ((tails, refused), revisions) = futures_util::join!(
            log_tail::tails(client, pods.filter(|pod| !pod.ready)),
            revisions::read(client, &wanted)
        );
        if let Some(refusal) = refused {
            context.note(&format!("note: {refusal}: can't tell what the container wrote"))?;
        }
        if wanted.is_empty() {
            return Ok((tails, not_read));
        }
        if let Some(refusal) = &revisions.missing {
            context.note(&format!("note: {refusal}: can't tell what the rollout changes"))?;
        }
        Ok((tails, Some(revisions)))
    }

    /// The sets to show: those named, in the order of their names on the command line, or those selected.
    fn sets<'a>(&self, cluster: &'a Cluster) -> Vec<&'a StatefulSet> {
        if self.targets.is_empty() {
            return cluster.sets.items.iter().filter(|set| self.selection.shows(&set.meta)).collect();
        }
        let mut sets = Vec::new();
        for target in &self.targets {
            sets.extend(cluster.sets.items.iter().filter(|set| *set.meta.name == *target.set));
        }
        sets
    }
}
