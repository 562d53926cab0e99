//! Pods as things that run: which containers they have, and which attempt of each is where.

use jiff::Timestamp;

use super::{Meta, PodPhase, Text};

/// A pod, as far as its logs need it.
#[derive(Debug, Clone)]
pub struct PodRun {
    /// Name, labels, owners.
    pub meta: Meta,
    /// The node it was bound to; `None` while unscheduled.
    pub node: Option<Text>,
    /// `status.phase`.
    pub phase: PodPhase,
    /// `status.reason`: `Evicted`, `NodeLost`.
    pub reason: Option<Text>,
    /// `spec.restartPolicy`.
    pub restarts: RestartPolicy,
    /// Why it has no node: the message of the condition PodScheduled, where that is False.
    pub unscheduled: Option<Box<str>>,
    /// Its containers, in the order init, main, ephemeral, and the spec's order within each.
    pub containers: Box<[ContainerRun]>,
}

/// `spec.restartPolicy` of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestartPolicy {
    /// Containers are started again whatever their exit code.
    Always,
    /// Only after a failure.
    OnFailure,
    /// A container runs once.
    Never,
}

/// What a container is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Runs to its end before the main ones.
    Init,
    /// An init container with restart policy Always: runs beside the main ones (KEP-753).
    Sidecar,
    /// One of `spec.containers`.
    Main,
    /// Added by `kubectl debug`.
    Ephemeral,
}

/// A container and its present attempt.
#[derive(Debug, Clone)]
pub struct ContainerRun {
    /// Its name, unique in the pod over all roles.
    pub name: Text,
    /// What it is for.
    pub role: Role,
    /// `restartCount`: the number of the present attempt, counted from 0.
    pub restarts: u32,
    /// The present attempt.
    pub state: RunState,
    /// `lastState.terminated`: the attempt before.
    pub last: Option<AttemptEnd>,
}

/// The state of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunState {
    /// No status yet, or none that says anything.
    Unknown,
    /// Not started, or between two attempts.
    Waiting {
        /// `ContainerCreating`, `ImagePullBackOff`, `CrashLoopBackOff`.
        reason: Text,
        /// The sentence beside it, often empty.
        message: Box<str>,
    },
    /// Running.
    Running {
        /// The container's ID; empty for the moment in which the kubelet has none yet.
        id: Text,
        /// When it was started, in whole seconds.
        started: Option<Timestamp>,
    },
    /// AttemptEnd.
    Ended(AttemptEnd),
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptEnd {
    /// The container's ID; empty where it was never made.
    pub id: Text,
    /// Exit code.
    pub exit_code: i32,
    /// The signal that ended it; 0 for none.
    pub signal: i32,
    /// `Completed`, `Error`, `OOMKilled`.
    pub reason: Text,
    /// When it was started, in whole seconds.
    pub started: Option<Timestamp>,
    /// When it ended, cut to whole seconds.
    pub finished: Option<Timestamp>,
}

impl PodRun {
    /// A container by its name.
    pub fn container(&self, name: &str) -> Option<&ContainerRun> {
        self.containers.iter().find(|container| &*container.name == name)
    }

    /// Whether all its containers have ended for good.
    pub fn over(&self) -> bool {
        matches!(self.phase, PodPhase::Succeeded | PodPhase::Failed)
    }
}
