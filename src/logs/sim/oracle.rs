//! What was handed on, held to what was written.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::node::{Attempt, World};
use crate::logs::batch::Batch;
use crate::logs::event::{self, Event};
use crate::logs::lines::{Line, Part};
use crate::logs::report::{Filter, Format, Reporter, Style};

/// What was told of one attempt.
#[derive(Default)]
struct Told {
    lines: Vec<String>,
    gaps: usize,
    ends: usize,
    unverified: Option<String>,
    /// Lines that were told in another attempt's name.
    misnamed: usize,
}

/// The lines of an attempt, and how many of the first no request could give.
fn truth(attempt: &Attempt) -> (Vec<String>, usize) {
    let (mut lines, mut line, mut before) = (Vec::new(), String::new(), 0);
    for (number, record) in attempt.records.iter().enumerate() {
        line.push_str(&record.text);
        if record.full {
            lines.push(std::mem::take(&mut line));
            before += usize::from(number < attempt.owed.unwrap_or(attempt.file));
        }
    }
    (lines, before)
}

/// The lines of a batch, each with the attempt that it was told of.
fn lines(batch: &Batch) -> impl Iterator<Item = (&event::Attempt, &Line, String)> {
    let attempts: Vec<&event::Attempt> = batch.attempts().map(|attempt| &**attempt).collect();
    batch.runs().flat_map(move |(source, block, lines)| {
        let attempt = attempts[source];
        lines.iter().map(move |line| (attempt, line, String::from_utf8_lossy(block.text(line)).into_owned()))
    })
}

/// Lines by the attempt that wrote them, which they carry in their text; the rest by the attempt that it was told of.
fn gather(events: &[Event]) -> BTreeMap<String, Told> {
    let mut all: BTreeMap<String, Told> = BTreeMap::new();
    for event in events {
        match event {
            Event::Lines(batch) => {
                for (attempt, line, text) in lines(batch) {
                    assert!(matches!(line.part, Part::Whole | Part::Unended));
                    let writer = text.split(' ').next().unwrap_or_default().to_owned();
                    let told = all.entry(writer.clone()).or_default();
                    told.misnamed += usize::from(writer != name(&attempt.id));
                    told.lines.push(text);
                }
            }
            Event::Gap(attempt, _) => all.entry(name(&attempt.id)).or_default().gaps += 1,
            Event::End(end) => {
                let told = all.entry(name(&end.attempt.id)).or_default();
                told.ends += 1;
                told.unverified = told.unverified.take().or_else(|| end.unverified.clone());
            }
            _ => {}
        }
    }
    all
}

/// `web-0-0#1` of the container ID.
fn name(id: &str) -> String {
    match id.trim_start_matches("containerd://").rsplit_once('-') {
        Some((uid, number)) => format!("{uid}#{number}"),
        None => "unknown".to_owned(),
    }
}

/// How many lines of the truth are missing behind the first `before`, if what was told is a part of it in its order.
fn missing(truth: &[String], before: usize, told: &[String]) -> Result<usize, String> {
    // From the end: of equal lines those at the front are the ones that were rotated away.
    let (mut at, mut found) = (truth.len(), 0);
    for (number, line) in told.iter().enumerate().rev() {
        match truth[..at].iter().rposition(|known| known == line) {
            Some(place) => {
                at = place;
                found += usize::from(place >= before);
            }
            None => return Err(format!("line {number} {line:?} is there twice, out of order, or not its own")),
        }
    }
    Ok(truth.len() - before - found)
}

/// No line twice, none lost without a word; and where nothing could be lost, everything there and verified.
pub(super) fn judge(world: &World, events: &[Event]) -> Result<(), String> {
    let told = gather(events);
    let state = world.state.borrow();
    let gentle = world.gentle.get();
    let missed = |id: &str| {
        events.iter().any(|event| match event {
            Event::Missed { first, count } => {
                (first.number..first.number + count).any(|number| id == format!("{}#{number}", first.uid))
            }
            _ => false,
        })
    };
    let mut trouble = Vec::new();
    for attempt in state.pods.iter().flat_map(|pod| &pod.attempts) {
        let id = name(&attempt.id);
        let (truth, before) = truth(attempt);
        let nothing = Told::default();
        let told = told.get(&id).unwrap_or(&nothing);
        let mut say = |what: String| trouble.push(format!("{id}: {what}"));
        if told.ends > 1 || gentle && told.ends == 0 {
            say(format!("ended {} times", told.ends));
        }
        // An attempt of which no status told, or that was over between two looks, is missed with a word of its own.
        let unseen = events.iter().any(|event| match event {
            Event::End(end) => end.attempt.id.is_empty() && id.starts_with(&format!("{}#", end.attempt.uid)),
            _ => false,
        });
        let excused =
            told.gaps > 0 || told.unverified.is_some() || missed(&id) || unseen || told.ends == 0 && !attempt.known;
        match missing(&truth, before, &told.lines) {
            Err(why) => say(why),
            Ok(0) => {}
            Ok(lost) if gentle || !excused => say(format!("{lost} of {} lines lost without a word", truth.len())),
            Ok(_) => {}
        }
        if told.gaps > 0 && (gentle || !attempt.rotated) {
            say("a gap where nothing was lost".to_owned());
        }
        if gentle && let Some(why) = &told.unverified {
            say(format!("not verified: {why}"));
        }
    }
    trouble.extend(misjudged(events, told.values().map(|told| told.lines.len()).sum(), gentle));
    if trouble.is_empty() { Ok(()) } else { Err(trouble.join("; ")) }
}

/// What the summary says that is not so.
fn misjudged(events: &[Event], lines: usize, gentle: bool) -> Option<String> {
    let mut reporter = Reporter::new(Style {
        format: Format::Text,
        prefix: true,
        timestamps: false,
        zone: TimeZone::UTC,
        colour: false,
        terminal: false,
        only_lines: false,
        follow: true,
        filter: Filter::default(),
    });
    for event in events {
        reporter.event(event);
    }
    reporter.finish(true, None);
    let said = String::from_utf8_lossy(&reporter.err).into_owned();
    let summary = said.lines().last().unwrap_or_default();
    let counted = if lines == 1 { ", 1 line, ".to_owned() } else { format!(", {lines} lines, ") };
    let right = summary.contains(&counted) && (!gentle || summary.ends_with(": complete, every end verified"));
    (!right).then(|| format!("{lines} lines were told, and then: {summary}"))
}

/// Everything that happened, for a person.
pub(super) fn tell(world: &World, events: &[Event]) {
    for line in &world.state.borrow().log {
        println!("{line}");
    }
    for event in events {
        match event {
            Event::Lines(batch) => {
                for (attempt, _, text) in lines(batch) {
                    println!("{} {text}", attempt.id);
                }
            }
            other => println!("{other:?}"),
        }
    }
    for pod in &world.state.borrow().pods {
        for attempt in &pod.attempts {
            println!("truth of {}: {:?}", attempt.id, truth(attempt));
        }
    }
}
