//! From a log's bytes, in whatever pieces they come, to lines with their times.

#![expect(clippy::cast_possible_truncation, reason = "a block holds a piece of an answer and a line of bounded length")]

use super::stamp::{Stamp, Stamps};

/// A line longer than this is handed on in parts, so that memory stays bounded whatever a container writes.
pub const LONGEST: usize = 256 * 1024;

/// Which part of a line it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// The first part of a line that is too long.
    First,
    /// A further part.
    Middle,
    /// The last part.
    Last,
    /// All of a line that the container ended without a newline.
    Unended,
}

/// A line, or a part of one, in a [`Block`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Its time; `None` where none stands before it.
    pub time: Option<Stamp>,
    /// Where its text begins, behind the time.
    pub start: u32,
    /// Where it ends, before the newline.
    pub end: u32,
    /// Which part it is.
    pub part: Part,
}

/// Lines that came together, and the bytes that they lie in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Block {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The lines in their order.
    pub lines: Vec<Line>,
}

impl Block {
    /// The text of a line.
    #[inline]
    pub fn text(&self, line: &Line) -> &[u8] {
        &self.bytes[line.start as usize..line.end as usize]
    }

    /// Adds a line with bytes of its own.
    pub fn push(&mut self, time: Option<Stamp>, text: &[u8], part: Part) {
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(text);
        self.lines.push(Line { time, start, end: self.bytes.len() as u32, part });
    }
}

/// What was left when a stream ended in the middle of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rest {
    /// Nothing: the last byte was a newline.
    Nothing,
    /// A line without its end: torn, or the last thing that the container wrote.
    Torn(Stamp, Vec<u8>),
    /// Text without a time: the kubelet says why it could not go on.
    Text(Vec<u8>),
    /// The middle of a line that is handed on in parts, or a line cut off within its time.
    Middle,
}

/// Takes bytes, gives lines.
#[derive(Debug, Default)]
pub struct Lines {
    /// What has come and was not given.
    buffer: Vec<u8>,
    given: u64,
    stamps: Stamps,
    /// The time of the line whose first part has been handed on.
    #[expect(clippy::option_option, reason = "whether there is one, and whether it has a time")]
    long: Option<Option<Stamp>>,
    searched: usize,
}

impl Lines {
    /// Where bytes are appended that have come.
    pub fn room(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// How many bytes have come.
    pub fn received(&self) -> u64 {
        self.given + self.buffer.len() as u64
    }

    /// The lines that are complete by now.
    pub fn take(&mut self) -> Option<Block> {
        let end = memchr::memrchr(b'\n', &self.buffer[self.searched..]).map(|at| self.searched + at + 1);
        let Some(end) = end else {
            self.searched = self.buffer.len();
            return if self.buffer.len() > LONGEST { Some(self.part()) } else { None };
        };
        let bytes = self.give(end);
        self.searched = self.buffer.len();
        let mut lines = Vec::with_capacity(bytes.len() / 64 + 1);
        let mut from = 0;
        for newline in memchr::memchr_iter(b'\n', &bytes) {
            let line = &bytes[from..newline];
            let (start, end) = (from as u32, newline as u32);
            from = newline + 1;
            if let Some(time) = self.long.take() {
                lines.push(Line { time, start, end, part: Part::Last });
                continue;
            }
            let (time, length) = self.stamps.read(line).map_or((None, 0), |(time, length)| (Some(time), length as u32));
            if line.len() <= LONGEST {
                lines.push(Line { time, start: start + length, end, part: Part::Whole });
            } else {
                // The same parts as when it had come in smaller pieces.
                let middle = start + LONGEST as u32;
                lines.push(Line { time, start: start + length, end: middle, part: Part::First });
                lines.push(Line { time, start: middle, end, part: Part::Last });
            }
        }
        Some(Block { bytes, lines })
    }

    /// The first so many bytes. Lines may wait for a slow reader: few in a large buffer must not hold all of it.
    fn give(&mut self, count: usize) -> Vec<u8> {
        self.given += count as u64;
        let fills = count >= self.buffer.capacity() / 2;
        let mut next = Vec::with_capacity(if fills { self.buffer.capacity() } else { 0 });
        next.extend_from_slice(&self.buffer[count..]);
        let mut bytes = std::mem::replace(&mut self.buffer, next);
        bytes.truncate(count);
        if !fills {
            bytes.shrink_to_fit();
        }
        bytes
    }

    /// The line under way has become too long: what there is of it, as a part. Parts are always of the same length, so that a
    /// line's first part is the same whenever it is read again.
    fn part(&mut self) -> Block {
        let mut block = Block::default();
        while self.buffer.len() > LONGEST {
            let piece = self.give(LONGEST);
            if let Some(time) = self.long {
                block.push(time, &piece, Part::Middle);
            } else {
                let (time, length) = Stamp::read(&piece).map_or((None, 0), |(time, length)| (Some(time), length));
                block.push(time, &piece[length..], Part::First);
                self.long = Some(time);
            }
        }
        self.searched = self.buffer.len();
        block
    }

    /// What is left at the end of the stream.
    pub fn finish(self) -> Rest {
        match (self.long, self.buffer.is_empty()) {
            (Some(_), _) => Rest::Middle,
            (None, true) => Rest::Nothing,
            (None, false) => match Stamp::read(&self.buffer) {
                Some((time, length)) => Rest::Torn(time, self.buffer[length..].to_vec()),
                // Cut off within its time: nothing of the line is there.
                None if Stamp::begins(&self.buffer) => Rest::Middle,
                None => Rest::Text(self.buffer),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LOG: &[u8] = b"2026-11-21T12:00:00.000000001Z one\n2026-11-21T12:00:00.000000002Z \n\
        2026-11-21T12:00:01.000000000Z two\xff\x00\r\nno time here\n2026-11-21T12:00:02.000000000Z torn";

    /// Time, text, part.
    type Seen = Vec<(Option<i64>, Vec<u8>, Part)>;

    fn read(pieces: &[&[u8]]) -> (Seen, Rest) {
        let (mut lines, mut seen) = (Lines::default(), Vec::new());
        for piece in pieces {
            lines.room().extend_from_slice(piece);
            if let Some(block) = lines.take() {
                seen.extend(
                    block.lines.iter().map(|line| {
                        (line.time.map(|time| time.0 % 2_000_000_000), block.text(line).to_vec(), line.part)
                    }),
                );
            }
        }
        (seen, lines.finish())
    }

    #[test]
    fn bytes_are_kept_as_they_are() {
        let (lines, rest) = read(&[LOG]);
        let whole = |time, text: &[u8]| (time, text.to_vec(), Part::Whole);
        assert_eq!(
            lines,
            [
                whole(Some(1), b"one"),
                whole(Some(2), b""),
                whole(Some(1_000_000_000), b"two\xff\x00\r"),
                whole(None, b"no time here")
            ]
        );
        assert!(matches!(rest, Rest::Torn(_, text) if text == b"torn"));
    }

    #[test]
    fn text_of_the_kubelet_at_the_end_is_told_from_a_torn_line() {
        let (lines, rest) = read(&[b"2026-11-21T12:00:00.000000001Z one\nrpc error: code = NotFound"]);
        assert_eq!((lines.len(), rest), (1, Rest::Text(b"rpc error: code = NotFound".to_vec())));
    }

    #[test]
    fn a_line_without_an_end_is_handed_on_in_parts_of_bounded_size() {
        let mut lines = Lines::default();
        let mut seen = Vec::new();
        let mut feed = |bytes: &[u8]| {
            lines.room().extend_from_slice(bytes);
            let block = lines.take().unwrap_or_default();
            assert!(lines.buffer.len() <= LONGEST + bytes.len());
            seen.extend(block.lines.iter().map(|line| (line.part, block.text(line).len())));
        };
        feed(b"2026-11-21T12:00:00.000000001Z ");
        for _ in 0..10 {
            feed(&vec![b'x'; 100_000]);
        }
        feed(b"\n2026-11-21T12:00:00.000000002Z next\n");
        let text: usize = seen.iter().map(|(_, length)| length).sum();
        let parts: Vec<Part> = seen.iter().map(|(part, _)| *part).collect();
        assert_eq!(parts, [Part::First, Part::Middle, Part::Middle, Part::Last, Part::Whole]);
        assert_eq!(text, 1_000_000 + 4);
    }

    #[test]
    fn few_lines_hold_no_large_buffer_and_many_go_with_theirs() {
        let mut lines = Lines::default();
        lines.room().reserve(100_000);
        lines.room().extend_from_slice(LOG);
        let few = lines.take().unwrap();
        assert!(few.bytes.capacity() < 2 * LOG.len() && lines.buffer.capacity() < 2 * LOG.len());
        for _ in 0..500 {
            lines.room().extend_from_slice(LOG);
        }
        let before = lines.room().as_ptr();
        assert_eq!(lines.take().unwrap().bytes.as_ptr(), before, "not copied");
        assert_eq!(lines.received(), 501 * LOG.len() as u64);
    }

    proptest! {
        #[test]
        fn how_the_bytes_are_cut_makes_no_difference(cuts in proptest::collection::vec(0..LOG.len(), 0..8)) {
            let mut cuts = cuts;
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut from = 0;
            for cut in cuts {
                pieces.push(&LOG[from..cut]);
                from = cut;
            }
            pieces.push(&LOG[from..]);
            prop_assert_eq!(read(&pieces), read(&[LOG]));
        }
    }
}
