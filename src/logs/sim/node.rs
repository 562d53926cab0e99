//! What is really there: pods, containers, attempts and their log files, and what the API knows of it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::facts::fixture::labels;
use crate::facts::{AttemptEnd, ContainerRun, Meta, Owner, PodPhase, PodRun, RestartPolicy, Role, RunState};
use crate::gather::watched::Change;
use crate::logs::stamp::{SECOND, Stamp};

/// One record of a CRI log file.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) time: i64,
    pub(super) text: String,
    /// Ends its line (F), or the next record goes on (P).
    pub(super) full: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Attempt {
    pub(super) id: String,
    pub(super) records: Vec<Record>,
    /// The present file begins here; what lies before was rotated away.
    pub(super) file: usize,
    pub(super) started: i64,
    /// The same by a clock that nobody sets.
    pub(super) born: std::time::Duration,
    pub(super) ended: Option<(i64, i32)>,
    /// Its log is no longer on the node.
    pub(super) removed: bool,
    pub(super) rotated: bool,
    /// Where its file began when it was read for the first time: what lies before no request could give.
    pub(super) owed: Option<usize>,
    /// The API has told of it.
    pub(super) known: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Pod {
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) attempts: Vec<Attempt>,
    /// The object is in the API.
    pub(super) exists: bool,
    pub(super) phase: PodPhase,
    pub(super) deleting: bool,
    pub(super) published: Option<PodRun>,
    pub(super) last_report: u64,
}

/// What becomes of a stream.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) enum Fate {
    #[default]
    Well,
    /// A clean end, after so many more bytes.
    Eof(usize),
    /// A broken connection, after so many more bytes.
    Broken(usize),
    /// Nothing comes any more.
    Stalled,
    /// The kubelet says something and ends.
    Text(String),
}

#[expect(clippy::struct_excessive_bools, reason = "each is a fault of its own")]
pub(super) struct State {
    pub(super) pods: Vec<Pod>,
    pub(super) version: u64,
    pub(super) history: Vec<(u64, Change<PodRun>)>,
    /// Versions before this are forgotten.
    pub(super) compacted: u64,
    pub(super) watches_end: u64,
    pub(super) owner_gone: bool,
    pub(super) server_down: bool,
    pub(super) kubelet_down: bool,
    pub(super) no_watcher: bool,
    pub(super) busy: bool,
    /// Answers that are not followed are cut short, cleanly.
    pub(super) truncates: bool,
    pub(super) clock: i64,
    pub(super) streams: BTreeMap<u64, (String, Fate)>,
    pub(super) next_stream: u64,
    pub(super) random: u64,
    pub(super) log: Vec<String>,
}

pub(super) struct World {
    pub(super) state: RefCell<State>,
    pub(super) changed: Notify,
    pub(super) begun: Instant,
    pub(super) verbose: bool,
    /// Nothing in this schedule can make a line unreadable: everything must be there, and verified.
    pub(super) gentle: Cell<bool>,
    /// The node's clock is set by a day.
    pub(super) days: bool,
}

/// 2026-11-21T12:00:00Z.
const BASE: i64 = 1_795_262_400 * SECOND;

impl World {
    pub(super) fn new(seed: u64, days: bool, verbose: bool) -> Self {
        let state = State {
            pods: Vec::new(),
            version: 1,
            history: Vec::new(),
            compacted: 0,
            watches_end: 0,
            owner_gone: false,
            server_down: false,
            kubelet_down: false,
            no_watcher: false,
            busy: false,
            truncates: false,
            clock: 0,
            streams: BTreeMap::new(),
            next_stream: 0,
            random: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
            log: Vec::new(),
        };
        Self {
            state: RefCell::new(state),
            changed: Notify::new(),
            begun: Instant::now(),
            verbose,
            gentle: Cell::new(seed.is_multiple_of(2)),
            days,
        }
    }

    /// The node's clock.
    pub(super) fn now(&self) -> i64 {
        let clock = self.state.borrow().clock;
        BASE + i64::try_from(self.begun.elapsed().as_nanos()).unwrap() + clock
    }

    pub(super) fn below(&self, limit: u64) -> u64 {
        let mut state = self.state.borrow_mut();
        state.random ^= state.random << 13;
        state.random ^= state.random >> 7;
        state.random ^= state.random << 17;
        (state.random >> 20) % limit.max(1)
    }

    pub(super) fn chance(&self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(super) fn tell(&self, text: impl Into<String>) {
        if self.verbose {
            let (at, text) = (self.begun.elapsed(), text.into());
            if std::env::var_os("LOGS_TRACE").is_some() {
                println!("{at:>12.3?} {text}");
            }
            self.state.borrow_mut().log.push(format!("{at:>12.3?} {text}"));
        }
    }

    pub(super) fn wake(&self) {
        self.changed.notify_waiters();
    }

    /// What the kubelet would report of a pod.
    pub(super) fn status(&self, number: usize) -> PodRun {
        let state = self.state.borrow();
        let pod = &state.pods[number];
        let second = |nanos: i64| Some(Timestamp::from_second(nanos.div_euclid(SECOND)).unwrap());
        let ended = |attempt: &Attempt| {
            let (finished, exit_code) = attempt.ended.unwrap_or_default();
            AttemptEnd {
                id: attempt.id.as_str().into(),
                exit_code,
                signal: 0,
                reason: if exit_code == 0 { "Completed" } else { "Error" }.into(),
                started: second(attempt.started),
                finished: second(finished),
            }
        };
        let last = pod.attempts.len().checked_sub(2).map(|at| ended(&pod.attempts[at]));
        let (run, last) = match pod.attempts.last() {
            None => (RunState::Waiting { reason: "ContainerCreating".into(), message: "".into() }, None),
            Some(attempt) if attempt.ended.is_some() => (RunState::Ended(ended(attempt)), last),
            Some(attempt) => {
                let id = attempt.id.as_str().into();
                (RunState::Running { id, started: second(attempt.started) }, last)
            }
        };
        let restarts = u32::try_from(pod.attempts.len().saturating_sub(1)).unwrap();
        PodRun {
            meta: Meta {
                namespace: "shop".into(),
                name: pod.name.as_str().into(),
                uid: pod.uid.as_str().into(),
                labels: labels(&[("app", "web")]),
                owners: std::sync::Arc::new([Owner {
                    api_version: "apps/v1".into(),
                    kind: "StatefulSet".into(),
                    name: "web".into(),
                    uid: "owner".into(),
                    controller: true,
                }]),
                deleted: pod.deleting.then(|| Timestamp::from_second(BASE / SECOND).unwrap().into()),
                ..Meta::default()
            },
            node: Some("node1".into()),
            phase: pod.phase,
            reason: None,
            restarts: RestartPolicy::OnFailure,
            unscheduled: None,
            containers: Box::new([ContainerRun { name: "main".into(), role: Role::Main, restarts, state: run, last }]),
        }
    }

    /// The API learns of a pod's status.
    pub(super) fn publish(&self, number: usize, run: PodRun) {
        let mut state = self.state.borrow_mut();
        if !state.pods[number].exists {
            return;
        }
        state.version += 1;
        let version = state.version;
        let container = &run.containers[0];
        for attempt in &mut state.pods[number].attempts {
            let id = attempt.id.as_str();
            let last = container.last.as_ref().is_some_and(|last| &*last.id == id);
            attempt.known |= last
                || match &container.state {
                    RunState::Running { id: known, .. } => &**known == id,
                    RunState::Ended(ended) => &*ended.id == id,
                    _ => false,
                };
        }
        state.pods[number].published = Some(run.clone());
        state.history.push((version, Change::Is(run)));
        drop(state);
        self.wake();
    }

    /// The pod's object goes.
    pub(super) fn remove(&self, number: usize) {
        let mut state = self.state.borrow_mut();
        if !std::mem::replace(&mut state.pods[number].exists, false) {
            return;
        }
        state.version += 1;
        let version = state.version;
        if let Some(run) = state.pods[number].published.clone() {
            state.history.push((version, Change::Gone(run)));
        }
        drop(state);
        self.wake();
    }

    pub(super) fn stamp(nanos: i64) -> String {
        format!("{:.9}", Stamp(nanos).time())
    }
}
