//! A Job on its way to its end: what has happened to it and its pods, and how it ended. Told by raw objects as they change, in any order.

mod end;
mod pod;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

pub use end::{End, ended, ended_at};
use pod::PodSeen;

/// What decides besides the Job's own conditions.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Failure counts as soon as it is decided (FailureTarget), while pods still end.
    pub fail_fast: bool,
    /// Success counts as soon as this container ended with 0 in as many pods as the Job needs.
    pub success_from: Option<String>,
}

/// A Job as it is followed.
#[derive(Debug)]
pub struct Follow {
    job: Value,
    uid: String,
    rules: Rules,
    pods: BTreeMap<String, PodSeen>,
    end: Option<End>,
    gone: bool,
    told: Option<String>,
}

impl Follow {
    /// Begins with the Job as it was created, or found.
    pub fn new(job: Value, rules: Rules) -> Self {
        let uid = job["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
        let mut this = Self { job: Value::Null, uid, rules, pods: BTreeMap::new(), end: None, gone: false, told: None };
        this.job(job);
        this
    }

    /// The Job's newest state. Says what is new; another Job of the same name means that this one is gone.
    pub fn job(&mut self, job: Value) -> Vec<String> {
        if job["metadata"]["uid"] != *self.uid {
            self.gone = true;
            return Vec::new();
        }
        self.job = job;
        self.end = self.end.take().filter(|end| *end != End::Vanished).or_else(|| ended(&self.job));
        if self.end.is_none() && self.rules.fail_fast {
            self.end = end::decided(&self.job);
        }
        let says = self.held();
        let news = says.clone().filter(|_| says != self.told && self.end.is_none());
        self.told = says;
        news.into_iter().collect()
    }

    /// The Job is gone. If its last state was no end, only its events may tell how it ended.
    pub fn job_gone(&mut self, last: Option<Value>) {
        if let Some(last) = last.filter(|last| last["metadata"]["uid"] == *self.uid) {
            self.job(last);
        }
        self.gone = true;
    }

    /// A pod's newest state. Says what is new.
    pub fn pod(&mut self, pod: &Value) -> Vec<String> {
        let Some(seen) = PodSeen::of(pod, &self.uid) else { return Vec::new() };
        let before = self.pods.get(&seen.uid);
        let news = seen.news(before);
        let seen = seen.after(before);
        self.pods.insert(seen.uid.clone(), seen);
        self.judge_containers();
        news
    }

    /// A pod is gone.
    pub fn pod_gone(&mut self, pod: &Value) -> Vec<String> {
        let mut news = self.pod(pod);
        let uid = pod["metadata"]["uid"].as_str().unwrap_or_default();
        if let Some(seen) = self.pods.get_mut(uid)
            && !seen.over()
        {
            seen.gone = true;
            news.push(format!("pod {}: deleted before it ended", seen.name));
        }
        news
    }

    /// `--success-from`: whether enough pods have the container's success.
    fn judge_containers(&mut self) {
        let Some(name) = self.rules.success_from.as_deref().filter(|_| self.end.is_none()) else { return };
        let needed = self.job["spec"]["completions"].as_u64().unwrap_or(1).max(1);
        let succeeded = self.pods.values().filter(|pod| pod.succeeded(name)).count() as u64;
        if succeeded >= needed {
            self.end = Some(End::ContainerSucceeded { container: name.to_owned() });
        }
    }

    /// What keeps it from starting pods although nothing is wrong with it.
    fn held(&self) -> Option<String> {
        let spec = &self.job["spec"];
        if let Some(by) = spec["managedBy"].as_str().filter(|by| *by != "kubernetes.io/job-controller") {
            return Some(format!("it is run by {by} (spec.managedBy), not by Kubernetes' own controller"));
        }
        if spec["suspend"] == true {
            let queue = self.job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"].as_str();
            let by = queue.map(|queue| format!(" by the queue {queue}")).unwrap_or_default();
            return Some(format!("it is suspended{by}: no pod runs until it is resumed"));
        }
        (spec["parallelism"] == 0).then(|| "its parallelism is 0: no pod is started".to_owned())
    }

    /// How it ended, as soon as that is known.
    pub fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// Whether it is gone.
    pub fn gone(&self) -> bool {
        self.gone
    }

    /// Whether it is gone without an end: its events may tell one.
    pub fn vanished(&self) -> bool {
        self.gone && self.end.is_none()
    }

    /// Takes the end that its events tell: the reason of the last one that is about its end; `None` where there is none.
    pub fn epitaph(&mut self, reason: Option<&str>) {
        self.end = Some(end::of_event(reason));
    }

    /// Whether any container of it has run: by its pods, or by its own counts where pods can't be read.
    pub fn started(&self) -> bool {
        let counts = ["ready", "succeeded", "failed"];
        let counted = counts.iter().any(|count| self.job["status"][count].as_i64().is_some_and(|n| n > 0));
        counted || self.pods.values().any(|pod| pod.started)
    }

    /// Whether as many pods as it wants are there and all their containers run: else there is something to be explained.
    pub fn at_work(&self) -> bool {
        let number = |value: &Value| value.as_u64();
        let parallel = number(&self.job["spec"]["parallelism"]).unwrap_or(1);
        let succeeded = number(&self.job["status"]["succeeded"]).unwrap_or(0);
        let left = number(&self.job["spec"]["completions"]).map_or(1, |all| all.saturating_sub(succeeded));
        let live: Vec<&PodSeen> = self.pods.values().filter(|pod| !pod.over() && !pod.gone).collect();
        live.len() as u64 >= left.min(parallel) && live.iter().all(|pod| pod.working)
    }

    /// The container that failed last.
    pub fn failed_container(&self) -> Option<&str> {
        let failures = self.pods.values().filter_map(|pod| pod.failure.as_ref());
        failures.max_by_key(|failure| failure.at).map(|failure| failure.container.as_str())
    }

    /// The exit code of the main container that failed last. What its controller killed is no failure of its own.
    pub fn exit_code(&self) -> Option<i32> {
        self.pods.values().filter_map(|pod| pod.failure.as_ref()).max_by_key(|failure| failure.at).map(|it| it.code)
    }

    /// How the last failure came about: `container backup of pod x ended with exit code 3 (Error)`.
    pub fn last_failure(&self) -> Option<String> {
        let failed = self.pods.values().filter_map(|pod| Some((pod, pod.failure.as_ref()?)));
        failed.max_by_key(|(_, failure)| failure.at).map(|(pod, failure)| failure.says(&pod.name))
    }

    /// The Job's newest state.
    pub fn object(&self) -> &Value {
        &self.job
    }

    /// Its UID.
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.job["metadata"]["name"].as_str().unwrap_or_default()
    }

    /// When its controller began with it; when it was created, before that.
    pub fn began(&self) -> Option<Timestamp> {
        let time = |value: &Value| value.as_str().and_then(|text| text.parse().ok());
        time(&self.job["status"]["startTime"]).or_else(|| time(&self.job["metadata"]["creationTimestamp"]))
    }
}

#[cfg(test)]
mod tests;
