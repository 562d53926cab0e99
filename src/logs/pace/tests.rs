//! A reader of the output that stops reading while the log is rotated.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use crate::facts::{ContainerRun, Meta, Owner as OwnerRef, PodPhase, PodRun, RestartPolicy, Role, RunState};
use crate::gather::watched::{Change, Snapshot};
use crate::logs::api::{Api, Body, Changes, From, Owner, OwnerKind, Read, Refused};
use crate::logs::event::{Closed, Event, Sink};
use crate::logs::plan::{Attempts, Order, Plan};
use crate::logs::targets::Selection;
use crate::logs::{Limits, run};

/// A container's log: the second of a line is its number.
fn lines(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|at| format!("2026-11-21T12:00:{at:02}.000000000Z line {at}\n").into_bytes()).collect()
}

/// Pieces of a stream, each with how long it is waited for.
type Pieces = Vec<(Duration, Vec<u8>)>;

struct Node {
    /// What the streams that are followed give, the first one's last.
    streams: RefCell<Vec<Pieces>>,
    /// The lines of the present file.
    file: Vec<u32>,
    followed: Cell<u32>,
}

struct Answer {
    pieces: std::vec::IntoIter<(Duration, Vec<u8>)>,
    next: Option<(tokio::time::Instant, Vec<u8>)>,
    follow: bool,
}

impl Body for Answer {
    async fn read(&mut self, into: &mut Vec<u8>) -> Result<bool, Refused> {
        if self.next.is_none() {
            self.next = self.pieces.next().map(|(wait, bytes)| (tokio::time::Instant::now() + wait, bytes));
        }
        match &self.next {
            Some((due, _)) => tokio::time::sleep_until(*due).await,
            None if self.follow => std::future::pending().await,
            None => return Ok(false),
        }
        into.extend(self.next.take().into_iter().flat_map(|(_, bytes)| bytes));
        Ok(true)
    }
}

struct Quiet;

impl<T> Changes<T> for Quiet {
    async fn next(&mut self) -> Result<Option<(Change<T>, String)>, Refused> {
        std::future::pending().await
    }
}

fn owner() -> Meta {
    Meta { namespace: "shop".into(), name: "web".into(), uid: "owner".into(), ..Meta::default() }
}

fn pod() -> PodRun {
    let controller = OwnerRef {
        api_version: "apps/v1".into(),
        kind: "StatefulSet".into(),
        name: "web".into(),
        uid: "owner".into(),
        controller: true,
    };
    let state = RunState::Running { id: "containerd://a".into(), started: None };
    PodRun {
        meta: Meta { name: "web-0".into(), uid: "pod".into(), owners: std::sync::Arc::new([controller]), ..owner() },
        node: Some("node1".into()),
        phase: PodPhase::Running,
        reason: None,
        restarts: RestartPolicy::Always,
        unscheduled: None,
        containers: Box::new([ContainerRun { name: "main".into(), role: Role::Main, restarts: 0, state, last: None }]),
    }
}

impl Api for Node {
    type Body = Answer;
    type Pods = Quiet;
    type Owners = Quiet;

    fn owner_kind(&self) -> OwnerKind {
        OwnerKind::Set
    }
    async fn log(&self, read: &Read) -> Result<Answer, Refused> {
        let pieces = if read.follow {
            self.followed.set(self.followed.get() + 1);
            self.streams.borrow_mut().pop().unwrap_or_default()
        } else {
            let last = match read.from {
                From::Tail(count) => self.file.len().saturating_sub(usize::try_from(count).unwrap()),
                _ => 0,
            };
            vec![(Duration::ZERO, lines(&self.file[last..]))]
        };
        Ok(Answer { pieces: pieces.into_iter(), next: None, follow: read.follow })
    }
    async fn pod(&self, _: &str) -> Result<Option<PodRun>, Refused> {
        Ok(Some(pod()))
    }
    async fn pods(&self) -> Result<Snapshot<PodRun>, Refused> {
        Ok(Snapshot { items: vec![pod()], version: "1".to_owned() })
    }
    async fn watch_pods(&self, _: &str) -> Result<Quiet, Refused> {
        Ok(Quiet)
    }
    async fn owners(&self) -> Result<Snapshot<Owner>, Refused> {
        Ok(Snapshot { items: vec![Owner::Set(owner())], version: "1".to_owned() })
    }
    async fn watch_owners(&self, _: &str) -> Result<Quiet, Refused> {
        Ok(Quiet)
    }
    async fn epitaph(&self, _: &str) -> Option<String> {
        None
    }
}

/// Takes nothing for ten seconds once it has been given the third line.
#[derive(Default)]
struct Slow(RefCell<Vec<String>>);

impl Sink for Slow {
    async fn send(&self, event: Event) -> Result<(), Closed> {
        let told: Vec<String> = match &event {
            Event::Lines(batch) => batch
                .runs()
                .flat_map(|(_, block, lines)| {
                    lines.iter().map(|line| String::from_utf8_lossy(block.text(line)).into_owned())
                })
                .collect(),
            Event::Gap(_, gap) => vec![gap.why.to_owned()],
            _ => Vec::new(),
        };
        let stops = told.iter().any(|told| told == "line 3");
        self.0.borrow_mut().extend(told);
        if stops {
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        Ok(())
    }
}

/// What was told within a minute, and how many streams it took.
fn follow(file: &[u32], streams: Vec<Pieces>) -> (Vec<String>, u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let plan = Plan {
            follow: true,
            attempts: Attempts::Present,
            from: From::Start,
            limits: Limits::default(),
            selection: Selection { owner: "owner".into(), owner_name: "web".into(), ..Selection::default() },
            max_streams: 100,
            order: Order::Time,
            seed: 1,
        };
        let streams = streams.into_iter().rev().collect();
        let node = Node { streams: RefCell::new(streams), file: file.to_vec(), followed: Cell::default() };
        let sink = Slow::default();
        let ended = tokio::time::timeout(Duration::from_mins(1), run(&node, &plan, &sink)).await;
        assert!(ended.is_err(), "the container runs on");
        (sink.0.into_inner(), node.followed.get())
    })
}

const SECOND: Duration = Duration::from_secs(1);

/// The kubelet waited in the file of lines 1 to 4 while another came and went; then it goes on in the newest.
fn first_stream() -> Pieces {
    vec![
        (Duration::ZERO, lines(&[1])),
        (SECOND, lines(&[2, 3])),
        (Duration::ZERO, lines(&[4])),
        (SECOND, lines(&[6, 7, 8])),
    ]
}

#[test]
fn lines_rotated_away_while_nobody_took_them_are_told_as_a_gap_and_none_comes_twice() {
    let (told, streams) = follow(&[6, 7, 8], vec![first_stream(), vec![(Duration::ZERO, lines(&[6, 7, 8, 9]))]]);
    let missing = "the log was rotated while its lines were not taken: some may be missing";
    assert_eq!(
        told,
        ["line 1", "line 2", "line 3", "line 4", "line 6", "line 7", "line 8", "line 9", missing],
        "line 5 is missing, and that is told"
    );
    assert_eq!(streams, 2, "what a stream gives that was behind is not trusted");
}

#[test]
fn a_reader_that_stops_while_nothing_is_rotated_misses_nothing_and_is_told_nothing() {
    let stream = vec![
        (Duration::ZERO, lines(&[1])),
        (SECOND, lines(&[2, 3])),
        (Duration::ZERO, lines(&[4])),
        (SECOND, lines(&[5, 6])),
    ];
    let (told, streams) = follow(&[1, 2, 3, 4, 5, 6], vec![stream]);
    assert_eq!(told, ["line 1", "line 2", "line 3", "line 4", "line 5", "line 6"]);
    assert_eq!(streams, 1);
}
