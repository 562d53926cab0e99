//! The connections: TCP, TLS, HTTP/1.1 or HTTP/2, and for each request the way from its faults to its answer.

use std::convert::Infallible;
use std::io;
use std::net::TcpStream as StdStream;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::answer::{Answer, Ending, Source};
use crate::cluster::Gzip;
use crate::fault::Action;
use crate::flow::Flow;
use crate::list::{self, Form, Trick};
use crate::record::{Record, Ticket};
use crate::running::Inner;
use crate::status::Status;
use crate::target::{Query, Target};
use crate::{discovery, logs, pretty, protobuf, watch, write};

/// What becomes of a new connection, before any HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Door {
    /// TLS as it should be.
    #[default]
    Open,
    /// TCP is accepted, and nothing more ever happens.
    Silent,
    /// TCP is accepted and reset.
    Slammed,
    /// HTTP without TLS, where TLS is expected.
    PlainHttp,
}

/// One connection, as its requests and bodies can touch it.
pub(crate) struct Line {
    id: u64,
    /// A second handle on the socket: to turn its end into an RST.
    socket: StdStream,
    killed: Notify,
    leaving: Notify,
    has_certificate: bool,
}

impl Line {
    pub(crate) fn reset(&self) {
        let _ = socket2::SockRef::from(&self.socket).set_linger(Some(Duration::ZERO));
        self.killed.notify_one();
    }
}

pub(crate) async fn accept(inner: Arc<Inner>, listener: TcpListener) {
    let mut id = 0;
    loop {
        // Out of file descriptors, most likely: the next one may fare better.
        let Ok((stream, _)) = listener.accept().await else { continue };
        id += 1;
        tokio::spawn(connection(Arc::clone(&inner), stream, id));
    }
}

async fn connection(inner: Arc<Inner>, stream: TcpStream, id: u64) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let stream = stream.into_std()?;
    let socket = stream.try_clone()?;
    let stream = TcpStream::from_std(stream)?;
    let mut line = Line { id, socket, killed: Notify::new(), leaving: Notify::new(), has_certificate: false };
    let door = inner.settings().door;
    match door {
        Door::Silent => std::future::pending::<()>().await,
        Door::Slammed => line.reset(),
        Door::PlainHttp => speak(inner, stream, Arc::new(line), false).await,
        Door::Open => {
            // TCP's and TLS' own round trips.
            let latency = inner.settings().latency;
            if !latency.is_zero() {
                tokio::time::sleep(latency * 2).await;
            }
            inner.greeting.fetch_add(1, Ordering::Relaxed);
            let stream = inner.tls.acceptor.clone().accept(stream).await;
            inner.greeting.fetch_sub(1, Ordering::Relaxed);
            inner.arrived();
            let stream = stream?;
            let (_, session) = stream.get_ref();
            let http2 = session.alpn_protocol() == Some(b"h2");
            line.has_certificate = session.peer_certificates().is_some();
            speak(inner, stream, Arc::new(line), http2).await;
        }
    }
    Ok(())
}

/// HTTP until the client, a fault or the end of the cluster ends it.
async fn speak<S>(inner: Arc<Inner>, stream: S, line: Arc<Line>, http2: bool)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = {
        let line = Arc::clone(&line);
        service_fn(move |request| {
            let (inner, line) = (Arc::clone(&inner), Arc::clone(&line));
            async move { Ok::<_, Infallible>(respond(inner, line, request).await) }
        })
    };
    // An error here is the client's leaving, or a fault that did its work: neither is the fake's to report.
    if http2 {
        let http = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .max_concurrent_streams(100)
            .serve_connection(TokioIo::new(stream), service);
        let mut http = std::pin::pin!(http);
        loop {
            tokio::select! {
                _ = http.as_mut() => break,
                () = line.killed.notified() => break,
                () = line.leaving.notified() => http.as_mut().graceful_shutdown(),
            }
        }
    } else {
        let http = hyper::server::conn::http1::Builder::new()
            .header_read_timeout(None)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut http = std::pin::pin!(http);
        loop {
            tokio::select! {
                _ = http.as_mut() => break,
                () = line.killed.notified() => break,
                () = line.leaving.notified() => http.as_mut().graceful_shutdown(),
            }
        }
    }
}

async fn respond(inner: Arc<Inner>, line: Arc<Line>, mut request: Request<Incoming>) -> Response<Flow> {
    let upgrade = request.headers().contains_key("upgrade").then(|| hyper::upgrade::on(&mut request));
    let record = read(&inner, &line, request).await;
    let ticket = Ticket::begin(&inner.book, record.clone());
    inner.pace().await;

    let mut plan = Plan::default();
    for action in inner.actions(&record) {
        plan.add(action).await;
    }
    let answer = match plan.instead.take() {
        Some(instead) => instead,
        None => End::Answer(answer(&inner, &line, &record, plan.trick, upgrade)),
    };
    let answer = match (plan.after.take().unwrap_or(answer), plan.leave) {
        (End::Answer(answer), leave) => {
            if leave {
                line.leaving.notify_one();
            }
            let answer = if in_protobuf(&inner, &record) { translated(answer) } else { answer };
            plan.alter.into_iter().fold(answer, |answer, change| change(answer))
        }
        (End::Silence, _) => std::future::pending().await,
        (End::Reset, _) => {
            line.reset();
            std::future::pending().await
        }
    };
    let answer = finish(&inner, &record, answer);
    ticket.answered(answer.status);
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    response.body(Flow::new(answer, line, ticket)).expect("a fault's headers are legal HTTP")
}

fn in_protobuf(inner: &Inner, record: &Record) -> bool {
    !inner.settings().json_only && protobuf::wanted(record)
}

/// The answer in Protobuf, where it is one that the server encodes.
fn translated(mut answer: Answer) -> Answer {
    match answer.protobuf.take() {
        Some(body) => answer.with_body(body).header("content-type", protobuf::MEDIA_TYPE),
        None => answer,
    }
}

/// How the request ends.
enum End {
    Answer(Answer),
    Silence,
    Reset,
}

type Change = Box<dyn FnOnce(Answer) -> Answer + Send>;

/// What the faults make of a request.
#[derive(Default)]
struct Plan {
    instead: Option<End>,
    after: Option<End>,
    trick: Option<Trick>,
    alter: Vec<Change>,
    leave: bool,
}

impl Plan {
    async fn add(&mut self, action: Action) {
        match action {
            Action::Pass => {}
            Action::Delay(time) => tokio::time::sleep(time).await,
            Action::Answer(answer) => self.instead = Some(End::Answer(answer)),
            Action::Silence => self.instead = Some(End::Silence),
            Action::Reset => self.instead = Some(End::Reset),
            Action::Alter(change) => self.alter.push(change),
            Action::GoAway => self.leave = true,
            Action::Expire => self.trick = Some(Trick::Expire),
            Action::EmptyPage => self.trick = Some(Trick::Empty),
            Action::After(action) => match *action {
                Action::Answer(answer) => self.after = Some(End::Answer(answer)),
                Action::Silence => self.after = Some(End::Silence),
                Action::Reset => self.after = Some(End::Reset),
                // These strike after the request was carried out anyway.
                Action::Alter(change) => self.alter.push(change),
                _ => {}
            },
        }
    }
}

async fn read(inner: &Inner, line: &Line, request: Request<Incoming>) -> Record {
    let start = Instant::now();
    let (head, body) = request.into_parts();
    // A body that breaks off is the client's trouble; what came of it is recorded.
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let query = Query::read(head.uri.query());
    let target = Target::read(&head.method, head.uri.path(), &query, &inner.store.lock().unwrap().kinds);
    let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Record {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: query.0,
        headers: head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect(),
        body,
        verb: target.verb.clone(),
        resource: target.resource(),
        namespace: target.namespace.clone(),
        name: target.name.clone(),
        protocol: format!("{:?}", head.version),
        connection: line.id,
        start,
        end: None,
        status: None,
        sent: 0,
        target,
        number: inner.next_number(),
    }
}

/// The answer of a server that is well.
fn answer(
    inner: &Arc<Inner>,
    line: &Line,
    record: &Record,
    trick: Option<Trick>,
    upgrade: Option<OnUpgrade>,
) -> Answer {
    let (target, query) = (&record.target, &record.parameters());
    let access = inner.access.lock().unwrap().clone();
    if let Err(status) = access.authenticate(record, line.has_certificate) {
        return status.into();
    }
    if let Err(status) = access.authorize(target, record) {
        return status.into();
    }
    let Some(kind) = &target.kind else { return other_path(inner, record) };
    let media = record.header("content-type").unwrap_or_default();
    if media.contains("protobuf") || media.contains("cbor") {
        // kubectl's typed clients then send JSON.
        return Status::unsupported_media().into();
    }
    if target.verb == "proxy" || (target.verb == "create" && target.name.is_some()) {
        return Status::method_not_allowed().into();
    }
    if kind.group == "authorization.k8s.io" {
        return access.review(record, &inner.store.lock().unwrap().kinds);
    }
    let accept = record.header("accept").unwrap_or("*/*");
    let plain_json = accept.split(',').any(|it| {
        let (media, parameters) = it.trim().split_once(';').unwrap_or((it.trim(), ""));
        matches!(media.trim(), "*/*" | "application/*" | "application/json") && !parameters.contains("as=")
    });
    let in_protobuf = in_protobuf(inner, record);
    match (target.verb.as_str(), target.subresource.as_deref()) {
        (_, Some("portforward")) if upgrade.is_some() => {
            // From 1.35 on a GET that switches protocols needs `create` as well, and is refused without a word.
            let create = Target { verb: "create".to_owned(), ..target.clone() };
            if access.authorize(&create, record).is_err() {
                let name = target.name.as_deref().unwrap_or_default();
                return Status::forbidden(Some((kind, name)), "").into();
            }
            let pod = format!(
                "{}/{}",
                target.namespace.as_deref().unwrap_or_default(),
                target.name.as_deref().unwrap_or_default()
            );
            let names = inner.names.get(&pod).cloned();
            crate::forward::upgrade(record, names, upgrade)
                .unwrap_or_else(|| Status::bad_request("Upgrade request required").into())
        }
        (_, Some("portforward" | "exec" | "attach")) => Status::bad_request("Upgrade request required").into(),
        ("get", Some("log")) => logs::log(inner, target, query),
        // A kubelet that has mounted nothing.
        ("get", Some("proxy")) => Answer::new(200, "application/json", r#"{"node": {}, "pods": []}"#),
        ("get" | "list", _) if !plain_json && !in_protobuf => Status::not_acceptable().into(),
        ("list", _) => {
            let form = if accept.split(',').next().is_some_and(|it| it.contains("as=PartialObjectMetadataList")) {
                Form::Metadata
            } else if in_protobuf {
                Form::Protobuf
            } else {
                Form::Json
            };
            list::list(&inner.store.lock().unwrap(), target, query, trick, form)
        }
        ("watch", _) => watch::watch(inner, target, query),
        ("get", _) => write::get(&inner.store.lock().unwrap(), target, in_protobuf),
        _ => write::change(inner, target, record),
    }
}

fn other_path(inner: &Inner, record: &Record) -> Answer {
    if record.method == "GET"
        && let Some(answer) = discovery::answer(&record.path, &inner.store.lock().unwrap().kinds)
    {
        return answer;
    }
    if let Some(unknown) = &record.target.unknown {
        return write::not_served(inner.store.lock().unwrap().kinds.serves(&unknown.group, &unknown.version));
    }
    match record.path.as_str() {
        "/version" | "/version/" if record.method != "GET" => Status::method_not_allowed().into(),
        "/version" | "/version/" => Answer::new(200, "application/json", inner.settings().version.clone()),
        "/healthz" | "/livez" | "/readyz" => {
            Answer::new(200, "text/plain; charset=utf-8", "ok").header("x-content-type-options", "nosniff")
        }
        _ => write::not_served(false),
    }
}

/// The headers that every answer of the real server has, and its compression.
fn finish(inner: &Inner, record: &Record, answer: Answer) -> Answer {
    let mut answer = answer
        .add_header("audit-id", &format!("{:08x}-0000-4000-8000-000000000000", record.number))
        .add_header("cache-control", "no-cache, private");
    if let Some(body) = pretty::wanted(record, &answer) {
        answer = answer.with_body(body);
    }
    if let Source::Whole(body) = &answer.source {
        let asked = record.header("accept-encoding").is_some_and(|it| it.contains("gzip"));
        // The real server compresses from 128 KiB on, at level 1.
        let large = match inner.settings().gzip {
            Gzip::Never => false,
            Gzip::LargeBodies => body.len() > 128 * 1024,
            Gzip::Always => true,
        };
        if asked && large && record.method == "GET" && answer.status == 200 {
            let body = inner.squeeze(record, body);
            answer = answer.with_body(body).header("content-encoding", "gzip").add_header("vary", "Accept-Encoding");
        }
        if let (Source::Whole(body), Some((_, Ending::CutOff))) = (&answer.source, answer.stop) {
            let length = body.len().to_string();
            answer = answer.header("content-length", &length);
        }
    }
    answer
}
