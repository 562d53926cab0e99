//! Lines and sentences as text.

use std::io::Write as _;
use std::sync::Arc;

use super::Shown;
use super::clock::Clock;
use super::style::{Field, Format, Piece, Style, Template};
use super::terminal;
use crate::logs::event::{Attempt, DUMPED, End, Event, Note};
use crate::logs::lines::Part;
use crate::logs::stamp::Stamp;
use crate::render::escape;

const PREFIX_COLOURS: [&str; 6] = ["36", "32", "33", "35", "34", "31"];
const HIGHLIGHT: &str = "1;31";

/// Writes lines.
#[derive(Default)]
pub(super) struct Text {
    /// The attempt whose line has begun and not ended.
    within: Option<Arc<Attempt>>,
}

impl Text {
    #[inline]
    pub(super) fn line(&mut self, out: &mut Vec<u8>, style: &Style, clock: &mut Clock, shown: &Shown<'_>) {
        let Shown { attempt, head, line, message } = *shown;
        let goes_on = match self.within.take() {
            Some(within) if Arc::ptr_eq(&within, attempt) => matches!(line.part, Part::Middle | Part::Last),
            Some(_) => {
                // Another container's line comes in between.
                out.push(b'\n');
                false
            }
            None => false,
        };
        match &style.format {
            Format::Template(template) => from_template(out, style, clock, shown, template),
            Format::Raw => out.extend_from_slice(message),
            Format::Text | Format::Json => {
                if !goes_on {
                    out.extend_from_slice(head);
                    if style.timestamps {
                        clock.write(out, &style.zone, line.time.unwrap_or_default());
                        out.push(b' ');
                    }
                }
                body(out, style, message);
            }
        }
        match line.part {
            // The container ended without a newline: in the raw form that is kept.
            Part::Unended if matches!(style.format, Format::Raw) => {}
            Part::Whole | Part::Last | Part::Unended => out.push(b'\n'),
            Part::First | Part::Middle => self.within = Some(attempt.clone()),
        }
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        if self.within.take().is_some() {
            out.push(b'\n');
        }
    }
}

/// Whose a line is, in kubectl's own form.
pub(super) fn prefix(style: &Style, attempt: &Attempt) -> Vec<u8> {
    let name = format!("[pod/{}/{}]", escape(&attempt.pod), escape(&attempt.container));
    let text = if style.colour {
        let sum = attempt.pod.bytes().fold(7usize, |sum, byte| sum.wrapping_mul(31) + usize::from(byte));
        format!("\x1b[{}m{name}\x1b[0m ", PREFIX_COLOURS[sum % PREFIX_COLOURS.len()])
    } else {
        format!("{name} ")
    };
    text.into_bytes()
}

fn from_template(out: &mut Vec<u8>, style: &Style, clock: &mut Clock, shown: &Shown<'_>, template: &Template) {
    let attempt = shown.attempt;
    let number = |out: &mut Vec<u8>, number: Option<i32>| {
        if let Some(number) = number {
            let _ = write!(out, "{number}");
        }
    };
    let text = |out: &mut Vec<u8>, text: &str| out.extend_from_slice(escape(text).as_bytes());
    for piece in &template.0 {
        match piece {
            Piece::Words(words) => out.extend_from_slice(words.as_bytes()),
            Piece::Field(field) => match field {
                Field::Time => {
                    if let Some(time) = shown.line.time {
                        clock.write(out, &style.zone, time);
                    }
                }
                Field::Namespace => text(out, &attempt.namespace),
                Field::Pod => text(out, &attempt.pod),
                Field::Container => text(out, &attempt.container),
                Field::Node => text(out, attempt.node.as_deref().unwrap_or_default()),
                Field::Ordinal => number(out, attempt.ordinal),
                Field::Index => number(out, attempt.index),
                Field::Attempt => {
                    let _ = write!(out, "{}", attempt.number + 1);
                }
                Field::Revision => text(out, attempt.revision.as_deref().unwrap_or_default()),
                Field::Message => body(out, style, shown.message),
            },
        }
    }
}

/// The message itself.
fn body(out: &mut Vec<u8>, style: &Style, message: &[u8]) {
    let plain = |out: &mut Vec<u8>, bytes: &[u8]| {
        if style.terminal { terminal::safe(bytes, out) } else { out.extend_from_slice(bytes) }
    };
    if !style.colour || style.filter.highlight.is_empty() && style.filter.include.is_empty() {
        return plain(out, message);
    }
    let mut from = 0;
    for (start, end) in style.filter.highlights(message) {
        plain(out, &message[from..start]);
        let _ = write!(out, "\x1b[{HIGHLIGHT}m");
        plain(out, &message[start..end]);
        out.extend_from_slice(b"\x1b[0m");
        from = end;
    }
    plain(out, &message[from..]);
}

/// An event that is no line, for stderr.
pub(super) fn sentence(err: &mut Vec<u8>, style: &Style, event: &Event) {
    let text = match event {
        Event::Start(_) if !style.announces() => return,
        Event::Start(attempt) => {
            let node = attempt.node.as_deref().map(|node| format!(" on {node}")).unwrap_or_default();
            format!("+ {}{node}", attempt.name())
        }
        Event::End(end) if style.announces() || end.unverified.as_deref().is_some_and(|why| why != DUMPED) => {
            ended(end)
        }
        Event::Lines(..) | Event::End(_) => return,
        Event::Gap(attempt, gap) => {
            let at = |time: Option<Stamp>| time.map_or_else(|| "?".to_owned(), |time| time.time().to_string());
            format!(
                "! {}: lines are missing between {} and {}: {}",
                attempt.name(),
                at(gap.after),
                at(gap.before),
                gap.why
            )
        }
        Event::Missed { first, count } => {
            let (from, to) = (first.number + 1, first.number + count);
            let which = if *count == 1 { format!("attempt {from}") } else { format!("attempts {from} to {to}") };
            format!(
                "! {}/{}: {which} can't be read any more: the node keeps only the last two",
                first.pod, first.container
            )
        }
        Event::Note(attempt, note) => note_text(attempt.as_deref(), note),
    };
    err.extend_from_slice(escape(&text).as_bytes());
    err.push(b'\n');
}

/// How an attempt ended, and whether that is certain.
fn ended(end: &End) -> String {
    let how = end.ended.as_ref().map_or(String::new(), |ended| {
        let reason = if ended.reason.is_empty() { String::new() } else { format!(" ({})", ended.reason) };
        format!(", exit code {}{reason}", ended.exit_code)
    });
    let mut text = format!("- {}: {}{how}", end.attempt.name(), super::summary::counts(&end.tally));
    match &end.unverified {
        None => text.push_str(", complete"),
        Some(why) => text = format!("{text}, end not verified: {why}"),
    }
    text
}

fn note_text(attempt: Option<&Attempt>, note: &Note) -> String {
    let name = attempt.map_or("logs".to_owned(), Attempt::name);
    match note {
        Note::Waiting { reason, message } if message.is_empty() => format!("~ {name}: waiting to start: {reason}"),
        Note::Waiting { reason, message } => format!("~ {name}: waiting to start: {reason}: {message}"),
        Note::Lost(why) => format!("~ {name}: reading is interrupted ({why}); trying again"),
        Note::Resumed(after) => {
            format!("~ {name}: reading goes on after {:.1} s where it stopped", after.as_secs_f32())
        }
        Note::Kubelet(text) => format!("~ {name}: {text}"),
        Note::Polled => {
            let place = attempt.and_then(|attempt| attempt.node.as_deref()).unwrap_or("its node");
            format!(
                "~ {name}: {place} can follow no more logs (fs.inotify.max_user_instances is used up): read every two seconds instead"
            )
        }
        Note::Queued(count) => format!("~ {count} more containers wait for a stream (--max-streams)"),
        Note::Forbidden(why) => format!("! {name}: {why}"),
        Note::Unwatched(why) => format!("~ pods can't be watched ({why}); trying again"),
        Note::NoPods(why) | Note::Owner(why) => format!("~ {why}"),
        Note::Renamed => format!("~ {name}: the lines so far were of the next attempt"),
    }
}
