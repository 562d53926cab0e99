//! A JSON object per line.

use std::io::Write as _;

use base64::Engine as _;
use serde_json::{Value, json};

use jiff::tz::TimeZone;

use super::Shown;
use super::clock::Clock;
use crate::facts::Role;
use crate::logs::event::{Attempt, Event, Note};
use crate::logs::lines::Part;
use crate::logs::stamp::Stamp;

/// The fields of an attempt, for the middle of a record.
pub(super) fn fields(attempt: &Attempt) -> Vec<u8> {
    let mut text = of_attempt(attempt).to_string().into_bytes();
    // Without its braces.
    text.pop();
    text.remove(0);
    text
}

/// A line's record.
pub(super) fn line(out: &mut Vec<u8>, clock: &mut Clock, shown: &Shown<'_>) {
    let Shown { head, line, message, .. } = *shown;
    out.extend_from_slice(b"{\"kind\":\"line\",\"time\":");
    match line.time {
        Some(time) => {
            out.push(b'"');
            clock.write(out, &TimeZone::UTC, time);
            out.extend_from_slice(b"\",");
        }
        // Of a dump that has none.
        None => out.extend_from_slice(b"null,"),
    }
    out.extend_from_slice(head);
    match std::str::from_utf8(message) {
        Ok(text) => {
            out.extend_from_slice(b",\"message\":");
            let _ = serde_json::to_writer(&mut *out, text);
        }
        Err(_) => {
            let _ = write!(out, ",\"messageBase64\":\"{}\"", base64::prelude::BASE64_STANDARD.encode(message));
        }
    }
    match line.part {
        Part::Whole => {}
        Part::Unended => out.extend_from_slice(b",\"newline\":false"),
        Part::First => out.extend_from_slice(b",\"partial\":\"first\""),
        Part::Middle => out.extend_from_slice(b",\"partial\":\"middle\""),
        Part::Last => out.extend_from_slice(b",\"partial\":\"last\""),
    }
    out.extend_from_slice(b"}\n");
}

/// A record of an event that is no line.
pub(super) fn other(out: &mut Vec<u8>, event: &Event) {
    let time = |time: Option<Stamp>| time.map(|time| format!("{:.9}", time.time()));
    let record = match event {
        Event::Lines(..) => return,
        Event::Start(attempt) => with(attempt, json!({"kind": "start"})),
        Event::End(end) => with(
            &end.attempt,
            json!({
                "kind": "end", "lines": end.tally.lines, "bytes": end.tally.bytes, "reconnects": end.tally.reconnects,
                "gaps": end.tally.gaps, "verified": end.unverified.is_none(), "why": end.unverified,
                "exitCode": end.ended.as_ref().map(|ended| ended.exit_code),
                "reason": end.ended.as_ref().map(|ended| &*ended.reason),
            }),
        ),
        Event::Gap(attempt, gap) => {
            with(attempt, json!({"kind": "gap", "after": time(gap.after), "before": time(gap.before), "why": gap.why}))
        }
        Event::Missed { first, count } => with(first, json!({"kind": "missed", "attempts": count})),
        Event::Note(attempt, note) => {
            let record = json!({"kind": "note", "note": name(note), "says": says(note)});
            match attempt {
                Some(attempt) => with(attempt, record),
                None => record,
            }
        }
    };
    let _ = writeln!(out, "{record}");
}

fn with(attempt: &Attempt, mut record: Value) -> Value {
    if let (Value::Object(record), Value::Object(fields)) = (&mut record, of_attempt(attempt)) {
        record.extend(fields);
    }
    record
}

fn of_attempt(attempt: &Attempt) -> Value {
    let role = match attempt.role {
        Role::Init => "init",
        Role::Sidecar => "sidecar",
        Role::Main => "main",
        Role::Ephemeral => "ephemeral",
    };
    let mut fields = json!({
        "namespace": &*attempt.namespace, "pod": &*attempt.pod, "uid": &*attempt.uid, "container": &*attempt.container,
        "role": role, "containerId": &*attempt.id, "attempt": attempt.number + 1,
    });
    let mut add = |name: &str, value: Value| {
        if let (Value::Object(fields), false) = (&mut fields, value.is_null()) {
            fields.insert(name.to_owned(), value);
        }
    };
    add("node", json!(attempt.node.as_deref()));
    add("ordinal", json!(attempt.ordinal));
    add("index", json!(attempt.index));
    add("revision", json!(attempt.revision.as_deref()));
    fields
}

fn name(note: &Note) -> &'static str {
    match note {
        Note::Waiting { .. } => "Waiting",
        Note::Lost(_) => "Interrupted",
        Note::Resumed(_) => "Resumed",
        Note::Kubelet(_) => "Kubelet",
        Note::Polled => "Polled",
        Note::Queued(_) => "Queued",
        Note::Forbidden(_) => "Forbidden",
        Note::Unwatched(_) => "Unwatched",
        Note::NoPods(_) => "NoPods",
        Note::Renamed => "Renamed",
        Note::Owner(_) => "Owner",
    }
}

fn says(note: &Note) -> String {
    match note {
        Note::Waiting { reason, message } if message.is_empty() => reason.clone(),
        Note::Waiting { reason, message } => format!("{reason}: {message}"),
        Note::Lost(text)
        | Note::Kubelet(text)
        | Note::Forbidden(text)
        | Note::Unwatched(text)
        | Note::NoPods(text)
        | Note::Owner(text) => text.clone(),
        Note::Resumed(after) => format!("after {:.1} s", after.as_secs_f32()),
        Note::Polled => "the node can follow no more logs: read every two seconds".to_owned(),
        Note::Queued(count) => format!("{count} containers wait for a stream"),
        Note::Renamed => "the lines so far were of the next attempt".to_owned(),
    }
}
