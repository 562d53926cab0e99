//! What stands around sets, pods and claims: nodes, attachments, snapshots, limits, and who else names a claim.

use jiff::Timestamp;

use super::{
    Event, LabelSelector, Labels, LimitRange, Listed, Meta, Quota, Referrer, Refusal, Release, ServiceAccount, Text,
};

/// Kinds that only some commands read; each list says by itself whether it was read.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Deployments that name claims.
    pub deployments: Listed<Referrer>,
    /// ReplicaSets that name claims.
    pub replica_sets: Listed<Referrer>,
    /// DaemonSets that name claims.
    pub daemon_sets: Listed<Referrer>,
    /// Jobs that name claims.
    pub jobs: Listed<Referrer>,
    /// CronJobs that name claims.
    pub cron_jobs: Listed<Referrer>,
    /// ControllerRevisions.
    pub revisions: Listed<Revision>,
    /// VolumeSnapshots; complete and empty where the server has no such API.
    pub snapshots: Listed<Snapshot>,
    /// VolumeAttachments.
    pub attachments: Listed<Attachment>,
    /// CSINodes: which drivers each node has.
    pub csi_nodes: Listed<CsiNode>,
    /// VolumeAttributesClasses; complete and empty where the server has no such API (before 1.34).
    pub attributes_classes: Listed<AttributesClass>,
    /// Nodes.
    pub nodes: Listed<Node>,
    /// Namespaces.
    pub namespaces: Listed<Namespace>,
    /// ResourceQuotas.
    pub quotas: Listed<Quota>,
    /// LimitRanges.
    pub ranges: Listed<LimitRange>,
    /// ServiceAccounts.
    pub accounts: Listed<ServiceAccount>,
    /// PodDisruptionBudgets.
    pub budgets: Listed<Budget>,
    /// Events.
    pub events: Listed<Event>,
    /// Helm's records of releases.
    pub releases: Listed<Release>,
}

/// A ControllerRevision: a set's history, which may outlive the set.
#[derive(Debug, Clone)]
pub struct Revision {
    /// Name, labels, owners.
    pub meta: Meta,
    /// The pod template that it keeps (`data.spec.template`); `None` where only its metadata was read.
    pub template: Option<Box<serde_json::Value>>,
}

/// A VolumeSnapshot.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Name, times.
    pub meta: Meta,
    /// The claim that it is taken of.
    pub claim: Option<Box<str>>,
    /// `status.readyToUse`.
    pub ready: bool,
    /// `status.error.message`.
    pub error: Option<Box<str>>,
}

/// A VolumeAttachment.
#[derive(Debug, Clone)]
pub struct Attachment {
    /// Name, times.
    pub meta: Meta,
    /// `spec.source.persistentVolumeName`; absent for an inline volume.
    pub volume: Option<Box<str>>,
    /// `spec.nodeName`.
    pub node: Text,
    /// `status.attached`.
    pub attached: bool,
    /// `status.attachError`: message and time.
    pub attach_error: Option<(Box<str>, Option<Timestamp>)>,
    /// `status.detachError`: message and time.
    pub detach_error: Option<(Box<str>, Option<Timestamp>)>,
}

/// A CSINode: what the kubelet of the node of that name has told of the drivers that registered with it.
#[derive(Debug, Clone)]
pub struct CsiNode {
    /// The node's name.
    pub meta: Meta,
    /// `spec.drivers[].name`.
    pub drivers: Box<[Text]>,
}

/// A VolumeAttributesClass.
#[derive(Debug, Clone)]
pub struct AttributesClass {
    /// Its name.
    pub meta: Meta,
}

/// A Node.
#[derive(Debug, Clone)]
pub struct Node {
    /// Name and labels.
    pub meta: Meta,
    /// `spec.unschedulable`: cordoned.
    pub cordoned: bool,
    /// The Ready condition is `True`.
    pub ready: bool,
    /// The Ready condition is `Unknown`: its kubelet has stopped reporting.
    pub silent: bool,
    /// When the Ready condition last changed.
    pub ready_since: Option<Timestamp>,
}

/// A Namespace.
#[derive(Debug, Clone)]
pub struct Namespace {
    /// Name; `deleted` while it is going.
    pub meta: Meta,
}

/// A PodDisruptionBudget.
#[derive(Debug, Clone)]
pub struct Budget {
    /// Name.
    pub meta: Meta,
    /// Which pods it covers.
    pub selector: LabelSelector,
    /// `status.disruptionsAllowed`.
    pub allowed: i32,
    /// `status.desiredHealthy`.
    pub desired: i32,
}

impl Node {
    /// Whether pods can be placed on it at all.
    pub fn schedulable(&self) -> bool {
        self.ready && !self.cordoned
    }

    /// Its labels with its name under `metadata.name`, as volumes' affinities are matched.
    pub fn matched(&self) -> Labels {
        let own = self.meta.labels.iter().map(|(key, value)| (Text::from(key), Text::from(value)));
        own.chain([(Text::from("metadata.name"), Text::from(&*self.meta.name))]).collect()
    }
}

impl Surroundings {
    /// The kinds whose templates name claims.
    pub fn referrers(&self) -> [&Listed<Referrer>; 5] {
        [&self.deployments, &self.replica_sets, &self.daemon_sets, &self.jobs, &self.cron_jobs]
    }

    pub(super) fn sort(&mut self) {
        fn by_name<T>(items: &mut [T], meta: fn(&T) -> &Meta) {
            // In place: a stable sort takes half as much memory again, and no two objects of a kind have one name.
            items
                .sort_unstable_by(|a, b| (&meta(a).namespace, &meta(a).name).cmp(&(&meta(b).namespace, &meta(b).name)));
        }
        by_name(&mut self.csi_nodes.items, |x| &x.meta);
        by_name(&mut self.attributes_classes.items, |x| &x.meta);
        by_name(&mut self.nodes.items, |x| &x.meta);
        by_name(&mut self.namespaces.items, |x| &x.meta);
        by_name(&mut self.revisions.items, |x| &x.meta);
        by_name(&mut self.snapshots.items, |x| &x.meta);
        by_name(&mut self.attachments.items, |x| &x.meta);
        by_name(&mut self.releases.items, |x| &x.meta);
        Event::keep_newest(&mut self.events.items);
    }

    /// Everything that could not be read.
    pub(super) fn refusals(&self) -> impl Iterator<Item = &Refusal> {
        let referrers = self.referrers().map(|list| &list.missing);
        let others = [
            &self.revisions.missing,
            &self.snapshots.missing,
            &self.attachments.missing,
            &self.csi_nodes.missing,
            &self.attributes_classes.missing,
            &self.nodes.missing,
            &self.namespaces.missing,
            &self.quotas.missing,
            &self.ranges.missing,
            &self.accounts.missing,
            &self.budgets.missing,
            &self.events.missing,
            &self.releases.missing,
        ];
        referrers.into_iter().chain(others).flatten()
    }

    /// The events about an object, the newest first.
    pub fn events_of<'a>(
        &'a self,
        namespace: &'a str,
        kind: &'a str,
        name: &'a str,
    ) -> impl Iterator<Item = &'a Event> + 'a {
        let from = self.events.items.partition_point(|e| (&*e.namespace, &*e.kind, &*e.name) < (namespace, kind, name));
        let of = move |e: &&Event| (&*e.namespace, &*e.kind, &*e.name) == (namespace, kind, name);
        self.events.items[from..].iter().take_while(of)
    }
}
