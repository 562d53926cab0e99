//! Workloads whose pod template names claims.

use serde::Deserialize;

use super::intern::Interner;
use super::kind::Kind;
use super::pod::PodVolume;
use super::resource::{CRON_JOBS, DAEMON_SETS, DEPLOYMENTS, JOBS, REPLICA_SETS, Resource};
use super::wire::{Condition, ObjectMeta, Str};
use crate::facts::{Referrer, ReferrerKind};

/// The five kinds have one shape, as far as claims go; a CronJob's template lies one level deeper.
#[derive(Deserialize)]
pub(crate) struct Wire<'a> {
    #[serde(borrow, default)]
    metadata: ObjectMeta<'a>,
    #[serde(borrow, default)]
    spec: Spec<'a>,
    #[serde(borrow, default)]
    status: Option<Status<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(default)]
    replicas: Option<i32>,
    #[serde(default)]
    suspend: Option<bool>,
    #[serde(borrow, default)]
    schedule: Option<Str<'a>>,
    #[serde(borrow, default)]
    template: Option<Template<'a>>,
    #[serde(borrow, default)]
    job_template: Option<JobTemplate<'a>>,
}

#[derive(Deserialize)]
struct JobTemplate<'a> {
    #[serde(borrow, default)]
    spec: Option<JobSpec<'a>>,
}

#[derive(Deserialize)]
struct JobSpec<'a> {
    #[serde(borrow, default)]
    template: Option<Template<'a>>,
}

#[derive(Deserialize)]
struct Template<'a> {
    #[serde(borrow, default)]
    spec: Option<PodSpec<'a>>,
}

#[derive(Deserialize)]
struct PodSpec<'a> {
    #[serde(borrow, default)]
    volumes: Option<Vec<PodVolume<'a>>>,
}

#[derive(Deserialize)]
struct Status<'a> {
    #[serde(borrow, default)]
    conditions: Option<Vec<Condition<'a>>>,
}

impl Wire<'_> {
    fn facts(self, kind: ReferrerKind, intern: &mut Interner) -> Referrer {
        let spec = self.spec;
        let template = spec.template.or_else(|| spec.job_template?.spec?.template);
        let volumes = template.and_then(|template| template.spec?.volumes).unwrap_or_default();
        let claims = volumes
            .iter()
            .filter_map(|volume| volume.persistent_volume_claim.as_ref())
            .map(|source| (&*source.claim_name).into())
            .collect();
        let over = |condition: &Condition<'_>| {
            matches!(&*condition.kind, "Complete" | "Failed") && &*condition.status == "True"
        };
        let ended = self.status.and_then(|status| status.conditions).is_some_and(|all| all.iter().any(over));
        Referrer {
            meta: self.metadata.facts(intern),
            kind,
            claims,
            replicas: spec.replicas,
            suspended: spec.suspend.unwrap_or(false),
            schedule: intern.some(spec.schedule.as_deref()),
            finished: kind == ReferrerKind::Job && ended,
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
    Job JOBS;
    CronJob CRON_JOBS;
}
