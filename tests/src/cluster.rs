//! The builder: a cluster as a story, before it starts.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::access::{Access, Rule};
use crate::fault::{Fault, On};
use crate::kinds::Kinds;
use crate::logs::Logs;
use crate::names::Names;
use crate::running::{Inner, Running, place};
use crate::serve::Door;
use crate::store::{Object, Store};
use crate::tls::{Certificate, Tls};

/// When answers are compressed for those who ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gzip {
    /// From 128 KiB on, as the real server.
    #[default]
    LargeBodies,
    Always,
    Never,
}

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) namespace: Option<String>,
    pub(crate) latency: Duration,
    pub(crate) lockstep: bool,
    pub(crate) gzip: Gzip,
    pub(crate) keep_pages: bool,
    pub(crate) door: Door,
    pub(crate) json_only: bool,
    pub(crate) version: String,
}

/// A cluster to be: objects, rules, faults.
///
/// ```no_run
/// # use workload_tests::{Cluster, Fault, On};
/// let cluster = Cluster::new()
///     .file("objects/redis.json")
///     .deny("list", "persistentvolumes")
///     .fault(On::list("pods").nth(2), Fault::gone())
///     .start();
/// ```
#[must_use]
pub struct Cluster {
    store: Store,
    logs: Logs,
    names: HashMap<String, Names>,
    access: Access,
    faults: Vec<(On, Fault)>,
    settings: Settings,
    certificate: Certificate,
    http1_only: bool,
    port: u16,
    copies: usize,
}

impl Default for Cluster {
    fn default() -> Self {
        Self::new()
    }
}

impl Cluster {
    pub fn new() -> Self {
        Self {
            store: Store::new(Kinds::built_in()),
            logs: Logs::new(),
            names: HashMap::new(),
            access: Access::default(),
            faults: Vec::new(),
            settings: Settings {
                namespace: None,
                latency: Duration::ZERO,
                lockstep: false,
                gzip: Gzip::default(),
                keep_pages: false,
                door: Door::Open,
                json_only: false,
                version: version("1", "36", "v1.36.3"),
            },
            certificate: Certificate::Good,
            http1_only: false,
            port: 0,
            copies: 0,
        }
    }

    /// An object, or a List of them, with kind and apiVersion; uid, creation time and namespace are filled in.
    pub fn object(mut self, object: Value) -> Self {
        match object {
            Value::Object(ref map) if map.get("items").is_some_and(Value::is_array) => {
                let Some(Value::Array(items)) = object.get("items").cloned() else { return self };
                items.into_iter().fold(self, Self::object)
            }
            object => {
                self.store.seed(object);
                self
            }
        }
    }

    /// Several objects.
    pub fn objects(self, objects: impl IntoIterator<Item = Value>) -> Self {
        objects.into_iter().fold(self, Self::object)
    }

    /// The objects of YAML text (documents) or JSON text.
    pub fn yaml(self, text: &str) -> Self {
        let documents = match serde_json::from_str::<Value>(text) {
            Ok(one) => vec![one],
            Err(_) => serde_saphyr::from_multiple::<Value>(text).expect("YAML documents"),
        };
        self.objects(documents.into_iter().filter(|it| !it.is_null()))
    }

    /// The objects of a YAML or JSON file; a relative path is looked for here, then in this package (`objects/…`), then
    /// in the repository.
    pub fn file(self, path: impl AsRef<Path>) -> Self {
        let path = find(path.as_ref());
        let text = std::fs::read_to_string(&path).unwrap_or_else(|it| panic!("{}: {it}", path.display()));
        self.yaml(&text)
    }

    pub(crate) fn store(&mut self) -> &mut Store {
        &mut self.store
    }

    /// Counts the copies of the recorded set, for their UIDs.
    pub(crate) fn next_copy(&mut self) -> usize {
        self.copies += 1;
        self.copies
    }

    /// Pre-serialised objects, for large clusters: the kind's plural, namespace, name, labels, JSON without kind and
    /// apiVersion.
    pub(crate) fn raw(mut self, resource: &str, object: Object) -> Self {
        let table = self.store.kinds.by_plural(resource).expect("a known resource").qualified();
        self.store.seed_object(&table, Arc::new(object));
        self
    }

    /// A kind beyond the built-in ones.
    pub fn kind(mut self, api_version: &str, kind: &str, resource: &str, namespaced: bool) -> Self {
        self.store.kinds.add(api_version, kind, resource, namespaced);
        self
    }

    /// The user may not do this, in any namespace. `*` stands for any verb or resource.
    pub fn deny(self, verb: &str, resource: &str) -> Self {
        self.rule(verb, resource, None, |access| &mut access.denied)
    }

    /// The user may not do this in one namespace.
    pub fn deny_in(self, namespace: &str, verb: &str, resource: &str) -> Self {
        self.rule(verb, resource, Some(namespace), |access| &mut access.denied)
    }

    /// The user may do this anywhere; with the first such rule, all that no rule allows is denied.
    pub fn allow(self, verb: &str, resource: &str) -> Self {
        self.rule(verb, resource, None, |access| &mut access.allowed)
    }

    /// The user may do this in one namespace (a Role): not at the cluster's scope.
    pub fn allow_in(self, namespace: &str, verb: &str, resource: &str) -> Self {
        self.rule(verb, resource, Some(namespace), |access| &mut access.allowed)
    }

    fn rule(
        mut self,
        verb: &str,
        resource: &str,
        namespace: Option<&str>,
        list: impl FnOnce(&mut Access) -> &mut Vec<Rule>,
    ) -> Self {
        let rule = Rule { verb: verb.into(), resource: resource.into(), namespace: namespace.map(str::to_owned) };
        list(&mut self.access).push(rule);
        self
    }

    /// The user's name in the server's sentences (`jane` otherwise).
    pub fn user(mut self, name: &str) -> Self {
        self.access.user = name.into();
        self
    }

    /// 401 without this bearer token; the kubeconfig holds it.
    pub fn token(mut self, token: &str) -> Self {
        self.access.token = Some(token.into());
        self
    }

    /// 401 without the client certificate that the kubeconfig holds.
    pub fn client_certificate(mut self) -> Self {
        self.access.client_certificate = true;
        self
    }

    /// Something goes wrong with these requests.
    pub fn fault(mut self, on: On, fault: Fault) -> Self {
        self.faults.push((on, fault));
        self
    }

    /// A container's log: lines with their RFC 3339 times before them; the pod as `namespace/name`.
    pub fn log(mut self, pod: &str, container: &str, lines: impl AsRef<[u8]>) -> Self {
        self.logs.entry(place(pod, container, false)).or_default().push_text(lines.as_ref());
        self
    }

    /// What a pod answers to DNS questions over port-forward; the pod as `namespace/name`.
    pub fn names(mut self, pod: &str, names: Names) -> Self {
        self.names.insert(pod.into(), names);
        self
    }

    /// The log of the container's attempt before this one.
    pub fn previous_log(mut self, pod: &str, container: &str, lines: impl AsRef<[u8]>) -> Self {
        self.logs.entry(place(pod, container, true)).or_default().push_text(lines.as_ref());
        self
    }

    /// The kubeconfig's namespace.
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.settings.namespace = Some(namespace.into());
        self
    }

    /// A round trip takes so long: each answer is late by it, and each new connection by two.
    pub fn latency(mut self, round_trip: Duration) -> Self {
        self.settings.latency = round_trip;
        self
    }

    /// Requests are answered turn by turn: all that came within 50 ms of each other at once. With this,
    /// [`crate::Requests::turns`] is exact.
    pub fn lockstep(mut self) -> Self {
        self.settings.lockstep = true;
        self
    }

    pub fn gzip(mut self, gzip: Gzip) -> Self {
        self.settings.gzip = gzip;
        self
    }

    /// Compressed pages are kept, so that the server's own work does not count in a bench.
    pub fn keep_pages(mut self) -> Self {
        self.settings.keep_pages = true;
        self
    }

    /// What becomes of connections before any HTTP.
    pub fn door(mut self, door: Door) -> Self {
        self.settings.door = door;
        self
    }

    /// The certificate that the server shows.
    pub fn certificate(mut self, certificate: Certificate) -> Self {
        self.certificate = certificate;
        self
    }

    /// No HTTP/2, as behind some proxies.
    pub fn http1_only(mut self) -> Self {
        self.http1_only = true;
        self
    }

    /// No Protobuf, as behind a gateway that reads what passes.
    pub fn json_only(mut self) -> Self {
        self.settings.json_only = true;
        self
    }

    /// What /version says: `version("1", "34", "v1.34.4")`.
    pub fn version(mut self, major: &str, minor: &str, git: &str) -> Self {
        self.settings.version = version(major, minor, git);
        self
    }

    /// A fixed port; otherwise a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Opens the port, and writes the kubeconfig.
    pub fn start(self) -> Running {
        let inner = Inner {
            store: Mutex::new(self.store),
            logs: Mutex::new(self.logs),
            names: self.names,
            tls: Tls::new(self.certificate, &self.access.user, self.http1_only),
            access: Mutex::new(self.access),
            faults: Mutex::new(self.faults),
            book: Arc::default(),
            changed: tokio::sync::watch::Sender::new(0),
            settings: Mutex::new(self.settings),
            last_arrival: Mutex::new(Instant::now()),
            greeting: AtomicUsize::new(0),
            numbers: AtomicU64::new(1),
            squeezed: Mutex::new(HashMap::new()),
        };
        Running::start(inner, self.port)
    }
}

/// As the server writes it: indented for everybody, without a newline at its end.
fn version(major: &str, minor: &str, git: &str) -> String {
    let before = minor.trim_end_matches('+').parse::<u32>().unwrap_or_default().saturating_sub(1);
    let fields = [
        ("major", major),
        ("minor", minor),
        ("emulationMajor", major),
        ("emulationMinor", minor),
        ("minCompatibilityMajor", major),
        ("minCompatibilityMinor", &before.to_string()),
        ("gitVersion", git),
        ("gitCommit", "0000000000000000000000000000000000000000"),
        ("gitTreeState", "clean"),
        ("buildDate", "1970-01-01T00:00:00Z"),
        ("goVersion", "go1.26.8"),
        ("compiler", "gc"),
        ("platform", "linux/amd64"),
    ];
    let lines: Vec<String> = fields.iter().map(|(name, value)| format!("  \"{name}\": \"{value}\"")).collect();
    format!("{{\n{}\n}}", lines.join(",\n"))
}

fn find(path: &Path) -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    [path.to_owned(), package.join(path), package.parent().unwrap().join(path)]
        .into_iter()
        .find(|it| it.exists())
        .unwrap_or_else(|| path.to_owned())
}
