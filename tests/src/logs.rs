//! Container logs: lines with their times, given by the test, read as the kubelet serves them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;
use serde_json::Value;

use crate::answer::Answer;
use crate::running::Inner;
use crate::status::Status;
use crate::store::key;
use crate::target::{Query, Target};

/// One container's log; `ended` once no more will come, which is what a follower waits for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    pub(crate) lines: Vec<(Timestamp, Vec<u8>)>,
    pub(crate) ended: bool,
}

impl Log {
    /// Lines of bytes, each with its RFC 3339 time and a space before it, as `kubectl logs --timestamps` prints them.
    pub(crate) fn push_text(&mut self, text: &[u8]) {
        for line in text.split_inclusive(|it| *it == b'\n') {
            let space = line.iter().position(|it| *it == b' ');
            let time = space.and_then(|at| std::str::from_utf8(&line[..at]).ok()?.parse().ok());
            match (time, space) {
                (Some(time), Some(at)) => self.lines.push((time, line[at + 1..].to_vec())),
                _ => panic!("a log line needs its time: {}", String::from_utf8_lossy(line)),
            }
        }
    }
}

/// By pod's `namespace/name`, container, and whether it is the previous attempt.
pub(crate) type Logs = BTreeMap<(String, String, bool), Log>;

pub(crate) fn log(inner: &Arc<Inner>, target: &Target, query: &Query) -> Answer {
    match place(inner, target, query) {
        Ok(place) => read(inner, place, query),
        Err(status) => status.into(),
    }
}

/// Which log is meant: the kubelet's rules for the container's name.
fn place(inner: &Arc<Inner>, target: &Target, query: &Query) -> Result<(String, String, bool), Status> {
    let kind = target.kind.as_ref().expect("a log is of a pod");
    let name = target.name.as_deref().unwrap_or_default();
    let pod_key = key(target.namespace.as_deref().unwrap_or_default(), name);
    let store = inner.store.lock().unwrap();
    let Some(pod) = store.get(&kind.qualified(), &pod_key) else { return Err(Status::not_found(kind, name)) };
    let pod = pod.value();
    let names = |field: &str| -> Vec<String> {
        let list = pod["spec"][field].as_array().cloned().unwrap_or_default();
        list.iter().filter_map(|it| it["name"].as_str().map(str::to_owned)).collect()
    };
    let (main, init) = (names("containers"), names("initContainers"));
    let container = match query.get("container") {
        Some(asked) if main.iter().chain(&init).any(|it| it == asked) => asked.to_owned(),
        Some(asked) => {
            return Err(Status::bad_request(format!("container {asked} is not valid for pod {name}")));
        }
        None if main.len() > 1 || !init.is_empty() => {
            let mut choice =
                format!("a container name must be specified for pod {name}, choose one of: [{}]", main.join(" "));
            if !init.is_empty() {
                write!(choice, " or one of the init containers: [{}]", init.join(" ")).unwrap();
            }
            return Err(Status::bad_request(choice));
        }
        None => main.first().cloned().unwrap_or_default(),
    };
    let previous = query.flag("previous");
    if previous && !inner.logs.lock().unwrap().contains_key(&(pod_key.clone(), container.clone(), true)) {
        return Err(Status::bad_request(format!(
            "previous terminated container \"{container}\" in pod \"{name}\" not found"
        )));
    }
    let waiting =
        pod["status"]["containerStatuses"].as_array().into_iter().flatten().find(|it| it["name"] == container.as_str());
    if let Some(reason) = waiting.and_then(|it| it["state"]["waiting"]["reason"].as_str())
        && waiting.is_some_and(|it| it["lastState"]["terminated"] == Value::Null)
        && !previous
    {
        let why = match reason {
            "ContainerCreating" | "PodInitializing" => "is waiting to start".to_owned() + ": " + reason,
            other => format!("is waiting to start: {other}"),
        };
        return Err(Status::bad_request(format!("container \"{container}\" in pod \"{name}\" {why}")));
    }
    Ok((pod_key, container, previous))
}

fn read(inner: &Arc<Inner>, place: (String, String, bool), query: &Query) -> Answer {
    let since = match (query.get("sinceTime"), query.number("sinceSeconds")) {
        (Some(time), _) => time.parse::<Timestamp>().ok(),
        (None, Some(seconds)) => {
            Some(Timestamp::now() - jiff::SignedDuration::from_secs(i64::try_from(seconds).unwrap()))
        }
        (None, None) => None,
    };
    let timestamps = query.flag("timestamps");
    let follow = query.flag("follow") && !place.2;
    let tail = query.number("tailLines").map(|it| usize::try_from(it).unwrap());
    let limit = query.number("limitBytes").map_or(usize::MAX, |it| usize::try_from(it).unwrap());

    let start = {
        let logs = inner.logs.lock().unwrap();
        let lines = logs.get(&place).map_or(&[][..], |it| &it.lines);
        let first = since.map_or(0, |since| lines.partition_point(|(time, _)| *time < since));
        tail.map_or(first, |tail| first.max(lines.len().saturating_sub(tail)))
    };
    let changed = inner.changed.subscribe();
    let inner = Arc::clone(inner);
    let body = stream::unfold((start, limit), move |(mut at, limit)| {
        let (inner, place, mut changed) = (Arc::clone(&inner), place.clone(), changed.clone());
        async move {
            loop {
                changed.mark_unchanged();
                let mut bytes = Vec::new();
                let mut ended = true;
                if let Some(log) = inner.logs.lock().unwrap().get(&place) {
                    for (time, line) in &log.lines[at..] {
                        if timestamps {
                            bytes.extend_from_slice(format!("{time:.9} ").as_bytes());
                        }
                        bytes.extend_from_slice(line);
                    }
                    at = log.lines.len();
                    ended = log.ended;
                }
                bytes.truncate(limit);
                if !bytes.is_empty() {
                    let left = limit - bytes.len();
                    return Some((Bytes::from(bytes), (at, left)));
                }
                if !follow || ended || limit == 0 || changed.changed().await.is_err() {
                    return None;
                }
            }
        }
    });
    Answer::stream("text/plain", body.boxed())
}
