//! Containers that run and are not ready, and containers that their probes had killed.

use jiff::Timestamp;

use super::Circumstances;
use super::containers::logs;
use super::words::{duration, evidence, named, short};
use crate::facts::{Container, Ended, Event, Pod, Probe, ProbeKind};
use crate::findings::{Code, Severity, Verdict};

/// A container may take so long to get ready before its failing probe is a fault, or longer where its probes allow more.
const PATIENCE: i64 = 60;

pub(super) fn not_ready(
    pod: &Pod,
    container: &Container,
    since: Option<Timestamp>,
    around: &Circumstances<'_>,
) -> Verdict {
    let startup = container.probe(ProbeKind::Startup).filter(|_| !container.started);
    let Some(probe) = startup.or_else(|| container.probe(ProbeKind::Readiness)) else {
        return starting(container, since);
    };
    let event = answer(pod, container, probe.kind, around);
    let runs = since.map_or(0, |at| around.seconds_since(at));
    // Unready since the start, or since it was ready before.
    let was_ready = match (pod.ready_since(), since) {
        (Some(unready), Some(start)) => {
            around.now.duration_since(start)
                > around.now.duration_since(unready) + jiff::SignedDuration::from_secs(probe.window())
        }
        _ => false,
    };
    let unready = if was_ready { pod.ready_since() } else { since };
    let patience = if was_ready { 0 } else { PATIENCE.max(probe.window() + probe.period) };
    let failing = runs > patience;
    let says = if failing {
        let how = event.map_or_else(String::new, |event| format!(": {}", short(said(event))));
        format!(
            "The {} runs for {} and its {} probe does not pass{how}.",
            named(container),
            duration(jiff::SignedDuration::from_secs(runs)),
            probe.kind.word().to_lowercase()
        )
    } else {
        format!(
            "The {} runs for {} and is not ready yet.",
            named(container),
            duration(jiff::SignedDuration::from_secs(runs))
        )
    };
    let code = if failing { Code::ProbeFailing } else { Code::PodStarting };
    let mut verdict = Verdict::new(code, says).since(unready);
    verdict = with_probe(verdict, pod, container, probe, event);
    if let Some(how) = &container.last {
        verdict = evidence(verdict, pod, container, how, around);
    }
    if failing {
        verdict
            .next(format!("kubectl -n {} logs {} -c {} --tail=50", pod.meta.namespace, pod.meta.name, container.name))
    } else {
        verdict
    }
}

fn starting(container: &Container, since: Option<Timestamp>) -> Verdict {
    Verdict::new(Code::PodStarting, format!("The {} has started and is not counted as ready yet.", named(container)))
        .since(since)
}

/// The probe's newest failure, where its event is left.
fn answer<'a>(pod: &'a Pod, container: &Container, kind: ProbeKind, around: &Circumstances<'a>) -> Option<&'a Event> {
    let of = |event: &&Event| {
        &*event.reason == "Unhealthy"
            && event.message.starts_with(kind.word())
            // An event about another container of the pod carries that one's path, where it was read.
            && event.container.as_deref().is_none_or(|name| *name == *container.name)
    };
    around.about("Pod", &pod.meta).find(of)
}

/// `Readiness probe failed: HTTP probe failed with statuscode: 503` without its first words.
fn said(event: &Event) -> &str {
    let message = event.message.trim();
    message.split_once(": ").map_or(message, |(_, rest)| rest)
}

fn with_probe(verdict: Verdict, pod: &Pod, container: &Container, probe: &Probe, event: Option<&Event>) -> Verdict {
    let object = format!("Pod/{}", pod.meta.name);
    let verdict = verdict.because(
        &object,
        &format!("{} {}Probe", container.name, probe.kind.word().to_lowercase()),
        format_args!(
            "{}, every {} s, timeout {} s, {} failures{}",
            short(&probe.action),
            probe.period,
            probe.timeout,
            probe.failures,
            if probe.delay > 0 { format!(", after {} s", probe.delay) } else { String::new() }
        ),
    );
    match event {
        Some(event) => verdict.because(
            &object,
            &format!("event {}", event.reason),
            format_args!("x{}: {}", event.count, short(&event.message)),
        ),
        None => verdict,
    }
}

/// Whether the kubelet killed a container because a probe said so: its event alone tells that from a crash.
pub(super) fn killed(pod: &Pod, container: &Container, how: &Ended, around: &Circumstances<'_>) -> Option<Verdict> {
    let (probe, event) = [ProbeKind::Liveness, ProbeKind::Startup].into_iter().find_map(|kind| {
        let probe = container.probe(kind)?;
        let event = answer(pod, container, kind, around)?;
        // Its last failure is at most its grace older than the end that it brought about.
        let (last, finished) = (event.last?, how.finished?);
        let slack = pod.grace_seconds.saturating_add(probe.period).saturating_add(probe.timeout);
        (finished.duration_since(last).as_secs() <= slack).then_some((probe, event))
    })?;
    let severity = if container.restarts == 0 { Severity::Waiting } else { Severity::Fault };
    let verdict = Verdict::new(
        Code::ProbeFailing,
        format!(
            "The kubelet kills the {} because its {} probe fails: {}. Started again {} time{}.",
            named(container),
            probe.kind.word().to_lowercase(),
            short(said(event)),
            container.restarts,
            if container.restarts == 1 { "" } else { "s" }
        ),
    )
    .severity(severity)
    .since(how.finished);
    let verdict = with_probe(verdict, pod, container, probe, Some(event));
    Some(evidence(verdict, pod, container, how, around).next(logs(pod, container)))
}
