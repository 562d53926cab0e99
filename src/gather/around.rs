//! The kinds that only some commands read: one table of them serves the cluster and the files.

use futures_util::join;

use super::files::{Told, read_object};
use super::intern::Interner;
use super::kind::Kind;
use super::lists;
use super::referrer;
use super::resource::{
    ATTRIBUTES_CLASSES, CRON_JOBS, DAEMON_SETS, DEPLOYMENTS, JOBS, REPLICA_SETS, Resource, SNAPSHOTS,
};
use crate::connect::Client;
use crate::facts::{
    Attachment, AttributesClass, Budget, CronJob, CsiNode, Event, Job, LimitRange, Listed, Meta, Namespace, Node,
    Quota, Referrer, Release, Revision, ServiceAccount, Snapshot, Surroundings, Text, Why,
};

/// Whoever names a claim without having a pod: needed to say that nothing does.
pub const REFERRERS: [&Resource; 5] = [&DEPLOYMENTS, &REPLICA_SETS, &DAEMON_SETS, &JOBS, &CRON_JOBS];

/// Kinds that a server need not have: where it has no such API there are no such objects, and that is an answer.
pub(super) fn optional(resource: &Resource) -> bool {
    [&SNAPSHOTS, &ATTRIBUTES_CLASSES].contains(&resource)
}

/// Reads a kind if it is asked for.
async fn one<K: Kind>(client: &Client, namespace: Option<&Text>, chunk: u32, also: &[&Resource]) -> Listed<K> {
    if !also.contains(&K::RESOURCE) {
        return Listed::refused(K::RESOURCE.not_listed(namespace, Why::NotRead));
    }
    let list = lists::list::<K>(client, namespace, chunk).await.list;
    match &list.missing {
        Some(refusal) if optional(K::RESOURCE) && refusal.why == Why::NotServed => Listed::complete(list.items),
        _ => list,
    }
}

/// Of workloads only those matter that name a claim; of finished Jobs none does.
fn keep_what_names_claims(all: &mut Surroundings) {
    for list in [&mut all.deployments, &mut all.replica_sets, &mut all.daemon_sets, &mut all.jobs, &mut all.cron_jobs] {
        list.items.retain(|of| !of.claims.is_empty() && !of.finished);
    }
}

macro_rules! surroundings {
    ($($field:ident: $read:ty => $fact:ty, $meta:expr;)*) => {
        /// Reads those that are asked for.
        pub(super) async fn read(
            client: &Client,
            namespace: Option<&Text>,
            chunk: u32,
            also: &[&Resource],
        ) -> Surroundings {
            $(let $field = one::<$read>(client, namespace, chunk, also);)*
            let ($($field,)*) = join!($($field),*);
            let mut all = Surroundings { $($field: $field.map(Into::into)),* };
            keep_what_names_claims(&mut all);
            all
        }

        /// None of them is read.
        pub(super) fn nothing_read() -> Surroundings {
            Surroundings { $($field: Listed::refused(<$read>::RESOURCE.not_listed(None, Why::NotRead))),* }
        }

        /// Forgets what is not asked for: a command gives the same answer from files as from the cluster.
        pub fn forget_all_but(all: &mut Surroundings, also: &[&Resource]) {
            $(if !also.contains(&<$read>::RESOURCE) {
                all.$field = Listed::refused(<$read>::RESOURCE.not_listed(None, Why::NotRead));
            })*
        }

        /// Objects out of files.
        #[derive(Default)]
        pub(super) struct Collected {
            $(pub(super) $field: Vec<$fact>,)*
        }

        impl Collected {
            /// Takes an object of one of these kinds; `false` where its kind is another.
            pub(super) fn keep(
                &mut self,
                known: &Resource,
                object: &str,
                intern: &mut Interner,
            ) -> Result<bool, serde_json::Error> {
                $(if known == <$read>::RESOURCE {
                    self.$field.push(read_object::<$read>(object, intern)?.into());
                    return Ok(true);
                })*
                Ok(false)
            }

            /// All that the files hold.
            pub(super) fn finish(self, told: &Told) -> Surroundings {
                let mut all = Surroundings { $($field: told.listed(self.$field, <$read>::RESOURCE, $meta)),* };
                keep_what_names_claims(&mut all);
                all
            }
        }

        /// Keeps one namespace.
        pub(super) fn keep_namespace(all: &mut Surroundings, namespace: &str) {
            $(if <$read>::RESOURCE.namespaced {
                let meta: fn(&mut $fact) -> Option<&mut Meta> = $meta;
                all.$field.items.retain_mut(|item| meta(item).is_none_or(|meta| &*meta.namespace == namespace));
            })*
            all.events.items.retain(|event| event.namespace.is_empty() || &*event.namespace == namespace);
        }
    };
}

surroundings! {
    deployments: referrer::Deployment => Referrer, |x| Some(&mut x.meta);
    replica_sets: referrer::ReplicaSet => Referrer, |x| Some(&mut x.meta);
    daemon_sets: referrer::DaemonSet => Referrer, |x| Some(&mut x.meta);
    jobs: Job => Referrer, |x| Some(&mut x.meta);
    cron_jobs: CronJob => Referrer, |x| Some(&mut x.meta);
    revisions: Revision => Revision, |x| Some(&mut x.meta);
    snapshots: Snapshot => Snapshot, |x| Some(&mut x.meta);
    attachments: Attachment => Attachment, |x| Some(&mut x.meta);
    csi_nodes: CsiNode => CsiNode, |x| Some(&mut x.meta);
    attributes_classes: AttributesClass => AttributesClass, |x| Some(&mut x.meta);
    nodes: Node => Node, |x| Some(&mut x.meta);
    namespaces: Namespace => Namespace, |x| Some(&mut x.meta);
    quotas: Quota => Quota, |x| Some(&mut x.meta);
    ranges: LimitRange => LimitRange, |x| Some(&mut x.meta);
    accounts: ServiceAccount => ServiceAccount, |x| Some(&mut x.meta);
    budgets: Budget => Budget, |x| Some(&mut x.meta);
    events: Event => Event, |_| None;
    releases: Release => Release, |x| Some(&mut x.meta);
}
