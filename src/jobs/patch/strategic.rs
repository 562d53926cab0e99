//! Strategic merge patches for a Job: maps merge, lists of things with names merge by name, other lists are replaced
//! (apimachinery, `pkg/util/strategicpatch`; the keys are those of the `patchMergeKey` tags in core/v1, batch/v1 and meta/v1).

use serde_json::{Map, Value};

const DIRECTIVE: &str = "$patch";
const RETAIN: &str = "$retainKeys";
const ORDER: &str = "$setElementOrder/";
const DELETE_PRIMITIVES: &str = "$deleteFromPrimitiveList/";

/// By which field the elements of a list are told apart; `None` for a list that is replaced as a whole.
fn merge_key(field: &str) -> Option<&'static str> {
    Some(match field {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "env"
        | "volumes"
        | "imagePullSecrets"
        | "schedulingGates"
        | "resourceClaims" => "name",
        "ports" => "containerPort",
        "volumeMounts" => "mountPath",
        "volumeDevices" => "devicePath",
        "hostAliases" => "ip",
        "topologySpreadConstraints" => "topologyKey",
        "ownerReferences" => "uid",
        _ => return None,
    })
}

/// Merges a patch into an object.
pub(super) fn merge(object: &mut Value, patch: &Value) -> Result<(), String> {
    let Value::Object(patch) = patch else {
        *object = patch.clone();
        return Ok(());
    };
    match directive(patch)? {
        Directive::Replace => {
            let mut replacement = patch.clone();
            replacement.remove(DIRECTIVE);
            *object = Value::Object(replacement);
            return Ok(());
        }
        Directive::Delete => {
            *object = Value::Object(Map::new());
            return Ok(());
        }
        Directive::Merge => {}
    }
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    let Value::Object(map) = object else { return Ok(()) };
    if let Some(retained) = patch.get(RETAIN) {
        let retained = retained.as_array().ok_or_else(|| format!("{RETAIN} must be a list of fields"))?;
        map.retain(|field, _| retained.iter().any(|name| name == field));
    }
    for (field, change) in patch.iter().filter(|(field, _)| !field.starts_with('$')) {
        merge_field(map, field, change)?;
    }
    for (field, value) in patch {
        if let Some(field) = field.strip_prefix(DELETE_PRIMITIVES) {
            let gone = value.as_array().ok_or_else(|| format!("{DELETE_PRIMITIVES}{field} must be a list"))?;
            if let Some(list) = map.get_mut(field).and_then(Value::as_array_mut) {
                list.retain(|item| !gone.contains(item));
            }
        }
        if let Some(field) = field.strip_prefix(ORDER) {
            let order = value.as_array().ok_or_else(|| format!("{ORDER}{field} must be a list"))?;
            if let Some(list) = map.get_mut(field).and_then(Value::as_array_mut) {
                sort(list, order, merge_key(field));
            }
        }
    }
    Ok(())
}

fn merge_field(map: &mut Map<String, Value>, field: &str, change: &Value) -> Result<(), String> {
    match change {
        Value::Null => {
            map.remove(field);
        }
        Value::Object(inner) if directive(inner)? == Directive::Delete => {
            map.remove(field);
        }
        Value::Object(_) => merge(map.entry(field).or_insert(Value::Null), change)?,
        Value::Array(items) => match (merge_key(field), field) {
            (Some(key), _) => {
                let list = map.entry(field).or_insert_with(|| Value::Array(Vec::new()));
                merge_list(list, items, key, field)?;
            }
            // The one list of plain words that merges.
            (None, "finalizers") => {
                let list = map.entry(field).or_insert_with(|| Value::Array(Vec::new()));
                if let Some(list) = list.as_array_mut() {
                    let new = items.iter().filter(|item| !list.contains(item)).cloned().collect::<Vec<_>>();
                    list.extend(new);
                }
            }
            (None, _) => {
                map.insert(field.to_owned(), change.clone());
            }
        },
        plain => {
            map.insert(field.to_owned(), plain.clone());
        }
    }
    Ok(())
}

fn merge_list(list: &mut Value, patch: &[Value], key: &str, field: &str) -> Result<(), String> {
    let mut items = std::mem::take(list).as_array().cloned().unwrap_or_default();
    let replaces = patch.iter().any(|item| item[DIRECTIVE] == "replace" && item.get(key).is_none());
    if replaces {
        items = Vec::new();
    }
    for change in patch {
        let Value::Object(map) = change else {
            return Err(format!("{field}: an element that is no map can't be merged"));
        };
        if change[DIRECTIVE] == "replace" && change.get(key).is_none() {
            continue;
        }
        let of = map.get(key).ok_or_else(|| format!("{field}: an element without {key} can't be merged"))?;
        let place = items.iter().position(|item| item.get(key) == Some(of));
        match (directive(map)?, place) {
            (Directive::Delete, place) => {
                if place.is_some() {
                    items.retain(|item| item.get(key) != Some(of));
                }
            }
            (_, Some(at)) => merge(&mut items[at], change)?,
            (_, None) => {
                let mut new = Value::Null;
                merge(&mut new, change)?;
                items.push(new);
            }
        }
    }
    *list = Value::Array(items);
    Ok(())
}

/// Puts the elements into the given order; those that it does not name keep their place behind.
fn sort(list: &mut [Value], order: &[Value], key: Option<&str>) {
    let place = |item: &Value| {
        order.iter().position(|of| match key {
            Some(key) => of.get(key) == item.get(key),
            None => of == item,
        })
    };
    list.sort_by_key(|item| place(item).unwrap_or(usize::MAX));
}

#[derive(PartialEq, Eq)]
enum Directive {
    Merge,
    Replace,
    Delete,
}

fn directive(patch: &Map<String, Value>) -> Result<Directive, String> {
    match patch.get(DIRECTIVE).map(|value| value.as_str().unwrap_or_default()) {
        None | Some("merge") => Ok(Directive::Merge),
        Some("replace") => Ok(Directive::Replace),
        Some("delete") => Ok(Directive::Delete),
        Some(_) => Err(format!("{DIRECTIVE} must be merge, replace or delete")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(object: &Value, patch: &Value) -> Value {
        let mut object = object.clone();
        merge(&mut object, patch).unwrap();
        object
    }

    #[test]
    fn a_container_is_patched_by_its_name() {
        let pod = json!({"containers": [
            {"name": "main", "image": "a", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
             "ports": [{"containerPort": 80, "name": "web"}]},
            {"name": "proxy", "image": "p"},
        ], "tolerations": [{"key": "x"}]});
        let patch = json!({"containers": [
            {"name": "main", "resources": {"limits": {"memory": "1Gi"}}, "env": [{"name": "B", "value": "3"}, {"name": "C", "value": "4"}],
             "ports": [{"containerPort": 80, "hostPort": 8080}]},
            {"name": "proxy", "$patch": "delete"},
            {"name": "tap", "image": "t"},
        ], "tolerations": [{"key": "y"}], "nodeName": "node1"});
        assert_eq!(
            patched(&pod, &patch),
            json!({"containers": [
                {"name": "main", "image": "a", "resources": {"limits": {"memory": "1Gi"}},
                 "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "3"}, {"name": "C", "value": "4"}],
                 "ports": [{"containerPort": 80, "name": "web", "hostPort": 8080}]},
                {"name": "tap", "image": "t"},
            ], "tolerations": [{"key": "y"}], "nodeName": "node1"})
        );
    }

    #[test]
    fn null_removes_and_directives_replace_delete_and_keep() {
        let object =
            json!({"a": 1, "b": {"c": 1, "d": 2}, "volumes": [{"name": "v", "emptyDir": {}}], "finalizers": ["x"]});
        assert_eq!(patched(&object, &json!({"a": null}))["a"], Value::Null);
        assert_eq!(patched(&object, &json!({"b": {"$patch": "replace", "e": 3}}))["b"], json!({"e": 3}));
        assert_eq!(patched(&object, &json!({"b": {"$patch": "delete"}})).get("b"), None);
        assert_eq!(patched(&object, &json!({"b": {"$retainKeys": ["d", "e"], "e": 3}}))["b"], json!({"d": 2, "e": 3}));
        let volume =
            json!({"volumes": [{"name": "v", "$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/x"}}]});
        assert_eq!(patched(&object, &volume)["volumes"], json!([{"name": "v", "hostPath": {"path": "/x"}}]));
        let only = json!({"volumes": [{"$patch": "replace"}, {"name": "w"}]});
        assert_eq!(patched(&object, &only)["volumes"], json!([{"name": "w"}]));
        assert_eq!(patched(&object, &json!({"finalizers": ["y", "x"]}))["finalizers"], json!(["x", "y"]));
        let gone = json!({"$deleteFromPrimitiveList/finalizers": ["x"]});
        assert_eq!(patched(&object, &gone)["finalizers"], json!([]));
        let order =
            json!({"$setElementOrder/env": [{"name": "B"}, {"name": "A"}], "env": [{"name": "B", "value": "2"}]});
        assert_eq!(
            patched(&json!({"env": [{"name": "A"}]}), &order)["env"],
            json!([{"name": "B", "value": "2"}, {"name": "A"}])
        );
    }

    #[test]
    fn what_can_not_be_merged_is_told() {
        let mut object = json!({"containers": [{"name": "a"}]});
        let fails = |object: &mut Value, patch: Value| merge(object, &patch).unwrap_err();
        assert_eq!(
            fails(&mut object, json!({"containers": [{"image": "x"}]})),
            "containers: an element without name can't be merged"
        );
        assert_eq!(fails(&mut object, json!({"$patch": "x"})), "$patch must be merge, replace or delete");
        assert!(fails(&mut object, json!({"$retainKeys": 1})).contains("list"));
    }
}
