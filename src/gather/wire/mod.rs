//! The shapes of answers, as far as facts need them, borrowed from the answer's bytes.
//!
//! Pods, claims and volumes dominate every list; decoding them into the full API types takes four times the time and ten times
//! the memory of these. The other kinds use the API types but for their metadata, in `typed`.

mod value;

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use workload_protobuf::{Broken, Entry, Message, Slot, Value, messages};

pub(crate) use value::{Map, Pairs, Present, Str, Time, Unread, from_text};

use super::intern::Interner;
use crate::facts::{HookNotes, Labels, Meta, Owner};

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
    #[serde(default)]
    pub(crate) generation: Option<i64>,
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
    pub(crate) change_trigger: Option<Str<'a>>,
    pub(crate) default_class: Option<Str<'a>>,
    pub(crate) default_class_beta: Option<Str<'a>>,
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
            "endpoints.kubernetes.io/last-change-trigger-time" => &mut self.change_trigger,
            "storageclass.kubernetes.io/is-default-class" => &mut self.default_class,
            "storageclass.beta.kubernetes.io/is-default-class" => &mut self.default_class_beta,
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

/// Who wrote which fields and when: it tells who made a claim, and when an object was last changed.
#[derive(Deserialize, Default)]
pub(crate) struct ManagedFields<'a> {
    #[serde(borrow, default)]
    pub(crate) manager: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(crate) subresource: Option<Str<'a>>,
    #[serde(default)]
    pub(crate) time: Time,
    /// A [`Fields`].
    #[serde(borrow, default, rename = "fieldsV1")]
    pub(crate) fields: Option<Unread<'a>>,
}

impl ManagedFields<'_> {
    /// Whether it is of the object itself, which protobuf says by an empty text: a status and a scale are written by themselves.
    pub(crate) fn is_own(&self) -> bool {
        self.subresource.as_ref().is_none_or(|of| of.is_empty())
    }
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
    PageMeta { 2 => version, 3 => next, 4 => remaining }
    ObjectMeta<'a> {
        1 => name, 3 => namespace, 5 => uid, 6 => resource_version, 7 => generation, 8 => creation_timestamp, 9 => deletion_timestamp, 11 => labels,
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
            created: self.creation_timestamp.0.map(Into::into),
            deleted: self.deletion_timestamp.0.map(Into::into),
            owners: {
                let owner = |owner: OwnerReference<'_>| Owner {
                    api_version: intern.text(&owner.api_version),
                    kind: intern.text(&owner.kind),
                    name: intern.text(&owner.name),
                    uid: (&*owner.uid).into(),
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
    let pair = |(key, value): (&Str<'_>, &Option<Str<'_>>)| intern.label(key, value.as_deref().unwrap_or_default());
    let labels = Labels::new(map.unwrap_or_default().iter().map(pair).collect());
    intern.labels(labels)
}
