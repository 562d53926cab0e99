//! A pod of the Job, as far as its way to its end is told.

use jiff::Timestamp;
use serde_json::Value;

/// What was seen of a pod.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and most combinations occur")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PodSeen {
    pub(super) uid: String,
    pub(super) name: String,
    node: Option<String>,
    phase: String,
    /// A container of it runs or has run.
    pub(super) started: bool,
    /// All its main containers run now, and nobody calls it unready, as is done to the pods of a node that no longer reports.
    pub(super) working: bool,
    restarts: u64,
    deleted: bool,
    pub(super) gone: bool,
    /// `DisruptionTarget`: who ended it, and why.
    disrupted: Option<String>,
    /// Containers that ended with 0.
    succeeded: Vec<String>,
    /// The failure that was seen last, before anybody deleted the pod.
    pub(super) failure: Option<Failure>,
}

/// How a container failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) container: String,
    pub(super) code: i32,
    signal: i64,
    reason: String,
    pub(super) at: Option<Timestamp>,
}

impl Failure {
    fn of(container: &str, terminated: &Value) -> Option<Self> {
        let code = i32::try_from(terminated["exitCode"].as_i64()?).ok().filter(|code| *code != 0)?;
        Some(Self {
            container: container.to_owned(),
            code,
            signal: terminated["signal"].as_i64().unwrap_or(0),
            reason: terminated["reason"].as_str().unwrap_or_default().to_owned(),
            at: terminated["finishedAt"].as_str().and_then(|text| text.parse().ok()),
        })
    }

    /// In a sentence.
    pub(super) fn says(&self, pod: &str) -> String {
        let mut beside = Vec::new();
        if !matches!(self.reason.as_str(), "" | "Error") {
            beside.push(self.reason.clone());
        }
        if self.signal != 0 {
            beside.push(format!("signal {}", self.signal));
        }
        let beside = if beside.is_empty() { String::new() } else { format!(" ({})", beside.join(", ")) };
        format!("container {} of pod {pod} ended with exit code {}{beside}", self.container, self.code)
    }
}

impl PodSeen {
    /// What a pod's object shows; `None` for a pod of another Job.
    pub(super) fn of(pod: &Value, job_uid: &str) -> Option<Self> {
        let (meta, status) = (&pod["metadata"], &pod["status"]);
        let owners = meta["ownerReferences"].as_array();
        // A pod whose Job is gone has lost its reference, and its label still tells.
        let owned = owners.into_iter().flatten().any(|owner| owner["uid"] == *job_uid);
        if !owned && meta["labels"]["batch.kubernetes.io/controller-uid"] != *job_uid {
            return None;
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let all = |field: &str| status[field].as_array().map(Vec::as_slice).unwrap_or_default();
        let mains = all("containerStatuses");
        let terminated = |container: &Value| {
            [&container["state"]["terminated"], &container["lastState"]["terminated"]]
                .into_iter()
                .filter(|it| it.is_object())
                .map(|it| (text(&container["name"]), it.clone()))
                .collect::<Vec<_>>()
        };
        let sidecars: Vec<&str> = pod["spec"]["initContainers"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|it| it["restartPolicy"] == "Always")
            .filter_map(|it| it["name"].as_str())
            .collect();
        let inits = all("initContainerStatuses").iter().filter(|it| !sidecars.iter().any(|name| it["name"] == *name));
        let deleted = meta["deletionTimestamp"].is_string();
        let ends = mains.iter().chain(inits).flat_map(terminated);
        let failure = ends
            .filter_map(|(name, terminated)| Failure::of(&name, &terminated))
            .max_by_key(|failure| failure.at)
            .filter(|_| !deleted);
        let disruption = all("conditions").iter().find(|it| it["type"] == "DisruptionTarget" && it["status"] == "True");
        Some(Self {
            uid: text(&meta["uid"]),
            name: text(&meta["name"]),
            node: pod["spec"]["nodeName"].as_str().map(str::to_owned),
            phase: text(&status["phase"]),
            started: mains.iter().any(|it| it["state"]["running"].is_object() || it["state"]["terminated"].is_object())
                || mains.iter().any(|it| it["lastState"]["terminated"].is_object()),
            working: !deleted
                && !mains.is_empty()
                && mains.iter().all(|it| it["state"]["running"].is_object())
                && !all("conditions").iter().any(|it| it["type"] == "Ready" && it["status"] == "False"),
            restarts: mains.iter().filter_map(|it| it["restartCount"].as_u64()).sum(),
            deleted,
            gone: false,
            disrupted: disruption.map(|it| format!("{}: {}", text(&it["reason"]), text(&it["message"]))),
            succeeded: mains
                .iter()
                .filter(|it| it["state"]["terminated"]["exitCode"] == 0)
                .map(|it| text(&it["name"]))
                .collect(),
            failure,
        })
    }

    /// What stays known of it although its newest state no longer shows it.
    pub(super) fn after(mut self, before: Option<&Self>) -> Self {
        if let Some(before) = before {
            self.started |= before.started;
            self.gone |= before.gone;
            // A failure once seen is the pod's own; what follows its deletion is the deletion's.
            self.failure = self.failure.or_else(|| before.failure.clone());
        }
        self
    }

    /// Whether it has ended for good.
    pub(super) fn over(&self) -> bool {
        matches!(self.phase.as_str(), "Succeeded" | "Failed")
    }

    /// Whether a container of it ended with 0.
    pub(super) fn succeeded(&self, container: &str) -> bool {
        self.succeeded.iter().any(|name| name == container)
    }

    /// What is new since it was seen before.
    pub(super) fn news(&self, before: Option<&Self>) -> Vec<String> {
        let mut news = Vec::new();
        let mut say = |what: &str| news.push(format!("pod {}: {what}", self.name));
        if before.is_none() && self.node.is_none() {
            say("created");
        }
        if let Some(node) = self.node.as_ref().filter(|_| before.is_none_or(|it| it.node.is_none())) {
            say(&format!("on node {node}"));
        }
        if self.started && !before.is_some_and(|it| it.started) {
            say("running");
        }
        let failure = |seen: &Self| seen.failure.clone();
        if let Some(failed) = failure(self).filter(|it| before.and_then(failure).as_ref() != Some(it)) {
            news.push(failed.says(&self.name));
        }
        let mut say = |what: &str| news.push(format!("pod {}: {what}", self.name));
        if let Some(why) = self.disrupted.as_ref().filter(|_| before.is_none_or(|it| it.disrupted.is_none())) {
            say(why);
        }
        if before.is_some_and(|it| self.restarts > it.restarts) {
            say(&format!("restarted in place, attempt {}", self.restarts + 1));
        }
        if self.deleted && !before.is_some_and(|it| it.deleted) && !self.over() {
            say("being deleted");
        }
        let ended = |seen: &Self| seen.over();
        if ended(self) && !before.is_some_and(ended) {
            say(if self.phase == "Succeeded" { "succeeded" } else { "failed" });
        }
        news
    }
}
