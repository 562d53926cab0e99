//! The body of an answer: holds its connection's place, ends at its deadline, and fails with a sentence.

use std::{
    error::Error as StdError,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
use tokio::time::Sleep;

use super::{
    error::{Error, ErrorKind},
    failure,
};

type BoxError = Box<dyn StdError + Send + Sync>;

/// A place on a connection, free again when dropped.
pub(crate) struct Ticket(Arc<AtomicUsize>);

impl Ticket {
    pub(crate) fn new(open: Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::AcqRel);
        Self(open)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The body of an answer.
pub(crate) struct AnswerBody {
    inner: UnsyncBoxBody<Bytes, BoxError>,
    deadline: Option<Pin<Box<Sleep>>>,
    _ticket: Ticket,
}

impl AnswerBody {
    pub(crate) fn new<B>(body: B, ticket: Ticket) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self { inner: body.map_err(Into::into).boxed_unsync(), deadline: None, _ticket: ticket }
    }

    /// Cuts the body off when this much time has passed: what `--request-timeout` means for streams too.
    pub(crate) fn end_after(&mut self, left: Duration) {
        self.deadline = Some(Box::pin(tokio::time::sleep(left)));
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match Pin::new(&mut self.inner).poll_frame(cx) {
            Poll::Ready(frame) => Poll::Ready(frame.map(|frame| frame.map_err(|why| broken_body(why.as_ref())))),
            Poll::Pending => match self.deadline.as_mut().map(|deadline| deadline.as_mut().poll(cx)) {
                Some(Poll::Ready(())) => Poll::Ready(Some(Err(timed_out_body()))),
                _ => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The time ran out while the answer was read.
pub(crate) fn timed_out_body() -> Error {
    Error::new(
        ErrorKind::TimedOut,
        "error: unexpected error when reading response body. Please retry. Original error: context deadline exceeded (Client.Timeout or context cancellation while reading body)",
    )
    .with_hint("--request-timeout gives it more time")
}

fn broken_body(why: &(dyn StdError + 'static)) -> Error {
    let cause = failure::from_transport(why, "");
    let broken = failure::is_broken(why);
    let reason = cause.message.strip_prefix("Unable to connect to the server: ").unwrap_or(&cause.message);
    let reason = if reason == "EOF" { "unexpected EOF" } else { reason };
    let mut error = Error::new(
        if broken { ErrorKind::Network } else { ErrorKind::BadAnswer },
        format!("error: unexpected error when reading response body. Please retry. Original error: {reason}"),
    )
    .with_hint("the connection broke while the answer was read");
    error.retryable = broken;
    error
}
