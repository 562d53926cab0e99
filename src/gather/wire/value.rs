//! What shapes are made of: texts, times, pairs of maps, and parts that are read later or not at all.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use jiff::Timestamp;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use workload_protobuf::{Broken, Entry, Message, Slot, Value, messages};

/// Reads a text of JSON. From bytes, as answers are read: with the library's reader of texts besides, every shape would stand in the
/// programs twice.
pub(crate) fn from_text<'a, T: Deserialize<'a>>(text: &'a str) -> serde_json::Result<T> {
    serde_json::from_slice(text.as_bytes())
}

/// A string that is borrowed where it stands unescaped in the answer.
#[derive(Deserialize, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Str<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Slot<'a> for Str<'a> {
    fn put(&mut self, value: Value<'a>) -> Result<(), Broken> {
        self.0.put(value)
    }
}

impl<'a> From<&'a str> for Str<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl std::ops::Deref for Str<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Str<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// The pairs of a map, as they stand: a tree of the few that an object has weighs more than they do.
pub(crate) struct Pairs<'a, V>(Vec<(Str<'a>, V)>);

pub(crate) type Map<'a> = Pairs<'a, Option<Str<'a>>>;

impl<'a, V> Pairs<'a, V> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Str<'a>, &V)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// What is filed under a key; of several the last counts.
    pub(crate) fn get(&self, key: &str) -> Option<&V> {
        self.0.iter().rev().find_map(|(known, value)| (&**known == key).then_some(value))
    }
}

impl<V> Default for Pairs<'_, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de: 'a, 'a, V: Deserialize<'de>> Deserialize<'de> for Pairs<'a, V> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader<V>(PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for Reader<V> {
            type Value = Vec<(Str<'de>, V)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }

        from.deserialize_map(Reader(PhantomData)).map(Pairs)
    }
}

impl<'a, V: Slot<'a> + Default> Slot<'a> for Pairs<'a, V> {
    fn put(&mut self, value: Value<'a>) -> Result<(), Broken> {
        let Entry { key, value } = Entry::read(value.bytes()?)?;
        self.0.push((key, value));
        Ok(())
    }
}

/// A time; one that can't be read is absent, as one that was never set.
#[derive(Clone, Copy, Default)]
pub(crate) struct Time(pub(crate) Option<Timestamp>);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = Option::<Str<'_>>::deserialize(from)?;
        Ok(Self(text.and_then(|text| text.parse().ok())))
    }
}

impl<'a> Slot<'a> for Time {
    fn put(&mut self, value: Value<'a>) -> Result<(), Broken> {
        // Go's zero time is written as 0 (apimachinery, `time_proto.go`).
        let Moment { seconds, nanos } = Moment::read(value.bytes()?)?;
        self.0 = Timestamp::new(seconds, nanos).ok().filter(|time| *time != Timestamp::UNIX_EPOCH);
        Ok(())
    }
}

#[derive(Default)]
struct Moment {
    seconds: i64,
    nanos: i32,
}

messages! {
    Moment { 1 => seconds, 2 => nanos }
}

/// Something of which only matters that it is there.
#[derive(Default)]
pub(crate) struct Present;

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(from).map(|_| Self)
    }
}

impl<'a> Slot<'a> for Present {
    fn put(&mut self, _: Value<'a>) -> Result<(), Broken> {
        Ok(())
    }
}

/// A part of an object that is looked into only where something is not well.
#[derive(Clone, Copy)]
pub(crate) enum Unread<'a> {
    Json(&'a RawValue),
    Protobuf(&'a [u8]),
}

impl<'a> Unread<'a> {
    /// What it says; nothing where it has another shape.
    pub(crate) fn read<T: Deserialize<'a> + Message<'a>>(self) -> Option<T> {
        match self {
            Self::Json(text) => from_text(text.get()).ok(),
            Self::Protobuf(message) => T::read(message).ok(),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Unread<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(from).map(Self::Json)
    }
}

impl Default for Unread<'_> {
    fn default() -> Self {
        Self::Protobuf(&[])
    }
}

impl<'a> Slot<'a> for Unread<'a> {
    fn put(&mut self, value: Value<'a>) -> Result<(), Broken> {
        *self = Self::Protobuf(value.bytes()?);
        Ok(())
    }
}
