//! `volumes -w`: the row of each claim, again whenever it has changed.

use workload_cli::{Context, Exit, Failure, Format, Seen, Watched};
use workload_core::gather::cluster::Ask;
use workload_core::render::{Table, escape};
use workload_core::volumes::{Index, rows};

use super::columns::{Shown, columns};
use super::report::Item;
use super::{Plan, VolumesArgs};

impl VolumesArgs {
    /// Runs until it is ended, or the server refuses. All rows stand in one table: a claim that is left behind stays the same row.
    pub(super) async fn watch(&self, context: &mut Context<'_>, plan: &Plan, ask: Ask) -> Result<Exit, Failure> {
        let mut watched = Watched::begin(context, ask, plan.selection.all_namespaces).await?;
        let (mut seen, mut widths, mut first) = (Seen::default(), Vec::new(), true);
        loop {
            let cluster = watched.next(context).await?;
            let index = Index::new(&cluster);
            let columns = columns();
            // Later it is news that a set is gone: then it has no rows.
            let rows = match plan.view(&cluster) {
                Ok(view) => rows(&index, &view),
                Err(unknown) if first => {
                    return Err(Failure::not_found("statefulsets.apps", &unknown.set));
                }
                Err(_) => Vec::new(),
            };
            first = false;
            let only = plan.target.as_ref().and_then(|target| target.ordinal);
            let rows: Vec<_> = rows.into_iter().filter(|row| only.is_none() || row.ordinal == only).collect();
            let rows = rows.iter().map(|row| Shown { row, fullness: None, now: cluster.now }).collect();
            let key = |shown: &Shown<'_>| format!("{}/persistentvolumeclaim/{}", shown.row.namespace, shown.row.name);
            let (mut rows, gone) = seen.news(&columns, rows, key);
            self.output.sort(&columns, &mut rows)?;
            match plan.format {
                Format::Json | Format::Yaml => {
                    for shown in &rows {
                        if plan.format == Format::Yaml {
                            writeln!(context.out, "---")?;
                        }
                        context.report(plan.format, &Item::new(shown.row, &index))?;
                    }
                }
                Format::Name => {
                    for shown in rows.iter().filter(|shown| shown.row.claim.is_some()) {
                        writeln!(context.out, "persistentvolumeclaim/{}", escape(&shown.row.name))?;
                    }
                }
                Format::Table | Format::Wide => {
                    let mut table = Table::new(&columns, plan.format == Format::Wide, self.output.headers());
                    if !plan.selection.all_namespaces {
                        table = table.without("NAMESPACE");
                    }
                    if plan.selection.show_labels {
                        table = table.and(&columns, "LABELS");
                    }
                    table.write_more(rows.iter(), &mut widths, context.out)?;
                }
            }
            context.out.flush()?;
            for key in gone {
                context.note(&format!("{key} is gone"))?;
            }
        }
    }
}
