//! The Job that a CronJob would start now: what `kubectl create job --from` sends, made of raw JSON so that fields which only the
//! server knows survive (kubectl, `pkg/cmd/create/create_job.go`, createJobWithCronJob; 1.31 and newer).

use serde_json::{Map, Value, json};

/// How the Job belongs to its CronJob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ownership {
    /// As a run of its own: pruned by the history limits, counted in `lastSuccessfulTime`.
    #[default]
    Controller,
    /// Deleted together with the CronJob, and out of the reach of its history limits.
    Plain,
    /// Not at all.
    None,
}

/// The annotation that marks a run as made by hand.
pub const INSTANTIATE: &str = "cronjob.kubernetes.io/instantiate";
/// The annotation in which the CronJob controller tells a run its slot.
pub const SCHEDULED: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/// A Job of this name out of a CronJob's template. The namespace stands in it only where it was given, as in kubectl's.
///
/// Labels, annotations and the spec are the template's own; its name, finalizers and owners are not copied. An annotation of the
/// template wins over the mark of a manual run. The owner reference blocks no deletion: that would need a right to the CronJob's
/// finalizers where owner references are checked (OwnerReferencesPermissionEnforcement).
pub fn from_cron_job(cron: &Value, name: &str, namespace: Option<&str>, ownership: Ownership) -> Value {
    let template = &cron["spec"]["jobTemplate"];
    let mut meta = Map::new();
    meta.insert("name".into(), name.into());
    if let Some(namespace) = namespace {
        meta.insert("namespace".into(), namespace.into());
    }
    if let Some(labels) = template["metadata"]["labels"].as_object().filter(|labels| !labels.is_empty()) {
        meta.insert("labels".into(), labels.clone().into());
    }
    let mut annotations = Map::from_iter([(INSTANTIATE.to_owned(), Value::from("manual"))]);
    annotations.extend(template["metadata"]["annotations"].as_object().cloned().unwrap_or_default());
    meta.insert("annotations".into(), annotations.into());
    if ownership != Ownership::None {
        let mut owner = json!({
            "apiVersion": "batch/v1", "kind": "CronJob",
            "name": cron["metadata"]["name"], "uid": cron["metadata"]["uid"],
        });
        if ownership == Ownership::Controller {
            owner["controller"] = true.into();
        }
        meta.insert("ownerReferences".into(), json!([owner]));
    }
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": template["spec"]})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nightly() -> Value {
        json!({
            "apiVersion": "batch/v1", "kind": "CronJob",
            "metadata": {"name": "nightly", "namespace": "shop", "uid": "u-1", "labels": {"of": "the CronJob"}},
            "spec": {
                "schedule": "0 3 * * *", "suspend": true,
                "jobTemplate": {
                    "metadata": {"name": "x", "labels": {"app": "backup"}, "annotations": {"team": "db"}, "finalizers": ["f"]},
                    "spec": {"suspend": true, "fromTheFuture": {"a": {}}, "template": {"spec": {"volumes": [{"emptyDir": {}}]}}},
                },
            },
        })
    }

    #[test]
    fn a_run_by_hand_is_what_kubectl_would_create() {
        let job = from_cron_job(&nightly(), "nightly-manual-x", Some("shop"), Ownership::Controller);
        let expected = json!({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": {
                "name": "nightly-manual-x", "namespace": "shop", "labels": {"app": "backup"},
                "annotations": {"cronjob.kubernetes.io/instantiate": "manual", "team": "db"},
                "ownerReferences": [
                    {"apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly", "uid": "u-1", "controller": true}
                ],
            },
            "spec": {"suspend": true, "fromTheFuture": {"a": {}}, "template": {"spec": {"volumes": [{"emptyDir": {}}]}}},
        });
        assert_eq!(job, expected);
    }

    #[test]
    fn the_templates_annotation_wins_and_ownership_is_a_choice() {
        let mut cron = nightly();
        cron["spec"]["jobTemplate"]["metadata"] =
            json!({"annotations": {"cronjob.kubernetes.io/instantiate": "custom"}});
        let meta = |ownership| from_cron_job(&cron, "n", None, ownership)["metadata"].clone();
        assert_eq!(meta(Ownership::Controller)["annotations"], json!({"cronjob.kubernetes.io/instantiate": "custom"}));
        assert_eq!(
            meta(Ownership::Plain)["ownerReferences"],
            json!([{"apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly", "uid": "u-1"}])
        );
        let none = meta(Ownership::None);
        assert_eq!((none.get("ownerReferences"), none.get("namespace"), none.get("labels")), (None, None, None));
    }
}
