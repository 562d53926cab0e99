//! One Job or CronJob on one screen: headline, its pods or its runs, verdicts.

use std::io::{self, Write};

use jiff::Timestamp;
use workload_core::facts::{Job, Pod};
use workload_core::jobs::cause;
use workload_core::pods::{duration, ending};
use workload_core::render::Show::{Always, Wide};
use workload_core::render::{Cell, Column, Table, age, escape, utc, write_findings};

use super::view::{Of, View};

/// A Job of a thousand pods is no screen: so many are shown, those that are not well first.
const ROWS: usize = 20;

struct Row<'v> {
    pod: &'v Pod,
    now: Timestamp,
}

fn pod_columns<'v>() -> [Column<Row<'v>>; 8] {
    let column = |name, show, cell| Column { name, show, cell };
    [
        column("POD", Always, |row: &Row<'v>| Cell::text(&*row.pod.meta.name)),
        column("INDEX", Always, |row| cause::index_of(row.pod).map_or_else(Cell::none, Cell::text)),
        column("STATUS", Always, |row| Cell::text(&*row.pod.status)),
        column("RESTARTS", Always, |row| Cell::text(row.pod.restarts.to_string())),
        column("ENDED", Always, |row| ending(row.pod).map_or_else(Cell::none, |ending| Cell::text(ending.says))),
        column("NODE", Always, |row| row.pod.node.as_deref().map_or_else(Cell::none, Cell::text)),
        column("AGE", Always, |row| row.pod.meta.created().map_or_else(Cell::none, |at| Cell::text(age(at, row.now)))),
        column("CREATED", Wide, |row| row.pod.meta.created().map_or_else(Cell::none, |at| Cell::text(utc(at)))),
    ]
}

fn run_columns<'v>() -> [Column<&'v View<'v>>; 6] {
    let column = |name, show, cell| Column { name, show, cell };
    [
        column("JOB", Always, |run: &&'v View<'v>| Cell::text(&*run.meta().name)),
        column("SLOT", Always, |run| match run.job() {
            Some(Job { slot: Some(slot), .. }) => Cell::text(utc(*slot)),
            Some(job) if job.manual => Cell::text("by hand"),
            _ => Cell::none(),
        }),
        column("VERDICT", Always, |run| {
            run.verdicts.first().map_or_else(Cell::none, |verdict| Cell::text(verdict.code.word()))
        }),
        column("DURATION", Always, |run| run.took().map_or_else(Cell::none, |took| Cell::text(duration(took)))),
        column("AGE", Always, |run| run.meta().created().map_or_else(Cell::none, |at| Cell::text(age(at, run.now)))),
        column("CREATED", Wide, |run| run.meta().created().map_or_else(Cell::none, |at| Cell::text(utc(at)))),
    ]
}

pub(super) fn write(out: &mut dyn Write, view: &View<'_>, wide: bool, headers: bool, colour: bool) -> io::Result<()> {
    if headers {
        writeln!(out, "{}\n", headline(view))?;
    }
    let mut pods: Vec<Row<'_>> = view.pods.iter().map(|pod| Row { pod, now: view.now }).collect();
    pods.sort_by_key(|row| (row.pod.detail.is_none(), row.pod.meta.created()));
    let columns = pod_columns();
    let mut table = Table::new(&columns, wide, headers);
    if pods.iter().all(|row| cause::index_of(row.pod).is_none()) {
        table = table.without("INDEX");
    }
    table.write(pods.iter().take(ROWS), out)?;
    let runs: Vec<&View<'_>> = view.jobs.iter().collect();
    Table::new(&run_columns(), wide, headers).write(runs.iter().take(ROWS), out)?;
    let more = (pods.len() + runs.len()).saturating_sub(ROWS);
    if more > 0 {
        writeln!(out, "and {more} more")?;
    }
    if !(pods.is_empty() && runs.is_empty()) {
        writeln!(out)?;
    }
    write_findings(out, &view.verdicts, view.now, colour)
}

fn headline(view: &View<'_>) -> String {
    let name = format!("{} {}/{}", view.kind(), escape(&view.meta().namespace), escape(&view.meta().name));
    let says = view.verdicts.first().map_or("", |verdict| verdict.code.word());
    match view.of {
        Of::Job(job) => {
            let of = job.cron_job().map_or_else(String::new, |name| format!(" of CronJob {}", escape(name)));
            format!("{name}{of}: {says}")
        }
        Of::CronJob(cron_job) => {
            let zone = cron_job.zone.as_deref().map_or_else(String::new, |zone| format!(" {}", escape(zone)));
            format!("{name}, {}{zone}: {says}", escape(&cron_job.schedule))
        }
    }
}
