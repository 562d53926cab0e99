//! Objects that are followed: read once, then change by change.

use serde::Deserialize;

use super::intern::Interner;
use super::kind::Kind;
use super::lists::segment;
use super::page::decode;
use super::wire::Page;
use crate::connect::{Client, Error, ErrorKind, Stream};
use crate::facts::{CronJob, Job, LabelSelector, PodRun, StatefulSet};

/// Which objects of a kind, in one namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Which {
    /// The namespace.
    pub namespace: String,
    /// One by its name.
    pub name: Option<String>,
    /// Those whose labels match, in kubectl's notation.
    pub labels: Option<String>,
}

impl Which {
    /// The object of this name.
    pub fn named(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.to_owned(), name: Some(name.to_owned()), labels: None }
    }

    /// The objects that a selector selects.
    pub fn selected(namespace: &str, selector: &LabelSelector) -> Self {
        Self { namespace: namespace.to_owned(), name: None, labels: Some(selector.to_string()) }
    }

    fn query(&self) -> String {
        let mut query = String::new();
        if let Some(name) = &self.name {
            query = format!("&fieldSelector=metadata.name%3D{}", segment(name));
        }
        if let Some(labels) = &self.labels {
            query = format!("{query}&labelSelector={}", segment(labels));
        }
        query
    }
}

/// A kind that can be followed. Implemented by the facts that the log engine reads.
#[allow(private_bounds, reason = "how a fact is read from its wire form is gather's own business")]
pub trait Watched: Kind {}
impl Watched for PodRun {}
impl Watched for Job {}
impl Watched for CronJob {}
impl Watched for StatefulSet {}

/// The objects as they are, and the version of the list, which a watch goes on from.
#[derive(Debug, Clone)]
pub struct Snapshot<K> {
    /// The objects.
    pub items: Vec<K>,
    /// `metadata.resourceVersion` of the list.
    pub version: String,
}

/// One object by its name; `None` where the server says that there is none.
pub async fn get<K: Watched>(client: &Client, namespace: &str, name: &str) -> Result<Option<K>, Error> {
    super::lists::get(client, Some(&namespace.into()), name).await
}

/// One out of its whole object, which was read before.
pub fn of_object<K: Watched>(object: &serde_json::Value) -> Result<K, Error> {
    super::lists::of_object(object)
}

/// Reads all of them, page by page.
pub async fn list<K: Watched>(client: &Client, which: &Which) -> Result<Snapshot<K>, Error> {
    let path = K::RESOURCE.path(Some(&which.namespace));
    let (mut items, mut token) = (Vec::new(), String::new());
    let mut intern = Interner::default();
    loop {
        let next = if token.is_empty() { String::new() } else { format!("&continue={}", segment(&token)) };
        let answer = match client.get(&format!("{path}?limit=500{}{next}", which.query()), None).await {
            Ok(answer) => answer,
            // The snapshot of the pages was compacted away: from the start.
            Err(error) if error.kind == ErrorKind::Gone && !token.is_empty() => {
                items.clear();
                token.clear();
                continue;
            }
            Err(error) => return named(client, which, error).await,
        };
        let page: Page<K::Wire<'_>> = decode(&answer.body)?;
        items.extend(page.items.into_iter().flatten().map(|wire| K::from_wire(wire, &mut intern)));
        match page.metadata.next.filter(|token| !token.is_empty()) {
            Some(next) => token = next,
            None => return Ok(Snapshot { items, version: page.metadata.version.unwrap_or_default() }),
        }
    }
}

/// One object by its name, for those who may not list: else the refusal.
async fn named<K: Watched>(client: &Client, which: &Which, refused: Error) -> Result<Snapshot<K>, Error> {
    let Some(name) = which.name.as_deref().filter(|_| refused.kind == ErrorKind::Forbidden) else {
        return Err(refused);
    };
    let path = format!("{}/{}", K::RESOURCE.path(Some(&which.namespace)), segment(name));
    match client.get(&path, None).await {
        Ok(answer) => {
            let version = decode::<Versioned>(&answer.body)?.metadata.resource_version;
            let object = K::from_wire(decode::<K::Wire<'_>>(&answer.body)?, &mut Interner::default());
            Ok(Snapshot { items: vec![object], version })
        }
        Err(error) if error.kind == ErrorKind::NotFound => Ok(Snapshot { items: Vec::new(), version: String::new() }),
        Err(_) => Err(refused),
    }
}

/// A change of one object.
#[derive(Debug, Clone)]
pub enum Change<K> {
    /// It is there, in this state.
    Is(K),
    /// It is gone; this was its last state.
    Gone(K),
    /// Nothing changed, but the version moved on.
    Nothing,
}

/// Changes as they come.
pub struct Watch<K> {
    stream: Stream,
    buffer: Vec<u8>,
    intern: Interner,
    kind: std::marker::PhantomData<fn() -> K>,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    object: &'a serde_json::value::RawValue,
}

#[derive(Deserialize)]
struct Versioned {
    metadata: VersionOnly,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VersionOnly {
    resource_version: String,
}

/// Opens a watch that goes on from a version.
pub async fn watch<K: Watched>(client: &Client, which: &Which, version: &str) -> Result<Watch<K>, Error> {
    let path = K::RESOURCE.path(Some(&which.namespace));
    let query = format!(
        "?watch=true&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion={}{}",
        segment(version),
        which.query()
    );
    let stream = client.stream(&format!("{path}{query}"), "application/json").await?;
    Ok(Watch { stream, buffer: Vec::new(), intern: Interner::default(), kind: std::marker::PhantomData })
}

impl<K: Watched> Watch<K> {
    /// The next change and the version after it; `None` when the server ended the watch. An error of kind `Gone` means that the
    /// version is too old and everything must be read anew. Can be cancelled without loss.
    pub async fn next(&mut self) -> Result<Option<(Change<K>, String)>, Error> {
        loop {
            if let Some(at) = self.buffer.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=at).collect();
                if line.trim_ascii().is_empty() {
                    continue;
                }
                return self.event(&line).map(Some);
            }
            if !self.stream.read(&mut self.buffer).await? {
                return Ok(None);
            }
        }
    }

    fn event(&mut self, line: &[u8]) -> Result<(Change<K>, String), Error> {
        let event: Event<'_> = decode(line)?;
        if event.kind == "ERROR" {
            return Err(Error::from_status(event.object.get().as_bytes()));
        }
        let version = decode::<Versioned>(event.object.get().as_bytes())?.metadata.resource_version;
        if event.kind == "BOOKMARK" {
            return Ok((Change::Nothing, version));
        }
        let object = K::from_wire(decode::<K::Wire<'_>>(event.object.get().as_bytes())?, &mut self.intern);
        Ok((if event.kind == "DELETED" { Change::Gone(object) } else { Change::Is(object) }, version))
    }
}
