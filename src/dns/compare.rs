//! What a name should resolve to against what each server answers (VERDICTS, "One DNS row"). Pure: no I/O, no clock.

use std::collections::BTreeSet;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use super::predict::Name;
use super::question::Rcode;
use super::seen::{Seen, State, shown};
use super::vantage::{Unasked, Vantage};
use crate::findings::{Code, Severity, Verdict};

/// How far a server's serial may lag behind the API's clock before its view counts as old.
const SERIAL_SLACK: i64 = 5;
/// The shortest time for which CoreDNS' cache keeps a negative answer (coredns `plugin/cache`: minimum TTL).
const LEAST_CACHED: u32 = 5;
/// How long a change may take to reach the servers, clocks and whole seconds included.
const LAG: i64 = 2;

/// How one server's answer relates to what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Right,
    /// Addresses where none should be.
    Ghost,
    /// No addresses.
    Missing,
    /// All of them and more.
    Extra,
    /// Only one of two families.
    OneFamily,
    /// Other addresses in their place.
    Stale,
}

/// Why a server's wrong answer is no surprise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// It has not seen the last change.
    OldView,
    /// It remembers an earlier answer, for so many seconds more.
    Remembered(u32),
}

/// The verdicts on one name, its own first.
pub fn compare(name: &Name<'_>, seen: &[Seen], vantage: &Vantage<'_>) -> Vec<Verdict> {
    let mut verdicts = judge(name, seen, vantage);
    if vantage.unasked.is_none() {
        verdicts.extend(troubles(seen, vantage));
    }
    // The reason why nothing is expected is the row's own where the servers agree with it, and tells what is behind it where not.
    if let Some(reason) = &name.without {
        let own = verdicts.iter().all(|verdict| verdict.code == Code::NotQueried);
        verdicts.insert(if own { 0 } else { verdicts.len() }, reason.clone());
    }
    verdicts
}

/// Whether a second look could change the verdict: something is wrong that nothing explains yet.
pub fn doubtful(verdicts: &[Verdict]) -> bool {
    verdicts.iter().any(|verdict| {
        verdict.severity == Severity::Fault
            && matches!(
                verdict.code,
                Code::RecordMissing
                    | Code::StaleAddress
                    | Code::StaleReplica
                    | Code::ForeignAddress
                    | Code::ExtraAddress
                    | Code::GhostRecord
                    | Code::FamilyMissing
                    | Code::ReplicasDiverge
                    | Code::NotInSlice
                    | Code::HostnameMissing
                    | Code::DnsServfail
            )
    })
}

fn judge(name: &Name<'_>, seen: &[Seen], vantage: &Vantage<'_>) -> Vec<Verdict> {
    if let Some(unasked) = &vantage.unasked {
        return vec![not_queried(unasked)];
    }
    let Some(expected) = &name.expected else { return Vec::new() };
    let answered: Vec<usize> = (0..seen.len()).filter(|at| seen[*at].answered()).collect();
    if answered.is_empty() {
        return Vec::new();
    }
    let fit = |at: &usize| fit(expected, &seen[*at].addresses);
    let wrong: Vec<usize> = answered.iter().copied().filter(|at| fit(at) != Fit::Right).collect();
    if wrong.is_empty() {
        return if expected.is_empty() { Vec::new() } else { vec![resolves(name, expected)] };
    }
    let verdict = Amiss { name, expected, seen, vantage, answered: &answered, wrong: &wrong }.verdict();
    vec![verdict]
}

fn resolves(name: &Name<'_>, expected: &BTreeSet<IpAddr>) -> Verdict {
    Verdict::new(Code::Resolves, format!("{} resolves to {}.", name.short(), shown(expected)))
}

fn not_queried(unasked: &Unasked<'_>) -> Verdict {
    match unasked {
        Unasked::Refused(refusal) => {
            let says = format!("No DNS server was asked ({refusal}): this is what should be.");
            Verdict::new(Code::NotQueried, says).unknown(refusal)
        }
        Unasked::Because(sentence) => {
            let mut verdict =
                Verdict::new(Code::NotQueried, format!("No DNS server was asked: {sentence}. This is what should be."));
            verdict.unknown.push((*sentence).to_owned());
            verdict
        }
    }
}

fn fit(expected: &BTreeSet<IpAddr>, answered: &BTreeSet<IpAddr>) -> Fit {
    if answered == expected {
        Fit::Right
    } else if expected.is_empty() {
        Fit::Ghost
    } else if answered.is_empty() {
        Fit::Missing
    } else if answered.is_superset(expected) {
        Fit::Extra
    } else if answered.is_subset(expected) {
        Fit::OneFamily
    } else {
        Fit::Stale
    }
}

/// A name that at least one server answers wrongly.
struct Amiss<'w> {
    name: &'w Name<'w>,
    expected: &'w BTreeSet<IpAddr>,
    seen: &'w [Seen],
    vantage: &'w Vantage<'w>,
    answered: &'w [usize],
    wrong: &'w [usize],
}

impl Amiss<'_> {
    fn verdict(&self) -> Verdict {
        let causes: Vec<Option<Cause>> = self.wrong.iter().map(|at| self.cause(*at)).collect();
        let fits: Vec<Fit> = self.wrong.iter().map(|at| fit(self.expected, &self.seen[*at].addresses)).collect();
        let worst = fits.iter().copied().max().unwrap_or(Fit::Right);
        let alike = self.wrong.len() == self.answered.len()
            && self.wrong.iter().all(|at| self.seen[*at].addresses == self.seen[self.wrong[0]].addresses);
        let verdict = if let Some((address, pod)) = self.foreign() {
            self.foreign_address(address, &pod)
        } else if causes.iter().all(|cause| *cause == Some(Cause::OldView)) {
            self.stale_replica()
        } else if let Some(left) = remembered(&causes) {
            self.remembered(worst, left)
        } else if alike {
            self.all_wrong(worst)
        } else {
            self.diverging()
        };
        self.evidence(verdict.since(self.name.changed))
    }

    /// Each server's answer, what was expected, and what publishes addresses that are not the pod's.
    fn evidence(&self, mut verdict: Verdict) -> Verdict {
        verdict = verdict.because(
            format_args!("EndpointSlices of Service/{}", self.name.set.service),
            &format!("published as {}", self.name.host),
            shown(self.expected),
        );
        for at in self.answered {
            let server = &self.vantage.servers[*at];
            verdict = verdict.because(format_args!("Pod/{}", server.name), "answer", self.seen[*at].word());
        }
        for (slice, address) in self.name.besides.iter().take(3) {
            verdict = verdict.because(
                format_args!("EndpointSlice/{slice}"),
                &format!("endpoints with hostname {}", self.name.host),
                address,
            );
        }
        verdict
    }

    fn cause(&self, at: usize) -> Option<Cause> {
        let (seen, view) = (&self.seen[at], self.vantage.servers[at].view);
        let changed = self.name.changed?.as_second();
        if view.is_some_and(|view| i64::from(view.serial) + SERIAL_SLACK < changed) {
            return Some(Cause::OldView);
        }
        // What was answered before the change may be remembered for as long as the zone's own lifetime says.
        let lifetime = view.or(seen.soa).map_or(LEAST_CACHED, |view| view.minimum.max(LEAST_CACHED));
        if self.vantage.now.as_second() - changed > i64::from(lifetime) + LAG {
            return None;
        }
        if seen.addresses.is_empty() {
            // The answer's own serial tells which view it was made from: one that had seen the change is no memory.
            let soa = seen.soa?;
            let older = view.is_some_and(|view| soa.serial < view.serial || soa.ttl < view.ttl);
            (older && i64::from(soa.serial) <= changed).then_some(Cause::Remembered(soa.ttl))
        } else {
            // A record that has its whole life before it was made from what the server knows now.
            let published = |address: &IpAddr| self.name.besides.iter().any(|(_, besides)| besides == address);
            let fresh = view.is_some_and(|view| seen.ttl >= Some(view.minimum));
            seen.ttl.filter(|_| !fresh && !seen.addresses.iter().any(published)).map(Cause::Remembered)
        }
    }

    fn foreign(&self) -> Option<(IpAddr, String)> {
        let own = self.name.pod.read().flatten().map(|pod| &pod.meta.uid);
        self.wrong.iter().flat_map(|at| &self.seen[*at].addresses).find_map(|address| {
            let (pod, uid) = self.vantage.holders.get(address).filter(|_| !self.expected.contains(address))?;
            (Some(uid) != own).then(|| (*address, pod.clone()))
        })
    }

    fn foreign_address(&self, address: IpAddr, pod: &str) -> Verdict {
        let says = format!("{} answers with {address}, which is the address of pod {pod}.", self.name.short());
        let verdict =
            Verdict::new(Code::ForeignAddress, says).because(format_args!("Pod/{pod}"), "status.podIPs", address);
        match self.name.besides.iter().find(|(_, published)| *published == address) {
            Some((slice, _)) => verdict.next(format!(
                "EndpointSlice {slice} publishes it under this hostname: kubectl -n {} get endpointslice {slice} -o yaml",
                self.name.set.meta.namespace
            )),
            None => verdict,
        }
    }

    fn stale_replica(&self) -> Verdict {
        let servers: Vec<&str> = self.wrong.iter().map(|at| self.vantage.servers[*at].name).collect();
        let first = &self.vantage.servers[self.wrong[0]];
        let changed = self.name.changed.map(Timestamp::as_second).unwrap_or_default();
        let behind = first.view.map_or(0, |view| changed - i64::from(view.serial));
        let says = format!(
            "DNS replica {} has not seen the last change of the EndpointSlice: its newest information is {behind} s older.",
            servers.join(", ")
        );
        let mut verdict = Verdict::new(Code::StaleReplica, says).next(format!(
            "kubectl -n {} logs {}  # it has lost its watch on the API server; deleting the pod makes it start anew",
            first.namespace, first.name
        ));
        for at in self.wrong {
            let server = &self.vantage.servers[*at];
            let serial = server.view.and_then(|view| Timestamp::from_second(i64::from(view.serial)).ok());
            let serial = serial.map_or_else(|| "?".to_owned(), |at| at.to_string());
            verdict = verdict.because(format_args!("Pod/{}", server.name), "SOA serial", serial);
        }
        verdict
    }

    /// Wrong by memory alone, which ends by itself.
    fn remembered(&self, fit: Fit, left: u32) -> Verdict {
        let name = self.name.short();
        let (code, says) = match fit {
            Fit::Missing => (
                Code::NegativelyCached,
                format!("{name} exists, but a DNS server remembers for {left} s more that it did not."),
            ),
            Fit::Ghost => {
                (Code::GhostRecord, format!("{name} has no address any more; a DNS server remembers it for {left} s."))
            }
            _ => (
                Code::StaleAddress,
                format!("{name} has a new address; a DNS server remembers the earlier one for {left} s more."),
            ),
        };
        let ends = self.vantage.now.checked_add(SignedDuration::from_secs(i64::from(left))).ok();
        let until = ends.map_or_else(String::new, |at| format!(" (until {})", crate::render::utc(at)));
        Verdict::new(code, says).severity(Severity::Waiting).next(format!(
            "kubectl sts dns {} -n {} --wait{}",
            self.name.set.meta.name,
            self.name.set.meta.namespace,
            comment(&until)
        ))
    }

    fn all_wrong(&self, fit: Fit) -> Verdict {
        let name = self.name.short();
        let answer = &self.seen[self.wrong[0]];
        let (code, says) = match fit {
            Fit::Ghost => {
                (Code::GhostRecord, format!("{name} should have no address and answers with {}.", answer.word()))
            }
            Fit::Missing => {
                (Code::RecordMissing, format!("{name} is published, and no DNS server has it ({}).", answer.word()))
            }
            Fit::Extra => {
                (Code::ExtraAddress, format!("{name} answers with more than the pod's own address: {}.", answer.word()))
            }
            Fit::OneFamily => (
                Code::FamilyMissing,
                format!("{name} answers with {} only; the pod has {}.", answer.word(), shown(self.expected)),
            ),
            Fit::Stale | Fit::Right => (
                Code::StaleAddress,
                format!("{name} answers with {}; the pod has {}.", answer.word(), shown(self.expected)),
            ),
        };
        let verdict = Verdict::new(code, says);
        match (fit, self.vantage.servers[self.wrong[0]].namespace) {
            (Fit::Missing, namespace) if !namespace.is_empty() => verdict.next(format!(
                "kubectl -n {namespace} get configmap coredns -o yaml  # filters (namespaces, labels, noendpoints) hide records"
            )),
            (Fit::Extra | Fit::Ghost, _) if !self.name.besides.is_empty() => verdict.next(format!(
                "kubectl -n {} get endpointslices -l kubernetes.io/service-name={}  # one of them publishes the address under this hostname",
                self.name.set.meta.namespace, self.name.set.service
            )),
            _ => verdict,
        }
    }

    fn diverging(&self) -> Verdict {
        let says = format!("The DNS servers answer differently for {}.", self.name.short());
        let wrong: Vec<&str> = self.wrong.iter().map(|at| self.vantage.servers[*at].name).collect();
        Verdict::new(Code::ReplicasDiverge, says).next(format!(
            "Wrong: {}. kubectl -n {} logs {}",
            wrong.join(", "),
            self.vantage.servers[self.wrong[0]].namespace,
            wrong[0]
        ))
    }
}

fn comment(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("  # returns when every server answers right{text}") }
}

/// The seconds until all memories are over, where memory explains all that old views don't.
fn remembered(causes: &[Option<Cause>]) -> Option<u32> {
    let left = |cause: &Option<Cause>| match cause {
        Some(Cause::Remembered(left)) => Some(*left),
        _ => None,
    };
    causes.iter().map(left).collect::<Option<Vec<u32>>>()?.into_iter().max()
}

/// Whether a server answered that it can't.
fn failed(state: State) -> bool {
    matches!(state, State::Answered(Rcode::ServFail | Rcode::Other(_)))
}

/// What servers did instead of answering. A server that answers nothing at all is a finding of the run and no row's, unless it leaves
/// the row without any answer.
fn troubles(seen: &[Seen], vantage: &Vantage<'_>) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    let of = |state: fn(&State) -> bool| -> Vec<&str> {
        let servers = seen.iter().zip(&vantage.servers).filter(|(seen, _)| state(&seen.state));
        servers.map(|(_, server)| server.name).collect()
    };
    let failing = of(|state| failed(*state));
    if !failing.is_empty() {
        let mut words: Vec<String> = seen.iter().filter(|seen| failed(seen.state)).map(Seen::word).collect();
        words.dedup();
        let says = format!("{} could not answer ({}).", failing.join(", "), words.join(", "));
        verdicts.push(Verdict::new(Code::DnsServfail, says).next(format!(
            "kubectl -n {} logs {}  # before its first look at the API it answers so",
            vantage.servers.first().map_or("", |server| server.namespace),
            failing[0]
        )));
    }
    let refusing = of(|state| matches!(state, State::Answered(Rcode::Refused)));
    if !refusing.is_empty() {
        let says = format!("{} does not answer those who ask from here (REFUSED).", refusing.join(", "));
        let mut verdict = Verdict::new(Code::DnsRefused, says);
        verdict.unknown.push(format!("what {} answers the pods", refusing.join(", ")));
        verdicts.push(verdict);
    }
    let answers = seen.iter().any(Seen::answered);
    let silent = seen
        .iter()
        .zip(&vantage.servers)
        .filter(|(seen, server)| seen.state == State::TimedOut && !(server.silent && answers));
    let silent: Vec<&str> = silent.map(|(_, server)| server.name).collect();
    if !silent.is_empty() {
        let says = format!("{} gave no answer in 2 s, twice.", silent.join(", "));
        verdicts.push(Verdict::new(Code::DnsTimeout, says));
    }
    let lost = of(|state| matches!(state, State::Lost));
    if !lost.is_empty() && !answers && verdicts.is_empty() {
        let mut verdict =
            Verdict::new(Code::NotQueried, format!("The way to {} ended before it answered.", lost.join(", ")));
        verdict.unknown.push(format!("what {} answers", lost.join(", ")));
        verdicts.push(verdict);
    }
    verdicts
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
