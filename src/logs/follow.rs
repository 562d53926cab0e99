//! One container, from its first attempt to its last: which attempt is read, from where, and when it is over.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::api::{Api, From, Read, Refused};
use super::attempts::{Done, Next, Reach, next, reach};
use super::event::{Attempt, Closed, End, Event, Note, Sink, Tally};
use super::held::{Held, UNTOLD, Whose};
use super::intake::{Limits, Reading};
use super::plan::{Attempts, Plan};
use super::resume::Cursor;
use crate::facts::{AttemptEnd, ContainerRun, PodRun, RestartPolicy, Role, RunState, Text};

/// How long a container may wait to start before that is told.
const TOLD: Duration = Duration::from_secs(3);

/// A pod that was seen so lately has not been replaced by another of its name.
const RECENT: Duration = Duration::from_secs(1);

/// What all containers of a run share.
pub(super) struct Shared<'e, A, S> {
    pub(super) api: &'e A,
    pub(super) sink: &'e S,
    pub(super) plan: &'e Plan,
    pub(super) permits: Semaphore,
    pub(super) queued: Cell<usize>,
    pub(super) random: Cell<u64>,
}

impl<A: Api, S: Sink> Shared<'_, A, S> {
    pub(super) async fn note(&self, attempt: Option<&Arc<Attempt>>, note: Note) -> Result<(), Closed> {
        self.sink.send(Event::Note(attempt.cloned(), note)).await
    }

    /// A place among the streams. Waiting for one is told, once for all that wait.
    pub(super) async fn permit(&self) -> Result<SemaphorePermit<'_>, Closed> {
        if let Ok(permit) = self.permits.try_acquire() {
            return Ok(permit);
        }
        self.queued.set(self.queued.get() + 1);
        self.note(None, Note::Queued(self.queued.get())).await?;
        let permit = self.permits.acquire().await.map_err(|_| Closed)?;
        self.queued.set(self.queued.get() - 1);
        Ok(permit)
    }

    /// Between nothing and this long: many streams that ended at once must not come back at once.
    pub(super) fn jitter(&self, most: Duration) -> Duration {
        let mut state = self.random.get();
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        self.random.set(state);
        most * u32::try_from(state >> 48).unwrap_or_default() / (1 << 16)
    }
}

/// A pod as it was last seen.
#[derive(Debug, Clone)]
pub(super) struct PodState {
    pub(super) run: Arc<PodRun>,
    /// It is no longer there.
    pub(super) gone: bool,
    /// Its last state was not seen: it went while the pods could not be watched.
    pub(super) unseen: bool,
    /// When that was.
    pub(super) at: Instant,
}

impl PodState {
    pub(super) fn new(run: Arc<PodRun>) -> Self {
        Self { run, gone: false, unseen: false, at: Instant::now() }
    }
}

/// Follows one container.
pub(super) struct Follower<'e, A: Api, S> {
    pub(super) shared: &'e Shared<'e, A, S>,
    pub(super) pod: watch::Receiver<PodState>,
    pub(super) container: Text,
    /// It was there when the run began: `--since`, `--tail` and `--all-attempts` are about it.
    pub(super) present: bool,
    pub(super) done: Option<Done>,
    pub(super) held: Option<Held<A::Body>>,
    /// What was read in an attempt's name and turned out to be its successor's.
    pub(super) inherited: Option<Reading>,
    /// What was read last: in the name of an attempt, but perhaps of its successor's log.
    pub(super) doubted: Option<Reading>,
    pub(super) refused: bool,
}

/// How an attempt's reading ended.
pub(super) enum Outcome {
    Verified(Option<AttemptEnd>),
    Unverified(String, Option<AttemptEnd>),
    /// A limit was met, or the log may not be read: the container is done with.
    Enough(Option<String>),
}

impl<'e, A: Api, S: Sink> Follower<'e, A, S> {
    pub(super) fn new(
        shared: &'e Shared<'e, A, S>,
        pod: watch::Receiver<PodState>,
        container: Text,
        present: bool,
    ) -> Self {
        Self { shared, pod, container, present, done: None, held: None, inherited: None, doubted: None, refused: false }
    }

    pub(super) fn state(&self) -> PodState {
        self.pod.borrow().clone()
    }

    /// The container's status in a pod, if it is this pod.
    pub(super) fn of<'p>(&self, pod: &'p PodRun) -> Option<&'p ContainerRun> {
        pod.container(&self.container)
    }

    /// Reads the container to its end; in a snapshot, as far as it has come.
    pub(super) async fn run(mut self) -> Result<(), Closed> {
        let (mut told, mut told_lately) = (None, false);
        let waiting_since = Instant::now();
        loop {
            let state = self.pod.borrow_and_update().clone();
            if let Some(next) = self.next(&state) {
                let from = self.shared.plan.selection.attempt(&state.run, &self.container, "", next.missed.start);
                let whose = self.whose_held(&state, &next);
                let read_anyway = u32::from(whose == Whose::Earlier);
                let count = next.missed.end - next.missed.start - read_anyway;
                if count > 0 {
                    self.shared.sink.send(Event::Missed { first: from, count }).await?;
                }
                if whose == Whose::Earlier
                    && let Some(held) = self.held.take()
                {
                    self.untold(&state, next.number.saturating_sub(1), held, UNTOLD).await?;
                }
                self.attempt(&state, next, whose).await?;
                if self.refused || !self.shared.plan.follow && !self.more() {
                    return Ok(());
                }
                continue;
            }
            if state.gone || state.run.over() || !self.shared.plan.follow || self.refused {
                let waits = !self.shared.plan.follow && self.done.is_none() && !state.run.over();
                if let Some(note) = self.waiting(&state).filter(|_| waits) {
                    let attempt = self.shared.plan.selection.attempt(&state.run, &self.container, "", 0);
                    self.shared.note(Some(&attempt), note).await?;
                }
                return self.unattributed(&state).await;
            }
            // Why a container does not start is told once it has lasted, and again when the reason is another.
            let tells = self.done.is_none() && !told_lately;
            let changed = if tells {
                timeout_at(waiting_since + TOLD, self.pod.changed()).await
            } else {
                Ok(self.pod.changed().await)
            };
            match changed {
                Ok(Err(_)) => return Ok(()),
                Ok(Ok(())) => told_lately &= self.waiting(&self.state()) == told,
                Err(_) => {
                    told_lately = true;
                    let state = self.state();
                    let note = self.waiting(&state);
                    if let Some(note) = note.clone().filter(|_| note != told) {
                        let attempt = self.shared.plan.selection.attempt(&state.run, &self.container, "", 0);
                        self.shared.note(Some(&attempt), note).await?;
                    }
                    told = note;
                }
            }
        }
    }

    fn next(&self, state: &PodState) -> Option<Next> {
        let container = self.of(&state.run)?;
        let first = self.done.is_none();
        let earlier = !self.present || self.shared.plan.attempts == Attempts::All;
        if first && self.present && self.shared.plan.attempts == Attempts::Previous {
            let last = container.last.clone().filter(|last| !last.id.is_empty())?;
            let reach = reach(container, &last.id);
            let number = container.restarts.saturating_sub(u32::from(matches!(reach, Reach::Previous(_))));
            return Some(Next { id: last.id, number, reach, missed: 0..0 });
        }
        next(container, self.done.as_ref(), earlier)
    }

    /// In a snapshot: whether another attempt is there to be read.
    fn more(&self) -> bool {
        self.shared.plan.attempts == Attempts::All && self.next(&self.state()).is_some()
    }

    /// Why the container has not started.
    fn waiting(&self, state: &PodState) -> Option<Note> {
        let pod = &state.run;
        if pod.node.is_none() {
            let message = pod.unscheduled.as_deref().unwrap_or_default();
            return Some(Note::Waiting { reason: "Unschedulable".to_owned(), message: message.to_owned() })
                .filter(|_| pod.unscheduled.is_some());
        }
        match &self.of(pod)?.state {
            RunState::Waiting { reason, message } if &**reason != "PodInitializing" => {
                Some(Note::Waiting { reason: reason.to_string(), message: message.to_string() })
            }
            _ => None,
        }
    }

    /// Reads one attempt to its end.
    async fn attempt(&mut self, state: &PodState, next: Next, whose: Whose) -> Result<(), Closed> {
        let shared = self.shared;
        let attempt = shared.plan.selection.attempt(&state.run, &self.container, &next.id, next.number);
        let at_start = self.present && self.done.is_none();
        self.done.get_or_insert_default().push(next.id.clone(), next.number);
        let permit = shared.permit().await?;
        shared.sink.send(Event::Start(attempt.clone())).await?;
        if let Some(doubted) = self.doubted.take() {
            let previous = matches!(next.reach, Reach::Previous(_));
            if self.surely_holds(&doubted, previous).await {
                // The status lagged two attempts behind: that one's own lines were never to be had.
                shared.sink.send(Event::Missed { first: doubted.attempt.clone(), count: 1 }).await?;
                self.inherited = Some(Reading { tally: Tally::default(), ..doubted });
            }
        }
        let mut reading = if let Some(inherited) = self.inherited.take() {
            // What was learnt of its end was the other attempt's.
            Reading { attempt: attempt.clone(), provisional: false, ended_by: None, late_since: None, ..inherited }
        } else {
            let limits = if at_start {
                shared.plan.limits
            } else {
                Limits { until: shared.plan.limits.until, ..Limits::default() }
            };
            Reading::new(attempt.clone(), Cursor::default(), limits)
        };
        let from = if at_start { shared.plan.from } else { From::Start };
        let held = whose == Whose::Its;
        if whose == Whose::Nobodys {
            self.held = None;
        }
        let outcome = match (&next.reach, shared.plan.follow) {
            (Reach::Running, true) => self.follow(&mut reading, from).await?,
            _ if held => self.follow(&mut reading, from).await?,
            (Reach::Running, false) => self.snapshot(&mut reading, from).await?,
            _ => {
                let started = self.start_at(&mut reading, from, matches!(next.reach, Reach::Previous(_))).await?;
                match started {
                    Some(refused) => Outcome::Enough(Some(refused)),
                    None => self.close(&mut reading).await?,
                }
            }
        };
        drop(permit);
        self.tell_doubt(&mut reading).await?;
        let refused = matches!(outcome, Outcome::Enough(Some(_)));
        let (unverified, ended) = match outcome {
            Outcome::Verified(ended) => (None, ended),
            Outcome::Unverified(why, ended) => (Some(why), ended),
            Outcome::Enough(why) => {
                self.refused = true;
                (why, None)
            }
        };
        let attempt = reading.attempt.clone();
        shared.sink.send(Event::End(End { attempt, tally: reading.tally, unverified, refused, ended })).await?;
        self.doubted = Some(reading);
        Ok(())
    }

    /// A request for this container's log.
    pub(super) fn read(&self, follow: bool, previous: bool, from: From) -> Read {
        let pod = self.pod.borrow().run.meta.name.as_ref().into();
        Read { pod, container: self.container.clone(), follow, previous, from }
    }

    /// The pod as the server knows it now; `None` when it is gone or another pod has its name. Where the server can't be asked, as
    /// it was last seen.
    pub(super) async fn fresh(&mut self) -> Option<Arc<PodRun>> {
        let known = self.state();
        match self.shared.api.pod(&known.run.meta.name).await {
            Ok(Some(pod)) if pod.meta.uid == known.run.meta.uid => Some(Arc::new(pod)),
            Ok(_) => None,
            Err(_) => (!known.gone).then_some(known.run),
        }
    }

    /// Whether a log that was just opened by the pod's name is this pod's, and this attempt's: another may have taken the name, and the
    /// API can be asked for neither by its ID.
    pub(super) async fn is_ours(&mut self, id: &str, previous: bool) -> Result<(), Refused> {
        let known = self.state();
        if !known.gone && known.at.elapsed() < RECENT {
            return Ok(());
        }
        stands(self.shared.api, &known.run, &self.container, id, previous).await
    }

    /// Where an attempt is now, by the server's word.
    pub(super) async fn reach(&mut self, id: &str) -> Option<Reach> {
        let pod = self.fresh().await?;
        Some(self.of(&pod).map_or(Reach::Lost, |container| reach(container, id)))
    }

    /// Waits for the pod to change, at most so long; whether it did.
    pub(super) async fn changed_within(&mut self, limit: Duration) -> bool {
        match timeout(limit, self.pod.changed()).await {
            Ok(Ok(())) => true,
            Ok(Err(_)) => {
                sleep(limit).await;
                false
            }
            Err(_) => false,
        }
    }

    /// A stream that was opened and never belonged to an attempt that the pod's status told of: its lines are real all the same.
    async fn unattributed(&mut self, state: &PodState) -> Result<(), Closed> {
        let number = self.done.as_ref().map_or(0, |done| done.number + 1);
        let attempt = self.shared.plan.selection.attempt(&state.run, &self.container, "", number);
        let Some(held) = self.held.take() else {
            if state.unseen && !self.refused && self.may_run_again(state) {
                let why = Some(
                    "the pod went while it could not be watched: whether the container ran again is unknown".to_owned(),
                );
                let end = End { attempt, tally: Tally::default(), unverified: why, refused: false, ended: None };
                self.shared.sink.send(Event::End(end)).await?;
            }
            return Ok(());
        };
        self.untold(state, number, held, "the pod was deleted before its status told of this attempt").await
    }

    /// Whether the container may have run after the state that was seen last.
    fn may_run_again(&self, state: &PodState) -> bool {
        !state.run.over()
            && self.of(&state.run).is_some_and(|container| match &container.state {
                RunState::Ended(ended) => self.restarts(ended),
                RunState::Running { .. } => match container.role {
                    Role::Sidecar => true,
                    Role::Ephemeral => false,
                    Role::Init | Role::Main => state.run.restarts != RestartPolicy::Never,
                },
                RunState::Waiting { .. } | RunState::Unknown => true,
            })
    }

    /// What was read as this attempt's was its successor's: the successor goes on with it.
    pub(super) fn pass_on(&mut self, reading: &mut Reading) {
        let attempt = reading.attempt.clone();
        let limits = Limits { until: reading.limits.until, ..Limits::default() };
        let misread = std::mem::replace(reading, Reading::new(attempt, Cursor::default(), limits));
        self.inherited = Some(misread);
    }
}

/// Whether the server still has this very pod, and the attempt where its log is read; [`Refused::Gone`] where not.
pub(super) async fn stands<A: Api>(
    api: &A,
    pod: &PodRun,
    container: &str,
    id: &str,
    previous: bool,
) -> Result<(), Refused> {
    let now = api.pod(&pod.meta.name).await?.filter(|now| now.meta.uid == pod.meta.uid).ok_or(Refused::Gone)?;
    let there = now.container(container).is_none_or(|container| match reach(container, id) {
        Reach::Running => !previous,
        Reach::Current(_) => true,
        Reach::Previous(_) => previous,
        Reach::Lost => false,
    });
    if there { Ok(()) } else { Err(Refused::Gone) }
}
