//! Reports against the JSON Schemas in docs/schemas: every one that a program prints in a test.
//!
//! Only the keywords that those schemas use are understood; any other is a mistake in the schema.

use std::collections::HashMap;
use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value;

/// The schemas by their file's name.
static SCHEMAS: LazyLock<HashMap<String, Value>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/schemas");
    let files = std::fs::read_dir(folder).expect("docs/schemas").map(|entry| entry.expect("an entry").path());
    let read = |path: std::path::PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a schema");
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, serde_json::from_str(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display())))
    };
    files.map(read).collect()
});

/// What of a program's standard output does not follow its schema: nothing where it is no report, or of a kind without one.
pub fn breaches(stdout: &str) -> Vec<String> {
    let Some(report) = stdout.starts_with('{').then(|| serde_json::from_str::<Value>(stdout).ok()).flatten() else {
        return Vec::new();
    };
    let kind = report["kind"].as_str().unwrap_or_default();
    let mut all = Vec::new();
    if let Some(schema) = SCHEMAS.get(&format!("{kind}.json")) {
        check(&report, schema, kind, &mut all);
    }
    all
}

fn check(value: &Value, schema: &Value, at: &str, all: &mut Vec<String>) {
    for (keyword, wanted) in schema.as_object().expect("a schema is an object") {
        match keyword.as_str() {
            "$schema" | "title" | "description" => {}
            "$ref" => check(value, target(wanted.as_str().expect("a reference")), at, all),
            "const" => {
                if value != wanted {
                    all.push(format!("{at} is {value}, not {wanted}"));
                }
            }
            "enum" => {
                if !wanted.as_array().expect("a list").contains(value) {
                    all.push(format!("{at} is {value}, none of {wanted}"));
                }
            }
            "type" => {
                let is = |name: &Value| match name.as_str().expect("a type's name") {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "integer" => value.is_i64() || value.is_u64(),
                    "boolean" => value.is_boolean(),
                    "null" => value.is_null(),
                    other => panic!("a type that is not understood: {other}"),
                };
                if !wanted.as_array().map_or_else(|| is(wanted), |any| any.iter().any(is)) {
                    all.push(format!("{at} is {value}, not of type {wanted}"));
                }
            }
            "required" => {
                let names = wanted.as_array().expect("names").iter().filter_map(Value::as_str);
                all.extend(names.filter(|name| value.get(name).is_none()).map(|name| format!("{at} lacks {name}")));
            }
            "properties" => {
                for (name, field) in value.as_object().into_iter().flatten() {
                    match wanted.get(name) {
                        Some(schema) => check(field, schema, &format!("{at}.{name}"), all),
                        None if schema["additionalProperties"] == false => all.push(format!("{at} has {name}")),
                        None => {}
                    }
                }
            }
            "additionalProperties" => assert_eq!(*wanted, false, "only false is understood"),
            "items" => {
                for (n, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(item, wanted, &format!("{at}[{n}]"), all);
                }
            }
            other => panic!("a keyword that is not understood: {other}"),
        }
    }
}

/// `common.json#/$defs/verdict`.
fn target(reference: &str) -> &'static Value {
    let (file, pointer) = reference.split_once('#').expect("a reference into a file");
    SCHEMAS[file].pointer(pointer).unwrap_or_else(|| panic!("{reference} is not there"))
}

#[cfg(test)]
mod tests {
    use super::breaches;

    #[test]
    fn a_report_that_breaks_its_schema_is_told_where() {
        let report = |item: &str, more: &str| {
            format!(
                r#"{{"apiVersion":"workloads.kubectl/v1alpha1","kind":"CleanReport","metadata":{{"time":"t","complete":true}},"items":[{item}],"findings":[]{more}}}"#
            )
        };
        let good = r#"{"object":{"kind":"PersistentVolumeClaim","name":"a"},"outcome":"deleted","bytes":1}"#;
        assert_eq!(breaches(&report(good, "")), [""; 0]);
        assert_eq!(breaches(&report(good, r#","more":1"#)), ["CleanReport has more"]);
        let bad = r#"{"object":{"kind":1},"outcome":"gone","bytes":"1"}"#;
        assert_eq!(
            breaches(&report(bad, "")),
            [
                "CleanReport.items[0].bytes is \"1\", not of type \"integer\"",
                "CleanReport.items[0].object.kind is 1, not of type \"string\"",
                "CleanReport.items[0].object lacks name",
                "CleanReport.items[0].outcome is \"gone\", none of [\"deleted\",\"held\",\"wouldBeDeleted\",\"left\",\"refused\",\"passedOver\"]",
            ]
        );
        assert_eq!(breaches("no report"), [""; 0]);
    }
}
