//! A Job or a CronJob as JSON.

use serde::Serialize;
use workload_core::facts::{CronJob, Job, Pod};
use workload_core::findings::{ObjectRef, Verdict};
use workload_core::jobs::cause;
use workload_core::pods::phase_word;

use super::view::View;

/// An item of a JobReport.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item<'v> {
    object: ObjectRef,
    #[serde(skip_serializing_if = "Option::is_none")]
    cron_job: Option<&'v str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<JobItem<'v>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<CronJobItem<'v>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pods: Vec<PodItem<'v>>,
    verdicts: &'v [Verdict],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JobItem<'v> {
    parallelism: i32,
    completions: Option<i32>,
    active: i32,
    ready: i32,
    terminating: i32,
    succeeded: i32,
    failed: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<jiff::Timestamp>,
    /// When it ended, with whichever result.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<jiff::Timestamp>,
    #[serde(skip_serializing_if = "str::is_empty")]
    completed_indexes: &'v str,
    #[serde(skip_serializing_if = "str::is_empty")]
    failed_indexes: &'v str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CronJobItem<'v> {
    schedule: &'v str,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone: Option<&'v str>,
    suspended: bool,
    concurrency_policy: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_schedule_time: Option<jiff::Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_successful_time: Option<jiff::Timestamp>,
    active: Vec<&'v str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PodItem<'v> {
    name: &'v str,
    uid: String,
    phase: &'static str,
    status: &'v str,
    restarts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<&'v str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<&'v str>,
    /// How it failed, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
}

impl<'v> Item<'v> {
    pub(super) fn new(view: &'v View<'_>) -> Self {
        Self {
            object: view.object(),
            cron_job: view.job().and_then(Job::cron_job),
            job: view.job().map(JobItem::new),
            schedule: view.cron_job().map(CronJobItem::new),
            pods: view.pods.iter().map(|pod| PodItem::new(pod)).collect(),
            verdicts: &view.verdicts,
        }
    }
}

impl<'v> JobItem<'v> {
    fn new(job: &'v Job) -> Self {
        let status = &job.status;
        Self {
            parallelism: job.parallelism,
            completions: job.completions,
            active: status.active,
            ready: status.ready,
            terminating: status.terminating,
            succeeded: status.succeeded,
            failed: status.failed,
            started: status.started,
            ended: status.completed.or_else(|| job.end().and_then(|end| end.since)),
            completed_indexes: &status.completed_indexes,
            failed_indexes: &status.failed_indexes,
        }
    }
}

impl<'v> CronJobItem<'v> {
    fn new(cron_job: &'v CronJob) -> Self {
        Self {
            schedule: &cron_job.schedule,
            time_zone: cron_job.zone.as_deref(),
            suspended: cron_job.suspended,
            concurrency_policy: cron_job.policy.word(),
            last_schedule_time: cron_job.status.last_slot,
            last_successful_time: cron_job.status.last_success,
            active: cron_job.status.active.iter().map(|(name, _)| &**name).collect(),
        }
    }
}

impl<'v> PodItem<'v> {
    fn new(pod: &'v Pod) -> Self {
        let ending = workload_core::pods::ending(pod);
        Self {
            name: &pod.meta.name,
            uid: pod.meta.uid.to_string(),
            phase: phase_word(pod.phase),
            status: &pod.status,
            restarts: pod.restarts,
            index: cause::index_of(pod),
            node: pod.node.as_deref(),
            exit_code: ending.as_ref().and_then(|ending| ending.container).map(|(_, how)| how.exit_code),
            ended: ending.map(|ending| ending.says),
        }
    }
}
