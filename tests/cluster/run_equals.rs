//! A Job made of a CronJob, against the one that kubectl itself makes: no field differs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::lane::{Lane, Scenario};

pub(crate) const SCENARIOS: &[Scenario] = &[Scenario::new("run-equals", equals)];

/// Fields of a JobSpec, of its pod's spec and of its container, in flow style, and of the template's metadata.
const JOBS: &[(&str, &str, &str, &str)] = &[
    ("", "", "", ""),
    ("suspend: true", "", "", ""),
    ("parallelism: 3, completions: 7", "", "", ""),
    ("parallelism: 0", "", "", ""),
    ("completionMode: Indexed, completions: 5, parallelism: 2", "", "", ""),
    ("completionMode: Indexed, completions: 5, backoffLimitPerIndex: 2, maxFailedIndexes: 3", "", "", ""),
    (
        "completionMode: Indexed, completions: 3, successPolicy: {rules: [{succeededIndexes: \"0,2\", succeededCount: 1}]}",
        "",
        "",
        "",
    ),
    ("backoffLimit: 0, activeDeadlineSeconds: 3600, ttlSecondsAfterFinished: 0", "", "", ""),
    ("podReplacementPolicy: Failed", "", "", ""),
    ("managedBy: example.com/queue", "", "", ""),
    (
        "podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {containerName: main, operator: In, values: [1, 42]}}, {action: Ignore, onPodConditions: [{type: DisruptionTarget}]}]}",
        "",
        "",
        "",
    ),
    (
        "completionMode: Indexed, completions: 2, backoffLimitPerIndex: 1, podFailurePolicy: {rules: [{action: FailIndex, onExitCodes: {operator: NotIn, values: [0]}}]}",
        "",
        "",
        "",
    ),
    ("", "", "", "labels: {app: x, team: db}, annotations: {note: \"a: b\"}"),
    ("", "", "", "annotations: {cronjob.kubernetes.io/instantiate: custom}"),
    ("", "", "", "finalizers: [example.com/keep], labels: {a: b}"),
    ("", "", "", "name: other, generateName: other-"),
    ("", "volumes: [{name: v, emptyDir: {}}]", "volumeMounts: [{name: v, mountPath: /v}]", ""),
    ("", "volumes: [{name: v, emptyDir: {medium: Memory, sizeLimit: 0.5Gi}}]", "", ""),
    (
        "",
        "volumes: [{name: v, configMap: {name: c, defaultMode: 0400, items: [{key: k, path: p, mode: 0444}], optional: true}}]",
        "",
        "",
    ),
    (
        "",
        "volumes: [{name: v, projected: {sources: [{serviceAccountToken: {path: t, audience: a}}, {downwardAPI: {items: [{path: l, fieldRef: {fieldPath: metadata.labels}}]}}]}}]",
        "",
        "",
    ),
    (
        "",
        "volumes: [{name: v, ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}}]",
        "",
        "",
    ),
    (
        "",
        "volumes: [{name: v, persistentVolumeClaim: {claimName: c, readOnly: true}}, {name: h, hostPath: {path: /tmp, type: Directory}}]",
        "",
        "",
    ),
    ("", "", "resources: {requests: {cpu: 0.5, memory: 128Mi}, limits: {cpu: \"1\", memory: 1G}}", ""),
    ("", "", "resources: {requests: {cpu: 100m, ephemeral-storage: 1e9}}", ""),
    (
        "",
        "",
        "env: [{name: A, value: b}, {name: B, valueFrom: {fieldRef: {fieldPath: metadata.name}}}, {name: C, valueFrom: {secretKeyRef: {name: s, key: k, optional: true}}}, {name: D, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}, {name: E}]",
        "",
    ),
    ("", "", "envFrom: [{configMapRef: {name: c}, prefix: P_}, {secretRef: {name: s, optional: true}}]", ""),
    (
        "",
        "",
        "livenessProbe: {exec: {command: [\"true\"]}, initialDelaySeconds: 5}, readinessProbe: {httpGet: {path: /, port: 80, httpHeaders: [{name: X, value: why}]}}, startupProbe: {tcpSocket: {port: web}}, ports: [{name: web, containerPort: 80}]",
        "",
    ),
    ("", "", "lifecycle: {preStop: {sleep: {seconds: 1}}, postStart: {exec: {command: [\"true\"]}}}", ""),
    (
        "",
        "",
        "securityContext: {runAsUser: 0, runAsNonRoot: false, capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}, readOnlyRootFilesystem: true, seccompProfile: {type: RuntimeDefault}}",
        "",
    ),
    (
        "",
        "securityContext: {fsGroup: 1000, supplementalGroups: [1, 2], sysctls: [{name: kernel.shm_rmid_forced, value: \"1\"}]}",
        "",
        "",
    ),
    (
        "",
        "nodeSelector: {disk: ssd}, tolerations: [{key: a, operator: Exists, effect: NoExecute, tolerationSeconds: 5}, {operator: Exists}]",
        "",
        "",
    ),
    (
        "",
        "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: Gt, values: [\"1\"]}]}]}}, podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: {topologyKey: z, labelSelector: {matchLabels: {a: b}}}}]}}",
        "",
        "",
    ),
    (
        "",
        "topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {a: b}}, minDomains: null}]",
        "",
        "",
    ),
    (
        "",
        "initContainers: [{name: init, image: \"busybox:1.36\", command: [\"true\"]}, {name: proxy, image: \"busybox:1.36\", restartPolicy: Always, command: [sleep, \"9\"]}]",
        "",
        "",
    ),
    (
        "",
        "imagePullSecrets: [{name: a}, {name: b}], serviceAccountName: default, automountServiceAccountToken: false",
        "",
        "",
    ),
    (
        "",
        "hostAliases: [{ip: 127.0.0.1, hostnames: [a, b]}], dnsPolicy: None, dnsConfig: {nameservers: [1.1.1.1], searches: [x], options: [{name: ndots, value: \"2\"}, {name: edns0}]}",
        "",
        "",
    ),
    ("", "hostNetwork: true, hostPID: true, shareProcessNamespace: false, enableServiceLinks: false", "", ""),
    (
        "",
        "priorityClassName: system-node-critical, preemptionPolicy: Never, schedulerName: other, terminationGracePeriodSeconds: 0, activeDeadlineSeconds: 9",
        "",
        "",
    ),
    (
        "",
        "readinessGates: [{conditionType: x.example/y}], schedulingGates: [{name: x.example/g}], setHostnameAsFQDN: true, hostname: h, subdomain: s",
        "",
        "",
    ),
    ("", "overhead: {cpu: 10m}, runtimeClassName: none, os: {name: linux}", "", ""),
    (
        "",
        "resourceClaims: [{name: gpu, resourceClaimTemplateName: t}]",
        "resources: {claims: [{name: gpu, request: r}]}",
        "",
    ),
    (
        "",
        "",
        "stdin: true, tty: true, stdinOnce: true, workingDir: /x, terminationMessagePath: /m, terminationMessagePolicy: FallbackToLogsOnError, imagePullPolicy: Always",
        "",
    ),
    ("", "", "args: [\"a: b\", \"$(X)\", \"\", \"ä\\u0000\"]", ""),
    (
        "",
        "volumes: [{name: d, emptyDir: {}}]",
        "volumeMounts: [{name: d, mountPath: /d, subPath: s, mountPropagation: None, recursiveReadOnly: Disabled, readOnly: true}]",
        "",
    ),
];

fn equals(lane: &Lane) {
    let mut made = Vec::new();
    for (at, (job, pod, container, meta)) in JOBS.iter().enumerate() {
        let name = format!("c{at}");
        let policy = if at % 2 == 0 { "Allow" } else { "Forbid" };
        let cron = format!(
            "{{apiVersion: batch/v1, kind: CronJob, metadata: {{name: {name}, labels: {{of: the-cronjob}}}}, spec: {{schedule: \"0 0 1 1 *\", concurrencyPolicy: {policy}, suspend: true, jobTemplate: {{metadata: {{{meta}}}, spec: {{{job}{}template: {{spec: {{restartPolicy: Never, {pod}{}containers: [{{name: main, image: \"busybox:1.36\"{}{container}}}]}}}}}}}}}}}}",
            comma(job),
            comma(pod),
            if container.is_empty() { "" } else { ", " },
        );
        let file = lane.kubeconfig.with_extension(format!("{name}.yaml"));
        std::fs::write(&file, format!("---\n{cron}\n")).unwrap();
        // What this server refuses can't be run by anybody.
        match lane.attempt(&format!("kubectl apply -f {}", file.display())) {
            Ok(_) => made.push(name),
            Err(why) => lane.say(&format!("{name} is refused: {}", why.trim())),
        }
    }
    assert!(made.len() >= 40, "{} CronJobs", made.len());
    let mut differing = String::new();
    for name in &made {
        let theirs =
            normal(&lane.run(&format!("kubectl create job by-hand --from=cronjob/{name} --dry-run=client -o json")));
        let ours =
            normal(&lane.run(&format!("kubectl job run {name} by-hand --dry-run=client -o json --if-active=ignore")));
        if theirs != ours {
            writeln!(differing, "{name}:\nkubectl {theirs:#}\nours {ours:#}").unwrap();
        }
        // And what is stored is the same but for its name and what the server makes anew.
        let theirs =
            normal(&lane.run(&format!("kubectl create job by-hand --from=cronjob/{name} --dry-run=server -o json")));
        let ours =
            normal(&lane.run(&format!("kubectl job run {name} by-hand --dry-run=server -o json --if-active=ignore")));
        if theirs != ours {
            writeln!(differing, "{name}, stored:\nkubectl {theirs:#}\nours {ours:#}").unwrap();
        }
    }
    assert!(differing.is_empty(), "{differing}");
    lane.say(&format!("{} CronJobs, no field differs", made.len()));
}

fn comma(text: &str) -> &str {
    if text.is_empty() { "" } else { ", " }
}

/// Without what typed structs print for nothing, and what is new in each answer.
fn normal(text: &str) -> Value {
    let mut job: Value = serde_json::from_str(text).unwrap();
    let uid = job["metadata"]["uid"].as_str().unwrap_or("no uid").to_owned();
    job = serde_json::from_str(&job.to_string().replace(&uid, "UID")).unwrap();
    for field in ["creationTimestamp", "uid", "resourceVersion", "managedFields", "namespace", "generation"] {
        job["metadata"].as_object_mut().unwrap().remove(field);
    }
    job.as_object_mut().unwrap().remove("status");
    drop_nulls(&mut job);
    if job["spec"]["template"]["metadata"] == json!({}) {
        job["spec"]["template"].as_object_mut().unwrap().remove("metadata");
    }
    job
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}
