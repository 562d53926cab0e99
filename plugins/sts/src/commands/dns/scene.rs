//! What a run knows: facts, and what the DNS servers have said so far. Each view of it is made anew, so that the facts may be read
//! again in between.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use workload_cli::{Failure, set_not_found};
use workload_core::connect::{Client, Error, ErrorKind};
use workload_core::dns::inquiry::{Inquiry, NotAsked};
use workload_core::dns::inside::Inside;
use workload_core::dns::look::{Holders, Judged, ServiceSeen, again, holders, judge, services_seen, strangers};
use workload_core::dns::predict::{Name, predict};
use workload_core::dns::questions::{ServiceName, questions, services};
use workload_core::dns::resolver::Local;
use workload_core::dns::{blocked, compare::doubtful, findings, overview};
use workload_core::facts::{Cluster, Listed, NetworkPolicy, Pod, Refusal, StatefulSet};
use workload_core::findings::{ObjectRef, Severity, Verdict};
use workload_core::gather::dns_server::{self, NoServer};
use workload_core::gather::names;

use super::Plan;

/// Until servers that could not be reached are looked for again.
const AGAIN: Duration = Duration::from_secs(10);

/// What a run knows.
pub(super) struct Scene {
    pub(super) plan: Plan,
    pub(super) cluster: Cluster,
    pub(super) inquiry: Inquiry,
    policies: Listed<NetworkPolicy>,
    /// Pods elsewhere that have an address which was answered.
    elsewhere: Listed<Pod>,
    client: Option<Client>,
    /// When servers that were lost were looked for.
    looked_for: Option<Instant>,
}

/// What follows from it.
pub(super) struct View<'a> {
    /// A row per ordinal.
    pub(super) rows: Vec<Judged<'a>>,
    pub(super) services: Vec<ServiceSeen<'a>>,
    /// About sets and their Services, then about the run.
    pub(super) findings: Vec<Verdict>,
}

impl View<'_> {
    pub(super) fn severities(&self) -> impl Iterator<Item = Severity> {
        let rows = self.rows.iter().flat_map(|row| row.verdicts.iter());
        rows.chain(&self.findings).map(|verdict| verdict.severity)
    }
}

impl Scene {
    /// Facts and DNS servers, read side by side.
    pub(super) async fn of_cluster(client: Client, plan: Plan) -> Result<(Self, Vec<String>), Error> {
        let ask = plan.ask(Some(client.namespace().into()));
        let via = plan.via.as_ref().map(Local::open).transpose();
        let via = via.map_err(|why| Error::new(ErrorKind::Config, format!("error: {why}")))?;
        let found = async {
            match &via {
                Some(_) => Err(NoServer::Absent(String::new())),
                None => Box::pin(dns_server::find(&client, &plan.which)).await,
            }
        };
        let (read, found) = futures_util::future::join(Box::pin(names::read(&client, &ask)), found).await;
        let read = read?;
        let mut inquiry = match via {
            Some(resolver) => Inquiry::via(resolver, plan.zone.clone()),
            None => Inquiry::of(&client, found, plan.zone.clone(), plan.all_replicas),
        };
        if let Some(pod) = &plan.inside {
            inquiry.beside(Inside::new(&client, client.namespace(), pod));
        }
        let scene = Self {
            inquiry,
            plan,
            cluster: read.cluster,
            policies: read.policies,
            elsewhere: Listed::complete(Vec::new()),
            client: Some(client),
            looked_for: None,
        };
        Ok((scene, read.remarks))
    }

    /// Sentences about what could not be read.
    pub(super) fn notes(&self) -> Vec<String> {
        if self.of_files_only() {
            return Vec::new();
        }
        let cluster = &self.cluster;
        let of = |refusal: &Refusal, what: &str| format!("note: {refusal}: can't tell {what}");
        let mut all: Vec<String> = cluster.refusals().map(|refusal| of(refusal, cluster.tells(refusal))).collect();
        let own =
            self.policies.missing.iter().map(|refusal| of(refusal, "whether the pods may ask a DNS server at all"));
        all.extend(own);
        // Who may not ask the servers is told that, and need not hear of their policies.
        let servers = self.inquiry.server.iter().filter(|_| self.inquiry.not_asked.is_none());
        let theirs = servers.filter_map(|server| server.policies.missing.as_ref());
        all.extend(theirs.map(|refusal| of(refusal, "whether the DNS servers let the pods' questions in")));
        all
    }

    /// Where servers can no longer be reached, or none was ready at the last look: finds them as they are now, and asks them; not more often
    /// than every ten seconds. Gives the names of those that were lost.
    pub(super) async fn replace_lost_servers(&mut self) -> Option<String> {
        let client = self.client.clone()?;
        let lost = self.inquiry.lost().join(", ");
        let all_well = lost.is_empty() && !self.inquiry.deserted();
        if all_well || self.looked_for.is_some_and(|at| at.elapsed() < AGAIN) {
            return None;
        }
        if let Ok(server) = Box::pin(dns_server::find(&client, &self.plan.which)).await {
            self.inquiry.meet(&client, server, self.plan.all_replicas);
            self.ask_all().await;
        }
        self.looked_for = Some(Instant::now());
        (!lost.is_empty()).then_some(lost)
    }

    /// The cluster that the facts come from.
    pub(super) fn client(&self) -> Option<&Client> {
        self.client.as_ref()
    }

    /// The facts of files: nobody is asked.
    pub(super) fn of_files(mut cluster: Cluster, plan: Plan) -> Self {
        names::forget_unasked(&mut cluster);
        let inquiry = Inquiry::silent(plan.zone.clone(), NotAsked::Because("the facts come from files".to_owned()));
        Self {
            inquiry,
            plan,
            cluster,
            policies: Listed::complete(Vec::new()),
            elsewhere: Listed::complete(Vec::new()),
            client: None,
            looked_for: None,
        }
    }

    /// Whether the facts come from files.
    pub(super) fn of_files_only(&self) -> bool {
        self.client.is_none()
    }

    pub(super) async fn check_target(&self) -> Result<(), Failure> {
        match &self.plan.target {
            Some(target) if self.sets().is_empty() => {
                Err(set_not_found(&self.cluster, self.client.as_ref(), target).await)
            }
            _ => Ok(()),
        }
    }

    /// The sets that are shown.
    pub(super) fn sets(&self) -> Vec<&StatefulSet> {
        sets(&self.cluster, &self.plan)
    }

    /// Asks every server about every name.
    pub(super) async fn ask_all(&mut self) {
        let Self { cluster, inquiry, plan, .. } = self;
        let (names, services) = subjects(cluster, plan);
        inquiry.ask(|zone, random| questions(&names, &services, zone, random)).await;
        self.ask_whose().await;
    }

    /// Where something is wrong that nothing explains: waits, reads the facts again, and asks again about these names. A change that
    /// was on its way has arrived by then.
    pub(super) async fn look_again(&mut self, pause: Duration) {
        if self.of_files_only() || !self.view().rows.iter().any(|row| doubtful(&row.verdicts)) {
            return;
        }
        tokio::time::sleep(pause).await;
        Box::pin(self.refresh()).await;
        self.ask_rows(|row| doubtful(&row.verdicts)).await;
    }

    /// Reads the facts again.
    pub(super) async fn refresh(&mut self) {
        let Some(client) = self.client.clone() else { return };
        let ask = self.plan.ask(Some(client.namespace().into()));
        Box::pin(names::refresh(&client, &ask, &mut self.cluster)).await;
    }

    /// Now, by the server's clock.
    pub(super) fn client_now(&self) -> Timestamp {
        self.client.as_ref().map_or(self.cluster.now, Client::server_now)
    }

    /// Asks every server again about some of the names, as the facts have them now.
    pub(super) async fn ask_rows(&mut self, which: impl Fn(&Judged<'_>) -> bool) {
        let asked = {
            let view = self.view();
            let (_, services) = subjects(&self.cluster, &self.plan);
            let first = self.inquiry.asked.first();
            let unasked = |row: &Judged<'_>| row.seen.is_empty() && first.is_some();
            let rows = again(&view.rows, |row| which(row) || unasked(row), &self.inquiry);
            let zone = self.inquiry.zone.clone();
            let names: Vec<Name<'_>> = Vec::new();
            move |random: u64| {
                let mut all = questions(&names, &services, &zone, random);
                all.extend(rows.iter().cloned());
                all
            }
        };
        let Self { inquiry, .. } = self;
        inquiry.ask(|_, random| asked(random)).await;
        self.ask_whose().await;
    }

    /// Asks the API who has the addresses that nobody here has.
    async fn ask_whose(&mut self) {
        let Some(client) = self.client.clone() else { return };
        let unknown = strangers(&self.view().rows, &self.holders());
        if !unknown.is_empty() {
            self.elsewhere = names::holders(&client, &unknown).await;
        }
    }

    fn holders(&self) -> Holders {
        holders(self.cluster.pods.items.iter().chain(&self.elsewhere.items))
    }

    /// What follows from all this.
    pub(super) fn view(&self) -> View<'_> {
        let (names, services) = subjects(&self.cluster, &self.plan);
        let mut said: Vec<Verdict> = Vec::new();
        for set in self.sets() {
            let about = |verdict: Verdict| match verdict.object {
                Some(_) => verdict,
                None => verdict.about(ObjectRef::new("StatefulSet", &set.meta)),
            };
            let of_rows = |verdict: &Verdict| verdict.code == workload_core::findings::Code::SubdomainDrift;
            let all = findings(set, &pods(&names, set), &self.cluster, self.inquiry.server.as_ref());
            said.extend(all.into_iter().filter(|verdict| !of_rows(verdict)).map(about));
        }
        said.extend(blocked(&names, &self.policies, self.inquiry.server.as_ref()));
        let services = services_seen(services, &self.inquiry);
        said.extend(overview::findings(&self.inquiry, &services, &self.cluster));
        let rows = judge(names, &services, &self.inquiry, &self.holders(), self.cluster.now);
        View { rows, services, findings: said }
    }
}

fn sets<'a>(cluster: &'a Cluster, plan: &Plan) -> Vec<&'a StatefulSet> {
    let named = |set: &&StatefulSet| plan.target.as_ref().is_none_or(|target| *set.meta.name == *target.set);
    cluster.sets.items.iter().filter(|set| plan.selection.shows(&set.meta)).filter(named).collect()
}

fn pods<'a>(names: &[Name<'a>], set: &StatefulSet) -> Vec<&'a Pod> {
    let of = names.iter().filter(|name| std::ptr::eq(name.set, set));
    of.filter_map(|name| name.pod.read().flatten()).collect()
}

/// What is asked about: the names of the sets that are shown, and their Services.
fn subjects<'a>(cluster: &'a Cluster, plan: &Plan) -> (Vec<Name<'a>>, Vec<ServiceName<'a>>) {
    let ordinal = plan.target.as_ref().and_then(|target| target.ordinal);
    let mut all: Vec<Name<'a>> = Vec::new();
    for set in sets(cluster, plan) {
        let pods: Vec<&Pod> =
            workload_core::rollout::ordinals(set, cluster).iter().filter_map(|row| row.pod.read().flatten()).collect();
        let found = findings(set, &pods, cluster, None);
        all.extend(predict(set, cluster, &found));
    }
    let services = services(&all, cluster);
    all.retain(|name| ordinal.is_none_or(|ordinal| name.ordinal == ordinal));
    (all, services)
}
