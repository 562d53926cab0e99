//! How a container ended, in words.

use jiff::SignedDuration;

use super::Circumstances;
use crate::facts::{Container, ContainerKind, Ended, Pod};
use crate::findings::Verdict;

/// `init container schema`, `container main`.
pub(super) fn named(container: &Container) -> String {
    let kind = match container.kind {
        ContainerKind::Init => "init container",
        ContainerKind::Sidecar => "sidecar",
        ContainerKind::Main => "container",
    };
    format!("{kind} {}", container.name)
}

/// How it ended: `exit code 1`, `exit code 137, SIGKILL`, `killed for its use of memory`.
pub fn ended(ended: &Ended) -> String {
    let code = ended.exit_code;
    match &*ended.reason {
        "OOMKilled" => "killed for its use of memory (OOMKilled)".to_owned(),
        // The runtime's text says what could not be started.
        "StartError" | "ContainerCannotRun" => format!("could not be started ({})", ended.reason),
        "ContainerStatusUnknown" => "lost with its node: how it ended is not known".to_owned(),
        _ if code == 0 => "exit code 0".to_owned(),
        _ => match exit_words(code, ended.signal) {
            Some(words) => format!("exit code {code}, {words}"),
            None => format!("exit code {code}"),
        },
    }
}

/// What an exit code says by convention (POSIX shells; 128 and more are signals).
pub fn exit_words(code: i32, signal: i32) -> Option<&'static str> {
    let signal = if signal > 0 { signal } else { code - 128 };
    Some(match (code, signal) {
        (126, _) => "the command can't be executed",
        (127, _) => "the command was not found",
        (_, 1) => "SIGHUP",
        (_, 2) => "SIGINT",
        (_, 3) => "SIGQUIT",
        (_, 4) => "SIGILL",
        (_, 6) => "SIGABRT: it gave up itself",
        (_, 7) => "SIGBUS",
        (_, 8) => "SIGFPE",
        (_, 9) => "SIGKILL: it was killed from outside",
        (_, 11) => "SIGSEGV: it crashed",
        (_, 13) => "SIGPIPE",
        (_, 15) => "SIGTERM: it was asked to stop",
        _ => return None,
    })
}

/// The evidence of an end: its field, its last word and its last log lines.
pub(crate) fn evidence(
    mut verdict: Verdict,
    pod: &Pod,
    container: &Container,
    how: &Ended,
    around: &Circumstances<'_>,
) -> Verdict {
    let object = format!("Pod/{}", pod.meta.name);
    let field = if std::ptr::eq(container.ended().unwrap_or(how), how) && container.waiting().is_none() {
        "state.terminated"
    } else {
        "lastState.terminated"
    };
    let ran = match (how.started, how.finished) {
        // One that never began carries the epoch.
        (Some(from), Some(to)) if from.as_second() > 0 => format!(", after {}", duration(to.duration_since(from))),
        _ => String::new(),
    };
    let reason = if how.reason.is_empty() { String::new() } else { format!("{}, ", how.reason) };
    verdict = verdict.because(
        &object,
        &format!("{} {field}", container.name),
        format_args!("{reason}exit code {}{ran}", how.exit_code),
    );
    let said = how.message.trim();
    if !said.is_empty() {
        verdict = verdict.because(&object, &format!("{} termination message", container.name), short(said));
    }
    for line in around.log_of(&pod.meta.uid, &container.name) {
        verdict = verdict.because(&object, &format!("{} log", container.name), line);
    }
    verdict
}

/// The first line of a text, and of a long one its two ends: what went wrong stands last in a chain of errors.
pub(crate) fn short(text: &str) -> String {
    const MOST: usize = 240;
    const HEAD: usize = 80;
    let line = text.trim().lines().next().unwrap_or_default();
    let length = line.chars().count();
    if length <= MOST {
        return line.to_owned();
    }
    let head: String = line.chars().take(HEAD).collect();
    let tail: String = line.chars().skip(length - (MOST - HEAD)).collect();
    format!("{} … {}", head.trim_end(), tail.trim_start())
}

/// `45s`, `3m20s`, `5h12m`, `3d4h`.
pub fn duration(length: SignedDuration) -> String {
    let seconds = length.as_secs().max(0);
    let parts = [(seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let from = parts.iter().position(|(n, _)| *n > 0).unwrap_or(3);
    let shown: Vec<String> =
        parts[from..].iter().take(2).filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect();
    if shown.is_empty() { "0s".to_owned() } else { shown.concat() }
}
