//! Pods that have nothing to do with claims.

use super::Uid;

/// The UIDs of pods that name no claim and belong to no StatefulSet: a large cluster has many, and where only claims are asked about
/// nothing else of them is kept. A claim may still name one as its owner (a Spark driver owns its executors' claims), and must not
/// pass for orphaned then.
#[derive(Debug, Clone, Default)]
pub struct Bystanders(Vec<u128>);

impl Bystanders {
    /// Takes them in any order.
    pub fn new(mut uids: Vec<u128>) -> Self {
        uids.sort_unstable();
        Self(uids)
    }

    /// Whether one of them has this UID.
    pub fn contain(&self, uid: &Uid) -> bool {
        uid.made().is_some_and(|uid| self.0.binary_search(&uid).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_found_and_no_other_passes_for_it() {
        let known = "0b1f9c1e-3b0a-4c57-9f42-6a1d7f0e2c33";
        let bystanders = Bystanders::new(vec![7, Uid::number(known).expect("a UID")]);
        assert!(bystanders.contain(&known.into()));
        for other in ["0b1f9c1e-3b0a-4c57-9f42-6a1d7f0e2c34", "7", ""] {
            assert!(!bystanders.contain(&other.into()), "{other}");
        }
    }
}
