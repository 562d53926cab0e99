//! One document of a file at a time, so that memory is bounded by the largest document and a broken one costs only itself.

use std::io::BufRead;

/// A document's text and where it begins.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) text: String,
    /// Line of the file on which `text` begins, counted from 1.
    pub(super) line: u64,
    /// JSON, which may hold several values; else one YAML document.
    pub(super) json: bool,
}

/// The documents of a file, in their order.
pub(super) struct Documents<'a> {
    reader: &'a mut dyn BufRead,
    line: u64,
    json: Option<bool>,
    ended: bool,
}

impl<'a> Documents<'a> {
    pub(super) fn new(reader: &'a mut dyn BufRead) -> Self {
        Self { reader, line: 0, json: None, ended: false }
    }

    /// The next document that is not empty, or the line and sentence of what is no text.
    pub(super) fn next_document(&mut self) -> Option<Result<Document, (u64, String)>> {
        let mut text = String::new();
        let mut first = self.line + 1;
        let mut bytes = Vec::new();
        while !self.ended {
            bytes.clear();
            match self.reader.read_until(b'\n', &mut bytes) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(_) => self.line += 1,
                Err(error) => {
                    self.ended = true;
                    return Some(Err((self.line + 1, super::walk::io_sentence(&error))));
                }
            }
            let Ok(line) = std::str::from_utf8(&bytes) else { return Some(Err(self.binary())) };
            let line = if self.line == 1 { line.trim_start_matches('\u{feff}') } else { line };
            if line.contains('\0') {
                return Some(Err(self.binary()));
            }
            if self.json.is_none() && !line.trim().is_empty() && !line.starts_with('#') && !is_marker(line) {
                self.json = Some(is_json(line));
            }
            // Only YAML has markers, and in its block scalars every line is indented.
            if self.json != Some(true) && is_marker(line) {
                if has_content(&text) {
                    return Some(Ok(Document { text, line: first, json: false }));
                }
                text.clear();
                first = self.line + 1;
                // `--- # comment` and `--- {a: b}`: what follows the marker belongs to the document.
                if let Some(rest) = line.strip_prefix("---")
                    && !rest.trim().is_empty()
                {
                    text.push_str(rest);
                    first = self.line;
                }
                continue;
            }
            text.push_str(line);
        }
        has_content(&text).then(|| Ok(Document { text, line: first, json: self.json == Some(true) }))
    }

    fn binary(&mut self) -> (u64, String) {
        self.ended = true;
        (self.line, "is not text: expected YAML or JSON in UTF-8".to_owned())
    }
}

/// A brace alone is YAML's too: `{kind: Pod}`. JSON's keys are in quotes.
fn is_json(line: &str) -> bool {
    line.trim_start().strip_prefix('{').is_some_and(|rest| {
        let rest = rest.trim_start();
        rest.is_empty() || rest.starts_with(['"', '}'])
    })
}

fn is_marker(line: &str) -> bool {
    ["---", "..."].iter().any(|marker| {
        line.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\r']))
    })
}

fn has_content(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#') && !line.starts_with('%')
    })
}
