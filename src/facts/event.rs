//! Events: they illustrate and never decide, since they go after an hour.

use jiff::Timestamp;

use super::{Meta, Text};

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
    /// The container of a pod that it is about (`involvedObject.fieldPath`: `spec.containers{main}`).
    pub container: Option<Text>,
    /// `reason`.
    pub reason: Text,
    /// `message`.
    pub message: Box<str>,
    /// How often it was seen.
    pub count: u32,
    /// When it was last seen.
    pub last: Option<Timestamp>,
}

impl Event {
    /// The events about an object and no namesake of it, the newest first; of events sorted as a cluster's facts are.
    pub fn about<'a>(events: &'a [Self], kind: &'a str, of: &'a Meta) -> impl Iterator<Item = &'a Self> + 'a {
        let key = (&*of.namespace, kind, &*of.name);
        let from = events.partition_point(move |event| (&*event.namespace, &*event.kind, &*event.name) < key);
        let same = move |event: &&Self| (&*event.namespace, &*event.kind, &*event.name) == key;
        events[from..].iter().take_while(same).filter(move |event| *event.uid == *of.uid)
    }

    /// Sorts as [`about`](Self::about) needs them.
    pub fn sort(events: &mut [Self]) {
        let key = |event: &Self| (event.namespace.clone(), event.kind.clone(), event.name.clone());
        // The newest first: the present cause stands there.
        events.sort_by(|a, b| key(a).cmp(&key(b)).then(b.last.cmp(&a.last)));
    }
}
