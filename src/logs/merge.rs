//! A snapshot's lines in one order: by time across containers, by place within a nanosecond, as they came within a container.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::Notify;

use super::event::{Attempt, Closed, Event, Sink};
use super::lines::{Block, Part};
use super::stamp::Stamp;

/// How much of one container may wait for its turn.
const ROOM: usize = 256 * 1024;
/// How much is handed on at once.
const BATCH: usize = 64 * 1024;

/// Lines of one container that wait.
#[derive(Default)]
struct Queue {
    blocks: VecDeque<(Arc<Attempt>, Block)>,
    /// The next line of the first block.
    at: usize,
    bytes: usize,
    /// The highest time so far: a container's own order is kept even where its clock was set back.
    time: Stamp,
    closed: bool,
}

impl Queue {
    /// The time of the next line.
    fn head(&self) -> Option<Stamp> {
        let (_, block) = self.blocks.front()?;
        Some(self.time.max(block.lines.get(self.at)?.time.unwrap_or_default()))
    }
}

struct State {
    queues: Vec<Queue>,
}

/// Merges the lines of several containers.
pub(super) struct Merge<'s, S> {
    sink: &'s S,
    state: Rc<RefCell<State>>,
    arrived: Rc<Notify>,
    left: Rc<Notify>,
    /// So many containers are read at once; while others wait for a place, nobody may be held back for ever.
    bounded: bool,
}

/// Where one container's events go in.
pub(super) struct Entrance<'s, S> {
    sink: &'s S,
    number: usize,
    state: Rc<RefCell<State>>,
    arrived: Rc<Notify>,
    left: Rc<Notify>,
    bounded: bool,
}

impl<'s, S: Sink> Merge<'s, S> {
    pub(super) fn new(sink: &'s S, containers: usize, at_once: usize) -> Self {
        let queues = (0..containers).map(|_| Queue::default()).collect();
        Self {
            sink,
            state: Rc::new(RefCell::new(State { queues })),
            arrived: Rc::default(),
            left: Rc::default(),
            bounded: containers <= at_once,
        }
    }

    pub(super) fn entrance(&self, number: usize) -> Entrance<'s, S> {
        Entrance {
            sink: self.sink,
            number,
            state: self.state.clone(),
            arrived: self.arrived.clone(),
            left: self.left.clone(),
            bounded: self.bounded,
        }
    }

    /// Hands lines on until all containers are closed.
    pub(super) async fn run(&self) -> Result<(), Closed> {
        loop {
            let step = self.state.borrow_mut().step();
            match step {
                Step::Lines(attempt, block) => {
                    self.left.notify_waiters();
                    self.sink.send(Event::Lines(attempt, block)).await?;
                }
                Step::Wait => self.arrived.notified().await,
                Step::Over => return Ok(()),
            }
        }
    }
}

enum Step {
    Lines(Arc<Attempt>, Block),
    Wait,
    Over,
}

impl State {
    /// The next lines of one attempt, as far as no other container can have an earlier one.
    fn step(&mut self) -> Step {
        let mut first: Option<(Stamp, usize)> = None;
        let mut second: Option<(Stamp, usize)> = None;
        for (number, queue) in self.queues.iter().enumerate() {
            match queue.head() {
                Some(time) => {
                    let here = (time, number);
                    if first.is_none_or(|first| here < first) {
                        second = first.replace(here);
                    } else if second.is_none_or(|second| here < second) {
                        second = Some(here);
                    }
                }
                None if queue.closed => {}
                None => return Step::Wait,
            }
        }
        let Some((_, number)) = first else { return Step::Over };
        let queue = &mut self.queues[number];
        let Some((attempt, block)) = queue.blocks.front() else { return Step::Wait };
        let attempt = attempt.clone();
        let mut out = Block::default();
        while let Some(line) = block.lines.get(queue.at) {
            let time = queue.time.max(line.time.unwrap_or_default());
            // Parts of one line stay together.
            let begins = !matches!(line.part, Part::Middle | Part::Last);
            if begins && (second.is_some_and(|second| (time, number) > second) || out.bytes.len() > BATCH) {
                break;
            }
            queue.time = time;
            out.push(line.time, block.text(line), line.part);
            queue.at += 1;
        }
        if queue.at == block.lines.len() {
            queue.bytes = queue.bytes.saturating_sub(block.bytes.len());
            queue.blocks.pop_front();
            queue.at = 0;
        }
        Step::Lines(attempt, out)
    }
}

impl<S> Entrance<'_, S> {
    /// Nothing more comes of this container.
    pub(super) fn close(&self) {
        self.state.borrow_mut().queues[self.number].closed = true;
        self.arrived.notify_one();
    }
}

impl<S: Sink> Sink for Entrance<'_, S> {
    async fn send(&self, event: Event) -> Result<(), Closed> {
        let Event::Lines(attempt, block) = event else { return self.sink.send(event).await };
        if block.lines.is_empty() {
            return Ok(());
        }
        {
            let queue = &mut self.state.borrow_mut().queues[self.number];
            queue.bytes += block.bytes.len();
            queue.blocks.push_back((attempt, block));
        }
        self.arrived.notify_one();
        while self.bounded && self.state.borrow().queues[self.number].bytes > ROOM {
            self.left.notified().await;
        }
        Ok(())
    }
}
