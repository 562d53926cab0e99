//! PersistentVolumeClaims.

use serde::Deserialize;
use workload_protobuf::{ACCEPT, Broken, Message, Slot, Value, messages};

use super::intern::Interner;
use super::kind::Kind;
use super::resource::{CLAIMS, Resource};
use super::wire::{Condition, Fields, ManagedFields, ObjectMeta, Pairs, Str, Unread};
use crate::facts::{Change, Claim, ClaimCondition, ClaimPhase, ClaimSpec, Maker, Quantity};

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
    storage_class_name: Option<Str<'a>>,
    #[serde(borrow, default)]
    access_modes: Option<Vec<Str<'a>>>,
    #[serde(borrow, default)]
    volume_name: Option<Str<'a>>,
    #[serde(borrow, default)]
    resources: Option<Resources<'a>>,
    #[serde(borrow, default)]
    volume_mode: Option<Str<'a>>,
    #[serde(borrow, default)]
    volume_attributes_class_name: Option<Str<'a>>,
    #[serde(borrow, default)]
    data_source: Option<Source<'a>>,
    #[serde(borrow, default)]
    data_source_ref: Option<Source<'a>>,
}

#[derive(Deserialize, Default)]
struct Source<'a> {
    #[serde(borrow, default)]
    kind: Str<'a>,
    #[serde(borrow, default)]
    name: Str<'a>,
}

#[derive(Deserialize, Default)]
struct Resources<'a> {
    #[serde(borrow, default)]
    requests: Option<AmountMap<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    #[serde(borrow, default)]
    phase: Option<Str<'a>>,
    #[serde(borrow, default)]
    capacity: Option<AmountMap<'a>>,
    #[serde(borrow, default)]
    conditions: Option<Vec<Condition<'a>>>,
    #[serde(borrow, default)]
    allocated_resource_statuses: Option<Pairs<'a, Str<'a>>>,
    #[serde(borrow, default, rename = "modifyVolumeStatus")]
    change: Option<Modify<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Modify<'a> {
    #[serde(borrow, default)]
    status: Str<'a>,
    #[serde(borrow, default)]
    target_volume_attributes_class_name: Option<Str<'a>>,
}

messages! {
    Wire<'a> { 1 => metadata, 2 => spec, 3 => status }
    Spec<'a> {
        1 => access_modes, 2 => resources, 3 => volume_name, 5 => storage_class_name, 6 => volume_mode, 7 => data_source,
        8 => data_source_ref, 9 => volume_attributes_class_name,
    }
    Source<'a> { 2 => kind, 3 => name }
    Resources<'a> { 2 => requests }
    Status<'a> { 1 => phase, 3 => capacity, 4 => conditions, 7 => allocated_resource_statuses, 9 => change }
    Modify<'a> { 1 => target_volume_attributes_class_name, 2 => status }
}

/// The manager that holds the spec's sizes and modes made the claim (managed fields of 1.36: a hand-made one has the controller
/// manager only for `spec.volumeName` and annotations).
fn maker(meta: &ObjectMeta<'_>) -> Maker {
    let wrote = |entry: &ManagedFields<'_>| {
        let fields: Option<Fields> = entry.fields.and_then(Unread::read);
        fields
            .and_then(|fields| fields.spec)
            .is_some_and(|spec| spec.access_modes.is_some() || spec.resources.is_some())
    };
    // The names of fields are long, and read only where they decide.
    let own: Vec<_> = meta.managed_fields().filter(ManagedFields::is_own).collect();
    let controllers = |entry: &&ManagedFields<'_>| entry.manager.as_deref() == Some("kube-controller-manager");
    // A later edit of the size adds its editor: the maker stays.
    if own.iter().filter(controllers).any(wrote) {
        Maker::Controllers
    } else if own.iter().filter(|entry| !controllers(entry)).any(wrote) {
        Maker::Other
    } else {
        Maker::Unknown
    }
}

/// A quantity: the server writes a string, a manifest may hold a bare number.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Amount<'a> {
    Text(#[serde(borrow)] Str<'a>),
    Number(serde_json::Number),
}

impl Amount<'_> {
    pub(crate) fn facts(&self, intern: &mut Interner) -> Quantity {
        match self {
            Self::Text(text) => intern.quantity(text),
            Self::Number(number) => intern.quantity(&number.to_string()),
        }
    }
}

impl Default for Amount<'_> {
    fn default() -> Self {
        Self::Text(Str::default())
    }
}

/// In protobuf a message of one text.
impl<'a> Message<'a> for Amount<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Broken> {
        if number == 1 {
            let mut text = Str::default();
            text.put(value)?;
            *self = Self::Text(text);
        }
        Ok(())
    }
}

impl<'a> Slot<'a> for Amount<'a> {
    fn put(&mut self, value: Value<'a>) -> Result<(), Broken> {
        self.merge(value.bytes()?)
    }
}

/// Amounts of resources by their names.
pub(crate) type AmountMap<'a> = Pairs<'a, Amount<'a>>;

/// How much of a resource there is among them.
pub(crate) fn amount(resource: &str, of: Option<&AmountMap<'_>>, intern: &mut Interner) -> Option<Quantity> {
    of?.get(resource).map(|amount| amount.facts(intern))
}

impl Kind for Claim {
    type Wire<'a> = Wire<'a>;
    const RESOURCE: &'static Resource = &CLAIMS;
    const LISTED_AS: Option<&'static str> = Some(ACCEPT);

    fn from_protobuf(object: &[u8]) -> Result<Wire<'_>, Broken> {
        Wire::read(object)
    }

    fn from_wire(wire: Wire<'_>, intern: &mut Interner) -> Self {
        let status = wire.status.unwrap_or_default();
        let unused = status.conditions.iter().flatten().find(|c| &*c.kind == "Unused" && &*c.status == "True");
        let spec = ClaimSpec {
            class: wire.spec.storage_class_name.as_deref().map(|class| intern.text(class)),
            request: amount("storage", wire.spec.resources.as_ref().and_then(|r| r.requests.as_ref()), intern),
            access_modes: wire.spec.access_modes.iter().flatten().map(|mode| intern.text(mode)).collect(),
            block: wire.spec.volume_mode.as_deref() == Some("Block"),
            attributes_class: intern.some(wire.spec.volume_attributes_class_name.as_deref()),
        };
        Self {
            spec: intern.claim(spec),
            phase: status.phase.as_deref().filter(|phase| !phase.is_empty()).map(ClaimPhase::new),
            capacity: amount("storage", status.capacity.as_ref(), intern),
            volume: wire.spec.volume_name.as_deref().filter(|name| !name.is_empty()).map(Into::into),
            change: status.change.as_ref().map(|change| {
                Box::new(Change {
                    to: intern.or_empty(change.target_volume_attributes_class_name.as_deref()),
                    state: intern.text(&change.status),
                })
            }),
            source: wire
                .spec
                .data_source_ref
                .or(wire.spec.data_source)
                .map(|source| Box::new((intern.text(&source.kind), (&*source.name).into()))),
            provisioner: wire.metadata.annotations.as_ref().and_then(|all| {
                intern.some(all.storage_provisioner.as_deref().or(all.storage_provisioner_beta.as_deref()))
            }),
            conditions: status
                .conditions
                .iter()
                .flatten()
                .filter(|condition| &*condition.kind != "Unused")
                .map(|condition| ClaimCondition {
                    kind: intern.text(&condition.kind),
                    holds: &*condition.status == "True",
                    message: condition.message.as_deref().unwrap_or_default().into(),
                    since: condition.last_transition_time.0,
                })
                .collect(),
            resize: status
                .allocated_resource_statuses
                .as_ref()
                .and_then(|of| of.get("storage"))
                .map(|state| intern.text(state)),
            maker: maker(&wire.metadata),
            version: wire.metadata.resource_version.as_deref().unwrap_or_default().into(),
            unused_since: unused.and_then(|c| c.last_transition_time.0).map(Into::into),
            meta: wire.metadata.facts(intern),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who made a claim with these managed fields: each a manager, a subresource and the fields of its spec.
    fn made(entries: &[(&str, &str, &str)]) -> Maker {
        let entry = |(manager, subresource, spec): &(&str, &str, &str)| {
            format!(
                r#"{{"manager": "{manager}", "subresource": "{subresource}", "fieldsV1": {{"f:spec": {{{spec}}}}}}}"#
            )
        };
        let entries: Vec<String> = entries.iter().map(entry).collect();
        let claim = format!(r#"{{"metadata": {{"name": "data-web-0", "managedFields": [{}]}}}}"#, entries.join(", "));
        Claim::from_wire(serde_json::from_str(&claim).unwrap(), &mut Interner::default()).maker
    }

    #[test]
    fn who_holds_a_claims_sizes_and_modes_has_made_it() {
        let (modes, size, volume) = (r#""f:accessModes": {}"#, r#""f:resources": {}"#, r#""f:volumeName": {}"#);
        let (ours, editor) = ("kube-controller-manager", "kubectl-edit");
        assert_eq!(made(&[(ours, "", modes)]), Maker::Controllers);
        assert_eq!(made(&[(editor, "", size), (ours, "", modes)]), Maker::Controllers, "somebody made it larger later");
        assert_eq!(made(&[("kubectl", "", modes), (ours, "", volume)]), Maker::Other, "the controllers only bound it");
        assert_eq!(made(&[("kubectl", "", modes), (ours, "status", modes)]), Maker::Other, "a status is no spec");
        assert_eq!(made(&[(ours, "", volume)]), Maker::Unknown);
        assert_eq!(made(&[]), Maker::Unknown);
    }
}
