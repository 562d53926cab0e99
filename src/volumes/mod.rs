//! Ordinals → claims → volumes: which claim belongs to which ordinal of which set, and what state it is in.

mod attach;
mod candidates;
mod classify;
mod default_class;
mod deletable;
mod drift;
mod explain;
pub mod fate;
mod filling;
mod gone;
mod index;
mod leftover;
mod modifiers;
mod orphans;
mod pending;
mod preview;
mod preview_limits;
mod references;
mod removal;
mod rescue;
mod resize;
mod rows;
mod snapshots;
mod users;
mod zone;

pub use candidates::{Candidate, Candidates};
pub use classify::{Class, PodPtr};
pub use deletable::{deletable, vetoes};
pub use explain::verdicts;
pub use filling::{Fullness, fullness, mounted_on};
pub use gone::{Confidence, Origin, Siblings};
pub use index::Index;
pub use leftover::{Leftover, VolumeClass, leftovers};
pub use orphans::{OrphansView, UsedAgain, orphans, unused_since};
pub use preview::{Action, Effect, PodEffect, PreviewRow, preview};
pub use preview_limits::{limits, order};
pub use references::{Reference, References, blind_spots};
pub use removal::Removal;
pub use rescue::{Rescue, RescueStep, rescues};
pub use rows::{Change, ComesBack, Group, Row, Summary, View, row_of, rows, rows_beside, rows_in_range, sort};
pub use users::Users;

#[cfg(test)]
mod tests;
