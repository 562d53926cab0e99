//! What should be known before a CronJob is run by hand.

use jiff::Timestamp;
use serde_json::Value;

use super::schedule::{Fate, Outlook};
use super::template::Ownership;
use crate::facts::{Concurrency, CronJob, JobRun, Quantity, Uid};
use crate::render::age;

/// A scheduled run within so many seconds is told.
const SOON: i64 = 60;

/// The runs of a CronJob that go on, oldest first: those made by hand too, which its controller does not see
/// (`status.active` holds scheduled ones only). `but` is left out.
pub fn active<'r>(runs: &'r [JobRun], cron_uid: &str, but: Option<&str>) -> Vec<&'r JobRun> {
    let cron_uid = Uid::from(cron_uid);
    let mut active: Vec<&JobRun> = runs
        .iter()
        .filter(|run| run.live() && run.of(&cron_uid) && but.is_none_or(|but| *run.meta.name != *but))
        .collect();
    active.sort_by_key(|run| (run.meta.created(), run.meta.name.clone()));
    active
}

/// `nightly-29388180 (scheduled, running for 3m, 1 pod)`.
pub fn describe(run: &JobRun, now: Timestamp) -> String {
    let kind = if run.manual { "made by hand" } else { "scheduled" };
    let since = run.started.or(run.meta.created()).map(|since| age(since, now)).unwrap_or_default();
    let state = match (run.meta.deleted(), run.suspended, run.active) {
        (Some(_), ..) => "being deleted".to_owned(),
        (None, true, _) => "suspended".to_owned(),
        (None, false, 0) => format!("without a pod for {since}"),
        (None, false, 1) => format!("running for {since}, 1 pod"),
        (None, false, pods) => format!("running for {since}, {pods} pods"),
    };
    format!("{} ({kind}, {state})", run.meta.name)
}

/// What a CronJob and the Job to be made of it tell by themselves.
pub fn notices(cron: &Value, job: &Value, ownership: Ownership) -> Vec<String> {
    let name = cron["metadata"]["name"].as_str().unwrap_or_default();
    let mut all = Vec::new();
    if cron["spec"]["suspend"] == true {
        all.push(format!("cronjob {name} is suspended: it starts no run by itself; this one runs all the same"));
    }
    all.extend(of_job(job));
    let keeps_none = |field: &str| cron["spec"][field] == 0;
    let (succeeded, failed) = (keeps_none("successfulJobsHistoryLimit"), keeps_none("failedJobsHistoryLimit"));
    if ownership == Ownership::Controller && (succeeded || failed) {
        let which = match (succeeded, failed) {
            (true, true) => "ended",
            (true, false) => "succeeded",
            (false, _) => "failed",
        };
        all.push(format!(
            "cronjob {name} keeps no run that has {which}: the Job and its logs are gone the moment it has; -f shows them, --owner plain keeps them"
        ));
    }
    all
}

/// The scheduled run that a CronJob starts by itself within a minute, beside this one.
pub fn due_soon(cron: &CronJob, now: Timestamp) -> Option<String> {
    let outlook = Outlook::new(cron, &[], std::iter::empty(), (now, true));
    let slot = outlook.slots(1).into_iter().next().filter(|slot| slot.fate == Fate::Runs)?;
    let left = slot.at.duration_since(now).as_secs();
    if left > SOON {
        return None;
    }
    let assumed = match &outlook.timetable {
        Ok(table) if !table.zone.known() => ", if kube-controller-manager's clock is UTC",
        _ => "",
    };
    let beside = match cron.policy {
        Concurrency::Allow => "beside this one",
        Concurrency::Forbid => "beside this one: Forbid does not see runs that are made by hand",
        Concurrency::Replace => "beside this one: Replace does not see runs that are made by hand",
    };
    Some(format!("cronjob {} starts a run of its own in {left} s ({}{assumed}), {beside}", cron.meta.name, slot.at))
}

/// What a Job to be made tells by itself.
pub fn of_job(job: &Value) -> Vec<String> {
    let spec = &job["spec"];
    let mut all = Vec::new();
    if spec["suspend"] == true {
        all.push(
            "the Job is created suspended (spec.suspend) and starts no pod; --suspend=false lets it run".to_owned(),
        );
    }
    if let Some(by) = spec["managedBy"].as_str().filter(|by| *by != "kubernetes.io/job-controller") {
        all.push(format!("the Job is run by {by} (spec.managedBy), not by Kubernetes' own controller"));
    }
    if spec["parallelism"] == 0 {
        all.push("the Job starts no pod: its spec.parallelism is 0".to_owned());
    }
    if spec["ttlSecondsAfterFinished"] == 0 {
        all.push(
            "the Job's ttlSecondsAfterFinished is 0: it and its logs are gone the moment it ends; -f shows them, --ttl keeps them"
                .to_owned(),
        );
    }
    all
}

/// Which quotas of the namespace leave no room for the Job's first pods. Quotas that hold for some pods only are passed over.
pub fn without_room(quotas: &[Value], job: &Value) -> Vec<String> {
    let demand = Demand::of(job);
    let mut all = Vec::new();
    for quota in quotas {
        let scoped = |field: &str| quota["spec"].get(field).is_some_and(|scopes| !scopes.is_null());
        if scoped("scopes") || scoped("scopeSelector") {
            continue;
        }
        for (resource, hard) in quota["status"]["hard"].as_object().into_iter().flatten() {
            let Some(wanted) = demand.of_resource(resource) else { continue };
            let (hard_text, used_text) = (text(hard), text(&quota["status"]["used"][resource]));
            let (Some(hard), Some(used)) = (amount(&hard_text), amount(&used_text)) else { continue };
            // A hair's breadth is no excess: amounts are compared in floating point.
            if wanted > 0.0 && used + wanted > hard * (1.0 + 1e-9) {
                all.push(format!(
                    "quota {} leaves no room: {resource} is {used_text} of {hard_text}, and this Job wants {} more",
                    text(&quota["metadata"]["name"]),
                    shown(wanted)
                ));
            }
        }
    }
    all
}

/// What the Job's first pods will ask for.
struct Demand<'j> {
    pods: f64,
    pod: &'j Value,
}

impl<'j> Demand<'j> {
    fn of(job: &'j Value) -> Self {
        let spec = &job["spec"];
        let parallel = spec["parallelism"].as_f64().unwrap_or(1.0);
        let pods = if spec["suspend"] == true {
            0.0
        } else {
            spec["completions"].as_f64().map_or(parallel, |all| all.min(parallel))
        };
        Self { pods, pod: &spec["template"]["spec"] }
    }

    /// How much of a quota's resource (core/v1 ResourceQuota); `None` for one that the Job does not touch.
    fn of_resource(&self, resource: &str) -> Option<f64> {
        let each = match resource {
            "count/jobs.batch" => return Some(1.0),
            "pods" | "count/pods" => 1.0,
            "cpu" | "requests.cpu" => self.per_pod("requests", "cpu"),
            "memory" | "requests.memory" => self.per_pod("requests", "memory"),
            "ephemeral-storage" | "requests.ephemeral-storage" => self.per_pod("requests", "ephemeral-storage"),
            "limits.cpu" => self.per_pod("limits", "cpu"),
            "limits.memory" => self.per_pod("limits", "memory"),
            "limits.ephemeral-storage" => self.per_pod("limits", "ephemeral-storage"),
            _ => return None,
        };
        Some(each * self.pods)
    }

    /// All containers and native sidecars together, or the largest init container (KEP-753). Requests default to limits.
    fn per_pod(&self, kind: &str, resource: &str) -> f64 {
        let of = |container: &Value| {
            let resources = &container["resources"];
            let value = match &resources[kind][resource] {
                Value::Null if kind == "requests" => &resources["limits"][resource],
                value => value,
            };
            amount(&text(value)).unwrap_or(0.0)
        };
        let list = |field: &str| self.pod[field].as_array().map(Vec::as_slice).unwrap_or_default();
        let sidecar = |container: &&Value| container["restartPolicy"] == "Always";
        let running: f64 = list("containers").iter().map(of).sum();
        let sidecars: f64 = list("initContainers").iter().filter(sidecar).map(of).sum();
        let init = list("initContainers").iter().filter(|it| !sidecar(it)).map(of).fold(0.0, f64::max);
        (running + sidecars).max(init)
    }
}

fn amount(text: &str) -> Option<f64> {
    Quantity::new(text).amount()
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Small amounts as they are, large ones in bytes' units.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "demands are positive and far below u64")]
fn shown(amount: f64) -> String {
    if amount >= 1e6 { crate::facts::format_bytes(amount as u64) } else { format!("{amount}") }
}

#[cfg(test)]
#[allow(clippy::needless_pass_by_value, reason = "states are written where they are used")]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::gather::job_run::of_object;
    use crate::gather::watched;

    fn run(name: &str, owner: &str, more: Value) -> JobRun {
        let mut job = json!({
            "metadata": {"name": name, "creationTimestamp": "2026-11-24T03:00:00Z",
                "ownerReferences": [{"apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly", "uid": owner, "controller": true}]},
            "status": {"startTime": "2026-11-24T03:00:00Z", "active": 1},
        });
        for (field, value) in more.as_object().cloned().unwrap_or_default() {
            job[field] = value;
        }
        of_object(&job).unwrap()
    }

    #[test]
    fn runs_that_go_on_are_found_whoever_made_them() {
        let runs = [
            run("nightly-29388180", "c-1", json!({})),
            run("nightly-29388179", "c-1", json!({"status": {"conditions": [{"type": "Complete", "status": "True"}]}})),
            run("other", "c-2", json!({})),
            run("nightly-manual-a", "c-1", json!({"spec": {"suspend": true}})),
        ];
        let now = "2026-11-24T03:03:00Z".parse().unwrap();
        let shown = |but| active(&runs, "c-1", but).into_iter().map(|run| describe(run, now)).collect::<Vec<_>>();
        assert_eq!(
            shown(None),
            ["nightly-29388180 (scheduled, running for 3m, 1 pod)", "nightly-manual-a (scheduled, suspended)"]
        );
        assert_eq!(shown(Some("nightly-29388180")).len(), 1);
    }

    #[test]
    fn what_will_surprise_is_said_before() {
        let cron = json!({"metadata": {"name": "nightly"}, "spec": {"suspend": true, "successfulJobsHistoryLimit": 0}});
        let job = json!({"spec": {"suspend": true, "ttlSecondsAfterFinished": 0, "parallelism": 0, "managedBy": "kueue.x-k8s.io/multikueue"}});
        insta::assert_snapshot!(notices(&cron, &job, Ownership::Controller).join("\n"), @r"
        cronjob nightly is suspended: it starts no run by itself; this one runs all the same
        the Job is created suspended (spec.suspend) and starts no pod; --suspend=false lets it run
        the Job is run by kueue.x-k8s.io/multikueue (spec.managedBy), not by Kubernetes' own controller
        the Job starts no pod: its spec.parallelism is 0
        the Job's ttlSecondsAfterFinished is 0: it and its logs are gone the moment it ends; -f shows them, --ttl keeps them
        cronjob nightly keeps no run that has succeeded: the Job and its logs are gone the moment it has; -f shows them, --owner plain keeps them
        ");
        assert_eq!(
            notices(&json!({"spec": {"failedJobsHistoryLimit": 0}}), &json!({"spec": {}}), Ownership::Plain),
            [""; 0]
        );
    }

    #[test]
    fn a_full_quota_is_told_with_its_figures() {
        let quota = |hard: Value, used: Value| json!({"metadata": {"name": "q"}, "spec": {}, "status": {"hard": hard, "used": used}});
        let job = json!({"spec": {"parallelism": 4, "completions": 2, "template": {"spec": {
            "containers": [{"resources": {"requests": {"cpu": "250m"}, "limits": {"memory": "1Gi"}}}, {"resources": {}}],
            "initContainers": [{"resources": {"requests": {"cpu": "100m"}}},
                               {"restartPolicy": "Always", "resources": {"requests": {"cpu": "0.25"}}}],
        }}}});
        let full = without_room(
            &[
                quota(
                    json!({"pods": "3", "cpu": "1", "requests.memory": "2Gi", "services": "0"}),
                    json!({"pods": "2", "cpu": "0", "requests.memory": "1Mi"}),
                ),
                quota(json!({"count/jobs.batch": "5"}), json!({"count/jobs.batch": "5"})),
                quota(json!({"pods": "10", "limits.memory": "2Gi"}), json!({"pods": "0", "limits.memory": "0"})),
                json!({"metadata": {"name": "s"}, "spec": {"scopes": ["Terminating"]}, "status": {"hard": {"pods": "0"}, "used": {"pods": "0"}}}),
            ],
            &job,
        );
        assert_eq!(
            full,
            [
                "quota q leaves no room: pods is 2 of 3, and this Job wants 2 more",
                "quota q leaves no room: requests.memory is 1Mi of 2Gi, and this Job wants 2Gi more",
                "quota q leaves no room: count/jobs.batch is 5 of 5, and this Job wants 1 more",
            ]
        );
        let mut suspended = job.clone();
        suspended["spec"]["suspend"] = true.into();
        assert_eq!(without_room(&[quota(json!({"pods": "0"}), json!({"pods": "0"}))], &suspended), [""; 0]);
    }

    #[test]
    fn a_scheduled_run_within_a_minute_is_told() {
        let soon = |schedule: &str, more: Value, now: &str| {
            let mut cron = json!({"metadata": {"name": "nightly", "creationTimestamp": "2026-11-01T00:00:00Z"},
                "spec": {"schedule": schedule, "timeZone": "Etc/UTC", "concurrencyPolicy": "Forbid", "jobTemplate": {}}});
            for (field, value) in more.as_object().into_iter().flatten() {
                cron["spec"][field] = value.clone();
            }
            due_soon(&watched::of_object(&cron).unwrap(), now.parse().unwrap())
        };
        assert_eq!(
            soon("0 3 * * *", json!({}), "2026-11-24T02:59:18Z").unwrap(),
            "cronjob nightly starts a run of its own in 42 s (2026-11-24T03:00:00Z), beside this one: Forbid does not see runs that are made by hand"
        );
        assert_eq!(soon("0 3 * * *", json!({}), "2026-11-24T02:58:59Z"), None);
        assert_eq!(soon("0 3 * * *", json!({"suspend": true}), "2026-11-24T02:59:18Z"), None);
        let assumed =
            soon("0 3 * * *", json!({"timeZone": null, "concurrencyPolicy": "Allow"}), "2026-11-24T02:59:50Z");
        assert_eq!(
            assumed.unwrap(),
            "cronjob nightly starts a run of its own in 10 s (2026-11-24T03:00:00Z, if kube-controller-manager's clock is UTC), beside this one"
        );
        assert_eq!(soon("nonsense", json!({}), "2026-11-24T02:59:50Z"), None);
    }
}
