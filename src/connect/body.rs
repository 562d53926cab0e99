//! The body of an answer: holds its connection's place, ends at its deadline, and fails with a sentence; and how it is read.

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
use http::{HeaderMap, header::CONTENT_TYPE};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
use tokio::time::Sleep;
use workload_protobuf::{MAGIC, MEDIA_TYPE};

use super::{
    client::Intake,
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

/// After so many bytes of a body others get their turn.
const TURN: usize = 128 << 10;

/// Reads a body to its end. Where an object of the API is expected, what begins otherwise is refused with a word about the headers.
pub(crate) async fn pour(
    mut body: AnswerBody,
    intake: &mut impl Intake,
    mut object: Option<&HeaderMap>,
) -> Result<(), Error> {
    let mut taken = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if let (Some(headers), Some(first)) = (object, data.iter().find(|byte| !byte.is_ascii_whitespace())) {
            begins_as_object(headers, Some(*first))?;
            object = None;
        }
        intake.take(&data)?;
        taken += data.len();
        // Lists are read side by side: where the next page of another one can be asked for does not wait for the rest of this one.
        if taken >= TURN {
            taken = 0;
            tokio::task::yield_now().await;
        }
    }
    object.map_or(Ok(()), |headers| begins_as_object(headers, None))
}

/// Success with something else than JSON, or protobuf where that was asked for, is not the API server's: a login page, a captive portal, a
/// proxy's own page.
fn begins_as_object(headers: &HeaderMap, first: Option<u8>) -> Result<(), Error> {
    let content_type = headers
        .get(CONTENT_TYPE)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .unwrap_or_default();
    let protobuf = first == Some(MAGIC[0]) && content_type.starts_with(MEDIA_TYPE);
    if protobuf || matches!(first, Some(b'{' | b'[')) {
        return Ok(());
    }
    let what = match first {
        None => "an empty answer".to_owned(),
        Some(_) if content_type.is_empty() => "an answer that is not JSON".to_owned(),
        Some(_) => format!("an answer that is not JSON ({})", content_type.split(';').next().unwrap_or_default()),
    };
    Err(Error::new(ErrorKind::BadAnswer, format!("Server returned an unexpected response: {what}")).with_hint(
        "a proxy, a load balancer or a login page answers in the API server's place: check the server's address",
    ))
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, rc::Rc};

    use futures_util::stream;
    use http_body_util::StreamBody;

    use super::*;

    /// Notes which list a piece is of.
    struct Noted(char, Rc<RefCell<String>>);

    impl Intake for Noted {
        fn take(&mut self, _: &[u8]) -> Result<(), Error> {
            self.1.borrow_mut().push(self.0);
            Ok(())
        }

        fn forget(&mut self) {}
    }

    #[tokio::test]
    async fn of_two_lists_that_are_there_neither_waits_for_the_end_of_the_other() {
        let noted = Rc::<RefCell<String>>::default();
        let list = |name| {
            let piece = || Ok::<_, BoxError>(Frame::data(Bytes::from(vec![b'{'; TURN / 2])));
            let body = StreamBody::new(stream::iter((0..4).map(move |_| piece())));
            (AnswerBody::new(body, Ticket::new(Arc::default())), Noted(name, Rc::clone(&noted)))
        };
        let ((a, mut into_a), (b, mut into_b)) = (list('a'), list('b'));
        let both = futures_util::future::join(pour(a, &mut into_a, None), pour(b, &mut into_b, None));
        let (a, b) = both.await;
        assert!(a.is_ok() && b.is_ok());
        assert_eq!(*noted.borrow(), "aabbaabb");
    }
}
