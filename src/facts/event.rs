//! Events: they illustrate and never decide, since they go after an hour.

use jiff::Timestamp;

use super::{Meta, Text, Uid};

/// So many events about one object are kept.
const NEWEST: usize = 50;

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
    pub uid: Uid,
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
        Self::about_name(events, kind, of).filter(move |event| event.uid == of.uid)
    }

    /// The same, and the events about those that had its name before it.
    pub fn about_name<'a>(events: &'a [Self], kind: &'a str, of: &'a Meta) -> impl Iterator<Item = &'a Self> + 'a {
        let key = (&*of.namespace, kind, &*of.name);
        let from = events.partition_point(move |event| (&*event.namespace, &*event.kind, &*event.name) < key);
        events[from..].iter().take_while(move |event| (&*event.namespace, &*event.kind, &*event.name) == key)
    }

    /// Keeps the newest few about each object: of one that has been in trouble for long there may be hundreds, and the present is in the newest.
    pub fn keep_newest(events: &mut Vec<Self>) {
        Self::sort(events);
        let (mut of, mut kept) = (None, 0);
        events.retain(|event| {
            let same = of.as_ref() == Some(&(event.kind.clone(), event.uid.clone()));
            kept = if same { kept + 1 } else { 1 };
            if !same {
                of = Some((event.kind.clone(), event.uid.clone()));
            }
            kept <= NEWEST
        });
    }

    /// Sorts as [`about`](Self::about) needs them.
    pub fn sort(events: &mut [Self]) {
        let key = |event: &Self| (event.namespace.clone(), event.kind.clone(), event.name.clone());
        // The newest first: the present cause stands there.
        events.sort_by(|a, b| key(a).cmp(&key(b)).then(b.last.cmp(&a.last)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::fixture::{event, meta};

    #[test]
    fn the_newest_about_each_object_stay() {
        let (loud, quiet) = (meta("loud-0"), meta("quiet-0"));
        let at = |second: usize| format!("2026-11-21T11:{:02}:{:02}Z", second / 60, second % 60);
        let mut events: Vec<Event> = (0..200).map(|n| event("Pod", &loud, "BackOff", 1, &at(n), "")).collect();
        events.push(event("Pod", &quiet, "Started", 1, &at(0), ""));
        Event::keep_newest(&mut events);
        let about: Vec<_> = Event::about(&events, "Pod", &loud).map(|event| event.last).collect();
        assert_eq!(about.len(), NEWEST);
        assert_eq!((about[0], about[NEWEST - 1]), (Some(at(199).parse().unwrap()), Some(at(150).parse().unwrap())));
        assert_eq!(Event::about(&events, "Pod", &quiet).count(), 1);
    }
}
