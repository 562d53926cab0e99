//! What is kept of a pod that is not well.

use serde::{Deserialize, Deserializer};
use workload_protobuf::{Broken, Message, Slot, Value, messages};

use super::claim::{AmountMap, amount};
use super::intern::Interner;
use super::pod_wire::{Container as WireContainer, ContainerStatus, Spec, State, Status, Terminated};
use super::wire::{Condition, Str, Unread};
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
        started: status.start_time.0,
        gates,
        readiness_gates,
        restarts_always: spec.restart_policy.as_deref().is_none_or(|policy| matches!(policy, "" | "Always")),
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
        since: wire.last_transition_time.0,
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
        State { running: Some(running), .. } => ContainerState::Running(running.started_at.0),
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
        started: wire.started_at.0,
        finished: wire.finished_at.0,
    }
}

#[derive(Deserialize, Default)]
struct Resources<'a> {
    #[serde(borrow, default)]
    limits: Option<AmountMap<'a>>,
}

fn memory_limit(wire: Unread<'_>, intern: &mut Interner) -> Option<Quantity> {
    amount("memory", wire.read::<Resources<'_>>()?.limits.as_ref(), intern)
}

#[derive(Deserialize, Default)]
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

#[derive(Deserialize, Default)]
struct Exec<'a> {
    #[serde(borrow, default)]
    command: Option<Vec<Str<'a>>>,
}

#[derive(Deserialize, Default)]
struct Http<'a> {
    #[serde(borrow, default)]
    path: Option<Str<'a>>,
    #[serde(default)]
    port: Port,
}

#[derive(Deserialize, Default)]
struct Socket {
    #[serde(default)]
    port: Port,
}

/// A port's number or name.
#[derive(Default)]
struct Port(String);

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let port = serde_json::Value::deserialize(from)?;
        Ok(Self(port.as_str().map_or_else(|| port.to_string(), str::to_owned)))
    }
}

#[derive(Default)]
struct NumberOrName {
    /// 0: a number; 1: a name (apimachinery, `intstr.Type`).
    kind: i64,
    number: i32,
    name: String,
}

impl<'a> Slot<'a> for Port {
    fn put(&mut self, value: Value<'a>) -> Result<(), Broken> {
        // That of a gRPC probe is always a number.
        self.0 = match value {
            Value::Number(number) => number.to_string(),
            _ => match NumberOrName::read(value.bytes()?)? {
                NumberOrName { kind: 0, number, .. } => number.to_string(),
                NumberOrName { name, .. } => name,
            },
        };
        Ok(())
    }
}

messages! {
    Resources<'a> { 1 => limits }
    WireProbe<'a> {
        1 => { 1 => exec, 2 => http_get, 3 => tcp_socket, 4 => grpc }, 2 => initial_delay_seconds, 3 => timeout_seconds,
        4 => period_seconds, 6 => failure_threshold,
    }
    Exec<'a> { 1 => command }
    Http<'a> { 1 => path, 2 => port }
    Socket { 1 => port }
    NumberOrName { 1 => kind, 2 => number, 3 => name }
}

fn probe(kind: ProbeKind, wire: Unread<'_>) -> Option<Probe> {
    let wire: WireProbe<'_> = wire.read()?;
    let action = match &wire {
        WireProbe { exec: Some(exec), .. } => {
            let words: Vec<&str> = exec.command.iter().flatten().map(|word| &**word).collect();
            format!("exec {}", words.join(" "))
        }
        WireProbe { http_get: Some(http), .. } => {
            format!("httpGet :{}{}", http.port.0, http.path.as_deref().filter(|path| !path.is_empty()).unwrap_or("/"))
        }
        WireProbe { tcp_socket: Some(socket), .. } => format!("tcpSocket :{}", socket.port.0),
        WireProbe { grpc: Some(socket), .. } => format!("grpc :{}", socket.port.0),
        _ => return None,
    };
    // Protobuf has a 0 where nothing was set.
    let set = |seconds: Option<i64>| seconds.filter(|seconds| *seconds != 0);
    Some(Probe {
        kind,
        action: action.into(),
        delay: wire.initial_delay_seconds.unwrap_or(0),
        period: set(wire.period_seconds).unwrap_or(10),
        timeout: set(wire.timeout_seconds).unwrap_or(1),
        failures: set(wire.failure_threshold).unwrap_or(3),
    })
}
