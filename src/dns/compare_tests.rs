//! A set `web` of three, its headless Service, and two servers that answer as CoreDNS does from what they have seen; each case
//! changes one thing. Codes stand with their severity where it is not the code's own.

// A case per shape of the world: the tables are long because the world is.
#![expect(clippy::too_many_lines)]

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use super::super::predict::{addresses, predict};
use super::super::zone::Zone;
use super::*;
use crate::dns::look::holders;
use crate::dns::vantage::Server;
use crate::dns::{Outcome, Reply, Soa, findings};
use crate::facts::fixture::{cluster, labels, meta, pod, set, time};
use crate::facts::{Endpoint, EndpointSlice, Listed, Pod, PodPhase, Service, ServicePort, StatefulSet, Why};
use crate::gather::resource;

const NOW: &str = "2026-11-21T12:00:00Z";
const CHANGED: &str = "2026-11-20T12:00:05Z";

/// A server: what it has seen of the slices, and what it remembers besides.
#[derive(Clone)]
struct Sim {
    /// Its own, older view; otherwise it sees what the API has.
    slices: Option<Vec<EndpointSlice>>,
    serial: Timestamp,
    /// Hosts for which it remembers an answer: addresses and seconds left.
    remembers: HashMap<&'static str, (Vec<&'static str>, u32)>,
    /// Hosts that it remembers not to exist: serial and seconds left.
    denies: HashMap<&'static str, (Timestamp, u32)>,
    state: Option<State>,
    /// What becomes of single questions.
    fails: HashMap<&'static str, State>,
    /// Its zone's lifetime for answers, negative ones too, in seconds.
    lifetime: u32,
    /// `endpoint_pod_names`.
    pod_names: bool,
    /// Answers nothing under names that are not headless, as kube-dns does.
    strict: bool,
    only_v4: bool,
}

#[derive(Clone)]
struct Story {
    set: StatefulSet,
    pods: Vec<Pod>,
    services: Vec<Service>,
    slices: Vec<EndpointSlice>,
    servers: Vec<Sim>,
    elsewhere: Vec<Pod>,
    now: Timestamp,
    refused: Option<&'static resource::Resource>,
    unasked: Option<&'static str>,
}

fn service(name: &str) -> Service {
    Service {
        meta: meta(name),
        kind: "ClusterIP".into(),
        cluster_ip: "None".into(),
        selector: labels(&[("app", "web")]),
        publishes_not_ready: false,
        external_name: "".into(),
        ports: Box::new([ServicePort { name: "http".into(), port: 80, protocol: "TCP".into() }]),
    }
}

fn endpoint(pod: &Pod, address: &str) -> Endpoint {
    Endpoint {
        addresses: Box::new([address.into()]),
        ready: pod.ready && pod.meta.deleted().is_none(),
        serving: pod.ready,
        terminating: pod.meta.deleted().is_some(),
        hostname: pod.hostname.clone(),
        pod: Some(pod.meta.uid.clone()),
        pod_name: Some((*pod.meta.name).into()),
    }
}

/// The slices that the controller makes of these pods: one per family.
fn published(pods: &[Pod], service: &str, publish_not_ready: bool) -> Vec<EndpointSlice> {
    let of = |v6: bool| {
        let endpoints: Vec<Endpoint> = pods
            .iter()
            .filter(|pod| pod.live())
            .flat_map(|pod| pod.addresses.iter().map(move |address| (pod, address)))
            .filter(|(_, address)| address.contains(':') == v6)
            .map(|(pod, address)| {
                let mut endpoint = endpoint(pod, address);
                endpoint.ready |= publish_not_ready;
                if pod.subdomain.as_deref() != Some(service) {
                    endpoint.hostname = None;
                }
                endpoint
            })
            .collect();
        slice(service, if v6 { "v6" } else { "v4" }, endpoints)
    };
    [of(false), of(true)].into_iter().filter(|slice| !slice.endpoints.is_empty()).collect()
}

fn slice(service: &str, suffix: &str, endpoints: Vec<Endpoint>) -> EndpointSlice {
    EndpointSlice {
        meta: meta(&format!("{service}-{suffix}")),
        service: service.into(),
        changed: Some(time(CHANGED)),
        ports: Box::new([]),
        endpoints: endpoints.into(),
    }
}

impl Story {
    fn new() -> Self {
        let set = set("web", 3, &[]);
        let pods: Vec<Pod> = (0..3).map(|ordinal| pod(&set, ordinal)).collect();
        let sim = Sim {
            slices: None,
            serial: time(CHANGED),
            remembers: HashMap::new(),
            denies: HashMap::new(),
            state: None,
            fails: HashMap::new(),
            lifetime: 30,
            pod_names: false,
            strict: false,
            only_v4: false,
        };
        let mut story = Self {
            set,
            pods,
            services: vec![service("web")],
            slices: vec![],
            servers: vec![sim.clone(), sim],
            elsewhere: vec![],
            now: time(NOW),
            refused: None,
            unasked: None,
        };
        story.publish();
        story
    }

    /// Lets the EndpointSlice controller run.
    fn publish(&mut self) {
        self.slices = match self.services.first() {
            Some(service) if !service.selector.is_empty() => {
                let selected: Vec<Pod> =
                    self.pods.iter().filter(|pod| service.selects(&pod.meta.labels)).cloned().collect();
                published(&selected, &service.meta.name, service.publishes_not_ready)
            }
            _ => vec![],
        };
    }

    /// Changes the slices a moment ago: every view is of the time after, unless a server is told otherwise.
    fn just_changed(&mut self, seconds_ago: i64) -> Timestamp {
        let at = self.now - SignedDuration::from_secs(seconds_ago);
        for slice in &mut self.slices {
            slice.changed = Some(at);
        }
        for server in &mut self.servers {
            server.serial = at;
        }
        at
    }

    /// Codes per row.
    fn told(&self) -> Vec<String> {
        let word = |verdict: &Verdict| {
            if verdict.severity == verdict.code.severity() {
                verdict.code.word().to_owned()
            } else {
                format!("{}={:?}", verdict.code.word(), verdict.severity)
            }
        };
        let row = |(ordinal, verdicts): (i32, Vec<Verdict>)| {
            format!("{ordinal} {}", verdicts.iter().map(word).collect::<Vec<_>>().join(" "))
        };
        self.judged().into_iter().map(row).collect()
    }

    /// The verdicts per row.
    fn judged(&self) -> Vec<(i32, Vec<Verdict>)> {
        let mut facts = cluster(vec![self.set.clone()], self.pods.clone(), vec![], vec![]);
        facts.services = Listed::complete(self.services.clone());
        facts.slices = Listed::complete(self.slices.clone());
        facts.now = self.now;
        if let Some(refused) = self.refused {
            let refusal = refused.not_listed(None, Why::Forbidden);
            match refused.plural {
                "pods" => facts.pods = Listed::refused(refusal),
                "services" => facts.services = Listed::refused(refusal),
                _ => facts.slices = Listed::refused(refusal),
            }
        }
        facts.sort();
        let set = &facts.sets.items[0];
        let pods: Vec<&Pod> = facts.pods.items.iter().collect();
        let names = predict(set, &facts, &findings(set, &pods, &facts, None));
        let names_of = ["coredns-a", "coredns-b", "coredns-c"];
        let servers = self.servers.iter().zip(names_of).map(|(server, name)| Server {
            name,
            namespace: "kube-system",
            silent: server.state == Some(State::TimedOut),
            view: server.view(),
        });
        let vantage = Vantage {
            servers: servers.collect(),
            unasked: self.unasked.map(Unasked::Because),
            holders: holders(facts.pods.items.iter().chain(&self.elsewhere)),
            now: self.now,
        };
        let of = |name: &Name<'_>| {
            let seen: Vec<Seen> = self.servers.iter().map(|server| server.answer(name, self)).collect();
            (name.ordinal, compare(name, &seen, &vantage))
        };
        names.iter().map(of).collect()
    }
}

impl Sim {
    fn view(&self) -> Option<Soa> {
        if self.state.is_some() {
            return None;
        }
        let serial = u32::try_from(self.serial.as_second()).unwrap();
        Some(Soa { serial, minimum: self.lifetime, ttl: self.lifetime })
    }

    /// As CoreDNS answers from its view: every ready endpoint with that hostname (facts/dns 1.3).
    fn answer(&self, name: &Name<'_>, story: &Story) -> Seen {
        if let Some(state) = self.state.or(self.fails.get(name.host.as_str()).copied()) {
            return Seen { state, addresses: BTreeSet::new(), ttl: None, soa: None, took: None };
        }
        let exists = story.services.iter().find(|service| *service.meta.name == *name.set.service);
        let serves = exists.is_some_and(|service| !service.external() && (service.headless() || !self.strict));
        let host = |endpoint: &Endpoint| {
            let own = endpoint.hostname.clone().or_else(|| endpoint.pod_name.clone().filter(|_| self.pod_names));
            own.as_deref() == Some(&*name.host)
        };
        let slices = self.slices.as_ref().unwrap_or(&story.slices);
        let mut found: BTreeSet<IpAddr> = slices
            .iter()
            .filter(|slice| serves && slice.service == name.set.service)
            .flat_map(|slice| slice.endpoints.iter())
            .filter(|endpoint| endpoint.ready && host(endpoint))
            .flat_map(|endpoint| addresses(&endpoint.addresses))
            .filter(|address| address.is_ipv4() || !self.only_v4)
            .collect();
        let (mut ttl, mut soa) = (Some(self.lifetime), self.view());
        if let Some((remembered, left)) = self.remembers.get(name.host.as_str()) {
            found = addresses(remembered).collect();
            ttl = Some(*left);
        }
        if let Some((serial, left)) = self.denies.get(name.host.as_str()) {
            found.clear();
            let serial = u32::try_from(serial.as_second()).unwrap();
            soa = Some(Soa { serial, minimum: self.lifetime, ttl: *left });
        }
        let reply = |v6: bool| {
            let own: Vec<IpAddr> = found.iter().copied().filter(|address| address.is_ipv6() == v6).collect();
            let rcode = if found.is_empty() { Rcode::NxDomain } else { Rcode::NoError };
            let (ttl, soa) = if own.is_empty() { (None, soa) } else { (ttl, None) };
            Outcome::Answered(
                Reply { rcode, truncated: false, addresses: own, targets: vec![], alias: None, ttl, soa },
                1000,
            )
        };
        Seen::of(&reply(false), &reply(true))
    }
}

fn told(change: impl FnOnce(&mut Story)) -> Vec<String> {
    let mut story = Story::new();
    change(&mut story);
    story.told()
}

const ALL_RESOLVE: [&str; 3] = ["0 Resolves", "1 Resolves", "2 Resolves"];

fn dual_stack(story: &mut Story) {
    for (at, pod) in story.pods.iter_mut().enumerate() {
        pod.addresses = Box::new([pod.addresses[0].clone(), format!("fd00::{}", at + 1).into()]);
    }
    story.publish();
}

/// Sets in good order: never a Fault, whatever their shape (facts/dns, bar B3).
#[test]
fn healthy_sets_are_never_at_fault() {
    type Change = fn(&mut Story);
    let cases: [(&str, Change, &[&str]); 24] = [
        ("plain", |_| {}, &ALL_RESOLVE),
        ("one server", |s| s.servers.truncate(1), &ALL_RESOLVE),
        ("dual-stack", dual_stack, &ALL_RESOLVE),
        (
            "dual-stack pods, a Service of one family",
            |s| {
                dual_stack(s);
                s.slices.truncate(1);
            },
            &ALL_RESOLVE,
        ),
        (
            "IPv6 only",
            |s| {
                dual_stack(s);
                for pod in &mut s.pods {
                    pod.addresses = Box::new([pod.addresses[1].clone()]);
                }
                s.publish();
            },
            &ALL_RESOLVE,
        ),
        (
            "IPv6 in its long spelling in the slice",
            |s| {
                s.pods[0].addresses = Box::new(["fd00::a".into()]);
                s.publish();
                for slice in &mut s.slices {
                    for endpoint in slice.endpoints.iter_mut().filter(|e| &*e.addresses[0] == "fd00::a") {
                        endpoint.addresses = Box::new(["fd00:0:0:0:0:0:0:a".into()]);
                    }
                }
            },
            &ALL_RESOLVE,
        ),
        (
            "on the host's network, two pods on one node",
            |s| {
                for pod in &mut s.pods {
                    (pod.host_network, pod.addresses) = (true, Box::new(["192.168.0.7".into()]));
                }
                s.publish();
            },
            &ALL_RESOLVE,
        ),
        (
            "start ordinal 5",
            |s| {
                s.set.start = 5;
                s.pods = (5..8).map(|ordinal| pod(&s.set, ordinal)).collect();
                s.publish();
            },
            &["5 Resolves", "6 Resolves", "7 Resolves"],
        ),
        (
            "publishNotReadyAddresses, nothing ready",
            |s| {
                s.services[0].publishes_not_ready = true;
                s.pods.iter_mut().for_each(|pod| pod.ready = false);
                s.publish();
            },
            &ALL_RESOLVE,
        ),
        (
            "publishNotReadyAddresses, one terminating",
            |s| {
                s.services[0].publishes_not_ready = true;
                s.pods[2].meta.deleted = Some(s.now.into());
                s.publish();
            },
            &ALL_RESOLVE,
        ),
        (
            "scaling up",
            |s| {
                s.pods.truncate(2);
                s.publish();
            },
            &["0 Resolves", "1 Resolves", "2 PodNotCreated"],
        ),
        ("scaling down, the condemned pod still serves", |s| s.set.replicas = 2, &ALL_RESOLVE),
        (
            "scaled to zero",
            |s| {
                s.set.replicas = 0;
                s.pods.clear();
                s.publish();
            },
            &[],
        ),
        (
            "a pod starts",
            |s| {
                s.pods[2].ready = false;
                s.publish();
            },
            &["0 Resolves", "1 Resolves", "2 HiddenNotReady"],
        ),
        (
            "a pod without an address yet",
            |s| {
                (s.pods[2].ready, s.pods[2].addresses) = (false, Box::new([]));
                s.publish();
            },
            &["0 Resolves", "1 Resolves", "2 PodWithoutIP"],
        ),
        (
            "a pod that is being deleted",
            |s| {
                s.pods[1].meta.deleted = Some(s.now.into());
                s.publish();
            },
            &["0 Resolves", "1 HiddenTerminating", "2 Resolves"],
        ),
        (
            "a pod that has ended",
            |s| {
                (s.pods[1].phase, s.pods[1].ready) = (PodPhase::Succeeded, false);
                s.publish();
            },
            &["0 Resolves", "1 PodTerminal", "2 Resolves"],
        ),
        ("endpoint_pod_names", |s| s.servers.iter_mut().for_each(|server| server.pod_names = true), &ALL_RESOLVE),
        (
            "endpoint_pod_names under another Service",
            |s| {
                s.services.push(service("web-clients"));
                s.slices.extend(published(&s.pods, "web-clients", false));
                s.servers.iter_mut().for_each(|server| server.pod_names = true);
            },
            &ALL_RESOLVE,
        ),
        ("a server that started later than the other", |s| s.servers[1].serial = s.now, &ALL_RESOLVE),
        (
            "metadata of the slice written after the servers' last change",
            |s| s.slices[0].changed = Some(s.now),
            &ALL_RESOLVE,
        ),
        ("one server out of reach", |s| s.servers[1].state = Some(State::Lost), &ALL_RESOLVE),
        ("one server silent, the rest judged without it", |s| s.servers[1].state = Some(State::TimedOut), &ALL_RESOLVE),
        (
            "a pod that is in no slice for two seconds",
            |s| {
                s.pods[2].meta.created = Some((s.now - SignedDuration::from_secs(2)).into());
                s.pods[2].ready_since = s.pods[2].meta.created;
                let kept = s.pods.remove(2);
                s.publish();
                s.pods.push(kept);
            },
            &["0 Resolves", "1 Resolves", "2 NotInSlice=Waiting"],
        ),
    ];
    for (name, change, expected) in cases {
        let told = told(change);
        assert_eq!(told, expected, "{name}");
    }
}

/// What the API alone explains: the servers agree, so the row's verdict is the reason (VERDICTS; facts/dns 1.7, 4.1).
#[test]
fn names_that_cannot_exist_say_why() {
    type Change = fn(&mut Story);
    let cases: [(&str, Change, &[&str]); 13] = [
        (
            "no such Service",
            |s| (s.services, s.slices) = (vec![], vec![]),
            &["0 ServiceMissing", "1 ServiceMissing", "2 ServiceMissing"],
        ),
        (
            "another Service selects the pods",
            |s| {
                s.services = vec![service("web-svc")];
                s.publish();
            },
            &["0 WrongService", "1 WrongService", "2 WrongService"],
        ),
        (
            "serviceName empty",
            |s| s.set.service = "".into(),
            &["0 NoServiceName", "1 NoServiceName", "2 NoServiceName"],
        ),
        (
            "an alias",
            |s| {
                (s.services[0].kind, s.services[0].cluster_ip) = ("ExternalName".into(), "".into());
                s.slices.clear();
            },
            &["0 ServiceExternalName", "1 ServiceExternalName", "2 ServiceExternalName"],
        ),
        (
            "a selector that misses the pods",
            |s| {
                s.services[0].selector = labels(&[("app", "wep")]);
                s.publish();
            },
            &["0 ServiceNotSelecting", "1 ServiceNotSelecting", "2 ServiceNotSelecting"],
        ),
        (
            "a selector that misses one of them",
            |s| {
                s.services[0].selector = labels(&[("app", "web"), ("tier", "db")]);
                for pod in &mut s.pods[..2] {
                    pod.meta.labels = labels(&[("app", "web"), ("tier", "db")]);
                }
                s.publish();
            },
            &["0 Resolves", "1 Resolves", "2 ServiceNotSelecting"],
        ),
        (
            "no selector, no slices",
            |s| {
                s.services[0].selector = labels(&[]);
                s.slices.clear();
            },
            &["0 ServiceWithoutSelector", "1 ServiceWithoutSelector", "2 ServiceWithoutSelector"],
        ),
        (
            "no selector, slices by hand for one pod",
            |s| {
                s.services[0].selector = labels(&[]);
                let mut by_hand = endpoint(&s.pods[0], &s.pods[0].addresses[0].clone());
                (by_hand.pod, by_hand.pod_name) = (None, None);
                s.slices = vec![slice("web", "hand", vec![by_hand])];
            },
            &["0 Resolves", "1 ServiceWithoutSelector=Notice", "2 ServiceWithoutSelector=Notice"],
        ),
        (
            "pods of an earlier serviceName",
            |s| {
                s.pods[0].subdomain = Some("old".into());
                s.publish();
            },
            &["0 SubdomainDrift", "1 Resolves", "2 Resolves"],
        ),
        (
            "an endpoint without its hostname",
            |s| s.slices[0].endpoints[1].hostname = None,
            &["0 Resolves", "1 HostnameMissing", "2 Resolves"],
        ),
        (
            "a ready pod in no slice",
            |s| {
                let kept = s.pods.remove(2);
                s.publish();
                s.pods.push(kept);
            },
            &["0 Resolves", "1 Resolves", "2 NotInSlice"],
        ),
        (
            "a pod that should be gone for minutes",
            |s| {
                s.pods[2].meta.deleted = Some((s.now - SignedDuration::from_mins(5)).into());
                s.publish();
            },
            &["0 Resolves", "1 Resolves", "2 HiddenTerminating=Fault"],
        ),
        ("a cluster IP, which CoreDNS does not mind", |s| s.services[0].cluster_ip = "10.96.7.7".into(), &ALL_RESOLVE),
    ];
    for (name, change, expected) in cases {
        assert_eq!(told(change), expected, "{name}");
    }
}

/// What only the answers tell.
#[test]
fn wrong_answers_are_told_apart_by_their_cause() {
    type Change = fn(&mut Story);
    let cases: [(&str, Change, &[&str]); 40] = [
        (
            "a cluster IP, which kube-dns minds",
            |s| {
                s.services[0].cluster_ip = "10.96.7.7".into();
                s.servers.iter_mut().for_each(|server| server.strict = true);
            },
            &["0 RecordMissing", "1 RecordMissing", "2 RecordMissing"],
        ),
        (
            "no server has a record that is published",
            |s| {
                let mut others = s.slices.clone();
                others[0].endpoints = others[0].endpoints[..2].into();
                s.servers.iter_mut().for_each(|server| server.slices = Some(others.clone()));
            },
            &["0 Resolves", "1 Resolves", "2 RecordMissing"],
        ),
        (
            "one replica lost its watch before the last change",
            |s| {
                let before = s.slices.clone();
                s.pods[1].addresses = Box::new(["10.244.0.99".into()]);
                s.publish();
                s.just_changed(60);
                (s.servers[1].slices, s.servers[1].serial) = (Some(before), time(CHANGED));
            },
            &["0 Resolves", "1 StaleReplica", "2 Resolves"],
        ),
        (
            "all replicas did",
            |s| {
                let before = s.slices.clone();
                s.pods[1].addresses = Box::new(["10.244.0.99".into()]);
                s.publish();
                s.just_changed(60);
                for server in &mut s.servers {
                    (server.slices, server.serial) = (Some(before.clone()), time(CHANGED));
                }
            },
            &["0 Resolves", "1 StaleReplica", "2 Resolves"],
        ),
        (
            "a replica that missed a new pod altogether",
            |s| {
                let before = s
                    .slices
                    .iter()
                    .map(|slice| EndpointSlice { endpoints: slice.endpoints[..2].into(), ..slice.clone() });
                let before = before.collect();
                s.just_changed(6);
                (s.servers[0].slices, s.servers[0].serial) = (Some(before), time(CHANGED));
            },
            &["0 Resolves", "1 Resolves", "2 StaleReplica"],
        ),
        (
            "the absence of a new pod's name is remembered",
            |s| {
                let at = s.just_changed(10);
                s.servers.iter_mut().for_each(|server| {
                    server.denies.insert("web-2", (at - SignedDuration::from_secs(40), 17));
                });
            },
            &["0 Resolves", "1 Resolves", "2 NegativelyCached"],
        ),
        (
            "by one of two servers",
            |s| {
                let at = s.just_changed(10);
                s.servers[1].denies.insert("web-2", (at - SignedDuration::from_secs(40), 17));
            },
            &["0 Resolves", "1 Resolves", "2 NegativelyCached"],
        ),
        (
            "no memory lasts an hour",
            |s| {
                let at = s.just_changed(3600);
                s.servers.iter_mut().for_each(|server| {
                    server.denies.insert("web-2", (at - SignedDuration::from_secs(40), 17));
                });
            },
            &["0 Resolves", "1 Resolves", "2 RecordMissing"],
        ),
        (
            "a denial made after the change is no memory of before",
            |s| {
                let at = s.just_changed(10);
                s.servers.iter_mut().for_each(|server| {
                    server.serial = at + SignedDuration::from_secs(5);
                    server.denies.insert("web-2", (at + SignedDuration::from_secs(2), 17));
                });
            },
            &["0 Resolves", "1 Resolves", "2 RecordMissing"],
        ),
        (
            "the earlier address is remembered",
            |s| {
                s.just_changed(10);
                s.servers.iter_mut().for_each(|server| {
                    server.remembers.insert("web-1", (vec!["10.244.0.50"], 20));
                });
            },
            &["0 Resolves", "1 StaleAddress=Waiting", "2 Resolves"],
        ),
        (
            "the earlier address, and nothing explains it",
            |s| {
                s.servers.iter_mut().for_each(|server| {
                    server.remembers.insert("web-1", (vec!["10.244.0.50"], 30));
                });
            },
            &["0 Resolves", "1 StaleAddress", "2 Resolves"],
        ),
        (
            "the address of another pod of the set",
            |s| {
                s.servers.iter_mut().for_each(|server| {
                    server.remembers.insert("web-1", (vec!["10.244.0.1"], 30));
                });
            },
            &["0 Resolves", "1 ForeignAddress", "2 Resolves"],
        ),
        (
            "a remembered address that a stranger has by now: dangerous however soon it ends",
            |s| {
                s.just_changed(10);
                let mut stranger = pod(&set("other", 1, &[]), 0);
                (stranger.meta.namespace, stranger.addresses) = ("bank".into(), Box::new(["10.244.0.50".into()]));
                s.elsewhere = vec![stranger];
                s.servers[0].remembers.insert("web-1", (vec!["10.244.0.50"], 20));
            },
            &["0 Resolves", "1 ForeignAddress", "2 Resolves"],
        ),
        (
            "a host's address says nothing about whose it is",
            |s| {
                let mut agent = pod(&set("agent", 1, &[]), 0);
                (agent.host_network, agent.addresses) = (true, Box::new(["10.244.0.50".into()]));
                s.elsewhere = vec![agent];
                s.servers.iter_mut().for_each(|server| {
                    server.remembers.insert("web-1", (vec!["10.244.0.50"], 30));
                });
            },
            &["0 Resolves", "1 StaleAddress", "2 Resolves"],
        ),
        (
            "a slice by hand adds an address under the same hostname",
            |s| {
                let mut by_hand = endpoint(&s.pods[0], "10.9.9.9");
                (by_hand.pod, by_hand.pod_name) = (None, None);
                s.slices.push(slice("web", "hand", vec![by_hand]));
            },
            &["0 ExtraAddress", "1 Resolves", "2 Resolves"],
        ),
        (
            "the same a moment after it was written",
            |s| {
                let mut by_hand = endpoint(&s.pods[0], "10.9.9.9");
                (by_hand.pod, by_hand.pod_name) = (None, None);
                s.slices.push(slice("web", "hand", vec![by_hand]));
                s.just_changed(1);
            },
            &["0 ExtraAddress", "1 Resolves", "2 Resolves"],
        ),
        (
            "two pods with one hostname",
            |s| {
                let mut twin = pod(&s.set, 7);
                (twin.meta.owners, twin.hostname) = (std::sync::Arc::new([]), Some("web-0".into()));
                s.pods.push(twin);
                s.publish();
            },
            &["0 ForeignAddress", "1 Resolves", "2 Resolves"],
        ),
        (
            "a record without a pod",
            |s| {
                s.pods.truncate(2);
            },
            &["0 Resolves", "1 Resolves", "2 GhostRecord PodNotCreated"],
        ),
        (
            "a record of a pod that is no longer ready",
            |s| {
                let before = s.slices.clone();
                s.pods[2].ready = false;
                s.publish();
                s.servers.iter_mut().for_each(|server| server.slices = Some(before.clone()));
            },
            &["0 Resolves", "1 Resolves", "2 GhostRecord HiddenNotReady"],
        ),
        (
            "a record that is remembered a little longer than its pod is ready",
            |s| {
                s.pods[2].ready = false;
                s.publish();
                s.just_changed(4);
                s.servers.iter_mut().for_each(|server| {
                    server.remembers.insert("web-2", (vec!["10.244.0.3"], 11));
                });
            },
            &["0 Resolves", "1 Resolves", "2 GhostRecord=Waiting HiddenNotReady"],
        ),
        (
            "one family is missing",
            |s| {
                dual_stack(s);
                s.servers.iter_mut().for_each(|server| server.only_v4 = true);
            },
            &["0 FamilyMissing", "1 FamilyMissing", "2 FamilyMissing"],
        ),
        (
            "the servers disagree, and nothing explains it",
            |s| {
                let mut others = s.slices.clone();
                others[0].endpoints = others[0].endpoints[..2].into();
                s.servers[1].slices = Some(others);
            },
            &["0 Resolves", "1 Resolves", "2 ReplicasDiverge"],
        ),
        (
            "one server fails",
            |s| s.servers[1].state = Some(State::Answered(Rcode::ServFail)),
            &["0 Resolves DnsServfail", "1 Resolves DnsServfail", "2 Resolves DnsServfail"],
        ),
        (
            "nobody is answered",
            |s| s.servers.iter_mut().for_each(|server| server.state = Some(State::Answered(Rcode::Refused))),
            &["0 DnsRefused", "1 DnsRefused", "2 DnsRefused"],
        ),
        (
            "every server is silent",
            |s| {
                s.pods[2].ready = false;
                s.publish();
                s.servers.iter_mut().for_each(|server| server.state = Some(State::TimedOut));
            },
            &["0 DnsTimeout", "1 DnsTimeout", "2 DnsTimeout HiddenNotReady"],
        ),
        (
            "a serial that is three seconds behind is no old view: clocks differ",
            |s| {
                let mut others = s.slices.clone();
                others[0].endpoints = others[0].endpoints[..2].into();
                let at = s.just_changed(60);
                (s.servers[1].slices, s.servers[1].serial) = (Some(others), at - SignedDuration::from_secs(3));
            },
            &["0 Resolves", "1 Resolves", "2 ReplicasDiverge"],
        ),
        (
            "one has an old view, and the other no excuse",
            |s| {
                let mut others = s.slices.clone();
                others[0].endpoints = others[0].endpoints[..2].into();
                s.just_changed(60);
                s.servers.iter_mut().for_each(|server| server.slices = Some(others.clone()));
                s.servers[0].serial = time(CHANGED);
            },
            &["0 Resolves", "1 Resolves", "2 RecordMissing"],
        ),
        (
            "no cache keeps an absence for less than five seconds, whatever the zone says",
            |s| {
                let at = s.just_changed(6);
                s.servers.iter_mut().for_each(|server| {
                    server.lifetime = 1;
                    server.denies.insert("web-2", (at - SignedDuration::from_secs(40), 1));
                });
            },
            &["0 Resolves", "1 Resolves", "2 NegativelyCached"],
        ),
        (
            "a memory may end a moment after its time: seconds are whole, and changes travel",
            |s| {
                let at = s.just_changed(31);
                s.servers.iter_mut().for_each(|server| {
                    server.denies.insert("web-2", (at - SignedDuration::from_secs(40), 1));
                });
            },
            &["0 Resolves", "1 Resolves", "2 NegativelyCached"],
        ),
        (
            "a denial of an older view is a memory, though its life is whole",
            |s| {
                let at = s.just_changed(10);
                s.servers.iter_mut().for_each(|server| {
                    server.denies.insert("web-2", (at - SignedDuration::from_secs(40), 30));
                });
            },
            &["0 Resolves", "1 Resolves", "2 NegativelyCached"],
        ),
        (
            "a denial of the second of the change is a memory when part of its life is gone",
            |s| {
                let at = s.just_changed(10);
                s.servers.iter_mut().for_each(|server| {
                    server.denies.insert("web-2", (at, 17));
                });
            },
            &["0 Resolves", "1 Resolves", "2 NegativelyCached"],
        ),
        (
            "a denial as fresh as the server's view is none",
            |s| {
                let at = s.just_changed(10);
                s.servers.iter_mut().for_each(|server| {
                    server.denies.insert("web-2", (at, 30));
                });
            },
            &["0 Resolves", "1 Resolves", "2 RecordMissing"],
        ),
        (
            "an earlier address whose whole life is before it is no memory",
            |s| {
                s.just_changed(10);
                s.servers.iter_mut().for_each(|server| {
                    server.remembers.insert("web-1", (vec!["10.244.0.50"], 30));
                });
            },
            &["0 Resolves", "1 StaleAddress", "2 Resolves"],
        ),
        (
            "one remembers the absence, the other an earlier address: the worse one is told",
            |s| {
                let at = s.just_changed(10);
                s.servers[0].denies.insert("web-1", (at - SignedDuration::from_secs(40), 17));
                s.servers[1].remembers.insert("web-1", (vec!["10.244.0.50"], 20));
            },
            &["0 Resolves", "1 StaleAddress=Waiting", "2 Resolves"],
        ),
        (
            "both are wrong, each in its own way",
            |s| {
                for (server, address) in s.servers.iter_mut().zip(["10.244.0.50", "10.244.0.51"]) {
                    server.remembers.insert("web-1", (vec![address], 30));
                }
            },
            &["0 Resolves", "1 ReplicasDiverge", "2 Resolves"],
        ),
        (
            "an address that a slice publishes is no memory, however old the answer",
            |s| {
                let mut by_hand = endpoint(&s.pods[0], "10.9.9.9");
                (by_hand.pod, by_hand.pod_name) = (None, None);
                s.slices.push(slice("web", "hand", vec![by_hand]));
                s.just_changed(10);
                s.servers.iter_mut().for_each(|server| {
                    server.remembers.insert("web-0", (vec!["10.244.0.1", "10.9.9.9"], 20));
                });
            },
            &["0 ExtraAddress", "1 Resolves", "2 Resolves"],
        ),
        (
            "the pod's own address is not foreign, though the pod of a dead node still has it",
            |s| {
                let mut gone = pod(&set("other", 1, &[]), 0);
                gone.addresses = Box::new(["10.244.0.1".into()]);
                s.elsewhere = vec![gone];
                let mut by_hand = endpoint(&s.pods[0], "10.9.9.9");
                (by_hand.pod, by_hand.pod_name) = (None, None);
                s.slices.push(slice("web", "hand", vec![by_hand]));
            },
            &["0 ExtraAddress", "1 Resolves", "2 Resolves"],
        ),
        (
            "a server that can't answer such questions",
            |s| s.servers[1].state = Some(State::Answered(Rcode::Other(4))),
            &["0 Resolves DnsServfail", "1 Resolves DnsServfail", "2 Resolves DnsServfail"],
        ),
        (
            "one question that a server leaves unanswered",
            |s| s.servers[1].fails.extend([("web-1", State::TimedOut)]),
            &["0 Resolves", "1 Resolves DnsTimeout", "2 Resolves"],
        ),
        (
            "one server fails, and the way to the other ended",
            |s| {
                s.servers[0].state = Some(State::Answered(Rcode::ServFail));
                s.servers[1].state = Some(State::Lost);
            },
            &["0 DnsServfail", "1 DnsServfail", "2 DnsServfail"],
        ),
    ];
    for (name, change, expected) in cases {
        assert_eq!(told(change), expected, "{name}");
    }
}

/// What could not be read is told, and never taken for absent.
#[test]
fn what_could_not_be_read_is_unknown() {
    type Change = fn(&mut Story);
    let cases: [(&str, Change, &[&str]); 6] = [
        (
            "nobody asked",
            |s| {
                s.unasked = Some("the facts come from files");
                s.pods[2].ready = false;
                s.publish();
            },
            &["0 NotQueried", "1 NotQueried", "2 HiddenNotReady NotQueried"],
        ),
        (
            "nobody may be asked: the ways that were refused are told once",
            |s| {
                s.unasked = Some("it is forbidden");
                s.servers.iter_mut().for_each(|server| server.state = Some(State::Lost));
            },
            &["0 NotQueried", "1 NotQueried", "2 NotQueried"],
        ),
        ("pods", |s| s.refused = Some(&resource::PODS), &["0 CannotTell", "1 CannotTell", "2 CannotTell"]),
        ("slices", |s| s.refused = Some(&resource::SLICES), &["0 CannotTell", "1 CannotTell", "2 CannotTell"]),
        ("Services, but the slices are there", |s| s.refused = Some(&resource::SERVICES), &ALL_RESOLVE),
        (
            "every way ended",
            |s| s.servers.iter_mut().for_each(|server| server.state = Some(State::Lost)),
            &["0 NotQueried", "1 NotQueried", "2 NotQueried"],
        ),
    ];
    for (name, change, expected) in cases {
        assert_eq!(told(change), expected, "{name}");
    }
}

#[test]
fn a_stale_replica_is_told_with_its_figures() {
    let mut story = Story::new();
    let before = story.slices.clone();
    story.pods[1].addresses = Box::new(["10.244.0.99".into()]);
    story.publish();
    story.just_changed(60);
    (story.servers[1].slices, story.servers[1].serial) = (Some(before), story.now - SignedDuration::from_secs(100));
    insta::assert_debug_snapshot!(story.judged()[1].1);
}

#[test]
fn a_memory_is_told_with_the_seconds_until_the_last_server_forgets() {
    let mut story = Story::new();
    let at = story.just_changed(10);
    for (server, left) in story.servers.iter_mut().zip([17, 5]) {
        server.denies.insert("web-2", (at - SignedDuration::from_secs(40), left));
    }
    let verdict = &story.judged()[2].1[0];
    assert_eq!(verdict.says, "web-2.web exists, but a DNS server remembers for 17 s more that it did not.");
    assert_eq!(
        verdict.next.as_deref(),
        Some(
            "kubectl sts dns web -n shop --wait  # returns when every server answers right (until 2026-11-21T12:00:17Z)"
        )
    );
}

#[test]
fn what_a_server_answers_in_place_of_addresses_is_named() {
    let mut story = Story::new();
    story.servers[0].state = Some(State::Answered(Rcode::ServFail));
    story.servers[1].state = Some(State::Answered(Rcode::Other(4)));
    assert_eq!(story.judged()[0].1[0].says, "coredns-a, coredns-b could not answer (SERVFAIL, RCODE4).");
}

#[test]
fn a_domain_keeps_its_spelling() {
    let facts = cluster(vec![set("web", 1, &[])], vec![], vec![], vec![]);
    let names = predict(&facts.sets.items[0], &facts, &[]);
    assert_eq!(names[0].full(&Zone::given("Corp.Example.")), "web-0.web.shop.svc.Corp.Example");
}
