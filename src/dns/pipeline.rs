//! Many questions over one stream: which are under way, which come next, which have waited too long. No I/O and no clock here:
//! what was received and what time it is are told.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::question::{Outcome, Question};
use super::wire;

/// Questions under way at a time. One stream with so many is as fast as several, and well below what a server bears (measured).
pub const WINDOW: usize = 200;
/// How long an answer may take.
pub const DEADLINE: Duration = Duration::from_secs(2);
/// How often a question is sent.
const ATTEMPTS: u8 = 2;

/// The state of all questions to one server.
#[derive(Debug)]
pub struct Pipeline {
    questions: Vec<Question>,
    outcomes: Vec<Option<Outcome>>,
    waiting: VecDeque<usize>,
    under_way: HashMap<u16, Sent>,
    /// When each was sent, oldest first; those answered since are skipped.
    order: VecDeque<(Instant, u16)>,
    attempts: Vec<u8>,
    next_id: u16,
    heard: Option<Instant>,
    /// Questions in a row that went unanswered while nothing else was heard either.
    silences: u8,
}

#[derive(Debug, Clone, Copy)]
struct Sent {
    question: usize,
    at: Instant,
}

/// What a look at the clock found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expired {
    /// Nothing, or single questions.
    Some,
    /// Nothing at all was heard since the oldest question was sent: the server, or the way to it, is silent.
    Silent,
    /// The same for the second time: nothing more is to be expected.
    Dead,
}

impl Pipeline {
    /// All questions, none of them sent yet.
    pub fn new(questions: Vec<Question>) -> Self {
        let count = questions.len();
        Self {
            questions,
            outcomes: vec![None; count],
            waiting: (0..count).collect(),
            under_way: HashMap::new(),
            order: VecDeque::new(),
            attempts: vec![0; count],
            next_id: 0,
            heard: None,
            silences: 0,
        }
    }

    /// Whether every question has its outcome.
    pub fn done(&self) -> bool {
        self.waiting.is_empty() && self.under_way.is_empty()
    }

    /// The next message to send, if one may be sent now.
    pub fn next_message(&mut self, now: Instant) -> Option<Vec<u8>> {
        while self.under_way.len() < WINDOW {
            let question = self.waiting.pop_front()?;
            while self.under_way.contains_key(&self.next_id) {
                self.next_id = self.next_id.wrapping_add(1);
            }
            let id = self.next_id;
            self.next_id = self.next_id.wrapping_add(1);
            let Some(message) = wire::encode(id, &self.questions[question]) else {
                // A name that DNS can't hold is never asked for; its row says so by itself (NameTooLong).
                self.outcomes[question] = Some(Outcome::Lost);
                continue;
            };
            self.attempts[question] += 1;
            self.under_way.insert(id, Sent { question, at: now });
            self.order.push_back((now, id));
            return Some(message);
        }
        None
    }

    /// Takes a message that came in. What answers no question that is under way is dropped.
    pub fn received(&mut self, frame: &[u8], now: Instant) {
        let Some((id, repeated, reply)) = wire::decode(frame) else { return };
        let Some(sent) = self.under_way.get(&id).copied() else { return };
        if !wire::same(&self.questions[sent.question], &repeated) {
            return;
        }
        self.under_way.remove(&id);
        (self.heard, self.silences) = (Some(now), 0);
        let took = u64::try_from(now.duration_since(sent.at).as_micros()).unwrap_or(u64::MAX);
        self.outcomes[sent.question] = Some(Outcome::Answered(reply, took));
    }

    /// When the next question will have waited too long.
    pub fn next_deadline(&mut self) -> Option<Instant> {
        while let Some((at, id)) = self.order.front() {
            if self.under_way.get(id).is_some_and(|sent| sent.at == *at) {
                return Some(*at + DEADLINE);
            }
            self.order.pop_front();
        }
        None
    }

    /// Takes out the questions that have waited too long: those sent once are sent again.
    pub fn expire(&mut self, now: Instant) -> Expired {
        let mut oldest = None;
        while self.next_deadline().is_some_and(|deadline| deadline <= now) {
            let Some((at, id)) = self.order.pop_front() else { break };
            let Some(sent) = self.under_way.remove(&id) else { continue };
            oldest = oldest.or(Some(at));
            self.give_up_or_repeat(sent.question);
        }
        let Some(oldest) = oldest else { return Expired::Some };
        if self.heard.is_some_and(|heard| heard >= oldest) {
            return Expired::Some;
        }
        self.silences += 1;
        if self.silences < ATTEMPTS { Expired::Silent } else { Expired::Dead }
    }

    /// The stream ended: what was under way is asked again over the next one. A stream that idled too long loses nothing by that.
    pub fn stream_ended(&mut self) {
        let mut lost: Vec<usize> = self.under_way.drain().map(|(_, sent)| sent.question).collect();
        lost.sort_unstable();
        self.order.clear();
        for question in lost.into_iter().rev() {
            self.attempts[question] = self.attempts[question].saturating_sub(1);
            self.waiting.push_front(question);
        }
    }

    /// All outcomes; what has none gets this one.
    pub fn finish(mut self, rest: &Outcome) -> Vec<Outcome> {
        self.outcomes.iter_mut().map(|outcome| outcome.take().unwrap_or_else(|| rest.clone())).collect()
    }

    fn give_up_or_repeat(&mut self, question: usize) {
        if self.attempts[question] < ATTEMPTS {
            self.waiting.push_front(question);
        } else {
            self.outcomes[question] = Some(Outcome::TimedOut);
        }
    }
}

#[cfg(test)]
#[path = "pipeline_tests.rs"]
mod tests;
