//! Jobs and CronJobs.
//!
//! A Job that is to be created is raw JSON from its template to the wire: typed structs would drop what they do not know.

pub mod cause;
pub mod difference;
pub mod follow;
pub mod guards;
pub mod history;
pub mod hooks;
pub mod indexes;
pub mod manifest;
pub mod name;
pub mod overrides;
pub mod patch;
pub mod rerun;
pub mod retention;
pub mod schedule;
pub mod template;
