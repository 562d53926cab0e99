//! The commands, a file or folder each.
mod follow;
mod new_job;
pub(crate) mod run;
