//! A pod's shape in answers and files.

use serde::Deserialize;
use workload_protobuf::messages;

use super::wire::{Condition, ObjectMeta, OwnerReference, Present, Str, Time, Unread};

#[derive(Deserialize, Default)]
pub(crate) struct Wire<'a> {
    #[serde(borrow, default)]
    pub(super) metadata: ObjectMeta<'a>,
    #[serde(borrow, default)]
    pub(super) spec: Spec<'a>,
    #[serde(borrow, default)]
    pub(super) status: Status<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spec<'a> {
    #[serde(borrow, default)]
    pub(super) node_name: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(super) hostname: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(super) subdomain: Option<Str<'a>>,
    #[serde(default)]
    pub(super) host_network: Option<bool>,
    #[serde(borrow, default)]
    pub(super) dns_policy: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(super) init_containers: Option<Vec<Container<'a>>>,
    #[serde(borrow, default)]
    pub(super) containers: Option<Vec<Container<'a>>>,
    #[serde(borrow, default)]
    pub(super) volumes: Option<Vec<PodVolume<'a>>>,
    #[serde(default)]
    pub(super) termination_grace_period_seconds: Option<i64>,
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
pub(super) struct Lifecycle {
    #[serde(default)]
    pub(super) pre_stop: Option<Present>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Container<'a> {
    #[serde(borrow, default)]
    pub(super) name: Str<'a>,
    #[serde(borrow, default)]
    pub(super) restart_policy: Option<Str<'a>>,
    #[serde(default)]
    pub(super) lifecycle: Option<Lifecycle>,
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
    pub(super) name: Str<'a>,
    #[serde(borrow, default)]
    pub(super) persistent_volume_claim: Option<ClaimSource<'a>>,
    #[serde(default)]
    pub(super) ephemeral: Option<Present>,
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
    pub(super) phase: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(super) reason: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(super) message: Option<Str<'a>>,
    #[serde(default)]
    pub(super) start_time: Time,
    #[serde(borrow, default)]
    pub(super) nominated_node_name: Option<Str<'a>>,
    #[serde(borrow, default, rename = "podIP")]
    pub(super) pod_ip: Option<Str<'a>>,
    #[serde(borrow, default, rename = "podIPs")]
    pub(super) pod_ips: Option<Vec<Address<'a>>>,
    #[serde(borrow, default)]
    pub(super) conditions: Option<Vec<Condition<'a>>>,
    #[serde(borrow, default)]
    pub(super) init_container_statuses: Option<Vec<ContainerStatus<'a>>>,
    #[serde(borrow, default)]
    pub(super) container_statuses: Option<Vec<ContainerStatus<'a>>>,
}

#[derive(Deserialize, Default)]
pub(super) struct Address<'a> {
    #[serde(borrow, default)]
    pub(super) ip: Str<'a>,
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

impl<'a> Wire<'a> {
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
