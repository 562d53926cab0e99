//! The governing Service of a set (`spec.serviceName`): the per-pod names exist only when it is headless, selects the pods, and
//! bears that very name (facts/dns 1.7; kubernetes/dns specification 2.4). Nothing in Kubernetes says so when it is not.

use jiff::{SignedDuration, Timestamp};

use super::nameservers;
use super::service_manifest::headless;
use crate::facts::{
    Cluster, Container, ContainerKind, ContainerState, DnsServer, EndpointSlice, Known, Labels, Pod, Service,
    StatefulSet,
};
use crate::findings::{Code, ObjectRef, Severity, Verdict};

/// A bootstrap that is merely slow is no deadlock before this.
const SLOW_START: SignedDuration = SignedDuration::from_mins(5);

/// What the governing Service is, as far as names are concerned.
#[derive(Debug, Clone, Copy)]
pub enum Governing<'a> {
    /// `spec.serviceName` is empty.
    None,
    /// It exists.
    Found(&'a Service),
    /// It does not exist.
    Missing,
    /// It could not be read.
    Unknown(&'a crate::facts::Refusal),
}

impl<'a> Governing<'a> {
    /// Looks it up.
    pub fn of(set: &StatefulSet, cluster: &'a Cluster) -> Self {
        if set.service.is_empty() {
            return Self::None;
        }
        match cluster.service(&set.meta.namespace, &set.service) {
            Known::Read(Some(service)) => Self::Found(service),
            Known::Read(None) => Self::Missing,
            Known::Refused(why) => Self::Unknown(why),
        }
    }
}

/// All findings about the Service and the names of a set, the Service's own first. Empty for a set whose names are in order. The DNS
/// servers are known to who asks them.
pub fn findings(set: &StatefulSet, pods: &[&Pod], cluster: &Cluster, server: Option<&DnsServer>) -> Vec<Verdict> {
    let mut found = Vec::new();
    match Governing::of(set, cluster) {
        Governing::None => found.push(no_name(set)),
        Governing::Unknown(why) => found.push(Verdict::cannot_tell("whether the pods' names exist", why)),
        Governing::Missing => found.push(missing(set, pods, cluster)),
        Governing::Found(service) => {
            found.extend(unfit(set, service, pods, cluster));
            found.extend(deadlock(set, service, pods, cluster));
        }
    }
    found.extend(drifted(set, pods));
    found.extend(too_long(set));
    found.extend(nameservers::verdict(set, server, cluster));
    found
}

/// Whether a finding is about the Service as such, so that no pod has a name; others are about single pods, or only advise.
pub(super) fn about_the_service(code: Code) -> bool {
    matches!(
        code,
        Code::NoServiceName
            | Code::ServiceMissing
            | Code::WrongService
            | Code::ServiceExternalName
            | Code::ServiceNotHeadless
            | Code::ServiceNotSelecting
            | Code::ServiceWithoutSelector
            | Code::CannotTell
    )
}

fn object(set: &StatefulSet) -> String {
    format!("StatefulSet/{}", set.meta.name)
}

/// The labels that a Service must select: those of the pods, or of the template while there is none.
fn pod_labels<'a>(set: &'a StatefulSet, pods: &[&'a Pod]) -> Vec<&'a Labels> {
    if pods.is_empty() { vec![&set.pod_labels] } else { pods.iter().map(|pod| &pod.meta.labels).collect() }
}

fn selects(service: &Service, set: &StatefulSet, pods: &[&Pod]) -> bool {
    pod_labels(set, pods).iter().all(|labels| service.selects(labels))
}

fn no_name(set: &StatefulSet) -> Verdict {
    Verdict::new(Code::NoServiceName, "spec.serviceName is empty: the pods have no DNS names of their own.")
        .because(object(set), "spec.serviceName", "\"\"")
        .next(format!(
            "Only if names are needed: recreate the set with a serviceName (kubectl -n {} delete statefulset {} --cascade=orphan keeps the pods).",
            set.meta.namespace, set.meta.name
        ))
}

/// The headless Services that select the pods, whatever the set names.
pub(super) fn others<'a>(set: &StatefulSet, pods: &[&Pod], cluster: &'a Cluster) -> Vec<&'a Service> {
    let of = |other: &&Service| other.headless() && selects(other, set, pods);
    cluster.services_in(&set.meta.namespace).iter().filter(of).collect()
}

fn missing(set: &StatefulSet, pods: &[&Pod], cluster: &Cluster) -> Verdict {
    let (namespace, service) = (&set.meta.namespace, &set.service);
    let pod = set.pod_name(set.start);
    let others = others(set, pods, cluster);
    let (code, says) = if let Some(first) = others.first() {
        let names: Vec<&str> = others.iter().map(|other| &*other.meta.name).collect();
        let today = names.iter().map(|name| format!("{name}.{namespace}.svc")).collect::<Vec<_>>().join(", ");
        let says = format!(
            "spec.serviceName is \"{service}\", but no such Service exists; the pods are behind {}. {pod}.{service} does not resolve, nor does {pod}.{}: today only {today} does, to all pods at once.",
            names.join(", "),
            first.meta.name,
        );
        (Code::WrongService, says)
    } else {
        let says = format!(
            "spec.serviceName is \"{service}\", but no such Service exists and no other headless Service selects the pods: {pod}.{service} does not resolve."
        );
        (Code::ServiceMissing, says)
    };
    let mut verdict = Verdict::new(code, says)
        .since(set.meta.created())
        .because(object(set), "spec.serviceName", service)
        .because(format_args!("Service/{service}"), "metadata.name", "not found");
    for other in &others {
        verdict = verdict.because(
            format_args!("Service/{}", other.meta.name),
            "spec.selector",
            selector_text(&other.selector),
        );
    }
    verdict.next(format!(
        "kubectl apply -f - <<'EOF'   # the names appear at once, the pods stay as they are\n{}EOF",
        headless(set, others.first().copied(), false)
    ))
}

/// What keeps an existing Service from giving the pods names.
fn unfit(set: &StatefulSet, service: &Service, pods: &[&Pod], cluster: &Cluster) -> Option<Verdict> {
    let about = format!("Service/{}", service.meta.name);
    let name = &service.meta.name;
    let manifest = || headless(set, Some(service).filter(|service| !service.external()), service.publishes_not_ready);
    if service.external() {
        let says =
            format!("Service {name} is an alias for {}: the pods have no names under it.", service.external_name);
        return Some(
            Verdict::new(Code::ServiceExternalName, says)
                .because(&about, "spec.type", "ExternalName")
                .because(&about, "spec.externalName", &service.external_name)
                .next(format!(
                    "kubectl apply -f - <<'EOF'   # changes it in place, the pods stay as they are\n{}EOF",
                    manifest()
                )),
        );
    }
    if !service.headless() {
        let says = format!(
            "Service {name} has a cluster IP, so {name} resolves to that and not to the pods. CoreDNS answers per-pod names all the same; other DNS servers do not."
        );
        return Some(
            Verdict::new(Code::ServiceNotHeadless, says)
                .because(&about, "spec.clusterIP", &service.cluster_ip)
                .because(object(set), "spec.serviceName", name)
                .next(format!(
                    "# clusterIP is immutable, so the Service is replaced: give clients that use its address another Service first.\nkubectl replace --force -f - <<'EOF'\n{}EOF",
                    manifest()
                )),
        );
    }
    if service.selector.is_empty() {
        return Some(without_selector(set, service, cluster));
    }
    if selects(service, set, pods) {
        return None;
    }
    let labels = pod_labels(set, pods);
    let unmet: Vec<&Labels> = labels.into_iter().filter(|labels| !service.selects(labels)).collect();
    let differing: Vec<String> = service
        .selector
        .iter()
        .filter(|(key, value)| unmet.iter().any(|labels| labels.get(key) != Some(value)))
        .map(|(key, value)| {
            let has =
                unmet.iter().find_map(|labels| (labels.get(key) != Some(value)).then(|| labels.get(key)).flatten());
            format!("{key}: the Service wants {value}, the pods have {}", has.unwrap_or("no such label"))
        })
        .collect();
    let wanted = match set.selector.equalities() {
        pairs if pairs.is_empty() => &set.pod_labels.clone(),
        pairs => &pairs.clone(),
    };
    let mut patch = serde_json::Map::new();
    for (key, _) in service.selector.iter().filter(|(key, _)| wanted.get(key).is_none()) {
        patch.insert(key.to_owned(), serde_json::Value::Null);
    }
    for (key, value) in wanted.iter() {
        patch.insert(key.to_owned(), value.into());
    }
    Some(
        Verdict::new(
            Code::ServiceNotSelecting,
            format!(
                "Service {name} does not select the pods, so their names do not resolve ({}).",
                differing.join("; ")
            ),
        )
        .because(&about, "spec.selector", selector_text(&service.selector))
        .because(object(set), "spec.template.metadata.labels", selector_text(&set.pod_labels))
        .next(format!(
            "kubectl -n {} patch service {name} -p '{{\"spec\":{{\"selector\":{}}}}}'",
            set.meta.namespace,
            serde_json::Value::Object(patch)
        )),
    )
}

fn without_selector(set: &StatefulSet, service: &Service, cluster: &Cluster) -> Verdict {
    let about = format!("Service/{}", service.meta.name);
    let endpoints: usize = slices(service, cluster).map(|slice| slice.endpoints.len()).sum();
    if endpoints > 0 {
        let says = format!(
            "Service {} has no selector; its EndpointSlices are made by hand ({endpoints} endpoints), so names follow them and not the pods.",
            service.meta.name
        );
        return Verdict::new(Code::ServiceWithoutSelector, says).severity(Severity::Notice).because(
            &about,
            "spec.selector",
            "none",
        );
    }
    if let Some(why) = &cluster.slices.missing {
        return Verdict::cannot_tell("whether the Service, which has no selector, has endpoints made by hand", why);
    }
    let says =
        format!("Service {} has no selector and no EndpointSlices: no pod has a name under it.", service.meta.name);
    Verdict::new(Code::ServiceWithoutSelector, says)
        .because(&about, "spec.selector", "none")
        .next(format!(
        "# Without a selector it was given both IP families, which can't be taken back in place: it is replaced.\nkubectl replace --force -f - <<'EOF'\n{}EOF",
        headless(set, Some(service), service.publishes_not_ready)
    ))
}

fn slices<'a>(service: &Service, cluster: &'a Cluster) -> impl Iterator<Item = &'a EndpointSlice> {
    cluster.slices_of(&service.meta.namespace, &service.meta.name).iter()
}

/// Peers that look each other up before they are ready, behind a Service that publishes only the ready ones (facts/dns 1.8).
fn deadlock(set: &StatefulSet, service: &Service, pods: &[&Pod], cluster: &Cluster) -> Option<Verdict> {
    let suspect =
        service.headless() && !service.publishes_not_ready && !set.parallel && set.replicas > 1 && !pods.is_empty();
    if !suspect || cluster.pods.missing.is_some() || cluster.slices.missing.is_some() {
        return None;
    }
    let since: Vec<_> = pods.iter().map(|pod| searching(pod, cluster.now)).collect::<Option<_>>()?;
    let endpoints: Vec<_> = slices(service, cluster).flat_map(|slice| slice.endpoints.iter()).collect();
    if endpoints.is_empty() || endpoints.iter().any(|endpoint| endpoint.ready) {
        return None;
    }
    let says = format!(
        "{}, and Service {} publishes only ready pods: if a pod must find its peers by name before it is ready, it waits for ever.",
        if since.iter().all(|(_, never)| *never) {
            "No pod has ever become ready"
        } else {
            "All pods ended, and none has become ready again"
        },
        service.meta.name
    );
    Some(
        Verdict::new(Code::BootstrapDeadlock, says)
            .since(since.into_iter().map(|(at, _)| at).min())
            .because(format_args!("Service/{}", service.meta.name), "spec.publishNotReadyAddresses", "false")
            .because(object(set), "spec.podManagementPolicy", "OrderedReady")
            .because(format_args!("Service/{}", service.meta.name), "endpoints ready", format_args!("0 of {}", endpoints.len()))
            // A second Service would not do: pods have names of their own only under the one that the set names.
            .next(format!(
                "kubectl -n {} patch service {} --type=merge -p '{{\"spec\":{{\"publishNotReadyAddresses\":true}}}}'  # the names exist at once; clients that use this Service then get pods that can't serve yet as well: give them another one first",
                set.meta.namespace, service.meta.name
            )),
    )
}

/// Since when a pod may be looking for its peers, and whether it has never been ready: its containers have run, for longer than a start takes,
/// and it has not become ready since its creation, or since it stopped being ready by their end. What keeps a container from running at all,
/// an image or a Secret, is no lack of names.
fn searching(pod: &Pod, now: Timestamp) -> Option<(Timestamp, bool)> {
    let created = pod.meta.created()?;
    let unready = pod.ready_since().unwrap_or(created);
    let containers =
        || pod.detail.iter().flat_map(|detail| &detail.containers).filter(|it| it.kind == ContainerKind::Main);
    let begun = |it: &Container| it.last.is_some() || !matches!(it.state, ContainerState::Waiting { .. });
    // A pod that has been ready before has a younger transition than its start.
    let never = unready.duration_since(created) < SignedDuration::from_mins(1);
    // The kubelet writes both times, the one of the end in whole seconds.
    let by_its_end = |it: &Container| {
        let ends = it.last.iter().chain(if let ContainerState::Ended(how) = &it.state { Some(how) } else { None });
        ends.filter_map(|how| how.finished).any(|at| at >= unready - SignedDuration::from_secs(5))
    };
    let since = if never { created } else { unready };
    let searches = pod.live()
        && pod.node.is_some()
        && !pod.ready
        && now.duration_since(since) > SLOW_START
        && containers().all(begun)
        && (never || containers().any(by_its_end));
    searches.then_some((since, never))
}

/// Pods made under an earlier serviceName: the name that they carry is the name that exists.
fn drifted(set: &StatefulSet, pods: &[&Pod]) -> Vec<Verdict> {
    pods.iter()
        .filter(|pod| pod.live())
        .filter_map(|pod| {
            let name = &pod.meta.name;
            let subdomain = pod.subdomain.as_deref().unwrap_or_default();
            let hostname = pod.hostname.as_deref().unwrap_or_default();
            let (field, has, should) = if subdomain != &*set.service {
                ("spec.subdomain", subdomain, &*set.service)
            } else if !set.service.is_empty() && hostname != &**name {
                ("spec.hostname", hostname, &**name)
            } else {
                return None;
            };
            let says = format!(
                "Pod {name} was made with {field} \"{has}\", the set now says \"{should}\": its name is still the old one until it is restarted."
            );
            Some(
                Verdict::new(Code::SubdomainDrift, says)
                    .about(ObjectRef::new("Pod", &pod.meta))
                    .since(pod.meta.created())
                    .because(format_args!("Pod/{name}"), field, has)
                    .because(object(set), "spec.serviceName", &set.service)
                    .next(format!("kubectl -n {} delete pod {name}", set.meta.namespace)),
            )
        })
        .collect()
}

fn too_long(set: &StatefulSet) -> Option<Verdict> {
    let last = set.range().last()?;
    let host = set.pod_name(last);
    // The zone is not known here; the usual one stands for it.
    let full = format!("{host}.{}.{}.svc.cluster.local", set.service, set.meta.namespace);
    let says = if host.len() > 63 {
        format!("{host} has {} characters; a host name may have 63, so the pod has no name in DNS.", host.len())
    } else if !set.service.is_empty() && full.len() > 253 {
        format!("{full} has {} characters; a DNS name may have 253.", full.len())
    } else {
        return None;
    };
    Some(Verdict::new(Code::NameTooLong, says).because(object(set), "metadata.name", &set.meta.name))
}

fn selector_text(labels: &Labels) -> String {
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests;
