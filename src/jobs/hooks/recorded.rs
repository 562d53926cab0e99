//! Releases with a record: their hooks in Helm's order, and how far each is by the record.
//!
//! Helm writes a hook down as running before it creates its object, and how it ended only when it next writes (helm, `pkg/action/hooks.go`).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::moment::{Moment, Policy, Terms, before};
use super::{Group, Live, Row, State};
use crate::facts::{Cluster, HookRecord, Recorded, Release};
use crate::findings::{Code, Verdict};
use crate::pods::Circumstances;

use Moment::{
    PostDelete, PostInstall, PostRollback, PostUpgrade, PreDelete, PreInstall, PreRollback, PreUpgrade, Test,
};

/// The newest record of each release, as a group; takes the objects that it has hooks for.
pub(super) fn groups<'a>(cluster: &'a Cluster, around: &Circumstances<'a>, live: &mut Vec<Live<'a>>) -> Vec<Group<'a>> {
    newest(cluster).into_iter().map(|release| group(release, cluster, around, live)).collect()
}

/// The newest record of each release.
pub(super) fn newest(cluster: &Cluster) -> Vec<&Release> {
    let mut newest: BTreeMap<(&str, &str), &Release> = BTreeMap::new();
    for release in &cluster.around.releases.items {
        let newest = newest.entry((&*release.meta.namespace, &*release.name)).or_insert(release);
        if newest.revision < release.revision {
            *newest = release;
        }
    }
    newest.into_values().collect()
}

fn group<'a>(
    release: &'a Release,
    cluster: &'a Cluster,
    around: &Circumstances<'a>,
    live: &mut Vec<Live<'a>>,
) -> Group<'a> {
    let mut group = Group {
        argo: false,
        namespace: &release.meta.namespace,
        name: &release.name,
        record: Some(release),
        rows: Vec::new(),
        verdicts: Vec::new(),
    };
    let what = "which hooks the release has, and how far they are";
    match (&release.hooks, &cluster.around.releases.missing) {
        (Recorded::Hooks { began, hooks }, _) => {
            let course = Course { release, began: *began, hooks };
            group.rows = course.rows(cluster, around, live);
        }
        (Recorded::Broken(why), _) => group
            .verdicts
            .push(Verdict::new(Code::CannotTell, format!("Cannot tell {what}.")).not_known(why.to_string())),
        (Recorded::Unopened, Some(refusal)) => group.verdicts.push(Verdict::cannot_tell(what, refusal)),
        (Recorded::Unopened, None) => group.verdicts.push(
            Verdict::new(Code::CannotTell, format!("Cannot tell {what}.")).not_known("the record holds no release"),
        ),
    }
    group
}

/// The operation that a record is about, and its hooks.
struct Course<'a> {
    release: &'a Release,
    began: Option<Timestamp>,
    hooks: &'a [HookRecord],
}

impl<'a> Course<'a> {
    fn rows(&self, cluster: &'a Cluster, around: &Circumstances<'a>, live: &mut Vec<Live<'a>>) -> Vec<Row<'a>> {
        let all: Vec<(&HookRecord, Terms)> = self.hooks.iter().map(|hook| (hook, Terms::recorded(hook))).collect();
        let operation = self.operation(&all);
        let mut order: Vec<(Moment, usize)> =
            all.iter().enumerate().flat_map(|(at, (_, terms))| terms.moments.iter().map(move |it| (*it, at))).collect();
        let key = |at: usize| (all[at].1.weight, &*all[at].0.kind, &*all[at].0.name);
        // Stable: equals stay in the record's order.
        order.sort_by(|a, b| a.0.cmp(&b.0).then(before(false, key(a.1), key(b.1))));
        let mut rows: Vec<Row<'a>> = Vec::with_capacity(order.len());
        for &(moment, at) in &order {
            let (hook, terms) = &all[at];
            let last = self.last_moment(hook, terms, &operation, &order, at);
            let state = self.state(hook, moment, last, &operation);
            let namespace: &'a str = hook.namespace.as_ref().unwrap_or(&self.release.meta.namespace);
            let mut row = Row {
                moments: vec![moment],
                weight: terms.weight,
                kind: &hook.kind,
                namespace,
                name: &hook.name,
                policies: terms.policies.clone(),
                recorded: Some(*hook),
                live: None,
                seen: seen(&hook.kind, namespace, cluster),
                state,
                verdicts: Vec::new(),
            };
            let same = |live: &Live<'a>| {
                let meta = live.meta();
                (&*meta.namespace, live.kind(), &*meta.name) == (namespace, &*hook.kind, &*hook.name)
            };
            let there = live.iter().copied().find(same);
            if Some(moment) == last
                && let Some(there) = there.filter(|live| self.is_of_this_run(hook, *live, cluster))
            {
                row.live = Some(there);
                row.verdicts = there.causes(cluster, around);
            }
            if state == State::Failed
                && let Some(verdict) = self.failed(hook, &row)
            {
                row.verdicts.insert(0, verdict);
            }
            rows.push(row);
        }
        // What has a record is accounted for, also where it is of another run.
        live.retain(|live| {
            let meta = live.meta();
            !rows.iter().any(|row| (row.namespace, row.kind, row.name) == (&*meta.namespace, live.kind(), &*meta.name))
        });
        rows
    }

    /// The events of the operation at hand, or of the last one; after that of a test.
    fn operation(&self, all: &[(&HookRecord, Terms)]) -> Vec<Moment> {
        let ran_only = |of: [Moment; 2]| {
            all.iter().any(|(hook, terms)| {
                let mut moments = terms.moments.iter().filter(|moment| **moment != Test).peekable();
                self.ran(hook) && moments.peek().is_some() && moments.all(|moment| of.contains(moment))
            })
        };
        let (install, upgrade, rollback) =
            ([PreInstall, PostInstall], [PreUpgrade, PostUpgrade], [PreRollback, PostRollback]);
        let mut moments = match &*self.release.status {
            "pending-install" => install.to_vec(),
            "pending-upgrade" => upgrade.to_vec(),
            "pending-rollback" => rollback.to_vec(),
            "uninstalling" | "uninstalled" => vec![PreDelete, PostDelete],
            _ if self.release.revision == 1 || ran_only(install) => install.to_vec(),
            // The record does not say which of the two it was; a hook of one alone does.
            _ if ran_only(upgrade) => upgrade.to_vec(),
            _ if ran_only(rollback) => rollback.to_vec(),
            _ => [upgrade, rollback].concat(),
        };
        moments.push(Test);
        moments
    }

    /// Whether its last run belongs to this operation: a rollback takes over the hooks of its target with their old runs.
    fn ran(&self, hook: &HookRecord) -> bool {
        match (hook.started, self.began) {
            (Some(started), Some(began)) => started >= began,
            (started, _) => started.is_some(),
        }
    }

    /// The event at which it last ran in this operation.
    fn last_moment(
        &self,
        hook: &HookRecord,
        terms: &Terms,
        operation: &[Moment],
        order: &[(Moment, usize)],
        at: usize,
    ) -> Option<Moment> {
        if !self.ran(hook) {
            return None;
        }
        let own = |moment: &Moment| operation.contains(moment);
        let mut moments: Vec<Moment> = terms.moments.iter().copied().filter(own).collect();
        moments.sort_unstable();
        moments.dedup();
        // A release is deployed only when all that was before has succeeded: what runs or failed since is a test.
        if &*self.release.status == "deployed" && moments.contains(&Test) && &*hook.phase != "Succeeded" {
            return Some(Test);
        }
        if moments.len() > 1 {
            moments.retain(|moment| *moment != Test);
        }
        match moments[..] {
            [pre, post] if !pre.is_post() && post.is_post() => {
                let others_ran = |moment: Moment, from: usize| {
                    let hooks = order.iter().filter(|(it, _)| *it == moment).map(|(_, at)| *at).skip(from);
                    hooks.filter(|other| *other != at).collect::<Vec<_>>()
                };
                let ran = |other: &usize| self.ran(&self.hooks[*other]);
                let place = order.iter().filter(|(it, _)| *it == pre).position(|(_, other)| *other == at).unwrap_or(0);
                let behind = others_ran(pre, place);
                let over = !self.release.pending() && &*self.release.status != "failed";
                let only_post = |other: &usize| !order.contains(&(pre, *other));
                let begun = others_ran(post, 0).iter().filter(|other| only_post(other)).any(ran);
                Some(if over || begun || (!behind.is_empty() && behind.iter().all(ran)) { post } else { pre })
            }
            _ => moments.first().copied(),
        }
    }

    fn state(&self, hook: &HookRecord, moment: Moment, last: Option<Moment>, operation: &[Moment]) -> State {
        let ahead = self.release.pending() && operation.contains(&moment) && moment != Test;
        match last {
            Some(last) if moment == last => match &*hook.phase {
                "Running" => State::Running,
                "Succeeded" => State::Succeeded,
                "Failed" => State::Failed,
                _ => State::Unknown,
            },
            // Helm goes on only when all of an event have succeeded.
            Some(last) if operation.contains(&moment) && moment < last && last != Test => State::Succeeded,
            // A record has one run of a hook; the test's has taken the place of the other.
            Some(_) if operation.contains(&moment) && last == Some(Test) => State::Unknown,
            _ if ahead => State::ToCome,
            _ => State::NotRun,
        }
    }

    /// That it failed, where its object does not tell.
    fn failed(&self, hook: &HookRecord, row: &Row<'_>) -> Option<Verdict> {
        let secret = format!("Secret/{}", self.release.meta.name);
        let field = format!("hooks[{}].last_run.phase", row.name);
        let Some(live) = row.live else {
            let says = if row.seen {
                "Helm has its failure on record, and its object is gone, or was never created; Helm's own output said why."
            } else {
                "Helm has its failure on record; Helm's own output said why."
            };
            let verdict = Verdict::new(Code::JobFailed, says).since(hook.completed);
            return Some(verdict.because(secret, &field, &hook.phase));
        };
        // Helm 3 creates, and fails at once where the name is taken.
        let brief = hook
            .started
            .zip(hook.completed)
            .is_some_and(|(from, to)| to.duration_since(from) < SignedDuration::from_secs(10));
        let taken = brief && !row.policies.contains(&Policy::BeforeCreation) && live.end().is_some_and(|end| end.well);
        taken.then(|| {
            let policies: Vec<&str> = row.policies.iter().map(|policy| policy.word(false)).collect();
            Verdict::new(
                Code::JobFailed,
                format!("Helm could not create {}: one of that name is there from before, and nothing had it deleted.", row.shown()),
            )
            .since(hook.completed)
            .because(secret, &field, &hook.phase)
            .because(row.shown(), "helm.sh/hook-delete-policy", policies.join(","))
            .next(format!(
                "kubectl -n {} delete {} {}  # then run the operation again; the policy before-hook-creation spares this",
                row.namespace,
                row.kind.to_lowercase(),
                row.name
            ))
        })
    }

    /// Whether the object is of this very run: what runs was created after the record said so. From files that can't be told.
    fn is_of_this_run(&self, hook: &HookRecord, live: Live<'_>, cluster: &Cluster) -> bool {
        if &*hook.phase != "Running" || !cluster.dated {
            return true;
        }
        let early =
            |(created, saved): (Timestamp, Timestamp)| saved.duration_since(created) > SignedDuration::from_secs(2);
        !live.meta().created().zip(self.release.saved).is_some_and(early)
    }
}

/// Whether objects of a kind in a namespace were all read.
fn seen(kind: &str, namespace: &str, cluster: &Cluster) -> bool {
    let missing = match kind {
        "Job" => &cluster.jobs.missing,
        "Pod" => &cluster.pods.missing,
        _ => return false,
    };
    missing.is_none() && cluster.namespace.as_deref().is_none_or(|read| read == namespace)
}
