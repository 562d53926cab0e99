//! The shapes of answers, as far as facts need them, borrowed from the answer's bytes.
//!
//! Pods, claims and volumes dominate every list; decoding them into the full API types takes four times the time and ten times
//! the memory of these. The other kinds use the API types, in `typed`.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use jiff::Timestamp;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use workload_protobuf::{Broken, Entry, Message, Slot, Value, messages};

use super::intern::Interner;
use crate::facts::{HookNotes, Labels, Meta, Owner};

/// Reads a text of JSON. From bytes, as answers are read: with the library's reader of texts besides, every shape would stand in the
/// programs twice.
pub(crate) fn from_text<'a, T: Deserialize<'a>>(text: &'a str) -> serde_json::Result<T> {
    serde_json::from_slice(text.as_bytes())
}

/// The media types in which the kinds are asked for of which a cluster has most: an API server has them in protobuf for less of its time
/// and ours, and what stands before it and knows only JSON answers so.
pub(crate) const PROTOBUF: Option<&str> = Some("application/vnd.kubernetes.protobuf,application/json");

/// A page of a list.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub(crate) struct Page<T> {
    #[serde(default)]
    pub(crate) metadata: PageMeta,
    #[serde(default = "none")]
    pub(crate) items: Option<Vec<T>>,
}

fn none<T>() -> Option<T> {
    None
}

#[derive(Deserialize, Default)]
pub(crate) struct PageMeta {
    #[serde(default, rename = "continue")]
    pub(crate) next: Option<String>,
    #[serde(default, rename = "resourceVersion")]
    pub(crate) version: Option<String>,
    /// How many objects stand on the pages after this one, where the server counts them (not under a selector).
    #[serde(default, rename = "remainingItemCount")]
    pub(crate) remaining: Option<u64>,
}

/// A string that is borrowed where it stands unescaped in the answer.
#[derive(Deserialize, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Str<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Slot<'a> for Str<'a> {
    fn put(&mut self, value: Value<'a>) -> Result<(), Broken> {
        self.0.put(value)
    }
}

impl<'a> From<&'a str> for Str<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl std::ops::Deref for Str<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Str<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// The pairs of a map, as they stand: a tree of the few that an object has weighs more than they do.
pub(crate) struct Pairs<'a, V>(Vec<(Str<'a>, V)>);

pub(crate) type Map<'a> = Pairs<'a, Option<Str<'a>>>;

impl<'a, V> Pairs<'a, V> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Str<'a>, &V)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// What is filed under a key; of several the last counts.
    pub(crate) fn get(&self, key: &str) -> Option<&V> {
        self.0.iter().rev().find_map(|(known, value)| (&**known == key).then_some(value))
    }
}

impl<V> Default for Pairs<'_, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de: 'a, 'a, V: Deserialize<'de>> Deserialize<'de> for Pairs<'a, V> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader<V>(PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for Reader<V> {
            type Value = Vec<(Str<'de>, V)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }

        from.deserialize_map(Reader(PhantomData)).map(Pairs)
    }
}

impl<'a, V: Slot<'a> + Default> Slot<'a> for Pairs<'a, V> {
    fn put(&mut self, value: Value<'a>) -> Result<(), Broken> {
        let Entry { key, value } = Entry::read(value.bytes()?)?;
        self.0.push((key, value));
        Ok(())
    }
}

/// A time; one that can't be read is absent, as one that was never set.
#[derive(Clone, Copy, Default)]
pub(crate) struct Time(pub(crate) Option<Timestamp>);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = Option::<Str<'_>>::deserialize(from)?;
        Ok(Self(text.and_then(|text| text.parse().ok())))
    }
}

impl<'a> Slot<'a> for Time {
    fn put(&mut self, value: Value<'a>) -> Result<(), Broken> {
        // Go's zero time is written as 0 (apimachinery, `time_proto.go`).
        let Moment { seconds, nanos } = Moment::read(value.bytes()?)?;
        self.0 = Timestamp::new(seconds, nanos).ok().filter(|time| *time != Timestamp::UNIX_EPOCH);
        Ok(())
    }
}

#[derive(Default)]
struct Moment {
    seconds: i64,
    nanos: i32,
}

/// Something of which only matters that it is there.
#[derive(Default)]
pub(crate) struct Present;

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(from).map(|_| Self)
    }
}

impl<'a> Slot<'a> for Present {
    fn put(&mut self, _: Value<'a>) -> Result<(), Broken> {
        Ok(())
    }
}

/// A part of an object that is looked into only where something is not well.
#[derive(Clone, Copy)]
pub(crate) enum Unread<'a> {
    Json(&'a RawValue),
    Protobuf(&'a [u8]),
}

impl<'a> Unread<'a> {
    /// What it says; nothing where it has another shape.
    pub(crate) fn read<T: Deserialize<'a> + Message<'a>>(self) -> Option<T> {
        match self {
            Self::Json(text) => from_text(text.get()).ok(),
            Self::Protobuf(message) => T::read(message).ok(),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Unread<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(from).map(Self::Json)
    }
}

impl Default for Unread<'_> {
    fn default() -> Self {
        Self::Protobuf(&[])
    }
}

impl<'a> Slot<'a> for Unread<'a> {
    fn put(&mut self, value: Value<'a>) -> Result<(), Broken> {
        *self = Self::Protobuf(value.bytes()?);
        Ok(())
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ObjectMeta<'a> {
    #[serde(borrow, default)]
    pub(crate) namespace: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(crate) name: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(crate) uid: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(crate) labels: Option<Map<'a>>,
    #[serde(default)]
    pub(crate) creation_timestamp: Time,
    #[serde(default)]
    pub(crate) deletion_timestamp: Time,
    #[serde(borrow, default)]
    pub(crate) owner_references: Option<Vec<OwnerReference<'a>>>,
    #[serde(borrow, default)]
    pub(crate) finalizers: Option<Vec<Str<'a>>>,
    #[serde(borrow, default)]
    pub(crate) resource_version: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(crate) annotations: Option<Annotations<'a>>,
    /// Of most kinds nobody reads them, and they are half of what an object weighs.
    #[serde(borrow, default)]
    managed_fields: Option<Vec<Unread<'a>>>,
}

/// The annotations that diagnoses read; the others, which may be large, are skipped.
#[derive(Default)]
pub(crate) struct Annotations<'a> {
    pub(crate) storage_provisioner: Option<Str<'a>>,
    pub(crate) storage_provisioner_beta: Option<Str<'a>>,
    pub(crate) provisioned_by: Option<Str<'a>>,
    pub(crate) instantiate: Option<Str<'a>>,
    pub(crate) slot: Option<Str<'a>>,
    helm_hook: Option<Str<'a>>,
    helm_weight: Option<Str<'a>>,
    helm_policy: Option<Str<'a>>,
    argo_hook: Option<Str<'a>>,
    argo_wave: Option<Str<'a>>,
    argo_policy: Option<Str<'a>>,
    argo_tracking: Option<Str<'a>>,
}

impl<'a> Annotations<'a> {
    /// Where the one of this name goes.
    fn named(&mut self, name: &str) -> Option<&mut Option<Str<'a>>> {
        Some(match name {
            "volume.kubernetes.io/storage-provisioner" => &mut self.storage_provisioner,
            "volume.beta.kubernetes.io/storage-provisioner" => &mut self.storage_provisioner_beta,
            "pv.kubernetes.io/provisioned-by" => &mut self.provisioned_by,
            "cronjob.kubernetes.io/instantiate" => &mut self.instantiate,
            "batch.kubernetes.io/cronjob-scheduled-timestamp" => &mut self.slot,
            "helm.sh/hook" => &mut self.helm_hook,
            "helm.sh/hook-weight" => &mut self.helm_weight,
            "helm.sh/hook-delete-policy" => &mut self.helm_policy,
            "argocd.argoproj.io/hook" => &mut self.argo_hook,
            "argocd.argoproj.io/sync-wave" => &mut self.argo_wave,
            "argocd.argoproj.io/hook-delete-policy" => &mut self.argo_policy,
            "argocd.argoproj.io/tracking-id" => &mut self.argo_tracking,
            _ => return None,
        })
    }
}

impl Annotations<'_> {
    /// What makes an object a hook, where it is one.
    pub(crate) fn hook(&self) -> Option<Box<HookNotes>> {
        let owned = |text: &Option<Str<'_>>| text.as_deref().map(Into::into);
        (self.helm_hook.is_some() || self.argo_hook.is_some()).then(|| {
            Box::new(HookNotes {
                events: owned(&self.helm_hook),
                weight: owned(&self.helm_weight),
                policy: owned(&self.helm_policy),
                argo_phases: owned(&self.argo_hook),
                argo_wave: owned(&self.argo_wave),
                argo_policy: owned(&self.argo_policy),
                argo_tracking: owned(&self.argo_tracking),
            })
        })
    }
}

/// Each is a pair of a name and a text.
impl<'de: 'a, 'a> Deserialize<'de> for Annotations<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Annotations<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("annotations")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut pairs: M) -> Result<Annotations<'de>, M::Error> {
                let mut all = Annotations::default();
                while let Some(name) = pairs.next_key::<Str<'_>>()? {
                    match all.named(&name) {
                        Some(slot) => *slot = pairs.next_value()?,
                        None => _ = pairs.next_value::<IgnoredAny>()?,
                    }
                }
                Ok(all)
            }
        }

        from.deserialize_map(Pairs)
    }
}

impl<'a> Slot<'a> for Annotations<'a> {
    fn put(&mut self, value: Value<'a>) -> Result<(), Broken> {
        let Entry { key, value } = Entry::<Str<'_>, Str<'_>>::read(value.bytes()?)?;
        if let Some(slot) = self.named(&key) {
            *slot = Some(value);
        }
        Ok(())
    }
}

/// Who wrote which fields and when, as far as it tells who made a claim, and when a CronJob was last changed.
#[derive(Deserialize, Default)]
pub(crate) struct ManagedFields<'a> {
    #[serde(borrow, default)]
    pub(crate) manager: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(crate) subresource: Option<Str<'a>>,
    #[serde(default)]
    pub(crate) time: Time,
    #[serde(default, rename = "fieldsV1")]
    pub(crate) fields: Option<Fields>,
}

/// They are JSON in protobuf too.
impl<'a> Message<'a> for Fields {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Broken> {
        if number == 1 {
            *self = serde_json::from_slice(value.bytes()?).map_err(|_| Broken)?;
        }
        Ok(())
    }
}

impl<'a> Slot<'a> for Fields {
    fn put(&mut self, value: Value<'a>) -> Result<(), Broken> {
        self.merge(value.bytes()?)
    }
}

#[derive(Deserialize, Default)]
pub(crate) struct Fields {
    #[serde(default, rename = "f:spec")]
    pub(crate) spec: Option<SpecFields>,
}

#[derive(Deserialize)]
pub(crate) struct SpecFields {
    #[serde(default, rename = "f:accessModes")]
    pub(crate) access_modes: Option<Present>,
    #[serde(default, rename = "f:resources")]
    pub(crate) resources: Option<Present>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OwnerReference<'a> {
    #[serde(borrow, default)]
    api_version: Str<'a>,
    #[serde(borrow, default)]
    pub(crate) kind: Str<'a>,
    #[serde(borrow, default)]
    name: Str<'a>,
    #[serde(borrow, default)]
    uid: Str<'a>,
    #[serde(default)]
    pub(crate) controller: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Condition<'a> {
    #[serde(borrow, default, rename = "type")]
    pub(crate) kind: Str<'a>,
    #[serde(borrow, default)]
    pub(crate) status: Str<'a>,
    #[serde(borrow, default)]
    pub(crate) reason: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(crate) message: Option<Str<'a>>,
    #[serde(default)]
    pub(crate) last_transition_time: Time,
}

messages! {
    Moment { 1 => seconds, 2 => nanos }
    PageMeta { 2 => version, 3 => next, 4 => remaining }
    ObjectMeta<'a> {
        1 => name, 3 => namespace, 5 => uid, 6 => resource_version, 8 => creation_timestamp, 9 => deletion_timestamp, 11 => labels,
        12 => annotations, 13 => owner_references, 14 => finalizers, 17 => managed_fields,
    }
    OwnerReference<'a> { 1 => kind, 3 => name, 4 => uid, 5 => api_version, 6 => controller }
    ManagedFields<'a> { 1 => manager, 4 => time, 7 => fields, 8 => subresource }
    Condition<'a> { 1 => kind, 2 => status, 4 => last_transition_time, 5 => reason, 6 => message }
}

impl<'a> ObjectMeta<'a> {
    /// Who wrote which fields.
    pub(crate) fn managed_fields(&self) -> impl Iterator<Item = ManagedFields<'a>> {
        self.managed_fields.iter().flatten().filter_map(|entry| entry.read())
    }

    pub(crate) fn facts(self, intern: &mut Interner) -> Meta {
        let shared = |list: Option<Vec<Str<'_>>>, intern: &mut Interner| {
            let words = list.unwrap_or_default().iter().map(|x| intern.text(x)).collect();
            intern.list(words)
        };
        Meta {
            namespace: intern.or_empty(self.namespace.as_deref()),
            name: self.name.as_deref().unwrap_or_default().into(),
            uid: self.uid.as_deref().unwrap_or_default().into(),
            labels: labels(self.labels, intern),
            created: self.creation_timestamp.0,
            deleted: self.deletion_timestamp.0,
            owners: {
                let owner = |owner: OwnerReference<'_>| Owner {
                    api_version: intern.text(&owner.api_version),
                    kind: intern.text(&owner.kind),
                    name: intern.text(&owner.name),
                    uid: intern.text(&owner.uid),
                    controller: owner.controller.unwrap_or(false),
                };
                let owners = self.owner_references.unwrap_or_default().into_iter().map(owner).collect();
                intern.owners(owners)
            },
            finalizers: shared(self.finalizers, intern),
        }
    }
}

/// Labels, of which a null value counts as empty.
pub(crate) fn labels(map: Option<Map<'_>>, intern: &mut Interner) -> Labels {
    let pair = |(key, value): (&Str<'_>, &Option<Str<'_>>)| (intern.text(key), intern.or_empty(value.as_deref()));
    let labels = map.unwrap_or_default().iter().map(pair).collect();
    intern.labels(labels)
}
