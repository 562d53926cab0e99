//! Events: they illustrate and never decide, since they go after an hour.

use jiff::Timestamp;

use super::Text;

/// An Event of the core API, about one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Namespace of the object that it is about; empty for one without (the Event itself then stands in `default`).
    pub namespace: Text,
    /// Kind of that object.
    pub kind: Text,
    /// Its name.
    pub name: Box<str>,
    /// Its UID; an object made anew under the same name has another.
    pub uid: Box<str>,
    /// `reason`.
    pub reason: Text,
    /// `message`.
    pub message: Box<str>,
    /// How often it was seen.
    pub count: u32,
    /// When it was last seen.
    pub last: Option<Timestamp>,
}
