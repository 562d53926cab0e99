//! A page of a list while it comes: each object becomes a fact as soon as it is whole, and its bytes are dropped.
//!
//! A page of pods is megabytes, and several kinds are read at once: held whole they outweighed all facts.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use serde::Deserialize;
use serde::de::IgnoredAny;
use workload_skim::{Skimmer, Stop};

use super::intern::Interner;
use super::kind::Kind;
use super::wire::{Page, PageMeta};
use crate::connect::{Error, ErrorKind, Intake};

/// So many bytes are gathered before objects are looked for in them: what an object's missing end costs is small beside that.
const PIECE: usize = 64 << 10;

/// How far the page has come.
enum Stage {
    /// Before its objects: kind and metadata, as API servers write them first.
    Head,
    /// Among its objects.
    Items,
    /// Behind them.
    Tail,
    /// It is written in another order: it is read when it is whole.
    Whole,
}

/// What a page came to.
pub(super) struct Read<K> {
    pub(super) items: Vec<K>,
    /// The token of the next page, if there is one.
    pub(super) next: Option<String>,
    /// How many objects stand on the pages after this one, as far as the server counts them.
    pub(super) remaining: usize,
}

/// A page of a kind, and what came of it so far.
pub(super) struct PageReader<'i, K> {
    intern: &'i RefCell<Interner>,
    /// Where the next page's token goes as soon as it is known.
    told: Rc<Cell<Option<String>>>,
    stage: Stage,
    bytes: Vec<u8>,
    /// So many bytes are wanted before it is worth to look again.
    wanted: usize,
    /// What was dropped already: whole lines, and bytes of the last line.
    dropped: (usize, usize),
    items: Vec<K>,
    meta: PageMeta,
}

impl<'i, K: Kind> PageReader<'i, K> {
    pub(super) fn new(intern: &'i RefCell<Interner>, told: Rc<Cell<Option<String>>>) -> Self {
        Self {
            intern,
            told,
            stage: Stage::Head,
            bytes: Vec::new(),
            wanted: 0,
            dropped: (0, 0),
            items: Vec::new(),
            meta: PageMeta::default(),
        }
    }

    /// The page is over.
    pub(super) fn end(mut self) -> Result<Read<K>, Error> {
        match self.stage {
            Stage::Whole => self.whole()?,
            Stage::Head => {
                self.stage = Stage::Whole;
                self.whole()?;
            }
            Stage::Items => {
                self.objects(true)?;
                self.tail()?;
            }
            Stage::Tail => self.tail()?,
        }
        Ok(Read {
            items: self.items,
            next: self.meta.next.filter(|token| !token.is_empty()),
            remaining: self.meta.remaining.and_then(|count| usize::try_from(count).ok()).unwrap_or(0),
        })
    }

    fn whole(&mut self) -> Result<(), Error> {
        let page: Page<K::Wire<'_>> = serde_json::from_slice(&self.bytes).map_err(|why| broken(&why, (0, 0)))?;
        // An empty page with a token is legal: a filter on the server may have taken all its objects.
        let mut intern = self.intern.borrow_mut();
        self.items.extend(page.items.into_iter().flatten().map(|wire| K::from_wire(wire, &mut intern)));
        self.meta = page.metadata;
        Ok(())
    }

    /// Kind and metadata stand before the objects, as API servers write it: then they are a whole object with an empty list behind them.
    fn head(&mut self) {
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
                self.meta = head.metadata;
                self.told.set(self.meta.next.clone().filter(|token| !token.is_empty()));
                self.stage = Stage::Items;
                self.drop_first(after + at + 1);
            }
            _ => self.stage = Stage::Whole,
        }
    }

    /// Takes what objects are whole. With `over`, nothing more comes.
    fn objects(&mut self, over: bool) -> Result<(), Error> {
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
            let mut skimmer = Skimmer::new(rest);
            match K::skim(&mut skimmer) {
                Ok(wire) => {
                    at += skimmer.at();
                    self.items.push(K::from_wire(wire, &mut self.intern.borrow_mut()));
                    continue;
                }
                Err(Stop::Short) if !over => break,
                Err(_) => {}
            }
            let mut one = serde_json::Deserializer::from_slice(rest).into_iter::<K::Wire<'_>>();
            match one.next() {
                Some(Ok(wire)) => {
                    at += one.byte_offset();
                    self.items.push(K::from_wire(wire, &mut self.intern.borrow_mut()));
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
    fn tail(&mut self) -> Result<(), Error> {
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
        known(page.metadata.next, &mut self.meta.next);
        self.meta.remaining = self.meta.remaining.or(page.metadata.remaining);
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

impl<K: Kind> Intake for PageReader<'_, K> {
    fn take(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.bytes.extend_from_slice(piece);
        if matches!(self.stage, Stage::Head) {
            self.head();
        }
        if matches!(self.stage, Stage::Items) && self.bytes.len() >= self.wanted.max(PIECE) {
            self.objects(false)?;
        }
        Ok(())
    }

    fn forget(&mut self) {
        self.told.take();
        *self = Self::new(self.intern, Rc::clone(&self.told));
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, part)
}

fn ends_early() -> serde_json::Error {
    <serde_json::Error as serde::de::Error>::custom("the answer ends in its list")
}

/// The library's text may quote the answer, which may hold anything: only where it broke is told.
fn broken(why: &serde_json::Error, (lines, column): (usize, usize)) -> Error {
    let column = if why.line() <= 1 { column + why.column() } else { why.column() };
    broken_at(lines + why.line().max(1), column)
}

fn broken_at(line: usize, column: usize) -> Error {
    Error::new(
        ErrorKind::BadAnswer,
        format!("Server returned an unexpected response: JSON broken at line {line} column {column}"),
    )
    .with_hint("something between here and the API server changes or cuts its answers")
}

/// An answer that is no list, read whole.
pub(super) fn decode<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|why| broken(&why, (0, 0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Claim;

    fn page(count: usize, next: &str) -> String {
        let claim = |n: usize| {
            format!(
                r#"{{"metadata":{{"name":"data-web-{n}","namespace":"shop","annotations":{{"x":"\"items\":[]}}, \u007b"}}}},"spec":{{"volumeName":"pv-{n}"}}}}"#
            )
        };
        let items: Vec<String> = (0..count).map(claim).collect();
        format!(
            r#"{{"kind":"List","apiVersion":"v1","metadata":{{"resourceVersion":"7","continue":"{next}"}},"items":[{}]}}"#,
            items.join(",")
        )
    }

    /// Reads a text in pieces of so many bytes: names, and the next token.
    fn read(text: &str, piece: usize) -> Result<(Vec<String>, Option<String>), String> {
        let intern = RefCell::default();
        let mut reader: PageReader<'_, Claim> = PageReader::new(&intern, Rc::default());
        for piece in text.as_bytes().chunks(piece) {
            reader.take(piece).map_err(|error| error.message)?;
        }
        let Read { items, next, .. } = reader.end().map_err(|error| error.message)?;
        Ok((items.iter().map(|claim| claim.meta.name.to_string()).collect(), next))
    }

    #[test]
    fn a_page_reads_the_same_however_it_comes_in_pieces() {
        let text = page(700, "eyJ2IjoibWV0YSJ9");
        let whole = read(&text, usize::MAX).unwrap();
        assert_eq!((whole.0.len(), whole.1.as_deref()), (700, Some("eyJ2IjoibWV0YSJ9")));
        for piece in [1, 7, 4096, 70_000] {
            assert_eq!(read(&text, piece).unwrap(), whole, "{piece}");
        }
        assert_eq!(read(&page(0, ""), 3).unwrap(), (Vec::new(), None));
    }

    #[test]
    fn the_order_of_its_parts_and_their_spacing_do_not_matter() {
        let text = page(2, "abc");
        let items = &text[text.find("\"items\"").unwrap()..text.len() - 1];
        let names = vec!["data-web-0".to_owned(), "data-web-1".to_owned()];
        for (text, next) in [
            (format!(r#"{{{items},"metadata":{{"continue":"later"}}}}"#), Some("later")),
            (
                format!("{{ \"metadata\" : {{ \"continue\": \"abc\" }} ,\n {} }}\n", items.replace(":[", " : [ ")),
                Some("abc"),
            ),
            (r#"{"items":null,"metadata":{"continue":"abc"}}"#.to_owned(), Some("abc")),
            (format!(r#"{{"padding":"{}",{items}}}"#, "x".repeat(10_000)), None),
        ] {
            let (seen, token) = read(&text, 5).unwrap();
            assert_eq!(token.as_deref(), next, "{text:.80}");
            assert!(seen == names || text.contains("null"), "{text:.80}");
        }
    }

    #[test]
    fn where_it_is_broken_is_told_as_of_the_whole_answer() {
        let text = page(700, "");
        let cut = [20, 90, 5000, 80_000, text.len() - 1].map(|at| text[..at].to_owned());
        let lines = text.replace("}},{", "}},\n{").replace("pv-600\"", "pv-600\"x");
        for text in cut.into_iter().chain([lines]) {
            let expected = serde_json::from_str::<Page<IgnoredAny>>(&text).err().unwrap();
            let says = format!(
                "Server returned an unexpected response: JSON broken at line {} column {}",
                expected.line(),
                expected.column()
            );
            assert_eq!(read(&text, 4096).unwrap_err(), says);
            assert_eq!(read(&text, usize::MAX).unwrap_err(), says);
        }
    }

    #[test]
    fn an_answer_that_broke_off_is_forgotten() {
        let intern = RefCell::default();
        let told = Rc::default();
        let mut reader: PageReader<'_, Claim> = PageReader::new(&intern, Rc::clone(&told));
        let text = page(900, "first");
        reader.take(&text.as_bytes()[..100_000]).unwrap();
        assert!(!reader.items.is_empty(), "objects are facts before the page is over");
        reader.forget();
        assert_eq!(told.take(), None);
        reader.take(page(3, "second").as_bytes()).unwrap();
        assert_eq!(told.take().as_deref(), Some("second"), "the next page can be asked for before this one is over");
        let Read { items, next, .. } = reader.end().unwrap();
        assert_eq!((items.len(), next.as_deref()), (3, Some("second")));
    }
}
