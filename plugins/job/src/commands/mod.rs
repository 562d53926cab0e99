//! The commands, a file or folder each.
pub(crate) mod clean;
mod cron_job;
mod follow;
pub(crate) mod history;
pub(crate) mod hooks;
pub(crate) mod logs;
mod new_job;
pub(crate) mod next;
pub(crate) mod rerun;
pub(crate) mod run;
pub(crate) mod snapshot;
mod source;
pub(crate) mod status;
mod target;
