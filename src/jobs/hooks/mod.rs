//! Hooks of Helm and Argo CD: in their order, how far each is, which one is stuck and why, which are left behind.
//!
//! Helm's own record of a release tells all of it, where it may be read; otherwise the annotations of the objects that are there.

mod annotated;
mod left;
mod moment;
mod recorded;
mod step;
mod stuck;

use jiff::{SignedDuration, Timestamp};

pub use self::moment::{Moment, Policy};
use crate::facts::{
    Cluster, Container, ContainerState, HookNotes, HookRecord, Job, Known, Meta, Pod, PodPhase, Recorded, Release,
};
use crate::findings::{Code, ObjectRef, Severity, Verdict};
use crate::jobs::cause;
use crate::pods::{self, Circumstances};

/// A release of Helm's, or an application of Argo CD's, with its hooks in order.
#[derive(Debug)]
pub struct Group<'a> {
    /// Whether Argo CD runs them; else Helm does.
    pub argo: bool,
    /// The release's namespace; of hooks without a record their own.
    pub namespace: &'a str,
    /// The release's or application's name; empty where nothing tells it.
    pub name: &'a str,
    /// Helm's record of it.
    pub record: Option<&'a Release>,
    /// Its hooks in their order: of a record a row for each event of each hook, else a row for each object.
    pub rows: Vec<Row<'a>>,
    /// What is the matter with the release as a whole.
    pub verdicts: Vec<Verdict>,
}

/// A hook, at one of its events where a record tells which.
#[derive(Debug)]
pub struct Row<'a> {
    /// When it runs.
    pub moments: Vec<Moment>,
    /// Its weight, or wave.
    pub weight: i64,
    /// Its kind.
    pub kind: &'a str,
    /// Its namespace.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
    /// When it is deleted.
    pub policies: Vec<Policy>,
    /// What the record says of it.
    pub recorded: Option<&'a HookRecord>,
    /// The object, where it is there and has to do with this event.
    pub live: Option<Live<'a>>,
    /// Whether an object that was not found is not there: its kind was read, and its namespace.
    pub seen: bool,
    /// How far it is.
    pub state: State,
    /// What is the matter with it; empty where there is nothing to say.
    pub verdicts: Vec<Verdict>,
}

/// How far a hook is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Its event is not that of the operation at hand, or of the last.
    NotRun,
    /// Its turn has not come.
    ToCome,
    /// It runs.
    Running,
    /// It does not get on.
    Stuck,
    /// It has succeeded.
    Succeeded,
    /// It has failed.
    Failed,
    /// It ran, and how it ended is not known.
    Unknown,
    /// Nothing will run it or delete it any more.
    LeftBehind,
}

/// A hook's object.
#[derive(Debug, Clone, Copy)]
pub enum Live<'a> {
    /// A Job.
    Job(&'a Job),
    /// A pod.
    Pod(&'a Pod),
}

/// How a hook's object ended, as the tools judge it: a Job by its condition, a pod by its phase (helm, `pkg/kube/client.go`, waitForJob).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct End {
    well: bool,
    at: Option<Timestamp>,
}

impl State {
    /// In a table's word, and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotRun => "not run",
            Self::ToCome => "to come",
            Self::Running => "running",
            Self::Stuck => "stuck",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::LeftBehind => "left behind",
        }
    }
}

impl<'a> Live<'a> {
    /// Its metadata.
    pub fn meta(self) -> &'a Meta {
        match self {
            Self::Job(job) => &job.meta,
            Self::Pod(pod) => &pod.meta,
        }
    }

    /// Its kind.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Job(_) => "Job",
            Self::Pod(_) => "Pod",
        }
    }

    fn notes(self) -> Option<&'a HookNotes> {
        match self {
            Self::Job(job) => job.hook.as_deref(),
            Self::Pod(pod) => pod.hook.as_deref(),
        }
    }

    fn end(self) -> Option<End> {
        match self {
            Self::Job(job) => {
                let end = job.end()?;
                Some(End { well: &*end.kind == "Complete", at: end.since.or(job.status.completed) })
            }
            Self::Pod(pod) if pod.live() => None,
            Self::Pod(pod) => {
                let finished = |container: &Container| match &container.state {
                    ContainerState::Ended(how) => how.finished,
                    _ => None,
                };
                let at = pod.detail.as_ref().and_then(|detail| detail.containers.iter().filter_map(finished).max());
                Some(End { well: pod.phase == PodPhase::Succeeded, at: at.or(pod.ready_since()) })
            }
        }
    }

    /// How long it took, where it has ended.
    pub fn took(self) -> Option<SignedDuration> {
        let end = self.end()?.at?;
        let began = match self {
            Self::Job(job) => job.status.started?,
            Self::Pod(pod) => pod.meta.created()?,
        };
        Some(end.duration_since(began)).filter(|took| !took.is_negative())
    }

    /// The pods whose state explains it.
    pub fn pods(self, cluster: &'a Cluster) -> Vec<&'a Pod> {
        match self {
            Self::Job(job) => cause::pods_of(job, cluster),
            Self::Pod(pod) => vec![pod],
        }
    }

    fn causes(self, cluster: &'a Cluster, around: &Circumstances<'a>) -> Vec<Verdict> {
        let mut all = match self {
            Self::Job(job) => {
                let pods = cause::pods_of(job, cluster);
                let known = match &cluster.pods.missing {
                    Some(refusal) if pods.is_empty() => Known::Refused(refusal),
                    _ => Known::Read(&*pods),
                };
                cause::verdicts(job, known, around)
            }
            Self::Pod(pod) if !pod.meta.applied() => {
                vec![Verdict::new(Code::NotApplied, "The pod stands only in a file: whether it runs can't be told.")]
            }
            Self::Pod(pod) => pods::causes(pod, around),
        };
        // A hook's Job is deleted before its next run, unless the chart says otherwise.
        all.retain(|verdict| verdict.code != Code::FailedJobKept);
        for verdict in &mut all {
            if verdict.object.as_ref().is_some_and(|of| of.kind == self.kind() && *of.name == *self.meta().name) {
                verdict.object = None;
            }
        }
        all
    }
}

impl Row<'_> {
    /// Whether it ran in the operation at hand, or in the last.
    pub fn ran(&self) -> bool {
        !matches!(self.state, State::NotRun | State::ToCome)
    }

    /// The hook's object, or what would be it.
    pub fn object(&self) -> Option<ObjectRef> {
        self.live.map(|live| ObjectRef::new(live.kind(), live.meta()))
    }

    /// The worst that is said of it.
    pub fn worst(&self) -> Severity {
        self.verdicts.iter().map(|verdict| verdict.severity).max().unwrap_or(Severity::Ok)
    }

    /// `job/migrate`.
    pub fn shown(&self) -> String {
        format!("{}/{}", self.kind.to_lowercase(), self.name)
    }
}

impl Group<'_> {
    /// The worst that is said of it and of its hooks.
    pub fn worst(&self) -> Severity {
        let own = self.verdicts.iter().map(|verdict| verdict.severity);
        own.chain(self.rows.iter().map(Row::worst)).max().unwrap_or(Severity::Ok)
    }

    /// Who runs its hooks.
    pub fn tool(&self) -> &'static str {
        if self.argo { "Argo CD" } else { "Helm" }
    }
}

/// All hooks, by release, the worst first; of equals by namespace and name. Pure: from what was read and its time.
pub fn groups<'a>(cluster: &'a Cluster, around: &Circumstances<'a>) -> Vec<Group<'a>> {
    let mut live: Vec<Live<'a>> = cluster.jobs.items.iter().filter(|job| job.hook.is_some()).map(Live::Job).collect();
    // A Job's own pods may carry its template's annotations.
    let own = |pod: &&Pod| pod.hook.is_some() && pod.meta.controller().is_none_or(|owner| &*owner.kind != "Job");
    live.extend(cluster.pods.items.iter().filter(own).map(Live::Pod));
    let mut all = recorded::groups(cluster, around, &mut live);
    annotated::add(&mut all, live, cluster, around);
    let opened = cluster.around.releases.missing.is_none()
        && recorded::newest(cluster).iter().all(|release| matches!(release.hooks, Recorded::Hooks { .. }));
    for group in &mut all {
        stuck::judge(group, cluster, around);
        left::judge(group, opened, cluster, around);
    }
    all.sort_by(|a, b| {
        b.worst().cmp(&a.worst()).then((a.namespace, a.name, a.argo).cmp(&(b.namespace, b.name, b.argo)))
    });
    all
}

#[cfg(test)]
mod tests;
