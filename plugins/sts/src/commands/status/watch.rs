//! `status -w`: the row of each set, again whenever it has changed.

use workload_cli::{Context, Exit, Failure, Format, Seen, Watched};
use workload_core::gather::cluster::Ask;
use workload_core::render::{Table, escape};
use workload_core::volumes::Index;

use super::report::Item;
use super::summary::columns;
use super::view::{SetView, Sets};
use super::{Plan, StatusArgs};

impl StatusArgs {
    /// Runs until it is ended, or the server refuses.
    pub(super) async fn watch(&self, context: &mut Context<'_>, plan: &Plan, ask: Ask) -> Result<Exit, Failure> {
        let mut watched = Watched::begin(context, ask, plan.selection.all_namespaces).await?;
        let (mut seen, mut widths) = (Seen::default(), Vec::new());
        let mut missing = plan.targets.iter();
        loop {
            let cluster = watched.next(context).await?;
            let index = Index::new(&cluster);
            let columns = columns();
            let sets = Sets::new(&index, plan.sets(&cluster), &plan.targets, &[]);
            let rows = sets.views();
            // Only at the beginning: later it is news that a set is gone.
            if let Some(target) = missing.find(|target| !rows.iter().any(|view| view.name == target.set)) {
                return Err(Failure::not_found("statefulsets.apps", &target.set));
            }
            let (mut rows, gone) =
                seen.news(&columns, rows, |view| format!("{}/statefulset.apps/{}", view.namespace, view.name));
            self.output.sort(&columns, &mut rows)?;
            self.write_news(context, plan, &sets, &rows, &mut widths)?;
            context.out.flush()?;
            for key in gone {
                context.note(&format!("{key} is gone"))?;
            }
        }
    }

    fn write_news<'a>(
        &self,
        context: &mut Context<'_>,
        plan: &Plan,
        sets: &Sets<'a>,
        rows: &[SetView<'a>],
        widths: &mut Vec<usize>,
    ) -> Result<(), Failure> {
        match plan.format {
            Format::Json | Format::Yaml => {
                for view in rows {
                    if plan.format == Format::Yaml {
                        writeln!(context.out, "---")?;
                    }
                    context.report(plan.format, &Item::new(sets, view))?;
                }
            }
            Format::Name => {
                for view in rows {
                    writeln!(context.out, "statefulset.apps/{}", escape(view.name))?;
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
