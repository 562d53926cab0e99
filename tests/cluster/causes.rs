//! Sets that are not ready or do not roll out, each made so by the real controllers and kubelets; what `kubectl sts status` says first.

use serde_json::Value;

use crate::lane::{Lane, Scenario, until};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new("set-pods", pods).quick(),
    Scenario::new("set-probes", probes),
    Scenario::new("set-refused", refused),
    Scenario::new("set-trapped", trapped),
    Scenario::new("set-unstick", unstick),
    Scenario::new("set-rollout", rollout),
    Scenario::new("set-scale-down", scale_down),
    Scenario::new("set-claims", claims),
    Scenario::new("set-template-renamed", template_renamed),
    Scenario::new("set-names", names),
    Scenario::new("set-well", well),
    Scenario::new("set-drained", drained).alone(),
];

pub(crate) const SLEEPS: &str = "command: [sleep, infinity]";

/// A set without claims: `spec` of it, `pod` of its template, `main` of its container, in flow style.
pub(crate) fn set(name: &str, replicas: i32, spec: &str, pod: &str, main: &str) -> String {
    format!(
        "apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec: {{clusterIP: None, selector: {{app: {name}}}, ports: [{{port: 80}}]}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: {name}}}
spec:
  serviceName: {name}
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{terminationGracePeriodSeconds: 0, {pod} containers: [{{name: main, image: 'busybox:1.36', {main}}}]}}
  {spec}
---
"
    )
}

pub(crate) const CLAIMS: &str = "volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], storageClassName: local-path, \
                      resources: {requests: {storage: 1Mi}}}}]";

pub(crate) fn sh(script: &str) -> String {
    format!("command: [sh, -c, \"{script}\"]")
}

/// The verdicts of a set, in their order: `CODE Severity`.
fn verdicts(lane: &Lane, name: &str) -> Result<Vec<String>, String> {
    let report = lane.attempt(&format!("kubectl sts status {name} -o json"))?;
    let report: Value = serde_json::from_str(&report).map_err(|error| error.to_string())?;
    let all = report.pointer("/items/0/verdicts").and_then(Value::as_array).ok_or("no verdicts")?;
    let word = |verdict: &Value, field: &str| verdict[field].as_str().unwrap_or_default().to_owned();
    Ok(all.iter().map(|verdict| format!("{} {}", word(verdict, "code"), word(verdict, "severity"))).collect())
}

fn until_first(lane: &Lane, name: &str, wanted: &str) {
    until(&format!("{name}: {wanted}"), || {
        let said = verdicts(lane, name)?;
        if said.first().is_some_and(|first| first == wanted) { Ok(()) } else { Err(format!("{said:?}")) }
    });
}

fn until_has(lane: &Lane, name: &str, wanted: &str) {
    until(&format!("{name}: {wanted}"), || {
        let said = verdicts(lane, name)?;
        if said.iter().any(|it| it == wanted) { Ok(()) } else { Err(format!("{said:?}")) }
    });
}

/// What keeps single pods from starting or staying.
fn pods(lane: &Lane) {
    lane.apply(
        &[
            set("image", 1, "", "", "image: nosuch.invalid/x:1, command: [x]").replace("image: 'busybox:1.36', ", ""),
            set("secret", 1, "", "", &format!("{SLEEPS}, envFrom: [{{secretRef: {{name: creds}}}}]")),
            set(
                "config",
                1,
                "",
                "volumes: [{name: v, configMap: {name: settings}}],",
                &format!("{SLEEPS}, volumeMounts: [{{name: v, mountPath: /v}}]"),
            ),
            set("selector", 1, "", "nodeSelector: {no: such-node},", SLEEPS),
            set("cpu", 1, "", "", &format!("{SLEEPS}, resources: {{requests: {{cpu: '500'}}}}")),
            set("gated", 1, "", "schedulingGates: [{name: example.com/wait}],", SLEEPS),
            set(
                "init",
                1,
                "",
                "initContainers: [{name: schema, image: 'busybox:1.36', command: [sh, -c, 'exit 5']}],",
                SLEEPS,
            ),
            set(
                "waits",
                1,
                "",
                "initContainers: [{name: peers, image: 'busybox:1.36', command: [sleep, infinity]}],",
                SLEEPS,
            ),
            // Never ready for a moment, or the next ordinal would be made.
            set(
                "crash",
                3,
                "",
                "",
                &format!(
                    "{}, readinessProbe: {{exec: {{command: ['true']}}, initialDelaySeconds: 60}}",
                    sh("echo no such table; exit 1")
                ),
            ),
            set(
                "memory",
                1,
                "",
                "",
                &format!("{}, resources: {{limits: {{memory: 16Mi}}}}", sh("x=a; while :; do x=$x$x; done")),
            ),
            set("no-command", 1, "", "", "command: [/no/such]"),
            set("zero", 0, "", "", SLEEPS),
        ]
        .concat(),
    );
    for (name, wanted) in [
        ("image", "ImagePullFailed Fault"),
        ("secret", "ConfigMissing Fault"),
        ("config", "ConfigMissing Fault"),
        ("selector", "Unschedulable Fault"),
        ("cpu", "Unschedulable Fault"),
        ("gated", "RolloutInProgress Waiting"),
        ("init", "InitBlocked Fault"),
        ("crash", "FirstRolloutBlocked Fault"),
        ("memory", "OutOfMemory Fault"),
        ("no-command", "CrashLoop Fault"),
        ("zero", "SetScaledToZero Ok"),
    ] {
        until_first(lane, name, wanted);
    }
    until_has(lane, "gated", "SchedulingGated Waiting");
    until_has(lane, "waits", "InitBlocked Waiting");
    until_has(lane, "crash", "CrashLoop Fault");
    let shown = lane.run("kubectl sts status crash");
    assert!(shown.contains("no such table"), "the last lines of the log are shown:\n{shown}");
    assert_eq!(lane.try_run("kubectl sts status image --wait").code, 10);
    assert_eq!(lane.try_run("kubectl sts status waits --wait=2s").code, 124);
    assert_eq!(lane.try_run("kubectl sts status zero --wait").code, 0);
}

/// Probes: the one that never passes, the one that kills, and a deadlock of names.
fn probes(lane: &Lane) {
    let probe = |kind: &str| {
        format!(
            "{SLEEPS}, {kind}: {{exec: {{command: [sh, -c, 'echo not yet; exit 1']}}, periodSeconds: 2, failureThreshold: 2}}"
        )
    };
    lane.apply(
        &[
            set("never", 1, "", "", &probe("readinessProbe")),
            set("killed", 1, "", "", &probe("livenessProbe")),
            set("startup", 1, "", "", &probe("startupProbe")),
            set("gate", 1, "", "readinessGates: [{conditionType: example.com/ready}],", SLEEPS),
        ]
        .concat(),
    );
    until_has(lane, "gate", "PodStarting Waiting");
    until_first(lane, "killed", "ProbeFailing Fault");
    until_first(lane, "startup", "ProbeFailing Fault");
    until_first(lane, "never", "ProbeFailing Fault");
    let shown = lane.run("kubectl sts status never");
    assert!(
        shown.contains("exec sh -c echo not yet; exit 1, every 2 s") && shown.contains("does not pass: not yet"),
        "{shown}"
    );
}

/// Pods and claims that the server refuses, each told from the controller's event.
fn refused(lane: &Lane) {
    lane.apply(&set("account", 1, "", "serviceAccountName: ghost,", SLEEPS));
    until_first(lane, "account", "PodCreationRefused Fault");
    lane.run("kubectl create serviceaccount ghost && kubectl annotate statefulset account touched=now");
    until_first(lane, "account", "SetReady Ok");
    lane.apply(
        "{apiVersion: v1, kind: ResourceQuota, metadata: {name: storage}, spec: {hard: {requests.storage: 1Mi}}}",
    );
    until("the quota counts", || {
        if lane.field("quota/storage", "/status/hard/requests.storage").is_empty() {
            Err("not yet".to_owned())
        } else {
            Ok(())
        }
    });
    lane.apply(&set("claims", 2, CLAIMS, "", &format!("{SLEEPS}, volumeMounts: [{{name: data, mountPath: /data}}]")));
    until_first(lane, "claims", "ClaimCreationRefused Fault");
    lane.apply("{apiVersion: v1, kind: ResourceQuota, metadata: {name: pods}, spec: {hard: {pods: '2'}}}");
    until("the quota counts", || {
        if lane.field("quota/pods", "/status/used/pods") == "2" { Ok(()) } else { Err("not yet".to_owned()) }
    });
    lane.apply(&set("quota", 1, "", "", SLEEPS));
    until_first(lane, "quota", "PodCreationRefused Fault");
    lane.run("kubectl delete quota pods && kubectl annotate statefulset quota touched=now");
    until_first(lane, "quota", "SetReady Ok");
    lane.apply(&set("a-set-whose-name-is-too-long-for-the-label-of-its-revision", 1, "", "", SLEEPS));
    until_first(lane, "a-set-whose-name-is-too-long-for-the-label-of-its-revision", "PodCreationRefused Fault");
    lane.run(&format!("kubectl label namespace {} pod-security.kubernetes.io/enforce=restricted", lane.namespace));
    lane.apply(&set("security", 1, "", "", SLEEPS));
    until_first(lane, "security", "PodCreationRefused Fault");
}

/// The trap of kubernetes#67250: a broken template, and its full revert, which does not help; the printed step does.
fn trapped(lane: &Lane) {
    lane.apply(&set("web", 2, "", "", SLEEPS));
    until_first(lane, "web", "SetReady Ok");
    lane.run("kubectl set image statefulset web main=nosuch.invalid/x:1");
    until_first(lane, "web", "NewRevisionBroken Fault");
    let changes = "spec.template.spec.containers[main].image: busybox:1.36 → nosuch.invalid/x:1";
    assert!(lane.run("kubectl sts status web").contains(changes), "what the rollout changes is shown");
    lane.run("kubectl rollout undo statefulset web");
    until_first(lane, "web", "RolloutTrapped Fault");
    let changes = "spec.template.spec.containers[main].image: nosuch.invalid/x:1 → busybox:1.36";
    assert!(lane.run("kubectl sts status web").contains(changes), "of a trapped pod what it lacks");
    assert_eq!(lane.field("sts/web", "/status/currentRevision"), lane.field("sts/web", "/status/updateRevision"));
    lane.take_next_step("web");
    until_first(lane, "web", "SetReady Ok");
}

/// The same trap, and pods whose names are of an earlier serviceName: `unstick` takes the step.
fn unstick(lane: &Lane) {
    lane.any_node();
    let mounted = format!("{SLEEPS}, volumeMounts: [{{name: data, mountPath: /data}}]");
    lane.apply(&set("web", 2, CLAIMS, "", &mounted));
    until_first(lane, "web", "SetReady Ok");
    lane.run("kubectl exec web-1 -- sh -c 'echo kept > /data/mark'");
    lane.run("kubectl set image statefulset web main=nosuch.invalid/x:1");
    until_first(lane, "web", "NewRevisionBroken Fault");
    let before = lane.field("pod/web-1", "/metadata/uid");
    // The template is still the broken one: a restart would bring the same again.
    let seen = lane.try_run("kubectl sts unstick web --yes");
    assert!(seen.code == 0 && seen.stderr.contains("in no trouble that this command mends"), "{seen}");
    assert_eq!(lane.field("pod/web-1", "/metadata/uid"), before);
    lane.run("kubectl rollout undo statefulset web");
    until_first(lane, "web", "RolloutTrapped Fault");
    insta::assert_snapshot!(lane.shows("kubectl sts unstick web --yes"), @"
    pod/web-1 deleted
    --- stderr
    RolloutTrapped: Pod web-1 is of an older revision and not ready, and the controller waits for it to be ready before it replaces it; a revert does not help.
    Pod web-1 is to be deleted; its set makes it anew, and its claims and their data stay.
    kubectl sts status web -n set-unstick-test --wait  # until its pods are ready again
    ");
    until_first(lane, "web", "SetReady Ok");
    assert_eq!(lane.run("kubectl exec web-1 -- cat /data/mark").trim(), "kept");
    // A serviceName can't be changed: the set is made anew over its pods, which keep the old name.
    lane.run("kubectl delete statefulset web --cascade=orphan");
    lane.apply(
        &set("web", 2, CLAIMS, "", &mounted)
            .replace("serviceName: web", "serviceName: peers")
            .replace("kind: Service\nmetadata: {name: web}", "kind: Service\nmetadata: {name: peers}"),
    );
    until_has(lane, "web", "SubdomainDrift Fault");
    for pod in ["web-1", "web-0"] {
        let seen = lane.run("kubectl sts unstick web --yes");
        assert_eq!(seen.trim(), format!("pod/{pod} deleted"));
        until(&format!("{pod} has its new name"), || {
            match lane.field(&format!("pod/{pod}"), "/spec/subdomain").as_str() {
                "peers" => Ok(()),
                other => Err(other.to_owned()),
            }
        });
        lane.until_ready(&["web-0", "web-1"]);
    }
    until_first(lane, "web", "SetReady Ok");
    assert_eq!(lane.run("kubectl exec web-1 -- cat /data/mark").trim(), "kept");
}

/// Waiting by design, and a new revision that does not work.
fn rollout(lane: &Lane) {
    let patch =
        |name: &str, patch: &str| lane.run(&format!("kubectl patch statefulset {name} --type=merge -p '{patch}'"));
    let relabel = |name: &str, value: &str| {
        patch(
            name,
            &format!("{{\"spec\":{{\"template\":{{\"metadata\":{{\"annotations\":{{\"v\":\"{value}\"}}}}}}}}}}"),
        )
    };
    lane.apply(
        &[
            set("part", 3, "updateStrategy: {rollingUpdate: {partition: 2}}", "", SLEEPS),
            set("shifted", 3, "ordinals: {start: 2}\n  updateStrategy: {rollingUpdate: {partition: 1}}", "", SLEEPS),
            set("by-hand", 2, "updateStrategy: {type: OnDelete}", "", SLEEPS),
            set("slow", 2, "minReadySeconds: 30", "", SLEEPS),
            set("broken", 3, "", "", SLEEPS),
            set("parallel", 3, "podManagementPolicy: Parallel", "", SLEEPS),
        ]
        .concat(),
    );
    until_has(lane, "slow", "MinReadyWait Waiting");
    for name in ["part", "shifted", "by-hand", "broken", "parallel", "slow"] {
        until_first(lane, name, "SetReady Ok");
    }
    for name in ["part", "shifted", "by-hand"] {
        relabel(name, "2");
    }
    until_first(lane, "part", "PartitionHolds Waiting");
    until_first(lane, "shifted", "PartitionHolds Waiting");
    until_first(lane, "by-hand", "OnDeleteWaits Waiting");
    for name in ["broken", "parallel"] {
        lane.run(&format!("kubectl set image statefulset {name} main=nosuch.invalid/x:1"));
        until_first(lane, name, "NewRevisionBroken Fault");
    }
    lane.take_next_step("broken");
    until_first(lane, "broken", "SetReady Ok");
}

/// A condemned pod stays while one in range is broken; the set's own counts look whole.
fn scale_down(lane: &Lane) {
    lane.apply(&set("web", 3, "", "", &format!("{}, readinessProbe: {{exec: {{command: [test, '!', -e, /broken]}}, periodSeconds: 1, failureThreshold: 1}}", sh("sleep infinity"))));
    until_first(lane, "web", "SetReady Ok");
    lane.run("kubectl exec web-0 -- touch /broken");
    lane.until_condition("pod/web-0", "Ready", "False");
    lane.run("kubectl scale statefulset web --replicas=2");
    until_first(lane, "web", "ScaleDownBlocked Fault");
    assert_eq!(lane.field("sts/web", "/status/readyReplicas"), "2");
    until_has(lane, "web", "ProbeFailing Fault");
    lane.run("kubectl exec web-0 -- rm /broken");
    until_first(lane, "web", "SetReady Ok");
}

/// Claims that keep a pod from being made, without a word by the controller.
fn claims(lane: &Lane) {
    lane.any_node();
    let mounted = format!("{SLEEPS}, volumeMounts: [{{name: data, mountPath: /data}}]");
    lane.apply(&set("web", 2, CLAIMS, "", &mounted));
    until_first(lane, "web", "SetReady Ok");
    lane.run("kubectl scale statefulset web --replicas=1 && kubectl wait --for=delete pod/web-1");
    lane.run("kubectl patch pvc data-web-1 --type=merge -p '{\"metadata\":{\"finalizers\":[\"example.com/hold\"]}}' && kubectl delete pvc data-web-1 --wait=false");
    lane.run("kubectl scale statefulset web --replicas=2");
    until_first(lane, "web", "ClaimBlocksPod Fault");
    lane.run("kubectl patch pvc data-web-1 --type=merge -p '{\"metadata\":{\"finalizers\":null}}' && kubectl annotate statefulset web touched=now");
    until_first(lane, "web", "SetReady Ok");
    // With whenScaled=Delete a claim that is still tied to the pod before blocks its successor, and nobody says so.
    lane.apply(&set(
        "gone",
        2,
        &format!("persistentVolumeClaimRetentionPolicy: {{whenScaled: Delete}}\n  {CLAIMS}"),
        "",
        &mounted,
    ));
    until_first(lane, "gone", "SetReady Ok");
    lane.run("kubectl patch pvc data-gone-1 --type=json -p '[{\"op\":\"add\",\"path\":\"/metadata/finalizers/-\",\"value\":\"example.com/hold\"}]'");
    lane.run("kubectl scale statefulset gone --replicas=1 && kubectl wait --for=delete pod/gone-1 && kubectl scale statefulset gone --replicas=2");
    until_first(lane, "gone", "ClaimBlocksPod Fault");
    lane.run("kubectl patch pvc data-gone-1 --type=merge -p '{\"metadata\":{\"finalizers\":null}}'");
}

/// Made anew over its pods with another claim template: everything else looks green.
fn template_renamed(lane: &Lane) {
    let mounted = |name: &str| format!("{SLEEPS}, volumeMounts: [{{name: {name}, mountPath: /data}}]");
    lane.apply(&set("web", 2, CLAIMS, "", &mounted("data")));
    until_first(lane, "web", "SetReady Ok");
    lane.run("kubectl delete statefulset web --cascade=orphan");
    until("the orphans are told", || {
        let seen = lane.attempt("kubectl sts status")?;
        if seen.contains("OrphanedPods") { Ok(()) } else { Err(seen) }
    });
    lane.apply(&set("web", 2, &CLAIMS.replace("name: data", "name: store"), "", &mounted("store")));
    until_first(lane, "web", "TemplateMismatch Fault");
    lane.until_field("sts/web", "/status/readyReplicas", "2");
}

/// A name that another pod has, two sets with one selector, a set that is being deleted, ordinals that were moved.
fn names(lane: &Lane) {
    lane.apply("{apiVersion: v1, kind: Pod, metadata: {name: taken-1, labels: {app: other}}, spec: {terminationGracePeriodSeconds: 0, containers: [{name: main, image: 'busybox:1.36', command: [sleep, infinity]}]}}");
    lane.apply(&set("taken", 2, "", "", SLEEPS));
    until_first(lane, "taken", "PodNameTaken Fault");
    lane.take_next_step("taken");
    until_first(lane, "taken", "SetReady Ok");
    lane.apply(
        &[set("one", 1, "", "", SLEEPS), set("two", 1, "", "", SLEEPS).replace("app: two", "app: one")].concat(),
    );
    until_has(lane, "one", "SelectorOverlap Fault");
    lane.apply(&set("moved", 2, CLAIMS, "", &format!("{SLEEPS}, volumeMounts: [{{name: data, mountPath: /data}}]")));
    until_first(lane, "moved", "SetReady Ok");
    lane.run("kubectl patch statefulset moved --type=merge -p '{\"spec\":{\"ordinals\":{\"start\":2}}}'");
    until_first(lane, "moved", "SetReady Ok");
    until_has(lane, "moved", "StartMoved Notice");
    lane.run("kubectl patch statefulset moved --type=merge -p '{\"metadata\":{\"finalizers\":[\"example.com/hold\"]}}' && kubectl delete statefulset moved --wait=false");
    until_first(lane, "moved", "SetDeleting Waiting");
    lane.run("kubectl patch statefulset moved --type=merge -p '{\"metadata\":{\"finalizers\":null}}'");
    // A pod whose deletion a finalizer holds.
    lane.run("kubectl patch pod one-0 --type=merge -p '{\"metadata\":{\"finalizers\":[\"example.com/hold\"]}}' && kubectl delete pod one-0 --wait=false");
    until_has(lane, "one", "FinalizerHolds Fault");
    lane.run("kubectl patch pod one-0 --type=merge -p '{\"metadata\":{\"finalizers\":null}}'");
}

/// Sets of several shapes: started, updated, scaled, restarted, looked at once a second meanwhile. Not one Fault.
fn well(lane: &Lane) {
    let probed = format!(
        "{SLEEPS}, readinessProbe: {{exec: {{command: ['true']}}, periodSeconds: 1}}, livenessProbe: {{exec: {{command: ['true']}}}}"
    );
    let mounted = format!("{probed}, volumeMounts: [{{name: data, mountPath: /data}}]");
    let names = ["plain", "data", "parallel", "slow", "shifted", "init"];
    lane.apply(
        &[
            set("plain", 3, "", "", &probed),
            set("data", 2, CLAIMS, "", &mounted),
            set("parallel", 4, "podManagementPolicy: Parallel", "", &probed),
            set("slow", 2, "minReadySeconds: 3", "", &probed),
            set("shifted", 2, "ordinals: {start: 5}", "", SLEEPS),
            set(
                "init",
                2,
                "",
                "initContainers: [{name: fetch, image: 'busybox:1.36', command: [sleep, '2']}],",
                SLEEPS,
            ),
        ]
        .concat(),
    );
    let mut looks = 0;
    let mut until_well = |step: &str| {
        until(&format!("all are well after {step}"), || {
            let report: Value =
                serde_json::from_str(&lane.attempt("kubectl sts status -o json")?).map_err(|e| e.to_string())?;
            looks += 1;
            let items = report["items"].as_array().cloned().unwrap_or_default();
            let mut moving = Vec::new();
            for item in &items {
                for verdict in item["verdicts"].as_array().into_iter().flatten() {
                    assert!(!matches!(verdict["severity"].as_str(), Some("Fault" | "Unknown")), "{step}: {item:#}");
                }
                if !matches!(item["verdicts"][0]["code"].as_str(), Some("SetReady" | "SetScaledToZero")) {
                    moving.push(item["object"]["name"].to_string());
                }
            }
            if moving.is_empty() && items.len() == names.len() { Ok(()) } else { Err(moving.join(", ")) }
        });
    };
    until_well("the start");
    for name in names {
        lane.run(&format!("kubectl rollout restart statefulset {name}"));
    }
    until_well("a restart");
    lane.run("kubectl scale statefulset plain parallel --replicas=5");
    until_well("a scale-up");
    lane.run("kubectl scale statefulset plain data --replicas=1; kubectl scale statefulset slow --replicas=0");
    until_well("a scale-down");
    lane.run("kubectl delete pod plain-0 data-0 parallel-2");
    until_well("deleted pods");
    lane.say(&format!("{looks} looks without a Fault"));
}

/// A drain that a disruption budget stops, and one that goes through: no Fault meanwhile.
fn drained(lane: &Lane) {
    lane.any_node();
    lane.apply(&set(
        "web",
        2,
        "podManagementPolicy: Parallel",
        "nodeSelector: {kubernetes.io/hostname: node2},",
        SLEEPS,
    ));
    until_first(lane, "web", "SetReady Ok");
    lane.apply("{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: web}, spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}}");
    lane.until_field("pdb/web", "/status/desiredHealthy", "2");
    lane.run("kubectl cordon node2");
    let uncordon = Uncordon(lane);
    until_has(lane, "web", "DisruptionBudgetBlocks Notice");
    lane.run("kubectl delete pdb web && kubectl delete pod web-1");
    // Its node is under maintenance: no Fault for five minutes.
    until_has(lane, "web", "Unschedulable Waiting");
    drop(uncordon);
    until_first(lane, "web", "SetReady Ok");
}

/// Gives node2 back, whatever happens.
struct Uncordon<'l>(&'l Lane);

impl Drop for Uncordon<'_> {
    fn drop(&mut self) {
        drop(self.0.try_run("kubectl uncordon node2"));
    }
}
