//! PersistentVolumes.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::claim::{Amount, storage};
use super::intern::Interner;
use super::kind::Kind;
use super::resource::{Resource, VOLUMES};
use super::wire::{ObjectMeta, Str, time};
use crate::facts::{ClaimRef, Labels, Place, Volume, VolumePhase};

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
    capacity: Option<BTreeMap<Str<'a>, Amount<'a>>>,
    #[serde(borrow, default)]
    storage_class_name: Option<Str<'a>>,
    #[serde(borrow, default)]
    persistent_volume_reclaim_policy: Option<Str<'a>>,
    #[serde(borrow, default)]
    claim_ref: Option<Ref<'a>>,
    #[serde(borrow, default)]
    node_affinity: Option<Affinity<'a>>,
}

#[derive(Deserialize)]
struct Ref<'a> {
    #[serde(borrow, default)]
    namespace: Option<Str<'a>>,
    #[serde(borrow, default)]
    name: Option<Str<'a>>,
    #[serde(borrow, default)]
    uid: Option<Str<'a>>,
}

#[derive(Deserialize)]
struct Affinity<'a> {
    #[serde(borrow, default)]
    required: Option<Required<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Required<'a> {
    #[serde(borrow, default)]
    node_selector_terms: Option<Vec<Term<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Term<'a> {
    #[serde(borrow, default)]
    match_expressions: Option<Vec<Expression<'a>>>,
    #[serde(borrow, default)]
    match_fields: Option<Vec<Expression<'a>>>,
}

#[derive(Deserialize)]
struct Expression<'a> {
    #[serde(borrow, default)]
    key: Str<'a>,
    #[serde(borrow, default)]
    values: Option<Vec<Str<'a>>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    #[serde(borrow, default)]
    phase: Option<Str<'a>>,
    #[serde(borrow, default)]
    last_phase_transition_time: Option<Str<'a>>,
}

/// Keys differ by vendor (`topology.ebs.csi.aws.com/zone`, `openebs.io/nodename`); their last part does not.
fn place(affinity: Option<&Affinity<'_>>, labels: &Labels, intern: &mut Interner) -> Option<Place> {
    let expressions: Vec<&Expression<'_>> = affinity
        .and_then(|a| a.required.as_ref())
        .and_then(|r| r.node_selector_terms.as_ref())
        .into_iter()
        .flatten()
        .flat_map(|term| term.match_expressions.iter().chain(&term.match_fields).flatten())
        .collect();
    let mut named = |endings: &[&str]| {
        let found = expressions.iter().find(|e| endings.iter().any(|end| e.key.ends_with(end)))?;
        let values: Vec<&str> = found.values.iter().flatten().map(|value| &**value).collect();
        (!values.is_empty()).then(|| intern.text(&values.join(",")))
    };
    if let Some(node) = named(&["/hostname", "/nodename", "metadata.name"]) {
        return Some(Place::Node(node));
    }
    named(&["/zone"]).map(Place::Zone).or_else(|| {
        // Before volumes had node affinity, in-tree provisioners labelled them.
        let zone =
            labels.get("topology.kubernetes.io/zone").or_else(|| labels.get("failure-domain.beta.kubernetes.io/zone"));
        zone.map(|zone| Place::Zone(intern.text(zone)))
    })
}

impl Kind for Volume {
    type Wire<'a> = Wire<'a>;
    const RESOURCE: &'static Resource = &VOLUMES;

    fn from_wire(wire: Wire<'_>, intern: &mut Interner) -> Self {
        let status = wire.status.unwrap_or_default();
        let meta = wire.metadata.facts(intern);
        Self {
            phase: VolumePhase::new(status.phase.as_deref().unwrap_or_default()),
            since: time(status.last_phase_transition_time.as_ref()),
            capacity: storage(wire.spec.capacity.as_ref()),
            class: intern.some(wire.spec.storage_class_name.as_deref()),
            reclaim: intern.or_empty(wire.spec.persistent_volume_reclaim_policy.as_deref()),
            claim: wire.spec.claim_ref.map(|claim| ClaimRef {
                namespace: intern.or_empty(claim.namespace.as_deref()),
                name: claim.name.as_deref().unwrap_or_default().into(),
                uid: claim.uid.as_deref().unwrap_or_default().into(),
            }),
            place: place(wire.spec.node_affinity.as_ref(), &meta.labels, intern),
            meta,
        }
    }
}
