//! All containers of an owner: takes up those that come, and knows when it is over.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::api::{Api, Owner, OwnerKind, Refused};
use super::event::{Closed, Note, Sink};
use super::follow::{Follower, PodState, Shared};
use super::job_end::{JobEnd, from_event, held_back, job_end};
use super::merge::Merge;
use super::plan::{Order, Plan};
use super::reflect::{Seen, reflect};
use crate::facts::{PodRun, Text, Uid};
use crate::gather::watched::Change;

/// After a Job's end its pods are given this long, counted from the last sign of life.
const LAST_WORDS: Duration = Duration::from_mins(1);
/// Trouble with the watches that lasts longer than this is told.
const TOLD: Duration = Duration::from_secs(2);

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finished {
    /// Everything was read; for a Job that was followed, how it ended.
    Done(Option<JobEnd>),
    /// Nothing was there to be read.
    Nothing {
        /// The containers of the pods that are meant: none of them is meant. Empty where there is no such pod.
        containers: Vec<Text>,
    },
    /// The reader of the output went away.
    Closed,
    /// The pods could not be read at all.
    Failed(Refused),
}

type Actor<'e> = LocalBoxFuture<'e, Result<(), Closed>>;

struct Known {
    state: watch::Sender<PodState>,
    containers: HashSet<Text>,
}

/// What happened to the pods or their owner.
enum News {
    Pods(Seen<PodRun>),
    Owner(Seen<Owner>),
}

struct Engine<'e, A, S> {
    shared: &'e Shared<'e, A, S>,
    pods: HashMap<Uid, Known>,
    actors: FuturesUnordered<Actor<'e>>,
    job: Option<JobEnd>,
    owner_gone: bool,
    /// What was last told of the owner.
    told: Option<String>,
    trouble: Option<(Instant, bool)>,
    /// Pods were listed after the owner's end was known.
    settled: bool,
}

/// Reads what the plan says, to the end. Can be dropped at any time: what was handed on was whole.
pub async fn run<A: Api, S: Sink>(api: &A, plan: &Plan, sink: &S) -> Finished {
    let first = match api.pods().await {
        Ok(first) => first,
        Err(refused) => return Finished::Failed(refused),
    };
    let result = if plan.follow {
        follow(api, plan, sink, first.items, first.version).await
    } else {
        snapshot(api, plan, sink, ordered(plan, first.items)).await
    };
    result.unwrap_or(Finished::Closed)
}

fn shared<'e, A, S>(api: &'e A, plan: &'e Plan, sink: &'e S) -> Shared<'e, A, S> {
    Shared {
        api,
        sink,
        plan,
        permits: Semaphore::new(plan.max_streams.max(1)),
        queued: Cell::new(0),
        random: Cell::new(plan.seed | 1),
    }
}

/// The pods that are meant, in the order in which their lines are sorted.
fn ordered(plan: &Plan, pods: Vec<PodRun>) -> Vec<Arc<PodRun>> {
    let mut pods: Vec<Arc<PodRun>> = pods.into_iter().filter(|pod| plan.selection.takes(pod)).map(Arc::new).collect();
    pods.sort_by_cached_key(|pod| {
        let attempt = plan.selection.attempt(pod, "", "", 0);
        (attempt.ordinal.or(attempt.index), pod.meta.created(), pod.meta.name.clone())
    });
    pods
}

/// Pods as far as they have come, in the order that the plan says.
async fn snapshot<A: Api, S: Sink>(api: &A, plan: &Plan, sink: &S, pods: Vec<Arc<PodRun>>) -> Result<Finished, Closed> {
    let mut targets = Vec::new();
    for pod in &pods {
        for container in pod.containers.iter().filter(|container| plan.selection.takes_container(container)) {
            targets.push((pod.clone(), container.name.clone()));
        }
    }
    if targets.is_empty() {
        let names = pods.iter().flat_map(|pod| &pod.containers).map(|container| container.name.clone());
        let mut containers: Vec<Text> = names.collect();
        containers.sort();
        containers.dedup();
        return Ok(Finished::Nothing { containers });
    }
    let senders: Vec<_> = targets.iter().map(|(pod, _)| watch::channel(PodState::new(pod.clone()))).collect();
    if plan.order == Order::Pod || targets.len() == 1 {
        let shared = shared(api, plan, sink);
        for ((_, container), (_sender, state)) in targets.into_iter().zip(&senders) {
            Follower::new(&shared, state.clone(), container, true).run().await?;
        }
        return Ok(Finished::Done(None));
    }
    let merge = Merge::new(sink, targets.len(), plan.max_streams);
    let sinks: Vec<_> = (0..targets.len()).map(|number| merge.entrance(number)).collect();
    let all: Vec<_> = sinks.iter().map(|sink| shared(api, plan, sink)).collect();
    let permits = Semaphore::new(plan.max_streams.max(1));
    let mut actors: FuturesUnordered<Actor<'_>> = FuturesUnordered::new();
    for (number, ((_, container), (_sender, state))) in targets.into_iter().zip(&senders).enumerate() {
        let follower = Follower::new(&all[number], state.clone(), container, true);
        let (entrance, permits) = (&sinks[number], &permits);
        actors.push(Box::pin(async move {
            // As many at once as may be open; the others' turn comes as they end.
            let _permit = permits.acquire().await.map_err(|_| Closed)?;
            follower.run().await?;
            entrance.close();
            Ok(())
        }));
    }
    let mut merging = pin!(merge.run());
    loop {
        tokio::select! {
            Some(ended) = actors.next() => ended?,
            merged = &mut merging => {
                merged?;
                return Ok(Finished::Done(None));
            }
        }
    }
}

async fn follow<A: Api, S: Sink>(
    api: &A,
    plan: &Plan,
    sink: &S,
    pods: Vec<PodRun>,
    version: String,
) -> Result<Finished, Closed> {
    let shared = shared(api, plan, sink);
    let (tell, mut news) = mpsc::unbounded_channel();
    let mut listing: Option<LocalBoxFuture<'_, _>> = None;
    let mut engine = Engine {
        shared: &shared,
        pods: HashMap::new(),
        actors: FuturesUnordered::new(),
        job: None,
        owner_gone: false,
        told: None,
        trouble: None,
        settled: false,
    };
    // What is over is one story, told in its order; what runs is told as it comes.
    let (over, running): (Vec<_>, Vec<_>) = ordered(plan, pods).into_iter().partition(|pod| pod.over());
    for pod in &over {
        engine.knows(pod);
    }
    if !over.is_empty() {
        engine.actors.push(Box::pin(async move { snapshot(api, plan, sink, over).await.map(drop) }));
    }
    for pod in running {
        engine.see(&pod, true);
    }
    let told = tell.clone();
    let mut watching_pods = pin!(reflect(
        Some(version),
        async || api.pods().await,
        async |version: &str| api.watch_pods(version).await,
        move |seen| drop(told.send(News::Pods(seen))),
    ));
    let mut watching_owner = pin!(reflect(
        None,
        async || api.owners().await,
        async |version: &str| api.watch_owners(version).await,
        move |seen| drop(tell.send(News::Owner(seen))),
    ));
    let mut alive = Instant::now();
    loop {
        if let Some(finished) = engine.finished() {
            return Ok(finished);
        }
        if engine.over() && !engine.settled && listing.is_none() {
            listing = Some(Box::pin(api.pods()));
        }
        let settle = async {
            match listing.as_mut() {
                Some(listing) => listing.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            Some(news) = news.recv() => {
                alive = Instant::now();
                engine.hear(news).await?;
            }
            Some(ended) = engine.actors.next(), if !engine.actors.is_empty() => {
                alive = Instant::now();
                ended?;
            }
            listed = settle => {
                listing = None;
                if let Ok(listed) = listed {
                    // Only what is new: of the others the watch knows more by now.
                    for pod in ordered(plan, listed.items) {
                        if !engine.pods.contains_key(&pod.meta.uid) {
                            engine.see(&pod, false);
                        }
                    }
                    engine.settled = true;
                } else {
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            }
            () = &mut watching_pods => {}
            () = &mut watching_owner => {}
            () = sleep_until(alive + LAST_WORDS), if engine.over() => return Ok(engine.leave()),
        }
    }
}

impl<A: Api, S: Sink> Engine<'_, A, S> {
    /// A pod whose containers are read elsewhere.
    fn knows(&mut self, pod: &Arc<PodRun>) {
        let containers = pod.containers.iter().map(|container| container.name.clone()).collect();
        let state = watch::channel(PodState::new(pod.clone())).0;
        self.pods.insert(pod.meta.uid.clone(), Known { state, containers });
    }

    /// A pod as it is now.
    fn see(&mut self, pod: &Arc<PodRun>, present: bool) {
        if !self.shared.plan.selection.takes(pod) && !self.pods.contains_key(&pod.meta.uid) {
            return;
        }
        let known = self.pods.entry(pod.meta.uid.clone()).or_insert_with(|| Known {
            state: watch::channel(PodState::new(pod.clone())).0,
            containers: HashSet::new(),
        });
        for container in pod.containers.iter().filter(|c| self.shared.plan.selection.takes_container(c)) {
            if known.containers.insert(container.name.clone()) {
                let state = known.state.subscribe();
                let follower = Follower::new(self.shared, state, container.name.clone(), present);
                self.actors.push(Box::pin(follower.run()));
            }
        }
        known.state.send_replace(PodState::new(pod.clone()));
    }

    fn gone(&mut self, uid: &Uid, last: Option<Arc<PodRun>>) {
        if let Some(known) = self.pods.get(uid) {
            known.state.send_modify(|state| {
                state.gone = true;
                state.unseen = last.is_none();
                state.at = Instant::now();
                if let Some(last) = last {
                    state.run = last;
                }
            });
        }
    }

    async fn hear(&mut self, news: News) -> Result<(), Closed> {
        match news {
            News::Pods(Seen::All(pods)) => {
                self.recovered().await?;
                let pods = ordered(self.shared.plan, pods);
                let here: HashSet<&Uid> = pods.iter().map(|pod| &pod.meta.uid).collect();
                let gone: Vec<Uid> = self.pods.keys().filter(|uid| !here.contains(uid)).cloned().collect();
                for uid in &gone {
                    self.gone(uid, None);
                }
                for pod in &pods {
                    self.see(pod, false);
                }
            }
            News::Pods(Seen::Changed(Change::Is(pod))) => {
                self.recovered().await?;
                self.see(&Arc::new(pod), false);
            }
            News::Pods(Seen::Changed(Change::Gone(pod))) => {
                let uid = pod.meta.uid.clone();
                self.gone(&uid, Some(Arc::new(pod)));
            }
            News::Owner(Seen::All(owners)) => {
                let ours = owners.into_iter().find(|owner| owner.meta().uid == self.shared.plan.selection.owner);
                match ours {
                    Some(owner) => self.owner(owner).await?,
                    None => self.owner_is_gone().await?,
                }
            }
            News::Owner(Seen::Changed(Change::Is(owner))) => self.owner(owner).await?,
            News::Owner(Seen::Changed(Change::Gone(owner))) => {
                if owner.meta().uid == self.shared.plan.selection.owner {
                    self.owner(owner).await?;
                    self.owner_is_gone().await?;
                }
            }
            News::Pods(Seen::Failed(refused)) | News::Owner(Seen::Failed(refused)) => {
                let (since, told) = self.trouble.get_or_insert((Instant::now(), false));
                if since.elapsed() > TOLD && !*told {
                    *told = true;
                    self.shared.note(None, Note::Unwatched(refused.to_string())).await?;
                }
            }
            News::Pods(Seen::Changed(Change::Nothing)) | News::Owner(Seen::Changed(Change::Nothing)) => {}
        }
        Ok(())
    }

    async fn recovered(&mut self) -> Result<(), Closed> {
        if let Some((since, true)) = self.trouble.take() {
            self.shared.note(None, Note::Resumed(since.elapsed())).await?;
        }
        Ok(())
    }

    async fn owner(&mut self, owner: Owner) -> Result<(), Closed> {
        if owner.meta().uid != self.shared.plan.selection.owner {
            return Ok(());
        }
        let Owner::Job(job) = owner else { return Ok(()) };
        self.job = job_end(&job).or(self.job.take());
        let says = match &self.job {
            Some(_) => None,
            None => held_back(&job),
        };
        if says != self.told {
            if let Some(says) = &says {
                self.shared.note(None, Note::Owner(says.clone())).await?;
            }
            self.told = says;
        }
        Ok(())
    }

    async fn owner_is_gone(&mut self) -> Result<(), Closed> {
        if std::mem::replace(&mut self.owner_gone, true) {
            return Ok(());
        }
        let name = &self.shared.plan.selection.owner_name;
        self.shared.note(None, Note::Owner(format!("{name} was deleted"))).await?;
        if self.job.is_none() && self.shared.api.owner_kind() == OwnerKind::Job {
            let reason = self.shared.api.epitaph(&self.shared.plan.selection.owner.to_string()).await;
            self.job = Some(from_event(reason.as_deref()));
        }
        Ok(())
    }

    /// Whether no new pod can come.
    fn over(&self) -> bool {
        self.owner_gone || self.job.is_some()
    }

    fn finished(&self) -> Option<Finished> {
        (self.over() && self.settled && self.actors.is_empty()).then(|| Finished::Done(self.job.clone()))
    }

    /// Nothing was heard for long after the end.
    fn leave(&self) -> Finished {
        Finished::Done(self.job.clone())
    }
}
