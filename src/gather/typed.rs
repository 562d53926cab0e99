//! The kinds of which there are few, read through the API's own types but for their metadata: StatefulSets, Services, EndpointSlices. And
//! StorageClasses, of which three fields are read.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{StatefulSetSpec, StatefulSetStatus};
use k8s_openapi::api::core::v1::ServiceSpec;
use k8s_openapi::api::discovery::v1::{Endpoint as ApiEndpoint, EndpointPort};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector as ApiSelector;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::intern::Interner;
use super::kind::Kind;
use super::resource::{CLASSES, Resource, SERVICES, SETS, SLICES};
use super::wire::{ManagedFields, ObjectMeta, Str};
use crate::facts::{
    ClaimTemplate, Endpoint, EndpointSlice, LabelSelector, Labels, Quantity, Requirement, Retention, Service,
    ServicePort, SetStatus, SlicePort, StatefulSet, StorageClass, Text, Update,
};

/// An object with the API's own spec and status, and no more of its metadata than diagnoses read: managed fields are half of what it
/// weighs.
#[derive(Deserialize)]
pub(crate) struct Typed<'a, Spec, Status = IgnoredAny> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub(super) metadata: ObjectMeta<'a>,
    pub(super) spec: Option<Spec>,
    pub(super) status: Option<Status>,
}

/// An EndpointSlice, which has no spec.
#[derive(Deserialize)]
pub(crate) struct Slice<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    metadata: ObjectMeta<'a>,
    endpoints: Option<Vec<ApiEndpoint>>,
    ports: Option<Vec<EndpointPort>>,
}

/// A StorageClass, which has no spec either.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Class<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    metadata: ObjectMeta<'a>,
    #[serde(borrow)]
    provisioner: Option<Str<'a>>,
    #[serde(borrow)]
    volume_binding_mode: Option<Str<'a>>,
    allow_volume_expansion: Option<bool>,
}

/// The API's own types take null for nothing, and a template without a value leaves one.
fn or_default<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

fn labels(map: Option<BTreeMap<String, String>>, intern: &mut Interner) -> Labels {
    Labels::new(map.unwrap_or_default().iter().map(|(key, value)| intern.label(key, value)).collect())
}

pub(super) fn selector(selector: ApiSelector, intern: &mut Interner) -> LabelSelector {
    let mut all: Vec<Requirement> = selector
        .match_labels
        .unwrap_or_default()
        .iter()
        .map(|(key, value)| Requirement::In(intern.text(key), vec![intern.text(value)]))
        .collect();
    for expression in selector.match_expressions.unwrap_or_default() {
        let key = intern.text(&expression.key);
        let values: Vec<Text> = expression.values.unwrap_or_default().iter().map(|v| intern.text(v)).collect();
        all.push(match expression.operator.as_str() {
            "NotIn" => Requirement::NotIn(key, values),
            "Exists" => Requirement::Exists(key),
            "DoesNotExist" => Requirement::Absent(key),
            _ => Requirement::In(key, values),
        });
    }
    LabelSelector(all)
}

impl Kind for StatefulSet {
    type Wire<'a> = Typed<'a, StatefulSetSpec, StatefulSetStatus>;
    const RESOURCE: &'static Resource = &SETS;

    fn from_wire(wire: Self::Wire<'_>, intern: &mut Interner) -> Self {
        let generation = wire.metadata.generation.unwrap_or(0);
        // `kubectl scale` changes the spec and leaves no time (measured): then it is not known when that was.
        let fields: Vec<ManagedFields<'_>> = wire.metadata.managed_fields().collect();
        let scaled = fields.iter().any(|field| field.subresource.as_deref() == Some("scale"));
        let written = fields.iter().filter_map(|field| field.time.0).max();
        let own = fields.iter().filter(|field| !scaled && field.is_own());
        let changed = own.filter_map(|field| field.time.0).max();
        let meta = wire.metadata.facts(intern);
        let spec = wire.spec.unwrap_or_default();
        let strategy = spec.update_strategy.unwrap_or_default();
        let update = match strategy.type_.as_deref() {
            Some("OnDelete") => Update::OnDelete,
            Some("Recreate") => Update::Recreate,
            _ => Update::Rolling { partition: strategy.rolling_update.and_then(|it| it.partition).unwrap_or(0) },
        };
        let template = spec.template;
        let pod = template.spec.unwrap_or_default();
        let templates = spec
            .volume_claim_templates
            .unwrap_or_default()
            .into_iter()
            .map(|claim| {
                let spec = claim.spec.unwrap_or_default();
                let requests = spec.resources.and_then(|r| r.requests).unwrap_or_default();
                ClaimTemplate {
                    name: intern.or_empty(claim.metadata.name.as_deref()),
                    class: spec.storage_class_name.map(|class| intern.text(&class)),
                    request: requests.get("storage").map(|quantity| Quantity::new(&quantity.0)),
                    access_modes: spec.access_modes.iter().flatten().map(|mode| intern.text(mode)).collect(),
                    block: spec.volume_mode.as_deref() == Some("Block"),
                    attributes_class: intern.some(spec.volume_attributes_class_name.as_deref()),
                }
            })
            .collect();
        let retention = spec.persistent_volume_claim_retention_policy.unwrap_or_default();
        let sources = pod.volumes.iter().flatten().filter_map(|volume| volume.persistent_volume_claim.as_ref());
        let shared_claims = sources.map(|source| source.claim_name.as_str().into()).collect();
        let ports = pod.containers.iter().flat_map(|c| c.ports.iter().flatten());
        Self {
            generation,
            replicas: spec.replicas.unwrap_or(1),
            start: spec.ordinals.and_then(|ordinals| ordinals.start).unwrap_or(0),
            service: intern.or_empty(spec.service_name.as_deref()),
            selector: selector(spec.selector, intern),
            pod_labels: labels(template.metadata.and_then(|m| m.labels), intern),
            host_network: pod.host_network.unwrap_or(false),
            dns_policy: intern.or_empty(pod.dns_policy.as_deref()),
            nameservers: pod
                .dns_config
                .iter()
                .flat_map(|config| config.nameservers.iter().flatten())
                .map(|server| intern.text(server))
                .collect(),
            containers: u16::try_from(pod.containers.len() + pod.init_containers.as_ref().map_or(0, Vec::len))
                .unwrap_or(u16::MAX),
            container_ports: ports.map(|port| (port.container_port, intern.or_empty(port.name.as_deref()))).collect(),
            update,
            min_ready: i64::from(spec.min_ready_seconds.unwrap_or(0)),
            changed,
            written,
            needs: super::limits::of_api(&pod, intern),
            parallel: spec.pod_management_policy.as_deref() == Some("Parallel"),
            templates,
            shared_claims,
            retention: Retention {
                delete_with_set: retention.when_deleted.as_deref() == Some("Delete"),
                delete_when_scaled: retention.when_scaled.as_deref() == Some("Delete"),
            },
            status: wire.status.filter(|_| meta.applied()).map(|status| SetStatus {
                observed_generation: status.observed_generation.unwrap_or(0),
                replicas: status.replicas,
                ready: status.ready_replicas.unwrap_or(0),
                current: status.current_replicas.unwrap_or(0),
                updated: status.updated_replicas.unwrap_or(0),
                current_revision: intern.or_empty(status.current_revision.as_deref()),
                update_revision: intern.or_empty(status.update_revision.as_deref()),
                progressing: status
                    .conditions
                    .into_iter()
                    .flatten()
                    .find(|it| it.type_.as_deref() == Some("Progressing"))
                    .map(|it| (intern.or_empty(it.reason.as_deref()), it.last_transition_time.map(|time| time.0))),
            }),
            meta,
        }
    }
}

impl Kind for Service {
    type Wire<'a> = Typed<'a, ServiceSpec>;
    const RESOURCE: &'static Resource = &SERVICES;

    fn from_wire(wire: Self::Wire<'_>, intern: &mut Interner) -> Self {
        let spec = wire.spec.unwrap_or_default();
        Self {
            meta: wire.metadata.facts(intern),
            kind: intern.text(spec.type_.as_deref().unwrap_or("ClusterIP")),
            cluster_ip: intern.or_empty(spec.cluster_ip.as_deref()),
            selector: labels(spec.selector, intern),
            publishes_not_ready: spec.publish_not_ready_addresses.unwrap_or(false),
            external_name: intern.or_empty(spec.external_name.as_deref()),
            ports: spec
                .ports
                .unwrap_or_default()
                .into_iter()
                .map(|port| ServicePort {
                    name: intern.or_empty(port.name.as_deref()),
                    port: port.port,
                    protocol: intern.text(port.protocol.as_deref().unwrap_or("TCP")),
                })
                .collect(),
        }
    }
}

impl Kind for EndpointSlice {
    type Wire<'a> = Slice<'a>;
    const RESOURCE: &'static Resource = &SLICES;

    fn from_wire(wire: Slice<'_>, intern: &mut Interner) -> Self {
        let changed = written(&wire.metadata);
        let meta = wire.metadata.facts(intern);
        let endpoints = wire.endpoints.into_iter().flatten().map(|endpoint| {
            let conditions = endpoint.conditions.unwrap_or_default();
            let ready = conditions.ready.unwrap_or(true);
            let target = endpoint.target_ref.filter(|target| target.kind.as_deref() == Some("Pod")).unwrap_or_default();
            Endpoint {
                addresses: endpoint.addresses.iter().map(|address| address.as_str().into()).collect(),
                ready,
                serving: conditions.serving.unwrap_or(ready),
                terminating: conditions.terminating.unwrap_or(false),
                hostname: intern.some(endpoint.hostname.as_deref()),
                pod: target.uid.as_deref().filter(|uid| !uid.is_empty()).map(Into::into),
                pod_name: intern.some(target.name.as_deref()),
            }
        });
        Self {
            endpoints: endpoints.collect(),
            service: intern.or_empty(meta.labels.get("kubernetes.io/service-name")),
            changed,
            ports: wire
                .ports
                .into_iter()
                .flatten()
                .map(|port| SlicePort {
                    name: intern.or_empty(port.name.as_deref()),
                    port: port.port.unwrap_or(0),
                    protocol: intern.text(port.protocol.as_deref().unwrap_or("TCP")),
                })
                .collect(),
            meta,
        }
    }
}

/// When an EndpointSlice was last written: the newest of the times that field management keeps, else the trigger that its
/// controller notes (which is absent after a pod's deletion), else its creation.
fn written(meta: &ObjectMeta<'_>) -> Option<jiff::Timestamp> {
    let managed = meta.managed_fields().filter_map(|field| field.time.0).max();
    let trigger = meta.annotations.as_ref().and_then(|all| all.change_trigger.as_deref());
    managed.max(trigger.and_then(|time| time.parse().ok())).or(meta.creation_timestamp.0)
}

impl Kind for StorageClass {
    type Wire<'a> = Class<'a>;
    const RESOURCE: &'static Resource = &CLASSES;

    fn from_wire(wire: Class<'_>, intern: &mut Interner) -> Self {
        let marks = wire.metadata.annotations.iter().flat_map(|all| [&all.default_class, &all.default_class_beta]);
        let default = marks.flatten().any(|mark| &**mark == "true");
        Self {
            provisioner: wire.provisioner.as_deref().unwrap_or_default().into(),
            waits_for_consumer: wire.volume_binding_mode.as_deref() == Some("WaitForFirstConsumer"),
            default,
            expandable: wire.allow_volume_expansion.unwrap_or(false),
            meta: wire.metadata.facts(intern),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<K: Kind>(manifest: &str) -> K
    where
        for<'a> K::Wire<'a>: Deserialize<'a>,
    {
        K::from_wire(serde_json::from_str(manifest).unwrap(), &mut Interner::default())
    }

    #[test]
    fn what_a_template_left_empty_is_nothing() {
        let service: Service = read(r#"{"metadata": null, "spec": null}"#);
        assert_eq!((&*service.meta.name, &*service.kind), ("", "ClusterIP"));
        let slice: EndpointSlice =
            read(r#"{"metadata": {"name": "web-x", "annotations": null}, "endpoints": null, "ports": null}"#);
        assert_eq!((&*slice.meta.name, slice.endpoints.len()), ("web-x", 0));
    }

    #[test]
    fn a_class_is_the_default_by_either_mark() {
        for (mark, default) in [
            (r#""storageclass.kubernetes.io/is-default-class": "true""#, true),
            (r#""storageclass.beta.kubernetes.io/is-default-class": "true""#, true),
            (r#""storageclass.kubernetes.io/is-default-class": "false""#, false),
            ("", false),
        ] {
            let class: StorageClass =
                read(&format!(r#"{{"metadata": {{"name": "fast", "annotations": {{{mark}}}}}}}"#));
            assert_eq!(class.default, default, "{mark}");
        }
    }

    #[test]
    fn a_set_that_was_scaled_does_not_tell_when_its_spec_was_changed() {
        let entry = |subresource: &str, time: &str| {
            format!(r#"{{"manager": "kubectl", "subresource": "{subresource}", "time": "2026-11-20T{time}Z"}}"#)
        };
        let set = |entries: &[String]| {
            read::<StatefulSet>(&format!(r#"{{"metadata": {{"managedFields": [{}]}}}}"#, entries.join(", ")))
        };
        let time = |text: &str| format!("2026-11-20T{text}Z").parse().ok();
        let changed = set(&[entry("", "12:00:00"), entry("status", "13:00:00")]);
        assert_eq!((changed.changed, changed.written), (time("12:00:00"), time("13:00:00")));
        let scaled = set(&[entry("", "12:00:00"), entry("scale", "13:00:00")]);
        assert_eq!((scaled.changed, scaled.written), (None, time("13:00:00")));
    }
}
