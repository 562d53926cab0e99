//! States that are seldom met, each made by the real components: pods that had to go, controllers that are away, a node that stays lost.

use std::time::Duration;

use serde_json::Value;

use crate::csi::driver;
use crate::dns::{codes, findings, report};
use crate::dns_server::{UNCACHED, start};
use crate::lane::{Lane, Scenario, preview, put_forward, set, told, until, until_within};
use crate::modes::{until_cause, until_first, until_has};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new("set-displaced", displaced),
    Scenario::new("set-waits", waits),
    Scenario::new("claims-rare", claims),
    Scenario::new("dns-unready", dns_unready),
    Scenario::new("controllers-away", controllers_away).alone(),
    Scenario::new("node-lost", node_lost).alone(),
];

/// Removed by the scheduler for a pod of higher priority, and by the kubelet for what it wrote, again and again.
fn displaced(lane: &Lane) {
    lane.any_node();
    let namespace = &lane.namespace;
    // One of it in the cluster: who has it is in nobody else's way (a node's extended resource).
    let counts = |count: &str| {
        lane.run(&format!(
            "kubectl patch node node2 --subresource=status --type=merge -p '{{\"status\":{{\"capacity\":{{\"example.com/{namespace}\":{count}}},\"allocatable\":{{\"example.com/{namespace}\":{count}}}}}}}'"
        ));
    };
    counts("\"1\"");
    lane.apply(&format!(
        "{{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {{name: {namespace}, ownerReferences: [{{apiVersion: v1, kind: Namespace, name: {namespace}, uid: {}}}]}}, value: 1000}}",
        lane.field(&format!("namespace/{namespace}"), "/metadata/uid")
    ));
    let only = format!("resources: {{limits: {{example.com/{namespace}: 1}}}}");
    lane.apply(&set("low").with_templates(&[]).to_string().replace("volumeMounts: []", &only));
    until_first(lane, "sts status low", "SetReady Ok");
    lane.apply(&format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: high}}, spec: {{priorityClassName: {namespace}, terminationGracePeriodSeconds: 0, containers: [{{name: main, image: 'busybox:1.36', command: [sleep, infinity], {only}}}]}}}}"
    ));
    lane.until_ready(&["high"]);
    until_cause(lane, "sts status low", "Preempted Fault");
    until_has(lane, "sts status low", "Unschedulable Fault");
    lane.run("kubectl delete pod high");
    until_first(lane, "sts status low", "SetReady Ok");
    counts("null");

    // The kubelet looks every ten seconds, and the set makes it anew at once.
    let scratch = "volumes: [{name: scratch, emptyDir: {sizeLimit: 1Mi}}]";
    let writes = "command: [sh, -c, 'dd if=/dev/zero of=/scratch/x bs=1024 count=4096; sleep 1000']";
    lane.apply(
        &set("greedy")
            .with_templates(&[])
            .with_pod(scratch)
            .to_string()
            .replace("command: [sleep, infinity]", writes)
            .replace("volumeMounts: []", "volumeMounts: [{name: scratch, mountPath: /scratch}]"),
    );
    // A kubelet measures volumes of this kind when it comes to it.
    until_within(Duration::from_mins(6), "two evictions", || {
        let shown = lane.attempt("kubectl sts status greedy")?;
        if shown.contains("pods of this name were evicted") { Ok(()) } else { Err(shown) }
    });
    until_cause(lane, "sts status greedy", "Evicted Fault");
}

/// A claim that its pods name and nobody made, a pod that takes its time to stop, a name that is too long.
fn waits(lane: &Lane) {
    lane.any_node();
    let shared = "volumes: [{name: shared, persistentVolumeClaim: {claimName: shared}}]";
    lane.apply(&set("shared").with_templates(&[]).with_pod(shared).to_string());
    let grace = "terminationGracePeriodSeconds: 600";
    lane.apply(&set("slow").with_templates(&[]).to_string().replace("terminationGracePeriodSeconds: 0", grace));
    let long = "a-set-with-a-name-that-leaves-no-room-for-a-dash-and-an-ordinal";
    assert_eq!(long.len(), 63);
    lane.apply(&set(long).with_templates(&[]).to_string());
    lane.until_ready(&["slow-0"]);
    lane.run("kubectl delete pod slow-0 --wait=false");
    until_cause(lane, "sts status slow", "GracefulStop Waiting");
    lane.run("kubectl delete pod slow-0 --force --grace-period=0");
    until_cause(lane, &format!("sts status {long}"), "PodCreationRefused Fault");
    until_has(lane, &format!("sts status {long}"), "NameTooLong Fault");
    until_cause(lane, "sts status shared", "Unschedulable Fault");
    let shown = lane.run("kubectl sts status shared");
    assert!(shown.contains("persistentvolumeclaim \"shared\" not found"), "{shown}");
    lane.apply("{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: shared}, spec: {accessModes: [ReadWriteOnce], storageClassName: local-path, resources: {requests: {storage: 1Mi}}}}");
    until_first(lane, "sts status shared", "SetReady Ok");
}

/// A provisioner that fails, a volume that can't be deleted, one that is free, a claim that another controller keeps from its set's policy.
fn claims(lane: &Lane) {
    lane.any_node();
    driver(lane);
    let namespace = &lane.namespace;
    lane.apply(&set("create").with_class("csi-fail-create").to_string());
    until_cause(lane, "sts status create", "ProvisioningFailed Fault");

    // The deleter of this kind of volume knows folders in /tmp alone, and so fails for good.
    let volume = format!("held-{namespace}");
    let by_hand = |name: &str, path: &str, claim: &str| {
        format!(
            "apiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: {name}}}\nspec: {{capacity: {{storage: 1Mi}}, accessModes: [ReadWriteOnce], storageClassName: {namespace}, persistentVolumeReclaimPolicy: Delete, {claim} hostPath: {{path: {path}, type: DirectoryOrCreate}}}}\n---\n"
        )
    };
    lane.apply(&by_hand(&volume, "/srv/lane", &format!("claimRef: {{namespace: {namespace}, name: data-web-0}},")));
    lane.apply(&set("web").with_class(namespace).to_string());
    until_first(lane, "sts status web", "SetReady Ok");
    lane.run("kubectl scale sts web --replicas 0");
    lane.until_gone("pod/web-0");
    lane.run("kubectl delete pvc data-web-0");
    lane.until_field(&format!("pv/{volume}"), "/status/phase", "Failed");
    let file = lane.kubeconfig.with_extension("snapshot");
    lane.run(&format!("kubectl sts snapshot web > {}", file.display()));
    let stuck = format!("orphans -f {}", file.display());
    assert_eq!(told(lane, &stuck), "", "it has just been asked for");
    put_forward(&file);
    assert_eq!(told(lane, &stuck), "volume of data-web-0: VolumeDeleteStuck, never");
    lane.run(&format!("kubectl delete pv {volume} --wait=false"));

    let free = format!("free-{namespace}");
    lane.apply(&by_hand(&free, "/tmp/lane-free", ""));
    lane.until_field(&format!("pv/{free}"), "/status/phase", "Available");
    let all: Value = serde_json::from_str(&lane.run("kubectl sts orphans -A -o json")).expect("a report");
    let found = all["items"].as_array().into_iter().flatten().find(|item| item["object"]["name"] == *free);
    assert_eq!(found.expect("the free volume")["verdicts"][0]["code"], "VolumeAvailable");
    lane.run(&format!("kubectl delete pv {free}"));

    lane.apply(&set("kept").with_spec("persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete}").to_string());
    lane.until_ready(&["kept-0"]);
    lane.until_field("pvc/data-kept-0", "/metadata/ownerReferences/0/kind", "StatefulSet");
    lane.run(
        r#"kubectl patch pvc data-kept-0 --type=merge -p '{"metadata":{"ownerReferences":[{"apiVersion":"example.com/v1","kind":"Cluster","name":"db","uid":"5e1f","controller":true}]}}'"#,
    );
    assert_eq!(told(lane, "volumes kept"), "data-kept-0: ForeignController InUse, never");
    assert_eq!(preview(lane, "delete kept"), "data-kept-0: pod goes, ForItsController");
    lane.run("kubectl delete sts kept");
    lane.until_gone("pod/kept-0");
    assert_eq!(lane.field("pvc/data-kept-0", "/metadata/deletionTimestamp"), "");
}

/// DNS servers that are not ready, and a domain that they do not serve.
fn dns_unready(lane: &Lane) {
    start(lane, 1, UNCACHED);
    lane.apply(&set("web").with_templates(&[]).to_string());
    lane.until_ready(&["web-0"]);
    let flags = format!("web --dns-service {}/names", lane.namespace);
    assert_eq!(codes(&report(lane, &format!("{flags} --wait=60s"))), ["0 Resolves"]);
    let wrong = report(lane, &format!("{flags} --cluster-domain other.example"));
    assert_eq!(findings(&wrong)[0], "ZoneAssumed", "{wrong:#}");
    assert!(wrong["findings"][0]["says"].as_str().is_some_and(|says| says.contains("corp.example")), "{wrong:#}");
    lane.run(r#"kubectl patch deployment names --type=json -p '[{"op":"replace","path":"/spec/strategy","value":{"type":"Recreate"}},{"op":"replace","path":"/spec/template/spec/containers/0/readinessProbe/httpGet/path","value":"/nothing"}]'"#);
    until("the server to be unready", || {
        let report = report(lane, &flags);
        let all = report["findings"].as_array().cloned().unwrap_or_default();
        if all.iter().any(|verdict| verdict["code"] == "DnsReplicaUnready" && verdict["severity"] == "Fault") {
            Ok(())
        } else {
            Err(report.to_string())
        }
    });
}

/// Nobody looks at changes, slots, deleted Jobs and pods any more; then somebody does again.
fn controllers_away(lane: &Lane) {
    lane.any_node();
    let cron = |name: &str, spec: &str, seconds: u32| {
        format!(
            "{{apiVersion: batch/v1, kind: CronJob, metadata: {{name: {name}}}, spec: {{{spec}, jobTemplate: {{spec: {{template: {{spec: {{restartPolicy: Never, terminationGracePeriodSeconds: 0, containers: [{{name: main, image: 'busybox:1.36', command: [sleep, '{seconds}']}}]}}}}}}}}}}}}\n---\n"
        )
    };
    lane.apply(&set("web").with_templates(&[]).with_replicas(2).to_string());
    lane.apply(
        &[
            cron("minutely", "schedule: '* * * * *'", 1),
            cron("at-work", "schedule: '* * * * *', concurrencyPolicy: Forbid", 1000),
            cron("often", "schedule: '@every 1s', suspend: true", 1),
        ]
        .concat(),
    );
    until_first(lane, "sts status web", "SetReady Ok");
    assert_eq!(codes(&report(lane, "web --wait=60s")), ["0 Resolves", "1 Resolves"]);
    until_first(lane, "job status cronjob/minutely", "OnSchedule Ok");
    let job = until("a run that the CronJob counts", || match lane.field("cronjob/at-work", "/status/active/0/name") {
        name if name.is_empty() => Err("none".to_owned()),
        name => Ok(name),
    });
    let pod = until("its pod to run", || {
        let pods = lane.find(&format!("pods -l job-name={job} --field-selector status.phase=Running"))?;
        pods["items"][0]["metadata"]["name"].as_str().map(str::to_owned).ok_or_else(|| "none".to_owned())
    });

    let controllers = lane.stop_controllers();
    lane.run("kubectl patch sts web -p '{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"v\":\"2\"}}}}}'");
    lane.run("kubectl delete pod web-1 --force --grace-period=0");
    lane.run(&format!("kubectl delete job {job} --wait=false"));
    lane.run(&format!("kubectl delete pod {pod} --wait=false"));
    until_has(lane, "job status cronjob/at-work", "ActiveJobGone Notice");
    let ghost = report(lane, "web");
    assert_eq!(codes(&ghost)[1], "1 GhostRecord PodNotCreated", "{ghost:#}");
    until_cause(lane, "sts status web", "ControllerBehind Fault");
    until_within(Duration::from_mins(3), "the pod that nobody counts", || {
        let text = lane.attempt("kubectl job status -o json")?;
        if text.contains("TrackingFinalizerHolds") { Ok(()) } else { Err(text) }
    });
    until_cause(lane, "job status cronjob/minutely", "StartMissed Fault");
    let made: jiff::Timestamp = lane.field("cronjob/often", "/metadata/creationTimestamp").parse().expect("a time");
    until("more than a hundred slots to have passed", || {
        let passed = jiff::Timestamp::now().duration_since(made).as_secs();
        if passed > 105 { Ok(()) } else { Err(format!("{passed} s")) }
    });
    lane.run(r#"kubectl patch cronjob often --type merge -p '{"spec":{"suspend":false}}'"#);

    drop(controllers);
    until("the latest of the missed slots", || {
        lane.find("events --field-selector reason=TooManyMissedTimes").and_then(|events| {
            if events["items"].as_array().is_some_and(|all| !all.is_empty()) {
                Ok(())
            } else {
                Err("no event".to_owned())
            }
        })
    });
    lane.run(r#"kubectl patch cronjob often --type merge -p '{"spec":{"suspend":true}}'"#);
    until_has(lane, "job status cronjob/often", "TooManyMissed Notice");
    until_first(lane, "sts status web", "SetReady Ok");
    until_first(lane, "job status cronjob/minutely", "OnSchedule Ok");
    lane.until_gone(&format!("pod/{pod}"));
}

/// Takes a taint off node2, whatever happens.
struct Untaint<'l>(&'l Lane);

impl Drop for Untaint<'_> {
    fn drop(&mut self) {
        drop(self.0.try_run("kubectl taint node node2 node.kubernetes.io/out-of-service-"));
    }
}

/// A node that stays away: its pod is deleted and never goes, until somebody says that the machine is off, as the step that is printed does.
fn node_lost(lane: &Lane) {
    let pod = "tolerations: [{key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 1}, {key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 1}]\n      affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 100, preference: {matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [node2]}]}}]}}";
    // Without a grace the API would not wait for its kubelet.
    let manifests = set("web").with_templates(&[]).with_pod(pod).to_string();
    lane.apply(&manifests.replace("terminationGracePeriodSeconds: 0", "terminationGracePeriodSeconds: 5"));
    until_first(lane, "sts status web", "SetReady Ok");
    assert_eq!(lane.field("pod/web-0", "/spec/nodeName"), "node2");
    let node = lane.stop_node(2);
    until_cause(lane, "sts status web", "NodeLost Fault");
    let report: Value = serde_json::from_str(&lane.run("kubectl sts status web -o json")).expect("a report");
    let next = report["items"][0]["verdicts"][0]["next"].as_str().expect("a step");
    let taint = next.lines().find(|line| line.starts_with("kubectl taint ")).expect("a command");
    lane.run(taint);
    let untaint = Untaint(lane);
    until("web-0 to run elsewhere", || match lane.find("pod/web-0")?["spec"]["nodeName"].as_str() {
        Some("node1") => Ok(()),
        other => Err(format!("{other:?}")),
    });
    until_first(lane, "sts status web", "SetReady Ok");
    drop(node);
    drop(untaint);
    lane.until_condition("node/node2", "Ready", "True");
}
