//! The columns of the table.

use jiff::Timestamp;
use workload_core::facts::{ClaimTemplate, Known, Place, Pod, Room, Volume, VolumeUsage, format_bytes};
use workload_core::render::Show::{Always, Asked, Narrow, Wide};
use workload_core::render::{Cell, Column, age, utc};
use workload_core::volumes::{Class, Fullness, Row};

/// A row and the time that its ages are counted to.
pub(super) struct Shown<'a> {
    pub(super) row: &'a Row<'a>,
    /// How full its volume is, where that was asked for.
    pub(super) fullness: Option<Fullness<'a>>,
    pub(super) now: Timestamp,
}

pub(super) fn columns<'a>() -> [Column<Shown<'a>>; 23] {
    let column = |name, show, cell| Column { name, show, cell };
    [
        column("NAMESPACE", Always, |s: &Shown<'a>| Cell::text(s.row.namespace)),
        column("SET", Always, |s| text(s.row.set_name())),
        column("ORD", Always, |s| s.row.ordinal.map_or_else(Cell::none, |k| Cell::ranked(k.to_string(), f64::from(k)))),
        column("POD", Always, |s| text(user(s).map(|pod| &*pod.meta.name))),
        column("READY", Always, |s| user(s).map_or_else(Cell::none, |pod| Cell::text(pod.readiness()))),
        column("TEMPLATE", Wide, |s| text(s.row.template_name())),
        column("CLAIM", Always, |s| Cell::text(&*s.row.name)),
        column("STATE", Always, |s| Cell::text(s.row.class.code().word())),
        column("SIZE", Always, size),
        column("USED", Asked, |s| measured(s, |usage| Some(room(usage.bytes.used)))),
        column("CAPACITY", Asked, |s| measured(s, |usage| Some(room(usage.bytes.total)))),
        column("FREE", Asked, |s| measured(s, |usage| Some(free(usage.bytes)))),
        column("IFREE", Asked, |s| measured(s, |usage| usage.inodes.map(free))),
        column("CLASS", Always, |s| match s.row.claim {
            Some(claim) => text(claim.spec.class.as_deref()),
            None => text(planned(s).and_then(|template| template.class.as_deref())),
        }),
        column("MODES", Wide, modes),
        column("VOLUME", Narrow, |s| {
            text(s.row.claim.and_then(|claim| claim.volume.as_deref()).map(shortened).as_deref())
        }),
        column("VOLUME", Wide, |s| text(s.row.claim.and_then(|claim| claim.volume.as_deref()))),
        column("PHASE", Wide, |s| of_volume(s, |volume| Cell::text(volume.phase.word()))),
        column("RECLAIM", Always, |s| of_volume(s, |volume| Cell::text(&*volume.spec.reclaim))),
        column("PLACE", Always, |s| of_volume(s, place)),
        column("AGE", Always, |s| {
            created(s).map_or_else(Cell::none, |at| Cell::ranked(age(at, s.now), seconds(at, s.now)))
        }),
        column("CREATED", Wide, |s| created(s).map_or_else(Cell::none, |at| Cell::text(utc(at)))),
        column("LABELS", Asked, |s| text(s.row.set.map(|set| set.meta.labels.to_string()).as_deref())),
    ]
}

/// The columns that `--usage` adds.
pub(super) const USAGE: [&str; 4] = ["USED", "CAPACITY", "FREE", "IFREE"];

/// A cell out of what a kubelet measured, or why there is nothing.
fn measured(s: &Shown<'_>, cell: fn(&VolumeUsage) -> Option<Cell>) -> Cell {
    match s.fullness {
        Some(Fullness::Measured(usage)) => cell(usage).unwrap_or_else(Cell::none),
        Some(Fullness::Unread(_, refusal)) => Cell::text(format!("<{}>", refusal.word())),
        Some(Fullness::NotMeasured) | None => Cell::none(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "orders rows by size")]
fn room(bytes: u64) -> Cell {
    Cell::ranked(format_bytes(bytes), bytes as f64)
}

#[expect(clippy::cast_precision_loss, reason = "orders rows")]
fn free(room: Room) -> Cell {
    Cell::ranked(room.free_words(), room.free_per_mille() as f64)
}

fn text(words: Option<&str>) -> Cell {
    words.filter(|words| !words.is_empty()).map_or_else(Cell::none, Cell::text)
}

/// The pod of the ordinal; where there is none, the one that borrows the claim.
fn user<'a>(s: &Shown<'a>) -> Option<&'a Pod> {
    s.row.pod.or(match s.row.class {
        Class::Borrowed(pod) => Some(pod.0),
        _ => None,
    })
}

/// The template of a claim that stands only in a file.
fn planned<'a>(s: &Shown<'a>) -> Option<&'a ClaimTemplate> {
    s.row.template.filter(|_| s.row.class == Class::NotApplied)
}

fn created(s: &Shown<'_>) -> Option<Timestamp> {
    s.row.claim.and_then(|claim| claim.meta.created())
}

#[expect(clippy::cast_precision_loss, reason = "orders rows; a second in 285 million years does not matter")]
fn seconds(at: Timestamp, now: Timestamp) -> f64 {
    now.duration_since(at).as_secs() as f64
}

/// What was got; with what was asked for before it where the two differ.
#[expect(clippy::cast_precision_loss, reason = "orders rows by size")]
fn size(s: &Shown<'_>) -> Cell {
    let Some(claim) = s.row.claim else {
        return planned(s).and_then(|t| t.request.as_ref()).map_or_else(Cell::none, |r| Cell::text(r.to_string()));
    };
    let (asked, got) = (claim.spec.request.as_ref(), claim.capacity.as_ref());
    let Some(shown) = got.or(asked) else { return Cell::none() };
    let rank = shown.bytes().unwrap_or(0) as f64;
    match (asked, got) {
        (Some(asked), Some(got)) if asked.bytes() != got.bytes() => Cell::ranked(format!("{asked}→{got}"), rank),
        _ => Cell::ranked(shown.to_string(), rank),
    }
}

/// kubectl's short forms (`pkg/apis/core/v1/helper`, GetAccessModesAsString).
fn modes(s: &Shown<'_>) -> Cell {
    let short = |mode: &str| match mode {
        "ReadWriteOnce" => "RWO".to_owned(),
        "ReadOnlyMany" => "ROX".to_owned(),
        "ReadWriteMany" => "RWX".to_owned(),
        "ReadWriteOncePod" => "RWOP".to_owned(),
        other => other.to_owned(),
    };
    let modes: Vec<String> =
        s.row.claim.iter().flat_map(|claim| claim.spec.access_modes.iter()).map(|mode| short(mode)).collect();
    text(Some(&modes.join(",")))
}

/// Of a provisioner's `pvc-<UID>` the part that tells it from others at a glance; the whole name stands in `-o wide`.
fn shortened(name: &str) -> String {
    if name.chars().count() <= 20 {
        return name.to_owned();
    }
    format!("{}…", name.chars().take(12).collect::<String>())
}

/// A cell about the volume: what is known of it, or why nothing is.
fn of_volume(s: &Shown<'_>, cell: fn(&Volume) -> Cell) -> Cell {
    match s.row.volume {
        Some(Known::Read(Some(volume))) => cell(volume),
        Some(Known::Read(None)) => Cell::text("<gone>"),
        Some(Known::Refused(refusal)) => Cell::text(format!("<{}>", refusal.word())),
        None => Cell::none(),
    }
}

fn place(volume: &Volume) -> Cell {
    match &volume.spec.place {
        Some(Place::Node(place) | Place::Zone(place)) => Cell::text(&**place),
        None => Cell::none(),
    }
}
