//! What a namespace's limits are, and what a pod template asks of them.

use std::collections::BTreeMap;

use futures_util::join;
use k8s_openapi::api::core::v1::{Container as ApiContainer, PodSpec as ApiPod};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as ApiQuantity;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::claim::AmountMap;
use super::cluster::not_read;
use super::intern::Interner;
use super::kind::Kind;
use super::lists;
use super::resource::{ACCOUNTS, LIMIT_RANGES, Need, QUOTAS, Resource};
use super::surroundings::Bare;
use super::wire::{ObjectMeta, Str, from_text};
use crate::connect::Client;
use crate::facts::{
    Amounts, Cluster, ContainerNeeds, LimitItem, LimitRange, Listed, PodNeeds, Quota, Runs, ServiceAccount, Text, tells,
};

/// The kinds that tell why a pod or a claim is refused.
pub const LIMITS: [&Resource; 3] = [&QUOTAS, &LIMIT_RANGES, &ACCOUNTS];

/// What reading them needs.
pub fn needs(namespace: Option<&Text>) -> Vec<Need> {
    let need = |resource: &'static Resource| Need {
        verb: "list",
        resource,
        scope: resource.scope(namespace),
        required: false,
        tells: tells(resource.name),
    };
    LIMITS.into_iter().map(need).collect()
}

/// The limits of a namespace, or of all of them.
#[derive(Debug)]
pub struct Limits {
    quotas: Listed<Quota>,
    ranges: Listed<LimitRange>,
    accounts: Listed<ServiceAccount>,
}

impl Limits {
    /// Reads them in one turn.
    pub async fn read(client: &Client, namespace: Option<&Text>, chunk: u32) -> Self {
        let (quotas, ranges, accounts) = join!(
            lists::list(client, namespace, chunk),
            lists::list(client, namespace, chunk),
            lists::list(client, namespace, chunk),
        );
        Self { quotas: quotas.list, ranges: ranges.list, accounts: accounts.list }
    }

    /// None of them is read.
    pub fn not_read() -> Self {
        Self { quotas: not_read(&QUOTAS), ranges: not_read(&LIMIT_RANGES), accounts: not_read(&ACCOUNTS) }
    }

    /// Puts them among the facts.
    pub fn put(self, cluster: &mut Cluster) {
        cluster.around.quotas = self.quotas;
        cluster.around.ranges = self.ranges;
        cluster.around.accounts = self.accounts;
    }
}

fn amounts(map: Option<AmountMap<'_>>, intern: &mut Interner) -> Amounts {
    map.unwrap_or_default().iter().map(|(name, amount)| (intern.text(name), amount.facts(intern))).collect()
}

#[derive(Deserialize)]
pub(crate) struct QuotaWire<'a> {
    #[serde(borrow, default)]
    metadata: ObjectMeta<'a>,
    #[serde(borrow, default)]
    spec: QuotaSpec<'a>,
    #[serde(borrow, default)]
    status: QuotaStatus<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct QuotaSpec<'a> {
    #[serde(borrow, default)]
    scopes: Option<Vec<Str<'a>>>,
    #[serde(default)]
    scope_selector: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize, Default)]
struct QuotaStatus<'a> {
    #[serde(borrow, default)]
    hard: Option<AmountMap<'a>>,
    #[serde(borrow, default)]
    used: Option<AmountMap<'a>>,
}

impl Kind for Quota {
    type Wire<'a> = QuotaWire<'a>;
    const RESOURCE: &'static Resource = &QUOTAS;

    fn from_wire(wire: QuotaWire<'_>, intern: &mut Interner) -> Self {
        let used = wire.status.used.unwrap_or_default();
        let limits = wire.status.hard.unwrap_or_default();
        Self {
            scoped: wire.spec.scope_selector.is_some() || wire.spec.scopes.is_some_and(|scopes| !scopes.is_empty()),
            limits: limits
                .iter()
                .filter_map(|(name, hard)| Some((intern.text(name), hard.facts(intern), used.get(name)?.facts(intern))))
                .collect(),
            meta: wire.metadata.facts(intern),
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct RangeWire<'a> {
    #[serde(borrow, default)]
    metadata: ObjectMeta<'a>,
    #[serde(borrow, default)]
    spec: RangeSpec<'a>,
}

#[derive(Deserialize, Default)]
struct RangeSpec<'a> {
    #[serde(borrow, default)]
    limits: Option<Vec<RangeItem<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RangeItem<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Str<'a>,
    #[serde(borrow, default)]
    min: Option<AmountMap<'a>>,
    #[serde(borrow, default)]
    max: Option<AmountMap<'a>>,
    #[serde(borrow, default)]
    default: Option<AmountMap<'a>>,
    #[serde(borrow, default)]
    default_request: Option<AmountMap<'a>>,
}

impl Kind for LimitRange {
    type Wire<'a> = RangeWire<'a>;
    const RESOURCE: &'static Resource = &LIMIT_RANGES;

    fn from_wire(wire: RangeWire<'_>, intern: &mut Interner) -> Self {
        let items = wire.spec.limits.into_iter().flatten().map(|item| LimitItem {
            kind: intern.text(&item.kind),
            min: amounts(item.min, intern),
            max: amounts(item.max, intern),
            default: amounts(item.default, intern),
            default_request: amounts(item.default_request, intern),
        });
        Self { items: items.collect(), meta: wire.metadata.facts(intern) }
    }
}

impl Kind for ServiceAccount {
    type Wire<'a> = Bare<'a>;
    const RESOURCE: &'static Resource = &ACCOUNTS;

    fn from_wire(wire: Bare<'_>, intern: &mut Interner) -> Self {
        Self { meta: wire.metadata.facts(intern) }
    }
}

/// What a pod template asks for, by the API's type.
pub(super) fn of_api(pod: &ApiPod, intern: &mut Interner) -> PodNeeds {
    fn amounts(map: Option<&BTreeMap<String, ApiQuantity>>, intern: &mut Interner) -> Amounts {
        map.into_iter().flatten().map(|(name, amount)| (intern.text(name), intern.quantity(&amount.0))).collect()
    }
    let mut container = |of: &ApiContainer, runs: Runs| {
        let resources = of.resources.as_ref();
        ContainerNeeds {
            name: intern.text(&of.name),
            runs: if runs == Runs::Before { init(of.restart_policy.as_deref()) } else { runs },
            requests: amounts(resources.and_then(|it| it.requests.as_ref()), intern),
            limits: amounts(resources.and_then(|it| it.limits.as_ref()), intern),
        }
    };
    let inits = pod.init_containers.iter().flatten().map(|of| (of, Runs::Before));
    let all = inits.chain(pod.containers.iter().map(|of| (of, Runs::Together)));
    let containers = all.map(|(of, runs)| container(of, runs)).collect();
    let account = pod.service_account_name.as_deref().filter(|name| !name.is_empty());
    PodNeeds {
        containers,
        service_account: intern.or_empty(account.or(pod.service_account.as_deref())),
        plain: pod.resources.is_none() && pod.overhead.is_none() && pod.runtime_class_name.is_none(),
    }
}

fn init(restart_policy: Option<&str>) -> Runs {
    if restart_policy == Some("Always") { Runs::Throughout } else { Runs::Before }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContainerWire<'a> {
    #[serde(borrow, default)]
    name: Str<'a>,
    #[serde(borrow, default)]
    restart_policy: Option<Str<'a>>,
    #[serde(borrow, default)]
    resources: Option<ResourcesWire<'a>>,
}

#[derive(Deserialize)]
struct ResourcesWire<'a> {
    #[serde(borrow, default)]
    requests: Option<AmountMap<'a>>,
    #[serde(borrow, default)]
    limits: Option<AmountMap<'a>>,
}

/// The containers of a pod template, read where they are asked for; of what is no such list, none.
pub(super) fn containers(
    init: Option<&RawValue>,
    main: Option<&RawValue>,
    intern: &mut Interner,
) -> Box<[ContainerNeeds]> {
    let mut all = Vec::new();
    for (list, before) in [(init, true), (main, false)] {
        let list = list.and_then(|list| from_text::<Option<Vec<ContainerWire<'_>>>>(list.get()).ok());
        for of in list.flatten().unwrap_or_default() {
            let (requests, limits) = of.resources.map(|it| (it.requests, it.limits)).unwrap_or_default();
            all.push(ContainerNeeds {
                name: intern.text(&of.name),
                runs: if before { self::init(of.restart_policy.as_deref()) } else { Runs::Together },
                requests: amounts(requests, intern),
                limits: amounts(limits, intern),
            });
        }
    }
    all.into()
}
