//! Containers that do not start, do not stay, or do not get ready.

use super::words::{ended, evidence, named, short};
use super::{Circumstances, probes, volumes};
use crate::facts::{Container, ContainerKind, ContainerState, Ended, Pod, PodDetail, PodPhase};
use crate::findings::{Code, Severity, Verdict};

/// The evidence that images are being pulled.
pub const PULLING: &str = "event Pulling";

/// The verdicts of a pod that has a node and is not ready: an init container holds all that follow.
pub(super) fn verdicts(pod: &Pod, around: &Circumstances<'_>) -> Vec<Verdict> {
    let Some(detail) = pod.detail.as_deref() else { return Vec::new() };
    if let Some(init) = detail.containers.iter().find(|container| holds_others(container)) {
        return blocked(pod, detail, init, around).into_iter().collect();
    }
    let mut all: Vec<Verdict> = detail
        .containers
        .iter()
        .filter(|container| container.kind != ContainerKind::Init && !container.ready)
        .filter_map(|container| of(pod, detail, container, around))
        .collect();
    // What has failed says more than what has not come up yet.
    all.sort_by_key(|verdict| std::cmp::Reverse(verdict.severity));
    if all.is_empty() {
        all.push(starting(pod, detail, around));
    }
    all
}

/// Init containers run one after another to their end; a sidecar among them holds the next until it has started.
fn holds_others(container: &Container) -> bool {
    match container.kind {
        ContainerKind::Init => !matches!(&container.state, ContainerState::Ended(ended) if ended.exit_code == 0),
        ContainerKind::Sidecar => !container.started,
        ContainerKind::Main => false,
    }
}

fn blocked(pod: &Pod, detail: &PodDetail, init: &Container, around: &Circumstances<'_>) -> Option<Verdict> {
    let own = of(pod, detail, init, around);
    if init.kind == ContainerKind::Sidecar {
        return own;
    }
    match own {
        Some(mut verdict) if verdict.code == Code::CrashLoop => {
            verdict.code = Code::InitBlocked;
            verdict.says = format!("{} The containers after it wait for its end.", verdict.says);
            Some(verdict)
        }
        Some(verdict) => Some(verdict),
        None => match &init.state {
            ContainerState::Running(since) => Some(
                Verdict::new(
                    Code::InitBlocked,
                    format!("The {} is at work; the containers after it wait for its end.", named(init)),
                )
                // It may have much to do: that it never ends can't be told from here.
                .severity(Severity::Waiting)
                .since(*since)
                .because(
                    format_args!("Pod/{}", pod.meta.name),
                    &format!("{} state.running.startedAt", init.name),
                    since.map(|at| at.to_string()).unwrap_or_default(),
                )
                .next(logs(pod, init)),
            ),
            _ => Some(starting(pod, detail, around)),
        },
    }
}

/// What is the matter with one container that is not ready; `None` where it is merely on its way, or done.
fn of(pod: &Pod, detail: &PodDetail, container: &Container, around: &Circumstances<'_>) -> Option<Verdict> {
    match &container.state {
        ContainerState::Waiting { reason, message } => match &**reason {
            "ErrImagePull"
            | "ImagePullBackOff"
            | "InvalidImageName"
            | "ErrImageNeverPull"
            | "ImageInspectError"
            | "RegistryUnavailable"
            | "SignatureValidationFailed" => Some(image(pod, container, reason, message, around)),
            "CreateContainerConfigError" => Some(config(pod, container, message)),
            "CreateContainerError"
            | "RunContainerError"
            | "PreCreateHookError"
            | "PreStartHookError"
            | "PostStartHookError" => Some(not_startable(pod, container, reason, message)),
            "CrashLoopBackOff" if container.last.is_none() => Some(crash_untold(pod, container)),
            _ => container.last.as_ref().map(|how| crash(pod, container, how, around)),
        },
        ContainerState::Ended(how) if !detail.restarts_always && how.exit_code == 0 => None,
        ContainerState::Ended(how) => Some(crash(pod, container, how, around)),
        ContainerState::Running(since) => match &container.last {
            // Once may be a node's restart; twice within minutes is not.
            Some(how) if container.restarts > 1 && !around.older_than(how.finished, 600) => {
                Some(crash(pod, container, how, around))
            }
            // Init containers have no readiness.
            _ if container.kind == ContainerKind::Init => None,
            _ => Some(probes::not_ready(pod, container, *since, around)),
        },
        ContainerState::Unknown => None,
    }
}

fn image(pod: &Pod, container: &Container, reason: &str, message: &str, around: &Circumstances<'_>) -> Verdict {
    let event = around.about("Pod", &pod.meta).find(|event| {
        &*event.reason == "Failed"
            && event.message.starts_with("Failed to pull image")
            && event.message.contains(&*container.image)
    });
    // From 1.31 the message carries the registry's answer also while the kubelet waits; before, only the event does.
    let answer = match event {
        Some(event) if reason == "ImagePullBackOff" && !message.contains(": ") => &*event.message,
        _ => message,
    };
    let why = why_not_pulled(reason, answer);
    let image = &container.image;
    let verdict =
        Verdict::new(Code::ImagePullFailed, format!("The image of {} can't be had: {why}.", named(container)))
            .since(pod.detail.as_ref().and_then(|detail| detail.started))
            .because(format_args!("Pod/{}", pod.meta.name), &format!("{} image", container.name), image)
            .because(
                format_args!("Pod/{}", pod.meta.name),
                &format!("{} state.waiting", container.name),
                format_args!("{reason}: {}", short(answer)),
            );
    verdict.next(match pod.meta.controller() {
        Some(owner) if &*owner.kind == "StatefulSet" => format!(
            "kubectl -n {} set image statefulset/{} {}=IMAGE  # an image that exists; then delete the pod, which the controller does not do by itself",
            pod.meta.namespace, owner.name, container.name
        ),
        Some(owner) if &*owner.kind == "Job" => format!(
            "kubectl -n {} delete job {}  # a Job's template can't be changed: then make it again with an image that exists",
            pod.meta.namespace, owner.name
        ),
        _ => format!("kubectl -n {} describe pod {}", pod.meta.namespace, pod.meta.name),
    })
}

fn why_not_pulled(reason: &str, answer: &str) -> &'static str {
    let answer = answer.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| answer.contains(word));
    match reason {
        "InvalidImageName" => "its name is not valid",
        "ErrImageNeverPull" => "the node does not have it, and imagePullPolicy forbids to pull it",
        _ if has(&[
            "unauthorized",
            "denied",
            "403 forbidden",
            "401 ",
            "authentication required",
            "authorization failed",
        ]) =>
        {
            "the registry refuses access, or has no such repository (imagePullSecrets?)"
        }
        _ if has(&["toomanyrequests", "429 "]) => "the registry limits pulls",
        _ if has(&["no match for platform", "no matching manifest"]) => "there is none for the node's platform",
        _ if has(&["no such host", "dial tcp", "i/o timeout", "connection refused", "deadline exceeded", "tls:"]) => {
            "the registry can't be reached from the node"
        }
        _ if has(&["not found", "manifest unknown"]) => "the registry has no such image or tag",
        _ => "the pull fails",
    }
}

fn config(pod: &Pod, container: &Container, message: &str) -> Verdict {
    let verdict = Verdict::new(
        Code::ConfigMissing,
        format!("The configuration of {} can't be had: {}.", named(container), short(message)),
    )
    .since(pod.detail.as_ref().and_then(|detail| detail.started))
    .because(
        format_args!("Pod/{}", pod.meta.name),
        &format!("{} state.waiting", container.name),
        format_args!("CreateContainerConfigError: {}", short(message)),
    );
    match volumes::missing_object(message) {
        Some((kind, name)) => verdict.next(format!(
            "kubectl -n {} get {kind} {name}  # make it, or correct its name in the pod's template; the kubelet then goes on by itself",
            pod.meta.namespace
        )),
        None => verdict.next(format!("kubectl -n {} describe pod {}", pod.meta.namespace, pod.meta.name)),
    }
}

fn not_startable(pod: &Pod, container: &Container, reason: &str, message: &str) -> Verdict {
    Verdict::new(Code::CrashLoop, format!("The {} can't be started: {}.", named(container), short(message)))
        .since(pod.detail.as_ref().and_then(|detail| detail.started))
        .because(
            format_args!("Pod/{}", pod.meta.name),
            &format!("{} state.waiting", container.name),
            format_args!("{reason}: {}", short(message)),
        )
        .next(format!("kubectl -n {} describe pod {}", pod.meta.namespace, pod.meta.name))
}

/// A container that ended though it shall run. By its restarts and how it ended: CrashLoopBackOff is rarely to be seen (facts).
pub(super) fn crash(pod: &Pod, container: &Container, how: &Ended, around: &Circumstances<'_>) -> Verdict {
    if &*how.reason == "OOMKilled" {
        return out_of_memory(pod, container, how, around);
    }
    if let Some(verdict) = probes::killed(pod, container, how, around) {
        return verdict;
    }
    let times = match container.restarts {
        0 => "once".to_owned(),
        n => format!("and was started again {n} time{}", if n == 1 { "" } else { "s" }),
    };
    let says = match how.exit_code {
        0 => format!("The {} ends though it shall go on: {}, {times}.", named(container), ended(how)),
        _ => format!("The {} failed: {}, {times}.", named(container), ended(how)),
    };
    // A node that restarts takes its containers with it; one that was away long enough to be missed says so.
    let with_node =
        matches!(&*how.reason, "Unknown" | "ContainerStatusUnknown") || matches!(how.exit_code, 137 | 143 | 255);
    let node = pod.node.as_deref().and_then(|name| around.node(name));
    let came_back = node.is_some_and(|node| !around.older_than(node.ready_since, 300));
    let severity = if container.restarts == 0 || (with_node && (container.restarts < 2 || came_back)) {
        Severity::Waiting
    } else {
        Severity::Fault
    };
    let verdict = Verdict::new(Code::CrashLoop, says).severity(severity).since(how.finished).because(
        format_args!("Pod/{}", pod.meta.name),
        &format!("{} restartCount", container.name),
        container.restarts,
    );
    let verdict = evidence(verdict, pod, container, how, around);
    verdict.next(logs(pod, container))
}

/// The kubelet waits before it starts it again, and how it ended is not kept.
fn crash_untold(pod: &Pod, container: &Container) -> Verdict {
    Verdict::new(
        Code::CrashLoop,
        format!("The {} fails again and again: it was started again {} times.", named(container), container.restarts),
    )
    .since(pod.ready_since())
    .because(format_args!("Pod/{}", pod.meta.name), &format!("{} restartCount", container.name), container.restarts)
    .because(format_args!("Pod/{}", pod.meta.name), &format!("{} state.waiting", container.name), "CrashLoopBackOff")
    .next(logs(pod, container))
}

fn out_of_memory(pod: &Pod, container: &Container, how: &Ended, around: &Circumstances<'_>) -> Verdict {
    let limit = container.memory_limit.as_ref();
    let says = match limit {
        Some(limit) => format!("The {} used more memory than its limit of {limit}, and was killed.", named(container)),
        None => format!(
            "The {} was killed for its use of memory; it has no limit of its own, so its node ran short.",
            named(container)
        ),
    };
    let mut verdict = Verdict::new(Code::OutOfMemory, says).since(how.finished).because(
        format_args!("Pod/{}", pod.meta.name),
        &format!("{} restartCount", container.name),
        container.restarts,
    );
    if let Some(limit) = limit {
        verdict = verdict.because(
            format_args!("Pod/{}", pod.meta.name),
            &format!("{} resources.limits.memory", container.name),
            limit,
        );
    }
    evidence(verdict, pod, container, how, around).next(logs(pod, container))
}

/// The attempt that ended: the present one while none runs, else the one before (facts: current and previous log).
pub(super) fn logs(pod: &Pod, container: &Container) -> String {
    let previous = matches!(container.state, ContainerState::Running(_)) && container.last.is_some();
    format!(
        "kubectl -n {} logs {} -c {}{}",
        pod.meta.namespace,
        pod.meta.name,
        container.name,
        if previous { " --previous" } else { "" }
    )
}

/// On its way: says for what it waits.
fn starting(pod: &Pod, detail: &PodDetail, around: &Circumstances<'_>) -> Verdict {
    let since = detail.started.or(pod.meta.created());
    let gates: Vec<&str> = detail
        .readiness_gates
        .iter()
        .map(|gate| &**gate)
        .filter(|gate| detail.condition(gate).is_none_or(|condition| !condition.holds))
        .collect();
    let ready = detail.containers.iter().all(|c| c.kind == ContainerKind::Init || c.ready);
    if ready && !gates.is_empty() {
        return Verdict::new(
            Code::PodStarting,
            format!(
                "Its containers are ready; it waits for somebody to set its readiness gates: {}.",
                gates.join(", ")
            ),
        )
        .since(since)
        .because(format_args!("Pod/{}", pod.meta.name), "spec.readinessGates", gates.join(", "));
    }
    let waiting = detail.containers.iter().find(|container| container.waiting().is_some());
    let image = waiting.and_then(|_| around.newest("Pod", &pod.meta, &["Pulling", "Pulled"]));
    let pulling = image.filter(|event| &*event.reason == "Pulling");
    let says = match (waiting, pulling) {
        (_, Some(_)) => "Its images are being pulled.".to_owned(),
        (Some(container), None) => format!("The {} is being made.", named(container)),
        (None, None) => "Its containers are about to start.".to_owned(),
    };
    if around.older_than(since, 600) && pod.phase == PodPhase::Pending {
        // Whatever holds it was reported longer ago than events are kept, or to nobody.
        let made = detail.condition("PodReadyToStartContainers").is_some_and(|condition| condition.holds);
        let step = if made {
            "its network and volumes are there, its images or containers are not"
        } else {
            "its network or its volumes are not there"
        };
        let mut verdict =
            Verdict::new(Code::CannotTell, format!("Cannot tell why its containers are not made: {step}."))
                .since(since)
                .because(format_args!("Pod/{}", pod.meta.name), "status.phase", super::phase_word(pod.phase))
                .next(format!(
                    "kubectl describe node {}  # and the kubelet's log there",
                    pod.node.as_deref().unwrap_or("NODE")
                ));
        verdict = match around.without_events() {
            Some(refusal) => verdict.unknown(refusal),
            None => verdict.not_known("no event about the pod is left"),
        };
        return verdict;
    }
    let verdict = Verdict::new(Code::PodStarting, says).since(since);
    match pulling {
        Some(event) => verdict.because(format_args!("Pod/{}", pod.meta.name), PULLING, short(&event.message)),
        None => verdict,
    }
}

/// What befell a pod that is ready now: restarts of the last hour are worth a word.
pub(super) fn lately(pod: &Pod, around: &Circumstances<'_>) -> Option<Verdict> {
    let detail = pod.detail.as_deref()?;
    let (container, how) = detail
        .containers
        .iter()
        .filter_map(|container| Some((container, container.last.as_ref()?)))
        .filter(|(container, how)| {
            let memory = &*how.reason == "OOMKilled";
            (memory || (how.exit_code != 0 && container.restarts > 2)) && !around.older_than(how.finished, 3600)
        })
        .max_by_key(|(_, how)| how.finished)?;
    Some(crash(pod, container, how, around).severity(Severity::Notice))
}
