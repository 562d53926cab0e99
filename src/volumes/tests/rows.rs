//! The states of claims, each as a small story.

use super::super::*;
use crate::facts::fixture::{claim, class, cluster, meta, owner, pod, set, time, volume};
use crate::facts::{Claim, ClaimPhase, Cluster, Listed, Meta, Owner, Pod, PodPhase, StatefulSet, Why};
use crate::findings::{Code, Deletable, Severity};
use crate::gather::resource::{CLAIMS, PODS, SETS, VOLUMES};

/// The set `web` with two replicas and template `data`, its pods, and claims and volumes of three ordinals: scaled down from three.
struct Story {
    set: StatefulSet,
    pods: Vec<Pod>,
    claims: Vec<Claim>,
    reclaim: &'static str,
    others: Vec<StatefulSet>,
}

fn story() -> Story {
    let set = set("web", 2, &["data"]);
    let pods = vec![pod(&set, 0), pod(&set, 1)];
    let claims = (0..3).map(|k| claim(&format!("data-web-{k}"))).collect();
    Story { set, pods, claims, reclaim: "Delete", others: Vec::new() }
}

impl Story {
    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn facts(self) -> Cluster {
        let volumes = self.claims.iter().filter(|c| c.volume.is_some()).map(|c| volume(c, self.reclaim)).collect();
        let mut sets = self.others;
        sets.push(self.set);
        cluster(sets, self.pods, self.claims, volumes)
    }
}

/// Each row as `claim: codes, deletable`.
fn told(facts: &Cluster) -> Vec<String> {
    told_of(facts, |_| true, false)
}

fn told_of(facts: &Cluster, shown: impl Fn(&StatefulSet) -> bool, all_claims: bool) -> Vec<String> {
    let index = Index::new(facts);
    let view = View { sets: facts.sets.items.iter().filter(|set| shown(set)).collect(), all_claims, only: None };
    let rows = rows(&index, &view);
    let of = |row: &Row<'_>| {
        let codes: Vec<_> = verdicts(row, &index).iter().map(|verdict| verdict.code.word()).collect();
        let deletable = match deletable(row, &index) {
            Deletable::Never => "",
            Deletable::Named => ", named",
            Deletable::Bulk => ", bulk",
        };
        format!("{}: {}{deletable}", row.name, codes.join(" "))
    };
    rows.iter().map(of).collect()
}

#[test]
fn a_scale_down_leaves_a_claim_that_comes_back_with_its_data() {
    let facts = story().facts();
    assert_eq!(
        told(&facts),
        ["data-web-0: InUse", "data-web-1: InUse", "data-web-2: RetainedScaledDown DiskDiesWithClaim, named"]
    );
    let index = Index::new(&facts);
    let rows = rows(&index, &View { sets: facts.sets.items.iter().collect(), all_claims: false, only: None });
    let verdict = &verdicts(&rows[2], &index)[0];
    assert_eq!(
        verdict.says,
        "Ordinal 2 is out of range of set web; scaling web to 3 or more attaches it again with its data."
    );
    assert_eq!(verdict.since, None, "the age of a claim is not the time since it is unused");
    let summary = Summary::of(&rows);
    assert_eq!((summary.in_use, summary.retained, summary.retained_bytes), (2, 1, 1 << 30));
    assert_eq!(
        summary.comes_back,
        [ComesBack { set: "web".to_owned(), claim: "data-web-2".to_owned(), by: Change::Replicas(3) }]
    );
}

#[test]
fn a_volume_that_outlives_its_claim_is_not_said_to_die_with_it() {
    let facts = story().with(|s| s.reclaim = "Retain").facts();
    assert_eq!(told(&facts)[2], "data-web-2: RetainedScaledDown, named");
}

#[test]
fn a_set_at_zero_is_paused() {
    let facts = story()
        .with(|s| {
            s.set.replicas = 0;
            s.pods.clear();
        })
        .facts();
    assert_eq!(told(&facts).len(), 3);
    assert!(told(&facts).iter().all(|row| row.ends_with(": RetainedAtZero DiskDiesWithClaim, named")));
}

#[test]
fn a_raised_start_leaves_low_ordinals_behind() {
    let facts = story()
        .with(|s| {
            s.set.start = 1;
            s.pods = vec![pod(&s.set, 1), pod(&s.set, 2)];
        })
        .facts();
    assert_eq!(
        told(&facts),
        ["data-web-1: InUse", "data-web-2: InUse", "data-web-0: RetainedScaledDown DiskDiesWithClaim, named"]
    );
    let index = Index::new(&facts);
    let rows = rows(&index, &View { sets: facts.sets.items.iter().collect(), all_claims: false, only: None });
    assert_eq!(
        verdicts(&rows[2], &index)[0].says,
        "Ordinal 0 is out of range of set web; a start of 0 or less attaches it again with its data."
    );
    assert_eq!(Summary::of(&rows).comes_back[0].by, Change::Start(0), "a scale-up does not reach below the start");
}

#[test]
fn an_ordinal_whose_pod_is_away_keeps_its_claim() {
    let facts = story()
        .with(|s| {
            s.pods.remove(1);
            s.claims.pop();
        })
        .facts();
    assert_eq!(told(&facts), ["data-web-0: InUse", "data-web-1: AwaitingPod"]);
    let unscheduled = story()
        .with(|s| {
            s.pods[1].node = None;
            s.claims.pop();
        })
        .facts();
    assert_eq!(told(&unscheduled)[1], "data-web-1: AwaitingPod Unprotected");
}

#[test]
fn a_claim_that_does_not_exist_yet_is_missing_and_nothing_worse() {
    let facts = story().with(|s| s.claims.truncate(1)).facts();
    assert_eq!(told(&facts), ["data-web-0: InUse", "data-web-1: ClaimMissing"]);
}

#[test]
fn a_pod_that_is_still_there_holds_the_claim_of_a_condemned_ordinal() {
    let facts = story().with(|s| s.pods.push(pod(&s.set, 2))).facts();
    assert_eq!(told(&facts)[2], "data-web-2: Condemned");
}

#[test]
fn a_pod_of_somebody_else_borrows_a_claim() {
    let stranger = |s: &Story, claim: usize| Pod {
        meta: Meta { owners: std::sync::Arc::new([owner("Job", "backup")]), ..meta("backup-x") },
        claims: pod(&s.set, i32::try_from(claim).unwrap()).claims,
        ..pod(&s.set, 0)
    };
    let facts = story().with(|s| s.pods.push(stranger(s, 2))).facts();
    assert_eq!(told(&facts)[2], "data-web-2: Borrowed");
    let absent = story()
        .with(|s| {
            s.pods.remove(0);
            s.pods.push(stranger(s, 0));
        })
        .facts();
    assert_eq!(told(&absent)[0], "data-web-0: Borrowed AwaitingPod");
}

#[test]
fn a_finished_pod_does_not_use_a_claim_but_holds_its_deletion() {
    let facts = story()
        .with(|s| {
            let mut done = pod(&s.set, 2);
            done.meta = Meta { owners: std::sync::Arc::new([]), ..meta("debug") };
            done.phase = PodPhase::Succeeded;
            s.pods.push(done);
        })
        .facts();
    assert_eq!(told(&facts)[2], "data-web-2: HeldByFinishedPod DiskDiesWithClaim, named");
}

#[test]
fn a_deletion_under_a_running_pod_is_a_fault_whatever_else_holds() {
    let deleted = |claim: &mut Claim| {
        claim.meta.deleted = Some(time("2026-11-21T11:00:00Z").into());
        claim.meta.finalizers = std::sync::Arc::new(["kubernetes.io/pvc-protection".into()]);
    };
    let facts = story()
        .with(|s| {
            deleted(&mut s.claims[0]);
            deleted(&mut s.claims[2]);
        })
        .facts();
    assert_eq!(
        told(&facts),
        ["data-web-0: TerminatingMounted", "data-web-1: InUse", "data-web-2: TerminatingStuck DiskDiesWithClaim"]
    );
    let index = Index::new(&facts);
    let rows = rows(&index, &View { sets: facts.sets.items.iter().collect(), all_claims: false, only: None });
    assert_eq!(
        verdicts(&rows[0], &index)[0].next.as_deref(),
        Some(
            "kubectl patch persistentvolume pv-data-web-0 -p '{\"spec\":{\"persistentVolumeReclaimPolicy\":\"Retain\"}}'  # keeps the disk; do it before the pod stops"
        )
    );
}

#[test]
fn causes_of_a_pending_claim() {
    let pending = |s: &mut Story, class: &str| {
        let claim = &mut s.claims[1];
        claim.phase = Some(ClaimPhase::Pending);
        claim.spec_mut().class = Some(class.into());
        (claim.volume, claim.capacity) = (None, None);
    };
    let facts = story()
        .with(|s| {
            pending(s, "fast");
            s.pods[1].node = None;
        })
        .facts();
    assert_eq!(told(&facts)[1], "data-web-1: ClassMissing ClaimDrift");
    let facts = story()
        .with(|s| {
            pending(s, "local-path");
            s.pods.pop();
        })
        .facts();
    assert_eq!(told(&facts)[1], "data-web-1: AwaitingFirstConsumer");
    // With a pod it is the pod that is waited for, and with an immediate class neither.
    let facts = story()
        .with(|s| {
            pending(s, "local-path");
            s.pods[1].node = None;
        })
        .facts();
    assert_eq!(told(&facts)[1], "data-web-1: AwaitingPod");
    let mut facts = story()
        .with(|s| {
            pending(s, "slow");
            s.pods.pop();
        })
        .facts();
    facts.classes = Listed::complete(vec![class("slow", false)]);
    assert_eq!(told(&facts)[1], "data-web-1: AwaitingPod ClaimDrift");
}

#[test]
fn a_lost_claim_outranks_its_ordinal() {
    let facts = story().with(|s| s.claims[0].phase = Some(ClaimPhase::Lost)).facts();
    assert_eq!(told(&facts)[0], "data-web-0: ClaimLost");
}

#[test]
fn a_name_that_two_sets_make_is_never_judged_by_one_of_them() {
    let mut facts = story()
        .with(|s| {
            s.set = set("web", 1, &["data-web"]);
            let other = set("web-web", 1, &["data"]);
            s.pods = vec![pod(&s.set, 0), pod(&other, 0)];
            s.others = vec![other];
            s.claims = vec![claim("data-web-web-0"), claim("data-web-web-1")];
        })
        .facts();
    assert_eq!(
        told(&facts),
        [
            "data-web-web-0: AmbiguousClaim InUse",
            "data-web-web-0: AmbiguousClaim InUse",
            "data-web-web-1: AmbiguousClaim DiskDiesWithClaim",
            "data-web-web-1: AmbiguousClaim DiskDiesWithClaim",
        ]
    );
    // One set alone is asked for: the other still counts.
    assert_eq!(told_of(&facts, |set| *set.meta.name == *"web", false).len(), 2);
    facts.pods.items.remove(1);
    let index = Index::new(&facts);
    let rows = rows(&index, &View { sets: facts.sets.items.iter().collect(), all_claims: false, only: None });
    assert!(
        verdicts(&rows[0], &index)[0].says.ends_with("The pod that uses it belongs to set web (template data-web).")
    );
}

#[test]
fn an_operators_claim_is_the_operators_to_judge() {
    let cnpg = Owner { api_version: "postgresql.cnpg.io/v1".into(), ..owner("Cluster", "pg") };
    let facts = story()
        .with(|s| {
            s.claims[0].meta.owners = std::sync::Arc::new([cnpg.clone()]);
            s.claims[2].meta.owners = std::sync::Arc::new([cnpg]);
        })
        .facts();
    assert_eq!(
        told(&facts),
        ["data-web-0: ForeignController InUse", "data-web-1: InUse", "data-web-2: ForeignController DiskDiesWithClaim"]
    );
    // References that the set's own retention policy makes are no foreign controller.
    let own = story().with(|s| s.claims[2].meta.owners = std::sync::Arc::new([owner("StatefulSet", "web")])).facts();
    assert_eq!(told(&own)[2], "data-web-2: RetainedScaledDown FateMismatch DiskDiesWithClaim, named");
}

#[test]
fn claims_that_no_set_makes_are_shown_on_request() {
    let facts = story().with(|s| s.claims.extend([claim("data-web-api-0"), claim("scratch")])).facts();
    assert_eq!(told(&facts).len(), 3);
    let all = told_of(&facts, |_| true, true);
    assert_eq!(
        all[3..],
        ["data-web-api-0: OrphanSetGone DiskDiesWithClaim, named", "scratch: Unattributed DiskDiesWithClaim"]
    );
}

#[test]
fn what_could_not_be_read_is_never_taken_for_absent() {
    let refused = |change: fn(&mut Cluster)| {
        let mut facts = story().facts();
        change(&mut facts);
        told_of(&facts, |_| true, true)
    };
    let none = |mut rows: Vec<String>| {
        rows.retain(|row| row.ends_with(", named"));
        rows
    };
    let pods = refused(|f| f.pods = Listed::refused(PODS.not_listed(Some(&"shop".into()), Why::Forbidden)));
    assert_eq!(pods[0], "data-web-0: CannotTell");
    assert_eq!(none(pods), [""; 0]);
    let claims = refused(|f| f.claims = Listed::refused(CLAIMS.not_listed(Some(&"shop".into()), Why::TimedOut)));
    assert_eq!(claims, ["data-web-0: CannotTell", "data-web-1: CannotTell"]);
    let sets = refused(|f| {
        f.sets = Listed { items: Vec::new(), missing: Some(SETS.not_listed(Some(&"shop".into()), Why::Forbidden)) };
    });
    assert!(sets.iter().all(|row| row.contains("CannotTell")), "{sets:?}");
    let volumes = refused(|f| f.volumes = Listed::refused(VOLUMES.not_listed(None, Why::Forbidden)));
    assert_eq!(volumes, ["data-web-0: InUse", "data-web-1: InUse", "data-web-2: RetainedScaledDown, named"]);
}

#[test]
fn a_refused_volume_is_named_as_unknown_where_its_fate_matters() {
    let mut facts = story().facts();
    facts.volumes = Listed::refused(VOLUMES.not_listed(None, Why::Forbidden));
    let index = Index::new(&facts);
    let rows = rows(&index, &View { sets: facts.sets.items.iter().collect(), all_claims: false, only: None });
    let verdict = &verdicts(&rows[2], &index)[0];
    assert_eq!(verdict.unknown, ["forbidden to list persistentvolumes at the cluster scope"]);
    assert_eq!(verdict.code, Code::RetainedScaledDown);
}

#[test]
fn a_volume_of_the_same_name_that_serves_another_claim_is_not_the_claims() {
    let mut facts = story().facts();
    facts.volumes.items[0].claim.as_mut().unwrap().uid = "uid-of-an-earlier-claim".into();
    let index = Index::new(&facts);
    let rows = rows(&index, &View { sets: facts.sets.items.iter().collect(), all_claims: false, only: None });
    assert!(matches!(rows[0].volume, Some(crate::facts::Known::Read(None))));
}

#[test]
fn a_healthy_set_has_no_fault() {
    let facts = story().facts();
    let index = Index::new(&facts);
    for row in rows(&index, &View { sets: facts.sets.items.iter().collect(), all_claims: true, only: None }) {
        assert!(verdicts(&row, &index).iter().all(|verdict| verdict.severity < Severity::Waiting));
    }
}

#[test]
fn what_was_left_behind_stands_by_ordinal_though_the_server_lists_by_name() {
    let facts = story().with(|story| story.claims.extend([claim("data-web-10"), claim("data-web-9")])).facts();
    let names: Vec<String> = told(&facts).iter().filter_map(|row| Some(row.split_once(':')?.0.to_owned())).collect();
    assert_eq!(names, ["data-web-0", "data-web-1", "data-web-2", "data-web-9", "data-web-10"]);
}
