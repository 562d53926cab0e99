mod cron_job;
pub(crate) mod history;
pub(crate) mod next;
