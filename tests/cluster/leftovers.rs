//! What sets leave behind, what comes back, and what is deleted: previewed, done, compared.

use crate::lane::{Lane, Scenario, debug_pod, finding, preview, set, told, until};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new("orphans-scaled", scaled_down_and_back).quick(),
    Scenario::new("orphans-set-gone", set_gone).quick(),
    Scenario::new("orphans-template-gone", template_gone),
    Scenario::new("orphans-beside", beside_a_longer_name),
    Scenario::new("orphans-ambiguous", ambiguous),
    Scenario::new("orphans-referenced", referenced),
    Scenario::new("orphans-held", held_by_a_finished_pod),
    Scenario::new("orphans-ephemeral", generic_ephemeral),
    Scenario::new("orphans-foreign", foreign_controller),
    Scenario::new("orphans-start", start_moved),
    Scenario::new("orphans-retained", released_superseded_reserved),
    Scenario::new("orphans-namespace", namespace_gone),
    Scenario::new("orphans-drift", drift),
    Scenario::new("orphans-pending", pending),
    Scenario::new("orphans-quota", quota),
    Scenario::new("clean-real", clean).quick(),
    Scenario::new("clean-races", clean_races),
    Scenario::new("unstick-claim", rescue).quick(),
    Scenario::new("snapshot-same", snapshot),
];

/// Puts a word into the data of an ordinal, or reads it.
fn write(lane: &Lane, pod: &str, word: &str) {
    lane.run(&format!("kubectl exec {pod} -- sh -c 'echo {word} > /data/word'"));
}

fn read(lane: &Lane, pod: &str) -> String {
    lane.run(&format!("kubectl exec {pod} -- sh -c 'cat /data/word 2>/dev/null || echo blank'"))
}

/// Down, to zero, and up again with the old data: each preview against what then happens.
fn scaled_down_and_back(lane: &Lane) {
    lane.apply(&set("web").with_replicas(3).with_spec("podManagementPolicy: Parallel").to_string());
    lane.until_ready(&["web-0", "web-1", "web-2"]);
    write(lane, "web-2", "kept");
    insta::assert_snapshot!(preview(lane, "scale web --replicas 1"), @"
    data-web-0: pod stays, Unchanged
    data-web-1: pod goes, Kept
    data-web-2: pod goes, Kept
    ");
    lane.run("kubectl scale sts web --replicas 1");
    lane.until_gone("pod/web-1");
    lane.until_gone("pod/web-2");
    insta::assert_snapshot!(told(lane, "orphans"), @"
    data-web-1: RetainedScaledDown DiskDiesWithClaim, named, disk dies
    data-web-2: RetainedScaledDown DiskDiesWithClaim, named, disk dies
    ");
    let since = lane.run("kubectl sts orphans -o json | grep -c unusedSince");
    assert_eq!(since, "2", "the event of each pod's deletion tells since when");

    lane.run("kubectl scale sts web --replicas 0");
    lane.until_gone("pod/web-0");
    insta::assert_snapshot!(told(lane, "orphans"), @"
    data-web-0: RetainedAtZero DiskDiesWithClaim, named, disk dies
    data-web-1: RetainedAtZero DiskDiesWithClaim, named, disk dies
    data-web-2: RetainedAtZero DiskDiesWithClaim, named, disk dies
    ");
    insta::assert_snapshot!(preview(lane, "scale web --replicas 4"), @"
    data-web-0: pod comes, AttachedAgain
    data-web-1: pod comes, AttachedAgain
    data-web-2: pod comes, AttachedAgain
    data-web-3: pod comes, CreatedBlank
    ");
    lane.run("kubectl scale sts web --replicas 4");
    lane.until_ready(&["web-0", "web-2", "web-3"]);
    assert_eq!((read(lane, "web-2"), read(lane, "web-3")), ("kept".to_owned(), "blank".to_owned()));
    insta::assert_snapshot!(told(lane, "orphans"), @"");
}

/// Deleted and made again: the claims are orphans, and then old data.
fn set_gone(lane: &Lane) {
    lane.any_node();
    let web = set("web").with_replicas(2).with_spec("podManagementPolicy: Parallel").to_string();
    lane.apply(&web);
    lane.until_ready(&["web-0", "web-1"]);
    write(lane, "web-1", "kept");
    insta::assert_snapshot!(preview(lane, "delete web"), @"
    data-web-0: pod goes, Kept
    data-web-1: pod goes, Kept
    ");
    lane.run("kubectl delete sts web");
    lane.until_gone("pod/web-1");
    insta::assert_snapshot!(told(lane, "orphans"), @"
    data-web-0: OrphanSetGone DiskDiesWithClaim, bulk, disk dies
    data-web-1: OrphanSetGone DiskDiesWithClaim, bulk, disk dies
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts orphans"), @"
    SET           ORD   CLAIM        STATE           SIZE   CLASS        COMES BACK     DISK       DELETE   UNUSED   AGE
    gone (high)   0     data-web-0   OrphanSetGone   1Mi    local-path   with its set   dies too   bulk     ?        <age>
    gone (high)   1     data-web-1   OrphanSetGone   1Mi    local-path   with its set   dies too   bulk     ?        <age>

    2 left behind (2Mi): OrphanSetGone 2 (2Mi).
    By class: local-path 2 (2Mi).
    ");
    // That the data is older is seen from whole seconds: the new set must be of a later one.
    let made: jiff::Timestamp = lane.field("pvc/data-web-1", "/metadata/creationTimestamp").parse().expect("a time");
    until("a later second", || {
        let age = jiff::Timestamp::now().duration_since(made).as_secs();
        if age > 1 { Ok(()) } else { Err(format!("{age} s")) }
    });
    lane.apply(&web);
    lane.until_ready(&["web-0", "web-1"]);
    assert_eq!(read(lane, "web-1"), "kept");
    insta::assert_snapshot!(told(lane, "volumes web"), @"
    data-web-0: InUse OldDataAttached, never
    data-web-1: InUse OldDataAttached, never
    ");
}

/// Made again with another template name over its own pods.
fn template_gone(lane: &Lane) {
    lane.apply(&set("web").to_string());
    lane.until_ready(&["web-0"]);
    // Claims carry the selector's labels, which tell the set.
    insta::assert_snapshot!(preview(lane, "delete web --cascade=orphan"), @"data-web-0: pod stays, Kept");
    lane.run("kubectl delete sts web --cascade=orphan");
    assert_eq!(lane.field("pod/web-0", "/status/phase"), "Running");
    lane.apply(&set("web").with_templates(&["store"]).to_string());
    until("the stray claim", || lane.find("pvc/store-web-0").map(drop));
    insta::assert_snapshot!(told(lane, "volumes web"), @"
    store-web-0: AwaitingFirstConsumer, never
    data-web-0: TemplateGone, never
    ");
    lane.run("kubectl delete pod web-0");
    lane.until_ready(&["web-0"]);
    insta::assert_snapshot!(told(lane, "orphans"), @"data-web-0: TemplateGone DiskDiesWithClaim, named, disk dies");
}

/// `web-api` is gone, `web` is not: the claims of the one are not the other's.
fn beside_a_longer_name(lane: &Lane) {
    lane.apply(&set("web").to_string());
    lane.apply(&set("web-api").with_replicas(2).with_spec("podManagementPolicy: Parallel").to_string());
    lane.until_ready(&["web-0", "web-api-0", "web-api-1"]);
    lane.run("kubectl delete sts web-api");
    lane.until_gone("pod/web-api-1");
    insta::assert_snapshot!(told(lane, "orphans"), @"
    data-web-api-0: OrphanSetGone DiskDiesWithClaim, bulk, disk dies
    data-web-api-1: OrphanSetGone DiskDiesWithClaim, bulk, disk dies
    ");
    insta::assert_snapshot!(told(lane, "orphans web"), @"");
}

fn ambiguous(lane: &Lane) {
    lane.apply(&set("web").with_templates(&["data-web"]).to_string());
    lane.until_ready(&["web-0"]);
    lane.apply(&set("web-web").with_replicas(0).to_string());
    lane.run("kubectl scale sts web --replicas 0");
    lane.until_gone("pod/web-0");
    insta::assert_snapshot!(told(lane, "orphans"), @"data-web-web-0: AmbiguousClaim DiskDiesWithClaim, never, disk dies");
    insta::assert_snapshot!(lane.shows("kubectl sts clean data-web-web-0 --yes"), @"
    --- stderr
    data-web-web-0 is not deleted: more than one set makes a claim of this name
    Nothing was changed.
    --- exit code 3
    ");
}

fn referring(kind: &str, api: &str, spec: &str, claim: &str) -> String {
    let restart = if kind == "CronJob" { "Never" } else { "Always" };
    let pod = format!(
        "{{restartPolicy: {restart}, containers: [{{name: main, image: \"busybox:1.36\", command: [\"true\"]}}], volumes: [{{name: data, persistentVolumeClaim: {{claimName: {claim}}}}}]}}"
    );
    format!("apiVersion: {api}\nkind: {kind}\nmetadata: {{name: needs}}\nspec: {}\n", spec.replace("POD", &pod))
}

/// A CronJob between runs, and a Deployment at zero.
fn referenced(lane: &Lane) {
    lane.apply(&set("web").with_replicas(3).with_spec("podManagementPolicy: Parallel").to_string());
    lane.until_ready(&["web-0", "web-1", "web-2"]);
    lane.run("kubectl delete sts web");
    lane.until_gone("pod/web-2");
    let cron = "{schedule: \"0 3 1 1 *\", jobTemplate: {spec: {template: {spec: POD}}}}";
    lane.apply(&referring("CronJob", "batch/v1", cron, "data-web-0"));
    let deployment =
        "{replicas: 0, selector: {matchLabels: {app: needs}}, template: {metadata: {labels: {app: needs}}, spec: POD}}";
    lane.apply(&referring("Deployment", "apps/v1", deployment, "data-web-1"));
    insta::assert_snapshot!(told(lane, "orphans --all-claims"), @"
    data-web-0: ReferencedNotMounted DiskDiesWithClaim, never, disk dies
    data-web-1: ReferencedNotMounted DiskDiesWithClaim, never, disk dies
    data-web-2: OrphanSetGone DiskDiesWithClaim, bulk, disk dies
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts clean data-web-0 data-web-1 --yes"), @"
    --- stderr
    data-web-0 is not deleted: CronJob needs names it
    data-web-1 is not deleted: Deployment needs names it; ReplicaSet needs-54bcc6969d names it
    Nothing was changed.
    --- exit code 3
    ");
}

fn held_by_a_finished_pod(lane: &Lane) {
    lane.apply(&set("web").with_replicas(2).to_string());
    lane.until_ready(&["web-0", "web-1"]);
    lane.run("kubectl scale sts web --replicas 1");
    lane.until_gone("pod/web-1");
    lane.apply(
        &debug_pod("once", "data-web-1")
            .replace("[sleep, infinity]", "[\"true\"]")
            .replace("spec:\n", "spec:\n  restartPolicy: Never\n"),
    );
    lane.until_field("pod/once", "/status/phase", "Succeeded");
    insta::assert_snapshot!(told(lane, "orphans"), @"data-web-1: HeldByFinishedPod DiskDiesWithClaim, named, disk dies");
    // The server accepts the deletion, and it waits for the pod.
    lane.run("kubectl sts clean data-web-1 --yes --journal /dev/null/x || true");
    lane.run("kubectl sts clean data-web-1 --yes --journal $(mktemp -u)");
    assert_ne!(lane.field("pvc/data-web-1", "/metadata/deletionTimestamp"), "");
    insta::assert_snapshot!(told(lane, "orphans"), @"data-web-1: TerminatingStuck DiskDiesWithClaim, never, disk dies");
    lane.run("kubectl delete pod once");
    lane.until_gone("pvc/data-web-1");
}

/// The claim of a generic ephemeral volume goes with its pod; while the pod runs it is in use.
fn generic_ephemeral(lane: &Lane) {
    lane.apply(
        "apiVersion: v1
kind: Pod
metadata: {name: runner-0}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: \"busybox:1.36\", command: [sleep, infinity]}]
  volumes:
  - name: scratch-0
    ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], storageClassName: local-path, resources: {requests: {storage: 1Mi}}}}}
",
    );
    lane.until_ready(&["runner-0"]);
    insta::assert_snapshot!(told(lane, "orphans --all-claims"), @"runner-0-scratch-0: Unattributed, never, disk dies");
    lane.run("kubectl delete pod runner-0");
    lane.until_gone("pvc/runner-0-scratch-0");
}

/// An owner of an unknown kind: the claim is that operator's, and stays for ever.
fn foreign_controller(lane: &Lane) {
    lane.apply(&set("web").with_replicas(2).to_string());
    lane.until_ready(&["web-0", "web-1"]);
    lane.run("kubectl scale sts web --replicas 1");
    lane.until_gone("pod/web-1");
    lane.run(
        r#"kubectl patch pvc data-web-1 -p '{"metadata":{"ownerReferences":[{"apiVersion":"example.com/v1","kind":"Cluster","name":"db","uid":"5e1f","controller":true}]}}'"#,
    );
    insta::assert_snapshot!(told(lane, "orphans"), @"data-web-1: ForeignController DiskDiesWithClaim, never, disk dies");
    insta::assert_snapshot!(lane.shows("kubectl sts clean data-web-1 --yes"), @"
    --- stderr
    data-web-1 is not deleted: Cluster db owns it
    Nothing was changed.
    --- exit code 3
    ");
}

/// The start ordinal raised and lowered.
fn start_moved(lane: &Lane) {
    lane.apply(&set("web").with_replicas(2).with_spec("podManagementPolicy: Parallel").to_string());
    lane.until_ready(&["web-0", "web-1"]);
    write(lane, "web-0", "kept");
    insta::assert_snapshot!(preview(lane, "scale web --start 2"), @"
    data-web-0: pod goes, Kept
    data-web-1: pod goes, Kept
    data-web-2: pod comes, CreatedBlank
    data-web-3: pod comes, CreatedBlank
    ");
    lane.run(r#"kubectl patch sts web -p '{"spec":{"ordinals":{"start":2}}}'"#);
    lane.until_ready(&["web-2", "web-3"]);
    lane.until_gone("pod/web-0");
    lane.until_gone("pod/web-1");
    insta::assert_snapshot!(told(lane, "orphans"), @"
    data-web-0: RetainedScaledDown DiskDiesWithClaim, named, disk dies
    data-web-1: RetainedScaledDown DiskDiesWithClaim, named, disk dies
    ");
    insta::assert_snapshot!(preview(lane, "scale web --start 0"), @"
    data-web-0: pod comes, AttachedAgain
    data-web-1: pod comes, AttachedAgain
    data-web-2: pod goes, Kept
    data-web-3: pod goes, Kept
    ");
    lane.run(r#"kubectl patch sts web -p '{"spec":{"ordinals":{"start":0}}}'"#);
    lane.until_ready(&["web-0", "web-1"]);
    assert_eq!(read(lane, "web-0"), "kept");
}

/// A claim deleted and made again beside its old volume; the old one reserved for it.
fn released_superseded_reserved(lane: &Lane) {
    lane.apply(&set("web").with_class("retained").to_string());
    lane.until_ready(&["web-0"]);
    write(lane, "web-0", "kept");
    let volume = lane.field("pvc/data-web-0", "/spec/volumeName");
    lane.run("kubectl scale sts web --replicas 0");
    lane.until_gone("pod/web-0");
    lane.run("kubectl delete pvc data-web-0");
    lane.until_field(&format!("pv/{volume}"), "/status/phase", "Released");
    insta::assert_snapshot!(told(lane, "orphans"), @"volume of data-web-0: VolumeReleased, never");
    lane.run("kubectl scale sts web --replicas 1");
    lane.until_ready(&["web-0"]);
    assert_eq!(read(lane, "web-0"), "blank");
    insta::assert_snapshot!(told(lane, "orphans"), @"volume of data-web-0: VolumeSuperseded, never");
    // The advice for a released volume, carried out.
    lane.run("kubectl scale sts web --replicas 0");
    lane.until_gone("pod/web-0");
    let second = lane.field("pvc/data-web-0", "/spec/volumeName");
    lane.run("kubectl delete pvc data-web-0");
    lane.until_field(&format!("pv/{second}"), "/status/phase", "Released");
    let advice = lane.run(&format!(
        "kubectl sts orphans -o json | grep -F '\"next\": \"kubectl patch pv {volume}' | sed 's/.*\"next\": \"//; s/\"$//; s/\\\\\"/\"/g'"
    ));
    lane.run(&advice);
    lane.until_field(&format!("pv/{volume}"), "/status/phase", "Available");
    // Volumes of one claim stand in the order of their names, which are random.
    let shown = told(lane, "orphans");
    let mut volumes: Vec<&str> = shown.lines().collect();
    volumes.sort_unstable();
    assert_eq!(volumes, ["volume of data-web-0: VolumeReleased, never", "volume of data-web-0: VolumeReserved, never"]);
    lane.run("kubectl scale sts web --replicas 1");
    lane.until_ready(&["web-0"]);
    assert_eq!(read(lane, "web-0"), "kept");
    insta::assert_snapshot!(told(lane, "volumes web"), @"data-web-0: InUse VolumeRebound, never");
}

fn namespace_gone(lane: &Lane) {
    let gone = format!("{}-gone", lane.namespace);
    lane.run(&format!("kubectl create namespace {gone}"));
    lane.run(&format!(
        "echo '{{\"apiVersion\":\"v1\",\"kind\":\"PersistentVolumeClaim\",\"metadata\":{{\"name\":\"data-web-0\"}},\"spec\":{{\"accessModes\":[\"ReadWriteOnce\"],\"storageClassName\":\"retained\",\"resources\":{{\"requests\":{{\"storage\":\"1Mi\"}}}}}}}}' | kubectl -n {gone} apply -f -"
    ));
    until("the claim to be bound", || {
        match lane.attempt(&format!("kubectl -n {gone} get pvc data-web-0 -o jsonpath='{{.status.phase}}'"))? {
            phase if phase == "Bound" => Ok(()),
            phase => Err(phase),
        }
    });
    lane.run(&format!("kubectl delete namespace {gone}"));
    let says = lane.run(&format!("kubectl sts orphans -A --verdict VolumeReleased --no-headers | grep {gone}/"));
    assert!(says.contains("VolumeReleased") && says.contains(" gone "), "{says}");
    let volume = says.split_whitespace().next().expect("a row").to_owned();
    lane.run(&format!("kubectl delete pv {volume}"));
}

/// A set made again with another size and class over its claims, larger and smaller.
fn drift(lane: &Lane) {
    lane.apply(&set("web").with_size("2Mi").to_string());
    lane.until_ready(&["web-0"]);
    lane.run("kubectl delete sts web --cascade=orphan");
    lane.apply(&set("web").with_size("4Mi").with_class("csi").to_string());
    lane.until_field("sts/web", "/status/readyReplicas", "1");
    insta::assert_snapshot!(told(lane, "status web"), @"web: SetReady ClaimDrift ClassNotExpandable OldDataAttached,");
    insta::assert_snapshot!(lane.run("kubectl sts status web -o json | grep 'used as it is'"), @r#"                    "says": "It differs from the set's template and is used as it is: size 2Mi, the template says 4Mi; class local-path, the template says csi.","#);
    lane.run("kubectl delete sts web --cascade=orphan");
    lane.apply(&set("web").with_size("1Mi").to_string());
    lane.until_field("sts/web", "/status/readyReplicas", "1");
    insta::assert_snapshot!(lane.run("kubectl sts status web -o json | grep 'used as it is'"), @r#"                    "says": "It differs from the set's template and is used as it is: size 2Mi, the template says 1Mi.","#);
}

/// Why claims are not bound: a class that is missing, and no volume that fits.
fn pending(lane: &Lane) {
    lane.apply(&set("web").with_class("no-such-class").to_string());
    lane.until_field("pvc/data-web-0", "/status/phase", "Pending");
    insta::assert_snapshot!(told(lane, "volumes web"), @"data-web-0: ClassMissing, never");
    // A class of the scenario's own: others make volumes by hand as well.
    let (small, class) = (format!("pv-{}", lane.namespace), &lane.namespace);
    lane.apply(&format!(
        "apiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: {small}}}\nspec: {{capacity: {{storage: 1Ki}}, accessModes: [ReadOnlyMany], storageClassName: {class}, hostPath: {{path: /tmp/x}}}}\n"
    ));
    lane.until_field(&format!("pv/{small}"), "/status/phase", "Available");
    lane.apply(&set("hand").with_class(class).to_string());
    lane.until_field("pvc/data-hand-0", "/status/phase", "Pending");
    insta::assert_snapshot!(finding(lane, "hand", "NoVolumeFits"), @"
    Fault: It waits for a volume that is made by hand. The nearest free one, pv-NAMESPACE, does not fit: storage 1Mi against 1Ki; accessModes ReadWriteOnce against ReadOnlyMany.
    next: kubectl get persistentvolumes  # make one that fits, or recreate the claim to fit this one
    ");
    lane.run(&format!("kubectl delete pv {small}"));
}

/// A storage quota: what a scale-up would meet, and then meets.
fn quota(lane: &Lane) {
    lane.apply(&set("web").to_string());
    lane.until_ready(&["web-0"]);
    lane.run("kubectl create quota storage --hard=requests.storage=2Mi");
    lane.until_field("quota/storage", "/status/used/requests.storage", "1Mi");
    let says = lane.run("kubectl sts preview scale web --replicas 3 | grep Quota");
    insta::assert_snapshot!(says, @"Quota storage has room for 1Mi of requests.storage, and 2Mi more are wanted: the controller will be refused.");
    lane.run("kubectl scale sts web --replicas 3");
    lane.until_ready(&["web-1"]);
    until("the refusal", || {
        let events =
            lane.attempt("kubectl get events --field-selector reason=FailedCreate -o jsonpath='{.items[*].message}'")?;
        if events.contains("exceeded quota") { Ok(()) } else { Err(events) }
    });
}

/// Named and by verdict, keeping a disk; what dies can be made again from the journal.
fn clean(lane: &Lane) {
    lane.apply(&set("old").with_replicas(2).with_spec("podManagementPolicy: Parallel").to_string());
    lane.apply(&set("web").with_replicas(2).with_spec("podManagementPolicy: Parallel").to_string());
    lane.until_ready(&["old-0", "old-1", "web-0", "web-1"]);
    write(lane, "web-1", "kept");
    lane.run("kubectl delete sts old");
    lane.run("kubectl scale sts web --replicas 1");
    lane.until_gone("pod/old-1");
    lane.until_gone("pod/web-1");
    let volume = lane.field("pvc/data-web-1", "/spec/volumeName");
    insta::assert_snapshot!(lane.shows("kubectl sts clean data-web-1 --retain-disk --dry-run=server"), @"
    persistentvolumeclaim/data-web-1 deleted (server dry run)
    --- stderr
    To be deleted in namespace clean-real-test:
      data-web-1 (RetainedScaledDown, 1Mi): its disk is kept: the volume is set to Retain first
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts clean data-web-1"), @"
    --- stderr
    To be deleted in namespace clean-real-test:
      data-web-1 (RetainedScaledDown, 1Mi): its disk dies with it
    Nobody is there to be asked: nothing was changed. --yes answers beforehand.
    --- exit code 3
    ");
    let journal = lane.kubeconfig.with_extension("journal");
    let journal = journal.display();
    lane.run(&format!("rm -f {journal}; kubectl sts clean data-web-1 --retain-disk --yes --journal {journal}"));
    lane.until_gone("pvc/data-web-1");
    lane.until_field(&format!("pv/{volume}"), "/status/phase", "Released");
    assert_eq!(lane.run(&format!("stat -c %a {journal}")), "600");
    lane.run("kubectl sts clean --verdict OrphanSetGone --yes --journal $(mktemp -u)");
    lane.until_gone("pvc/data-old-0");
    lane.until_gone("pvc/data-old-1");
    insta::assert_snapshot!(told(lane, "orphans"), @"volume of data-web-1: VolumeReleased, never");
    // Back from the journal: the volume reserved, the claim as it was but for its identity.
    lane.run(&format!(r#"kubectl patch pv {volume} --type=json -p '[{{"op":"remove","path":"/spec/claimRef/uid"}},{{"op":"remove","path":"/spec/claimRef/resourceVersion"}}]'"#));
    lane.run("kubectl scale sts web --replicas 2");
    lane.until_ready(&["web-1"]);
    assert_eq!(read(lane, "web-1"), "kept");
    lane.run(&format!(
        "rm -f {journal}; kubectl patch pv {volume} -p '{{\"spec\":{{\"persistentVolumeReclaimPolicy\":\"Delete\"}}}}'"
    ));
}

/// Between plan and act the cluster changes: what is asked in the meantime is left alone.
fn clean_races(lane: &Lane) {
    lane.apply(&set("web").with_replicas(2).with_spec("podManagementPolicy: Parallel").to_string());
    lane.until_ready(&["web-0", "web-1"]);
    lane.run("kubectl scale sts web --replicas 1");
    lane.until_gone("pod/web-1");
    // While the question stands on the terminal the cluster changes; then it is answered.
    let screen = lane.kubeconfig.with_extension("screen");
    let screen = screen.display();
    let answer = |meanwhile: &str| {
        lane.run(&format!(
            "rm -f {screen}; touch {screen}; (until grep -q 'to go on' {screen}; do sleep 0.1; done; ({meanwhile}) >/dev/null 2>&1; echo web; \
             n=0; until grep -qE 'left as|deleted.$' {screen} || [ $((n+=1)) -gt 300 ]; do sleep 0.1; done) \
             | script -qefc 'kubectl sts clean data-web-1 --journal $(mktemp -u)' {screen} >/dev/null || true; \
             grep -E 'left as|deleted.$' {screen} | tr -d '\\r'"
        ))
    };
    insta::assert_snapshot!(answer("kubectl scale sts web --replicas 2"), @"persistentvolumeclaim/data-web-1 left as it is: ordinal 1 of set web is in range and needs it; pod web-1 uses it");
    lane.until_ready(&["web-1"]);
    lane.run("kubectl scale sts web --replicas 1");
    lane.until_gone("pod/web-1");
    insta::assert_snapshot!(answer("kubectl label pvc data-web-1 touched=yes"), @"persistentvolumeclaim/data-web-1 left as it is: it was changed since it was shown");
    let pod = debug_pod("debug", "data-web-1").replace('\n', "\\n").replace('"', "\\\"");
    insta::assert_snapshot!(answer(&format!("printf \"{pod}\" | kubectl apply -f -")), @"persistentvolumeclaim/data-web-1 left as it is: pod debug uses it");
    lane.until_ready(&["debug"]);
    assert_eq!(lane.field("pvc/data-web-1", "/metadata/deletionTimestamp"), "");
    lane.run("kubectl delete pod debug");
    let replace = "kubectl get pvc data-web-1 -o json > $HOME/.c.json; kubectl delete pvc data-web-1; sed -i /uid/d\\;/resourceVersion/d\\;/volumeName/d $HOME/.c.json; kubectl create -f $HOME/.c.json";
    insta::assert_snapshot!(answer(replace), @"persistentvolumeclaim/data-web-1 left as it is: another claim has taken its name");
    assert_eq!(lane.field("pvc/data-web-1", "/metadata/deletionTimestamp"), "");
}

/// A claim deleted under its pod, rescued, and found again.
fn rescue(lane: &Lane) {
    lane.apply(&set("web").to_string());
    lane.until_ready(&["web-0"]);
    write(lane, "web-0", "kept");
    let volume = lane.field("pvc/data-web-0", "/spec/volumeName");
    lane.run("kubectl delete pvc data-web-0 --wait=false");
    insta::assert_snapshot!(lane.shows("kubectl sts unstick web"), @"
    --- stderr
    Claim data-web-0 is being deleted under its pod, and volume pvc-1 would go with it: it is to be set to Retain.
    Nobody is there to be asked: nothing was changed. --yes answers beforehand.
    --- exit code 3
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts unstick web --yes"), @"
    persistentvolume/pvc-1 set to Retain
    --- stderr
    Claim data-web-0 is being deleted under its pod, and volume pvc-1 would go with it: it is to be set to Retain.
    The data outlives data-web-0. When the pod next stops, the claim goes and the volume is Released: scale the set down first, then
    kubectl sts orphans  # names the command by which a claim of the same name takes the volume again
    ");
    lane.run("kubectl scale sts web --replicas 0");
    lane.until_gone("pvc/data-web-0");
    lane.until_field(&format!("pv/{volume}"), "/status/phase", "Released");
    let advice = lane.run(&format!(
        "kubectl sts orphans -o json | grep -F '\"next\": \"kubectl patch pv {volume}' | sed 's/.*\"next\": \"//; s/\"$//; s/\\\\\"/\"/g'"
    ));
    lane.run(&advice);
    lane.run("kubectl scale sts web --replicas 1");
    lane.until_ready(&["web-0"]);
    assert_eq!(read(lane, "web-0"), "kept");
    lane.run(&format!("kubectl patch pv {volume} -p '{{\"spec\":{{\"persistentVolumeReclaimPolicy\":\"Delete\"}}}}'"));
}

/// The same diagnosis on a snapshot's file.
fn snapshot(lane: &Lane) {
    lane.apply(&set("web").with_replicas(2).to_string());
    lane.until_ready(&["web-0", "web-1"]);
    lane.run("kubectl scale sts web --replicas 1");
    lane.until_gone("pod/web-1");
    let file = lane.kubeconfig.with_extension("yaml");
    let file = file.display();
    lane.run(&format!("kubectl sts snapshot web > {file}"));
    for line in ["volumes web", "status web", "orphans", "preview scale web --replicas 3"] {
        let of = |line: String| {
            let text = lane.run(&line);
            let mut report: serde_json::Value = serde_json::from_str(&text).expect("a report");
            report["metadata"]["time"] = serde_json::Value::Null;
            report
        };
        let (cluster, read) =
            (of(format!("kubectl sts {line} -o json")), of(format!("kubectl sts {line} -o json -f {file}")));
        assert_eq!(cluster, read, "{line}");
    }
    let secrets = lane.run(&format!("grep -c '^kind: Secret' {file} || true"));
    assert_eq!(secrets, "0");
    lane.run(&format!("rm {file}"));
}
