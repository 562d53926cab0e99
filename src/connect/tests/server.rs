//! A server that answers as it is told and remembers what it was asked.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base64::Engine as _;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

/// A request as it came.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    /// Which connection it came on, counted from 0.
    pub(super) connection: usize,
    /// The common name of the client's certificate.
    pub(super) client: Option<String>,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }
}

/// What a server does with a request.
pub(super) enum Reply {
    /// A status line's rest, headers, and a body.
    Http(&'static str, &'static [&'static str], Vec<u8>),
    /// Bytes, and then the end of the connection.
    Raw(Vec<u8>),
    /// The end of the connection without a word.
    Close,
    /// A reset of the connection.
    Reset,
    /// Bytes, and then nothing, for ever.
    Stall(&'static str),
    /// Nothing, for ever.
    Silence,
}

pub(super) fn ok(body: &str) -> Reply {
    Reply::Http("200 OK", &["Content-Type: application/json"], body.into())
}

type Script = dyn Fn(usize, &Seen) -> Reply + Send + Sync;

/// A certificate authority of a test.
pub(super) struct Authority {
    pub(super) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(super) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "test authority");
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// A certificate and key in PEM, for these names, with this common name.
    pub(super) fn issue(
        &self,
        names: &[&str],
        common_name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, common_name);
        change(&mut params);
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

/// A running server; it ends with the test's runtime.
pub(super) struct Server {
    port: u16,
    pub(super) authority: Authority,
    tls: bool,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<Mutex<usize>>,
}

impl Server {
    /// HTTPS with a certificate for `localhost` and 127.0.0.1.
    pub(super) async fn https(script: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static) -> Self {
        let authority = Authority::new();
        let certificate = authority.issue(&["localhost", "127.0.0.1"], "server", |_| ());
        Self::start(authority, Some(certificate), &[], Arc::new(script)).await
    }

    /// HTTPS with a given certificate.
    pub(super) async fn with_certificate(authority: Authority, certificate: (String, String)) -> Self {
        Self::start(authority, Some(certificate), &[], Arc::new(|_, _| ok("{}"))).await
    }

    pub(super) async fn http(script: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::start(Authority::new(), None, &[], Arc::new(script)).await
    }

    async fn start(
        authority: Authority,
        certificate: Option<(String, String)>,
        protocols: &[&[u8]],
        script: Arc<Script>,
    ) -> Self {
        let tls = certificate.map(|(chain, key)| {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap()).unwrap();
            let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
                .allow_unauthenticated()
                .build()
                .unwrap();
            let chain = CertificateDer::pem_slice_iter(chain.as_bytes()).map(Result::unwrap).collect();
            let mut config = ServerConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_client_cert_verifier(clients)
                .with_single_cert(chain, PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap())
                .unwrap();
            config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
            TlsAcceptor::from(Arc::new(config))
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self { port, authority, tls: tls.is_some(), seen: Arc::default(), connections: Arc::default() };
        let (seen, connections) = (server.seen.clone(), server.connections.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let connection = {
                    let mut count = lock(&connections);
                    *count += 1;
                    *count - 1
                };
                let _ = stream.set_nodelay(true);
                let (seen, script, tls) = (seen.clone(), script.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => {
                            serve(stream, connection, None, &seen, &*script, |stream| {
                                let _ = stream.set_zero_linger();
                            })
                            .await;
                        }
                        Some(tls) => {
                            let Ok(stream) = tls.accept(stream).await else { return };
                            let client = stream.get_ref().1.peer_certificates().map(|chain| common_name(&chain[0]));
                            serve(stream, connection, client, &seen, &*script, |stream| {
                                let _ = stream.get_ref().0.set_zero_linger();
                            })
                            .await;
                        }
                    }
                });
            }
        });
        server
    }

    pub(super) fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", if self.tls { "https" } else { "http" }, self.port)
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn is_tls(&self) -> bool {
        self.tls
    }

    pub(super) fn authority_base64(&self) -> String {
        base64(&self.authority.pem)
    }

    /// All requests so far.
    pub(super) fn seen(&self) -> Vec<Seen> {
        lock(&self.seen).clone()
    }

    /// The only request.
    pub(super) fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.into_iter().next().unwrap_or_default()
    }

    pub(super) fn connections(&self) -> usize {
        *lock(&self.connections)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn base64(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// Good enough for certificates of this file: the printable text after the last common name's tag.
fn common_name(der: &CertificateDer<'_>) -> String {
    let oid = [0x06, 0x03, 0x55, 0x04, 0x03];
    let at = der.windows(5).rposition(|window| window == oid).unwrap_or(0) + 5;
    let length = usize::from(der[at + 1]);
    String::from_utf8_lossy(&der[at + 2..at + 2 + length]).into_owned()
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send>(
    mut stream: S,
    connection: usize,
    client: Option<String>,
    seen: &Mutex<Vec<Seen>>,
    script: &Script,
    zero_linger: impl Fn(&S),
) {
    while let Some(mut request) = read(&mut stream).await {
        request.connection = connection;
        request.client.clone_from(&client);
        let number = {
            let mut seen = lock(seen);
            seen.push(request.clone());
            seen.len() - 1
        };
        match script(number, &request) {
            Reply::Http(status, headers, body) => {
                let mut head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len());
                for header in headers {
                    head.push_str(header);
                    head.push_str("\r\n");
                }
                head.push_str("\r\n");
                if stream.write_all(head.as_bytes()).await.is_err() || stream.write_all(&body).await.is_err() {
                    return;
                }
                let _ = stream.flush().await;
            }
            Reply::Raw(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.flush().await;
                let _ = stream.shutdown().await;
                return;
            }
            Reply::Close => return,
            Reply::Reset => {
                zero_linger(&stream);
                return;
            }
            Reply::Stall(text) => {
                let _ = stream.write_all(text.as_bytes()).await;
                let _ = stream.flush().await;
                tokio::time::sleep(Duration::from_hours(1)).await;
            }
            Reply::Silence => {
                tokio::time::sleep(Duration::from_hours(1)).await;
            }
        }
    }
}

/// Reads one request; `None` at the end of the connection.
pub(super) fn read<'a, S: AsyncRead + Unpin + Send>(
    stream: &'a mut S,
) -> Pin<Box<dyn Future<Output = Option<Seen>> + Send + 'a>> {
    Box::pin(async move {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.ok()?);
        }
        let text = String::from_utf8_lossy(&head).into_owned();
        let mut lines = text.lines();
        let mut start = lines.next()?.split(' ');
        let mut request =
            Seen { method: start.next()?.to_owned(), target: start.next()?.to_owned(), ..Seen::default() };
        request.headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let length = request.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        request.body = String::from_utf8_lossy(&body).into_owned();
        Some(request)
    })
}
