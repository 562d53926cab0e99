//! The columns of the table.

use workload_core::jobs::schedule::Slot;
use workload_core::render::Show::{Always, Asked, Wide};
use workload_core::render::{Cell, Column, age, utc};

use super::super::cron_job::View;
use super::words;

/// A coming slot, or that none comes.
pub(super) struct Shown<'v> {
    view: &'v View<'v>,
    pub(super) slot: Option<Slot<'v>>,
}

impl<'v> Shown<'v> {
    pub(super) fn of(view: &'v View<'v>, count: usize) -> Vec<Self> {
        let slots = view.outlook.slots(count);
        if slots.is_empty() {
            return vec![Self { view, slot: None }];
        }
        slots.into_iter().map(|slot| Self { view, slot: Some(slot) }).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "orders rows")]
pub(super) fn columns<'v>() -> [Column<Shown<'v>>; 12] {
    let column = |name, show, cell| Column { name, show, cell };
    [
        column("NAMESPACE", Always, |s: &Shown<'v>| Cell::text(&*s.view.outlook.cron_job.meta.namespace)),
        column("CRONJOB", Always, |s| Cell::text(&*s.view.outlook.cron_job.meta.name)),
        column("SCHEDULE", Always, |s| Cell::text(&*s.view.outlook.cron_job.schedule)),
        column("NEXT", Always, |s| match s.slot {
            Some(slot) => Cell::text(utc(slot.at)),
            None => Cell::text("<never>"),
        }),
        column("IN", Always, |s| {
            let now = s.view.outlook.now;
            s.slot.map_or_else(Cell::none, |slot| {
                Cell::ranked(age(now, slot.at), slot.at.duration_since(now).as_secs() as f64)
            })
        }),
        column("LOCAL", Always, |s| match (&s.view.outlook.timetable, s.slot) {
            (Ok(table), Some(slot)) => Cell::text(words::local(slot.at, &table.zone.clocks)),
            _ => Cell::none(),
        }),
        column("ZONE", Always, |s| match &s.view.outlook.timetable {
            Ok(table) => Cell::text(words::zone(&table.zone)),
            Err(_) => s.view.outlook.cron_job.zone.as_deref().map_or_else(Cell::none, Cell::text),
        }),
        column("NOTE", Always, |s| {
            let words = match (&s.view.outlook.timetable, s.slot) {
                (Err(broken), _) => words::broken(broken),
                (Ok(_), Some(slot)) => words::fate(slot.fate, s.view.outlook.now),
                (Ok(_), None) => String::new(),
            };
            if words.is_empty() { Cell::none() } else { Cell::text(words) }
        }),
        column("POLICY", Wide, |s| Cell::text(s.view.outlook.cron_job.policy.word())),
        column("DEADLINE", Wide, |s| {
            s.view
                .outlook
                .cron_job
                .starting_deadline
                .map_or_else(Cell::none, |seconds| Cell::ranked(format!("{seconds}s"), seconds as f64))
        }),
        column("LAST", Wide, |s| {
            s.view.outlook.cron_job.status.last_slot.map_or_else(Cell::none, |at| Cell::text(utc(at)))
        }),
        column("LABELS", Asked, |s| {
            let labels = s.view.outlook.cron_job.meta.labels.to_string();
            if labels.is_empty() { Cell::none() } else { Cell::text(labels) }
        }),
    ]
}
