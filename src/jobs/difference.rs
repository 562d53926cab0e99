//! What differs between two states of a Job, field by field: a run against its template, and what admission made of it.

use serde_json::Value;

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `spec.template.spec.containers[main].image`; elements of lists by their name where they have one.
    pub path: String,
    /// Before; `None` where it was not there.
    pub before: Option<Value>,
    /// After; `None` where it is gone.
    pub after: Option<Value>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.before, &self.after) {
            (None, Some(after)) => write!(f, "+ {}: {after}", self.path),
            (Some(before), None) => write!(f, "- {}: {before}", self.path),
            (Some(before), Some(after)) => write!(f, "~ {}: {before} -> {after}", self.path),
            (None, None) => Ok(()),
        }
    }
}

/// The differences, in the order of their fields.
pub fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let mut all = Vec::new();
    compare(String::new(), Some(before), Some(after), &mut all);
    all
}

/// What the server made of a Job beyond filling in its own defaults: the work of admission.
pub fn admitted(sent: &Value, stored: &Value) -> Vec<Difference> {
    let mut all = differences(sent, stored);
    all.retain(|difference| {
        difference.before.is_some()
            || !difference.after.as_ref().is_some_and(|after| is_default(&difference.path, after))
    });
    all
}

fn compare(path: String, before: Option<&Value>, after: Option<&Value>, all: &mut Vec<Difference>) {
    match (before, after) {
        (Some(before), Some(after)) if before == after => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let mut fields: Vec<&String> = before.keys().chain(after.keys()).collect();
            fields.sort_unstable();
            fields.dedup();
            for field in fields {
                compare(joined(&path, field), before.get(field), after.get(field), all);
            }
        }
        // A map that is new is shown by its parts, of which some may be defaults.
        (None, Some(Value::Object(after))) if !after.is_empty() => {
            for (field, value) in after {
                compare(joined(&path, field), None, Some(value), all);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            let Some(names) = element_names(before, after) else {
                return compare_places(&path, before, after, all);
            };
            for name in names {
                let of = |list: &[Value]| list.iter().find(|it| it["name"] == *name).cloned();
                compare(format!("{path}[{name}]"), of(before).as_ref(), of(after).as_ref(), all);
            }
        }
        (before, after) => {
            all.push(Difference { path, before: before.cloned(), after: after.cloned() });
        }
    }
}

fn compare_places(path: &str, before: &[Value], after: &[Value], all: &mut Vec<Difference>) {
    for at in 0..before.len().max(after.len()) {
        compare(format!("{path}[{at}]"), before.get(at), after.get(at), all);
    }
}

/// The names of the elements of both, each once, where all of them have one of their own.
fn element_names<'v>(before: &'v [Value], after: &'v [Value]) -> Option<Vec<&'v str>> {
    let mut names = Vec::new();
    for list in [before, after] {
        let mut own = Vec::new();
        for element in list {
            let name = element["name"].as_str()?;
            if own.contains(&name) {
                return None;
            }
            own.push(name);
        }
        names.extend(own.into_iter().filter(|name| !names.contains(name)).collect::<Vec<_>>());
    }
    Some(names)
}

fn joined(path: &str, field: &str) -> String {
    // Keys of labels and annotations hold dots of their own.
    let field = if field.contains(['.', '/']) { format!("[{field}]") } else { field.to_owned() };
    match (path.is_empty(), field.starts_with('[')) {
        (true, _) => field,
        (false, true) => format!("{path}{field}"),
        (false, false) => format!("{path}.{field}"),
    }
}

/// Whether the API server itself adds this (batch/v1 and core/v1 `defaults.go`; registry/batch/job/strategy.go).
fn is_default(path: &str, value: &Value) -> bool {
    const OWN: [&str; 7] =
        ["uid", "creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "namespace"];
    const GENERATED: [&str; 4] =
        ["batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name", "controller-uid", "job-name"];
    if path.starts_with("status") || path.starts_with("spec.selector") {
        return true;
    }
    if let Some(field) = path.strip_prefix("metadata.") {
        return OWN.iter().any(|own| field.starts_with(own));
    }
    if let Some(label) = path.strip_prefix("spec.template.metadata.labels") {
        return GENERATED.contains(&label.trim_start_matches(['.', '[']).trim_end_matches(']'));
    }
    let field = path.rsplit('.').next().unwrap_or(path);
    let value = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    matches!(
        (field, value.as_str()),
        ("parallelism" | "completions", "1")
            | ("backoffLimit", "6")
            | ("completionMode", "NonIndexed")
            | ("suspend" | "manualSelector", "false")
            | ("podReplacementPolicy", "TerminatingOrFailed" | "Failed")
            | ("creationTimestamp", "null")
            | ("terminationMessagePath", "/dev/termination-log")
            | ("terminationMessagePolicy", "File")
            | ("imagePullPolicy", "Always" | "IfNotPresent")
            | ("resources" | "securityContext", "{}")
            | ("dnsPolicy", "ClusterFirst")
            | ("restartPolicy", "Always")
            | ("schedulerName", "default-scheduler")
            | ("terminationGracePeriodSeconds", "30")
            | ("protocol", "TCP")
            | ("apiVersion", "v1")
            | ("defaultMode", "420")
            | ("expirationSeconds", "3600" | "3607")
            | ("timeoutSeconds" | "successThreshold", "1")
            | ("periodSeconds", "10")
            | ("failureThreshold", "3")
            | ("scheme", "HTTP")
            | ("path", "/")
            | ("status", "True")
            | ("divisor", "0")
            | ("volumeMode", "Filesystem")
            // A copy of serviceAccountName under its old name.
            | ("serviceAccount", _)
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(all: &[Difference]) -> Vec<String> {
        all.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_run_differs_from_its_template_where_it_was_told_to() {
        let template = json!({"metadata": {"annotations": {"a.example/b": "1"}}, "spec": {"containers": [
            {"name": "main", "image": "a", "args": ["x", "y"], "env": [{"name": "A", "value": "1"}]}, {"name": "proxy"}]}});
        let run = json!({"metadata": {"annotations": {"a.example/b": "2"}}, "spec": {"ttl": 5, "containers": [
            {"name": "main", "image": "b", "args": ["x"], "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}]}});
        assert_eq!(
            told(&differences(&template, &run)),
            [
                r#"~ metadata.annotations[a.example/b]: "1" -> "2""#,
                r#"- spec.containers[main].args[1]: "y""#,
                r#"+ spec.containers[main].env[B].name: "B""#,
                r#"+ spec.containers[main].env[B].value: "2""#,
                r#"~ spec.containers[main].image: "a" -> "b""#,
                r#"- spec.containers[proxy]: {"name":"proxy"}"#,
                "+ spec.ttl: 5",
            ]
        );
        assert_eq!(differences(&run, &run), []);
    }

    #[test]
    fn the_servers_defaults_are_not_called_admissions_work() {
        let sent = json!({"metadata": {"name": "j"}, "spec": {"template": {"spec": {"restartPolicy": "Never",
            "containers": [{"name": "main", "image": "r.example/a:1"}]}}}});
        let stored = json!({
            "metadata": {"name": "j", "uid": "u", "creationTimestamp": "t", "generation": 1, "labels": {"cost": "db"}},
            "spec": {"backoffLimit": 6, "parallelism": 1, "completions": 1, "completionMode": "NonIndexed", "suspend": true,
                "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "u"}},
                "template": {
                    "metadata": {"labels": {"batch.kubernetes.io/controller-uid": "u", "job-name": "j", "sidecar.example/in": "y"}},
                    "spec": {"restartPolicy": "Never", "dnsPolicy": "ClusterFirst", "securityContext": {}, "containers": [
                        {"name": "main", "image": "mirror.example/a:1", "imagePullPolicy": "IfNotPresent", "resources": {}},
                        {"name": "proxy", "image": "p", "resources": {}},
                    ]},
                }},
            "status": {},
        });
        assert_eq!(
            told(&admitted(&sent, &stored)),
            [
                r#"+ metadata.labels.cost: "db""#,
                "+ spec.suspend: true",
                r#"+ spec.template.metadata.labels[sidecar.example/in]: "y""#,
                r#"~ spec.template.spec.containers[main].image: "r.example/a:1" -> "mirror.example/a:1""#,
                r#"+ spec.template.spec.containers[proxy].image: "p""#,
                r#"+ spec.template.spec.containers[proxy].name: "proxy""#,
            ]
        );
    }
}
