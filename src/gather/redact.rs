//! Names that are nobody's business, replaced: nodes, images, values of environment variables.

use std::collections::BTreeMap;

use serde_json::Value;

/// Replaces them in all objects, each by the same word wherever it stands, so that the objects still fit together.
pub fn redact(objects: &mut [Value]) {
    let mut words = BTreeMap::new();
    for object in objects.iter() {
        nodes(object, &mut words);
        images(object, &mut words);
    }
    // The longest first: a name may be the beginning of another.
    let mut words: Vec<(String, String)> = words.into_iter().collect();
    words.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    for object in objects {
        change(object, &words, "");
    }
}

fn note(words: &mut BTreeMap<String, String>, name: Option<&str>, kind: &str) {
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        let next = words.values().filter(|word| word.starts_with(kind)).count() + 1;
        words.entry(name.to_owned()).or_insert_with(|| format!("{kind}-{next}"));
    }
}

fn nodes(object: &Value, words: &mut BTreeMap<String, String>) {
    if object["kind"] == "Node" {
        note(words, object["metadata"]["name"].as_str(), "redacted-node");
        note(words, object["metadata"]["labels"]["kubernetes.io/hostname"].as_str(), "redacted-node");
    }
    note(words, object["spec"]["nodeName"].as_str(), "redacted-node");
}

fn images(value: &Value, words: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(all) => {
            for (key, value) in all {
                if key == "image" || key == "imageID" {
                    note(words, value.as_str(), "redacted-image");
                }
                images(value, words);
            }
        }
        Value::Array(all) => all.iter().for_each(|value| images(value, words)),
        _ => {}
    }
}

fn change(value: &mut Value, words: &[(String, String)], key: &str) {
    match value {
        Value::Object(all) => {
            for (key, value) in all.iter_mut() {
                change(value, words, key);
            }
        }
        Value::Array(all) if key == "env" => {
            for variable in all {
                if let Some(value) = variable.get_mut("value") {
                    *value = Value::from("redacted");
                }
            }
        }
        Value::Array(all) if key == "hostIPs" => all.clear(),
        Value::Array(all) => all.iter_mut().for_each(|value| change(value, words, key)),
        Value::String(text) if key == "hostIP" => text.clear(),
        Value::String(text) => {
            for (name, word) in words {
                if text.contains(name.as_str()) {
                    *text = replaced(text, name, word);
                }
            }
        }
        _ => {}
    }
}

/// Replaces a name where it stands by itself, not as a part of another name.
fn replaced(text: &str, name: &str, word: &str) -> String {
    let part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let (mut out, mut rest, mut before) = (String::with_capacity(text.len()), text, None);
    while let Some(at) = rest.find(name) {
        let after = rest[at + name.len()..].chars().next();
        let own_before = rest[..at].chars().next_back().or(before);
        let whole = !part(own_before) && !part(after);
        out.push_str(&rest[..at]);
        out.push_str(if whole { word } else { name });
        before = name.chars().next_back();
        rest = &rest[at + name.len()..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_replaced_wherever_they_stand_and_values_are_gone() {
        let mut objects = vec![
            json!({"kind": "Node", "metadata": {"name": "ip-10-0-0-1", "labels": {"kubernetes.io/hostname": "ip-10-0-0-1"}}}),
            json!({"kind": "Pod", "spec": {"nodeName": "ip-10-0-0-1", "containers": [
                {"image": "registry.corp/db:1", "env": [{"name": "PASSWORD", "value": "hunter2"}]}]},
                "status": {"hostIP": "10.0.0.1", "hostIPs": [{"ip": "10.0.0.1"}]}}),
            json!({"kind": "Event", "message": "Multi-Attach error: volume is on ip-10-0-0-1, image registry.corp/db:1 not ip-10-0-0-12"}),
        ];
        redact(&mut objects);
        assert_eq!(
            objects,
            vec![
                json!({"kind": "Node", "metadata": {"name": "redacted-node-1", "labels": {"kubernetes.io/hostname": "redacted-node-1"}}}),
                json!({"kind": "Pod", "spec": {"nodeName": "redacted-node-1", "containers": [
                    {"image": "redacted-image-1", "env": [{"name": "PASSWORD", "value": "redacted"}]}]},
                    "status": {"hostIP": "", "hostIPs": []}}),
                json!({"kind": "Event", "message": "Multi-Attach error: volume is on redacted-node-1, image redacted-image-1 not ip-10-0-0-12"}),
            ]
        );
    }
}
