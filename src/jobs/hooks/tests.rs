//! A release in the middle of something, a story each.

use super::{Group, Row, State, groups};
use crate::facts::fixture::{cluster, condition, event, job, job_pod, labels, meta, node, time};
use crate::facts::{
    Cluster, ContainerState, HookNotes, HookRecord, Job, JobStatus, Listed, Meta, Pod, Recorded, Release, Text, Why,
};
use crate::findings::{Code, Severity, Verdict};
use crate::gather::resource::{EVENTS, SECRETS};
use crate::pods::Circumstances;

/// The time of every story.
const NOW: &str = "2026-11-24T12:30:00Z";
/// When the upgrade began, and its record was last written unless a story says otherwise.
const BEGAN: &str = "2026-11-24T12:00:00Z";

struct Story {
    cluster: Cluster,
    release: Release,
    began: &'static str,
    hooks: Vec<HookRecord>,
}

/// Release `web`, whose revision 3 is deployed and whose revision 4 is on its way.
fn upgrade() -> Story {
    let record = |revision: u64, status: &str| {
        let name = format!("sh.helm.release.v1.web.v{revision}");
        Release {
            meta: Meta { labels: labels(&[("owner", "helm"), ("name", "web"), ("status", status)]), ..meta(&name) },
            name: "web".into(),
            revision,
            status: status.into(),
            saved: Some(time(BEGAN)),
            hooks: Recorded::Unopened,
        }
    };
    let mut cluster = cluster(Vec::new(), Vec::new(), Vec::new(), Vec::new());
    cluster.now = time(NOW);
    cluster.namespace = Some("shop".into());
    cluster.jobs = Listed::complete(Vec::new());
    cluster.pods = Listed::complete(Vec::new());
    cluster.around.events = Listed::complete(Vec::new());
    cluster.around.nodes = Listed::complete(vec![node("node1")]);
    cluster.around.releases = Listed::complete(vec![record(2, "superseded"), record(3, "deployed")]);
    Story { cluster, release: record(4, "pending-upgrade"), began: BEGAN, hooks: Vec::new() }
}

/// The hook's record; `run` is its phase and when it began.
fn hook(name: &str, events: &[&str], weight: i64, run: Option<(&str, &str)>) -> HookRecord {
    HookRecord {
        name: name.into(),
        kind: "Job".into(),
        namespace: None,
        path: format!("web/templates/{name}.yaml").into(),
        events: events.iter().map(|event| Text::from(*event)).collect(),
        weight,
        policies: Box::new([]),
        phase: run.map_or("", |(phase, _)| phase).into(),
        started: run.map(|(_, at)| time(at)),
        completed: None,
    }
}

/// A hook's Job that was created then.
fn hook_job(name: &str, created: &str) -> Job {
    let mut job = job(name);
    job.meta.created = Some(time(created).into());
    job.meta.labels = labels(&[("app.kubernetes.io/instance", "web")]);
    job.status = JobStatus { active: 1, started: Some(time(created)), ..JobStatus::default() };
    job.hook = Some(Box::new(HookNotes { events: Some("pre-upgrade".into()), ..HookNotes::default() }));
    job
}

fn ended(mut job: Job, kind: &str, at: &str) -> Job {
    let reason = if kind == "Complete" { "CompletionsReached" } else { "BackoffLimitExceeded" };
    job.status.active = 0;
    job.status.conditions = Box::new([condition(kind, reason, at, "")]);
    job
}

/// Whose image can't be pulled.
fn pulls(job: &Job) -> Pod {
    let mut pod = job_pod(job, "x1");
    pod.phase = crate::facts::PodPhase::Pending;
    pod.meta.created = job.meta.created;
    let detail = pod.detail.as_mut().unwrap();
    detail.containers[0].ready = false;
    detail.containers[0].started = false;
    detail.containers[0].state =
        ContainerState::Waiting { reason: "ImagePullBackOff".into(), message: "no such image".into() };
    pod
}

impl Story {
    fn hook(mut self, hook: HookRecord) -> Self {
        self.hooks.push(hook);
        self
    }

    fn job(mut self, job: Job) -> Self {
        self.cluster.jobs.items.push(job);
        self
    }

    fn release(mut self, change: impl FnOnce(&mut Release)) -> Self {
        change(&mut self.release);
        self
    }

    fn cluster(mut self, change: impl FnOnce(&mut Cluster)) -> Self {
        change(&mut self.cluster);
        self
    }

    fn without_records(self) -> Self {
        self.cluster(|cluster| {
            let refusal = SECRETS.not_listed(Some(&"shop".into()), Why::Forbidden);
            cluster.around.releases = Listed::refused(refusal);
        })
    }

    fn told<T>(mut self, tell: impl FnOnce(&[Group<'_>]) -> T) -> T {
        if self.cluster.around.releases.missing.is_none() {
            self.release.hooks = Recorded::Hooks { began: Some(time(self.began)), hooks: self.hooks.into() };
            self.cluster.around.releases.items.push(self.release);
        }
        self.cluster.sort();
        tell(&groups(&self.cluster, &Circumstances::of(&self.cluster, &[])))
    }

    /// The hooks in their order: `pre-upgrade migrate running`.
    fn states(self) -> Vec<String> {
        self.told(|groups| groups.iter().flat_map(|group| &group.rows).map(row).collect())
    }

    /// All verdicts but those that are well: of the releases first.
    fn verdicts(self) -> Vec<Verdict> {
        self.told(|groups| {
            let of_rows = groups.iter().flat_map(|group| &group.rows).flat_map(|row| &row.verdicts);
            let all = groups.iter().flat_map(|group| &group.verdicts).chain(of_rows);
            all.filter(|verdict| verdict.severity != Severity::Ok).cloned().collect()
        })
    }

    fn codes(self) -> Vec<(Code, Severity)> {
        self.verdicts().iter().map(|verdict| (verdict.code, verdict.severity)).collect()
    }
}

fn row(row: &Row<'_>) -> String {
    let words: Vec<&str> = row.moments.iter().map(|moment| moment.word()).collect();
    format!("{} {} {}", words.join(","), row.name, row.state.word())
}

const RUNS: Option<(&str, &str)> = Some(("Running", "2026-11-24T12:00:01Z"));
const DONE: Option<(&str, &str)> = Some(("Succeeded", "2026-11-24T12:00:01Z"));
const STUCK: (Code, Severity) = (Code::HookStuck, Severity::Fault);
const MAYBE: (Code, Severity) = (Code::HookStuck, Severity::Waiting);

#[test]
fn hooks_stand_in_helms_order_and_each_says_how_far_it_is() {
    let story = upgrade()
        .hook(hook("c", &["pre-upgrade"], 0, None))
        .hook(hook("b", &["pre-upgrade", "pre-install"], 0, RUNS))
        .hook(hook("z", &["pre-upgrade"], -5, DONE))
        .hook(hook("a", &["post-upgrade"], 10, None))
        .hook(hook("smoke", &["test"], 0, None))
        .job(hook_job("b", "2026-11-24T12:00:01Z"));
    assert_eq!(
        story.states(),
        [
            "pre-install b not run",
            "pre-upgrade z succeeded",
            "pre-upgrade b running",
            "pre-upgrade c to come",
            "post-upgrade a to come",
            "test smoke not run"
        ]
    );
}

#[test]
fn a_hook_of_both_events_runs_twice() {
    let both = |run| hook("check", &["pre-upgrade", "post-upgrade"], 0, run);
    let first = upgrade().hook(both(RUNS)).hook(hook("later", &["pre-upgrade"], 5, None));
    assert_eq!(
        first.states(),
        ["pre-upgrade check stuck", "pre-upgrade later to come", "post-upgrade check to come"],
        "its Job is gone for half an hour"
    );
    let second = upgrade().hook(both(RUNS)).hook(hook("later", &["pre-upgrade"], 5, DONE));
    assert_eq!(
        second.job(hook_job("check", "2026-11-24T12:29:50Z")).states(),
        ["pre-upgrade check succeeded", "pre-upgrade later succeeded", "post-upgrade check running"]
    );
}

#[test]
fn a_rollback_takes_over_the_runs_of_old_and_they_are_not_its_own() {
    let story = upgrade()
        .release(|release| release.status = "pending-rollback".into())
        .hook(hook("migrate", &["pre-upgrade"], 0, Some(("Running", "2026-11-20T12:00:01Z"))))
        .hook(hook("undo", &["pre-rollback"], 0, RUNS))
        .job(hook_job("undo", "2026-11-24T12:00:01Z"));
    assert_eq!(story.states(), ["pre-upgrade migrate not run", "pre-rollback undo running"]);
}

#[test]
fn a_hook_that_cannot_start_is_stuck_with_its_cause_and_its_job_is_not_to_be_deleted() {
    let job = hook_job("migrate", "2026-11-24T12:00:01Z");
    let pod = pulls(&job);
    let story =
        upgrade().hook(hook("migrate", &["pre-upgrade"], 0, RUNS)).job(job).cluster(|it| it.pods.items.push(pod));
    let verdicts = story.verdicts();
    assert_eq!(
        verdicts.iter().map(|it| it.code).collect::<Vec<_>>(),
        [Code::HookStuck, Code::ImagePullFailed],
        "{verdicts:#?}"
    );
    assert_eq!(
        verdicts[0].says,
        "Helm waits for job/migrate before it goes on with the upgrade of revision 4, and it does not get on: ImagePullFailed."
    );
    let next: Vec<&str> = verdicts.iter().filter_map(|verdict| verdict.next.as_deref()).collect();
    assert!(next[0].contains("helm -n shop rollback web 3  # once no helm is at work"), "{next:#?}");
    assert!(next.iter().all(|step| !step.contains("kubectl -n shop delete")), "{next:#?}");
}

#[test]
fn a_hook_that_is_at_work_is_never_stuck_however_long_it_takes() {
    let story =
        upgrade().hook(hook("migrate", &["pre-upgrade"], 0, RUNS)).job(hook_job("migrate", "2026-11-24T00:00:00Z"));
    let story = story.cluster(|cluster| {
        let job = cluster.jobs.items[0].clone();
        cluster.pods.items.push(job_pod(&job, "x1"));
    });
    let story = story.release(|release| release.saved = Some(time("2026-11-24T00:00:00Z")));
    assert_eq!(story.codes(), [(Code::LongRunning, Severity::Notice)]);
}

#[test]
fn a_helm_that_is_gone_shows_in_what_it_does_not_do() {
    let migrate = || hook("migrate", &["pre-upgrade"], 0, RUNS);
    let done = |at: &str| ended(hook_job("migrate", "2026-11-24T12:00:01Z"), "Complete", at);
    let next = || hook("seed", &["pre-upgrade"], 1, None);
    let cut = upgrade().hook(migrate()).hook(next()).job(done("2026-11-24T12:20:00Z"));
    let verdicts = cut.verdicts();
    assert_eq!(
        verdicts[0].says,
        "Helm has job/migrate on record as running, but it is complete, and job/seed, the next, was not begun: no helm is at work on the upgrade any more."
    );
    assert_eq!(verdicts[0].since, Some(time("2026-11-24T12:20:00Z")));
    assert!(verdicts[0].next.as_ref().unwrap().starts_with("helm -n shop rollback web 3  #"), "{verdicts:#?}");
    // Within a minute it may be about to go on.
    assert_eq!(upgrade().hook(migrate()).hook(next()).job(done("2026-11-24T12:29:10Z")).codes(), []);
    // It takes note of a failure at once.
    let failed = ended(hook_job("migrate", "2026-11-24T12:00:01Z"), "Failed", "2026-11-24T12:20:00Z");
    assert_eq!(upgrade().hook(migrate()).job(failed).codes()[0], STUCK);
    // The last one after an upgrade: what is left is to write it down.
    let last = || hook("migrate", &["post-upgrade"], 0, RUNS);
    assert_eq!(upgrade().hook(last()).job(done("2026-11-24T12:20:00Z")).codes(), [STUCK]);
    // It deletes at once what its policy names.
    let mut deletes = migrate();
    deletes.policies = Box::new(["hook-succeeded".into()]);
    assert_eq!(upgrade().hook(deletes).job(done("2026-11-24T12:20:00Z")).codes(), [STUCK]);
}

#[test]
fn between_the_hooks_a_helm_may_be_at_work_unseen() {
    let migrate = || hook("migrate", &["pre-upgrade"], 0, RUNS);
    let done = |at: &str| ended(hook_job("migrate", at), "Complete", at);
    assert_eq!(upgrade().hook(migrate()).job(done("2026-11-24T12:00:05Z")).codes(), [MAYBE]);
    assert_eq!(upgrade().hook(migrate()).job(done("2026-11-24T12:29:30Z")).codes(), []);
    let long = |story: Story| story.release(|release| release.saved = Some(time("2026-11-24T11:00:00Z")));
    assert_eq!(long(upgrade().hook(migrate())).job(done("2026-11-24T11:20:00Z")).codes(), [STUCK]);
    // A release without hooks, or none of them run: the same of the release itself.
    assert_eq!(upgrade().codes(), [MAYBE]);
    assert_eq!(long(upgrade()).codes(), [STUCK]);
    assert_eq!(upgrade().release(|release| release.saved = Some(time("2026-11-24T12:29:30Z"))).codes(), []);
    let first = upgrade().release(|release| release.status = "pending-install".into()).verdicts();
    assert!(first[0].next.as_ref().unwrap().starts_with("helm -n shop uninstall web  # once no helm"), "{first:#?}");
}

#[test]
fn a_hook_whose_job_is_gone_is_judged_by_when_it_was_last_heard_of() {
    let story =
        || upgrade().hook(hook("migrate", &["pre-upgrade"], 0, RUNS)).hook(hook("seed", &["pre-upgrade"], 1, None));
    assert_eq!(story().codes(), [STUCK]);
    let completed = |at: &'static str| {
        story().cluster(|cluster| {
            let of = meta("migrate");
            cluster.around.events.items.push(event("Job", &of, "Completed", 1, at, "Job completed"));
        })
    };
    assert_eq!(completed("2026-11-24T12:29:30Z").codes(), []);
    assert_eq!(completed("2026-11-24T12:10:00Z").codes(), [STUCK]);
    // Without events nobody knows when that was.
    let refusal = EVENTS.not_listed(Some(&"shop".into()), Why::Forbidden);
    let untold = story().cluster(|cluster| cluster.around.events = Listed::refused(refusal)).verdicts();
    assert_eq!((untold[0].severity, untold[0].unknown.len()), (Severity::Waiting, 1));
    // A Job of that name which is older than the run is not the one.
    assert_eq!(story().job(hook_job("migrate", "2026-11-20T12:00:00Z")).codes(), [STUCK]);
    // Elsewhere nothing was looked for.
    let mut elsewhere = hook("migrate", &["pre-upgrade"], 0, RUNS);
    elsewhere.namespace = Some("data".into());
    assert_eq!(upgrade().hook(elsewhere).codes(), [(Code::CannotTell, Severity::Unknown)]);
}

#[test]
fn what_fails_says_why_and_a_test_that_failed_is_no_upgrade() {
    let failed = |policies: &[&str], completed: &str| {
        let mut failed = hook("migrate", &["pre-upgrade"], 0, Some(("Failed", "2026-11-24T12:00:01Z")));
        failed.policies = policies.iter().map(|word| Text::from(*word)).collect();
        failed.completed = Some(time(completed));
        upgrade().release(|release| release.status = "failed".into()).hook(failed)
    };
    let job = || ended(hook_job("migrate", "2026-11-24T12:00:01Z"), "Failed", "2026-11-24T12:05:00Z");
    let says = failed(&[], "2026-11-24T12:05:00Z").job(job()).codes();
    assert_eq!(says[0], (Code::BackoffLimitExceeded, Severity::Fault));
    assert_eq!(failed(&["hook-failed"], "2026-11-24T12:05:00Z").codes(), [(Code::JobFailed, Severity::Fault)]);
    let old = ended(hook_job("migrate", "2026-11-20T12:00:01Z"), "Complete", "2026-11-20T12:05:00Z");
    let taken = failed(&["hook-failed"], "2026-11-24T12:00:02Z").job(old).verdicts();
    assert!(taken[0].says.contains("one of that name is there from before"), "{taken:#?}");
    let test = upgrade().release(|release| release.status = "deployed".into()).hook(hook(
        "smoke",
        &["post-upgrade", "test"],
        0,
        Some(("Failed", "2026-11-24T12:20:00Z")),
    ));
    assert_eq!(test.states(), ["post-upgrade smoke unknown", "test smoke failed"]);
}

#[test]
fn a_hook_that_no_record_knows_is_left_behind_and_a_new_one_is_not() {
    let deployed = || upgrade().release(|release| release.status = "deployed".into());
    let old = || ended(hook_job("migrate-3", "2026-11-20T12:00:01Z"), "Complete", "2026-11-20T12:05:00Z");
    let says = deployed().hook(hook("migrate-4", &["pre-upgrade"], 0, DONE)).job(old()).verdicts();
    assert_eq!((says.len(), says[0].code), (1, Code::HookLeftBehind));
    assert_eq!(
        says[0].says,
        "Revision 4 of release web has no hook of this name: Helm neither runs nor deletes it again."
    );
    // An upgrade may have begun after the records were read.
    assert_eq!(
        deployed()
            .job(ended(hook_job("migrate-5", "2026-11-24T12:29:30Z"), "Complete", "2026-11-24T12:29:40Z"))
            .codes(),
        []
    );
    // Nothing is known of records that could not be read.
    assert_eq!(deployed().job(old()).without_records().codes(), []);
    let mut other = old();
    other.meta.labels = labels(&[("app.kubernetes.io/instance", "gone")]);
    let says = deployed().job(other).verdicts();
    assert!(says[0].says.starts_with("No release gone has a record here that knows it"), "{says:#?}");
    assert_eq!(says[0].unknown.len(), 1);
    // Its policy has it deleted, and its release is at rest.
    let mut kept = hook("migrate", &["pre-upgrade"], 0, DONE);
    kept.policies = Box::new(["hook-succeeded".into()]);
    let there = ended(hook_job("migrate", "2026-11-24T12:00:01Z"), "Complete", "2026-11-24T12:05:00Z");
    assert_eq!(deployed().hook(kept).job(there).codes(), [(Code::HookLeftBehind, Severity::Notice)]);
}

#[test]
fn without_records_the_annotations_tell_what_is_stuck_and_not_how_far_the_release_is() {
    let job = hook_job("migrate", "2026-11-24T12:00:01Z");
    let pod = pulls(&job);
    let other = ended(hook_job("another", "2026-11-24T12:00:01Z"), "Complete", "2026-11-24T12:05:00Z");
    let story = || {
        upgrade().job(job.clone()).job(other.clone()).cluster(|it| it.pods.items.push(pod.clone())).without_records()
    };
    assert_eq!(story().states(), ["pre-upgrade another succeeded", "pre-upgrade migrate stuck"]);
    let verdicts = story().verdicts();
    assert_eq!(
        verdicts[0].says,
        "job/migrate does not get on: ImagePullFailed. If Helm waits for it, it waits in vain."
    );
    assert_eq!(verdicts[0].evidence[0].value, "pre-upgrade");
}

#[test]
fn argo_cds_hooks_stand_by_phase_wave_kind_and_name_and_its_finalizer_may_hold_one() {
    let argo = |name: &str, phases: &str, wave: &str| {
        let mut job = hook_job(name, "2026-11-24T12:00:01Z");
        job.hook = Some(Box::new(HookNotes {
            argo_phases: Some(phases.into()),
            argo_wave: Some(wave.into()),
            argo_tracking: Some(format!("shop-app:batch/Job:shop/{name}").into()),
            ..HookNotes::default()
        }));
        job
    };
    let mut going = ended(argo("b", "PreSync", "2"), "Complete", "2026-11-24T12:05:00Z");
    going.meta.deleted = Some(time("2026-11-24T12:06:00Z").into());
    going.meta.finalizers = std::sync::Arc::new(["argocd.argoproj.io/hook-finalizer".into()]);
    let story = || {
        upgrade()
            .job(ended(argo("a", "PostSync", "-1"), "Complete", "2026-11-24T12:05:00Z"))
            .job(going.clone())
            .job(argo("c", "PreSync", "1"))
            .without_records()
    };
    assert_eq!(story().states(), ["PreSync c running", "PreSync b stuck", "PostSync a succeeded"]);
    story().told(|groups| assert_eq!((groups[0].name, groups[0].argo, groups.len()), ("shop-app", true, 1)));
    let verdicts = story().verdicts();
    let stuck = verdicts.iter().find(|verdict| verdict.code == Code::HookStuck).unwrap();
    assert!(stuck.says.starts_with("job/b is being deleted, and Argo CD's finalizer holds it"), "{stuck:#?}");
}

#[test]
fn files_that_carry_no_time_say_nothing_of_how_long_it_takes() {
    let migrate = hook("migrate", &["pre-upgrade"], 0, RUNS);
    assert_eq!(upgrade().hook(migrate).cluster(|cluster| cluster.dated = false).codes(), []);
    assert_eq!(State::LeftBehind.word(), "left behind");
}
