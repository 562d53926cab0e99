//! The columns of the two tables.

use jiff::Timestamp;
use workload_core::facts::Quantity;
use workload_core::findings::Deletable;
use workload_core::render::Show::{Always, Wide};
use workload_core::render::{Cell, Column, age, utc};
use workload_core::volumes::fate::Disk;
use workload_core::volumes::{Class, Index, Leftover, Row, UsedAgain, deletable, unused_since};

/// A claim's row.
pub(super) struct Shown<'a> {
    pub(super) row: Row<'a>,
    pub(super) deletable: Deletable,
    pub(super) unused: Option<Timestamp>,
    pub(super) now: Timestamp,
}

/// A volume's row.
pub(super) struct Left<'a> {
    pub(super) left: Leftover<'a>,
    pub(super) now: Timestamp,
}

impl<'a> Shown<'a> {
    pub(super) fn new(row: Row<'a>, index: &Index<'a>, now: Timestamp) -> Self {
        Self { deletable: deletable(&row, index), unused: unused_since(&row, index), row, now }
    }
}

pub(super) fn columns<'a>() -> [Column<Shown<'a>>; 14] {
    let column = |name, show, cell| Column { name, show, cell };
    [
        column("NAMESPACE", Always, |s: &Shown<'a>| Cell::text(s.row.namespace)),
        column("SET", Always, |s| match &s.row.class {
            Class::OrphanSetGone(origin) => Cell::text(format!("gone ({})", origin.confidence.word())),
            _ => text(s.row.set_name()),
        }),
        column("ORD", Always, |s| {
            ordinal(s.row.ordinal.or(match &s.row.class {
                Class::OrphanSetGone(origin) => Some(origin.ordinal),
                _ => None,
            }))
        }),
        column("CLAIM", Always, |s| Cell::text(&*s.row.name)),
        column("STATE", Always, |s| Cell::text(s.row.class.code().word())),
        column("SIZE", Always, |s| {
            size(s.row.claim.and_then(|claim| claim.capacity.as_ref().or(claim.spec.request.as_ref())))
        }),
        column("CLASS", Always, |s| text(s.row.claim.and_then(|claim| claim.spec.class.as_deref()))),
        column("COMES BACK", Always, |s| {
            Cell::text(match s.row.comes_back() {
                UsedAgain::AtReplicas(1) => "at 1 replica".to_owned(),
                UsedAgain::AtReplicas(n) => format!("at {n} replicas"),
                UsedAgain::AtStart(k) => format!("at start {k}"),
                UsedAgain::WithItsSet => "with its set".to_owned(),
                UsedAgain::Never => "no".to_owned(),
            })
        }),
        column("DISK", Always, |s| {
            Cell::text(match s.row.disk() {
                Disk::None => "none",
                Disk::Kept => "stays",
                Disk::Dies => "dies too",
                Disk::CannotTell => "?",
            })
        }),
        column("DELETE", Always, |s| Cell::text(word(s.deletable))),
        column("UNUSED", Always, |s| since(s.unused, s.now)),
        column("AGE", Always, |s| since(s.row.claim.and_then(|claim| claim.meta.created()), s.now)),
        column("VOLUME", Wide, |s| text(s.row.claim.and_then(|claim| claim.volume.as_deref()))),
        column("CREATED", Wide, |s| time(s.row.claim.and_then(|claim| claim.meta.created()))),
    ]
}

pub(super) fn volume_columns<'a>() -> [Column<Left<'a>>; 11] {
    let column = |name, show, cell| Column { name, show, cell };
    [
        column("VOLUME", Always, |l: &Left<'a>| Cell::text(&*l.left.volume.meta.name)),
        column("STATE", Always, |l| Cell::text(l.left.class.code().word())),
        column("SIZE", Always, |l| size(l.left.volume.spec.capacity.as_ref())),
        column("CLASS", Always, |l| text(l.left.volume.spec.class.as_deref())),
        column("RECLAIM", Always, |l| text(Some(&l.left.volume.spec.reclaim))),
        column("OF CLAIM", Always, |l| text(l.left.claim_name().as_deref())),
        column("NAMESPACE IS", Always, |l| {
            Cell::text(match l.left.namespace_gone {
                Some(true) => "gone",
                Some(false) => "there",
                None if l.left.volume.claim.is_some() => "?",
                None => "-",
            })
        }),
        column("SINCE", Always, |l| since(l.left.volume.since(), l.now)),
        column("DRIVER", Wide, |l| text(Some(&l.left.volume.spec.driver))),
        column("DISK", Wide, |l| text(Some(&l.left.volume.handle))),
        column("CHANGED", Wide, |l| time(l.left.volume.since())),
    ]
}

pub(super) fn word(deletable: Deletable) -> &'static str {
    match deletable {
        Deletable::Never => "never",
        Deletable::Named => "named",
        Deletable::Bulk => "bulk",
    }
}

fn text(words: Option<&str>) -> Cell {
    words.filter(|words| !words.is_empty()).map_or_else(Cell::none, Cell::text)
}

fn ordinal(ordinal: Option<i32>) -> Cell {
    ordinal.map_or_else(Cell::none, |k| Cell::ranked(k.to_string(), f64::from(k)))
}

#[expect(clippy::cast_precision_loss, reason = "orders rows by size")]
fn size(quantity: Option<&Quantity>) -> Cell {
    quantity.map_or_else(Cell::none, |q| Cell::ranked(q.to_string(), q.bytes().unwrap_or(0) as f64))
}

#[expect(clippy::cast_precision_loss, reason = "orders rows; a second in 285 million years does not matter")]
fn since(at: Option<Timestamp>, now: Timestamp) -> Cell {
    at.map_or_else(|| Cell::text("?"), |at| Cell::ranked(age(at, now), now.duration_since(at).as_secs() as f64))
}

fn time(at: Option<Timestamp>) -> Cell {
    at.map_or_else(Cell::none, |at| Cell::text(utc(at)))
}
