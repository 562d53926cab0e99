//! Which pods use a claim.

use crate::facts::{Cluster, Pod};

/// All uses of claims by pods, for look-ups by claim.
#[derive(Debug)]
pub struct Users<'a>(Vec<(&'a str, &'a str, &'a Pod)>);

impl<'a> Users<'a> {
    /// Takes the uses out of the pods.
    pub fn new(cluster: &'a Cluster) -> Self {
        let mut all: Vec<_> = cluster
            .pods
            .items
            .iter()
            .flat_map(|pod| pod.claims.iter().map(move |used| (&*pod.meta.namespace, &*used.claim, pod)))
            .collect();
        all.sort_by(|a, b| (a.0, a.1, &a.2.meta.name).cmp(&(b.0, b.1, &b.2.meta.name)));
        Self(all)
    }

    /// The pods that name a claim, finished ones included, in order of their names.
    pub fn of(&self, namespace: &str, claim: &str) -> impl Iterator<Item = &'a Pod> + '_ {
        let from = self.0.partition_point(|&(ns, name, _)| (ns, name) < (namespace, claim));
        let to = self.0[from..].partition_point(|&(ns, name, _)| (ns, name) == (namespace, claim));
        self.0[from..from + to].iter().map(|&(_, _, pod)| pod)
    }
}
