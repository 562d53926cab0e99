//! `kubectl job hooks`.

use insta::assert_snapshot;
use workload_tests::{Cluster, Output, Running};

use crate::{NAMESPACE_OBJECT, program, records, shown};

fn run(cluster: &Running, line: &str) -> Output {
    program().cluster(cluster).args(line.split(' ')).args(["-n", "shop"]).run()
}

/// The example release: an upgrade waits for a hook whose image can't be pulled.
fn release() -> Cluster {
    Cluster::new().yaml(NAMESPACE_OBJECT).yaml(include_str!("../../examples/hooks.yaml"))
}

#[test]
fn the_hook_that_an_upgrade_waits_for_its_cause_and_the_way_out() {
    let cluster = release().start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "hooks shop")), @r#"
    exit code 0
    --- stdout
    Release shop/shop, revision 2: pending-upgrade, written [TIME] ([AGE] ago)

    EVENT          WEIGHT   HOOK                    STATE       VERDICT                     STARTED   DURATION
    pre-install    -5       job/shop-check          not run     <none>                      <none>    <none>
    pre-install    -5       configmap/shop-schema   not run     <none>                      <none>    <none>
    pre-install    0        job/shop-migrate        not run     <none>                      <none>    <none>
    post-install   0        job/shop-warm           not run     <none>                      <none>    <none>
    pre-upgrade    -5       job/shop-check          succeeded   JobComplete                 [AGE]   [AGE]
    pre-upgrade    -5       configmap/shop-schema   succeeded   <none>                      [AGE]   [AGE]
    pre-upgrade    0        job/shop-migrate        stuck       HookStuck,ImagePullFailed   [AGE]   <none>
    post-upgrade   0        job/shop-warm           to come     <none>                      <none>    <none>
    test           0        job/shop-smoke          not run     <none>                      <none>    <none>

    Fault: HookStuck, Job/shop-migrate, since [TIME] ([AGE] ago)
      Helm waits for job/shop-migrate before it goes on with the upgrade of revision 2, and it does not get on: ImagePullFailed.
      - Secret/sh.helm.release.v1.shop.v2 metadata.labels[status]: pending-upgrade
      - Secret/sh.helm.release.v1.shop.v2 hooks[shop-migrate].last_run: Running, begun [TIME]
      next: mend what the cause below names, and do not delete job/shop-migrate: a waiting Helm 3 takes that for success. If its helm has given up: helm -n shop rollback shop 1  # once no helm is at work on it: returns to the revision that was deployed; never by deleting the release's Secret

    Fault: ImagePullFailed, Pod/shop-migrate-s6x8s, since [TIME] ([AGE] ago)
      The image of container migrate can't be had: the registry can't be reached from the node.
      - Pod/shop-migrate-s6x8s migrate image: registry.example/shop/migrate:v2
      - Pod/shop-migrate-s6x8s migrate state.waiting: ImagePullBackOff: Back-off pulling image "registry.example/shop/migrate:v2": ErrImagePull: failed … egistry.example/v2/shop/migrate/manifests/v2": dial tcp: lookup registry.example on 10.255.255.53:53: read udp 192.168.77.1:43493->10.255.255.53:53: i/o timeout
      next: correct the chart, then: helm -n shop rollback shop 1  # once no helm is at work on it: returns to the revision that was deployed; never by deleting the release's Secret
    "#);
    cluster.requests().assert_read_only();
    let asked: Vec<String> = cluster.requests().iter().map(|request| request.path.clone()).collect();
    // Of the records the newest alone is opened.
    let secrets: Vec<&String> = asked.iter().filter(|path| path.contains("/secrets")).collect();
    assert_eq!(secrets.len(), 2, "{asked:#?}");
    assert!(secrets[1].ends_with("/secrets/sh.helm.release.v1.shop.v2"), "{secrets:#?}");
    let seen = run(&cluster, "hooks shop --exit-code -o name");
    assert_eq!((seen.code, &*seen.stdout), (10, "job.batch/shop-check\njob.batch/shop-migrate\n"));
}

#[test]
fn without_a_name_every_release_and_what_is_stuck() {
    let other = "{apiVersion: batch/v1, kind: Job, metadata: {name: seed, namespace: shop, uid: uid-seed, creationTimestamp: '2026-11-20T12:00:00Z', labels: {app.kubernetes.io/instance: gone}, \
         annotations: {helm.sh/hook: post-delete}}, spec: {template: {spec: {containers: []}}}, status: {startTime: '2026-11-20T12:00:00Z', completionTime: '2026-11-20T12:00:09Z', \
         conditions: [{type: Complete, status: 'True', reason: CompletionsReached, lastTransitionTime: '2026-11-20T12:00:09Z'}]}}";
    let cluster = release().yaml(other).start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "hooks")), @"
    exit code 0
    --- stdout
    RELEASE   STATUS            EVENT          WEIGHT   HOOK                    STATE         VERDICT                     STARTED   DURATION
    shop      pending-upgrade   pre-install    -5       job/shop-check          not run       <none>                      <none>    <none>
    shop      pending-upgrade   pre-install    -5       configmap/shop-schema   not run       <none>                      <none>    <none>
    shop      pending-upgrade   pre-install    0        job/shop-migrate        not run       <none>                      <none>    <none>
    shop      pending-upgrade   post-install   0        job/shop-warm           not run       <none>                      <none>    <none>
    shop      pending-upgrade   pre-upgrade    -5       job/shop-check          succeeded     JobComplete                 [AGE]   [AGE]
    shop      pending-upgrade   pre-upgrade    -5       configmap/shop-schema   succeeded     <none>                      [AGE]   [AGE]
    shop      pending-upgrade   pre-upgrade    0        job/shop-migrate        stuck         HookStuck,ImagePullFailed   [AGE]   <none>
    shop      pending-upgrade   post-upgrade   0        job/shop-warm           to come       <none>                      <none>    <none>
    shop      pending-upgrade   test           0        job/shop-smoke          not run       <none>                      <none>    <none>
    gone      no record         post-delete    0        job/seed                left behind   HookLeftBehind              [AGE]   [AGE]

    Fault: HookStuck, Job/shop-migrate, since [TIME] ([AGE] ago)
      Helm waits for job/shop-migrate before it goes on with the upgrade of revision 2, and it does not get on: ImagePullFailed.
      - Secret/sh.helm.release.v1.shop.v2 metadata.labels[status]: pending-upgrade
      - Secret/sh.helm.release.v1.shop.v2 hooks[shop-migrate].last_run: Running, begun [TIME]
      next: mend what the cause below names, and do not delete job/shop-migrate: a waiting Helm 3 takes that for success. If its helm has given up: helm -n shop rollback shop 1  # once no helm is at work on it: returns to the revision that was deployed; never by deleting the release's Secret
    ");
    assert_snapshot!(shown(&cluster, &run(&cluster, "hooks gone")), @"
    exit code 0
    --- stdout
    Release shop/gone: by annotations, without a record

    EVENT         WEIGHT   HOOK       STATE         VERDICT          STARTED   DURATION
    post-delete   0        job/seed   left behind   HookLeftBehind   [AGE]   [AGE]

    Notice: HookLeftBehind, Job/seed, since [TIME] ([AGE] ago)
      No release gone has a record here that knows it: it is uninstalled, which leaves hooks behind, or its records are kept elsewhere.
      - Secrets of shop type helm.sh/release.v1: none with this hook
      - Job/seed annotation helm.sh/hook: post-delete
      ? releases of other namespaces, and records kept in ConfigMaps, a database or by Argo CD without its tracking annotation
      next: kubectl -n shop delete job seed  # when you have read its logs
    ");
    assert_snapshot!(shown(&cluster, &run(&cluster, "hooks -l status=deployed")), @"
    exit code 0
    --- stderr
    No hooks found in shop namespace.
    ");
}

#[test]
fn without_secrets_the_annotations_tell_what_is_stuck() {
    let cluster = release().deny("list", "secrets").start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "hooks shop")), @r#"
    exit code 0
    --- stdout
    Release shop/shop: by annotations, without a record

    EVENT                     WEIGHT   HOOK               STATE       VERDICT                     STARTED   DURATION
    pre-install,pre-upgrade   -5       job/shop-check     succeeded   JobComplete                 [AGE]   [AGE]
    pre-install,pre-upgrade   0        job/shop-migrate   stuck       HookStuck,ImagePullFailed   [AGE]   <none>

    Fault: HookStuck, Job/shop-migrate, since [TIME] ([AGE] ago)
      job/shop-migrate does not get on: ImagePullFailed. If Helm waits for it, it waits in vain.
      - Job/shop-migrate annotation helm.sh/hook: pre-install,pre-upgrade
      next: mend what the cause below names, and do not delete job/shop-migrate: a waiting Helm 3 takes that for success

    Fault: ImagePullFailed, Pod/shop-migrate-s6x8s, since [TIME] ([AGE] ago)
      The image of container migrate can't be had: the registry can't be reached from the node.
      - Pod/shop-migrate-s6x8s migrate image: registry.example/shop/migrate:v2
      - Pod/shop-migrate-s6x8s migrate state.waiting: ImagePullBackOff: Back-off pulling image "registry.example/shop/migrate:v2": ErrImagePull: failed … egistry.example/v2/shop/migrate/manifests/v2": dial tcp: lookup registry.example on 10.255.255.53:53: read udp 192.168.77.1:43493->10.255.255.53:53: i/o timeout
      next: correct the chart or the manifest, end the operation that waits for it, then run it again
    --- stderr
    note: forbidden to list secrets in namespace shop: can't tell how far Helm has come with a release, and which of its hooks are not there
    "#);
    let told = run(&cluster, "hooks shop -o json").json();
    let hooks: Vec<_> =
        told["items"][0]["hooks"].as_array().expect("hooks").iter().map(|hook| &hook["state"]).collect();
    assert_eq!(hooks, ["succeeded", "stuck"], "{told:#}");
    let cluster = release().start();
    let seen = run(&cluster, "hooks shop --without-records");
    assert!(seen.stdout.contains("HookStuck") && seen.stderr.is_empty(), "{}", seen.whole());
    assert!(cluster.requests().iter().all(|request| !request.path.contains("/secrets")));
    // Records may be listed and not read.
    let cluster = release().deny("get", "secrets").start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "hooks shop")), @r#"
    exit code 0
    --- stdout
    Release shop/shop, revision 2: pending-upgrade, written [TIME] ([AGE] ago)

    EVENT                     WEIGHT   HOOK               STATE       VERDICT                     STARTED   DURATION
    pre-install,pre-upgrade   -5       job/shop-check     succeeded   CannotTell                  [AGE]   [AGE]
    pre-install,pre-upgrade   0        job/shop-migrate   stuck       HookStuck,ImagePullFailed   [AGE]   <none>

    Unknown: CannotTell
      Cannot tell which hooks the release has, and how far they are.
      ? forbidden to get secrets in namespace shop

    Fault: HookStuck, Job/shop-migrate, since [TIME] ([AGE] ago)
      job/shop-migrate does not get on: ImagePullFailed. If Helm waits for it, it waits in vain.
      - Job/shop-migrate annotation helm.sh/hook: pre-install,pre-upgrade
      next: mend what the cause below names, and do not delete job/shop-migrate: a waiting Helm 3 takes that for success

    Fault: ImagePullFailed, Pod/shop-migrate-s6x8s, since [TIME] ([AGE] ago)
      The image of container migrate can't be had: the registry can't be reached from the node.
      - Pod/shop-migrate-s6x8s migrate image: registry.example/shop/migrate:v2
      - Pod/shop-migrate-s6x8s migrate state.waiting: ImagePullBackOff: Back-off pulling image "registry.example/shop/migrate:v2": ErrImagePull: failed … egistry.example/v2/shop/migrate/manifests/v2": dial tcp: lookup registry.example on 10.255.255.53:53: read udp 192.168.77.1:43493->10.255.255.53:53: i/o timeout
      next: correct the chart, then: helm -n shop rollback shop 1  # once no helm is at work on it: returns to the revision that was deployed; never by deleting the release's Secret
    --- stderr
    note: forbidden to get secrets in namespace shop: can't tell how far Helm has come with a release, and which of its hooks are not there
    "#);
}

#[test]
fn what_is_not_there_and_what_may_not_be_asked() {
    let cluster = release().start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "hooks shp")), @r#"
    exit code 1
    --- stderr
    error: release "shp" not found in namespace shop
    hint: did you mean shop?
    "#);
    let seen = run(&cluster, "hooks job/shop");
    assert_eq!((seen.code, &*seen.stderr), (1, "error: the argument is the name of a release, without a type\n"));
    let none = Cluster::new().yaml(NAMESPACE_OBJECT).start();
    assert_snapshot!(shown(&none, &run(&none, "hooks")), @"
    exit code 0
    --- stderr
    No hooks found in shop namespace.
    ");
    assert_snapshot!(shown(&none, &run(&none, "hooks shop")), @r#"
    exit code 1
    --- stderr
    error: release "shop" not found in namespace shop
    hint: helm list -a -n shop  # -A looks in all namespaces
    "#);
}

#[test]
fn of_the_records_nothing_but_hooks_is_told() {
    // The chart's and the release's values stand in the record; the example's image is one.
    let cluster = records().fold(Cluster::new().yaml(NAMESPACE_OBJECT), Cluster::yaml).start();
    for format in ["json", "yaml", "wide"] {
        let seen = program().cluster(&cluster).args(["hooks", "shop", "-n", "shop", "-o", format, "-v", "9"]).run();
        let whole = seen.whole();
        assert!(!whole.contains("registry.example") && !whole.contains("busybox"), "{whole}");
    }
}
