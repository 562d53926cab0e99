//! Sets, Jobs and CronJobs of every shape that are well, looked at once a second while they are rolled out, scaled, drained and restarted:
//! not one Fault, whatever is on its way.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::csi::driver;
use crate::lane::{Lane, Ran, Scenario, until, until_within};

pub(crate) const SCENARIOS: &[Scenario] =
    &[Scenario::new("healthy-changes", changes), Scenario::new("healthy-nodes", nodes).alone()];

/// What is looked at in all namespaces.
const LOOKS: [&str; 4] = [
    "kubectl sts status -A -o json",
    "kubectl sts volumes -A -o json",
    "kubectl sts orphans -A -o json",
    "kubectl job status -A -o json",
];

type Faults = BTreeMap<String, String>;

/// Looks once a second until it is stopped, with each command beside the others.
struct Watcher {
    stop: Vec<Sender<()>>,
    threads: Vec<JoinHandle<(usize, Faults)>>,
}

impl Watcher {
    fn start(lane: &Lane) -> Self {
        let (mut stop, mut threads) = (Vec::new(), Vec::new());
        for line in LOOKS {
            let (end, ended) = mpsc::channel();
            let (namespace, kubeconfig) = (lane.namespace.clone(), lane.kubeconfig.clone());
            stop.push(end);
            threads.push(std::thread::spawn(move || {
                let (mut looks, mut faults) = (0, Faults::new());
                loop {
                    let began = Instant::now();
                    look(line, &namespace, &kubeconfig, &mut faults);
                    looks += 1;
                    let pause = Duration::from_secs(1).saturating_sub(began.elapsed());
                    if ended.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
                        return (looks, faults);
                    }
                }
            }));
        }
        Self { stop, threads }
    }

    /// Ends it; there must have been no Fault.
    fn end(self, lane: &Lane) {
        drop(self.stop);
        let (mut looks, mut faults) = (0, Faults::new());
        for thread in self.threads {
            let (more, found) = thread.join().expect("the watcher doesn't panic");
            looks += more;
            faults.extend(found);
        }
        let mut all = String::new();
        for (fault, first) in &faults {
            writeln!(all, "{fault}\n{first}").expect("a String takes all");
        }
        assert!(faults.is_empty(), "{} kinds of Fault in {looks} looks:\n{all}", faults.len());
        lane.say(&format!("{looks} looks without a Fault"));
    }
}

/// Each Fault, and what could not be told, with the first item that had it.
fn look(line: &str, namespace: &str, kubeconfig: &Path, faults: &mut Faults) {
    let ran = Ran::new(line, kubeconfig, None);
    let Ok(report) = serde_json::from_str::<Value>(&ran.stdout) else {
        faults.entry(format!("{line}: no report")).or_insert_with(|| ran.to_string());
        return;
    };
    let list = |name: &str| report[name].as_array().cloned().unwrap_or_default();
    let here = |it: &Value| it["object"]["namespace"] == *namespace;
    let of_items = list("items").into_iter().filter(here).flat_map(|item| {
        let verdicts = item["verdicts"].as_array().cloned().unwrap_or_default();
        verdicts.into_iter().map(move |verdict| (verdict, item.clone()))
    });
    let others = list("findings").into_iter().filter(here).map(|verdict| (verdict.clone(), verdict));
    for (verdict, item) in of_items.chain(others) {
        if matches!(verdict["severity"].as_str(), Some("Fault" | "Unknown")) {
            let of = if verdict["object"].is_null() { &item["object"] } else { &verdict["object"] };
            let key = format!("{} {} {}/{}", ran.line, verdict["code"], of["kind"], of["name"]);
            let time = &report["metadata"]["time"];
            faults.entry(key).or_insert_with(|| format!("  at {time}: {verdict}\n  of {}", item["object"]));
        }
    }
}

const SLEEPS: &str = "command: [sleep, infinity]";
const MOUNTS: &str = "command: [sleep, infinity], volumeMounts: [{name: data, mountPath: /data}]";

/// A set in flow style: `spec` of it, `pod` of its template, `main` of its container.
fn set(name: &str, replicas: u32, spec: &str, pod: &str, main: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{clusterIP: None, selector: {{app: {name}}}, ports: [{{port: 80}}]}}\n---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: {name}}}\nspec: {{serviceName: {name}, replicas: {replicas}, selector: {{matchLabels: {{app: {name}}}}}, {spec} template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{terminationGracePeriodSeconds: 1, {pod} containers: [{{name: main, image: 'busybox:1.36', {main}}}]}}}}}}\n---\n"
    )
}

fn claims(class: &str) -> String {
    format!(
        "volumeClaimTemplates: [{{metadata: {{name: data}}, spec: {{accessModes: [ReadWriteOnce], storageClassName: {class}, resources: {{requests: {{storage: 1Mi}}}}}}}}],"
    )
}

/// The sets that are scaled and rolled out, and come to rest as `SetReady`.
const MOVING: [&str; 18] = [
    "plain",
    "local",
    "csi",
    "csi-immediate",
    "hostpath",
    "retained",
    "parallel",
    "parallel-local",
    "shifted",
    "slow",
    "two-claims",
    "deletes",
    "sidecar",
    "init",
    "probes",
    "host",
    "published",
    "budget",
];

/// Twenty-two sets.
fn sets() -> String {
    let exec = "{exec: {command: ['true']}, periodSeconds: 1}";
    let probed = format!("{SLEEPS}, startupProbe: {exec}, readinessProbe: {exec}, livenessProbe: {exec}");
    let two = claims("local-path").replace("}}}}],", "}}}}, {metadata: {name: wal}, spec: {accessModes: [ReadWriteOnce], storageClassName: local-path, resources: {requests: {storage: 1Mi}}}}],");
    [
        set("plain", 2, "", "", SLEEPS),
        set("local", 2, &claims("local-path"), "", MOUNTS),
        set("csi", 2, &claims("csi"), "", MOUNTS),
        set("csi-immediate", 1, &claims("csi-immediate"), "", MOUNTS),
        set("hostpath", 1, &claims("hostpath"), "", MOUNTS),
        set("retained", 1, &claims("retained"), "", MOUNTS),
        set("parallel", 3, "podManagementPolicy: Parallel,", "", SLEEPS),
        set("parallel-local", 2, &format!("podManagementPolicy: Parallel, {}", claims("local-path")), "", MOUNTS),
        set("shifted", 2, "ordinals: {start: 5},", "", SLEEPS),
        set("slow", 2, "minReadySeconds: 2,", "", SLEEPS),
        set("two-claims", 1, &two, "", &MOUNTS.replace("}]", "}, {name: wal, mountPath: /wal}]")),
        set("deletes", 2, &format!("persistentVolumeClaimRetentionPolicy: {{whenDeleted: Delete, whenScaled: Delete}}, {}", claims("local-path")), "", MOUNTS),
        set("sidecar", 1, "", "initContainers: [{name: proxy, image: 'busybox:1.36', restartPolicy: Always, command: [sleep, infinity]}],", SLEEPS),
        set("init", 1, "", "initContainers: [{name: fetch, image: 'busybox:1.36', command: [sleep, '2']}],", SLEEPS),
        set("probes", 2, "", "", &probed),
        set("host", 1, "", "hostNetwork: true, dnsPolicy: ClusterFirstWithHostNet,", SLEEPS),
        set("published", 2, "", "", SLEEPS).replace("clusterIP: None,", "clusterIP: None, publishNotReadyAddresses: true,"),
        set("budget", 2, "", "", SLEEPS),
        "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: budget}, spec: {minAvailable: 1, selector: {matchLabels: {app: budget}}}}\n---\n".to_owned(),
        set("partition", 2, "updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 1}},", "", SLEEPS),
        set("by-hand", 2, "updateStrategy: {type: OnDelete},", "", SLEEPS),
        set("zero", 0, &claims("local-path"), "", MOUNTS),
        set("nameless", 1, "", "", SLEEPS).replace("serviceName: nameless", "serviceName: ''"),
    ]
    .concat()
}

fn job_spec(spec: &str, pod: &str, script: &str) -> String {
    let restart = if pod.contains("restartPolicy: OnFailure") { "" } else { "restartPolicy: Never," };
    format!(
        "{spec} template: {{spec: {{terminationGracePeriodSeconds: 1, {restart} {pod} containers: [{{name: main, image: 'busybox:1.36', command: [sh, -c, \"{script}\"]}}]}}}}"
    )
}

fn job(name: &str, spec: &str, pod: &str, script: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}}}\nspec: {{{}}}\n---\n",
        job_spec(spec, pod, script)
    )
}

fn cron(name: &str, spec: &str, script: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: {name}}}\nspec: {{{spec} jobTemplate: {{spec: {{{}}}}}}}\n---\n",
        job_spec("", "", script)
    )
}

/// Fourteen Jobs, three of which go on throughout, and ten CronJobs.
fn jobs() -> String {
    [
        job("once", "", "", "sleep 1"),
        job("many", "completions: 4, parallelism: 2,", "", "sleep 1"),
        job("indexed", "completions: 3, parallelism: 2, completionMode: Indexed,", "", "sleep 1"),
        job(
            "per-index",
            "completions: 2, parallelism: 2, completionMode: Indexed, backoffLimitPerIndex: 1,",
            "",
            "sleep 1",
        ),
        job(
            "success",
            "completions: 2, parallelism: 2, completionMode: Indexed, successPolicy: {rules: [{succeededCount: 1}]},",
            "",
            "[ $JOB_COMPLETION_INDEX = 0 ] && sleep 1 || sleep 1000",
        ),
        job("queue", "parallelism: 2,", "", "sleep 1"),
        job(
            "native",
            "",
            "initContainers: [{name: proxy, image: 'busybox:1.36', restartPolicy: Always, command: [sleep, '1000']}],",
            "sleep 1",
        ),
        job(
            "prepared",
            "",
            "initContainers: [{name: fetch, image: 'busybox:1.36', command: [sleep, '1']}],",
            "sleep 1",
        ),
        job("in-place", "", "restartPolicy: OnFailure,", "sleep 1"),
        job("kept", "ttlSecondsAfterFinished: 3600,", "", "sleep 1"),
        job("suspended", "suspend: true,", "", "sleep 1"),
        job("long", "activeDeadlineSeconds: 7200,", "", "sleep 3000"),
        job("long-workers", "completions: 2, parallelism: 2,", "", "sleep 3000"),
        job(
            "long-policy",
            "podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [{type: DisruptionTarget}]}]},",
            "",
            "sleep 3000",
        ),
        cron("minutely", "schedule: '* * * * *',", "sleep 1"),
        cron("forbids", "schedule: '* * * * *', concurrencyPolicy: Forbid,", "sleep 5"),
        cron("replaces", "schedule: '* * * * *', concurrencyPolicy: Replace,", "sleep 2"),
        cron("patient", "schedule: '* * * * *', startingDeadlineSeconds: 30,", "sleep 1"),
        cron("forgets", "schedule: '* * * * *', successfulJobsHistoryLimit: 0,", "sleep 1"),
        cron("paused", "schedule: '* * * * *', suspend: true,", "sleep 1"),
        cron("hourly", "schedule: '@hourly', timeZone: Asia/Kathmandu,", "sleep 1"),
        cron("nightly", "schedule: '0 3 * * *', timeZone: Europe/Helsinki,", "sleep 1"),
        cron("yearly", "schedule: '@yearly',", "sleep 1"),
        cron("weekdays", "schedule: '*/5 8-17 * * MON-FRI', timeZone: Etc/UTC,", "sleep 1"),
    ]
    .concat()
}

/// Waits until every set is at rest and every Job that ends has ended.
fn until_well(lane: &Lane, step: &str) {
    let codes = |line: &str| -> Result<Vec<(String, String)>, String> {
        let report: Value = serde_json::from_str(&lane.attempt(line)?).map_err(|error| error.to_string())?;
        let items = report["items"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(items
            .iter()
            .map(|item| {
                (
                    format!("{} {}", text(&item["object"]["kind"]), text(&item["object"]["name"])),
                    text(&item["verdicts"][0]["code"]),
                )
            })
            .collect())
    };
    until_within(Duration::from_mins(6), &format!("all are well after {step}"), || {
        let mut moving: Vec<_> = codes("kubectl sts status -o json")?;
        moving.retain(|(_, code)| {
            !matches!(&**code, "SetReady" | "SetScaledToZero" | "PartitionHolds" | "OnDeleteWaits")
        });
        let jobs = codes("kubectl job status -o json")?;
        let rest = |(name, code): &(String, String)| {
            name.starts_with("CronJob")
                || name.starts_with("Job long")
                || matches!(&**code, "JobComplete" | "JobSuspended")
        };
        // What CronJobs run by the minute is never all at rest; their Jobs' names end in the slot.
        let scheduled = |name: &str| name.rsplit_once('-').is_some_and(|(_, slot)| slot.parse::<u32>().is_ok());
        moving.extend(jobs.into_iter().filter(|it| !rest(it) && !scheduled(&it.0)));
        if moving.is_empty() { Ok(()) } else { Err(format!("{moving:?}")) }
    });
}

fn start(lane: &Lane) -> Watcher {
    lane.any_node();
    driver(lane);
    let watcher = Watcher::start(lane);
    lane.apply(&[sets(), jobs()].concat());
    until_well(lane, "the start");
    watcher
}

fn roll_out(lane: &Lane, value: u32) {
    for name in MOVING.into_iter().chain(["partition", "by-hand"]) {
        lane.run(&format!("kubectl patch statefulset {name} -p '{{\"spec\":{{\"template\":{{\"metadata\":{{\"annotations\":{{\"v\":\"{value}\"}}}}}}}}}}'"));
    }
}

/// Started, rolled out, scaled up and down, their pods deleted.
fn changes(lane: &Lane) {
    let watcher = start(lane);
    roll_out(lane, 2);
    until_well(lane, "a rollout");
    lane.run(&format!("kubectl scale statefulset {} --replicas 3", MOVING.join(" ")));
    until("the sets to move", || match lane.field("sts/plain", "/status/replicas").as_str() {
        "3" => Ok(()),
        other => Err(other.to_owned()),
    });
    until_well(lane, "a scale-up");
    // Once more while the other is under way.
    roll_out(lane, 3);
    roll_out(lane, 4);
    lane.run(&format!("kubectl scale statefulset {} --replicas 1", MOVING.join(" ")));
    until_well(lane, "a scale-down in a rollout");
    lane.run("kubectl delete pod plain-0 local-0 csi-0 parallel-0 retained-0 probes-0");
    until_well(lane, "deleted pods");
    watcher.end(lane);
}

/// Gives node2 back, whatever happens.
struct Uncordon<'l>(&'l Lane);

impl Drop for Uncordon<'_> {
    fn drop(&mut self) {
        drop(self.0.try_run("kubectl uncordon node2"));
    }
}

/// A node is drained and comes back; then it restarts, fast, and slowly enough for all to notice.
fn nodes(lane: &Lane) {
    let watcher = start(lane);
    let uncordon = Uncordon(lane);
    lane.run("kubectl drain node2 --ignore-daemonsets --delete-emptydir-data --force --timeout=110s");
    let left =
        lane.find(&format!("pods -n {} --field-selector spec.nodeName=node2,status.phase=Running", lane.namespace));
    assert_eq!(left.expect("pods")["items"].as_array().map(Vec::len), Some(0), "node2 is empty");
    drop(uncordon);
    until_well(lane, "a drain");
    for slowly in [false, true] {
        let node = lane.stop_node(2);
        if slowly {
            lane.until_condition("node/node2", "Ready", "Unknown");
        }
        drop(node);
        lane.until_condition("node/node2", "Ready", "True");
        until_well(lane, "a restart of node2");
    }
    watcher.end(lane);
}
