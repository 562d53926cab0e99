//! `--patch`: whatever no flag changes.

mod strategic;

use serde_json::Value;

/// Changes an object by a patch: a list is a JSON patch (RFC 6902), a map a strategic merge patch, as in `kubectl patch`.
pub fn apply(object: &mut Value, patch: &Value) -> Result<(), String> {
    match patch {
        Value::Array(_) => {
            let steps: json_patch::Patch =
                serde_json::from_value(patch.clone()).map_err(|why| format!("it is no JSON patch: {why}"))?;
            json_patch::patch(object, &steps).map_err(|why| why.to_string())
        }
        Value::Object(_) => strategic::merge(object, patch),
        _ => Err("it is neither a map (strategic merge patch) nor a list (JSON patch)".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_is_a_json_patch_and_fails_whole() {
        let job = json!({"spec": {"backoffLimit": 6, "template": {"spec": {"containers": [{"name": "a"}]}}}});
        let mut patched = job.clone();
        let patch = json!([
            {"op": "test", "path": "/spec/backoffLimit", "value": 6},
            {"op": "replace", "path": "/spec/backoffLimit", "value": 0},
            {"op": "add", "path": "/spec/template/spec/containers/-", "value": {"name": "b"}},
        ]);
        apply(&mut patched, &patch).unwrap();
        assert_eq!(
            patched,
            json!({"spec": {"backoffLimit": 0, "template": {"spec": {"containers": [{"name": "a"}, {"name": "b"}]}}}})
        );
        let mut untouched = job.clone();
        let patch = json!([
            {"op": "replace", "path": "/spec/backoffLimit", "value": 0},
            {"op": "remove", "path": "/spec/nope"},
        ]);
        assert!(apply(&mut untouched, &patch).is_err());
        assert_eq!(untouched, job);
        assert!(apply(&mut untouched, &json!([{"op": "frobnicate"}])).unwrap_err().starts_with("it is no JSON patch"));
        assert!(apply(&mut untouched, &json!("x")).is_err());
    }
}
