//! `kubectl job next`: when CronJobs run next.

mod columns;
mod report;
mod words;

use clap::Args;
use workload_cli::{Context, Exit, Failure, FileFlags, Format, OutputFlags, SelectFlags, Selection, check_permissions};
use workload_core::facts::{Cluster, Text};
use workload_core::gather::cron_jobs::{Ask, needs};
use workload_core::render::{Items, Report, Table, escape, write_findings};

use self::columns::{Shown, columns};
use self::report::Item;
use super::cron_job::{View, name, not_found};

/// Show when CronJobs run next, in UTC and by the clocks of their zone
///
/// Without a name the next run of each, the soonest first; with one its next five, and what keeps it from running: a suspension, a run that
/// goes on under Forbid, refusals by the server, clocks that are put forward or back.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  # What runs next in the namespace, the soonest first
  kubectl job next

  # What runs next in the whole cluster, two runs of each
  kubectl job next -A --count 2

  # The next ten runs of one
  kubectl job next nightly-backup --count 10

  # Of a manifest, before it is applied
  kubectl job next -f examples/jobs.yaml")]
pub(crate) struct NextArgs {
    /// The CronJob: NAME or cronjob/NAME
    #[arg(value_name = "CRONJOB")]
    name: Option<String>,
    /// How many runs of each; without it 5 of the one that is named, 1 of each of several
    #[arg(long, value_name = "N")]
    count: Option<u16>,
    /// Show which permissions this command needs, and which of them you have
    #[arg(long)]
    check_permissions: bool,
    #[command(flatten)]
    select: SelectFlags,
    #[command(flatten)]
    output: OutputFlags,
    #[command(flatten)]
    files: FileFlags,
}

/// What is to be done, checked before anything is read.
struct Plan {
    name: Option<String>,
    count: usize,
    selection: Selection,
    format: Format,
}

impl NextArgs {
    fn plan(&self) -> Result<Plan, Failure> {
        let name = self.name.as_deref().map(name).transpose()?;
        let selection = self.select.selection()?;
        if name.is_some() && selection.all_namespaces {
            return Err(Failure::error("a resource cannot be retrieved by name across all namespaces"));
        }
        let count = match self.count {
            Some(0) => return Err(Failure::error("--count must be at least 1")),
            Some(count) => count.into(),
            None if name.is_some() => 5,
            None => 1,
        };
        Ok(Plan { name, count, selection, format: self.output.format()? })
    }

    pub(crate) async fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let plan = self.plan()?;
        let all_namespaces = plan.selection.all_namespaces;
        let ask = Ask { namespace: None, name: plan.name.clone(), chunk: plan.selection.chunk };
        if self.check_permissions {
            let needs = |namespace: &str| {
                let namespace = (!all_namespaces).then(|| Text::from(namespace));
                needs(&Ask { namespace, ..ask })
            };
            return check_permissions(context, plan.format, self.output.headers(), needs).await;
        }
        let facts = self.files.read(context, ask, all_namespaces).await?;
        let cluster = &facts.cluster;
        let wanted = cluster.cron_jobs.items.iter().filter(|it| match &plan.name {
            Some(name) => *it.meta.name == **name,
            None => plan.selection.shows(&it.meta),
        });
        let views: Vec<View<'_>> = wanted.map(|it| View::new(it, cluster)).collect();
        if let (Some(name), true) = (&plan.name, views.is_empty()) {
            return Err(not_found(&facts, name).await);
        }
        self.write(context, &plan, cluster, &views)?;
        Ok(facts.exit)
    }

    fn write(
        &self,
        context: &mut Context<'_>,
        plan: &Plan,
        cluster: &Cluster,
        views: &[View<'_>],
    ) -> Result<(), Failure> {
        let items = Items(|| views.iter().map(|view| Item::new(view, plan.count)));
        if context.report(plan.format, &Report::new("ScheduleReport", cluster, items))? {
            return Ok(());
        }
        if views.is_empty() {
            return context.note(&match &cluster.namespace {
                Some(namespace) => format!("No CronJobs found in {namespace} namespace."),
                None => "No CronJobs found".to_owned(),
            });
        }
        if plan.format == Format::Name {
            for view in views {
                writeln!(context.out, "cronjob.batch/{}", escape(&view.outlook.cron_job.meta.name))?;
            }
            return Ok(());
        }
        let mut rows: Vec<Shown<'_>> = views.iter().flat_map(|view| Shown::of(view, plan.count)).collect();
        // What never comes stands last.
        rows.sort_by_key(|row| (row.slot.is_none(), row.slot.map(|slot| slot.at)));
        let columns = columns();
        self.output.sort(&columns, &mut rows)?;
        let mut table = Table::new(&columns, plan.format == Format::Wide, self.output.headers());
        let one_namespace = views
            .windows(2)
            .all(|pair| pair[0].outlook.cron_job.meta.namespace == pair[1].outlook.cron_job.meta.namespace);
        if !plan.selection.all_namespaces && one_namespace {
            table = table.without("NAMESPACE");
        }
        if plan.selection.show_labels {
            table = table.and(&columns, "LABELS");
        }
        table.write(rows.iter(), context.out)?;
        if plan.name.is_some() && self.output.headers() {
            for view in views {
                let until = rows.iter().filter_map(|row| row.slot).map(|slot| slot.at).max();
                for line in words::remarks(&view.outlook, until) {
                    writeln!(context.out, "{}", escape(&line))?;
                }
                if !view.verdicts.is_empty() {
                    writeln!(context.out)?;
                    write_findings(context.out, &view.verdicts, cluster.now, context.colour)?;
                }
            }
        }
        Ok(())
    }
}
