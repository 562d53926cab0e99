//! The objects with their history: every version is kept, so that a page's token and a watch see what they must.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::kinds::{Kind, Kinds};
use crate::protobuf;

/// One version of an object. Its JSON has no `kind` and `apiVersion`, as in the server's own lists.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) json: Bytes,
    /// Made when it is first asked for.
    protobuf: OnceLock<Bytes>,
}

impl Object {
    pub(crate) fn from_value(mut value: Value) -> Self {
        if let Some(map) = value.as_object_mut() {
            map.remove("kind");
            map.remove("apiVersion");
        }
        let text = |path: &str| value.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let labels = value.pointer("/metadata/labels").and_then(Value::as_object).map_or_else(BTreeMap::new, |map| {
            map.iter().map(|(key, it)| (key.clone(), it.as_str().unwrap_or_default().to_owned())).collect()
        });
        Self::new(text("/metadata/namespace"), text("/metadata/name"), labels, value.to_string())
    }

    pub(crate) fn new(namespace: String, name: String, labels: BTreeMap<String, String>, json: String) -> Self {
        Self { namespace, name, labels, json: json.into(), protobuf: OnceLock::new() }
    }

    pub(crate) fn value(&self) -> Value {
        serde_json::from_slice(&self.json).unwrap()
    }

    /// A field of `metadata`.
    pub(crate) fn meta(&self, field: &str) -> String {
        self.value()["metadata"][field].as_str().unwrap_or_default().to_owned()
    }

    /// The object alone, with its kind, as GET sends it.
    pub(crate) fn whole(&self, kind: &Kind) -> String {
        let rest = std::str::from_utf8(&self.json[1..]).unwrap();
        let comma = if rest == "}" { "" } else { "," };
        format!("{{\"kind\":\"{}\",\"apiVersion\":\"{}\"{comma}{rest}", kind.kind, kind.api_version())
    }

    /// The object in Protobuf, without an envelope.
    pub(crate) fn protobuf(&self, kind: &Kind) -> &Bytes {
        self.protobuf.get_or_init(|| protobuf::encode(&kind.kind, &self.value()).into())
    }

    /// etcd's key: lists are ordered by it.
    pub(crate) fn key(&self) -> String {
        key(&self.namespace, &self.name)
    }
}

pub(crate) fn key(namespace: &str, name: &str) -> String {
    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") }
}

/// What changed at a revision.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) revision: u64,
    pub(crate) what: What,
}

#[derive(Debug, Clone)]
pub(crate) enum What {
    Object {
        table: String,
        before: Option<Arc<Object>>,
        after: Option<Arc<Object>>,
    },
    /// Sent to every watch that allows bookmarks.
    Bookmark,
    /// Every watch ends with a 410 in an ERROR event.
    Expire,
    /// Every watch ends as if its time was up.
    Close,
}

type Versions = Vec<(u64, Option<Arc<Object>>)>;

/// Everything that the cluster holds.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) kinds: Kinds,
    pub(crate) revision: u64,
    /// Revisions before this one are forgotten: reading at them is a 410.
    pub(crate) oldest: u64,
    pub(crate) changes: Vec<Change>,
    tables: HashMap<String, BTreeMap<String, Versions>>,
    uids: u64,
}

impl Store {
    pub(crate) fn new(kinds: Kinds) -> Self {
        Self { kinds, revision: 1000, oldest: 0, changes: Vec::new(), tables: HashMap::new(), uids: 0 }
    }

    /// Objects that were there before the first request: they share the first revision, and no watch reports them.
    pub(crate) fn seed(&mut self, mut value: Value) {
        let Some(kind) = self.kind_of(&value) else { panic!("an object without kind and apiVersion: {value}") };
        self.complete(&kind, &mut value);
        self.seed_object(&kind.qualified(), Arc::new(Object::from_value(value)));
    }

    pub(crate) fn seed_object(&mut self, table: &str, object: Arc<Object>) {
        let key = object.key();
        self.tables.entry(table.to_owned()).or_default().insert(key, vec![(self.revision, Some(object))]);
    }

    pub(crate) fn kind_of(&mut self, value: &Value) -> Option<Kind> {
        let text = |field: &str| value.get(field).and_then(Value::as_str);
        let has_namespace = value["metadata"]["namespace"].is_string();
        Some(self.kinds.of(text("apiVersion")?, text("kind")?, has_namespace))
    }

    /// What the server sets where the test didn't: uid, creation time, resource version, namespace.
    pub(crate) fn complete(&mut self, kind: &Kind, value: &mut Value) {
        self.uids += 1;
        let uid = format!("{:08x}-0000-4000-8000-{:012x}", 0xfa4e_0000 + self.uids, self.uids);
        let revision = self.revision.to_string();
        let Some(map) = value.as_object_mut() else { panic!("an object must be a JSON map: {value}") };
        let meta = map.entry("metadata").or_insert_with(|| json!({})).as_object_mut().unwrap();
        if kind.namespaced {
            meta.entry("namespace").or_insert_with(|| json!("default"));
        }
        meta.entry("uid").or_insert_with(|| json!(uid));
        meta.entry("resourceVersion").or_insert_with(|| json!(revision));
        meta.entry("creationTimestamp").or_insert_with(|| json!("2026-11-01T09:00:00Z"));
    }

    /// The object's version at a revision.
    pub(crate) fn get_at(&self, table: &str, key: &str, revision: u64) -> Option<&Arc<Object>> {
        at(self.tables.get(table)?.get(key)?, revision)
    }

    pub(crate) fn get(&self, table: &str, key: &str) -> Option<&Arc<Object>> {
        self.get_at(table, key, self.revision)
    }

    /// The objects from a key on, in etcd's order, as they were at a revision.
    pub(crate) fn range<'a>(
        &'a self,
        table: &str,
        prefix: &str,
        from: &str,
        revision: u64,
    ) -> impl Iterator<Item = (&'a String, &'a Arc<Object>)> + use<'a> {
        let start = if from > prefix { from } else { prefix }.to_owned();
        let prefix = prefix.to_owned();
        self.tables
            .get(table)
            .into_iter()
            .flat_map(move |table| table.range(start.clone()..))
            .take_while(move |(key, _)| key.starts_with(&prefix))
            .filter_map(move |(key, versions)| Some((key, at(versions, revision)?)))
    }

    /// A new version, or none: a deletion. The object's resource version becomes this change's revision.
    pub(crate) fn put(&mut self, table: &str, key: &str, value: Option<Value>) -> Option<Arc<Object>> {
        let before = self.get(table, key).cloned();
        self.revision += 1;
        let revision = self.revision;
        let after = value.map(|mut value| {
            value["metadata"]["resourceVersion"] = json!(revision.to_string());
            Arc::new(Object::from_value(value))
        });
        let versions = self.tables.entry(table.to_owned()).or_default().entry(key.to_owned()).or_default();
        versions.push((revision, after.clone()));
        let what = What::Object { table: table.to_owned(), before, after: after.clone() };
        self.changes.push(Change { revision, what });
        after
    }

    /// Something for the watches that is no object.
    pub(crate) fn announce(&mut self, what: What) {
        self.changes.push(Change { revision: self.revision, what });
    }

    /// Forgets all versions but the newest: tokens and watches from before are too old now.
    pub(crate) fn compact(&mut self) {
        self.revision += 1;
        self.oldest = self.revision;
    }

    /// Creates or replaces, as `kubectl apply` would; maps are merged where `merge` says so.
    pub(crate) fn apply(&mut self, mut value: Value) -> Arc<Object> {
        let kind = self.kind_of(&value).expect("an object has kind and apiVersion");
        if kind.namespaced && !value["metadata"]["namespace"].is_string() {
            value["metadata"]["namespace"] = json!("default");
        }
        let text = |field: &str| value["metadata"][field].as_str().unwrap_or_default().to_owned();
        let key = key(&text("namespace"), &text("name"));
        if let Some(old) = self.get(&kind.qualified(), &key) {
            let old = old.value();
            for field in ["uid", "creationTimestamp"] {
                if value["metadata"].get(field).is_none() {
                    value["metadata"][field] = old["metadata"][field].clone();
                }
            }
        }
        self.complete(&kind, &mut value);
        self.put(&kind.qualified(), &key, Some(value)).unwrap()
    }
}

fn at(versions: &Versions, revision: u64) -> Option<&Arc<Object>> {
    versions.iter().rev().find(|(at, _)| *at <= revision)?.1.as_ref()
}

/// RFC 7386.
pub(crate) fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let map = target.as_object_mut().unwrap();
    for (key, value) in patch {
        if value.is_null() {
            map.remove(&key);
        } else {
            merge(map.entry(key).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_revisions_are_still_seen() {
        let mut store = Store::new(Kinds::built_in());
        store.seed(json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a", "namespace": "n"}}));
        let first = store.revision;
        store.put("pods", "n/a", None);
        assert!(store.get("pods", "n/a").is_none());
        assert!(store.get_at("pods", "n/a", first).is_some());
    }

    #[test]
    fn lists_are_in_etcds_order() {
        let mut store = Store::new(Kinds::built_in());
        for (namespace, name) in [("web", "a"), ("web-api", "a"), ("a", "z")] {
            store.seed(json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": name, "namespace": namespace}}));
        }
        let keys: Vec<_> = store.range("pods", "", "", 1000).map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["a/z", "web-api/a", "web/a"], "'-' sorts before '/'");
    }

    #[test]
    fn patches_merge() {
        let mut value = json!({"a": {"b": 1, "c": 2}, "d": [1]});
        merge(&mut value, json!({"a": {"b": null, "e": 3}, "d": [2]}));
        assert_eq!(value, json!({"a": {"c": 2, "e": 3}, "d": [2]}));
    }
}
