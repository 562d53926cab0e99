//! What a pod's cause may be read from besides the pod itself.

use jiff::{SignedDuration, Timestamp};

use crate::facts::{Cluster, Event, Listed, Meta, Node, Refusal, Surroundings, Text, Uid};

/// What was read around pods and Jobs. Lists that were not read carry why, and then nothing is concluded from them.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// The time that ages are counted to.
    pub now: Timestamp,
    /// Events, sorted as [`Event::sort`] does.
    pub events: &'a Listed<Event>,
    /// Nodes.
    pub nodes: &'a Listed<Node>,
    /// The last log lines of containers that failed, where they were read.
    pub logs: &'a [LogTail],
    /// What stands around, the namespace's limits among it; `None` where nothing is to be concluded from them.
    pub limits: Option<&'a Surroundings>,
}

/// The last lines that a container wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogTail {
    /// The pod's UID.
    pub pod: Uid,
    /// The container.
    pub container: Text,
    /// The lines.
    pub lines: Box<[Box<str>]>,
}

impl<'a> Circumstances<'a> {
    /// Those of a cluster's facts.
    pub fn of(cluster: &'a Cluster, logs: &'a [LogTail]) -> Self {
        Self {
            now: cluster.now,
            events: &cluster.around.events,
            nodes: &cluster.around.nodes,
            logs,
            limits: Some(&cluster.around),
        }
    }

    /// The events about an object, the newest first.
    pub fn about(&self, kind: &'a str, of: &'a Meta) -> impl Iterator<Item = &'a Event> + 'a {
        Event::about(&self.events.items, kind, of)
    }

    /// The events about those that had an object's name before it, the newest first.
    pub(super) fn about_earlier(&self, kind: &'a str, of: &'a Meta) -> impl Iterator<Item = &'a Event> + 'a {
        Event::about_name(&self.events.items, kind, of).filter(|event| event.uid != of.uid)
    }

    /// The newest event about an object with one of these reasons.
    pub fn newest(&self, kind: &'a str, of: &'a Meta, reasons: &[&str]) -> Option<&'a Event> {
        self.about(kind, of).find(|event| reasons.contains(&&*event.reason))
    }

    /// Why events could not be read.
    pub fn without_events(&self) -> Option<&'a Refusal> {
        self.events.missing.as_ref()
    }

    pub(super) fn node(&self, name: &str) -> Option<&'a Node> {
        self.nodes.items.iter().find(|node| *node.meta.name == *name)
    }

    /// Whether a node does not exist: it is not among those read, and they were read.
    pub(super) fn gone(&self, name: &str) -> bool {
        self.nodes.missing.is_none() && !self.nodes.items.is_empty() && self.node(name).is_none()
    }

    /// Whether so many seconds have passed since then; not where it is not known when that was.
    pub fn older_than(&self, since: Option<Timestamp>, seconds: i64) -> bool {
        since.is_some_and(|at| self.now.duration_since(at) > SignedDuration::from_secs(seconds))
    }

    /// Seconds since then; 0 where that is to come.
    pub fn seconds_since(&self, at: Timestamp) -> i64 {
        self.now.duration_since(at).as_secs().max(0)
    }

    pub(super) fn log_of(&self, pod: &Uid, container: &str) -> impl Iterator<Item = &'a str> {
        let of = self.logs.iter().find(|tail| tail.pod == *pod && *tail.container == *container);
        of.into_iter().flat_map(|tail| tail.lines.iter().map(|line| &**line))
    }
}
