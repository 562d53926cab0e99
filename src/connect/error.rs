//! What went wrong, in kubectl's words.

use std::time::Duration;

/// Why a request, or the way to the server, failed: what a caller decides on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The kubeconfig, a flag or a file that they name is missing, broken or contradicts itself.
    Config,
    /// 401, or a credential could not be had (a credential plugin failed, a token file is unreadable).
    Unauthorized,
    /// 403.
    Forbidden,
    /// 404.
    NotFound,
    /// 410: a continue token or a resource version that the server no longer knows.
    Gone,
    /// 409, of an object that changed or exists already.
    Conflict,
    /// 429.
    TooManyRequests,
    /// 503, or another answer that says that the server can't serve now.
    Unavailable,
    /// The deadline passed, here or (504) at the server.
    TimedOut,
    /// Nothing listens at the address.
    Refused,
    /// The server's certificate, or ours, was not accepted; or the peer does not speak TLS.
    Tls,
    /// Name resolution, routing, a proxy, or a connection that broke.
    Network,
    /// 400 and 422: the request was understood and is wrong.
    Invalid,
    /// An answer that no API server gives: HTML, broken JSON, a truncated body.
    BadAnswer,
    /// Any other error of the server.
    Server,
}

/// What the server said when it refused: the parts of its `Status` that callers act on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status code.
    pub code: u16,
    /// The `reason` of the `Status`, such as `NotFound` or `Expired`; empty where there was none.
    pub reason: String,
    /// The `message` of the `Status`, without kubectl's prefix.
    pub message: String,
    /// With 410 on a continued list: the token that goes on from here, at the price of consistency
    /// (apiserver, `ListMeta.continue` in the error).
    pub continue_token: Option<String>,
    /// How long the server asks to wait before the next attempt.
    pub retry_after: Option<Duration>,
}

/// A failure: what to show, what to decide on, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct Error {
    /// What a caller decides on.
    pub kind: ErrorKind,
    /// kubectl's own sentence with its prefix (`error: …`, `Error from server (NotFound): …`), ready to print. It may have several
    /// lines and holds no credential; control characters of remote origin are for the caller's escape function.
    pub message: String,
    /// One line on what to do next, where there is such a step.
    pub hint: Option<String>,
    /// What the server said, when it was the server that refused.
    pub refusal: Option<Box<Refusal>>,
    /// A request that changes something may have been carried out although its answer was lost: read before sending it again.
    pub uncertain: bool,
    /// A read may be sent again: the connection broke under it, or the server said when to come back.
    pub(crate) retryable: bool,
}

impl Error {
    /// A failure with a complete sentence, prefix included.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, refusal: None, uncertain: false, retryable: false }
    }

    /// A failure of the configuration, told as kubectl does: `error: …`.
    pub(crate) fn config(sentence: impl std::fmt::Display) -> Self {
        Self::new(ErrorKind::Config, format!("error: {sentence}"))
    }

    /// A failure on the way to the server, told as kubectl does.
    pub(crate) fn unreachable(kind: ErrorKind, why: impl std::fmt::Display) -> Self {
        Self::new(kind, format!("Unable to connect to the server: {why}"))
    }

    /// The same with a next step.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The error that a `Status` in JSON stands for, such as the one that ends a watch.
    #[must_use]
    pub fn from_status(json: &[u8]) -> Self {
        super::status::from_json(json)
    }

    /// The HTTP status code, when the server answered.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        self.refusal.as_ref().map(|refusal| refusal.code)
    }
}

/// The failure of a client of the `kube` library that was made by [`Client::http`](super::Client::http) or
/// [`Client::websocket`](super::Client::websocket), in kubectl's words instead of the library's.
impl From<kube::Error> for Error {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => super::status::from_kube_status(&status),
            kube::Error::Service(source) => match source.downcast::<Error>() {
                Ok(ours) => *ours,
                Err(other) => {
                    find_ours(other.as_ref()).unwrap_or_else(|| super::failure::from_transport(other.as_ref(), ""))
                }
            },
            // The library's own text repeats the body, which may hold anything.
            kube::Error::SerdeError(why) => Error::new(
                ErrorKind::BadAnswer,
                format!("Server returned an unexpected response: {}", json_fault(&why)),
            ),
            other => find_ours(&other).unwrap_or_else(|| super::failure::from_transport(&other, "")),
        }
    }
}

fn find_ours(error: &(dyn std::error::Error + 'static)) -> Option<Error> {
    let mut cause = Some(error);
    while let Some(this) = cause {
        if let Some(ours) = this.downcast_ref::<Error>() {
            return Some(ours.clone());
        }
        cause = this.source();
    }
    None
}

/// Where and how JSON is broken, without quoting any of it.
pub(crate) fn json_fault(why: &serde_json::Error) -> String {
    let what = match why.classify() {
        serde_json::error::Category::Eof => "the JSON ends too early",
        serde_json::error::Category::Syntax => "not JSON",
        _ => "JSON of an unexpected shape",
    };
    format!("{what} (line {}, column {})", why.line(), why.column())
}
