//! What has been handed on of a log, and where an answer goes on from there.
//!
//! The API has no offsets: an answer can only be asked to start at a second. So the last few seconds of lines are remembered by
//! time and content, the next answer is asked to start before them, and it is laid against what is remembered: the longest end of
//! the one that is a beginning of the other has been handed on already, and what follows is new. The kubelet filters an answer by
//! `time >= since`, inclusive, and never reorders it (cri-client `pkg/logs/logs.go`), which is why this can be exact.

use std::collections::{HashMap, HashSet, VecDeque};

use super::stamp::{SECOND, Stamp};

/// How far before the last line an answer is asked to start: covers lines of the two streams that were written out of order, and a
/// node's clock that was set back by a little.
const SLACK: i64 = 4;
/// How many lines are remembered at most (16 bytes each).
const MOST: usize = 1 << 20;

/// A line as it is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mark {
    time: Stamp,
    content: u64,
}

impl Mark {
    /// The line's time.
    pub fn time(self) -> Stamp {
        self.time
    }

    /// Of a line, or of the first part of one that is handed on in parts.
    #[inline]
    pub fn of(time: Stamp, text: &[u8]) -> Self {
        Self { time, content: digest(text) }
    }
}

/// A line is told from another by this and by its nanosecond. Thirty-two bytes at a time, in two halves that don't wait for each other;
/// each multiplication's halves are folded (W. Yi, "wyhash").
#[inline]
fn digest(text: &[u8]) -> u64 {
    let mut halves = [text.len() as u64, 0x9E37_79B9_7F4A_7C15];
    let (wholes, rest) = text.as_chunks::<32>();
    for whole in wholes {
        mix(&mut halves, whole);
    }
    let mut last = [0; 32];
    last[..rest.len()].copy_from_slice(rest);
    mix(&mut halves, &last);
    fold(halves[0] ^ 0xE703_7ED1_A0B4_28DB, halves[1] ^ 0x8EBC_6AF0_9C88_C6E3)
}

#[inline]
fn mix(halves: &mut [u64; 2], bytes: &[u8; 32]) {
    let (words, _) = bytes.as_chunks::<8>();
    let word = |at: usize| u64::from_le_bytes(words[at]);
    halves[0] = fold(word(0) ^ halves[0], word(1) ^ 0xA076_1D64_78BD_642F);
    halves[1] = fold(word(2) ^ halves[1], word(3) ^ 0x5899_65CC_7537_4CC3);
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the two halves of a product")]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

/// What has been handed on of one attempt's log.
#[derive(Debug, Clone, Default)]
pub struct Cursor {
    ring: VecDeque<Mark>,
    highest: Option<Stamp>,
    last: Option<Stamp>,
    first: Option<Stamp>,
    /// Lines up to this time may have been handed on, or left out on purpose, without being remembered.
    forgotten: Option<Stamp>,
    pushed: u64,
    /// Answers start at the log's beginning.
    whole: bool,
}

impl Cursor {
    /// Remembers a line that is handed on.
    pub fn push(&mut self, mark: Mark) {
        self.extend(std::iter::once(mark));
    }

    /// Remembers lines that are handed on, in their order.
    #[inline]
    pub fn extend(&mut self, marks: impl Iterator<Item = Mark>) {
        let before = self.ring.len();
        self.ring.extend(marks);
        let mut new = self.ring.range(before..).map(|mark| mark.time);
        self.pushed += new.len() as u64;
        self.highest = self.highest.max(new.clone().max());
        self.first = self.first.or(new.clone().next());
        self.last = new.next_back().or(self.last);
        self.forget();
    }

    /// Forgets what lies before everything that an answer can be asked for.
    fn forget(&mut self) {
        let floor = self.reach().unwrap_or(i64::MIN).saturating_mul(SECOND);
        while let Some(front) = self.ring.front() {
            if front.time.0 >= floor && self.ring.len() <= MOST {
                break;
            }
            self.forgotten = self.forgotten.max(Some(front.time));
            self.ring.pop_front();
        }
    }

    /// Nothing up to this time is wanted: reading started behind it (`--tail`, `--since`).
    pub fn starts_after(&mut self, time: Stamp) {
        self.forgotten = self.forgotten.max(Some(time));
        self.highest = self.highest.max(Some(time));
        self.last = self.last.max(Some(time));
    }

    /// Nothing up to this line, and not this line, is wanted (`--tail 0`).
    pub fn starts_with(&mut self, mark: Mark) {
        self.starts_after(mark.time);
        self.ring.push_back(mark);
    }

    /// The shortest end of what was handed on that stands nowhere else in the log: the last line, those equal to it before it, and one
    /// more. `None` where that is not remembered.
    pub fn ending(&self) -> Option<Vec<Mark>> {
        let last = self.ring.back()?;
        let equal = self.ring.iter().rev().take_while(|mark| *mark == last).count();
        let from = self.ring.len().checked_sub(equal + 1)?;
        Some(self.ring.range(from..).copied().collect())
    }

    /// How many lines have been handed on.
    pub fn pushed(&self) -> u64 {
        self.pushed
    }

    /// Prepares for a stream that is behind by the last so many lines.
    pub fn behind(&self, lines: u64) -> Aligner {
        let lines = usize::try_from(lines).unwrap_or(usize::MAX);
        let skip = self.ring.len().saturating_sub(lines);
        let expected = self.ring.iter().skip(skip).copied().collect();
        let forgotten = self.forgotten.filter(|_| lines > self.ring.len());
        Aligner { expected, forgotten, seen: 0, candidates: Vec::new(), state: State::Matching }
    }

    /// The second that an answer must start at, in seconds since 1970; `None` where it must start at the beginning.
    #[inline]
    pub fn since(&self) -> Option<i64> {
        self.reach().filter(|_| !self.whole)
    }

    #[inline]
    fn reach(&self) -> Option<i64> {
        // After a clock was set back the last line lies before the highest: what follows it counts.
        let base = self.last?.min(self.highest?);
        Some(base.floor_second() - SLACK)
    }

    /// Whether this line, the log's last, lies before all that an answer would be asked for: the clock was set back, and what was written
    /// since then would be left out.
    pub fn is_out_of_reach(&self, last: Mark) -> bool {
        self.since().is_some_and(|since| last.time.floor_second() < since) && !self.knows(last)
    }

    /// From now on answers must start at the beginning.
    pub fn ask_for_all(&mut self) {
        self.whole = true;
    }

    /// The highest time of all lines.
    pub fn highest(&self) -> Option<Stamp> {
        self.highest
    }

    /// The time of the line that was handed on last.
    pub fn last(&self) -> Option<Stamp> {
        self.last
    }

    /// The time of the line that was handed on first.
    pub fn first(&self) -> Option<Stamp> {
        self.first
    }

    /// Whether nothing has been handed on.
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Whether this line has been handed on and is remembered.
    pub fn knows(&self, mark: Mark) -> bool {
        self.ring.contains(&mark)
    }

    /// The number of the first of these lines that is no new one in a stream: it lies before its predecessors, and is remembered, or older
    /// than all that is.
    pub fn first_repeated(&self, marks: impl Iterator<Item = Option<Mark>>) -> Option<usize> {
        let (mut highest, mut these) = (self.highest, HashSet::new());
        for (number, mark) in marks.enumerate() {
            let Some(mark) = mark else { continue };
            if let Some(highest) = highest.filter(|highest| mark.time < *highest)
                && (mark.time.floor_second() < highest.floor_second() - SLACK
                    || these.contains(&mark)
                    || self.knows(mark))
            {
                return Some(number);
            }
            these.insert(mark);
            highest = highest.max(Some(mark.time));
        }
        None
    }

    /// Prepares for an answer that starts at `since`.
    pub fn align(&self, since: Option<i64>) -> Aligner {
        let floor = since.map_or(i64::MIN, |since| since.saturating_mul(SECOND));
        let expected: Vec<Mark> = self.ring.iter().filter(|mark| mark.time.0 >= floor).copied().collect();
        let forgotten = self.forgotten.filter(|time| time.0 >= floor);
        Aligner { expected, forgotten, seen: 0, candidates: Vec::new(), state: State::Matching }
    }
}

/// Lays an answer against what is remembered.
#[derive(Debug)]
pub struct Aligner {
    expected: Vec<Mark>,
    forgotten: Option<Stamp>,
    /// How many lines have come.
    seen: usize,
    /// The longest overlap first.
    candidates: Vec<Candidate>,
    state: State,
}

/// A way in which the answer may overlap with what is remembered.
#[derive(Debug)]
struct Candidate {
    /// The next line must be `expected[next]`.
    next: usize,
    /// The number of the answer's line that was the last one remembered.
    done: Option<usize>,
}

#[derive(Debug)]
enum State {
    Matching,
    /// Everything from here on is new.
    Aligned,
    /// What is remembered and what came differ in the middle: line by line, by what is remembered.
    ByMembership(HashMap<Mark, usize>),
}

/// What is to be done with a line of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It was handed on already.
    Known,
    /// So was this one, and all that were kept.
    AllKnown,
    /// Not decided yet: it is to be kept.
    Undecided,
    /// It is new; of those kept, the first so many were known.
    New {
        /// How many of the kept lines, from the first, are known after all.
        known: usize,
    },
    /// The answer's first line is none of those remembered: the log went on elsewhere, or this is another attempt's.
    Foreign,
}

impl Aligner {
    /// Whether every further line is new.
    #[inline]
    pub fn aligned(&self) -> bool {
        matches!(self.state, State::Aligned) || self.expected.is_empty() && self.forgotten.is_none()
    }

    /// Whether all lines that are expected have come: then an end of the answer here is a whole one.
    pub fn complete(&self) -> bool {
        match self.state {
            State::Matching => self.expected.is_empty(),
            State::Aligned | State::ByMembership(_) => true,
        }
    }

    /// Whether no line has come yet.
    pub fn untouched(&self) -> bool {
        self.seen == 0
    }

    /// The answer is taken to go on where the remembered lines ended, although they don't meet.
    pub fn accept(&mut self) {
        self.state = State::Aligned;
    }

    /// The next line.
    #[inline]
    pub fn place(&mut self, mark: Mark) -> Place {
        match &mut self.state {
            State::Aligned => Place::New { known: 0 },
            State::ByMembership(known) => match known.get_mut(&mark).filter(|count| **count > 0) {
                Some(count) => {
                    *count -= 1;
                    Place::Known
                }
                None => Place::New { known: 0 },
            },
            State::Matching if self.expected.is_empty() => {
                if self.forgotten.is_some_and(|time| mark.time <= time) {
                    return Place::Known;
                }
                self.state = State::Aligned;
                Place::New { known: 0 }
            }
            State::Matching => self.match_next(mark),
        }
    }

    fn match_next(&mut self, mark: Mark) -> Place {
        let at = self.seen;
        self.seen += 1;
        let expected = &self.expected;
        self.candidates.retain_mut(|candidate| {
            if candidate.done.is_some() {
                return true;
            }
            let fits = expected[candidate.next] == mark;
            candidate.next += 1;
            candidate.done = (fits && candidate.next == expected.len()).then_some(at);
            fits
        });
        let earliest = self.candidates.iter().filter_map(|candidate| candidate.done).min();
        // At the start any end of what is remembered may come first (its beginning may have been rotated away); behind lines that are
        // not remembered only all of it.
        let starts = match at {
            0 => expected.len(),
            _ => usize::from(self.forgotten.is_some() && earliest.is_none()),
        };
        for from in (0..starts).filter(|from| expected[*from] == mark) {
            self.candidates.push(Candidate { next: from + 1, done: (from + 1 == expected.len()).then_some(at) });
        }
        let Some(longest) = self.candidates.first() else {
            if self.forgotten.is_some_and(|time| mark.time <= time) {
                return Place::Known;
            }
            if at == 0 {
                self.seen = 0;
                return Place::Foreign;
            }
            return self.by_membership(mark);
        };
        match (longest.done, earliest) {
            (Some(done), _) if done == at => {
                self.state = State::Aligned;
                Place::AllKnown
            }
            (Some(done), earliest) => {
                self.state = State::Aligned;
                Place::New { known: done - earliest.unwrap_or(done) }
            }
            // Behind the end of a shorter overlap, while a longer one is still possible.
            (None, Some(done)) if done < at => Place::Undecided,
            (None, _) => Place::Known,
        }
    }

    /// What came and what is remembered agree at first and then differ, which no log should do: line by line, by what is remembered.
    fn by_membership(&mut self, mark: Mark) -> Place {
        let mut known: HashMap<Mark, usize> = HashMap::new();
        for expected in &self.expected {
            *known.entry(*expected).or_default() += 1;
        }
        self.state = State::ByMembership(known);
        self.place(mark)
    }
}

#[cfg(test)]
mod tests;
