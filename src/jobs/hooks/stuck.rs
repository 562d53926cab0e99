//! Hooks that do not get on, and releases that nobody carries on.
//!
//! Whether a helm is at work stands nowhere in the API. It shows in what it does: it waits for a hook's Job or pod and for nothing else, and
//! then goes on within seconds (helm, `pkg/action/hooks.go`). Only between the hooks before an operation and those after it may it be busy
//! unseen, for as long as its --timeout allows.

use jiff::{SignedDuration, Timestamp};

use super::annotated::ARGO_FINALIZER;
use super::moment::{Moment, Policy};
use super::step::{step, work};
use super::{Group, Live, Row, State};
use crate::facts::{Cluster, Event, Recorded, Release, Scope};
use crate::findings::{Code, Severity, Verdict};
use crate::pods::{Circumstances, duration};

/// Helm goes on at once, and looks every two seconds whether what it deleted is gone.
const AT_ONCE: i64 = 60;
/// Longer than any `--timeout` in use that we know of; the default is five minutes for each hook and each wait.
const UNSEEN: i64 = 3600;

/// Judges a group's hooks, and the release itself.
pub(super) fn judge(group: &mut Group<'_>, cluster: &Cluster, around: &Circumstances<'_>) {
    let record = group.record;
    let current = record.and_then(|release| {
        let now = |row: &Row<'_>| {
            row.state == State::Running
                && row.recorded.is_some()
                && (release.pending() || row.moments.contains(&Moment::Test))
        };
        group.rows.iter().position(now)
    });
    for at in 0..group.rows.len() {
        let waits = Some(at) == current;
        if let Some(verdict) = held(group, &group.rows[at], waits, cluster, around) {
            let row = &mut group.rows[at];
            if row.recorded.is_none() || waits {
                row.state = State::Stuck;
            }
            never_deleted(
                &mut row.verdicts,
                record.map(|release| step(release, &cluster.around.releases.items, None)).as_deref(),
            );
            row.verdicts.insert(0, verdict);
        }
    }
    // Of hooks that could not be read nothing is said but that.
    let opened = |release: &&Release| matches!(release.hooks, Recorded::Hooks { .. });
    let Some(release) = record.filter(opened).filter(|release| release.pending() || current.is_some()) else { return };
    if group.rows.iter().any(|row| row.verdicts.first().is_some_and(|verdict| verdict.code == Code::HookStuck)) {
        return;
    }
    let standing = Standing { group, release, cluster, around };
    let Some(verdict) = standing.verdict(current) else { return };
    match current {
        Some(at) => {
            let row = &mut group.rows[at];
            if verdict.severity == Severity::Fault {
                row.state = State::Stuck;
            }
            row.verdicts.insert(0, verdict);
        }
        None => group.verdicts.push(verdict),
    }
}

/// A hook whose object is there and does not get on.
fn held(
    group: &Group<'_>,
    row: &Row<'_>,
    waits: bool,
    cluster: &Cluster,
    around: &Circumstances<'_>,
) -> Option<Verdict> {
    let live = row.live?;
    let (meta, tool) = (live.meta(), group.tool());
    let named = format!("{}/{}", live.kind(), meta.name);
    if group.argo && around.older_than(meta.deleted(), AT_ONCE) {
        let holds = meta.finalizers.iter().any(|finalizer| &**finalizer == ARGO_FINALIZER);
        return holds.then(|| {
            Verdict::new(
                Code::HookStuck,
                format!(
                    "{} is being deleted, and Argo CD's finalizer holds it: its application controller removes that when the sync that made the hook goes on.",
                    row.shown()
                ),
            )
            .since(meta.deleted())
            .because(&named, "metadata.finalizers", ARGO_FINALIZER)
            .next(format!("argocd app get {}  # is its operation still running?", if group.name.is_empty() { "APPLICATION" } else { group.name }))
        });
    }
    let cause = row.verdicts.iter().find(|verdict| verdict.severity == Severity::Fault)?;
    if live.end().is_some() {
        return None;
    }
    let says = match group.record {
        Some(release) if waits => format!(
            "Helm waits for {} before it goes on with the {} of revision {}, and it does not get on: {}.",
            row.shown(),
            work(release),
            release.revision,
            cause.code.word()
        ),
        Some(release) if row.recorded.is_some() && !release.pending() => format!(
            "{} does not get on: {}. Helm no longer waits for it: revision {} is {}.",
            row.shown(),
            cause.code.word(),
            release.revision,
            release.status
        ),
        _ => {
            format!("{} does not get on: {}. If {tool} waits for it, it waits in vain.", row.shown(), cause.code.word())
        }
    };
    let mut verdict = Verdict::new(Code::HookStuck, says).since(cause.since.or(meta.created()));
    verdict = match group.record.filter(|_| row.recorded.is_some()) {
        Some(release) => recorded(verdict, release, row),
        None => annotations(verdict, row),
    };
    let mend = format!(
        "mend what the cause below names, and do not delete {}: a waiting Helm 3 takes that for success",
        row.shown()
    );
    match group.record {
        Some(release) if waits => {
            let then = step(release, &cluster.around.releases.items, row.moments.first().copied());
            verdict = verdict.next(format!("{mend}. If its helm has given up: {then}"));
        }
        // Whether one waits is not known.
        None if !group.argo => verdict = verdict.next(mend),
        Some(release) if release.pending() => verdict = verdict.next(mend),
        _ => {}
    }
    Some(verdict)
}

/// A cause's own step may be to delete the Job, which a Helm that waits takes for its success (`watchUntilReady`).
fn never_deleted(verdicts: &mut [Verdict], step: Option<&str>) {
    for verdict in verdicts {
        if verdict.next.as_deref().is_some_and(|next| next.contains(" delete job ") || next.contains(" delete pod ")) {
            verdict.next = Some(match step {
                Some(step) => format!("correct the chart, then: {step}"),
                None => "correct the chart or the manifest, end the operation that waits for it, then run it again"
                    .to_owned(),
            });
        }
    }
}

/// What the record says of a hook.
fn recorded(verdict: Verdict, release: &Release, row: &Row<'_>) -> Verdict {
    let secret = format!("Secret/{}", release.meta.name);
    let verdict = verdict.because(&secret, "metadata.labels[status]", &release.status);
    match row.recorded {
        Some(hook) => {
            let phase = if hook.phase.is_empty() { "never run" } else { &hook.phase };
            let at = hook.started.map_or_else(String::new, |at| format!(", begun {at}"));
            verdict.because(&secret, &format!("hooks[{}].last_run", row.name), format_args!("{phase}{at}"))
        }
        None => verdict,
    }
}

pub(super) fn annotations(verdict: Verdict, row: &Row<'_>) -> Verdict {
    let Some(live) = row.live else { return verdict };
    let named = format!("{}/{}", live.kind(), row.name);
    let notes = live.notes();
    let helm = notes.and_then(|notes| notes.events.as_deref()).map(|text| ("helm.sh/hook", text));
    let argo = notes.and_then(|notes| notes.argo_phases.as_deref()).map(|text| ("argocd.argoproj.io/hook", text));
    match argo.or(helm) {
        Some((key, text)) => verdict.because(named, &format!("annotation {key}"), text),
        None => verdict,
    }
}

/// What Helm does once the hook at hand is done.
#[derive(Clone, Copy)]
enum Next {
    /// It runs the next of the event: the row of that number.
    Hook(usize),
    /// It deletes what is to be deleted, and writes the record.
    Record,
    /// It does the work of the operation, and may wait for its objects.
    Work,
}

/// A release in the middle of an operation, none of whose hooks is known to be at fault.
struct Standing<'g, 'a> {
    group: &'g Group<'a>,
    release: &'a Release,
    cluster: &'g Cluster,
    around: &'g Circumstances<'g>,
}

impl Standing<'_, '_> {
    fn verdict(&self, current: Option<usize>) -> Option<Verdict> {
        let Some(at) = current else { return self.unseen(None) };
        let row = &self.group.rows[at];
        match row.live.map(|live| (live, live.end())) {
            Some((_, None)) => None,
            Some((_, Some(end))) if !end.well => self.left(row, "has failed", "", &[]),
            Some(_) => self.gone_on(at, "is complete"),
            None if row.seen => self.gone_on(at, "is not there (any more)"),
            // Helm waits for Jobs and pods alone.
            None if row.kind != "Job" && row.kind != "Pod" => self.gone_on(at, "needs no waiting for"),
            None => {
                let missing = if row.kind == "Pod" { &self.cluster.pods.missing } else { &self.cluster.jobs.missing };
                let what = format!("how {}, the hook at hand, is", row.shown());
                let verdict = if let Some(refusal) = missing {
                    Verdict::cannot_tell(&what, refusal)
                } else {
                    let scope = Scope::Namespace(row.namespace.into());
                    Verdict::new(Code::CannotTell, format!("Cannot tell {what}."))
                        .not_known(format!("only one namespace was read, and it stands {scope}: -A reads all"))
                };
                Some(verdict)
            }
        }
    }

    /// The hook at hand is done: Helm is at its next step, or is no more.
    fn gone_on(&self, at: usize, how: &str) -> Option<Verdict> {
        let row = &self.group.rows[at];
        let (next, kept) = (self.next(at), self.kept(row));
        match next {
            // It may wait for a deletion that does not show.
            _ if self.deletes_unseen(row, next) => self.unseen(Some(row)),
            Next::Hook(next) => {
                let next = self.group.rows[next].shown();
                self.left(row, how, &format!(", and {next}, the next, was not begun"), &[])
            }
            Next::Record => self.left(row, how, ", it was the last, and Helm's record does not say so", &[]),
            Next::Work if !kept.is_empty() => {
                self.left(row, how, ", and what Helm deletes after that is still there", &kept)
            }
            Next::Work => self.unseen(Some(row)),
        }
    }

    fn next(&self, at: usize) -> Next {
        let moment = self.group.rows[at].moments.first().copied();
        let later =
            self.group.rows.get(at + 1).filter(|row| row.recorded.is_some() && row.moments.first().copied() == moment);
        match moment {
            _ if later.is_some() => Next::Hook(at + 1),
            Some(Moment::PreInstall | Moment::PreUpgrade | Moment::PreRollback) => Next::Work,
            _ => Next::Record,
        }
    }

    /// Whether what Helm may delete now is of a kind or in a namespace that was not read.
    fn deletes_unseen(&self, row: &Row<'_>, next: Next) -> bool {
        let deletes = |it: &Row<'_>, policy: Policy| !it.seen && it.policies.contains(&policy);
        match next {
            Next::Hook(next) => deletes(&self.group.rows[next], Policy::BeforeCreation),
            Next::Record | Next::Work => {
                let mut of = self.group.rows.iter().filter(|it| it.moments == row.moments);
                of.any(|it| deletes(it, Policy::Succeeded))
            }
        }
    }

    /// Hooks of the event that Helm deletes as soon as all have succeeded, and that are there, untouched.
    fn kept(&self, row: &Row<'_>) -> Vec<String> {
        let of = |it: &&Row<'_>| it.moments == row.moments && it.policies.contains(&Policy::Succeeded);
        let there = |it: &&Row<'_>| it.live.is_some_and(|live| live.meta().deleted.is_none() && live.end().is_some());
        self.group.rows.iter().filter(of).filter(there).map(Row::shown).collect()
    }

    /// Nothing was done for a minute where Helm does the next within seconds.
    fn left(&self, row: &Row<'_>, how: &str, and: &str, kept: &[String]) -> Option<Verdict> {
        let quiet = self.quiet()?;
        let release = self.release;
        if let Some(going) = self.being_deleted() {
            return self.around.older_than(going.meta().deleted(), AT_ONCE).then(|| deletion(going));
        }
        if !self.around.older_than(Some(quiet), AT_ONCE) {
            return None;
        }
        // An object that is gone may have gone just now; only events tell when it ended.
        let untold = row.live.is_none() && row.seen;
        let refusal = self.around.without_events().filter(|_| untold);
        let says = format!(
            "Helm has {} on record as running, but it {how}{and}: no helm is at work on the {} any more.",
            row.shown(),
            work(release)
        );
        let mut verdict = match refusal {
            None => Verdict::new(Code::HookStuck, says),
            Some(refusal) => {
                Verdict::new(Code::HookStuck, says.replace(": no helm is", ": if that is so for a minute, no helm is"))
                    .severity(Severity::Waiting)
                    .unknown(refusal)
            }
        };
        verdict = recorded(verdict.since(Some(quiet)), release, row);
        for object in kept {
            verdict = verdict.because(object, "helm.sh/hook-delete-policy", "hook-succeeded");
        }
        let all = &self.cluster.around.releases.items;
        Some(verdict.next(step(release, all, row.moments.first().copied())))
    }

    /// Helm may be at work where nothing shows it.
    fn unseen(&self, after: Option<&Row<'_>>) -> Option<Verdict> {
        let quiet = self.quiet()?;
        if !self.around.older_than(Some(quiet), AT_ONCE) {
            return None;
        }
        let release = self.release;
        let long = self.around.older_than(Some(quiet), UNSEEN);
        let age = duration(self.around.now.duration_since(quiet));
        let done = match after {
            Some(row) => format!("{} is done", row.shown()),
            None if self.group.rows.iter().any(|row| row.state == State::ToCome) => "No hook is at hand".to_owned(),
            None => "No hook is left to run".to_owned(),
        };
        let says = if long {
            format!(
                "{done}, and for {age} nothing has moved while the release is {}: no helm waits so long unless it is told to.",
                release.status
            )
        } else {
            format!(
                "{done}, and the release is {} since {age}: Helm waits for what it {}, or its client has ended; the API does not tell which.",
                release.status,
                if &*release.status == "uninstalling" { "deletes" } else { "applied" }
            )
        };
        let mut verdict = Verdict::new(Code::HookStuck, says).since(Some(quiet));
        if !long {
            verdict = verdict.severity(Severity::Waiting);
        }
        verdict = match after {
            Some(row) => recorded(verdict, release, row),
            None => verdict.because(
                format_args!("Secret/{}", release.meta.name),
                "metadata.labels[status]",
                &release.status,
            ),
        };
        Some(verdict.next(step(release, &self.cluster.around.releases.items, None)))
    }

    fn being_deleted(&self) -> Option<Live<'_>> {
        self.group.rows.iter().filter_map(|row| row.live).find(|live| live.meta().deleted.is_some())
    }

    /// Since when nothing has been done that shows; `None` where that can't be told, as from files without a time.
    fn quiet(&self) -> Option<Timestamp> {
        if !self.cluster.dated {
            return None;
        }
        let of_live = |live: Live<'_>| {
            let ended = live.end().and_then(|end| end.at);
            [live.meta().created(), live.meta().deleted(), ended].into_iter().flatten().max()
        };
        let shown = self.group.rows.iter().filter_map(|row| row.live).filter_map(of_live).max();
        let told =
            self.around.events.items.iter().filter(|event| self.concerns(event)).filter_map(|event| event.last).max();
        // A deletion is marked with the time by which it shall be done.
        let past = |at: Timestamp| at.min(self.around.now);
        Some(past(self.release.saved?.max(shown.unwrap_or(Timestamp::MIN)).max(told.unwrap_or(Timestamp::MIN))))
    }

    /// Whether an event is about a hook of this release, or about a pod of one.
    fn concerns(&self, event: &Event) -> bool {
        self.group.rows.iter().any(|row| {
            let pod = || {
                row.kind == "Job"
                    && &*event.kind == "Pod"
                    && event.name.strip_prefix(row.name).is_some_and(|rest| rest.starts_with('-'))
            };
            row.namespace == &*event.namespace && ((row.kind == &*event.kind && row.name == &*event.name) || pod())
        })
    }
}

fn deletion(going: Live<'_>) -> Verdict {
    let meta = going.meta();
    let finalizers: Vec<&str> = meta.finalizers.iter().map(|text| &**text).collect();
    let named = format!("{}/{}", going.kind(), meta.name);
    let verdict = Verdict::new(
        Code::HookStuck,
        format!("{} is being deleted, and Helm waits until it is gone.", named.to_lowercase()),
    )
    .since(meta.deleted())
    .because(
        &named,
        "metadata.finalizers",
        if finalizers.is_empty() { "none".to_owned() } else { finalizers.join(", ") },
    );
    verdict.next(format!("kubectl -n {} describe {}  # whose finalizer it is", meta.namespace, named.to_lowercase()))
}

/// Whether so much time has passed; for those who judge by it elsewhere.
pub(super) fn long_since(since: Option<Timestamp>, now: Timestamp, argo_or_unknown: bool) -> bool {
    let limit = if argo_or_unknown { UNSEEN } else { AT_ONCE };
    since.is_some_and(|at| now.duration_since(at) > SignedDuration::from_secs(limit))
}
