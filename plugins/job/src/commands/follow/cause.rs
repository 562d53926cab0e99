//! Why a Job that is followed does not start, does not go on, or failed: the verdicts of `kubectl job status`, as far as they are news.

use std::collections::HashSet;

use workload_core::connect::Client;
use workload_core::facts::{Known, Pod, Text};
use workload_core::findings::{Code, Severity, Verdict};
use workload_core::gather::jobs::read_one;
use workload_core::gather::log_tail::tails;
use workload_core::jobs::cause::{pods_of, verdicts};
use workload_core::pods::{Circumstances, PULLING};

/// The Job that is asked about.
pub(super) struct Asked<'a> {
    pub(super) client: &'a Client,
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
    pub(super) uid: &'a str,
    /// The labels of its pods.
    pub(super) labels: &'a str,
}

impl Asked<'_> {
    /// The verdicts on it as it is now; none where it, or why it stands as it does, can't be read, and while it goes on none of one that
    /// has ended: its end is told by its own object. With the last lines of what failed, where it has ended.
    pub(super) async fn verdicts(&self, goes_on: bool) -> Vec<Verdict> {
        let namespace = Text::from(self.namespace);
        let read = Box::pin(read_one(self.client, &namespace, self.name, self.labels));
        let Ok(Some(cluster)) = read.await else {
            return Vec::new();
        };
        let Some(job) = cluster.jobs.items.iter().find(|job| job.meta.uid == *self.uid) else { return Vec::new() };
        let pods: Vec<&Pod> = pods_of(job, &cluster);
        if goes_on && job.end().is_some() {
            return Vec::new();
        }
        let lines = if goes_on { Vec::new() } else { tails(self.client, pods.iter().copied()).await.0 };
        let known = match &cluster.pods.missing {
            Some(refusal) => Known::Refused(refusal),
            None => Known::Read(&*pods),
        };
        verdicts(job, known, &Circumstances::of(&cluster, &lines))
    }
}

/// What was told of verdicts: each is told once, a wait for another pod anew.
#[derive(Default)]
pub(super) struct Told(HashSet<String>);

impl Told {
    /// What is new of what stands in its way, or of what it waits for.
    pub(super) fn news(&mut self, verdicts: &[Verdict]) -> Vec<String> {
        let news = verdicts.iter().filter(|verdict| worth_telling(verdict)).filter(|verdict| {
            let next_pod = verdict.evidence.iter().find(|item| item.field == "next pod");
            let of = verdict.object.as_ref().map(|of| &of.uid);
            self.0.insert(format!("{} {of:?} {:?}", verdict.code.word(), next_pod.map(|item| &item.value)))
        });
        news.map(says).collect()
    }
}

fn worth_telling(verdict: &Verdict) -> bool {
    match (verdict.code, verdict.severity) {
        // The Job's own object, or the pod's, has told these.
        (Code::JobSuspended | Code::JobManagedElsewhere | Code::ParallelismZero, _)
        | (Code::CrashLoop, Severity::Waiting) => false,
        (Code::PodStarting, Severity::Waiting) => verdict.evidence.iter().any(|item| item.field == PULLING),
        (_, severity) => matches!(severity, Severity::Fault | Severity::Waiting | Severity::Unknown),
    }
}

/// `ImagePullFailed: The image …`, with a pod's name where it is a pod's.
pub(super) fn says(verdict: &Verdict) -> String {
    let of = verdict.object.as_ref().map(|of| format!(" ({}/{})", of.kind.to_lowercase(), of.name)).unwrap_or_default();
    let unknown = if verdict.unknown.is_empty() { String::new() } else { format!(" ({})", verdict.unknown.join("; ")) };
    format!("{}{of}: {}{unknown}", verdict.code.word(), verdict.says)
}
