//! GET of one object, and what changes one: POST, PUT, PATCH, DELETE.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::kinds::Kind;
use crate::protobuf;
use crate::record::Record;
use crate::running::Inner;
use crate::status::Status;
use crate::store::{Object, Store, key, merge};
use crate::target::Target;

pub(crate) fn get(store: &Store, target: &Target, in_protobuf: bool) -> Answer {
    let kind = target.kind.as_ref().expect("an object is of a kind");
    let name = target.name.as_deref().unwrap_or_default();
    match (store.get(&kind.qualified(), &place(target)), target.subresource.as_deref()) {
        (None, _) => Status::not_found(kind, name).into(),
        (Some(object), None) if in_protobuf => {
            Answer::new(200, protobuf::MEDIA_TYPE, protobuf::object(kind, object.protobuf(kind)))
        }
        (Some(object), None | Some("status")) => Answer::json(200, object.whole(kind)),
        (Some(object), Some("scale")) => Answer::json(200, scale(&object.value()).to_string()),
        (Some(_), Some(_)) => not_served(true),
    }
}

/// The answer to a path that nothing is registered for; a Status where its group and version are served.
pub(crate) fn not_served(group_is: bool) -> Answer {
    if group_is {
        return Status::no_such_resource().into();
    }
    Answer::new(404, "text/plain; charset=utf-8", "404 page not found\n").header("x-content-type-options", "nosniff")
}

/// Any of the changing verbs.
pub(crate) fn change(inner: &Arc<Inner>, target: &Target, request: &Record) -> Answer {
    let kind = target.kind.clone().expect("a change is of a kind");
    let mut store = inner.store.lock().unwrap();
    let dry_run = request.parameter("dryRun") == Some("All");
    let result = match target.verb.as_str() {
        "create" => create(&mut store, target, &kind, request, dry_run),
        "update" | "patch" => modify(&mut store, target, &kind, request, dry_run),
        "delete" => delete(&mut store, target, &kind, request, dry_run),
        _ => Err(Status::method_not_allowed()),
    };
    drop(store);
    inner.changed.send_modify(|count| *count += 1);
    result.unwrap_or_else(Answer::from)
}

fn place(target: &Target) -> String {
    key(target.namespace.as_deref().unwrap_or_default(), target.name.as_deref().unwrap_or_default())
}

fn body(request: &Record) -> Result<Value, Status> {
    let text = std::str::from_utf8(&request.body).unwrap_or_default();
    // JSON is YAML too; server-side apply sends either.
    serde_json::from_str(text).or_else(|_| serde_saphyr::from_str(text)).map_err(|_| {
        Status::bad_request("the object provided is unrecognized (must be of type Object): couldn't get version/kind")
    })
}

fn create(store: &mut Store, target: &Target, kind: &Kind, request: &Record, dry_run: bool) -> Result<Answer, Status> {
    let mut value = body(request)?;
    // A test that names namespaces means it; one that doesn't has them all.
    if let Some(namespace) = &target.namespace
        && store.range("namespaces", "", "", store.revision).next().is_some()
        && store.get("namespaces", namespace).is_none()
    {
        let namespaces = store.kinds.by_plural("namespaces").expect("built in").clone();
        return Err(Status::not_found(&namespaces, namespace));
    }
    if value["metadata"]["name"].as_str().unwrap_or_default().is_empty() {
        let Some(stem) = value["metadata"]["generateName"].as_str().map(str::to_owned) else {
            return Err(Status::invalid(kind, "", "metadata.name", "Required value: name or generateName is required"));
        };
        value["metadata"]["name"] = json!(format!("{stem}{:05x}", store.revision));
    }
    if let Some(namespace) = &target.namespace {
        value["metadata"]["namespace"] = json!(namespace);
    }
    let name = value["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let key = key(target.namespace.as_deref().unwrap_or_default(), &name);
    if store.get(&kind.qualified(), &key).is_some() {
        return Err(Status::already_exists(kind, &name));
    }
    value["metadata"]["creationTimestamp"] = json!(now());
    // Never the client's (rest.FillObjectMetaSystemFields).
    if let Some(metadata) = value["metadata"].as_object_mut() {
        metadata.remove("uid");
    }
    if let Some(manager) = request.parameter("fieldManager") {
        // Which fields it set is left out: nothing here reads that.
        value["metadata"]["managedFields"] = json!([{"manager": manager, "operation": "Update"}]);
    }
    store.complete(kind, &mut value);
    Ok(Answer::json(201, keep(store, kind, &key, value, dry_run).whole(kind)))
}

fn modify(store: &mut Store, target: &Target, kind: &Kind, request: &Record, dry_run: bool) -> Result<Answer, Status> {
    let name = target.name.as_deref().unwrap_or_default();
    let place = place(target);
    let apply = request.header("content-type").is_some_and(|it| it.contains("apply-patch"));
    let Some(old) = store.get(&kind.qualified(), &place).map(|it| it.value()) else {
        if apply {
            return create(store, target, kind, request, dry_run);
        }
        return Err(Status::not_found(kind, name));
    };
    let change = body(request)?;
    let mut new = old.clone();
    if target.subresource.as_deref() == Some("scale") {
        new["spec"]["replicas"] = change["spec"]["replicas"].clone();
    } else if target.verb == "update" {
        let sent = change["metadata"]["name"].as_str().unwrap_or_default();
        if sent != name {
            return Err(Status::bad_request(format!(
                "the name of the object ({sent}) does not match the name on the URL ({name})"
            )));
        }
        new = change.clone();
        new["metadata"]["uid"] = old["metadata"]["uid"].clone();
    } else {
        // Strategic merge differs for lists with merge keys; those our programs do not send.
        let media = request.header("content-type").unwrap_or_default();
        match media.split(';').next().unwrap_or_default() {
            "application/json-patch+json" => json_patch(&mut new, &change)?,
            "application/merge-patch+json"
            | "application/strategic-merge-patch+json"
            | "application/apply-patch+yaml" => merge(&mut new, change.clone()),
            _ => return Err(Status::unsupported_media()),
        }
    }
    let wanted = change["metadata"]["resourceVersion"].as_str();
    if wanted.is_some_and(|it| old["metadata"]["resourceVersion"] != it) {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        return Err(Status::conflict(kind, name, why));
    }
    if let Some(uid) = change["metadata"]["uid"].as_str().filter(|it| old["metadata"]["uid"] != *it) {
        let why = format!("Invalid value: \"{uid}\": field is immutable");
        return Err(Status::invalid(kind, name, "metadata.uid", &why));
    }
    let kept = keep(store, kind, &place, new, dry_run);
    if target.subresource.as_deref() == Some("scale") {
        return Ok(Answer::json(200, scale(&kept.value()).to_string()));
    }
    Ok(Answer::json(200, kept.whole(kind)))
}

/// Of these a DELETE answers the object itself, of the others a Status (`ReturnDeletedObject` in the registries).
const RETURNED: &[&str] = &[
    "pods",
    "services",
    "serviceaccounts",
    "persistentvolumes",
    "persistentvolumeclaims",
    "podtemplates",
    "resourcequotas",
    "storageclasses",
    "volumeattachments",
    "csinodes",
    "csidrivers",
];

fn delete(store: &mut Store, target: &Target, kind: &Kind, request: &Record, dry_run: bool) -> Result<Answer, Status> {
    let name = target.name.as_deref().unwrap_or_default();
    let place = place(target);
    let Some(old) = store.get(&kind.qualified(), &place).cloned() else {
        return Err(Status::not_found(kind, name));
    };
    let options = if request.body.is_empty() { json!({}) } else { body(request)? };
    for (field, title, end) in
        [("uid", "UID", "deleted and then recreated"), ("resourceVersion", "ResourceVersion", "modified")]
    {
        let found = old.meta(field);
        if let Some(wanted) = options["preconditions"][field].as_str().filter(|it| *it != found) {
            let why = format!(
                "the {title} in the precondition ({wanted}) does not match the {title} in record ({found}). The object \
                 might have been {end}"
            );
            return Err(Status::precondition(kind, name, &why));
        }
    }
    let dry_run = dry_run || options["dryRun"][0] == "All";
    let mut value = old.value();
    let held = value["metadata"]["finalizers"].as_array().is_some_and(|it| !it.is_empty());
    if held {
        value["metadata"]["deletionTimestamp"] = json!(now());
        value["metadata"]["deletionGracePeriodSeconds"] = json!(0);
        return Ok(Answer::json(200, keep(store, kind, &place, value, dry_run).whole(kind)));
    }
    if !dry_run {
        store.put(&kind.qualified(), &place, None);
    }
    if RETURNED.contains(&kind.resource.as_str()) {
        return Ok(Answer::json(200, old.whole(kind)));
    }
    Ok(Status::deleted(kind, name, &old.meta("uid")).into())
}

/// Stores the object, or under a dry run only shows what would be stored.
fn keep(store: &mut Store, kind: &Kind, place: &str, value: Value, dry_run: bool) -> Arc<Object> {
    if dry_run {
        Arc::new(Object::from_value(value))
    } else {
        store.put(&kind.qualified(), place, Some(value)).unwrap()
    }
}

fn scale(object: &Value) -> Value {
    json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": object["metadata"]["name"],
            "namespace": object["metadata"]["namespace"],
            "uid": object["metadata"]["uid"],
            "resourceVersion": object["metadata"]["resourceVersion"],
            "creationTimestamp": object["metadata"]["creationTimestamp"],
        },
        "spec": {"replicas": object["spec"]["replicas"]},
        "status": {
            "replicas": object["status"]["replicas"].as_u64().unwrap_or(0),
            "selector": object["spec"]["selector"]["matchLabels"].as_object().into_iter().flatten()
                .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
                .collect::<Vec<_>>()
                .join(","),
        },
    })
}

/// RFC 6902's `add`, `replace`, `remove` and `test`: what our programs may send.
fn json_patch(target: &mut Value, steps: &Value) -> Result<(), Status> {
    for step in steps.as_array().into_iter().flatten() {
        let path = step["path"].as_str().unwrap_or_default();
        let failed = Status::patch_failed;
        if step["op"] == "test" {
            if target.pointer(path) != Some(&step["value"]) {
                return Err(Status::patch_failed());
            }
            continue;
        }
        let (parent, last) = path.rsplit_once('/').ok_or_else(failed)?;
        let last = last.replace("~1", "/").replace("~0", "~");
        let parent = target.pointer_mut(parent).ok_or_else(failed)?;
        let index = last.parse::<usize>().ok();
        match (step["op"].as_str().unwrap_or_default(), parent, index) {
            ("remove", Value::Object(map), _) => drop(map.remove(&last).ok_or_else(failed)?),
            ("remove", Value::Array(items), Some(at)) if at < items.len() => drop(items.remove(at)),
            ("add" | "replace", Value::Object(map), _) => drop(map.insert(last, step["value"].clone())),
            ("add", Value::Array(items), Some(at)) if at <= items.len() => items.insert(at, step["value"].clone()),
            ("add", Value::Array(items), None) if last == "-" => items.push(step["value"].clone()),
            ("replace", Value::Array(items), Some(at)) if at < items.len() => items[at] = step["value"].clone(),
            _ => return Err(failed()),
        }
    }
    Ok(())
}

/// The server's clock, to the second.
fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
