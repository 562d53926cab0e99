//! What the server says that it serves. Our programs never ask; the real kubectl does, where both are run side by side.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::kinds::{Kind, Kinds};

/// `/api`, `/apis`, `/api/v1`, `/apis/GROUP/VERSION`; None: another path.
pub(crate) fn answer(path: &str, kinds: &Kinds) -> Option<Answer> {
    let parts: Vec<&str> = path.split('/').filter(|it| !it.is_empty()).collect();
    let body = match parts.as_slice() {
        ["api"] => json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}),
        ["apis"] => {
            let mut groups: Vec<Value> = Vec::new();
            for (group, version) in kinds.versions().into_iter().filter(|(group, _)| !group.is_empty()) {
                let version = json!({"groupVersion": format!("{group}/{version}"), "version": version});
                match groups.iter_mut().find(|it| it["name"] == group) {
                    Some(known) => known["versions"].as_array_mut()?.push(version),
                    None => groups.push(json!({"name": group, "versions": [version], "preferredVersion": version})),
                }
            }
            json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
        }
        ["api", version] => resources("", version, kinds)?,
        ["apis", group, version] => resources(group, version, kinds)?,
        _ => return None,
    };
    Some(Answer::json(200, body.to_string()))
}

fn resources(group: &str, version: &str, kinds: &Kinds) -> Option<Value> {
    let served: Vec<&Kind> = kinds.iter().filter(|it| it.group == group && it.version == version).collect();
    let first = served.first()?;
    let resources: Vec<Value> = served
        .iter()
        .map(|it| {
            json!({
                "name": it.resource,
                "singularName": it.kind.to_lowercase(),
                "namespaced": it.namespaced,
                "kind": it.kind,
                "shortNames": short(&it.resource),
                "verbs": ["create", "delete", "get", "list", "patch", "update", "watch"],
            })
        })
        .collect();
    let version = first.api_version();
    Some(json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources}))
}

fn short(resource: &str) -> &'static [&'static str] {
    match resource {
        "pods" => &["po"],
        "services" => &["svc"],
        "statefulsets" => &["sts"],
        "persistentvolumeclaims" => &["pvc"],
        "persistentvolumes" => &["pv"],
        "storageclasses" => &["sc"],
        "cronjobs" => &["cj"],
        "nodes" => &["no"],
        "namespaces" => &["ns"],
        "events" => &["ev"],
        _ => &[],
    }
}
