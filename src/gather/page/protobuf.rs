//! A page in protobuf: `Unknown { raw: PodList { metadata, items } }`, with its magic number before it.

use workload_protobuf::{Broken, Field, MAGIC, Message, RAW, Value, first, varint};

use super::{PIECE, Parts, broken};
use crate::connect::Error;
use crate::gather::kind::Kind;
use crate::gather::wire::PageMeta;

/// What is held of a page.
#[derive(Default)]
pub(super) struct Reader {
    bytes: Vec<u8>,
    /// So many bytes are wanted before it is worth to look again.
    wanted: usize,
    /// How many bytes were dropped already.
    dropped: usize,
    stage: Stage,
}

/// How far the page has come.
#[derive(Default, Clone, Copy)]
enum Stage {
    /// Before the list.
    #[default]
    Head,
    /// In the list, of which so many bytes are still to be read.
    List(usize),
}

impl Reader {
    pub(super) fn take<K: Kind>(&mut self, piece: &[u8], parts: &mut Parts<'_, K>) -> Result<(), Error> {
        self.bytes.extend_from_slice(piece);
        if self.bytes.len() < self.wanted {
            return Ok(());
        }
        let mut at = 0;
        while let Some(read) = self.step(at, parts).map_err(|Broken| self.broken(at))? {
            at += read;
        }
        self.dropped += at;
        self.bytes.drain(..at);
        if matches!(self.stage, Stage::List(_)) {
            self.wanted = PIECE.max(2 * self.bytes.len());
        }
        Ok(())
    }

    /// Reads what begins there, and gives how long it is; `None` where more has to come.
    fn step<K: Kind>(&mut self, at: usize, parts: &mut Parts<'_, K>) -> Result<Option<usize>, Broken> {
        let bytes = &self.bytes[at..];
        match &mut self.stage {
            Stage::Head if self.dropped + at == 0 => Ok(Some(MAGIC.len())),
            // The list is one field, which is not there as a whole before the page's end.
            Stage::Head if bytes.first() == Some(&(RAW_KEY)) => {
                let Some((length, prefix)) = varint(&bytes[1..])? else { return Ok(None) };
                self.stage = Stage::List(usize::try_from(length).map_err(|_| Broken)?);
                Ok(Some(1 + prefix))
            }
            // What follows the list says what it is encoded in.
            Stage::Head | Stage::List(0) => Ok(first(bytes)?.map(|field| field.length)),
            Stage::List(left) => {
                let Some(Field { number, value, length }) = first(bytes)? else { return Ok(None) };
                *left = left.checked_sub(length).ok_or(Broken)?;
                match (number, value) {
                    (1, Value::Bytes(meta)) => parts.head(PageMeta::read(meta)?),
                    (2, Value::Bytes(object)) => parts.add(K::from_protobuf(object)?),
                    _ => {}
                }
                Ok(Some(length))
            }
        }
    }

    /// The page is over.
    pub(super) fn end<K: Kind>(mut self, parts: &mut Parts<'_, K>) -> Result<(), Error> {
        self.wanted = 0;
        self.take(&[], parts)?;
        if self.bytes.is_empty() && matches!(self.stage, Stage::List(0)) {
            Ok(())
        } else {
            Err(self.broken(self.bytes.len()))
        }
    }

    fn broken(&self, at: usize) -> Error {
        broken(&format!("protobuf broken at byte {}", self.dropped + at))
    }
}

/// The key of that field: a message.
const RAW_KEY: u8 = RAW << 3 | 2;

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::fmt::Debug;
    use std::rc::Rc;

    use crate::connect::Intake as _;
    use crate::facts::{Claim, Pod, Volume};
    use crate::gather::intern::Interner;
    use crate::gather::involved::Involved;
    use crate::gather::kind::Kind;
    use crate::gather::page::{PageReader, Read};
    use crate::protobuf_corpus::pairs;

    fn facts<K: Kind>(json: &str, protobuf: &[u8]) -> [K; 2] {
        let intern = &mut Interner::default();
        let json = K::from_wire(serde_json::from_str(json).expect("an object"), intern);
        [json, K::from_wire(K::from_protobuf(protobuf).expect("an object"), intern)]
    }

    fn are_the_same<K: Kind + Debug>(kind: &str) {
        for (json, protobuf) in pairs(kind) {
            let [of_json, of_protobuf] = facts::<K>(&json, &protobuf);
            assert_eq!(format!("{of_protobuf:#?}"), format!("{of_json:#?}"), "{json}");
        }
    }

    #[test]
    fn an_object_is_the_same_fact_however_it_came() {
        are_the_same::<Pod>("Pod");
        are_the_same::<Claim>("PersistentVolumeClaim");
        are_the_same::<Volume>("PersistentVolume");
    }

    #[test]
    fn a_bystander_is_one_however_it_came() {
        for (json, protobuf) in pairs("Pod") {
            match facts::<Involved<true>>(&json, &protobuf) {
                [Involved::Pod(json), Involved::Pod(protobuf)] => {
                    assert_eq!(format!("{protobuf:#?}"), format!("{json:#?}"));
                }
                [Involved::Bystander(json), Involved::Bystander(protobuf)] => assert_eq!(protobuf, json),
                _ => panic!("{json}"),
            }
        }
    }

    /// Reads a list in pieces of so many bytes: names, the next token, how many follow.
    fn read(list: &[u8], piece: usize) -> Result<(Vec<String>, Option<String>, usize), String> {
        let intern = RefCell::default();
        let mut reader: PageReader<'_, Pod> = PageReader::new(&intern, Rc::default());
        for piece in list.chunks(piece) {
            reader.take(piece).map_err(|error| error.message)?;
        }
        let Read { items, next, remaining } = reader.end().map_err(|error| error.message)?;
        Ok((items.iter().map(|pod| pod.meta.name.to_string()).collect(), next, remaining))
    }

    #[test]
    fn a_list_reads_the_same_however_it_comes() {
        for (json, protobuf) in pairs("PodList") {
            let expected = read(json.as_bytes(), usize::MAX).unwrap();
            for piece in [1, 3, 100, usize::MAX] {
                assert_eq!(read(&protobuf, piece).unwrap(), expected);
            }
        }
    }

    #[test]
    fn a_list_that_was_cut_is_never_taken_for_a_shorter_one() {
        // Its metadata with a token, and two pods, `a` and `b`, of a few bytes: it is cut between objects too.
        let list =
            b"k8s\0\x0a\0\x12\x15\x0a\x05\x1a\x03abc\x12\x05\x0a\x03\x0a\x01a\x12\x05\x0a\x03\x0a\x01b\x1a\0\x22\0";
        let whole = (vec!["a".to_owned(), "b".to_owned()], Some("abc".to_owned()), 0);
        assert_eq!(read(list, usize::MAX).unwrap(), whole);
        for cut in 0..list.len() {
            // What follows the list is two empty fields: without them nothing of it is missing.
            match read(&list[..cut], 4096) {
                Ok(read) => assert!(read == whole && cut >= list.len() - 4, "{cut}"),
                Err(why) => assert!(why.starts_with("Server returned an unexpected response: "), "{why}"),
            }
        }
        let mut longer = list.to_vec();
        longer.extend_from_slice(b"\x0a");
        assert_eq!(
            read(&longer, usize::MAX).unwrap_err(),
            format!("Server returned an unexpected response: protobuf broken at byte {}", longer.len())
        );
    }
}
