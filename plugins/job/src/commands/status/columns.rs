//! The table of Jobs and CronJobs.

use workload_core::findings::Severity;
use workload_core::render::Show::{Always, Asked, Wide};
use workload_core::render::{Cell, Column, age, utc};

use super::view::View;

pub(super) fn columns<'a>() -> [Column<View<'a>>; 12] {
    let column = |name, show, cell| Column { name, show, cell };
    [
        column("NAMESPACE", Always, |view: &View<'a>| Cell::text(&*view.meta().namespace)),
        column("NAME", Always, |view| Cell::text(view.name())),
        column("VERDICT", Always, |view| Cell::text(codes(view))),
        column("COMPLETIONS", Always, |view| completions(view)),
        column("ACTIVE", Always, |view| active(view)),
        column("SCHEDULE", Always, |view| view.cron_job().map_or_else(Cell::none, |it| Cell::text(&*it.schedule))),
        column("LAST SLOT", Always, |view| {
            let slot = view.cron_job().and_then(|it| it.status.last_slot);
            slot.map_or_else(Cell::none, |at| Cell::text(age(at, view.now)))
        }),
        column("DURATION", Always, |view| {
            view.took().map_or_else(Cell::none, |took| Cell::ranked(workload_core::pods::duration(took), seconds(took)))
        }),
        column("AGE", Always, |view| {
            let created = view.meta().created();
            created.map_or_else(Cell::none, |at| Cell::ranked(age(at, view.now), seconds(view.now.duration_since(at))))
        }),
        column("SAYS", Wide, |view| {
            view.verdicts.first().map_or_else(Cell::none, |verdict| Cell::text(&*verdict.says))
        }),
        column("CREATED", Wide, |view| view.meta().created().map_or_else(Cell::none, |at| Cell::text(utc(at)))),
        column("LABELS", Asked, |view| match view.meta().labels.to_string() {
            labels if labels.is_empty() => Cell::none(),
            labels => Cell::text(labels),
        }),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "orders rows")]
fn seconds(length: jiff::SignedDuration) -> f64 {
    length.as_secs() as f64
}

fn completions(view: &View<'_>) -> Cell {
    let Some(job) = view.job() else { return Cell::none() };
    let done = job.status.succeeded;
    let text = match job.completions {
        Some(all) => format!("{done}/{all}"),
        // As kubectl shows a work queue.
        None => format!("{done}/1 of {}", job.parallelism),
    };
    Cell::ranked(text, f64::from(done))
}

fn active(view: &View<'_>) -> Cell {
    let active = view.job().map_or_else(
        || view.cron_job().map_or(0, |it| i32::try_from(it.status.active.len()).unwrap_or(i32::MAX)),
        |job| job.status.active,
    );
    Cell::ranked(active.to_string(), f64::from(active))
}

/// Its own code, and what is worse than a notice besides.
fn codes(view: &View<'_>) -> String {
    let mut codes: Vec<&str> = Vec::new();
    for (at, verdict) in view.verdicts.iter().enumerate() {
        let code = verdict.code.word();
        if (at == 0 || verdict.severity > Severity::Notice) && !codes.contains(&code) {
            codes.push(code);
        }
    }
    codes.join(",")
}
