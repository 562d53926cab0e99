use super::*;
use crate::facts::fixture::{class, time};
use crate::facts::{ClaimPhase, Revision};

fn web(replicas: i32) -> Story {
    story(vec![set("web", replicas, &["data"])])
}

#[test]
fn a_claim_that_its_pod_uses_is_in_use() {
    assert_eq!(web(1).pod(0, 0).claim("data-web-0").says("data-web-0"), "InUse never");
}

#[test]
fn a_claim_whose_pod_is_away_for_a_moment_is_awaited_not_unused() {
    assert_eq!(web(1).claim("data-web-0").says("data-web-0"), "AwaitingPod never");
    let mut waits = pod(&set("web", 1, &["data"]), 0);
    waits.node = None;
    assert_eq!(web(1).other_pod(waits).claim("data-web-0").says("data-web-0"), "AwaitingPod+Unprotected never");
}

#[test]
fn scaled_down_scaled_to_zero_and_below_the_start() {
    assert_eq!(web(1).pod(0, 0).claim("data-web-1").says("data-web-1"), "RetainedScaledDown+DiskDiesWithClaim named");
    assert_eq!(web(0).claim("data-web-0").says("data-web-0"), "RetainedAtZero+DiskDiesWithClaim named");
    let mut moved = set("web", 1, &["data"]);
    moved.start = 5;
    assert_eq!(story(vec![moved]).claim("data-web-0").says("data-web-0"), "RetainedScaledDown+DiskDiesWithClaim named");
}

#[test]
fn a_pod_that_is_to_go_still_has_its_claim() {
    assert_eq!(web(1).pod(0, 1).claim("data-web-1").says("data-web-1"), "Condemned never");
}

#[test]
fn a_name_that_two_sets_make_is_nobodys_to_delete() {
    let both = || story(vec![set("web", 1, &["data-web"]), set("web-web", 0, &["data"])]);
    assert_eq!(both().claim("data-web-web-7").says("data-web-web-7"), "AmbiguousClaim+DiskDiesWithClaim never");
    assert_eq!(both().pod(0, 0).claim("data-web-web-0").says("data-web-web-0"), "AmbiguousClaim+InUse never");
}

#[test]
fn what_an_operator_controls_or_owns_is_the_operators() {
    for (kind, api) in [
        ("Cluster", "postgresql.cnpg.io/v1"),
        ("Kafka", "kafka.strimzi.io/v1beta2"),
        ("Elasticsearch", "elasticsearch.k8s.elastic.co/v1"),
        ("RabbitmqCluster", "rabbitmq.com/v1beta1"),
        ("StatefulSet", "apps.kruise.io/v1beta1"),
        ("DataVolume", "cdi.kubevirt.io/v1beta1"),
    ] {
        for name in ["data-web-1", "data-gone-1"] {
            let owned = |controller| {
                web(1)
                    .claim_with(name, |claim| claim.meta.owners = std::sync::Arc::new([foreign(kind, api, controller)]))
                    .says(name)
            };
            assert_eq!(owned(true), "ForeignController+DiskDiesWithClaim never", "{kind} {name}");
            assert_eq!(owned(false), "ForeignController+DiskDiesWithClaim never", "{kind} {name}");
        }
    }
}

#[test]
fn an_operators_claim_without_an_owner_is_not_judged() {
    let made = |name: &str, maker: Maker, pairs: &'static [(&'static str, &'static str)]| {
        let two = [format!("{name}-0"), format!("{name}-1")];
        two.iter()
            .fold(web(1), |story, name| {
                story.claim_with(name, |claim| {
                    claim.maker = maker;
                    claim.meta.labels = labels(pairs);
                })
            })
            .says(&two[0])
    };
    let never = "Unattributed+DiskDiesWithClaim never";
    assert_eq!(made("data-0-kafka", Maker::Other, &[("strimzi.io/cluster", "kafka")]), never);
    assert_eq!(made("data-kafka", Maker::Controllers, &[("strimzi.io/cluster", "kafka")]), never);
    assert_eq!(made("claim-ana", Maker::Unknown, &[("app", "jupyterhub")]), never);
    assert_eq!(made("claim-ana", Maker::Other, &[]), never);
    assert_eq!(made("data-rabbit-server", Maker::Controllers, &[("app.kubernetes.io/managed-by", "rabbit")]), never);
    assert_eq!(made("data-kruise", Maker::Unknown, &[("app", "kruise")]), never, "no managed fields, no proof");
}

#[test]
fn pending_claims_name_their_cause() {
    let pending = |change: fn(&mut Claim), facts: fn(&mut Cluster)| {
        let waits = |claim: &mut Claim| {
            claim.phase = Some(ClaimPhase::Pending);
            claim.volume = None;
            claim.capacity = None;
            claim.provisioner = Some("rancher.io/local-path".into());
            change(claim);
        };
        let in_range = web(2).pod(0, 0).pod(0, 1).with(facts).claim_with("data-web-1", waits).says("data-web-1");
        let retained = web(0).with(facts).claim_with("data-web-1", waits).says("data-web-1");
        (in_range, retained)
    };
    let both = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    let immediate = |facts: &mut Cluster| facts.classes = Listed::complete(vec![class("local-path", false)]);
    assert_eq!(
        pending(|c| c.spec_mut().class = Some("gone".into()), |_| {}),
        both("ClassMissing+ClaimDrift never", "ClassMissing+ClaimDrift named")
    );
    assert_eq!(pending(|c| c.spec_mut().class = None, |_| {}), both("NoDefaultClass never", "NoDefaultClass named"));
    assert_eq!(
        pending(|c| c.spec_mut().class = Some("".into()), |_| {}),
        both("NoVolumeFits+ClaimDrift never", "NoVolumeFits+ClaimDrift named")
    );
    assert_eq!(pending(|_| {}, |_| {}).1, "AwaitingFirstConsumer named");
    assert_eq!(pending(|_| {}, immediate), both("ProvisionerSilent never", "ProvisionerSilent named"));
    let failing = |facts: &mut Cluster| {
        facts.classes = Listed::complete(vec![class("local-path", false)]);
        facts.around.events = Listed::complete(vec![Event {
            namespace: "shop".into(),
            kind: "PersistentVolumeClaim".into(),
            name: "data-web-1".into(),
            uid: "uid-data-web-1".into(),
            container: None,
            reason: "ProvisioningFailed".into(),
            message: "the backend is full".into(),
            count: 3,
            last: Some(time("2026-11-21T11:59:00Z")),
        }]);
    };
    assert_eq!(pending(|_| {}, failing), both("ProvisioningFailed never", "ProvisioningFailed named"));
    // Without events its silence is no evidence.
    let blind = |facts: &mut Cluster| {
        facts.classes = Listed::complete(vec![class("local-path", false)]);
        facts.around.events = Listed::refused(crate::gather::resource::EVENTS.not_listed(None, Why::Forbidden));
    };
    assert_eq!(pending(|_| {}, blind), both("InUse never", "RetainedAtZero named"));
}

#[test]
fn a_lost_claim_is_a_fault() {
    let lost = web(1).pod(0, 0).claim_with("data-web-0", |claim| claim.phase = Some(ClaimPhase::Lost));
    assert_eq!(lost.says("data-web-0"), "ClaimLost never");
}

#[test]
fn a_deletion_outranks_everything() {
    let going = |claim: &mut Claim| {
        claim.meta.deleted = Some(time("2026-11-21T11:00:00Z").into());
        claim.meta.finalizers = std::sync::Arc::new(["kubernetes.io/pvc-protection".into()]);
        claim.meta.owners = std::sync::Arc::new([owner("StatefulSet", "gone")]);
    };
    assert_eq!(web(1).pod(0, 0).claim_with("data-web-0", going).says("data-web-0"), "TerminatingMounted never");
    assert_eq!(web(0).claim_with("data-web-0", going).says("data-web-0"), "TerminatingStuck+DiskDiesWithClaim never");
}

#[test]
fn a_debug_pod_borrows_a_claim() {
    let borrowed = web(1).pod(0, 0).other_pod(stranger("debug", "data-web-1")).claim("data-web-1");
    assert_eq!(borrowed.says("data-web-1"), "Borrowed never");
    let held = web(1).pod(0, 0).other_pod(finished(stranger("backup-x", "data-web-1"))).claim("data-web-1");
    assert_eq!(held.says("data-web-1"), "HeldByFinishedPod+DiskDiesWithClaim named");
}

#[test]
fn a_workload_without_a_pod_still_needs_its_claim() {
    for name in ["data-web-1", "data-gone-0", "scratch"] {
        for kind in [
            ReferrerKind::Deployment,
            ReferrerKind::ReplicaSet,
            ReferrerKind::DaemonSet,
            ReferrerKind::Job,
            ReferrerKind::CronJob,
        ] {
            let needed = web(1).pod(0, 0).claim(name).with(move |facts| {
                let list = match kind {
                    ReferrerKind::Deployment => &mut facts.around.deployments,
                    ReferrerKind::ReplicaSet => &mut facts.around.replica_sets,
                    ReferrerKind::DaemonSet => &mut facts.around.daemon_sets,
                    ReferrerKind::Job => &mut facts.around.jobs,
                    ReferrerKind::CronJob => &mut facts.around.cron_jobs,
                };
                list.items.push(referrer(kind, "needs-it", name));
            });
            assert_eq!(needed.says(name), "ReferencedNotMounted+DiskDiesWithClaim never", "{kind:?} {name}");
        }
    }
    let mut sharing = set("sharing", 0, &[]);
    sharing.shared_claims = Box::new(["data-gone-0".into()]);
    let shared = story(vec![sharing]).claim("data-gone-0");
    assert_eq!(shared.says("data-gone-0"), "ReferencedNotMounted+DiskDiesWithClaim never");
}

#[test]
fn garbage_collection_takes_what_has_no_owner_left() {
    let owned = |owners: Vec<Owner>| {
        web(0).claim_with("data-web-0", |claim| claim.meta.owners = owners.into()).says("data-web-0")
    };
    let stale = Owner { uid: "uid-earlier".into(), ..owner("StatefulSet", "web") };
    let pod_gone = owner("Pod", "web-0");
    let alive = owner("StatefulSet", "web");
    assert_eq!(owned(vec![stale.clone()]), "Doomed+DiskDiesWithClaim never");
    assert_eq!(owned(vec![pod_gone.clone(), stale]), "Doomed+DiskDiesWithClaim never");
    // One owner that is there keeps it.
    assert_eq!(owned(vec![pod_gone, alive]), "RetainedAtZero+FateMismatch+DiskDiesWithClaim named");
}

#[test]
fn claims_of_a_set_that_is_gone_are_orphans_by_evidence() {
    let made = |maker: Maker, siblings: usize, change: fn(&mut Cluster)| {
        let all = (0..=siblings).map(|k| format!("data-old-{k}"));
        all.fold(web(1).pod(0, 0).with(change), |story, name| {
            story.claim_with(&name, |claim| {
                claim.maker = maker;
                claim.meta.labels = labels(&[("app", "old")]);
            })
        })
        .says("data-old-0")
    };
    let revision = |facts: &mut Cluster| {
        facts.around.revisions.items.push(Revision { meta: meta("old-7c5f"), template: None });
    };
    assert_eq!(made(Maker::Controllers, 1, |_| {}), "OrphanSetGone+DiskDiesWithClaim bulk");
    assert_eq!(made(Maker::Controllers, 0, |_| {}), "OrphanSetGone+DiskDiesWithClaim named");
    assert_eq!(made(Maker::Controllers, 0, revision), "OrphanSetGone+DiskDiesWithClaim bulk");
    assert_eq!(made(Maker::Unknown, 1, |_| {}), "Unattributed+DiskDiesWithClaim never");
    assert_eq!(made(Maker::Unknown, 1, revision), "OrphanSetGone+DiskDiesWithClaim never");
    assert_eq!(made(Maker::Other, 1, revision), "Unattributed+DiskDiesWithClaim never");
}

#[test]
fn a_set_beside_a_gone_one_whose_name_begins_alike_takes_nothing() {
    let beside = web(2).pod(0, 0).pod(0, 1).claim("data-web-api-0").claim("data-web-api-1");
    assert_eq!(beside.says("data-web-api-0"), "OrphanSetGone+DiskDiesWithClaim bulk");
}

#[test]
fn a_template_that_the_set_lost_leaves_its_claims() {
    let renamed = || story(vec![set("web", 1, &["store"])]);
    let labelled = |claim: &mut Claim| claim.meta.labels = labels(&[("app", "web")]);
    assert_eq!(renamed().claim_with("data-web-0", labelled).says("data-web-0"), "TemplateGone+DiskDiesWithClaim named");
    // Adopted pods go on using the old claims until they are replaced.
    let mut adopted = pod(&set("web", 1, &["data"]), 0);
    adopted.meta.labels = labels(&[("app", "web")]);
    let used = renamed().other_pod(adopted).claim_with("data-web-0", labelled);
    assert_eq!(used.says("data-web-0"), "TemplateGone never");
    assert_eq!(renamed().claim("data-web-0").says("data-web-0"), "OrphanSetGone+DiskDiesWithClaim named");
}

#[test]
fn ordinals_that_no_controller_writes_are_not_judged() {
    for name in ["data-web-007", "data-web-2147483648"] {
        assert_eq!(web(1).claim(name).says(name), "NonCanonicalName+DiskDiesWithClaim never");
    }
    assert_eq!(web(1).claim("scratch").says("scratch"), "Unattributed+DiskDiesWithClaim never");
}

#[test]
fn what_could_not_be_read_makes_nothing_safe() {
    use crate::gather::resource as r;
    type Refuse = fn(&mut Cluster);
    let refuse: [(&str, Refuse); 8] = [
        ("pods", |f| f.pods = Listed::refused(r::PODS.not_listed(None, Why::Forbidden))),
        ("sets", |f| f.sets.missing = Some(r::SETS.not_listed(None, Why::Forbidden))),
        ("deployments", |f| f.around.deployments.missing = Some(r::DEPLOYMENTS.not_listed(None, Why::Forbidden))),
        ("replicasets", |f| f.around.replica_sets.missing = Some(r::REPLICA_SETS.not_listed(None, Why::TimedOut))),
        ("daemonsets", |f| f.around.daemon_sets.missing = Some(r::DAEMON_SETS.not_listed(None, Why::Forbidden))),
        ("jobs", |f| f.around.jobs.missing = Some(r::JOBS.not_listed(None, Why::NotServed))),
        ("cronjobs", |f| f.around.cron_jobs.missing = Some(r::CRON_JOBS.not_listed(None, Why::NotInFiles))),
        ("snapshots", |f| f.around.snapshots.missing = Some(r::SNAPSHOTS.not_listed(None, Why::Forbidden))),
    ];
    for (kind, change) in refuse {
        let blind = web(1).claim("data-web-1").claim("data-old-0").claim("data-old-1").with(change);
        for name in ["data-web-1", "data-old-0"] {
            assert!(blind.says(name).ends_with(" never"), "{kind} {name}: {}", blind.says(name));
        }
    }
    // What a command does not read, whoever names the claim must know; and `clean` reads it.
    let unasked = web(1).claim("data-web-1").claim("data-old-0").claim("data-old-1").with(|facts| {
        facts.around.cron_jobs.missing = Some(r::CRON_JOBS.not_listed(None, Why::NotRead));
    });
    assert_eq!(unasked.says("data-old-0"), "OrphanSetGone+DiskDiesWithClaim named");
    let facts = unasked.cluster();
    let index = Index::new(&facts);
    for claim in &facts.claims.items {
        let row = row_of(claim, &index);
        let told = "this command does not read cronjobs: kubectl sts orphans does";
        assert_eq!(verdicts(&row, &index)[0].unknown, [told], "{}", claim.meta.name);
        let refused = crate::volumes::Removal::plan(&row, &index).unwrap_err();
        assert_eq!(refused, "this command does not read cronjobs.batch", "no deletion rests on what was not read");
    }
    // Without its volume an orphan may be named, but is not chosen by its verdict.
    let volumes = web(1).claim("data-old-0").claim("data-old-1").with(|facts| {
        facts.volumes = Listed::refused(r::VOLUMES.not_listed(None, Why::Forbidden));
    });
    assert_eq!(volumes.says("data-old-0"), "OrphanSetGone named");
}

#[test]
fn a_snapshot_or_a_clone_that_still_reads_forbids_the_deletion() {
    let snapshot = |ready: bool, error: Option<&'static str>| {
        web(0).claim("data-web-0").with(move |facts| {
            facts.around.snapshots.items.push(Snapshot {
                meta: meta("nightly"),
                claim: Some("data-web-0".into()),
                ready,
                error: error.map(Into::into),
            });
        })
    };
    assert_eq!(snapshot(true, None).says("data-web-0"), "RetainedAtZero+SnapshotSource+DiskDiesWithClaim named");
    assert_eq!(snapshot(false, None).says("data-web-0"), "RetainedAtZero+SnapshotNotReady+DiskDiesWithClaim never");
    assert_eq!(
        snapshot(false, Some("refused")).says("data-web-0"),
        "RetainedAtZero+SnapshotFailing+DiskDiesWithClaim never"
    );
    let clone = web(0).claim("data-web-0").claim_with("copy", |claim| {
        claim.phase = Some(ClaimPhase::Pending);
        claim.volume = None;
        claim.source = Some(Box::new(("PersistentVolumeClaim".into(), "data-web-0".into())));
    });
    assert_eq!(clone.says("data-web-0"), "RetainedAtZero+SnapshotSource+DiskDiesWithClaim never");
}

#[test]
fn a_generic_ephemeral_volume_belongs_to_its_pod() {
    let mut runner = stranger("runner-0", "runner-0-scratch-0");
    runner.meta.owners = std::sync::Arc::new([]);
    let owned = |claim: &mut Claim| claim.meta.owners = std::sync::Arc::new([owner("Pod", "runner-0")]);
    let used = web(1).other_pod(runner).claim_with("runner-0-scratch-0", owned);
    assert_eq!(used.says("runner-0-scratch-0"), "Unattributed never");
    let gone = web(1).claim_with("runner-0-scratch-0", owned);
    assert_eq!(gone.says("runner-0-scratch-0"), "Doomed+DiskDiesWithClaim never");
}

#[test]
fn since_when_a_claim_is_unused_is_told_by_its_condition_or_an_event_and_never_by_its_age() {
    use crate::facts::fixture::time;
    let since = |story: Story| {
        let facts = story.cluster();
        let index = Index::new(&facts);
        let claim = facts.claims.items.iter().find(|claim| &*claim.meta.name == "data-web-1").unwrap();
        crate::volumes::unused_since(&row_of(claim, &index), &index).map(|at| at.to_string())
    };
    let stale = |claim: &mut Claim| claim.unused_since = Some(time("2026-11-21T10:00:00Z").into());
    let deleted = |facts: &mut Cluster| {
        facts.around.events.items.push(Event {
            namespace: "shop".into(),
            kind: "StatefulSet".into(),
            name: "web".into(),
            uid: "uid-web".into(),
            container: None,
            reason: "SuccessfulDelete".into(),
            message: "delete Pod web-1 in StatefulSet web successful".into(),
            count: 1,
            last: Some(time("2026-11-21T11:30:00Z")),
        });
    };
    assert_eq!(since(web(1).claim("data-web-1")), None);
    assert_eq!(since(web(1).claim("data-web-1").with(deleted)).as_deref(), Some("2026-11-21T11:30:00Z"));
    assert_eq!(since(web(1).claim_with("data-web-1", stale).with(deleted)).as_deref(), Some("2026-11-21T10:00:00Z"));
    let contradicted = web(1).claim_with("data-web-1", stale).other_pod(stranger("debug", "data-web-1"));
    assert_eq!(since(contradicted), None, "a live pod uses it, whatever its condition says");
}
