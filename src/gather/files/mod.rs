//! Files as a cluster: manifests, `kubectl get -o yaml`, and the folders that support bundles are made of.

mod collect;
mod document;
pub mod header;
pub mod logs;
mod walk;
mod yaml;

use std::io::{BufReader, Read};
use std::path::PathBuf;

use jiff::Timestamp;

use self::collect::Collector;
pub(in crate::gather) use self::collect::{Told, read as read_object};
use self::document::{Document, Documents};
pub(in crate::gather) use self::yaml::to_json as yaml_to_json;
use super::wire::from_text;
use crate::facts::{Cluster, Text};

/// What `-f` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `-`.
    Stdin,
    /// A file, or a folder of them.
    Path(PathBuf),
}

/// Something in the files that could not be read; the rest counts all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The file, as it was named.
    pub file: String,
    /// The line where it broke, counted from 1; 0 where none can be named.
    pub line: u64,
    /// What was wrong or expected.
    pub says: String,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.says),
            line => write!(f, "{}:{line}: {}", self.file, self.says),
        }
    }
}

/// What was read.
#[derive(Debug)]
pub struct FromFiles {
    /// The facts. Kinds of which the files hold no object are unknown, not absent.
    pub cluster: Cluster,
    /// What could not be read.
    pub broken: Vec<Broken>,
    /// Kinds that no diagnosis reads, with their count, sorted.
    pub skipped: Vec<(String, usize)>,
}

/// Reads all sources. `namespace` keeps one namespace only, and is given to objects without one (as `kubectl apply` would).
///
/// `stdin` is read where a source says so. Fails where a source can't be opened or holds no object at all.
pub fn read(
    sources: &[Source],
    recursive: bool,
    namespace: Option<&str>,
    default_namespace: &str,
    now: Timestamp,
    stdin: &mut dyn Read,
) -> Result<FromFiles, String> {
    let mut collector = Collector::new(default_namespace);
    for source in sources {
        match source {
            Source::Stdin => read_one(&mut BufReader::with_capacity(1 << 16, &mut *stdin), "STDIN", &mut collector),
            Source::Path(path) => {
                for file in walk::files(path, recursive)? {
                    let name = file.display().to_string();
                    match std::fs::File::open(&file) {
                        Ok(open) => read_one(&mut BufReader::with_capacity(1 << 16, open), &name, &mut collector),
                        Err(error) => collector.broken(&name, 0, &walk::io_sentence(&error)),
                    }
                }
            }
        }
    }
    let mut read = collector.finish(now)?;
    if let Some(namespace) = namespace {
        keep(&mut read.cluster, namespace);
    }
    Ok(read)
}

/// The objects of one file with every field, in their order; those of a List one by one.
pub fn objects(reader: &mut dyn Read, name: &str) -> Result<Vec<serde_json::Value>, Broken> {
    let mut all = Vec::new();
    let mut reader = BufReader::new(reader);
    let mut documents = Documents::new(&mut reader);
    let broken = |line, says| Broken { file: name.to_owned(), line, says };
    while let Some(next) = documents.next_document() {
        let document = next.map_err(|(line, says)| broken(line, says))?;
        let yaml = if document.json {
            None
        } else {
            Some(yaml::Json::new(&document.text).map_err(|(line, says)| broken(document.line + line - 1, says))?)
        };
        let text = yaml.as_ref().map_or(&*document.text, |json| &*json.text);
        let line_of = |offset: usize| match &yaml {
            Some(json) => document.line + json.line(offset) - 1,
            None => document.line + collect::newlines(&text[..offset]),
        };
        for value in serde_json::Deserializer::from_str(text).into_iter::<&serde_json::value::RawValue>() {
            let value = value
                .map_err(|why| broken(line_of(collect::offset_of(text, &why)), collect::without_position(&why)))?;
            let raw = value.get();
            let at = collect::offset_in(text, raw);
            let value: serde_json::Value = from_text(raw)
                .map_err(|why| broken(line_of(at + collect::offset_of(raw, &why)), collect::without_position(&why)))?;
            let kind = value["kind"].as_str().unwrap_or_default();
            collect::well_formed(kind, raw).map_err(|why| {
                broken(line_of(at + collect::offset_of(raw, &why)), format!("{kind}: {}", collect::told(&why)))
            })?;
            match value {
                serde_json::Value::Object(mut list) if list.get("items").is_some_and(serde_json::Value::is_array) => {
                    all.extend(list.remove("items").and_then(|items| items.as_array().cloned()).unwrap_or_default());
                }
                value => all.push(value),
            }
        }
    }
    Ok(all)
}

fn read_one(reader: &mut dyn std::io::BufRead, name: &str, collector: &mut Collector) {
    let mut documents = Documents::new(reader);
    while let Some(next) = documents.next_document() {
        match next {
            Ok(Document { text, line, json: true }) => collector.json(&text, name, line),
            Ok(Document { text, line, json: false }) => collector.yaml(&text, name, line),
            Err((line, says)) => collector.broken(name, line, &says),
        }
    }
}

fn keep(cluster: &mut Cluster, namespace: &str) {
    cluster.namespace = Some(Text::from(namespace));
    cluster.sets.items.retain(|x| &*x.meta.namespace == namespace);
    cluster.pods.items.retain(|x| &*x.meta.namespace == namespace);
    cluster.claims.items.retain(|x| &*x.meta.namespace == namespace);
    cluster.services.items.retain(|x| &*x.meta.namespace == namespace);
    cluster.slices.items.retain(|x| &*x.meta.namespace == namespace);
    cluster.jobs.items.retain(|x| &*x.meta.namespace == namespace);
    cluster.cron_jobs.items.retain(|x| &*x.meta.namespace == namespace);
    super::around::keep_namespace(&mut cluster.around, namespace);
}

#[cfg(test)]
mod tests;
