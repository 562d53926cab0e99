//! The facts with the look-ups that rows and verdicts need.

use std::collections::HashMap;

use super::{Candidates, References, Siblings, Users};
use crate::facts::{Attachment, Claim, Cluster, Snapshot};

/// Facts, and who makes and uses each claim.
#[derive(Debug)]
pub struct Index<'a> {
    /// The facts.
    pub cluster: &'a Cluster,
    /// Which sets and templates make a claim's name.
    pub candidates: Candidates<'a>,
    /// Which pods use a claim.
    pub users: Users<'a>,
    /// Which workloads name a claim without a pod.
    pub references: References<'a>,
    /// How many claims look alike, of those that no live set makes.
    pub siblings: Siblings<'a>,
    snapshots: HashMap<(&'a str, &'a str), Vec<&'a Snapshot>>,
    clones: HashMap<(&'a str, &'a str), Vec<&'a Claim>>,
    attachments: HashMap<&'a str, Vec<&'a Attachment>>,
}

impl<'a> Index<'a> {
    /// Takes all facts: also sets that are not shown decide whether a name is ambiguous.
    pub fn new(cluster: &'a Cluster) -> Self {
        let candidates = Candidates::new(&cluster.sets.items);
        let siblings =
            Siblings::new(cluster, |claim| !candidates.of(&claim.meta.namespace, &claim.meta.name).is_empty());
        let mut snapshots: HashMap<_, Vec<_>> = HashMap::new();
        for snapshot in &cluster.around.snapshots.items {
            if let Some(claim) = &snapshot.claim {
                snapshots.entry((&*snapshot.meta.namespace, &**claim)).or_default().push(snapshot);
            }
        }
        let mut clones: HashMap<_, Vec<_>> = HashMap::new();
        for claim in &cluster.claims.items {
            if let Some((kind, source)) = claim.source.as_deref()
                && &**kind == "PersistentVolumeClaim"
            {
                clones.entry((&*claim.meta.namespace, &**source)).or_default().push(claim);
            }
        }
        let mut attachments: HashMap<_, Vec<_>> = HashMap::new();
        for attachment in &cluster.around.attachments.items {
            if let Some(volume) = &attachment.volume {
                attachments.entry(&**volume).or_default().push(attachment);
            }
        }
        Self {
            cluster,
            candidates,
            users: Users::new(cluster),
            references: References::new(cluster),
            siblings,
            snapshots,
            clones,
            attachments,
        }
    }

    /// The snapshots that are taken of a claim.
    pub fn snapshots_of<'s>(&'s self, claim: &'s Claim) -> &'s [&'s Snapshot] {
        self.snapshots.get(&(&*claim.meta.namespace, &*claim.meta.name)).map_or(&[], Vec::as_slice)
    }

    /// The claims that are filled from a claim.
    pub fn clones_of<'s>(&'s self, claim: &'s Claim) -> &'s [&'s Claim] {
        self.clones.get(&(&*claim.meta.namespace, &*claim.meta.name)).map_or(&[], Vec::as_slice)
    }

    /// The attachments of a volume.
    pub fn attachments_of<'s>(&'s self, volume: &'s str) -> &'s [&'s Attachment] {
        self.attachments.get(volume).map_or(&[], Vec::as_slice)
    }
}
