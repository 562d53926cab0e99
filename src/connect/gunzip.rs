//! The body of an answer that was packed with gzip (RFC 1952), unpacked as it comes.

use std::{
    error::Error as StdError,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use flate2::{Decompress, FlushDecompress, Status};
use http_body::{Body, Frame};

/// So much is unpacked at a time: zlib-rs is slow at a call's last few hundred bytes, and allocators at what is larger.
const PIECE: usize = 16 << 10;
/// The largest window that there is, as an exponent of two: what servers pack with.
const WINDOW: u8 = 15;

/// What is unpacked of a body.
pub(super) struct Gunzip<B> {
    packed: B,
    /// What came and is not unpacked yet.
    rest: Bytes,
    /// The member that is being read; `None` between members and behind the last one.
    member: Option<Decompress>,
}

impl<B> Gunzip<B> {
    pub(super) fn new(packed: B) -> Self {
        Self { packed, rest: Bytes::new(), member: None }
    }

    fn unpack(&mut self) -> io::Result<Bytes> {
        let member = self.member.get_or_insert_with(|| Decompress::new_gzip(WINDOW));
        let mut piece = Vec::with_capacity(PIECE);
        let before = member.total_in();
        let status = member.decompress_vec(&self.rest, &mut piece, FlushDecompress::None)?;
        let taken = usize::try_from(member.total_in() - before).map_err(io::Error::other)?;
        self.rest.advance(taken);
        match status {
            Status::StreamEnd => self.member = None,
            Status::BufError if taken == 0 && piece.is_empty() => return Err(io::ErrorKind::InvalidData.into()),
            Status::Ok | Status::BufError => {}
        }
        Ok(piece.into())
    }
}

impl<B> Body for Gunzip<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn StdError + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        loop {
            if !self.rest.is_empty() {
                match self.unpack() {
                    Ok(piece) if piece.is_empty() => continue,
                    Ok(piece) => return Poll::Ready(Some(Ok(Frame::data(piece)))),
                    Err(why) => return Poll::Ready(Some(Err(why.into()))),
                }
            }
            match ready!(Pin::new(&mut self.packed).poll_frame(cx)) {
                None if self.member.is_none() => return Poll::Ready(None),
                None => return Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()))),
                Some(Err(why)) => return Poll::Ready(Some(Err(why.into()))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, io::Write};

    use flate2::{Compression, write::GzEncoder};
    use futures_util::{FutureExt, stream};
    use http_body_util::{BodyExt, StreamBody};

    use super::*;

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).expect("written to memory");
        encoder.finish().expect("written to memory")
    }

    /// What comes of a body that comes in frames of so many bytes.
    fn unpacked(packed: &[u8], frame: usize) -> Result<Vec<u8>, String> {
        let frames: Vec<Result<Frame<Bytes>, Infallible>> =
            packed.chunks(frame).map(|part| Ok(Frame::data(Bytes::copy_from_slice(part)))).collect();
        let body = Gunzip::new(StreamBody::new(stream::iter(frames)));
        let whole = body.collect().now_or_never().expect("it waits for nothing");
        whole.map(|body| body.to_bytes().to_vec()).map_err(|why| why.to_string())
    }

    #[test]
    fn a_body_is_unpacked_whatever_frames_it_comes_in() {
        let text: Vec<u8> =
            (0..40_000_u32).flat_map(|n| format!("{n} {}\n", n.wrapping_mul(2_654_435_761)).into_bytes()).collect();
        let body = packed(&text);
        for frame in [1, 7, 4096, usize::MAX] {
            assert_eq!(unpacked(&body, frame).as_deref(), Ok(&*text), "{frame}");
        }
        assert_eq!(unpacked(&[], 1), Ok(Vec::new()));
        assert_eq!(unpacked(&packed(b""), 3), Ok(Vec::new()));
    }

    #[test]
    fn members_one_after_another_are_one_text() {
        assert_eq!(unpacked(&[packed(b"web-0\n"), packed(b"web-1\n")].concat(), 5), Ok(b"web-0\nweb-1\n".to_vec()));
    }

    #[test]
    fn what_is_cut_or_broken_is_an_error() {
        let body = packed(b"one text of a cluster, then another text of a cluster");
        for cut in 1..body.len() {
            assert_eq!(unpacked(&body[..cut], 9), Err("unexpected end of file".to_owned()), "{cut}");
        }
        assert!(unpacked(b"not gzip at all", 4).is_err());
        let mut other = body.clone();
        let checksum = other.len() - 8;
        other[checksum] ^= 1;
        assert!(unpacked(&other, usize::MAX).is_err(), "the checksum is looked at");
    }
}
