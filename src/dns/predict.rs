//! What each pod's name should resolve to, from the API alone (facts/dns 4.1; kubernetes `endpointslice/util`,
//! ShouldSetHostname; coredns `plugin/kubernetes`): the name exists where a ready endpoint carries the pod's hostname.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use super::governing::{self, Governing};
use super::zone::Zone;
use crate::facts::{Cluster, Endpoint, EndpointSlice, Known, Pod, PodPhase, StatefulSet, Uid};
use crate::findings::{Code, Severity, Verdict};
use crate::rollout::ordinals;

/// An endpoint that is missing for less than this is on its way.
const SLICE_LAG: SignedDuration = SignedDuration::from_secs(10);
/// Pods take a little longer than their grace period to go.
const GRACE_SLACK: SignedDuration = SignedDuration::from_secs(30);

/// An ordinal's name.
#[derive(Debug, Clone)]
pub struct Name<'a> {
    /// The set.
    pub set: &'a StatefulSet,
    /// The ordinal.
    pub ordinal: i32,
    /// Whether the set shall have a pod of it.
    pub in_range: bool,
    /// The host label: the pod's own name.
    pub host: String,
    /// The pod.
    pub pod: Known<'a, Option<&'a Pod>>,
    /// What the EndpointSlices say.
    pub published: Published,
    /// The addresses that the name should have; `None` where that can't be told.
    pub expected: Option<BTreeSet<IpAddr>>,
    /// When the slices that decide this were last written.
    pub changed: Option<Timestamp>,
    /// Why the name has no address; `None` where it has.
    pub without: Option<Verdict>,
    /// Addresses that slices publish under this host though they are not the pod's: slice and address.
    pub besides: Vec<(&'a str, IpAddr)>,
}

/// What the EndpointSlices of the governing Service say of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// Ready, with its hostname.
    Yes,
    /// Ready, without its hostname.
    Nameless,
    /// Not ready.
    NotReady,
    /// Not ready, because it is being deleted.
    Terminating,
    /// Not at all.
    No,
    /// It could not be read.
    Unknown,
}

impl Published {
    /// The word for a table.
    pub fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Nameless => "nameless",
            Self::NotReady => "not ready",
            Self::Terminating => "terminating",
            Self::No => "no",
            Self::Unknown => "?",
        }
    }
}

impl Name<'_> {
    /// The name within its namespace: `web-0.web`. Just the host where the set names no Service.
    pub fn short(&self) -> String {
        if self.set.service.is_empty() { self.host.clone() } else { format!("{}.{}", self.host, self.set.service) }
    }

    /// The whole name, without its last dot.
    pub fn full(&self, zone: &Zone) -> String {
        format!("{}.{}", self.short(), under(self.set, zone))
    }
}

/// The part that all names of a set's namespace share: `shop.svc.cluster.local`.
pub fn under(set: &StatefulSet, zone: &Zone) -> String {
    format!("{}.svc.{}", set.meta.namespace, zone.name)
}

/// The endpoints of one Service, found by what they stand for.
struct Endpoints<'a> {
    by_pod: HashMap<&'a Uid, Vec<Listed<'a>>>,
    by_address: HashMap<IpAddr, Vec<Listed<'a>>>,
    by_host: HashMap<&'a str, Vec<Listed<'a>>>,
    changed: Option<Timestamp>,
}

type Listed<'a> = (&'a EndpointSlice, &'a Endpoint);

impl<'a> Endpoints<'a> {
    fn of(set: &StatefulSet, cluster: &'a Cluster) -> Self {
        let mut found =
            Self { by_pod: HashMap::new(), by_address: HashMap::new(), by_host: HashMap::new(), changed: None };
        for slice in cluster.slices_of(&set.meta.namespace, &set.service) {
            found.changed = found.changed.max(slice.changed);
            for endpoint in &slice.endpoints {
                if let Some(pod) = &endpoint.pod {
                    found.by_pod.entry(pod).or_default().push((slice, endpoint));
                }
                if let Some(host) = &endpoint.hostname {
                    found.by_host.entry(host).or_default().push((slice, endpoint));
                }
                for address in addresses(&endpoint.addresses) {
                    found.by_address.entry(address).or_default().push((slice, endpoint));
                }
            }
        }
        found
    }

    /// A pod's endpoints: by its UID; in slices made by hand, which name no pod, by its addresses.
    fn of_pod(&self, pod: &Pod) -> Vec<Listed<'a>> {
        if let Some(found) = self.by_pod.get(&pod.meta.uid) {
            return found.clone();
        }
        let nameless = |(_, endpoint): &&Listed<'a>| endpoint.pod.is_none();
        let at = |address| self.by_address.get(&address).into_iter().flatten().filter(nameless).copied();
        addresses(&pod.addresses).flat_map(at).collect()
    }
}

/// Addresses as addresses: `fd00::1` and `fd00:0:0:0:0:0:0:1` are the same.
pub fn addresses<T: AsRef<str>>(texts: &[T]) -> impl Iterator<Item = IpAddr> {
    texts.iter().filter_map(|text| text.as_ref().parse().ok())
}

/// A row per ordinal of the set, in order. `findings` are those of [`governing::findings`] for this set.
pub fn predict<'a>(set: &'a StatefulSet, cluster: &'a Cluster, findings: &[Verdict]) -> Vec<Name<'a>> {
    let endpoints = Endpoints::of(set, cluster);
    let service = findings.iter().find(|verdict| governing::about_the_service(verdict.code));
    ordinals(set, cluster)
        .into_iter()
        .map(|row| {
            let mut name = Name {
                set,
                ordinal: row.ordinal,
                in_range: row.in_range,
                host: set.pod_name(row.ordinal),
                pod: row.pod,
                published: if cluster.slices.missing.is_some() { Published::Unknown } else { Published::No },
                expected: Some(BTreeSet::new()),
                changed: endpoints.changed,
                without: None,
                besides: Vec::new(),
            };
            name.without = name.judge(&endpoints, cluster, service);
            name.note_strangers(&endpoints);
            name
        })
        .collect()
}

impl<'a> Name<'a> {
    /// Fills in what is published and expected; gives the reason where nothing is expected.
    fn judge(&mut self, endpoints: &Endpoints<'a>, cluster: &Cluster, service: Option<&Verdict>) -> Option<Verdict> {
        if !self.set.meta.applied() {
            let says = format!("{} will have an address once the set is applied and the pod is ready.", self.short());
            return Some(
                service.map_or_else(|| Verdict::new(Code::NotApplied, says), |verdict| self.by_service(verdict)),
            );
        }
        let pod = match self.pod {
            Known::Read(Some(pod)) => pod,
            Known::Read(None) => return Some(self.not_created()),
            Known::Refused(refusal) => {
                self.expected = None;
                return Some(Verdict::cannot_tell("which addresses the pod has", refusal));
            }
        };
        let listed = endpoints.of_pod(pod);
        self.changed = listed.iter().filter_map(|(slice, _)| slice.changed).max().or(self.changed);
        self.published = self.publication(pod, &listed);
        if let Some(reason) = Self::of_pod(pod) {
            return Some(reason);
        }
        if let Some(verdict) = service.filter(|verdict| self.concerns(pod, verdict, cluster)) {
            if verdict.severity == Severity::Unknown {
                self.expected = None;
            }
            return Some(self.by_service(verdict));
        }
        if let Some(drift) = self.drifted(pod) {
            return Some(drift);
        }
        if let (Some(refusal), false) = (&cluster.slices.missing, self.published == Published::Yes) {
            self.published = Published::Unknown;
            self.expected = None;
            return Some(Verdict::cannot_tell("whether the name is published", refusal));
        }
        let named = |(_, endpoint): &&Listed<'_>| endpoint.ready && endpoint.hostname == pod.hostname;
        let families: Vec<IpAddr> = listed.iter().filter(named).flat_map(|(_, e)| addresses(&e.addresses)).collect();
        let same_family = |address: &IpAddr| families.iter().any(|other| other.is_ipv4() == address.is_ipv4());
        self.expected = Some(addresses(&pod.addresses).filter(same_family).collect());
        self.unpublished(pod, cluster.now)
    }

    fn publication(&self, pod: &Pod, listed: &[Listed<'_>]) -> Published {
        let any = |test: fn(&Endpoint, &Pod) -> bool| listed.iter().any(|(_, endpoint)| test(endpoint, pod));
        if any(|endpoint, pod| endpoint.ready && endpoint.hostname.is_some() && endpoint.hostname == pod.hostname) {
            Published::Yes
        } else if any(|endpoint, _| endpoint.ready) {
            Published::Nameless
        } else if any(|endpoint, pod| endpoint.terminating || pod.meta.deleted().is_some()) {
            Published::Terminating
        } else if !listed.is_empty() {
            Published::NotReady
        } else {
            self.published
        }
    }

    fn not_created(&self) -> Verdict {
        let says = if self.in_range {
            format!("The pod {} does not exist yet.", self.host)
        } else {
            format!("The pod {} does not exist.", self.host)
        };
        Verdict::new(Code::PodNotCreated, says)
            .because(format_args!("StatefulSet/{}", self.set.meta.name), "spec.replicas", self.set.replicas)
            .next(format!("kubectl sts status {} -n {}", self.set.meta.name, self.set.meta.namespace))
    }

    /// What keeps a pod out of every slice, whatever the Service.
    fn of_pod(pod: &Pod) -> Option<Verdict> {
        let about = format!("Pod/{}", pod.meta.name);
        if !pod.live() {
            let phase = if pod.phase == PodPhase::Failed { "Failed" } else { "Succeeded" };
            let says = format!("The pod has ended ({phase}): such a pod is in no EndpointSlice.");
            return Some(Verdict::new(Code::PodTerminal, says).because(about, "status.phase", phase));
        }
        if pod.addresses.is_empty() {
            let says = format!("The pod has no address yet ({}).", pod.status);
            return Some(Verdict::new(Code::PodWithoutIP, says).since(pod.meta.created()).because(
                about,
                "status.podIPs",
                "none",
            ));
        }
        None
    }

    /// Whether what is wrong with the Service keeps this pod's name from existing. A Service with a cluster IP does not: it
    /// depends on the server, which is asked; nor do slices made by hand.
    fn concerns(&self, pod: &Pod, verdict: &Verdict, cluster: &Cluster) -> bool {
        match verdict.code {
            Code::ServiceNotHeadless | Code::NameTooLong => false,
            Code::ServiceWithoutSelector | Code::CannotTell => self.published != Published::Yes,
            // Of pods with different labels only those that it does not select.
            Code::ServiceNotSelecting => match Governing::of(self.set, cluster) {
                Governing::Found(service) => !service.selects(&pod.meta.labels),
                _ => true,
            },
            _ => true,
        }
    }

    /// The Service's own finding, in one line: its evidence and its remedy stand with the finding.
    fn by_service(&self, verdict: &Verdict) -> Verdict {
        let (name, service) = (self.short(), &self.set.service);
        let says = match verdict.code {
            Code::NoServiceName => "The set names no Service: the pod has no name of its own.".to_owned(),
            Code::ServiceExternalName => format!("Service {service} is an alias: {name} does not exist."),
            Code::ServiceNotSelecting => format!("Service {service} does not select the pod: {name} does not exist."),
            Code::ServiceWithoutSelector => {
                format!("Service {service} has no selector, and no EndpointSlice names the pod.")
            }
            Code::CannotTell => verdict.says.clone(),
            _ => format!("Service {service} does not exist, so neither does {name}."),
        };
        let mut own = Verdict::new(verdict.code, says).severity(verdict.severity);
        own.unknown.clone_from(&verdict.unknown);
        own
    }

    fn drifted(&self, pod: &Pod) -> Option<Verdict> {
        let (subdomain, host) = (pod.subdomain.as_deref().unwrap_or(""), pod.hostname.as_deref().unwrap_or(""));
        if subdomain == &*self.set.service && host == &*pod.meta.name {
            return None;
        }
        let says = format!("The pod was made for the name {host}.{subdomain}: {} does not exist.", self.short());
        Some(
            Verdict::new(Code::SubdomainDrift, says)
                .since(pod.meta.created())
                .because(format_args!("Pod/{}", pod.meta.name), "spec.subdomain", subdomain)
                .because(format_args!("StatefulSet/{}", self.set.meta.name), "spec.serviceName", &self.set.service)
                .next(format!("kubectl -n {} delete pod {}", self.set.meta.namespace, pod.meta.name)),
        )
    }

    fn unpublished(&self, pod: &Pod, now: Timestamp) -> Option<Verdict> {
        let about = format!("Pod/{}", pod.meta.name);
        match self.published {
            Published::Yes | Published::Unknown => None,
            _ if pod.meta.deleted().is_some() && self.published != Published::Nameless => {
                let overdue = pod.meta.deleted().is_some_and(|at| now.duration_since(at) > GRACE_SLACK);
                let severity = if overdue { Severity::Fault } else { Severity::Waiting };
                let says = if overdue {
                    "The pod is being deleted and should be gone by now; its name has had no address since that began."
                } else {
                    "The pod is being deleted: its name has had no address since that began."
                };
                Some(Verdict::new(Code::HiddenTerminating, says).severity(severity).since(pod.meta.deleted()).because(
                    about,
                    "metadata.deletionTimestamp",
                    pod.meta.deleted().map_or_else(String::new, |at| at.to_string()),
                ))
            }
            Published::NotReady | Published::Terminating => Some(
                Verdict::new(
                    Code::HiddenNotReady,
                    format!("The pod is not ready, and Service {} publishes only ready pods.", self.set.service),
                )
                .since(pod.ready_since())
                .because(about, "status.conditions[Ready]", if pod.ready { "True" } else { "False" })
                .because(format_args!("Service/{}", self.set.service), "spec.publishNotReadyAddresses", "false")
                .next(format!("kubectl sts status {} -n {}", self.set.meta.name, self.set.meta.namespace)),
            ),
            Published::Nameless => Some(
                Verdict::new(
                    Code::HostnameMissing,
                    "The pod's endpoint is ready but does not carry its hostname: the name has no address.",
                )
                .because(
                    format_args!("EndpointSlice of Service/{}", self.set.service),
                    "endpoints.hostname",
                    "another, or none",
                )
                .because(about, "spec.hostname", pod.hostname.as_deref().unwrap_or("none")),
            ),
            Published::No => {
                let since = pod.ready_since().max(pod.meta.created());
                let lagging = since.is_some_and(|at| now.duration_since(at) <= SLICE_LAG);
                let says = "The Service selects the pod, and the pod has an address, but no EndpointSlice has it.";
                Some(
                    Verdict::new(Code::NotInSlice, says)
                        .severity(if lagging { Severity::Waiting } else { Severity::Fault })
                        .since(since)
                        .because(about, "status.podIPs", pod.addresses.join(","))
                        .because(format_args!("Service/{}", self.set.service), "EndpointSlices", "none of them has the pod")
                        .next("The EndpointSlice controller runs in kube-controller-manager: its log tells why. A pod whose node is gone from the API is left out as well.".to_owned()),
                )
            }
        }
    }

    /// What else is published under this host: a slice made by hand, or another pod with the same hostname.
    fn note_strangers(&mut self, endpoints: &Endpoints<'a>) {
        let own: BTreeSet<IpAddr> =
            self.pod.read().flatten().map(|pod| addresses(&pod.addresses).collect()).unwrap_or_default();
        let listed = endpoints.by_host.get(self.host.as_str()).into_iter().flatten();
        for (slice, endpoint) in listed.filter(|(_, endpoint)| endpoint.ready) {
            for address in addresses(&endpoint.addresses).filter(|address| !own.contains(address)) {
                self.besides.push((&slice.meta.name, address));
            }
        }
    }
}
