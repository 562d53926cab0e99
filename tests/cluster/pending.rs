//! Claims that have no volume yet, and why.

use crate::lane::{Lane, Scenario, finding, set, told};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new("class-missing", class_missing).quick(),
    Scenario::new("class-no-default", no_default_class).alone(),
    Scenario::new("class-several-defaults", several_defaults).alone(),
    Scenario::new("first-consumer", first_consumer).quick(),
];

/// No class is the default one: a claim that names none waits, and gets the class once there is one.
fn no_default_class(lane: &Lane) {
    let default = |is: bool| {
        lane.try_run(&format!(
            "kubectl annotate sc local-path storageclass.kubernetes.io/is-default-class={is} --overwrite"
        ))
    };
    default(false);
    let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        lane.apply(&set("web").with_class("null").to_string());
        lane.until_condition("pod/web-0", "PodScheduled", "False");
        assert_eq!(lane.field("pvc/data-web-0", "/spec/storageClassName"), "");
        insta::assert_snapshot!(told(lane, "volumes web"), @"data-web-0: NoDefaultClass, never");
        insta::assert_snapshot!(finding(lane, "web", "NoDefaultClass"), @"
        Fault: It names no StorageClass, and none is the default: no volume is made for it.
        next: kubectl annotate storageclass NAME storageclass.kubernetes.io/is-default-class=true  # the claim then takes it by itself
        ");
        lane.run("kubectl scale sts web --replicas 0");
        lane.until_gone("pod/web-0");
        insta::assert_snapshot!(told(lane, "orphans"), @"data-web-0: NoDefaultClass, named, disk none");
        lane.run("kubectl scale sts web --replicas 1");
    }));
    // Whatever was seen, the cluster has its default again.
    default(true);
    seen.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    lane.until_ready(&["web-0"]);
    insta::assert_snapshot!(told(lane, "volumes web"), @"data-web-0: InUse, never");
}

/// A second class is marked as default: which one a set that leaves the choice to the cluster gets, before and after it does.
fn several_defaults(lane: &Lane) {
    lane.any_node();
    lane.apply(&set("web").with_class("null").to_string());
    lane.until_ready(&["web-0"]);
    assert_eq!(lane.field("pvc/data-web-0", "/spec/storageClassName"), "local-path");
    // Whatever becomes of this run: the class goes with its namespace.
    let newer = &lane.namespace;
    let uid = lane.field(&format!("namespace/{newer}"), "/metadata/uid");
    lane.apply(&format!(
        "apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: {newer}
  annotations: {{storageclass.kubernetes.io/is-default-class: 'true'}}
  ownerReferences: [{{apiVersion: v1, kind: Namespace, name: {newer}, uid: {uid}}}]
provisioner: example.com/nobody
"
    ));
    let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let marked = lane.run("kubectl get storageclass | grep -c '(default)'");
        assert_eq!(marked, "2");
        insta::assert_snapshot!(lane.shows("kubectl sts preview scale web --replicas 2"), @"
        StatefulSet class-several-defaults-test/web: from ordinal 0 to ordinals 0 to 1

        ORD   POD     CLAIM        THEN           SIZE   DISK   DATA SINCE   NOTES
        0     stays   data-web-0   Unchanged      1Mi    -      <age>        -
        1     comes   data-web-1   CreatedBlank   1Mi    -      -            MultipleDefaultClasses

        Claims: 1 created blank, 1 unchanged.

        Notice: MultipleDefaultClasses, PersistentVolumeClaim/data-web-1
          Its template names no StorageClass, and 2 are marked as default: it gets the newest, class-several-defaults-test, and not local-path.
          - StatefulSet/web volumeClaimTemplates[data] class: absent
          - StorageClass/class-several-defaults-test is-default-class: true, created <time>
          - StorageClass/local-path is-default-class: true, created <time>
          next: kubectl annotate storageclass local-path storageclass.kubernetes.io/is-default-class=false --overwrite  # class-several-defaults-test is then the only one; if it should be another, take the mark from class-several-defaults-test instead
        ");
        lane.run("kubectl scale sts web --replicas 2");
        lane.until_condition("pod/web-1", "PodScheduled", "False");
        assert_eq!(lane.field("pvc/data-web-1", "/spec/storageClassName"), *newer);
        insta::assert_snapshot!(told(lane, "volumes web"), @"
        data-web-0: InUse, never
        data-web-1: AwaitingPod MultipleDefaultClasses, never
        ");
        let finding = finding(lane, "web", "MultipleDefaultClasses");
        insta::assert_snapshot!(finding, @"
        Notice: Its template names no StorageClass, and 2 are marked as default: it got the newest, NAMESPACE, and not local-path.
        next: kubectl annotate storageclass NAMESPACE storageclass.kubernetes.io/is-default-class=false --overwrite  # if it should be another; then delete this claim, which holds no data: it is made anew
        ");
        // The step that it prints, to its end.
        let step = finding.split_once("next: ").expect("a next step").1.replace("NAMESPACE", newer);
        lane.run(&step);
        lane.run("kubectl delete pvc data-web-1");
    }));
    // Whatever was seen, the cluster has one default again.
    lane.try_run(&format!("kubectl delete storageclass {newer}"));
    seen.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    lane.until_ready(&["web-1"]);
    assert_eq!(lane.field("pvc/data-web-1", "/spec/storageClassName"), "local-path");
    insta::assert_snapshot!(told(lane, "volumes web"), @"
    data-web-0: InUse, never
    data-web-1: InUse, never
    ");
}

/// A class that doesn't exist: the claim stays Pending and its pod without a node.
fn class_missing(lane: &Lane) {
    lane.any_node();
    lane.apply(&set("web").with_class("no-such-class").to_string());
    lane.until_condition("pod/web-0", "PodScheduled", "False");
    assert_eq!(lane.field("pvc/data-web-0", "/status/phase"), "Pending");
    assert_eq!(lane.field("pod/web-0", "/spec/nodeName"), "");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"
    ORD   POD     READY   CLAIM        STATE          SIZE   CLASS           VOLUME   RECLAIM   PLACE    AGE
    0     web-0   0/1     data-web-0   ClassMissing   1Mi    no-such-class   <none>   <none>    <none>   <age>

    0 claims in use.
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts status web"), @"
    StatefulSet class-missing-test/web: 0 of 1 ready

    ORD   POD     READY   STATUS    RESTARTS   REVISION   CLAIMS         DNS    NODE     AGE
    0     web-0   0/1     Pending   0          current    ClassMissing   none   <none>   <age>

    Fault: ClassMissing, PersistentVolumeClaim/data-web-0, since <time> (<age> ago)
      StorageClass no-such-class does not exist, so no volume is made for this claim.
      - PersistentVolumeClaim/data-web-0 spec.storageClassName: no-such-class
      - PersistentVolumeClaim/data-web-0 status.phase: Pending
      next: kubectl get storageclass  # create no-such-class; or re-create the set with one of these and then delete this claim, which holds no data

    Waiting: RolloutInProgress
      It waits for web-0 to be ready.

    Waiting: Unschedulable, Pod/web-0, since <time> (<age> ago)
      No node takes the pod: pod has unbound immediate PersistentVolumeClaims.
      - Pod/web-0 status.conditions[PodScheduled]: pod has unbound immediate PersistentVolumeClaims
      next: kubectl -n class-missing-test get persistentvolumeclaims
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web -o json"), @r#"
    {
        "apiVersion": "workloads.kubectl/v1alpha1",
        "kind": "VolumeReport",
        "metadata": {
            "context": "testbed",
            "namespace": "class-missing-test",
            "serverVersion": "<version>",
            "time": "<time>",
            "complete": true
        },
        "items": [
            {
                "object": {
                    "kind": "PersistentVolumeClaim",
                    "namespace": "class-missing-test",
                    "name": "data-web-0",
                    "uid": "uid-1"
                },
                "set": "web",
                "template": "data",
                "ordinal": 0,
                "inRange": true,
                "pod": {
                    "name": "web-0",
                    "uid": "uid-2",
                    "status": "Pending",
                    "ready": false
                },
                "claim": {
                    "phase": "Pending",
                    "storageClass": "no-such-class",
                    "request": "1Mi",
                    "accessModes": [
                        "ReadWriteOnce"
                    ],
                    "created": "<time>"
                },
                "fate": {
                    "onSetDelete": "kept",
                    "onScaleDown": "kept"
                },
                "deletable": "never",
                "verdicts": [
                    {
                        "code": "ClassMissing",
                        "severity": "Fault",
                        "since": "<time>",
                        "says": "StorageClass no-such-class does not exist, so no volume is made for this claim.",
                        "evidence": [
                            {
                                "object": "PersistentVolumeClaim/data-web-0",
                                "field": "spec.storageClassName",
                                "value": "no-such-class"
                            },
                            {
                                "object": "PersistentVolumeClaim/data-web-0",
                                "field": "status.phase",
                                "value": "Pending"
                            }
                        ],
                        "unknown": [],
                        "next": "kubectl get storageclass  # create no-such-class; or re-create the set with one of these and then delete this claim, which holds no data"
                    }
                ]
            }
        ],
        "findings": []
    }
    "#);

    // A set recreated with a class that exists takes the old claim again: only the claim's deletion, too, mends it.
    lane.run("kubectl delete sts web");
    lane.apply(&set("web").to_string());
    lane.until_condition("pod/web-0", "PodScheduled", "False");
    assert_eq!(lane.field("pvc/data-web-0", "/spec/storageClassName"), "no-such-class");
    insta::assert_snapshot!(lane.shows("kubectl sts status web"), @"
    StatefulSet class-missing-test/web: 0 of 1 ready

    ORD   POD     READY   STATUS    RESTARTS   REVISION   CLAIMS         DNS    NODE     AGE
    0     web-0   0/1     Pending   0          current    ClassMissing   none   <none>   <age>

    Fault: ClassMissing, PersistentVolumeClaim/data-web-0, since <time> (<age> ago)
      StorageClass no-such-class does not exist, so no volume is made for this claim.
      - PersistentVolumeClaim/data-web-0 spec.storageClassName: no-such-class
      - PersistentVolumeClaim/data-web-0 status.phase: Pending
      next: kubectl get storageclass  # create no-such-class; or re-create the set with one of these and then delete this claim, which holds no data

    Waiting: RolloutInProgress
      It waits for web-0 to be ready.

    Waiting: Unschedulable, Pod/web-0, since <time> (<age> ago)
      No node takes the pod: pod has unbound immediate PersistentVolumeClaims.
      - Pod/web-0 status.conditions[PodScheduled]: pod has unbound immediate PersistentVolumeClaims
      next: kubectl -n class-missing-test get persistentvolumeclaims

    Notice: ClaimDrift, PersistentVolumeClaim/data-web-0
      It differs from the set's template and is used as it is: class no-such-class, the template says local-path.
      - PersistentVolumeClaim/data-web-0 class: no-such-class
      - StatefulSet/web volumeClaimTemplates[data] class: local-path
    ");
    lane.run("kubectl delete pvc data-web-0");
    lane.until_ready(&["web-0"]);
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"
    ORD   POD     READY   CLAIM        STATE   SIZE   CLASS        VOLUME   RECLAIM   PLACE   AGE
    0     web-0   1/1     data-web-0   InUse   1Mi    local-path   pvc-3…   Delete    node?   <age>

    1 claim in use.
    ");
}

/// A class that waits for a consumer, and a pod that no node takes; beside it a claim made ahead for an ordinal to come.
fn first_consumer(lane: &Lane) {
    lane.apply(&set("web").with_pod("nodeSelector: {no: such-node}").to_string());
    lane.apply(
        "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data-web-1}, spec: {accessModes: [ReadWriteOnce], \
         storageClassName: local-path, resources: {requests: {storage: 1Mi}}}}",
    );
    lane.until_condition("pod/web-0", "PodScheduled", "False");
    assert_eq!(lane.field("pvc/data-web-0", "/status/phase"), "Pending");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"
    ORD   POD     READY   CLAIM        STATE         SIZE   CLASS        VOLUME   RECLAIM   PLACE    AGE
    0     web-0   0/1     data-web-0   AwaitingPod   1Mi    local-path   <none>   <none>    <none>   <age>

    Retained: no ordinal in range uses these claims
    ORD   POD      READY    CLAIM        STATE                   SIZE   CLASS        VOLUME   RECLAIM   PLACE    AGE
    1     <none>   <none>   data-web-1   AwaitingFirstConsumer   1Mi    local-path   <none>   <none>    <none>   <age>

    0 claims in use, 1 retained (0).
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts status web"), @"
    StatefulSet first-consumer-test/web: 0 of 1 ready

    ORD   POD     READY   STATUS    RESTARTS   REVISION   CLAIMS        DNS    NODE     AGE
    0     web-0   0/1     Pending   0          current    AwaitingPod   none   <none>   <age>

    Fault: Unschedulable, Pod/web-0, since <time> (<age> ago)
      No node takes the pod: 2 node(s) didn't match Pod's node affinity/selector.
      - Pod/web-0 status.conditions[PodScheduled]: 2 node(s) didn't match Pod's node affinity/selector
      next: kubectl -n first-consumer-test get pod web-0 -o jsonpath='{.spec.nodeSelector}{.spec.affinity}{.spec.topologySpreadConstraints}'; kubectl get nodes --show-labels

    Waiting: AwaitingPod, PersistentVolumeClaim/data-web-0, since <time> (<age> ago)
      Pod web-0 has no node yet. It has no volume yet, so it is blank; the pod will use it.
      - Pod/web-0 status.phase: Pending
      - StatefulSet/web spec.replicas: 1
      next: kubectl -n first-consumer-test describe pod web-0

    1 claim retained (1Mi): data-web-1. Details: kubectl sts volumes web -n first-consumer-test
    ");
}
