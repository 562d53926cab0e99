//! What is to be deleted, by its identity, and what is not.

use std::collections::BTreeSet;

use futures_util::future::join;
use jiff::Timestamp;
use serde_json::Value;
use workload_cli::{Context, Failure};
use workload_core::change::Identity;
use workload_core::connect::Client;
use workload_core::facts::{JobRun, JobState, LeftPod, Text, Uid};
use workload_core::gather::resource::{CRON_JOBS, JOBS, PODS, Resource};
use workload_core::gather::{job_run, left_pods, raw};
use workload_core::jobs::retention::{Keeps, Wanted, choose};
use workload_core::render::age;

/// So many that are passed over are named.
const SHOWN: usize = 10;

/// An object of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) resource: &'static Resource,
    pub(super) name: String,
    pub(super) uid: String,
    version: String,
    /// How it ended, and whose it is.
    about: String,
    ended: Option<Timestamp>,
}

impl Object {
    fn of_job(run: &JobRun) -> Self {
        let state = match &run.state {
            JobState::Complete => "complete".to_owned(),
            JobState::Failed(reason) => format!("failed, {reason}"),
            JobState::Active => "going on".to_owned(),
        };
        let owner =
            run.meta.controller().map(|owner| format!(", of {} {}", owner.kind, owner.name)).unwrap_or_default();
        Self {
            resource: &JOBS,
            name: run.meta.name.to_string(),
            uid: run.meta.uid.to_string(),
            version: run.version.to_string(),
            about: format!("{state}{owner}"),
            ended: run.ended,
        }
    }

    fn of_pod(pod: &LeftPod) -> Self {
        let job = pod.meta.labels.get("job-name").unwrap_or_default();
        Self {
            resource: &PODS,
            name: pod.meta.name.to_string(),
            uid: pod.meta.uid.to_string(),
            version: pod.version.to_string(),
            about: format!("of job {job}, which is gone"),
            ended: None,
        }
    }

    /// `job/nightly-29399100`.
    pub(super) fn shown(&self) -> String {
        format!("{}/{}", self.resource.kind.to_lowercase(), self.name)
    }

    /// As kubectl names it: `job.batch`, `pod`.
    pub(super) fn kubectl(&self) -> String {
        let kind = self.resource.kind.to_lowercase();
        if self.resource.group.is_empty() { kind } else { format!("{kind}.{}", self.resource.group) }
    }

    pub(super) fn identity(&self, namespace: &str) -> Identity {
        Identity {
            resource: self.resource,
            namespace: Some(namespace.to_owned()),
            name: self.name.clone(),
            uid: self.uid.clone(),
            version: self.version.clone(),
        }
    }
}

/// The plan.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) delete: Vec<Object>,
    pub(super) passed_over: Vec<(Object, String)>,
    pub(super) missing: Vec<String>,
}

impl Plan {
    /// Jobs that have ended.
    pub(super) async fn of_jobs(
        context: &mut Context<'_>,
        client: &Client,
        namespace: &Text,
        chunk: u32,
        wanted: &Wanted,
    ) -> Result<Self, Failure> {
        let (runs, crons) =
            join(job_run::list(client, namespace, chunk), raw::list(client, &CRON_JOBS, namespace)).await;
        let runs = runs?;
        if let Some(refusal) = &runs.missing {
            context.note(&format!("note: {refusal}: some Jobs are not seen"))?;
        }
        let keeps = match crons {
            Ok(crons) => Some(crons.iter().map(keeps).collect::<Vec<_>>()),
            Err(error) => {
                context.note(&format!("note: {}: no run of a CronJob is taken", error.message))?;
                None
            }
        };
        let choice = choose(&runs.items, keeps.as_deref(), wanted, client.server_now());
        Ok(Self {
            delete: choice.delete.into_iter().map(Object::of_job).collect(),
            passed_over: choice.passed_over.into_iter().map(|(run, why)| (Object::of_job(run), why)).collect(),
            missing: choice.missing,
        })
    }

    /// Pods that have ended and whose Job is gone. Which Jobs there are must be known whole.
    pub(super) async fn of_orphans(client: &Client, namespace: &Text, chunk: u32) -> Result<Self, Failure> {
        // Pods first: a Job that is made in between is then among the Jobs.
        let pods = left_pods::list(client, namespace, chunk).await?;
        let jobs = job_run::list(client, namespace, chunk).await?;
        if let Some(refusal) = jobs.missing {
            return Err(Failure::error(format_args!(
                "{refusal}: which Jobs are gone can't be told; nothing was changed"
            )));
        }
        let there: BTreeSet<&Uid> = jobs.items.iter().map(|run| &run.meta.uid).collect();
        let mut plan = Self { delete: Vec::new(), passed_over: Vec::new(), missing: Vec::new() };
        for pod in &pods.items {
            let orphan = pod.job_uid().is_some_and(|uid| !there.contains(&uid));
            if !orphan || pod.meta.deleted().is_some() {
                continue;
            }
            if let Some(owner) = pod.meta.controller().filter(|owner| &*owner.kind != "Job") {
                plan.passed_over.push((Object::of_pod(pod), format!("it belongs to {} {}", owner.kind, owner.name)));
            } else if pod.over() {
                plan.delete.push(Object::of_pod(pod));
            } else {
                plan.passed_over.push((Object::of_pod(pod), "it still runs".to_owned()));
            }
        }
        plan.delete.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(plan)
    }

    /// Says what is passed over: the first few by name.
    pub(super) fn show_passed_over(&self, context: &mut Context<'_>) -> Result<(), Failure> {
        for (object, why) in self.passed_over.iter().take(SHOWN) {
            context.note(&format!("{} is passed over: {why}", object.shown()))?;
        }
        match self.passed_over.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => context.note(&format!("{more} more are passed over: -o json names each")),
        }
    }

    /// Shows what is to be deleted.
    pub(super) fn show(&self, context: &mut Context<'_>, namespace: &str, now: Timestamp) -> Result<(), Failure> {
        context.note(&format!("To be deleted in namespace {namespace}:"))?;
        for object in &self.delete {
            let ended = object.ended.map(|ended| format!(", {} ago", age(ended, now))).unwrap_or_default();
            context.note(&format!("  {} ({}{ended})", object.shown(), object.about))?;
        }
        Ok(())
    }

    /// `3 Jobs are deleted with their pods`.
    pub(super) fn words(&self) -> String {
        let pods = self.delete.first().is_some_and(|object| object.resource == &PODS);
        match (self.delete.len(), pods) {
            (1, false) => "1 Job is deleted with its pods and their logs".to_owned(),
            (n, false) => format!("{n} Jobs are deleted with their pods and their logs"),
            (1, true) => "1 pod is deleted with its logs".to_owned(),
            (n, true) => format!("{n} pods are deleted with their logs"),
        }
    }
}

/// What a CronJob keeps (batch/v1: three that succeeded and one that failed, where it does not say).
fn keeps(cron: &Value) -> Keeps {
    let limit =
        |field: &str, absent| cron["spec"][field].as_u64().map_or(absent, |n| usize::try_from(n).unwrap_or(absent));
    Keeps {
        uid: cron["metadata"]["uid"].as_str().unwrap_or_default().into(),
        succeeded: limit("successfulJobsHistoryLimit", 3),
        failed: limit("failedJobsHistoryLimit", 1),
    }
}
