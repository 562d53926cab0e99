//! The Service that a set names: the tutorial's Postgres names one that isn't there.

use crate::lane::{Lane, Scenario, set, until};

pub(crate) const SCENARIOS: &[Scenario] =
    &[Scenario::new("postgres", postgres).quick(), Scenario::new("service", service).quick()];

const POSTGRES: &str = include_str!("testbed/manifests/postgres.yaml");

/// `serviceName: postgres` beside a Service `postgres-svc`: the printed manifest, applied as it is, mends it, and no pod
/// has to be restarted for it.
fn postgres(lane: &Lane) {
    lane.any_node();
    lane.apply(POSTGRES);
    lane.until_ready(&["postgres-ss-0"]);
    lane.until_field("sts/postgres-ss", "/status/readyReplicas", "1");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes postgres-ss"), @"
    ORD   POD             READY   CLAIM                STATE   SIZE    CLASS        VOLUME   RECLAIM   PLACE   AGE
    0     postgres-ss-0   1/1     data-postgres-ss-0   InUse   100Mi   local-path   pvc-1…   Delete    node?   <age>

    1 claim in use.
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts status postgres-ss"), @r#"
    StatefulSet postgres-test/postgres-ss: 1 of 1 ready

    ORD   POD             READY   STATUS    RESTARTS   REVISION   CLAIMS   DNS          NODE    AGE
    0     postgres-ss-0   1/1     Running   0          current    InUse    no service   node?   <age>

    Fault: WrongService, since <time> (<age> ago)
      spec.serviceName is "postgres", but no such Service exists; the pods are behind postgres-svc. postgres-ss-0.postgres does not resolve, nor does postgres-ss-0.postgres-svc: today only postgres-svc.postgres-test.svc does, to all pods at once.
      - StatefulSet/postgres-ss spec.serviceName: postgres
      - Service/postgres metadata.name: not found
      - Service/postgres-svc spec.selector: app=postgres
      next:
    kubectl apply -f - <<'EOF'   # the names appear at once, the pods stay as they are
    apiVersion: v1
    kind: Service
    metadata:
      name: postgres
      namespace: postgres-test
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
    insta::assert_snapshot!(lane.shows("kubectl sts status"), @"
    NAME          DESIRED   READY   CURRENT   UPDATED   RETAINED   FINDINGS       AGE
    postgres-ss   1         1       1         1         0          WrongService   <age>
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts status postgres-ss -o json"), @r#"
    {
        "apiVersion": "workloads.kubectl/v1alpha1",
        "kind": "StatusReport",
        "metadata": {
            "context": "testbed",
            "namespace": "postgres-test",
            "serverVersion": "<version>",
            "time": "<time>",
            "complete": true
        },
        "items": [
            {
                "object": {
                    "kind": "StatefulSet",
                    "namespace": "postgres-test",
                    "name": "postgres-ss",
                    "uid": "uid-2"
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
                            "uid": "uid-3",
                            "status": "Running",
                            "ready": true,
                            "restarts": 0,
                            "revision": "current",
                            "node": "node?",
                            "addresses": [
                                "<ip-1>"
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
                        "since": "<time>",
                        "says": "spec.serviceName is \"postgres\", but no such Service exists; the pods are behind postgres-svc. postgres-ss-0.postgres does not resolve, nor does postgres-ss-0.postgres-svc: today only postgres-svc.postgres-test.svc does, to all pods at once.",
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
                        "next": "kubectl apply -f - <<'EOF'   # the names appear at once, the pods stay as they are\napiVersion: v1\nkind: Service\nmetadata:\n  name: postgres\n  namespace: postgres-test\nspec:\n  type: ClusterIP\n  clusterIP: None\n  selector:\n    app: postgres\n  ports:\n  - port: 5432\n    protocol: TCP\n    name: web\nEOF"
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

    // DNS says the same: only the other Service's own name resolves.
    let pod = lane.field("pod/postgres-ss-0", "/metadata/uid");
    let host = "postgres-ss-0.postgres";
    assert_eq!(resolves(lane, "postgres-svc"), Ok(()));
    for host in [host, "postgres-ss-0.postgres-svc"] {
        assert!(resolves(lane, host).is_err(), "{host} must not resolve");
    }
    lane.take_next_step("postgres-ss");
    until(&format!("{host} to resolve"), || resolves(lane, host));
    insta::assert_snapshot!(lane.shows("kubectl sts status postgres-ss"), @"
    StatefulSet postgres-test/postgres-ss: 1 of 1 ready

    ORD   POD             READY   STATUS    RESTARTS   REVISION   CLAIMS   DNS         NODE    AGE
    0     postgres-ss-0   1/1     Running   0          current    InUse    published   node?   <age>
    ");
    assert_eq!(lane.field("pod/postgres-ss-0", "/metadata/uid"), pod, "the pod has not been restarted");
}

/// Asks the cluster's DNS from inside the pod.
fn resolves(lane: &Lane, host: &str) -> Result<(), String> {
    lane.attempt(&format!("kubectl exec postgres-ss-0 -- getent hosts {host}")).map(drop)
}

/// The other ways in which a set's Service is wrong, each mended by the next step that is printed.
fn service(lane: &Lane) {
    let manifests = set("web").to_string();
    lane.any_node();
    lane.apply(&manifests);
    lane.until_ready(&["web-0"]);
    lane.until_field("sts/web", "/status/readyReplicas", "1");
    healthy(lane);

    lane.run("kubectl delete service web");
    insta::assert_snapshot!(lane.shows("kubectl sts status web"), @r#"
    StatefulSet service-test/web: 1 of 1 ready

    ORD   POD     READY   STATUS    RESTARTS   REVISION   CLAIMS   DNS          NODE    AGE
    0     web-0   1/1     Running   0          current    InUse    no service   node?   <age>

    Fault: ServiceMissing, since <time> (<age> ago)
      spec.serviceName is "web", but no such Service exists and no other headless Service selects the pods: web-0.web does not resolve.
      - StatefulSet/web spec.serviceName: web
      - Service/web metadata.name: not found
      next:
    kubectl apply -f - <<'EOF'   # the names appear at once, the pods stay as they are
    apiVersion: v1
    kind: Service
    metadata:
      name: web
      namespace: service-test
    spec:
      type: ClusterIP
      clusterIP: None
      selector:
        app: web
    EOF
    "#);
    lane.take_next_step("web");
    healthy(lane);

    lane.run("kubectl delete service web");
    lane.run("kubectl create service clusterip web --tcp 80");
    insta::assert_snapshot!(lane.shows("kubectl sts status web"), @r#"
    StatefulSet service-test/web: 1 of 1 ready

    ORD   POD     READY   STATUS    RESTARTS   REVISION   CLAIMS   DNS         NODE    AGE
    0     web-0   1/1     Running   0          current    InUse    published   node?   <age>

    Fault: ServiceNotHeadless
      Service web has a cluster IP, so web resolves to that and not to the pods. CoreDNS answers per-pod names all the same; other DNS servers do not.
      - Service/web spec.clusterIP: <ip-1>
      - StatefulSet/web spec.serviceName: web
      next:
    # clusterIP is immutable, so the Service is replaced: give clients that use its address another Service first.
    kubectl replace --force -f - <<'EOF'
    apiVersion: v1
    kind: Service
    metadata:
      name: web
      namespace: service-test
    spec:
      type: ClusterIP
      clusterIP: None
      selector:
        app: web
      ports:
      - port: 80
        protocol: TCP
        name: "80"
    EOF
    "#);
    lane.take_next_step("web");
    healthy(lane);

    lane.run("kubectl delete service web");
    lane.run("kubectl create service externalname web --external-name example.invalid");
    insta::assert_snapshot!(lane.shows("kubectl sts status web"), @"
    StatefulSet service-test/web: 1 of 1 ready

    ORD   POD     READY   STATUS    RESTARTS   REVISION   CLAIMS   DNS    NODE    AGE
    0     web-0   1/1     Running   0          current    InUse    none   node?   <age>

    Fault: ServiceExternalName
      Service web is an alias for example.invalid: the pods have no names under it.
      - Service/web spec.type: ExternalName
      - Service/web spec.externalName: example.invalid
      next:
    kubectl apply -f - <<'EOF'   # changes it in place, the pods stay as they are
    apiVersion: v1
    kind: Service
    metadata:
      name: web
      namespace: service-test
    spec:
      type: ClusterIP
      clusterIP: None
      selector:
        app: web
    EOF
    ");
    lane.take_next_step("web");
    healthy(lane);

    lane.run("kubectl delete service web");
    lane.apply(&headless("selector: {app: wep}, ports: [{port: 80}]"));
    insta::assert_snapshot!(lane.shows("kubectl sts status web"), @r#"
    StatefulSet service-test/web: 1 of 1 ready

    ORD   POD     READY   STATUS    RESTARTS   REVISION   CLAIMS   DNS    NODE    AGE
    0     web-0   1/1     Running   0          current    InUse    none   node?   <age>

    Fault: ServiceNotSelecting
      Service web does not select the pods, so their names do not resolve (app: the Service wants wep, the pods have web).
      - Service/web spec.selector: app=wep
      - StatefulSet/web spec.template.metadata.labels: app=web
      next: kubectl -n service-test patch service web -p '{"spec":{"selector":{"app":"web"}}}'
    "#);
    lane.take_next_step("web");
    healthy(lane);

    lane.run("kubectl delete service web");
    lane.apply(&headless("ports: [{port: 80}]"));
    insta::assert_snapshot!(lane.shows("kubectl sts status web"), @"
    StatefulSet service-test/web: 1 of 1 ready

    ORD   POD     READY   STATUS    RESTARTS   REVISION   CLAIMS   DNS    NODE    AGE
    0     web-0   1/1     Running   0          current    InUse    none   node?   <age>

    Fault: ServiceWithoutSelector
      Service web has no selector and no EndpointSlices: no pod has a name under it.
      - Service/web spec.selector: none
      next:
    # Without a selector it was given both IP families, which can't be taken back in place: it is replaced.
    kubectl replace --force -f - <<'EOF'
    apiVersion: v1
    kind: Service
    metadata:
      name: web
      namespace: service-test
    spec:
      type: ClusterIP
      clusterIP: None
      selector:
        app: web
      ports:
      - port: 80
        protocol: TCP
    EOF
    ");
    lane.take_next_step("web");
    healthy(lane);
}

/// Nothing is wrong, and DNS gives the pod its name.
fn healthy(lane: &Lane) {
    until("web-0 to be published", || match lane.shows("kubectl sts status web") {
        text if text.contains("published") => Ok(()),
        text => Err(text),
    });
    insta::allow_duplicates! {
        insta::assert_snapshot!(lane.shows("kubectl sts status web"), @"
    StatefulSet service-test/web: 1 of 1 ready

    ORD   POD     READY   STATUS    RESTARTS   REVISION   CLAIMS   DNS         NODE    AGE
    0     web-0   1/1     Running   0          current    InUse    published   node?   <age>
    ");
    }
}

fn headless(spec: &str) -> String {
    format!("{{apiVersion: v1, kind: Service, metadata: {{name: web}}, spec: {{clusterIP: None, {spec}}}}}")
}
