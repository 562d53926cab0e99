//! Hooks that nothing deletes any more. Neither an upgrade nor an uninstallation takes a hook along: hooks are no part of a release's objects
//! (helm, `pkg/action`; documented since Helm 2).

use super::moment::Policy;
use super::stuck::{annotations, long_since};
use super::{End, Group, Live, Row, State};
use crate::facts::{Cluster, Release};
use crate::findings::{Code, Severity, Verdict};
use crate::pods::Circumstances;

/// An object may stand before its release's record is read; a minute later it is no newcomer.
const NEW: i64 = 60;

/// Judges what is left of a group. `opened` is whether all records were: a chart may label its hooks with another release's name than its own.
pub(super) fn judge(group: &mut Group<'_>, opened: bool, cluster: &Cluster, around: &Circumstances<'_>) {
    for at in 0..group.rows.len() {
        let row = &group.rows[at];
        let Some(live) = row.live else { continue };
        if !live.meta().applied() || live.meta().deleted.is_some() {
            continue;
        }
        let verdict = match unrecorded(group, row, live, opened, cluster, around) {
            Some(verdict) => Some(verdict),
            None => live.end().and_then(|end| kept(group, row, end, around)),
        };
        let Some(verdict) = verdict else { continue };
        let row = &mut group.rows[at];
        if row.recorded.is_none() && !group.argo && row.state != State::Stuck {
            row.state = State::LeftBehind;
        }
        let stuck = usize::from(row.verdicts.first().is_some_and(|first| first.code == Code::HookStuck));
        row.verdicts.insert(stuck, verdict);
    }
}

/// No record knows it, and all records were read.
fn unrecorded(
    group: &Group<'_>,
    row: &Row<'_>,
    live: Live<'_>,
    opened: bool,
    cluster: &Cluster,
    around: &Circumstances<'_>,
) -> Option<Verdict> {
    let known = row.recorded.is_some() || group.argo || !opened;
    if known || !cluster.dated || !around.older_than(live.meta().created(), NEW) {
        return None;
    }
    let verdict = if let Some(release) = group.record {
        let says = format!(
            "Revision {} of release {} has no hook of this name: Helm neither runs nor deletes it again.",
            release.revision, group.name
        );
        Verdict::new(Code::HookLeftBehind, says).because(
            format_args!("Secret/{}", release.meta.name),
            "hooks",
            "not among them",
        )
    } else {
        let of = if group.name.is_empty() { "No release".to_owned() } else { format!("No release {}", group.name) };
        let says = format!(
            "{of} has a record here that knows it: it is uninstalled, which leaves hooks behind, or its records are kept elsewhere."
        );
        // A hook may stand in another namespace than its release, and records in something else than Secrets.
        let elsewhere = if cluster.namespace.is_some() { "releases of other namespaces, and " } else { "" };
        Verdict::new(Code::HookLeftBehind, says)
            .because(format_args!("Secrets of {}", group.namespace), "type helm.sh/release.v1", "none with this hook")
            .not_known(format!(
                "{elsewhere}records kept in ConfigMaps, a database or by Argo CD without its tracking annotation"
            ))
    };
    Some(finish(annotations(verdict, row).since(live.meta().created()), row, live.end().is_some()))
}

/// Its own policy has it deleted, and it is there.
fn kept(group: &Group<'_>, row: &Row<'_>, end: End, around: &Circumstances<'_>) -> Option<Verdict> {
    let policy = if end.well { Policy::Succeeded } else { Policy::Failed };
    let busy = group.record.is_some_and(Release::pending);
    let unknown = group.argo || row.recorded.is_none();
    if busy || !row.policies.contains(&policy) || !long_since(end.at, around.now, unknown) {
        return None;
    }
    let word = policy.word(group.argo);
    let how = if end.well { "succeeded" } else { "failed" };
    let says = format!(
        "It has {how}, and by its policy {word} {} deletes it then; it is still there: whoever ran it did not come so far.",
        group.tool()
    );
    let verdict = Verdict::new(Code::HookLeftBehind, says).severity(Severity::Notice).since(end.at);
    Some(finish(annotations(verdict, row).because(row.shown(), "delete policy", word), row, true))
}

fn finish(verdict: Verdict, row: &Row<'_>, ended: bool) -> Verdict {
    let (namespace, kind, name) = (row.namespace, row.kind.to_lowercase(), row.name);
    verdict.next(if ended {
        format!("kubectl -n {namespace} delete {kind} {name}  # when you have read its logs")
    } else {
        format!("kubectl -n {namespace} get {kind} {name}  # it has not ended: look before you delete it")
    })
}
