//! Jobs of every shape, each to its end.

use crate::lane::{Lane, Scenario};

use super::{Following, counting, job};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new("logs-job-ends", job_ends).quick(),
    Scenario::new("logs-job-shapes", shapes),
    Scenario::new("logs-job-retries", retries),
    Scenario::new("logs-job-deleted", deleted),
];

const VERIFIED: &str = "complete, every end verified";

fn job_ends(lane: &Lane) {
    lane.apply(&job("good", "backoffLimit: 0", &counting(20, 0)));
    let following = Following::start(lane, "kubectl job logs good -f");
    assert_eq!(following.code(), "0", "{}", following.said());
    following.assert_whole();
    assert_eq!(following.counts(), [20]);
    assert!(following.said().contains(VERIFIED), "{}", following.said());

    lane.apply(&job("bad", "backoffLimit: 1", &counting(10, 3)));
    let following = Following::start(lane, "kubectl job logs bad -f");
    assert_eq!(following.code(), "10", "{}", following.said());
    following.assert_whole();
    assert_eq!(following.counts(), [10, 10]);
    assert_eq!(lane.try_run("kubectl job logs bad -f --exit-code-from container").code, 3);

    lane.apply(&job("brief", "ttlSecondsAfterFinished: 0", &counting(20, 0)));
    let following = Following::start(lane, "kubectl job logs brief -f");
    assert_eq!(following.code(), "0", "{}", following.said());
    assert_eq!(following.counts(), [20]);
}

/// Eight completions four at a time, indexes, and a sidecar that would go on for ever.
fn shapes(lane: &Lane) {
    lane.apply(&job("eight", "completions: 8\n  parallelism: 4", &counting(20, 0)));
    lane.apply(&job("indexed", "completions: 3\n  parallelism: 2\n  completionMode: Indexed", &counting(20, 0)));
    let sidecar = format!(
        "spec:\n      initContainers:\n      - {{name: proxy, restartPolicy: Always, image: \"busybox:1.36\", command: [sh, -c, '{}']}}\n      restartPolicy",
        counting(100_000, 0)
    );
    lane.apply(&job("sidecar", "backoffLimit: 0", &counting(20, 0)).replace("spec:\n      restartPolicy", &sidecar));
    let all =
        ["eight", "indexed", "sidecar"].map(|name| Following::start(lane, &format!("kubectl job logs {name} -f")));
    for following in &all {
        assert_eq!(following.code(), "0", "{}", following.said());
        following.assert_whole();
        assert!(following.said().contains(VERIFIED), "{}", following.said());
    }
    let [eight, indexed, sidecar] = &all;
    assert_eq!(eight.counts(), [20; 8]);
    let by_index = indexed.lines_by(|record| record["index"].to_string());
    let by_index: Vec<(&str, usize)> = by_index.iter().map(|(index, lines)| (&**index, lines.len())).collect();
    assert_eq!(by_index, [("0", 20), ("1", 20), ("2", 20)]);
    let by_container = sidecar.lines_by(|record| record["container"].as_str().unwrap_or_default().to_owned());
    assert_eq!(by_container["main"].len(), 20);
    assert!(by_container["proxy"].len() >= 20, "it wrote for as long as main did: {by_container:?}");
}

/// Three retries, with pods of their own and within one pod.
fn retries(lane: &Lane) {
    lane.apply(&job("retries", "backoffLimit: 3", &counting(10, 3)));
    lane.apply(&job("place", "backoffLimit: 1", &counting(10, 4)).replace("Policy: Never", "Policy: OnFailure"));
    let (retries, place) =
        (Following::start(lane, "kubectl job logs retries -f"), Following::start(lane, "kubectl job logs place -f"));
    assert_eq!(place.code(), "10", "{}", place.said());
    // The controller deletes the pod a second after its last attempt was started, and what that one wrote until then is there.
    let mut attempts: Vec<_> = place.lines().into_values().collect();
    attempts.sort_by_key(Vec::len);
    assert!(attempts.iter().all(|numbers| numbers.iter().copied().eq((1..=10).take(numbers.len()))), "{attempts:?}");
    assert_eq!(attempts.last().map(Vec::len), Some(10), "{}", place.said());
    assert_eq!(retries.code(), "10", "{}", retries.said());
    retries.assert_whole();
    assert_eq!(retries.counts(), [10; 4]);
    assert!(retries.said().contains(VERIFIED), "{}", retries.said());
    assert_eq!(lane.try_run("kubectl job logs retries -f --exit-code-from container").code, 3);
}

/// Deleted by somebody else in the middle of it.
fn deleted(lane: &Lane) {
    lane.apply(&job("long", "backoffLimit: 0", &counting(100_000, 0)));
    let following = Following::start(lane, "kubectl job logs long -f");
    following.until_lines(1, 40);
    lane.run("kubectl delete job long");
    assert_eq!(following.code(), "13", "{}", following.said());
    following.assert_whole();
    assert!(following.said().contains("~ long was deleted"), "{}", following.said());
    assert!(following.said().contains("= 1 attempt, "), "{}", following.said());
}
