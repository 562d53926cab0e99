//! UIDs.

use std::fmt;

use serde::{Serialize, Serializer};

/// A UID. One as the API server makes them takes no memory beside itself, and a large cluster has hundreds of thousands.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uid(Form);

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Form {
    /// Its bytes.
    Made([u8; 16]),
    Other(Box<str>),
}

/// Where the text has a dash, and where each byte's two digits stand.
const DASHES: [usize; 4] = [8, 13, 18, 23];
const DIGITS: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

const HEX: &[u8; 16] = b"0123456789abcdef";

/// What a digit is worth; more than 15 for what is none.
const WORTH: [u8; 256] = {
    let mut worth = [u8::MAX; 256];
    let mut digit = 0;
    while digit < 16 {
        worth[HEX[digit as usize] as usize] = digit;
        digit += 1;
    }
    worth
};

impl Uid {
    /// Whether there is none: the object was never applied, or is only reserved for one.
    pub fn is_empty(&self) -> bool {
        matches!(&self.0, Form::Other(text) if text.is_empty())
    }

    /// Its number, where the API server made it.
    pub fn made(&self) -> Option<u128> {
        match self.0 {
            Form::Made(bytes) => Some(u128::from_be_bytes(bytes)),
            Form::Other(_) => None,
        }
    }

    /// The number of a text, where it is one that the API server makes (RFC 9562 in lower case, apimachinery `uuid.NewUUID`); `None` for any other
    /// text, so that no two texts come to the same number.
    pub fn number(text: &str) -> Option<u128> {
        let text: &[u8; 36] = text.as_bytes().try_into().ok()?;
        let (mut bytes, mut all) = ([0; 16], 0);
        for (byte, at) in bytes.iter_mut().zip(DIGITS) {
            let (high, low) = (WORTH[usize::from(text[at])], WORTH[usize::from(text[at + 1])]);
            *byte = high << 4 | low;
            all |= high | low;
        }
        (all < 16 && DASHES.iter().all(|at| text[*at] == b'-')).then(|| u128::from_be_bytes(bytes))
    }
}

impl From<&str> for Uid {
    fn from(text: &str) -> Self {
        Self(Self::number(text).map_or_else(|| Form::Other(text.into()), |number| Form::Made(number.to_be_bytes())))
    }
}

impl From<String> for Uid {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl Default for Uid {
    fn default() -> Self {
        Self::from("")
    }
}

impl PartialEq<str> for Uid {
    fn eq(&self, text: &str) -> bool {
        match &self.0 {
            Form::Made(bytes) => Self::number(text) == Some(u128::from_be_bytes(*bytes)),
            Form::Other(own) => **own == *text,
        }
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Made(bytes) => {
                let mut text = [b'-'; 36];
                for (byte, at) in bytes.iter().zip(DIGITS) {
                    text[at] = HEX[usize::from(byte >> 4)];
                    text[at + 1] = HEX[usize::from(byte & 15)];
                }
                f.write_str(std::str::from_utf8(&text).unwrap_or_default())
            }
            Form::Other(text) => f.write_str(text),
        }
    }
}

impl Serialize for Uid {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &str = "0b1f9c1e-3b0a-4c57-9f42-6a1d7f0e2c33";

    /// Each is another UID.
    const OTHERS: [&str; 8] = [
        "0b1f9c1e-3b0a-4c57-9f42-6a1d7f0e2c34",
        "0B1F9C1E-3B0A-4C57-9F42-6A1D7F0E2C33",
        "0b1f9c1e3b0a-4c57-9f42-6a1d7f0e2c33-",
        "0b1f9c1e-3b0a-4c57-9f42-6a1d7f0e2cg3",
        "0b1f9c1e-3b0a-4c57-9f42_6a1d7f0e2c33",
        "0b1f9c1e-3b0a-4c57-9f42-6a1d7f0e2c33 ",
        "7",
        "",
    ];

    #[test]
    fn every_uid_is_shown_as_it_came_and_equals_itself_alone() {
        let known = Uid::from(KNOWN);
        for text in OTHERS.into_iter().chain([KNOWN]) {
            let uid = Uid::from(text);
            assert_eq!((uid.to_string().as_str(), uid.is_empty()), (text, text.is_empty()));
            assert_eq!((uid == *text, uid == *KNOWN, uid == known), (true, text == KNOWN, text == KNOWN), "{text}");
        }
        assert_eq!(size_of::<Uid>(), 24);
    }
}
