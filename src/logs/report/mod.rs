//! From events to bytes: lines for stdout, sentences for stderr.

mod clock;
mod filter;
mod json;
mod style;
mod summary;
mod terminal;
mod text;

pub use filter::Filter;
pub use style::{Format, Style, Template};
pub use summary::Summary;

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::batch::Batch;
use super::event::{Attempt, Event};
use super::lines::Line;

/// A line, and what is said of it.
struct Shown<'l> {
    attempt: &'l Arc<Attempt>,
    head: &'l [u8],
    line: &'l Line,
    message: &'l [u8],
}

/// Turns events into what is written. Holds no writer: what there is to write is taken from it.
pub struct Reporter {
    style: Style,
    /// For stdout.
    pub out: Vec<u8>,
    /// For stderr.
    pub err: Vec<u8>,
    /// What has been read so far.
    pub summary: Summary,
    text: text::Text,
    clock: clock::Clock,
    filter: filter::Passing,
    /// What stands before each line of an attempt.
    heads: HashMap<usize, (Arc<Attempt>, Rc<[u8]>)>,
}

impl Reporter {
    /// A reporter that has seen nothing yet.
    pub fn new(style: Style) -> Self {
        Self {
            style,
            out: Vec::new(),
            err: Vec::new(),
            summary: Summary::default(),
            text: text::Text::default(),
            clock: clock::Clock::default(),
            filter: filter::Passing::default(),
            heads: HashMap::new(),
        }
    }

    /// Takes an event.
    pub fn event(&mut self, event: &Event) {
        self.summary.event(event);
        match event {
            Event::Lines(batch) => return self.lines(batch),
            Event::End(end) => drop(self.heads.remove(&(Arc::as_ptr(&end.attempt) as usize))),
            _ => {}
        }
        if matches!(self.style.format, Format::Json) {
            json::other(&mut self.out, event);
        }
        if !self.style.only_lines {
            text::sentence(&mut self.err, &self.style, event);
        }
    }

    fn lines(&mut self, batch: &Batch) {
        let heads: Vec<(&Arc<Attempt>, Rc<[u8]>)> =
            batch.attempts().map(|attempt| (attempt, self.head(attempt))).collect();
        self.out.reserve(batch.bytes() * 5 / 4);
        for (source, block, lines) in batch.runs() {
            let (attempt, head) = &heads[source];
            for line in lines {
                let message = block.text(line);
                if !self.filter.passes(&self.style.filter, attempt, line.part, message) {
                    continue;
                }
                let line = Shown { attempt, head, line, message };
                match &self.style.format {
                    Format::Json => json::line(&mut self.out, &mut self.clock, &line),
                    Format::Text | Format::Raw | Format::Template(_) => {
                        self.text.line(&mut self.out, &self.style, &mut self.clock, &line);
                    }
                }
            }
        }
    }

    /// What stands before each line of an attempt: its name, or its fields.
    fn head(&mut self, attempt: &Arc<Attempt>) -> Rc<[u8]> {
        let make = || match &self.style.format {
            Format::Json => json::fields(attempt),
            Format::Text if self.style.prefix => text::prefix(&self.style, attempt),
            Format::Text | Format::Raw | Format::Template(_) => Vec::new(),
        };
        let key = Arc::as_ptr(attempt) as usize;
        self.heads.entry(key).or_insert_with(|| (attempt.clone(), make().into())).1.clone()
    }

    /// The end: the summary, as `complete` and with the reason why it ended where it was cut short.
    pub fn finish(&mut self, follow: bool, cut_short: Option<&str>) {
        self.text.finish(&mut self.out);
        if matches!(self.style.format, Format::Json) {
            self.summary.json(&mut self.out, cut_short);
        }
        if !self.style.only_lines {
            self.summary.text(&mut self.err, follow, cut_short);
        }
    }
}
