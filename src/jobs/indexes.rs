//! The indexes of an Indexed Job that did not succeed, each as a Job of its own: no Job can be given indexes to choose from.

use serde_json::{Value, json};

/// The annotation, the label and the variable in which a pod finds its index (batch/v1; KEP-4017).
const INDEX: &str = "batch.kubernetes.io/job-completion-index";
const VARIABLE: &str = "JOB_COMPLETION_INDEX";

/// The indexes of a Job that has ended and that did not succeed: those that its status calls failed, else all that are not completed.
pub fn failed(old: &Value) -> Result<Vec<u32>, String> {
    if old["spec"]["completionMode"] != "Indexed" {
        return Err("it has no indexes (spec.completionMode is not Indexed)".to_owned());
    }
    let text = |field: &str| old["status"][field].as_str().unwrap_or_default();
    let named = parse(text("failedIndexes"))?;
    if !named.is_empty() {
        return Ok(named);
    }
    let completed = parse(text("completedIndexes"))?;
    let all = old["spec"]["completions"].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    Ok((0..all).filter(|index| completed.binary_search(index).is_err()).collect())
}

/// Reads `1,3-5,7`, which is in order.
fn parse(text: &str) -> Result<Vec<u32>, String> {
    let fault = || format!("its indexes can't be read: {text:?}");
    let mut all = Vec::new();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (from, to): (u32, u32) = (from.parse().map_err(|_| fault())?, to.parse().map_err(|_| fault())?);
        all.extend(from..=to);
    }
    Ok(all)
}

/// The Job of one index: one pod that finds the index where the pods of the old Job found theirs, under its host name.
pub fn of_index(job: &Value, old_name: &str, index: u32) -> Value {
    let mut job = job.clone();
    let spec = &mut job["spec"];
    if let Some(fields) = spec.as_object_mut() {
        for field in ["completionMode", "completions", "parallelism", "maxFailedIndexes", "successPolicy"] {
            fields.remove(field);
        }
        if let Some(limit) = fields.remove("backoffLimitPerIndex") {
            fields.insert("backoffLimit".into(), limit);
        }
    }
    for rule in spec.pointer_mut("/podFailurePolicy/rules").and_then(Value::as_array_mut).into_iter().flatten() {
        if rule["action"] == "FailIndex" {
            rule["action"] = "FailJob".into();
        }
    }
    let template = &mut spec["template"];
    template["metadata"]["annotations"][INDEX] = index.to_string().into();
    template["metadata"]["labels"][INDEX] = index.to_string().into();
    let host = format!("{old_name}-{index}");
    if template["spec"]["hostname"].is_null() && host.len() <= 63 && !host.contains('.') {
        template["spec"]["hostname"] = host.into();
    }
    for field in ["/spec/initContainers", "/spec/containers"] {
        for container in template.pointer_mut(field).and_then(Value::as_array_mut).into_iter().flatten() {
            let own = container["env"].as_array().is_some_and(|env| env.iter().any(|it| it["name"] == VARIABLE));
            if !own {
                let mut env = vec![json!({"name": VARIABLE, "value": index.to_string()})];
                env.extend(container["env"].as_array().cloned().unwrap_or_default());
                container["env"] = env.into();
            }
        }
    }
    job
}

#[cfg(test)]
#[allow(clippy::needless_pass_by_value, reason = "states are written where they are used")]
mod tests {
    use super::*;

    fn indexed(status: Value) -> Value {
        json!({"spec": {"completionMode": "Indexed", "completions": 6}, "status": status})
    }

    #[test]
    fn what_did_not_succeed() {
        assert_eq!(failed(&indexed(json!({"failedIndexes": "1,3-5"}))), Ok(vec![1, 3, 4, 5]));
        assert_eq!(failed(&indexed(json!({"completedIndexes": "0-2,5"}))), Ok(vec![3, 4]));
        assert_eq!(failed(&indexed(json!({"completedIndexes": "0-5"}))), Ok(vec![]));
        assert_eq!(failed(&indexed(json!({}))).unwrap().len(), 6);
        assert!(failed(&indexed(json!({"failedIndexes": "x"}))).is_err());
        assert!(failed(&json!({"spec": {}})).is_err());
    }

    #[test]
    fn one_index_is_a_job_whose_pod_finds_it_where_it_always_was() {
        let job = json!({"metadata": {"labels": {"app": "render"}}, "spec": {
            "completionMode": "Indexed", "completions": 6, "parallelism": 3, "backoffLimitPerIndex": 1, "maxFailedIndexes": 2,
            "successPolicy": {"rules": []}, "podFailurePolicy": {"rules": [{"action": "FailIndex"}, {"action": "Ignore"}]},
            "template": {"metadata": {}, "spec": {"containers": [
                {"name": "a", "env": [{"name": "X", "value": "$(JOB_COMPLETION_INDEX)"}]}, {"name": "b"}]}},
        }});
        assert_eq!(
            of_index(&job, "render", 4),
            json!({"metadata": {"labels": {"app": "render"}}, "spec": {
                "backoffLimit": 1, "podFailurePolicy": {"rules": [{"action": "FailJob"}, {"action": "Ignore"}]},
                "template": {
                    "metadata": {"annotations": {INDEX: "4"}, "labels": {INDEX: "4"}},
                    "spec": {"hostname": "render-4", "containers": [
                        {"name": "a", "env": [{"name": VARIABLE, "value": "4"}, {"name": "X", "value": "$(JOB_COMPLETION_INDEX)"}]},
                        {"name": "b", "env": [{"name": VARIABLE, "value": "4"}]},
                    ]},
                },
            }})
        );
    }
}
