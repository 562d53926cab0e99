//! Connections to the server, kept apart by what they carry.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::{
    HeaderValue, Request, Response,
    header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH},
};
use http_body::Body as HttpBody;
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::Client as HyperClient,
    rt::{TokioExecutor, TokioTimer},
};
use kube::client::Body;

use super::{
    body::{AnswerBody, Ticket},
    dial::{Dialer, Standing},
    error::Error,
    gunzip::Gunzip,
    server::ServerUrl,
    tls::Tls,
};

/// An API server lets a connection carry 100 streams and lets the next one wait without a word (measured); below that a new
/// connection is opened.
const STREAMS_PER_CONNECTION: usize = 90;
/// How long requests wait for the first connection of a fresh client, so that they share it instead of each opening their own.
const WARM_UP: Duration = Duration::from_secs(5);
/// A connection of streams on which nothing came for so long is asked for a sign of life…
const PING: Duration = Duration::from_secs(15);
/// …and is dead when none comes within this.
const PONG: Duration = Duration::from_secs(10);
/// A connection for reads that was idle for longer is not used again.
const IDLE: Duration = Duration::from_secs(10);

/// What connections carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Short reads, over as many HTTP/1.1 connections as run at once.
    Reads,
    /// Requests that change something: each on a connection of its own, so that none is lost to one that the server just closed.
    Writes,
    /// Watches and logs, over HTTP/2 where the server speaks it.
    Streams,
    /// `WebSocket`s, which need HTTP/1.1.
    WebSockets,
}

/// What a pool makes connections from.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) server: Arc<ServerUrl>,
    pub(crate) proxy: Option<Arc<ServerUrl>>,
    pub(crate) tls: Option<Tls>,
    pub(crate) user_agent: Arc<str>,
    pub(crate) compression: bool,
}

/// The connections of one lane.
pub(crate) struct Pool {
    lane: Lane,
    route: Route,
    shards: Mutex<(u64, Vec<Shard>)>,
}

#[derive(Clone)]
struct Shard {
    client: HyperClient<Dialer, Body>,
    open: Arc<AtomicUsize>,
    started: Arc<AtomicBool>,
    standing: Arc<Standing>,
}

impl Pool {
    pub(crate) fn new(lane: Lane, route: Route) -> Self {
        Self { lane, route, shards: Mutex::default() }
    }

    /// Sends one request, once. The answer's body holds its place on the connection until it is dropped.
    pub(crate) async fn send(&self, mut request: Request<Body>) -> Result<Response<AnswerBody>, Sent> {
        let (shard, ticket) = self.pick().map_err(Sent::Not)?;
        let first = self.lane == Lane::Streams && shard.wait_for_first().await;
        let asks_whole = self.lane != Lane::WebSockets && self.route.compression && !is_stream(request.uri());
        if asks_whole {
            // gzip alone, as Go's client asks.
            request.headers_mut().entry(ACCEPT_ENCODING).or_insert(HeaderValue::from_static("gzip"));
        }
        let result = shard.client.request(request).await.map(|answer| unpacked(answer, ticket));
        if first {
            shard.standing.set();
        }
        result.map_err(Sent::Maybe)
    }

    /// A client with room for one more; all are made anew once the client certificate has changed.
    fn pick(&self) -> Result<(Shard, Ticket), Error> {
        let generation = self.route.tls.as_ref().map_or(0, |tls| tls.identity.generation());
        let mut shards = self.shards.lock().unwrap_or_else(PoisonError::into_inner);
        if shards.0 != generation {
            *shards = (generation, Vec::new());
        }
        let limit = if self.lane == Lane::Streams { STREAMS_PER_CONNECTION } else { usize::MAX };
        let free = shards.1.iter().find(|shard| shard.open.load(Ordering::Acquire) < limit).cloned();
        let shard = if let Some(shard) = free {
            shard
        } else {
            let shard = self.shard()?;
            shards.1.push(shard.clone());
            shard
        };
        let ticket = Ticket::new(shard.open.clone());
        Ok((shard, ticket))
    }

    fn shard(&self) -> Result<Shard, Error> {
        let protocols: &[&[u8]] = if self.lane == Lane::Streams { &[b"h2", b"http/1.1"] } else { &[b"http/1.1"] };
        let route = &self.route;
        let dialer = Dialer::new(
            route.server.clone(),
            route.proxy.clone(),
            route.tls.as_ref(),
            protocols,
            route.user_agent.clone(),
        )?;
        let standing = dialer.standing();
        let mut builder = HyperClient::builder(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            // What may be sent again is decided in one place, and it is not here.
            .retry_canceled_requests(false);
        match self.lane {
            Lane::Writes => {
                builder.pool_max_idle_per_host(0);
            }
            Lane::Streams => {
                builder
                    .http2_keep_alive_interval(PING)
                    .http2_keep_alive_timeout(PONG)
                    .http2_keep_alive_while_idle(true)
                    // A stream that nobody reads for a while must not use up the window of the others on its connection.
                    .http2_initial_stream_window_size(512 * 1024)
                    .http2_initial_connection_window_size(64 * 1024 * 1024);
            }
            Lane::Reads => {
                // One that was idle while the network went away looks open for ever.
                builder.pool_idle_timeout(IDLE);
            }
            Lane::WebSockets => {}
        }
        Ok(Shard { client: builder.build(dialer), open: Arc::default(), started: Arc::default(), standing })
    }
}

impl Shard {
    /// Lets the first request open the connection and the others wait for it. Whether this is the first.
    async fn wait_for_first(&self) -> bool {
        if self.standing.is_done() {
            return false;
        }
        if !self.started.swap(true, Ordering::AcqRel) {
            return true;
        }
        let _ = tokio::time::timeout(WARM_UP, self.standing.wait()).await;
        // The connection stands; hyper learns of it within a turn or two of the executor.
        tokio::time::sleep(Duration::from_millis(5)).await;
        false
    }
}

/// A request that failed.
pub(crate) enum Sent {
    /// Before anything was sent.
    Not(Error),
    /// On the way; hyper's error tells how far it came.
    Maybe(hyper_util::client::legacy::Error),
}

/// The answer with its body as it was before the server packed it.
fn unpacked(answer: Response<Incoming>, ticket: Ticket) -> Response<AnswerBody> {
    let (mut parts, body) = answer.into_parts();
    let packed = parts.headers.get(CONTENT_ENCODING).is_some_and(|coding| coding == "gzip");
    let body = if packed {
        parts.headers.remove(CONTENT_ENCODING);
        parts.headers.remove(CONTENT_LENGTH);
        AnswerBody::new(Gunzip::new(body), ticket)
    } else {
        AnswerBody::new(body, ticket)
    };
    Response::from_parts(parts, body)
}

/// Watches and followed logs come in small pieces, which compression would only hold back.
fn is_stream(uri: &http::Uri) -> bool {
    let set = |pair: &str| matches!(pair, "watch=true" | "watch=1" | "follow=true" | "follow=1");
    uri.query().is_some_and(|query| query.split('&').any(set))
}

// The pool's bodies must be usable by hyper and tower alike.
const _: () = {
    const fn assert<T: HttpBody + Send>() {}
    assert::<AnswerBody>();
};
