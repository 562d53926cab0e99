//! Pods.

use std::borrow::Cow;

use serde::Deserialize;
use workload_protobuf::{Broken, Message, messages};

use super::intern::Interner;
use super::kind::Kind;
use super::pod_detail;
use super::resource::{PODS, Resource};
use super::wire::{Annotations, Condition, ObjectMeta, OwnerReference, PROTOBUF, Present, Str, Time, Unread};
use crate::facts::{Pod, PodClaim, PodPhase};

#[derive(Deserialize, Default)]
pub(crate) struct Wire<'a> {
    #[serde(borrow, default)]
    pub(super) metadata: ObjectMeta<'a>,
    #[serde(borrow, default)]
    spec: Spec<'a>,
    #[serde(borrow, default)]
    status: Status<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spec<'a> {
    #[serde(borrow, default)]
    node_name: Option<Str<'a>>,
    #[serde(borrow, default)]
    hostname: Option<Str<'a>>,
    #[serde(borrow, default)]
    subdomain: Option<Str<'a>>,
    #[serde(default)]
    host_network: Option<bool>,
    #[serde(borrow, default)]
    dns_policy: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(super) init_containers: Option<Vec<Container<'a>>>,
    #[serde(borrow, default)]
    pub(super) containers: Option<Vec<Container<'a>>>,
    #[serde(borrow, default)]
    volumes: Option<Vec<PodVolume<'a>>>,
    #[serde(default)]
    termination_grace_period_seconds: Option<i64>,
    #[serde(borrow, default)]
    pub(super) restart_policy: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(super) scheduling_gates: Option<Vec<Named<'a>>>,
    #[serde(borrow, default)]
    pub(super) readiness_gates: Option<Vec<Gate<'a>>>,
}

#[derive(Deserialize, Default)]
pub(super) struct Named<'a> {
    #[serde(borrow, default)]
    pub(super) name: Str<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Gate<'a> {
    #[serde(borrow, default)]
    pub(super) condition_type: Str<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Lifecycle {
    #[serde(default)]
    pre_stop: Option<Present>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Container<'a> {
    #[serde(borrow, default)]
    pub(super) name: Str<'a>,
    #[serde(borrow, default)]
    pub(super) restart_policy: Option<Str<'a>>,
    #[serde(default)]
    lifecycle: Option<Lifecycle>,
    #[serde(borrow, default)]
    pub(super) image: Option<Str<'a>>,
    // Only a pod that is not well has these read: as a rule they are skipped.
    #[serde(borrow, default)]
    pub(super) resources: Option<Unread<'a>>,
    #[serde(borrow, default)]
    pub(super) startup_probe: Option<Unread<'a>>,
    #[serde(borrow, default)]
    pub(super) liveness_probe: Option<Unread<'a>>,
    #[serde(borrow, default)]
    pub(super) readiness_probe: Option<Unread<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct PodVolume<'a> {
    #[serde(borrow, default)]
    name: Str<'a>,
    #[serde(borrow, default)]
    pub(super) persistent_volume_claim: Option<ClaimSource<'a>>,
    #[serde(default)]
    ephemeral: Option<Present>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClaimSource<'a> {
    #[serde(borrow, default)]
    pub(super) claim_name: Str<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status<'a> {
    #[serde(borrow, default)]
    phase: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(super) reason: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(super) message: Option<Str<'a>>,
    #[serde(default)]
    pub(super) start_time: Time,
    #[serde(borrow, default)]
    pub(super) nominated_node_name: Option<Str<'a>>,
    #[serde(borrow, default, rename = "podIP")]
    pod_ip: Option<Str<'a>>,
    #[serde(borrow, default, rename = "podIPs")]
    pod_ips: Option<Vec<Address<'a>>>,
    #[serde(borrow, default)]
    pub(super) conditions: Option<Vec<Condition<'a>>>,
    #[serde(borrow, default)]
    pub(super) init_container_statuses: Option<Vec<ContainerStatus<'a>>>,
    #[serde(borrow, default)]
    pub(super) container_statuses: Option<Vec<ContainerStatus<'a>>>,
}

#[derive(Deserialize, Default)]
struct Address<'a> {
    #[serde(borrow, default)]
    ip: Str<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct ContainerStatus<'a> {
    #[serde(borrow, default)]
    pub(super) name: Str<'a>,
    #[serde(default)]
    pub(super) ready: bool,
    #[serde(default)]
    pub(super) started: Option<bool>,
    #[serde(default)]
    pub(super) restart_count: u32,
    #[serde(borrow, default)]
    pub(super) state: State<'a>,
    #[serde(borrow, default)]
    pub(super) last_state: State<'a>,
}

#[derive(Deserialize, Default)]
pub(super) struct State<'a> {
    #[serde(borrow, default)]
    pub(super) waiting: Option<Waiting<'a>>,
    #[serde(default)]
    pub(super) running: Option<Running>,
    #[serde(borrow, default)]
    pub(super) terminated: Option<Terminated<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Running {
    #[serde(default)]
    pub(super) started_at: Time,
}

#[derive(Deserialize, Default)]
pub(super) struct Waiting<'a> {
    #[serde(borrow, default)]
    pub(super) reason: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(super) message: Option<Str<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Terminated<'a> {
    #[serde(borrow, default)]
    pub(super) reason: Option<Str<'a>>,
    #[serde(default)]
    pub(super) exit_code: i32,
    #[serde(default)]
    pub(super) signal: i32,
    #[serde(borrow, default)]
    pub(super) message: Option<Str<'a>>,
    #[serde(default)]
    pub(super) started_at: Time,
    #[serde(default)]
    pub(super) finished_at: Time,
}

impl PodVolume<'_> {
    /// Whether it is a claim's.
    pub(super) fn is_of_claim(&self) -> bool {
        self.persistent_volume_claim.is_some() || self.ephemeral.is_some()
    }
}

messages! {
    Wire<'a> { 1 => metadata, 2 => spec, 3 => status }
    Spec<'a> {
        1 => volumes, 2 => containers, 3 => restart_policy, 4 => termination_grace_period_seconds, 6 => dns_policy, 10 => node_name,
        11 => host_network, 16 => hostname, 17 => subdomain, 20 => init_containers, 28 => readiness_gates, 38 => scheduling_gates,
    }
    Named<'a> { 1 => name }
    Gate<'a> { 1 => condition_type }
    Container<'a> {
        1 => name, 2 => image, 8 => resources, 10 => liveness_probe, 11 => readiness_probe, 12 => lifecycle, 22 => startup_probe,
        24 => restart_policy,
    }
    Lifecycle { 2 => pre_stop }
    PodVolume<'a> { 1 => name, 2 => { 10 => persistent_volume_claim, 29 => ephemeral } }
    ClaimSource<'a> { 1 => claim_name }
    Status<'a> {
        1 => phase, 2 => conditions, 3 => message, 4 => reason, 6 => pod_ip, 7 => start_time, 8 => container_statuses,
        10 => init_container_statuses, 11 => nominated_node_name, 12 => pod_ips,
    }
    Address<'a> { 1 => ip }
    ContainerStatus<'a> { 1 => name, 2 => state, 3 => last_state, 4 => ready, 5 => restart_count, 9 => started }
    State<'a> { 1 => waiting, 2 => running, 3 => terminated }
    Waiting<'a> { 1 => reason, 2 => message }
    Running { 1 => started_at }
    Terminated<'a> { 1 => exit_code, 2 => signal, 3 => reason, 4 => message, 5 => started_at, 6 => finished_at }
}

impl Terminated<'_> {
    /// Its reason, or what stands for one, with a prefix.
    fn word(&self, prefix: &str) -> String {
        match (word(self.reason.as_ref()), self.signal) {
            (Some(reason), _) => format!("{prefix}{reason}"),
            (None, 0) => format!("{prefix}ExitCode:{}", self.exit_code),
            (None, signal) => format!("{prefix}Signal:{signal}"),
        }
    }
}

/// A word that is neither absent nor empty.
fn word<'b>(text: Option<&'b Str<'_>>) -> Option<&'b str> {
    text.map(|text| &**text).filter(|text| !text.is_empty())
}

impl Waiting<'_> {
    fn reason(&self) -> Option<&str> {
        word(self.reason.as_ref())
    }
}

/// What `kubectl get pods` prints as STATUS, READY and RESTARTS (kubernetes `pkg/printers/internalversion`, printPod).
struct Printed<'a> {
    status: Cow<'a, str>,
    ready: u16,
    total: u16,
    restarts: u32,
}

impl<'a> Wire<'a> {
    /// A pod whose parts were set apart before.
    pub(super) fn owners(&self) -> &[OwnerReference<'a>] {
        self.metadata.owner_references.as_deref().unwrap_or_default()
    }

    pub(super) fn volumes(&self) -> &[PodVolume<'a>] {
        self.spec.volumes.as_deref().unwrap_or_default()
    }

    /// Drops what only its name in DNS, its group or its hook needs.
    pub(super) fn forget_names(&mut self) {
        (self.spec.hostname, self.spec.subdomain) = (None, None);
        (self.status.pod_ip, self.status.pod_ips) = (None, None);
        (self.metadata.labels, self.metadata.annotations) = (None, None);
    }

    fn condition(&self, kind: &str) -> Option<&Condition<'a>> {
        self.status.conditions.iter().flatten().find(|condition| &*condition.kind == kind)
    }

    fn holds(&self, kind: &str) -> bool {
        self.condition(kind).is_some_and(|condition| &*condition.status == "True")
    }

    fn printed(&self) -> Printed<'_> {
        let inits = self.spec.init_containers.as_deref().unwrap_or_default();
        let sidecar =
            |name: &str| inits.iter().any(|c| &*c.name == name && c.restart_policy.as_deref() == Some("Always"));
        let count = self.spec.containers.as_ref().map_or(0, Vec::len)
            + inits.iter().filter(|c| c.restart_policy.as_deref() == Some("Always")).count();
        let total = u16::try_from(count).unwrap_or(u16::MAX);
        let mut printed = Printed { status: Cow::Borrowed(""), ready: 0, total, restarts: 0 };
        let phase = word(self.status.phase.as_ref()).unwrap_or("Unknown");
        printed.status = word(self.status.reason.as_ref()).unwrap_or(phase).into();
        if self.condition("PodScheduled").and_then(|c| c.reason.as_deref()) == Some("SchedulingGated") {
            printed.status = "SchedulingGated".into();
        }
        let mut initializing = false;
        let mut sidecar_restarts = 0;
        for (at, init) in self.status.init_container_statuses.iter().flatten().enumerate() {
            printed.restarts = printed.restarts.saturating_add(init.restart_count);
            let runs_beside = sidecar(&init.name);
            if runs_beside {
                sidecar_restarts = init.restart_count.saturating_add(sidecar_restarts);
            }
            match (&init.state.terminated, &init.state.waiting) {
                (Some(ended), _) if ended.exit_code == 0 => continue,
                _ if runs_beside && init.started == Some(true) => {
                    printed.ready += u16::from(init.ready);
                    continue;
                }
                (Some(ended), _) => printed.status = ended.word("Init:").into(),
                (None, Some(waiting)) if waiting.reason().is_some_and(|reason| reason != "PodInitializing") => {
                    printed.status = format!("Init:{}", waiting.reason().unwrap_or_default()).into();
                }
                _ => printed.status = format!("Init:{at}/{}", inits.len()).into(),
            }
            initializing = true;
            break;
        }
        if !initializing || self.holds("Initialized") {
            self.print_containers(&mut printed, sidecar_restarts);
        }
        if self.metadata.deletion_timestamp.0.is_some() {
            if self.status.reason.as_deref() == Some("NodeLost") {
                printed.status = "Unknown".into();
            } else if !matches!(phase, "Succeeded" | "Failed") {
                printed.status = "Terminating".into();
            }
        }
        printed
    }

    fn print_containers<'b>(&'b self, printed: &mut Printed<'b>, sidecar_restarts: u32) {
        printed.restarts = sidecar_restarts;
        let mut runs = false;
        for container in self.status.container_statuses.iter().flatten().rev() {
            printed.restarts = printed.restarts.saturating_add(container.restart_count);
            if let Some(reason) = container.state.waiting.as_ref().and_then(Waiting::reason) {
                printed.status = reason.into();
            } else if let Some(ended) = &container.state.terminated {
                printed.status = ended.word("").into();
            } else if container.ready && container.state.running.is_some() {
                runs = true;
                printed.ready += 1;
            }
        }
        if printed.status == "Completed" && runs {
            printed.status = if self.holds("Ready") { "Running" } else { "NotReady" }.into();
        }
    }
}

impl Kind for Pod {
    type Wire<'a> = Wire<'a>;
    const RESOURCE: &'static Resource = &PODS;
    const LISTED_AS: Option<&'static str> = PROTOBUF;

    fn from_protobuf(object: &[u8]) -> Result<Wire<'_>, Broken> {
        Wire::read(object)
    }

    fn from_wire(wire: Wire<'_>, intern: &mut Interner) -> Self {
        let printed = wire.printed();
        let (status, containers, restarts) =
            (intern.text(&printed.status), (printed.ready, printed.total), printed.restarts);
        let ready = wire.condition("Ready");
        let (ready, ready_since) =
            (ready.is_some_and(|c| &*c.status == "True"), ready.and_then(|c| c.last_transition_time.0));
        let phase = PodPhase::new(wire.status.phase.as_deref().unwrap_or_default());
        let name = wire.metadata.name.as_deref().unwrap_or_default().to_owned();
        let claims = wire
            .spec
            .volumes
            .iter()
            .flatten()
            .filter_map(|volume| {
                let claim = match (&volume.persistent_volume_claim, &volume.ephemeral) {
                    (Some(source), _) => (&*source.claim_name).into(),
                    (None, Some(_)) => format!("{name}-{}", &*volume.name).into(),
                    (None, None) => return None,
                };
                Some(PodClaim { volume: intern.text(&volume.name), claim })
            })
            .collect();
        let addresses = match wire.status.pod_ips.as_deref() {
            Some(list) if !list.is_empty() => list.iter().map(|address| (&*address.ip).into()).collect(),
            _ => wire.status.pod_ip.iter().filter(|ip| !ip.is_empty()).map(|ip| (&**ip).into()).collect(),
        };
        let well =
            (phase == PodPhase::Running && ready && restarts == 0 && wire.metadata.deletion_timestamp.0.is_none())
                || phase == PodPhase::Succeeded;
        let detail = (!well).then(|| Box::new(pod_detail::detail(&wire.spec, &wire.status, intern)));
        let hook = wire.metadata.annotations.as_ref().and_then(Annotations::hook);
        Self {
            hook,
            detail,
            node: intern.some(wire.spec.node_name.as_deref()),
            phase,
            ready,
            ready_since,
            status,
            containers,
            restarts,
            addresses,
            // As a rule the pod's own name, so it is not worth sharing.
            hostname: wire.spec.hostname.as_deref().filter(|h| !h.is_empty()).map(Into::into),
            subdomain: intern.some(wire.spec.subdomain.as_deref()),
            host_network: wire.spec.host_network.unwrap_or(false),
            dns_policy: intern.or_empty(wire.spec.dns_policy.as_deref()),
            grace_seconds: wire.spec.termination_grace_period_seconds.unwrap_or(30),
            pre_stop: wire
                .spec
                .containers
                .iter()
                .flatten()
                .any(|container| container.lifecycle.as_ref().is_some_and(|l| l.pre_stop.is_some())),
            claims,
            meta: wire.metadata.facts(intern),
        }
    }
}
