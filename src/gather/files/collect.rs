//! Objects out of documents, sorted into the facts by their kind.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::header::{self, Header};
use super::{Broken, FromFiles};
use crate::facts::{
    API_VERSION, Claim, Cluster, EndpointSlice, Listed, Meta, Pod, Service, StatefulSet, StorageClass, Text, Volume,
    Why,
};
use crate::gather::around;
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
    intern: Interner,
    sets: Vec<StatefulSet>,
    pods: Vec<Pod>,
    claims: Vec<Claim>,
    volumes: Vec<Volume>,
    classes: Vec<StorageClass>,
    services: Vec<Service>,
    slices: Vec<EndpointSlice>,
    around: around::Collected,
    told: Told,
    skipped: BTreeMap<String, usize>,
    broken: Vec<Broken>,
    objects: usize,
}

/// An object's text or tree, to be read as its kind.
#[derive(Clone, Copy)]
pub(in crate::gather) enum Object<'a> {
    Json(&'a str),
    Tree(&'a Value),
}

impl<'a> Object<'a> {
    pub(in crate::gather) fn read<K: Kind>(self, intern: &mut Interner) -> Result<K, serde_json::Error> {
        let wire = match self {
            Self::Json(text) => serde_json::from_str::<K::Wire<'a>>(text)?,
            Self::Tree(tree) => K::Wire::deserialize(tree)?,
        };
        Ok(K::from_wire(wire, intern))
    }
}

impl Collector {
    pub(super) fn new(default_namespace: &str) -> Self {
        Self { told: Told::new(default_namespace), ..Self::default() }
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
        if kind == header::KIND && api_version == Some(API_VERSION) {
            let header = match object {
                Object::Json(text) => serde_json::from_str::<Header>(text),
                Object::Tree(tree) => Header::deserialize(tree),
            };
            return match header {
                Ok(header) => self.told.header = Some(header),
                Err(error) => {
                    let says = format!("{kind}: {}", without_position(&error));
                    self.broken(file, error_line(&error), &says);
                }
            };
        }
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
            "EndpointSlice" => self.slices.push(object.read(intern)?),
            _ => {
                self.around.keep(known, object, intern)?;
            }
        }
        Ok(())
    }

    pub(super) fn finish(self, now: Timestamp) -> Result<FromFiles, String> {
        if self.objects == 0 && self.broken.is_empty() {
            return Err("no objects passed to read: the files hold no Kubernetes object".to_owned());
        }
        let told = &self.told;
        let header = told.header.as_ref().map(|header| &header.metadata);
        let volumes = told.listed(self.volumes, Volume::RESOURCE, |x| Some(&mut x.meta));
        let mut cluster = Cluster {
            context: header.and_then(|header| header.context.clone()),
            namespace: header.map(|header| Text::from(&*header.namespace)),
            server_version: header.and_then(|header| header.server_version.clone()),
            now: header.map_or(now, |header| header.time),
            sets: told.listed(self.sets, StatefulSet::RESOURCE, |x| Some(&mut x.meta)),
            pods: told.listed(self.pods, Pod::RESOURCE, |x| Some(&mut x.meta)),
            claims: told.listed(self.claims, Claim::RESOURCE, |x| Some(&mut x.meta)),
            volumes_listed: volumes.missing.is_none(),
            volumes,
            classes: told.listed(self.classes, StorageClass::RESOURCE, |x| Some(&mut x.meta)),
            services: told.listed(self.services, Service::RESOURCE, |x| Some(&mut x.meta)),
            slices: told.listed(self.slices, EndpointSlice::RESOURCE, |x| Some(&mut x.meta)),
            around: self.around.finish(told),
        };
        cluster.sort();
        Ok(FromFiles { cluster, broken: self.broken, skipped: self.skipped.into_iter().collect() })
    }
}

/// What the files tell beside their objects.
#[derive(Default)]
pub(in crate::gather) struct Told {
    /// The namespace of objects without one.
    default_namespace: Text,
    /// A snapshot's header.
    header: Option<Header>,
}

impl Told {
    fn new(default_namespace: &str) -> Self {
        Self { default_namespace: default_namespace.into(), header: None }
    }

    /// What the files hold of one kind. An object may stand in several files of a bundle: it counts once, as it was read last.
    /// Kinds without metadata of their own (`meta` gives none) are kept as they come.
    pub(in crate::gather) fn listed<T>(
        &self,
        items: Vec<T>,
        resource: &'static Resource,
        meta: fn(&mut T) -> Option<&mut Meta>,
    ) -> Listed<T> {
        let missing = match self.header.as_ref().map(|header| header.missing(resource)) {
            Some(told) => told,
            None => items.is_empty().then(|| resource.not_listed(None, Why::NotInFiles)),
        };
        let mut kept: Vec<T> = Vec::with_capacity(items.len());
        let mut at: HashMap<(Text, Box<str>), usize> = HashMap::new();
        for mut item in items {
            let Some(of) = meta(&mut item) else {
                kept.push(item);
                continue;
            };
            if resource.namespaced && of.namespace.is_empty() {
                of.namespace = self.default_namespace.clone();
            }
            match at.entry((of.namespace.clone(), of.name.clone())) {
                std::collections::hash_map::Entry::Occupied(entry) => kept[*entry.get()] = item,
                std::collections::hash_map::Entry::Vacant(entry) => {
                    entry.insert(kept.len());
                    kept.push(item);
                }
            }
        }
        Listed { items: kept, missing }
    }
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
    match kind? {
        "StatefulSet" => yaml_error_line::<StatefulSet>(text),
        "Pod" => yaml_error_line::<Pod>(text),
        "PersistentVolumeClaim" => yaml_error_line::<Claim>(text),
        "PersistentVolume" => yaml_error_line::<Volume>(text),
        "StorageClass" => yaml_error_line::<StorageClass>(text),
        "Service" => yaml_error_line::<Service>(text),
        "EndpointSlice" => yaml_error_line::<EndpointSlice>(text),
        other => around::typed_error_line(other, text),
    }
}

/// Reads a text as a kind, for the line of the error.
pub(in crate::gather) fn yaml_error_line<K: Kind>(text: &str) -> Option<u64> {
    serde_saphyr::from_str_with_options::<K::Wire<'_>>(text, yaml_options()).err()?.location().map(|at| at.line())
}
