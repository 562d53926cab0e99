//! Which questions the names of sets lead to, and where their answers stand. Pure: the same names and the same domain always give
//! the same questions.

use std::collections::{BTreeMap, HashMap};

use super::governing::others;
use super::predict::{Name, under};
use super::question::{Outcome, Question, RecordKind, Soa};
use super::seen::Seen;
use super::zone::Zone;
use crate::facts::{Cluster, Known, Pod, Service, StatefulSet, Uid};

/// A server's answers so far; a later answer takes the place of an earlier one.
pub type Answers = HashMap<Question, Outcome>;

/// What is asked about a Service as such.
#[derive(Debug, Clone)]
pub struct ServiceName<'a> {
    /// A set that it governs, or whose pods it selects.
    pub set: &'a StatefulSet,
    /// The Service's name; it need not exist.
    pub name: &'a str,
    /// The Service, where it was read.
    pub service: Option<&'a Service>,
    /// Whether it is the one that the set names; otherwise one that selects the pods instead.
    pub governing: bool,
}

/// The governing Services of these names, each once; beside one that does not exist those that select the pods in its place.
pub fn services<'a>(names: &[Name<'a>], cluster: &'a Cluster) -> Vec<ServiceName<'a>> {
    let mut found: BTreeMap<(&str, &str), ServiceName<'a>> = BTreeMap::new();
    let mut pods: HashMap<&Uid, Vec<&'a Pod>> = HashMap::new();
    for name in names {
        if let Known::Read(Some(pod)) = name.pod {
            pods.entry(&name.set.meta.uid).or_default().push(pod);
        }
    }
    for name in names.iter().filter(|name| !name.set.service.is_empty()) {
        let set = name.set;
        let key = (&*set.meta.namespace, &*set.service);
        if found.contains_key(&key) {
            continue;
        }
        let service = cluster.service(&set.meta.namespace, &set.service);
        found.insert(key, ServiceName { set, name: &set.service, service: service.read().flatten(), governing: true });
        if matches!(service, Known::Read(None)) {
            let pods = pods.get(&set.meta.uid).map(Vec::as_slice).unwrap_or_default();
            for other in others(set, pods, cluster) {
                let key = (&*set.meta.namespace, &*other.meta.name);
                let name = ServiceName { set, name: &other.meta.name, service: Some(other), governing: false };
                found.entry(key).or_insert(name);
            }
        }
    }
    found.into_values().collect()
}

impl ServiceName<'_> {
    /// The whole name, without its last dot.
    pub fn full(&self, zone: &Zone) -> String {
        format!("{}.{}", self.name, under(self.set, zone))
    }

    /// The questions for its addresses.
    pub fn addresses(&self, zone: &Zone) -> [Question; 2] {
        both(&self.full(zone))
    }

    /// A name under it that never existed. Its answer passes every cache, and the authority's serial in it dates the server's view.
    pub fn nonce(&self, zone: &Zone, random: u64) -> Question {
        Question::new(format!("nx-{random:016x}.{}", self.full(zone)), RecordKind::A)
    }

    /// The SRV question of each named port; ports without a name have no such record (kubernetes/dns specification 2.3.2).
    pub fn ports(&self, zone: &Zone) -> Vec<(String, Question)> {
        let ports = self.service.map(|service| &*service.ports).unwrap_or_default();
        ports
            .iter()
            .filter(|port| !port.name.is_empty())
            .map(|port| {
                let label = format!("_{}._{}", port.name, port.protocol.to_ascii_lowercase());
                let question = Question::new(format!("{label}.{}", self.full(zone)), RecordKind::Srv);
                (label, question)
            })
            .collect()
    }
}

/// The questions for both address families of a name.
pub fn both(full: &str) -> [Question; 2] {
    [Question::new(full, RecordKind::A), Question::new(full, RecordKind::Aaaa)]
}

/// All questions about these names and Services. Names that can't exist because the set names no Service are not asked for.
pub fn questions(names: &[Name<'_>], services: &[ServiceName<'_>], zone: &Zone, random: u64) -> Vec<Question> {
    let mut all = Vec::with_capacity(names.len() * 2 + services.len() * 4);
    for service in services {
        if service.governing {
            all.push(service.nonce(zone, random));
            all.extend(service.ports(zone).into_iter().map(|(_, question)| question));
        }
        all.extend(service.addresses(zone));
    }
    for name in names.iter().filter(|name| !name.set.service.is_empty()) {
        all.extend(both(&name.full(zone)));
    }
    all
}

/// What one server says about a name; `None` where it was not asked.
pub fn seen(answers: &Answers, full: &str) -> Option<Seen> {
    let [v4, v6] = both(full);
    Some(Seen::of(answers.get(&v4)?, answers.get(&v6)?))
}

/// The start of authority that dates a server's view of a Service.
pub fn view(answers: &Answers, nonce: &Question) -> Option<Soa> {
    answers.get(nonce)?.reply()?.soa
}
