//! Where a field's value goes.

use std::borrow::Cow;

use super::{Broken, Message, Value};

/// What a field's value can be put into.
pub trait Slot<'a> {
    /// Takes the value of a field; a list takes one of its items.
    fn put(&mut self, value: Value<'a>) -> Result<(), Broken>;
}

impl<'a> Slot<'a> for Cow<'a, str> {
    fn put(&mut self, value: Value<'a>) -> Result<(), Broken> {
        *self = Cow::Borrowed(std::str::from_utf8(value.bytes()?).map_err(|_| Broken)?);
        Ok(())
    }
}

impl<'a> Slot<'a> for String {
    fn put(&mut self, value: Value<'a>) -> Result<(), Broken> {
        std::str::from_utf8(value.bytes()?).map_err(|_| Broken)?.clone_into(self);
        Ok(())
    }
}

impl<'a> Slot<'a> for bool {
    fn put(&mut self, value: Value<'a>) -> Result<(), Broken> {
        *self = value.number()? != 0;
        Ok(())
    }
}

macro_rules! numbers {
    ($($number:ty)*) => { $(
        impl<'a> Slot<'a> for $number {
            fn put(&mut self, value: Value<'a>) -> Result<(), Broken> {
                *self = value.number()?.try_into().map_err(|_| Broken)?;
                Ok(())
            }
        }
    )* };
}

numbers!(i64 i32 u64 u32);

impl<'a, T: Slot<'a> + Default> Slot<'a> for Option<T> {
    fn put(&mut self, value: Value<'a>) -> Result<(), Broken> {
        self.get_or_insert_default().put(value)
    }
}

impl<'a, T: Slot<'a> + Default> Slot<'a> for Vec<T> {
    fn put(&mut self, value: Value<'a>) -> Result<(), Broken> {
        let mut item = T::default();
        item.put(value)?;
        self.push(item);
        Ok(())
    }
}

/// An entry of a map.
#[derive(Default)]
pub struct Entry<K, V> {
    /// What it is filed under.
    pub key: K,
    /// What is filed.
    pub value: V,
}

impl<'a, K: Slot<'a> + Default, V: Slot<'a> + Default> Message<'a> for Entry<K, V> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Broken> {
        match number {
            1 => self.key.put(value),
            2 => self.value.put(value),
            _ => Ok(()),
        }
    }
}
