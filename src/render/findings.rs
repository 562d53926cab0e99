//! Verdicts for a reader: what is the matter, since when, how that is known, what to type next.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;

use super::{age, escape, escape_lines};
use crate::findings::{Severity, Verdict};

/// Writes each verdict with its evidence and its next step. A step of several lines starts at the left edge, so that it can be
/// copied as it is. With `colour` the severity's word is coloured; it says the same without.
pub fn write_findings(out: &mut dyn Write, verdicts: &[Verdict], now: Timestamp, colour: bool) -> io::Result<()> {
    for (at, verdict) in verdicts.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        let style = if colour { style(verdict.severity) } else { Style::new() };
        write!(out, "{style}{}{style:#}: {}", severity(verdict.severity), verdict.code.word())?;
        if let Some(object) = &verdict.object {
            write!(out, ", {}/{}", object.kind, escape(&object.name))?;
        }
        if let Some(since) = verdict.since {
            write!(out, ", since {} ({} ago)", super::utc(since), age(since, now))?;
        }
        writeln!(out, "\n  {}", escape(&verdict.says))?;
        for evidence in &verdict.evidence {
            writeln!(out, "  - {} {}: {}", escape(&evidence.object), escape(&evidence.field), escape(&evidence.value))?;
        }
        for unknown in &verdict.unknown {
            writeln!(out, "  ? {}", escape(unknown))?;
        }
        match verdict.next.as_deref() {
            Some(step) if step.contains('\n') => writeln!(out, "  next:\n{}", escape_lines(step))?,
            Some(step) => writeln!(out, "  next: {}", escape(step))?,
            None => {}
        }
    }
    Ok(())
}

fn style(severity: Severity) -> Style {
    match severity {
        Severity::Fault => AnsiColor::Red.on_default().bold(),
        Severity::Unknown => AnsiColor::Magenta.on_default(),
        Severity::Waiting => AnsiColor::Yellow.on_default(),
        Severity::Notice => AnsiColor::Cyan.on_default(),
        Severity::Ok => AnsiColor::Green.on_default(),
    }
}

/// The severity as a word.
fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Fault => "Fault",
        Severity::Waiting => "Waiting",
        Severity::Notice => "Notice",
        Severity::Ok => "Ok",
        Severity::Unknown => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::Code;

    #[test]
    fn a_finding_states_evidence_and_a_step_that_can_be_copied() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let verdicts = [
            Verdict::new(Code::ServiceMissing, "No Service \u{1b}[31m.")
                .since(Some("2026-11-21T11:00:00Z".parse().unwrap()))
                .because("StatefulSet/web", "spec.serviceName", "we\nb")
                .next("kubectl apply -f - <<'EOF'\nkind: Service\nEOF"),
            Verdict::new(Code::NoServiceName, "Legal.").next("nothing"),
        ];
        let mut out = Vec::new();
        write_findings(&mut out, &verdicts, now, false).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "Fault: ServiceMissing, since 2026-11-21T11:00:00Z (60m ago)\n  No Service ^[[31m.\n  - StatefulSet/web spec.serviceName: we\\nb\n  \
             next:\nkubectl apply -f - <<'EOF'\nkind: Service\nEOF\n\nNotice: NoServiceName\n  Legal.\n  next: nothing\n"
        );
        let mut out = Vec::new();
        write_findings(&mut out, &verdicts[1..], now, true).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "\u{1b}[36mNotice\u{1b}[0m: NoServiceName\n  Legal.\n  next: nothing\n"
        );
    }
}
