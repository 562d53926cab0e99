//! Which ended Jobs may be deleted, and which are somebody's to keep.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::facts::{JobRun, JobState, LabelSelector, Uid};

/// How many ended runs a CronJob keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keeps {
    /// Its UID.
    pub uid: Uid,
    /// `spec.successfulJobsHistoryLimit`.
    pub succeeded: usize,
    /// `spec.failedJobsHistoryLimit`.
    pub failed: usize,
}

/// Which Jobs are wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// These, by name; the other wishes do not count then.
    pub names: Vec<String>,
    /// Those whose labels match.
    pub labels: LabelSelector,
    /// Those that ended so long ago.
    pub older_than: Option<SignedDuration>,
    /// All but the newest so many of each owner.
    pub keep: Option<usize>,
    /// Those that failed.
    pub failed: bool,
    /// Those that succeeded.
    pub succeeded: bool,
    /// Those too that belong to somebody: to a CronJob within its limits, or to another controller.
    pub managed: bool,
}

/// What is to become of the Jobs.
#[derive(Debug, Default)]
pub struct Choice<'r> {
    /// To be deleted, oldest end first.
    pub delete: Vec<&'r JobRun>,
    /// Wanted and not taken: why.
    pub passed_over: Vec<(&'r JobRun, String)>,
    /// Named and not there.
    pub missing: Vec<String>,
}

/// Chooses among the Jobs of a namespace. `keeps` is `None` where the CronJobs could not be read: then their runs are theirs.
pub fn choose<'r>(runs: &'r [JobRun], keeps: Option<&[Keeps]>, wanted: &Wanted, now: Timestamp) -> Choice<'r> {
    let mut choice = Choice::default();
    let newest = newest_of_each_owner(runs, wanted.keep.unwrap_or(0));
    let kept = kept_by_cron_jobs(runs, keeps);
    for run in runs {
        let named = wanted.names.iter().any(|name| **name == *run.meta.name);
        if !wanted.names.is_empty() && !named {
            continue;
        }
        if run.live() {
            if named {
                choice.passed_over.push((run, "it has not ended".to_owned()));
            }
            continue;
        }
        if run.meta.deleted().is_some() {
            if named {
                choice.passed_over.push((run, "it is being deleted".to_owned()));
            }
            continue;
        }
        if !named && (!matches(run, wanted, now) || newest.contains(&&run.meta.uid)) {
            continue;
        }
        match owned(run, keeps, &kept).filter(|_| !wanted.managed) {
            Some(why) => choice.passed_over.push((run, why)),
            None => choice.delete.push(run),
        }
    }
    let there = |name: &&String| !runs.iter().any(|run| *run.meta.name == ***name);
    choice.missing = wanted.names.iter().filter(there).cloned().collect();
    choice.delete.sort_by_key(|run| (run.ended, run.meta.name.clone()));
    choice
}

fn matches(run: &JobRun, wanted: &Wanted, now: Timestamp) -> bool {
    let state = match run.state {
        JobState::Complete => wanted.succeeded || !wanted.failed,
        JobState::Failed(_) => wanted.failed || !wanted.succeeded,
        JobState::Active => false,
    };
    // One whose end has no time is not old.
    let old = wanted.older_than.is_none_or(|age| run.ended.is_some_and(|ended| now.duration_since(ended) >= age));
    state && old && wanted.labels.matches(&run.meta.labels)
}

/// Whose it is, if it is somebody's.
fn owned(run: &JobRun, keeps: Option<&[Keeps]>, kept: &HashMap<&Uid, &str>) -> Option<String> {
    let owner = run.meta.controller()?;
    if &*owner.kind != "CronJob" {
        return Some(format!("it belongs to {} {}, which may need it", owner.kind, owner.name));
    }
    let Some(keeps) = keeps else {
        return Some(format!("it belongs to cronjob {}, and how many runs that keeps could not be read", owner.name));
    };
    if !keeps.iter().any(|keeps| keeps.uid == owner.uid) {
        return Some(format!("its cronjob {} is gone: garbage collection takes it", owner.name));
    }
    kept.get(&run.meta.uid).map(|limit| format!("cronjob {} keeps it by its {limit}", owner.name))
}

/// The UIDs of ended runs that CronJobs keep, with the limit that does: the newest of each sort by their start (CronJob controller,
/// `cleanupFinishedJobs`).
fn kept_by_cron_jobs<'r>(runs: &'r [JobRun], keeps: Option<&[Keeps]>) -> HashMap<&'r Uid, &'static str> {
    let mut kept = HashMap::new();
    for cron in keeps.unwrap_or_default() {
        for (limit, failed, name) in
            [(cron.succeeded, false, "successfulJobsHistoryLimit"), (cron.failed, true, "failedJobsHistoryLimit")]
        {
            let mut of: Vec<&JobRun> =
                runs.iter()
                    .filter(|run| run.meta.controlled_by(&cron.uid))
                    .filter(|run| {
                        if failed { matches!(run.state, JobState::Failed(_)) } else { run.state == JobState::Complete }
                    })
                    .collect();
            of.sort_by_key(|run| std::cmp::Reverse((run.started, run.meta.name.clone())));
            kept.extend(of.into_iter().take(limit).map(|run| (&run.meta.uid, name)));
        }
    }
    kept
}

/// The UIDs of the ended runs that `--keep` keeps: the newest of each owner, and of those without one.
fn newest_of_each_owner(runs: &[JobRun], keep: usize) -> Vec<&Uid> {
    let mut of: HashMap<Option<&Uid>, Vec<&JobRun>> = HashMap::new();
    for run in runs.iter().filter(|run| !run.live()) {
        of.entry(run.meta.controller().map(|owner| &owner.uid)).or_default().push(run);
    }
    let mut all = Vec::new();
    for runs in of.values_mut() {
        runs.sort_by_key(|run| std::cmp::Reverse((run.ended, run.meta.name.clone())));
        all.extend(runs.iter().take(keep).map(|run| &run.meta.uid));
    }
    all
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::gather::job_run::of_object;

    fn run(name: &str, ended: &str, state: &str, owner: Option<(&str, &str)>) -> JobRun {
        let owners: Vec<Value> = owner
            .into_iter()
            .map(|(kind, uid)| json!({"apiVersion": "x/v1", "kind": kind, "name": "owner", "uid": uid, "controller": true}))
            .collect();
        let conditions = if state.is_empty() {
            json!([])
        } else {
            json!([{"type": state, "status": "True", "lastTransitionTime": ended, "reason": "R"}])
        };
        of_object(&json!({
            "metadata": {"name": name, "uid": name, "resourceVersion": "1", "ownerReferences": owners, "labels": {"app": name}},
            "status": {"startTime": ended, "conditions": conditions},
        }))
        .unwrap()
    }

    fn names<'r>(choice: &Choice<'r>) -> Vec<&'r str> {
        choice.delete.iter().map(|run| &*run.meta.name).collect()
    }

    const CRON: Option<(&str, &str)> = Some(("CronJob", "c-1"));

    fn all() -> Vec<JobRun> {
        vec![
            run("old", "2026-11-01T00:00:00Z", "Complete", None),
            run("older", "2026-10-01T00:00:00Z", "Failed", None),
            run("new", "2026-11-24T00:00:00Z", "Complete", None),
            run("goes-on", "2026-10-01T00:00:00Z", "", None),
            run("c-1", "2026-11-03T00:00:00Z", "Complete", CRON),
            run("c-2", "2026-11-02T00:00:00Z", "Complete", CRON),
            run("c-3", "2026-11-01T00:00:00Z", "Failed", CRON),
            run("op", "2026-11-01T00:00:00Z", "Complete", Some(("Workflow", "w-1"))),
            run("lost", "2026-11-01T00:00:00Z", "Complete", Some(("CronJob", "c-9"))),
        ]
    }

    fn chosen<'r>(runs: &'r [JobRun], wanted: &Wanted) -> Choice<'r> {
        let keeps = [Keeps { uid: "c-1".into(), succeeded: 1, failed: 1 }];
        choose(runs, Some(&keeps), wanted, "2026-11-24T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn what_ended_long_ago_and_is_nobodys() {
        let runs = all();
        let week = Wanted { older_than: Some(SignedDuration::from_hours(7 * 24)), ..Wanted::default() };
        let choice = chosen(&runs, &week);
        assert_eq!(names(&choice), ["older", "old", "c-2"]);
        let passed: Vec<String> =
            choice.passed_over.iter().map(|(run, why)| format!("{}: {why}", run.meta.name)).collect();
        insta::assert_snapshot!(passed.join("\n"), @"
        c-1: cronjob owner keeps it by its successfulJobsHistoryLimit
        c-3: cronjob owner keeps it by its failedJobsHistoryLimit
        op: it belongs to Workflow owner, which may need it
        lost: its cronjob owner is gone: garbage collection takes it
        ");
        assert_eq!(names(&chosen(&runs, &Wanted { failed: true, ..week.clone() })), ["older"]);
        assert_eq!(names(&chosen(&runs, &Wanted { succeeded: true, ..week.clone() })), ["old", "c-2"]);
        assert_eq!(
            names(&chosen(&runs, &Wanted { keep: Some(1), succeeded: true, ..Wanted::default() })),
            ["old", "c-2"]
        );
        assert_eq!(names(&chosen(&runs, &Wanted { keep: Some(2), ..Wanted::default() })), ["older"]);
        assert_eq!(chosen(&runs, &Wanted { managed: true, ..week }).delete.len(), 7);
    }

    #[test]
    fn what_is_named_and_never_what_goes_on() {
        let runs = all();
        let names_of =
            |names: &[&str]| Wanted { names: names.iter().map(|it| (*it).to_owned()).collect(), ..Wanted::default() };
        let choice = chosen(&runs, &names_of(&["new", "goes-on", "c-1", "nope"]));
        assert_eq!(names(&choice), ["new"]);
        assert_eq!(choice.passed_over.iter().map(|(run, _)| &*run.meta.name).collect::<Vec<_>>(), ["goes-on", "c-1"]);
        assert_eq!(choice.missing, ["nope"]);
    }

    #[test]
    fn without_the_cron_jobs_their_runs_are_theirs() {
        let runs = all();
        let choice = choose(&runs, None, &Wanted::default(), "2026-11-24T12:00:00Z".parse().unwrap());
        assert_eq!(names(&choice), ["older", "old", "new"]);
    }
}
