//! One set on one screen: headline, a row per ordinal, findings, what was left behind.

use std::io::{self, Write};

use jiff::Timestamp;
use workload_core::dns::declared;
use workload_core::facts::{Cluster, Known, Pod, Quantity, format_bytes};
use workload_core::render::Show::{Always, Wide};
use workload_core::render::{Cell, Column, Table, age, escape, utc, write_findings};
use workload_core::rollout::Ordinal;
use workload_core::volumes::{Group, Row};

use super::view::{SetView, Sets, retained};

/// A row of the screen.
struct Shown<'v> {
    ordinal: &'v Ordinal<'v>,
    claims: String,
    dns: &'static str,
    applied: bool,
    now: Timestamp,
}

fn columns<'v>() -> [Column<Shown<'v>>; 11] {
    let column = |name, show, cell| Column { name, show, cell };
    [
        column("ORD", Always, |row: &Shown<'v>| Cell::text(row.ordinal.ordinal.to_string())),
        column("POD", Always, |row| of_pod(row, |pod, _| Cell::text(&*pod.meta.name))),
        column("READY", Always, |row| of_pod(row, |pod, _| Cell::text(pod.readiness()))),
        column("STATUS", Always, |row| of_pod(row, |pod, _| Cell::text(&*pod.status))),
        column("RESTARTS", Always, |row| of_pod(row, |pod, now| Cell::text(restarts(pod, now)))),
        column("REVISION", Always, |row| row.ordinal.revision.map_or_else(Cell::none, |r| Cell::text(r.word()))),
        column("CLAIMS", Always, |row| Cell::text(&*row.claims)),
        column("DNS", Always, |row| Cell::text(row.dns)),
        column("NODE", Always, |row| of_pod(row, |pod, _| pod.node.as_deref().map_or_else(Cell::none, Cell::text))),
        column("AGE", Always, |row| {
            of_pod(row, |pod, now| pod.meta.created().map_or_else(Cell::none, |at| Cell::text(age(at, now))))
        }),
        column("CREATED", Wide, |row| {
            of_pod(row, |pod, _| pod.meta.created().map_or_else(Cell::none, |at| Cell::text(utc(at))))
        }),
    ]
}

/// As kubectl prints them: `3 (5s ago)`.
fn restarts(pod: &Pod, now: Timestamp) -> String {
    match pod.last_restart() {
        Some(last) => format!("{} ({} ago)", pod.restarts, age(last, now)),
        None => pod.restarts.to_string(),
    }
}

fn of_pod(row: &Shown<'_>, cell: fn(&Pod, Timestamp) -> Cell) -> Cell {
    match row.ordinal.pod {
        Known::Read(Some(pod)) => cell(pod, row.now),
        Known::Read(None) => Cell::none(),
        Known::Refused(_) if !row.applied => Cell::none(),
        Known::Refused(refusal) => Cell::text(format!("<{}>", refusal.word())),
    }
}

pub(super) fn write<'a>(
    out: &mut dyn Write,
    sets: &Sets<'a>,
    view: &SetView<'a>,
    cluster: &Cluster,
    wide: bool,
    headers: bool,
    colour: bool,
) -> io::Result<()> {
    if headers {
        writeln!(out, "{}", headline(view))?;
    }
    let (ordinals, of_set) = (sets.ordinals(view), sets.claims(view));
    let rows: Vec<Shown<'_>> = ordinals
        .iter()
        .map(|ordinal| Shown {
            ordinal,
            claims: claims(&of_set, ordinal.ordinal),
            dns: view.set.map_or("?", |set| declared(set, ordinal.pod, cluster)),
            applied: view.set.is_none_or(|set| set.meta.applied()),
            now: view.now,
        })
        .collect();
    if !rows.is_empty() {
        if headers {
            writeln!(out)?;
        }
        Table::new(&columns(), wide, headers).write(rows.iter(), out)?;
    }
    if !view.findings.is_empty() {
        writeln!(out)?;
        write_findings(out, &view.findings, view.now, colour)?;
    }
    if headers && let Some(text) = kept(view, &of_set) {
        writeln!(out, "\n{text}")?;
    }
    Ok(())
}

fn headline(view: &SetView<'_>) -> String {
    let name = format!("StatefulSet {}/{}", escape(view.namespace), escape(view.name));
    let Some(set) = view.set else {
        return format!("{name}: known from its pods alone, {} of which are ready", view.ready.unwrap_or(0));
    };
    if !set.meta.applied() {
        return format!("{name}: not applied, {} desired", set.replicas);
    }
    let ready = match (view.ready, set.replicas) {
        (_, 0) => "scaled to zero".to_owned(),
        (Some(ready), desired) => format!("{ready} of {desired} ready"),
        (None, desired) => format!("{desired} desired, how many are ready can't be told"),
    };
    let range = match set.range() {
        range if set.start == 0 || range.is_empty() => String::new(),
        range => format!(", ordinals {} to {}", range.start, range.end - 1),
    };
    format!("{name}: {ready}{range}")
}

/// The state of an ordinal's claims: one word where all are alike, else each template's.
fn claims(of_set: &[Row<'_>], ordinal: i32) -> String {
    let of: Vec<&Row<'_>> =
        of_set.iter().filter(|row| row.ordinal == Some(ordinal) && row.group == Group::InRange).collect();
    let Some(first) = of.first() else { return "<none>".to_owned() };
    if of.iter().all(|row| row.class.code() == first.class.code()) {
        return first.class.code().word().to_owned();
    }
    let each = |row: &&Row<'_>| format!("{}:{}", row.template_name().unwrap_or("?"), row.class.code().word());
    of.iter().map(each).collect::<Vec<_>>().join(",")
}

fn kept(view: &SetView<'_>, of_set: &[Row<'_>]) -> Option<String> {
    let claims: Vec<&Row<'_>> = retained(of_set).collect();
    let size = |row: &&Row<'_>| {
        row.claim.and_then(|claim| claim.capacity.as_ref().or(claim.spec.request.as_ref())).and_then(Quantity::bytes)
    };
    let bytes = claims.iter().filter_map(size).fold(0u64, u64::saturating_add);
    let names: Vec<_> = claims.iter().take(3).map(|row| escape(&row.name)).collect();
    let more = claims.len().saturating_sub(names.len());
    (!claims.is_empty()).then(|| {
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        let plural = if claims.len() == 1 { "claim" } else { "claims" };
        format!(
            "{} {plural} retained ({}): {}{rest}. Details: kubectl sts volumes {} -n {}",
            claims.len(),
            format_bytes(bytes),
            names.join(", "),
            escape(view.name),
            escape(view.namespace)
        )
    })
}
