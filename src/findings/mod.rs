//! The catalogue of verdicts: codes, severities, and what every verdict must state.

#[macro_use]
mod define;
mod catalogue;
mod verdict;

pub use catalogue::Code;
pub use verdict::{Deletable, Evidence, ObjectRef, Severity, Verdict};
