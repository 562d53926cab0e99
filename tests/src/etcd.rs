//! The fake's objects in a real API server: written into its etcd, under the keys that it uses itself. To post the largest clusters through
//! the API would take hours.

use std::collections::BTreeSet;
use std::error::Error;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::cluster::Cluster;
use crate::kinds::Kind;
use crate::protobuf;
use crate::store::{Object, Store};

/// What etcd takes in one transaction: so many operations, and values of together less than a megabyte and a half.
const OPERATIONS: usize = 128;
const BYTES: usize = 1 << 20;

type Failure = Box<dyn Error + Send + Sync>;

impl Cluster {
    /// Writes all objects, and the namespaces that they are in, into the etcd at an address (`127.0.0.1:2379`); returns how many objects that
    /// is. An API server that is started afterwards has them.
    pub async fn write_into(mut self, etcd: &str) -> Result<usize, Failure> {
        let store = self.store();
        add_namespaces(store);
        let mut etcd = Etcd::connect(etcd).await?;
        let (mut count, mut puts, mut size) = (0, Vec::new(), 0);
        for kind in store.kinds.iter() {
            for (key, object) in store.range(&kind.qualified(), "", "", store.revision) {
                let value = value(kind, object);
                if puts.len() == OPERATIONS || size + value.len() > BYTES {
                    etcd.write(std::mem::take(&mut puts)).await?;
                    size = 0;
                }
                size += value.len();
                let key = format!("/registry/{}/{key}", folder(kind));
                puts.push(json!({"requestPut": {"key": STANDARD.encode(key), "value": STANDARD.encode(value)}}));
                count += 1;
            }
        }
        etcd.write(puts).await?;
        Ok(count)
    }
}

/// Those that no object describes.
fn add_namespaces(store: &mut Store) {
    let mut named = BTreeSet::new();
    for kind in store.kinds.iter().filter(|it| it.namespaced) {
        named
            .extend(store.range(&kind.qualified(), "", "", store.revision).map(|(_, object)| object.namespace.clone()));
    }
    for name in named {
        if store.get("namespaces", &name).is_none() {
            store.seed(json!({
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
                "spec": {"finalizers": ["kubernetes"]},
                "status": {"phase": "Active"},
            }));
        }
    }
}

/// Where the API server keeps a kind: by its plural, but for those that are older than this rule.
fn folder(kind: &Kind) -> &str {
    match kind.resource.as_str() {
        "services" => "services/specs",
        "endpoints" => "services/endpoints",
        "nodes" => "minions",
        "ingresses" => "ingress",
        "replicationcontrollers" => "controllers",
        plural => plural,
    }
}

/// As the API server writes it where the fake knows how; it reads JSON as well.
fn value(kind: &Kind, object: &Object) -> Vec<u8> {
    if protobuf::known(kind) {
        protobuf::object(kind, &protobuf::encode(&kind.kind, &object.value()))
    } else {
        object.whole(kind).into_bytes()
    }
}

/// A connection to etcd's gateway, which takes its calls as JSON.
struct Etcd(SendRequest<Full<Bytes>>);

impl Etcd {
    async fn connect(address: &str) -> Result<Self, Failure> {
        let (sender, connection) = handshake(TokioIo::new(TcpStream::connect(address).await?)).await?;
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    async fn write(&mut self, puts: Vec<Value>) -> Result<(), Failure> {
        let request =
            Request::post("/v3/kv/txn").header("host", "etcd").body(json!({"success": puts}).to_string().into())?;
        self.0.ready().await?;
        let answer = self.0.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        if status.is_success() {
            return Ok(());
        }
        Err(format!("etcd: {status}: {}", String::from_utf8_lossy(&body)).into())
    }
}
