//! One look at all names: what should be, what each server says, and the verdicts. Pure.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use jiff::Timestamp;

use super::ask::Trouble;
use super::compare::compare;
use super::inquiry::{Inquiry, NotAsked};
use super::predict::{Name, addresses};
use super::question::Soa;
use super::questions::{ServiceName, both, seen, view};
use super::seen::Seen;
use super::vantage::{Server, Unasked, Vantage};
use crate::facts::{Pod, Uid};
use crate::findings::Verdict;

/// Who has an address: `namespace/pod`, and the pod's UID.
pub type Holders = HashMap<IpAddr, (String, Uid)>;

/// A name, what each server says about it, and what follows.
#[derive(Debug, Clone)]
pub struct Judged<'a> {
    /// The name.
    pub name: Name<'a>,
    /// What each server says, in the servers' order; nothing where none was asked.
    pub seen: Vec<Seen>,
    /// The verdicts, the row's own first.
    pub verdicts: Vec<Verdict>,
}

/// What the servers say about a Service as such.
#[derive(Debug, Clone)]
pub struct ServiceSeen<'a> {
    /// The Service.
    pub name: ServiceName<'a>,
    /// What each server says about its addresses.
    pub seen: Vec<Seen>,
    /// Per named port the targets that the first server with an answer gives: `_port._proto`, host and port.
    pub ports: Vec<(String, Vec<(String, u16)>)>,
    /// Each server's view of it, from a name that never existed.
    pub views: Vec<Option<Soa>>,
}

/// Pods by their addresses; those on their host's network share its address and are left out.
pub fn holders<'p>(pods: impl Iterator<Item = &'p Pod>) -> Holders {
    let mut found = Holders::new();
    for pod in pods.filter(|pod| pod.live() && !pod.host_network) {
        for address in addresses(&pod.addresses) {
            let name = format!("{}/{}", pod.meta.namespace, pod.meta.name);
            found.insert(address, (name, pod.meta.uid.clone()));
        }
    }
    found
}

/// What the servers say about the Services.
pub fn services_seen<'a>(services: Vec<ServiceName<'a>>, inquiry: &Inquiry) -> Vec<ServiceSeen<'a>> {
    let of = |name: ServiceName<'a>| {
        let nonce = name.nonce(&inquiry.zone, inquiry.random);
        let full = name.full(&inquiry.zone);
        let ports = name.ports(&inquiry.zone).into_iter().filter(|_| name.governing).map(|(label, question)| {
            let answers = inquiry.asked.iter().filter_map(|asked| asked.answers.get(&question)?.reply());
            (
                label,
                answers.max_by_key(|reply| reply.targets.len()).map(|reply| reply.targets.clone()).unwrap_or_default(),
            )
        });
        ServiceSeen {
            seen: inquiry.asked.iter().filter_map(|asked| seen(&asked.answers, &full)).collect(),
            ports: ports.collect(),
            views: inquiry.asked.iter().map(|asked| view(&asked.answers, &nonce)).collect(),
            name,
        }
    };
    services.into_iter().map(of).collect()
}

/// The verdicts on all names.
pub fn judge<'a>(
    names: Vec<Name<'a>>,
    services: &[ServiceSeen<'a>],
    inquiry: &Inquiry,
    holders: &Holders,
    now: Timestamp,
) -> Vec<Judged<'a>> {
    let unasked = match &inquiry.not_asked {
        Some(NotAsked::Refused(refusal)) => Some(Unasked::Refused(refusal)),
        Some(NotAsked::Because(sentence)) => Some(Unasked::Because(sentence)),
        None => None,
    };
    let mut vantage = Vantage { servers: Vec::new(), unasked, holders: holders.clone(), now };
    let mut of_service: Option<(&str, &str)> = None;
    let mut judged = Vec::with_capacity(names.len());
    for name in names {
        if name.set.service.is_empty() {
            // Without a Service there is no name to ask for.
            let verdicts = name.without.iter().cloned().collect();
            judged.push(Judged { name, seen: Vec::new(), verdicts });
            continue;
        }
        let key = (&*name.set.meta.namespace, &*name.set.service);
        if of_service != Some(key) {
            of_service = Some(key);
            vantage.servers = servers(services, key, inquiry);
        }
        let full = name.full(&inquiry.zone);
        let seen: Vec<Seen> = inquiry.asked.iter().filter_map(|asked| seen(&asked.answers, &full)).collect();
        let complete = seen.len() == inquiry.asked.len();
        let verdicts = compare(&name, if complete { &seen } else { &[] }, &vantage);
        judged.push(Judged { name, seen: if complete { seen } else { Vec::new() }, verdicts });
    }
    judged
}

fn servers<'i>(services: &[ServiceSeen<'_>], key: (&str, &str), inquiry: &'i Inquiry) -> Vec<Server<'i>> {
    let service = services.iter().find(|seen| (&*seen.name.set.meta.namespace, seen.name.name) == key);
    let asked = inquiry.asked.iter().enumerate();
    asked
        .map(|(at, asked)| Server {
            name: &asked.name,
            namespace: &asked.namespace,
            silent: asked.trouble == Some(Trouble::Silent),
            view: service.and_then(|service| service.views.get(at).copied().flatten()),
        })
        .collect()
}

/// Addresses in answers that no pod is known to have: whose they are is worth asking.
pub fn strangers(judged: &[Judged<'_>], holders: &Holders) -> Vec<IpAddr> {
    let mut found = BTreeSet::new();
    for row in judged {
        let Some(expected) = &row.name.expected else { continue };
        for seen in &row.seen {
            found.extend(seen.addresses.difference(expected).filter(|address| !holders.contains_key(address)));
        }
    }
    found.into_iter().collect()
}

/// The questions of rows that are to be asked again.
pub fn again(judged: &[Judged<'_>], which: impl Fn(&Judged<'_>) -> bool, inquiry: &Inquiry) -> Vec<super::Question> {
    let of = |row: &Judged<'_>| both(&row.name.full(&inquiry.zone));
    let asked = |row: &&Judged<'_>| !row.name.set.service.is_empty() && which(row);
    judged.iter().filter(asked).flat_map(of).collect()
}
