//! The tutorial's Redis set, from its first start to its return after a deletion: whose data is where at each step.

use crate::lane::{Lane, Scenario, until};

pub(crate) const SCENARIOS: &[Scenario] = &[Scenario::new("redis", redis).quick()];

const REDIS: &str = include_str!("testbed/manifests/redis.yaml");
/// The claims' names without their ordinal.
const CLAIM: &str = "pvc/redis-data-storage-redis-stset";

/// UID of ordinal `k`'s claim and name of its volume, which holds the UID of the claim that it was made for.
fn claim(lane: &Lane, k: u32) -> (String, String) {
    let claim = format!("{CLAIM}-{k}");
    let uid = lane.field(&claim, "/metadata/uid");
    let volume = lane.field(&claim, "/spec/volumeName");
    assert_eq!(volume, format!("pvc-{uid}"), "the volume that was made for this very claim");
    (uid, lane.field(&format!("pv/{volume}"), "/metadata/uid"))
}

fn shows_volumes(lane: &Lane) -> String {
    lane.shows("kubectl sts volumes redis-stset")
}

fn shows_status(lane: &Lane) -> String {
    lane.shows("kubectl sts status redis-stset")
}

fn redis(lane: &Lane) {
    lane.any_node();
    lane.apply(REDIS);
    lane.until_ready(&["redis-stset-0", "redis-stset-1"]);
    lane.until_field("sts/redis-stset", "/status/readyReplicas", "2");
    let first = [claim(lane, 0), claim(lane, 1)];
    insta::assert_snapshot!(shows_volumes(lane), @"");
    insta::assert_snapshot!(shows_status(lane), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts status"), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes redis-stset -o json"), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes -o wide"), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes -o name"), @"");

    // A key outlives its pod: the same claim, the same volume.
    redis_says(lane, "SET lane kept", "OK");
    redis_says(lane, "SAVE", "OK");
    let pod = lane.field("pod/redis-stset-0", "/metadata/uid");
    lane.run("kubectl delete pod redis-stset-0 --grace-period=1");
    lane.until_ready(&["redis-stset-0"]);
    assert_ne!(lane.field("pod/redis-stset-0", "/metadata/uid"), pod, "a new pod of the same name");
    redis_says(lane, "GET lane", "kept");
    assert_eq!(claim(lane, 0), first[0]);
    lane.until_field("sts/redis-stset", "/status/readyReplicas", "2");
    insta::assert_snapshot!(shows_volumes(lane), @"");

    // Scaled to one: ordinal 1's claim is left.
    lane.run("kubectl scale sts redis-stset --replicas 1");
    lane.until_gone("pod/redis-stset-1");
    lane.until_field("sts/redis-stset", "/status/replicas", "1");
    insta::assert_snapshot!(shows_volumes(lane), @"");
    insta::assert_snapshot!(shows_status(lane), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes redis-stset -o json"), @"");

    // Scaled to three: ordinal 1 has its volume back, ordinal 2 a new one.
    lane.run("kubectl scale sts redis-stset --replicas 3");
    lane.until_ready(&["redis-stset-1", "redis-stset-2"]);
    lane.until_field("sts/redis-stset", "/status/readyReplicas", "3");
    assert_eq!(claim(lane, 1), first[1]);
    let third = claim(lane, 2);
    insta::assert_snapshot!(shows_volumes(lane), @"");

    // The set deleted: three claims and no set.
    lane.run("kubectl delete sts redis-stset");
    for k in 0..3 {
        lane.until_gone(&format!("pod/redis-stset-{k}"));
    }
    assert_eq!([claim(lane, 0), claim(lane, 1)], first);
    insta::assert_snapshot!(lane.shows("kubectl sts volumes"), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes --all-claims"), @"");
    insta::assert_snapshot!(shows_volumes(lane), @"");

    // Applied again: the same volumes, and ordinal 2's waits for a scale-up.
    lane.apply(REDIS);
    lane.until_ready(&["redis-stset-0", "redis-stset-1"]);
    lane.until_field("sts/redis-stset", "/status/readyReplicas", "2");
    assert_eq!([claim(lane, 0), claim(lane, 1), claim(lane, 2)], [first[0].clone(), first[1].clone(), third]);
    redis_says(lane, "GET lane", "kept");
    insta::assert_snapshot!(shows_volumes(lane), @"");
    insta::assert_snapshot!(shows_status(lane), @"");
}

/// Waits until the Redis of ordinal 0 gives this answer: a fresh one takes a moment to listen and to load its data.
fn redis_says(lane: &Lane, command: &str, answer: &str) {
    let command = format!("kubectl exec redis-stset-0 -c redis -- redis-cli {command}");
    until(&format!("{answer:?} from {command}"), || match lane.attempt(&command)? {
        text if text == answer => Ok(()),
        other => Err(format!("{other:?}")),
    });
}
