//! Why a Job or a CronJob does not start, run or end.
