//! What is known of a cluster: small owned structs, a file per kind, made by `gather` from answers or files.
//!
//! Facts carry what a diagnosis reads and nothing else; they know no client library and do no I/O. A thing that could not be
//! read is a fact as well: see [`Known`] and [`Listed`].

mod around;
mod bystanders;
mod claim;
mod cluster;
mod dns_server;
mod duration;
mod endpoint_slice;
mod event;
#[cfg(test)]
pub(crate) mod fixture;
mod hook;
mod job;
mod job_run;
mod known;
mod left_pod;
mod limits;
mod meta;
mod moment;
mod network_policy;
mod pod;
mod pod_detail;
mod pod_run;
mod quantity;
mod referrer;
mod release;
mod selector;
mod service;
mod stateful_set;
mod storage_class;
mod uid;
mod usage;
mod volume;

/// The API version of what the programs write and read back: fields are added to it, never changed or removed.
pub const API_VERSION: &str = "workloads.kubectl/v1alpha1";

pub use around::{Attachment, AttributesClass, Budget, CsiNode, Namespace, Node, Revision, Snapshot, Surroundings};
pub use bystanders::Bystanders;
pub use claim::{Change, Claim, ClaimCondition, ClaimPhase, ClaimSpec, Maker};
pub use cluster::Cluster;
pub use dns_server::{DnsReplica, DnsServer};
pub use duration::{format_go, parse_go};
pub use endpoint_slice::{Endpoint, EndpointSlice, SlicePort};
pub use event::Event;
pub use hook::HookNotes;
pub use job::{Concurrency, CronJob, CronJobStatus, Job, JobCondition, JobStatus};
pub use job_run::{JobRun, JobState};
pub use known::{Known, Listed, Refusal, Scope, Why, tells, tells_of_jobs};
pub use left_pod::LeftPod;
pub use limits::{Amounts, ContainerNeeds, LimitItem, LimitRange, PodNeeds, Quota, Runs, ServiceAccount};
pub use meta::{Labels, Meta, Owner, Text};
pub(crate) use moment::Moment;
pub use network_policy::{NetworkPolicy, OpenPort, Peer, PolicyRule, Ports};
pub use pod::{Pod, PodClaim, PodPhase};
pub use pod_detail::{Container, ContainerKind, ContainerState, Ended, PodCondition, PodDetail, Probe, ProbeKind};
pub use pod_run::{AttemptEnd, ContainerRun, PodRun, RestartPolicy, Role, RunState};
pub use quantity::{Quantity, format_bytes};
pub use referrer::{Referrer, ReferrerKind};
pub use release::{HookRecord, Recorded, Release};
pub use selector::{FieldSelector, LabelSelector, Requirement, SelectorError};
pub use service::{Service, ServicePort};
pub use stateful_set::{ClaimTemplate, Retention, SetStatus, StatefulSet, Update, ordinal};
pub use storage_class::StorageClass;
pub use uid::Uid;
pub use usage::{Room, Usage, VolumeUsage};
pub use volume::{ClaimRef, Place, Volume, VolumePhase, VolumeSpec};
