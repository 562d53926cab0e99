//! A page in JSON.

use serde::de::IgnoredAny;

use super::{PIECE, Parts};
use crate::connect::Error;
use crate::gather::kind::Kind;
use crate::gather::wire::Page;

/// How far the page has come.
#[derive(Default)]
enum Stage {
    /// Before its objects: kind and metadata, as API servers write them first.
    #[default]
    Head,
    /// Among its objects.
    Items,
    /// Behind them.
    Tail,
    /// It is written in another order: it is read when it is whole.
    Whole,
}

/// What is held of a page.
#[derive(Default)]
pub(super) struct Reader {
    stage: Stage,
    bytes: Vec<u8>,
    /// So many bytes are wanted before it is worth to look again.
    wanted: usize,
    /// What was dropped already: whole lines, and bytes of the last line.
    dropped: (usize, usize),
}

impl Reader {
    pub(super) fn take<K: Kind>(&mut self, piece: &[u8], parts: &mut Parts<'_, K>) -> Result<(), Error> {
        self.bytes.extend_from_slice(piece);
        if matches!(self.stage, Stage::Head) {
            self.head(parts);
        }
        if matches!(self.stage, Stage::Items) && self.bytes.len() >= self.wanted.max(PIECE) {
            self.objects(false, parts)?;
        }
        Ok(())
    }

    /// The page is over.
    pub(super) fn end<K: Kind>(mut self, parts: &mut Parts<'_, K>) -> Result<(), Error> {
        match self.stage {
            Stage::Whole | Stage::Head => self.whole(parts),
            Stage::Items => {
                self.objects(true, parts)?;
                self.tail(parts)
            }
            Stage::Tail => self.tail(parts),
        }
    }

    fn whole<K: Kind>(&self, parts: &mut Parts<'_, K>) -> Result<(), Error> {
        let page: Page<K::Wire<'_>> = serde_json::from_slice(&self.bytes).map_err(|why| broken(&why, (0, 0)))?;
        // An empty page with a token is legal: a filter on the server may have taken all its objects.
        page.items.into_iter().flatten().for_each(|wire| parts.add(wire));
        parts.meta = page.metadata;
        Ok(())
    }

    /// Kind and metadata stand before the objects, as API servers write it: then they are a whole object with an empty list behind them.
    fn head<K: Kind>(&mut self, parts: &mut Parts<'_, K>) {
        const LIMIT: usize = 8192;
        let Some(items) = find(&self.bytes[..self.bytes.len().min(LIMIT)], b"\"items\"") else {
            if self.bytes.len() >= LIMIT {
                self.stage = Stage::Whole;
            }
            return;
        };
        let after = items + b"\"items\"".len();
        let mut rest = self.bytes[after..].iter().enumerate().filter(|(_, byte)| !byte.is_ascii_whitespace());
        let (Some((_, colon)), Some((at, open))) = (rest.next(), rest.next()) else { return };
        let empty = [&self.bytes[..after], b":[]}"].concat();
        let head = serde_json::from_slice::<Page<IgnoredAny>>(&empty);
        match head {
            Ok(head) if (*colon, *open) == (b':', b'[') => {
                parts.head(head.metadata);
                self.stage = Stage::Items;
                self.drop_first(after + at + 1);
            }
            _ => self.stage = Stage::Whole,
        }
    }

    /// Takes what objects are whole. With `over`, nothing more comes.
    fn objects<K: Kind>(&mut self, over: bool, parts: &mut Parts<'_, K>) -> Result<(), Error> {
        let mut at = 0;
        loop {
            let separates = |byte: &u8| byte.is_ascii_whitespace() || *byte == b',';
            at += self.bytes[at..].iter().take_while(|byte| separates(byte)).count();
            let rest = &self.bytes[at..];
            if rest.first() == Some(&b']') {
                self.stage = Stage::Tail;
                at += 1;
                break;
            }
            if rest.is_empty() && !over {
                break;
            }
            let mut one = serde_json::Deserializer::from_slice(rest).into_iter::<K::Wire<'_>>();
            match one.next() {
                Some(Ok(wire)) => {
                    at += one.byte_offset();
                    parts.add(wire);
                }
                Some(Err(why)) if why.is_eof() && !over => break,
                Some(Err(why)) => return Err(broken(&why, self.place(at))),
                None => return Err(broken(&ends_early(), self.place(self.bytes.len()))),
            }
        }
        self.drop_first(at);
        self.wanted = PIECE.max(2 * self.bytes.len());
        Ok(())
    }

    /// What stands behind the objects: as a rule nothing but a brace.
    fn tail<K: Kind>(&self, parts: &mut Parts<'_, K>) -> Result<(), Error> {
        const BEFORE: &[u8] = b"{\"items\":[]";
        let whole = [BEFORE, &*self.bytes].concat();
        let page: Page<IgnoredAny> = serde_json::from_slice(&whole).map_err(|why| {
            let (lines, column) = self.dropped;
            // What was put before it stands in no answer.
            let column =
                if why.line() == 1 { (column + why.column()).saturating_sub(BEFORE.len()) } else { why.column() };
            broken_at(lines + why.line(), column)
        })?;
        let known = |new: Option<String>, old: &mut Option<String>| *old = old.take().or(new);
        known(page.metadata.next, &mut parts.meta.next);
        parts.meta.remaining = parts.meta.remaining.or(page.metadata.remaining);
        Ok(())
    }

    fn drop_first(&mut self, count: usize) {
        self.dropped = self.place(count);
        self.bytes.drain(..count);
    }

    /// Where in the answer a byte of those that are held stands: lines before it, and bytes before it in its line.
    fn place(&self, at: usize) -> (usize, usize) {
        let (lines, column) = self.dropped;
        let held = &self.bytes[..at];
        match memchr::memrchr(b'\n', held) {
            None => (lines, column + at),
            Some(last) => (lines + memchr::memchr_iter(b'\n', held).count(), at - last - 1),
        }
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, part)
}

fn ends_early() -> serde_json::Error {
    <serde_json::Error as serde::de::Error>::custom("the answer ends in its list")
}

/// The library's text may quote the answer, which may hold anything: only where it broke is told.
pub(super) fn broken(why: &serde_json::Error, (lines, column): (usize, usize)) -> Error {
    let column = if why.line() <= 1 { column + why.column() } else { why.column() };
    broken_at(lines + why.line().max(1), column)
}

fn broken_at(line: usize, column: usize) -> Error {
    super::broken(&format!("JSON broken at line {line} column {column}"))
}
