//! Reads answers in protobuf, as Kubernetes writes them: fields borrowed where they stand, and what no shape names is stepped over by
//! its length.
//!
//! The encoding: <https://protobuf.dev/programming-guides/encoding/>. What the fields of an object are numbered is written in the
//! `generated.proto` beside each group's types in k8s.io/api; a number is never given to another field.

mod slot;

pub use slot::{Entry, Slot};

/// An answer in protobuf begins with these (apimachinery, `serializer/protobuf/protobuf.go`); behind them stands an `Unknown`, and in its
/// field [`RAW`] the object.
pub const MAGIC: &[u8; 4] = b"k8s\0";
/// The media type of such an answer.
pub const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";
/// The media types by which a list is asked for: an API server has it in protobuf for less of its time and ours, and what stands before it
/// and knows only JSON answers so.
pub const ACCEPT: &str = "application/vnd.kubernetes.protobuf,application/json";
/// Where in an `Unknown` the object stands.
pub const RAW: u8 = 2;

/// Bytes that no API server writes, or that were cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not what was asked for in protobuf")]
pub struct Broken;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// A number or a bool.
    Number(u64),
    /// A text, bytes, or a message.
    Bytes(&'a [u8]),
    /// Four or eight bytes, of which no shape here has any.
    Fixed,
}

impl<'a> Value<'a> {
    /// The bytes of a text or a message.
    pub fn bytes(self) -> Result<&'a [u8], Broken> {
        if let Self::Bytes(bytes) = self { Ok(bytes) } else { Err(Broken) }
    }

    /// A number as it was before it was encoded: negative ones are written as of 64 bits.
    pub fn number(self) -> Result<i64, Broken> {
        if let Self::Number(number) = self { Ok(number.cast_signed()) } else { Err(Broken) }
    }
}

/// What is read of a message: what its fields are numbered, and where each goes.
pub trait Message<'a>: Default {
    /// Takes a field; one that nobody reads is dropped. Of one that is no list the last counts.
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Broken>;

    /// Takes all fields of a message.
    fn merge(&mut self, message: &'a [u8]) -> Result<(), Broken> {
        let mut fields = Fields(message);
        while let Some(Field { number, value, .. }) = fields.next()? {
            self.field(number, value)?;
        }
        Ok(())
    }

    /// Reads a message.
    fn read(message: &'a [u8]) -> Result<Self, Broken> {
        let mut read = Self::default();
        read.merge(message)?;
        Ok(read)
    }
}

/// A field where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// Which of its message's.
    pub number: u32,
    /// What it holds.
    pub value: Value<'a>,
    /// How many bytes it is long, key and all.
    pub length: usize,
}

/// The fields of a message, as they stand.
pub struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    /// The next one; `None` behind the last.
    #[expect(clippy::should_implement_trait, reason = "an iterator of results reads worse where each is looked at")]
    pub fn next(&mut self) -> Result<Option<Field<'a>>, Broken> {
        // Of most fields key and length are a byte each, and they are read by the million.
        if let [key, size, rest @ ..] = self.0
            && key & 0b1000_0111 == 2
            && let number @ 1.. = u32::from(key >> 3)
            && size & 0x80 == 0
            && let Some((value, rest)) = rest.split_at_checked(usize::from(*size))
        {
            self.0 = rest;
            return Ok(Some(Field { number, value: Value::Bytes(value), length: 2 + value.len() }));
        }
        if self.0.is_empty() {
            return Ok(None);
        }
        let field = first(self.0)?.ok_or(Broken)?;
        self.0 = &self.0[field.length..];
        Ok(Some(field))
    }
}

/// The field at the start of what came of a message; `None` where more has to come.
#[inline]
pub fn first(bytes: &[u8]) -> Result<Option<Field<'_>>, Broken> {
    let Some((key, mut length)) = varint(bytes)? else { return Ok(None) };
    let number = u32::try_from(key >> 3).map_err(|_| Broken)?;
    let value = match key & 7 {
        0 => {
            let Some((value, size)) = varint(&bytes[length..])? else { return Ok(None) };
            length += size;
            Value::Number(value)
        }
        2 => {
            let Some((size, prefix)) = varint(&bytes[length..])? else { return Ok(None) };
            let start = length + prefix;
            length = usize::try_from(size).ok().and_then(|size| start.checked_add(size)).ok_or(Broken)?;
            let Some(value) = bytes.get(start..length) else { return Ok(None) };
            Value::Bytes(value)
        }
        wide @ (1 | 5) => {
            length += if wide == 1 { 8 } else { 4 };
            if bytes.len() < length {
                return Ok(None);
            }
            Value::Fixed
        }
        _ => return Err(Broken),
    };
    if number == 0 { Err(Broken) } else { Ok(Some(Field { number, value, length })) }
}

/// A number at the start of the bytes, and how many of them it takes: seven bits in each, the lowest first.
#[inline]
pub fn varint(bytes: &[u8]) -> Result<Option<(u64, usize)>, Broken> {
    // Most are one byte.
    match bytes.first() {
        Some(byte) if byte & 0x80 == 0 => Ok(Some((u64::from(*byte), 1))),
        _ => long_varint(bytes),
    }
}

fn long_varint(bytes: &[u8]) -> Result<Option<(u64, usize)>, Broken> {
    let mut value = 0;
    for (at, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Ok(Some((value, at + 1)));
        }
    }
    if bytes.len() < 10 { Ok(None) } else { Err(Broken) }
}

/// Which fields of a message go where: `Named { 1 => name }`. A message whose own fields count as those of the one it stands in (Go's
/// embedded structs, which JSON writes flat) stands in braces: `Volume { 1 => name, 2 => { 10 => persistent_volume_claim } }`.
#[macro_export]
macro_rules! messages {
    ($($name:ident $(<$life:lifetime>)? { $($fields:tt)* })*) => { $(
        impl<'a> $crate::Message<'a> for $name $(<$life>)? {
            fn field(&mut self, number: u32, value: $crate::Value<'a>) -> Result<(), $crate::Broken> {
                $crate::fields!(self, number, value, $($fields)*);
                Ok(())
            }
        }
        impl<'a> $crate::Slot<'a> for $name $(<$life>)? {
            fn put(&mut self, value: $crate::Value<'a>) -> Result<(), $crate::Broken> {
                $crate::Message::merge(self, value.bytes()?)
            }
        }
    )* };
}

/// One level of [`messages`].
#[doc(hidden)]
#[macro_export]
macro_rules! fields {
    ($to:ident, $number:ident, $value:ident, $($own:literal => $field:tt),* $(,)?) => {
        match $number {
            $($own => $crate::fields!(@ $to, $value, $field),)*
            _ => {}
        }
    };
    (@ $to:ident, $value:ident, { $($inner:tt)* }) => {{
        let mut inner = $crate::Fields($value.bytes()?);
        while let Some($crate::Field { number, value, .. }) = inner.next()? {
            $crate::fields!($to, number, value, $($inner)*);
        }
    }};
    (@ $to:ident, $value:ident, $field:ident) => { $crate::Slot::put(&mut $to.$field, $value)? };
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;

    use super::*;

    /// One of each that shapes are made of.
    #[derive(Debug, Default, PartialEq)]
    struct Shape<'a> {
        text: Option<Cow<'a, str>>,
        count: Option<i32>,
        is: bool,
        labels: Option<Vec<Label<'a>>>,
        list: Option<Vec<Shape<'a>>>,
        deep: Option<Vec<Cow<'a, str>>>,
    }

    #[derive(Debug, Default, PartialEq, Clone)]
    struct Label<'a>(Cow<'a, str>, Cow<'a, str>);

    impl<'a> Slot<'a> for Label<'a> {
        fn put(&mut self, value: super::Value<'a>) -> Result<(), Broken> {
            let Entry { key, value } = Entry::read(value.bytes()?)?;
            *self = Self(key, value);
            Ok(())
        }
    }

    messages! {
        Shape<'a> { 1 => text, 2 => count, 3 => is, 4 => labels, 19 => list, 5 => { 1 => deep, 7 => { 2 => is } } }
    }

    fn number(mut value: u64, out: &mut Vec<u8>) {
        while value >= 0x80 {
            out.push(value.to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        out.push(value.to_le_bytes()[0]);
    }

    fn bytes(field: u64, value: &[u8], out: &mut Vec<u8>) {
        number(field << 3 | 2, out);
        number(value.len() as u64, out);
        out.extend_from_slice(value);
    }

    impl Shape<'_> {
        fn written(&self) -> Vec<u8> {
            let mut out = Vec::new();
            if let Some(text) = &self.text {
                bytes(1, text.as_bytes(), &mut out);
            }
            if let Some(count) = self.count {
                number(2 << 3, &mut out);
                number(i64::from(count).cast_unsigned(), &mut out);
            }
            out.extend_from_slice(&[11 << 3 | 1, 1, 2, 3, 4, 5, 6, 7, 8, 12 << 3 | 5, 1, 2, 3, 4]);
            for Label(key, value) in self.labels.iter().flatten() {
                let mut entry = Vec::new();
                bytes(1, key.as_bytes(), &mut entry);
                bytes(2, value.as_bytes(), &mut entry);
                bytes(4, &entry, &mut out);
            }
            bytes(100, b"skipped", &mut out);
            let mut inner = Vec::new();
            for text in self.deep.iter().flatten() {
                bytes(1, text.as_bytes(), &mut inner);
            }
            let is = [2 << 3, u8::from(self.is)];
            bytes(7, &is, &mut inner);
            bytes(5, &inner, &mut out);
            for one in self.list.iter().flatten() {
                bytes(19, &one.written(), &mut out);
            }
            out
        }
    }

    fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
        Some(list).filter(|list| !list.is_empty())
    }

    fn shape() -> impl Strategy<Value = Shape<'static>> {
        let text = || "[a-z\"{ é\n]{0,20}".prop_map(Cow::Owned);
        let label = (text(), text()).prop_map(|(key, value)| Label(key, value));
        let one = (
            prop::option::of(text()),
            any::<Option<i32>>(),
            any::<bool>(),
            prop::collection::vec(label, 0..3).prop_map(some),
            prop::collection::vec(text(), 0..3).prop_map(some),
        );
        let one = one.prop_map(|(text, count, is, labels, deep)| Shape { text, count, is, labels, deep, list: None });
        one.prop_recursive(3, 12, 3, |inner| {
            prop::collection::vec(inner, 1..4).prop_map(|list| Shape { list: Some(list), ..Shape::default() })
        })
    }

    proptest! {
        #[test]
        fn a_shape_is_read_as_it_was_written(shape in shape()) {
            let written = shape.written();
            prop_assert_eq!(Shape::read(&written), Ok(shape));
            for cut in 0..written.len() {
                // Between two fields nothing tells that something is missing: who frames messages has to know their length.
                let _ = Shape::read(&written[..cut]);
                prop_assert_ne!(first(&written[..cut]), Err(Broken));
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Shape::read(&bytes);
        }
    }

    #[test]
    fn what_no_server_writes_is_refused() {
        let refused: [&[u8]; 9] = [
            b"\x0a\x05shor",                                 // a text that is cut
            b"\x0a\x02\xff\xfe",                             // no UTF-8
            b"\x08\x01",                                     // a number where a text belongs
            b"\x12\x01a",                                    // a text where a number belongs
            b"\x10\x80\x80\x80\x80\x10",                     // beyond 32 bits
            b"\x02\x00",                                     // no field has the number 0
            b"\x0b",                                         // groups went out of use before Kubernetes
            b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", // longer than any memory
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", // a number without end
        ];
        for bytes in refused {
            assert_eq!(Shape::read(bytes), Err(Broken), "{bytes:?}");
        }
        assert_eq!(first(b"\x0a\x05shor"), Ok(None), "the rest may be on its way");
        assert_eq!(Shape::read(b"\x10\x01\x10\x02").unwrap().count, Some(2), "the last one counts");
    }
}
