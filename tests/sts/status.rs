//! `kubectl sts status`.

use insta::assert_snapshot;

use crate::{run, shop, shown, sts};

#[test]
fn without_a_name_a_row_per_set() {
    let cluster = shop().start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "status")), @"
    exit code 0
    --- stdout
    NAME          DESIRED   READY   CURRENT   UPDATED   RETAINED   FINDINGS       AGE
    postgres-ss   1         1       1         1         0          WrongService   [AGE]
    redis-stset   2         2       2         2         1          <none>         [AGE]
    ");
    let all = sts().cluster(&cluster).args(["status", "-A", "-o", "wide"]).run();
    assert_snapshot!(shown(&cluster, &all), @"
    exit code 0
    --- stdout
    NAMESPACE   NAME          DESIRED   READY   CURRENT   UPDATED   RETAINED   SERVICE     FINDINGS       AGE   CREATED
    shop        postgres-ss   1         1       1         1         0          postgres    WrongService   [AGE]   [TIME]
    shop        redis-stset   2         2       2         2         1          redis-svc   <none>         [AGE]   [TIME]
    ");
}

#[test]
fn the_tutorials_postgres_reads_wrong_service_with_the_service_to_apply() {
    let cluster = shop().start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "status postgres-ss")), @r#"
    exit code 0
    --- stdout
    StatefulSet shop/postgres-ss: 1 of 1 ready

    ORD   POD             READY   STATUS    RESTARTS   REVISION   CLAIMS   DNS          NODE    AGE
    0     postgres-ss-0   1/1     Running   0          current    InUse    no service   node1   [AGE]

    Fault: WrongService, since [TIME] ([AGE] ago)
      spec.serviceName is "postgres", but no such Service exists; the pods are behind postgres-svc. postgres-ss-0.postgres does not resolve, nor does postgres-ss-0.postgres-svc: today only postgres-svc.shop.svc does, to all pods at once.
      - StatefulSet/postgres-ss spec.serviceName: postgres
      - Service/postgres metadata.name: not found
      - Service/postgres-svc spec.selector: app=postgres
      next:
    kubectl apply -f - <<'EOF'   # the names appear at once, the pods stay as they are
    apiVersion: v1
    kind: Service
    metadata:
      name: postgres
      namespace: shop
    spec:
      type: ClusterIP
      clusterIP: None
      selector:
        app: postgres
      ports:
      - port: 5432
        protocol: TCP
        name: web
    EOF
    "#);
    cluster.requests().assert_read_only();
}

#[test]
fn a_healthy_set_has_no_findings() {
    let cluster = shop().start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "status sts/redis-stset")), @"
    exit code 0
    --- stdout
    StatefulSet shop/redis-stset: 2 of 2 ready

    ORD   POD             READY   STATUS    RESTARTS   REVISION   CLAIMS   DNS         NODE    AGE
    0     redis-stset-0   2/2     Running   0          current    InUse    published   node1   [AGE]
    1     redis-stset-1   2/2     Running   0          current    InUse    published   node1   [AGE]

    1 claim retained (100Mi): redis-data-storage-redis-stset-2. Details: kubectl sts volumes redis-stset -n shop
    ");
}

#[test]
fn the_printed_service_mends_the_names() {
    let cluster = shop().start();
    let seen = run(&cluster, "status postgres-ss").stdout;
    let manifest = seen.split("stay as they are\n").nth(1).unwrap().split("EOF\n").next().unwrap();
    cluster.apply(serde_saphyr::from_str(manifest).unwrap());
    let after = run(&cluster, "status postgres-ss -o json").json();
    let codes: Vec<_> = after["items"][0]["verdicts"].as_array().unwrap().iter().map(|it| &it["code"]).collect();
    assert_eq!(codes, ["SetReady"]);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a whole report")]
fn json_holds_every_ordinal_and_verdict() {
    let cluster = shop().start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "status postgres-ss -o json")), @r#"
    exit code 0
    --- stdout
    {
        "apiVersion": "workloads.kubectl/v1alpha1",
        "kind": "StatusReport",
        "metadata": {
            "context": "fake",
            "namespace": "shop",
            "serverVersion": "v1.36.3",
            "time": "[TIME]",
            "complete": true
        },
        "items": [
            {
                "object": {
                    "kind": "StatefulSet",
                    "namespace": "shop",
                    "name": "postgres-ss",
                    "uid": "[UID]"
                },
                "spec": {
                    "replicas": 1,
                    "start": 0,
                    "serviceName": "postgres"
                },
                "ready": 1,
                "current": 1,
                "updated": 1,
                "retainedClaims": 0,
                "ordinals": [
                    {
                        "ordinal": 0,
                        "inRange": true,
                        "known": true,
                        "pod": {
                            "name": "postgres-ss-0",
                            "uid": "[UID]",
                            "status": "Running",
                            "ready": true,
                            "restarts": 0,
                            "revision": "current",
                            "node": "node1",
                            "addresses": [
                                "10.244.1.32"
                            ]
                        },
                        "claims": [
                            {
                                "template": "data",
                                "name": "data-postgres-ss-0",
                                "code": "InUse"
                            }
                        ]
                    }
                ],
                "verdicts": [
                    {
                        "code": "WrongService",
                        "severity": "Fault",
                        "since": "[TIME]",
                        "says": "spec.serviceName is \"postgres\", but no such Service exists; the pods are behind postgres-svc. postgres-ss-0.postgres does not resolve, nor does postgres-ss-0.postgres-svc: today only postgres-svc.shop.svc does, to all pods at once.",
                        "evidence": [
                            {
                                "object": "StatefulSet/postgres-ss",
                                "field": "spec.serviceName",
                                "value": "postgres"
                            },
                            {
                                "object": "Service/postgres",
                                "field": "metadata.name",
                                "value": "not found"
                            },
                            {
                                "object": "Service/postgres-svc",
                                "field": "spec.selector",
                                "value": "app=postgres"
                            }
                        ],
                        "unknown": [],
                        "next": "kubectl apply -f - <<'EOF'   # the names appear at once, the pods stay as they are\napiVersion: v1\nkind: Service\nmetadata:\n  name: postgres\n  namespace: shop\nspec:\n  type: ClusterIP\n  clusterIP: None\n  selector:\n    app: postgres\n  ports:\n  - port: 5432\n    protocol: TCP\n    name: web\nEOF"
                    },
                    {
                        "code": "SetReady",
                        "severity": "Ok",
                        "says": "Every ordinal is ready.",
                        "evidence": [
                            {
                                "object": "StatefulSet/postgres-ss",
                                "field": "status.updateRevision",
                                "value": "postgres-ss-6c5f8fdcc6"
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

#[test]
fn several_sets_one_after_another_and_as_names() {
    let cluster = shop().start();
    let both = run(&cluster, "status redis-stset postgres-ss").stdout;
    let (redis, postgres) = (both.find("redis-stset: ").unwrap(), both.find("postgres-ss: ").unwrap());
    assert!(redis < postgres);
    assert_snapshot!(shown(&cluster, &run(&cluster, "status -o name")), @"
    exit code 0
    --- stdout
    statefulset.apps/postgres-ss
    statefulset.apps/redis-stset
    ");
}

#[test]
fn a_pod_that_is_not_ready_is_counted_from_the_pods() {
    let cluster = shop().start();
    let unready = serde_json::json!({"status": {"conditions": [{"type": "Ready", "status": "False"}],
        "containerStatuses": [{"name": "redis", "ready": false, "restartCount": 7, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}});
    cluster.patch("pods", "shop", "redis-stset-1", unready);
    assert_snapshot!(shown(&cluster, &run(&cluster, "status redis-stset")), @"
    exit code 0
    --- stdout
    StatefulSet shop/redis-stset: 1 of 2 ready

    ORD   POD             READY   STATUS             RESTARTS   REVISION   CLAIMS   DNS         NODE    AGE
    0     redis-stset-0   2/2     Running            0          current    InUse    published   node1   [AGE]
    1     redis-stset-1   0/2     CrashLoopBackOff   7          current    InUse    published   node1   [AGE]

    Fault: CrashLoop, Pod/redis-stset-1
      The container redis fails again and again: it was started again 7 times.
      - Pod/redis-stset-1 redis restartCount: 7
      - Pod/redis-stset-1 redis state.waiting: CrashLoopBackOff
      next: kubectl -n shop logs redis-stset-1 -c redis

    1 claim retained (100Mi): redis-data-storage-redis-stset-2. Details: kubectl sts volumes redis-stset -n shop
    ");
}

/// The Redis set goes to another revision, and its second pod is there already.
const REVISIONS: &str = r#"
apiVersion: apps/v1
kind: ControllerRevision
metadata: {name: redis-stset-before, namespace: shop}
revision: 1
data: {spec: {template: {spec: {containers: [{name: redis, image: "redis:7"}, {name: filler, image: "busybox:1.36"}]}}}}
---
apiVersion: apps/v1
kind: ControllerRevision
metadata: {name: redis-stset-after, namespace: shop}
revision: 2
data: {spec: {template: {spec: {containers: [{name: redis, image: "redis:8", env: [{name: MODE, value: cluster}]}]}}}}
"#;

fn rolls(cluster: workload_tests::Cluster) -> workload_tests::Running {
    let cluster = cluster.yaml(REVISIONS).start();
    let pod = |name: &str| serde_json::json!({"metadata": {"labels": {"controller-revision-hash": name}}});
    cluster.patch("pods", "shop", "redis-stset-0", pod("redis-stset-before"));
    cluster.patch("pods", "shop", "redis-stset-1", pod("redis-stset-after"));
    let status =
        serde_json::json!({"status": {"currentRevision": "redis-stset-before", "updateRevision": "redis-stset-after"}});
    cluster.patch("statefulsets", "shop", "redis-stset", status);
    cluster.forget_requests();
    cluster
}

#[test]
fn a_rollout_shows_what_it_changes() {
    let cluster = rolls(shop());
    assert_snapshot!(shown(&cluster, &run(&cluster, "status redis-stset")), @r#"
    exit code 0
    --- stdout
    StatefulSet shop/redis-stset: 2 of 2 ready

    ORD   POD             READY   STATUS    RESTARTS   REVISION   CLAIMS   DNS         NODE    AGE
    0     redis-stset-0   2/2     Running   0          previous   InUse    published   node1   [AGE]
    1     redis-stset-1   2/2     Running   0          update     InUse    published   node1   [AGE]

    Waiting: RolloutInProgress
      Ordinals 0 are still to be updated.
      - StatefulSet/redis-stset status.updateRevision: redis-stset-after
      - StatefulSet/redis-stset spec.template.spec.containers[redis].image: redis:7 → redis:8
      - StatefulSet/redis-stset spec.template.spec.containers[redis].env[MODE].value: new: cluster
      - StatefulSet/redis-stset spec.template.spec.containers[filler]: gone

    1 claim retained (100Mi): redis-data-storage-redis-stset-2. Details: kubectl sts volumes redis-stset -n shop
    "#);
    let requests = cluster.requests();
    requests.assert_read_only();
    assert_eq!((requests.count("get controllerrevisions"), requests.count("list controllerrevisions")), (2, 0));
    // A row per set needs no more than before.
    cluster.forget_requests();
    run(&cluster, "status");
    assert_eq!(cluster.requests().count("get controllerrevisions"), 0);
}

#[test]
fn who_may_not_read_revisions_is_told_what_that_hides() {
    let cluster = rolls(shop().deny("get", "controllerrevisions"));
    let seen = run(&cluster, "status redis-stset -o json");
    let report = seen.json();
    let verdict = &report["items"][0]["verdicts"][0];
    assert_eq!(verdict["code"], "RolloutInProgress");
    assert_eq!(
        verdict["unknown"][0],
        "cannot tell what changed: forbidden to get controllerrevisions.apps in namespace shop"
    );
    assert_eq!(report["metadata"]["complete"], false);
    assert_eq!(
        seen.stderr,
        "note: forbidden to get controllerrevisions.apps in namespace shop: can't tell what the rollout changes\n"
    );
}

#[test]
fn a_missing_pod_without_an_event_is_explained_by_the_quota() {
    let cluster = shop()
        .yaml("{apiVersion: v1, kind: ServiceAccount, metadata: {name: default, namespace: shop}}")
        .yaml(
            "{apiVersion: v1, kind: ResourceQuota, metadata: {name: team, namespace: shop}, spec: {hard: {pods: '2'}},
              status: {hard: {pods: '2'}, used: {pods: '2'}}}",
        )
        .start();
    // All are there: nobody asks for quotas.
    run(&cluster, "status");
    assert_eq!(cluster.requests().count("list resourcequotas"), 0);
    cluster.delete("pods", "shop", "redis-stset-1");
    cluster.forget_requests();
    assert_snapshot!(shown(&cluster, &run(&cluster, "status redis-stset")), @"
    exit code 0
    --- stdout
    StatefulSet shop/redis-stset: 1 of 2 ready

    ORD   POD             READY    STATUS    RESTARTS   REVISION   CLAIMS        DNS         NODE     AGE
    0     redis-stset-0   2/2      Running   0          current    InUse         published   node1    [AGE]
    1     <none>          <none>   <none>    <none>     <none>     AwaitingPod   <none>      <none>   <none>

    Waiting: RolloutInProgress
      It waits for redis-stset-1 to be made.

    Waiting: AwaitingPod, PersistentVolumeClaim/redis-data-storage-redis-stset-1
      Pod redis-stset-1 does not exist. Its volume may hold data; the pod will use it.
      - StatefulSet/redis-stset spec.replicas: 2
      next: kubectl -n shop describe statefulset redis-stset

    1 claim retained (100Mi): redis-data-storage-redis-stset-2. Details: kubectl sts volumes redis-stset -n shop
    ");
    cluster.requests().assert_read_only();
    assert_eq!(cluster.requests().count("list resourcequotas"), 1);
}
