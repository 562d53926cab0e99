//! What a run is to read.

use super::api::From;
use super::intake::Limits;
use super::targets::Selection;

/// What is read, and how.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Whether reading goes on while containers run, and takes up pods that come.
    pub follow: bool,
    /// Which attempts of a container that is there at the start.
    pub attempts: Attempts,
    /// Where the log of a container that is there at the start begins.
    pub from: From,
    /// What is handed on of it.
    pub limits: Limits,
    /// Which pods and containers.
    pub selection: Selection,
    /// How many logs may be open at once.
    pub max_streams: usize,
    /// In which order a snapshot is handed on.
    pub order: Order,
    /// What waiting times are spread by.
    pub seed: u64,
}

/// Which attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempts {
    /// The present one.
    Present,
    /// The one before.
    Previous,
    /// All that are kept.
    All,
}

/// The order of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By time, across containers.
    Time,
    /// Container by container.
    Pod,
}
