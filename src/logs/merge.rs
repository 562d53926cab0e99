//! A snapshot's lines in one order: by time across containers, by place within a nanosecond, as they came within a container.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::Notify;

use super::batch::Batch;
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
    /// Each with its number in the batch under way, once it has lines there.
    blocks: VecDeque<(Arc<Attempt>, Arc<Block>, Option<usize>)>,
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
        let (_, block, _) = self.blocks.front()?;
        Some(self.time.max(block.lines.get(self.at)?.time.unwrap_or_default()))
    }

    /// Hands on the lines of the first block that come before the first line of the others.
    fn advance(&mut self, number: usize, others: Option<(Stamp, usize)>, batch: &mut Batch) {
        let Some((attempt, block, place)) = self.blocks.front_mut() else { return };
        let source = *place.get_or_insert_with(|| batch.source(attempt.clone(), block.clone()));
        let from = self.at;
        let mut bytes = batch.bytes();
        for line in &block.lines[from..] {
            let time = self.time.max(line.time.unwrap_or_default());
            // Parts of one line stay together.
            let begins = !matches!(line.part, Part::Middle | Part::Last);
            if begins && (others.is_some_and(|others| (time, number) > others) || bytes > BATCH) {
                break;
            }
            self.time = time;
            self.at += 1;
            bytes += (line.end - line.start) as usize;
        }
        batch.run(source, from..self.at);
        if self.at == block.lines.len() {
            self.bytes = self.bytes.saturating_sub(block.bytes.len());
            self.blocks.pop_front();
            self.at = 0;
        }
    }
}

struct State {
    queues: Vec<Queue>,
    /// The next line of each queue that has one.
    heads: BinaryHeap<Reverse<(Stamp, usize)>>,
    /// Queues that have none and may get one: before that nothing can be handed on.
    silent: usize,
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
        Self {
            sink,
            state: Rc::new(RefCell::new(State::new(containers))),
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
                Step::Lines(batch) => {
                    self.left.notify_waiters();
                    self.sink.send(Event::Lines(batch)).await?;
                }
                Step::Wait => self.arrived.notified().await,
                Step::Over => return Ok(()),
            }
        }
    }
}

enum Step {
    Lines(Batch),
    Wait,
    Over,
}

impl State {
    fn new(containers: usize) -> Self {
        let queues = (0..containers).map(|_| Queue::default()).collect();
        Self { queues, heads: BinaryHeap::new(), silent: containers }
    }

    /// The next lines, as far as no container can have an earlier one.
    fn step(&mut self) -> Step {
        let mut batch = Batch::default();
        while self.silent == 0
            && batch.bytes() <= BATCH
            && let Some(Reverse((_, number))) = self.heads.pop()
        {
            let others = self.heads.peek().map(|Reverse(head)| *head);
            let queue = &mut self.queues[number];
            queue.advance(number, others, &mut batch);
            match queue.head() {
                Some(time) => self.heads.push(Reverse((time, number))),
                None if queue.closed => {}
                None => self.silent += 1,
            }
        }
        for (_, _, place) in self.queues.iter_mut().filter_map(|queue| queue.blocks.front_mut()) {
            *place = None;
        }
        match self.silent {
            _ if !batch.is_empty() => Step::Lines(batch),
            0 => Step::Over,
            _ => Step::Wait,
        }
    }

    fn arrive(&mut self, number: usize, attempt: Arc<Attempt>, block: Arc<Block>) {
        if block.lines.is_empty() {
            return;
        }
        let queue = &mut self.queues[number];
        let first = queue.blocks.is_empty();
        queue.bytes += block.bytes.len();
        queue.blocks.push_back((attempt, block, None));
        if let Some(time) = queue.head().filter(|_| first) {
            self.heads.push(Reverse((time, number)));
            self.silent -= 1;
        }
    }

    fn close(&mut self, number: usize) {
        let queue = &mut self.queues[number];
        queue.closed = true;
        self.silent -= usize::from(queue.blocks.is_empty());
    }
}

impl<S> Entrance<'_, S> {
    /// Nothing more comes of this container.
    pub(super) fn close(&self) {
        self.state.borrow_mut().close(self.number);
        self.arrived.notify_one();
    }
}

impl<S: Sink> Sink for Entrance<'_, S> {
    async fn send(&self, event: Event) -> Result<(), Closed> {
        let Event::Lines(batch) = event else { return self.sink.send(event).await };
        for (attempt, block) in batch.into_blocks() {
            self.state.borrow_mut().arrive(self.number, attempt, block);
        }
        self.arrived.notify_one();
        while self.bounded && self.state.borrow().queues[self.number].bytes > ROOM {
            self.left.notified().await;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Role;
    use crate::logs::stamp::SECOND;

    fn attempt() -> Arc<Attempt> {
        Arc::new(Attempt {
            namespace: "shop".into(),
            pod: "web-0".into(),
            uid: "pod".into(),
            container: "main".into(),
            role: Role::Main,
            id: "containerd://a".into(),
            number: 0,
            node: None,
            ordinal: Some(0),
            index: None,
            revision: None,
            place: 0,
        })
    }

    /// A block of lines, each with the second of its time.
    fn block(lines: &[(i64, &str, Part)]) -> Arc<Block> {
        let mut block = Block::default();
        for (second, text, part) in lines {
            block.push(Some(Stamp(second * SECOND)), text.as_bytes(), *part);
        }
        Arc::new(block)
    }

    fn whole(lines: &[(i64, &'static str)]) -> Arc<Block> {
        let lines: Vec<_> = lines.iter().map(|(second, text)| (*second, *text, Part::Whole)).collect();
        block(&lines)
    }

    /// What can be handed on now.
    fn steps(state: &mut State) -> Vec<String> {
        let mut texts = Vec::new();
        while let Step::Lines(batch) = state.step() {
            for (_, block, lines) in batch.runs() {
                texts.extend(lines.iter().map(|line| String::from_utf8_lossy(block.text(line)).into_owned()));
            }
        }
        texts
    }

    #[test]
    fn lines_come_by_time_and_by_place_within_it_and_nothing_before_its_turn() {
        let attempt = attempt();
        let mut state = State::new(2);
        state.arrive(0, attempt.clone(), whole(&[(1, "a1"), (3, "a3"), (5, "a5")]));
        assert!(steps(&mut state).is_empty(), "the other may have an earlier one");
        state.arrive(1, attempt.clone(), whole(&[(1, "b1"), (2, "b2"), (4, "b4")]));
        assert_eq!(steps(&mut state), ["a1", "b1", "b2", "a3", "b4"]);
        state.arrive(1, attempt.clone(), whole(&[(5, "b5"), (6, "b6")]));
        assert_eq!(steps(&mut state), ["a5"]);
        state.close(0);
        assert_eq!(steps(&mut state), ["b5", "b6"]);
        assert!(matches!(state.step(), Step::Wait));
        state.close(1);
        assert!(matches!(state.step(), Step::Over));
    }

    #[test]
    fn a_container_keeps_its_own_order_when_its_clock_is_set_back() {
        let attempt = attempt();
        let mut state = State::new(2);
        state.arrive(0, attempt.clone(), whole(&[(5, "a5"), (2, "a2 later")]));
        state.arrive(1, attempt, whole(&[(4, "b4"), (6, "b6")]));
        state.close(0);
        state.close(1);
        assert_eq!(steps(&mut state), ["b4", "a5", "a2 later", "b6"]);
    }

    #[test]
    fn the_parts_of_a_line_stay_together_across_blocks() {
        let attempt = attempt();
        let mut state = State::new(2);
        state.arrive(0, attempt.clone(), block(&[(1, "begins ", Part::First)]));
        state.arrive(0, attempt.clone(), block(&[(1, "ends", Part::Last), (3, "a3", Part::Whole)]));
        state.arrive(1, attempt, whole(&[(1, "b1"), (2, "b2")]));
        state.close(0);
        state.close(1);
        assert_eq!(steps(&mut state), ["begins ", "ends", "b1", "b2", "a3"]);
    }
}
