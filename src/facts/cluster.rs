//! All facts of one run.

use jiff::Timestamp;

use super::{
    Bystanders, Claim, CronJob, EndpointSlice, Job, Known, Listed, Owner, Pod, Refusal, Revision, Service, StatefulSet,
    StorageClass, Surroundings, Text, Usage, Volume, Why, tells, tells_of_jobs,
};

/// What one run has read, from a cluster or from files. Each list is sorted by namespace and name.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// The kubeconfig's context, where there is one.
    pub context: Option<String>,
    /// The namespace that was asked for; `None` for all of them.
    pub namespace: Option<Text>,
    /// `gitVersion` of the server, where it was read.
    pub server_version: Option<String>,
    /// The time that ages are counted to: the server's, the snapshot's, or the clock's.
    pub now: Timestamp,
    /// Whether `now` is when the objects were read; of files that carry no time of their own it is not, and how old they are is not known.
    pub dated: bool,
    /// StatefulSets.
    pub sets: Listed<StatefulSet>,
    /// Pods.
    pub pods: Listed<Pod>,
    /// Pods beside those, of which no more than their UIDs is kept; none where a command asks about pods.
    pub bystanders: Bystanders,
    /// PersistentVolumeClaims.
    pub claims: Listed<Claim>,
    /// PersistentVolumes.
    pub volumes: Listed<Volume>,
    /// StorageClasses.
    pub classes: Listed<StorageClass>,
    /// Services.
    pub services: Listed<Service>,
    /// EndpointSlices.
    pub slices: Listed<EndpointSlice>,
    /// Jobs; `around.jobs` says no more of them than which claims they name.
    pub jobs: Listed<Job>,
    /// CronJobs.
    pub cron_jobs: Listed<CronJob>,
    /// What stands around sets, pods and claims; most of it is read only where a command asks for it.
    pub around: Surroundings,
    /// Whether `volumes` holds all that concern the namespace, not only those that its claims name.
    pub volumes_listed: bool,
    /// How full volumes are; `None` where nobody asked the kubelets.
    pub usage: Option<Usage>,
}

impl Cluster {
    /// Sorts each list by namespace and name, which every look-up relies on, EndpointSlices by their Service before their name. Servers answer
    /// in nearly this order; files need not.
    pub fn sort(&mut self) {
        fn by_name<T>(items: &mut [T], meta: fn(&T) -> &super::Meta) {
            // In place: a stable sort takes half as much memory again, and no two objects of a kind have one name.
            items
                .sort_unstable_by(|a, b| (&meta(a).namespace, &meta(a).name).cmp(&(&meta(b).namespace, &meta(b).name)));
        }
        // A Service's stand together: their own names are made up.
        fn place(slice: &EndpointSlice) -> (&str, &str, &str) {
            (&slice.meta.namespace, &slice.service, &slice.meta.name)
        }
        by_name(&mut self.sets.items, |x| &x.meta);
        by_name(&mut self.pods.items, |x| &x.meta);
        by_name(&mut self.claims.items, |x| &x.meta);
        by_name(&mut self.volumes.items, |x| &x.meta);
        by_name(&mut self.classes.items, |x| &x.meta);
        by_name(&mut self.services.items, |x| &x.meta);
        self.slices.items.sort_unstable_by(|a, b| place(a).cmp(&place(b)));
        by_name(&mut self.jobs.items, |x| &x.meta);
        by_name(&mut self.cron_jobs.items, |x| &x.meta);
        self.around.sort();
    }

    /// The sets of a namespace.
    pub fn sets_in(&self, namespace: &str) -> &[StatefulSet] {
        in_namespace(&self.sets.items, |x| &x.meta, namespace)
    }

    /// The Services of a namespace.
    pub fn services_in(&self, namespace: &str) -> &[Service] {
        in_namespace(&self.services.items, |x| &x.meta, namespace)
    }

    /// The EndpointSlices of a Service, whether it exists or not.
    pub fn slices_of(&self, namespace: &str, service: &str) -> &[EndpointSlice] {
        let slices = in_namespace(&self.slices.items, |x| &x.meta, namespace);
        let from = slices.partition_point(|slice| &*slice.service < service);
        let to = slices[from..].partition_point(|slice| &*slice.service == service);
        &slices[from..from + to]
    }

    /// The pods of a namespace.
    pub fn pods_in(&self, namespace: &str) -> &[Pod] {
        in_namespace(&self.pods.items, |x| &x.meta, namespace)
    }

    /// The Jobs of a namespace.
    pub fn jobs_in(&self, namespace: &str) -> &[Job] {
        in_namespace(&self.jobs.items, |x| &x.meta, namespace)
    }

    /// The ControllerRevisions of a namespace.
    pub fn revisions_in(&self, namespace: &str) -> &[Revision] {
        in_namespace(&self.around.revisions.items, |x| &x.meta, namespace)
    }

    /// The claim of that name.
    pub fn claim(&self, namespace: &str, name: &str) -> Known<'_, Option<&Claim>> {
        self.claims.answer(find(&self.claims.items, |c| &c.meta, namespace, name))
    }

    /// The pod of that name.
    pub fn pod(&self, namespace: &str, name: &str) -> Known<'_, Option<&Pod>> {
        self.pods.answer(find(&self.pods.items, |p| &p.meta, namespace, name))
    }

    /// Whether the pod that an owner reference names is there.
    pub fn owning_pod_exists(&self, namespace: &str, owner: &Owner) -> Known<'_, bool> {
        if self.bystanders.contain(&owner.uid) {
            return Known::Read(true);
        }
        match self.pod(namespace, &owner.name) {
            Known::Read(found) => Known::Read(found.is_some_and(|pod| pod.meta.uid == owner.uid)),
            Known::Refused(why) => Known::Refused(why),
        }
    }

    /// The volume of that name.
    pub fn volume(&self, name: &str) -> Known<'_, Option<&Volume>> {
        self.volumes.answer(find(&self.volumes.items, |v| &v.meta, "", name))
    }

    /// The storage class of that name.
    pub fn class(&self, name: &str) -> Known<'_, Option<&StorageClass>> {
        self.classes.answer(find(&self.classes.items, |c| &c.meta, "", name))
    }

    /// Whether it is known that there is no VolumeAttributesClass of that name.
    pub fn attributes_class_missing(&self, name: &str) -> bool {
        let classes = &self.around.attributes_classes;
        classes.missing.is_none() && find(&classes.items, |c| &c.meta, "", name).is_none()
    }

    /// The Service of that name.
    pub fn service(&self, namespace: &str, name: &str) -> Known<'_, Option<&Service>> {
        self.services.answer(find(&self.services.items, |s| &s.meta, namespace, name))
    }

    /// What can't be known without something that was asked for.
    pub fn tells(&self, refusal: &Refusal) -> &'static str {
        let about_jobs = self.sets.missing.as_ref().is_some_and(|missing| missing.why == Why::NotRead);
        if about_jobs { tells_of_jobs(refusal.resource) } else { tells(refusal.resource) }
    }

    /// Everything that could not be read.
    pub fn refusals(&self) -> impl Iterator<Item = &Refusal> {
        let Self { sets, pods, claims, volumes, classes, services, slices, jobs, cron_jobs, .. } = self;
        [
            &sets.missing,
            &pods.missing,
            &claims.missing,
            &volumes.missing,
            &classes.missing,
            &services.missing,
            &slices.missing,
            &jobs.missing,
            &cron_jobs.missing,
        ]
        .into_iter()
        .flatten()
        .chain(self.around.refusals())
        .chain(self.usage.iter().flat_map(Usage::refusals))
        .filter(|refusal| refusal.why != Why::NotRead)
    }
}

/// The part of a sorted list that stands in one namespace.
fn in_namespace<'a, T>(items: &'a [T], meta: fn(&T) -> &super::Meta, namespace: &str) -> &'a [T] {
    let from = items.partition_point(|item| &*meta(item).namespace < namespace);
    let to = items[from..].partition_point(|item| &*meta(item).namespace == namespace);
    &items[from..from + to]
}

/// Finds by namespace and name in a sorted list.
fn find<'a, T>(items: &'a [T], meta: fn(&T) -> &super::Meta, namespace: &str, name: &str) -> Option<&'a T> {
    items
        .binary_search_by(|item| {
            let meta = meta(item);
            (*meta.namespace).cmp(namespace).then_with(|| (*meta.name).cmp(name))
        })
        .ok()
        .map(|at| &items[at])
}

#[cfg(test)]
mod tests {
    use super::super::{EndpointSlice, Meta, fixture};

    #[test]
    fn a_services_slices_are_found_whatever_their_own_names() {
        let slice = |namespace: &str, service: &str, name: &str| EndpointSlice {
            meta: Meta { namespace: namespace.into(), name: name.into(), ..Meta::default() },
            service: service.into(),
            changed: None,
            ports: Box::new([]),
            endpoints: Box::new([]),
        };
        let mut cluster = fixture::cluster(vec![], vec![], vec![], vec![]);
        cluster.slices.items = vec![
            slice("shop", "web", "z-by-hand"),
            slice("shop", "db", "m"),
            slice("shop", "web", "a-by-hand"),
            slice("other", "web", "web-1"),
        ];
        cluster.sort();
        let of = |namespace, service| -> Vec<&str> {
            cluster.slices_of(namespace, service).iter().map(|slice| &*slice.meta.name).collect()
        };
        assert_eq!(of("shop", "web"), ["a-by-hand", "z-by-hand"]);
        assert_eq!((of("shop", "db"), of("other", "web")), (vec!["m"], vec!["web-1"]));
        assert!(of("shop", "w").is_empty() && of("none", "web").is_empty());
    }
}
