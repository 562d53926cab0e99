//! The columns of the table.

use jiff::Timestamp;
use workload_core::dns::look::{Judged, ServiceSeen};
use workload_core::dns::seen::{Seen, shown};
use workload_core::dns::zone::Zone;
use workload_core::facts::Known;
use workload_core::render::Show::{Always, Narrow, Wide};
use workload_core::render::{Cell, Column, utc};

/// A row with what its cells need besides.
pub(super) struct Row<'v> {
    pub(super) judged: &'v Judged<'v>,
    pub(super) full: String,
    /// The oldest view among the servers' of its Service.
    pub(super) serial: Option<u32>,
}

impl<'v> Row<'v> {
    pub(super) fn new(judged: &'v Judged<'v>, zone: &Zone, services: &[ServiceSeen<'v>]) -> Self {
        let name = &judged.name;
        let of = |seen: &&ServiceSeen<'_>| {
            seen.name.set.meta.namespace == name.set.meta.namespace && seen.name.name == &*name.set.service
        };
        let views = services.iter().find(of).map(|service| service.views.as_slice()).unwrap_or_default();
        Self { judged, full: name.full(zone), serial: views.iter().flatten().map(|view| view.serial).min() }
    }

    /// What one server says, as a cell.
    pub(super) fn answer(&self, server: usize) -> Cell {
        self.judged.seen.get(server).map_or_else(Cell::none, |seen| Cell::text(seen.word()))
    }
}

pub(super) fn columns<'v>() -> [Column<Row<'v>>; 14] {
    let column = |name, show, cell| Column { name, show, cell };
    [
        column("NAMESPACE", Always, |row: &Row<'v>| Cell::text(&*row.judged.name.set.meta.namespace)),
        column("SET", Always, |row| Cell::text(&*row.judged.name.set.meta.name)),
        column("ORD", Always, |row| {
            Cell::ranked(row.judged.name.ordinal.to_string(), f64::from(row.judged.name.ordinal))
        }),
        column("NAME", Narrow, |row| Cell::text(row.judged.name.short())),
        column("NAME", Wide, |row| Cell::text(&*row.full)),
        column("POD", Always, pod),
        column("ADDRESS", Always, address),
        column("PUBLISHED", Always, |row| Cell::text(row.judged.name.published.word())),
        column("CHANGED", Wide, |row| row.judged.name.changed.map_or_else(Cell::none, |at| Cell::text(utc(at)))),
        column("TTL", Wide, |row| {
            of_seen(row, |all| all.iter().filter_map(lifetime).min().map(|ttl| (ttl.to_string(), f64::from(ttl))))
        }),
        column("RTT", Wide, |row| of_seen(row, |all| all.iter().filter_map(|seen| seen.took).max().map(milliseconds))),
        column("SERIAL", Wide, |row| {
            let at = row.serial.and_then(|serial| Timestamp::from_second(i64::from(serial)).ok());
            at.map_or_else(Cell::none, |at| Cell::text(utc(at)))
        }),
        column("ANSWER", Always, |row| row.answer(0)),
        column("VERDICT", Always, |row| {
            row.judged.verdicts.first().map_or_else(Cell::none, |verdict| Cell::text(verdict.code.word()))
        }),
    ]
}

fn pod(row: &Row<'_>) -> Cell {
    match row.judged.name.pod {
        Known::Read(Some(pod)) => Cell::text(format!("{}/{} {}", pod.containers.0, pod.containers.1, pod.status)),
        Known::Read(None) => Cell::none(),
        Known::Refused(refusal) => Cell::text(format!("<{}>", refusal.word())),
    }
}

fn address(row: &Row<'_>) -> Cell {
    match row.judged.name.pod {
        Known::Read(Some(pod)) => Cell::text(shown(&workload_core::dns::predict::addresses(&pod.addresses).collect())),
        _ => Cell::none(),
    }
}

fn lifetime(seen: &Seen) -> Option<u32> {
    seen.ttl.or(seen.soa.map(|soa| soa.ttl))
}

fn of_seen(row: &Row<'_>, of: fn(&[Seen]) -> Option<(String, f64)>) -> Cell {
    of(&row.judged.seen).map_or_else(Cell::none, |(text, rank)| Cell::ranked(text, rank))
}

#[expect(clippy::cast_precision_loss, reason = "a round trip is no 285 years")]
fn milliseconds(micros: u64) -> (String, f64) {
    let milliseconds = micros as f64 / 1000.0;
    (format!("{milliseconds:.1}ms"), milliseconds)
}
