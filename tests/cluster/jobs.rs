//! Jobs and CronJobs that fail, hang or wait, each made so by the real controllers and kubelets; what `kubectl job status` says first.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::lane::{Lane, Scenario, until, until_within};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new("job-failures", failures).quick(),
    Scenario::new("job-starts", starts),
    Scenario::new("job-refused", refused).quick(),
    Scenario::new("job-decided", decided),
    Scenario::new("job-retries", retries),
    Scenario::new("job-events-gone", events_gone),
    Scenario::new("cron-runs", cron_runs),
    Scenario::new("job-well", well),
];

/// A Job in flow style: `spec` of it, `pod` of its template, `main` of its container.
pub(crate) fn job(name: &str, spec: &str, pod: &str, main: &str) -> String {
    format!(
        "apiVersion: batch/v1
kind: Job
metadata: {{name: {name}}}
spec: {{{}}}
---
",
        job_spec(spec, pod, main)
    )
}

fn job_spec(spec: &str, pod: &str, main: &str) -> String {
    let pod = if pod.starts_with("restartPolicy") { pod.to_owned() } else { format!("restartPolicy: Never, {pod}") };
    format!(
        "{spec} template: {{spec: {{terminationGracePeriodSeconds: 1, {pod} containers: [{{name: main, image: 'busybox:1.36', {main}}}]}}}}"
    )
}

fn sh(script: &str) -> String {
    format!("command: [sh, -c, \"{script}\"]")
}

/// The verdicts of a Job or CronJob: code and severity.
fn verdicts(lane: &Lane, name: &str) -> Result<Vec<(String, String)>, String> {
    let report = lane.attempt(&format!("kubectl job status {name} -o json"))?;
    let report: Value = serde_json::from_str(&report).map_err(|error| error.to_string())?;
    let all = report.pointer("/items/0/verdicts").and_then(Value::as_array).ok_or("no verdicts")?;
    let word = |verdict: &Value, field: &str| verdict[field].as_str().unwrap_or_default().to_owned();
    Ok(all.iter().map(|verdict| (word(verdict, "code"), word(verdict, "severity"))).collect())
}

/// Waits until the first verdict is this one: `CODE Severity`.
fn until_first(lane: &Lane, name: &str, wanted: &str) {
    until(&format!("{name}: {wanted}"), || {
        let said = verdicts(lane, name)?;
        let first = said.first().map(|(code, severity)| format!("{code} {severity}")).unwrap_or_default();
        if first == wanted { Ok(()) } else { Err(format!("{said:?}")) }
    });
}

/// What ended, by its condition and the container that failed.
fn failures(lane: &Lane) {
    let never = "backoffLimit: 0,";
    lane.apply(
        &[
            job("exits", never, "", &sh("echo loading; echo disk full > /dev/termination-log; exit 7")),
            job("memory", never, "", &format!("{}, resources: {{limits: {{memory: 16Mi}}}}", sh("x=a; while :; do x=$x$x; done"))),
            job("init", never, "initContainers: [{name: schema, image: 'busybox:1.36', command: [sh, -c, 'exit 5']}],", &sh("sleep 1")),
            job("no-command", never, "", "command: [/no/such]"),
            job("late", "activeDeadlineSeconds: 3,", "", &sh("sleep 1000")),
            job("in-place", "backoffLimit: 1,", "restartPolicy: OnFailure,", &sh("sleep 1; exit 4")),
            job(
                "policy",
                "backoffLimit: 3, podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {containerName: main, operator: In, values: [42]}}]},",
                "",
                &sh("exit 42"),
            ),
            job("indexes", "completions: 3, parallelism: 3, completionMode: Indexed, backoffLimitPerIndex: 0,", "", &sh("[ $JOB_COMPLETION_INDEX != 1 ]")),
            job(
                "too-many",
                "completions: 4, parallelism: 4, completionMode: Indexed, backoffLimitPerIndex: 0, maxFailedIndexes: 1,",
                "",
                &sh("[ $JOB_COMPLETION_INDEX -ge 2 ] && sleep 100"),
            ),
        ]
        .concat(),
    );
    for (name, wanted) in [
        ("exits", "BackoffLimitExceeded"),
        ("memory", "BackoffLimitExceeded"),
        ("init", "BackoffLimitExceeded"),
        ("no-command", "BackoffLimitExceeded"),
        ("late", "DeadlineExceeded"),
        ("in-place", "BackoffLimitExceeded"),
        ("policy", "PodFailurePolicy"),
        ("indexes", "FailedIndexes"),
        ("too-many", "MaxFailedIndexesExceeded"),
    ] {
        until_first(lane, name, &format!("{wanted} Fault"));
    }
    let says = |name: &str| {
        let report: Value =
            serde_json::from_str(&lane.run(&format!("kubectl job status {name} -o json"))).expect("JSON");
        report["items"][0]["verdicts"].as_array().expect("verdicts").iter().map(Value::to_string).collect::<String>()
    };
    assert!(says("exits").contains("container main failed: exit code 7"), "{}", says("exits"));
    assert!(says("exits").contains("disk full") && says("exits").contains("loading"), "{}", says("exits"));
    assert!(says("memory").contains("OOMKilled), limit 16Mi"), "{}", says("memory"));
    assert!(says("init").contains("init container schema failed: exit code 5"), "{}", says("init"));
    assert!(says("no-command").contains("no such file or directory"), "{}", says("no-command"));
    assert!(says("late").contains("LogsGone") && says("in-place").contains("LogsGone"));
    assert!(says("indexes").contains("Indexes that have not completed: 1."), "{}", says("indexes"));
    let seen = lane.try_run("kubectl job status --exit-code");
    assert_eq!(seen.code, 10, "{seen}");
}

/// What hangs without a word in the Job's own status.
fn starts(lane: &Lane) {
    let volume = |source: &str| format!("volumes: [{{name: v, {source}}}],");
    lane.apply(
        &[
            job("image", "", "", "image: nosuch.invalid/x:1, command: [x]").replace("image: 'busybox:1.36', ", ""),
            job("secret", "", "", &format!("{}, envFrom: [{{secretRef: {{name: creds}}}}]", sh("sleep 1"))),
            job(
                "config",
                "",
                &volume("configMap: {name: settings}"),
                &format!("{}, volumeMounts: [{{name: v, mountPath: /v}}]", sh("sleep 1")),
            ),
            job("selector", "", "nodeSelector: {no: such-node},", &sh("sleep 1")),
            job("claim", "", &volume("persistentVolumeClaim: {claimName: data}"), &sh("sleep 1")),
            job("cpu", "", "", &format!("{}, resources: {{requests: {{cpu: '500'}}}}", sh("sleep 1"))),
            job("loops", "", "restartPolicy: OnFailure,", &sh("exit 3")),
            job("suspended", "suspend: true,", "", &sh("sleep 1")),
            job("elsewhere", "managedBy: example.com/other,", "", &sh("sleep 1")),
            job("nothing", "parallelism: 0,", "", &sh("sleep 1")),
            job("gated", "", "schedulingGates: [{name: example.com/wait}],", &sh("sleep 1")),
            job("sidecar", "", "", &sh("sleep 1")).replace(
                "containers: [",
                "containers: [{name: istio-proxy, image: 'busybox:1.36', command: [sleep, '1000']}, ",
            ),
        ]
        .concat(),
    );
    for (name, wanted) in [
        ("image", "ImagePullFailed Fault"),
        ("secret", "ConfigMissing Fault"),
        ("config", "ConfigMissing Fault"),
        ("selector", "Unschedulable Fault"),
        ("cpu", "Unschedulable Fault"),
        ("loops", "CrashLoop Fault"),
        ("suspended", "JobSuspended Waiting"),
        ("elsewhere", "JobManagedElsewhere Waiting"),
        ("nothing", "ParallelismZero Fault"),
        ("gated", "SchedulingGated Waiting"),
        ("sidecar", "SidecarHoldsJob Fault"),
        // A claim may be made a moment after its pod.
        ("claim", "Unschedulable Fault"),
    ] {
        until_first(lane, name, wanted);
    }
    // What is missing comes: the Jobs go on.
    lane.run("kubectl create secret generic creds --from-literal=a=b && kubectl create configmap settings --from-literal=a=b");
    until_first(lane, "secret", "JobComplete Ok");
    until_first(lane, "config", "JobComplete Ok");
}

/// No pod at all: only events tell who refuses it.
fn refused(lane: &Lane) {
    lane.apply(&job("account", "", "serviceAccountName: ghost,", &sh("sleep 1")));
    until_first(lane, "account", "PodCreationRefused Fault");
    lane.run("kubectl create serviceaccount ghost");
    until_first(lane, "account", "JobComplete Ok");
    lane.apply("{apiVersion: v1, kind: ResourceQuota, metadata: {name: nopods}, spec: {hard: {pods: '0'}}}");
    until("the quota counts", || {
        if lane.field("quota/nopods", "/status/hard/pods") == "0" { Ok(()) } else { Err("not yet".to_owned()) }
    });
    lane.apply(&job("quota", "", "", &sh("sleep 1")));
    until_first(lane, "quota", "PodCreationRefused Fault");
    lane.run("kubectl delete quota nopods");
    lane.apply("{apiVersion: v1, kind: LimitRange, metadata: {name: small}, spec: {limits: [{type: Container, max: {memory: 16Mi}}]}}");
    lane.apply(&job("limits", "", "", &format!("{}, resources: {{limits: {{memory: 64Mi}}}}", sh("sleep 1"))));
    until_first(lane, "limits", "PodCreationRefused Fault");
    lane.run(&format!("kubectl label namespace {} pod-security.kubernetes.io/enforce=restricted", lane.namespace));
    lane.apply(&job("security", "", "hostNetwork: true,", &sh("sleep 1")));
    until_first(lane, "security", "PodCreationRefused Fault");
}

/// Failed, but not said to be: a pod's container is still stopping.
fn decided(lane: &Lane) {
    lane.apply(
        &job(
            "decided",
            "completions: 2, parallelism: 2, completionMode: Indexed, backoffLimit: 0,",
            "terminationGracePeriodSeconds: 60,",
            &sh("trap : TERM; if [ $JOB_COMPLETION_INDEX = 1 ]; then sleep 3; exit 1; fi; while :; do sleep 1; done"),
        )
        .replace("terminationGracePeriodSeconds: 1, ", ""),
    );
    until_first(lane, "decided", "FailureDecided Fault");
    let said = verdicts(lane, "decided").expect("a report");
    assert!(said.iter().any(|(code, _)| code == "GracefulStop"), "{said:?}");
}

/// When the next pod comes, held against when it came: retries of a Job, of one whose init container fails, of an index with a limit of its own.
fn retries(lane: &Lane) {
    lane.apply(
        &[
            job("again", "backoffLimit: 4,", "", &sh("exit 1")),
            job("slow", "backoffLimit: 3,", "", &sh("sleep 7; exit 1")),
            job(
                "init",
                "backoffLimit: 3,",
                "initContainers: [{name: fetch, image: 'busybox:1.36', command: [sh, -c, 'sleep 6; exit 1']}],",
                &sh("exit 0"),
            ),
            job(
                "index",
                "completions: 2, parallelism: 2, completionMode: Indexed, backoffLimitPerIndex: 2,",
                "",
                &sh("[ $JOB_COMPLETION_INDEX = 0 ] || sleep 4; exit 1"),
            ),
        ]
        .concat(),
    );
    let mut said: BTreeMap<String, Vec<(jiff::Timestamp, jiff::Timestamp)>> = BTreeMap::new();
    until_within(Duration::from_mins(5), "all of them have failed", || {
        let now = jiff::Timestamp::now();
        let report: Value =
            serde_json::from_str(&lane.attempt("kubectl job status -o json")?).map_err(|e| e.to_string())?;
        let mut open = 0;
        for item in report["items"].as_array().into_iter().flatten() {
            let name = item["object"]["name"].as_str().unwrap_or_default().to_owned();
            let first = &item["verdicts"][0];
            open += usize::from(!matches!(first["code"].as_str(), Some("BackoffLimitExceeded" | "FailedIndexes")));
            let evidence = first["evidence"].as_array().cloned().unwrap_or_default();
            let due = evidence.iter().find(|it| it["field"] == "next pod").and_then(|it| it["value"].as_str());
            if let Some(due) = due {
                said.entry(name).or_default().push((now, due.parse().map_err(|_| due.to_owned())?));
            }
        }
        if open == 0 { Ok(()) } else { Err(format!("{open} go on")) }
    });
    let mut held = 0;
    for (name, told) in &said {
        let pods = lane.find(&format!("pods -l job-name={name}")).expect("pods");
        let mut made: Vec<jiff::Timestamp> = pods["items"]
            .as_array()
            .expect("items")
            .iter()
            .filter_map(|pod| pod["metadata"]["creationTimestamp"].as_str()?.parse().ok())
            .collect();
        made.sort();
        let mut dues: BTreeMap<jiff::Timestamp, jiff::Timestamp> = BTreeMap::new();
        for (when, due) in told {
            dues.insert(*due, *when);
        }
        for (due, when) in dues {
            // Times of pods are cut to the second.
            let next = made.iter().find(|at| when.duration_since(**at).as_secs() < 1);
            let at = next.unwrap_or_else(|| panic!("{name}: no pod came after {when}, and one was due at {due}"));
            let apart = at.duration_since(due).as_secs();
            lane.say(&format!("{name}: due at {due}, made at {at}: {apart} s apart"));
            // A busy controller comes late, and never early, but for the seconds that times of pods are cut to.
            assert!((-2..=8).contains(&apart), "{name}: due {due}, made {at}");
            held += 1;
        }
    }
    assert!(held >= 8, "{held} pods were foretold: {said:?}");
}

/// The same verdicts when no event is left, but for what stands nowhere else.
fn events_gone(lane: &Lane) {
    lane.apply(
        &[
            job("exits", "backoffLimit: 0,", "", &sh("exit 7")),
            job("image", "", "", "image: nosuch.invalid/x:1, command: [x]").replace("image: 'busybox:1.36', ", ""),
            job("secret", "", "", &format!("{}, envFrom: [{{secretRef: {{name: creds}}}}]", sh("sleep 1"))),
            job("selector", "", "nodeSelector: {no: such-node},", &sh("sleep 1")),
            job("account", "", "serviceAccountName: ghost,", &sh("sleep 1")),
        ]
        .concat(),
    );
    let known = [
        ("exits", "BackoffLimitExceeded Fault"),
        ("image", "ImagePullFailed Fault"),
        ("secret", "ConfigMissing Fault"),
        ("selector", "Unschedulable Fault"),
    ];
    for (name, wanted) in known {
        until_first(lane, name, wanted);
    }
    until_first(lane, "account", "PodCreationRefused Fault");
    let from_dump = |name: &str| {
        let command = format!("kubectl get jobs,cronjobs,pods -o yaml | kubectl job status {name} -o json -f -");
        let report: Value = serde_json::from_str(&lane.run(&command)).expect("JSON");
        let first = &report["items"][0]["verdicts"][0];
        format!("{} {}", first["code"].as_str().unwrap_or_default(), first["severity"].as_str().unwrap_or_default())
    };
    for (name, wanted) in known {
        assert_eq!(from_dump(name), wanted);
    }
    // At first its pod may just be about to be made.
    until("CannotTell of account", || match from_dump("account") {
        told if told == "CannotTell Unknown" => Ok(()),
        told => Err(told),
    });
}

fn cron_job(name: &str, spec: &str, of: &str) -> String {
    format!(
        "apiVersion: batch/v1
kind: CronJob
metadata: {{name: {name}}}
spec: {{{spec} jobTemplate: {{spec: {{{of}}}}}}}
---
"
    )
}

/// CronJobs by the minute: what holds, kills, fails or refuses their runs.
fn cron_runs(lane: &Lane) {
    let minute = "schedule: '* * * * *',";
    let run = |script: &str| job_spec("backoffLimit: 0,", "", &sh(script));
    lane.apply(
        &[
            cron_job("good", minute, &run("sleep 1")),
            cron_job("fails", minute, &run("exit 9")),
            cron_job("paused", &format!("{minute} suspend: true,"), &run("sleep 1")),
            cron_job("holds", &format!("{minute} concurrencyPolicy: Forbid,"), &run("sleep 1000")),
            cron_job("kills", &format!("{minute} concurrencyPolicy: Replace,"), &run("sleep 1000")),
            cron_job("forgets", "schedule: '0 0 1 1 *', successfulJobsHistoryLimit: 0,", &run("sleep 1")),
            cron_job("by-hand", "schedule: '0 0 1 1 *', concurrencyPolicy: Forbid,", &run("sleep 1000")),
        ]
        .concat(),
    );
    lane.run("kubectl create job once --from=cronjob/by-hand");
    until_first(lane, "cj/paused", "CronSuspended Waiting");
    until_first(lane, "cj/good", "OnSchedule Ok");
    let has = |name: &str, code: &str| {
        until(&format!("{name}: {code}"), || {
            let said = verdicts(lane, name)?;
            if said.iter().any(|(it, _)| it == code) { Ok(()) } else { Err(format!("{said:?}")) }
        });
    };
    has("cj/forgets", "NoHistoryKept");
    has("cj/by-hand", "ManualRunActive");
    until_first(lane, "cj/fails", "RunsFailing Fault");
    until_first(lane, "cj/holds", "ForbidHolds Waiting");
    // A second slot that it holds.
    until_first(lane, "cj/holds", "ForbidHolds Fault");
    until_first(lane, "cj/kills", "ReplaceKillsRuns Fault");
    until_first(lane, "cj/good", "OnSchedule Ok");
    lane.apply(
        "{apiVersion: v1, kind: ResourceQuota, metadata: {name: nojobs}, spec: {hard: {count/jobs.batch: '1'}}}",
    );
    until_first(lane, "cj/good", "RunRefused Fault");
    // Any write has it look again; the step that is printed does that.
    lane.run("kubectl delete quota nojobs && kubectl annotate cronjob good touched=now --overwrite");
    until_first(lane, "cj/good", "OnSchedule Ok");
}

/// Jobs of every shape that are well, looked at while they run: never a Fault.
fn well(lane: &Lane) {
    lane.apply(
        &[
            job("plain", "", "", &sh("sleep 5")),
            job("many", "completions: 6, parallelism: 3,", "", &sh("sleep 2")),
            job("indexed", "completions: 4, parallelism: 2, completionMode: Indexed,", "", &sh("sleep 2")),
            job("queue", "parallelism: 3,", "", &sh("sleep 4")),
            job("native", "", "initContainers: [{name: proxy, image: 'busybox:1.36', restartPolicy: Always, command: [sleep, '1000']}],", &sh("sleep 4")),
            job("init", "", "initContainers: [{name: fetch, image: 'busybox:1.36', command: [sleep, '3']}],", &sh("sleep 2")),
            job("recovers", "backoffLimit: 3,", "restartPolicy: OnFailure, volumes: [{name: v, emptyDir: {}}],", &format!("{}, volumeMounts: [{{name: v, mountPath: /v}}]", sh("[ -e /v/seen ] || { touch /v/seen; exit 1; }; sleep 2"))),
            job("success", "completions: 3, parallelism: 3, completionMode: Indexed, successPolicy: {rules: [{succeededCount: 1}]},", "", &sh("[ $JOB_COMPLETION_INDEX = 0 ] && sleep 2 || sleep 1000")),
            cron_job("by-minute", "schedule: '* * * * *',", &job_spec("", "", &sh("sleep 3"))),
        ]
        .concat(),
    );
    let mut looks = 0;
    until("all are complete", || {
        let report: Value =
            serde_json::from_str(&lane.attempt("kubectl job status -o json")?).map_err(|e| e.to_string())?;
        looks += 1;
        let items = report["items"].as_array().cloned().unwrap_or_default();
        for item in &items {
            for verdict in item["verdicts"].as_array().into_iter().flatten() {
                assert!(!matches!(verdict["severity"].as_str(), Some("Fault" | "Unknown")), "{item:#}");
            }
        }
        let jobs: Vec<&Value> = items.iter().filter(|item| item["object"]["kind"] == "Job").collect();
        let complete = jobs.iter().filter(|item| item["verdicts"][0]["code"] == "JobComplete").count();
        if complete >= 8 && complete == jobs.len() { Ok(()) } else { Err(format!("{complete} of {}", jobs.len())) }
    });
    lane.say(&format!("{looks} looks without a Fault"));
}
