//! Further ways in which sets and Jobs go wrong, many small ones at once: what is said of each.

use serde_json::Value;

use crate::lane::{Lane, Scenario, debug_pod, put_forward, set, until, until_within};
use std::time::Duration;

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new("more-of-sets", sets),
    Scenario::new("more-of-jobs", jobs),
    Scenario::new("more-once-only", once_only),
    Scenario::new("set-parallel-trapped", parallel_trapped),
];

/// The codes and severities that a command tells of its first item, or, where there is none, as findings.
fn told(lane: &Lane, command: &str) -> Result<Vec<String>, String> {
    let seen = lane.try_run(&format!("kubectl {command} -o json"));
    let report: Value = serde_json::from_str(&seen.stdout).map_err(|_| format!("{seen}"))?;
    let all = report.pointer("/items/0/verdicts").or_else(|| report.get("findings")).and_then(Value::as_array);
    let word = |verdict: &Value, field: &str| verdict[field].as_str().unwrap_or_default().to_owned();
    let all = all.into_iter().flatten();
    Ok(all.map(|verdict| format!("{} {}", word(verdict, "code"), word(verdict, "severity"))).collect())
}

pub(crate) fn until_first(lane: &Lane, command: &str, wanted: &str) {
    until_within(Duration::from_mins(3), &format!("{command}: {wanted}"), || {
        let said = told(lane, command)?;
        if said.first().is_some_and(|first| first == wanted) { Ok(()) } else { Err(format!("{said:?}")) }
    });
}

/// Waits until this is the first cause: what is Ok names none, nor does it that the set waits, and for which pod.
pub(crate) fn until_cause(lane: &Lane, command: &str, wanted: &str) {
    until_within(Duration::from_mins(4), &format!("{command}: {wanted}"), || {
        let said = told(lane, command)?;
        let mut causes = said.iter().filter(|it| !it.ends_with(" Ok") && *it != "RolloutInProgress Waiting");
        if causes.next().is_some_and(|first| first == wanted) { Ok(()) } else { Err(format!("{said:?}")) }
    });
}

pub(crate) fn until_has(lane: &Lane, command: &str, wanted: &str) {
    until(&format!("{command}: {wanted}"), || {
        let said = told(lane, command)?;
        if said.iter().any(|it| it == wanted) { Ok(()) } else { Err(format!("{said:?}")) }
    });
}

/// Nodes that are not there, the host's network, a claim that nothing protects, a provisioner that nobody runs.
fn sets(lane: &Lane) {
    lane.any_node();
    let class = format!("{}-silent", lane.namespace);
    lane.apply(&format!(
        "{{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {{name: {class}}}, provisioner: example.com/nobody}}"
    ));
    lane.apply(&set("gone").with_templates(&[]).with_pod("nodeName: no-such-node").to_string());
    lane.apply(&set("host").with_templates(&[]).with_pod("hostNetwork: true").to_string());
    lane.apply(&set("bare").with_class("hostpath").with_pod("nodeSelector: {no: such-node}").to_string());
    lane.apply(&set("silent").with_class(&class).to_string());
    lane.apply(&set("nameless").with_templates(&[]).to_string().replace("serviceName: nameless", "serviceName: ''"));
    until_has(lane, "sts status gone", "AwaitingPodGC Waiting");
    until_has(lane, "sts status host", "HostNetworkDns Notice");
    until_first(lane, "sts status bare", "Unschedulable Fault");
    until_has(lane, "sts status bare", "Unprotected Notice");
    until_first(lane, "sts status nameless", "SetReady Ok");
    until_has(lane, "sts status nameless", "NoServiceName Notice");
    until_first(lane, "sts status silent", "ProvisionerSilent Fault");
    lane.run(&format!("kubectl delete storageclass {class}"));
}

/// Jobs that are kept, disrupted, evicted or gone, and a schedule without a slot.
fn jobs(lane: &Lane) {
    let job = |name: &str, spec: &str, pod: &str, script: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}}}\nspec: {{backoffLimit: 0, {spec} template: {{spec: {{restartPolicy: Never, terminationGracePeriodSeconds: 1, {pod} containers: [{{name: main, image: 'busybox:1.36', command: [sh, -c, \"{script}\"]{}}}]}}}}}}\n---\n",
            if pod.is_empty() { "" } else { ", volumeMounts: [{name: scratch, mountPath: /scratch}]" }
        )
    };
    lane.apply(
        &[
            job("kept", "", "", "exit 3"),
            job("gone", "ttlSecondsAfterFinished: 0,", "", "exit 3"),
            job("disrupted", "", "", "sleep 1000"),
            job(
                "greedy",
                "",
                "volumes: [{name: scratch, emptyDir: {sizeLimit: 1Mi}}],",
                "dd if=/dev/zero of=/scratch/x bs=1024 count=4096; sleep 1000",
            ),
            "{apiVersion: batch/v1, kind: CronJob, metadata: {name: never}, spec: {schedule: '0 0 30 2 *', jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: 'busybox:1.36'}]}}}}}}".to_owned(),
        ]
        .concat(),
    );
    until_first(lane, "job status cronjob/never", "NeverFires Fault");
    until_first(lane, "job status kept", "BackoffLimitExceeded Fault");
    until_has(lane, "job status kept", "FailedJobKept Notice");
    until("the pod to disrupt runs", || {
        match lane.attempt("kubectl get pods -l job-name=disrupted -o jsonpath={.items[0].status.phase}")?.as_str() {
            "Running" => Ok(()),
            other => Err(other.to_owned()),
        }
    });
    let pod = lane.run("kubectl get pods -l job-name=disrupted -o jsonpath={.items[0].metadata.name}");
    let namespace = &lane.namespace;
    lane.run(&format!(
        "echo '{{\"apiVersion\":\"policy/v1\",\"kind\":\"Eviction\",\"metadata\":{{\"name\":\"{pod}\",\"namespace\":\"{namespace}\"}}}}' | kubectl create --raw /api/v1/namespaces/{namespace}/pods/{pod}/eviction -f -"
    ));
    until_first(lane, "job status disrupted", "BackoffLimitExceeded Fault");
    until_first(lane, "job status gone", "ResultExpired Notice");
    // The kubelet looks at the size of volumes every ten seconds or so.
    until_first(lane, "job status greedy", "BackoffLimitExceeded Fault");
    let shown = lane.run("kubectl job status greedy");
    assert!(shown.contains("Usage of EmptyDir volume \"scratch\" exceeds the limit \"1Mi\""), "{shown}");
}

/// A claim that one pod only may use, and another has it.
fn once_only(lane: &Lane) {
    lane.run("$(dirname $TESTBED)/csi/csi.sh up >&2");
    let one = set("web").with_class("csi").to_string().replace("ReadWriteOnce]", "ReadWriteOncePod]");
    lane.apply(&one);
    lane.until_ready(&["web-0"]);
    lane.run("kubectl scale sts web --replicas 0");
    lane.until_gone("pod/web-0");
    lane.apply(&debug_pod("debug", "data-web-0"));
    lane.until_ready(&["debug"]);
    lane.run("kubectl scale sts web --replicas 1");
    until_first(lane, "sts status web", "AccessModeConflict Fault");
    lane.run("kubectl delete pod debug");
    until_first(lane, "sts status web", "SetReady Ok");
}

/// What early patches of 1.35 make of a Parallel set whose old pods are not ready. Today's controller frees such a set, so the pods are kept
/// by OnDelete, and the snapshot of them is read as that version's.
fn parallel_trapped(lane: &Lane) {
    lane.any_node();
    let broken = set("web")
        .with_templates(&[])
        .with_replicas(2)
        .with_spec("podManagementPolicy: Parallel\n  updateStrategy: {type: OnDelete}");
    let manifest = broken.to_string().replace("command: [sleep, infinity]", "command: [sh, -c, exit 1]");
    lane.apply(&manifest);
    until_has(lane, "sts status web", "CrashLoop Fault");
    lane.apply(&manifest.replace("exit 1", "exit 2"));
    until("the new revision to be seen", || {
        let set = lane.find("sts/web")?;
        let (status, wanted) = (&set["status"], &set["metadata"]["generation"]);
        if status["observedGeneration"] == *wanted && status["updateRevision"] != status["currentRevision"] {
            Ok(())
        } else {
            Err(status.to_string())
        }
    });
    let file = lane.kubeconfig.with_extension("snapshot");
    lane.run(&format!("kubectl sts snapshot web > {}", file.display()));
    put_forward(&file);
    let now = std::fs::read_to_string(&file)
        .expect("the snapshot can be read")
        .replace("type: OnDelete", "type: RollingUpdate");
    let first = |version: &str| {
        std::fs::write(&file, now.replace("serverVersion: v1.36.3", &format!("serverVersion: {version}")))
            .expect("it can be written");
        told(lane, &format!("sts status web -f {}", file.display())).expect("a report").remove(0)
    };
    assert_eq!(first("v1.35.0"), "ParallelRolloutTrapped Fault");
    assert_eq!(first("v1.36.3"), "CrashLoop Fault");
}
