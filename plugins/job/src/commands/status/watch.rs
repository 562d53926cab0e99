//! `status -w`: the row of each Job and CronJob, again whenever it has changed.

use workload_cli::{Context, Exit, Failure, Format, Seen, Watched};
use workload_core::gather::jobs::Ask;
use workload_core::render::{Table, escape};

use super::columns::columns;
use super::report::Item;
use super::view::{Scene, View};
use super::{Plan, StatusArgs};

impl StatusArgs {
    /// Runs until it is ended, or the server refuses.
    pub(super) async fn watch(&self, context: &mut Context<'_>, plan: &Plan, ask: Ask) -> Result<Exit, Failure> {
        let mut watched = Watched::begin(context, ask, plan.selection.all_namespaces).await?;
        let (mut seen, mut widths) = (Seen::default(), Vec::new());
        let mut missing = plan.targets.iter();
        loop {
            let cluster = watched.next(context).await?;
            let scene = Scene::new(&cluster, &[]);
            let rows = plan.views(&scene);
            // Only at the beginning: later it is news that one is gone.
            if let Some(target) = missing.find(|target| !rows.iter().any(|view| *view.meta().name == *target.name)) {
                return Err(Failure::not_found(target.resource(), &target.name));
            }
            let columns = columns();
            let key = |view: &View<'_>| format!("{}/{}", view.meta().namespace, view.full_name());
            let (mut rows, gone) = seen.news(&columns, rows, key);
            self.output.sort(&columns, &mut rows)?;
            self.write_news(context, plan, &rows, &mut widths)?;
            context.out.flush()?;
            for key in gone {
                context.note(&format!("{key} is gone"))?;
            }
        }
    }

    fn write_news(
        &self,
        context: &mut Context<'_>,
        plan: &Plan,
        rows: &[View<'_>],
        widths: &mut Vec<usize>,
    ) -> Result<(), Failure> {
        match plan.format {
            Format::Json | Format::Yaml => {
                for view in rows {
                    if plan.format == Format::Yaml {
                        writeln!(context.out, "---")?;
                    }
                    context.report(plan.format, &Item::new(view))?;
                }
            }
            Format::Name => {
                for view in rows {
                    writeln!(context.out, "{}", escape(&view.full_name()))?;
                }
            }
            Format::Table | Format::Wide => {
                let columns = columns();
                let mut table = Table::new(&columns, plan.format == Format::Wide, self.output.headers());
                if !plan.selection.all_namespaces {
                    table = table.without("NAMESPACE");
                }
                if plan.selection.show_labels {
                    table = table.and(&columns, "LABELS");
                }
                table.write_more(rows.iter(), widths, context.out)?;
            }
        }
        Ok(())
    }
}
