//! A Job that is about to be created: what flags make of it, how it is shown, and the creation itself. Shared by `run` and `rerun`.

mod create;
mod edit;
mod flags;
mod report;

pub(super) use create::{Draft, finish};
pub(super) use flags::{CreateFlags, OverrideFlags, read_objects};
