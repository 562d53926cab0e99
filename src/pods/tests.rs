//! A pod's causes, a story each: what is told first, how bad it is, and that a healthy pod is left alone.

use super::{Circumstances, LogTail, causes, predicates};
use crate::facts::fixture::{container, ended, event, node, pod, set, time};
use crate::facts::{
    Container, ContainerKind, ContainerState, Event, Listed, Node, Pod, PodCondition, PodDetail, PodPhase, Probe,
    ProbeKind, Quantity,
};
use crate::findings::{Code, Severity, Verdict};

/// The time of every story.
const NOW: &str = "2026-11-21T12:00:00Z";

/// A pod of the set `web` on node1, made five minutes ago, that is not ready; and what stands around it.
struct Story {
    pod: Pod,
    events: Vec<Event>,
    nodes: Vec<Node>,
    logs: Vec<LogTail>,
    now: &'static str,
}

fn story() -> Story {
    let mut pod = pod(&set("web", 1, &[]), 0);
    pod.meta.created = Some(time("2026-11-21T11:55:00Z").into());
    pod.ready = false;
    pod.ready_since = Some(time("2026-11-21T11:55:00Z").into());
    pod.detail = Some(Box::new(PodDetail {
        restarts_always: true,
        started: Some(time("2026-11-21T11:55:01Z")),
        containers: Box::new([Container { ready: false, ..container("main") }]),
        ..PodDetail::default()
    }));
    Story { pod, events: Vec::new(), nodes: vec![node("node1"), node("node2")], logs: Vec::new(), now: NOW }
}

fn condition(kind: &str, reason: &str, at: &str, message: &str, holds: bool) -> PodCondition {
    PodCondition { kind: kind.into(), holds, reason: reason.into(), message: message.into(), since: Some(time(at)) }
}

fn waiting(reason: &str, message: &str) -> ContainerState {
    ContainerState::Waiting { reason: reason.into(), message: message.into() }
}

fn readiness() -> Probe {
    Probe {
        kind: ProbeKind::Readiness,
        action: "httpGet :8080/ready".into(),
        delay: 0,
        period: 10,
        timeout: 1,
        failures: 3,
    }
}

impl Story {
    fn with(mut self, change: impl FnOnce(&mut Pod)) -> Self {
        change(&mut self.pod);
        self
    }

    fn main(mut self, change: impl FnOnce(&mut Container)) -> Self {
        change(self.detail().containers.last_mut().unwrap());
        self
    }

    fn init(mut self, init: Container) -> Self {
        let mains = std::mem::take(&mut self.detail().containers);
        self.detail().containers = std::iter::once(init).chain(mains).collect();
        self
    }

    fn detail(&mut self) -> &mut PodDetail {
        self.pod.detail.as_deref_mut().unwrap()
    }

    fn event(mut self, reason: &str, count: u32, at: &str, message: &str) -> Self {
        self.events.push(event("Pod", &self.pod.meta, reason, count, at, message));
        Event::sort(&mut self.events);
        self
    }

    fn at(self, now: &'static str) -> Self {
        Self { now, ..self }
    }

    fn verdicts(&self) -> Vec<Verdict> {
        let (events, nodes) = (Listed::complete(self.events.clone()), Listed::complete(self.nodes.clone()));
        let around =
            Circumstances { now: time(self.now), events: &events, nodes: &nodes, logs: &self.logs, limits: None };
        causes(&self.pod, &around)
    }

    /// The first verdict: code, severity, sentence.
    fn first(&self) -> (Code, Severity, String) {
        let first = self.verdicts().into_iter().next().unwrap();
        (first.code, first.severity, first.says)
    }
}

fn is(code: Code, severity: Severity, says: &str) -> (Code, Severity, String) {
    (code, severity, says.to_owned())
}

#[test]
fn a_ready_pod_is_left_alone_whatever_its_events_say() {
    let well = story()
        .with(|pod| {
            pod.ready = true;
            pod.detail = None;
        })
        .event("FailedScheduling", 3, NOW, "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.")
        .event("Unhealthy", 2, NOW, "Readiness probe failed: connection refused");
    assert_eq!(well.first(), is(Code::PodReady, Severity::Ok, "Ready."));
    assert_eq!(well.verdicts().len(), 1);
}

#[test]
fn a_container_that_was_killed_for_its_memory_an_hour_ago_at_most_is_worth_a_word_on_a_ready_pod() {
    let restarted = |at| {
        story()
            .with(|pod| pod.ready = true)
            .main(|main| {
                (main.ready, main.restarts) = (true, 1);
                main.last = Some(ended(137, "OOMKilled", at));
                main.memory_limit = Some(Quantity::new("64Mi"));
            })
            .verdicts()
    };
    let seen: Vec<_> = restarted("2026-11-21T11:30:00Z").iter().map(|v| (v.code, v.severity)).collect();
    assert_eq!(seen, [(Code::PodReady, Severity::Ok), (Code::OutOfMemory, Severity::Notice)]);
    assert_eq!(restarted("2026-11-21T10:30:00Z").len(), 1);
}

#[test]
fn the_schedulers_message_is_told_predicate_by_predicate() {
    assert_eq!(
        predicates(
            "0/4 nodes are available: 1 node(s) had untolerated taint {dedicated: gpu}, 1 Insufficient cpu, 2 node(s) didn't match Pod's node \
             affinity/selector. no new claims to deallocate, preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling."
        ),
        [
            "1 node(s) had untolerated taint {dedicated: gpu}",
            "1 Insufficient cpu",
            "2 node(s) didn't match Pod's node affinity/selector"
        ]
    );
    // A comma within a reason separates nothing.
    assert_eq!(
        predicates("0/2 nodes are available: 1 node(s) had untolerated taint(s) {a: b, c: d}, 1 Too many pods."),
        ["1 node(s) had untolerated taint(s) {a: b, c: d}", "1 Too many pods"]
    );
    // The message's own dangling end.
    assert_eq!(
        predicates("0/1 nodes are available: persistentvolumeclaim \"data\" not found. not found"),
        ["persistentvolumeclaim \"data\" not found"]
    );
    assert!(predicates("running PreBind plugin \"VolumeBinding\": timed out").is_empty());
}

fn unscheduled(message: &str) -> Story {
    story().with(|pod| {
        (pod.node, pod.phase) = (None, PodPhase::Pending);
        let detail = pod.detail.as_deref_mut().unwrap();
        detail.conditions =
            Box::new([condition("PodScheduled", "Unschedulable", "2026-11-21T11:55:00Z", message, false)]);
    })
}

#[test]
fn a_pod_that_no_node_takes_is_a_fault_at_once_unless_its_claims_or_nodes_are_about_to_come() {
    let cpu = unscheduled(
        "0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 2 No preemption victims found.",
    );
    assert_eq!(cpu.first(), is(Code::Unschedulable, Severity::Fault, "No node takes the pod: 2 Insufficient cpu."));
    assert_eq!(
        unscheduled("0/2 nodes are available: 2 Insufficient cpu.").at("2026-11-21T11:55:00Z").first().1,
        Severity::Fault
    );
    let claim = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found";
    assert_eq!(unscheduled(claim).at("2026-11-21T11:55:20Z").first().1, Severity::Waiting);
    assert_eq!(unscheduled(claim).first().1, Severity::Fault);
    let cordoned =
        "0/2 nodes are available: 1 node(s) were unschedulable, 1 node(s) had volume node affinity conflict.";
    assert_eq!(unscheduled(cordoned).at("2026-11-21T11:57:00Z").first().1, Severity::Waiting);
    assert_eq!(unscheduled(cordoned).at("2026-11-21T12:01:00Z").first().1, Severity::Fault);
    let scaled_up = unscheduled("0/2 nodes are available: 2 Insufficient cpu.").event(
        "TriggeredScaleUp",
        1,
        "2026-11-21T11:58:00Z",
        "pod triggered scale-up: [{pool 1->2}]",
    );
    assert_eq!(scaled_up.first().1, Severity::Waiting);
}

#[test]
fn a_node_that_takes_no_more_volumes_is_told_with_how_many_each_takes() {
    let verdicts = unscheduled("0/2 nodes are available: 2 node(s) exceed max volume count.").verdicts();
    let full = verdicts.iter().find(|it| it.code == Code::Unschedulable).unwrap();
    assert_eq!(full.says, "No node takes the pod: 2 node(s) exceed max volume count.");
    assert_eq!(
        full.next.as_deref(),
        Some(
            "kubectl get csinodes -o custom-columns='NODE:.metadata.name,DRIVER:.spec.drivers[*].name,VOLUMES:.spec.drivers[*].allocatable.count'  # so many each takes: add a node, or move pods with volumes away"
        )
    );
}

#[test]
fn gates_keep_a_pod_from_the_scheduler() {
    let gated = story().with(|pod| {
        pod.node = None;
        pod.detail.as_deref_mut().unwrap().gates = Box::new(["kueue.x-k8s.io/admission".into()]);
    });
    assert_eq!(
        gated.first(),
        is(
            Code::SchedulingGated,
            Severity::Waiting,
            "The scheduler leaves the pod alone until somebody removes its gates: kueue.x-k8s.io/admission."
        )
    );
}

#[test]
fn images_that_cant_be_had_say_why() {
    let pull = |reason: &str, message: &str| story().main(|main| main.state = waiting(reason, message)).first();
    let why = |says: &str| {
        is(Code::ImagePullFailed, Severity::Fault, &format!("The image of container main can't be had: {says}."))
    };
    assert_eq!(
        pull(
            "ImagePullBackOff",
            "Back-off pulling image \"x:1\": ErrImagePull: failed to resolve reference: x:1: not found"
        ),
        why("the registry has no such image or tag")
    );
    assert_eq!(
        pull("ErrImagePull", "failed to authorize: 401 Unauthorized"),
        why("the registry refuses access, or has no such repository (imagePullSecrets?)")
    );
    assert_eq!(
        pull("ErrImagePull", "dial tcp: lookup registry.example: no such host"),
        why("the registry can't be reached from the node")
    );
    assert_eq!(pull("ErrImagePull", "toomanyrequests: slow down"), why("the registry limits pulls"));
    assert_eq!(pull("InvalidImageName", "couldn't parse image name \"X\""), why("its name is not valid"));
    assert_eq!(
        pull("ErrImageNeverPull", "Container image \"x:1\" is not present with pull policy of Never"),
        why("the node does not have it, and imagePullPolicy forbids to pull it")
    );
    // Before 1.31 the answer stood in the event alone.
    let old = story()
        .main(|main| main.state = waiting("ImagePullBackOff", "Back-off pulling image \"busybox:1.36\""))
        .event("Failed", 4, NOW, "Failed to pull image \"busybox:1.36\": manifest unknown");
    assert_eq!(old.first(), why("the registry has no such image or tag"));
}

#[test]
fn a_missing_config_map_or_secret_is_named_by_the_kubelets_message() {
    let secret = story().main(|main| main.state = waiting("CreateContainerConfigError", "secret \"creds\" not found"));
    let first = secret.verdicts().remove(0);
    assert_eq!(
        (first.code, &*first.says),
        (Code::ConfigMissing, "The configuration of container main can't be had: secret \"creds\" not found.")
    );
    assert_eq!(
        first.next.unwrap(),
        "kubectl -n shop get secret creds  # make it, or correct its name in the pod's template; the kubelet then goes on by itself"
    );
    let creating = || story().main(|main| main.state = waiting("ContainerCreating", ""));
    let mounted = creating().event(
        "FailedMount",
        7,
        NOW,
        "MountVolume.SetUp failed for volume \"cfg\" : configmap \"settings\" not found",
    );
    assert_eq!(
        mounted.first(),
        is(
            Code::ConfigMissing,
            Severity::Fault,
            "What a volume is made of is missing: configmap \"settings\" not found"
        )
    );
    // A kubelet that has just started does not know them yet.
    let restarted = "MountVolume.SetUp failed for volume \"cfg\" : object \"shop\"/\"settings\" not registered";
    assert_eq!(
        creating().event("FailedMount", 1, NOW, restarted).at("2026-11-21T11:55:20Z").first().1,
        Severity::Waiting
    );
}

#[test]
fn volumes_that_do_not_come_are_told_from_events_while_no_container_is_made() {
    let creating = || story().main(|main| main.state = waiting("ContainerCreating", ""));
    let attach = |message: &str| creating().event("FailedAttachVolume", 1, NOW, message).first().0;
    assert_eq!(
        attach("Multi-Attach error for volume \"pvc-1\" Volume is already used by pod(s) other"),
        Code::MultiAttach
    );
    assert_eq!(
        attach("AttachVolume.Attach failed for volume \"pvc-1\" : rpc error: code = Internal"),
        Code::AttachFailed
    );
    let mount = creating().event(
        "FailedMount",
        3,
        NOW,
        "MountVolume.SetUp failed for volume \"pvc-1\" : rpc error: wrong fs type",
    );
    assert_eq!(
        mount.first(),
        is(Code::MountFailed, Severity::Fault, "A volume can't be mounted: rpc error: wrong fs type")
    );
    // It is over when a container of it has run.
    let runs = story().event("FailedMount", 3, NOW, "MountVolume.SetUp failed for volume \"pvc-1\" : rpc error");
    assert_eq!(runs.first().0, Code::PodStarting);
}

#[test]
fn nothing_said_for_ten_minutes_is_not_taken_for_a_start() {
    let creating = || {
        let story = story().main(|main| main.state = waiting("ContainerCreating", ""));
        story.with(|pod| pod.phase = PodPhase::Pending)
    };
    assert_eq!(creating().first(), is(Code::PodStarting, Severity::Waiting, "The container main is being made."));
    let late = creating().at("2026-11-21T12:30:00Z");
    assert_eq!((late.first().0, late.first().1), (Code::CannotTell, Severity::Unknown));
    assert_eq!(late.verdicts()[0].unknown, ["no event about the pod is left"]);
}

#[test]
fn a_crash_loop_is_told_by_restarts_and_the_last_end_never_by_the_waiting_reason() {
    let failed = |restarts, state| {
        story().main(move |main| {
            main.restarts = restarts;
            main.state = state;
            main.last = Some(ended(1, "Error", "2026-11-21T11:59:00Z"));
        })
    };
    let between = failed(3, ContainerState::Ended(ended(1, "Error", "2026-11-21T11:59:30Z")));
    assert_eq!(
        between.first(),
        is(Code::CrashLoop, Severity::Fault, "The container main failed: exit code 1, and was started again 3 times.")
    );
    assert_eq!(failed(3, waiting("CrashLoopBackOff", "back-off")).first().0, Code::CrashLoop);
    // While it runs again, for ten minutes.
    let runs = || failed(3, ContainerState::Running(Some(time("2026-11-21T11:59:40Z"))));
    assert_eq!(runs().first().0, Code::CrashLoop);
    assert_eq!(runs().at("2026-11-21T12:20:00Z").first().0, Code::PodStarting);
    // Once is no loop.
    let first = failed(0, ContainerState::Ended(ended(1, "Error", "2026-11-21T11:59:59Z")));
    assert_eq!(first.first().1, Severity::Waiting);
    // What ends with success and shall go on is a loop as well.
    let ends = failed(5, ContainerState::Ended(ended(0, "Completed", "2026-11-21T11:59:30Z")));
    assert_eq!(
        ends.first().2,
        "The container main ends though it shall go on: exit code 0, and was started again 5 times."
    );
}

#[test]
fn a_node_that_restarts_makes_no_crash_loop() {
    let back = story().main(|main| {
        main.restarts = 1;
        main.state = ContainerState::Running(Some(time("2026-11-21T11:59:50Z")));
        main.last = Some(ended(255, "Unknown", "2026-11-21T11:59:30Z"));
    });
    assert_eq!(back.first().1, Severity::Waiting);
    let between = story().main(|main| {
        main.restarts = 1;
        main.state = ContainerState::Ended(ended(255, "Unknown", "2026-11-21T11:59:30Z"));
    });
    assert_eq!(between.first().1, Severity::Waiting);
    // Killed with its node a second time, and once more by something else.
    let killed = |restarts: u32, node_back: &'static str| {
        let mut story = story().main(|main| {
            main.restarts = restarts;
            main.state = ContainerState::Ended(ended(137, "Error", "2026-11-21T11:59:30Z"));
        });
        story.nodes[0].ready_since = Some(time(node_back));
        story.first().1
    };
    assert_eq!(killed(1, "2026-11-01T00:00:00Z"), Severity::Waiting);
    assert_eq!(killed(2, "2026-11-21T11:59:40Z"), Severity::Waiting);
    assert_eq!(killed(2, "2026-11-01T00:00:00Z"), Severity::Fault);
}

#[test]
fn the_last_words_of_a_container_that_failed_are_shown() {
    let mut crashed = story().main(|main| {
        main.restarts = 2;
        let mut how = ended(7, "Error", "2026-11-21T11:59:30Z");
        how.message = "relation orders does not exist\n".into();
        main.state = ContainerState::Ended(how);
    });
    crashed.logs = vec![LogTail {
        pod: crashed.pod.meta.uid.clone(),
        container: "main".into(),
        lines: Box::new(["connecting".into(), "giving up".into()]),
    }];
    let first = crashed.verdicts().remove(0);
    let evidence: Vec<String> =
        first.evidence.iter().map(|e| format!("{} {}: {}", e.object, e.field, e.value)).collect();
    assert_eq!(
        evidence,
        [
            "Pod/web-0 main restartCount: 2",
            "Pod/web-0 main state.terminated: Error, exit code 7, after 2s",
            "Pod/web-0 main termination message: relation orders does not exist",
            "Pod/web-0 main log: connecting",
            "Pod/web-0 main log: giving up",
        ]
    );
    assert_eq!(first.next.unwrap(), "kubectl -n shop logs web-0 -c main");
}

#[test]
fn memory_is_named_with_its_limit() {
    let oom = story().main(|main| {
        main.state = ContainerState::Ended(ended(137, "OOMKilled", "2026-11-21T11:59:30Z"));
        main.memory_limit = Some(Quantity::new("64Mi"));
    });
    assert_eq!(
        oom.first(),
        is(
            Code::OutOfMemory,
            Severity::Fault,
            "The container main used more memory than its limit of 64Mi, and was killed."
        )
    );
}

#[test]
fn an_init_container_that_fails_holds_the_others_and_one_at_work_is_no_fault() {
    let init = |state, restarts| {
        let init = Container {
            kind: ContainerKind::Init,
            ready: false,
            started: false,
            restarts,
            state,
            ..container("schema")
        };
        story().init(init).main(|main| main.state = waiting("PodInitializing", "")).first()
    };
    assert_eq!(
        init(ContainerState::Ended(ended(5, "Error", "2026-11-21T11:59:30Z")), 3),
        is(
            Code::InitBlocked,
            Severity::Fault,
            "The init container schema failed: exit code 5, and was started again 3 times. The containers after it wait for its end."
        )
    );
    assert_eq!(
        init(ContainerState::Running(Some(time("2026-11-21T11:00:00Z"))), 0),
        is(
            Code::InitBlocked,
            Severity::Waiting,
            "The init container schema is at work; the containers after it wait for its end."
        )
    );
    assert_eq!(init(waiting("ErrImagePull", "not found"), 0).0, Code::ImagePullFailed);
    // Done: what follows is judged.
    assert_eq!(init(ContainerState::Ended(ended(0, "Completed", "2026-11-21T11:59:30Z")), 0).0, Code::PodStarting);
}

#[test]
fn a_probe_is_a_fault_only_after_the_time_that_it_allows() {
    let probed = |start: &str| {
        story()
            .main(|main| {
                main.state = ContainerState::Running(Some(time(start)));
                main.probes = Box::new([readiness()]);
            })
            .event("Unhealthy", 9, NOW, "Readiness probe failed: HTTP probe failed with statuscode: 503")
    };
    assert_eq!(
        probed("2026-11-21T11:59:20Z").first(),
        is(Code::PodStarting, Severity::Waiting, "The container main runs for 40s and is not ready yet.")
    );
    let late = probed("2026-11-21T11:56:00Z");
    assert_eq!(
        late.first(),
        is(
            Code::ProbeFailing,
            Severity::Fault,
            "The container main runs for 4m and its readiness probe does not pass: HTTP probe failed with statuscode: 503."
        )
    );
    let evidence = late.verdicts().remove(0).evidence;
    assert_eq!(evidence[0].value, "httpGet :8080/ready, every 10 s, timeout 1 s, 3 failures");
    // A slow start that a startup probe allows.
    let slow = story().main(|main| {
        main.started = false;
        main.state = ContainerState::Running(Some(time("2026-11-21T11:56:00Z")));
        main.probes = Box::new([Probe { kind: ProbeKind::Startup, failures: 60, ..readiness() }, readiness()]);
    });
    assert_eq!(slow.first().0, Code::PodStarting);
}

#[test]
fn a_container_that_its_liveness_probe_kills_is_told_from_one_that_crashes() {
    let killed = || {
        story().main(|main| {
            main.restarts = 2;
            main.state = ContainerState::Ended(ended(137, "Error", "2026-11-21T11:59:30Z"));
            main.probes = Box::new([Probe { kind: ProbeKind::Liveness, ..readiness() }]);
        })
    };
    let message = "Liveness probe failed: dial tcp 10.0.0.1:8080: connect: connection refused";
    let told = killed().event("Unhealthy", 6, "2026-11-21T11:59:10Z", message);
    assert_eq!(
        told.first(),
        is(
            Code::ProbeFailing,
            Severity::Fault,
            "The kubelet kills the container main because its liveness probe fails: dial tcp 10.0.0.1:8080: connect: connection refused. Started again 2 times."
        )
    );
    // Without the event it can't be told from a crash: an old one is of another end.
    assert_eq!(killed().event("Unhealthy", 6, "2026-11-21T11:20:00Z", message).first().0, Code::CrashLoop);
}

#[test]
fn a_deletion_is_on_its_way_until_its_time_is_over_and_then_somebody_owes_something() {
    let deleted = |until: &str| story().with(|pod| pod.meta.deleted = Some(time(until).into()));
    assert_eq!(
        deleted("2026-11-21T12:00:20Z").first(),
        is(Code::GracefulStop, Severity::Waiting, "The pod is being deleted and has 20s left to stop (grace 30 s).")
    );
    assert_eq!(deleted("2026-11-21T11:59:30Z").first().1, Severity::Waiting);
    assert_eq!(
        deleted("2026-11-21T11:50:00Z").first(),
        is(
            Code::GracefulStop,
            Severity::Fault,
            "The pod should have stopped 10m ago, and the kubelet of node node1 has not confirmed it."
        )
    );
    let held = deleted("2026-11-21T11:50:00Z")
        .with(|pod| pod.meta.finalizers = std::sync::Arc::new(["example.com/backup".into()]));
    assert_eq!(
        held.first(),
        is(
            Code::FinalizerHolds,
            Severity::Fault,
            "The pod has stopped, but finalizers hold it: whoever set example.com/backup has to remove them."
        )
    );
}

#[test]
fn a_node_that_does_not_report_is_the_cause_of_all_on_it() {
    let silent = |change: fn(&mut Pod)| {
        let mut story = story().with(change);
        story.nodes[0].ready = false;
        story.nodes[0].silent = true;
        story.nodes[0].ready_since = Some(time("2026-11-21T11:59:00Z"));
        story
    };
    assert_eq!((silent(|_| {}).first().0, silent(|_| {}).first().1), (Code::NodeLost, Severity::Waiting));
    assert_eq!(silent(|_| {}).at("2026-11-21T12:10:00Z").first().1, Severity::Fault);
    let evicted = silent(|pod| pod.meta.deleted = Some(time("2026-11-21T11:59:50Z").into()));
    assert_eq!((evicted.first().0, evicted.first().1), (Code::NodeLost, Severity::Fault));
    let mut gone = story();
    gone.nodes.remove(0);
    assert_eq!((gone.first().0, gone.first().1), (Code::AwaitingPodGC, Severity::Waiting));
    // Its Ready condition stays as the kubelet left it.
    gone.pod.ready = true;
    assert_eq!((gone.first().0, gone.first().1), (Code::AwaitingPodGC, Severity::Waiting));
    gone.pod.ready = false;
    // Nodes that could not be read prove nothing.
    gone.nodes.clear();
    assert_eq!(gone.first().0, Code::PodStarting);
}

#[test]
fn what_ended_a_pod_from_outside_is_not_blamed_on_its_containers() {
    let failed = |reason: &str, message: &str, disruption: Option<&str>| {
        story()
            .with(|pod| {
                pod.phase = PodPhase::Failed;
                let detail = pod.detail.as_deref_mut().unwrap();
                (detail.reason, detail.message) = (reason.into(), message.into());
                let told = |why| condition("DisruptionTarget", why, "2026-11-21T11:59:00Z", "", true);
                detail.conditions = disruption.into_iter().map(told).collect();
            })
            .main(|main| main.state = ContainerState::Ended(ended(137, "Error", "2026-11-21T11:59:00Z")))
            .first()
            .0
    };
    assert_eq!(failed("Evicted", "The node was low on resource: memory.", Some("TerminationByKubelet")), Code::Evicted);
    assert_eq!(failed("", "", Some("PreemptionByScheduler")), Code::Preempted);
    assert_eq!(failed("", "", Some("DeletionByTaintManager")), Code::NodeLost);
    assert_eq!(failed("OutOfcpu", "Node didn't have enough resource: cpu", None), Code::CrashLoop);
    assert_eq!(failed("", "", None), Code::CrashLoop);
}

/// The events of a pod that had the name before.
fn before(mut story: Story, at: &[&str], reason: &str, message: &str) -> Story {
    for (number, at) in at.iter().enumerate() {
        let mut told = event("Pod", &story.pod.meta, reason, 1, at, message);
        told.uid = format!("uid-before-{number}").into();
        story.events.push(told);
    }
    Event::sort(&mut story.events);
    story
}

#[test]
fn a_pod_that_found_no_room_after_its_predecessor_was_preempted_says_so() {
    let unplaced = || {
        story().with(|pod| {
            pod.node = None;
            let message = "0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 2 No preemption victims found.";
            let detail = pod.detail.as_deref_mut().unwrap();
            detail.conditions =
                Box::new([condition("PodScheduled", "Unschedulable", "2026-11-21T11:55:00Z", message, false)]);
        })
    };
    let message = "Preempted by pod 1f2e on node node2";
    let told = before(unplaced(), &["2026-11-21T11:54:50Z"], "Preempted", message);
    assert_eq!(
        told.first(),
        is(
            Code::Preempted,
            Severity::Fault,
            "The pod before it had to make room for one of higher priority, and no node takes this one."
        )
    );
    assert_eq!(told.verdicts()[1].code, Code::Unschedulable);
    // Long before this pod was made: another story.
    let earlier = before(unplaced(), &["2026-11-21T11:10:00Z"], "Preempted", message);
    assert_eq!(earlier.first().0, Code::Unschedulable);
    // Its successor has found another place.
    let placed = before(story().with(|pod| pod.ready = true), &["2026-11-21T11:54:50Z"], "Preempted", message);
    assert_eq!(placed.verdicts().iter().map(|verdict| verdict.code).collect::<Vec<_>>(), [Code::PodReady]);
}

#[test]
fn a_pod_that_is_evicted_again_and_again_says_so_while_it_runs_too() {
    let ready = || story().with(|pod| pod.ready = true);
    let message = "Usage of EmptyDir volume \"scratch\" exceeds the limit \"1Mi\". ";
    let again = before(ready(), &["2026-11-21T11:50:00Z", "2026-11-21T11:54:00Z"], "Evicted", message);
    assert_eq!(
        again.first(),
        is(
            Code::Evicted,
            Severity::Fault,
            "2 pods of this name were evicted by their kubelet in the last 10m, the last one 6m ago: Usage of EmptyDir volume \"scratch\" exceeds the limit \"1Mi\"."
        )
    );
    let severities = |story: Story| -> Vec<(Code, Severity)> {
        story.verdicts().iter().map(|verdict| (verdict.code, verdict.severity)).collect()
    };
    let once = before(ready(), &["2026-11-21T11:54:00Z"], "Evicted", message);
    assert_eq!(severities(once), [(Code::PodReady, Severity::Ok), (Code::Evicted, Severity::Notice)]);
    // It has been well for a while.
    let over = before(ready(), &["2026-11-21T11:30:00Z", "2026-11-21T11:40:00Z"], "Evicted", message);
    assert_eq!(severities(over)[1], (Code::Evicted, Severity::Notice));
    let long_ago = before(ready(), &["2026-11-21T10:30:00Z", "2026-11-21T10:40:00Z"], "Evicted", message);
    assert_eq!(severities(long_ago), [(Code::PodReady, Severity::Ok)]);
    // An event of the pod itself is its own end's.
    assert_eq!(
        severities(ready().event("Evicted", 5, "2026-11-21T11:59:00Z", message)),
        [(Code::PodReady, Severity::Ok)]
    );
}
