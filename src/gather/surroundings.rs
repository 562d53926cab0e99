//! What stands around sets, pods and claims, out of answers and files.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::intern::Interner;
use super::kind::Kind;
use super::resource::{
    ATTACHMENTS, ATTRIBUTES_CLASSES, BUDGETS, CSI_NODES, NAMESPACES, NODES, REVISIONS, Resource, SNAPSHOTS,
};
use super::wire::{Condition, Map, ObjectMeta, Str, Time, from_text, labels};
use crate::facts::{
    Attachment, AttributesClass, Budget, CsiNode, LabelSelector, Namespace, Node, Requirement, Revision, Snapshot,
};

/// An object whose metadata is all that is read.
#[derive(Deserialize)]
pub(crate) struct Bare<'a> {
    #[serde(borrow, default)]
    pub(super) metadata: ObjectMeta<'a>,
}

impl Kind for Namespace {
    type Wire<'a> = Bare<'a>;
    const RESOURCE: &'static Resource = &NAMESPACES;

    fn from_wire(wire: Bare<'_>, intern: &mut Interner) -> Self {
        Self { meta: wire.metadata.facts(intern) }
    }
}

#[derive(Deserialize)]
pub(crate) struct RevisionWire<'a> {
    #[serde(borrow, default)]
    metadata: ObjectMeta<'a>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RevisionData {
    spec: RevisionSpec,
}

#[derive(Deserialize)]
struct RevisionSpec {
    template: Box<Value>,
}

impl Kind for Revision {
    type Wire<'a> = RevisionWire<'a>;
    const RESOURCE: &'static Resource = &REVISIONS;
    /// Without their templates: those are read of the few that are compared.
    const LISTED_AS: Option<&'static str> =
        Some("application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json");

    fn from_wire(wire: RevisionWire<'_>, intern: &mut Interner) -> Self {
        // A DaemonSet's has the same form; what is none of ours is no error.
        let data = wire.data.and_then(|data| from_text::<RevisionData>(data.get()).ok());
        Self { template: data.map(|data| data.spec.template), meta: wire.metadata.facts(intern) }
    }
}

impl Kind for AttributesClass {
    type Wire<'a> = Bare<'a>;
    const RESOURCE: &'static Resource = &ATTRIBUTES_CLASSES;

    fn from_wire(wire: Bare<'_>, intern: &mut Interner) -> Self {
        Self { meta: wire.metadata.facts(intern) }
    }
}

#[derive(Deserialize)]
pub(crate) struct CsiNodeWire<'a> {
    #[serde(borrow, default)]
    metadata: ObjectMeta<'a>,
    #[serde(borrow, default)]
    spec: CsiNodeSpec<'a>,
}

#[derive(Deserialize, Default)]
struct CsiNodeSpec<'a> {
    #[serde(borrow, default)]
    drivers: Option<Vec<Driver<'a>>>,
}

#[derive(Deserialize)]
struct Driver<'a> {
    #[serde(borrow, default)]
    name: Str<'a>,
}

impl Kind for CsiNode {
    type Wire<'a> = CsiNodeWire<'a>;
    const RESOURCE: &'static Resource = &CSI_NODES;

    fn from_wire(wire: CsiNodeWire<'_>, intern: &mut Interner) -> Self {
        Self {
            drivers: wire.spec.drivers.iter().flatten().map(|driver| intern.text(&driver.name)).collect(),
            meta: wire.metadata.facts(intern),
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct NodeWire<'a> {
    #[serde(borrow, default)]
    metadata: ObjectMeta<'a>,
    #[serde(default)]
    spec: NodeSpec,
    #[serde(borrow, default)]
    status: NodeStatus<'a>,
}

#[derive(Deserialize, Default)]
struct NodeSpec {
    #[serde(default)]
    unschedulable: Option<bool>,
}

#[derive(Deserialize, Default)]
struct NodeStatus<'a> {
    #[serde(borrow, default)]
    conditions: Option<Vec<Condition<'a>>>,
}

impl Kind for Node {
    type Wire<'a> = NodeWire<'a>;
    const RESOURCE: &'static Resource = &NODES;

    fn from_wire(wire: NodeWire<'_>, intern: &mut Interner) -> Self {
        let ready = wire.status.conditions.iter().flatten().find(|condition| &*condition.kind == "Ready");
        let is = |status: &str| ready.is_some_and(|condition| &*condition.status == status);
        Self {
            cordoned: wire.spec.unschedulable.unwrap_or(false),
            ready: is("True"),
            silent: is("Unknown"),
            ready_since: ready.and_then(|condition| condition.last_transition_time.0),
            meta: wire.metadata.facts(intern),
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct SnapshotWire<'a> {
    #[serde(borrow, default)]
    metadata: ObjectMeta<'a>,
    #[serde(borrow, default)]
    spec: SnapshotSpec<'a>,
    #[serde(borrow, default)]
    status: SnapshotStatus<'a>,
}

#[derive(Deserialize, Default)]
struct SnapshotSpec<'a> {
    #[serde(borrow, default)]
    source: SnapshotSource<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct SnapshotSource<'a> {
    #[serde(borrow, default)]
    persistent_volume_claim_name: Option<Str<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct SnapshotStatus<'a> {
    #[serde(default)]
    ready_to_use: Option<bool>,
    #[serde(borrow, default)]
    error: Option<StorageError<'a>>,
}

#[derive(Deserialize)]
struct StorageError<'a> {
    #[serde(borrow, default)]
    message: Option<Str<'a>>,
    #[serde(default)]
    time: Time,
}

impl StorageError<'_> {
    fn says(&self) -> Box<str> {
        self.message.as_deref().unwrap_or_default().into()
    }
}

impl Kind for Snapshot {
    type Wire<'a> = SnapshotWire<'a>;
    const RESOURCE: &'static Resource = &SNAPSHOTS;

    fn from_wire(wire: SnapshotWire<'_>, intern: &mut Interner) -> Self {
        Self {
            claim: wire.spec.source.persistent_volume_claim_name.as_deref().map(Into::into),
            ready: wire.status.ready_to_use.unwrap_or(false),
            error: wire.status.error.as_ref().map(StorageError::says),
            meta: wire.metadata.facts(intern),
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct AttachmentWire<'a> {
    #[serde(borrow, default)]
    metadata: ObjectMeta<'a>,
    #[serde(borrow, default)]
    spec: AttachmentSpec<'a>,
    #[serde(borrow, default)]
    status: AttachmentStatus<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct AttachmentSpec<'a> {
    #[serde(borrow, default)]
    node_name: Option<Str<'a>>,
    #[serde(borrow, default)]
    source: AttachmentSource<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct AttachmentSource<'a> {
    #[serde(borrow, default)]
    persistent_volume_name: Option<Str<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct AttachmentStatus<'a> {
    #[serde(default)]
    attached: bool,
    #[serde(borrow, default)]
    attach_error: Option<StorageError<'a>>,
    #[serde(borrow, default)]
    detach_error: Option<StorageError<'a>>,
}

impl Kind for Attachment {
    type Wire<'a> = AttachmentWire<'a>;
    const RESOURCE: &'static Resource = &ATTACHMENTS;

    fn from_wire(wire: AttachmentWire<'_>, intern: &mut Interner) -> Self {
        let error = |error: Option<StorageError<'_>>| error.map(|e| (e.says(), e.time.0));
        Self {
            volume: wire.spec.source.persistent_volume_name.as_deref().map(Into::into),
            node: intern.or_empty(wire.spec.node_name.as_deref()),
            attached: wire.status.attached,
            attach_error: error(wire.status.attach_error),
            detach_error: error(wire.status.detach_error),
            meta: wire.metadata.facts(intern),
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct BudgetWire<'a> {
    #[serde(borrow, default)]
    metadata: ObjectMeta<'a>,
    #[serde(borrow, default)]
    spec: BudgetSpec<'a>,
    #[serde(default)]
    status: BudgetStatus,
}

#[derive(Deserialize, Default)]
struct BudgetSpec<'a> {
    #[serde(borrow, default)]
    selector: Option<Selector<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Selector<'a> {
    #[serde(borrow, default)]
    match_labels: Option<Map<'a>>,
    #[serde(borrow, default)]
    match_expressions: Option<Vec<Expression<'a>>>,
}

#[derive(Deserialize)]
struct Expression<'a> {
    #[serde(borrow, default)]
    key: Str<'a>,
    #[serde(borrow, default)]
    operator: Str<'a>,
    #[serde(borrow, default)]
    values: Option<Vec<Str<'a>>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct BudgetStatus {
    #[serde(default)]
    disruptions_allowed: i32,
    #[serde(default)]
    desired_healthy: i32,
}

impl Kind for Budget {
    type Wire<'a> = BudgetWire<'a>;
    const RESOURCE: &'static Resource = &BUDGETS;

    fn from_wire(wire: BudgetWire<'_>, intern: &mut Interner) -> Self {
        let selector = wire.spec.selector.unwrap_or_default();
        let equal = labels(selector.match_labels, intern);
        let mut all: Vec<Requirement> =
            equal.iter().map(|(key, value)| Requirement::In(intern.text(key), vec![intern.text(value)])).collect();
        for expression in selector.match_expressions.unwrap_or_default() {
            let key = intern.text(&expression.key);
            let values = expression.values.iter().flatten().map(|value| intern.text(value)).collect();
            all.push(match &*expression.operator {
                "NotIn" => Requirement::NotIn(key, values),
                "Exists" => Requirement::Exists(key),
                "DoesNotExist" => Requirement::Absent(key),
                _ => Requirement::In(key, values),
            });
        }
        Self {
            selector: LabelSelector(all),
            allowed: wire.status.disruptions_allowed,
            desired: wire.status.desired_healthy,
            meta: wire.metadata.facts(intern),
        }
    }
}
