//! PersistentVolumeClaims.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::intern::Interner;
use super::kind::Kind;
use super::resource::{CLAIMS, Resource};
use super::wire::{Condition, ObjectMeta, Str, time};
use crate::facts::{Claim, ClaimPhase, Quantity};

#[derive(Deserialize)]
pub(crate) struct Wire<'a> {
    #[serde(borrow, default)]
    metadata: ObjectMeta<'a>,
    #[serde(borrow, default)]
    spec: Spec<'a>,
    #[serde(borrow, default)]
    status: Option<Status<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(borrow, default)]
    storage_class_name: Option<Str<'a>>,
    #[serde(borrow, default)]
    access_modes: Option<Vec<Str<'a>>>,
    #[serde(borrow, default)]
    volume_name: Option<Str<'a>>,
    #[serde(borrow, default)]
    resources: Option<Resources<'a>>,
}

#[derive(Deserialize)]
struct Resources<'a> {
    #[serde(borrow, default)]
    requests: Option<BTreeMap<Str<'a>, Amount<'a>>>,
}

#[derive(Deserialize, Default)]
struct Status<'a> {
    #[serde(borrow, default)]
    phase: Option<Str<'a>>,
    #[serde(borrow, default)]
    capacity: Option<BTreeMap<Str<'a>, Amount<'a>>>,
    #[serde(borrow, default)]
    conditions: Option<Vec<Condition<'a>>>,
}

/// A quantity: the server writes a string, a manifest may hold a bare number.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Amount<'a> {
    Text(#[serde(borrow)] Str<'a>),
    Number(serde_json::Number),
}

impl Amount<'_> {
    pub(crate) fn facts(&self) -> Quantity {
        match self {
            Self::Text(text) => Quantity::new(text),
            Self::Number(number) => Quantity::new(&number.to_string()),
        }
    }
}

/// The storage among the amounts.
pub(crate) fn storage(amounts: Option<&BTreeMap<Str<'_>, Amount<'_>>>) -> Option<Quantity> {
    amounts?.iter().find(|(name, _)| &***name == "storage").map(|(_, amount)| amount.facts())
}

impl Kind for Claim {
    type Wire<'a> = Wire<'a>;
    const RESOURCE: &'static Resource = &CLAIMS;

    fn from_wire(wire: Wire<'_>, intern: &mut Interner) -> Self {
        let status = wire.status.unwrap_or_default();
        let unused = status.conditions.iter().flatten().find(|c| &*c.kind == "Unused" && &*c.status == "True");
        Self {
            phase: status.phase.as_deref().filter(|phase| !phase.is_empty()).map(ClaimPhase::new),
            class: wire.spec.storage_class_name.as_deref().map(|class| intern.text(class)),
            request: storage(wire.spec.resources.as_ref().and_then(|r| r.requests.as_ref())),
            capacity: storage(status.capacity.as_ref()),
            access_modes: wire.spec.access_modes.iter().flatten().map(|mode| intern.text(mode)).collect(),
            volume: wire.spec.volume_name.as_deref().filter(|name| !name.is_empty()).map(Into::into),
            unused_since: unused.and_then(|c| time(c.last_transition_time.as_ref())),
            meta: wire.metadata.facts(intern),
        }
    }
}
