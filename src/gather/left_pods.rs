//! Pods of Jobs that are gone.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::intern::Interner;
use super::kind::Kind;
use super::lists;
use super::resource::{PODS, Resource};
use super::wire::{ObjectMeta, Str, from_text};
use crate::connect::{Client, Error};
use crate::facts::{LeftPod, Listed, PodPhase, Text};

/// Every pod of a Job carries this label (batch/v1, `LegacyJobNameLabel`).
const OF_JOBS: &str = "labelSelector=job-name";

#[derive(Deserialize)]
pub(crate) struct Wire<'a> {
    #[serde(borrow)]
    metadata: &'a RawValue,
    #[serde(borrow, default)]
    status: Status<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Version<'a> {
    #[serde(borrow, default)]
    resource_version: Str<'a>,
}

#[derive(Deserialize, Default)]
struct Status<'a> {
    #[serde(borrow, default)]
    phase: Str<'a>,
}

impl Kind for LeftPod {
    type Wire<'a> = Wire<'a>;
    const RESOURCE: &'static Resource = &PODS;

    fn from_wire(wire: Wire<'_>, intern: &mut Interner) -> Self {
        let meta: ObjectMeta<'_> = from_text(wire.metadata.get()).unwrap_or_default();
        let version: Version<'_> = from_text(wire.metadata.get()).unwrap_or_default();
        Self {
            meta: meta.facts(intern),
            version: (*version.resource_version).into(),
            phase: PodPhase::new(&wire.status.phase),
        }
    }
}

/// The pods of a namespace that a Job made.
pub async fn list(client: &Client, namespace: &Text, chunk: u32) -> Result<Listed<LeftPod>, Error> {
    let paged = lists::list_where::<LeftPod>(client, Some(namespace), chunk, OF_JOBS).await;
    match paged.failed {
        Some(error) => Err(error),
        None => Ok(paged.list),
    }
}
