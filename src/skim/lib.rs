//! Goes through JSON without looking into what nobody reads: of the six kilobytes of a pod that is nearly all.
//!
//! What is skipped is not checked. Whatever is not plain is left to the library, whose errors are the ones that are told.
//!
//! A package of its own, since it is built for speed and the rest for size: it meets every byte of the largest answers.

mod read;

pub use read::read;

use wide::u8x16;

/// Why skimming stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// The text ends before the object does.
    #[error("the text ends too early")]
    Short,
    /// Something is not written as API servers write it.
    #[error("not as API servers write it")]
    Unlike,
}

/// Walks over the members of objects; as a deserializer it reads what a shape names, and skips the rest.
#[derive(Debug)]
pub struct Skimmer<'a> {
    text: &'a [u8],
    at: usize,
    /// How many objects and lists are being read around here.
    depth: u8,
    /// Whether nothing follows the text: then a number may end with it.
    whole: bool,
}

impl<'a> Skimmer<'a> {
    /// Before the first byte of a text.
    pub fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0, depth: 0, whole: false }
    }

    /// How many bytes lie behind it.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Steps into the object that stands here.
    pub fn enter(&mut self) -> Result<(), Stop> {
        self.expect(b'{')
    }

    /// Steps to the next member of the object, whose value is next, and tells its key; behind the last one, out of the object.
    pub fn key(&mut self) -> Result<Option<&'a [u8]>, Stop> {
        Ok(self.quoted_key()?.map(|key| &key[1..key.len() - 1]))
    }

    /// The same, with the key's quotes.
    fn quoted_key(&mut self) -> Result<Option<&'a [u8]>, Stop> {
        if !self.another(b'}')? {
            return Ok(None);
        }
        if self.next()? != b'"' {
            return Err(Stop::Unlike);
        }
        let key = self.value()?;
        self.expect(b':')?;
        Ok(Some(key))
    }

    /// Steps to the next of what is divided by commas; behind the last one, over the bracket that ends them.
    fn another(&mut self, end: u8) -> Result<bool, Stop> {
        let mut next = self.next()?;
        if next == b',' {
            self.at += 1;
            next = self.next()?;
        }
        if next == end {
            self.at += 1;
        }
        Ok(next != end)
    }

    /// The value that stands here, as it is written, and steps over it.
    pub fn value(&mut self) -> Result<&'a [u8], Stop> {
        let first = self.next()?;
        let rest = &self.text[self.at..];
        let length = match first {
            b'{' | b'[' => Depths::default().end(&rest[1..]).map(|end| 1 + end),
            b'"' => end_of_text(rest),
            _ => {
                let ends = |byte: &u8| b",}]".contains(byte) || byte.is_ascii_whitespace();
                rest.iter().position(ends).or(self.whole.then_some(rest.len()))
            }
        };
        let value = &rest[..length.ok_or(Stop::Short)?];
        self.at += value.len();
        Ok(value)
    }

    /// The next byte that is not blank.
    fn next(&mut self) -> Result<u8, Stop> {
        let rest = &self.text[self.at..];
        self.at += rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.text.get(self.at).copied().ok_or(Stop::Short)
    }

    fn expect(&mut self, byte: u8) -> Result<(), Stop> {
        if self.next()? != byte {
            return Err(Stop::Unlike);
        }
        self.at += 1;
        Ok(())
    }
}

/// The length of the text that the bytes begin with, its quotes included.
fn end_of_text(bytes: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// How deep in brackets a place is, and whether it lies in a text. 64 bytes are looked at at once, as masks with a bit for each (the
/// method of Langdale and Lemire, "Parsing Gigabytes of JSON per Second", section 3.1).
struct Depths {
    depth: u32,
    in_text: bool,
    escaped: bool,
}

impl Default for Depths {
    /// Behind the first bracket.
    fn default() -> Self {
        Self { depth: 1, in_text: false, escaped: false }
    }
}

impl Depths {
    /// How many bytes come up to the bracket that closes the first one, itself included.
    fn end(mut self, bytes: &[u8]) -> Option<usize> {
        let mut blocks = bytes.chunks_exact(BLOCK);
        let mut before = 0;
        for block in &mut blocks {
            if let Some(end) = self.block(block) {
                return Some(before + end);
            }
            before += BLOCK;
        }
        self.one_by_one(blocks.remainder()).map(|end| before + end)
    }

    fn block(&mut self, block: &[u8]) -> Option<usize> {
        let Masks { quotes, escapes, opening, closing } = Masks::of(block);
        if escapes != 0 || self.escaped {
            return self.one_by_one(block);
        }
        // Each bit becomes the parity of the quotes up to it: whether it lies in a text.
        let mut texts = quotes;
        for by in [1, 2, 4, 8, 16, 32] {
            texts ^= texts << by;
        }
        if self.in_text {
            texts = !texts;
        }
        self.in_text = texts >> 63 == 1;
        let (opening, closing) = (opening & !texts, closing & !texts);
        if closing.count_ones() < self.depth {
            self.depth = self.depth + opening.count_ones() - closing.count_ones();
            return None;
        }
        let mut brackets = opening | closing;
        while brackets != 0 {
            let at = brackets.trailing_zeros();
            if opening >> at & 1 == 1 {
                self.depth += 1;
            } else {
                self.depth -= 1;
                if self.depth == 0 {
                    return usize::try_from(at).ok().map(|at| at + 1);
                }
            }
            brackets &= brackets - 1;
        }
        None
    }

    fn one_by_one(&mut self, bytes: &[u8]) -> Option<usize> {
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'"' => self.in_text = !self.in_text,
                b'\\' => self.escaped = self.in_text,
                b'{' | b'[' if !self.in_text => self.depth += 1,
                b'}' | b']' if !self.in_text => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
        }
        None
    }
}

const BLOCK: usize = 64;

/// Where in a block such bytes are: the lowest bit stands for the first byte.
#[derive(Default)]
struct Masks {
    quotes: u64,
    escapes: u64,
    opening: u64,
    closing: u64,
}

impl Masks {
    fn of(block: &[u8]) -> Self {
        let mut masks = Self::default();
        for (at, part) in block.chunks_exact(16).enumerate() {
            let mut bytes = [0; 16];
            bytes.copy_from_slice(part);
            let bytes = u8x16::new(bytes);
            let bits = |bytes: u8x16, byte| u64::from(bytes.simd_eq(u8x16::splat(byte)).to_bitmask()) << (16 * at);
            masks.quotes |= bits(bytes, b'"');
            masks.escapes |= bits(bytes, b'\\');
            // With this bit set, square brackets are braces.
            let bytes = bytes | u8x16::splat(b'{' ^ b'[');
            masks.opening |= bits(bytes, b'{');
            masks.closing |= bits(bytes, b'}');
        }
        masks
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// Any JSON, with what is hard to skip in its texts.
    pub(super) fn json() -> impl Strategy<Value = Value> {
        let text = prop_oneof!["[a-z\"\\\\{}\\[\\],: é\n]{0,90}", "[a-z]{0,9}"];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::from),
            text.prop_map(Value::String),
        ];
        leaf.prop_recursive(6, 80, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::Array),
                prop::collection::vec(("[a-z/.\"\\\\{}é]{0,40}", inner), 0..8)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// The members of an object, key and value as they are written, and where it ends.
    fn members(text: &str) -> Result<(Vec<(String, String)>, usize), Stop> {
        let owned = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("cut between characters");
        let mut skimmer = Skimmer::new(text.as_bytes());
        let mut members = Vec::new();
        skimmer.enter()?;
        while let Some(key) = skimmer.key()? {
            members.push((owned(key), owned(skimmer.value()?)));
        }
        Ok((members, skimmer.at()))
    }

    proptest! {
        #[test]
        fn members_are_cut_where_the_library_cuts_them(values in prop::collection::vec(json(), 0..6), pretty: bool) {
            let object: serde_json::Map<String, Value> =
                values.into_iter().enumerate().map(|(n, value)| (format!("key \" {n}"), value)).collect();
            let text = if pretty { serde_json::to_string_pretty(&object) } else { serde_json::to_string(&object) }.unwrap();
            let (seen, end) = members(&format!("{text},{{\"next\":1}}")).unwrap();
            prop_assert_eq!(end, text.len());
            let seen: serde_json::Map<String, Value> = seen
                .into_iter()
                .map(|(key, value)| {
                    (serde_json::from_str(&format!("\"{key}\"")).unwrap(), serde_json::from_str(&value).unwrap())
                })
                .collect();
            prop_assert_eq!(seen, object);
            // Cut anywhere, it is short and nothing else.
            for cut in (0..text.len()).filter(|cut| text.is_char_boundary(*cut)).step_by(7) {
                prop_assert_eq!(members(&text[..cut]).unwrap_err(), Stop::Short);
            }
        }
    }

    #[test]
    fn what_is_not_plain_is_left_to_the_library() {
        assert_eq!(members("null"), Err(Stop::Unlike));
        assert_eq!(members("{1:2}"), Err(Stop::Unlike));
        assert_eq!(members("{\"a\" 2}"), Err(Stop::Unlike));
    }
}
