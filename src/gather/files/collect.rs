//! Objects out of documents, sorted into the facts by their kind.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use k8s_openapi::api::batch::v1 as batch;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::header::{self, Header};
use super::yaml::Json;
use super::{Broken, FromFiles};
use crate::facts::{
    API_VERSION, Bystanders, Claim, Cluster, CronJob, EndpointSlice, Job, Listed, Meta, Pod, Release, Service,
    StatefulSet, StorageClass, Text, Volume, Why,
};
use crate::gather::around;
use crate::gather::intern::Interner;
use crate::gather::kind::Kind;
use crate::gather::resource::{self, Resource};
use crate::gather::wire::from_text;

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

impl<T> Default for Head<T> {
    fn default() -> Self {
        Self { kind: None, api_version: None, items: None }
    }
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
    jobs: Vec<Job>,
    cron_jobs: Vec<CronJob>,
    around: around::Collected,
    told: Told,
    skipped: BTreeMap<String, usize>,
    broken: Vec<Broken>,
    objects: usize,
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
        let line_of = |offset: usize| first_line + newlines(&text[..offset]);
        let mut from = 0;
        while let Some(next) = values.next() {
            match next {
                Ok(raw) => {
                    let start = from + text[from..].len() - text[from..].trim_start().len();
                    self.document(raw.get(), file, &|offset| line_of(start + offset));
                }
                Err(error) => return self.broken(file, line_of(offset_of(text, &error)), &without_position(&error)),
            }
            from = values.byte_offset();
        }
    }

    /// One YAML document.
    pub(super) fn yaml(&mut self, text: &str, file: &str, first_line: u64) {
        match Json::new(text) {
            Ok(json) if json.text == "null" => {}
            Ok(json) => self.document(&json.text, file, &|offset| first_line + json.line(offset) - 1),
            Err((line, says)) => self.broken(file, first_line + line - 1, &says),
        }
    }

    /// An object, or a list of them, as JSON. `line_of` gives the line of the file for an offset of the text.
    fn document(&mut self, text: &str, file: &str, line_of: &dyn Fn(usize) -> u64) {
        if !text.starts_with('{') {
            return self.broken(file, line_of(0), "expected a Kubernetes object, a mapping with kind and apiVersion");
        }
        let head: Head<&RawValue> = match from_text(text) {
            Ok(head) => head,
            Err(error) => {
                let says = format!("{}, expected a Kubernetes object", without_position(&error));
                return self.broken(file, line_of(offset_of(text, &error)), &says);
            }
        };
        let Some(items) = list_items(&head) else {
            let kind = head.kind.unwrap_or_default();
            return self.take(&kind, head.api_version.as_deref(), text, file, line_of);
        };
        let of_list = item_kind(head.kind.as_deref().unwrap_or_default());
        for item in items {
            let item = item.get();
            // Items of a typed list (PodList) carry no kind of their own.
            let own: Head<IgnoredAny> = from_text(item).unwrap_or_default();
            let kind = own.kind.or_else(|| of_list.map(str::to_owned)).unwrap_or_default();
            let before = offset_in(text, item);
            self.take(&kind, own.api_version.as_deref(), item, file, &|offset| line_of(before + offset));
        }
    }

    fn take(
        &mut self,
        kind: &str,
        api_version: Option<&str>,
        object: &str,
        file: &str,
        line_of: &dyn Fn(usize) -> u64,
    ) {
        if kind.is_empty() {
            return self.broken(file, line_of(0), "expected a Kubernetes object: it has no kind");
        }
        self.objects += 1;
        if kind == header::KIND && api_version == Some(API_VERSION) {
            return match from_text::<Header>(object) {
                Ok(header) => self.told.header = Some(header),
                Err(error) => {
                    let says = format!("{kind}: {}", without_position(&error));
                    self.broken(file, line_of(offset_of(object, &error)), &says);
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
        if let Err(error) = well_formed(kind, object).and_then(|()| self.keep(known, object)) {
            self.broken(file, line_of(offset_of(object, &error)), &format!("{kind}: {}", told(&error)));
        }
    }

    fn keep(&mut self, known: &Resource, object: &str) -> Result<(), serde_json::Error> {
        let intern = &mut self.intern;
        match known.kind {
            "StatefulSet" => self.sets.push(read(object, intern)?),
            "Pod" => self.pods.push(read(object, intern)?),
            "PersistentVolumeClaim" => self.claims.push(read(object, intern)?),
            "PersistentVolume" => self.volumes.push(read(object, intern)?),
            "StorageClass" => self.classes.push(read(object, intern)?),
            "Service" => self.services.push(read(object, intern)?),
            "EndpointSlice" => self.slices.push(read(object, intern)?),
            "Job" => {
                let job: Job = read(object, intern)?;
                self.around.jobs.push(job.clone().into());
                self.jobs.push(job);
            }
            "CronJob" => {
                let cron_job: CronJob = read(object, intern)?;
                self.around.cron_jobs.push(cron_job.clone().into());
                self.cron_jobs.push(cron_job);
            }
            "Secret" => match read::<Release>(object, intern)? {
                // Of another type than Helm's: nothing of it is kept.
                other if other.name.is_empty() => *self.skipped.entry("Secret".to_owned()).or_default() += 1,
                release => self.around.releases.push(release),
            },
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
            dated: header.is_some(),
            sets: told.listed(self.sets, StatefulSet::RESOURCE, |x| Some(&mut x.meta)),
            pods: told.listed(self.pods, Pod::RESOURCE, |x| Some(&mut x.meta)),
            bystanders: Bystanders::default(),
            claims: told.listed(self.claims, Claim::RESOURCE, |x| Some(&mut x.meta)),
            volumes_listed: volumes.missing.is_none(),
            usage: None,
            volumes,
            classes: told.listed(self.classes, StorageClass::RESOURCE, |x| Some(&mut x.meta)),
            services: told.listed(self.services, Service::RESOURCE, |x| Some(&mut x.meta)),
            slices: told.listed(self.slices, EndpointSlice::RESOURCE, |x| Some(&mut x.meta)),
            jobs: told.listed(self.jobs, Job::RESOURCE, |x| Some(&mut x.meta)),
            cron_jobs: told.listed(self.cron_jobs, CronJob::RESOURCE, |x| Some(&mut x.meta)),
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

pub(super) fn newlines(text: &str) -> u64 {
    text.bytes().filter(|&b| b == b'\n').count() as u64
}

/// A Job's reader looks at few of its fields, and a manifest may be wrong in any other: they are held to the API's own types, as a server
/// would hold them.
pub(super) fn well_formed(kind: &str, object: &str) -> Result<(), serde_json::Error> {
    match kind {
        "Job" => from_text::<batch::Job>(object).map(drop),
        "CronJob" => from_text::<batch::CronJob>(object).map(drop),
        _ => Ok(()),
    }
}

/// Reads an object as its kind.
pub(in crate::gather) fn read<K: Kind>(object: &str, intern: &mut Interner) -> Result<K, serde_json::Error> {
    from_text::<K::Wire<'_>>(object).map(|wire| K::from_wire(wire, intern))
}

/// Where a part that was borrowed from a text begins in it.
pub(super) fn offset_in(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize).min(text.len())
}

/// Where an error happened, as an offset of the text: of the last byte that was read.
pub(super) fn offset_of(text: &str, error: &serde_json::Error) -> usize {
    let line_start = match error.line() {
        0 | 1 => 0,
        line => text.match_indices('\n').nth(line - 2).map_or(text.len(), |(at, _)| at + 1),
    };
    (line_start + error.column().saturating_sub(1)).min(text.len())
}

/// The error's sentence, and what a common one comes from.
pub(super) fn told(error: &serde_json::Error) -> String {
    let says = without_position(error);
    // Copied out of a text that escapes its brackets and quotes: YAML takes it for one word.
    if says.starts_with(r#"invalid type: string "\\["#) {
        format!(r#"{says}: a list is written without backslashes, ["bash"]"#)
    } else {
        says
    }
}

/// The error's sentence; its position is shown by ours.
pub(super) fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(says, _)| says.to_owned())
}
