//! Pods as things that run: containers and their attempts.

use serde::Deserialize;

use super::intern::Interner;
use super::kind::Kind;
use super::resource::{PODS, Resource};
use super::wire::{ObjectMeta, Str, Time};
use crate::facts::{AttemptEnd, ContainerRun, PodPhase, PodRun, RestartPolicy, Role, RunState};

#[derive(Deserialize)]
pub(crate) struct Wire<'a> {
    #[serde(borrow, default)]
    metadata: ObjectMeta<'a>,
    #[serde(borrow, default)]
    spec: Spec<'a>,
    #[serde(borrow, default)]
    status: Status<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(borrow, default)]
    node_name: Option<Str<'a>>,
    #[serde(borrow, default)]
    restart_policy: Option<Str<'a>>,
    #[serde(borrow, default)]
    init_containers: Option<Vec<Container<'a>>>,
    #[serde(borrow, default)]
    containers: Option<Vec<Container<'a>>>,
    #[serde(borrow, default)]
    ephemeral_containers: Option<Vec<Container<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Container<'a> {
    #[serde(borrow, default)]
    name: Str<'a>,
    #[serde(borrow, default)]
    restart_policy: Option<Str<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    #[serde(borrow, default)]
    phase: Option<Str<'a>>,
    #[serde(borrow, default)]
    reason: Option<Str<'a>>,
    #[serde(borrow, default)]
    conditions: Option<Vec<Condition<'a>>>,
    #[serde(borrow, default)]
    init_container_statuses: Option<Vec<ContainerStatus<'a>>>,
    #[serde(borrow, default)]
    container_statuses: Option<Vec<ContainerStatus<'a>>>,
    #[serde(borrow, default)]
    ephemeral_container_statuses: Option<Vec<ContainerStatus<'a>>>,
}

#[derive(Deserialize)]
struct Condition<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Str<'a>,
    #[serde(borrow, default)]
    status: Str<'a>,
    #[serde(borrow, default)]
    message: Option<Str<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContainerStatus<'a> {
    #[serde(borrow, default)]
    name: Str<'a>,
    #[serde(default)]
    restart_count: u32,
    #[serde(borrow, default)]
    state: State<'a>,
    #[serde(borrow, default)]
    last_state: State<'a>,
    #[serde(borrow, default, rename = "containerID")]
    container_id: Option<Str<'a>>,
}

#[derive(Deserialize, Default)]
struct State<'a> {
    #[serde(borrow, default)]
    waiting: Option<Waiting<'a>>,
    #[serde(default)]
    running: Option<Running>,
    #[serde(borrow, default)]
    terminated: Option<Terminated<'a>>,
}

#[derive(Deserialize)]
struct Waiting<'a> {
    #[serde(borrow, default)]
    reason: Option<Str<'a>>,
    #[serde(borrow, default)]
    message: Option<Str<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Running {
    #[serde(default)]
    started_at: Time,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Terminated<'a> {
    #[serde(borrow, default)]
    reason: Option<Str<'a>>,
    #[serde(default)]
    exit_code: i32,
    #[serde(default)]
    signal: i32,
    #[serde(default)]
    started_at: Time,
    #[serde(default)]
    finished_at: Time,
    #[serde(borrow, default, rename = "containerID")]
    container_id: Option<Str<'a>>,
}

impl Terminated<'_> {
    fn facts(&self, intern: &mut Interner) -> AttemptEnd {
        AttemptEnd {
            id: self.container_id.as_deref().unwrap_or_default().into(),
            exit_code: self.exit_code,
            signal: self.signal,
            reason: intern.or_empty(self.reason.as_deref()),
            started: self.started_at.0,
            finished: self.finished_at.0,
        }
    }
}

impl ContainerStatus<'_> {
    fn facts(&self, role: Role, intern: &mut Interner) -> ContainerRun {
        let state = match &self.state {
            State { running: Some(running), .. } => RunState::Running {
                id: self.container_id.as_deref().unwrap_or_default().into(),
                started: running.started_at.0,
            },
            State { terminated: Some(ended), .. } => RunState::Ended(ended.facts(intern)),
            State { waiting: Some(waiting), .. } => RunState::Waiting {
                reason: intern.or_empty(waiting.reason.as_deref()),
                message: waiting.message.as_deref().unwrap_or_default().into(),
            },
            _ => RunState::Unknown,
        };
        ContainerRun {
            name: intern.text(&self.name),
            role,
            restarts: self.restart_count,
            state,
            last: self.last_state.terminated.as_ref().map(|ended| ended.facts(intern)),
        }
    }
}

fn containers(
    spec: Option<&Vec<Container<'_>>>,
    statuses: Option<&Vec<ContainerStatus<'_>>>,
    role: Role,
    intern: &mut Interner,
) -> Vec<ContainerRun> {
    let mut all = Vec::new();
    for container in spec.into_iter().flatten() {
        let always = container.restart_policy.as_deref() == Some("Always");
        let role = if role == Role::Init && always { Role::Sidecar } else { role };
        let status = statuses.into_iter().flatten().find(|status| *status.name == *container.name);
        all.push(match status {
            Some(status) => status.facts(role, intern),
            None => ContainerRun {
                name: intern.text(&container.name),
                role,
                restarts: 0,
                state: RunState::Unknown,
                last: None,
            },
        });
    }
    all
}

impl Kind for PodRun {
    type Wire<'a> = Wire<'a>;
    const RESOURCE: &'static Resource = &PODS;

    fn from_wire(wire: Wire<'_>, intern: &mut Interner) -> Self {
        let Wire { metadata, spec, status } = wire;
        let mut all =
            containers(spec.init_containers.as_ref(), status.init_container_statuses.as_ref(), Role::Init, intern);
        all.extend(containers(spec.containers.as_ref(), status.container_statuses.as_ref(), Role::Main, intern));
        all.extend(containers(
            spec.ephemeral_containers.as_ref(),
            status.ephemeral_container_statuses.as_ref(),
            Role::Ephemeral,
            intern,
        ));
        let unscheduled = status
            .conditions
            .iter()
            .flatten()
            .find(|condition| &*condition.kind == "PodScheduled" && &*condition.status == "False")
            .map(|condition| condition.message.as_deref().unwrap_or_default().into());
        Self {
            node: intern.some(spec.node_name.as_deref()),
            phase: PodPhase::new(status.phase.as_deref().unwrap_or_default()),
            reason: intern.some(status.reason.as_deref()),
            restarts: match spec.restart_policy.as_deref() {
                Some("Never") => RestartPolicy::Never,
                Some("OnFailure") => RestartPolicy::OnFailure,
                _ => RestartPolicy::Always,
            },
            unscheduled,
            containers: all.into_boxed_slice(),
            meta: metadata.facts(intern),
        }
    }
}
