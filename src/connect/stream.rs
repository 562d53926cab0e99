//! Answers that go on: watches and logs, read piece by piece.

use std::{future::poll_fn, pin::Pin, task::Poll};

use http::{Method, Request, header::ACCEPT};
use http_body::Body as _;
use http_body_util::BodyExt;
use kube::client::Body;

use super::{body::AnswerBody, client::Client, error::Error, status};

/// So much is taken at once, if it is there: an API server sends a log in pieces of 4 KiB, and each would cost a turn of all that
/// lies behind.
const AT_ONCE: usize = 64 * 1024;

/// A successful answer whose body comes in pieces. Its place on the connection is free again when it is dropped.
pub struct Stream {
    body: AnswerBody,
    /// How it ended, where that came behind bytes that were given first.
    over: Option<Result<(), Error>>,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stream")
    }
}

impl Stream {
    /// Waits for bytes and appends those that have come; `false` at the end that HTTP calls whole. Can be cancelled without loss.
    pub async fn read(&mut self, into: &mut Vec<u8>) -> Result<bool, Error> {
        let before = into.len();
        poll_fn(|cx| {
            while self.over.is_none() && into.len() - before < AT_ONCE {
                match Pin::new(&mut self.body).poll_frame(cx) {
                    Poll::Ready(Some(Ok(frame))) => into.extend_from_slice(frame.data_ref().map_or(&[], |data| data)),
                    Poll::Ready(Some(Err(error))) => self.over = Some(Err(error)),
                    Poll::Ready(None) => self.over = Some(Ok(())),
                    Poll::Pending if into.len() > before => break,
                    Poll::Pending => return Poll::Pending,
                }
            }
            Poll::Ready(if into.len() > before { Ok(true) } else { self.end() })
        })
        .await
    }

    /// The end: an error is told once.
    fn end(&mut self) -> Result<bool, Error> {
        self.over.replace(Ok(())).unwrap_or(Ok(())).map(|()| false)
    }
}

impl Client {
    /// Opens an answer that goes on, over HTTP/2 where the server speaks it, at most 90 on a connection. Never sent twice by
    /// itself, and without a deadline unless `--request-timeout` was given. Needs a tokio runtime.
    pub async fn stream(&self, path_and_query: &str, accept: &str) -> Result<Stream, Error> {
        let request = Request::builder()
            .method(Method::GET)
            .uri(path_and_query)
            .header(ACCEPT, accept)
            .body(Body::empty())
            .map_err(|why| Error::config(format!("parse {path_and_query:?}: {why}")))?;
        let (parts, body) = self.open(request).await?.into_parts();
        if parts.status.is_success() {
            return Ok(Stream { body, over: None });
        }
        let body = body.collect().await?.to_bytes();
        Err(status::from_answer(parts.status, &parts.headers, &body, &Method::GET, path_and_query))
    }
}
