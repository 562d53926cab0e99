//! Reads shapes out of what is skimmed, by serde: the fields that a shape names are read, all others are skipped.

use std::fmt::Display;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::{Skimmer, Stop};

/// Deeper than any shape of the API's, and far from the end of the stack.
const DEEPEST: u8 = 100;

/// A shape that does not fit is left to the library, which says what is wrong with it.
impl Error for Stop {
    fn custom<T: Display>(_: T) -> Self {
        Self::Unlike
    }
}

/// Reads a value that was cut out before.
pub fn read<'de, T: Deserialize<'de>>(value: &'de [u8]) -> Result<T, Stop> {
    T::deserialize(&mut Skimmer { whole: true, ..Skimmer::new(value) }).map_err(|_| Stop::Unlike)
}

impl<'de> Skimmer<'de> {
    /// Steps into the object or list that stands here for as long as `read` takes.
    fn within<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Stop>) -> Result<T, Stop> {
        if self.depth == DEEPEST {
            return Err(Stop::Unlike);
        }
        self.at += 1;
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    /// Leaves the value that stands here to the library.
    fn by_library<T>(
        &mut self,
        read: impl FnOnce(&mut serde_json::Deserializer<serde_json::de::SliceRead<'de>>) -> serde_json::Result<T>,
    ) -> Result<T, Stop> {
        read(&mut serde_json::Deserializer::from_slice(self.value()?)).map_err(|_| Stop::Unlike)
    }
}

/// A text between its quotes.
fn text<'de, V: Visitor<'de>>(quoted: &'de [u8], visitor: V) -> Result<V::Value, Stop> {
    let [b'"', plain @ .., b'"'] = quoted else { return Err(Stop::Unlike) };
    if memchr::memchr(b'\\', plain).is_some() {
        return serde_json::from_slice(quoted).map_err(|_| Stop::Unlike).and_then(|text| visitor.visit_string(text));
    }
    visitor.visit_borrowed_str(std::str::from_utf8(plain).map_err(|_| Stop::Unlike)?)
}

fn number<'de, V: Visitor<'de>>(digits: &[u8], visitor: V) -> Result<V::Value, Stop> {
    let digits = std::str::from_utf8(digits).map_err(|_| Stop::Unlike)?;
    if let Ok(number) = digits.parse() {
        return visitor.visit_u64(number);
    }
    if let Ok(number) = digits.parse() {
        return visitor.visit_i64(number);
    }
    serde_json::from_str(digits).map_err(|_| Stop::Unlike).and_then(|number| visitor.visit_f64(number))
}

impl<'de> Deserializer<'de> for &mut Skimmer<'de> {
    type Error = Stop;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        match self.next()? {
            b'{' => self.within(|inside| visitor.visit_map(Members(inside))),
            b'[' => self.within(|inside| visitor.visit_seq(Items(inside))),
            b'"' => text(self.value()?, visitor),
            _ => match self.value()? {
                b"null" => visitor.visit_unit(),
                b"true" => visitor.visit_bool(true),
                b"false" => visitor.visit_bool(false),
                digits => number(digits, visitor),
            },
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        if self.next()? != b'n' {
            return visitor.visit_some(self);
        }
        self.value()?;
        visitor.visit_none()
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.value()?;
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Stop> {
        // The library's own types (RawValue) are told by such names, and only it knows how to make them.
        if name.starts_with('$') {
            return self.by_library(|library| library.deserialize_newtype_struct(name, visitor));
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.by_library(|library| library.deserialize_enum(name, variants, visitor))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier
    }
}

struct Members<'s, 'de>(&'s mut Skimmer<'de>);

impl<'de> MapAccess<'de> for Members<'_, 'de> {
    type Error = Stop;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Stop> {
        self.0.quoted_key()?.map(|key| seed.deserialize(Key(key))).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Stop> {
        seed.deserialize(&mut *self.0)
    }
}

struct Items<'s, 'de>(&'s mut Skimmer<'de>);

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = Stop;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Stop> {
        if self.0.another(b']')? { seed.deserialize(&mut *self.0).map(Some) } else { Ok(None) }
    }
}

/// A key with its quotes.
struct Key<'de>(&'de [u8]);

impl<'de> Deserializer<'de> for Key<'de> {
    type Error = Stop;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        text(self.0, visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        // The fields of shapes are told by bytes as well, and most keys are none of them.
        let plain = &self.0[1..self.0.len() - 1];
        if memchr::memchr(b'\\', plain).is_some() { text(self.0, visitor) } else { visitor.visit_borrowed_bytes(plain) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq
        tuple tuple_struct map struct enum ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::Deserialize;
    use serde_json::Value;
    use serde_json::value::RawValue;

    use super::*;
    use crate::tests::json;

    /// One of each that shapes are made of.
    #[derive(Deserialize, Debug, Default)]
    #[expect(dead_code, reason = "shown by Debug")]
    struct Shape<'a> {
        #[serde(borrow, default)]
        text: Option<Cow<'a, str>>,
        #[serde(default)]
        count: Option<i32>,
        #[serde(default)]
        is: bool,
        #[serde(borrow, default)]
        labels: Option<BTreeMap<Cow<'a, str>, Option<Cow<'a, str>>>>,
        #[serde(borrow, default)]
        list: Option<Vec<Shape<'a>>>,
        #[serde(borrow, default)]
        raw: Option<&'a RawValue>,
        #[serde(default)]
        any: Option<Value>,
        #[serde(default)]
        kind: Option<Kind>,
    }

    #[derive(Deserialize, Debug)]
    enum Kind {
        Pod,
        Job,
    }

    fn skimmed<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Stop> {
        T::deserialize(&mut Skimmer::new(text.as_bytes()))
    }

    fn shape() -> impl Strategy<Value = Value> {
        let text = || "[a-z\"\\\\{}\\[\\],: é\n]{0,20}";
        let labels = prop::collection::btree_map(text(), prop::option::of(text()), 0..3);
        let one = (
            prop::option::of(text()),
            any::<Option<i32>>(),
            any::<bool>(),
            prop::option::of(labels),
            json(),
            prop::option::of(prop_oneof![Just("Pod"), Just("Job")]),
        )
            .prop_map(|(text, count, is, labels, any, kind)| {
                serde_json::json!({"text": text, "count": count, "is": is, "labels": labels, "raw": any, "any": any, "kind": kind,
                    "skipped": any, "list": null})
            });
        one.prop_recursive(3, 12, 3, |inner| {
            prop::collection::vec(inner, 0..4).prop_map(|list| serde_json::json!({"is": true, "list": list}))
        })
    }

    proptest! {
        #[test]
        fn a_shape_is_read_as_the_library_reads_it(object in shape(), pretty: bool) {
            let text = if pretty { serde_json::to_string_pretty(&object) } else { serde_json::to_string(&object) }.unwrap();
            let expected: Shape<'_> = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(format!("{:?}", skimmed::<Shape<'_>>(&text).unwrap()), format!("{expected:?}"));
            prop_assert_eq!(skimmed::<Value>(&text).unwrap(), object);
            for cut in (0..text.len()).filter(|cut| text.is_char_boundary(*cut)).step_by(7) {
                prop_assert!(skimmed::<Shape<'_>>(&text[..cut]).is_err());
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_left_to_the_library() {
        for text in [
            r#"{"text": 7}"#,
            r#"{"count": 3000000000}"#,
            r#"{"is": "true"}"#,
            r#"{"is": true, "is": true}"#,
            r#"{"kind": "Node"}"#,
            r#"{"list": [{"text": tru}]}"#,
        ] {
            assert!(serde_json::from_str::<Shape<'_>>(text).is_err(), "{text}");
            assert_eq!(skimmed::<Shape<'_>>(text).err(), Some(Stop::Unlike), "{text}");
        }
        assert_eq!(skimmed::<i32>("7"), Err(Stop::Short), "another digit may follow");
        assert_eq!(
            (read::<i32>(b"7"), read::<Option<bool>>(b"null"), read::<i32>(b"7x")),
            (Ok(7), Ok(None), Err(Stop::Unlike))
        );
        let deep = format!("{{\"any\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(skimmed::<Shape<'_>>(&deep).err(), Some(Stop::Unlike), "the stack holds");
    }
}
