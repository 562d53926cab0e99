//! What becomes of claims under each retention policy: foretold, done, and compared.

use crate::lane::{Lane, Scenario, preview, set, told};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new("fate-retain-retain", |lane| policy(lane, "Retain", "Retain")).quick(),
    Scenario::new("fate-delete-retain", |lane| policy(lane, "Delete", "Retain")),
    Scenario::new("fate-retain-delete", |lane| policy(lane, "Retain", "Delete")),
    Scenario::new("fate-delete-delete", |lane| policy(lane, "Delete", "Delete")),
    Scenario::new("fate-switched-to-delete", switched_to_delete),
    Scenario::new("fate-switched-to-retain", switched_to_retain),
    Scenario::new("fate-stale", stale),
];

fn web(when_deleted: &str, when_scaled: &str) -> String {
    let policy = format!(
        "podManagementPolicy: Parallel\n  persistentVolumeClaimRetentionPolicy: {{whenDeleted: {when_deleted}, whenScaled: {when_scaled}}}"
    );
    set("web").with_replicas(3).with_spec(&policy).to_string()
}

/// Which of the preview's claims are there afterwards: those that it does not call destroyed.
fn comes_true(lane: &Lane, foretold: &str) {
    for line in foretold.lines() {
        let (claim, what) = line.split_once(": ").expect("claim: effect");
        if what.contains("Destroyed") {
            lane.until_gone(&format!("pvc/{claim}"));
        } else {
            assert_eq!(lane.field(&format!("pvc/{claim}"), "/metadata/deletionTimestamp"), "", "{line}");
        }
    }
}

/// In range, scaled down, deleted: each foretold from what is there, and then done.
fn policy(lane: &Lane, when_deleted: &str, when_scaled: &str) {
    lane.apply(&web(when_deleted, when_scaled));
    lane.until_ready(&["web-0", "web-1", "web-2"]);
    // The controller has written its references.
    let refs = if when_deleted == "Delete" { "StatefulSet" } else { "" };
    lane.until_field("pvc/data-web-2", "/metadata/ownerReferences/0/kind", refs);
    let scaled = preview(lane, "scale web --replicas 1");
    lane.run("kubectl scale sts web --replicas 1");
    lane.until_gone("pod/web-1");
    lane.until_gone("pod/web-2");
    comes_true(lane, &scaled);
    let deleted = preview(lane, "delete web");
    lane.run("kubectl delete sts web");
    lane.until_gone("pod/web-0");
    comes_true(lane, &deleted);
    let dies = |effect: &str, rows: &str| rows.matches(effect).count();
    let expected = match (when_deleted, when_scaled) {
        ("Delete", "Delete") => (2, 1),
        ("Delete", _) => (0, 3),
        (_, "Delete") => (2, 0),
        _ => (0, 0),
    };
    assert_eq!((dies("Destroyed", &scaled), dies("Destroyed", &deleted)), expected, "{scaled}\n{deleted}");
}

/// Claims that were left behind before the policy was switched to Delete survive the set.
fn switched_to_delete(lane: &Lane) {
    lane.apply(&web("Retain", "Retain"));
    lane.until_ready(&["web-0", "web-1", "web-2"]);
    lane.run("kubectl scale sts web --replicas 1");
    lane.until_gone("pod/web-1");
    lane.until_gone("pod/web-2");
    lane.run(
        r#"kubectl patch sts web -p '{"spec":{"persistentVolumeClaimRetentionPolicy":{"whenDeleted":"Delete"}}}'"#,
    );
    lane.until_field("pvc/data-web-0", "/metadata/ownerReferences/0/kind", "StatefulSet");
    // The notice waits until a minute after the claim was made.
    let made: jiff::Timestamp = lane.field("pvc/data-web-2", "/metadata/creationTimestamp").parse().expect("a time");
    crate::lane::until("the claims to be a minute old", || {
        let age = jiff::Timestamp::now().duration_since(made).as_secs();
        if age > 62 { Ok(()) } else { Err(format!("{age} s")) }
    });
    insta::assert_snapshot!(told(lane, "orphans"), @"
    data-web-1: RetainedScaledDown FateMismatch DiskDiesWithClaim, named, disk dies
    data-web-2: RetainedScaledDown FateMismatch DiskDiesWithClaim, named, disk dies
    ");
    let foretold = preview(lane, "delete web");
    insta::assert_snapshot!(foretold, @"
    data-web-0: pod goes, Destroyed, disk dies
    data-web-1: pod none, Kept
    data-web-2: pod none, Kept
    ");
    lane.run("kubectl delete sts web");
    lane.until_gone("pod/web-0");
    comes_true(lane, &foretold);
}

/// Those that were left behind under Delete die with the set, whatever its policy says by then.
fn switched_to_retain(lane: &Lane) {
    lane.apply(&web("Delete", "Retain"));
    lane.until_ready(&["web-0", "web-1", "web-2"]);
    lane.until_field("pvc/data-web-2", "/metadata/ownerReferences/0/kind", "StatefulSet");
    lane.run("kubectl scale sts web --replicas 1");
    lane.until_gone("pod/web-1");
    lane.until_gone("pod/web-2");
    lane.run(
        r#"kubectl patch sts web -p '{"spec":{"persistentVolumeClaimRetentionPolicy":{"whenDeleted":"Retain"}}}'"#,
    );
    lane.until_field("pvc/data-web-0", "/metadata/ownerReferences/0/kind", "");
    let foretold = preview(lane, "delete web");
    insta::assert_snapshot!(foretold, @"
    data-web-0: pod goes, Kept
    data-web-1: pod none, Destroyed, disk dies
    data-web-2: pod none, Destroyed, disk dies
    ");
    lane.run("kubectl delete sts web");
    lane.until_gone("pod/web-0");
    comes_true(lane, &foretold);
}

/// A claim with the reference of an earlier pod, held by a finalizer: it is going, and the scale-up waits for that.
fn stale(lane: &Lane) {
    lane.apply(&web("Retain", "Delete"));
    lane.until_ready(&["web-0", "web-1", "web-2"]);
    lane.run(r#"kubectl patch pvc data-web-2 --type=json -p '[{"op":"add","path":"/metadata/finalizers/-","value":"example.com/hold"}]'"#);
    lane.run("kubectl scale sts web --replicas 2");
    lane.until_gone("pod/web-2");
    crate::lane::until("the claim to be going", || {
        match lane.field("pvc/data-web-2", "/metadata/deletionTimestamp").as_str() {
            "" => Err("it is not".to_owned()),
            _ => Ok(()),
        }
    });
    insta::assert_snapshot!(told(lane, "orphans"), @"data-web-2: TerminatingStuck DiskDiesWithClaim, never, disk dies");
    insta::assert_snapshot!(preview(lane, "scale web --replicas 3"), @"
    data-web-0: pod stays, Unchanged
    data-web-1: pod stays, Unchanged
    data-web-2: pod comes, WaitsForDeletion
    ");
    lane.run(r#"kubectl patch pvc data-web-2 --type=merge -p '{"metadata":{"finalizers":null}}'"#);
    lane.until_gone("pvc/data-web-2");
}
