//! A set as JSON.

use serde::Serialize;
use workload_core::facts::{Known, StatefulSet, Uid};
use workload_core::findings::{ObjectRef, Verdict};
use workload_core::rollout::Ordinal;
use workload_core::volumes::{Group, Row};

use super::view::{SetView, Sets};

/// An item of a StatusReport.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item<'v> {
    object: ObjectRef,
    #[serde(skip_serializing_if = "Option::is_none")]
    spec: Option<Spec>,
    ready: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retained_claims: Option<i32>,
    ordinals: Vec<OrdinalItem>,
    verdicts: Vec<&'v Verdict>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    replicas: i32,
    start: i32,
    service_name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OrdinalItem {
    ordinal: i32,
    in_range: bool,
    known: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pod: Option<PodItem>,
    claims: Vec<ClaimItem>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PodItem {
    name: String,
    uid: String,
    status: String,
    ready: bool,
    restarts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<String>,
    addresses: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClaimItem {
    template: Option<String>,
    name: String,
    code: &'static str,
}

impl<'v> Item<'v> {
    pub(super) fn new<'a>(sets: &Sets<'a>, view: &'v SetView<'a>) -> Self {
        let claims = sets.claims(view);
        let status = view.set.and_then(|set| set.status.as_ref());
        Self {
            object: view.set.map_or_else(
                || ObjectRef {
                    kind: "StatefulSet",
                    namespace: view.namespace.to_owned(),
                    name: view.name.to_owned(),
                    uid: Uid::default(),
                },
                |set| ObjectRef::new("StatefulSet", &set.meta),
            ),
            spec: view.set.map(Spec::new),
            ready: view.ready.filter(|_| view.set.is_none_or(|set| set.meta.applied())),
            current: status.map(|status| status.current),
            updated: status.map(|status| status.updated),
            retained_claims: view.retained,
            ordinals: sets.ordinals(view).iter().map(|ordinal| OrdinalItem::new(ordinal, &claims)).collect(),
            verdicts: view.verdicts().collect(),
        }
    }
}

impl Spec {
    fn new(set: &StatefulSet) -> Self {
        Self { replicas: set.replicas, start: set.start, service_name: set.service.to_string() }
    }
}

impl OrdinalItem {
    fn new(row: &Ordinal<'_>, claims: &[Row<'_>]) -> Self {
        let pod = row.pod.read().flatten().map(|pod| PodItem {
            name: pod.meta.name.to_string(),
            uid: pod.meta.uid.to_string(),
            status: pod.status.to_string(),
            ready: pod.ready,
            restarts: pod.restarts,
            revision: row.revision.map(workload_core::rollout::Revision::word),
            node: pod.node.as_deref().map(str::to_owned),
            addresses: pod.addresses.iter().map(ToString::to_string).collect(),
        });
        let of = claims.iter().filter(|claim| claim.ordinal == Some(row.ordinal) && claim.group == Group::InRange);
        Self {
            ordinal: row.ordinal,
            in_range: row.in_range,
            known: matches!(row.pod, Known::Read(_)),
            pod,
            claims: of
                .map(|claim| ClaimItem {
                    template: claim.template_name().map(str::to_owned),
                    name: claim.name.to_string(),
                    code: claim.class.code().word(),
                })
                .collect(),
        }
    }
}
