//! Who names a claim without having a pod.

use crate::facts::{Cluster, Referrer, Refusal, StatefulSet};

/// A workload whose pod template names a claim.
#[derive(Debug, Clone, Copy)]
pub enum Reference<'a> {
    /// A Deployment, ReplicaSet, DaemonSet, unfinished Job or CronJob.
    Workload(&'a Referrer),
    /// A StatefulSet whose template names it among its plain volumes.
    Set(&'a StatefulSet),
}

impl PartialEq for Reference<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Workload(a), Self::Workload(b)) => std::ptr::eq(*a, *b),
            (Self::Set(a), Self::Set(b)) => std::ptr::eq(*a, *b),
            _ => false,
        }
    }
}
impl Eq for Reference<'_> {}

impl<'a> Reference<'a> {
    /// Kind, name, and why it has no pod now where that is told.
    pub fn told(&self) -> (&'static str, &'a str, String) {
        match self {
            Self::Workload(of) => (of.kind.word(), &of.meta.name, of.rest()),
            Self::Set(set) => {
                let rest = if set.replicas == 0 { "scaled to zero".to_owned() } else { String::new() };
                ("StatefulSet", &set.meta.name, rest)
            }
        }
    }
}

/// All claims that templates name, for look-ups by claim.
#[derive(Debug)]
pub struct References<'a>(Vec<(&'a str, &'a str, Reference<'a>)>);

impl<'a> References<'a> {
    /// Takes them out of the workloads.
    pub fn new(cluster: &'a Cluster) -> Self {
        let lists = cluster.around.referrers();
        let workloads = lists
            .into_iter()
            .flat_map(|list| &list.items)
            .flat_map(|of| of.claims.iter().map(move |claim| (&*of.meta.namespace, &**claim, Reference::Workload(of))));
        let sets = cluster.sets.items.iter().flat_map(|set| {
            set.shared_claims.iter().map(move |claim| (&*set.meta.namespace, &**claim, Reference::Set(set)))
        });
        let mut all: Vec<_> = workloads.chain(sets).collect();
        all.sort_by_key(|&(namespace, claim, _)| (namespace, claim));
        Self(all)
    }

    /// Those that name a claim.
    pub fn of(&self, namespace: &str, claim: &str) -> impl Iterator<Item = Reference<'a>> + '_ {
        let from = self.0.partition_point(|&(ns, name, _)| (ns, name) < (namespace, claim));
        let to = self.0[from..].partition_point(|&(ns, name, _)| (ns, name) == (namespace, claim));
        self.0[from..from + to].iter().map(|&(_, _, reference)| reference)
    }
}

/// What could not be read of all that may use a claim. While anything stands here, "nothing uses it" can't be said.
pub fn blind_spots(cluster: &Cluster) -> impl Iterator<Item = &Refusal> {
    let first = [&cluster.sets.missing, &cluster.pods.missing, &cluster.claims.missing];
    let referrers = cluster.around.referrers().map(|list| &list.missing);
    first.into_iter().chain(referrers).chain([&cluster.around.snapshots.missing]).flatten()
}
