//! The last log lines of containers that failed.

use futures_util::future::join_all;
use jiff::Timestamp;

use super::resource::{Need, PODS, Resource};
use crate::connect::{Client, ErrorKind};
use crate::facts::{Pod, Refusal, Text};
use crate::pods::{LogTail, log_wanted};

/// `pods/log`.
pub const LOG: Resource = Resource { plural: "pods/log", name: "pods/log", ..PODS };

/// Lines of each container, and containers at most: a diagnosis is one screen.
const LINES: u32 = 5;
const CONTAINERS: usize = 5;

/// What reading them needs.
pub fn need(namespace: Option<&Text>) -> Need {
    Need {
        verb: "get",
        resource: &LOG,
        scope: LOG.scope(namespace),
        required: false,
        tells: "the last lines of a container that failed",
    }
}

/// Reads the last lines of those of the pods that failed, of the first few of them. A log that is gone is no news; that it may not be
/// read is.
pub async fn tails<'p>(client: &Client, pods: impl Iterator<Item = &'p Pod>) -> (Vec<LogTail>, Option<Refusal>) {
    let wanted = pods.filter_map(|pod| Some((pod, log_wanted(pod)?))).take(CONTAINERS);
    let reads = wanted.map(|(pod, (container, previous))| async move {
        let namespace = &pod.meta.namespace;
        let base = PODS.path(Some(namespace));
        let path = format!(
            "{base}/{}/log?container={container}&tailLines={LINES}&timestamps=true{}",
            pod.meta.name,
            if previous { "&previous=true" } else { "" }
        );
        match client.get(&path, Some("*/*")).await {
            Ok(answer) => Ok(LogTail {
                pod: pod.meta.uid.clone(),
                container,
                lines: lines(&String::from_utf8_lossy(&answer.body)),
            }),
            Err(error) if error.kind == ErrorKind::Forbidden => {
                let why = super::lists::why(&error);
                Err(Some(Refusal { verb: "get", resource: LOG.name, scope: LOG.scope(Some(namespace)), why }))
            }
            Err(_) => Err(None),
        }
    });
    let (mut tails, mut refused) = (Vec::new(), None);
    for read in join_all(reads).await {
        match read {
            Ok(tail) => tails.push(tail),
            Err(refusal) => refused = refusal.or(refused),
        }
    }
    (tails, refused)
}

/// The lines without their times. What has no time is the kubelet's own word about a log that is gone (facts: HTTP 200 all the same).
fn lines(body: &str) -> Box<[Box<str>]> {
    body.lines()
        .filter_map(|line| {
            let (time, text) = line.split_once(' ')?;
            time.parse::<Timestamp>().ok()?;
            Some(text.trim_end().into())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_lose_their_times_and_the_kubelets_own_words_are_no_lines() {
        let body = "2026-11-21T12:00:00.123456789Z loading\n2026-11-21T12:00:01.000000000Z no such table: orders\n";
        assert_eq!(*lines(body), ["loading".into(), "no such table: orders".into()]);
        assert!(lines("unable to retrieve container logs for containerd://0a1b").is_empty());
    }
}
