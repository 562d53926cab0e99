//! What is known of a pod that is not well: its conditions and its containers.

use jiff::Timestamp;

use super::{Quantity, Text};

/// The part of a pod that only a diagnosis of it reads. Kept for pods that are not plainly well: ten thousand that run need none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PodDetail {
    /// `status.reason`: `Evicted`, `DeadlineExceeded`, `NodeLost`; empty as a rule.
    pub reason: Text,
    /// `status.message`.
    pub message: Box<str>,
    /// `status.conditions`.
    pub conditions: Box<[PodCondition]>,
    /// `status.startTime`: when the kubelet first saw it.
    pub started: Option<Timestamp>,
    /// `spec.schedulingGates`, by name.
    pub gates: Box<[Text]>,
    /// `spec.readinessGates`: conditions that somebody else must set before the pod is ready.
    pub readiness_gates: Box<[Text]>,
    /// `spec.restartPolicy: Always`: what ends is started again whatever its exit code.
    pub restarts_always: bool,
    /// `status.nominatedNodeName`: the scheduler makes room for it there.
    pub nominated: Option<Text>,
    /// Its containers, init containers first, in the spec's order.
    pub containers: Box<[Container]>,
}

/// A condition of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodCondition {
    /// `PodScheduled`, `Initialized`, `ContainersReady`, `Ready`, `DisruptionTarget`, or a readiness gate's.
    pub kind: Text,
    /// Whether its status is `True`.
    pub holds: bool,
    /// Its reason; empty where absent.
    pub reason: Text,
    /// Its message; empty where absent.
    pub message: Box<str>,
    /// When its status last changed.
    pub since: Option<Timestamp>,
}

/// A container of a pod: its spec as far as it explains its status, and its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Its name.
    pub name: Text,
    /// When it runs.
    pub kind: ContainerKind,
    /// The image that it asks for.
    pub image: Text,
    /// Whether it counts as ready.
    pub ready: bool,
    /// Whether its startup probe has passed, or it has none and runs.
    pub started: bool,
    /// How often it was started again.
    pub restarts: u32,
    /// What it does now.
    pub state: ContainerState,
    /// How it ended the time before (`lastState`).
    pub last: Option<Ended>,
    /// Its probes.
    pub probes: Box<[Probe]>,
    /// `resources.limits.memory`.
    pub memory_limit: Option<Quantity>,
}

/// When a container runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerKind {
    /// To its end before the next one begins.
    Init,
    /// An init container with `restartPolicy: Always`: beside the others, and it holds no Job's completion (KEP-753).
    Sidecar,
    /// With the other containers of the pod.
    Main,
}

/// `state` of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContainerState {
    /// Not started yet, or not started again.
    Waiting {
        /// `ContainerCreating`, `PodInitializing`, `ImagePullBackOff`, `CrashLoopBackOff` and others; empty where absent.
        reason: Text,
        /// In the kubelet's words.
        message: Box<str>,
    },
    /// Running since then.
    Running(Option<Timestamp>),
    /// Ended.
    Ended(Ended),
    /// The kubelet has said nothing of it yet.
    Unknown,
}

/// How a container ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code.
    pub exit_code: i32,
    /// The signal that ended it; 0 where none is told.
    pub signal: i32,
    /// `Completed`, `Error`, `OOMKilled`, `StartError`, `ContainerStatusUnknown` and others.
    pub reason: Text,
    /// What it wrote as its last word (`terminationMessagePath`), or the runtime's error.
    pub message: Box<str>,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended; whole seconds.
    pub finished: Option<Timestamp>,
}

/// A probe of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// What it decides.
    pub kind: ProbeKind,
    /// What it does: `exec: pg_isready`, `httpGet :8080/healthz`, `tcpSocket :5432`, `grpc :9000`.
    pub action: Box<str>,
    /// `initialDelaySeconds`; 0 where absent.
    pub delay: i64,
    /// `periodSeconds`; 10 where absent.
    pub period: i64,
    /// `timeoutSeconds`; 1 where absent.
    pub timeout: i64,
    /// `failureThreshold`; 3 where absent.
    pub failures: i64,
}

/// What a probe decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeKind {
    /// When the others begin.
    Startup,
    /// Whether the container is started anew.
    Liveness,
    /// Whether the container counts as ready.
    Readiness,
}

impl ProbeKind {
    /// As the kubelet names it in its events: `Readiness probe failed: …` (`pkg/kubelet/prober`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Startup => "Startup",
            Self::Liveness => "Liveness",
            Self::Readiness => "Readiness",
        }
    }
}

impl PodDetail {
    /// A condition by its type.
    pub fn condition(&self, kind: &str) -> Option<&PodCondition> {
        self.conditions.iter().find(|condition| &*condition.kind == kind)
    }
}

impl Container {
    /// How it ended, if it has ended, or waits to be started again.
    pub fn ended(&self) -> Option<&Ended> {
        match &self.state {
            ContainerState::Ended(ended) => Some(ended),
            ContainerState::Waiting { .. } => self.last.as_ref(),
            ContainerState::Running(_) | ContainerState::Unknown => None,
        }
    }

    /// Why it waits, where it does.
    pub fn waiting(&self) -> Option<(&str, &str)> {
        match &self.state {
            ContainerState::Waiting { reason, message } => Some((reason, message)),
            _ => None,
        }
    }

    /// A probe by its kind.
    pub fn probe(&self, kind: ProbeKind) -> Option<&Probe> {
        self.probes.iter().find(|probe| probe.kind == kind)
    }
}

impl Probe {
    /// How long it takes at most, after the container's start, before it has decided against it, in seconds.
    pub fn window(&self) -> i64 {
        self.delay.saturating_add(self.period.saturating_mul(self.failures)).saturating_add(self.timeout)
    }
}
