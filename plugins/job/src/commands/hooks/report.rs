//! A release's hooks as JSON.

use jiff::Timestamp;
use serde::Serialize;
use workload_core::findings::{ObjectRef, Verdict};
use workload_core::jobs::hooks::{Group, Row};

/// An item of a HookReport.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item<'g> {
    /// `Helm` or `Argo CD`.
    tool: &'static str,
    namespace: &'g str,
    /// Absent where nothing tells it.
    #[serde(skip_serializing_if = "str::is_empty")]
    release: &'g str,
    /// `record` or `annotations`.
    learnt: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<RecordItem<'g>>,
    hooks: Vec<HookItem<'g>>,
    verdicts: &'g [Verdict],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RecordItem<'g> {
    object: ObjectRef,
    revision: u64,
    status: &'g str,
    #[serde(skip_serializing_if = "Option::is_none")]
    written: Option<Timestamp>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HookItem<'g> {
    /// One of a record's hook; of an object without a record all of its own.
    events: Vec<&'static str>,
    weight: i64,
    kind: &'g str,
    namespace: &'g str,
    name: &'g str,
    delete_policies: Vec<&'static str>,
    /// `not run`, `to come`, `running`, `stuck`, `succeeded`, `failed`, `unknown` or `left behind`.
    state: &'static str,
    /// The object, where it is there and of this run.
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<ObjectRef>,
    /// What Helm wrote down of this run; its times are by its own machine's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_run: Option<LastRun<'g>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<&'g str>,
    verdicts: &'g [Verdict],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LastRun<'g> {
    phase: &'g str,
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed: Option<Timestamp>,
}

impl<'g> Item<'g> {
    pub(super) fn new(group: &'g Group<'_>) -> Self {
        Self {
            tool: group.tool(),
            namespace: group.namespace,
            release: group.name,
            learnt: if group.record.is_some() { "record" } else { "annotations" },
            record: group.record.map(|release| RecordItem {
                object: ObjectRef::new("Secret", &release.meta),
                revision: release.revision,
                status: &release.status,
                written: release.saved,
            }),
            hooks: group.rows.iter().map(|row| HookItem::new(row, group.argo)).collect(),
            verdicts: &group.verdicts,
        }
    }
}

impl<'g> HookItem<'g> {
    fn new(row: &'g Row<'_>, argo: bool) -> Self {
        Self {
            events: row.moments.iter().map(|moment| moment.word()).collect(),
            weight: row.weight,
            kind: row.kind,
            namespace: row.namespace,
            name: row.name,
            delete_policies: row.policies.iter().map(|policy| policy.word(argo)).collect(),
            state: row.state.word(),
            object: row.object(),
            last_run: row.recorded.filter(|hook| row.ran() && !hook.phase.is_empty()).map(|hook| LastRun {
                phase: &hook.phase,
                started: hook.started,
                completed: hook.completed,
            }),
            template: row.recorded.map(|hook| &*hook.path),
            verdicts: &row.verdicts,
        }
    }
}
