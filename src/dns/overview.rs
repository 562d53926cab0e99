//! What is said once per run: about the DNS servers, the domain, the Services' own names. Pure.

use std::collections::BTreeSet;

use super::ask::Trouble;
use super::inquiry::{Inquiry, NotAsked};
use super::look::ServiceSeen;
use super::zone::ZoneSource;
use crate::facts::{Cluster, Uid, Why};
use crate::findings::{Code, ObjectRef, Verdict};

/// What the old Endpoints object holds at most (`endpoints_controller.go`, maxCapacity).
const ENDPOINTS: usize = 1000;

/// What EDNS clients offer at most by default (DNS flag day 2020), and a plain DNS client.
const SIZES: [(usize, bool); 3] = [(512, false), (1232, true), (4096, true)];

/// The findings of a run.
pub fn findings(inquiry: &Inquiry, services: &[ServiceSeen<'_>], cluster: &Cluster) -> Vec<Verdict> {
    let mut found = unready(inquiry);
    found.extend(troubled(inquiry));
    if let Some(NotAsked::Refused(refusal)) = &inquiry.not_asked {
        let mut verdict = Verdict::new(Code::NotQueried, "No DNS server was asked: the table shows what should be.");
        verdict.unknown.push(refusal.to_string());
        found.push(verdict.next(next_without(refusal)));
    } else if let Some(NotAsked::Because(sentence)) = &inquiry.not_asked {
        let mut verdict = Verdict::new(Code::NotQueried, "No DNS server was asked: the table shows what should be.");
        verdict.unknown.push(sentence.clone());
        found.push(verdict);
    }
    if inquiry.zone.source == ZoneSource::Assumed && inquiry.not_asked.is_none() {
        let says = format!("Nothing tells the cluster's domain; the names are asked for under {}.", inquiry.zone.name);
        found.push(Verdict::new(Code::ZoneAssumed, says).next("--cluster-domain names another one.".to_owned()));
    }
    found.extend(another_domain(inquiry));
    found.extend(services.iter().filter_map(|service| too_large(service, inquiry)));
    found.extend(services.iter().filter_map(|service| endpoints_truncated(service, cluster)));
    found
}

/// A domain that was given, and that the servers do not serve.
fn another_domain(inquiry: &Inquiry) -> Option<Verdict> {
    let served = &inquiry.corefile.as_ref()?.zones;
    let given = &inquiry.zone.name;
    if inquiry.zone.source != ZoneSource::Given
        || served.is_empty()
        || served.iter().any(|zone| zone.eq_ignore_ascii_case(given))
    {
        return None;
    }
    let served = served.join(", ");
    let says = format!("--cluster-domain is {given}, but the DNS servers hold the pods' names under {served}.");
    Some(
        Verdict::new(Code::ZoneAssumed, says)
            .next("Leave --cluster-domain out: the domain is then detected.".to_owned()),
    )
}

fn next_without(refusal: &crate::facts::Refusal) -> String {
    if matches!(refusal.why, Why::TimedOut | Why::Failed(_)) {
        "Run it once more: a failure such as this one may pass.".to_owned()
    } else if refusal.resource == "pods/portforward" {
        format!(
            "The Role that is missing, {}: apiGroups [\"\"], resources [\"pods/portforward\"], verbs [\"get\", \"create\"] (servers from 1.35 on ask for both).",
            refusal.scope
        )
    } else {
        "kubectl sts dns --check-permissions".to_owned()
    }
}

fn unready(inquiry: &Inquiry) -> Vec<Verdict> {
    let Some(server) = &inquiry.server else { return Vec::new() };
    let of = server.replicas.iter().filter(|replica| !replica.ready && !replica.terminating);
    of.map(|replica| {
        let object = ObjectRef {
            kind: "Pod",
            namespace: server.namespace.to_string(),
            name: replica.pod.to_string(),
            uid: Uid::default(),
        };
        Verdict::new(Code::DnsReplicaUnready, "A pod of the DNS Service is not ready: it was not asked.")
            .about(object)
            .because(format_args!("EndpointSlice of Service/{}", server.service), "endpoints.ready", "false")
            .next(format!("kubectl -n {} describe pod {}", server.namespace, replica.pod))
    })
    .collect()
}

fn troubled(inquiry: &Inquiry) -> Vec<Verdict> {
    let mut found = Vec::new();
    for asked in inquiry.asked.iter().filter(|_| inquiry.not_asked.is_none()) {
        let object = |kind| ObjectRef {
            kind,
            namespace: asked.namespace.clone(),
            name: asked.name.clone(),
            uid: Uid::default(),
        };
        let object = object(if asked.namespace.is_empty() { "Resolver" } else { "Pod" });
        let cannot = |sentence: &str| {
            let mut verdict = Verdict::new(Code::CannotTell, "Cannot tell what this DNS server answers.");
            verdict.unknown.push(sentence.to_owned());
            verdict
        };
        found.push(match &asked.trouble {
            None => continue,
            Some(Trouble::Silent) => {
                let verdict = Verdict::new(
                    Code::DnsTimeout,
                    if inquiry.asked.len() > 1 {
                        "This DNS server gave no answer in 2 s, twice; the names are judged without it."
                    } else {
                        "This DNS server gave no answer in 2 s, twice."
                    },
                );
                let step = if asked.namespace.is_empty() {
                    "Without --via the DNS pods themselves are asked, over the API server.".to_owned()
                } else {
                    format!("kubectl -n {} logs {}", asked.namespace, asked.name)
                };
                verdict.next(step).about(object)
            }
            Some(Trouble::Refused(refusal)) => cannot(&refusal.to_string()).about(object),
            Some(Trouble::Failed(sentence)) => cannot(sentence).about(object),
        });
    }
    found
}

/// How many addresses of one family fit into an answer of so many bytes: a header of 12, the question, and per address a compressed
/// name, type, class, lifetime and length (RFC 1035 4.1); EDNS takes 11 (RFC 6891).
fn fits(size: usize, edns: bool, name: &str, v6: bool) -> usize {
    let question = name.len() + 2 + 4;
    let used = 12 + question + if edns { 11 } else { 0 };
    size.saturating_sub(used) / if v6 { 28 } else { 16 }
}

fn too_large(service: &ServiceSeen<'_>, inquiry: &Inquiry) -> Option<Verdict> {
    let full = service.name.full(&inquiry.zone);
    let most = service.seen.iter().max_by_key(|seen| seen.addresses.len())?;
    let v6 = most.addresses.iter().filter(|address| address.is_ipv6()).count();
    let (count, v6) = if v6 * 2 > most.addresses.len() { (v6, true) } else { (most.addresses.len() - v6, false) };
    let cut: Vec<String> = SIZES
        .iter()
        .map(|(size, edns)| (size, fits(*size, *edns, &full, v6)))
        .filter(|(_, fits)| *fits < count)
        .map(|(size, fits)| format!("{fits} in {size} bytes"))
        .collect();
    if cut.is_empty() {
        return None;
    }
    let says = format!(
        "{full} has {count} addresses; over UDP an answer holds fewer ({}), and clients that do not ask again over TCP see only these. The pods' own names are not affected.",
        cut.join(", ")
    );
    Some(Verdict::new(Code::AnswerTooLarge, says).because(
        format_args!("Service/{}", service.name.name),
        "addresses in DNS",
        count,
    ))
}

/// The object of old that some clients still read in place of the EndpointSlices. Its controller writes it for Services with a selector,
/// with the pods' addresses of one family; slices name a pod once for each.
fn endpoints_truncated(service: &ServiceSeen<'_>, cluster: &Cluster) -> Option<Verdict> {
    let service = service.name.service.filter(|service| !service.selector.is_empty() && !service.external())?;
    let (namespace, name) = (&service.meta.namespace, &service.meta.name);
    let of = cluster.slices_of(namespace, name).iter();
    let endpoints = of.flat_map(|slice| &slice.endpoints).filter(|endpoint| !endpoint.terminating);
    let pods = endpoints.filter_map(|endpoint| endpoint.pod.as_ref()).collect::<BTreeSet<_>>().len();
    (pods > ENDPOINTS).then(|| {
        let says = format!(
            "Service {name} has {pods} endpoints, and the old Endpoints object of that name holds {ENDPOINTS} at most: whoever still reads that one misses the rest. The EndpointSlices and DNS have all."
        );
        Verdict::new(Code::EndpointsTruncated, says)
            .because(format_args!("Service/{name}"), "endpoints in EndpointSlices", pods)
            .next(format!(
                "kubectl -n {namespace} get endpoints {name} -o jsonpath='{{.metadata.annotations.endpoints\\.kubernetes\\.io/over-capacity}}'  # \"truncated\"; have its readers read EndpointSlices"
            ))
    })
}

/// Sentences about the servers, for the foot of the table.
pub fn sentences(inquiry: &Inquiry, services: &[ServiceSeen<'_>]) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(server) = &inquiry.server {
        let (ready, total) = (server.ready().count(), server.replicas.len());
        let left_out = match inquiry.left_out {
            0 => String::new(),
            n => format!("; {n} of them not asked (--all-replicas asks all)"),
        };
        all.push(format!(
            "DNS: {}/{}, {ready} of {total} replicas ready{left_out}; cluster domain {} ({}).",
            server.namespace,
            server.service,
            inquiry.zone.name,
            inquiry.zone.source.says()
        ));
    } else {
        all.push(format!("Cluster domain {} ({}).", inquiry.zone.name, inquiry.zone.source.says()));
    }
    if let Some(corefile) = &inquiry.corefile {
        let absence = match corefile.remembers_absence {
            Some(seconds) => format!(
                "the absence of a name is remembered: after a restart a pod's name may be missing for up to {seconds} s"
            ),
            None => {
                "no name's absence is remembered: a restarted pod's name is back as soon as the pod is ready".to_owned()
            }
        };
        let filters = match &corefile.filters[..] {
            [] => String::new(),
            filters => format!("; it hides records by {}", filters.join(", ")),
        };
        all.push(format!("Corefile: records live {} s; {absence}{filters}.", corefile.ttl));
    }
    for service in services {
        let answered = service.seen.iter().filter(|seen| seen.answered());
        let counts: Vec<usize> = answered.map(|seen| seen.addresses.len()).collect();
        if counts.is_empty() {
            continue;
        }
        let (least, most) = (counts.iter().min().copied().unwrap_or(0), counts.iter().max().copied().unwrap_or(0));
        let count = if least == most { most.to_string() } else { format!("{least} to {most}") };
        let plural = if count == "1" { "address" } else { "addresses" };
        if service.name.service.is_none() {
            let names = if most == 0 { "does not resolve" } else { "resolves all the same" };
            all.push(format!("Service {}: does not exist, and {names}.", service.name.name));
            continue;
        }
        let ports = service.ports.iter().map(|(label, targets)| format!("; SRV {label}: {}", targets.len()));
        all.push(format!("Service {}: {count} {plural}{}.", service.name.name, ports.collect::<String>()));
    }
    all
}
