//! A cluster that runs: what a test can ask of it and change in it. It ends when it is dropped.

use std::collections::HashMap;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};

use crate::access::{Access, Rule};
use crate::cluster::Settings;
use crate::fault::{Action, Fault, On};
use crate::logs::Logs;
use crate::names::Names;
use crate::record::{Book, Record, Requests};
use crate::serve;
use crate::store::{Store, What, key};
use crate::tls::Tls;

/// What the connections share.
pub(crate) struct Inner {
    pub(crate) store: Mutex<Store>,
    pub(crate) logs: Mutex<Logs>,
    /// What pods answer to DNS questions.
    pub(crate) names: HashMap<String, Names>,
    pub(crate) access: Mutex<Access>,
    pub(crate) faults: Mutex<Vec<(On, Fault)>>,
    pub(crate) book: Book,
    /// Moves with every change to objects and logs.
    pub(crate) changed: watch::Sender<u64>,
    pub(crate) tls: Tls,
    pub(crate) settings: Mutex<Settings>,
    pub(crate) last_arrival: Mutex<Instant>,
    /// Connections between TCP and the end of TLS' handshake.
    pub(crate) greeting: AtomicUsize,
    pub(crate) numbers: AtomicU64,
    pub(crate) squeezed: Mutex<HashMap<String, Bytes>>,
}

/// How long a turn waits for another request that was sent at the same time.
const QUIET: Duration = Duration::from_millis(50);
/// A connection that doesn't come to its first request holds up no turn for longer than this.
const GREETING: Duration = Duration::from_secs(2);

impl Inner {
    pub(crate) fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap()
    }

    pub(crate) fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn actions(&self, record: &Record) -> Vec<Action> {
        let faults = self.faults.lock().unwrap();
        faults.iter().filter(|(on, _)| on.strikes(record)).map(|(_, fault)| fault.decide(record)).collect()
    }

    /// Something came that may be part of this turn: a request, or a connection on its way to one.
    pub(crate) fn arrived(&self) {
        *self.last_arrival.lock().unwrap() = Instant::now();
    }

    /// The round trip, and in lockstep the wait for what else belongs to this turn.
    pub(crate) async fn pace(&self) {
        let (latency, lockstep) = {
            let settings = self.settings();
            (settings.latency, settings.lockstep)
        };
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        if lockstep {
            self.arrived();
            loop {
                let seen = *self.last_arrival.lock().unwrap();
                tokio::time::sleep_until((seen + QUIET).into()).await;
                let greeting = self.greeting.load(Ordering::Relaxed) > 0 && seen.elapsed() < GREETING;
                if !greeting && *self.last_arrival.lock().unwrap() == seen {
                    break;
                }
                if greeting {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        }
    }

    /// Compressed as the server does; a page of a large, quiet cluster only once.
    pub(crate) fn squeeze(&self, record: &Record, body: &Bytes) -> Bytes {
        let keep = self.settings().keep_pages.then(|| {
            let revision = self.store.lock().unwrap().revision;
            format!("{revision} {} {:?} {:?}", record.path, record.query, record.header("accept"))
        });
        if let Some(known) = keep.as_ref().and_then(|it| self.squeezed.lock().unwrap().get(it).cloned()) {
            return known;
        }
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(body).unwrap();
        let bytes = Bytes::from(encoder.finish().unwrap());
        if let Some(key) = keep {
            self.squeezed.lock().unwrap().insert(key, bytes.clone());
        }
        bytes
    }
}

/// A cluster that answers, on 127.0.0.1, until it is dropped.
pub struct Running {
    pub(crate) inner: Arc<Inner>,
    address: SocketAddr,
    directory: TempDir,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn start(inner: Inner, port: u16) -> Self {
        let inner = Arc::new(inner);
        let listener = std::net::TcpListener::bind(("127.0.0.1", port)).expect("a port on 127.0.0.1");
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (end, ended) = oneshot::channel();
        let shared = Arc::clone(&inner);
        let serve = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = serve::accept(shared, listener) => {}
                    _ = ended => {}
                }
            });
            runtime.shutdown_background();
        };
        let thread = std::thread::Builder::new().name("fake-apiserver".into()).spawn(serve).unwrap();
        let directory = tempfile::Builder::new().prefix("fake-cluster-").tempdir().unwrap();
        let running = Self { inner, address, directory, end: Some(end), thread: Some(thread) };
        std::fs::write(running.kubeconfig_path(), running.kubeconfig_text()).unwrap();
        running
    }

    fn kubeconfig_path(&self) -> std::path::PathBuf {
        self.directory.path().join("kubeconfig")
    }

    /// The kubeconfig's file: for KUBECONFIG, or to be read and changed by a test.
    pub fn kubeconfig(&self) -> std::path::PathBuf {
        self.kubeconfig_path()
    }

    /// A folder that lives as long as the cluster.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// `https://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate of the authority that the kubeconfig trusts, as PEM.
    pub fn authority_pem(&self) -> &str {
        &self.inner.tls.authority
    }

    /// A client certificate that the server accepts, and its key, as PEM.
    pub fn client_pem(&self) -> (&str, &str) {
        (&self.inner.tls.client_certificate, &self.inner.tls.client_key)
    }

    /// All requests so far.
    pub fn requests(&self) -> Requests {
        Requests(self.inner.book.lock().unwrap().clone())
    }

    /// Forgets the requests so far: for a test in several steps.
    pub fn forget_requests(&self) {
        self.inner.book.lock().unwrap().clear();
    }

    /// Waits until the requests so far satisfy this; fails after ten seconds.
    #[track_caller]
    pub fn wait_for(&self, what: &str, enough: impl Fn(&Requests) -> bool) -> Requests {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let requests = self.requests();
            if enough(&requests) {
                return requests;
            }
            assert!(Instant::now() < deadline, "waited ten seconds for {what}; came: {:?}", requests.verbs());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// One more fault, from now on.
    pub fn fault(&self, on: On, fault: Fault) {
        self.inner.faults.lock().unwrap().push((on, fault));
    }

    /// No more faults.
    pub fn heal(&self) {
        self.inner.faults.lock().unwrap().clear();
    }

    /// Denies a verb on a resource from now on, everywhere or in one namespace.
    pub fn deny(&self, verb: &str, resource: &str, namespace: Option<&str>) {
        let rule = Rule { verb: verb.into(), resource: resource.into(), namespace: namespace.map(str::to_owned) };
        self.inner.access.lock().unwrap().denied.push(rule);
    }

    fn change<T>(&self, change: impl FnOnce(&mut Store) -> T) -> T {
        let result = change(&mut self.inner.store.lock().unwrap());
        self.inner.changed.send_modify(|count| *count += 1);
        result
    }

    /// Creates or replaces an object, as a controller or another user would; watches hear of it.
    pub fn apply(&self, object: Value) {
        self.change(|store| store.apply(object));
    }

    /// Merges into an object (RFC 7386): `patch("pods", "shop", "redis-0", json!({"status": …}))`.
    #[track_caller]
    pub fn patch(&self, resource: &str, namespace: &str, name: &str, patch: Value) {
        let place = key(namespace, name);
        self.change(|store| {
            let table = table(store, resource);
            let mut value = store.get(&table, &place).unwrap_or_else(|| panic!("no {resource} {place}")).value();
            crate::store::merge(&mut value, patch);
            store.put(&table, &place, Some(value));
        });
    }

    /// Removes an object, finalizers or not.
    pub fn delete(&self, resource: &str, namespace: &str, name: &str) {
        self.change(|store| {
            let table = table(store, resource);
            store.put(&table, &key(namespace, name), None);
        });
    }

    /// An object as it is now, with kind and apiVersion; None: there is none.
    pub fn object(&self, resource: &str, namespace: &str, name: &str) -> Option<Value> {
        let store = self.inner.store.lock().unwrap();
        let kind = store.kinds.by_plural(resource)?.clone();
        let object = store.get(&kind.qualified(), &key(namespace, name))?;
        Some(serde_json::from_str(&object.whole(&kind)).unwrap())
    }

    /// Forgets history: pages and watches from before get 410.
    pub fn compact(&self) {
        self.change(Store::compact);
    }

    /// A bookmark to each watch that allows them.
    pub fn bookmark(&self) {
        self.change(|store| store.announce(What::Bookmark));
    }

    /// Each watch gets the 410 in an ERROR event, and ends.
    pub fn expire_watches(&self) {
        self.change(|store| store.announce(What::Expire));
    }

    /// Each watch ends in good order, as when its time is up.
    pub fn end_watches(&self) {
        self.change(|store| store.announce(What::Close));
    }

    /// Lines for a container's log, each with its RFC 3339 time before it; followers get them.
    pub fn write_log(&self, pod: &str, container: &str, lines: impl AsRef<[u8]>) {
        self.inner.logs.lock().unwrap().entry(place(pod, container, false)).or_default().push_text(lines.as_ref());
        self.inner.changed.send_modify(|count| *count += 1);
    }

    /// The container has ended: its followers see the end. Later lines are of the next attempt.
    pub fn end_log(&self, pod: &str, container: &str) {
        self.inner.logs.lock().unwrap().entry(place(pod, container, false)).or_default().ended = true;
        self.inner.changed.send_modify(|count| *count += 1);
    }

    /// The container starts anew: its log becomes the previous one, and an empty one begins.
    pub fn restart_log(&self, pod: &str, container: &str) {
        let mut logs = self.inner.logs.lock().unwrap();
        let mut old = logs.remove(&place(pod, container, false)).unwrap_or_default();
        old.ended = true;
        logs.insert(place(pod, container, true), old);
        logs.entry(place(pod, container, false)).or_default();
        drop(logs);
        self.inner.changed.send_modify(|count| *count += 1);
    }
}

/// The table of a resource named by its plural.
fn table(store: &Store, resource: &str) -> String {
    store.kinds.by_plural(resource).unwrap_or_else(|| panic!("no resource {resource}")).qualified()
}

pub(crate) fn place(pod: &str, container: &str, previous: bool) -> (String, String, bool) {
    assert!(pod.contains('/'), "a pod is named as namespace/name, not {pod}");
    (pod.to_owned(), container.to_owned(), previous)
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
