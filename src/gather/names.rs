//! What the names of sets depend on: sets, pods, Services, EndpointSlices, and the policies that may keep pods from asking.

use std::future::ready;

use futures_util::future::{FutureExt, join5};
use futures_util::stream::{self, Stream, StreamExt};
use k8s_openapi::api::discovery::v1::EndpointSlice as ApiSlice;
use kube::api::{Api, WatchEvent, WatchParams};

use super::cluster::{the_sets, version, whole_seconds};
use super::lists::{list, list_where, segment, why};
use super::resource::{CRON_JOBS, EXEC, JOBS, Need, PODS, POLICIES, Resource, SERVICES, SETS, SLICES};
use crate::connect::{Client, Error};
use crate::facts::{
    Bystanders, Cluster, EndpointSlice, Listed, NetworkPolicy, Pod, Refusal, Scope, Service, StatefulSet, Text,
};

/// What to read.
#[derive(Debug, Clone)]
pub struct Ask {
    /// One namespace, or all of them.
    pub namespace: Option<Text>,
    /// One set by its name, where one is asked for.
    pub set: Option<String>,
    /// Objects per page; 0 for all at once.
    pub chunk: u32,
}

/// What was read.
#[derive(Debug)]
pub struct Gathered {
    /// The facts. What has nothing to do with names is not among them.
    pub cluster: Cluster,
    /// NetworkPolicies of the namespace.
    pub policies: Listed<NetworkPolicy>,
    /// Sentences for stderr.
    pub remarks: Vec<String>,
}

/// What reading needs to be allowed to do.
pub fn needs(ask: &Ask) -> Vec<Need> {
    let need = |resource: &'static Resource, required, tells| Need {
        verb: "list",
        resource,
        scope: resource.scope(ask.namespace.as_ref()),
        required,
        tells,
    };
    let mut all = vec![
        need(&SETS, true, "which names there shall be"),
        need(&PODS, false, "which address each name shall have"),
        need(&SERVICES, false, "whether the governing Service gives the pods names"),
        need(&SLICES, false, "which of the names are published"),
        need(&POLICIES, false, "whether the pods may ask a DNS server at all"),
    ];
    if ask.namespace.is_some() {
        all.push(Need { scope: Scope::Cluster, ..need(&PODS, false, "whose a wrong address is") });
    }
    all
}

/// What following the EndpointSlices' changes needs besides.
pub fn watch_need(namespace: Option<&Text>) -> Need {
    let scope = SLICES.scope(namespace);
    Need { verb: "watch", resource: &SLICES, scope, required: false, tells: "when the published names changed" }
}

/// What asking from inside a pod needs besides.
pub fn inside_needs(namespace: &Text) -> Vec<Need> {
    let need = |verb, resource, tells| Need {
        verb,
        resource,
        scope: Scope::Namespace(namespace.clone()),
        required: false,
        tells,
    };
    vec![
        need("get", &PODS, "in which of a pod's containers to ask"),
        need("get", &EXEC, "what the pod itself is answered"),
        need("create", &EXEC, "what the pod itself is answered (servers from 1.35 on ask for both verbs)"),
    ]
}

/// Reads all of it at once. Fails only where the sets themselves can't be read.
pub async fn read(client: &Client, ask: &Ask) -> Result<Gathered, Error> {
    let (namespace, chunk) = (ask.namespace.as_ref(), ask.chunk);
    let base = join5(
        list::<StatefulSet>(client, namespace, chunk),
        list::<Pod>(client, namespace, chunk),
        list::<Service>(client, namespace, chunk),
        list::<EndpointSlice>(client, namespace, chunk),
        list::<NetworkPolicy>(client, namespace, chunk),
    );
    let ((sets, pods, services, slices, policies), version) = futures_util::join!(base, version(client));
    let remarks = [&sets.remark, &pods.remark, &services.remark, &slices.remark];
    let remarks = remarks.into_iter().flatten().cloned().collect();
    let sets = the_sets(client, namespace, ask.set.as_deref(), sets).await?;
    let mut cluster = Cluster {
        context: client.context().map(str::to_owned),
        namespace: ask.namespace.clone(),
        server_version: version,
        now: whole_seconds(client.server_now()),
        dated: true,
        sets,
        pods: pods.list,
        bystanders: Bystanders::default(),
        claims: Listed::complete(Vec::new()),
        volumes: Listed::complete(Vec::new()),
        classes: Listed::complete(Vec::new()),
        services: services.list,
        slices: slices.list,
        jobs: super::cluster::not_read(&JOBS),
        cron_jobs: super::cluster::not_read(&CRON_JOBS),
        around: super::around::nothing_read(),
        volumes_listed: false,
        usage: None,
    };
    cluster.sort();
    Ok(Gathered { cluster, policies: policies.list, remarks })
}

/// Reads pods, Services and EndpointSlices once more, into facts that were read before: what a server answers is compared with
/// what is true now, and not with what was true when the run began.
pub async fn refresh(client: &Client, ask: &Ask, cluster: &mut Cluster) {
    let (namespace, chunk) = (ask.namespace.as_ref(), ask.chunk);
    let (sets, pods, services, slices) = futures_util::join!(
        list::<StatefulSet>(client, namespace, chunk),
        list::<Pod>(client, namespace, chunk),
        list::<Service>(client, namespace, chunk),
        list::<EndpointSlice>(client, namespace, chunk),
    );
    if sets.failed.is_none() {
        cluster.sets = sets.list;
    }
    (cluster.pods, cluster.services, cluster.slices) = (pods.list, services.list, slices.list);
    cluster.now = whole_seconds(client.server_now());
    cluster.sort();
}

/// The pods of all namespaces that have one of these addresses now, at most ten addresses asked for. Pods on their host's network
/// share its address and say nothing.
pub async fn holders(client: &Client, addresses: &[std::net::IpAddr]) -> Listed<Pod> {
    let asked = addresses.iter().take(10).map(|address| async move {
        let selector = format!("fieldSelector={}", segment(&format!("status.podIP={address}")));
        list_where::<Pod>(client, None, 0, &selector).await.list
    });
    let mut all = Listed::complete(Vec::new());
    for answer in futures_util::future::join_all(asked).await {
        all.items.extend(answer.items.into_iter().filter(|pod| !pod.host_network && pod.live()));
        all.missing = all.missing.or(answer.missing);
    }
    all
}

/// An item for every change of an EndpointSlice in the namespace, after one for each that exists; ends when the server ends the
/// watch. A watch that can't be opened is one refusal.
pub fn slice_changes(client: &Client, namespace: Option<&Text>) -> impl Stream<Item = Result<(), Refusal>> + use<> {
    let api: Api<ApiSlice> = match namespace {
        Some(namespace) => Api::namespaced(client.http(), namespace),
        None => Api::all(client.http()),
    };
    let scope = SLICES.scope(namespace);
    let events = async move {
        match api.watch(&WatchParams::default(), "0").await {
            Ok(events) => events
                .take_while(|event| ready(matches!(event, Ok(event) if !matches!(event, WatchEvent::Error(_)))))
                .map(|_| Ok(()))
                .boxed(),
            Err(error) => {
                let why = why(&Error::from(error));
                stream::once(ready(Err(Refusal { verb: "watch", resource: SLICES.name, scope, why }))).boxed()
            }
        }
    };
    events.flatten_stream()
}

/// Takes out of facts from files what has nothing to do with names: nobody asked for it, so it is not missing either.
pub fn forget_unasked(cluster: &mut Cluster) {
    cluster.claims = Listed::complete(Vec::new());
    cluster.volumes = Listed::complete(Vec::new());
    cluster.classes = Listed::complete(Vec::new());
    cluster.jobs = super::cluster::not_read(&JOBS);
    cluster.cron_jobs = super::cluster::not_read(&CRON_JOBS);
    cluster.around = super::around::nothing_read();
}
