//! PersistentVolumes.

use serde::Deserialize;
use workload_protobuf::{ACCEPT, Broken, Message, messages};

use super::claim::{AmountMap, amount};
use super::intern::Interner;
use super::kind::Kind;
use super::resource::{Resource, VOLUMES};
use super::wire::{ObjectMeta, Str, Time};
use crate::facts::{ClaimRef, LabelSelector, Labels, Place, Requirement, Volume, VolumePhase, VolumeSpec};

#[derive(Deserialize, Default)]
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
    capacity: Option<AmountMap<'a>>,
    #[serde(borrow, default)]
    storage_class_name: Option<Str<'a>>,
    #[serde(borrow, default)]
    persistent_volume_reclaim_policy: Option<Str<'a>>,
    #[serde(borrow, default)]
    claim_ref: Option<Ref<'a>>,
    #[serde(borrow, default)]
    node_affinity: Option<Affinity<'a>>,
    #[serde(borrow, default)]
    access_modes: Option<Vec<Str<'a>>>,
    #[serde(borrow, default)]
    volume_mode: Option<Str<'a>>,
    #[serde(borrow, default)]
    csi: Option<Csi<'a>>,
    #[serde(borrow, default)]
    host_path: Option<OnPath<'a>>,
    #[serde(borrow, default)]
    local: Option<OnPath<'a>>,
    #[serde(borrow, default)]
    nfs: Option<Nfs<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Csi<'a> {
    #[serde(borrow, default)]
    driver: Str<'a>,
    #[serde(borrow, default)]
    volume_handle: Str<'a>,
}

#[derive(Deserialize, Default)]
struct OnPath<'a> {
    #[serde(borrow, default)]
    path: Str<'a>,
}

#[derive(Deserialize, Default)]
struct Nfs<'a> {
    #[serde(borrow, default)]
    server: Str<'a>,
    #[serde(borrow, default)]
    path: Str<'a>,
}

impl Spec<'_> {
    /// Where the data lies: driver or source, and its name there.
    fn disk(&self) -> (&str, String) {
        match self {
            Self { csi: Some(csi), .. } => (&csi.driver, csi.volume_handle.to_string()),
            Self { host_path: Some(on), .. } => ("hostPath", on.path.to_string()),
            Self { local: Some(on), .. } => ("local", on.path.to_string()),
            Self { nfs: Some(nfs), .. } => ("nfs", format!("{}:{}", &*nfs.server, &*nfs.path)),
            _ => ("", String::new()),
        }
    }
}

#[derive(Deserialize, Default)]
struct Ref<'a> {
    #[serde(borrow, default)]
    namespace: Option<Str<'a>>,
    #[serde(borrow, default)]
    name: Option<Str<'a>>,
    #[serde(borrow, default)]
    uid: Option<Str<'a>>,
}

#[derive(Deserialize, Default)]
struct Affinity<'a> {
    #[serde(borrow, default)]
    required: Option<Required<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Required<'a> {
    #[serde(borrow, default)]
    node_selector_terms: Option<Vec<Term<'a>>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Term<'a> {
    #[serde(borrow, default)]
    match_expressions: Option<Vec<Expression<'a>>>,
    #[serde(borrow, default)]
    match_fields: Option<Vec<Expression<'a>>>,
}

#[derive(Deserialize, Default)]
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
struct Status<'a> {
    #[serde(borrow, default)]
    phase: Option<Str<'a>>,
    #[serde(default)]
    last_phase_transition_time: Time,
    #[serde(borrow, default)]
    message: Option<Str<'a>>,
}

messages! {
    Wire<'a> { 1 => metadata, 2 => spec, 3 => status }
    Spec<'a> {
        1 => capacity, 2 => { 3 => host_path, 5 => nfs, 20 => local, 22 => csi }, 3 => access_modes, 4 => claim_ref,
        5 => persistent_volume_reclaim_policy, 6 => storage_class_name, 8 => volume_mode, 9 => node_affinity,
    }
    Csi<'a> { 1 => driver, 2 => volume_handle }
    Ref<'a> { 2 => namespace, 3 => name, 4 => uid }
    Affinity<'a> { 1 => required }
    Required<'a> { 1 => node_selector_terms }
    Term<'a> { 1 => match_expressions, 2 => match_fields }
    Expression<'a> { 1 => key, 2 => operator, 3 => values }
    Status<'a> { 1 => phase, 2 => message, 4 => last_phase_transition_time }
    OnPath<'a> { 1 => path }
    Nfs<'a> { 1 => server, 2 => path }
}

/// The terms of an affinity, any of which a node must meet whole. What can't be read counts as met: no fault is built on it.
fn terms(affinity: Option<&Affinity<'_>>, intern: &mut Interner) -> Option<Box<[LabelSelector]>> {
    let terms = affinity?.required.as_ref()?.node_selector_terms.as_ref()?;
    let mut requirement = |expression: &Expression<'_>| {
        let key = intern.text(&expression.key);
        let values: Vec<_> = expression.values.iter().flatten().map(|value| intern.text(value)).collect();
        let number = values.first().and_then(|value| value.parse().ok());
        Some(match (&*expression.operator, number) {
            ("In", _) => Requirement::In(key, values),
            ("NotIn", _) => Requirement::NotIn(key, values),
            ("Exists", _) => Requirement::Exists(key),
            ("DoesNotExist", _) => Requirement::Absent(key),
            ("Gt", Some(number)) => Requirement::Compare(key, true, number),
            ("Lt", Some(number)) => Requirement::Compare(key, false, number),
            _ => return None,
        })
    };
    let term = |term: &Term<'_>| {
        let all = term.match_expressions.iter().chain(&term.match_fields).flatten();
        LabelSelector(all.filter_map(&mut requirement).collect())
    };
    Some(terms.iter().map(term).collect())
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
        // A disk of Azure's outside of zones is bound to the zone "".
        let values: Vec<&str> =
            found.values.iter().flatten().map(|value| &**value).filter(|value| !value.is_empty()).collect();
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
    const LISTED_AS: Option<&'static str> = Some(ACCEPT);

    fn from_protobuf(object: &[u8]) -> Result<Wire<'_>, Broken> {
        Wire::read(object)
    }

    fn from_wire(wire: Wire<'_>, intern: &mut Interner) -> Self {
        let status = wire.status.unwrap_or_default();
        let version = wire.metadata.resource_version.as_deref().unwrap_or_default().into();
        let provisioned_by =
            wire.metadata.annotations.as_ref().and_then(|all| intern.some(all.provisioned_by.as_deref()));
        let meta = wire.metadata.facts(intern);
        let csi = wire.spec.csi.is_some();
        let (driver, handle) = wire.spec.disk();
        let (driver, handle) = (intern.text(driver), handle.into());
        let spec = VolumeSpec {
            capacity: amount("storage", wire.spec.capacity.as_ref(), intern),
            class: intern.some(wire.spec.storage_class_name.as_deref()),
            reclaim: intern.or_empty(wire.spec.persistent_volume_reclaim_policy.as_deref()),
            place: place(wire.spec.node_affinity.as_ref(), &meta.labels, intern),
            affinity: terms(wire.spec.node_affinity.as_ref(), intern),
            access_modes: wire.spec.access_modes.iter().flatten().map(|mode| intern.text(mode)).collect(),
            block: wire.spec.volume_mode.as_deref() == Some("Block"),
            driver,
            csi,
        };
        Self {
            spec: intern.volume(spec),
            handle,
            message: status.message.as_deref().unwrap_or_default().into(),
            provisioned_by,
            version,
            phase: VolumePhase::new(status.phase.as_deref().unwrap_or_default()),
            since: status.last_phase_transition_time.0.map(Into::into),
            claim: wire.spec.claim_ref.map(|claim| ClaimRef {
                namespace: intern.or_empty(claim.namespace.as_deref()),
                name: claim.name.as_deref().unwrap_or_default().into(),
                uid: claim.uid.as_deref().unwrap_or_default().into(),
            }),
            meta,
        }
    }
}
