//! Files in the place of a cluster.

use std::fs;

use insta::assert_snapshot;
use workload_tests::{Normalise, Output};

use crate::sts;

fn example(name: &str) -> String {
    format!("{}/../../examples/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn on(file: &str, line: &str) -> Output {
    sts().args(line.split(' ')).args(["-f", file]).run()
}

fn whole(seen: &Output) -> String {
    Normalise::new().ages().times().replace(r"pvc-[0-9a-f]{8}…", "pvc-[SHORT]…").whole(seen)
}

#[test]
fn the_example_cluster_needs_no_cluster() {
    assert_snapshot!(whole(&on(&example("shop.yaml"), "status")), @"
    exit code 0
    --- stdout
    NAME          DESIRED   READY   CURRENT   UPDATED   RETAINED   FINDINGS       AGE
    postgres-ss   1         1       1         1         0          WrongService   [AGE]
    redis-stset   2         2       2         2         1          <none>         [AGE]
    --- stderr
    note: ages are counted to now by this machine's clock: the files carry no time of their own
    ");
    assert_snapshot!(whole(&on(&example("shop.yaml"), "volumes redis-stset")), @"
    exit code 0
    --- stdout
    ORD   POD             READY   CLAIM                              STATE   SIZE    CLASS        VOLUME          RECLAIM   PLACE   AGE
    0     redis-stset-0   2/2     redis-data-storage-redis-stset-0   InUse   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]
    1     redis-stset-1   2/2     redis-data-storage-redis-stset-1   InUse   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]

    Retained: no ordinal in range uses these claims
    ORD   POD      READY    CLAIM                              STATE                SIZE    CLASS        VOLUME          RECLAIM   PLACE   AGE
    2     <none>   <none>   redis-data-storage-redis-stset-2   RetainedScaledDown   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]

    2 claims in use, 1 retained (100Mi); scaling redis-stset to 3 attaches redis-data-storage-redis-stset-2 again.
    --- stderr
    note: ages are counted to now by this machine's clock: the files carry no time of their own
    ");
}

#[test]
fn a_manifest_that_was_never_applied_is_checked_as_far_as_it_goes() {
    let seen = sts().args(["status", "postgres-ss", "-f", "-"]).stdin(POSTGRES).run();
    assert_snapshot!(whole(&seen), @r#"
    exit code 0
    --- stdout
    StatefulSet default/postgres-ss: not applied, 1 desired

    ORD   POD      READY    STATUS   RESTARTS   REVISION   CLAIMS       DNS          NODE     AGE
    0     <none>   <none>   <none>   <none>     <none>     NotApplied   no service   <none>   <none>

    Fault: WrongService
      spec.serviceName is "postgres", but no such Service exists; the pods are behind postgres-svc. postgres-ss-0.postgres does not resolve, nor does postgres-ss-0.postgres-svc: today only postgres-svc.default.svc does, to all pods at once.
      - StatefulSet/postgres-ss spec.serviceName: postgres
      - Service/postgres metadata.name: not found
      - Service/postgres-svc spec.selector: app=postgres
      next:
    kubectl apply -f - <<'EOF'   # the names appear at once, the pods stay as they are
    apiVersion: v1
    kind: Service
    metadata:
      name: postgres
      namespace: default
    spec:
      type: ClusterIP
      clusterIP: None
      selector:
        app: postgres
      ports:
      - port: 5432
        protocol: TCP
    EOF

    Notice: NotApplied
      The set stands only in a file: what needs its pods and claims can't be told.
    --- stderr
    note: ages are counted to now by this machine's clock: the files carry no time of their own
    "#);
    assert_snapshot!(whole(&sts().args(["volumes", "-f", "-"]).stdin(POSTGRES).run()), @"
    exit code 0
    --- stdout
    SET           ORD   POD      READY    CLAIM                STATE        SIZE    CLASS        VOLUME   RECLAIM   PLACE    AGE
    postgres-ss   0     <none>   <none>   data-postgres-ss-0   NotApplied   100Mi   local-path   <none>   <none>    <none>   <none>

    0 claims in use.
    --- stderr
    note: ages are counted to now by this machine's clock: the files carry no time of their own
    ");
}

const POSTGRES: &str = "apiVersion: v1
kind: Service
metadata: {name: postgres-svc}
spec: {clusterIP: None, selector: {app: postgres}, ports: [{port: 5432}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: postgres-ss}
spec:
  serviceName: postgres
  replicas: 1
  selector: {matchLabels: {app: postgres}}
  template: {metadata: {labels: {app: postgres}}, spec: {containers: [{name: db}]}}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], storageClassName: local-path, resources: {requests: {storage: 100Mi}}}
";

#[test]
fn a_bundle_without_sets_knows_them_from_their_pods() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("shop/redis-stset-0")).unwrap();
    fs::write(at("nodes.json"), r#"{"kind": "NodeList", "apiVersion": "v1", "items": []}"#).unwrap();
    fs::write(at("shop/redis-stset-0/logs.txt"), "==== START logs\n").unwrap();
    let pods = objects("Pod");
    fs::write(
        at("shop/pods.json"),
        serde_json::json!({"kind": "PodList", "apiVersion": "v1", "items": pods}).to_string(),
    )
    .unwrap();
    let folder = folder.path().to_str().unwrap();
    assert_snapshot!(whole(&on(folder, "status")), @"
    exit code 0
    --- stdout
    NAME          DESIRED   READY   CURRENT   UPDATED   RETAINED   FINDINGS     AGE
    postgres-ss   ?         1       ?         ?         ?          CannotTell   <none>
    redis-stset   ?         2       ?         ?         ?          CannotTell   <none>
    --- stderr
    note: ages are counted to now by this machine's clock: the files carry no time of their own
    ");
    assert_snapshot!(whole(&on(folder, "status redis-stset")), @"
    exit code 0
    --- stdout
    StatefulSet shop/redis-stset: known from its pods alone, 2 of which are ready

    ORD   POD             READY   STATUS    RESTARTS   REVISION   CLAIMS       DNS   NODE    AGE
    0     redis-stset-0   2/2     Running   0          <none>     CannotTell   ?     node1   [AGE]
    1     redis-stset-1   2/2     Running   0          <none>     CannotTell   ?     node1   [AGE]

    Unknown: CannotTell
      Cannot tell how many ordinals the set shall have, nor which claims and Service it names.
      ? the files hold no statefulsets.apps
    --- stderr
    note: ages are counted to now by this machine's clock: the files carry no time of their own
    ");
    assert_snapshot!(whole(&on(folder, "volumes redis-stset")), @"
    exit code 0
    --- stdout
    ORD   POD             READY   CLAIM                              STATE        SIZE     CLASS    VOLUME   RECLAIM   PLACE    AGE
    0     redis-stset-0   2/2     redis-data-storage-redis-stset-0   CannotTell   <none>   <none>   <none>   <none>    <none>   <none>
    1     redis-stset-1   2/2     redis-data-storage-redis-stset-1   CannotTell   <none>   <none>   <none>   <none>    <none>   <none>

    0 claims in use, of 2 claims it can't be told.
    --- stderr
    note: ages are counted to now by this machine's clock: the files carry no time of their own
    ");
}

#[test]
fn a_must_gather_is_read_to_its_depth_and_each_object_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("quay-io-must-gather-sha256-0");
    let core = inner.join("namespaces/shop/core");
    fs::create_dir_all(&core).unwrap();
    fs::create_dir_all(inner.join("namespaces/shop/apps")).unwrap();
    fs::create_dir_all(inner.join("namespaces/shop/pods/redis-stset-0")).unwrap();
    fs::create_dir_all(inner.join("cluster-scoped-resources/core/persistentvolumes")).unwrap();
    let list = |kind: &str| {
        serde_json::json!({"kind": format!("{kind}List"), "apiVersion": "v1", "items": objects(kind)}).to_string()
    };
    fs::write(core.join("pods.yaml"), list("Pod")).unwrap();
    fs::write(core.join("persistentvolumeclaims.yaml"), list("PersistentVolumeClaim")).unwrap();
    fs::write(inner.join("namespaces/shop/apps/statefulsets.yaml"), list("StatefulSet")).unwrap();
    fs::write(inner.join("namespaces/shop/pods/redis-stset-0/redis-stset-0.yaml"), objects("Pod")[1].to_string())
        .unwrap();
    for volume in objects("PersistentVolume") {
        let name = volume["metadata"]["name"].as_str().unwrap();
        fs::write(
            inner.join(format!("cluster-scoped-resources/core/persistentvolumes/{name}.yaml")),
            volume.to_string(),
        )
        .unwrap();
    }
    assert_snapshot!(whole(&on(folder.path().to_str().unwrap(), "volumes")), @"
    exit code 0
    --- stdout
    SET           ORD   POD             READY   CLAIM                              STATE   SIZE    CLASS        VOLUME          RECLAIM   PLACE   AGE
    postgres-ss   0     postgres-ss-0   1/1     data-postgres-ss-0                 InUse   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]
    redis-stset   0     redis-stset-0   2/2     redis-data-storage-redis-stset-0   InUse   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]
    redis-stset   1     redis-stset-1   2/2     redis-data-storage-redis-stset-1   InUse   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]

    Retained: no ordinal in range uses these claims
    SET           ORD   POD      READY    CLAIM                              STATE                SIZE    CLASS        VOLUME          RECLAIM   PLACE   AGE
    redis-stset   2     <none>   <none>   redis-data-storage-redis-stset-2   RetainedScaledDown   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]

    3 claims in use, 1 retained (100Mi); scaling redis-stset to 3 attaches redis-data-storage-redis-stset-2 again.
    --- stderr
    note: ages are counted to now by this machine's clock: the files carry no time of their own
    ");
}

/// The example's objects of one kind.
fn objects(kind: &str) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(example("shop.yaml")).expect("the example ships with the repository");
    let all: Vec<serde_json::Value> = serde_saphyr::from_multiple(&text).expect("the example is YAML");
    all.into_iter().filter(|object| object["kind"] == kind).collect()
}

#[test]
fn a_broken_document_is_named_and_the_others_count() {
    let broken = format!(
        "{POSTGRES}---\nkind: StatefulSet\napiVersion: apps/v1\nmetadata: {{name: x}}\nspec:\n  replicas: many\n"
    );
    let seen = sts().args(["status", "-f", "-"]).stdin(broken).run();
    assert_snapshot!(whole(&seen), @r#"
    exit code 1
    --- stdout
    NAME          DESIRED   READY   CURRENT   UPDATED   RETAINED   FINDINGS       AGE
    postgres-ss   1         ?       ?         ?         ?          WrongService   <none>
    --- stderr
    error: STDIN:22: StatefulSet: invalid type: string "many", expected i32
    note: ages are counted to now by this machine's clock: the files carry no time of their own
    "#);
}

#[test]
fn paths_that_hold_nothing_to_read() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    assert_snapshot!(whole(&on("/does/not/exist.yaml", "status")), @r#"
    exit code 1
    --- stderr
    error: the path "/does/not/exist.yaml" does not exist
    "#);
    let empty = on(folder.path().to_str().unwrap(), "status");
    assert!(empty.stderr.starts_with("error: error reading [") && empty.code == 1, "{}", empty.stderr);
    fs::write(at("binary.yaml"), [0u8, 159, 146, 150]).unwrap();
    let binary = on(&at("binary.yaml"), "status");
    assert!(
        binary.stderr.contains("binary.yaml:1: is not text: expected YAML or JSON in UTF-8\n") && binary.code == 1,
        "{}",
        binary.stderr
    );
}

#[test]
fn what_no_diagnosis_reads_is_counted_on_request() {
    let secret = format!("{POSTGRES}---\nkind: Secret\napiVersion: v1\nmetadata: {{name: x}}\n");
    let seen = sts().args(["status", "-v", "1", "-f", "-"]).stdin(secret).run();
    assert!(seen.stderr.contains("skipped 1 of kind Secret: no diagnosis reads them\n"), "{}", seen.stderr);
}

/// The manifests that ship with the repository, before they are applied: whatever can be told of them is well.
#[test]
fn the_example_topologies_are_without_fault() {
    let mut sets = 0;
    for file in fs::read_dir(example("topologies")).unwrap() {
        let file = file.unwrap().path().display().to_string();
        let seen = on(&file, "status -o json");
        let report = seen.json();
        for item in report["items"].as_array().unwrap() {
            sets += 1;
            let verdicts = item["verdicts"].as_array().unwrap();
            assert!(verdicts.iter().all(|verdict| verdict["severity"] != "Fault"), "{}", seen.whole());
        }
        assert!(!seen.stderr.contains("error"), "{}", seen.whole());
    }
    assert_eq!(sets, 7);
}
