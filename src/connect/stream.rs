//! Answers that go on: watches and logs, read piece by piece.

use bytes::Bytes;
use http::{Method, Request, header::ACCEPT};
use http_body_util::BodyExt;
use kube::client::Body;

use super::{body::AnswerBody, client::Client, error::Error, status};

/// A successful answer whose body comes in pieces. Its place on the connection is free again when it is dropped.
pub struct Stream(AnswerBody);

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stream")
    }
}

impl Stream {
    /// The next piece; `None` at the end that HTTP calls whole. Can be cancelled without loss.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            match self.0.frame().await {
                None => return Ok(None),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data()
                        && !data.is_empty()
                    {
                        return Ok(Some(data));
                    }
                }
                Some(Err(error)) => return Err(error),
            }
        }
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
            return Ok(Stream(body));
        }
        let body = body.collect().await?.to_bytes();
        Err(status::from_answer(parts.status, &parts.headers, &body, &Method::GET, path_and_query))
    }
}
