//! From an address to a connection: names, TCP, proxy, TLS.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite, BufReader},
    net::TcpStream,
    sync::Notify,
};
use tokio_rustls::TlsConnector;

use super::{
    error::{Error, ErrorKind},
    failure,
    load::io_reason,
    server::ServerUrl,
    tls::Tls,
    tunnel,
};

/// client-go's limit for a TCP connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(30);
/// What is read of a connection at once, below TLS: rustls itself asks for 4 KiB, less than one record of the API server's holds.
const READ_AT_ONCE: usize = 64 * 1024;
/// Go's limit for a TLS handshake.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// How long the preferred address family is given before the other one is tried beside it (RFC 6555, Go's default).
const FALLBACK_DELAY: Duration = Duration::from_millis(300);

/// A protocol below HTTP, whatever it is made of.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}
type AnyStream = Box<dyn Stream>;

/// Makes connections to one server.
#[derive(Clone)]
pub(crate) struct Dialer {
    server: Arc<ServerUrl>,
    proxy: Option<Arc<ServerUrl>>,
    tls: Option<(Arc<ClientConfig>, Tls)>,
    user_agent: Arc<str>,
    standing: Arc<Standing>,
}

/// Whether a connection has been made, for those who would rather share it than make their own.
#[derive(Default)]
pub(crate) struct Standing {
    done: AtomicBool,
    changed: Notify,
}

impl Standing {
    pub(crate) fn is_done(&self) -> bool {
        self.done.load(Ordering::Acquire)
    }

    /// Lets everybody go on: a connection stands, or the attempt to make the first one is over.
    pub(crate) fn set(&self) {
        self.done.store(true, Ordering::Release);
        self.changed.notify_waiters();
    }

    /// Waits until it is set.
    pub(crate) async fn wait(&self) {
        let changed = self.changed.notified();
        let mut changed = std::pin::pin!(changed);
        // Listening starts before the check, so that nothing is missed between the two.
        changed.as_mut().enable();
        if !self.is_done() {
            changed.await;
        }
    }
}

impl Dialer {
    /// `protocols` is what TLS offers as application protocols, the best first.
    pub(crate) fn new(
        server: Arc<ServerUrl>,
        proxy: Option<Arc<ServerUrl>>,
        tls: Option<&Tls>,
        protocols: &[&[u8]],
        user_agent: Arc<str>,
    ) -> Result<Self, Error> {
        let tls = tls.map(|tls| Ok::<_, Error>((tls.config(protocols)?, tls.clone()))).transpose()?;
        Ok(Self { server, proxy, tls, user_agent, standing: Arc::default() })
    }

    pub(crate) fn standing(&self) -> Arc<Standing> {
        self.standing.clone()
    }

    async fn dial(self) -> Result<Io, Error> {
        let authority = self.server.authority();
        let first_hop = self.proxy.as_deref().unwrap_or(&self.server);
        let label = if self.proxy.is_some() { "proxyconnect tcp: " } else { "" };
        let tcp = tcp(first_hop, &authority, label).await?;
        let mut stream: AnyStream = Box::new(tcp);
        let mut absolute_form = false;
        if let Some(proxy) = &self.proxy {
            if proxy.is_tls() {
                // Go verifies an https proxy with the cluster's own CA and names.
                let Some((_, tls)) = &self.tls else {
                    return Err(Error::unreachable(
                        ErrorKind::Network,
                        "an https proxy in front of a plain http server is not supported",
                    ));
                };
                stream = handshake(stream, tls.config(&[])?, self.name_for(proxy)?, &authority).await?.0;
            }
            let through = async {
                match proxy.scheme.as_str() {
                    "socks5" | "socks5h" => {
                        let why = tunnel::socks5(&mut stream, &self.server, proxy).await;
                        why.map_err(|why| format!("socks connect tcp {}->{authority}: {why}", proxy.authority()))
                    }
                    "http" | "https" if self.tls.is_some() => {
                        tunnel::connect(&mut stream, &self.server, proxy, &self.user_agent).await
                    }
                    "http" | "https" => {
                        absolute_form = true;
                        Ok(())
                    }
                    other => Err(format!("unsupported proxy scheme {other:?}")),
                }
            };
            let result = tokio::time::timeout(CONNECT_LIMIT, through)
                .await
                .unwrap_or_else(|_| Err("the proxy does not answer".to_owned()));
            result.map_err(|why| {
                Error::unreachable(ErrorKind::Network, why).with_hint(format!(
                    "the connection goes through the proxy {}: HTTPS_PROXY, NO_PROXY or proxy-url decide that",
                    proxy.shown()
                ))
            })?;
        }
        let mut http2 = false;
        if let Some((config, _)) = &self.tls {
            stream = Box::new(BufReader::with_capacity(READ_AT_ONCE, stream));
            (stream, http2) = handshake(stream, config.clone(), self.name_for(&self.server)?, &authority).await?;
        }
        self.standing.set();
        Ok(Io { inner: TokioIo::new(stream), http2, absolute_form })
    }

    fn name_for(&self, peer: &ServerUrl) -> Result<ServerName<'static>, Error> {
        if let Some(name) = self.tls.as_ref().and_then(|(_, tls)| tls.server_name.clone()) {
            return Ok(name);
        }
        ServerName::try_from(peer.host.clone()).map_err(|_| {
            Error::unreachable(ErrorKind::Tls, format!("{:?} is not a name that a certificate can hold", peer.host))
        })
    }
}

async fn handshake(
    stream: AnyStream,
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    authority: &str,
) -> Result<(AnyStream, bool), Error> {
    match tokio::time::timeout(HANDSHAKE_LIMIT, TlsConnector::from(config).connect(name, stream)).await {
        Ok(Ok(stream)) => {
            let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            Ok((Box::new(stream), http2))
        }
        Ok(Err(why)) => Err(failure::from_handshake(&why, authority)),
        Err(_) => Err(Error::unreachable(ErrorKind::TimedOut, "net/http: TLS handshake timeout").with_hint(format!(
            "{authority} accepts connections but does not speak: a proxy or a load balancer without a server behind it?"
        ))),
    }
}

/// Connects to a host by name or address, both address families raced as Go does.
async fn tcp(peer: &ServerUrl, authority: &str, label: &str) -> Result<TcpStream, Error> {
    let (host, port) = (peer.host.as_str(), peer.port_or_default());
    let attempt = async {
        let addresses: Vec<SocketAddr> = tokio::net::lookup_host((host, port))
            .await
            .map_err(|why| failure::from_lookup(&why, host, label))?
            .collect();
        let Some(first) = addresses.first() else {
            return Err(failure::from_lookup(&io::Error::from(io::ErrorKind::NotFound), host, label));
        };
        let prefer_v4 = first.is_ipv4();
        let (preferred, other): (Vec<_>, Vec<_>) =
            addresses.into_iter().partition(|address| address.is_ipv4() == prefer_v4);
        let failed = |(address, why): (SocketAddr, io::Error)| {
            let reason = io_reason(&why);
            match why.kind() {
                io::ErrorKind::ConnectionRefused => {
                    failure::refused(authority, (!label.is_empty()).then(|| peer.shown()))
                }
                io::ErrorKind::ConnectionReset => failure::cut(&why),
                _ => Error::unreachable(ErrorKind::Network, format!("{label}dial tcp {address}: connect: {reason}"))
                    .with_hint("check the network, the VPN and the server's address in the kubeconfig"),
            }
        };
        if other.is_empty() {
            return in_turn(&preferred).await.map_err(failed);
        }
        let second = async {
            tokio::time::sleep(FALLBACK_DELAY).await;
            in_turn(&other).await
        };
        let (one, two) = (Box::pin(in_turn(&preferred)), Box::pin(second));
        match futures_util::future::select(one, two).await {
            futures_util::future::Either::Left((Ok(stream), _))
            | futures_util::future::Either::Right((Ok(stream), _)) => Ok(stream),
            futures_util::future::Either::Left((Err(why), rest)) => rest.await.map_err(|_| failed(why)),
            futures_util::future::Either::Right((Err(_), rest)) => rest.await.map_err(failed),
        }
    };
    match tokio::time::timeout(CONNECT_LIMIT, attempt).await {
        Ok(result) => result,
        Err(_) => Err(Error::unreachable(
            ErrorKind::TimedOut,
            format!("{label}dial tcp {}: i/o timeout", peer.authority()),
        )
        .with_hint(
            "nothing answers at this address: check the network, the VPN and the server's address in the kubeconfig",
        )),
    }
}

async fn in_turn(addresses: &[SocketAddr]) -> Result<TcpStream, (SocketAddr, io::Error)> {
    let mut first_failure = None;
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                // Small requests and frames must not wait for an acknowledgement of the ones before.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(why) => {
                first_failure.get_or_insert((*address, why));
            }
        }
    }
    Err(first_failure.unwrap_or_else(|| (SocketAddr::from(([0, 0, 0, 0], 0)), io::ErrorKind::NotFound.into())))
}

impl tower_service::Service<http::Uri> for Dialer {
    type Response = Io;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Io, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Uri) -> Self::Future {
        Box::pin(self.clone().dial())
    }
}

/// A connection as hyper wants it.
pub(crate) struct Io {
    inner: TokioIo<AnyStream>,
    http2: bool,
    /// Requests go to a proxy that wants whole URLs.
    absolute_form: bool,
}

impl Connection for Io {
    fn connected(&self) -> Connected {
        let connected = Connected::new().proxy(self.absolute_form);
        if self.http2 { connected.negotiated_h2() } else { connected }
    }
}

impl Read for Io {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl Write for Io {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
