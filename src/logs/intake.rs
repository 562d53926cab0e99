//! One answer of the log endpoint, taken in: which of its lines are new, and which text in it is no line at all.

use std::sync::Arc;

use super::event::{Attempt, Tally};
use super::lines::{Block, Line, Lines, Part, Rest};
use super::resume::{Aligner, Cursor, Mark, Place};
use super::stamp::Stamp;

/// The limits within which lines are handed on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// `--since-time`, which the server would cut to the second.
    pub since: Option<Stamp>,
    /// `--until`.
    pub until: Option<Stamp>,
    /// `--limit-bytes`, per container.
    pub bytes: Option<u64>,
}

/// What has been read of one attempt.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, in any combination")]
pub(super) struct Reading {
    pub(super) attempt: Arc<Attempt>,
    pub(super) cursor: Cursor,
    pub(super) tally: Tally,
    /// Bytes of the last line that have been handed on, where it was too long and its end has not come.
    pub(super) open: Option<u64>,
    /// The first line of all.
    pub(super) first: Option<Mark>,
    pub(super) limits: Limits,
    /// Its stream was lost at least once.
    pub(super) cut_once: bool,
    /// A stream was lost, and no new line has come since.
    pub(super) interrupted: bool,
    /// No line of it is later than this: when it ended, said its status.
    pub(super) ended_by: Option<Stamp>,
    /// The first line behind the last gap.
    pub(super) behind_gap: Option<Mark>,
    /// Since when its log has been seen to go on after that.
    pub(super) late_since: Option<tokio::time::Instant>,
    /// Behind this line some may be missing, without a gap that has shown itself.
    pub(super) doubt: Option<Stamp>,
    /// It was read to its end, unless what was read is its successor's.
    pub(super) provisional: bool,
    /// A limit was met: nothing more is wanted.
    pub(super) enough: bool,
}

impl Reading {
    pub(super) fn new(attempt: Arc<Attempt>, cursor: Cursor, limits: Limits) -> Self {
        Self {
            attempt,
            cursor,
            tally: Tally::default(),
            open: None,
            first: None,
            limits,
            cut_once: false,
            interrupted: false,
            ended_by: None,
            behind_gap: None,
            late_since: None,
            doubt: None,
            provisional: false,
            enough: false,
        }
    }

    /// Remembers a line and hands it on.
    fn emit(&mut self, time: Stamp, text: &[u8], part: Part, out: &mut Block) {
        if !matches!(part, Part::Middle | Part::Last) {
            let mark = Mark::of(time, text);
            self.first.get_or_insert(mark);
            self.cursor.push(mark);
        }
        self.open = match part {
            Part::First => Some(text.len() as u64),
            Part::Middle => self.open.map(|open| open + text.len() as u64),
            _ => None,
        };
        if self.limits.until.is_some_and(|until| time > until) {
            self.enough = true;
        }
        if self.enough || self.limits.since.is_some_and(|since| time < since) {
            return;
        }
        let left = self.limits.bytes.map_or(u64::MAX, |limit| limit.saturating_sub(self.tally.bytes));
        let (text, part) = match usize::try_from(left) {
            Ok(left) if left < text.len() => (&text[..left], Part::Unended),
            _ => (text, part),
        };
        out.push(Some(time), text, part);
        self.tally.lines += u64::from(!matches!(part, Part::Middle | Part::Last));
        self.tally.bytes += text.len() as u64;
        self.enough = self.limits.bytes.is_some_and(|limit| self.tally.bytes >= limit);
    }

    /// Remembers whole lines that are handed on.
    fn remember(&mut self, block: &Block) {
        let mut marks = block.lines.iter().map(|line| Mark::of(line.time.unwrap_or_default(), block.text(line)));
        self.first = self.first.or_else(|| marks.clone().next());
        self.cursor.extend(&mut marks);
        self.tally.lines += block.lines.len() as u64;
        self.tally.bytes += block.lines.iter().map(|line| u64::from(line.end - line.start)).sum::<u64>();
    }
}

/// What an answer turned out to be, besides lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// Text of the kubelet.
    Text(String),
    /// The first line is none that this attempt may go on with: it and what came with it are kept in `foreign`.
    Foreign,
}

/// The new lines of what came, and what else it was.
pub(super) type Taken = Result<Option<Block>, (Option<Block>, Found)>;

/// Where the parts of a long line go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mid {
    Emit,
    Drop,
    Keep,
    Skip(u64),
}

/// An answer under way.
#[derive(Debug)]
pub(super) struct Intake {
    lines: Lines,
    aligner: Aligner,
    kept: Block,
    mid: Mid,
    /// No line has come yet, and the answer does not start at the log's beginning.
    pub(super) cut: bool,
    /// Lines that may be another attempt's.
    pub(super) foreign: Option<Block>,
    /// How many new lines came.
    pub(super) fresh: u64,
    /// It broke off in the middle of a line.
    pub(super) broken_off: bool,
}

impl Intake {
    /// For an answer that starts at `since`.
    pub(super) fn new(reading: &Reading, since: Option<i64>) -> Self {
        Self {
            lines: Lines::default(),
            aligner: reading.cursor.align(since),
            kept: Block::default(),
            mid: Mid::Emit,
            cut: since.is_some(),
            foreign: None,
            fresh: 0,
            broken_off: false,
        }
    }

    /// Goes on with an answer that was opened for another attempt.
    pub(super) fn inherit(reading: &Reading, lines: Lines) -> Self {
        Self { lines, ..Self::new(reading, None) }
    }

    /// The stream is behind what has been handed on by so many lines.
    pub(super) fn realign(&mut self, reading: &Reading, lines: u64) {
        if lines > 0 {
            self.aligner = reading.cursor.behind(lines);
        }
    }

    /// Where bytes of the answer are appended.
    pub(super) fn room(&mut self) -> &mut Vec<u8> {
        self.lines.room()
    }

    /// How many bytes came.
    pub(super) fn received(&self) -> u64 {
        self.lines.received()
    }

    /// Takes what has come; gives the new lines in it.
    pub(super) fn take(&mut self, reading: &mut Reading) -> Taken {
        let Some(block) = self.lines.take() else { return Ok(None) };
        self.block(reading, block)
    }

    /// The same of a stream that may begin its file anew; whether it did. What comes from there on is not taken.
    pub(super) fn take_until_repeated(&mut self, reading: &mut Reading) -> (Taken, bool) {
        let Some(mut block) = self.lines.take() else { return (Ok(None), false) };
        let at =
            reading.cursor.first_repeated(block.lines.iter().map(|line| Some(Mark::of(line.time?, block.text(line)))));
        if let Some(at) = at {
            block.lines.truncate(at);
        }
        (self.block(reading, block), at.is_some())
    }

    /// Takes lines; gives those that are new.
    pub(super) fn block(&mut self, reading: &mut Reading, block: Block) -> Taken {
        if let Some(foreign) = &mut self.foreign {
            for line in &block.lines {
                foreign.push(line.time, block.text(line), line.part);
            }
            return Ok(None);
        }
        let plain = |line: &Line| line.time.is_some() && line.part == Part::Whole;
        if self.aligner.aligned()
            && (reading.ended_by.is_none() || !reading.cursor.is_empty())
            && self.kept.lines.is_empty()
            && reading.limits == Limits::default()
            && block.lines.iter().all(plain)
        {
            self.cut = false;
            reading.remember(&block);
            self.fresh += block.lines.len() as u64;
            return Ok(Some(block));
        }
        let mut out = Block::default();
        let found = self.one_by_one(reading, &block, &mut out);
        let out = (!out.lines.is_empty()).then_some(out);
        match found {
            Some(found) => Err((out, found)),
            None => Ok(out),
        }
    }

    fn one_by_one(&mut self, reading: &mut Reading, block: &Block, out: &mut Block) -> Option<Found> {
        for (at, line) in block.lines.iter().enumerate() {
            let text = block.text(line);
            if matches!(line.part, Part::Middle | Part::Last) {
                self.further(reading, line, text, out);
                continue;
            }
            let Some(time) = line.time else {
                if self.cut || !self.aligner.complete() {
                    // The rest of a line whose beginning lies before the second that was asked for: it was handed on whole.
                    self.mid = Mid::Drop;
                    continue;
                }
                return Some(Found::Text(String::from_utf8_lossy(text).into_owned()));
            };
            self.cut = false;
            // A first line that is later than the attempt's end is another attempt's, whatever the pod's status says.
            let late = reading.cursor.is_empty() && reading.ended_by.is_some_and(|end| time > end);
            let place = if late { Place::Foreign } else { self.aligner.place(Mark::of(time, text)) };
            match place {
                Place::Known => self.mid = Mid::Drop,
                Place::AllKnown => {
                    self.kept = Block::default();
                    self.mid = match reading.open {
                        Some(open) => Mid::Skip(open.saturating_sub(text.len() as u64)),
                        None => Mid::Drop,
                    };
                }
                Place::Undecided => {
                    self.kept.push(Some(time), text, line.part);
                    self.mid = Mid::Keep;
                }
                Place::New { known } => {
                    self.emit_kept(reading, known, out);
                    self.fresh += 1;
                    reading.emit(time, text, line.part, out);
                    self.mid = Mid::Emit;
                }
                Place::Foreign => {
                    let mut foreign = Block::default();
                    for line in &block.lines[at..] {
                        foreign.push(line.time, block.text(line), line.part);
                    }
                    self.foreign = Some(foreign);
                    return Some(Found::Foreign);
                }
            }
        }
        None
    }

    /// A further part of a long line.
    fn further(&mut self, reading: &mut Reading, line: &Line, text: &[u8], out: &mut Block) {
        let time = line.time.unwrap_or_default();
        match self.mid {
            Mid::Drop => {}
            Mid::Keep => self.kept.push(Some(time), text, line.part),
            Mid::Emit => reading.emit(time, text, line.part, out),
            Mid::Skip(skip) => {
                let length = text.len() as u64;
                if skip > length || skip == length && line.part == Part::Middle {
                    self.mid = Mid::Skip(skip - length);
                } else {
                    let from = usize::try_from(skip).unwrap_or(text.len());
                    reading.emit(time, &text[from..], line.part, out);
                    self.mid = Mid::Emit;
                }
            }
        }
    }

    fn emit_kept(&mut self, reading: &mut Reading, known: usize, out: &mut Block) {
        let kept = std::mem::take(&mut self.kept);
        let mut number = 0;
        for line in &kept.lines {
            number += usize::from(!matches!(line.part, Part::Middle | Part::Last));
            if number > known {
                self.fresh += 1;
                reading.emit(line.time.unwrap_or_default(), kept.text(line), line.part, out);
            }
        }
    }

    /// The foreign lines are this attempt's after all: what lies between was lost. Gives the time of the first of them, and the lines.
    pub(super) fn accept(&mut self, reading: &mut Reading) -> (Option<Stamp>, Taken) {
        self.aligner.accept();
        let block = self.foreign.take().unwrap_or_default();
        let first = block.lines.iter().find_map(|line| Some((line, line.time?)));
        reading.behind_gap = first.map(|(line, time)| Mark::of(time, block.text(line)));
        let first = first.map(|(_, time)| time);
        (first, self.block(reading, block))
    }

    /// Whether the answer, if it ended here, had all that was handed on before.
    pub(super) fn complete(&self) -> bool {
        self.aligner.complete()
    }

    /// Gives the unfinished line up, for another attempt to go on with.
    pub(super) fn hand_over(self) -> (Lines, Block) {
        (self.lines, self.foreign.unwrap_or_default())
    }

    /// The end of the answer: the kubelet's text, if it ended with one. A torn line is kept as [`Intake::unended`] has it.
    pub(super) fn finish(&mut self, reading: &Reading) -> (Option<String>, Option<(Stamp, Vec<u8>)>) {
        let received = self.received();
        match std::mem::take(&mut self.lines).finish() {
            // Behind lines that are known it is the rest of one, cut off in its turn.
            Rest::Text(text) if (self.cut || !self.aligner.complete()) && received > text.len() as u64 => {
                self.broken_off = true;
                (None, None)
            }
            Rest::Text(text) => (Some(String::from_utf8_lossy(&text).into_owned()), None),
            Rest::Torn(time, text) if self.foreign.is_none() => {
                let mark = Mark::of(time, &text);
                let known = matches!(self.aligner.place(mark), Place::Known | Place::AllKnown);
                if known || reading.cursor.knows(mark) {
                    return (None, None);
                }
                (None, Some((time, text)))
            }
            Rest::Nothing => (None, None),
            _ => {
                self.broken_off = true;
                (None, None)
            }
        }
    }
}

/// Hands on the last line of a container that ended without a newline.
pub(super) fn unended(reading: &mut Reading, time: Stamp, text: &[u8]) -> Block {
    let mut out = Block::default();
    reading.emit(time, text, Part::Unended, &mut out);
    out
}
