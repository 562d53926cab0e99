//! A Job's and a CronJob's verdicts, a story each.

use super::{cron_verdicts, expired, next_pod, verdicts};
use crate::facts::fixture::{cluster, condition, container, ended, event, job, job_pod, meta, node, owner, time};
use crate::facts::{
    Cluster, Concurrency, Container, ContainerKind, ContainerState, CronJob, CronJobStatus, Event, Job, Known, Listed,
    Pod, PodCondition, PodPhase, Why,
};
use crate::findings::{Code, Severity, Verdict};
use crate::gather::resource::PODS;
use crate::pods::Circumstances;

/// The time of every story; a Job began five minutes before.
const NOW: &str = "2026-11-21T12:00:00Z";

struct Story {
    job: Job,
    pods: Vec<Pod>,
    events: Vec<Event>,
    now: &'static str,
}

fn story() -> Story {
    Story { job: job("backup"), pods: Vec::new(), events: Vec::new(), now: NOW }
}

impl Story {
    fn job(mut self, change: impl FnOnce(&mut Job)) -> Self {
        change(&mut self.job);
        self
    }

    fn pod(mut self, suffix: &str, change: impl FnOnce(&mut Pod)) -> Self {
        let mut pod = job_pod(&self.job, suffix);
        change(&mut pod);
        self.pods.push(pod);
        self
    }

    fn failed_pod(self, suffix: &str, code: i32, at: &str) -> Self {
        self.pod(suffix, |pod| {
            pod.phase = PodPhase::Failed;
            main(pod).state = ContainerState::Ended(ended(code, "Error", at));
        })
    }

    fn ends(self, kind: &str, reason: &str, message: &str) -> Self {
        self.job(|job| {
            job.status.active = 0;
            job.status.conditions = Box::new([condition(kind, reason, "2026-11-21T11:59:00Z", message)]);
        })
    }

    fn event(mut self, reason: &str, count: u32, at: &str, message: &str) -> Self {
        self.events.push(event("Job", &self.job.meta, reason, count, at, message));
        Event::sort(&mut self.events);
        self
    }

    fn at(self, now: &'static str) -> Self {
        Self { now, ..self }
    }

    fn verdicts(&self) -> Vec<Verdict> {
        let pods: Vec<&Pod> = self.pods.iter().collect();
        let (events, nodes) = (Listed::complete(self.events.clone()), Listed::complete(vec![node("node1")]));
        let around = Circumstances { now: time(self.now), events: &events, nodes: &nodes, logs: &[], limits: None };
        verdicts(&self.job, Known::Read(&pods), &around)
    }

    fn codes(&self) -> Vec<(Code, Severity)> {
        self.verdicts().iter().map(|verdict| (verdict.code, verdict.severity)).collect()
    }

    fn says(&self) -> String {
        self.verdicts().remove(0).says
    }
}

fn main(pod: &mut Pod) -> &mut Container {
    pod.detail.as_deref_mut().unwrap().containers.last_mut().unwrap()
}

const FAULT: Severity = Severity::Fault;
const WAITING: Severity = Severity::Waiting;
const NOTICE: Severity = Severity::Notice;

#[test]
fn a_job_has_ended_only_by_its_condition() {
    let counts = story().job(|job| (job.status.failed, job.status.succeeded) = (2, 1)).pod("a", |_| {});
    assert_eq!(counts.codes(), [(Code::JobRunning, Severity::Ok)]);
    let complete = story()
        .job(|job| (job.status.succeeded, job.status.completed) = (1, Some(time("2026-11-21T11:56:30Z"))))
        .ends("Complete", "CompletionsReached", "");
    assert_eq!(complete.codes(), [(Code::JobComplete, Severity::Ok)]);
    assert_eq!(complete.says(), "Complete in 1m30s: its pod succeeded.");
}

#[test]
fn a_failed_job_names_the_container_that_failed_last_by_itself() {
    let failed = story()
        .job(|job| job.status.failed = 3)
        .failed_pod("a", 1, "2026-11-21T11:56:00Z")
        .failed_pod("b", 7, "2026-11-21T11:57:00Z")
        // Stopped by the controller when the Job had failed.
        .failed_pod("c", 137, "2026-11-21T11:58:00Z");
    let mut failed = failed.ends("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit");
    failed.pods[2].meta.deleted = Some(time("2026-11-21T11:58:00Z").into());
    assert_eq!(failed.codes(), [(Code::BackoffLimitExceeded, FAULT), (Code::FailedJobKept, NOTICE)]);
    assert_eq!(
        failed.says(),
        "Failed: its retries are used up (backoffLimit 6); 0 of 1 completions. Pod backup-b: container main failed: exit code 7."
    );
}

#[test]
fn each_reason_has_its_code_and_one_of_another_is_passed_on() {
    let code = |reason: &str| story().failed_pod("a", 1, NOW).ends("Failed", reason, "because").codes()[0].0;
    assert_eq!(code("DeadlineExceeded"), Code::DeadlineExceeded);
    assert_eq!(code("PodFailurePolicy"), Code::PodFailurePolicy);
    assert_eq!(code("FailedIndexes"), Code::FailedIndexes);
    assert_eq!(code("MaxFailedIndexesExceeded"), Code::MaxFailedIndexesExceeded);
    assert_eq!(code("ManuallyTerminated"), Code::JobFailed);
}

#[test]
fn logs_that_the_controller_took_away_are_said_to_be_gone() {
    let gone = |change: fn(&mut Job), reason: &str| {
        let verdicts = story().job(change).job(|job| job.ttl = Some(60)).ends("Failed", reason, "").verdicts();
        verdicts.into_iter().find(|verdict| verdict.code == Code::LogsGone).map(|verdict| verdict.says)
    };
    assert_eq!(
        gone(|job| job.restarts_in_place = true, "BackoffLimitExceeded").unwrap(),
        "With restartPolicy OnFailure the pod is deleted at the limit, and its logs with it; with Never failed pods stay."
    );
    assert_eq!(
        gone(|_| {}, "DeadlineExceeded").unwrap(),
        "The controller deleted its pods at the deadline, and their logs with them."
    );
    let kept = story().failed_pod("a", 1, NOW).ends("Failed", "BackoffLimitExceeded", "");
    assert!(!kept.codes().iter().any(|(code, _)| *code == Code::LogsGone));
}

#[test]
fn a_decided_failure_waits_only_for_pods_whose_containers_run() {
    let decided = story()
        .job(|job| job.status.terminating = 1)
        .pod("a", |pod| pod.meta.deleted = Some(time("2026-11-21T12:09:00Z").into()))
        // Dead, but held by a finalizer: that holds nothing.
        .failed_pod("b", 1, "2026-11-21T11:58:00Z")
        .ends("FailureTarget", "BackoffLimitExceeded", "Job has reached the specified backoff limit");
    assert_eq!(decided.codes(), [(Code::FailureDecided, FAULT), (Code::GracefulStop, WAITING)]);
    assert_eq!(
        decided.says(),
        "Failed: its retries are used up (backoffLimit 6). It says so when it has done with waiting for pod backup-a to end."
    );
}

#[test]
fn what_keeps_a_job_from_starting_is_told_apart() {
    let first = |change: fn(&mut Job)| story().job(change).codes();
    assert_eq!(first(|job| job.suspended = true), [(Code::JobSuspended, WAITING)]);
    assert_eq!(first(|job| job.managed_by = Some("example.com/x".into())), [(Code::JobManagedElsewhere, WAITING)]);
    assert_eq!(first(|job| job.parallelism = 0), [(Code::ParallelismZero, FAULT)]);
    let queued = story().job(|job| (job.suspended, job.queue) = (true, Some("batch".into())));
    assert_eq!(queued.says(), "Suspended: it waits in the queue batch to be admitted.");
}

#[test]
fn a_job_without_pods_is_explained_by_the_newest_refusal_or_not_at_all() {
    let quota = "Error creating: pods \"backup-x7k2p\" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=4, limited: pods=4";
    let refused = story().event("FailedCreate", 1, "2026-11-21T11:58:00Z", quota).event(
        "FailedCreate",
        1,
        "2026-11-21T11:59:00Z",
        quota,
    );
    assert_eq!(refused.codes(), [(Code::PodCreationRefused, FAULT)]);
    assert_eq!(
        refused.says(),
        "The server refuses to create the pod: quota pods, requested: pods=1, used: pods=4, limited: pods=4."
    );
    // A pod was made after it, and was drained or deleted: the refusal is over, and the next pod comes after a pause.
    let over = refused.event("SuccessfulCreate", 1, "2026-11-21T11:59:30Z", "Created pod: backup-b");
    assert_eq!(over.codes(), [(Code::RetryWaiting, WAITING)]);
    let never = story().event("SuccessfulCreate", 1, "2026-11-21T11:40:00Z", "Created pod: backup-b");
    assert_eq!(never.codes(), [(Code::CannotTell, Severity::Unknown)]);
    let expired = story();
    assert_eq!(expired.codes(), [(Code::CannotTell, Severity::Unknown)]);
    assert_eq!(expired.verdicts()[0].unknown, ["no event of a try is left"]);
    assert_eq!(story().at("2026-11-21T11:55:10Z").codes(), [(Code::JobRunning, Severity::Ok)]);
}

#[test]
fn the_next_pod_is_due_ten_seconds_doubled_for_each_failure_after_the_last_end() {
    let failures = |ends: &[&str]| {
        let mut story = story();
        for (at, end) in ends.iter().enumerate() {
            story = story.failed_pod(&at.to_string(), 1, end);
        }
        story
    };
    let third = failures(&["2026-11-21T11:58:00Z", "2026-11-21T11:58:40Z", "2026-11-21T11:59:40Z"]);
    assert_eq!(third.codes(), [(Code::RetryWaiting, WAITING)]);
    assert_eq!(
        third.says(),
        "The next pod is made in 20s, after failure 3 of 7: pod backup-2: container main failed: exit code 1."
    );
    let first = failures(&["2026-11-21T11:59:55Z"]);
    assert!(first.says().starts_with("The next pod is made in 5s, after failure 1 of 7"));
    // After the last failure that it allows no pod comes, whatever its status still says.
    let over = third.job(|job| job.backoff_limit = Some(2));
    assert_eq!(over.codes(), [(Code::JobRunning, Severity::Ok)]);
    let third = over.job(|job| job.ignores_failures = true);
    assert_eq!(third.codes(), [(Code::RetryWaiting, WAITING)]);
    let third = third.job(|job| job.backoff_limit = Some(6));
    // A success begins anew.
    let mut again = third.pod("done", |pod| pod.phase = PodPhase::Succeeded);
    again.pods.last_mut().unwrap().detail = None;
    again.pods.last_mut().unwrap().ready_since = Some(time("2026-11-21T11:59:00Z").into());
    assert!(again.at("2026-11-21T11:59:45Z").says().starts_with("The next pod is made in 5s, after failure 1 of 7"));
}

#[test]
fn behind_an_init_container_that_failed_the_wait_counts_from_when_the_pod_was_seen() {
    // It was at work for 25 s, and the controller reckons without it: the next pod is made at once.
    let story = story().pod("a", |pod| {
        pod.phase = PodPhase::Failed;
        pod.ready = false;
        pod.ready_since = Some(time("2026-11-21T11:59:30Z").into());
        let init = Container {
            kind: ContainerKind::Init,
            state: ContainerState::Ended(ended(1, "Error", "2026-11-21T11:59:55Z")),
            ..container("fetch")
        };
        let waiting = ContainerState::Waiting { reason: "PodInitializing".into(), message: "".into() };
        pod.detail.as_deref_mut().unwrap().containers =
            Box::new([init, Container { state: waiting, ..container("main") }]);
    });
    let due = |story: &Story| next_pod(&story.job, &story.pods.iter().collect::<Vec<_>>()).unwrap().at;
    assert_eq!(due(&story), time("2026-11-21T11:59:40Z"));
}

#[test]
fn each_index_with_a_limit_of_its_own_has_a_clock_of_its_own() {
    let mut story = story()
        .failed_pod("0-a", 1, "2026-11-21T11:58:00Z")
        .failed_pod("0-b", 1, "2026-11-21T11:59:50Z")
        .failed_pod("1-a", 1, "2026-11-21T11:59:45Z")
        .failed_pod("2-a", 1, "2026-11-21T11:59:20Z");
    story.job.backoff_per_index = Some(2);
    for (pod, index) in story.pods.iter_mut().zip(["0", "0", "1", "2"]) {
        pod.meta.labels = crate::facts::fixture::labels(&[("batch.kubernetes.io/job-completion-index", index)]);
    }
    let next = |story: &Story| {
        next_pod(&story.job, &story.pods.iter().collect::<Vec<_>>()).map(|it| (it.failed.meta.name.to_string(), it.at))
    };
    assert_eq!(next(&story), Some(("backup-2-a".into(), time("2026-11-21T11:59:30Z"))));
    // Index 2 has used up what it had, and index 0 comes after index 1.
    story.pods.pop();
    assert_eq!(next(&story), Some(("backup-1-a".into(), time("2026-11-21T11:59:55Z"))));
    story.job.backoff_per_index = Some(0);
    assert_eq!(next(&story), None);
}

#[test]
fn a_stuck_pod_is_the_jobs_verdict_and_pods_with_one_cause_are_told_once() {
    let pulls = |story: Story, suffix| {
        story.pod(suffix, |pod| {
            pod.phase = PodPhase::Pending;
            let main = main(pod);
            main.ready = false;
            main.state = ContainerState::Waiting { reason: "ImagePullBackOff".into(), message: "x: not found".into() };
        })
    };
    let both = pulls(pulls(story(), "a"), "b");
    assert_eq!(both.codes(), [(Code::ImagePullFailed, FAULT)]);
    assert_eq!(
        both.says(),
        "The image of container main can't be had: the registry has no such image or tag. The same holds for 1 more of its pods."
    );
    assert_eq!(both.verdicts()[0].object.as_ref().unwrap().name, "backup-a");
}

#[test]
fn a_jobs_pod_at_work_needs_no_readiness() {
    let unready = story().pod("a", |pod| main(pod).ready = false);
    assert_eq!(unready.codes(), [(Code::JobRunning, Severity::Ok)]);
}

#[test]
fn a_sidecar_by_its_name_holds_a_job_and_a_second_worker_may_be_at_work() {
    let beside = |name: &str, kind| {
        story()
            .pod("a", |pod| {
                let done = Container {
                    ready: false,
                    state: ContainerState::Ended(ended(0, "Completed", "2026-11-21T11:59:00Z")),
                    ..container("dump")
                };
                pod.detail.as_deref_mut().unwrap().containers = Box::new([done, Container { kind, ..container(name) }]);
            })
            .codes()
    };
    assert_eq!(beside("istio-proxy", ContainerKind::Main), [(Code::SidecarHoldsJob, FAULT)]);
    assert_eq!(beside("upload", ContainerKind::Main)[0], (Code::SidecarHoldsJob, WAITING));
    // A native sidecar is stopped by the kubelet.
    assert_ne!(beside("istio-proxy", ContainerKind::Sidecar)[0].0, Code::SidecarHoldsJob);
}

#[test]
fn remarks_follow_the_verdict() {
    let long = story().pod("a", |_| {}).job(|job| job.status.started = Some(time("2026-11-20T12:00:00Z")));
    assert_eq!(long.codes(), [(Code::JobRunning, Severity::Ok), (Code::LongRunning, NOTICE)]);
    let evicted = story().failed_pod("a", 137, "2026-11-21T11:58:00Z").ends("Failed", "BackoffLimitExceeded", "");
    let mut evicted = evicted.job(|job| (job.ttl, job.status.failed) = (Some(60), 1));
    evicted.pods[0].detail.as_deref_mut().unwrap().conditions = Box::new([PodCondition {
        kind: "DisruptionTarget".into(),
        holds: true,
        reason: "EvictionByEvictionAPI".into(),
        message: "Eviction API: evicting".into(),
        since: None,
    }]);
    assert_eq!(evicted.codes(), [(Code::BackoffLimitExceeded, FAULT), (Code::DisruptionsCounted, NOTICE)]);
    let spared = evicted.job(|job| job.ignores_disruption = true);
    assert_eq!(spared.codes(), [(Code::BackoffLimitExceeded, FAULT)]);
    let indexed = story().job(|job| {
        (job.indexed, job.completions, job.ttl) = (true, Some(4), Some(60));
        job.status.completed_indexes = "0,2".into();
    });
    let indexed = indexed.failed_pod("a", 1, NOW).ends("Failed", "BackoffLimitExceeded", "");
    assert_eq!(indexed.verdicts()[1].says, "Indexes that have not completed: 1,3.");
}

#[test]
fn without_its_pods_a_jobs_state_is_not_guessed() {
    let refusal = PODS.not_listed(None, Why::Forbidden);
    let (events, nodes) = (Listed::complete(Vec::new()), Listed::complete(Vec::new()));
    let around = Circumstances { now: time(NOW), events: &events, nodes: &nodes, logs: &[], limits: None };
    let said = verdicts(&job("backup"), Known::Refused(&refusal), &around);
    assert_eq!((said[0].code, said[0].severity), (Code::CannotTell, Severity::Unknown));
    assert_eq!(said[0].unknown, ["forbidden to list pods at the cluster scope"]);
    // What its condition says is known all the same.
    let ended = story().ends("Failed", "BackoffLimitExceeded", "");
    let said = verdicts(&ended.job, Known::Refused(&refusal), &around);
    assert_eq!((said[0].code, said[0].unknown.len()), (Code::BackoffLimitExceeded, 1));
}

#[test]
fn a_job_that_is_gone_is_known_by_its_events() {
    let meta = meta("backup");
    let mut events = vec![
        event("Job", &meta, "SuccessfulCreate", 1, "2026-11-21T11:58:00Z", "Created pod: backup-a"),
        event(
            "Job",
            &meta,
            "BackoffLimitExceeded",
            1,
            "2026-11-21T11:59:00Z",
            "Job has reached the specified backoff limit",
        ),
    ];
    Event::sort(&mut events);
    let verdict = expired("shop", "backup", &events).unwrap();
    assert_eq!(
        (verdict.code, &*verdict.says),
        (Code::ResultExpired, "The Job is gone; it had failed: BackoffLimitExceeded.")
    );
    assert!(expired("shop", "other", &events).is_none());
}

fn cron_job() -> CronJob {
    CronJob {
        meta: meta("nightly"),
        schedule: "0 3 * * *".into(),
        zone: None,
        suspended: false,
        policy: Concurrency::Allow,
        starting_deadline: None,
        keeps_successful: 3,
        keeps_failed: 1,
        claims: Box::new([]),
        written: None,
        status: CronJobStatus { last_slot: Some(time("2026-11-21T03:00:00Z")), ..CronJobStatus::default() },
    }
}

/// One of its Jobs, begun that many minutes ago.
fn run(minutes: i64, end: Option<(&str, &str)>) -> Job {
    let started = time(NOW) - jiff::SignedDuration::from_mins(minutes);
    let mut run = job(&format!("nightly-{minutes}"));
    run.meta.owners = std::sync::Arc::new([owner("CronJob", "nightly")]);
    run.status.started = Some(started);
    run.status.conditions = end
        .iter()
        .map(|(kind, reason)| condition(kind, reason, &(started + jiff::SignedDuration::from_mins(1)).to_string(), ""))
        .collect();
    run
}

fn runs(cron_job: &CronJob, jobs: Vec<Job>, events: &[(&str, u32, &str, &str)]) -> Vec<Verdict> {
    let mut facts: Cluster = cluster(vec![], vec![], vec![], vec![]);
    facts.jobs = Listed::complete(jobs);
    let events =
        events.iter().map(|(reason, count, at, message)| event("CronJob", &cron_job.meta, reason, *count, at, message));
    facts.around.events = Listed::complete(events.collect());
    facts.around.nodes = Listed::complete(vec![node("node1")]);
    facts.sort();
    cron_verdicts(cron_job, &facts, &Circumstances::of(&facts, &[]))
}

fn codes(verdicts: &[Verdict]) -> Vec<(Code, Severity)> {
    verdicts.iter().map(|verdict| (verdict.code, verdict.severity)).collect()
}

#[test]
fn a_cron_job_whose_last_run_succeeded_is_on_schedule() {
    let good = runs(&cron_job(), vec![run(100, Some(("Complete", "CompletionsReached")))], &[]);
    assert_eq!(codes(&good), [(Code::OnSchedule, Severity::Ok)]);
}

#[test]
fn failed_runs_are_counted_until_the_last_success_and_carry_the_newest_cause() {
    let failed = || Some(("Failed", "BackoffLimitExceeded"));
    let bad = runs(&cron_job(), vec![run(10, failed()), run(20, failed()), run(30, Some(("Complete", "")))], &[]);
    assert_eq!(codes(&bad), [(Code::RunsFailing, FAULT)]);
    assert!(
        bad[0]
            .says
            .starts_with("The newest 2 runs failed, the last of them nightly-10. Failed: its retries are used up")
    );
    assert_eq!(bad[0].since, Some(time("2026-11-21T11:41:00Z")));
    // A success that left no Job behind, as its limit of 0 has it.
    let mut later = cron_job();
    (later.keeps_successful, later.status.last_success) = (0, Some(time("2026-11-21T11:58:00Z")));
    let fine = runs(&later, vec![run(10, failed())], &[]);
    assert_eq!(codes(&fine), [(Code::OnSchedule, Severity::Ok), (Code::NoHistoryKept, NOTICE)]);
}

#[test]
fn forbid_holds_while_the_run_that_it_counts_goes_on() {
    let mut forbid = cron_job();
    forbid.policy = Concurrency::Forbid;
    forbid.status.active = Box::new([("nightly-90".into(), "uid-nightly-90".into())]);
    let held = |forbid: &CronJob, count, at| {
        codes(&runs(forbid, vec![run(90, None)], &[("JobAlreadyActive", count, at, "Not starting job")]))[0]
    };
    // However often the controller looked: no two slots have passed.
    assert_eq!(held(&forbid, 2, "2026-11-21T11:30:00Z"), (Code::ForbidHolds, WAITING));
    // That was the run before.
    assert_eq!(held(&forbid, 1, "2026-11-21T10:00:00Z").0, Code::OnSchedule);
    // It has outlived the slots of 11:00 and 12:00, whatever events are left.
    forbid.schedule = "0 * * * *".into();
    forbid.status.last_slot = Some(time("2026-11-21T10:00:00Z"));
    assert_eq!(held(&forbid, 1, "2026-11-21T10:00:00Z"), (Code::ForbidHolds, FAULT));
}

#[test]
fn a_run_made_by_hand_is_not_seen_by_the_cron_job() {
    let mut by_hand = run(1, None);
    by_hand.manual = true;
    let seen = runs(&cron_job(), vec![by_hand], &[]);
    assert!(codes(&seen).contains(&(Code::ManualRunActive, NOTICE)), "{seen:?}");
}

#[test]
fn replace_kills_runs_that_take_longer_than_the_time_between_two_slots() {
    let mut replace = cron_job();
    replace.policy = Concurrency::Replace;
    replace.status.active = Box::new([("nightly-0".into(), "uid-nightly-0".into())]);
    let killed = ("SuccessfulDelete", 3, "2026-11-21T11:59:00Z", "Deleted job nightly-1");
    assert_eq!(codes(&runs(&replace, vec![run(0, None)], &[killed]))[0], (Code::ReplaceKillsRuns, FAULT));
    // The history limit deletes as well, and then a run has ended.
    assert_eq!(
        codes(&runs(&replace, vec![run(0, None), run(9, Some(("Complete", "")))], &[killed]))[0].0,
        Code::OnSchedule
    );
}

#[test]
fn a_refused_run_names_the_cause_and_the_next_try() {
    let refused = |at| {
        (
            "FailedCreate",
            1,
            at,
            "Error creating job: jobs.batch \"nightly-1\" is forbidden: exceeded quota: jobs, requested: count/jobs.batch=1",
        )
    };
    let said = runs(&cron_job(), vec![], &[refused("2026-11-21T11:57:00Z"), refused("2026-11-21T11:58:22Z")]);
    assert_eq!(codes(&said), [(Code::RunRefused, FAULT)]);
    assert_eq!(
        said[0].says,
        "The server refuses to create the Job: quota jobs, requested: count/jobs.batch=1. The next try is due in about 1m6s; slots until then are lost."
    );
}

#[test]
fn suspended_gone_and_forgotten() {
    let mut off = cron_job();
    off.suspended = true;
    assert_eq!(codes(&runs(&off, vec![], &[])), [(Code::CronSuspended, WAITING)]);
    let mut stale = cron_job();
    stale.status.active = Box::new([("nightly-1".into(), "uid-gone".into())]);
    assert_eq!(codes(&runs(&stale, vec![], &[])), [(Code::OnSchedule, Severity::Ok), (Code::ActiveJobGone, NOTICE)]);
    let mut zone = cron_job();
    zone.schedule = "TZ=Europe/Berlin 0 3 * * *".into();
    assert_eq!(codes(&runs(&zone, vec![], &[]))[0], (Code::ZoneInSchedule, FAULT));
}

#[test]
fn a_job_without_pods_and_events_is_explained_by_the_limits() {
    let mut backup = job("backup");
    backup.status.active = 0;
    backup.needs.service_account = "ghost".into();
    let facts = cluster(vec![], vec![], vec![], vec![]);
    let told = verdicts(&backup, Known::Read(&[]), &Circumstances::of(&facts, &[])).remove(0);
    assert_eq!((told.code, told.severity), (Code::PodCreationRefused, Severity::Fault));
    assert_eq!(told.says, "The server would refuse to create the pod now: its ServiceAccount ghost does not exist.");
    let mut facts = cluster(vec![], vec![], vec![], vec![]);
    facts.around.accounts.items.push(crate::facts::ServiceAccount { meta: meta("ghost") });
    let told = verdicts(&backup, Known::Read(&[]), &Circumstances::of(&facts, &[])).remove(0);
    assert_eq!(told.code, Code::CannotTell);
    assert_eq!(told.unknown, ["no event of a try is left", "ServiceAccount, LimitRanges and quotas would let it pass"]);
}
