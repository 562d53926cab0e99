//! What is shown of a Job or a CronJob.

use jiff::Timestamp;
use workload_core::facts::{Cluster, CronJob, Job, Known, Meta, Pod};
use workload_core::findings::{ObjectRef, Severity, Verdict};
use workload_core::jobs::cause;
use workload_core::pods::{Circumstances, LogTail};

use crate::commands::target::{Kind, Target};

/// A Job or a CronJob with all that is known of it.
pub(super) struct View<'a> {
    pub(super) of: Of<'a>,
    /// A Job's pods.
    pub(super) pods: Vec<&'a Pod>,
    /// A CronJob's Jobs, the newest first.
    pub(super) jobs: Vec<View<'a>>,
    /// Its own first, then causes and remarks. Never empty.
    pub(super) verdicts: Vec<Verdict>,
    pub(super) now: Timestamp,
}

#[derive(Clone, Copy)]
pub(super) enum Of<'a> {
    Job(&'a Job),
    CronJob(&'a CronJob),
}

impl<'a> View<'a> {
    pub(super) fn meta(&self) -> &'a Meta {
        match self.of {
            Of::Job(job) => &job.meta,
            Of::CronJob(cron_job) => &cron_job.meta,
        }
    }

    pub(super) fn kind(&self) -> &'static str {
        match self.of {
            Of::Job(_) => "Job",
            Of::CronJob(_) => "CronJob",
        }
    }

    /// `job/backup`, as arguments name it.
    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.kind().to_lowercase(), self.meta().name)
    }

    /// As kubectl's `-o name`.
    pub(super) fn full_name(&self) -> String {
        format!("{}.batch/{}", self.kind().to_lowercase(), self.meta().name)
    }

    pub(super) fn object(&self) -> ObjectRef {
        ObjectRef::new(self.kind(), self.meta())
    }

    pub(super) fn job(&self) -> Option<&'a Job> {
        match self.of {
            Of::Job(job) => Some(job),
            Of::CronJob(_) => None,
        }
    }

    pub(super) fn cron_job(&self) -> Option<&'a CronJob> {
        match self.of {
            Of::Job(_) => None,
            Of::CronJob(cron_job) => Some(cron_job),
        }
    }

    pub(super) fn worst(&self) -> Severity {
        self.verdicts.iter().map(|verdict| verdict.severity).max().unwrap_or(Severity::Ok)
    }

    /// From its start to its end, or to now.
    pub(super) fn took(&self) -> Option<jiff::SignedDuration> {
        let job = self.job()?;
        let end = job.status.completed.or_else(|| job.end().and_then(|end| end.since)).unwrap_or(self.now);
        Some(end.duration_since(job.status.started?))
    }
}

/// The facts and what they mean.
pub(super) struct Scene<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) around: Circumstances<'a>,
}

impl<'a> Scene<'a> {
    pub(super) fn new(cluster: &'a Cluster, logs: &'a [LogTail]) -> Self {
        Self { cluster, around: Circumstances::of(cluster, logs) }
    }

    pub(super) fn job(&self, job: &'a Job) -> View<'a> {
        let cluster = self.cluster;
        let pods = cause::pods_of(job, cluster);
        let known = match &cluster.pods.missing {
            Some(refusal) if pods.is_empty() => Known::Refused(refusal),
            _ => Known::Read(&*pods),
        };
        let verdicts = cause::verdicts(job, known, &self.around);
        View { of: Of::Job(job), pods, jobs: Vec::new(), verdicts, now: cluster.now }
    }

    pub(super) fn cron_job(&self, cron_job: &'a CronJob) -> View<'a> {
        let jobs = cause::children(cron_job, self.cluster).into_iter().map(|job| self.job(job)).collect();
        let verdicts = cause::cron_verdicts(cron_job, self.cluster, &self.around);
        View { of: Of::CronJob(cron_job), pods: Vec::new(), jobs, verdicts, now: self.cluster.now }
    }

    /// All that are selected, worst first; of equals CronJobs before Jobs, and these by their names.
    pub(super) fn all(&self, shows: impl Fn(&Meta) -> bool) -> Vec<View<'a>> {
        let cron_jobs = self.cluster.cron_jobs.items.iter().filter(|it| shows(&it.meta)).map(|it| self.cron_job(it));
        let jobs = self.cluster.jobs.items.iter().filter(|it| shows(&it.meta)).map(|it| self.job(it));
        let mut all: Vec<View<'a>> = cron_jobs.chain(jobs).collect();
        all.sort_by_key(|view| std::cmp::Reverse(view.worst()));
        all
    }

    /// Those that a target names: a Job, else a CronJob, unless it says which.
    pub(super) fn named(&self, target: &Target) -> Vec<View<'a>> {
        let mut all: Vec<View<'a>> = Vec::new();
        if target.kind != Some(Kind::CronJob) {
            all.extend(
                self.cluster.jobs.items.iter().filter(|it| *it.meta.name == *target.name).map(|it| self.job(it)),
            );
        }
        if target.kind != Some(Kind::Job) && all.is_empty() {
            let of = self.cluster.cron_jobs.items.iter().filter(|it| *it.meta.name == *target.name);
            all.extend(of.map(|it| self.cron_job(it)));
        }
        all
    }
}
