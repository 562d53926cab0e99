//! StatefulSets and their names.

use std::sync::Arc;

use jiff::Timestamp;

use super::{LabelSelector, Labels, Meta, PodNeeds, Quantity, Text};

/// A StatefulSet.
#[derive(Debug, Clone)]
pub struct StatefulSet {
    /// Name, labels, owners.
    pub meta: Meta,
    /// `metadata.generation`: counts the changes of the spec.
    pub generation: i64,
    /// `spec.replicas`; 1 where absent.
    pub replicas: i32,
    /// `spec.ordinals.start`; 0 where absent (KEP-3335).
    pub start: i32,
    /// `spec.serviceName`: the governing Service; may be empty.
    pub service: Text,
    /// `spec.selector`.
    pub selector: LabelSelector,
    /// Labels of the pod template.
    pub pod_labels: Labels,
    /// `spec.template.spec.hostNetwork`.
    pub host_network: bool,
    /// `spec.template.spec.dnsPolicy`; empty where absent.
    pub dns_policy: Text,
    /// `spec.template.spec.dnsConfig.nameservers`.
    pub nameservers: Box<[Text]>,
    /// Ports of the template's containers: number and name.
    pub container_ports: Box<[(i32, Text)]>,
    /// How many containers the template has, init containers included.
    pub containers: u16,
    /// `spec.podManagementPolicy: Parallel`; else pods start and stop one by one.
    pub parallel: bool,
    /// `spec.updateStrategy`.
    pub update: Update,
    /// `spec.minReadySeconds`: how long a pod must be ready before it counts as available.
    pub min_ready: i64,
    /// When somebody last changed its spec, as far as its managed fields tell.
    pub changed: Option<Timestamp>,
    /// When it was last written at all, its status included, as far as its managed fields tell.
    pub written: Option<Timestamp>,
    /// What its pods ask of the namespace's limits.
    pub needs: PodNeeds,
    /// `spec.volumeClaimTemplates`, in their order.
    pub templates: Box<[ClaimTemplate]>,
    /// Claims that the pod template's own volumes name, the same for every pod.
    pub shared_claims: Box<[Box<str>]>,
    /// `spec.persistentVolumeClaimRetentionPolicy` (KEP-1847).
    pub retention: Retention,
    /// `status`; `None` where it stands only in a file.
    pub status: Option<SetStatus>,
}

/// A claim template of a set.
#[derive(Debug, Clone)]
pub struct ClaimTemplate {
    /// Its name: the first part of each claim's name, and the volume's name in the pod.
    pub name: Text,
    /// `storageClassName`.
    pub class: Option<Text>,
    /// The storage it requests.
    pub request: Option<Quantity>,
    /// `accessModes`.
    pub access_modes: Arc<[Text]>,
    /// `volumeMode: Block`.
    pub block: bool,
    /// `volumeAttributesClassName`.
    pub attributes_class: Option<Text>,
}

/// `spec.updateStrategy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// From the highest ordinal down. The partition counts from `ordinals.start`: so many of the lowest ordinals stay as they are
    /// (`stateful_set_control.go`, measured; the API's text says ordinal).
    Rolling {
        /// `rollingUpdate.partition`; 0 where absent.
        partition: i32,
    },
    /// A pod is updated when somebody deletes it.
    OnDelete,
    /// All pods at once (KEP-3541, from 1.37).
    Recreate,
}

/// What happens to claims when the set is deleted or scaled down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// `whenDeleted: Delete`.
    pub delete_with_set: bool,
    /// `whenScaled: Delete`.
    pub delete_when_scaled: bool,
}

/// A set's status. Its counts include condemned pods: readiness is computed from pods, never from here.
#[derive(Debug, Clone, Default)]
pub struct SetStatus {
    /// The generation that the controller has seen.
    pub observed_generation: i64,
    /// Pods that exist.
    pub replicas: i32,
    /// Pods that are ready, condemned ones included.
    pub ready: i32,
    /// Pods of the current revision.
    pub current: i32,
    /// Pods of the update revision.
    pub updated: i32,
    /// The ControllerRevision that pods had before the update.
    pub current_revision: Text,
    /// The ControllerRevision that pods are updated to.
    pub update_revision: Text,
    /// The reason of the condition Progressing, and since when; from 1.37 on, where the feature is on (KEP-3541).
    pub progressing: Option<(Text, Option<Timestamp>)>,
}

impl StatefulSet {
    /// The ordinals that shall have pods: `[start, start + replicas)` (`stateful_set_utils.go`, getStartOrdinal, getEndOrdinal).
    pub fn range(&self) -> std::ops::Range<i32> {
        self.start..self.start.saturating_add(self.replicas.max(0))
    }

    /// A pod's name: `<set>-<ordinal>` (getPodName).
    pub fn pod_name(&self, ordinal: i32) -> String {
        format!("{}-{ordinal}", self.meta.name)
    }

    /// A claim's name: `<template>-<set>-<ordinal>` (getPersistentVolumeClaimName).
    pub fn claim_name(&self, template: &ClaimTemplate, ordinal: i32) -> String {
        format!("{}-{}-{ordinal}", template.name, self.meta.name)
    }
}

/// Reads an ordinal as the controller writes it: decimal, no leading zero, at most 2147483647.
pub fn ordinal(text: &str) -> Option<i32> {
    let canonical = text == "0" || !text.starts_with('0');
    (canonical && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ordinals_that_a_controller_writes_count() {
        for (text, read) in [
            ("0", Some(0)),
            ("7", Some(7)),
            ("2147483647", Some(i32::MAX)),
            ("2147483648", None),
            ("00", None),
            ("007", None),
            ("", None),
            ("-1", None),
            ("+1", None),
            ("1a", None),
            ("٣", None),
        ] {
            assert_eq!(ordinal(text), read, "{text:?}");
        }
    }
}
