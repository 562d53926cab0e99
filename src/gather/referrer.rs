//! Workloads whose pod template names claims.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::intern::Interner;
use super::kind::Kind;
use super::limits;
use super::pod_wire::PodVolume;
use super::resource::{DAEMON_SETS, DEPLOYMENTS, REPLICA_SETS, Resource};
use super::wire::{ObjectMeta, Str};
use crate::facts::{PodNeeds, Referrer, ReferrerKind};

/// The three kinds have one shape, as far as claims go.
#[derive(Deserialize)]
pub(crate) struct Wire<'a> {
    #[serde(borrow, default)]
    metadata: ObjectMeta<'a>,
    #[serde(borrow, default)]
    spec: Spec<'a>,
}

#[derive(Deserialize, Default)]
struct Spec<'a> {
    #[serde(default)]
    replicas: Option<i32>,
    #[serde(borrow, default)]
    template: Option<Template<'a>>,
}

/// A pod template, as far as claims go.
#[derive(Deserialize)]
pub(super) struct Template<'a> {
    #[serde(borrow, default)]
    spec: Option<PodSpec<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PodSpec<'a> {
    #[serde(borrow, default)]
    volumes: Option<Vec<PodVolume<'a>>>,
    #[serde(borrow, default)]
    restart_policy: Option<Str<'a>>,
    // Read of Jobs alone.
    #[serde(borrow, default)]
    init_containers: Option<&'a RawValue>,
    #[serde(borrow, default)]
    containers: Option<&'a RawValue>,
    #[serde(borrow, default)]
    service_account_name: Option<Str<'a>>,
    #[serde(borrow, default)]
    service_account: Option<Str<'a>>,
    #[serde(default)]
    resources: Option<IgnoredAny>,
    #[serde(default)]
    overhead: Option<IgnoredAny>,
    #[serde(default)]
    runtime_class_name: Option<IgnoredAny>,
}

impl Template<'_> {
    /// The claims that its volumes name.
    pub(super) fn claims(&self) -> Box<[Box<str>]> {
        let volumes = self.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
        volumes
            .filter_map(|volume| volume.persistent_volume_claim.as_ref())
            .map(|source| (&*source.claim_name).into())
            .collect()
    }

    /// What its pods ask of the namespace's limits.
    pub(super) fn needs(&self, intern: &mut Interner) -> PodNeeds {
        let Some(spec) = &self.spec else { return PodNeeds::default() };
        let account = spec.service_account_name.as_deref().filter(|name| !name.is_empty());
        PodNeeds {
            service_account: intern.or_empty(account.or(spec.service_account.as_deref())),
            containers: limits::containers(spec.init_containers, spec.containers, intern),
            plain: spec.resources.is_none() && spec.overhead.is_none() && spec.runtime_class_name.is_none(),
        }
    }

    /// Whether the kubelet restarts its containers in their pod after a failure.
    pub(super) fn restarts_on_failure(&self) -> bool {
        self.spec.as_ref().and_then(|spec| spec.restart_policy.as_deref()) == Some("OnFailure")
    }
}

impl Wire<'_> {
    fn facts(self, kind: ReferrerKind, intern: &mut Interner) -> Referrer {
        Referrer {
            claims: self.spec.template.as_ref().map(Template::claims).unwrap_or_default(),
            meta: self.metadata.facts(intern),
            kind,
            replicas: self.spec.replicas,
            suspended: false,
            schedule: None,
            finished: false,
        }
    }
}

macro_rules! kinds {
    ($($name:ident $resource:ident;)*) => {$(
        /// A kind of its own, so that it is listed by its own path.
        pub(crate) struct $name(Referrer);

        impl From<$name> for Referrer {
            fn from(of: $name) -> Self {
                of.0
            }
        }

        impl Kind for $name {
            type Wire<'a> = Wire<'a>;
            const RESOURCE: &'static Resource = &$resource;

            fn from_wire(wire: Wire<'_>, intern: &mut Interner) -> Self {
                Self(wire.facts(ReferrerKind::$name, intern))
            }
        }
    )*};
}

kinds! {
    Deployment DEPLOYMENTS;
    ReplicaSet REPLICA_SETS;
    DaemonSet DAEMON_SETS;
}
