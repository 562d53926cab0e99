//! Jobs and CronJobs: when they run, why they do not, and what became of them.

pub mod cause;
pub mod history;

pub mod schedule;
