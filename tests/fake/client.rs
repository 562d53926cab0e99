//! The smallest client that shows a server's every byte: HTTP/1.1 over TLS, one request per connection.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use workload_tests::Running;

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Whole,
    Short,
    Reset,
    StillOpen,
}

#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) ended: Ended,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|it| panic!("{it}: {}", self.text()))
    }

    /// Names of a list's items.
    pub(crate) fn names(&self) -> Vec<String> {
        let json = self.json();
        let items = json["items"].as_array().unwrap_or_else(|| panic!("no list: {json}"));
        items.iter().map(|it| it["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    }
}

pub(crate) fn config(cluster: &Running, with_certificate: bool) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(cluster.authority_pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    if with_certificate {
        let (certificate, key) = cluster.client_pem();
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        builder.with_client_auth_cert(vec![certificate], key).unwrap()
    } else {
        builder.with_no_client_auth()
    }
}

/// A request in the making: `ask(&cluster, "GET", "/version").header("accept", "…").send()`.
pub(crate) struct Ask<'a> {
    cluster: &'a Running,
    method: String,
    uri: String,
    headers: Vec<(String, String)>,
    body: String,
    certificate: bool,
    patience: Duration,
}

pub(crate) fn ask<'a>(cluster: &'a Running, method: &str, uri: &str) -> Ask<'a> {
    Ask {
        cluster,
        method: method.into(),
        uri: uri.into(),
        headers: Vec::new(),
        body: String::new(),
        certificate: false,
        patience: Duration::from_secs(10),
    }
}

pub(crate) fn get(cluster: &Running, uri: &str) -> Reply {
    ask(cluster, "GET", uri).send().unwrap()
}

impl Ask<'_> {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn body(mut self, body: impl ToString) -> Self {
        self.body = body.to_string();
        self
    }

    pub(crate) fn certificate(mut self) -> Self {
        self.certificate = true;
        self
    }

    /// How long to wait for the next byte.
    pub(crate) fn patience(mut self, time: Duration) -> Self {
        self.patience = time;
        self
    }

    pub(crate) fn send(self) -> std::io::Result<Reply> {
        let socket = TcpStream::connect(self.cluster.address())?;
        socket.set_read_timeout(Some(self.patience))?;
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let session = ClientConnection::new(Arc::new(config(self.cluster, self.certificate)), name).unwrap();
        let mut stream = StreamOwned::new(session, socket);
        let mut text = format!("{} {} HTTP/1.1\r\nhost: fake\r\nconnection: close\r\n", self.method, self.uri);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("content-length: {}\r\n\r\n{}", self.body.len(), self.body));
        stream.write_all(text.as_bytes())?;

        let mut bytes = Vec::new();
        let mut buffer = [0; 16 * 1024];
        let mut ended = loop {
            match stream.read(&mut buffer) {
                Ok(0) => break Ended::Whole,
                Ok(count) => bytes.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => break Ended::Whole,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => break Ended::Reset,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    break Ended::StillOpen;
                }
                Err(error) => return Err(error),
            }
        };
        let Some(split) = bytes.windows(4).position(|it| it == b"\r\n\r\n") else {
            let kind = if ended == Ended::Reset { ErrorKind::ConnectionReset } else { ErrorKind::TimedOut };
            return Err(kind.into());
        };
        let head = String::from_utf8_lossy(&bytes[..split]).into_owned();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers: Vec<(String, String)> = lines
            .map(|it| it.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let mut reply = Reply { status, headers, body: bytes[split + 4..].to_vec(), ended };
        if reply.header("transfer-encoding") == Some("chunked") {
            let (body, whole) = unchunk(&reply.body);
            reply.body = body;
            if !whole && ended == Ended::Whole {
                ended = Ended::Short;
            }
        } else if let Some(length) = reply.header("content-length")
            && reply.body.len() < length.parse::<usize>().unwrap()
            && ended == Ended::Whole
        {
            ended = Ended::Short;
        }
        reply.ended = ended;
        Ok(reply)
    }
}

fn unchunk(mut bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(line) = bytes.windows(2).position(|it| it == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..line]).unwrap(), 16).unwrap();
        let rest = &bytes[line + 2..];
        if size == 0 {
            return (body, true);
        }
        if rest.len() < size {
            body.extend_from_slice(rest);
            break;
        }
        body.extend_from_slice(&rest[..size]);
        bytes = rest.get(size + 2..).unwrap_or_default();
    }
    (body, false)
}
