//! From events to bytes: lines for stdout, sentences for stderr.

mod filter;
mod json;
mod style;
mod summary;
mod terminal;
mod text;

pub use filter::Filter;
pub use style::{Format, Style, Template};
pub use summary::Summary;

use super::event::Event;

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
    json: json::Json,
    filter: filter::Passing,
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
            json: json::Json::default(),
            filter: filter::Passing::default(),
        }
    }

    /// Takes an event.
    pub fn event(&mut self, event: &Event) {
        self.summary.event(event);
        if let Event::Lines(attempt, block) = event {
            for line in &block.lines {
                let message = block.text(line);
                if !self.filter.passes(&self.style.filter, attempt, line.part, message) {
                    continue;
                }
                match &self.style.format {
                    Format::Json => self.json.line(&mut self.out, attempt, line, message),
                    Format::Text | Format::Raw | Format::Template(_) => {
                        self.text.line(&mut self.out, &self.style, attempt, line, message);
                    }
                }
            }
            return;
        }
        if matches!(self.style.format, Format::Json) {
            json::Json::other(&mut self.out, event);
        }
        if !self.style.only_lines {
            text::sentence(&mut self.err, &self.style, event);
        }
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
