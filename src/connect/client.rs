//! The client: what the rest of the library talks to the server with.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use http::{
    Method, Request,
    header::{ACCEPT, CONTENT_TYPE},
};
use jiff::{SignedDuration, Timestamp};
use kube::client::Body;

use super::{
    auth::Authenticator,
    body::{AnswerBody, pour, timed_out_body},
    clock::Clock,
    env::Environment,
    error::{Error, ErrorKind, json_fault},
    notices::Notices,
    options::ConnectOptions,
    plan::{Timeout, plan},
    pool::{Lane, Pool, Route},
    retry::{Budget, MAX_RETRIES, TOLD_WAIT, after_break, asked_wait},
    status,
    tls::Tls,
    transport::{LaneService, Transport, timed_out},
    warnings::Warnings,
};

/// How long a unary call may take in all where `--request-timeout` does not say. kubectl waits for ever.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(30);

/// A connection to one cluster as one user. Cheap to clone; all clones share connections and credentials.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    transport: Arc<Transport>,
    reads: Pool,
    writes: Pool,
    streams: Arc<Pool>,
    websockets: Arc<Pool>,
    streams_client: OnceLock<kube::Client>,
    websockets_client: OnceLock<kube::Client>,
    namespace: String,
    context: Option<String>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("server", &self.server())
            .field("namespace", &self.namespace())
            .finish_non_exhaustive()
    }
}

/// A successful answer to a unary call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The whole body, decompressed.
    pub body: Bytes,
    /// The server's clock as the answer was written, in whole seconds.
    pub server_date: Option<Timestamp>,
    /// The HTTP status code, 200 to 206.
    pub code: u16,
}

impl Answer {
    /// Reads the body as JSON. The error says where it is broken, and quotes none of it.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|why| {
            Error::new(ErrorKind::BadAnswer, format!("Server returned an unexpected response: {}", json_fault(&why)))
                .with_hint("something between here and the API server changes or cuts its answers")
        })
    }
}

/// What a large answer is read into, piece by piece as it comes.
pub trait Intake {
    /// Takes the next piece of the body.
    fn take(&mut self, piece: &[u8]) -> Result<(), Error>;
    /// The answer broke off and is asked for again: forgets what came of it so far.
    fn forget(&mut self);
}

/// A body in one piece. It grows in place: collecting its frames first would hold a large answer twice.
impl Intake for Vec<u8> {
    fn take(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.extend_from_slice(piece);
        Ok(())
    }

    fn forget(&mut self) {
        self.clear();
    }
}

impl Client {
    /// Reads the kubeconfig and settles everything that can be settled without a packet. Nothing is sent and no credential plugin runs
    /// before the first request.
    ///
    /// `notices` takes the lines that belong on stderr; `verbosity` is kubectl's `-v`: from 6 on each request is told with its status
    /// and time, from 7 with its headers, from 8 with the answer's headers; never with a credential or a body.
    pub fn connect(
        options: &ConnectOptions,
        env: &Environment,
        notices: Arc<dyn Notices>,
        verbosity: u8,
    ) -> Result<Self, Error> {
        let plan = plan(options, env, &notices, verbosity)?;
        let tls = plan.server.is_tls().then(|| Tls::new(&plan.trust)).transpose()?;
        let identity = tls.as_ref().map(|tls| tls.identity.clone()).unwrap_or_default();
        let (server, proxy) = (Arc::new(plan.server), plan.proxy.map(Arc::new));
        let session = tls.as_ref().map(Tls::random).unwrap_or_default();
        let audited = !env.text("KUBECTL_COMMAND_HEADERS").is_some_and(|text| ["false", "0"].contains(&text));
        let command = options.command.as_deref().filter(|_| audited).map(|command| (command, uuid(session)));
        let headers =
            Transport::fixed_headers(&options.user_agent, plan.impersonation, command, proxy.as_deref(), &server);
        let route = Route {
            server: server.clone(),
            proxy,
            tls,
            user_agent: options.user_agent.as_str().into(),
            compression: plan.compression,
        };
        let transport = Arc::new(Transport {
            server,
            auth: Authenticator::new(plan.login, identity)?,
            headers,
            timeout: plan.timeout,
            notices,
            verbosity,
            warnings: Warnings::default(),
            clock: Clock::default(),
        });
        Ok(Self(Arc::new(Inner {
            transport,
            reads: Pool::new(Lane::Reads, route.clone()),
            writes: Pool::new(Lane::Writes, route.clone()),
            streams: Arc::new(Pool::new(Lane::Streams, route.clone())),
            websockets: Arc::new(Pool::new(Lane::WebSockets, route)),
            streams_client: OnceLock::new(),
            websockets_client: OnceLock::new(),
            namespace: plan.namespace,
            context: plan.context,
        })))
    }

    /// The namespace that is meant where the command names none: `-n`, else the context's, else the pod's own, else `default`.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.0.namespace
    }

    /// The name of the kubeconfig's context that is used; `None` without one.
    #[must_use]
    pub fn context(&self) -> Option<&str> {
        self.0.context.as_deref()
    }

    /// The server's address, for reports; it holds no credential.
    #[must_use]
    pub fn server(&self) -> String {
        self.0.transport.server.shown()
    }

    /// How far the server's clock is ahead of ours, by the answers so far; zero where the difference can't be told from the way there
    /// and back (some 2 s).
    #[must_use]
    pub fn server_ahead(&self) -> SignedDuration {
        self.0.transport.clock.server_ahead()
    }

    /// Now, by the server's clock: what ages and expiries are counted by.
    #[must_use]
    pub fn server_now(&self) -> Timestamp {
        Timestamp::now().checked_add(self.server_ahead()).unwrap_or_else(|_| Timestamp::now())
    }

    /// Reads a path of the API whole, such as `/apis/apps/v1/statefulsets?limit=500`.
    ///
    /// `accept` defaults to JSON, and then the answer is checked to be JSON; anything without `json` in it (a log's `*/*`) is taken as it
    /// comes. All attempts together take at most the deadline. Sent again at most four times: after a broken connection, or when
    /// the server says with 429 or 5xx when to come back.
    pub async fn get(&self, path_and_query: &str, accept: Option<&str>) -> Result<Answer, Error> {
        let mut body = Vec::new();
        let (code, server_date) = self.get_into(path_and_query, accept, &mut body).await?;
        Ok(Answer { body: body.into(), server_date, code })
    }

    /// The same, for an answer that is taken in as it comes. Gives the status code and the server's clock.
    pub async fn get_into(
        &self,
        path_and_query: &str,
        accept: Option<&str>,
        intake: &mut impl Intake,
    ) -> Result<(u16, Option<Timestamp>), Error> {
        let mut budget = Budget::new(self.deadline());
        let mut retries = 0;
        loop {
            let call =
                Call { method: Method::GET, path_and_query, accept: accept.unwrap_or("application/json"), body: None };
            match self.unary(&self.0.reads, call, &mut budget, intake).await {
                Ok(answer) => return Ok(answer),
                Err(error) => self.wait_for_another_try(error, retries, &mut budget).await?,
            }
            intake.forget();
            retries += 1;
        }
    }

    /// Returns when a read may be sent again; the error where it may not.
    async fn wait_for_another_try(&self, error: Error, retries: u32, budget: &mut Budget) -> Result<(), Error> {
        let asked = error.refusal.as_ref().filter(|_| error.retryable).and_then(|refusal| refusal.retry_after);
        let wait = asked.unwrap_or_else(|| after_break(retries));
        if !error.retryable || retries == MAX_RETRIES || !budget.allows(wait) {
            return Err(error);
        }
        if wait > TOLD_WAIT {
            let why = error
                .refusal
                .as_ref()
                .map_or_else(String::new, |refusal| format!(" ({} {})", refusal.code, refusal.reason));
            let told = format!("the server asks to wait{why}: retrying in {} s", wait.as_secs());
            self.0.transport.notices.notice(&told);
        }
        budget.run(tokio::time::sleep(wait)).await.ok_or(error)
    }

    /// Sends an object to be created. Sent once and never again: when the answer is lost, the error is
    /// [`uncertain`](Error::uncertain).
    pub async fn post(&self, path_and_query: &str, body: Vec<u8>) -> Result<Answer, Error> {
        self.write(Method::POST, path_and_query, "application/json", body).await
    }

    /// Sends a request that changes something (`PATCH`, `PUT`, `DELETE`, `POST`), once, with a body of the given content type; an empty
    /// body has none.
    pub async fn write(
        &self,
        method: Method,
        path_and_query: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<Answer, Error> {
        let body = (!body.is_empty()).then_some((content_type, body));
        let request = Call { method, path_and_query, accept: "application/json", body };
        let mut body = Vec::new();
        let (code, server_date) =
            self.unary(&self.0.writes, request, &mut Budget::new(self.deadline()), &mut body).await?;
        Ok(Answer { body: body.into(), server_date, code })
    }

    /// A client of the `kube` library for watches and followed logs: HTTP/2 where the server speaks it, no deadline unless
    /// `--request-timeout` was given, nothing is retried. More than 90 streams at once are spread over several connections. Needs a tokio
    /// runtime. Its errors become ours by [`Error::from`].
    #[must_use]
    pub fn http(&self) -> kube::Client {
        self.kube_client(&self.0.streams_client, &self.0.streams)
    }

    /// The same over HTTP/1.1, which port-forward and exec need.
    #[must_use]
    pub fn websocket(&self) -> kube::Client {
        self.kube_client(&self.0.websockets_client, &self.0.websockets)
    }

    /// Sends a request over the lane of streams and gives the answer as soon as its headers are there.
    pub(crate) async fn open(&self, request: Request<Body>) -> Result<http::Response<super::body::AnswerBody>, Error> {
        let (transport, pool) = (self.0.transport.clone(), self.0.streams.clone());
        tower_service::Service::call(&mut LaneService { transport, pool }, request).await
    }

    fn kube_client(&self, slot: &OnceLock<kube::Client>, pool: &Arc<Pool>) -> kube::Client {
        let make = || {
            let service = LaneService { transport: self.0.transport.clone(), pool: pool.clone() };
            kube::Client::new(service, self.namespace())
        };
        slot.get_or_init(make).clone()
    }

    fn deadline(&self) -> Option<Duration> {
        match self.0.transport.timeout {
            Timeout::Explicit(limit) => limit,
            Timeout::Default => Some(DEFAULT_DEADLINE),
        }
    }

    async fn unary(
        &self,
        pool: &Pool,
        call: Call<'_>,
        budget: &mut Budget,
        intake: &mut impl Intake,
    ) -> Result<(u16, Option<Timestamp>), Error> {
        let (read_only, object) = (call.method == Method::GET, call.accept.contains("json"));
        let (parts, body) = self.begin(pool, call, budget).await?.into_parts();
        match budget.run(pour(body, intake, object.then_some(&parts.headers))).await {
            Some(Ok(())) => Ok((parts.status.as_u16(), super::clock::date(&parts.headers))),
            Some(Err(error)) => Err(Error { uncertain: !read_only, ..error }),
            None => Err(Error { uncertain: !read_only, ..timed_out_body() }),
        }
    }

    /// Sends a call; gives the answer with its body still to come, or the server's refusal as an error. Apart from what takes the
    /// body in, so that it is compiled once and not for each kind.
    async fn begin(
        &self,
        pool: &Pool,
        call: Call<'_>,
        budget: &mut Budget,
    ) -> Result<http::Response<AnswerBody>, Error> {
        let read_only = call.method == Method::GET;
        let mut request =
            Request::builder().method(call.method.clone()).uri(call.path_and_query).header(ACCEPT, call.accept);
        let body = match call.body {
            Some((content_type, body)) => {
                request = request.header(CONTENT_TYPE, content_type);
                Body::from(body)
            }
            None => Body::empty(),
        };
        let request =
            request.body(body).map_err(|why| Error::config(format!("parse {:?}: {why}", call.path_and_query)))?;
        let answer = self.0.transport.exchange(pool, request, budget).await?;
        if (200..=206).contains(&answer.status().as_u16()) {
            return Ok(answer);
        }
        let (parts, body) = answer.into_parts();
        let mut refusal = Vec::new();
        match budget.run(pour(body, &mut refusal, None)).await {
            Some(done) => done.map_err(|error| Error { uncertain: !read_only, ..error })?,
            None if parts.status.is_success() => return Err(Error { uncertain: !read_only, ..timed_out_body() }),
            None => return Err(timed_out(budget.limit)),
        }
        let mut error = status::from_answer(parts.status, &parts.headers, &refusal, &call.method, call.path_and_query);
        error.retryable = asked_wait(parts.status, &parts.headers).is_some();
        Err(error)
    }
}

struct Call<'a> {
    method: Method,
    path_and_query: &'a str,
    accept: &'a str,
    body: Option<(&'a str, Vec<u8>)>,
}

/// Random bytes as a version 4 UUID.
fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
