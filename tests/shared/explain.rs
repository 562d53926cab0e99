//! `explain`: without a server, for both programs.
// A panic in a test's own helper is a failed test.
#![allow(clippy::unwrap_used)]

use crate::{NAME, program};

fn told(words: &str) -> String {
    program().args(words.split(' ')).run().whole()
}

#[test]
fn a_code_and_an_alert_have_their_pages() {
    insta::assert_snapshot!(told("explain RolloutTrapped"), @"
    exit code 0
    --- stdout
    RolloutTrapped
    Fault: An unready pod of an older revision holds the rollout, and putting the template back does not
    free it.

    WHAT YOU SEE
    A rollout that stands still. Undoing or correcting the template changed nothing. currentRevision and
    updateRevision may even be equal, and the usual alert is silent.

    WHAT IT MEANS
    With OrderedReady the controller waits for every pod to be ready before it replaces one. It waits
    for a pod that can't become ready, because its template is the broken one, and that pod is never
    replaced.

    HOW WE KNOW
    The lowest unready pod in range is not terminating, its label `controller-revision-hash` is not
    `status.updateRevision`, and its ordinal is at or above start + partition.
    (kubernetes/kubernetes#67250)

    WHAT TO DO
    First make sure that the template is the good one now; the verdict shows what the pod's revision and
    the set's differ in. Then have this pod deleted, and only this one; it comes back with the new
    template and its old claim:

        kubectl sts status SET
        kubectl sts unstick SET

    WHAT NOT TO DO
    Don't delete a pod below start + partition: it would come back as it was. Don't delete all pods.
    Don't force it while its node is silent.

    HOW TO VERIFY
    The pod is ready at the update revision within a minute:

        kubectl sts status SET
    ");
    insta::assert_snapshot!(told("explain KubeStatefulSetUpdateNotRolledOut"), @"
    exit code 0
    --- stdout
    KubeStatefulSetUpdateNotRolledOut
    Alert (kubernetes-mixin, warning): A set's update has stood still for 15 minutes.

    IT FIRES WHEN
    The current revision is not the update revision, not all replicas are updated, and none was in the
    last 5 minutes. Labels: `namespace`, `statefulset`.

    FIRST COMMAND

        kubectl sts status STATEFULSET -n NAMESPACE

    The first finding is the one to act on; `kubectl sts explain CODE` has its page.

    LIKELY ANSWERS
    - RolloutTrapped: the controller waits for an old pod that can't become ready.
    - NewRevisionBroken: the first new pod is not ready; undo, then delete that pod.
    - PartitionHolds, OnDeleteWaits: by design; somebody must go on with it, or silence the alert for
      this set.
    - MinReadyWait: slow on purpose.

    DECIDE

        Is the waiting by design (PartitionHolds, OnDeleteWaits)?
        ├─ yes: ask the owner of the rollout. No fault.
        └─ no: is the unready pod of the newest revision?
           ├─ yes: NewRevisionBroken. Cure or undo the template, then delete that pod.
           └─ no: RolloutTrapped. The template is already good? Then delete that pod.

    WHAT THE ALERT DOES NOT SEE
    After a full revert both revisions are equal and this alert is blind, although the set is trapped.
    KubeStatefulSetReplicasMismatch then fires alone; the command finds both.
    ");
    assert_eq!(told("explain rollouttrapped"), told("explain RolloutTrapped"), "letters of any case");
}

#[test]
fn without_a_name_all_are_listed_codes_first() {
    let seen = program().args(["explain"]).run();
    assert_eq!((seen.code, seen.stderr.as_str()), (0, ""));
    let lines: Vec<&str> = seen.stdout.lines().collect();
    assert!(lines[0].starts_with("NAME ") && lines[1].starts_with("AccessModeConflict "), "{}", seen.stdout);
    let first_alert = lines.iter().position(|line| line.contains(" Alert ")).unwrap();
    assert!(lines[first_alert..].iter().all(|line| line.contains(" Alert ")));
    let names = program().args(["explain", "-o", "name"]).run().stdout;
    assert_eq!(names.lines().count(), lines.len() - 1);
    let one = program().args(["explain", "InUse", "-o", "json"]).run().json();
    assert_eq!((one[0]["name"].as_str(), one[0]["kind"].as_str()), (Some("InUse"), Some("Ok")));
}

#[test]
fn an_unknown_name_finds_its_neighbours() {
    assert_eq!(
        told("explain RolloutTraped"),
        "exit code 1\n--- stderr\nerror: there is no code and no alert \"RolloutTraped\"\nhint: did you mean RolloutTrapped?\n"
    );
    let nothing = told("explain xyzzy");
    assert!(nothing.ends_with(&format!("hint: kubectl {NAME} explain  # lists them all\n")), "{nothing}");
}

#[test]
fn names_are_completed() {
    let seen = program().args(["__complete", "explain", "RolloutT"]).run();
    assert!(seen.stdout.starts_with("RolloutTrapped\tAn unready pod of an older revision"), "{}", seen.stdout);
    let seen = program().args(["__complete", "explain", "KubeJobF"]).run();
    assert_eq!(seen.stdout, "KubeJobFailed\tA Job has failed.\n:4\n");
}
