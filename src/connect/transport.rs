//! One exchange with the server: address, headers, credential, trace, and what an answer's headers say besides.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri,
    header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, SET_COOKIE, USER_AGENT},
};
use http_body::Body as _;
use jiff::Timestamp;
use kube::client::Body;

use super::{
    auth::Authenticator,
    body::AnswerBody,
    clock::Clock,
    duration::format_go,
    error::{Error, ErrorKind},
    failure,
    notices::Notices,
    plan::Timeout,
    pool::{Pool, Sent},
    retry::Budget,
    server::ServerUrl,
    tunnel,
    warnings::Warnings,
};

/// What all lanes have in common.
pub(crate) struct Transport {
    pub(crate) server: Arc<ServerUrl>,
    pub(crate) auth: Authenticator,
    /// Sent with every request: the user agent, impersonation, the command for audit logs.
    pub(crate) headers: HeaderMap,
    pub(crate) timeout: Timeout,
    pub(crate) notices: Arc<dyn Notices>,
    pub(crate) verbosity: u8,
    pub(crate) warnings: Warnings,
    pub(crate) clock: Clock,
}

impl Transport {
    /// The headers that don't change from request to request.
    pub(crate) fn fixed_headers(
        user_agent: &str,
        impersonation: Vec<(HeaderName, HeaderValue)>,
        command: Option<(&str, String)>,
        proxy: Option<&ServerUrl>,
        server: &ServerUrl,
    ) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Ok(agent) = HeaderValue::from_str(user_agent) {
            headers.insert(USER_AGENT, agent);
        }
        for (name, value) in impersonation {
            headers.append(name, value);
        }
        if let Some((command, session)) = command
            && let (Ok(command), Ok(session)) = (HeaderValue::from_str(command), HeaderValue::from_str(&session))
        {
            headers.insert("kubectl-command", command);
            headers.insert("kubectl-session", session);
        }
        // To a plain server the proxy is spoken to in each request; to one with TLS only when the tunnel is dug.
        if let Some(value) = proxy.filter(|_| !server.is_tls()).and_then(tunnel::authorization)
            && let Ok(mut value) = HeaderValue::from_str(&value)
        {
            value.set_sensitive(true);
            headers.insert(PROXY_AUTHORIZATION, value);
        }
        headers
    }

    /// Sends a request and returns the answer as soon as its headers are there. After a 401 a read is sent once more, if there is a new
    /// credential for it.
    pub(crate) async fn exchange(
        &self,
        pool: &Pool,
        request: Request<Body>,
        budget: &mut Budget,
    ) -> Result<Response<AnswerBody>, Error> {
        let (mut parts, body) = request.into_parts();
        parts.uri = self.address(&parts.uri)?;
        for (name, value) in &self.headers {
            if !parts.headers.contains_key(name) || name.as_str().starts_with("impersonate-") {
                parts.headers.append(name, value.clone());
            }
        }
        let repeatable = parts.method == Method::GET && body.is_end_stream();
        let mut body = Some(body);
        loop {
            let credential = self.auth.credential(&*self.notices).await?;
            let mut request = Request::new(body.take().unwrap_or_else(Body::empty));
            *request.method_mut() = parts.method.clone();
            *request.uri_mut() = parts.uri.clone();
            *request.headers_mut() = parts.headers.clone();
            if let Some(header) = &credential.header
                && !parts.headers.contains_key(AUTHORIZATION)
            {
                request.headers_mut().insert(AUTHORIZATION, header.clone());
            }
            let answer = self.send(pool, request, budget).await?;
            if answer.status() == StatusCode::UNAUTHORIZED {
                match self.auth.renew(&credential).await {
                    Ok(true) if repeatable => continue,
                    Ok(_) => {}
                    Err(why) => self.notices.notice(&format!("refreshing credentials: {}", why.message)),
                }
            }
            return Ok(answer);
        }
    }

    async fn send(
        &self,
        pool: &Pool,
        request: Request<Body>,
        budget: &mut Budget,
    ) -> Result<Response<AnswerBody>, Error> {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        if self.verbosity >= 7 {
            self.trace_headers("Request Headers:", request.headers());
        }
        let (sent, started) = (Timestamp::now(), Instant::now());
        let result = budget.run(pool.send(request)).await;
        let took = started.elapsed().as_millis();
        let read_only = method == Method::GET;
        match result {
            Some(Ok(answer)) => {
                if self.verbosity >= 6 {
                    self.notices.notice(&format!("{method} {uri} {} in {took} milliseconds", answer.status()));
                }
                if self.verbosity >= 8 {
                    self.trace_headers("Response Headers:", answer.headers());
                }
                self.warnings.pass_on(answer.headers(), &*self.notices);
                self.clock.note(answer.headers(), sent, Timestamp::now(), &*self.notices);
                Ok(answer)
            }
            failed => {
                if self.verbosity >= 6 {
                    self.notices.notice(&format!("{method} {uri} failed in {took} milliseconds"));
                }
                Err(match failed {
                    Some(Err(Sent::Maybe(why))) => {
                        let mut error = failure::from_transport(&why, &self.server.authority());
                        let unsent = failure::is_unsent(&why);
                        error.retryable |= failure::is_broken(&why) && !why.is_connect();
                        error.uncertain = !read_only && !unsent;
                        error
                    }
                    Some(Err(Sent::Not(why))) => why,
                    _ => Error { uncertain: !read_only, ..timed_out(budget.limit) },
                })
            }
        }
    }

    /// The full address: the server's prefix before it, and the time limit for the server where one was given.
    fn address(&self, uri: &Uri) -> Result<Uri, Error> {
        let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        match self.timeout {
            Timeout::Explicit(Some(limit)) => {
                let joint = if path.contains('?') { '&' } else { '?' };
                self.server.join(&format!("{path}{joint}timeout={}", format_go(limit).replace('µ', "%C2%B5")))
            }
            _ => self.server.join(path),
        }
    }

    /// Headers without what proves an identity.
    fn trace_headers(&self, title: &str, headers: &HeaderMap) {
        self.notices.notice(title);
        for (name, value) in headers {
            let hidden =
                [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE, SET_COOKIE].contains(name) || value.is_sensitive();
            let shown = if hidden { "<masked>".into() } else { String::from_utf8_lossy(value.as_bytes()) };
            self.notices.notice(&format!("    {name}: {shown}"));
        }
    }
}

/// The time for the whole request ran out before an answer came.
pub(crate) fn timed_out(limit: Option<Duration>) -> Error {
    let limit = limit.map(format_go).unwrap_or_default();
    Error::unreachable(ErrorKind::TimedOut, "context deadline exceeded")
        .with_hint(format!("no answer within {limit}; --request-timeout gives it more time"))
}

/// A lane as a service, which is what a client of the `kube` library is made of.
#[derive(Clone)]
pub(crate) struct LaneService {
    pub(crate) transport: Arc<Transport>,
    pub(crate) pool: Arc<Pool>,
}

impl tower_service::Service<Request<Body>> for LaneService {
    type Response = Response<AnswerBody>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            // A stream has no deadline of its own; one that was asked for holds for all of it.
            let limit = match this.transport.timeout {
                Timeout::Explicit(limit) => limit,
                Timeout::Default => None,
            };
            let mut budget = Budget::new(limit);
            let mut answer = this.transport.exchange(&this.pool, request, &mut budget).await?;
            if let Some(left) = budget.left {
                answer.body_mut().end_after(left);
            }
            Ok(answer)
        })
    }
}
