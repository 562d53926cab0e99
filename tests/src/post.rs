//! Large clusters in a real API server: the objects of [`crate::bulk`] or of a file are posted as they are, with their statuses. Where no
//! controller runs, they stay so.

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper::{Method, Request};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::bulk::{Shape, without_what_the_server_sets};
use crate::kinds::{Kind, Kinds};
use crate::store::Object;

/// Requests under way at a time: more does not make two cores' server faster.
const AT_ONCE: usize = 48;

/// Why it was not posted.
pub type Failure = Box<dyn Error + Send + Sync>;

/// What is to be posted. Objects of one group name one another by UID, and are posted in turn.
type Group = Vec<(Kind, Object)>;

/// Posts the large cluster of a shape, with so many bystanders beside each pod; returns how many objects that is. The server and the client's
/// certificate are those of the kubeconfig's first entries, as paths.
pub async fn bulk(kubeconfig: &Path, shape: Shape, bystanders: usize) -> Result<usize, Failure> {
    let server = Server::connect(&Kubeconfig::read(kubeconfig)?).await?;
    let kinds = Kinds::built_in();
    let kind = |resource: &str| kinds.by_plural(resource).expect("a built-in kind").clone();
    let places = shape.namespaces().map(|namespace| {
        // Without its controller a namespace has no ServiceAccount, and without one the server takes no pod.
        let account = json!({"metadata": {"name": "default", "namespace": namespace}});
        let namespace = json!({"metadata": {"name": namespace}});
        vec![
            (kind("namespaces"), Object::from_value(namespace)),
            (kind("serviceaccounts"), Object::from_value(account)),
        ]
    });
    let sets = shape.to_create(bystanders);
    let sets = sets.map(|group| group.into_iter().map(|(resource, object)| (kind(resource), object)).collect());
    Ok(server.post_all(places).await? + server.post_all(sets).await?)
}

/// Posts the objects of a file, a List as JSON; returns how many these are.
pub async fn file(kubeconfig: &Path, file: &Path) -> Result<usize, Failure> {
    // Before it connects: a server hangs up on a client that says nothing for two seconds.
    let groups = groups(serde_json::from_slice(&std::fs::read(file)?)?);
    Server::connect(&Kubeconfig::read(kubeconfig)?).await?.post_all(groups.into_iter()).await
}

/// The objects of a List, each in the group of its owner where that is in the list before it.
fn groups(mut list: Value) -> Vec<Group> {
    let mut kinds = Kinds::built_in();
    let mut groups: Vec<Group> = Vec::new();
    let mut group_of: HashMap<String, usize> = HashMap::new();
    for mut object in list["items"].as_array_mut().map(std::mem::take).unwrap_or_default() {
        let text = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let kind = kinds.of(&text("/apiVersion"), &text("/kind"), !text("/metadata/namespace").is_empty());
        let group = group_of.get(&text("/metadata/ownerReferences/0/uid")).copied().unwrap_or(groups.len());
        group_of.insert(text("/metadata/uid"), group);
        without_what_the_server_sets(&mut object);
        groups.resize(groups.len().max(group + 1), Group::new());
        groups[group].push((kind, Object::from_value(object)));
    }
    groups
}

/// Where the server is and who asks.
struct Kubeconfig {
    address: String,
    authority: String,
    certificate: String,
    key: String,
}

impl Kubeconfig {
    fn read(path: &Path) -> Result<Self, Failure> {
        let config: Value = serde_saphyr::from_str(&std::fs::read_to_string(path)?)?;
        let text = |at: &str| {
            let found = config.pointer(at).and_then(Value::as_str);
            found.map(str::to_owned).ok_or_else(|| format!("{}: no {at}", path.display()))
        };
        Ok(Self {
            address: text("/clusters/0/cluster/server")?.trim_start_matches("https://").to_owned(),
            authority: text("/clusters/0/cluster/certificate-authority")?,
            certificate: text("/users/0/user/client-certificate")?,
            key: text("/users/0/user/client-key")?,
        })
    }
}

/// One connection, shared by all requests.
struct Server {
    address: String,
    sender: SendRequest<Full<Bytes>>,
}

impl Server {
    async fn connect(config: &Kubeconfig) -> Result<Self, Failure> {
        let mut roots = RootCertStore::empty();
        for authority in CertificateDer::pem_file_iter(&config.authority)? {
            roots.add(authority?)?;
        }
        let chain = CertificateDer::pem_file_iter(&config.certificate)?.collect::<Result<Vec<_>, _>>()?;
        let mut tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(&config.key)?)?;
        tls.alpn_protocols = vec![b"h2".to_vec()];
        let host = config.address.rsplit_once(':').map_or(&*config.address, |(host, _)| host);
        let name = ServerName::try_from(host.to_owned())?;
        let stream = TcpStream::connect(&config.address).await?;
        let stream = TlsConnector::from(Arc::new(tls)).connect(name, stream).await?;
        let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { address: config.address.clone(), sender })
    }

    /// Posts groups side by side.
    async fn post_all(&self, groups: impl Iterator<Item = Group>) -> Result<usize, Failure> {
        let posted = stream::iter(groups).map(|group| self.post(group)).buffer_unordered(AT_ONCE);
        posted.try_fold(0, async |sum, count| Ok(sum + count)).await
    }

    async fn post(&self, group: Group) -> Result<usize, Failure> {
        let count = group.len();
        // The UIDs by which the group's objects name one another, and those that the server gave.
        let mut uids: Vec<(String, String)> = Vec::new();
        for (kind, object) in group {
            let mut text = String::from_utf8(object.json.to_vec())?;
            for (ours, theirs) in &uids {
                text = text.replace(ours, theirs);
            }
            let path = path(&kind, &object.namespace);
            let made = self.send(Method::POST, &path, &text).await?;
            let (ours, theirs) = (Named::uid(text.as_bytes())?, Named::uid(&made)?);
            if !ours.is_empty() {
                text = text.replace(&ours, &theirs);
                uids.push((ours, theirs));
            }
            if text.contains("\"status\":{\"") {
                self.send(Method::PUT, &format!("{path}/{}/status", object.name), &text).await?;
            }
        }
        Ok(count)
    }

    async fn send(&self, method: Method, path: &str, body: &str) -> Result<Bytes, Failure> {
        let request = Request::builder()
            .method(&method)
            .uri(format!("https://{}{path}", self.address))
            .header("content-type", "application/json")
            .body(Full::from(body.to_owned()))?;
        let mut sender = self.sender.clone();
        sender.ready().await?;
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        if status.is_success() {
            return Ok(body);
        }
        Err(format!("{method} {path}: {}", String::from_utf8_lossy(&body)).into())
    }
}

fn path(kind: &Kind, namespace: &str) -> String {
    let root = if kind.group.is_empty() { "/api/" } else { "/apis/" };
    let scope = if kind.namespaced { format!("/namespaces/{namespace}") } else { String::new() };
    format!("{root}{}{scope}/{}", kind.api_version(), kind.resource)
}

/// An object's identity.
#[derive(Deserialize)]
struct Named {
    metadata: Identity,
}

#[derive(Deserialize)]
struct Identity {
    #[serde(default)]
    uid: String,
}

impl Named {
    /// The UID as it stands in JSON, so that no name that holds it is taken for it: `"uid":"..."`, or nothing where there is none.
    fn uid(json: &[u8]) -> Result<String, serde_json::Error> {
        let uid = serde_json::from_slice::<Self>(json)?.metadata.uid;
        Ok(if uid.is_empty() { uid } else { format!("\"uid\":\"{uid}\"") })
    }
}
