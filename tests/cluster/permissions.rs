//! What a user sees who may not read everything.

use crate::lane::{Lane, Scenario, set};

pub(crate) const SCENARIOS: &[Scenario] = &[Scenario::new("forbidden", forbidden).quick()];

/// A real `ServiceAccount` whose Role ends at the namespace: no volumes, no classes.
const READER: &str = "
apiVersion: v1
kind: ServiceAccount
metadata: {name: reader}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules:
- {apiGroups: [apps], resources: [statefulsets], verbs: [get, list]}
- {apiGroups: [\"\"], resources: [pods, persistentvolumeclaims, services], verbs: [get, list]}
- {apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [get, list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: reader}]
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: nobody}
";

fn forbidden(lane: &Lane) {
    lane.any_node();
    lane.apply(READER);
    lane.apply(&set("web").with_replicas(2).to_string());
    lane.until_ready(&["web-0", "web-1"]);
    lane.run("kubectl scale sts web --replicas 1");
    lane.until_gone("pod/web-1");
    lane.until_field("sts/web", "/status/replicas", "1");
    for user in ["reader", "nobody"] {
        lane.run(&format!("kubectl config set-credentials {user} --token $(kubectl create token {user})"));
        lane.run(&format!(
            "kubectl config set-context {user} --cluster testbed --user {user} --namespace {}",
            lane.namespace
        ));
    }
    let denied = lane.try_run("kubectl get pv --context reader");
    assert!(denied.stderr.contains("forbidden"), "the reader must not see volumes: {}", denied.stderr);

    insta::assert_snapshot!(lane.shows("kubectl sts volumes web --context reader"), @"
    ORD   POD     READY   CLAIM        STATE   SIZE   CLASS        VOLUME   RECLAIM       PLACE         AGE
    0     web-0   1/1     data-web-0   InUse   1Mi    local-path   pvc-1…   <forbidden>   <forbidden>   <age>

    Retained: no ordinal in range uses these claims
    ORD   POD      READY    CLAIM        STATE                SIZE   CLASS        VOLUME   RECLAIM       PLACE         AGE
    1     <none>   <none>   data-web-1   RetainedScaledDown   1Mi    local-path   pvc-2…   <forbidden>   <forbidden>   <age>

    1 claim in use, 1 retained (1Mi); scaling web to 2 attaches data-web-1 again.
    --- stderr
    note: forbidden to get persistentvolumes at the cluster scope: can't tell reclaim policy, phase and place of volumes
    note: forbidden to list storageclasses.storage.k8s.io at the cluster scope: can't tell why a claim is not bound
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts status web --context reader"), @"
    StatefulSet forbidden-test/web: 1 of 1 ready

    ORD   POD     READY   STATUS    RESTARTS   REVISION   CLAIMS   DNS         NODE    AGE
    0     web-0   1/1     Running   0          current    InUse    published   node?   <age>

    1 claim retained (1Mi): data-web-1. Details: kubectl sts volumes web -n forbidden-test
    --- stderr
    note: forbidden to get persistentvolumes at the cluster scope: can't tell reclaim policy, phase and place of volumes
    note: forbidden to list storageclasses.storage.k8s.io at the cluster scope: can't tell why a claim is not bound
    note: forbidden to list volumesnapshots.snapshot.storage.k8s.io in namespace forbidden-test: can't tell whether a snapshot still reads from a claim
    note: forbidden to list volumeattachments.storage.k8s.io at the cluster scope: can't tell whether a volume is attached, and why not
    note: forbidden to list csinodes.storage.k8s.io at the cluster scope: can't tell whether a node has the driver of a volume
    note: forbidden to list volumeattributesclasses.storage.k8s.io at the cluster scope: can't tell whether a volume's attributes can be changed
    note: forbidden to list nodes at the cluster scope: can't tell whether a volume's place still has a node
    note: forbidden to list poddisruptionbudgets.policy in namespace forbidden-test: can't tell which disruption budget covers the pods
    note: forbidden to list events in namespace forbidden-test: can't tell what was reported of claims and pods in the last hour
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web --context reader -o json"), @r#"
    {
        "apiVersion": "workloads.kubectl/v1alpha1",
        "kind": "VolumeReport",
        "metadata": {
            "context": "reader",
            "namespace": "forbidden-test",
            "serverVersion": "<version>",
            "time": "<time>",
            "complete": false
        },
        "items": [
            {
                "object": {
                    "kind": "PersistentVolumeClaim",
                    "namespace": "forbidden-test",
                    "name": "data-web-0",
                    "uid": "uid-1"
                },
                "set": "web",
                "template": "data",
                "ordinal": 0,
                "inRange": true,
                "pod": {
                    "name": "web-0",
                    "uid": "uid-3",
                    "status": "Running",
                    "ready": true,
                    "node": "node?"
                },
                "claim": {
                    "phase": "Bound",
                    "storageClass": "local-path",
                    "request": "1Mi",
                    "capacity": "1Mi",
                    "accessModes": [
                        "ReadWriteOnce"
                    ],
                    "created": "<time>"
                },
                "volume": {
                    "name": "pvc-1",
                    "known": false,
                    "exists": null
                },
                "fate": {
                    "onSetDelete": "kept",
                    "onScaleDown": "kept"
                },
                "deletable": "never",
                "verdicts": [
                    {
                        "code": "InUse",
                        "severity": "Ok",
                        "since": "<time>",
                        "says": "Pod web-0 uses it.",
                        "evidence": [
                            {
                                "object": "Pod/web-0",
                                "field": "spec.volumes[].persistentVolumeClaim.claimName",
                                "value": "data-web-0"
                            },
                            {
                                "object": "Pod/web-0",
                                "field": "spec.nodeName",
                                "value": "node?"
                            }
                        ],
                        "unknown": []
                    }
                ]
            },
            {
                "object": {
                    "kind": "PersistentVolumeClaim",
                    "namespace": "forbidden-test",
                    "name": "data-web-1",
                    "uid": "uid-2"
                },
                "set": "web",
                "template": "data",
                "ordinal": 1,
                "inRange": false,
                "claim": {
                    "phase": "Bound",
                    "storageClass": "local-path",
                    "request": "1Mi",
                    "capacity": "1Mi",
                    "accessModes": [
                        "ReadWriteOnce"
                    ],
                    "created": "<time>"
                },
                "volume": {
                    "name": "pvc-2",
                    "known": false,
                    "exists": null
                },
                "fate": {
                    "onSetDelete": "kept"
                },
                "deletable": "named",
                "verdicts": [
                    {
                        "code": "RetainedScaledDown",
                        "severity": "Notice",
                        "says": "Ordinal 1 is out of range of set web; scaling web to 2 or more attaches it again with its data.",
                        "evidence": [
                            {
                                "object": "StatefulSet/web",
                                "field": "spec.replicas",
                                "value": "1"
                            }
                        ],
                        "unknown": [
                            "forbidden to get persistentvolumes at the cluster scope",
                            "this command does not read deployments, replicasets, daemonsets, jobs, cronjobs, volumesnapshots: kubectl sts orphans does"
                        ]
                    }
                ]
            }
        ],
        "findings": [
            {
                "code": "CannotTell",
                "severity": "Unknown",
                "says": "Cannot tell reclaim policy, phase and place of volumes.",
                "evidence": [],
                "unknown": [
                    "forbidden to get persistentvolumes at the cluster scope"
                ]
            },
            {
                "code": "CannotTell",
                "severity": "Unknown",
                "says": "Cannot tell why a claim is not bound.",
                "evidence": [],
                "unknown": [
                    "forbidden to list storageclasses.storage.k8s.io at the cluster scope"
                ]
            }
        ]
    }
    --- stderr
    note: forbidden to get persistentvolumes at the cluster scope: can't tell reclaim policy, phase and place of volumes
    note: forbidden to list storageclasses.storage.k8s.io at the cluster scope: can't tell why a claim is not bound
    "#);
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web --context nobody"), @r#"
    --- stderr
    Error from server (Forbidden): statefulsets.apps is forbidden: User "system:serviceaccount:forbidden-test:nobody" cannot list resource "statefulsets" in API group "apps" in the namespace "forbidden-test"
    hint: what you may do says: kubectl auth can-i --list (with -n NAMESPACE where it matters)
    --- exit code 1
    "#);
    insta::assert_snapshot!(lane.shows("kubectl sts volumes -A --context reader"), @r#"
    --- stderr
    Error from server (Forbidden): statefulsets.apps is forbidden: User "system:serviceaccount:forbidden-test:reader" cannot list resource "statefulsets" in API group "apps" at the cluster scope
    hint: what you may do says: kubectl auth can-i --list (with -n NAMESPACE where it matters)
    --- exit code 1
    "#);
}
