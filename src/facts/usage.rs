//! How full volumes are, as the kubelets measured those that they mounted.

use jiff::Timestamp;

use super::{Refusal, Text};

/// What the kubelets told, and which of them could not be asked.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    /// Sorted by namespace and claim.
    volumes: Vec<VolumeUsage>,
    /// Nodes whose kubelets told nothing, and why.
    unread: Vec<(Text, Refusal)>,
}

/// A claim's volume on the node where it is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeUsage {
    /// The claim's namespace.
    pub namespace: Text,
    /// The claim's name.
    pub claim: Box<str>,
    /// Bytes of its file system.
    pub bytes: Room,
    /// Inodes, where its driver counts them.
    pub inodes: Option<Room>,
    /// When it was measured; a kubelet does so once a minute.
    pub measured: Option<Timestamp>,
}

/// How much there is of something, and how much of it is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// All of it; never 0.
    pub total: u64,
    /// What may still be used: of a file system less than what is not used, where some is reserved.
    pub free: u64,
    /// What is used.
    pub used: u64,
}

impl Usage {
    /// From what each kubelet told.
    pub fn new(mut volumes: Vec<VolumeUsage>, unread: Vec<(Text, Refusal)>) -> Self {
        volumes.sort_by(|a, b| (&a.namespace, &a.claim).cmp(&(&b.namespace, &b.claim)));
        Self { volumes, unread }
    }

    /// The usage of a claim's volume; `None` where no kubelet told of it.
    pub fn of(&self, namespace: &str, claim: &str) -> Option<&VolumeUsage> {
        let at = self.volumes.partition_point(|it| (&*it.namespace, &*it.claim) < (namespace, claim));
        self.volumes.get(at).filter(|it| (&*it.namespace, &*it.claim) == (namespace, claim))
    }

    /// Why a node's kubelet told nothing.
    pub fn unread(&self, node: &str) -> Option<&Refusal> {
        self.unread.iter().find(|(name, _)| **name == *node).map(|(_, refusal)| refusal)
    }

    /// Why kubelets told nothing, each reason once.
    pub fn refusals(&self) -> impl Iterator<Item = &Refusal> {
        let first = |at: usize, refusal: &Refusal| !self.unread[..at].iter().any(|(_, before)| before == refusal);
        self.unread
            .iter()
            .enumerate()
            .filter(move |(at, (_, refusal))| first(*at, refusal))
            .map(|(_, (_, refusal))| refusal)
    }

    /// All nodes whose kubelets told nothing, and why.
    pub fn all_unread(&self) -> &[(Text, Refusal)] {
        &self.unread
    }
}

impl Room {
    /// What is free, in thousandths of all, rounded down.
    pub fn free_per_mille(self) -> u64 {
        u64::try_from(u128::from(self.free) * 1000 / u128::from(self.total.max(1))).unwrap_or(u64::MAX)
    }

    /// `21%`, and below ten with a decimal: `2.9%`.
    pub fn free_words(self) -> String {
        match self.free_per_mille() {
            few if few < 100 => format!("{}.{}%", few / 10, few % 10),
            more => format!("{}%", more / 10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_free_is_rounded_down() {
        let words = |free, total| Room { total, free, used: total - free }.free_words();
        assert_eq!(words(29_999, 1_000_000), "2.9%");
        assert_eq!(words(0, 7), "0.0%");
        assert_eq!(words(999, 1000), "99%");
        assert_eq!(words(u64::MAX, u64::MAX), "100%");
    }
}
