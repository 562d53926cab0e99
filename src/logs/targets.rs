//! Which pods and containers are meant.

use std::sync::Arc;

use regex::Regex;

use super::event::Attempt;
use crate::facts::{ContainerRun, PodRun, Role, Text, Uid, ordinal};

/// Which pods of the owner, and which of their containers.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// The owner's UID: a pod is its own only by the controller reference, never by labels alone.
    pub owner: Uid,
    /// The owner's name, which a set's pods are named after.
    pub owner_name: Text,
    /// Only these ordinals of a set.
    pub ordinals: Option<Numbers>,
    /// Only these indexes of an Indexed Job.
    pub indexes: Option<Numbers>,
    /// Only pods of this revision: its name, or the hash at its end.
    pub revision: Option<String>,
    /// Containers of exactly these names; empty for all.
    pub containers: Vec<String>,
    /// Containers whose names match; empty for all.
    pub include: Vec<Regex>,
    /// But none of these.
    pub exclude: Vec<Regex>,
    /// Only main containers and sidecars: kubectl's `--all-containers=false`.
    pub default_only: bool,
}

/// Numbers and ranges of them: `0,2-4`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Numbers(Vec<(i32, i32)>);

impl Numbers {
    /// Reads `0,2-4`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let number = |part: &str| ordinal(part).ok_or_else(|| format!("{part:?} is not an ordinal or index"));
        text.split(',')
            .map(|part| {
                let part = part.trim();
                let (from, to) = part.split_once('-').unwrap_or((part, part));
                let (from, to) = (number(from)?, number(to)?);
                if from > to { Err(format!("{part:?} ends before it begins")) } else { Ok((from, to)) }
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Just one.
    pub fn one(number: i32) -> Self {
        Self(vec![(number, number)])
    }

    /// Whether it is among them.
    pub fn contain(&self, number: i32) -> bool {
        self.0.iter().any(|(from, to)| (*from..=*to).contains(&number))
    }
}

/// The label with a pod's completion index (KEP-4017).
const INDEX: &str = "batch.kubernetes.io/job-completion-index";
/// The label with the name of a set's revision.
const REVISION: &str = "controller-revision-hash";

impl Selection {
    /// The ordinal of a set's pod.
    fn ordinal(&self, pod: &PodRun) -> Option<i32> {
        ordinal(pod.meta.name.strip_prefix(&*self.owner_name)?.strip_prefix('-')?)
    }

    /// Whether the pod is meant.
    pub fn takes(&self, pod: &PodRun) -> bool {
        let among = |numbers: &Option<Numbers>, number: Option<i32>| {
            numbers.as_ref().is_none_or(|numbers| number.is_some_and(|number| numbers.contain(number)))
        };
        let revision = pod.meta.labels.get(REVISION);
        pod.meta.controlled_by(&self.owner)
            && among(&self.ordinals, self.ordinal(pod))
            && among(&self.indexes, index(pod))
            && self.revision.as_deref().is_none_or(|wanted| {
                revision.is_some_and(|name| name == wanted || name.rsplit('-').next() == Some(wanted))
            })
    }

    /// Whether the container is meant.
    pub fn takes_container(&self, container: &ContainerRun) -> bool {
        let name = &*container.name;
        let named = self.containers.iter().any(|wanted| wanted == name);
        (self.containers.is_empty() || named)
            && (self.include.is_empty() || self.include.iter().any(|pattern| pattern.is_match(name)))
            && !self.exclude.iter().any(|pattern| pattern.is_match(name))
            && (!self.default_only || named || matches!(container.role, Role::Main | Role::Sidecar))
    }

    /// An attempt of a container of a pod.
    pub fn attempt(&self, pod: &PodRun, container: &str, id: &str, number: u32) -> Arc<Attempt> {
        let place = pod.containers.iter().position(|known| &*known.name == container).unwrap_or(0);
        Arc::new(Attempt {
            namespace: pod.meta.namespace.clone(),
            pod: (&*pod.meta.name).into(),
            uid: pod.meta.uid.to_string().into(),
            container: container.into(),
            role: pod.containers.get(place).map_or(Role::Main, |container| container.role),
            id: id.into(),
            number,
            node: pod.node.clone(),
            ordinal: self.ordinal(pod),
            index: index(pod),
            revision: pod.meta.labels.get(REVISION).map(Into::into),
            place: u32::try_from(place).unwrap_or(u32::MAX),
        })
    }
}

fn index(pod: &PodRun) -> Option<i32> {
    ordinal(pod.meta.labels.get(INDEX)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::fixture::{labels, meta, owner};
    use crate::facts::{Meta, PodPhase, RestartPolicy, RunState};

    fn pod(name: &str, owned_by: &str, pairs: &[(&str, &str)]) -> PodRun {
        PodRun {
            meta: Meta {
                owners: std::sync::Arc::new([owner("StatefulSet", owned_by)]),
                labels: labels(pairs),
                ..meta(name)
            },
            node: None,
            phase: PodPhase::Running,
            reason: None,
            restarts: RestartPolicy::Always,
            unscheduled: None,
            containers: Box::new([]),
        }
    }

    fn web() -> Selection {
        Selection { owner: "uid-web".into(), owner_name: "web".into(), ..Selection::default() }
    }

    #[test]
    fn a_pod_with_the_same_labels_but_another_owner_is_not_meant() {
        assert!(web().takes(&pod("web-0", "web", &[("app", "web")])));
        assert!(!web().takes(&pod("web-0", "api", &[("app", "web")])));
    }

    #[test]
    fn ordinals_indexes_and_revisions_choose_pods() {
        let some = |ordinals| Selection { ordinals: Some(Numbers::parse(ordinals).unwrap()), ..web() };
        let taken = |selection: &Selection| -> Vec<i32> {
            (0..8).filter(|k| selection.takes(&pod(&format!("web-{k}"), "web", &[]))).collect()
        };
        assert_eq!(taken(&some("0,2-4")), [0, 2, 3, 4]);
        assert_eq!(taken(&some("7")), [7]);
        let revision = |wanted: &str| Selection { revision: Some(wanted.into()), ..web() };
        let old = pod("web-0", "web", &[(REVISION, "web-5d8f")]);
        assert!(revision("web-5d8f").takes(&old) && revision("5d8f").takes(&old) && !revision("5d8").takes(&old));
        let indexed = Selection { indexes: Some(Numbers::one(2)), ..web() };
        assert!(indexed.takes(&pod("web-2-x7z", "web", &[(INDEX, "2")])));
        assert!(!indexed.takes(&pod("web-1-x7z", "web", &[(INDEX, "1")])));
    }

    #[test]
    fn numbers_that_can_not_be_read_say_so() {
        assert_eq!(Numbers::parse("0,x"), Err("\"x\" is not an ordinal or index".to_owned()));
        assert_eq!(Numbers::parse("4-2"), Err("\"4-2\" ends before it begins".to_owned()));
        assert!(Numbers::parse("").is_err() && Numbers::parse("01").is_err());
    }

    #[test]
    fn a_container_is_named_exactly_or_matched() {
        let container = |name: &str, role| ContainerRun {
            name: name.into(),
            role,
            restarts: 0,
            state: RunState::Unknown,
            last: None,
        };
        let exact = Selection { containers: vec!["app".into()], ..web() };
        assert!(exact.takes_container(&container("app", Role::Main)));
        assert!(!exact.takes_container(&container("app-proxy", Role::Main)));
        let matched = Selection {
            include: vec![Regex::new("^app").unwrap()],
            exclude: vec![Regex::new("proxy").unwrap()],
            ..web()
        };
        assert!(matched.takes_container(&container("app-init", Role::Init)));
        assert!(!matched.takes_container(&container("app-proxy", Role::Main)));
    }
}
