//! `clean` against a cluster that changes meanwhile, at random moments.
//!
//! Between the last look at everything and the deletion nothing can be seen any more; up to that look every change must keep its claim,
//! and a change of the claim itself must keep it to the very end.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use workload_tests::{Action, Fault, On, Record, Requests, Running};

use crate::leftovers::{claim, clean, left_behind, pod};

/// So many in each run of the tests; `RACES=10000` for a long one.
const RACES: usize = 40;

/// What somebody does to a claim between its plan and its deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Mounted,
    Replaced,
    Changed,
    SetMade,
    Deployed,
    Scheduled,
    Snapshot,
    Adopted,
}

const EVENTS: [Event; 8] = [
    Event::Mounted,
    Event::Replaced,
    Event::Changed,
    Event::SetMade,
    Event::Deployed,
    Event::Scheduled,
    Event::Snapshot,
    Event::Adopted,
];

impl Event {
    /// Whether the claim is not the one that was shown any more: then the server itself refuses the deletion.
    fn of_the_claim(self) -> bool {
        matches!(self, Self::Replaced | Self::Changed | Self::Adopted)
    }

    fn happens(self, cluster: &Running, name: &str) {
        if self.of_the_claim() && cluster.object("persistentvolumeclaims", "shop", name).is_none() {
            return;
        }
        let uses = json!({"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": name}}]});
        let meta = |name: &str| json!({"name": name, "namespace": "shop"});
        let patch = |patch: Value| cluster.patch("persistentvolumeclaims", "shop", name, patch);
        match self {
            Self::Mounted => cluster.apply(pod("newcomer", name)),
            Self::Replaced => {
                cluster.delete("persistentvolumeclaims", "shop", name);
                let mut new = claim(name, "Delete")[0].clone();
                new["metadata"]["uid"] = json!("uid-new");
                cluster.apply(new);
            }
            Self::Changed => patch(json!({"metadata": {"annotations": {"keep": "please"}}})),
            Self::Adopted => patch(json!({"metadata": {"ownerReferences": [
                {"apiVersion": "example.com/v1", "kind": "Cluster", "name": "db", "uid": "5e1f"}]}})),
            Self::SetMade => cluster.apply(json!({
                "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": meta("old"),
                "spec": {"replicas": 2, "serviceName": "old", "selector": {"matchLabels": {"app": "old"}},
                         "template": {"metadata": {"labels": {"app": "old"}}, "spec": {"containers": []}},
                         "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {}}]},
            })),
            Self::Deployed => cluster.apply(json!({
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta("reader"),
                "spec": {"replicas": 0, "template": {"spec": uses}},
            })),
            Self::Scheduled => cluster.apply(json!({
                "apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta("weekly"),
                "spec": {"schedule": "0 3 * * 0", "jobTemplate": {"spec": {"template": {"spec": uses}}}},
            })),
            Self::Snapshot => cluster.apply(json!({
                "apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshot", "metadata": meta("nightly"),
                "spec": {"source": {"persistentVolumeClaimName": name}}, "status": {"readyToUse": false},
            })),
        }
    }
}

/// The requests that come one after another: all but the lists.
fn in_turn(request: &Record) -> bool {
    matches!(&*request.verb, "get" | "patch" | "delete") && request.resource.starts_with("persistentvolume")
}

/// The turn in which a claim is deleted for real, counted from 0.
fn deletion(requests: &Requests, name: &str) -> Option<usize> {
    requests.0.iter().filter(|request| in_turn(request)).position(|request| {
        request.verb == "delete" && request.name.as_deref() == Some(name) && request.parameter("dryRun").is_none()
    })
}

fn race(seed: usize) {
    let dice = |n: usize, of: usize| (seed.wrapping_mul(0x9e37_79b9) >> (4 * of)) % n;
    let (event, target) = (EVENTS[seed % EVENTS.len()], ["data-old-0", "data-old-1"][dice(2, 1)]);
    // Two rehearsals; then for each claim its YAML, its volume's, perhaps a patch, and its end.
    let (at, keep) = (dice(11, 2), dice(3, 3) == 0);
    let cluster = Arc::new(left_behind().start());
    let (shared, turn, done) = (Arc::clone(&cluster), AtomicUsize::new(0), Arc::new(AtomicBool::new(false)));
    let (happened, one_at_a_time) = (Arc::clone(&done), Mutex::new(()));
    let fault = Fault::new(move |_| {
        let _turn = one_at_a_time.lock().expect("nobody panicked");
        if turn.fetch_add(1, Ordering::SeqCst) == at {
            event.happens(&shared, target);
            happened.store(true, Ordering::SeqCst);
        }
        Action::Pass
    });
    cluster.fault(On::any().with(in_turn), fault);
    let ran = clean(
        &cluster,
        if keep { "clean --verdict OrphanSetGone --retain-disk" } else { "clean --verdict OrphanSetGone" },
    );
    cluster.heal();
    let story = format!("race {seed}: {event:?} of {target} in turn {at}, keep {keep}\n{}", ran.whole());
    for name in ["data-old-0", "data-old-1"] {
        let end = deletion(&cluster.requests(), name);
        let is_there = cluster.object("persistentvolumeclaims", "shop", name).is_some();
        let touched = done.load(Ordering::SeqCst) && (name == target || event == Event::SetMade);
        let must_stay =
            touched && end.is_none_or(|end| at < end || (at == end && name == target && event.of_the_claim()));
        assert!(is_there || !must_stay, "{name} was needed and is gone\n{story}");
        assert!(!is_there || must_stay, "{name} stayed without need\n{story}");
        assert_eq!(
            ran.stdout.contains(&format!("persistentvolumeclaim/{name} deleted")),
            end.is_some() && !must_stay,
            "{story}"
        );
    }
    assert!(cluster.object("persistentvolumeclaims", "shop", "backup-old-0").is_some(), "{story}");
    let all_went = !ran.stderr.contains("left as it is");
    assert_eq!(ran.code, i32::from(!all_went), "{story}");
}

#[test]
fn whatever_happens_meanwhile_nothing_is_deleted_that_is_needed_by_then() {
    let races = std::env::var("RACES").ok().and_then(|number| number.parse().ok()).unwrap_or(RACES);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(seed) = Some(next.fetch_add(1, Ordering::SeqCst)).filter(|seed| *seed < races) {
                    race(seed);
                }
            });
        }
    });
}
