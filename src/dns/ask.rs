//! Asks each DNS replica over a port-forward of its own: the I/O half of [`pipeline`](super::pipeline).
//!
//! A port-forward that opens proves nothing: the kernel accepts for a server that is frozen (measured). So every question has its
//! deadline, a stream that ends is opened once more, and what the server's side says about its end is read from the error channel.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, Portforwarder};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::pipeline::{Expired, Pipeline};
use super::question::{Outcome, Question};
use super::wire::next_frame;
use crate::connect::{Client, Error, ErrorKind};
use crate::facts::{DnsReplica, Refusal, Scope, Text, Why};
use crate::gather::resource::PORT_FORWARD;

/// How long opening a port-forward may take: the API server itself waits half a minute for a dead node.
const OPEN_DEADLINE: Duration = Duration::from_secs(5);
/// How long the reason of a stream's end may take to arrive.
const REASON_DEADLINE: Duration = Duration::from_secs(1);
/// CoreDNS ends a stream that idles for ten seconds; before that it is left alone.
const IDLE: Duration = Duration::from_secs(8);

/// Why a replica gave no, or not all, answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The permission is missing.
    Refused(Refusal),
    /// It was silent for two seconds, twice.
    Silent,
    /// The way to it ended, in the words of whoever ended it.
    Failed(String),
}

/// A replica that is asked, with the stream to it.
pub struct Session {
    client: Client,
    /// Its namespace.
    pub namespace: Text,
    /// The replica.
    pub replica: DnsReplica,
    stream: Option<Stream>,
    /// What went wrong, when something did.
    pub trouble: Option<Trouble>,
}

type Reason = Pin<Box<dyn Future<Output = Option<String>> + Send>>;

struct Stream {
    io: DuplexStream,
    received: BytesMut,
    reason: Reason,
    used: Instant,
    // Ends the port-forward when it goes.
    _forward: Portforwarder,
}

/// How a stretch of asking ended.
enum Ended {
    Done,
    Closed,
    Silent,
    Dead,
}

impl Session {
    /// A replica that was not asked yet.
    pub fn new(client: &Client, namespace: &Text, replica: DnsReplica) -> Self {
        Self { client: client.clone(), namespace: namespace.clone(), replica, stream: None, trouble: None }
    }

    /// Asks all questions and gives their outcomes, in their order. What keeps a replica from answering becomes its
    /// [`trouble`](Self::trouble); it is asked nothing more afterwards.
    pub async fn ask(&mut self, questions: Vec<Question>) -> Vec<Outcome> {
        let mut pipeline = Pipeline::new(questions);
        if self.trouble.is_none() {
            self.trouble = self.run(&mut pipeline).await.err();
        }
        let rest = if self.trouble == Some(Trouble::Silent) { Outcome::TimedOut } else { Outcome::Lost };
        pipeline.finish(&rest)
    }

    async fn run(&mut self, pipeline: &mut Pipeline) -> Result<(), Trouble> {
        let mut may_reopen = true;
        if self.stream.as_ref().is_some_and(|stream| stream.used.elapsed() > IDLE) {
            self.stream = None;
        }
        loop {
            let mut stream = match self.stream.take() {
                Some(stream) => stream,
                None => self.open().await?,
            };
            match stream.pump(pipeline).await {
                Ended::Done => {
                    stream.used = Instant::now();
                    self.stream = Some(stream);
                    return Ok(());
                }
                Ended::Dead => return Err(Trouble::Silent),
                Ended::Silent => pipeline.stream_ended(),
                Ended::Closed if may_reopen => {
                    may_reopen = false;
                    pipeline.stream_ended();
                }
                Ended::Closed => {
                    let reason = tokio::time::timeout(REASON_DEADLINE, stream.reason).await.ok().flatten();
                    return Err(Trouble::Failed(reason.map_or_else(
                        || "the stream ended before all questions were answered".to_owned(),
                        |text| tail(&text),
                    )));
                }
            }
        }
    }

    async fn open(&self) -> Result<Stream, Trouble> {
        let DnsReplica { pod, port, .. } = &self.replica;
        let pods: Api<Pod> = Api::namespaced(self.client.websocket(), &self.namespace);
        let ports = [*port];
        let open = tokio::time::timeout(OPEN_DEADLINE, pods.portforward(pod, &ports)).await;
        let Ok(open) = open else { return Err(Trouble::Silent) };
        let mut forward = open.map_err(|error| self.refused(error))?;
        let (io, reason) = (forward.take_stream(*port), forward.take_error(*port));
        let Some(io) = io else { return Err(Trouble::Failed("the port-forward has no stream".to_owned())) };
        let reason: Reason = match reason {
            Some(reason) => Box::pin(reason),
            None => Box::pin(std::future::ready(None)),
        };
        Ok(Stream { io, received: BytesMut::new(), reason, used: Instant::now(), _forward: forward })
    }

    /// A refusal's own text may end after its colon (servers from 1.35 on, when only `create` is missing): ours names both verbs.
    fn refused(&self, error: kube::Error) -> Trouble {
        let error = Error::from(error);
        if error.kind != ErrorKind::Forbidden {
            return Trouble::Failed(error.message);
        }
        Trouble::Refused(Refusal {
            verb: "get and create",
            resource: PORT_FORWARD.name,
            scope: Scope::Namespace(self.namespace.clone()),
            why: Why::Forbidden,
        })
    }
}

impl Stream {
    async fn pump(&mut self, pipeline: &mut Pipeline) -> Ended {
        loop {
            let mut batch = Vec::new();
            while let Some(message) = pipeline.next_message(Instant::now()) {
                batch.extend(message);
            }
            if !batch.is_empty() && self.io.write_all(&batch).await.is_err() {
                return Ended::Closed;
            }
            let Some(deadline) = pipeline.next_deadline() else { return Ended::Done };
            tokio::select! {
                read = self.io.read_buf(&mut self.received) => {
                    if !matches!(read, Ok(1..)) {
                        return Ended::Closed;
                    }
                    while let Some(frame) = next_frame(&mut self.received) {
                        pipeline.received(&frame, Instant::now());
                    }
                }
                () = tokio::time::sleep_until(deadline.into()) => match pipeline.expire(Instant::now()) {
                    Expired::Some => {}
                    Expired::Silent => return Ended::Silent,
                    Expired::Dead => return Ended::Dead,
                },
            }
        }
    }
}

/// The part of a kubelet's error that tells: its beginning repeats the pod's sandbox.
fn tail(text: &str) -> String {
    let text = text.trim();
    text.rsplit_once(": error forwarding port").map_or(text, |(_, tail)| tail).trim_start_matches(' ').to_owned()
}
