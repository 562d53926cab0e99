//! The commands, a file or folder each.
mod cron_job;
pub(crate) mod history;
pub(crate) mod next;
pub(crate) mod status;
mod target;
