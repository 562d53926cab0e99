//! Facts for tests of the pure modules, in the namespace `shop`.

use std::sync::Arc;

use super::{
    Claim, ClaimPhase, ClaimSpec, ClaimTemplate, Cluster, LabelSelector, Labels, Listed, Maker, Meta, Owner, Pod,
    PodClaim, PodPhase, Quantity, Requirement, Retention, SetStatus, StatefulSet, StorageClass, Surroundings, Text,
    Volume, VolumePhase, VolumeSpec,
};

pub(crate) fn time(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}

pub(crate) fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(key, value)| (Text::from(*key), Text::from(*value))).collect()
}

pub(crate) fn meta(name: &str) -> Meta {
    Meta {
        namespace: "shop".into(),
        name: name.into(),
        uid: format!("uid-{name}").into(),
        created: Some(time("2026-11-20T12:00:00Z").into()),
        ..Meta::default()
    }
}

pub(crate) fn owner(kind: &str, name: &str) -> Owner {
    let api_version = if kind == "Pod" { "v1" } else { "apps/v1" };
    Owner {
        api_version: api_version.into(),
        kind: kind.into(),
        name: name.into(),
        uid: format!("uid-{name}").into(),
        controller: true,
    }
}

/// A set whose governing Service has its own name, labelled `app: <name>`.
pub(crate) fn set(name: &str, replicas: i32, templates: &[&str]) -> StatefulSet {
    let template = |name: &&str| ClaimTemplate {
        name: (**name).into(),
        class: Some("local-path".into()),
        request: Some(Quantity::new("1Gi")),
        access_modes: std::sync::Arc::new(["ReadWriteOnce".into()]),
        block: false,
        attributes_class: None,
    };
    StatefulSet {
        meta: meta(name),
        generation: 1,
        replicas,
        start: 0,
        service: name.into(),
        selector: LabelSelector(vec![Requirement::In("app".into(), vec![name.into()])]),
        pod_labels: labels(&[("app", name)]),
        host_network: false,
        dns_policy: "ClusterFirst".into(),
        nameservers: Box::new([]),
        containers: 1,
        container_ports: Box::new([(6379, "redis".into())]),
        parallel: false,
        update: super::Update::Rolling { partition: 0 },
        min_ready: 0,
        changed: None,
        written: None,
        needs: super::PodNeeds { plain: true, ..super::PodNeeds::default() },
        templates: templates.iter().map(template).collect(),
        shared_claims: Box::new([]),
        retention: Retention::default(),
        status: Some(SetStatus { observed_generation: 1, replicas, ready: replicas, ..SetStatus::default() }),
    }
}

/// The ready pod of an ordinal, with all claims of the set.
pub(crate) fn pod(set: &StatefulSet, ordinal: i32) -> Pod {
    let name = set.pod_name(ordinal);
    let claims = set
        .templates
        .iter()
        .map(|template| PodClaim { volume: template.name.clone(), claim: set.claim_name(template, ordinal).into() });
    Pod {
        meta: Meta {
            owners: std::sync::Arc::new([owner("StatefulSet", &set.meta.name)]),
            labels: set.pod_labels.clone(),
            ..meta(&name)
        },
        node: Some("node1".into()),
        phase: PodPhase::Running,
        ready: true,
        ready_since: Some(time("2026-11-20T12:00:05Z").into()),
        status: "Running".into(),
        containers: (1, 1),
        restarts: 0,
        addresses: Box::new([format!("10.244.0.{}", ordinal + 1).into()]),
        hostname: Some(name.as_str().into()),
        subdomain: Some(set.service.clone()),
        host_network: false,
        dns_policy: "ClusterFirst".into(),
        grace_seconds: 30,
        pre_stop: false,
        claims: claims.collect(),
        hook: None,
        detail: None,
    }
}

impl Claim {
    pub(crate) fn spec_mut(&mut self) -> &mut ClaimSpec {
        Arc::make_mut(&mut self.spec)
    }
}

impl Volume {
    pub(crate) fn spec_mut(&mut self) -> &mut VolumeSpec {
        Arc::make_mut(&mut self.spec)
    }
}

/// A bound claim of 1Gi.
pub(crate) fn claim(name: &str) -> Claim {
    Claim {
        meta: meta(name),
        phase: Some(ClaimPhase::Bound),
        spec: Arc::new(ClaimSpec {
            class: Some("local-path".into()),
            request: Some(Quantity::new("1Gi")),
            access_modes: Box::new(["ReadWriteOnce".into()]),
            ..ClaimSpec::default()
        }),
        capacity: Some(Quantity::new("1Gi")),
        volume: Some(format!("pv-{name}").into()),
        unused_since: None,
        change: None,
        source: None,
        provisioner: None,
        conditions: Box::new([]),
        resize: None,
        maker: Maker::Controllers,
        version: "1".into(),
    }
}

/// The volume of such a claim.
pub(crate) fn volume(claim: &Claim, reclaim: &str) -> Volume {
    Volume {
        meta: Meta { namespace: "".into(), ..meta(claim.volume.as_deref().unwrap()) },
        phase: VolumePhase::Bound,
        since: None,
        spec: Arc::new(VolumeSpec {
            capacity: claim.capacity.clone(),
            class: claim.spec.class.clone(),
            reclaim: reclaim.into(),
            access_modes: claim.spec.access_modes.clone(),
            driver: "hostPath".into(),
            ..VolumeSpec::default()
        }),
        claim: Some(super::ClaimRef {
            namespace: claim.meta.namespace.clone(),
            name: claim.meta.name.clone(),
            uid: claim.meta.uid.clone(),
        }),
        handle: "/disk".into(),
        message: "".into(),
        provisioned_by: Some("rancher.io/local-path".into()),
        version: "1".into(),
    }
}

pub(crate) fn class(name: &str, waits_for_consumer: bool) -> StorageClass {
    let meta = Meta { namespace: "".into(), ..meta(name) };
    StorageClass {
        meta,
        provisioner: "rancher.io/local-path".into(),
        waits_for_consumer,
        default: false,
        expandable: false,
    }
}

/// All kinds were read, and there is nothing of them but the ServiceAccount that every namespace has.
pub(crate) fn surroundings() -> Surroundings {
    Surroundings {
        deployments: Listed::complete(Vec::new()),
        replica_sets: Listed::complete(Vec::new()),
        daemon_sets: Listed::complete(Vec::new()),
        jobs: Listed::complete(Vec::new()),
        cron_jobs: Listed::complete(Vec::new()),
        revisions: Listed::complete(Vec::new()),
        snapshots: Listed::complete(Vec::new()),
        attachments: Listed::complete(Vec::new()),
        csi_nodes: Listed::complete(Vec::new()),
        attributes_classes: Listed::complete(Vec::new()),
        nodes: Listed::complete(Vec::new()),
        namespaces: Listed::complete(Vec::new()),
        quotas: Listed::complete(Vec::new()),
        ranges: Listed::complete(Vec::new()),
        accounts: Listed::complete(vec![super::ServiceAccount { meta: meta("default") }]),
        budgets: Listed::complete(Vec::new()),
        events: Listed::complete(Vec::new()),
        releases: Listed::complete(Vec::new()),
    }
}

/// A cluster with these objects and the class `local-path`; everything was read.
pub(crate) fn cluster(sets: Vec<StatefulSet>, pods: Vec<Pod>, claims: Vec<Claim>, volumes: Vec<Volume>) -> Cluster {
    let mut cluster = Cluster {
        context: None,
        namespace: Some("shop".into()),
        server_version: None,
        now: time("2026-11-21T12:00:00Z"),
        sets: Listed::complete(sets),
        pods: Listed::complete(pods),
        bystanders: super::Bystanders::default(),
        claims: Listed::complete(claims),
        volumes: Listed::complete(volumes),
        classes: Listed::complete(vec![class("local-path", true)]),
        services: Listed::complete(Vec::new()),
        slices: Listed::complete(Vec::new()),
        jobs: Listed::complete(Vec::new()),
        cron_jobs: Listed::complete(Vec::new()),
        around: surroundings(),
        dated: true,
        volumes_listed: true,
        usage: None,
    };
    cluster.sort();
    cluster
}

/// A running container without a restart.
pub(crate) fn container(name: &str) -> super::Container {
    super::Container {
        name: name.into(),
        kind: super::ContainerKind::Main,
        image: "busybox:1.36".into(),
        ready: true,
        started: true,
        restarts: 0,
        state: super::ContainerState::Running(Some(time("2026-11-20T12:00:03Z"))),
        last: None,
        probes: Box::new([]),
        memory_limit: None,
    }
}

/// How a container ended.
pub(crate) fn ended(exit_code: i32, reason: &str, at: &str) -> super::Ended {
    super::Ended {
        exit_code,
        signal: 0,
        reason: reason.into(),
        message: "".into(),
        started: Some(time(at) - jiff::SignedDuration::from_secs(2)),
        finished: Some(time(at)),
    }
}

/// An event about an object, of an hour that is not over.
pub(crate) fn event(kind: &str, of: &Meta, reason: &str, count: u32, at: &str, message: &str) -> super::Event {
    super::Event {
        namespace: of.namespace.clone(),
        kind: kind.into(),
        name: of.name.clone(),
        uid: of.uid.clone(),
        container: None,
        reason: reason.into(),
        message: message.into(),
        count,
        last: Some(time(at)),
    }
}

/// A node that is ready.
pub(crate) fn node(name: &str) -> super::Node {
    super::Node {
        meta: Meta { namespace: "".into(), ..meta(name) },
        cordoned: false,
        ready: true,
        silent: false,
        ready_since: Some(time("2026-11-01T00:00:00Z")),
    }
}

/// A Job of one completion that began five minutes ago.
pub(crate) fn job(name: &str) -> super::Job {
    super::Job {
        selector: super::LabelSelector::default(),
        meta: meta(name),
        parallelism: 1,
        completions: Some(1),
        indexed: false,
        backoff_limit: Some(6),
        backoff_per_index: None,
        deadline: None,
        ttl: None,
        suspended: false,
        managed_by: None,
        restarts_in_place: false,
        ignores_disruption: false,
        ignores_failures: false,
        manual_selector: false,
        claims: Box::new([]),
        needs: super::PodNeeds { plain: true, ..super::PodNeeds::default() },
        queue: None,
        manual: false,
        slot: None,
        hook: None,
        status: super::JobStatus {
            active: 1,
            started: Some(time("2026-11-21T11:55:00Z")),
            ..super::JobStatus::default()
        },
    }
}

/// A condition of a Job that holds.
pub(crate) fn condition(kind: &str, reason: &str, at: &str, message: &str) -> super::JobCondition {
    super::JobCondition {
        kind: kind.into(),
        holds: true,
        reason: reason.into(),
        message: message.into(),
        since: Some(time(at)),
    }
}

/// A pod of a Job that runs, made five minutes ago.
pub(crate) fn job_pod(job: &super::Job, suffix: &str) -> Pod {
    let set = set("unused", 1, &[]);
    Pod {
        meta: Meta {
            owners: std::sync::Arc::new([owner("Job", &job.meta.name)]),
            created: Some(time("2026-11-21T11:55:01Z").into()),
            ..meta(&format!("{}-{suffix}", job.meta.name))
        },
        ready: false,
        ready_since: Some(time("2026-11-21T11:55:01Z").into()),
        detail: Some(Box::new(super::PodDetail {
            started: Some(time("2026-11-21T11:55:01Z")),
            containers: Box::new([container("main")]),
            ..super::PodDetail::default()
        })),
        ..pod(&set, 0)
    }
}
