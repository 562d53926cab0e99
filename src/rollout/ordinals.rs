//! Ordinals and their pods. The set's own counts can't tell: `readyReplicas` includes condemned pods, so a set that is stuck in a
//! scale-down may read 2/2 (facts: a blocked scale-down).

use std::collections::BTreeMap;

use crate::facts::{Cluster, Known, Pod, StatefulSet};

/// An ordinal that shall have a pod, or still has one.
#[derive(Debug, Clone, Copy)]
pub struct Ordinal<'a> {
    /// The ordinal.
    pub ordinal: i32,
    /// Whether the set shall have a pod of it.
    pub in_range: bool,
    /// The set's pod of it.
    pub pod: Known<'a, Option<&'a Pod>>,
    /// Which template the pod was made from.
    pub revision: Option<Revision>,
}

/// Which of the set's revisions a pod belongs to (its label `controller-revision-hash`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revision {
    /// The only one there is.
    Current,
    /// The one that the rollout goes to.
    Update,
    /// The one that the rollout comes from.
    Previous,
    /// An older one.
    Older,
}

impl Revision {
    /// The word for a table.
    pub fn word(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Update => "update",
            Self::Previous => "previous",
            Self::Older => "older",
        }
    }

    fn of(pod: &Pod, set: &StatefulSet) -> Option<Self> {
        let status = set.status.as_ref()?;
        let label = pod.meta.labels.get("controller-revision-hash")?;
        Some(match (label == &*status.update_revision, label == &*status.current_revision) {
            (true, true) => Self::Current,
            (true, false) => Self::Update,
            (false, true) => Self::Previous,
            (false, false) => Self::Older,
        })
    }
}

/// A row per ordinal in range, and per pod out of range; in order of the ordinals.
pub fn ordinals<'a>(set: &StatefulSet, cluster: &'a Cluster) -> Vec<Ordinal<'a>> {
    let mut pods: BTreeMap<i32, &Pod> =
        pods(set, cluster).filter_map(|pod| Some((pod.ordinal_in(&set.meta.uid, &set.meta.name)?, pod))).collect();
    let mut rows: Vec<Ordinal<'a>> =
        set.range().map(|ordinal| row(set, ordinal, true, cluster.pods.answer(pods.remove(&ordinal)))).collect();
    rows.extend(pods.into_iter().map(|(ordinal, pod)| row(set, ordinal, false, Known::Read(Some(pod)))));
    rows.sort_by_key(|row| row.ordinal);
    rows
}

fn row<'a>(set: &StatefulSet, ordinal: i32, in_range: bool, pod: Known<'a, Option<&'a Pod>>) -> Ordinal<'a> {
    let revision = pod.read().flatten().and_then(|pod| Revision::of(pod, set));
    Ordinal { ordinal, in_range, pod, revision }
}

/// The set's own pods: names are sorted, so they stand together.
fn pods<'a>(set: &StatefulSet, cluster: &'a Cluster) -> impl Iterator<Item = &'a Pod> {
    let (namespace, uid) = (set.meta.namespace.clone(), set.meta.uid.clone());
    let prefix = format!("{}-", set.meta.name);
    let from = cluster
        .pods
        .items
        .partition_point(|pod| (&*pod.meta.namespace, &*pod.meta.name) < (&*namespace, prefix.as_str()));
    let stands_here = move |pod: &&Pod| pod.meta.namespace == namespace && pod.meta.name.starts_with(&prefix);
    cluster.pods.items[from..].iter().take_while(stands_here).filter(move |pod| pod.meta.controlled_by(&uid))
}

/// How many ordinals in range are ready; `None` where the pods could not be read.
pub fn ready(rows: &[Ordinal<'_>]) -> Option<usize> {
    let mut ready = 0;
    for row in rows.iter().filter(|row| row.in_range) {
        match row.pod {
            Known::Read(pod) => ready += usize::from(pod.is_some_and(|pod| pod.ready && pod.meta.deleted().is_none())),
            Known::Refused(_) => return None,
        }
    }
    Some(ready)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::fixture::{cluster, labels, pod, set};
    use crate::facts::{Listed, SetStatus, Why};

    #[test]
    fn readiness_is_counted_in_range_whatever_the_sets_status_says() {
        let mut web = set("web", 2, &[]);
        web.status = Some(SetStatus { ready: 2, replicas: 3, ..SetStatus::default() });
        let mut pods: Vec<_> = (0..3).map(|k| pod(&web, k)).collect();
        pods[0].ready = false;
        let facts = cluster(vec![web], pods, vec![], vec![]);
        let rows = ordinals(&facts.sets.items[0], &facts);
        let seen: Vec<_> =
            rows.iter().map(|row| (row.ordinal, row.in_range, row.pod.read().flatten().is_some())).collect();
        assert_eq!(seen, [(0, true, true), (1, true, true), (2, false, true)]);
        assert_eq!(ready(&rows), Some(1));
    }

    #[test]
    fn a_start_ordinal_moves_the_range_and_condemns_what_is_below() {
        let mut web = set("web", 2, &[]);
        web.start = 5;
        let pods = vec![pod(&web, 4), pod(&web, 5), pod(&web, 10)];
        let facts = cluster(vec![web], pods, vec![], vec![]);
        let rows = ordinals(&facts.sets.items[0], &facts);
        let seen: Vec<_> =
            rows.iter().map(|row| (row.ordinal, row.in_range, row.pod.read().flatten().is_some())).collect();
        assert_eq!(seen, [(4, false, true), (5, true, true), (6, true, false), (10, false, true)]);
    }

    #[test]
    fn revisions_are_told_from_the_pods_label() {
        let mut web = set("web", 3, &[]);
        web.status = Some(SetStatus {
            current_revision: "web-a".into(),
            update_revision: "web-b".into(),
            ..SetStatus::default()
        });
        let pods = ["web-a", "web-b", "web-0"].iter().zip(0..).map(|(hash, k)| {
            let mut pod = pod(&web, k);
            pod.meta.labels = labels(&[("controller-revision-hash", hash)]);
            pod
        });
        let pods = pods.collect();
        let facts = cluster(vec![web], pods, vec![], vec![]);
        let seen: Vec<_> = ordinals(&facts.sets.items[0], &facts).iter().filter_map(|row| row.revision).collect();
        assert_eq!(seen, [Revision::Previous, Revision::Update, Revision::Older]);
    }

    #[test]
    fn without_the_right_to_read_pods_readiness_is_unknown() {
        let mut facts = cluster(vec![set("web", 1, &[])], vec![], vec![], vec![]);
        facts.pods = Listed::refused(crate::gather::resource::PODS.not_listed(None, Why::Forbidden));
        assert_eq!(ready(&ordinals(&facts.sets.items[0], &facts)), None);
    }
}
