use super::*;
use crate::facts::fixture::{class, time};
use crate::facts::{Attachment, ClaimCondition, CsiNode, LabelSelector, Meta, Node, Quantity, Requirement};
use crate::findings::Severity;

fn says(story: &Story, name: &str, code: Code) -> Option<(Severity, String)> {
    let facts = story.cluster();
    let index = Index::new(&facts);
    let claim = facts.claims.items.iter().find(|claim| *claim.meta.name == *name).unwrap();
    let all = verdicts(&row_of(claim, &index), &index);
    all.into_iter().find(|verdict| verdict.code == code).map(|verdict| (verdict.severity, verdict.says))
}

fn running() -> Story {
    story(vec![set("web", 1, &["data"])]).pod(0, 0)
}

fn node(name: &str, ready: bool, cordoned: bool) -> Node {
    let meta = Meta { namespace: "".into(), labels: labels(&[("kubernetes.io/hostname", name)]), ..meta(name) };
    Node { meta, ready, cordoned, silent: false, ready_since: None }
}

#[test]
fn drift_is_told_per_field_and_whether_it_can_be_mended() {
    let drifted = |change: fn(&mut Claim), expandable: bool| {
        let story = running().claim_with("data-web-0", change).with(move |facts| {
            facts.classes =
                Listed::complete(vec![crate::facts::StorageClass { expandable, ..class("local-path", true) }]);
        });
        (
            says(&story, "data-web-0", Code::ClaimDrift).map(|said| said.1),
            says(&story, "data-web-0", Code::ClassNotExpandable).is_some(),
        )
    };
    let of = |text: &str| Some(format!("It differs from the set's template and is used as it is: {text}."));
    assert_eq!(drifted(|_| {}, true), (None, false));
    assert_eq!(
        drifted(|c| c.spec_mut().request = Some(Quantity::new("1024Mi")), true),
        (None, false),
        "the same size in other words"
    );
    assert_eq!(
        drifted(|c| c.spec_mut().request = Some(Quantity::new("512Mi")), true),
        (of("size 512Mi, the template says 1Gi"), false)
    );
    assert_eq!(
        drifted(|c| c.spec_mut().request = Some(Quantity::new("512Mi")), false),
        (of("size 512Mi, the template says 1Gi"), true)
    );
    assert_eq!(
        drifted(|c| c.spec_mut().request = Some(Quantity::new("2Gi")), false),
        (of("size 2Gi, the template says 1Gi"), false)
    );
    assert_eq!(
        drifted(
            |c| {
                c.spec_mut().class = Some("old".into());
                c.spec_mut().access_modes = Box::new(["ReadWriteMany".into()]);
                c.spec_mut().block = true;
            },
            true
        )
        .0,
        of(
            "class old, the template says local-path; access modes ReadWriteMany, the template says ReadWriteOnce; volume mode Block, the template says Filesystem"
        )
    );
}

#[test]
fn a_volume_whose_place_has_no_node_left_is_stuck() {
    let at = |nodes: Vec<Node>, change: fn(&mut Pod)| {
        let mut own = pod(&set("web", 1, &["data"]), 0);
        change(&mut own);
        let story = story(vec![set("web", 1, &["data"])]).other_pod(own).claim("data-web-0").with(move |facts| {
            facts.around.nodes = Listed::complete(nodes.clone());
            facts.volumes.items[0].spec_mut().affinity = Some(Box::new([LabelSelector(vec![Requirement::In(
                "kubernetes.io/hostname".into(),
                vec!["node1".into()],
            )])]));
        });
        says(&story, "data-web-0", Code::ZoneStuck).map(|said| said.0)
    };
    let runs: fn(&mut Pod) = |_| {};
    let unready: fn(&mut Pod) = |pod| pod.ready = false;
    let waits: fn(&mut Pod) = |pod| (pod.ready, pod.node) = (false, None);
    let made_lately: fn(&mut Pod) =
        |pod| (pod.ready, pod.node, pod.meta.created) = (false, None, Some(time("2026-11-21T11:59:00Z").into()));
    let away_since = |at: &str| Node { ready_since: Some(time(at)), ..node("node1", false, false) };
    assert_eq!(at(vec![node("node1", true, false), node("node2", true, false)], unready), None);
    assert_eq!(at(vec![node("node2", true, false)], unready), Some(Severity::Fault), "its node is gone");
    assert_eq!(at(vec![node("node2", true, false)], made_lately), Some(Severity::Fault));
    // A restart and a drain bring the node back within minutes.
    assert_eq!(at(vec![away_since("2026-11-21T11:59:00Z")], unready), Some(Severity::Waiting));
    assert_eq!(at(vec![away_since("2026-11-21T11:50:00Z")], unready), Some(Severity::Fault));
    assert_eq!(at(vec![node("node1", true, true)], made_lately), Some(Severity::Waiting));
    assert_eq!(at(vec![node("node1", true, true)], waits), Some(Severity::Fault));
    assert_eq!(at(vec![node("node1", true, true)], runs), Some(Severity::Notice), "cordoned, but the pod runs");
    assert_eq!(at(vec![node("node1", true, true)], unready), Some(Severity::Notice), "it starts where it is");
}

#[test]
fn an_expansion_fails_by_its_conditions_only() {
    let resizing = |conditions: &'static [(&'static str, &'static str)], since: &'static str| {
        let story = running().claim_with("data-web-0", |claim| {
            claim.resize = Some("ControllerResizeInProgress".into());
            claim.conditions = conditions
                .iter()
                .map(|(kind, message)| ClaimCondition {
                    kind: (*kind).into(),
                    holds: true,
                    message: (*message).into(),
                    since: Some(time(since)),
                })
                .collect();
        });
        let of = |code| says(&story, "data-web-0", code).map(|said| said.0);
        (of(Code::ResizeWaiting), of(Code::ResizeFailed))
    };
    let (young, old) = ("2026-11-21T11:59:00Z", "2026-11-21T11:50:00Z");
    assert_eq!(resizing(&[], old), (None, None));
    assert_eq!(resizing(&[("Resizing", "")], old), (Some(Severity::Waiting), None));
    assert_eq!(
        resizing(&[("Resizing", ""), ("FileSystemResizePending", "restart a pod")], young),
        (Some(Severity::Waiting), None)
    );
    assert_eq!(
        resizing(&[("Resizing", ""), ("FileSystemResizePending", "restart a pod")], old),
        (Some(Severity::Fault), None)
    );
    assert_eq!(resizing(&[("ControllerResizeError", "full"), ("Resizing", "")], young), (None, Some(Severity::Fault)));
    assert_eq!(resizing(&[("NodeResizeError", "resize2fs"), ("Resizing", "")], young), (None, Some(Severity::Fault)));
}

fn attachment(name: &str, to: &str, attached: bool) -> Attachment {
    Attachment {
        meta: Meta { namespace: "".into(), ..meta(name) },
        volume: Some("pv-data-web-0".into()),
        node: to.into(),
        attached,
        attach_error: None,
        detach_error: None,
    }
}

#[test]
fn what_keeps_a_volume_from_its_pod_is_named() {
    let starting = || {
        let mut own = pod(&set("web", 1, &["data"]), 0);
        (own.ready, own.containers) = (false, (0, 1));
        story(vec![set("web", 1, &["data"])]).other_pod(own).claim("data-web-0").with(|facts| {
            facts.around.nodes = Listed::complete(vec![node("node1", true, false), node("node2", true, false)]);
        })
    };
    assert_eq!(starting().says("data-web-0"), "InUse never");
    let mut holder = stranger("debug", "data-web-0");
    holder.node = Some("node2".into());
    let multi = says(&starting().other_pod(holder), "data-web-0", Code::MultiAttach).unwrap();
    assert_eq!(
        multi.1,
        "Pod web-0 waits on node node1: pod debug holds the volume on node node2, and only one node may have it."
    );
    let refused = starting().with(|facts| {
        let error = Some(("the backend refuses".into(), None));
        facts.around.attachments.items.push(Attachment { attach_error: error, ..attachment("csi-1", "node1", false) });
    });
    assert_eq!(
        says(&refused, "data-web-0", Code::AttachFailed).unwrap().1,
        "Its volume can't be attached to node node1: the backend refuses"
    );
    let without_driver = |csi: bool, drivers: &'static [&'static str], attaches: bool| {
        let story = starting().with(move |facts| {
            facts.volumes.items[0].spec_mut().csi = csi;
            facts.volumes.items[0].spec_mut().driver = "disk.example".into();
            let drivers = drivers.iter().map(|name| (*name).into()).collect();
            let meta = Meta { namespace: "".into(), ..meta("node1") };
            facts.around.csi_nodes = Listed::complete(vec![CsiNode { meta, drivers }]);
            if attaches {
                facts.around.attachments.items.push(attachment("csi-1", "node1", false));
            }
        });
        [Code::AttachFailed, Code::MountFailed].map(|code| says(&story, "data-web-0", code).map(|said| said.1))
    };
    let told = "Node node1 has no CSI driver disk.example: its node plugin does not run there, so the volume can't come to pod web-0.";
    assert_eq!(without_driver(true, &["other.example"], true), [Some(told.to_owned()), None]);
    assert_eq!(without_driver(true, &[], false), [None, Some(told.to_owned())]);
    assert_eq!(without_driver(true, &["disk.example"], true), [None, None]);
    assert_eq!(without_driver(false, &[], false), [None, None], "in-tree volumes need no driver");
    let failed = |message: &'static str| {
        move |facts: &mut Cluster| {
            facts.around.events.items.push(Event {
                namespace: "shop".into(),
                kind: "Pod".into(),
                name: "web-0".into(),
                uid: "uid-web-0".into(),
                container: None,
                reason: "FailedMount".into(),
                message: message.into(),
                count: 4,
                last: None,
            });
        }
    };
    let superblock = "MountVolume.SetUp failed for volume \"pv-data-web-0\" : bad superblock";
    let mount = starting().with(failed(superblock));
    assert!(says(&mount, "data-web-0", Code::MountFailed).is_some());
    assert_eq!(says(&mount, "data-web-0", Code::AttachFailed), None);
    // Tries that fail at first are made again, and a node plugin takes its time to register.
    let severity = |message: &'static str, created: &'static str| {
        let mut young = starting().with(failed(message));
        young = young.with(move |facts| facts.pods.items[0].meta.created = Some(time(created).into()));
        says(&young, "data-web-0", Code::MountFailed).map(|said| said.0)
    };
    assert_eq!(severity(superblock, "2026-11-21T11:59:50Z"), Some(Severity::Waiting));
    assert_eq!(severity(superblock, "2026-11-21T11:59:00Z"), Some(Severity::Fault));
    let unregistered = "MountVolume.MountDevice failed for volume \"pv-data-web-0\" : driver name testbed.csi not found in the list of registered CSI drivers";
    assert_eq!(severity(unregistered, "2026-11-21T11:59:00Z"), Some(Severity::Waiting));
    assert_eq!(severity(unregistered, "2026-11-21T11:50:00Z"), Some(Severity::Fault));
}

#[test]
fn an_attachment_without_a_user_is_leaked_and_deleted_only_if_it_has_no_twin() {
    let leaked = |attachments: fn() -> Vec<Attachment>| {
        let story = running().claim("data-web-0").with(move |facts| {
            facts.around.nodes = Listed::complete(vec![node("node1", true, false), node("node2", true, false)]);
            facts.around.attachments = Listed::complete(attachments());
        });
        let facts = story.cluster();
        let index = Index::new(&facts);
        let all = verdicts(&row_of(&facts.claims.items[0], &index), &index);
        all.into_iter().find(|v| v.code == Code::AttachmentLeaked).map(|v| v.next.is_some())
    };
    // A detach is on its way for a while after the last pod.
    let scaled_down = |unused: Option<&'static str>| {
        let story = story(vec![set("web", 0, &["data"])])
            .claim_with("data-web-0", |claim| claim.unused_since = unused.map(|at| time(at).into()))
            .with(|facts| {
                facts.around.nodes = Listed::complete(vec![node("node1", true, false)]);
                facts.around.attachments = Listed::complete(vec![attachment("a", "node1", true)]);
            });
        says(&story, "data-web-0", Code::AttachmentLeaked).map(|said| said.0)
    };
    assert_eq!(scaled_down(None), Some(Severity::Notice));
    assert_eq!(scaled_down(Some("2026-11-21T11:55:00Z")), Some(Severity::Notice));
    assert_eq!(scaled_down(Some("2026-11-21T11:50:00Z")), Some(Severity::Fault));
    assert_eq!(leaked(|| vec![attachment("a", "node1", true)]), None);
    assert_eq!(leaked(|| vec![attachment("a", "node1", true), attachment("b", "node2", true)]), Some(true));
    assert_eq!(leaked(|| vec![attachment("a", "node9", true)]), Some(true));
    assert_eq!(leaked(|| vec![attachment("a", "node9", true), attachment("b", "node9", true)]), Some(false));
    assert_eq!(
        leaked(|| vec![attachment("a", "node1", true), attachment("b", "node1", true)]),
        None,
        "the pod's own node"
    );
}

#[test]
fn older_data_than_its_set_is_told() {
    let story =
        running().claim_with("data-web-0", |claim| claim.meta.created = Some(time("2026-11-01T00:00:00Z").into()));
    assert!(says(&story, "data-web-0", Code::OldDataAttached).is_some());
    assert_eq!(says(&running().claim("data-web-0"), "data-web-0", Code::OldDataAttached), None);
}

#[test]
fn a_change_of_attributes_that_does_not_come_about_is_told() {
    let change = |state: &'static str, exists: bool| {
        let story = running()
            .claim_with("data-web-0", |claim| {
                claim.change = Some(Box::new(crate::facts::Change { to: "fast".into(), state: state.into() }));
            })
            .with(move |facts| {
                if exists {
                    let meta = Meta { namespace: "".into(), ..meta("fast") };
                    facts.around.attributes_classes.items.push(crate::facts::AttributesClass { meta });
                }
            });
        says(&story, "data-web-0", Code::ClaimDrift).map(|said| said.1)
    };
    let told =
        |why: &str| Some(format!("Its volume was to be changed to VolumeAttributesClass fast, and was not: {why}."));
    assert_eq!(change("Pending", false), told("there is no such class"));
    assert_eq!(change("Infeasible", true), told("the storage says that it can't be done"));
    assert_eq!(change("Pending", true), None);
    assert_eq!(change("InProgress", true), None);
    let pending = story(vec![set("web", 1, &["data"])]).pod(0, 0).claim_with("data-web-0", |claim| {
        claim.phase = Some(crate::facts::ClaimPhase::Pending);
        claim.volume = None;
        claim.spec_mut().attributes_class = Some("fast".into());
    });
    assert!(says(&pending, "data-web-0", Code::ClassMissing).unwrap().1.starts_with("VolumeAttributesClass fast"));
}

#[test]
fn a_claim_that_goes_is_stuck_only_when_it_does_not_go_within_a_minute() {
    let since = |at: &'static str| {
        let story = story(vec![set("web", 0, &["data"])]).claim_with("data-web-0", move |claim| {
            claim.meta.deleted = Some(time(at).into());
        });
        says(&story, "data-web-0", Code::TerminatingStuck).map(|said| said.0)
    };
    assert_eq!(since("2026-11-21T11:59:50Z"), Some(Severity::Waiting));
    assert_eq!(since("2026-11-21T11:58:00Z"), Some(Severity::Fault));
}
