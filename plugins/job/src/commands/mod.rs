//! The commands, a file or folder each.
mod new_job;
pub(crate) mod run;
