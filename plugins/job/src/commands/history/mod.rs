//! `kubectl job history`: the runs of a CronJob.

mod columns;
mod report;

use clap::Args;
use workload_cli::{Context, Exit, Failure, FileFlags, Format, OutputFlags, check_permissions};
use workload_core::facts::{Cluster, Text};
use workload_core::gather::cron_jobs::{Ask, needs};
use workload_core::jobs::history::{Run, history};
use workload_core::render::{Items, Report, Table, escape, write_findings};

use self::columns::{Shown, columns};
use self::report::Item;
use super::cron_job::{View, known, name, not_found};

/// Show the runs of a CronJob: their slots, starts, durations and results, and the slots without a run
///
/// Each line says where it was learnt: from its Job, from events (which go after an hour), from the CronJob's status, or by arithmetic. The
/// history limits delete Jobs, so an old slot without one may well have run.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  # What became of the last runs of a CronJob?
  kubectl job history nightly-backup

  # With the Jobs' creation and end in UTC
  kubectl job history nightly-backup -o wide

  # The names of runs that failed
  kubectl job history nightly-backup -o json | jq -r '.items[] | select(.result == \"Failed\") | .object.name'")]
pub(crate) struct HistoryArgs {
    /// The CronJob: NAME or cronjob/NAME
    #[arg(value_name = "CRONJOB", required_unless_present = "check_permissions")]
    name: Option<String>,
    /// Show which permissions this command needs, and which of them you have
    #[arg(long)]
    check_permissions: bool,
    /// Objects to ask for at a time; 0 for all at once
    #[arg(long, value_name = "N", default_value_t = 500)]
    chunk_size: u32,
    #[command(flatten)]
    output: OutputFlags,
    #[command(flatten)]
    files: FileFlags,
}

impl HistoryArgs {
    pub(crate) async fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let format = self.output.format()?;
        let name = self.name.as_deref().map(name).transpose()?;
        let ask = Ask { namespace: None, name: name.clone(), chunk: self.chunk_size };
        if self.check_permissions {
            let needs = |namespace: &str| needs(&Ask { namespace: Some(Text::from(namespace)), ..ask });
            return check_permissions(context, format, self.output.headers(), needs).await;
        }
        let facts = self.files.read(context, ask, false).await?;
        let cluster = &facts.cluster;
        let name = name.unwrap_or_default();
        let found: Vec<_> = cluster.cron_jobs.items.iter().filter(|it| *it.meta.name == *name).collect();
        let cron_job = match found[..] {
            [] => return Err(not_found(&facts, &name).await),
            [cron_job] => cron_job,
            _ => {
                return Err(Failure::error(format_args!("the files hold a CronJob {name} in several namespaces"))
                    .hint("choose one of them with -n"));
            }
        };
        let view = View::new(cron_job, cluster);
        let runs = history(&view.outlook, known(&view.children, cluster), &cluster.around.events.items);
        self.write(context, format, cluster, &view, &runs)?;
        Ok(facts.exit)
    }

    fn write(
        &self,
        context: &mut Context<'_>,
        format: Format,
        cluster: &Cluster,
        view: &View<'_>,
        runs: &[Run<'_>],
    ) -> Result<(), Failure> {
        let cron_job = view.outlook.cron_job;
        let items = Items(|| runs.iter().map(|run| Item::new(run, cron_job, cluster.now)));
        let report = Report::new("HistoryReport", cluster, items).with_findings(view.verdicts.clone());
        if context.report(format, &report)? {
            return Ok(());
        }
        if format == Format::Name {
            for run in runs.iter().filter(|run| run.job.is_some()) {
                writeln!(context.out, "job.batch/{}", escape(run.name.unwrap_or_default()))?;
            }
            return Ok(());
        }
        if runs.is_empty() {
            context.note(&format!("CronJob {} has not run, as far as can be told", cron_job.meta.name))?;
        } else {
            let mut rows: Vec<Shown<'_>> = runs.iter().map(|run| Shown { run, now: cluster.now }).collect();
            let columns = columns();
            self.output.sort(&columns, &mut rows)?;
            Table::new(&columns, format == Format::Wide, self.output.headers()).write(rows.iter(), context.out)?;
        }
        if self.output.headers() && !view.verdicts.is_empty() {
            writeln!(context.out)?;
            write_findings(context.out, &view.verdicts, cluster.now, context.colour)?;
        }
        Ok(())
    }
}
