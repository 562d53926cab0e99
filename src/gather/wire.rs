//! The shapes of answers, as far as facts need them, borrowed from the answer's bytes.
//!
//! Pods, claims and volumes dominate every list; decoding them into the full API types takes four times the time and ten times
//! the memory of these. The other kinds use the API types, in `typed`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::intern::Interner;
use crate::facts::{HookNotes, Labels, Meta, Owner};

/// Reads a text of JSON. From bytes, as answers are read: with the library's reader of texts besides, every shape would stand in the
/// programs twice.
pub(crate) fn from_text<'a, T: Deserialize<'a>>(text: &'a str) -> serde_json::Result<T> {
    serde_json::from_slice(text.as_bytes())
}

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

pub(crate) type Map<'a> = BTreeMap<Str<'a>, Option<Str<'a>>>;

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
    #[serde(borrow, default)]
    pub(crate) creation_timestamp: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(crate) deletion_timestamp: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(crate) owner_references: Option<Vec<OwnerReference<'a>>>,
    #[serde(borrow, default)]
    pub(crate) finalizers: Option<Vec<Str<'a>>>,
    #[serde(borrow, default)]
    pub(crate) resource_version: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(crate) annotations: Option<Annotations<'a>>,
    #[serde(borrow, default)]
    pub(crate) managed_fields: Option<Vec<ManagedFields<'a>>>,
}

/// The annotations that diagnoses read; the others, which may be large, are skipped.
#[derive(Deserialize, Default)]
pub(crate) struct Annotations<'a> {
    #[serde(borrow, default, rename = "volume.kubernetes.io/storage-provisioner")]
    pub(crate) storage_provisioner: Option<Str<'a>>,
    #[serde(borrow, default, rename = "volume.beta.kubernetes.io/storage-provisioner")]
    pub(crate) storage_provisioner_beta: Option<Str<'a>>,
    #[serde(borrow, default, rename = "pv.kubernetes.io/provisioned-by")]
    pub(crate) provisioned_by: Option<Str<'a>>,
    #[serde(borrow, default, rename = "cronjob.kubernetes.io/instantiate")]
    pub(crate) instantiate: Option<Str<'a>>,
    #[serde(borrow, default, rename = "batch.kubernetes.io/cronjob-scheduled-timestamp")]
    pub(crate) slot: Option<Str<'a>>,
    #[serde(borrow, default, rename = "helm.sh/hook")]
    helm_hook: Option<Str<'a>>,
    #[serde(borrow, default, rename = "helm.sh/hook-weight")]
    helm_weight: Option<Str<'a>>,
    #[serde(borrow, default, rename = "helm.sh/hook-delete-policy")]
    helm_policy: Option<Str<'a>>,
    #[serde(borrow, default, rename = "argocd.argoproj.io/hook")]
    argo_hook: Option<Str<'a>>,
    #[serde(borrow, default, rename = "argocd.argoproj.io/sync-wave")]
    argo_wave: Option<Str<'a>>,
    #[serde(borrow, default, rename = "argocd.argoproj.io/hook-delete-policy")]
    argo_policy: Option<Str<'a>>,
    #[serde(borrow, default, rename = "argocd.argoproj.io/tracking-id")]
    argo_tracking: Option<Str<'a>>,
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

/// Who wrote which fields and when, as far as it tells who made a claim, and when a CronJob was last changed.
#[derive(Deserialize)]
pub(crate) struct ManagedFields<'a> {
    #[serde(borrow, default)]
    pub(crate) manager: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(crate) subresource: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(crate) time: Option<Str<'a>>,
    #[serde(default, rename = "fieldsV1")]
    pub(crate) fields: Option<Fields>,
}

#[derive(Deserialize)]
pub(crate) struct Fields {
    #[serde(default, rename = "f:spec")]
    pub(crate) spec: Option<SpecFields>,
}

#[derive(Deserialize)]
pub(crate) struct SpecFields {
    #[serde(default, rename = "f:accessModes")]
    pub(crate) access_modes: Option<serde::de::IgnoredAny>,
    #[serde(default, rename = "f:resources")]
    pub(crate) resources: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
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

#[derive(Deserialize)]
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
    #[serde(borrow, default)]
    pub(crate) last_transition_time: Option<Str<'a>>,
}

/// A time as the API writes it; what can't be read is absent.
pub(crate) fn time(text: Option<&Str<'_>>) -> Option<Timestamp> {
    text?.parse().ok()
}

impl ObjectMeta<'_> {
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
            created: time(self.creation_timestamp.as_ref()),
            deleted: time(self.deletion_timestamp.as_ref()),
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
