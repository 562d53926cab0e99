//! What is kept of a pod that is not well.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::claim::Amount;
use super::intern::Interner;
use super::pod::{Container as WireContainer, ContainerStatus, Spec, State, Status, Terminated};
use super::wire::{Condition, Str, from_text, time};
use crate::facts::{
    Container, ContainerKind, ContainerState, Ended, PodCondition, PodDetail, Probe, ProbeKind, Quantity,
};

pub(super) fn detail(spec: &Spec<'_>, status: &Status<'_>, intern: &mut Interner) -> PodDetail {
    let statuses: Vec<&ContainerStatus<'_>> =
        status.init_container_statuses.iter().chain(&status.container_statuses).flatten().collect();
    let mut containers = Vec::new();
    for (all, init) in [(&spec.init_containers, true), (&spec.containers, false)] {
        for wire in all.iter().flatten() {
            let kind = match (init, wire.restart_policy.as_deref()) {
                (true, Some("Always")) => ContainerKind::Sidecar,
                (true, _) => ContainerKind::Init,
                (false, _) => ContainerKind::Main,
            };
            let status = statuses.iter().find(|status| status.name == wire.name);
            containers.push(container(wire, kind, status.copied(), intern));
        }
    }
    let gates = spec.scheduling_gates.iter().flatten().map(|gate| intern.text(&gate.name)).collect();
    let readiness_gates = spec.readiness_gates.iter().flatten().map(|gate| intern.text(&gate.condition_type)).collect();
    PodDetail {
        reason: intern.or_empty(status.reason.as_deref()),
        message: status.message.as_deref().unwrap_or_default().into(),
        conditions: status.conditions.iter().flatten().map(|wire| condition(wire, intern)).collect(),
        started: time(status.start_time.as_ref()),
        gates,
        readiness_gates,
        restarts_always: spec.restart_policy.as_deref().is_none_or(|policy| policy == "Always"),
        nominated: intern.some(status.nominated_node_name.as_deref()),
        containers: containers.into(),
    }
}

fn condition(wire: &Condition<'_>, intern: &mut Interner) -> PodCondition {
    PodCondition {
        kind: intern.text(&wire.kind),
        holds: &*wire.status == "True",
        reason: intern.or_empty(wire.reason.as_deref()),
        message: wire.message.as_deref().unwrap_or_default().into(),
        since: time(wire.last_transition_time.as_ref()),
    }
}

fn container(
    wire: &WireContainer<'_>,
    kind: ContainerKind,
    status: Option<&ContainerStatus<'_>>,
    intern: &mut Interner,
) -> Container {
    let probes = [
        (ProbeKind::Startup, wire.startup_probe),
        (ProbeKind::Liveness, wire.liveness_probe),
        (ProbeKind::Readiness, wire.readiness_probe),
    ];
    Container {
        name: intern.text(&wire.name),
        kind,
        image: intern.or_empty(wire.image.as_deref()),
        ready: status.is_some_and(|status| status.ready),
        started: status.and_then(|status| status.started).unwrap_or(false),
        restarts: status.map_or(0, |status| status.restart_count),
        state: status.map_or(ContainerState::Unknown, |status| state(&status.state, intern)),
        last: status.and_then(|status| status.last_state.terminated.as_ref()).map(|wire| ended(wire, intern)),
        probes: probes.into_iter().filter_map(|(kind, wire)| probe(kind, wire?)).collect(),
        memory_limit: wire.resources.and_then(|wire| memory_limit(wire, intern)),
    }
}

fn state(wire: &State<'_>, intern: &mut Interner) -> ContainerState {
    match wire {
        State { running: Some(running), .. } => ContainerState::Running(time(running.started_at.as_ref())),
        State { terminated: Some(terminated), .. } => ContainerState::Ended(ended(terminated, intern)),
        State { waiting: Some(waiting), .. } => ContainerState::Waiting {
            reason: intern.or_empty(waiting.reason.as_deref()),
            message: waiting.message.as_deref().unwrap_or_default().into(),
        },
        State { .. } => ContainerState::Unknown,
    }
}

fn ended(wire: &Terminated<'_>, intern: &mut Interner) -> Ended {
    Ended {
        exit_code: wire.exit_code,
        signal: wire.signal,
        reason: intern.or_empty(wire.reason.as_deref()),
        message: wire.message.as_deref().unwrap_or_default().into(),
        started: time(wire.started_at.as_ref()),
        finished: time(wire.finished_at.as_ref()),
    }
}

fn memory_limit(wire: &RawValue, intern: &mut Interner) -> Option<Quantity> {
    #[derive(Deserialize)]
    struct Resources<'a> {
        #[serde(borrow, default)]
        limits: Option<Limits<'a>>,
    }
    #[derive(Deserialize)]
    struct Limits<'a> {
        #[serde(borrow, default)]
        memory: Option<Amount<'a>>,
    }
    let resources: Resources<'_> = from_text(wire.get()).ok()?;
    Some(resources.limits?.memory?.facts(intern))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireProbe<'a> {
    #[serde(default)]
    initial_delay_seconds: Option<i64>,
    #[serde(default)]
    period_seconds: Option<i64>,
    #[serde(default)]
    timeout_seconds: Option<i64>,
    #[serde(default)]
    failure_threshold: Option<i64>,
    #[serde(borrow, default)]
    exec: Option<Exec<'a>>,
    #[serde(borrow, default)]
    http_get: Option<Http<'a>>,
    #[serde(default)]
    tcp_socket: Option<Socket>,
    #[serde(default)]
    grpc: Option<Socket>,
}

#[derive(Deserialize)]
struct Exec<'a> {
    #[serde(borrow, default)]
    command: Option<Vec<Str<'a>>>,
}

#[derive(Deserialize)]
struct Http<'a> {
    #[serde(borrow, default)]
    path: Option<Str<'a>>,
    #[serde(default)]
    port: serde_json::Value,
}

#[derive(Deserialize)]
struct Socket {
    /// A number, or a port's name.
    #[serde(default)]
    port: serde_json::Value,
}

fn port(port: &serde_json::Value) -> String {
    port.as_str().map_or_else(|| port.to_string(), str::to_owned)
}

fn probe(kind: ProbeKind, wire: &RawValue) -> Option<Probe> {
    let wire: WireProbe<'_> = from_text(wire.get()).ok()?;
    let action = match &wire {
        WireProbe { exec: Some(exec), .. } => {
            let words: Vec<&str> = exec.command.iter().flatten().map(|word| &**word).collect();
            format!("exec {}", words.join(" "))
        }
        WireProbe { http_get: Some(http), .. } => {
            format!("httpGet :{}{}", port(&http.port), http.path.as_deref().unwrap_or("/"))
        }
        WireProbe { tcp_socket: Some(socket), .. } => format!("tcpSocket :{}", port(&socket.port)),
        WireProbe { grpc: Some(socket), .. } => format!("grpc :{}", port(&socket.port)),
        _ => return None,
    };
    Some(Probe {
        kind,
        action: action.into(),
        delay: wire.initial_delay_seconds.unwrap_or(0),
        period: wire.period_seconds.unwrap_or(10),
        timeout: wire.timeout_seconds.unwrap_or(1),
        failures: wire.failure_threshold.unwrap_or(3),
    })
}
