//! Pods, as far as sets, volumes and names need them.

use jiff::Timestamp;

use super::{ContainerKind, HookNotes, Meta, Moment, PodDetail, Text, Uid};

/// A pod.
#[derive(Debug, Clone)]
pub struct Pod {
    /// Name, labels, owners.
    pub meta: Meta,
    /// The node it was bound to; `None` while unscheduled.
    pub node: Option<Text>,
    /// `status.phase`.
    pub phase: PodPhase,
    /// The Ready condition.
    pub ready: bool,
    pub(crate) ready_since: Option<Moment>,
    /// What kubectl would print as its status: `Running`, `CrashLoopBackOff`, `Init:0/2`.
    pub status: Text,
    /// Containers that are ready, and how many there are.
    pub containers: (u16, u16),
    /// Restarts of its containers, added up.
    pub restarts: u32,
    /// `status.podIPs`, in their order.
    pub addresses: Box<[Text]>,
    /// `spec.hostname`.
    pub hostname: Option<Text>,
    /// `spec.subdomain`: the governing Service when the pod was made.
    pub subdomain: Option<Text>,
    /// `spec.hostNetwork`.
    pub host_network: bool,
    /// `spec.dnsPolicy`.
    pub dns_policy: Text,
    /// `spec.terminationGracePeriodSeconds`; 30 where absent.
    pub grace_seconds: i64,
    /// Whether a container has a preStop hook.
    pub pre_stop: bool,
    /// The claims that its volumes name.
    pub claims: Box<[PodClaim]>,
    /// What makes it a hook, where it is one.
    pub hook: Option<Box<HookNotes>>,
    /// What a diagnosis reads of it; `None` for one that runs, is ready and never restarted, or has succeeded.
    pub detail: Option<Box<PodDetail>>,
}

/// A pod's volume that is a claim.
#[derive(Debug, Clone)]
pub struct PodClaim {
    /// The volume's name in the pod: for a set's own claims the template's name.
    pub volume: Text,
    /// The claim's name. For a generic ephemeral volume the name that Kubernetes gives it: `<pod>-<volume>`.
    pub claim: Box<str>,
}

/// `status.phase` of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PodPhase {
    /// Accepted, not all containers started.
    Pending,
    /// At least one container runs or restarts.
    Running,
    /// All containers ended with success, for good.
    Succeeded,
    /// All containers ended, one of them in failure, for good.
    Failed,
    /// Node lost, or a phase that we do not know.
    Unknown,
}

impl PodPhase {
    /// Reads the API's word; anything else is `Unknown`.
    pub fn new(word: &str) -> Self {
        match word {
            "Pending" => Self::Pending,
            "Running" => Self::Running,
            "Succeeded" => Self::Succeeded,
            "Failed" => Self::Failed,
            _ => Self::Unknown,
        }
    }
}

impl Pod {
    /// When the Ready condition last changed.
    pub fn ready_since(&self) -> Option<Timestamp> {
        self.ready_since.map(Moment::at)
    }

    /// Ready containers of all, as kubectl's READY; none while the pod itself is not ready though its containers were: on a dead node
    /// the kubelet's last word on them stays, and only the pod's condition is cleared (node lifecycle controller).
    pub fn readiness(&self) -> String {
        let (ready, all) = self.containers;
        format!("{}/{all}", if !self.ready && ready == all { 0 } else { ready })
    }

    /// When the last of the restarts that count was: those of init containers until they are through, then those of the others
    /// (printPod in kubernetes/pkg/printers/internalversion).
    pub fn last_restart(&self) -> Option<Timestamp> {
        let initializing = self.status.starts_with("Init:");
        let counts = |kind| kind == ContainerKind::Sidecar || (kind == ContainerKind::Init) == initializing;
        let containers = self.detail.iter().flat_map(|detail| &detail.containers);
        let ends =
            containers.filter(|container| counts(container.kind)).filter_map(|container| container.last.as_ref());
        ends.filter_map(|ended| ended.finished).max().filter(|_| self.restarts > 0)
    }

    /// Whether it may still use its volumes: not `Succeeded` or `Failed`.
    pub fn live(&self) -> bool {
        !matches!(self.phase, PodPhase::Succeeded | PodPhase::Failed)
    }

    /// The ordinal that the set controller reads from a pod's name: what follows the last dash (`stateful_set_utils.go`,
    /// getParentNameAndOrdinal); `None` where the set does not control it.
    pub fn ordinal_in(&self, set_uid: &Uid, set_name: &str) -> Option<i32> {
        if !self.meta.controlled_by(set_uid) {
            return None;
        }
        super::ordinal(self.meta.name.strip_prefix(set_name)?.strip_prefix('-')?)
    }
}
