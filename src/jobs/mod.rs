//! Jobs and CronJobs.

pub mod cause;
pub mod history;
pub mod schedule;
