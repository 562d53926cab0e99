//! What the engine reports, for reporters to turn into text or JSON.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::batch::Batch;
use super::lines::Block;
use super::stamp::Stamp;
use crate::facts::{AttemptEnd, Role, Text};

/// One attempt of one container: nothing is ever told apart by its name alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The pod's namespace.
    pub namespace: Text,
    /// The pod's name.
    pub pod: Text,
    /// The pod's UID.
    pub uid: Text,
    /// The container's name.
    pub container: Text,
    /// What the container is for.
    pub role: Role,
    /// The container's ID; empty before there is one.
    pub id: Text,
    /// The attempt's number, counted from 0.
    pub number: u32,
    /// The node.
    pub node: Option<Text>,
    /// The ordinal of a set's pod.
    pub ordinal: Option<i32>,
    /// The completion index of an Indexed Job's pod.
    pub index: Option<i32>,
    /// The revision of a set's pod.
    pub revision: Option<Text>,
    /// The container's place in the pod, init containers first.
    pub place: u32,
}

impl Attempt {
    /// `pod/container`, and the attempt where it is not the first.
    pub fn name(&self) -> String {
        match self.number {
            0 => format!("{}/{}", self.pod, self.container),
            number => format!("{}/{} attempt {}", self.pod, self.container, number + 1),
        }
    }
}

/// Why no end of a log out of a dump is certain.
pub const DUMPED: &str = "read from a dump";

/// Something happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// An attempt's log is read from now on.
    Start(Arc<Attempt>),
    /// Lines, in order.
    Lines(Batch),
    /// Lines that could not be had.
    Gap(Arc<Attempt>, Gap),
    /// Nothing more will come of an attempt.
    End(End),
    /// Attempts that ended unseen and can't be read any more; the attempt names the container, and the first of them.
    Missed {
        /// The container, with the number of the first missed attempt.
        first: Arc<Attempt>,
        /// How many attempts.
        count: u32,
    },
    /// Something that the user should know about one container, or about all.
    Note(Option<Arc<Attempt>>, Note),
}

impl Event {
    /// The lines of a block, which are an attempt's.
    pub fn lines(attempt: &Arc<Attempt>, block: Block) -> Self {
        Self::Lines(Batch::of(attempt.clone(), block))
    }
}

/// A hole in an attempt's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The last line before it.
    pub after: Option<Stamp>,
    /// The first line behind it.
    pub before: Option<Stamp>,
    /// Why.
    pub why: &'static str,
}

/// How the reading of an attempt ended.
#[derive(Debug, Clone)]
pub struct End {
    /// The attempt.
    pub attempt: Arc<Attempt>,
    /// What was read.
    pub tally: Tally,
    /// Why its end is not certain; `None` where it was verified.
    pub unverified: Option<String>,
    /// It may not be read.
    pub refused: bool,
    /// How the container ended, where that was seen.
    pub ended: Option<AttemptEnd>,
}

/// Counts of one attempt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Lines handed on.
    pub lines: u64,
    /// Bytes of text handed on, without times and newlines.
    pub bytes: u64,
    /// How often reading was taken up again.
    pub reconnects: u32,
    /// Holes.
    pub gaps: u32,
}

/// A sentence for stderr.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The container has not started.
    Waiting {
        /// `ImagePullBackOff`.
        reason: String,
        /// The sentence beside it.
        message: String,
    },
    /// The connection ended while the container runs.
    Lost(String),
    /// Reading goes on where it stopped.
    Resumed(Duration),
    /// The kubelet's own words in the place of lines.
    Kubelet(String),
    /// The node gives no more file watches: the container is read every few seconds instead.
    Polled,
    /// More containers than streams: these wait for one.
    Queued(usize),
    /// The log may not be read.
    Forbidden(String),
    /// The pods or their owner can't be watched: told once, and again when it works.
    Unwatched(String),
    /// No pod yet.
    NoPods(String),
    /// Lines of two attempts were told apart too late: those up to now were the later one's.
    Renamed,
    /// What happens to the owner.
    Owner(String),
}

/// The reader of the output went away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed;

/// Where events go. Waiting for room is how a slow reader holds the engine back.
pub trait Sink {
    /// Hands an event on.
    fn send(&self, event: Event) -> impl Future<Output = Result<(), Closed>>;
}
