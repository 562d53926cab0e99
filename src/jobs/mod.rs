//! Jobs and CronJobs.

pub mod cause;
