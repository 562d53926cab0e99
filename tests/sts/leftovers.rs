//! `orphans`, `preview`, `clean`, `unstick` and `snapshot`: from what was left behind to its safe end.

use std::sync::{Arc, Mutex};

use insta::assert_snapshot;
use serde_json::{Value, json};
use workload_tests::{Action, Cluster, Fault, Normalise, On, Output, Running};

use crate::{run, shop, shown, sts};

/// A claim as the set controller makes it, bound to a volume of the policy.
pub(crate) fn claim(name: &str, reclaim: &str) -> [Value; 2] {
    let volume = format!("vol-{name}");
    [
        json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {
                "name": name, "namespace": "shop", "uid": format!("uid-{name}"), "labels": {"app": "old"},
                "creationTimestamp": "2026-01-01T00:00:00Z",
                "managedFields": [{"manager": "kube-controller-manager", "operation": "Update", "fieldsV1": {
                    "f:spec": {"f:accessModes": {}, "f:resources": {}}}}],
            },
            "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "local-path", "volumeName": volume,
                     "resources": {"requests": {"storage": "1Gi"}}},
            "status": {"phase": "Bound", "capacity": {"storage": "1Gi"}},
        }),
        json!({
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": volume, "uid": format!("uid-{volume}")},
            "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "local-path",
                     "persistentVolumeReclaimPolicy": reclaim,
                     "claimRef": {"namespace": "shop", "name": name, "uid": format!("uid-{name}")},
                     "csi": {"driver": "disk.example", "volumeHandle": format!("disk-{name}")}},
            "status": {"phase": "Bound"},
        }),
    ]
}

pub(crate) fn pod(name: &str, claim: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop"},
        "spec": {"nodeName": "node1", "containers": [{"name": "main", "image": "busybox"}],
                 "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]},
        "status": {"phase": "Running"},
    })
}

/// The shop, two claims of a set that is gone, and one that a CronJob needs between its runs.
pub(crate) fn left_behind() -> Cluster {
    let claims = ["data-old-0", "data-old-1"].map(|name| claim(name, "Delete")).into_iter().flatten();
    shop().objects(claims).objects(claim("backup-old-0", "Retain")).object(json!({
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly", "namespace": "shop"},
        "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": {"spec": {
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "backup-old-0"}}]}}}}},
    }))
}

#[test]
fn what_was_left_behind_with_what_its_deletion_would_do() {
    let cluster = left_behind().start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "orphans")), @"
    exit code 0
    --- stdout
    SET           ORD   CLAIM                              STATE                SIZE    CLASS        COMES BACK      DISK       DELETE   UNUSED   AGE
    redis-stset   2     redis-data-storage-redis-stset-2   RetainedScaledDown   100Mi   local-path   at 3 replicas   dies too   named    ?        [AGE]
    gone (high)   0     data-old-0                         OrphanSetGone        1Gi     local-path   with its set    dies too   bulk     ?        [AGE]
    gone (high)   1     data-old-1                         OrphanSetGone        1Gi     local-path   with its set    dies too   bulk     ?        [AGE]

    3 left behind (2.1Gi): OrphanSetGone 2 (2Gi), RetainedScaledDown 1 (100Mi).
    By class: local-path 3 (2.1Gi).
    ");
    assert_snapshot!(shown(&cluster, &run(&cluster, "orphans --all-claims --verdict ReferencedNotMounted")), @"
    exit code 0
    --- stdout
    SET      ORD      CLAIM          STATE                  SIZE   CLASS        COMES BACK   DISK    DELETE   UNUSED   AGE
    <none>   <none>   backup-old-0   ReferencedNotMounted   1Gi    local-path   no           stays   never    ?        [AGE]

    1 left behind (1Gi): ReferencedNotMounted 1 (1Gi).
    By class: local-path 1 (1Gi).
    ");
    assert_snapshot!(shown(&cluster, &run(&cluster, "orphans --min-size 500Mi --sort-by age -o name")), @"
    exit code 0
    --- stdout
    persistentvolumeclaim/data-old-0
    persistentvolumeclaim/data-old-1
    ");
    assert_snapshot!(shown(&cluster, &run(&cluster, "orphans --verdict OrphanSetGon")), @r#"
    exit code 1
    --- stderr
    error: there is no verdict "OrphanSetGon"
    hint: did you mean OrphanSetGone?
    "#);
    cluster.requests().assert_read_only();
}

/// A Spark driver that runs in a Deployment mounts no claim itself, and owns those of its executors.
#[test]
fn a_claim_whose_owner_is_a_pod_without_claims_is_not_doomed() {
    let owned = |name: &str, owner: &str| {
        let [mut claim, volume] = claim(name, "Delete");
        claim["metadata"]["ownerReferences"] =
            json!([{"apiVersion": "v1", "kind": "Pod", "name": "driver-5d4f-x2x", "uid": owner, "controller": true}]);
        [claim, volume]
    };
    let uid = "0b1f9c1e-3b0a-4c57-9f42-6a1d7f0e2c33";
    let driver = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "driver-5d4f-x2x", "namespace": "shop", "uid": uid, "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "driver-5d4f", "uid": "r", "controller": true}]},
        "spec": {"nodeName": "node1", "containers": [{"name": "main", "image": "spark"}],
                 "volumes": [{"name": "work", "emptyDir": {}}]},
        "status": {"phase": "Running"},
    });
    let claims = owned("exec-1-pvc-0", uid).into_iter().chain(owned("exec-of-one-gone", "another"));
    let cluster = shop().object(driver).objects(claims).start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "volumes --all-claims")), @"
    exit code 0
    --- stdout
    SET           ORD   POD             READY   CLAIM                              STATE   SIZE    CLASS        VOLUME          RECLAIM   PLACE   AGE
    postgres-ss   0     postgres-ss-0   1/1     data-postgres-ss-0                 InUse   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]
    redis-stset   0     redis-stset-0   2/2     redis-data-storage-redis-stset-0   InUse   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]
    redis-stset   1     redis-stset-1   2/2     redis-data-storage-redis-stset-1   InUse   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]

    Retained: no ordinal in range uses these claims
    SET           ORD   POD      READY    CLAIM                              STATE                SIZE    CLASS        VOLUME          RECLAIM   PLACE   AGE
    redis-stset   2     <none>   <none>   redis-data-storage-redis-stset-2   RetainedScaledDown   100Mi   local-path   pvc-[SHORT]…   Delete    node1   [AGE]

    Claims that no set makes
    POD      READY    CLAIM              STATE               SIZE   CLASS        VOLUME                 RECLAIM   PLACE    AGE
    <none>   <none>   exec-1-pvc-0       ForeignController   1Gi    local-path   vol-exec-1-pvc-0       Delete    <none>   [AGE]
    <none>   <none>   exec-of-one-gone   Doomed              1Gi    local-path   vol-exec-of-one-gone   Delete    <none>   [AGE]

    3 claims in use, 1 retained (100Mi), 2 that no set makes; scaling redis-stset to 3 attaches redis-data-storage-redis-stset-2 again.
    ");
}

fn nothing_is_deletable_without(kind: &str) {
    // Without its API there are no snapshots: that is an answer.
    let not_found = (kind != "volumesnapshots").then(Fault::not_found);
    for fault in [None, Some(Fault::silence())].into_iter().chain(not_found.map(Some)) {
        let cluster = match fault {
            None => left_behind().deny("list", kind).start(),
            Some(fault) => left_behind().fault(On::list(kind), fault).start(),
        };
        let seen = run(&cluster, "orphans -o json --request-timeout 4").json();
        let items = seen["items"].as_array().expect("items");
        assert!(items.len() >= 3, "{kind}: the table stands");
        assert!(items.iter().all(|item| item["deletable"] == "never"), "{kind}: {seen:#}");
        assert_eq!(seen["metadata"]["complete"], false, "{kind}");
        let refused = run(&cluster, "clean data-old-0 --yes --request-timeout 4");
        assert_eq!(refused.code, 3, "{kind}: {}", refused.stderr);
        cluster.requests().assert_read_only();
    }
}

#[test]
fn each_kind_that_may_need_a_claim_is_needed_to_call_one_deletable() {
    std::thread::scope(|scope| {
        for kind in ["pods", "deployments", "replicasets", "daemonsets", "jobs", "cronjobs", "volumesnapshots"] {
            scope.spawn(move || nothing_is_deletable_without(kind));
        }
    });
    // What only adds to the picture costs only that.
    for kind in ["controllerrevisions", "namespaces", "nodes", "volumeattachments", "services", "storageclasses"] {
        let cluster = left_behind().deny("list", kind).start();
        let seen = run(&cluster, "orphans -o json").json();
        let bulk = seen["items"].as_array().unwrap().iter().filter(|item| item["deletable"] == "bulk").count();
        assert_eq!(bulk, 2, "{kind}");
    }
}

#[test]
fn what_could_not_be_read_is_said_once_and_nothing_is_called_absent() {
    let cluster = shop().deny("list", "persistentvolumeclaims").deny("list", "cronjobs").start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "orphans")), @"
    exit code 0
    --- stderr
    note: forbidden to list persistentvolumeclaims in namespace shop: can't tell which claims exist, and their state
    note: forbidden to list cronjobs.batch in namespace shop: can't tell whether a claim without a pod is still needed
    Whether anything was left behind in namespace shop can't be told: forbidden to list persistentvolumeclaims in namespace shop.
    ");
    assert_snapshot!(shown(&cluster, &run(&cluster, "preview scale redis-stset --replicas 3")), @"
    exit code 0
    --- stdout
    StatefulSet shop/redis-stset: from ordinals 0 to 1 to ordinals 0 to 2

    ORD   POD     CLAIM                              THEN         SIZE    DISK   DATA SINCE   NOTES
    0     stays   redis-data-storage-redis-stset-0   CannotTell   100Mi   -      -            -
    1     stays   redis-data-storage-redis-stset-1   CannotTell   100Mi   -      -            -
    2     comes   redis-data-storage-redis-stset-2   CannotTell   100Mi   -      -            -

    Claims: 3 that can't be told.
    --- stderr
    note: forbidden to list persistentvolumeclaims in namespace shop: can't tell which claims exist, and their state
    note: forbidden to list cronjobs.batch in namespace shop: can't tell whether a claim without a pod is still needed
    ");
    assert_snapshot!(shown(&cluster, &run(&cluster, "clean data-old-0 --yes")), @"
    exit code 1
    --- stderr
    error: forbidden to list persistentvolumeclaims in namespace shop
    hint: kubectl sts clean --check-permissions  # shows what is missing
    ");
    let file = concat!("orphans -f ", env!("CARGO_MANIFEST_DIR"), "/../../examples/shop.yaml");
    assert_snapshot!(shown(&cluster, &run(&cluster, file)), @"
    exit code 0
    --- stdout
    SET           ORD   CLAIM                              STATE                SIZE    CLASS        COMES BACK      DISK       DELETE   UNUSED   AGE
    redis-stset   2     redis-data-storage-redis-stset-2   RetainedScaledDown   100Mi   local-path   at 3 replicas   dies too   never    ?        [AGE]

    1 left behind (100Mi): RetainedScaledDown 1 (100Mi).
    By class: local-path 1 (100Mi).
    --- stderr
    note: ages are counted to now by this machine's clock: the files carry no time of their own
    note: the files hold no deployments, replicasets, daemonsets, jobs, cronjobs, controllerrevisions, volumesnapshots, volumeattachments, volumeattributesclasses, nodes, namespaces, events: what depends on them can't be told
    ");
}

#[test]
fn a_script_learns_what_came_of_each_claim() {
    let cluster = left_behind().start();
    let line = "clean data-old-0 data-old-1 redis-data-storage-redis-stset-2 --dry-run=server --retain-disk -o json";
    let seen = run(&cluster, line);
    assert_eq!(seen.code, 0, "{}", seen.stderr);
    let report = seen.json();
    assert_snapshot!(serde_json::to_string_pretty(&report["items"]).unwrap(), @r#"
    [
      {
        "bytes": 1073741824,
        "code": "OrphanSetGone",
        "disk": "stays",
        "object": {
          "kind": "PersistentVolumeClaim",
          "name": "data-old-0",
          "namespace": "shop",
          "uid": "uid-data-old-0"
        },
        "outcome": "wouldBeDeleted",
        "volume": "vol-data-old-0"
      },
      {
        "bytes": 1073741824,
        "code": "OrphanSetGone",
        "disk": "stays",
        "object": {
          "kind": "PersistentVolumeClaim",
          "name": "data-old-1",
          "namespace": "shop",
          "uid": "uid-data-old-1"
        },
        "outcome": "wouldBeDeleted",
        "volume": "vol-data-old-1"
      },
      {
        "bytes": 104857600,
        "code": "RetainedScaledDown",
        "disk": "stays",
        "object": {
          "kind": "PersistentVolumeClaim",
          "name": "redis-data-storage-redis-stset-2",
          "namespace": "shop",
          "uid": "57084a57-242b-41e1-94e3-4c780cd55373"
        },
        "outcome": "wouldBeDeleted",
        "set": "redis-stset",
        "volume": "pvc-57084a57-242b-41e1-94e3-4c780cd55373"
      }
    ]
    "#);
    assert_eq!(report["kind"], "CleanReport");
    let cluster = left_behind().start();
    let refused = run(&cluster, "clean data-old-0 backup-old-0 --yes -o json");
    assert_eq!(refused.code, 3);
    assert_snapshot!(serde_json::to_string_pretty(&refused.json()["items"]).unwrap(), @r#"
    [
      {
        "object": {
          "kind": "PersistentVolumeClaim",
          "name": "backup-old-0",
          "namespace": "shop"
        },
        "outcome": "refused",
        "why": "CronJob nightly names it"
      },
      {
        "bytes": 1073741824,
        "code": "OrphanSetGone",
        "disk": "dies",
        "object": {
          "kind": "PersistentVolumeClaim",
          "name": "data-old-0",
          "namespace": "shop",
          "uid": "uid-data-old-0"
        },
        "outcome": "refused",
        "volume": "vol-data-old-0",
        "why": "another claim that was named must stay"
      }
    ]
    "#);
    let passed_over = run(&cluster, "clean --verdict RetainedScaledDown -o json");
    assert_eq!(passed_over.code, 0);
    assert_eq!(passed_over.json()["items"][0]["outcome"], "passedOver");
    let nobody = run(&cluster, "clean data-old-0 -o json");
    assert_eq!((nobody.code, &nobody.json()["items"][0]["outcome"]), (3, &json!("refused")));
    assert_eq!(run(&cluster, "clean data-old-0 --dry-run=client -o name").stdout, "persistentvolumeclaim/data-old-0\n");
    cluster.requests().assert_read_only();
    let report = clean(&cluster, "clean --verdict OrphanSetGone -o json").json();
    let outcomes: Vec<_> = report["items"].as_array().unwrap().iter().map(|item| &item["outcome"]).collect();
    assert_eq!(outcomes, ["deleted", "deleted"]);
}

#[test]
fn a_scaling_and_a_deletion_seen_beforehand() {
    let cluster = shop().start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "preview scale redis-stset --replicas 4")), @"
    exit code 0
    --- stdout
    StatefulSet shop/redis-stset: from ordinals 0 to 1 to ordinals 0 to 3

    ORD   POD     CLAIM                              THEN            SIZE    DISK   DATA SINCE   NOTES
    0     stays   redis-data-storage-redis-stset-0   Unchanged       100Mi   -      [AGE]   -
    1     stays   redis-data-storage-redis-stset-1   Unchanged       100Mi   -      [AGE]   -
    2     comes   redis-data-storage-redis-stset-2   AttachedAgain   100Mi   -      [AGE]   -
    3     comes   redis-data-storage-redis-stset-3   CreatedBlank    100Mi   -      -            -

    Claims: 1 attached again with its data, 1 created blank, 2 unchanged.
    ");
    assert_snapshot!(shown(&cluster, &run(&cluster, "preview scale redis-stset --replicas 1 --start 1")), @"
    exit code 0
    --- stdout
    StatefulSet shop/redis-stset: from ordinals 0 to 1 to ordinal 1

    ORD   POD     CLAIM                              THEN          SIZE    DISK   DATA SINCE   NOTES
    0     goes    redis-data-storage-redis-stset-0   Kept          100Mi   -      [AGE]   -
    1     stays   redis-data-storage-redis-stset-1   Unchanged     100Mi   -      [AGE]   -
    2     none    redis-data-storage-redis-stset-2   StaysBehind   100Mi   -      [AGE]   -

    Claims: 1 kept, 1 unchanged, 1 left as it is.
    Pod redis-stset-0 goes; it has 30 s to end.
    ");
    assert_snapshot!(shown(&cluster, &run(&cluster, "preview delete redis-stset")), @"
    exit code 0
    --- stdout
    StatefulSet shop/redis-stset: if it were deleted

    ORD   POD    CLAIM                              THEN   SIZE    DISK   DATA SINCE   NOTES
    0     goes   redis-data-storage-redis-stset-0   Kept   100Mi   -      [AGE]   -
    1     goes   redis-data-storage-redis-stset-1   Kept   100Mi   -      [AGE]   -
    2     none   redis-data-storage-redis-stset-2   Kept   100Mi   -      [AGE]   -

    Claims: 3 kept.
    2 pods go at once, in no order; each has 30 s to end.
    ");
    assert_snapshot!(shown(&cluster, &run(&cluster, "preview scale redis-stset")), @"
    exit code 1
    --- stderr
    error: say what is to change: --replicas, --start, or both
    ");
    cluster.requests().assert_read_only();
}

#[test]
fn what_is_needed_is_refused_and_nothing_at_all_is_changed() {
    let cluster = left_behind().start();
    assert_snapshot!(
        shown(&cluster, &run(&cluster, "clean data-old-0 redis-data-storage-redis-stset-0 backup-old-0 --yes")),
        @"
    exit code 3
    --- stderr
    redis-data-storage-redis-stset-0 is not deleted: ordinal 0 of set redis-stset is in range and needs it; pod redis-stset-0 uses it
    backup-old-0 is not deleted: CronJob nightly names it
    Nothing was changed.
    "
    );
    assert_snapshot!(shown(&cluster, &run(&cluster, "clean data-old-0")), @"
    exit code 3
    --- stderr
    To be deleted in namespace shop:
      data-old-0 (OrphanSetGone, 1Gi): its disk dies with it
    Nobody is there to be asked: nothing was changed. --yes answers beforehand.
    ");
    assert_snapshot!(shown(&cluster, &run(&cluster, "clean --verdict OrphanSetGone,RetainedScaledDown --dry-run=client")), @"
    exit code 0
    --- stdout
    persistentvolumeclaim/data-old-0 deleted (dry run)
    persistentvolumeclaim/data-old-1 deleted (dry run)
    --- stderr
    redis-data-storage-redis-stset-2 is passed over: it is deleted only when it is named: its data may come back, or be wanted
    To be deleted in namespace shop:
      data-old-0 (OrphanSetGone, 1Gi): its disk dies with it
      data-old-1 (OrphanSetGone, 1Gi): its disk dies with it
    ");
    assert_snapshot!(shown(&cluster, &run(&cluster, "clean")), @"
    exit code 1
    --- stderr
    error: say which: claims by name, or --verdict
    hint: kubectl sts orphans  # shows what there is, and what may be deleted
    ");
    assert_snapshot!(shown(&cluster, &run(&cluster, "clean pv/vol-data-old-0 --yes")), @r#"
    exit code 1
    --- stderr
    error: "pv" is not a type that this command deletes
    hint: a volume whose policy is Retain is the only pointer to its data; the others go with their claims
    "#);
    assert_snapshot!(shown(&cluster, &run(&cluster, "clean data-old-7 --yes")), @r#"
    exit code 1
    --- stderr
    Error from server (NotFound): persistentvolumeclaims "data-old-7" not found
    hint: did you mean data-old-0 or data-old-1?
    "#);
    cluster.requests().assert_read_only();
}

pub(crate) fn clean(cluster: &Running, line: &str) -> Output {
    let journal = cluster.directory().join(format!("journal-{}.yaml", cluster.requests().0.len()));
    sts().cluster(cluster).args(line.split(' ')).args(["-n", "shop", "--yes", "--journal"]).arg(journal).run()
}

fn journal(cluster: &Running) -> String {
    let files = std::fs::read_dir(cluster.directory()).expect("the folder is there").flatten();
    let file = files
        .map(|file| file.path())
        .find(|path| path.to_string_lossy().contains("journal-"))
        .expect("a journal was written");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o600);
    }
    std::fs::read_to_string(file).expect("it can be read")
}

#[test]
fn each_deletion_is_rehearsed_names_the_object_that_was_shown_and_is_written_down_before() {
    let cluster = left_behind().start();
    let seen = clean(&cluster, "clean --verdict OrphanSetGone");
    assert_eq!(seen.code, 0, "{}", seen.stderr);
    assert_eq!(seen.stdout, "persistentvolumeclaim/data-old-0 deleted\npersistentvolumeclaim/data-old-1 deleted\n");
    let requests = cluster.requests();
    let deletes: Vec<_> = requests.0.iter().filter(|request| request.verb == "delete").collect();
    let told: Vec<String> = deletes
        .iter()
        .map(|request| {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            format!(
                "{} {} {} {}",
                request.name.as_deref().unwrap(),
                body["dryRun"],
                body["preconditions"]["uid"],
                body["propagationPolicy"]
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "data-old-0 [\"All\"] \"uid-data-old-0\" \"Background\"",
            "data-old-1 [\"All\"] \"uid-data-old-1\" \"Background\"",
            "data-old-0 null \"uid-data-old-0\" \"Background\"",
            "data-old-1 null \"uid-data-old-1\" \"Background\"",
        ]
    );
    for request in deletes {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert!(body["preconditions"]["resourceVersion"].as_str().is_some_and(|version| !version.is_empty()));
    }
    let written = journal(&cluster);
    for kept in ["name: data-old-0", "name: data-old-1", "volumeHandle: disk-data-old-1"] {
        assert!(written.contains(kept), "{kept}: {written}");
    }
    assert!(cluster.object("persistentvolumeclaims", "shop", "backup-old-0").is_some());
}

#[cfg(unix)]
#[test]
fn on_a_full_disk_nothing_is_deleted_and_no_half_document_stays() {
    let cluster = left_behind().start();
    let journal = cluster.directory().join("journal-full.yaml");
    // A limit to the size of files stands in for the full disk: with either a document is written in part.
    let script = "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\"";
    let seen = workload_tests::Program::new("sh")
        .cluster(&cluster)
        .args(["-c", script, crate::BINARY, "clean", "--verdict", "OrphanSetGone", "-n", "shop", "--yes", "--journal"])
        .arg(&journal)
        .run();
    assert_snapshot!(shown(&cluster, &seen), @"
    exit code 1
    --- stderr
    To be deleted in namespace shop:
      data-old-0 (OrphanSetGone, 1Gi): its disk dies with it
      data-old-1 (OrphanSetGone, 1Gi): its disk dies with it
    The YAML of what dies goes to [TMP]/fake-cluster/journal-full.yaml
    persistentvolumeclaim/data-old-0 left as it is: the journal [TMP]/fake-cluster/journal-full.yaml can't be written: File too large (os error 27)
    persistentvolumeclaim/data-old-1 left as it is: the journal [TMP]/fake-cluster/journal-full.yaml can't be written: File too large (os error 27)
    kubectl sts orphans -n shop  # shows how things stand now
    ");
    assert_eq!(std::fs::read_to_string(&journal).expect("it was made"), "");
    for kept in ["data-old-0", "data-old-1"] {
        assert!(cluster.object("persistentvolumeclaims", "shop", kept).is_some(), "{kept}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn without_a_place_for_the_journal_nothing_is_deleted() {
    let cluster = left_behind().start();
    let clean = sts().cluster(&cluster).args(["clean", "data-old-0", "-n", "shop", "--yes"]).env("HOME", "/proc");
    assert_snapshot!(Normalise::new().replace("clean-[0-9TZ]+-[0-9]+", "clean-[TIME]-[PID]").whole(&clean.run()), @"
    exit code 1
    --- stderr
    To be deleted in namespace shop:
      data-old-0 (OrphanSetGone, 1Gi): its disk dies with it
    error: the journal /proc/.local/state/kubectl-sts/clean-[TIME]-[PID].yaml can't be made: No such file or directory (os error 2); nothing was changed
    hint: --journal FILE puts it elsewhere
    ");
    assert!(cluster.object("persistentvolumeclaims", "shop", "data-old-0").is_some());
}

#[test]
fn a_disk_is_kept_on_request() {
    let cluster = left_behind().start();
    let seen = clean(&cluster, "clean data-old-0 --retain-disk");
    assert_eq!(
        (seen.code, seen.stdout.as_str()),
        (0, "persistentvolumeclaim/data-old-0 deleted\npersistentvolume/vol-data-old-0 kept\n"),
        "{}",
        seen.stderr
    );
    let volume = cluster.object("persistentvolumes", "", "vol-data-old-0").unwrap();
    assert_eq!(volume["spec"]["persistentVolumeReclaimPolicy"], "Retain");
    assert!(cluster.object("persistentvolumeclaims", "shop", "data-old-0").is_none());
    let untouched = cluster.object("persistentvolumes", "", "vol-data-old-1").unwrap();
    assert_eq!(untouched["spec"]["persistentVolumeReclaimPolicy"], "Delete");
}

#[test]
fn a_dry_run_of_the_servers_changes_nothing() {
    let cluster = left_behind().start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "clean data-old-0 --retain-disk --dry-run=server")), @"
    exit code 0
    --- stdout
    persistentvolumeclaim/data-old-0 deleted (server dry run)
    --- stderr
    To be deleted in namespace shop:
      data-old-0 (OrphanSetGone, 1Gi): its disk is kept: the volume is set to Retain first
    ");
    assert!(cluster.object("persistentvolumeclaims", "shop", "data-old-0").is_some());
    assert_eq!(
        cluster.object("persistentvolumes", "", "vol-data-old-0").unwrap()["spec"]["persistentVolumeReclaimPolicy"],
        "Delete"
    );
}

#[test]
fn a_refusal_in_the_rehearsal_ends_all_before_anything_is_deleted() {
    let cluster = left_behind().deny("delete", "persistentvolumeclaims").start();
    let seen = clean(&cluster, "clean --verdict OrphanSetGone");
    assert_eq!(seen.code, 1);
    assert_snapshot!(seen.stderr, @r#"
    To be deleted in namespace shop:
      data-old-0 (OrphanSetGone, 1Gi): its disk dies with it
      data-old-1 (OrphanSetGone, 1Gi): its disk dies with it
    Error from server (Forbidden): persistentvolumeclaims "data-old-0" is forbidden: User "jane" cannot delete resource "persistentvolumeclaims" in API group "" in the namespace "shop"
    Nothing was changed.
    hint: what you may do says: kubectl auth can-i --list (with -n NAMESPACE where it matters)
    "#);
    assert!(cluster.object("persistentvolumeclaims", "shop", "data-old-0").is_some());
}

#[test]
fn a_conflict_leaves_its_object_and_the_rest_goes_on() {
    let real = |request: &workload_tests::Record| request.parameter("dryRun").is_none();
    let on = On::delete("persistentvolumeclaims").name("data-old-0").with(real);
    let cluster = left_behind().fault(on, Fault::conflict()).start();
    let seen = clean(&cluster, "clean --verdict OrphanSetGone");
    assert_eq!((seen.code, seen.stdout.as_str()), (1, "persistentvolumeclaim/data-old-1 deleted\n"), "{}", seen.stderr);
    assert!(seen.stderr.contains("persistentvolumeclaim/data-old-0 left as it is: "), "{}", seen.stderr);
}

#[test]
fn a_lost_answer_is_not_called_a_success() {
    let real = |request: &workload_tests::Record| request.parameter("dryRun").is_none();
    let on = On::delete("persistentvolumeclaims").with(real);
    let cluster = left_behind().fault(on, Fault::reset().after_commit()).start();
    let seen = clean(&cluster, "clean data-old-0");
    assert_eq!((seen.code, seen.stdout.as_str()), (1, ""), "{}", seen.stderr);
    assert!(seen.stderr.contains("whether it is deleted can't be told"), "{}", seen.stderr);
    assert_eq!(
        cluster.requests().only(|request| request.verb == "delete" && request.parameter("dryRun").is_none()).0.len(),
        1,
        "never sent twice"
    );
}

/// Runs a clean while something happens at a request of it.
fn raced(on: On, line: &str, happens: impl Fn(&Running) + Send + Sync + 'static) -> (Output, Arc<Running>) {
    let cluster = Arc::new(left_behind().start());
    let (shared, once) = (Arc::clone(&cluster), Mutex::new(Some(happens)));
    let fault = Fault::new(move |_| {
        if let Some(happens) = once.lock().expect("nobody panicked").take() {
            happens(&shared);
        }
        Action::Pass
    });
    cluster.fault(on, fault);
    let seen = clean(&cluster, line);
    cluster.heal();
    (seen, cluster)
}

#[test]
fn what_changes_between_the_plan_and_the_deletion_is_left() {
    let rehearsal = || On::delete("persistentvolumeclaims").first(1);
    let left = |what: &str, (seen, cluster): (Output, Arc<Running>)| {
        assert_eq!((seen.code, seen.stdout.as_str()), (1, ""), "{what}: {}", seen.stderr);
        assert!(cluster.object("persistentvolumeclaims", "shop", "data-old-0").is_some(), "{what}");
        let line = seen.stderr.lines().find(|line| line.contains("left as it is")).unwrap_or(&seen.stderr).to_owned();
        line.replace("persistentvolumeclaim/data-old-0 left as it is: ", "")
    };
    let mounts = |cluster: &Running| cluster.apply(pod("debug", "data-old-0"));
    assert_eq!(left("a pod mounts it", raced(rehearsal(), "clean data-old-0", mounts)), "pod debug uses it");
    let replaced = |cluster: &Running| {
        cluster.delete("persistentvolumeclaims", "shop", "data-old-0");
        let mut new = claim("data-old-0", "Delete")[0].clone();
        new["metadata"]["uid"] = json!("uid-new");
        cluster.apply(new);
    };
    let said =
        left("another takes its name", raced(On::get("persistentvolumeclaims").first(1), "clean data-old-0", replaced));
    assert_eq!(said, "another claim has taken its name");
    let said = left("another takes its name in the rehearsal", raced(rehearsal(), "clean data-old-0", replaced));
    assert!(said.contains("precondition"), "{said}");
    let needs = |cluster: &Running| {
        cluster.apply(json!({
            "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "old", "namespace": "shop"},
            "spec": {"replicas": 1, "serviceName": "old", "selector": {"matchLabels": {"app": "old"}},
                     "template": {"metadata": {"labels": {"app": "old"}}, "spec": {"containers": []}},
                     "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {}}]},
        }));
    };
    let said = left("the set is made again", raced(rehearsal(), "clean data-old-0", needs));
    assert!(said.contains("ordinal 0 of set old is in range and needs it"), "{said}");
    let deployed = |cluster: &Running| {
        cluster.apply(json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "reader", "namespace": "shop"},
            "spec": {"replicas": 0, "template": {"spec": {
                "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data-old-0"}}]}}},
        }));
    };
    assert_eq!(
        left("a Deployment names it", raced(rehearsal(), "clean data-old-0", deployed)),
        "Deployment reader names it"
    );
}

#[test]
fn a_set_that_scales_up_meanwhile_keeps_its_claim() {
    let name = "redis-data-storage-redis-stset-2";
    let scales =
        |cluster: &Running| cluster.patch("statefulsets", "shop", "redis-stset", json!({"spec": {"replicas": 3}}));
    let (seen, cluster) = raced(On::delete("persistentvolumeclaims").first(1), &format!("clean {name}"), scales);
    assert_eq!((seen.code, seen.stdout.as_str()), (1, ""), "{}", seen.stderr);
    assert!(seen.stderr.contains("ordinal 2 of set redis-stset is in range and needs it"), "{}", seen.stderr);
    assert!(cluster.object("persistentvolumeclaims", "shop", name).is_some());
}

#[test]
fn a_disk_that_was_to_be_kept_and_is_doomed_again_keeps_its_claim() {
    let dooms = |cluster: &Running| {
        let dies = json!({"spec": {"persistentVolumeReclaimPolicy": "Delete"}});
        cluster.patch("persistentvolumes", "", "vol-data-old-0", dies);
    };
    // The third look is the last.
    let (seen, cluster) = raced(On::list("persistentvolumes").nth(3), "clean data-old-0 --retain-disk", dooms);
    assert_eq!((seen.code, seen.stdout.as_str()), (1, ""), "{}", seen.stderr);
    assert!(seen.stderr.contains("its volume is not set to Retain any more"), "{}", seen.stderr);
    assert!(cluster.object("persistentvolumeclaims", "shop", "data-old-0").is_some());
}

#[test]
fn a_claim_deleted_under_its_pod_is_rescued_by_its_volume() {
    let cluster = shop().start();
    let name = "redis-data-storage-redis-stset-0";
    cluster.patch(
        "persistentvolumeclaims",
        "shop",
        name,
        json!({"metadata": {
        "deletionTimestamp": "2026-11-21T12:00:00Z", "finalizers": ["kubernetes.io/pvc-protection"]}}),
    );
    let volume = cluster.object("persistentvolumeclaims", "shop", name).unwrap()["spec"]["volumeName"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_snapshot!(shown(&cluster, &run(&cluster, "unstick redis-stset")), @"
    exit code 3
    --- stderr
    Claim redis-data-storage-redis-stset-0 is being deleted under its pod, and volume pvc-[UID] would go with it: it is to be set to Retain.
    Nobody is there to be asked: nothing was changed. --yes answers beforehand.
    ");
    cluster.requests().assert_read_only();
    assert_snapshot!(shown(&cluster, &run(&cluster, "unstick redis-stset --yes")), @"
    exit code 0
    --- stdout
    persistentvolume/pvc-[UID] set to Retain
    --- stderr
    Claim redis-data-storage-redis-stset-0 is being deleted under its pod, and volume pvc-[UID] would go with it: it is to be set to Retain.
    The data outlives redis-data-storage-redis-stset-0. When the pod next stops, the claim goes and the volume is Released: scale the set down first, then
    kubectl sts orphans  # names the command by which a claim of the same name takes the volume again
    ");
    assert_eq!(
        cluster.object("persistentvolumes", "", &volume).unwrap()["spec"]["persistentVolumeReclaimPolicy"],
        "Retain"
    );
    assert_snapshot!(shown(&cluster, &run(&cluster, "unstick redis-stset --yes")), @"
    exit code 0
    --- stderr
    Claim redis-data-storage-redis-stset-0 is being deleted under its pod; volume pvc-[UID] is kept by its policy already.
    ");
    assert_snapshot!(shown(&cluster, &run(&cluster, "unstick postgres-ss --yes")), @r#"
    exit code 0
    --- stderr
    Set postgres-ss is in no trouble that this command mends.
    WrongService: spec.serviceName is "postgres", but no such Service exists; the pods are behind postgres-svc. postgres-ss-0.postgres does not resolve, nor does postgres-ss-0.postgres-svc: today only postgres-svc.shop.svc does, to all pods at once.
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
}

#[test]
fn a_snapshot_reads_as_the_cluster_does() {
    let cluster = left_behind().deny("list", "nodes").start();
    let taken = run(&cluster, "snapshot redis-stset");
    assert_eq!(taken.code, 0, "{}", taken.stderr);
    cluster.requests().assert_read_only();
    let file = cluster.directory().join("snapshot.yaml");
    std::fs::write(&file, &taken.stdout).unwrap();
    for line in
        ["volumes redis-stset", "status redis-stset", "status", "orphans", "preview scale redis-stset --replicas 3"]
    {
        let of_cluster = run(&cluster, &format!("{line} -o json")).json();
        let of_file = sts().args(line.split(' ')).args(["-n", "shop", "-o", "json", "-f"]).arg(&file).run().json();
        for part in ["items", "findings"] {
            assert_eq!(of_file[part], of_cluster[part], "{line}");
        }
        assert_eq!(of_file["metadata"]["serverVersion"], of_cluster["metadata"]["serverVersion"]);
        assert_eq!(of_file["metadata"]["complete"], of_cluster["metadata"]["complete"], "{line}");
    }
    let redacted = run(&cluster, "snapshot redis-stset --redact");
    assert!(taken.stdout.contains("node1") && !redacted.stdout.contains("node1"), "names of nodes are replaced");
}

#[test]
fn files_without_endpoint_slices_hold_all_that_is_asked_for() {
    let shop = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/shop.yaml")).unwrap();
    let others: Vec<&str> = shop.split("---\n").filter(|one| !one.contains("kind: EndpointSlice")).collect();
    assert!(others.len() < shop.split("---\n").count(), "the example has slices");
    let seen = crate::sts().args(["orphans", "-f", "-", "-n", "shop"]).stdin(others.join("---\n")).run();
    assert!(seen.code == 0 && !seen.stderr.contains("endpointslices"), "{seen:?}");
}
