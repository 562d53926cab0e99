//! A clean Job out of one that has ended: a Job's pod template can't be changed, so running it again means a new one.

use serde_json::{Map, Value, json};

use super::template::{INSTANTIATE, SCHEDULED};
use crate::change::KEY;

/// Labels that the server gives a Job's pods, and a Job without labels of its own takes over (registry/batch/job/strategy.go,
/// `generateSelector`; batch/v1 `defaults.go`).
const GENERATED: [&str; 4] =
    ["batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name", "controller-uid", "job-name"];

/// Annotations of the run that it was, not of what it does.
const OF_THE_RUN: [&str; 4] =
    [SCHEDULED, KEY, "kubectl.kubernetes.io/last-applied-configuration", "batch.kubernetes.io/job-tracking"];
/// Helm and Argo CD delete, or create again, what carries their annotations.
const OF_TOOLS: [&str; 3] = ["helm.sh/", "meta.helm.sh/", "argocd.argoproj.io/"];

/// The Job to be created, and what could not be carried over.
#[derive(Debug, Clone, PartialEq)]
pub struct Again {
    /// Without a name; its namespace stands in the address it is sent to.
    pub job: Value,
    /// Sentences for the user.
    pub remarks: Vec<String>,
}

/// A new Job like this one, with a selector of its own, no pod of which the old selector selects. `owner` is the CronJob's reference
/// that it keeps.
pub fn again(old: &Value, owner: Option<Value>) -> Result<Again, String> {
    let mut remarks = Vec::new();
    let mut spec = old["spec"].clone();
    let Some(fields) = spec.as_object_mut() else { return Err("it has no spec".to_owned()) };
    let selector = fields.remove("selector").unwrap_or_default();
    let manual = fields.remove("manualSelector") == Some(Value::Bool(true));
    if let Some(labels) = spec["template"]["metadata"]["labels"].as_object_mut() {
        labels.retain(|key, _| !GENERATED.contains(&key.as_str()));
        if manual {
            let gone = leave_selector(labels, &selector)?;
            remarks.push(format!(
                "its pods go without the {} of the old Job's own selector: it would select them too",
                list("label", &gone)
            ));
        }
        if labels.is_empty()
            && let Some(meta) = spec["template"]["metadata"].as_object_mut()
        {
            meta.remove("labels");
        }
    }
    if let Some(meta) = spec["template"]["metadata"].as_object_mut() {
        meta.retain(|_, value| !value.is_null());
    }
    let mut meta = Map::new();
    let labels: Map<String, Value> = kept(&old["metadata"]["labels"], |key| !GENERATED.contains(&key));
    if !labels.is_empty() {
        meta.insert("labels".into(), labels.into());
    }
    let mut annotations = kept(&old["metadata"]["annotations"], |key| {
        !OF_THE_RUN.contains(&key) && !OF_TOOLS.iter().any(|prefix| key.starts_with(prefix))
    });
    if let Some(owner) = owner {
        annotations.entry(INSTANTIATE).or_insert_with(|| "manual".into());
        meta.insert("ownerReferences".into(), json!([owner]));
    }
    if !annotations.is_empty() {
        meta.insert("annotations".into(), annotations.into());
    }
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": spec});
    Ok(Again { job, remarks })
}

/// Takes away the labels by which the selector selects; without any one of them it selects nothing more.
fn leave_selector(labels: &mut Map<String, Value>, selector: &Value) -> Result<Vec<String>, String> {
    let equal = selector["matchLabels"].as_object().into_iter().flat_map(|map| map.keys().cloned());
    let expressions = selector["matchExpressions"].as_array().into_iter().flatten();
    let wanted = expressions
        .filter(|it| it["operator"] == "In" || it["operator"] == "Exists")
        .filter_map(|it| it["key"].as_str().map(str::to_owned));
    let gone: Vec<String> = equal.chain(wanted).filter(|key| labels.remove(key).is_some()).collect();
    if gone.is_empty() {
        return Err("its own selector (spec.manualSelector) would select the pods of any other Job like it".to_owned());
    }
    Ok(gone)
}

fn kept(map: &Value, keeps: impl Fn(&str) -> bool) -> Map<String, Value> {
    let all = map.as_object().cloned().unwrap_or_default();
    all.into_iter().filter(|(key, _)| keeps(key)).collect()
}

fn list(word: &str, names: &[String]) -> String {
    format!("{word}{} {}", if names.len() == 1 { "" } else { "s" }, names.join(", "))
}

/// The reference to the CronJob that controlled a Job, without what would block its deletion.
pub fn cron_job_of(old: &Value) -> Option<(&str, &str)> {
    let owners = old["metadata"]["ownerReferences"].as_array()?;
    let owner = owners.iter().find(|owner| owner["kind"] == "CronJob")?;
    Some((owner["name"].as_str()?, owner["uid"].as_str()?))
}

/// The stem of a rerun's name: without the ending that a rerun, a run by hand or a slot has given it.
pub fn stem(name: &str) -> &str {
    let cut = |name: &'_ str, word: &str| name.rfind(word).filter(|at| *at > 0 && name.len() - at - word.len() <= 11);
    for word in ["-rerun-", "-manual-", "-run-"] {
        if let Some(at) = cut(name, word) {
            return &name[..at];
        }
    }
    match name.rsplit_once('-') {
        Some((stem, slot)) if slot.len() == 8 && slot.bytes().all(|byte| byte.is_ascii_digit()) => stem,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended() -> Value {
        json!({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": {
                "name": "nightly-29388180", "namespace": "shop", "uid": "j-1", "resourceVersion": "9", "generation": 1,
                "creationTimestamp": "2026-11-24T03:00:00Z", "finalizers": ["x.example/keep"], "managedFields": [{}],
                "labels": {"app": "backup", "job-name": "nightly-29388180", "batch.kubernetes.io/controller-uid": "j-1"},
                "annotations": {
                    "batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-11-24T03:00:00Z", "team": "db",
                    "helm.sh/hook": "pre-upgrade", "argocd.argoproj.io/sync-wave": "1",
                    "kubectl.kubernetes.io/last-applied-configuration": "{}",
                },
                "ownerReferences": [{"apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly", "uid": "c-1",
                    "controller": true, "blockOwnerDeletion": true}],
            },
            "spec": {
                "backoffLimit": 2, "fromTheFuture": 1, "manualSelector": false,
                "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "j-1"}},
                "template": {
                    "metadata": {"creationTimestamp": null, "labels": {"batch.kubernetes.io/controller-uid": "j-1",
                        "batch.kubernetes.io/job-name": "nightly-29388180", "controller-uid": "j-1", "job-name": "nightly-29388180", "app": "backup"}},
                    "spec": {"restartPolicy": "Never"},
                },
            },
            "status": {"failed": 3},
        })
    }

    #[test]
    fn a_rerun_is_the_same_work_and_nothing_of_the_old_run() {
        let owner = json!({"kind": "CronJob", "name": "nightly", "uid": "c-1", "controller": true});
        let again = again(&ended(), Some(owner.clone())).unwrap();
        assert_eq!(
            again.job,
            json!({
                "apiVersion": "batch/v1", "kind": "Job",
                "metadata": {
                    "labels": {"app": "backup"}, "ownerReferences": [owner],
                    "annotations": {"team": "db", "cronjob.kubernetes.io/instantiate": "manual"},
                },
                "spec": {"backoffLimit": 2, "fromTheFuture": 1,
                    "template": {"metadata": {"labels": {"app": "backup"}}, "spec": {"restartPolicy": "Never"}}},
            })
        );
        assert_eq!(again.remarks, [""; 0]);
        assert_eq!(cron_job_of(&ended()), Some(("nightly", "c-1")));
    }

    #[test]
    fn a_selector_of_its_own_never_selects_the_new_pods() {
        let mut old = ended();
        old["spec"]["manualSelector"] = true.into();
        old["spec"]["selector"] =
            json!({"matchLabels": {"app": "backup"}, "matchExpressions": [{"key": "tier", "operator": "Exists"}]});
        let again_of = again(&old, None).unwrap();
        assert_eq!(again_of.job["spec"].get("manualSelector"), None);
        assert_eq!(again_of.job["spec"].get("selector"), None);
        assert_eq!(again_of.job["spec"]["template"]["metadata"].get("labels"), None);
        assert_eq!(
            again_of.remarks,
            ["its pods go without the label app of the old Job's own selector: it would select them too"]
        );
        old["spec"]["selector"] = json!({"matchExpressions": [{"key": "x", "operator": "DoesNotExist"}]});
        assert!(again(&old, None).unwrap_err().contains("manualSelector"));
    }

    #[test]
    fn a_rerun_of_a_rerun_does_not_grow_its_name() {
        for (name, stem_of) in [
            ("backup", "backup"),
            ("nightly-29388180", "nightly"),
            ("nightly-manual-k7f2xq", "nightly"),
            ("nightly-rerun-k7f2xq", "nightly"),
            ("once-run-k7f2xq", "once"),
            ("a-manual-job-that-is-long-enough", "a-manual-job-that-is-long-enough"),
            ("-rerun-x", "-rerun-x"),
        ] {
            assert_eq!(stem(name), stem_of);
        }
    }
}
