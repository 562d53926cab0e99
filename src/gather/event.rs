//! Events of the core API.

use serde::Deserialize;

use super::intern::Interner;
use super::kind::Kind;
use super::resource::{EVENTS, Resource};
use super::wire::{Str, Time};
use crate::facts::Event;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Wire<'a> {
    #[serde(borrow, default)]
    involved_object: Involved<'a>,
    #[serde(borrow, default)]
    reason: Option<Str<'a>>,
    #[serde(borrow, default)]
    message: Option<Str<'a>>,
    #[serde(default)]
    count: Option<u32>,
    #[serde(default)]
    series: Option<Series>,
    #[serde(default)]
    last_timestamp: Time,
    #[serde(default)]
    event_time: Time,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Involved<'a> {
    #[serde(borrow, default)]
    namespace: Option<Str<'a>>,
    #[serde(borrow, default)]
    kind: Option<Str<'a>>,
    #[serde(borrow, default)]
    name: Option<Str<'a>>,
    #[serde(borrow, default)]
    uid: Option<Str<'a>>,
    #[serde(borrow, default)]
    field_path: Option<Str<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Series {
    #[serde(default)]
    count: Option<u32>,
    #[serde(default)]
    last_observed_time: Time,
}

impl Kind for Event {
    type Wire<'a> = Wire<'a>;
    const RESOURCE: &'static Resource = &EVENTS;

    fn from_wire(wire: Wire<'_>, intern: &mut Interner) -> Self {
        let of = wire.involved_object;
        let series = wire.series.as_ref();
        // Written by the older API with lastTimestamp, by the newer with eventTime and, when repeated, a series.
        let times = [series.and_then(|series| series.last_observed_time.0), wire.last_timestamp.0, wire.event_time.0];
        Self {
            namespace: intern.or_empty(of.namespace.as_deref()),
            kind: intern.or_empty(of.kind.as_deref()),
            name: of.name.as_deref().unwrap_or_default().into(),
            uid: of.uid.as_deref().unwrap_or_default().into(),
            container: intern.some(of.field_path.as_deref().and_then(container)),
            reason: intern.or_empty(wire.reason.as_deref()),
            message: wire.message.as_deref().unwrap_or_default().into(),
            count: series.and_then(|series| series.count).or(wire.count).unwrap_or(1),
            last: times.into_iter().flatten().max(),
        }
    }
}

/// `main` of `spec.containers{main}` (kubelet, `container.GenerateContainerRef`).
fn container(path: &str) -> Option<&str> {
    path.split_once('{')?.1.strip_suffix('}')
}
