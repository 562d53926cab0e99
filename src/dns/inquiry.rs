//! A run's conversation with the DNS servers: who they are, how they are reached, what each has answered so far.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::mem::take;

use super::Corefile;
use super::ask::{Session, Trouble};
use super::inside::Inside;
use super::question::Question;
use super::questions::Answers;
use super::resolver::Local;
use super::survey::{Domain, survey};
use super::way::Way;
use super::zone::{Zone, ZoneSource};
use crate::connect::Client;
use crate::facts::{DnsServer, Refusal};
use crate::gather::dns_server::NoServer;

/// Replicas that are asked unless all of them shall be.
pub const FEW: usize = 10;

/// A server and all that it has answered.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The pod, or whatever else names it.
    pub name: String,
    /// Its namespace; empty for a server that is no pod.
    pub namespace: String,
    /// Its answers.
    pub answers: Answers,
    /// What kept it from answering.
    pub trouble: Option<Trouble>,
}

impl Asked {
    fn of(way: &Way) -> Self {
        let (name, namespace) = way.name();
        Self { name, namespace, answers: Answers::new(), trouble: None }
    }
}

/// Why nobody was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotAsked {
    /// A permission is missing, or something could not be read.
    Refused(Refusal),
    /// Any other reason, as a sentence without its full stop.
    Because(String),
}

/// The conversation.
pub struct Inquiry {
    /// The DNS Service, where it was found.
    pub server: Option<DnsServer>,
    /// Its configuration, where it could be read and understood.
    pub corefile: Option<Corefile>,
    /// The cluster's domain, as far as it is known.
    pub zone: Zone,
    /// Who was asked, in the order of the names.
    pub asked: Vec<Asked>,
    /// Replicas that were left out because there are so many.
    pub left_out: usize,
    /// Why nobody was asked, if so.
    pub not_asked: Option<NotAsked>,
    /// Makes names that no cache has seen.
    pub random: u64,
    ways: Vec<Way>,
    domain: Domain,
}

impl std::fmt::Debug for Inquiry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inquiry").field("zone", &self.zone).field("asked", &self.asked).finish_non_exhaustive()
    }
}

impl Inquiry {
    /// A run in which nobody is asked.
    pub fn silent(zone: Option<Zone>, why: NotAsked) -> Self {
        let zone = zone.unwrap_or_else(Zone::assumed);
        Self {
            server: None,
            corefile: None,
            zone: zone.clone(),
            asked: Vec::new(),
            left_out: 0,
            not_asked: Some(why),
            random: RandomState::new().build_hasher().finish(),
            ways: Vec::new(),
            domain: Domain::Known(zone),
        }
    }

    /// A run that asks the ready replicas of the DNS Service over port-forwards. Nothing is sent yet.
    pub fn of(client: &Client, found: Result<DnsServer, NoServer>, zone: Option<Zone>, all: bool) -> Self {
        let server = match found {
            Ok(server) => server,
            Err(NoServer::Absent(sentence)) => return Self::silent(zone, NotAsked::Because(sentence)),
            Err(NoServer::Refused(refusal)) => return Self::silent(zone, NotAsked::Refused(refusal)),
        };
        let corefile = server.corefile.as_ref().ok().and_then(|text| Corefile::parse(text));
        let of_corefile =
            corefile.as_ref().and_then(|corefile| corefile.zones.first()).map(|zone| Zone::of_corefile(zone));
        let otherwise = zone.clone().or(of_corefile).unwrap_or_else(Zone::assumed);
        let domain = match (zone, server.cluster_ip.parse()) {
            (None, Ok(address)) => Domain::Ask {
                address,
                service: server.service.clone(),
                namespace: server.namespace.clone(),
                otherwise: otherwise.clone(),
            },
            _ => Domain::Known(otherwise.clone()),
        };
        let mut this = Self::silent(Some(otherwise), NotAsked::Because(String::new()));
        (this.corefile, this.domain) = (corefile, domain);
        this.meet(client, server, all);
        this
    }

    /// Takes the replicas as they are now. Those that have answered so far keep their streams and their answers; one that could not be
    /// reached is tried anew.
    pub fn meet(&mut self, client: &Client, server: DnsServer, all: bool) {
        let limit = if all { usize::MAX } else { FEW };
        let mut known: Vec<(Asked, Way)> = take(&mut self.asked).into_iter().zip(take(&mut self.ways)).collect();
        for replica in server.ready().take(limit) {
            let same = |(asked, way): &(Asked, Way)| {
                way.trouble().is_none() && asked.namespace == *server.namespace && asked.name == *replica.pod
            };
            let (asked, way) = if let Some(at) = known.iter().position(same) {
                known.remove(at)
            } else {
                let way = Way::Forward(Box::new(Session::new(client, &server.namespace, replica.clone())));
                (Asked::of(&way), way)
            };
            self.asked.push(asked);
            self.ways.push(way);
        }
        self.left_out = server.ready().count() - self.ways.len();
        // What is no pod of the Service stays: a pod that is asked from.
        for (asked, way) in known.into_iter().filter(|(asked, _)| asked.namespace.is_empty()) {
            self.asked.push(asked);
            self.ways.push(way);
        }
        self.not_asked = self.ways.is_empty().then(|| {
            let (namespace, service) = (&server.namespace, &server.service);
            NotAsked::Because(format!("none of the pods behind the Service {namespace}/{service} is ready"))
        });
        self.server = Some(server);
    }

    /// The replicas that can no longer be reached. A missing permission is no loss.
    pub fn lost(&self) -> Vec<&str> {
        let lost = |asked: &&Asked| {
            !asked.namespace.is_empty() && matches!(asked.trouble, Some(Trouble::Silent | Trouble::Failed(_)))
        };
        self.asked.iter().filter(lost).map(|asked| asked.name.as_str()).collect()
    }

    /// Whether the DNS Service is known and none of its pods was ready when they were looked for: they may have come back since.
    pub fn deserted(&self) -> bool {
        self.server.is_some() && self.asked.iter().all(|asked| asked.namespace.is_empty())
    }

    /// A run that asks a resolver of this machine, and nobody else.
    pub fn via(resolver: Local, zone: Option<Zone>) -> Self {
        let zone = zone.or_else(|| Zone::of_search_list(&resolver.search.domains)).unwrap_or_else(Zone::assumed);
        let mut this = Self::silent(Some(zone), NotAsked::Because(String::new()));
        this.not_asked = None;
        this.add(Way::Local(Box::new(resolver)));
        this
    }

    /// Asks from inside a pod as well.
    pub fn beside(&mut self, pod: Inside) {
        // Where there is no other server, this one is asked all the same.
        if self.asked.is_empty() {
            self.not_asked = None;
        }
        self.add(Way::Inside(Box::new(pod)));
    }

    fn add(&mut self, way: Way) {
        self.asked.push(Asked::of(&way));
        self.ways.push(way);
    }

    /// How names are looked up where the search list of a resolv.conf is known.
    pub fn search_sentence(&self, name: &str) -> Option<String> {
        self.ways.iter().find_map(|way| way.search()?.sentence(name))
    }

    /// How a pod was asked from inside, where one was.
    pub fn inside_sentence(&self) -> Option<String> {
        self.ways.iter().find_map(|way| match way {
            Way::Inside(pod) => pod.sentence(),
            _ => None,
        })
    }

    /// Asks every server; the questions are made once the domain is known. Later answers take the place of earlier ones.
    pub async fn ask(&mut self, questions: impl Fn(&Zone, u64) -> Vec<Question>) {
        if self.ways.is_empty() {
            return;
        }
        // Another name each time: the last one's answer may stand in a cache by now.
        self.random = RandomState::new().build_hasher().finish();
        let random = self.random;
        let (zone, answers) = survey(&mut self.ways, &self.domain, |zone| questions(zone, random)).await;
        self.domain = Domain::Known(zone.clone());
        self.zone = zone;
        // A pod's own search list tells the domain where nothing else did.
        if self.zone.source == ZoneSource::Assumed {
            let told = self.ways.iter().filter_map(Way::search).find_map(|list| Zone::of_search_list(&list.domains));
            if let Some(told) = told.filter(|told| told.name == self.zone.name) {
                self.zone = told;
            }
        }
        for ((asked, way), answers) in self.asked.iter_mut().zip(&self.ways).zip(answers) {
            asked.answers.extend(answers);
            asked.trouble = way.trouble().cloned();
        }
        // Without the permission nobody was asked, which is another thing than no answer.
        let refusals = self.asked.iter().filter_map(|asked| match &asked.trouble {
            Some(Trouble::Refused(refusal)) => Some(refusal),
            _ => None,
        });
        if refusals.clone().count() == self.asked.len() {
            self.not_asked = refusals.clone().next().cloned().map(NotAsked::Refused);
        }
    }

    /// Whether servers remember that a name does not exist, so that asking for one too early would harm those who ask later.
    pub fn remembers_absence(&self) -> bool {
        self.corefile.as_ref().is_none_or(|corefile| corefile.remembers_absence.is_some())
    }
}
