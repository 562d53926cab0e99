//! Label and field selectors, as `apimachinery/pkg/labels` and the registries' field sets have them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::kinds::Kind;
use crate::status::Status;
use crate::store::Object;
use crate::target::Query;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Missing(String),
}

impl Term {
    fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        match self {
            Self::In(key, values) => labels.get(key).is_some_and(|it| values.contains(it)),
            // A label that isn't there is "not in" too.
            Self::NotIn(key, values) => labels.get(key).is_none_or(|it| !values.contains(it)),
            Self::Exists(key) => labels.contains_key(key),
            Self::Missing(key) => !labels.contains_key(key),
        }
    }
}

/// Both selectors of a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selector {
    labels: Vec<Term>,
    fields: Vec<(String, bool, String)>,
}

impl Selector {
    pub(crate) fn read(query: &Query, kind: &Kind) -> Result<Self, Status> {
        let labels = query.get("labelSelector").unwrap_or_default();
        let fields = query.get("fieldSelector").unwrap_or_default();
        let mut selector = Self { labels: terms(labels)?, fields: Vec::new() };
        for part in fields.split(',').filter(|it| !it.is_empty()) {
            let (key, equal, value) = if let Some((key, value)) = part.split_once("!=") {
                (key, false, value)
            } else if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
                (key, true, value)
            } else {
                return Err(Status::bad_request(format!("invalid selector: '{fields}'; can't understand '{part}'")));
            };
            if !supported(kind, key) {
                return Err(Status::bad_request(format!("field label not supported: {key}")));
            }
            selector.fields.push((key.to_owned(), equal, value.to_owned()));
        }
        Ok(selector)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Narrows to one name: how a watch on one object is written.
    pub(crate) fn named(mut self, name: &str) -> Self {
        self.fields.push(("metadata.name".into(), true, name.into()));
        self
    }

    pub(crate) fn matches(&self, object: &Object) -> bool {
        if !self.labels.iter().all(|it| it.matches(&object.labels)) {
            return false;
        }
        let mut parsed: Option<Value> = None;
        self.fields.iter().all(|(key, equal, value)| {
            let found = match key.as_str() {
                "metadata.name" => object.name.clone(),
                "metadata.namespace" => object.namespace.clone(),
                path => {
                    let tree = parsed.get_or_insert_with(|| object.value());
                    match tree.pointer(&format!("/{}", path.replace('.', "/"))) {
                        Some(Value::String(text)) => text.clone(),
                        Some(Value::Null) | None => String::new(),
                        Some(other) => other.to_string(),
                    }
                }
            };
            (found == *value) == *equal
        })
    }
}

/// Which fields a kind can be selected by (`pkg/apis/*/v1/conversion.go`).
fn supported(kind: &Kind, field: &str) -> bool {
    let more: &[&str] = match kind.resource.as_str() {
        "pods" => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        "events" => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        "jobs" => &["status.successful"],
        "nodes" => &["spec.unschedulable"],
        "namespaces" => &["status.phase"],
        "services" => &["spec.clusterIP", "spec.type"],
        "secrets" => &["type"],
        _ => &[],
    };
    field == "metadata.name" || (field == "metadata.namespace" && kind.namespaced) || more.contains(&field)
}

/// `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
fn terms(text: &str) -> Result<Vec<Term>, Status> {
    let mut terms = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        // A comma inside brackets belongs to the set.
        let mut depth = 0;
        let end = rest
            .find(|it| {
                depth += i32::from(it == '(') - i32::from(it == ')');
                it == ',' && depth == 0
            })
            .unwrap_or(rest.len());
        terms.push(term(rest[..end].trim())?);
        rest = rest.get(end + 1..).unwrap_or_default().trim();
    }
    Ok(terms)
}

fn term(text: &str) -> Result<Term, Status> {
    let broken = || {
        let found = text.split_whitespace().nth(1).unwrap_or(text);
        let expected = "in, notin, =, ==, !=, gt, lt";
        Status::bad_request(format!("unable to parse requirement: found '{found}', expected: {expected}"))
    };
    let key = |it: &str| {
        let it = it.trim();
        let legal = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
        if !it.is_empty() && it.chars().all(legal) { Ok(it.to_owned()) } else { Err(broken()) }
    };
    if let Some((left, right)) = text.split_once('(') {
        let values = right.strip_suffix(')').ok_or_else(broken)?;
        let values = values.split(',').map(|it| it.trim().to_owned()).collect();
        return match left.trim().rsplit_once(' ') {
            Some((name, "in")) => Ok(Term::In(key(name)?, values)),
            Some((name, "notin")) => Ok(Term::NotIn(key(name)?, values)),
            _ => Err(broken()),
        };
    }
    if let Some((name, value)) = text.split_once("!=") {
        return Ok(Term::NotIn(key(name)?, vec![value.trim().to_owned()]));
    }
    if let Some((name, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return Ok(Term::In(key(name)?, vec![value.trim().to_owned()]));
    }
    match text.strip_prefix('!') {
        Some(name) => Ok(Term::Missing(key(name)?)),
        None => Ok(Term::Exists(key(text)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_selectors_select() {
        let labels: BTreeMap<String, String> =
            [("app", "redis"), ("tier", "db")].map(|(key, value)| (key.into(), value.into())).into();
        for (selector, expected) in [
            ("app=redis", true),
            ("app==redis,tier=db", true),
            ("app!=redis", false),
            ("none!=x", true),
            ("app in (redis, postgres),tier", true),
            ("app notin (redis)", false),
            ("none notin (redis)", true),
            ("!none", true),
            ("!app", false),
            ("none", false),
            ("", true),
        ] {
            let terms = terms(selector).unwrap();
            assert_eq!(terms.iter().all(|it| it.matches(&labels)), expected, "{selector}");
        }
        for broken in ["a b", "app in redis", "(x)", "app in (x"] {
            assert!(terms(broken).is_err(), "{broken}");
        }
    }
}
