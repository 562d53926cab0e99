//! An answer before it is sent: status, headers, bytes, and how the bytes will flow.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;

/// Where the bytes of an answer come from.
pub(crate) enum Source {
    Whole(Bytes),
    Stream(BoxStream<'static, Bytes>),
}

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// As HTTP says.
    Clean,
    /// The body breaks off: the connection is closed (or the HTTP/2 stream reset) before its announced end.
    CutOff,
    /// TCP RST.
    Reset,
    /// Nothing more comes, and nothing closes.
    Silence,
}

/// An HTTP answer that a test or the server made.
pub struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) source: Source,
    /// The body for those who ask for Protobuf, where it was made in JSON.
    pub(crate) protobuf: Option<Bytes>,
    /// So many bytes every so often.
    pub(crate) pace: Option<(usize, Duration)>,
    /// Stop after so many bytes, in this way.
    pub(crate) stop: Option<(usize, Ending)>,
}

impl Answer {
    /// Any answer: status, content type, body.
    pub fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: vec![("content-type".into(), content_type.into())],
            source: Source::Whole(body.into()),
            protobuf: None,
            pace: None,
            stop: None,
        }
    }

    /// JSON as the API server sends it, with its closing newline.
    pub fn json(status: u16, body: impl Into<String>) -> Self {
        let mut body = body.into();
        body.push('\n');
        Self::new(status, "application/json", body)
    }

    pub(crate) fn stream(content_type: &str, body: BoxStream<'static, Bytes>) -> Self {
        let mut answer = Self::new(200, content_type, Bytes::new());
        answer.source = Source::Stream(body);
        answer
    }

    /// Sets a header, replacing one of the same name.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.add_header(name, value)
    }

    /// Adds a header beside any of the same name.
    pub fn add_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.into()));
        self
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The body, where it isn't a stream.
    pub fn body(&self) -> Option<&Bytes> {
        match &self.source {
            Source::Whole(bytes) => Some(bytes),
            Source::Stream(_) => None,
        }
    }

    /// Another body of the same type.
    pub fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.source = Source::Whole(body.into());
        self
    }
}
