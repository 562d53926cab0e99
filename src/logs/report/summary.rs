//! What was read, and whether it is all.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;

use serde_json::json;

use crate::facts::{Role, format_bytes};
use crate::logs::event::{Attempt, DUMPED, End, Event, Tally};
use crate::logs::lines::Part;
use crate::render::escape;

/// All attempts of a run.
#[derive(Debug, Default)]
pub struct Summary {
    ends: Vec<End>,
    /// Attempts that are being read, with what came of them.
    open: BTreeMap<usize, (Arc<Attempt>, Tally)>,
    missed: u32,
}

impl Summary {
    pub(super) fn event(&mut self, event: &Event) {
        match event {
            Event::Start(attempt) => {
                self.open.insert(Arc::as_ptr(attempt) as usize, (attempt.clone(), Tally::default()));
            }
            Event::Lines(batch) => {
                let mut tallies = vec![Tally::default(); batch.attempts().len()];
                for (source, _, lines) in batch.runs() {
                    let whole = lines.iter().filter(|line| !matches!(line.part, Part::Middle | Part::Last));
                    tallies[source].lines += whole.count() as u64;
                    tallies[source].bytes += lines.iter().map(|line| u64::from(line.end - line.start)).sum::<u64>();
                }
                for (attempt, new) in batch.attempts().zip(tallies) {
                    if let Some((_, tally)) = self.open.get_mut(&(Arc::as_ptr(attempt) as usize)) {
                        tally.lines += new.lines;
                        tally.bytes += new.bytes;
                    }
                }
            }
            Event::End(end) => {
                self.open.remove(&(Arc::as_ptr(&end.attempt) as usize));
                self.ends.push(end.clone());
            }
            Event::Missed { count, .. } => self.missed += count,
            Event::Gap(..) | Event::Note(..) => {}
        }
    }

    /// Whether every line that the API could give was handed on, and that is certain.
    pub fn complete(&self) -> bool {
        self.missed == 0 && self.ends.iter().all(|end| end.unverified.is_none() && end.tally.gaps == 0)
    }

    /// Whether a log may not be read.
    pub fn refused(&self) -> bool {
        self.ends.iter().any(|end| end.refused)
    }

    /// Whether nothing was read at all.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty() && self.open.is_empty()
    }

    /// The exit code of the main container that failed last.
    pub fn failed_code(&self) -> Option<i32> {
        let failed = |end: &&End| end.attempt.role == Role::Main;
        let codes = self.ends.iter().filter(failed).filter_map(|end| end.ended.as_ref());
        codes.filter(|ended| ended.exit_code != 0).max_by_key(|ended| ended.finished).map(|ended| ended.exit_code)
    }

    fn total(&self) -> Tally {
        let open = self.open.values().map(|(_, tally)| tally);
        self.ends.iter().map(|end| &end.tally).chain(open).fold(Tally::default(), |sum, tally| Tally {
            lines: sum.lines + tally.lines,
            bytes: sum.bytes + tally.bytes,
            reconnects: sum.reconnects + tally.reconnects,
            gaps: sum.gaps + tally.gaps,
        })
    }

    /// One sentence on all of it.
    pub(super) fn text(&self, err: &mut Vec<u8>, follow: bool, cut_short: Option<&str>) {
        if self.is_empty() && self.missed == 0 {
            return;
        }
        let attempts = self.ends.len() + self.open.len();
        let mut faults = Vec::new();
        let total = self.total();
        if total.gaps > 0 {
            faults.push(format!("{} {} in the logs", total.gaps, if total.gaps == 1 { "gap" } else { "gaps" }));
        }
        if self.missed > 0 {
            faults.push(format!("{} earlier attempts could not be read", self.missed));
        }
        let dumped = self.ends.iter().filter(|end| end.unverified.as_deref() == Some(DUMPED)).count();
        if dumped > 0 {
            faults.push("read from a dump, as far as it goes".to_owned());
        }
        let unverified = self.ends.iter().filter(|end| end.unverified.is_some()).count() - dumped;
        if unverified > 0 {
            faults.push(format!("{unverified} of {attempts} ends not verified"));
        }
        if !self.open.is_empty() {
            faults.push(format!("{} still being read", self.open.len()));
        }
        let verdict = match (faults.is_empty(), follow) {
            (true, _) => "complete, every end verified".to_owned(),
            (false, _) => faults.join(", "),
        };
        let cut = cut_short.map(|why| format!(" ({why})")).unwrap_or_default();
        let noun = if attempts == 1 { "attempt" } else { "attempts" };
        let text = format!("= {attempts} {noun}, {}: {verdict}{cut}", counts(&total));
        err.extend_from_slice(escape(&text).as_bytes());
        err.push(b'\n');
    }

    /// The same as a record.
    pub(super) fn json(&self, out: &mut Vec<u8>, cut_short: Option<&str>) {
        let ends = self.ends.iter().map(|end| {
            json!({
                "pod": &*end.attempt.pod, "uid": &*end.attempt.uid, "container": &*end.attempt.container,
                "attempt": end.attempt.number + 1, "lines": end.tally.lines, "bytes": end.tally.bytes,
                "reconnects": end.tally.reconnects, "gaps": end.tally.gaps, "verified": end.unverified.is_none(),
                "why": end.unverified, "exitCode": end.ended.as_ref().map(|ended| ended.exit_code),
                "reason": end.ended.as_ref().map(|ended| &*ended.reason),
            })
        });
        let total = self.total();
        let record = json!({
            "kind": "summary", "complete": self.complete() && cut_short.is_none(), "cutShort": cut_short,
            "lines": total.lines, "bytes": total.bytes, "gaps": total.gaps, "missedAttempts": self.missed,
            "open": self.open.len(), "attempts": ends.collect::<Vec<_>>(),
        });
        let _ = writeln!(out, "{record}");
    }
}

/// `420 lines, 12.3Ki, 2 reconnects`.
pub(super) fn counts(tally: &Tally) -> String {
    let counted = |number: u32, noun: &str| match number {
        0 => String::new(),
        1 => format!(", 1 {noun}"),
        many => format!(", {many} {noun}s"),
    };
    let lines = if tally.lines == 1 { "1 line".to_owned() } else { format!("{} lines", tally.lines) };
    let (reconnects, gaps) = (counted(tally.reconnects, "reconnect"), counted(tally.gaps, "gap"));
    format!("{lines}, {}B{reconnects}{gaps}", format_bytes(tally.bytes))
}
