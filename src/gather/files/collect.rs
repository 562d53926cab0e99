//! Objects out of documents, sorted into the facts by their kind.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Broken, FromFiles};
use crate::facts::{
    Claim, Cluster, EndpointSlice, Listed, Meta, Pod, Service, StatefulSet, StorageClass, Text, Volume, Why,
};
use crate::gather::intern::Interner;
use crate::gather::kind::Kind;
use crate::gather::resource::{self, Resource};

/// What a document is: an object, or a list whose items are objects.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head<T> {
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    api_version: Option<String>,
    #[serde(default = "none")]
    items: Option<Vec<T>>,
}

fn none<T>() -> Option<T> {
    None
}

#[derive(Default)]
pub(super) struct Collector {
    default_namespace: Text,
    intern: Interner,
    sets: Vec<StatefulSet>,
    pods: Vec<Pod>,
    claims: Vec<Claim>,
    volumes: Vec<Volume>,
    classes: Vec<StorageClass>,
    services: Vec<Service>,
    slices: Vec<EndpointSlice>,
    skipped: BTreeMap<String, usize>,
    broken: Vec<Broken>,
    objects: usize,
}

/// An object's text or tree, to be read as its kind.
#[derive(Clone, Copy)]
enum Object<'a> {
    Json(&'a str),
    Tree(&'a Value),
}

impl<'a> Object<'a> {
    fn read<K: Kind>(self, intern: &mut Interner) -> Result<K, serde_json::Error> {
        let wire = match self {
            Self::Json(text) => serde_json::from_str::<K::Wire<'a>>(text)?,
            Self::Tree(tree) => K::Wire::deserialize(tree)?,
        };
        Ok(K::from_wire(wire, intern))
    }
}

impl Collector {
    pub(super) fn new(default_namespace: &str) -> Self {
        Self { default_namespace: default_namespace.into(), ..Self::default() }
    }

    pub(super) fn broken(&mut self, file: &str, line: u64, says: &str) {
        self.broken.push(Broken { file: file.to_owned(), line, says: says.to_owned() });
    }

    /// One or more JSON values. After a syntax error the rest of the text can't be read.
    pub(super) fn json(&mut self, text: &str, file: &str, first_line: u64) {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
        let mut from = 0;
        while let Some(next) = values.next() {
            let line_of = |line: usize| first_line + (line as u64).saturating_sub(1);
            match next {
                Ok(raw) => {
                    let start = first_line + newlines(&text[..from]) + newlines(leading_space(&text[from..]));
                    self.json_object(raw.get(), file, start);
                }
                Err(error) => {
                    let says = without_position(&error);
                    return self.broken(file, line_of(error.line()), &says);
                }
            }
            from = values.byte_offset();
        }
    }

    fn json_object(&mut self, text: &str, file: &str, line: u64) {
        let head: Head<&RawValue> = match serde_json::from_str(text) {
            Ok(head) => head,
            Err(error) => {
                let at = line + (error.line() as u64).saturating_sub(1);
                return self.broken(file, at, &format!("{}, expected a Kubernetes object", without_position(&error)));
            }
        };
        let Some(items) = list_items(&head) else {
            let kind = head.kind.unwrap_or_default();
            return self.take(&kind, head.api_version.as_deref(), Object::Json(text), file, line, |error| {
                line + (error.line() as u64).saturating_sub(1)
            });
        };
        let of_list = item_kind(head.kind.as_deref().unwrap_or_default());
        for item in items {
            let item = item.get();
            // Items of a typed list (PodList) carry no kind of their own.
            let own: Head<serde::de::IgnoredAny> =
                serde_json::from_str(item).unwrap_or(Head { kind: None, api_version: None, items: None });
            let kind = own.kind.or_else(|| of_list.map(str::to_owned)).unwrap_or_default();
            let before = offset_in(text, item);
            let start = line + newlines(&text[..before]);
            self.take(&kind, own.api_version.as_deref(), Object::Json(item), file, start, |error| {
                start + (error.line() as u64).saturating_sub(1)
            });
        }
    }

    /// One YAML document.
    pub(super) fn yaml(&mut self, text: &str, file: &str, first_line: u64) {
        let tree: Value = match serde_saphyr::from_str_with_options(text, yaml_options()) {
            Ok(tree) => tree,
            Err(error) => return self.broken(file, yaml_line(&error, first_line), &yaml_says(&error)),
        };
        if tree.is_null() {
            return;
        }
        let Value::Object(fields) = &tree else {
            return self.broken(file, first_line, "expected a Kubernetes object, a mapping with kind and apiVersion");
        };
        let text_of = |value: &Value, field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
        let (kind, api_version) = (text_of(&tree, "kind"), text_of(&tree, "apiVersion"));
        let items = fields.get("items").and_then(Value::as_array);
        let Some(items) = items.filter(|_| kind.as_deref().is_none_or(|kind| kind.ends_with("List"))) else {
            let typed_line = |_: &serde_json::Error| {
                typed_error_line(kind.as_deref(), text).map_or(first_line, |at| first_line + at - 1)
            };
            return self.take(
                kind.as_deref().unwrap_or_default(),
                api_version.as_deref(),
                Object::Tree(&tree),
                file,
                first_line,
                typed_line,
            );
        };
        let of_list = item_kind(kind.as_deref().unwrap_or_default());
        for item in items {
            let kind = text_of(item, "kind").or_else(|| of_list.map(str::to_owned)).unwrap_or_default();
            let api_version = text_of(item, "apiVersion");
            self.take(&kind, api_version.as_deref(), Object::Tree(item), file, first_line, |_| first_line);
        }
    }

    fn take(
        &mut self,
        kind: &str,
        api_version: Option<&str>,
        object: Object<'_>,
        file: &str,
        line: u64,
        error_line: impl Fn(&serde_json::Error) -> u64,
    ) {
        if kind.is_empty() {
            return self.broken(file, line, "expected a Kubernetes object: it has no kind");
        }
        self.objects += 1;
        let known = resource::ALL
            .iter()
            .find(|known| known.kind == kind && api_version.is_none_or(|v| v == known.api_version()));
        let Some(known) = known else {
            *self.skipped.entry(kind.to_owned()).or_default() += 1;
            return;
        };
        if let Err(error) = self.keep(known, object) {
            let says = format!("{kind}: {}", without_position(&error));
            self.broken(file, error_line(&error), &says);
        }
    }

    fn keep(&mut self, known: &Resource, object: Object<'_>) -> Result<(), serde_json::Error> {
        let intern = &mut self.intern;
        match known.kind {
            "StatefulSet" => self.sets.push(object.read(intern)?),
            "Pod" => self.pods.push(object.read(intern)?),
            "PersistentVolumeClaim" => self.claims.push(object.read(intern)?),
            "PersistentVolume" => self.volumes.push(object.read(intern)?),
            "StorageClass" => self.classes.push(object.read(intern)?),
            "Service" => self.services.push(object.read(intern)?),
            _ => self.slices.push(object.read(intern)?),
        }
        Ok(())
    }

    pub(super) fn finish(self, now: Timestamp) -> Result<FromFiles, String> {
        if self.objects == 0 && self.broken.is_empty() {
            return Err("no objects passed to read: the files hold no Kubernetes object".to_owned());
        }
        let namespace = &self.default_namespace;
        let mut cluster = Cluster {
            context: None,
            namespace: None,
            server_version: None,
            now,
            sets: listed(self.sets, namespace, |x| &mut x.meta),
            pods: listed(self.pods, namespace, |x| &mut x.meta),
            claims: listed(self.claims, namespace, |x| &mut x.meta),
            volumes: listed(self.volumes, namespace, |x| &mut x.meta),
            classes: listed(self.classes, namespace, |x| &mut x.meta),
            services: listed(self.services, namespace, |x| &mut x.meta),
            slices: listed(self.slices, namespace, |x| &mut x.meta),
        };
        cluster.sort();
        Ok(FromFiles { cluster, broken: self.broken, skipped: self.skipped.into_iter().collect() })
    }
}

/// What the files hold of one kind. An object may stand in several files of a bundle: it counts once, as it was read last.
fn listed<K: Kind>(items: Vec<K>, default_namespace: &Text, meta: fn(&mut K) -> &mut Meta) -> Listed<K> {
    if items.is_empty() {
        return Listed::refused(K::RESOURCE.not_listed(None, Why::NotInFiles));
    }
    let mut kept: Vec<K> = Vec::with_capacity(items.len());
    let mut at: HashMap<(Text, Box<str>), usize> = HashMap::new();
    for mut item in items {
        let of = meta(&mut item);
        if K::RESOURCE.namespaced && of.namespace.is_empty() {
            of.namespace = default_namespace.clone();
        }
        match at.entry((of.namespace.clone(), of.name.clone())) {
            std::collections::hash_map::Entry::Occupied(entry) => kept[*entry.get()] = item,
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(kept.len());
                kept.push(item);
            }
        }
    }
    Listed::complete(kept)
}

fn list_items<T>(head: &Head<T>) -> Option<&Vec<T>> {
    head.items.as_ref().filter(|_| head.kind.as_deref().is_none_or(|kind| kind.ends_with("List")))
}

/// `Pod` of `PodList`; nothing of a plain `List`.
fn item_kind(list: &str) -> Option<&str> {
    list.strip_suffix("List").filter(|kind| !kind.is_empty())
}

fn newlines(text: &str) -> u64 {
    text.bytes().filter(|&b| b == b'\n').count() as u64
}

fn leading_space(text: &str) -> &str {
    &text[..text.len() - text.trim_start().len()]
}

/// Where a part that was borrowed from a text begins in it.
fn offset_in(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize).min(text.len())
}

/// The error's sentence; its position is shown by ours.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(says, _)| says.to_owned())
}

fn yaml_options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        // As kubectl reads it: of a key that stands twice the last counts.
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::LastWins,
        with_snippet: false,
        // A dump of a cluster is large and not hostile in size; what a few aliases may grow to stays bounded.
        budget: serde_saphyr::budget! {
            max_reader_input_bytes: None,
            max_events: usize::MAX,
            max_nodes: usize::MAX,
            max_total_scalar_bytes: usize::MAX,
            max_total_comment_bytes: usize::MAX,
        },
    }
}

fn yaml_line(error: &serde_saphyr::Error, first_line: u64) -> u64 {
    error.location().map_or(first_line, |at| first_line + at.line().saturating_sub(1))
}

/// The first line of the error's text, without its position.
fn yaml_says(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    let first = text.lines().next().unwrap_or_default();
    first.split(" at line ").next().unwrap_or(first).trim_end_matches(':').to_owned()
}

/// The line of a document at which it is not what its kind expects: the document read once more, now as that kind.
fn typed_error_line(kind: Option<&str>, text: &str) -> Option<u64> {
    fn line<K: Kind>(text: &str) -> Option<u64> {
        serde_saphyr::from_str_with_options::<K::Wire<'_>>(text, yaml_options()).err()?.location().map(|at| at.line())
    }
    match kind? {
        "StatefulSet" => line::<StatefulSet>(text),
        "Pod" => line::<Pod>(text),
        "PersistentVolumeClaim" => line::<Claim>(text),
        "PersistentVolume" => line::<Volume>(text),
        "StorageClass" => line::<StorageClass>(text),
        "Service" => line::<Service>(text),
        "EndpointSlice" => line::<EndpointSlice>(text),
        _ => None,
    }
}
