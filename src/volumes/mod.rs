//! Ordinals → claims → volumes: which claim belongs to which ordinal of which set, and what state it is in.

mod candidates;
mod classify;
mod explain;
mod index;
mod rows;
mod users;

pub use candidates::{Candidate, Candidates};
pub use classify::{Class, PodPtr};
pub use explain::verdicts;
pub use index::Index;
pub use rows::{Change, ComesBack, Group, Row, Summary, View, rows};
pub use users::Users;

#[cfg(test)]
mod tests;
