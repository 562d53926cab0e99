//! What the log engine asks of a cluster: the seam between it and the API server, or a simulated one.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use crate::facts::{Job, Meta, PodRun, Text};
use crate::gather::watched::{Change, Snapshot};

/// From where a log is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum From {
    /// From its first byte.
    #[default]
    Start,
    /// From a second since 1970 on, inclusive: `sinceTime`.
    Second(i64),
    /// From so many seconds ago on, by the node's clock: `sinceSeconds`.
    Ago(u64),
    /// So many records from the end: `tailLines`.
    Tail(u64),
}

/// A request for a container's log. Timestamps are always asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The pod's name.
    pub pod: Text,
    /// The container's name.
    pub container: Text,
    /// Whether the answer goes on while the container runs.
    pub follow: bool,
    /// The attempt before the present one.
    pub previous: bool,
    /// Where it begins.
    pub from: From,
}

/// What owns the pods.
#[derive(Debug, Clone)]
pub enum Owner {
    /// A StatefulSet.
    Set(Meta),
    /// A Job.
    Job(Box<Job>),
}

impl Owner {
    /// Its metadata.
    pub fn meta(&self) -> &Meta {
        match self {
            Self::Set(meta) => meta,
            Self::Job(job) => &job.meta,
        }
    }
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// 404: the pod or the object is not there.
    Gone,
    /// 400: the container has not started.
    Waiting(String),
    /// 400: there is no attempt before the present one.
    NoPrevious,
    /// 403, or 401 after the credential was renewed.
    Forbidden(String),
    /// 410: the version of a watch is too old.
    Expired,
    /// 429 or 5xx with the time to wait.
    Busy(Duration),
    /// Any other refusal of the request itself: it would fail again.
    Invalid(String),
    /// The connection broke, nothing listens, or the server or kubelet is in trouble.
    Broken(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => f.write_str("not found"),
            Self::NoPrevious => f.write_str("there is no previous attempt"),
            Self::Expired => f.write_str("the version is too old"),
            Self::Busy(wait) => write!(f, "the server asks to wait {} s", wait.as_secs()),
            Self::Waiting(why) | Self::Forbidden(why) | Self::Invalid(why) | Self::Broken(why) => f.write_str(why),
        }
    }
}

/// The body of a log answer.
pub trait Body {
    /// Waits for bytes and appends those that have come; `false` at the end. Can be cancelled without loss.
    fn read(&mut self, into: &mut Vec<u8>) -> impl Future<Output = Result<bool, Refused>>;
}

/// Changes of objects.
pub trait Changes<T> {
    /// The next change and the version after it; `None` when the server ended the watch. Can be cancelled without loss.
    fn next(&mut self) -> impl Future<Output = Result<Option<(Change<T>, String)>, Refused>>;
}

/// What owns the pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnerKind {
    /// A StatefulSet.
    Set,
    /// A Job: following it ends with it.
    Job,
}

/// A cluster, as far as one owner and its pods are concerned.
pub trait Api {
    /// A log answer's body.
    type Body: Body;
    /// A watch on pods.
    type Pods: Changes<PodRun>;
    /// A watch on the owner.
    type Owners: Changes<Owner>;

    /// What its owner is.
    fn owner_kind(&self) -> OwnerKind;
    /// Opens a log.
    fn log(&self, read: &Read) -> impl Future<Output = Result<Self::Body, Refused>>;
    /// One pod as it is now.
    fn pod(&self, name: &str) -> impl Future<Output = Result<Option<PodRun>, Refused>>;
    /// The owner's pods, and others that its selector selects.
    fn pods(&self) -> impl Future<Output = Result<Snapshot<PodRun>, Refused>>;
    /// Changes of these pods.
    fn watch_pods(&self, version: &str) -> impl Future<Output = Result<Self::Pods, Refused>>;
    /// The owner; an empty list when it is gone.
    fn owners(&self) -> impl Future<Output = Result<Snapshot<Owner>, Refused>>;
    /// Changes of the owner.
    fn watch_owners(&self, version: &str) -> impl Future<Output = Result<Self::Owners, Refused>>;
    /// How a Job that is gone ended, as far as its events still tell: the reason of the last one that is about its end.
    fn epitaph(&self, uid: &str) -> impl Future<Output = Option<String>>;
}
