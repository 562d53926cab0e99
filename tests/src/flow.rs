//! A body on its way: in one piece, paced, cut off, or streamed; it tells the request log when it has ended.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use hyper::body::{Body, Frame, SizeHint};

use crate::answer::{Answer, Ending, Source};
use crate::record::Ticket;
use crate::serve::Line;

/// Time for hyper and the kernel to hand over what was written before a connection is broken on purpose.
const FLUSH: Duration = Duration::from_millis(40);

pub(crate) struct Flow {
    bytes: BoxStream<'static, io::Result<Bytes>>,
    left: Option<u64>,
    ticket: Ticket,
}

impl Flow {
    pub(crate) fn new(answer: Answer, line: Arc<Line>, ticket: Ticket) -> Self {
        let left = match (&answer.source, answer.stop) {
            (Source::Whole(bytes), None) => Some(bytes.len() as u64),
            _ => None,
        };
        let mut bytes: BoxStream<'static, Bytes> = match answer.source {
            Source::Whole(bytes) if bytes.is_empty() => stream::empty().boxed(),
            Source::Whole(bytes) => stream::iter([bytes]).boxed(),
            Source::Stream(stream) => stream,
        };
        if let Some((size, tick)) = answer.pace {
            bytes = paced(bytes, size, tick);
        }
        let bytes = match answer.stop {
            None => bytes.map(Ok).boxed(),
            Some((after, ending)) => stopped(bytes, after, ending, line),
        };
        Self { bytes, left, ticket }
    }
}

/// Pieces of `size` bytes with a pause before each.
fn paced(bytes: BoxStream<'static, Bytes>, size: usize, tick: Duration) -> BoxStream<'static, Bytes> {
    bytes
        .flat_map(move |mut chunk| {
            let mut pieces = Vec::new();
            while !chunk.is_empty() {
                pieces.push(chunk.split_to(size.max(1).min(chunk.len())));
            }
            stream::iter(pieces)
        })
        .then(move |piece| async move {
            tokio::time::sleep(tick).await;
            piece
        })
        .boxed()
}

/// The first `after` bytes, then the ending.
fn stopped(
    bytes: BoxStream<'static, Bytes>,
    after: usize,
    ending: Ending,
    line: Arc<Line>,
) -> BoxStream<'static, io::Result<Bytes>> {
    stream::unfold((Some(bytes), after), move |(bytes, left)| {
        let line = Arc::clone(&line);
        async move {
            let mut bytes = bytes?;
            if left > 0
                && let Some(mut chunk) = bytes.next().await
            {
                let piece = chunk.split_to(left.min(chunk.len()));
                let left = left - piece.len();
                return Some((Ok(piece), (Some(bytes), left)));
            }
            match ending {
                Ending::Clean => None,
                Ending::CutOff => {
                    tokio::time::sleep(FLUSH).await;
                    Some((Err(io::Error::other("cut off on purpose")), (None, 0)))
                }
                Ending::Reset => {
                    tokio::time::sleep(FLUSH).await;
                    line.reset();
                    std::future::pending().await
                }
                Ending::Silence => std::future::pending().await,
            }
        }
    })
    .boxed()
}

impl Body for Flow {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let next = std::task::ready!(self.bytes.poll_next_unpin(cx));
        match &next {
            Some(Ok(chunk)) => {
                self.ticket.sent(chunk.len());
                if let Some(left) = &mut self.left {
                    *left -= chunk.len() as u64;
                    if *left == 0 {
                        self.ticket.end();
                    }
                }
            }
            _ => self.ticket.end(),
        }
        Poll::Ready(next.map(|it| it.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
