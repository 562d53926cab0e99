//! Users who may not read everything.

use insta::assert_snapshot;
use workload_tests::{Fault, On};

use crate::{run, shop, shown};

#[test]
fn without_the_right_to_read_volumes_the_claims_still_stand() {
    let cluster = shop().deny("get", "persistentvolumes").deny("list", "persistentvolumes").start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "volumes redis-stset")), @"
    exit code 0
    --- stdout
    ORD   POD             READY   CLAIM                              STATE   SIZE    CLASS        VOLUME          RECLAIM       PLACE         AGE
    0     redis-stset-0   2/2     redis-data-storage-redis-stset-0   InUse   100Mi   local-path   pvc-[SHORT]…   <forbidden>   <forbidden>   [AGE]
    1     redis-stset-1   2/2     redis-data-storage-redis-stset-1   InUse   100Mi   local-path   pvc-[SHORT]…   <forbidden>   <forbidden>   [AGE]

    Retained: no ordinal in range uses these claims
    ORD   POD      READY    CLAIM                              STATE                SIZE    CLASS        VOLUME          RECLAIM       PLACE         AGE
    2     <none>   <none>   redis-data-storage-redis-stset-2   RetainedScaledDown   100Mi   local-path   pvc-[SHORT]…   <forbidden>   <forbidden>   [AGE]

    2 claims in use, 1 retained (100Mi); scaling redis-stset to 3 attaches redis-data-storage-redis-stset-2 again.
    --- stderr
    note: forbidden to get persistentvolumes at the cluster scope: can't tell reclaim policy, phase and place of volumes
    ");
    let json = run(&cluster, "volumes redis-stset -o json").json();
    assert_eq!(json["metadata"]["complete"], false);
    assert_eq!(
        json["items"][2]["verdicts"][0]["unknown"][0],
        "forbidden to get persistentvolumes at the cluster scope"
    );
    assert_eq!(json["findings"][0]["code"], "CannotTell");
}

#[test]
fn each_kind_refused_in_turn_costs_only_what_depends_on_it() {
    let kinds = ["pods", "persistentvolumeclaims", "storageclasses", "services", "endpointslices"];
    let told = std::thread::scope(|scope| {
        let each: Vec<_> = kinds.iter().map(|kind| scope.spawn(|| told_without(kind))).collect();
        each.into_iter().map(|kind| kind.join().unwrap()).collect::<String>()
    });
    assert_snapshot!(workload_tests::Normalise::new().ages().text(&told), @"
    pods 403: deletable in volumes 0, in orphans 0
    postgres-ss   1     ?     1     1     0     WrongService,CannotTell   [AGE]
    redis-stset   2     ?     2     2     1     CannotTell                [AGE]
    note: forbidden to list pods in namespace shop: can't tell which claims are in use, and which ordinals are ready
    pods 404: deletable in volumes 0, in orphans 0
    postgres-ss   1     ?     1     1     0     WrongService,CannotTell   [AGE]
    redis-stset   2     ?     2     2     1     CannotTell                [AGE]
    note: the server does not serve pods: can't tell which claims are in use, and which ordinals are ready
    pods timeout: deletable in volumes 0, in orphans 0
    postgres-ss   1     ?     1     1     0     WrongService,CannotTell   [AGE]
    redis-stset   2     ?     2     2     1     CannotTell                [AGE]
    note: no answer in time to list pods in namespace shop: can't tell which claims are in use, and which ordinals are ready
    persistentvolumeclaims 403: deletable in volumes 0, in orphans 0
    postgres-ss   1     1     1     1     ?     WrongService,CannotTell   [AGE]
    redis-stset   2     2     2     2     ?     CannotTell×2              [AGE]
    note: forbidden to list persistentvolumeclaims in namespace shop: can't tell which claims exist, and their state
    persistentvolumeclaims 404: deletable in volumes 0, in orphans 0
    postgres-ss   1     1     1     1     ?     WrongService,CannotTell   [AGE]
    redis-stset   2     2     2     2     ?     CannotTell×2              [AGE]
    note: the server does not serve persistentvolumeclaims: can't tell which claims exist, and their state
    persistentvolumeclaims timeout: deletable in volumes 0, in orphans 0
    postgres-ss   1     1     1     1     ?     WrongService,CannotTell   [AGE]
    redis-stset   2     2     2     2     ?     CannotTell×2              [AGE]
    note: no answer in time to list persistentvolumeclaims in namespace shop: can't tell which claims exist, and their state
    storageclasses 403: deletable in volumes 1, in orphans 1
    postgres-ss   1     1     1     1     0     WrongService   [AGE]
    redis-stset   2     2     2     2     1     <none>         [AGE]
    note: forbidden to list storageclasses.storage.k8s.io at the cluster scope: can't tell why a claim is not bound
    storageclasses 404: deletable in volumes 1, in orphans 1
    postgres-ss   1     1     1     1     0     WrongService   [AGE]
    redis-stset   2     2     2     2     1     <none>         [AGE]
    note: the server does not serve storageclasses.storage.k8s.io: can't tell why a claim is not bound
    storageclasses timeout: deletable in volumes 1, in orphans 1
    postgres-ss   1     1     1     1     0     WrongService   [AGE]
    redis-stset   2     2     2     2     1     <none>         [AGE]
    note: no answer in time to list storageclasses.storage.k8s.io at the cluster scope: can't tell why a claim is not bound
    services 403: deletable in volumes 1, in orphans 1
    postgres-ss   1     1     1     1     0     CannotTell   [AGE]
    redis-stset   2     2     2     2     1     CannotTell   [AGE]
    note: forbidden to list services in namespace shop: can't tell whether the pods' names exist, and which set a claim was of
    services 404: deletable in volumes 1, in orphans 1
    postgres-ss   1     1     1     1     0     CannotTell   [AGE]
    redis-stset   2     2     2     2     1     CannotTell   [AGE]
    note: the server does not serve services: can't tell whether the pods' names exist, and which set a claim was of
    services timeout: deletable in volumes 1, in orphans 1
    postgres-ss   1     1     1     1     0     CannotTell   [AGE]
    redis-stset   2     2     2     2     1     CannotTell   [AGE]
    note: no answer in time to list services in namespace shop: can't tell whether the pods' names exist, and which set a claim was of
    endpointslices 403: deletable in volumes 1, in orphans 1
    postgres-ss   1     1     1     1     0     WrongService   [AGE]
    redis-stset   2     2     2     2     1     <none>         [AGE]
    note: forbidden to list endpointslices.discovery.k8s.io in namespace shop: can't tell which pods' names are published
    endpointslices 404: deletable in volumes 1, in orphans 1
    postgres-ss   1     1     1     1     0     WrongService   [AGE]
    redis-stset   2     2     2     2     1     <none>         [AGE]
    note: the server does not serve endpointslices.discovery.k8s.io: can't tell which pods' names are published
    endpointslices timeout: deletable in volumes 1, in orphans 1
    postgres-ss   1     1     1     1     0     WrongService   [AGE]
    redis-stset   2     2     2     2     1     <none>         [AGE]
    note: no answer in time to list endpointslices.discovery.k8s.io in namespace shop: can't tell which pods' names are published
    ");
}

#[test]
fn without_the_right_to_list_sets_the_one_that_was_named_is_read() {
    let cluster = shop().deny("list", "statefulsets").start();
    let seen = run(&cluster, "volumes redis-stset --no-headers");
    assert_eq!(seen.code, 0, "{}", seen.stderr);
    assert_eq!(seen.stdout.lines().count(), 3);
    assert_snapshot!(shown(&cluster, &run(&cluster, "volumes")), @r#"
    exit code 1
    --- stderr
    Error from server (Forbidden): statefulsets.apps is forbidden: User "jane" cannot list resource "statefulsets" in API group "apps" in the namespace "shop"
    hint: what you may do says: kubectl auth can-i --list (with -n NAMESPACE where it matters)
    "#);
}

#[test]
fn check_permissions_says_what_is_needed_and_what_is_granted() {
    let cluster = shop().deny("get", "persistentvolumes").start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "volumes --check-permissions")), @"
    exit code 0
    --- stdout
    VERB   RESOURCE                        SCOPE                  REQUIRED   GRANTED   TELLS
    list   statefulsets.apps               in namespace shop      yes        yes       which sets there are, and whether a claim's name is ambiguous
    list   pods                            in namespace shop      no         yes       which claims are in use, and which ordinals are ready
    list   persistentvolumeclaims          in namespace shop      no         yes       which claims exist, and their state
    list   storageclasses.storage.k8s.io   at the cluster scope   no         yes       why a claim is not bound
    get    persistentvolumes               at the cluster scope   no         no        reclaim policy, phase and place of volumes
    list   persistentvolumes               at the cluster scope   no         yes       reclaim policy, phase and place of volumes
    ");
    let cluster = shop().deny("list", "statefulsets").start();
    let seen = run(&cluster, "status --check-permissions");
    assert_eq!(seen.code, 1, "without the sets themselves the command can't do its work");
}

/// What `status` shows, and how many claims `volumes` would let go, when a kind is refused in each way.
fn told_without(kind: &str) -> String {
    let mut told = String::new();
    for (how, fault) in [("403", None), ("404", Some(Fault::not_found())), ("timeout", Some(Fault::silence()))] {
        let cluster = match fault {
            None => shop().deny("list", kind).start(),
            Some(fault) => shop().fault(On::list(kind), fault).start(),
        };
        let seen = run(&cluster, "status --no-headers --request-timeout 2");
        assert_eq!(seen.code, 0, "{kind} {how}: {}", seen.stderr);
        let deletable = |command: &str| {
            let report = run(&cluster, &format!("{command} -o json --request-timeout 2")).json();
            report["items"].as_array().into_iter().flatten().filter(|item| item["deletable"] != "never").count()
        };
        let (volumes, orphans) = (deletable("volumes"), deletable("orphans"));
        told += &[
            format!("{kind} {how}: deletable in volumes {volumes}, in orphans {orphans}\n"),
            seen.stdout,
            seen.stderr,
        ]
        .concat();
    }
    told
}
