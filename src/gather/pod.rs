//! Pods.

use std::borrow::Cow;

use workload_protobuf::{ACCEPT, Broken, Message};

use super::intern::Interner;
use super::kind::Kind;
use super::pod_detail;
use super::pod_wire::{Terminated, Waiting, Wire};
use super::resource::{PODS, Resource};
use super::wire::{Annotations, Condition, Str};
use crate::facts::{Pod, PodClaim, PodPhase};

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
    const LISTED_AS: Option<&'static str> = Some(ACCEPT);

    fn from_protobuf(object: &[u8]) -> Result<Wire<'_>, Broken> {
        Wire::read(object)
    }

    fn from_wire(wire: Wire<'_>, intern: &mut Interner) -> Self {
        let printed = wire.printed();
        let (status, containers, restarts) =
            (intern.text(&printed.status), (printed.ready, printed.total), printed.restarts);
        let ready = wire.condition("Ready");
        let (ready, ready_since) =
            (ready.is_some_and(|c| &*c.status == "True"), ready.and_then(|c| c.last_transition_time.0).map(Into::into));
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
            // As a rule its label `statefulset.kubernetes.io/pod-name`.
            hostname: intern.some(wire.spec.hostname.as_deref()),
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
