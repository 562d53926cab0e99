//! A page of a list while it comes: each object becomes a fact as soon as it is whole, and its bytes are dropped.
//!
//! A page of pods is megabytes, and several kinds are read at once: held whole they outweighed all facts.

mod json;
mod protobuf;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use serde::Deserialize;
use workload_protobuf::MAGIC;

use super::intern::Interner;
use super::kind::Kind;
use super::wire::PageMeta;
use crate::connect::{Error, ErrorKind, Intake};

/// So many bytes are gathered before objects are looked for in them: what an object's missing end costs is small beside that.
const PIECE: usize = 64 << 10;

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
    form: Form,
    parts: Parts<'i, K>,
}

/// What it is written in, which its first bytes tell.
enum Form {
    Unknown(Vec<u8>),
    Json(json::Reader),
    Protobuf(protobuf::Reader),
}

/// What was read of a page.
struct Parts<'i, K> {
    intern: &'i RefCell<Interner>,
    /// Where the next page's token goes as soon as it is known.
    told: Rc<Cell<Option<String>>>,
    items: Vec<K>,
    meta: PageMeta,
}

impl<K: Kind> Parts<'_, K> {
    fn add(&mut self, wire: K::Wire<'_>) {
        self.items.push(K::from_wire(wire, &mut self.intern.borrow_mut()));
    }

    /// What stands before the objects.
    fn head(&mut self, meta: PageMeta) {
        self.told.set(meta.next.clone().filter(|token| !token.is_empty()));
        self.meta = meta;
    }
}

impl<'i, K: Kind> PageReader<'i, K> {
    pub(super) fn new(intern: &'i RefCell<Interner>, told: Rc<Cell<Option<String>>>) -> Self {
        let parts = Parts { intern, told, items: Vec::new(), meta: PageMeta::default() };
        Self { form: Form::Unknown(Vec::new()), parts }
    }

    /// The page is over.
    pub(super) fn end(self) -> Result<Read<K>, Error> {
        let Self { form, mut parts } = self;
        match form {
            Form::Unknown(short) => {
                let mut reader = json::Reader::default();
                reader.take(&short, &mut parts)?;
                reader.end(&mut parts)?;
            }
            Form::Json(reader) => reader.end(&mut parts)?,
            Form::Protobuf(reader) => reader.end(&mut parts)?,
        }
        Ok(Read {
            items: parts.items,
            next: parts.meta.next.filter(|token| !token.is_empty()),
            remaining: parts.meta.remaining.and_then(|count| usize::try_from(count).ok()).unwrap_or(0),
        })
    }
}

impl<K: Kind> Intake for PageReader<'_, K> {
    fn take(&mut self, piece: &[u8]) -> Result<(), Error> {
        match &mut self.form {
            Form::Json(reader) => reader.take(piece, &mut self.parts),
            Form::Protobuf(reader) => reader.take(piece, &mut self.parts),
            Form::Unknown(begin) => {
                begin.extend_from_slice(piece);
                let form = if begin.starts_with(MAGIC) {
                    Form::Protobuf(protobuf::Reader::default())
                } else if MAGIC.starts_with(begin) {
                    return Ok(());
                } else {
                    Form::Json(json::Reader::default())
                };
                let begin = std::mem::take(begin);
                self.form = form;
                self.take(&begin)
            }
        }
    }

    fn forget(&mut self) {
        self.parts.told.take();
        *self = Self::new(self.parts.intern, Rc::clone(&self.parts.told));
    }
}

fn broken(place: &str) -> Error {
    Error::new(ErrorKind::BadAnswer, format!("Server returned an unexpected response: {place}"))
        .with_hint("something between here and the API server changes or cuts its answers")
}

/// An answer that is no list, read whole.
pub(super) fn decode<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|why| json::broken(&why, (0, 0)))
}

#[cfg(test)]
mod tests {
    use serde::de::IgnoredAny;

    use super::*;
    use crate::facts::Claim;
    use crate::gather::wire::Page;

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
        assert!(!reader.parts.items.is_empty(), "objects are facts before the page is over");
        reader.forget();
        assert_eq!(told.take(), None);
        reader.take(page(3, "second").as_bytes()).unwrap();
        assert_eq!(told.take().as_deref(), Some("second"), "the next page can be asked for before this one is over");
        let Read { items, next, .. } = reader.end().unwrap();
        assert_eq!((items.len(), next.as_deref()), (3, Some("second")));
    }
}
