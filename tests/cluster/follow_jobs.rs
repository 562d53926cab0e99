//! `run --follow` on real controllers and kubelets: no line lost, what stands in the way named in time, the right end.
// What panics here is a failed scenario.
#![allow(clippy::unwrap_used, clippy::similar_names, clippy::format_push_string)]

use serde_json::Value;

use crate::lane::{Lane, Ran, Scenario, until};
use crate::run_jobs::cron;

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new("follow-lines", lines).quick(),
    Scenario::new("follow-pruned", pruned),
    Scenario::new("follow-named", named),
    Scenario::new("follow-ends", ends),
    Scenario::new("follow-gone", gone),
    Scenario::new("follow-roles", roles),
    Scenario::new("follow-node-dies", node_dies).alone(),
];

/// Five numbered lines, then this.
fn counts(then: &str) -> String {
    format!("for n in 1 2 3 4 5; do echo line $n; sleep 0.2; done; {then}")
}

/// What the pods of a Job wrote: each pod's lines in their order.
fn of_pods(stdout: &str) -> Vec<Vec<&str>> {
    let mut pods: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in stdout.lines() {
        let (pod, text) = line.split_once("] ").unwrap_or_else(|| panic!("no line of a pod's: {line}"));
        match pods.iter_mut().find(|(name, _)| *name == pod) {
            Some((_, lines)) => lines.push(text),
            None => pods.push((pod, vec![text])),
        }
    }
    pods.into_iter().map(|(_, lines)| lines).collect()
}

const FIVE: [&str; 5] = ["line 1", "line 2", "line 3", "line 4", "line 5"];

/// Each pod's five lines once and in order, and the word that this is certain.
fn whole(ran: &Ran, pods: usize) {
    let seen = of_pods(&ran.stdout);
    assert_eq!(seen.len(), pods, "{ran}");
    assert!(seen.iter().all(|lines| *lines == FIVE), "{ran}");
    assert!(ran.stderr.contains(": complete, every end verified\n"), "{ran}");
}

fn follows(lane: &Lane, command: &str, code: i32) -> Ran {
    let ran = lane.try_run(command);
    assert_eq!(ran.code, code, "{ran}");
    ran
}

/// Success, failure with pods that stay, and with one that the controller deletes the moment it ends.
fn lines(lane: &Lane) {
    lane.apply(&cron("good", &counts("exit 0"), "", "backoffLimit: 0", ""));
    let ran = follows(lane, "kubectl job run good now -f", 0);
    whole(&ran, 1);
    assert!(
        ran.stderr.starts_with("job.batch/now created\n") && ran.stderr.contains("job now: complete after "),
        "{ran}"
    );
    lane.apply(&cron("never", &counts("exit 3"), "", "backoffLimit: 1", ""));
    let ran = follows(lane, "kubectl job run never -f", 10);
    whole(&ran, 2);
    assert!(ran.stderr.contains("RetryWaiting: The next pod is made in "), "{ran}");
    let place =
        cron("place", &counts("exit 4"), "", "backoffLimit: 1", "").replace("Policy: Never", "Policy: OnFailure");
    lane.apply(&place);
    let ran = follows(lane, "kubectl job run place place -f --exit-code-from=container", 4);
    let attempts = ran.stdout.matches("] line 1\n").count();
    assert!(ran.stdout.matches("] line 5\n").count() >= 1 && attempts == 2, "{ran}");
    lane.until_gone("pods -l batch.kubernetes.io/job-name=place");
}

/// Pruned at once with their pods, eight at four a time, as records, and into a pipe that nobody reads to its end.
fn pruned(lane: &Lane) {
    lane.apply(&cron("good", &counts("exit 0"), "", "backoffLimit: 0", ""));
    lane.apply(&cron("never", &counts("exit 3"), "", "backoffLimit: 1", ""));
    lane.apply(&cron("ttl", &counts("exit $CODE"), "", "backoffLimit: 0\n      ttlSecondsAfterFinished: 0", ""));
    let none = "successfulJobsHistoryLimit: 0\n  failedJobsHistoryLimit: 0";
    lane.apply(&cron("limits", &counts("exit $CODE"), none, "backoffLimit: 0", ""));
    for (name, code, ends) in [("ttl", 0, 0), ("ttl", 5, 10), ("limits", 0, 0), ("limits", 5, 10)] {
        whole(&follows(lane, &format!("kubectl job run {name} {name}-{code} -f --env CODE={code}"), ends), 1);
        lane.until_gone(&format!("job/{name}-{code}"));
    }
    lane.apply(&cron("eight", &counts("exit 0"), "", "completions: 8\n      parallelism: 4", ""));
    whole(&follows(lane, "kubectl job run eight -f", 0), 8);
    // Records for a script: every line, and the result as the last.
    let ran = follows(lane, "kubectl job run good as-records -f -o json", 0);
    let records: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(records.iter().filter(|record| record["kind"] == "line").count(), 5, "{ran}");
    assert_eq!(records.last().unwrap()["items"][0]["result"], "Complete", "{ran}");
    // A reader that goes away changes nothing about the result.
    let ran = follows(lane, "kubectl job run never with-head -f | head -n 1; exit ${PIPESTATUS[0]}", 10);
    assert_eq!(of_pods(&ran.stdout), [["line 1"]], "{ran}");
}

const BUSYBOX: &str = "image: 'busybox:1.36', command: [sleep, '60'], resources: {requests: {cpu: 10m, memory: 8Mi}, limits: {memory: 16Mi}}";

/// A CronJob of that NAME, with such a container, and more of its pod's spec.
fn waits(container: &str, pod: &str) -> String {
    format!(
        "{{apiVersion: batch/v1, kind: CronJob, metadata: {{name: NAME}}, spec: {{schedule: 0 0 1 1 *, jobTemplate: {{spec: {{template: {{spec: {{restartPolicy: Never, terminationGracePeriodSeconds: 1, {pod} containers: [{{name: main, {container}}}]}}}}}}}}}}}}\n"
    )
}

/// A follow of each, and each line of stderr with the time at which it came.
const TIMED: &str = "for name in NAMES; do kubectl job run $name $name -f --timeout 25s 2>&1 >/dev/null | while IFS= read -r line; do echo \"$(date +%s.%N) $line\"; done >$KUBECONFIG.$name & done; wait";

/// What hangs without a word in its own status is named within five seconds of what tells it.
fn named(lane: &Lane) {
    let namespace = &lane.namespace;
    lane.apply(&format!(
        "apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {{name: {namespace}}}
spec:
  matchConstraints: {{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {namespace}}}}}, resourceRules: [{{apiGroups: [\"\"], apiVersions: [v1], operations: [CREATE], resources: [pods]}}]}}
  validations: [{{expression: \"!has(object.spec.priorityClassName)\", message: pods of a priority are not allowed}}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {{name: {namespace}}}
spec: {{policyName: {namespace}, validationActions: [Deny]}}
---
{{apiVersion: v1, kind: LimitRange, metadata: {{name: small}}, spec: {{limits: [{{type: Container, max: {{memory: 64Mi}}}}]}}}}
---
{{apiVersion: v1, kind: ResourceQuota, metadata: {{name: batch}}, spec: {{hard: {{requests.cpu: '1'}}}}}}
"
    ));
    let all = [
        ("image", waits(&BUSYBOX.replace("busybox:1.36", "registry.invalid/nope:1"), ""), "ImagePullFailed"),
        ("config", waits(&format!("{BUSYBOX}, envFrom: [{{secretRef: {{name: nope}}}}]"), ""), "ConfigMissing"),
        ("quota", waits(&BUSYBOX.replace("10m", "'8'"), ""), "PodCreationRefused"),
        ("limits", waits(&BUSYBOX.replace("16Mi", "128Mi"), ""), "PodCreationRefused"),
        ("policy", waits(BUSYBOX, "priorityClassName: system-node-critical,"), "PodCreationRefused"),
        ("account", waits(BUSYBOX, "serviceAccountName: ghost,"), "PodCreationRefused"),
        ("nodes", waits(BUSYBOX, "nodeSelector: {no: such},"), "Unschedulable"),
        ("claim", waits(BUSYBOX, "volumes: [{name: v, persistentVolumeClaim: {claimName: nope}}],"), "Unschedulable"),
        (
            "mount",
            waits(
                &format!("{BUSYBOX}, volumeMounts: [{{name: v, mountPath: /v}}]"),
                "volumes: [{name: v, configMap: {name: nope}}],",
            ),
            "ConfigMissing",
        ),
        (
            "sidecar",
            waits(&format!("{}}}, {{name: proxy, {BUSYBOX}", BUSYBOX.replace("sleep, '60'", "'true'")), ""),
            "SidecarHoldsJob",
        ),
    ];
    for (name, manifest, _) in &all {
        lane.apply(&manifest.replace("NAME", name));
    }
    let names: Vec<&str> = all.iter().map(|(name, ..)| *name).collect();
    lane.run(&TIMED.replace("NAMES", &names.join(" ")));
    let mut overdue = Vec::new();
    for (name, _, code) in &all {
        let told = lane.run(&format!("cat $KUBECONFIG.{name}"));
        let says = |text: &&str| text.split_once(' ').is_some_and(|(_, says)| says.starts_with(code));
        let Some(first) = told.lines().find(says) else {
            overdue.push(format!("{name} is not named {code}:\n{told}"));
            continue;
        };
        let at: f64 = first.split_once(' ').unwrap().0.parse().unwrap();
        let event = told_by(lane, name, code);
        // Times of the API are cut to the second.
        let after = at - event;
        lane.say(&format!("{name}: {code} named {after:.1} s after the second of what tells it"));
        if after > 6.0 {
            overdue.push(format!("{name}: {after:.1} s\n{told}"));
        }
    }
    lane.run(&format!("kubectl delete validatingadmissionpolicybinding,validatingadmissionpolicy {namespace}"));
    assert!(overdue.is_empty(), "{}", overdue.join("\n"));
}

/// When that which tells the cause came to stand on the server, in seconds: the first event, a condition, a container's end.
fn told_by(lane: &Lane, job: &str, code: &str) -> f64 {
    let seconds = |value: &Value| -> Option<f64> {
        let time: jiff::Timestamp = value.as_str()?.parse().ok()?;
        Some(time.as_duration().as_secs_f64())
    };
    let pods = lane.find(&format!("pods -l job-name={job}")).unwrap();
    let pod = &pods["items"][0];
    if code == "SidecarHoldsJob" {
        let all = pod["status"]["containerStatuses"].as_array().unwrap();
        return all.iter().find_map(|it| seconds(&it["state"]["terminated"]["finishedAt"])).expect("main has ended");
    }
    let reasons: &[&str] = match code {
        "ImagePullFailed" => &["Failed"],
        "ConfigMissing" => &["Failed", "FailedMount"],
        "PodCreationRefused" => &["FailedCreate"],
        _ => &["FailedScheduling"],
    };
    let events = lane.find("events").unwrap();
    let about = [job, pod["metadata"]["name"].as_str().unwrap_or("no pod")];
    let of = |event: &&Value| {
        about.iter().any(|name| event["involvedObject"]["name"] == *name)
            && reasons.iter().any(|reason| event["reason"] == *reason)
    };
    let times = events["items"].as_array().unwrap().iter().filter(of);
    let first = times.filter_map(|event| seconds(&event["firstTimestamp"]).or_else(|| seconds(&event["eventTime"])));
    first.min_by(f64::total_cmp).unwrap_or_else(|| panic!("no event of {job}"))
}

/// Shapes of Jobs, each to its end: success policy, indexes with limits of their own, sidecars, finalizers, who else runs it.
fn ends(lane: &Lane) {
    let policy = "completionMode: Indexed\n      completions: 3\n      parallelism: 3\n      successPolicy: {rules: [{succeededIndexes: \"0\"}]}";
    lane.apply(&cron(
        "success",
        "echo index $JOB_COMPLETION_INDEX; [ $JOB_COMPLETION_INDEX = 0 ] && sleep 3 || sleep 60",
        "",
        policy,
        "",
    ));
    let ran = follows(lane, "kubectl job run success -f", 0);
    for index in 0..3 {
        assert_eq!(ran.stdout.matches(&format!("] index {index}\n")).count(), 1, "{ran}");
    }
    let index = "completionMode: Indexed\n      completions: 2\n      parallelism: 2\n      backoffLimitPerIndex: 1";
    lane.apply(&cron("indexes", &counts("exit $JOB_COMPLETION_INDEX"), "", index, ""));
    let ran = follows(lane, "kubectl job run indexes -f", 10);
    whole(&ran, 3);
    assert!(ran.stderr.contains("FailedIndexes: Job has failed indexes"), "{ran}");
    let sidecar = cron("plain", &counts("exit 0"), "", "", "").replace(
        "          containers:\n",
        "          containers:\n          - {name: proxy, image: \"busybox:1.36\", command: [sh, -c, \"echo ready; sleep 300\"]}\n",
    );
    lane.apply(&sidecar);
    let ran = follows(lane, "kubectl job run plain -f --success-from main", 0);
    assert_eq!(ran.stdout.lines().filter(|line| line.contains("/main] line ")).count(), 5, "{ran}");
    let native = "initContainers: [{name: proxy, restartPolicy: Always, image: \"busybox:1.36\", command: [sh, -c, \"echo ready; sleep 300\"]}]";
    lane.apply(&cron("native", &counts("exit 0"), "", "", native));
    let ran = follows(lane, "kubectl job run native -f --exit-code-from=container", 0);
    assert!(ran.stdout.contains("/proxy] ready\n"), "{ran}");
    assert_eq!(ran.stdout.lines().filter(|line| line.contains("/main] line ")).count(), 5, "{ran}");
    // A dead pod that somebody's finalizer keeps does not hold the Job's end.
    let kept = "template:\n        metadata: {finalizers: [example.com/keep], labels";
    lane.apply(
        &cron("kept", &counts("exit 6"), "", "backoffLimit: 0", "")
            .replace("template:\n        metadata: {labels", kept),
    );
    whole(&follows(lane, "kubectl job run kept kept -f", 10), 1);
    lane.run("kubectl get pods -l app=kept -o name | xargs kubectl patch --type json -p '[{\"op\":\"remove\",\"path\":\"/metadata/finalizers\"}]'");
    for (name, job, says) in [
        ("managed", "managedBy: example.com/other", "run by example.com/other"),
        ("nothing", "parallelism: 0", "parallelism is 0"),
        ("suspended", "suspend: true", "suspended (spec.suspend)"),
    ] {
        lane.apply(&cron(name, "exit 0", "", job, ""));
        let ran = follows(lane, &format!("kubectl job run {name} -f --start-timeout 2"), 12);
        assert!(ran.stderr.contains(says) && ran.stdout.is_empty(), "{ran}");
    }
    // Failed, while a container of another index does not hear the signal.
    let deaf = cron(
        "deaf",
        "trap : TERM; if [ $JOB_COMPLETION_INDEX = 1 ]; then echo broken; exit 1; fi; while :; do sleep 1; done",
        "",
        "completions: 2\n      parallelism: 2\n      completionMode: Indexed\n      backoffLimit: 0",
        "",
    );
    lane.apply(&deaf.replace("terminationGracePeriodSeconds: 1", "terminationGracePeriodSeconds: 30"));
    let ran = follows(lane, "kubectl job run deaf -f --fail-fast --exit-code-from=container", 1);
    assert!(ran.stdout.ends_with("] broken\n") && ran.stderr.contains("; pods of it still end"), "{ran}");
    // The tutorial's own backup Job.
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/cluster/testbed/manifests/backup-job.yaml");
    let ran = follows(lane, &format!("kubectl job run --filename {file} -f --backoff-limit 0"), 10);
    assert!(ran.stderr.contains("job backup: failed after ") && !ran.stdout.is_empty(), "{ran}");
}

/// Deleted by somebody else while it is followed, and made again under its name.
fn gone(lane: &Lane) {
    lane.apply(&cron("long", "echo begun; sleep 100", "", "", ""));
    let when = "until kubectl logs job/JOB 2>/dev/null | grep -q begun; do sleep 0.3; done";
    for (job, then) in [
        ("gone", "kubectl delete job gone --wait=false >&2"),
        (
            "same",
            "kubectl delete job same --wait=false >&2; until kubectl create job same --image=busybox:1.36 -- echo another >&2; do sleep 0.2; done",
        ),
    ] {
        let other = format!("({}; {then}; date +%s.%N >$KUBECONFIG.at)", when.replace("JOB", job));
        let ran = lane.try_run(&format!(
            "{other} & kubectl job run long {job} -f; code=$?; date +%s.%N >$KUBECONFIG.end; wait; exit $code"
        ));
        assert_eq!(ran.code, 13, "{ran}");
        assert!(ran.stdout.ends_with("/main] begun\n") && !ran.stdout.contains("another"), "{ran}");
        assert!(ran.stderr.contains(&format!("job {job}: deleted\n")), "{ran}");
        let apart = lane.run("echo $(cat $KUBECONFIG.end) - $(cat $KUBECONFIG.at) | bc");
        lane.say(&format!("{job}: followed no more {apart} s after it was deleted"));
    }
    lane.until_condition("job/same", "Complete", "True");
    // Interrupted: the Job goes on, and the line that is printed goes on with it from its first line.
    let ran = lane.try_run("timeout --preserve-status -s INT 6 kubectl job run long interrupted -f");
    assert_eq!(ran.code, 130, "{ran}");
    let again = ran.stderr.lines().last().unwrap().trim().to_owned();
    assert!(again.starts_with("kubectl job logs interrupted -f "), "{ran}");
    let ran = lane.try_run(&format!("{again} --timeout 3s"));
    assert!(ran.stdout.ends_with("/main] begun\n"), "{ran}");
    assert_eq!(lane.field("job/interrupted", "/status/active"), "1");
}

/// Each command with exactly its documented role, and with each rule of it missing once.
fn roles(lane: &Lane) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/permissions/kubectl-job.yaml");
    let text = std::fs::read_to_string(folder).unwrap();
    lane.apply(&cron("good", "echo line; exit 4", "failedJobsHistoryLimit: 100", "backoffLimit: 0", ""));
    lane.run("kubectl job run good ended --wait; [ $? = 10 ]");
    let mut answers = String::new();
    for (command, line, code) in [
        ("run", "run good JOB -f --timeout 60s", 10),
        ("rerun", "rerun ended JOB -f --timeout 60s", 10),
        ("status", "status ended", 0),
        ("snapshot", "snapshot ended", 0),
        ("history", "history good", 0),
        ("next", "next good", 0),
        ("clean", "clean ended --include-managed --dry-run=server", 0),
    ] {
        let own = rules_of(&text, &format!("kubectl-job-{command}"));
        assert!(!own.is_empty(), "no role of {command}");
        let rules = [own.clone(), rules_of(&text, &format!("kubectl-job-{command}-cluster"))].concat();
        for missing in (0..=rules.len()).rev() {
            let name = format!("{command}-{missing}");
            let granted = |from: usize, to: usize| {
                let rules = rules.iter().enumerate().filter(|(at, _)| *at != missing && (from..to).contains(at));
                rules.map(|(_, rule)| rule.as_str()).collect::<Vec<_>>().join(", ")
            };
            bind(lane, &name, &granted(0, own.len()), &granted(own.len(), rules.len()));
            let ran = lane.try_run(&format!("kubectl job {} --context {name}", line.replace("JOB", &name)));
            let verdict = if ran.code == code { "same result".to_owned() } else { format!("exit code {}", ran.code) };
            let of = rules.get(missing).map_or("nothing", |rule| rule.as_str());
            let refused = ran.stderr.contains("forbidden") || ran.stdout.contains("forbidden");
            if missing == rules.len() {
                assert!(ran.code == code && !refused, "{ran}");
            }
            // A pod is asked for by itself only where a stream of its lines broke off.
            let refused = refused && !of.contains("resources: [pods], verbs: [get]");
            let refused = if refused { ", refused and said" } else { "" };
            answers.extend([format!("{command} without {of}: {verdict}{refused}\n")]);
        }
    }
    lane.run(&format!("kubectl delete clusterrole,clusterrolebinding -l of={}", lane.namespace));
    insta::assert_snapshot!(answers, @r#"
    run without nothing: same result
    run without {apiGroups: [""], resources: [nodes], verbs: [list]}: same result
    run without {apiGroups: [""], resources: [events], verbs: [list]}: same result
    run without {apiGroups: [""], resources: [pods/log], verbs: [get]}: same result, refused and said
    run without {apiGroups: [""], resources: [pods], verbs: [get]}: same result
    run without {apiGroups: [""], resources: [pods], verbs: [watch]}: same result, refused and said
    run without {apiGroups: [""], resources: [pods], verbs: [list]}: same result, refused and said
    run without {apiGroups: [""], resources: [resourcequotas], verbs: [list]}: same result, refused and said
    run without {apiGroups: [batch], resources: [jobs], verbs: [watch]}: same result, refused and said
    run without {apiGroups: [batch], resources: [jobs], verbs: [list]}: same result, refused and said
    run without {apiGroups: [batch], resources: [jobs], verbs: [get]}: same result
    run without {apiGroups: [batch], resources: [jobs], verbs: [create]}: exit code 1, refused and said
    run without {apiGroups: [batch], resources: [cronjobs], verbs: [get]}: exit code 1, refused and said
    rerun without nothing: same result
    rerun without {apiGroups: [""], resources: [nodes], verbs: [list]}: same result
    rerun without {apiGroups: [""], resources: [resourcequotas], verbs: [list]}: same result
    rerun without {apiGroups: [""], resources: [events], verbs: [list]}: same result
    rerun without {apiGroups: [""], resources: [pods/log], verbs: [get]}: same result, refused and said
    rerun without {apiGroups: [""], resources: [pods], verbs: [get]}: same result
    rerun without {apiGroups: [""], resources: [pods], verbs: [watch]}: same result, refused and said
    rerun without {apiGroups: [""], resources: [pods], verbs: [list]}: same result, refused and said
    rerun without {apiGroups: [batch], resources: [cronjobs], verbs: [get]}: same result, refused and said
    rerun without {apiGroups: [batch], resources: [jobs], verbs: [watch]}: same result, refused and said
    rerun without {apiGroups: [batch], resources: [jobs], verbs: [create]}: exit code 1, refused and said
    rerun without {apiGroups: [batch], resources: [jobs], verbs: [get]}: exit code 1, refused and said
    status without nothing: same result
    status without {apiGroups: [""], resources: [nodes], verbs: [list]}: same result, refused and said
    status without {apiGroups: [""], resources: [serviceaccounts], verbs: [list]}: same result
    status without {apiGroups: [""], resources: [limitranges], verbs: [list]}: same result
    status without {apiGroups: [""], resources: [resourcequotas], verbs: [list]}: same result
    status without {apiGroups: [""], resources: [pods/log], verbs: [get]}: same result, refused and said
    status without {apiGroups: [""], resources: [events], verbs: [list]}: same result, refused and said
    status without {apiGroups: [""], resources: [pods], verbs: [watch]}: same result
    status without {apiGroups: [""], resources: [pods], verbs: [list]}: same result, refused and said
    status without {apiGroups: [batch], resources: [cronjobs], verbs: [watch]}: same result
    status without {apiGroups: [batch], resources: [cronjobs], verbs: [list]}: same result, refused and said
    status without {apiGroups: [batch], resources: [jobs], verbs: [watch]}: same result
    status without {apiGroups: [batch], resources: [jobs], verbs: [list]}: exit code 1, refused and said
    snapshot without nothing: same result
    snapshot without {apiGroups: [""], resources: [nodes], verbs: [list]}: same result
    snapshot without {apiGroups: [""], resources: [serviceaccounts], verbs: [list]}: same result
    snapshot without {apiGroups: [""], resources: [limitranges], verbs: [list]}: same result
    snapshot without {apiGroups: [""], resources: [resourcequotas], verbs: [list]}: same result
    snapshot without {apiGroups: [""], resources: [events], verbs: [list]}: same result
    snapshot without {apiGroups: [""], resources: [pods], verbs: [list]}: same result
    snapshot without {apiGroups: [batch], resources: [cronjobs], verbs: [list]}: same result
    snapshot without {apiGroups: [batch], resources: [jobs], verbs: [list]}: exit code 1, refused and said
    history without nothing: same result
    history without {apiGroups: [""], resources: [events], verbs: [list]}: same result, refused and said
    history without {apiGroups: [batch], resources: [jobs], verbs: [list]}: same result, refused and said
    history without {apiGroups: [batch], resources: [cronjobs], verbs: [list]}: exit code 1, refused and said
    next without nothing: same result
    next without {apiGroups: [""], resources: [events], verbs: [list]}: same result, refused and said
    next without {apiGroups: [batch], resources: [jobs], verbs: [list]}: same result, refused and said
    next without {apiGroups: [batch], resources: [cronjobs], verbs: [list]}: exit code 1, refused and said
    clean without nothing: same result
    clean without {apiGroups: [batch], resources: [cronjobs], verbs: [list]}: same result, refused and said
    clean without {apiGroups: [batch], resources: [jobs], verbs: [delete]}: exit code 1, refused and said
    clean without {apiGroups: [batch], resources: [jobs], verbs: [list]}: exit code 1, refused and said
    "#);
}

/// The rules of a ClusterRole in docs/permissions, a verb at a time.
fn rules_of(text: &str, role: &str) -> Vec<String> {
    let of = text.split("---\n").find(|part| part.contains(&format!("  name: {role}\n"))).unwrap_or_default();
    let mut all = Vec::new();
    for rule in of.lines().filter_map(|line| line.trim().strip_prefix("- {")) {
        let (head, verbs) = rule.split_once("verbs: [").unwrap();
        for verb in verbs.trim_end_matches(['}', ']']).split(", ") {
            all.push(format!("{{{head}verbs: [{verb}]}}"));
        }
    }
    all
}

/// A ServiceAccount with these rules in the namespace and in the cluster, and a context of its name.
fn bind(lane: &Lane, name: &str, rules: &str, cluster: &str) {
    let namespace = &lane.namespace;
    let rbac = "apiVersion: rbac.authorization.k8s.io/v1";
    let reference = |kind: &str, role: &str| {
        format!(
            "roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: {kind}, name: {role}}}, subjects: [{{kind: ServiceAccount, name: {name}, namespace: {namespace}}}]"
        )
    };
    let wide = format!("metadata: {{name: {namespace}-{name}, labels: {{of: {namespace}}}}}");
    lane.apply(&format!(
        "{{apiVersion: v1, kind: ServiceAccount, metadata: {{name: {name}}}}}
---
{{{rbac}, kind: Role, metadata: {{name: {name}}}, rules: [{rules}]}}
---
{{{rbac}, kind: RoleBinding, metadata: {{name: {name}}}, {}}}
---
{{{rbac}, kind: ClusterRole, {wide}, rules: [{cluster}]}}
---
{{{rbac}, kind: ClusterRoleBinding, {wide}, {}}}
",
        reference("Role", name),
        reference("ClusterRole", &format!("{namespace}-{name}")),
    ));
    lane.run(&format!("kubectl config set-credentials {name} --token $(kubectl create token {name}) && kubectl config set-context {name} --cluster testbed --user {name} --namespace {namespace}"));
}

/// The node of a run dies: the pod is replaced, its lines are shown to where the node gave them, and the verdict is the Job's.
fn node_dies(lane: &Lane) {
    let prefers = "affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 100, preference: {matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [node2]}]}}]}}";
    let tolerates = "tolerations: [{key: node.kubernetes.io/unreachable, operator: Exists, tolerationSeconds: 1, effect: NoExecute}, {key: node.kubernetes.io/not-ready, operator: Exists, tolerationSeconds: 1, effect: NoExecute}]";
    // The first attempt would go on for long, one that begins later than the node's death ends at once.
    let script = "echo begun; if [ $(date +%s) -lt $((START + 35)) ]; then sleep 300; fi; echo done";
    lane.apply(&cron("long", script, "", "backoffLimit: 3", &format!("{prefers}\n          {tolerates}")));
    lane.run("(kubectl job run long survives -f --env START=$(date +%s) >$KUBECONFIG.out 2>$KUBECONFIG.err; echo $? >$KUBECONFIG.code) >/dev/null 2>&1 &");
    until("its first line", || {
        let out = lane.attempt("cat $KUBECONFIG.out")?;
        if out.contains("] begun") { Ok(()) } else { Err(out) }
    });
    let first = lane.field("pods -l batch.kubernetes.io/job-name=survives", "/items/0/metadata/name");
    assert_eq!(lane.field(&format!("pod/{first}"), "/spec/nodeName"), "node2");
    let dead = lane.stop_node(2);
    until("a pod in the place of the lost one", || {
        let pods = lane.find("pods -l batch.kubernetes.io/job-name=survives")?;
        let all = pods["items"].as_array().cloned().unwrap_or_default();
        if all.iter().any(|pod| pod["metadata"]["name"] != *first) {
            Ok(())
        } else {
            Err(format!("{} pods", all.len()))
        }
    });
    drop(dead);
    let code = until("its end", || lane.attempt("cat $KUBECONFIG.code"));
    let (out, err) = (lane.run("cat $KUBECONFIG.out"), lane.run("cat $KUBECONFIG.err"));
    lane.say(&format!("a node that dies: exit code {code}\n{err}"));
    assert_eq!(code, "0", "{err}");
    assert_eq!((out.matches("] begun").count(), out.matches("] done").count()), (2, 1), "{out}\n{err}");
    assert!(err.contains("NodeLost"), "{err}");
}
