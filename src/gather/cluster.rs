//! Facts out of a cluster: what to read, in as few turns as the answers' dependencies allow.

use std::collections::BTreeSet;

use futures_util::future::{join_all, join5};
use jiff::Timestamp;
use serde::Deserialize;

use super::around;
use super::involved::{Involved, Pods};
use super::lists::{self, Paged};
use super::resource::{CLAIMS, CLASSES, CRON_JOBS, JOBS, Need, PODS, Resource, SERVICES, SETS, SLICES, VOLUMES};
use crate::connect::{Client, Error, ErrorKind};
use crate::facts::{
    Bystanders, Claim, ClaimPhase, Cluster, Listed, Refusal, Scope, StatefulSet, StorageClass, Text, Volume, Why, tells,
};

/// Volumes are read one by one up to this many claims, as a list of the whole cluster's beyond.
const VOLUMES_ONE_BY_ONE: usize = 50;

/// The provisioner of classes whose volumes are made by hand.
const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

pub(super) fn not_read<T>(resource: &'static Resource) -> Listed<T> {
    Listed::refused(resource.not_listed(None, Why::NotRead))
}

/// What a command wants to know.
#[derive(Debug, Clone)]
pub struct Ask {
    /// One namespace, or all of them.
    pub namespace: Option<Text>,
    /// One set by its name, where one is asked for.
    pub set: Option<String>,
    /// Whether claims that no set makes are shown too.
    pub all_claims: bool,
    /// Of what gives pods their names.
    pub names: NameSources,
    /// Objects per page; 0 for all at once.
    pub chunk: u32,
    /// The kinds of [`Surroundings`](crate::facts::Surroundings) that are read too.
    pub also: &'static [&'static Resource],
    /// Whether pods are read with their labels, addresses and names: whoever only asks who uses a claim spares that.
    pub pod_names: bool,
    /// Whether all volumes are read: those without a claim concern a namespace as well.
    pub all_volumes: bool,
}

/// What is read of the objects that give pods their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameSources {
    /// Nothing.
    Unread,
    /// Services: one that selects pods of no set any more is a trace of the set that is gone.
    Services,
    /// Services and EndpointSlices: whether the names are there is judged.
    Judged,
}

impl NameSources {
    /// Whether Services are read.
    pub fn services(self) -> bool {
        self != Self::Unread
    }

    /// Whether EndpointSlices are read.
    pub fn slices(self) -> bool {
        self == Self::Judged
    }
}

/// What was read, and what its reader should know about how.
#[derive(Debug)]
pub struct Gathered {
    /// The facts.
    pub cluster: Cluster,
    /// Sentences for stderr.
    pub remarks: Vec<String>,
}

/// What the command needs to be allowed to do.
pub fn needs(ask: &Ask) -> Vec<Need> {
    let scope = |resource: &Resource| resource.scope(ask.namespace.as_ref());
    let need = |resource: &'static Resource, required| Need {
        verb: "list",
        resource,
        scope: scope(resource),
        required,
        tells: tells(resource.name),
    };
    let mut all = vec![need(&SETS, true), need(&PODS, false), need(&CLAIMS, false), need(&CLASSES, false)];
    if ask.namespace.is_some() {
        all.push(Need { verb: "get", ..need(&VOLUMES, false) });
    }
    all.push(need(&VOLUMES, false));
    if ask.names.services() {
        all.push(need(&SERVICES, false));
    }
    if ask.names.slices() {
        all.push(need(&SLICES, false));
    }
    all.extend(ask.also.iter().map(|resource| need(resource, false)));
    all
}

/// Reads what was asked for. Fails only where the sets themselves can't be read; any other refusal becomes part of the facts.
pub async fn read(client: &Client, ask: &Ask) -> Result<Gathered, Error> {
    let namespace = ask.namespace.as_ref();
    let chunk = ask.chunk;
    let all_volumes = async {
        match namespace {
            Some(_) if !ask.all_volumes => None,
            _ => Some(lists::list::<Volume>(client, None, chunk).await),
        }
    };
    let services = async {
        if ask.names.services() { lists::list(client, namespace, chunk).await.list } else { not_read(&SERVICES) }
    };
    let slices =
        async { if ask.names.slices() { lists::list(client, namespace, chunk).await.list } else { not_read(&SLICES) } };
    let pods = async {
        if ask.pod_names {
            lists::list_into::<Involved<true>, Pods>(client, namespace, chunk, "").await
        } else {
            lists::list_into::<Involved<false>, Pods>(client, namespace, chunk, "").await
        }
    };
    let base = join5(
        lists::list::<StatefulSet>(client, namespace, chunk),
        pods,
        lists::list::<Claim>(client, namespace, chunk),
        lists::list(client, None, chunk),
        all_volumes,
    );
    let around = around::read(client, namespace, chunk, ask.also);
    let ((sets, pods, claims, classes, volumes), services, slices, version, around) =
        futures_util::join!(base, services, slices, version(client), around);
    let mut remarks = Vec::new();
    let mut take = |remark: Option<String>| remarks.extend(remark);
    take(sets.remark.clone());
    take(pods.remark);
    take(claims.remark.clone());
    let sets = the_sets(client, namespace, ask.set.as_deref(), sets).await?;
    let mut volumes_listed = true;
    let volumes = match volumes {
        // Who may not list them may still read those that are named to him.
        Some(paged) if paged.failed.is_none() || namespace.is_none() => {
            take(paged.remark);
            paged.list
        }
        Some(paged) => {
            let mut few = volumes_of(client, ask, &sets, &claims.list, &classes.list).await.0;
            few.missing = paged.list.missing;
            few
        }
        None => {
            let (volumes, listed) = volumes_of(client, ask, &sets, &claims.list, &classes.list).await;
            volumes_listed = listed;
            volumes
        }
    };
    let mut cluster = Cluster {
        context: client.context().map(str::to_owned),
        namespace: ask.namespace.clone(),
        server_version: version,
        now: whole_seconds(client.server_now()),
        dated: true,
        sets,
        pods: Listed { items: pods.store.pods, missing: pods.missing },
        bystanders: Bystanders::new(pods.store.bystanders),
        claims: claims.list,
        volumes,
        classes: classes.list,
        services,
        slices,
        jobs: not_read(&JOBS),
        cron_jobs: not_read(&CRON_JOBS),
        around,
        volumes_listed,
        usage: None,
    };
    cluster.sort();
    Ok(Gathered { cluster, remarks })
}

/// Ages and reports count in seconds.
pub(super) fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// The sets; where they can't be listed, the one that was asked for.
pub(super) async fn the_sets(
    client: &Client,
    namespace: Option<&Text>,
    set: Option<&str>,
    paged: Paged<StatefulSet>,
) -> Result<Listed<StatefulSet>, Error> {
    let Some(error) = paged.failed else { return Ok(paged.list) };
    let (Some(name), ErrorKind::Forbidden) = (set, error.kind) else { return Err(error) };
    match lists::get::<StatefulSet>(client, namespace, name).await {
        Ok(Some(set)) => Ok(Listed { items: vec![set], missing: paged.list.missing }),
        Ok(None) => Ok(Listed { items: Vec::new(), missing: paged.list.missing }),
        Err(_) => Err(error),
    }
}

/// The volumes of a namespace's claims: by name while they are few, since a user of one namespace may well be allowed that, and
/// the cluster's list may be long.
///
/// A claim that waits for a volume made by hand needs the whole list: which of them nearly fits.
async fn volumes_of(
    client: &Client,
    ask: &Ask,
    sets: &Listed<StatefulSet>,
    claims: &Listed<Claim>,
    classes: &Listed<StorageClass>,
) -> (Listed<Volume>, bool) {
    let wanted = |claim: &&Claim| match &ask.set {
        Some(name) if !ask.all_claims => {
            let of = |set: &&StatefulSet| *set.meta.name == **name;
            sets.items.iter().filter(of).any(|set| {
                set.templates.iter().any(|template| {
                    let rest = claim.meta.name.strip_prefix(&*template.name).and_then(|rest| rest.strip_prefix('-'));
                    rest.and_then(|rest| rest.strip_prefix(name.as_str())).is_some_and(|rest| rest.starts_with('-'))
                })
            })
        }
        _ => true,
    };
    let names: BTreeSet<&str> =
        claims.items.iter().filter(wanted).filter_map(|claim| claim.volume.as_deref()).collect();
    let by_hand = |claim: &&Claim| {
        let class = claim.spec.class.as_deref().filter(|class| !class.is_empty());
        claim.phase == Some(ClaimPhase::Pending)
            && class.is_none_or(|name| {
                let of = classes.items.iter().find(|class| *class.meta.name == *name);
                // A class need not exist where a volume made by hand carries its name.
                of.is_none_or(|class| &*class.provisioner == NO_PROVISIONER)
            })
    };
    if names.len() > VOLUMES_ONE_BY_ONE || claims.items.iter().filter(wanted).any(|claim| by_hand(&claim)) {
        return (lists::list::<Volume>(client, None, ask.chunk).await.list, true);
    }
    let answers = join_all(names.iter().map(|name| lists::get::<Volume>(client, None, name))).await;
    let mut volumes = Listed::complete(Vec::new());
    for answer in answers {
        match answer {
            Ok(found) => volumes.items.extend(found),
            Err(error) => {
                let why = lists::why(&error);
                volumes.missing = Some(Refusal { verb: "get", resource: VOLUMES.name, scope: Scope::Cluster, why });
            }
        }
    }
    (volumes, false)
}

/// The server's version; nothing depends on it, so a refusal is no news.
pub(super) async fn version(client: &Client) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Version {
        git_version: String,
    }
    let answer = client.get("/version", None).await.ok()?;
    answer.json::<Version>().ok().map(|version| version.git_version)
}

/// Whether a namespace is there, as far as can be told: only the server's plain "not found" says no.
pub async fn namespace_exists(client: &Client, name: &str) -> bool {
    let answer = client.get(&format!("/api/v1/namespaces/{name}"), None).await;
    answer.map_or_else(|error| error.kind != ErrorKind::NotFound, |_| true)
}

/// Asks the server which of the needs it grants, one access review each (SelfSubjectAccessReview). The answers are in the order
/// of the needs; `None` where a review itself failed.
pub async fn granted(client: &Client, needs: &[Need]) -> Result<Vec<Option<bool>>, Error> {
    let reviews = needs.iter().map(|need| async move {
        let namespace = match &need.scope {
            Scope::Namespace(name) => &**name,
            Scope::Cluster => "",
        };
        let (resource, subresource) = need.resource.plural.split_once('/').unwrap_or((need.resource.plural, ""));
        let review = serde_json::json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {
                "verb": need.verb, "group": need.resource.group, "resource": resource, "subresource": subresource,
                "namespace": namespace,
            }},
        });
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        client.post(path, review.to_string().into_bytes()).await.and_then(|answer| answer.json::<serde_json::Value>())
    });
    let mut all = Vec::with_capacity(needs.len());
    for answer in join_all(reviews).await {
        match answer {
            Ok(review) => all.push(review.pointer("/status/allowed").and_then(serde_json::Value::as_bool)),
            Err(error) if matches!(error.kind, ErrorKind::Forbidden | ErrorKind::Server) => all.push(None),
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}
