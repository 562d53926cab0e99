//! Which pods use a claim.

use crate::facts::{Cluster, Pod, PodClaim};

/// All uses of claims by pods, for look-ups by claim.
#[derive(Debug)]
pub struct Users<'a>(Vec<(&'a PodClaim, &'a Pod)>);

impl<'a> Users<'a> {
    /// Takes the uses out of the pods.
    pub fn new(cluster: &'a Cluster) -> Self {
        let of = |pod: &'a Pod| pod.claims.iter().map(move |used| (used, pod));
        let mut all: Vec<_> = cluster.pods.items.iter().flat_map(of).collect();
        all.sort_by(|a, b| (key(a), &a.1.meta.name).cmp(&(key(b), &b.1.meta.name)));
        Self(all)
    }

    /// The pods that name a claim, finished ones included, in order of their names.
    pub fn of(&self, namespace: &str, claim: &str) -> impl Iterator<Item = &'a Pod> + '_ {
        let from = self.0.partition_point(|one| key(one) < (namespace, claim));
        let to = self.0[from..].partition_point(|one| key(one) == (namespace, claim));
        self.0[from..from + to].iter().map(|&(_, pod)| pod)
    }
}

fn key<'a>(&(used, pod): &(&'a PodClaim, &'a Pod)) -> (&'a str, &'a str) {
    (&pod.meta.namespace, &used.claim)
}
