//! Which lines are shown, and what is highlighted in them.

use std::collections::HashMap;
use std::sync::Arc;

use regex::bytes::Regex;

use crate::logs::event::Attempt;
use crate::logs::lines::Part;

/// Regular expressions on a line's bytes.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// A line must match one of these, if there are any.
    pub include: Vec<Regex>,
    /// And none of these.
    pub exclude: Vec<Regex>,
    /// What is highlighted.
    pub highlight: Vec<Regex>,
}

impl Filter {
    fn passes(&self, message: &[u8]) -> bool {
        (self.include.is_empty() || self.include.iter().any(|pattern| pattern.is_match(message)))
            && !self.exclude.iter().any(|pattern| pattern.is_match(message))
    }

    /// The parts of a message to be highlighted, in order and apart from each other.
    pub(super) fn highlights(&self, message: &[u8]) -> Vec<(usize, usize)> {
        let mut found: Vec<(usize, usize)> = self
            .highlight
            .iter()
            .chain(&self.include)
            .flat_map(|pattern| pattern.find_iter(message).map(|found| (found.start(), found.end())))
            .filter(|(start, end)| start < end)
            .collect();
        found.sort_unstable();
        let mut apart: Vec<(usize, usize)> = Vec::with_capacity(found.len());
        for (start, end) in found {
            match apart.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => apart.push((start, end)),
            }
        }
        apart
    }
}

/// Remembers for lines that come in parts what their first part was judged.
#[derive(Debug, Default)]
pub(super) struct Passing(HashMap<usize, bool>);

impl Passing {
    pub(super) fn passes(&mut self, filter: &Filter, attempt: &Arc<Attempt>, part: Part, message: &[u8]) -> bool {
        if filter.include.is_empty() && filter.exclude.is_empty() {
            return true;
        }
        let key = Arc::as_ptr(attempt) as usize;
        match part {
            Part::Whole | Part::Unended => filter.passes(message),
            Part::First => {
                let passes = filter.passes(message);
                self.0.insert(key, passes);
                passes
            }
            Part::Middle => self.0.get(&key).copied().unwrap_or(true),
            Part::Last => self.0.remove(&key).unwrap_or(true),
        }
    }
}
