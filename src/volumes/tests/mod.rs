//! The states of claims, one story each; what may be deleted, against a model; what becomes of claims, cell by cell.

mod classes;
mod default_classes;
mod fates;
mod modifiers;
mod never_in_use;
mod rows;
mod volumes;

use super::{Index, deletable, row_of, verdicts};
use crate::facts::fixture::{claim, cluster, labels, meta, owner, pod, set, volume};
use crate::facts::{
    Claim, Cluster, Event, Labels, Listed, Maker, Owner, Pod, PodPhase, Referrer, ReferrerKind, Snapshot, StatefulSet,
    Why,
};
use crate::findings::Code;

type Change = dyn Fn(&mut Cluster);

/// A cluster as a story: what is in it, then what is said of one claim.
struct Story {
    sets: Vec<StatefulSet>,
    pods: Vec<Pod>,
    claims: Vec<Claim>,
    reclaim: &'static str,
    change: Vec<Box<Change>>,
}

fn story(sets: Vec<StatefulSet>) -> Story {
    Story { sets, pods: Vec::new(), claims: Vec::new(), reclaim: "Delete", change: Vec::new() }
}

impl Story {
    /// The ready pod of an ordinal of a set.
    fn pod(mut self, of: usize, ordinal: i32) -> Self {
        self.pods.push(pod(&self.sets[of], ordinal));
        self
    }

    fn other_pod(mut self, other: Pod) -> Self {
        self.pods.push(other);
        self
    }

    fn claim(self, name: &str) -> Self {
        self.claim_with(name, |_| {})
    }

    fn claim_with(mut self, name: &str, change: impl FnOnce(&mut Claim)) -> Self {
        let mut claim = claim(name);
        change(&mut claim);
        self.claims.push(claim);
        self
    }

    fn with(mut self, change: impl Fn(&mut Cluster) + 'static) -> Self {
        self.change.push(Box::new(change));
        self
    }

    fn cluster(&self) -> Cluster {
        let volumes = self.claims.iter().filter(|c| c.volume.is_some()).map(|c| volume(c, self.reclaim)).collect();
        let mut facts = cluster(self.sets.clone(), self.pods.clone(), self.claims.clone(), volumes);
        for change in &self.change {
            change(&mut facts);
        }
        facts.sort();
        facts
    }

    /// `RetainedScaledDown+DiskDiesWithClaim named`: the verdicts of the claim's row, and whether it may be deleted.
    fn says(&self, name: &str) -> String {
        let facts = self.cluster();
        let index = Index::new(&facts);
        let claim = facts.claims.items.iter().find(|claim| *claim.meta.name == *name).unwrap();
        let row = row_of(claim, &index);
        let verdicts = verdicts(&row, &index);
        for verdict in &verdicts {
            assert!(
                !verdict.says.is_empty() && !verdict.evidence.is_empty()
                    || verdict.code == Code::CannotTell
                    || verdict.code == Code::Unattributed,
                "{verdict:?}"
            );
        }
        let codes: Vec<&str> = verdicts.iter().map(|verdict| verdict.code.word()).collect();
        let deletable = serde_json::to_value(deletable(&row, &index)).unwrap();
        format!("{} {}", codes.join("+"), deletable.as_str().unwrap())
    }
}

/// A pod of nobody that uses a claim.
fn stranger(name: &str, uses: &str) -> Pod {
    let mut stranger = pod(&set("nobody", 1, &[]), 0);
    stranger.meta = crate::facts::Meta { labels: Labels::default(), ..meta(name) };
    stranger.claims = Box::new([crate::facts::PodClaim { volume: "data".into(), claim: uses.into() }]);
    stranger
}

fn finished(mut pod: Pod) -> Pod {
    pod.phase = PodPhase::Succeeded;
    pod
}

fn referrer(kind: ReferrerKind, name: &str, uses: &str) -> Referrer {
    Referrer {
        meta: meta(name),
        kind,
        claims: Box::new([uses.into()]),
        replicas: (kind == ReferrerKind::Deployment).then_some(0),
        suspended: false,
        schedule: (kind == ReferrerKind::CronJob).then(|| "0 3 * * *".into()),
        finished: false,
    }
}

fn foreign(kind: &str, api: &str, controller: bool) -> Owner {
    Owner { api_version: api.into(), kind: kind.into(), controller, ..owner(kind, "db") }
}
