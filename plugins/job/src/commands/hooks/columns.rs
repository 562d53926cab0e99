//! The table of hooks.

use jiff::{SignedDuration, Timestamp};
use workload_core::findings::Severity;
use workload_core::jobs::hooks::{Group, Live, Row};
use workload_core::pods::duration;
use workload_core::render::Show::{Always, Asked, Wide};
use workload_core::render::{Cell, Column, age};

/// A hook as it is shown.
pub(super) struct Shown<'g> {
    group: &'g Group<'g>,
    /// Nothing of a release without hooks.
    row: Option<&'g Row<'g>>,
    now: Timestamp,
}

impl<'g> Shown<'g> {
    pub(super) fn of(group: &'g Group<'g>, now: Timestamp) -> Vec<Self> {
        if group.rows.is_empty() {
            return vec![Self { group, row: None, now }];
        }
        group.rows.iter().map(|row| Self { group, row: Some(row), now }).collect()
    }

    fn cell(&self, cell: impl Fn(&'g Row<'g>) -> Cell) -> Cell {
        self.row.map_or_else(Cell::none, cell)
    }
}

pub(super) fn columns<'g>() -> [Column<Shown<'g>>; 15] {
    let column = |name, show, cell| Column { name, show, cell };
    [
        column("NAMESPACE", Always, |s: &Shown<'g>| Cell::text(s.group.namespace)),
        column("RELEASE", Always, |s| some(s.group.name)),
        column("STATUS", Always, |s| Cell::text(status(s.group))),
        column("EVENT", Always, |s| s.cell(|row| Cell::text(events(row)))),
        column("WEIGHT", Always, |s| s.cell(|row| ranked(row.weight.to_string(), row.weight))),
        column("HOOK", Always, |s| s.cell(|row| Cell::text(row.shown()))),
        column("STATE", Always, |s| s.cell(|row| Cell::text(row.state.word()))),
        column("VERDICT", Always, |s| some(&codes(s))),
        column("STARTED", Always, |s| {
            let since = s.row.and_then(started);
            since.map_or_else(Cell::none, |at| ranked(age(at, s.now), s.now.duration_since(at).as_secs()))
        }),
        column("DURATION", Always, |s| {
            let took = s.row.and_then(took);
            took.map_or_else(Cell::none, |took| ranked(duration(took), took.as_secs()))
        }),
        column("DELETED", Wide, |s| {
            s.cell(|row| {
                let words: Vec<&str> = row.policies.iter().map(|policy| policy.word(s.group.argo)).collect();
                some(&words.join(","))
            })
        }),
        column("RECORDED", Wide, |s| s.cell(|row| some(row.recorded.map_or("", |hook| &hook.phase)))),
        column("TEMPLATE", Wide, |s| s.cell(|row| some(row.recorded.map_or("", |hook| &hook.path)))),
        column("SAYS", Wide, |s| {
            let own = s.row.and_then(|row| row.verdicts.first()).or(s.group.verdicts.first());
            some(own.map_or("", |verdict| &verdict.says))
        }),
        column("LABELS", Asked, |s| {
            let meta = s.group.record.map(|record| &record.meta);
            let meta = meta.or_else(|| s.row.and_then(|row| row.live).map(Live::meta));
            some(&meta.map_or_else(String::new, |meta| meta.labels.to_string()))
        }),
    ]
}

fn some(text: &str) -> Cell {
    if text.is_empty() { Cell::none() } else { Cell::text(text) }
}

#[expect(clippy::cast_precision_loss, reason = "orders rows")]
fn ranked(text: String, rank: i64) -> Cell {
    Cell::ranked(text, rank as f64)
}

fn status(group: &Group<'_>) -> String {
    match group.record {
        Some(record) => record.status.to_string(),
        None if group.argo => "Argo CD".to_owned(),
        None => "no record".to_owned(),
    }
}

fn events(row: &Row<'_>) -> String {
    row.moments.iter().map(|moment| moment.word()).collect::<Vec<_>>().join(",")
}

/// Its own code, and what is worse than a notice besides; of the release what stands for no hook.
fn codes(shown: &Shown<'_>) -> String {
    let own = shown.row.map_or(&[][..], |row| &row.verdicts[..]);
    let of_release =
        shown.group.verdicts.iter().filter(|_| {
            shown.row.is_none_or(|row| shown.group.rows.first().is_some_and(|first| std::ptr::eq(first, row)))
        });
    let mut codes: Vec<&str> = Vec::new();
    for (at, verdict) in of_release.chain(own).enumerate() {
        let code = verdict.code.word();
        if (at == 0 || verdict.severity > Severity::Notice) && !codes.contains(&code) {
            codes.push(code);
        }
    }
    codes.join(",")
}

fn started(row: &Row<'_>) -> Option<Timestamp> {
    let of_live = |live: Live<'_>| match live {
        Live::Job(job) => job.status.started.or(job.meta.created()),
        Live::Pod(pod) => pod.meta.created(),
    };
    row.live.and_then(of_live).or_else(|| row.recorded.and_then(|hook| hook.started).filter(|_| row.ran()))
}

fn took(row: &Row<'_>) -> Option<SignedDuration> {
    let recorded = row.recorded.filter(|_| row.ran());
    let recorded = recorded.and_then(|hook| Some(hook.completed?.duration_since(hook.started?)));
    recorded.filter(|took| !took.is_negative()).or_else(|| row.live?.took())
}
