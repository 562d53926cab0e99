//! How far a set is, and why it is not ready or does not roll out: a row per ordinal, from the pods themselves, and verdicts in the order
//! in which the StatefulSet controller would meet them.

mod blocker;
mod changes;
mod notices;
mod ordinals;
mod progress;
mod refused;
mod restart;

pub use blocker::{Diagnosis, diagnose};
pub use changes::compared;
pub use notices::orphaned_pods;
pub use ordinals::{Ordinal, Revision, ordinals, ready};
pub use refused::lacks_a_pod;
pub use restart::{Restart, restart};

#[cfg(test)]
mod tests;
