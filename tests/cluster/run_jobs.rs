//! A CronJob run by hand and followed to its end: real controllers, kubelets and users.
// What panics here is a failed scenario.
#![allow(clippy::unwrap_used, clippy::similar_names, clippy::format_push_string)]

use std::time::Instant;

use serde_json::Value;

use crate::lane::{Lane, Scenario, until};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new("run-ends", ends).quick(),
    Scenario::new("run-pruned", pruned).quick(),
    Scenario::new("run-once", once).quick(),
    Scenario::new("run-codes", codes),
    Scenario::new("run-retries", retries),
    Scenario::new("run-parallel", parallel),
    Scenario::new("run-stuck", stuck),
    Scenario::new("run-held", held),
    Scenario::new("run-gone", gone),
    Scenario::new("run-beside", beside),
    Scenario::new("run-sidecars", sidecars),
    Scenario::new("run-roles", roles),
    Scenario::new("rerun-shapes", rerun_shapes),
    Scenario::new("clean-jobs", clean_jobs),
];

/// A CronJob that does not start by itself. `cron`, `job` and `pod` are further fields in flow style.
pub(crate) fn cron(name: &str, script: &str, cron: &str, job: &str, pod: &str) -> String {
    format!(
        "apiVersion: batch/v1
kind: CronJob
metadata: {{name: {name}}}
spec:
  schedule: 0 0 1 1 *
  {cron}
  jobTemplate:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      {job}
      template:
        metadata: {{labels: {{app: {name}}}}}
        spec:
          restartPolicy: Never
          terminationGracePeriodSeconds: 1
          {pod}
          containers:
          - {{name: main, image: \"busybox:1.36\", command: [sh, -c, {script:?}]}}
"
    )
}

/// Runs it and checks the exit code; both streams.
fn ends_in(lane: &Lane, line: &str, code: i32) -> String {
    let ran = lane.try_run(line);
    assert_eq!(ran.code, code, "{ran}");
    format!("{}{}", ran.stdout, ran.stderr)
}

/// The tutorial's errand: run by hand, once well and once not.
fn ends(lane: &Lane) {
    lane.apply(&cron("good", "echo saved", "", "backoffLimit: 0", ""));
    lane.apply(&cron("bad", "echo broken; exit 3", "", "backoffLimit: 0", ""));
    lane.any_node();
    let told = ends_in(lane, "kubectl job run good now --wait", 0);
    assert!(told.starts_with("job.batch/now created\n") && told.contains("job now: complete after "), "{told}");
    let told = ends_in(lane, "kubectl job run bad broken --wait", 10);
    assert!(
        told.contains("job broken: failed after ") && told.contains("container main failed: exit code 3"),
        "{told}"
    );
    assert!(told.contains("ended with exit code 3"), "{told}");
    ends_in(lane, "kubectl job run bad mirrored --wait --exit-code-from=container", 3);
    ends_in(lane, "kubectl job run good changed --wait -- sh -c 'exit 0'", 0);
    assert_eq!(lane.field("job/changed", "/spec/template/spec/containers/0/command/2"), "exit 0");
    let file = lane.kubeconfig.with_extension("backup-job.yaml");
    std::fs::write(&file, "apiVersion: batch/v1\nkind: Job\nmetadata: {name: backup}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: backup, image: \"busybox:1.36\", command: [\"true\"]}]}}}\n").unwrap();
    ends_in(lane, &format!("kubectl job run --filename {} --wait", file.display()), 0);
    ends_in(lane, &format!("kubectl job run --filename {} --wait", file.display()), 1);
    ends_in(lane, "kubectl job rerun backup again --wait", 0);
}

/// A Job that is deleted the moment it ends, by TTL and by history limits, each several times: its result is never missed.
fn pruned(lane: &Lane) {
    lane.apply(&cron("ttl", "exit $CODE", "", "backoffLimit: 0\n      ttlSecondsAfterFinished: 0", ""));
    lane.apply(&cron(
        "limits",
        "exit $CODE",
        "successfulJobsHistoryLimit: 0\n  failedJobsHistoryLimit: 0",
        "backoffLimit: 0",
        "",
    ));
    for round in 0..3 {
        for (name, code, ends) in [("ttl", 0, 0), ("ttl", 1, 10), ("limits", 0, 0), ("limits", 4, 10)] {
            let told =
                ends_in(lane, &format!("kubectl job run {name} {name}-{code}-{round} --env CODE={code} --wait"), ends);
            assert!(told.contains("the moment"), "{told}");
            lane.until_gone(&format!("job/{name}-{code}-{round}"));
        }
    }
}

/// Ten at once under one key are one Job.
fn once(lane: &Lane) {
    lane.apply(&cron("nightly", "sleep 1", "", "backoffLimit: 0", ""));
    let ran = lane.run("for n in $(seq 10); do kubectl job run nightly --idempotency-key ticket-7 & done; wait");
    let lines: Vec<&str> = ran.lines().collect();
    assert_eq!(lines.iter().filter(|line| line.ends_with(" created")).count(), 1, "{ran}");
    assert_eq!(lines.iter().filter(|line| line.ends_with(" unchanged")).count(), 9, "{ran}");
    let jobs = lane.find("jobs").unwrap();
    assert_eq!(jobs["items"].as_array().map(Vec::len), Some(1));
    // The follower that comes later finds the same Job and its result.
    ends_in(lane, "kubectl job run nightly --idempotency-key ticket-7 --wait", 0);
}

/// Each way to end has its code.
fn codes(lane: &Lane) {
    lane.apply(&cron("deadline", "sleep 60", "", "activeDeadlineSeconds: 3", ""));
    ends_in(lane, "kubectl job run deadline --wait", 11);
    let policy = "backoffLimit: 6\n      podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {operator: In, values: [42]}}]}";
    lane.apply(&cron("policy", "exit 42", "", policy, ""));
    let told = ends_in(lane, "kubectl job run policy --wait", 10);
    assert!(told.contains("PodFailurePolicy: "), "{told}");
    let index = "completionMode: Indexed\n      completions: 2\n      parallelism: 2\n      backoffLimitPerIndex: 0";
    lane.apply(&cron("indexes", "exit $JOB_COMPLETION_INDEX", "", index, ""));
    let told = ends_in(lane, "kubectl job run indexes --wait", 10);
    assert!(told.contains("FailedIndexes: Job has failed indexes"), "{told}");
    let max = format!("{index}\n      maxFailedIndexes: 0");
    lane.apply(&cron("max", "exit 1", "", &max, ""));
    assert!(ends_in(lane, "kubectl job run max --wait", 10).contains("MaxFailedIndexesExceeded: "));
    let success = "completionMode: Indexed\n      completions: 3\n      parallelism: 3\n      successPolicy: {rules: [{succeededIndexes: \"0\"}]}";
    lane.apply(&cron("success", "[ $JOB_COMPLETION_INDEX = 0 ] || sleep 60", "", success, ""));
    ends_in(lane, "kubectl job run success --wait", 0);
    lane.apply(&cron("memory", "tail /dev/zero", "", "backoffLimit: 0", ""));
    let told = ends_in(
        lane,
        "kubectl job run memory --wait --exit-code-from=container --patch <(echo 'spec: {template: {spec: {containers: [{name: main, resources: {limits: {memory: 8Mi}}}]}}}')",
        137,
    );
    assert!(told.contains("OOMKilled"), "{told}");
    lane.apply(&cron(
        "init",
        "true",
        "",
        "backoffLimit: 0",
        "initContainers: [{name: migrate, image: \"busybox:1.36\", command: [sh, -c, \"exit 5\"]}]",
    ));
    let told = ends_in(lane, "kubectl job run init --wait --exit-code-from=container", 5);
    assert!(told.contains("container migrate of pod"), "{told}");
}

/// Retries in pods of their own, and in place, where the controller kills the last attempt.
fn retries(lane: &Lane) {
    lane.apply(&cron("never", "exit 7", "", "backoffLimit: 1", ""));
    let told = ends_in(lane, "kubectl job run never --wait --exit-code-from=container", 7);
    assert_eq!(told.matches(": running\n").count(), 2, "{told}");
    assert!(told.contains("RetryWaiting: The next pod is made in "), "{told}");
    let place =
        cron("place", "exit 9", "", "backoffLimit: 1", "").replace("restartPolicy: Never", "restartPolicy: OnFailure");
    lane.apply(&place);
    let told = ends_in(lane, "kubectl job run place --wait --exit-code-from=container", 9);
    assert!(told.contains("restarted in place, attempt 2"), "{told}");
}

/// Eight completions, four at a time; indexed and not.
fn parallel(lane: &Lane) {
    lane.apply(&cron("eight", "sleep 1", "", "completions: 8\n      parallelism: 4", ""));
    let told = ends_in(lane, "kubectl job run eight --wait", 0);
    assert_eq!(told.matches(": succeeded\n").count(), 8, "{told}");
    lane.apply(&cron(
        "indexed",
        "sleep 1",
        "",
        "completions: 8\n      parallelism: 4\n      completionMode: Indexed",
        "",
    ));
    ends_in(lane, "kubectl job run indexed --wait", 0);
}

/// What never starts ends at its time, and stays or goes.
fn stuck(lane: &Lane) {
    lane.apply(&cron("image", "true", "", "", "").replace("busybox:1.36", "registry.invalid/nope:1"));
    lane.apply(
        &cron("secret", "true", "", "", "").replace("command:", "envFrom: [{secretRef: {name: nope}}], command:"),
    );
    lane.apply(&cron("nodes", "true", "", "", "nodeSelector: {no: such}"));
    lane.apply(&cron("claim", "true", "", "", "volumes: [{name: v, persistentVolumeClaim: {claimName: nope}}]"));
    lane.apply(&cron("account", "true", "", "", "serviceAccountName: ghost"));
    for name in ["image", "secret", "nodes", "claim", "account"] {
        let told = ends_in(lane, &format!("kubectl job run {name} {name} --wait --start-timeout 5"), 12);
        assert!(told.contains("no container of it has run"), "{told}");
        assert!(lane.find(&format!("job/{name}")).is_ok());
    }
    ends_in(lane, "kubectl job run image cancelled --wait --start-timeout 2 --cancel-on-timeout", 12);
    lane.until_gone("job/cancelled");
    lane.until_gone("pods -l batch.kubernetes.io/job-name=cancelled");
    lane.apply(&cron("long", "sleep 100", "", "", ""));
    ends_in(lane, "kubectl job run long --wait --timeout 4s --start-timeout 1m", 124);
    let told = ends_in(lane, "timeout --preserve-status -s INT 3 kubectl job run long interrupted --wait", 130);
    assert!(told.contains("goes on; to follow it again"), "{told}");
    assert_eq!(lane.field("job/interrupted", "/status/active"), "1");
    lane.run("kubectl create quota none --hard=pods=0");
    let told = ends_in(lane, "kubectl job run long full --wait --start-timeout 3", 12);
    assert!(told.contains("note: quota none leaves no room: pods is "), "{told}");
}

/// Suspended, managed elsewhere, without parallelism: said, not waited for in silence.
fn held(lane: &Lane) {
    lane.apply(&cron("suspended", "true", "suspend: true", "suspend: true", ""));
    let told = ends_in(lane, "kubectl job run suspended --wait --start-timeout 2", 12);
    assert!(told.contains("cronjob suspended is suspended") && told.contains("is created suspended"), "{told}");
    ends_in(lane, "kubectl job run suspended --wait --suspend=false", 0);
    // Somebody lets it run while it is followed.
    ends_in(
        lane,
        "(sleep 2; kubectl patch job later -p '{\"spec\":{\"suspend\":false}}' >&2) & kubectl job run suspended later --wait; code=$?; wait; exit $code",
        0,
    );
    lane.apply(&cron("zero", "true", "", "parallelism: 0", ""));
    assert!(ends_in(lane, "kubectl job run zero --wait --start-timeout 2", 12).contains("parallelism is 0"));
    lane.apply(&cron("managed", "true", "", "managedBy: example.com/other", ""));
    assert!(ends_in(lane, "kubectl job run managed --wait --start-timeout 2", 12).contains("example.com/other"));
}

/// Deleted by somebody else, and made again under its name.
fn gone(lane: &Lane) {
    lane.apply(&cron("long", "sleep 100", "", "", ""));
    let start = Instant::now();
    let told = ends_in(
        lane,
        "(sleep 4; kubectl delete job gone --wait=false >&2) & kubectl job run long gone --wait; code=$?; wait; exit $code",
        13,
    );
    assert!(start.elapsed().as_secs() < 60 && told.contains("job gone: deleted\n"), "{told}");
    let again = "kubectl delete job same --wait=false >&2; kubectl create job same --image=busybox:1.36 -- true >&2";
    ends_in(lane, &format!("(sleep 4; {again}) & kubectl job run long same --wait; code=$?; wait; exit $code"), 13);
    lane.until_condition("job/same", "Complete", "True");
    // A pod that is deleted is replaced, and the verdict is the Job's.
    let deletes = "until kubectl get pod -l batch.kubernetes.io/job-name=replaced -o name | grep -q .; do sleep 0.3; done; sleep 2; kubectl delete pod -l batch.kubernetes.io/job-name=replaced --wait=false >&2";
    lane.apply(&cron("short", "sleep 6", "", "backoffLimit: 3", ""));
    let told =
        ends_in(lane, &format!("({deletes}) & kubectl job run short replaced --wait; code=$?; wait; exit $code"), 0);
    assert!(told.contains("being deleted") && told.matches(": succeeded\n").count() == 1, "{told}");
}

/// A scheduled run under Forbid, and runs by hand beside it.
fn beside(lane: &Lane) {
    let every_minute =
        cron("busy", "sleep 300", "concurrencyPolicy: Forbid", "", "").replace("0 0 1 1 *", "'* * * * *'");
    lane.apply(&every_minute);
    let scheduled = until("a scheduled run", || {
        let jobs = lane.find("jobs -l app=busy")?;
        let name = jobs["items"][0]["metadata"]["name"].as_str().map(str::to_owned);
        name.ok_or_else(|| "there is none".to_owned())
    });
    until("its pod to run", || match lane.field(&format!("job/{scheduled}"), "/status/active").as_str() {
        "1" => Ok(()),
        other => Err(other.to_owned()),
    });
    let told = ends_in(lane, "kubectl job run busy --if-active=refuse", 3);
    assert!(
        told.contains(&format!("refused: cronjob busy has a run that goes on: {scheduled} (scheduled, ")),
        "{told}"
    );
    let told = ends_in(lane, "kubectl job run busy by-hand --if-active=warn", 0);
    assert!(told.contains("Forbid does not see runs that are made by hand"), "{told}");
    lane.run(&format!(
        "kubectl delete job {scheduled} --wait=false; kubectl patch cronjob busy -p '{{\"spec\":{{\"suspend\":true}}}}'"
    ));
    lane.until_gone(&format!("job/{scheduled}"));
    // Only the one by hand goes on, which status.active does not hold.
    let told = ends_in(lane, "kubectl job run busy --if-active=refuse", 3);
    assert!(told.contains("by-hand (made by hand, "), "{told}");
    ends_in(lane, "kubectl job run busy replaced --if-active=replace", 3);
    let told = ends_in(lane, "kubectl job run busy replaced --if-active=replace --yes", 0);
    assert!(told.contains("job by-hand deleted"), "{told}");
    assert!(lane.find("job/by-hand").is_err());
    let wait = "(sleep 3; kubectl delete job replaced --wait=false >&2) & kubectl job run busy waited --if-active=wait; code=$?; wait; exit $code";
    let told = ends_in(lane, wait, 0);
    assert!(told.contains("waiting: cronjob busy has a run that goes on: replaced (made by hand, "), "{told}");
}

/// A plain sidecar holds the Job, a native one does not.
fn sidecars(lane: &Lane) {
    let plain = cron("plain", "true", "", "", "").replace(
        "          containers:\n",
        "          containers:\n          - {name: proxy, image: \"busybox:1.36\", command: [sleep, \"300\"]}\n",
    );
    lane.apply(&plain);
    let told = ends_in(lane, "kubectl job run plain --wait --success-from main", 0);
    assert!(told.contains("container main succeeded") && told.contains("the Job itself goes on"), "{told}");
    ends_in(lane, "kubectl job run plain --wait --timeout 4s", 124);
    let told = ends_in(lane, "kubectl job run plain --env A=b", 1);
    assert!(told.contains("choose one of: proxy, main"), "{told}");
    let native =
        "initContainers: [{name: proxy, restartPolicy: Always, image: \"busybox:1.36\", command: [sleep, \"300\"]}]";
    lane.apply(&cron("native", "true", "", "", native));
    ends_in(lane, "kubectl job run native --wait --exit-code-from=container", 0);
}

/// Exactly the documented permissions, and each of them missing once.
fn roles(lane: &Lane) {
    lane.apply(&cron("good", "exit 4", "", "backoffLimit: 0", ""));
    let rules = [
        ("getcron", "{apiGroups: [batch], resources: [cronjobs], verbs: [get]}"),
        ("create", "{apiGroups: [batch], resources: [jobs], verbs: [create]}"),
        ("get", "{apiGroups: [batch], resources: [jobs], verbs: [get]}"),
        ("list", "{apiGroups: [batch], resources: [jobs], verbs: [list]}"),
        ("watch", "{apiGroups: [batch], resources: [jobs], verbs: [watch]}"),
        ("quota", "{apiGroups: [\"\"], resources: [resourcequotas], verbs: [list]}"),
        ("pods", "{apiGroups: [\"\"], resources: [pods], verbs: [list]}"),
        ("podwatch", "{apiGroups: [\"\"], resources: [pods], verbs: [watch]}"),
        ("events", "{apiGroups: [\"\"], resources: [events], verbs: [list]}"),
    ];
    let mut answers = String::new();
    for missing in ["none"].into_iter().chain(rules.iter().map(|(name, _)| *name)) {
        let granted: Vec<&str> = rules.iter().filter(|(name, _)| *name != missing).map(|(_, rule)| *rule).collect();
        lane.apply(&format!(
            "apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: no-{missing}}}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: no-{missing}}}\nrules: [{}]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {{name: no-{missing}}}\nroleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: no-{missing}}}\nsubjects: [{{kind: ServiceAccount, name: no-{missing}}}]\n",
            granted.join(", ")
        ));
        lane.run(&format!("kubectl config set-credentials no-{missing} --token $(kubectl create token no-{missing}) && kubectl config set-context no-{missing} --cluster testbed --user no-{missing} --namespace {}", lane.namespace));
        let ran =
            lane.try_run(&format!("kubectl job run good run-{missing} --wait --context no-{missing} --timeout 60s"));
        // The server's words; what the verdicts leave open for want of them is theirs.
        let notes: Vec<&str> = ran.stderr.lines().filter(|line| line.contains("is forbidden")).collect();
        let code = ran.stderr.contains("ended with exit code 4");
        answers += &format!("without {missing}: exit code {}, container's code told: {code}\n", ran.code);
        for note in notes {
            let what = note.split("cannot ").nth(1).unwrap_or(note).replace(&lane.namespace, "NAMESPACE");
            answers += &format!("  cannot {what}\n");
        }
    }
    insta::assert_snapshot!(answers, @r#"
    without none: exit code 10, container's code told: true
    without getcron: exit code 1, container's code told: false
      cannot get resource "cronjobs" in API group "batch" in the namespace "NAMESPACE"
    without create: exit code 1, container's code told: false
      cannot create resource "jobs" in API group "batch" in the namespace "NAMESPACE"
    without get: exit code 10, container's code told: true
    without list: exit code 10, container's code told: true
      cannot list resource "jobs" in API group "batch" in the namespace "NAMESPACE": can't tell whether another run goes on
    without watch: exit code 10, container's code told: true
      cannot watch resource "jobs" in API group "batch" in the namespace "NAMESPACE": the Job is looked at every second
    without quota: exit code 10, container's code told: true
      cannot list resource "resourcequotas" in API group "" in the namespace "NAMESPACE": can't tell whether a quota leaves room
    without pods: exit code 10, container's code told: false
      cannot list resource "pods" in API group "" in the namespace "NAMESPACE": can't tell how its pods come along
    without podwatch: exit code 10, container's code told: true
      cannot watch resource "pods" in API group "" in the namespace "NAMESPACE": its pods are looked at every second
    without events: exit code 10, container's code told: true
    "#);
}

/// Indexes 0 and 2 succeed, the others once they are cured and under their own host name.
const PARTLY: &str = r#"
apiVersion: batch/v1
kind: Job
metadata: {name: partly}
spec:
  completionMode: Indexed
  completions: 4
  parallelism: 4
  backoffLimitPerIndex: 0
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: busybox:1.36
        command: [sh, -c, 'case $JOB_COMPLETION_INDEX in 0|2) exit 0;; esac; [ "$CURED" = yes ] && [ "$HOSTNAME" = partly-$JOB_COMPLETION_INDEX ]']
"#;

/// A clean Job out of every shape, which shares no pod with the old one's selector.
fn rerun_shapes(lane: &Lane) {
    lane.apply(&cron("nightly", "true", "", "backoffLimit: 0", ""));
    lane.run("kubectl job run nightly child --wait");
    let shapes = [
        ("indexed", "completionMode: Indexed, completions: 2, parallelism: 2", ""),
        ("manual", "manualSelector: true, selector: {matchLabels: {own: manual}}", ""),
        (
            "hook",
            "backoffLimit: 0",
            "annotations: {helm.sh/hook: test, argocd.argoproj.io/hook: Sync}, finalizers: [example.com/keep], labels: {a: b}",
        ),
        (
            "policy",
            "backoffLimit: 1, podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [{type: DisruptionTarget}]}]}, podReplacementPolicy: Failed",
            "",
        ),
        ("perindex", "completionMode: Indexed, completions: 2, backoffLimitPerIndex: 1, maxFailedIndexes: 1", ""),
        ("success", "completionMode: Indexed, completions: 2, successPolicy: {rules: [{succeededCount: 1}]}", ""),
        ("ttl", "ttlSecondsAfterFinished: 600, activeDeadlineSeconds: 60", ""),
        ("queue", "parallelism: 2", ""),
    ];
    for (name, spec, meta) in shapes {
        lane.apply(&format!(
            "{{apiVersion: batch/v1, kind: Job, metadata: {{name: {name}, {meta}}}, spec: {{{spec}, template: {{metadata: {{labels: {{own: {name}}}}}, spec: {{restartPolicy: Never, containers: [{{name: main, image: \"busybox:1.36\", command: [\"true\"]}}]}}}}}}}}\n"
        ));
    }
    for name in shapes.iter().map(|(name, ..)| *name).chain(["child"]) {
        lane.until_condition(&format!("job/{name}"), "Complete", "True");
        ends_in(lane, &format!("kubectl job rerun {name} --dry-run=server"), 0);
        ends_in(lane, &format!("kubectl job rerun {name} {name}-again --wait"), 0);
        let old = lane.find(&format!("job/{name}")).unwrap();
        let pairs = old["spec"]["selector"]["matchLabels"].as_object().unwrap().iter();
        let selector: Vec<String> = pairs.map(|(key, value)| format!("{key}={}", value.as_str().unwrap())).collect();
        let pods = lane.find(&format!("pods -l {}", selector.join(","))).unwrap();
        let owner = |pod: &Value| pod["metadata"]["ownerReferences"][0]["uid"].clone();
        for pod in pods["items"].as_array().unwrap() {
            assert_eq!(owner(pod), old["metadata"]["uid"], "{name}: its selector selects a pod of the rerun");
        }
        let new = lane.find(&format!("job/{name}-again")).unwrap();
        let kept = ["helm.sh/hook", "argocd.argoproj.io/hook"].map(|key| new["metadata"]["annotations"][key].clone());
        assert_eq!((kept, new["metadata"]["finalizers"].clone()), ([Value::Null, Value::Null], Value::Null));
    }
    // Of an Indexed Job only what did not succeed: each index finds itself where it always did.
    lane.apply(PARTLY);
    lane.until_condition("job/partly", "Failed", "True");
    let told = ends_in(lane, "kubectl job rerun partly --failed-indexes --env CURED=yes --wait", 0);
    for index in [1, 3] {
        assert_eq!(told.matches(&format!("job.batch/partly-{index}-rerun-")).count(), 1, "{told}");
    }
    assert_eq!(told.matches("job.batch/").count(), 2, "{told}");
    lane.run("kubectl patch job hook --type json -p '[{\"op\":\"remove\",\"path\":\"/metadata/finalizers\"}]'");
    assert_eq!(lane.field("job/child-again", "/metadata/ownerReferences/0/name"), "nightly");
}

/// Ended Jobs go with their pods; what runs, what is kept and what changed in between stays.
fn clean_jobs(lane: &Lane) {
    lane.apply(&cron("nightly", "true", "", "backoffLimit: 0", ""));
    lane.run("kubectl job run nightly kept --wait");
    let finished = ["one", "two", "raced", "reborn", "adopted"];
    for name in finished {
        lane.run(&format!("kubectl create job {name} --image=busybox:1.36 -- true"));
    }
    lane.run("kubectl create job goes-on --image=busybox:1.36 -- sleep 300");
    for name in finished {
        lane.until_condition(&format!("job/{name}"), "Complete", "True");
    }
    let told = ends_in(lane, "kubectl job clean --succeeded --dry-run=server", 0);
    assert_eq!(told.matches("(server dry run)").count(), 5, "{told}");
    assert!(
        told.contains("job/kept is passed over: cronjob nightly keeps it by its successfulJobsHistoryLimit"),
        "{told}"
    );
    ends_in(lane, "kubectl job clean goes-on --yes", 3);
    // Between the plan and its end, while somebody types slowly, one is written, one made anew under its name, one becomes another's: they are
    // left, the others go.
    let owner = lane.field("serviceaccount/default", "/metadata/uid");
    let meanwhile = format!(
        "kubectl annotate job raced touched=yes; kubectl delete job reborn; kubectl create job reborn --image=busybox:1.36 -- sleep 300; \
         kubectl patch job adopted --type merge -p \"{{\\\"metadata\\\":{{\\\"ownerReferences\\\":[{{\\\"apiVersion\\\":\\\"v1\\\",\\\"kind\\\":\\\"ServiceAccount\\\",\\\"name\\\":\\\"default\\\",\\\"uid\\\":\\\"{owner}\\\",\\\"controller\\\":true}}]}}}}\""
    );
    let slow = "script -qc 'kubectl job clean --succeeded; echo it ended in $?' /dev/null < <(sleep 2; { MEANWHILE; } >&2; echo \"5 NAMESPACE\"; sleep 5)";
    let slow = slow.replace("MEANWHILE", &meanwhile);
    let told = lane.try_run(&slow.replace("NAMESPACE", &lane.namespace)).stdout;
    assert!(told.contains("it ended in 1"), "{told}");
    for name in ["raced", "reborn", "adopted"] {
        assert!(told.contains(&format!("job/{name} is left: it has changed since it was shown")), "{told}");
    }
    lane.until_gone("job/one");
    lane.until_gone("pods -l batch.kubernetes.io/job-name=two");
    assert!(lane.find("job/raced").is_ok() && lane.find("job/goes-on").is_ok() && lane.find("job/kept").is_ok());
    assert!(lane.find("job/reborn").is_ok() && lane.find("job/adopted").is_ok());
    lane.run("kubectl delete job raced --cascade=orphan");
    lane.until_gone("job/raced");
    let told = ends_in(lane, "kubectl job clean --orphans --yes", 0);
    assert_eq!(told.matches(" deleted\n").count(), 1, "{told}");
    lane.until_gone("pods -l batch.kubernetes.io/job-name=raced");
    ends_in(lane, "kubectl job clean kept --include-managed --yes", 0);
}
