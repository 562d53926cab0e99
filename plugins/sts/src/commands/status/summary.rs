//! The table of sets.

use workload_core::findings::Severity;
use workload_core::render::Show::{Always, Asked, Wide};
use workload_core::render::{Cell, Column, age, utc};

use super::view::SetView;

pub(super) fn columns<'a>() -> [Column<SetView<'a>>; 12] {
    let column = |name, show, cell| Column { name, show, cell };
    [
        column("NAMESPACE", Always, |view: &SetView<'a>| Cell::text(view.namespace)),
        column("NAME", Always, |view| Cell::text(view.name)),
        column("DESIRED", Always, |view| number(view.set.map(|set| set.replicas))),
        column("READY", Always, |view| {
            // Without the set it can't be told how many there shall be.
            number(view.ready.and_then(|ready| i32::try_from(ready).ok()).filter(|_| applied(view)))
        }),
        column("CURRENT", Always, |view| number(status(view).map(|status| status.current))),
        column("UPDATED", Always, |view| number(status(view).map(|status| status.updated))),
        column("RETAINED", Always, |view| number(view.retained)),
        column("SERVICE", Wide, |view| view.set.map_or_else(Cell::none, |set| Cell::text(&*set.service))),
        column("FINDINGS", Always, |view| Cell::text(findings(view))),
        column("AGE", Always, |view| {
            created(view).map_or_else(Cell::none, |at| Cell::ranked(age(at, view.now), seconds(view, at)))
        }),
        column("CREATED", Wide, |view| created(view).map_or_else(Cell::none, |at| Cell::text(utc(at)))),
        column("LABELS", Asked, |view| match view.set.map(|set| set.meta.labels.to_string()) {
            Some(labels) if !labels.is_empty() => Cell::text(labels),
            _ => Cell::none(),
        }),
    ]
}

fn applied(view: &SetView<'_>) -> bool {
    view.set.is_none_or(|set| set.meta.applied())
}

fn status<'a>(view: &SetView<'a>) -> Option<&'a workload_core::facts::SetStatus> {
    view.set.and_then(|set| set.status.as_ref())
}

fn created(view: &SetView<'_>) -> Option<jiff::Timestamp> {
    view.set.and_then(|set| set.meta.created())
}

#[expect(clippy::cast_precision_loss, reason = "orders rows")]
fn seconds(view: &SetView<'_>, at: jiff::Timestamp) -> f64 {
    view.now.duration_since(at).as_secs() as f64
}

fn number(n: Option<i32>) -> Cell {
    n.map_or_else(|| Cell::text("?"), |n| Cell::ranked(n.to_string(), f64::from(n)))
}

/// The codes, each once with its count, worst first; notices only where there is nothing worse.
fn findings(view: &SetView<'_>) -> String {
    let worst = view.findings.iter().map(|verdict| verdict.severity).max();
    let loud = |severity: Severity| severity > Severity::Notice || worst == Some(Severity::Notice);
    let mut seen: Vec<(&str, usize)> = Vec::new();
    for verdict in view.findings.iter().filter(|verdict| loud(verdict.severity)) {
        match seen.iter_mut().find(|(code, _)| *code == verdict.code.word()) {
            Some((_, count)) => *count += 1,
            None => seen.push((verdict.code.word(), 1)),
        }
    }
    if seen.is_empty() {
        return "<none>".to_owned();
    }
    let shown =
        |(code, count): &(&str, usize)| if *count == 1 { (*code).to_owned() } else { format!("{code}×{count}") };
    seen.iter().map(shown).collect::<Vec<_>>().join(",")
}
