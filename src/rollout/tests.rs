//! A set's verdicts, a story each, and what is healthy left alone.

use super::{compared, diagnose, ordinals, orphaned_pods, restart};
use crate::facts::fixture::{claim, cluster, container, ended, event, labels, meta, node, owner, pod, set, time};
use crate::facts::{
    Budget, Cluster, Container, ContainerState, Event, Labels, Listed, Pod, PodDetail, PodPhase, Quantity, Quota,
    Refusal, Revision, Scope, SetStatus, StatefulSet, Text, Update, Why,
};
use crate::findings::{Code, ObjectRef, Severity, Verdict};
use crate::pods::Circumstances;

type Change = Box<dyn Fn(&mut Cluster)>;

/// A set `web` with claims from the template `data`, all of it well: what is changed is the story.
struct Story {
    set: StatefulSet,
    pods: Vec<Pod>,
    change: Vec<Change>,
}

fn story(replicas: i32) -> Story {
    let mut web = set("web", replicas, &["data"]);
    web.status = Some(SetStatus {
        observed_generation: 1,
        replicas,
        ready: replicas,
        current_revision: "web-1".into(),
        update_revision: "web-1".into(),
        ..SetStatus::default()
    });
    let pods = (0..replicas).map(|ordinal| of_revision(pod(&web, ordinal), "web-1")).collect();
    Story { set: web, pods, change: Vec::new() }
}

fn of_revision(mut pod: Pod, revision: &str) -> Pod {
    let others = pod.meta.labels.iter().filter(|(key, _)| *key != "controller-revision-hash");
    let labels = others.chain([("controller-revision-hash", revision)]);
    pod.meta.labels = labels.map(|(key, value)| (Text::from(key), Text::from(value))).collect::<Labels>();
    pod
}

/// A pod whose container fails again and again.
fn crashes(pod: &mut Pod) {
    pod.ready = false;
    pod.ready_since = Some(time("2026-11-21T11:50:00Z").into());
    pod.restarts = 4;
    pod.detail = Some(Box::new(PodDetail {
        restarts_always: true,
        started: pod.meta.created(),
        containers: Box::new([Container {
            ready: false,
            restarts: 4,
            state: ContainerState::Ended(ended(1, "Error", "2026-11-21T11:59:30Z")),
            ..container("main")
        }]),
        ..PodDetail::default()
    }));
}

/// A pod that is on its way.
fn starts(pod: &mut Pod) {
    pod.ready = false;
    pod.ready_since = Some(time("2026-11-21T11:59:50Z").into());
    pod.meta.created = Some(time("2026-11-21T11:59:50Z").into());
    pod.detail = Some(Box::new(PodDetail {
        restarts_always: true,
        started: Some(time("2026-11-21T11:59:51Z")),
        containers: Box::new([Container {
            ready: false,
            state: ContainerState::Waiting { reason: "ContainerCreating".into(), message: "".into() },
            ..container("main")
        }]),
        ..PodDetail::default()
    }));
}

impl Story {
    fn set(mut self, change: impl FnOnce(&mut StatefulSet)) -> Self {
        change(&mut self.set);
        self
    }

    /// The set goes to another revision, and these ordinals are there already.
    fn rolling(mut self, updated: &[usize]) -> Self {
        self.set.status.as_mut().unwrap().update_revision = "web-2".into();
        for &at in updated {
            self.pods[at] = of_revision(self.pods[at].clone(), "web-2");
        }
        self
    }

    fn pod(mut self, at: usize, change: impl FnOnce(&mut Pod)) -> Self {
        change(&mut self.pods[at]);
        self
    }

    fn without(mut self, at: usize) -> Self {
        self.pods.truncate(at);
        self
    }

    fn with(mut self, change: impl Fn(&mut Cluster) + 'static) -> Self {
        self.change.push(Box::new(change));
        self
    }

    fn facts(&self) -> Cluster {
        let claims = (0..8).map(|ordinal| claim(&format!("data-web-{ordinal}"))).collect();
        let mut facts = cluster(vec![self.set.clone()], self.pods.clone(), claims, vec![]);
        facts.around.events = Listed::complete(Vec::new());
        facts.around.nodes = Listed::complete(vec![node("node1")]);
        for change in &self.change {
            change(&mut facts);
        }
        facts.sort();
        facts
    }

    fn verdicts(&self) -> Vec<Verdict> {
        let facts = self.facts();
        let set = facts.sets.items.iter().find(|set| *set.meta.name == *"web").unwrap();
        let said = diagnose(set, &ordinals(set, &facts), &facts, &Circumstances::of(&facts, &[]));
        said.set.into_iter().chain(said.pods.into_iter().map(|(_, verdict)| verdict)).chain(said.notices).collect()
    }

    fn codes(&self) -> Vec<(Code, Severity)> {
        self.verdicts().iter().map(|verdict| (verdict.code, verdict.severity)).collect()
    }

    fn says(&self) -> String {
        self.verdicts().remove(0).says
    }
}

const OK: Severity = Severity::Ok;
const FAULT: Severity = Severity::Fault;
const WAITING: Severity = Severity::Waiting;
const NOTICE: Severity = Severity::Notice;

#[test]
fn a_set_that_is_well_or_scaled_to_zero_is_left_alone() {
    assert_eq!(story(3).codes(), [(Code::SetReady, OK)]);
    assert_eq!(story(0).codes(), [(Code::SetScaledToZero, OK)]);
}

#[test]
fn what_moves_is_no_fault() {
    // A pod of the update starts; one is deleted for it; one is not made yet.
    assert_eq!(
        story(3).rolling(&[2]).pod(2, starts).codes(),
        [(Code::RolloutInProgress, WAITING), (Code::PodStarting, WAITING)]
    );
    let stops = |pod: &mut Pod| {
        (pod.ready, pod.meta.deleted) = (false, Some(time("2026-11-21T12:00:20Z").into()));
    };
    assert_eq!(
        story(3).rolling(&[2]).pod(1, stops).codes(),
        [(Code::RolloutInProgress, WAITING), (Code::GracefulStop, WAITING)]
    );
    assert_eq!(story(3).rolling(&[]).without(2).codes(), [(Code::RolloutInProgress, WAITING)]);
    assert_eq!(story(3).rolling(&[2]).says(), "Ordinals 0, 1 are still to be updated.");
    // An old pod that merely restarts during an update is no trap.
    assert_eq!(story(3).rolling(&[2]).pod(0, starts).codes()[0], (Code::RolloutInProgress, WAITING));
    // Scaling down.
    let fewer = story(3).set(|set| set.replicas = 2);
    assert_eq!(
        (fewer.codes(), fewer.says()),
        (vec![(Code::RolloutInProgress, WAITING)], "Scaling down: web-2 still to go.".to_owned())
    );
}

#[test]
fn an_old_pod_that_is_broken_traps_the_update_also_after_a_full_revert() {
    // The set goes back to the revision that it came from: both of its revisions are alike, the broken pod's is another.
    let mut trapped = story(2);
    trapped.pods[1] = of_revision(trapped.pods[1].clone(), "web-broken");
    let trapped = trapped.pod(1, crashes);
    assert_eq!(trapped.codes(), [(Code::RolloutTrapped, FAULT), (Code::CrashLoop, FAULT)]);
    assert!(trapped.verdicts()[0].next.as_ref().unwrap().contains("\"uid\":\"uid-web-1\""));
    // Below the partition it has its rightful revision, whatever the start: deleting it would bring the same again.
    let held = story(3)
        .set(|set| {
            set.start = 0;
            set.update = Update::Rolling { partition: 1 };
        })
        .rolling(&[1, 2])
        .pod(0, crashes);
    assert_eq!(held.codes(), [(Code::CrashLoop, FAULT)]);
    // With OnDelete nobody replaces anything.
    let by_hand = story(2).set(|set| set.update = Update::OnDelete).rolling(&[]).pod(0, crashes);
    assert_eq!(by_hand.codes(), [(Code::CrashLoop, FAULT)]);
    // A Parallel set frees itself, but for early patches of 1.35.
    let parallel = |version: &'static str| {
        let story = story(2).set(|set| set.parallel = true).rolling(&[]).pod(0, crashes);
        story.with(move |facts| facts.server_version = Some(version.to_owned())).codes()[0].0
    };
    assert_eq!(parallel("v1.36.3"), Code::CrashLoop);
    assert_eq!(parallel("v1.35.0"), Code::ParallelRolloutTrapped);
}

#[test]
fn a_new_revision_that_does_not_work_takes_an_undo_and_a_deletion() {
    let broken = story(3).rolling(&[2]).pod(2, crashes);
    assert_eq!(broken.codes(), [(Code::NewRevisionBroken, FAULT), (Code::CrashLoop, FAULT)]);
    assert_eq!(
        broken.says(),
        "The new revision does not work: pod web-2 is made from it and does not get ready, so ordinals 0, 1 are not updated."
    );
    assert!(
        broken.verdicts()[0]
            .next
            .as_ref()
            .unwrap()
            .starts_with("kubectl -n shop rollout undo statefulset web && kubectl -n shop delete pod web-2")
    );
}

#[test]
fn the_first_start_stops_at_the_pod_that_does_not_get_ready() {
    let first = story(4).without(2).pod(1, crashes);
    assert_eq!(first.codes(), [(Code::FirstRolloutBlocked, FAULT), (Code::CrashLoop, FAULT)]);
    assert_eq!(
        first.says(),
        "Pod web-1 does not get ready, and the ordinals after it (2, 3) are made only when it is."
    );
    // The last has none after it.
    assert_eq!(story(2).pod(1, crashes).codes(), [(Code::CrashLoop, FAULT)]);
}

#[test]
fn waiting_by_design_is_told_from_being_stuck() {
    let partition = |partition| story(3).set(|set| set.update = Update::Rolling { partition });
    assert_eq!(partition(2).rolling(&[2]).codes(), [(Code::PartitionHolds, WAITING)]);
    assert_eq!(partition(2).rolling(&[]).codes(), [(Code::RolloutInProgress, WAITING)]);
    // The partition counts from the first ordinal.
    let mut moved = story(3).set(|set| {
        set.start = 2;
        set.update = Update::Rolling { partition: 1 };
    });
    moved.pods = (2..5).map(|ordinal| of_revision(pod(&moved.set, ordinal), "web-1")).collect();
    let moved = moved
        .rolling(&[1, 2])
        .with(|facts| facts.claims.items.retain(|claim| !matches!(&*claim.meta.name, "data-web-0" | "data-web-1")));
    assert_eq!(moved.codes(), [(Code::PartitionHolds, WAITING)]);
    assert_eq!(moved.says(), "By design: the partition of 1 keeps ordinals 2 at their revision.");
    let by_hand = story(2).set(|set| set.update = Update::OnDelete).rolling(&[]);
    assert_eq!(by_hand.codes(), [(Code::OnDeleteWaits, WAITING)]);
    let young = story(2)
        .set(|set| set.min_ready = 60)
        .rolling(&[1])
        .pod(1, |pod| pod.ready_since = Some(time("2026-11-21T11:59:30Z").into()));
    assert_eq!(young.codes(), [(Code::MinReadyWait, WAITING)]);
    assert_eq!(young.says(), "Pod web-1 is ready and has to stay so for 30s more; then the update goes on.");
}

#[test]
fn a_scale_down_waits_for_the_pod_that_is_broken_though_the_counts_look_whole() {
    let blocked = story(3).set(|set| set.replicas = 2).pod(0, crashes);
    assert_eq!(blocked.codes(), [(Code::ScaleDownBlocked, FAULT), (Code::CrashLoop, FAULT)]);
    assert_eq!(blocked.says(), "web-2 should go, but the controller waits for pod web-0 to be ready first.");
}

fn refused(message: &'static str) -> Story {
    story(2).without(1).with(move |facts| {
        let set = facts.sets.items[0].meta.clone();
        facts.around.events.items.push(event("StatefulSet", &set, "FailedCreate", 18, "2026-11-21T11:44:00Z", message));
    })
}

#[test]
fn a_pod_that_the_server_refuses_is_explained_by_the_newest_event_be_it_a_quarter_of_an_hour_old() {
    let quota = refused(
        "create Pod web-1 in StatefulSet web failed error: pods \"web-1\" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=1, limited: pods=1",
    );
    assert_eq!(quota.codes(), [(Code::PodCreationRefused, FAULT)]);
    assert_eq!(
        quota.says(),
        "The server refuses to create the pod: quota pods, requested: pods=1, used: pods=1, limited: pods=1."
    );
    assert!(quota.verdicts()[0].next.as_ref().unwrap().contains("annotate statefulset web"));
    let claim = refused(
        "create Pod web-1 in StatefulSet web failed error: failed to create PVC data-web-1: persistentvolumeclaims \"data-web-1\" is forbidden: exceeded quota: storage, requested: requests.storage=1Mi",
    );
    assert_eq!(claim.codes(), [(Code::ClaimCreationRefused, FAULT)]);
    let account = refused(
        "create Pod web-1 in StatefulSet web failed error: pods \"web-1\" is forbidden: error looking up service account shop/ghost: serviceaccount \"ghost\" not found",
    );
    assert_eq!(account.says(), "The server refuses to create the pod: its ServiceAccount ghost does not exist.");
    // One of an ordinal that has been made since says nothing.
    assert_eq!(
        refused("create Pod web-0 in StatefulSet web failed error: pods \"web-0\" is forbidden: exceeded quota: pods")
            .codes()[0]
            .0,
        Code::RolloutInProgress
    );
}

#[test]
fn what_no_event_tells_is_told_from_the_objects() {
    let taken = story(2).without(1).with(|facts| {
        let mut other = pod(&facts.sets.items[0], 1);
        other.meta.owners = std::sync::Arc::new([]);
        other.meta.labels = labels(&[("app", "other")]);
        facts.pods.items.push(other);
    });
    assert_eq!(taken.codes(), [(Code::PodNameTaken, FAULT)]);
    let going = story(2).without(1).with(|facts| {
        let claim = facts.claims.items.iter_mut().find(|claim| *claim.meta.name == *"data-web-1").unwrap();
        claim.meta.deleted = Some(time("2026-11-21T11:58:00Z").into());
        claim.meta.finalizers = std::sync::Arc::new(["example.com/backup".into()]);
    });
    assert_eq!(going.codes(), [(Code::ClaimBlocksPod, FAULT)]);
    // Scaled down and up again: the claim is about to go.
    let lately = going.with(|facts| {
        let claim = facts.claims.items.iter_mut().find(|claim| *claim.meta.name == *"data-web-1").unwrap();
        claim.meta.deleted = Some(time("2026-11-21T11:59:30Z").into());
    });
    assert_eq!(lately.codes()[1], (Code::ClaimBlocksPod, WAITING));
    let stale = |written: &'static str| {
        story(2).set(|set| set.written = Some(time(written))).without(1).with(|facts| {
            let claim = facts.claims.items.iter_mut().find(|claim| *claim.meta.name == *"data-web-1").unwrap();
            claim.meta.owners = std::sync::Arc::new([owner("Pod", "web-1")]);
        })
    };
    assert_eq!(stale("2026-11-21T11:58:00Z").codes(), [(Code::ClaimBlocksPod, FAULT)]);
    assert_eq!(stale("2026-11-21T11:59:30Z").codes()[1], (Code::ClaimBlocksPod, WAITING));
    let renamed = story(2).pod(0, |pod| pod.claims[0].volume = "store".into());
    assert_eq!(renamed.codes(), [(Code::TemplateMismatch, FAULT)]);
}

#[test]
fn the_set_as_a_whole() {
    let deleting = story(2).set(|set| set.meta.deleted = Some(time("2026-11-21T11:59:00Z").into()));
    assert_eq!(deleting.codes(), [(Code::SetDeleting, WAITING)]);
    let behind = |changed| story(2).set(|set| (set.generation, set.changed) = (2, changed)).codes()[0];
    assert_eq!(behind(Some(time("2026-11-21T11:58:00Z"))), (Code::ControllerBehind, FAULT));
    // Just now, or nobody knows when.
    assert_eq!(
        story(2).set(|set| (set.generation, set.changed) = (2, Some(time("2026-11-21T11:59:59Z")))).codes()[1],
        (Code::ControllerBehind, WAITING)
    );
    assert_eq!(story(2).set(|set| set.generation = 2).codes()[1], (Code::ControllerBehind, WAITING));
    let twin = story(2).with(|facts| {
        let mut twin = set("twin", 0, &[]);
        (twin.selector, twin.pod_labels) =
            (facts.sets.items[0].selector.clone(), facts.sets.items[0].pod_labels.clone());
        facts.sets.items.push(twin);
    });
    assert_eq!(twin.codes(), [(Code::SelectorOverlap, FAULT)]);
    let moved = story(2).set(|set| set.start = 2).without(0);
    assert_eq!(moved.codes().last(), Some(&(Code::StartMoved, NOTICE)));
    let stray = story(1).with(|facts| {
        let mut stray = pod(&facts.sets.items[0], 9);
        stray.meta.owners = std::sync::Arc::new([]);
        facts.pods.items.push(stray);
    });
    assert_eq!(stray.codes(), [(Code::SetReady, OK), (Code::OrphanedPods, NOTICE)]);
}

#[test]
fn pods_of_a_set_that_is_gone_are_found() {
    let gone = set("gone", 1, &[]);
    let mut left = pod(&gone, 0);
    left.meta.owners = std::sync::Arc::new([]);
    left.meta.labels = labels(&[("app", "gone"), ("statefulset.kubernetes.io/pod-name", "gone-0")]);
    let ended = Pod { phase: PodPhase::Succeeded, ..left.clone() };
    let facts = cluster(vec![set("web", 0, &[])], vec![left], vec![], vec![]);
    assert_eq!(orphaned_pods(&facts).iter().map(|verdict| verdict.code).collect::<Vec<_>>(), [Code::OrphanedPods]);
    assert!(orphaned_pods(&cluster(vec![], vec![ended], vec![], vec![])).is_empty());
}

#[test]
fn events_of_a_namesake_count_nothing() {
    let other = story(2).without(1).with(|facts| {
        let mut namesake = facts.sets.items[0].meta.clone();
        namesake.uid = "uid-of-the-set-before".into();
        let said =
            "create Pod web-1 in StatefulSet web failed error: pods \"web-1\" is forbidden: exceeded quota: pods";
        facts.around.events.items.push(event(
            "StatefulSet",
            &namesake,
            "FailedCreate",
            1,
            "2026-11-21T11:59:00Z",
            said,
        ));
        Event::sort(&mut facts.around.events.items);
    });
    assert_eq!(other.codes(), [(Code::RolloutInProgress, WAITING)]);
}

fn template(name: &str, image: &str) -> Revision {
    let template = serde_json::json!({"spec": {"containers": [{"name": "main", "image": image}]}});
    Revision { meta: meta(name), template: Some(Box::new(template)) }
}

fn with_templates(facts: &mut Cluster) {
    facts.around.revisions = Listed::complete(vec![
        template("web-1", "db:1"),
        template("web-2", "db:2"),
        template("web-broken", "nosuch:1"),
    ]);
}

/// What the set's first verdict says of the image.
fn image(story: &Story) -> Option<String> {
    let first = story.verdicts().remove(0);
    first.evidence.into_iter().find(|it| it.field.ends_with("[main].image")).map(|it| it.value)
}

#[test]
fn a_rollout_says_what_it_changes() {
    let told = |story: Story| {
        let story = story.with(with_templates);
        (story.codes()[0].0, image(&story))
    };
    let forward = Some("db:1 → db:2".to_owned());
    assert_eq!(told(story(3).rolling(&[2])), (Code::RolloutInProgress, forward.clone()));
    assert_eq!(told(story(3).rolling(&[2]).pod(2, crashes)), (Code::NewRevisionBroken, forward.clone()));
    let partition = story(3).set(|set| set.update = Update::Rolling { partition: 2 });
    assert_eq!(told(partition.rolling(&[2])), (Code::PartitionHolds, forward.clone()));
    let by_hand = story(2).set(|set| set.update = Update::OnDelete);
    assert_eq!(told(by_hand.rolling(&[])), (Code::OnDeleteWaits, forward));
    // After a full revert both revisions of the set are alike: the trapped pod's own is compared.
    let mut trapped = story(2);
    trapped.pods[1] = of_revision(trapped.pods[1].clone(), "web-broken");
    assert_eq!(told(trapped.pod(1, crashes)), (Code::RolloutTrapped, Some("nosuch:1 → db:1".to_owned())));
    // All are there: nothing changes.
    assert_eq!(told(story(3)), (Code::SetReady, None));
}

#[test]
fn revisions_that_could_not_be_read_are_said_and_those_not_asked_for_are_not() {
    let unknown = |story: &Story| story.verdicts().remove(0).unknown;
    let not_asked_for =
        story(3).rolling(&[2]).with(|facts| facts.around.revisions = crate::gather::revisions::not_read());
    assert!(unknown(&not_asked_for).is_empty());
    let forbidden = story(3).rolling(&[2]).with(|facts| {
        let scope = Scope::Namespace("shop".into());
        let refusal = Refusal { verb: "get", resource: "controllerrevisions.apps", scope, why: Why::Forbidden };
        facts.around.revisions = Listed::refused(refusal);
    });
    assert_eq!(
        unknown(&forbidden),
        ["cannot tell what changed: forbidden to get controllerrevisions.apps in namespace shop"]
    );
    let gone = story(3).rolling(&[2]).with(|facts| {
        facts.around.revisions = Listed::complete(vec![template("web-2", "db:2")]);
    });
    assert_eq!(unknown(&gone), ["cannot tell what changed: ControllerRevision web-1 was not found"]);
}

#[test]
fn only_the_revisions_of_a_rollout_are_wanted() {
    let wanted = |story: Story| {
        let facts = cluster(vec![story.set.clone()], story.pods.clone(), vec![], vec![]);
        compared(&facts.sets.items[0], &ordinals(&facts.sets.items[0], &facts))
    };
    assert!(wanted(story(3)).is_empty());
    assert_eq!(wanted(story(3).rolling(&[2])), ["web-2".into(), "web-1".into()]);
}

/// web-1 is missing, no event tells why, and the set was last written so long ago.
fn stands_still(written: &str) -> Story {
    let written = time(written);
    story(2).without(1).set(|set| set.written = Some(written))
}

fn quota(resource: &str, hard: &str, used: &str) -> Quota {
    let limits = Box::new([(resource.into(), Quantity::new(hard), Quantity::new(used))]);
    Quota { meta: meta("team"), scoped: false, limits }
}

#[test]
fn a_pod_that_no_event_explains_is_explained_by_the_limits_themselves() {
    let full = |written| stands_still(written).with(|facts| facts.around.quotas.items.push(quota("pods", "1", "1")));
    let old = full("2026-11-21T11:00:00Z");
    assert_eq!(old.codes(), [(Code::PodCreationRefused, FAULT)]);
    assert_eq!(
        old.says(),
        "The server would refuse to create the pod now: quota team has 1 of pods, 1 is used, and 1 more is wanted."
    );
    // It may be about to be made: what a quota counts as used lags behind a pod's end.
    assert_eq!(full("2026-11-21T11:59:30Z").codes(), [(Code::RolloutInProgress, WAITING)]);
    // Nobody knows since when it stands.
    assert_eq!(
        full("2026-11-21T11:00:00Z").set(|set| set.written = None).codes(),
        [(Code::RolloutInProgress, WAITING)]
    );
    // The pod before it counts only in a minute: by design the next is not made.
    let held = full("2026-11-21T11:00:00Z").set(|set| set.min_ready = 60).pod(0, |pod| {
        pod.ready_since = Some(time("2026-11-21T11:59:30Z").into());
    });
    assert_eq!(held.codes()[0], (Code::RolloutInProgress, WAITING));
    let ghost = stands_still("2026-11-21T11:00:00Z").set(|set| set.needs.service_account = "ghost".into());
    assert_eq!(ghost.says(), "The server would refuse to create the pod now: its ServiceAccount ghost does not exist.");
    let storage = stands_still("2026-11-21T11:00:00Z").with(|facts| {
        facts.claims.items.retain(|claim| *claim.meta.name != *"data-web-1");
        facts.around.quotas.items.push(quota("requests.storage", "1Gi", "1Gi"));
    });
    assert_eq!(storage.codes(), [(Code::ClaimCreationRefused, FAULT)]);
    // A claim that is there already is not created.
    let there = stands_still("2026-11-21T11:00:00Z")
        .with(|facts| facts.around.quotas.items.push(quota("requests.storage", "1Gi", "1Gi")));
    assert_eq!(there.codes()[0].0, Code::CannotTell);
}

#[test]
fn what_the_limits_do_not_explain_is_not_guessed() {
    let unknown = |story: &Story| {
        let first = story.verdicts().remove(0);
        (first.code, first.unknown)
    };
    let (code, why) = unknown(&stands_still("2026-11-21T11:00:00Z"));
    assert_eq!(code, Code::CannotTell);
    assert_eq!(why, ["no event of a try is left; ServiceAccount, LimitRanges and quotas would let it pass"]);
    let forbidden = stands_still("2026-11-21T11:00:00Z").with(|facts| {
        facts.around.quotas =
            Listed::refused(crate::gather::resource::QUOTAS.not_listed(Some(&"shop".into()), Why::Forbidden));
    });
    assert_eq!(unknown(&forbidden).1, ["forbidden to list resourcequotas in namespace shop"]);
    // Where they are not asked for, nothing is said of them.
    let quiet = stands_still("2026-11-21T11:00:00Z").with(|facts| crate::gather::limits::Limits::not_read().put(facts));
    assert_eq!(quiet.codes(), [(Code::RolloutInProgress, WAITING)]);
}

/// Which pod is restarted, and what speaks against it; the ordinals given have names of an earlier Service.
fn restarted(story: &Story, drifted: &[usize], only: Option<i32>) -> Option<(String, Option<String>)> {
    let names: Vec<Verdict> = drifted
        .iter()
        .map(|at| Verdict::new(Code::SubdomainDrift, "").about(ObjectRef::new("Pod", &story.pods[*at].meta)))
        .collect();
    let facts = story.facts();
    let set = facts.sets.items.iter().find(|set| *set.meta.name == *"web").unwrap();
    let rows = ordinals(set, &facts);
    let said = diagnose(set, &rows, &facts, &Circumstances::of(&facts, &[]));
    let found = restart(set, &rows, &facts, &said, &names, only)?;
    Some((found.pod.meta.name.to_string(), found.against))
}

#[test]
fn the_pod_that_traps_the_rollout_is_restarted_and_no_other() {
    let mut trapped = story(2);
    trapped.pods[1] = of_revision(trapped.pods[1].clone(), "web-broken");
    let trapped = trapped.pod(1, crashes);
    assert_eq!(restarted(&trapped, &[0], None), Some(("web-1".to_owned(), None)), "what traps comes first");
    assert_eq!(restarted(&trapped, &[], Some(0)), None, "it is not the one that was named");
    // A new revision that does not work takes an undo first.
    assert_eq!(restarted(&story(3).rolling(&[2]).pod(2, crashes), &[], None), None);
    let going = trapped.with(|facts| {
        let claim = facts.claims.items.iter_mut().find(|claim| *claim.meta.name == *"data-web-1").unwrap();
        claim.meta.deleted = Some(time("2026-11-21T11:59:00Z").into());
    });
    let against = "its claim data-web-1 is being deleted and goes when the pod stops".to_owned();
    assert_eq!(restarted(&going, &[], None), Some(("web-1".to_owned(), Some(against))));
}

#[test]
fn a_pod_with_an_old_name_is_restarted_only_while_its_peers_are_well() {
    assert_eq!(restarted(&story(3), &[], None), None);
    assert_eq!(restarted(&story(3), &[0, 2], None), Some(("web-2".to_owned(), None)), "the highest first");
    assert_eq!(restarted(&story(3), &[0, 2], Some(0)), Some(("web-0".to_owned(), None)));
    let against = |story: &Story| restarted(story, &[2], None).unwrap().1.unwrap();
    assert_eq!(against(&story(3).pod(0, crashes)), "pod web-0 is not ready, and a second one would be missing");
    // That it is itself not ready speaks for it.
    assert_eq!(restarted(&story(3).pod(2, crashes), &[2], None), Some(("web-2".to_owned(), None)));
    let mut absent = story(3);
    absent.pods.remove(0);
    assert_eq!(
        restarted(&absent, &[1], None).unwrap().1.unwrap(),
        "pod web-0 is not there, and a second one would be missing"
    );
    let budget = story(3).with(|facts| {
        let selector = facts.sets.items[0].selector.clone();
        facts.around.budgets.items.push(Budget { meta: meta("quorum"), selector, allowed: 0, desired: 3 });
    });
    assert_eq!(against(&budget), "disruption budget quorum lets no pod go now");
    let unread = story(3).with(|facts| {
        let refusal = crate::gather::resource::CLAIMS.not_listed(Some(&"shop".into()), Why::Forbidden);
        facts.claims = Listed::refused(refusal);
    });
    assert_eq!(
        against(&unread),
        "whether its claims are being deleted can't be told: forbidden to list persistentvolumeclaims in namespace shop"
    );
    let by_hand = story(3).set(|set| set.update = Update::OnDelete).rolling(&[]);
    assert_eq!(against(&by_hand), "the strategy is OnDelete, and the pod would come back at revision web-2");
}

/// A server of 1.37 with the feature on: pods of the old revision go at once, the new ones come when all are gone (KEP-3541).
#[test]
fn recreate_is_no_rolling_update() {
    let recreate = || {
        story(3).set(|set| set.update = Update::Recreate).rolling(&[]).with(|facts| {
            facts.server_version = Some("v1.37.0".to_owned());
        })
    };
    let stops = |pod: &mut Pod| (pod.ready, pod.meta.deleted) = (false, Some(time("2026-11-21T12:00:20Z").into()));
    let going = recreate().pod(0, stops).pod(1, stops).pod(2, stops).set(|set| {
        set.status.as_mut().unwrap().progressing =
            Some(("RecreateInProgress".into(), Some(time("2026-11-21T11:59:00Z"))));
    });
    assert_eq!(going.codes()[0], (Code::RolloutInProgress, WAITING));
    let told = going.verdicts().remove(0);
    assert_eq!(told.says, "It waits for web-0 to stop and 2 more.");
    assert!(told.evidence.iter().any(|it| it.value == "RecreateInProgress"), "{:?}", told.evidence);
    // An old pod that is broken is deleted like the others: no trap.
    let seen = |written| recreate().pod(0, crashes).set(|set| set.written = Some(time(written)));
    assert_eq!(seen("2026-11-21T11:59:50Z").codes()[0].0, Code::CrashLoop);
    // But for a controller manager that does not know the strategy.
    let ignored = seen("2026-11-21T11:50:00Z");
    assert_eq!(ignored.codes()[0], (Code::RolloutTrapped, FAULT));
    assert_eq!(ignored.verdicts()[0].evidence[0].field, "spec.updateStrategy.type");
}
