//! Names that look alike, and the two sets that really share a claim's name.

use crate::lane::{Lane, Scenario, set};

pub(crate) const SCENARIOS: &[Scenario] =
    &[Scenario::new("prefix", prefix).quick(), Scenario::new("ambiguous", ambiguous).quick()];

/// `data-web-api-0` is never `web`'s: it has no ordinal of `web` behind `data-web-`.
fn prefix(lane: &Lane) {
    lane.any_node();
    lane.apply(&set("web").to_string());
    lane.apply(&set("web-api").to_string());
    lane.until_ready(&["web-0", "web-api-0"]);
    insta::assert_snapshot!(lane.shows("kubectl sts volumes"), @"
    SET       ORD   POD         READY   CLAIM            STATE   SIZE   CLASS        VOLUME   RECLAIM   PLACE   AGE
    web       0     web-0       1/1     data-web-0       InUse   1Mi    local-path   pvc-1…   Delete    node?   <age>
    web-api   0     web-api-0   1/1     data-web-api-0   InUse   1Mi    local-path   pvc-2…   Delete    node?   <age>

    2 claims in use.
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"
    ORD   POD     READY   CLAIM        STATE   SIZE   CLASS        VOLUME   RECLAIM   PLACE   AGE
    0     web-0   1/1     data-web-0   InUse   1Mi    local-path   pvc-1…   Delete    node?   <age>

    1 claim in use.
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web-api"), @"
    ORD   POD         READY   CLAIM            STATE   SIZE   CLASS        VOLUME   RECLAIM   PLACE   AGE
    0     web-api-0   1/1     data-web-api-0   InUse   1Mi    local-path   pvc-2…   Delete    node?   <age>

    1 claim in use.
    ");

    // With web-api gone its claim is nobody's, least of all web's.
    lane.run("kubectl delete sts web-api");
    lane.until_gone("pod/web-api-0");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes --all-claims"), @"
    SET   ORD   POD     READY   CLAIM        STATE   SIZE   CLASS        VOLUME   RECLAIM   PLACE   AGE
    web   0     web-0   1/1     data-web-0   InUse   1Mi    local-path   pvc-1…   Delete    node?   <age>

    Claims that no set makes
    POD      READY    CLAIM            STATE           SIZE   CLASS        VOLUME   RECLAIM   PLACE   AGE
    <none>   <none>   data-web-api-0   OrphanSetGone   1Mi    local-path   pvc-2…   Delete    node?   <age>

    1 claim in use, 1 that no set makes.
    ");
}

/// Set `web` with template `data-web` and set `web-web` with template `data` both make `data-web-web-0`, and share it.
fn ambiguous(lane: &Lane) {
    lane.any_node();
    lane.apply(&set("web").with_templates(&["data-web"]).to_string());
    lane.until_ready(&["web-0"]);
    lane.apply(&set("web-web").to_string());
    lane.until_ready(&["web-web-0"]);
    let claims = lane.run("kubectl get pvc -o name");
    assert_eq!(claims, "persistentvolumeclaim/data-web-web-0", "one claim for both");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes"), @"
    SET       ORD   POD         READY   CLAIM            STATE            SIZE   CLASS        VOLUME   RECLAIM   PLACE   AGE
    web       0     web-0       1/1     data-web-web-0   AmbiguousClaim   1Mi    local-path   pvc-1…   Delete    node?   <age>
    web-web   0     web-web-0   1/1     data-web-web-0   AmbiguousClaim   1Mi    local-path   pvc-1…   Delete    node?   <age>

    1 claim in use.
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"
    ORD   POD     READY   CLAIM            STATE            SIZE   CLASS        VOLUME   RECLAIM   PLACE   AGE
    0     web-0   1/1     data-web-web-0   AmbiguousClaim   1Mi    local-path   pvc-1…   Delete    node?   <age>

    1 claim in use.
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts status web-web"), @"
    StatefulSet ambiguous-test/web-web: 1 of 1 ready

    ORD   POD         READY   STATUS    RESTARTS   REVISION   CLAIMS           DNS         NODE    AGE
    0     web-web-0   1/1     Running   0          current    AmbiguousClaim   published   node?   <age>

    Notice: AmbiguousClaim, PersistentVolumeClaim/data-web-web-0
      More than one set makes a claim of this name: set web (template data-web), set web-web (template data). Pods of both use it: they share one volume.
      - StatefulSet/web spec.volumeClaimTemplates[].metadata.name: data-web
      - StatefulSet/web-web spec.volumeClaimTemplates[].metadata.name: data
      - Pod/web-0 spec.volumes[].persistentVolumeClaim.claimName: data-web-web-0
      - Pod/web-web-0 spec.volumes[].persistentVolumeClaim.claimName: data-web-web-0
      next: Rename one of the sets or templates before you scale either of them.
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web -o json"), @r#"
    {
        "apiVersion": "workloads.kubectl/v1alpha1",
        "kind": "VolumeReport",
        "metadata": {
            "context": "testbed",
            "namespace": "ambiguous-test",
            "serverVersion": "<version>",
            "time": "<time>",
            "complete": true
        },
        "items": [
            {
                "object": {
                    "kind": "PersistentVolumeClaim",
                    "namespace": "ambiguous-test",
                    "name": "data-web-web-0",
                    "uid": "uid-1"
                },
                "set": "web",
                "template": "data-web",
                "ordinal": 0,
                "inRange": true,
                "pod": {
                    "name": "web-0",
                    "uid": "uid-2",
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
                    "known": true,
                    "exists": true,
                    "uid": "uid-3",
                    "phase": "Bound",
                    "since": "<time>",
                    "reclaimPolicy": "Delete",
                    "capacity": "1Mi",
                    "node": "node?"
                },
                "fate": {
                    "onSetDelete": "kept",
                    "onScaleDown": "kept"
                },
                "deletable": "never",
                "verdicts": [
                    {
                        "code": "AmbiguousClaim",
                        "severity": "Notice",
                        "says": "More than one set makes a claim of this name: set web (template data-web), set web-web (template data). Pods of both use it: they share one volume.",
                        "evidence": [
                            {
                                "object": "StatefulSet/web",
                                "field": "spec.volumeClaimTemplates[].metadata.name",
                                "value": "data-web"
                            },
                            {
                                "object": "StatefulSet/web-web",
                                "field": "spec.volumeClaimTemplates[].metadata.name",
                                "value": "data"
                            },
                            {
                                "object": "Pod/web-0",
                                "field": "spec.volumes[].persistentVolumeClaim.claimName",
                                "value": "data-web-web-0"
                            },
                            {
                                "object": "Pod/web-web-0",
                                "field": "spec.volumes[].persistentVolumeClaim.claimName",
                                "value": "data-web-web-0"
                            }
                        ],
                        "unknown": [],
                        "next": "Rename one of the sets or templates before you scale either of them."
                    },
                    {
                        "code": "InUse",
                        "severity": "Ok",
                        "since": "<time>",
                        "says": "Pod web-0 uses it.",
                        "evidence": [
                            {
                                "object": "Pod/web-0",
                                "field": "spec.volumes[].persistentVolumeClaim.claimName",
                                "value": "data-web-web-0"
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
            }
        ],
        "findings": []
    }
    "#);
}
