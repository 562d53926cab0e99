//! The commands, a file or folder each.
pub(crate) mod clean;
mod follow;
pub(crate) mod logs;
mod new_job;
pub(crate) mod rerun;
pub(crate) mod run;
mod source;
pub(crate) mod status;
mod target;
