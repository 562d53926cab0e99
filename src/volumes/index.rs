//! The facts with the look-ups that rows and verdicts need.

use super::{Candidates, Users};
use crate::facts::Cluster;

/// Facts, and who makes and uses each claim.
#[derive(Debug)]
pub struct Index<'a> {
    /// The facts.
    pub cluster: &'a Cluster,
    /// Which sets and templates make a claim's name.
    pub candidates: Candidates<'a>,
    /// Which pods use a claim.
    pub users: Users<'a>,
}

impl<'a> Index<'a> {
    /// Takes all facts: also sets that are not shown decide whether a name is ambiguous.
    pub fn new(cluster: &'a Cluster) -> Self {
        Self { cluster, candidates: Candidates::new(&cluster.sets.items), users: Users::new(cluster) }
    }
}
