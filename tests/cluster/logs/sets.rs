//! Sets whose pods come, go, and are started again.

use crate::lane::{Lane, Scenario, until};

use super::{Following, counting, set};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new("logs-restarts", restarts).quick(),
    Scenario::new("logs-replaced", replaced),
    Scenario::new("logs-scaled", scaled),
    Scenario::new("logs-owner", owner),
    Scenario::new("logs-image-appears", image_appears),
];

const FOREVER: u32 = 100_000;

fn restarts(lane: &Lane) {
    lane.apply(&set(1, "node1", &counting(20, 1)));
    lane.until_condition("pod/web-0", "PodScheduled", "True");
    let following = Following::start(lane, "kubectl sts logs web -f");
    following.until_lines(3, 20);
    lane.run("kubectl scale sts web --replicas 0");
    lane.run("kubectl delete sts web");
    assert_eq!(following.code(), "0");
    for (attempt, numbers) in following.lines().into_iter().filter(|(_, numbers)| numbers.len() >= 20) {
        assert!(numbers.iter().copied().eq(1..=20), "{attempt}: {numbers:?}");
    }
}

/// Deleted and made again under the same name, then deleted by force.
fn replaced(lane: &Lane) {
    lane.apply(&set(1, "node1", &counting(FOREVER, 0)));
    lane.until_ready(&["web-0"]);
    let following = Following::start(lane, "kubectl sts logs web -f");
    following.until_lines(1, 40);
    lane.run("kubectl delete pod web-0");
    following.until_lines(2, 40);
    lane.run("kubectl delete pod web-0 --force --grace-period=0");
    following.until_lines(3, 40);
    lane.run("kubectl delete sts web");
    assert_eq!(following.code(), "0");
    following.assert_whole();
}

/// Up, down and up again while it is followed.
fn scaled(lane: &Lane) {
    lane.apply(&set(1, "node1", &counting(FOREVER, 0)));
    lane.until_ready(&["web-0"]);
    let following = Following::start(lane, "kubectl sts logs web -f");
    following.until_lines(1, 20);
    lane.run("kubectl scale sts web --replicas 3");
    following.until_lines(3, 20);
    lane.run("kubectl scale sts web --replicas 1");
    lane.until_gone("pod/web-2");
    lane.until_gone("pod/web-1");
    lane.run("kubectl scale sts web --replicas 2");
    following.until_lines(4, 20);
    lane.run("kubectl delete sts web");
    assert_eq!(following.code(), "0");
    assert_eq!(following.lines().len(), 4, "{}", following.said());
    following.assert_whole();
}

/// Another set's pod with the same labels, and a rollout that changes the labels: both revisions are the set's, the other's are not.
fn owner(lane: &Lane) {
    let web = set(1, "node1", &counting(FOREVER, 0));
    lane.apply(&web);
    lane.apply(&web.replace("name: web}", "name: other}"));
    lane.until_ready(&["web-0", "other-0"]);
    let following = Following::start(lane, "kubectl sts logs web -f");
    following.until_lines(1, 40);
    lane.run("kubectl patch sts web -p '{\"spec\":{\"template\":{\"metadata\":{\"labels\":{\"tier\":\"new\"}}}}}'");
    following.until_lines(2, 40);
    assert_eq!(lane.field("pod/web-0", "/metadata/labels/tier"), "new");
    lane.run("kubectl delete sts web");
    assert_eq!(following.code(), "0");
    following.assert_whole();
    let by_pod = following.lines_by(|record| record["pod"].as_str().unwrap_or_default().to_owned());
    assert_eq!(by_pod.into_keys().collect::<Vec<_>>(), ["web-0"]);
    let by_revision = following.lines_by(|record| record["revision"].as_str().unwrap_or_default().to_owned());
    assert_eq!(by_revision.len(), 2, "{:?}", by_revision.keys());
}

/// An image that can't be pulled, until it is there.
fn image_appears(lane: &Lane) {
    let image = format!("example.test/{}:1", lane.namespace);
    lane.apply(&set(1, "node1", &counting(FOREVER, 0)).replace("busybox:1.36", &image));
    let following = Following::start(lane, "kubectl sts logs web -f");
    until("word of the image", || {
        let said = following.said();
        let told = said.lines().any(|line| {
            line.starts_with("~ web-0/main: waiting to start: ")
                && (line.contains("ErrImagePull") || line.contains("ImagePullBackOff"))
        });
        if told { Ok(()) } else { Err(said) }
    });
    let images = "ctr -a /run/testbed-${TESTBED_NETNS:-testbed}/node1/containerd.sock -n k8s.io images";
    lane.run(&format!("{images} tag docker.io/library/busybox:1.36 {image}"));
    following.until_lines(1, 40);
    lane.run("kubectl delete sts web");
    let code = following.code();
    lane.run(&format!("{images} rm {image}"));
    assert_eq!(code, "0");
    following.assert_whole();
}
