//! Hooks without a record: what the annotations of the objects tell that are there.

use super::moment::{Terms, before};
use super::{Group, Live, Row, State};
use crate::facts::Cluster;
use crate::pods::Circumstances;

/// Argo CD's own finalizer on hooks: it removes it when it has seen how the hook ended (gitops-engine, `pkg/sync/hook`).
pub(super) const ARGO_FINALIZER: &str = "argocd.argoproj.io/hook-finalizer";

/// The labels by which charts name their release: by convention, nothing enforces it.
const INSTANCE: [&str; 2] = ["app.kubernetes.io/instance", "release"];

/// Adds the objects to their groups, as far as they are hooks.
pub(super) fn add<'a>(all: &mut Vec<Group<'a>>, live: Vec<Live<'a>>, cluster: &'a Cluster, around: &Circumstances<'a>) {
    for live in live {
        let (meta, Some(notes)) = (live.meta(), live.notes()) else { continue };
        let argo = notes.argo_phases.is_some()
            || notes.argo_tracking.is_some()
            || meta.finalizers.iter().any(|finalizer| &**finalizer == ARGO_FINALIZER);
        let Some(terms) = Terms::annotated(notes, argo) else { continue };
        let application = notes.argo_tracking.as_deref().and_then(|id| id.split(':').next()).filter(|_| argo);
        let name = application.or_else(|| INSTANCE.iter().find_map(|label| meta.labels.get(label))).unwrap_or_default();
        let state = match live.end() {
            _ if !meta.applied() => State::ToCome,
            None => State::Running,
            Some(end) if end.well => State::Succeeded,
            Some(_) => State::Failed,
        };
        let row = Row {
            moments: terms.moments,
            weight: terms.weight,
            kind: live.kind(),
            namespace: &meta.namespace,
            name: &meta.name,
            policies: terms.policies,
            recorded: None,
            live: Some(live),
            seen: true,
            state,
            verdicts: live.causes(cluster, around),
        };
        let same = |group: &&mut Group<'a>| (group.argo, group.namespace, group.name) == (argo, &*meta.namespace, name);
        match all.iter_mut().find(same) {
            Some(group) => group.rows.push(row),
            None => all.push(Group {
                argo,
                namespace: &meta.namespace,
                name,
                record: None,
                rows: vec![row],
                verdicts: Vec::new(),
            }),
        }
    }
    for group in all.iter_mut() {
        let argo = group.argo;
        let key = |row: &Row<'a>| (row.weight, row.kind, row.name);
        group.rows.sort_by(|a, b| {
            // Of a record's rows the order is the record's; equals of annotations stand by their kinds.
            let kinds = || super::moment::kind_rank(a.kind).cmp(&super::moment::kind_rank(b.kind));
            let equal = if a.recorded.is_some() || b.recorded.is_some() { std::cmp::Ordering::Equal } else { kinds() };
            a.moments.first().cmp(&b.moments.first()).then(before(argo, key(a), key(b))).then(equal)
        });
    }
}
