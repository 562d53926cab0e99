//! Jobs and CronJobs.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde::Deserialize;

use super::intern::Interner;
use super::kind::Kind;
use super::referrer::Template;
use super::resource::{CRON_JOBS, JOBS, Resource};
use super::typed::selector;
use super::wire::{Annotations, Condition, ManagedFields, ObjectMeta, Str, Time};
use crate::facts::{Concurrency, CronJob, CronJobStatus, Job, JobCondition, JobStatus};

/// The controller that runs Jobs unless `spec.managedBy` names another (KEP-4368).
const BUILT_IN: &str = "kubernetes.io/job-controller";

#[derive(Deserialize)]
pub(crate) struct Wire<'a> {
    #[serde(borrow, default)]
    metadata: ObjectMeta<'a>,
    #[serde(borrow, default)]
    spec: Spec<'a>,
    #[serde(borrow, default)]
    status: Status<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(default)]
    selector: Option<LabelSelector>,
    #[serde(default)]
    parallelism: Option<i32>,
    #[serde(default)]
    completions: Option<i32>,
    #[serde(borrow, default)]
    completion_mode: Option<Str<'a>>,
    #[serde(default)]
    backoff_limit: Option<i32>,
    #[serde(default)]
    backoff_limit_per_index: Option<i32>,
    #[serde(default)]
    active_deadline_seconds: Option<i64>,
    #[serde(default)]
    ttl_seconds_after_finished: Option<i64>,
    #[serde(default)]
    suspend: Option<bool>,
    #[serde(borrow, default)]
    managed_by: Option<Str<'a>>,
    #[serde(borrow, default)]
    pod_failure_policy: Option<FailurePolicy<'a>>,
    #[serde(default)]
    manual_selector: Option<bool>,
    #[serde(borrow, default)]
    template: Option<Template<'a>>,
}

#[derive(Deserialize)]
struct FailurePolicy<'a> {
    #[serde(borrow, default)]
    rules: Option<Vec<Rule<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'a> {
    #[serde(borrow, default)]
    action: Str<'a>,
    #[serde(borrow, default)]
    on_pod_conditions: Option<Vec<OnCondition<'a>>>,
}

#[derive(Deserialize)]
struct OnCondition<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Str<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    #[serde(default)]
    active: Option<i32>,
    #[serde(default)]
    ready: Option<i32>,
    #[serde(default)]
    terminating: Option<i32>,
    #[serde(default)]
    succeeded: Option<i32>,
    #[serde(default)]
    failed: Option<i32>,
    #[serde(default)]
    start_time: Time,
    #[serde(default)]
    completion_time: Time,
    #[serde(borrow, default)]
    completed_indexes: Option<Str<'a>>,
    #[serde(borrow, default)]
    failed_indexes: Option<Str<'a>>,
    #[serde(borrow, default)]
    conditions: Option<Vec<Condition<'a>>>,
}

impl Status<'_> {
    fn facts(&self, intern: &mut Interner) -> JobStatus {
        let mut condition = |wire: &Condition<'_>| JobCondition {
            kind: intern.text(&wire.kind),
            holds: &*wire.status == "True",
            reason: intern.or_empty(wire.reason.as_deref()),
            message: wire.message.as_deref().unwrap_or_default().into(),
            since: wire.last_transition_time.0,
        };
        JobStatus {
            active: self.active.unwrap_or(0),
            ready: self.ready.unwrap_or(0),
            terminating: self.terminating.unwrap_or(0),
            succeeded: self.succeeded.unwrap_or(0),
            failed: self.failed.unwrap_or(0),
            started: self.start_time.0,
            completed: self.completion_time.0,
            completed_indexes: self.completed_indexes.as_deref().unwrap_or_default().into(),
            failed_indexes: self.failed_indexes.as_deref().unwrap_or_default().into(),
            conditions: self.conditions.iter().flatten().map(&mut condition).collect(),
        }
    }
}

impl Kind for Job {
    type Wire<'a> = Wire<'a>;
    const RESOURCE: &'static Resource = &JOBS;

    fn from_wire(wire: Wire<'_>, intern: &mut Interner) -> Self {
        let Wire { metadata, spec, status } = wire;
        let word = |text: Option<&Str<'_>>, wanted: &str| text.is_some_and(|text| &**text == wanted);
        let annotations = metadata.annotations.as_ref();
        let manual = annotations.is_some_and(|all| all.instantiate.is_some());
        let slot = annotations.and_then(|all| all.slot.as_ref()?.parse().ok());
        let hook = annotations.and_then(Annotations::hook);
        let rules = || spec.pod_failure_policy.iter().flat_map(|policy| policy.rules.iter().flatten());
        let ignored = |rule: &&Rule<'_>| &*rule.action == "Ignore";
        let ignores_failures = rules().any(|rule| ignored(&rule));
        let ignores_disruption = rules().filter(ignored).any(|rule| {
            rule.on_pod_conditions.iter().flatten().any(|condition| &*condition.kind == "DisruptionTarget")
        });
        let meta = metadata.facts(intern);
        let managed_by = spec.managed_by.as_deref().filter(|by| *by != BUILT_IN);
        Self {
            selector: selector(spec.selector.unwrap_or_default(), intern),
            parallelism: spec.parallelism.unwrap_or(1),
            // One where parallelism is absent too (batch/v1 defaults).
            completions: spec.completions.or(spec.parallelism.is_none().then_some(1)),
            indexed: word(spec.completion_mode.as_ref(), "Indexed"),
            backoff_limit: spec.backoff_limit.or(spec.backoff_limit_per_index.is_none().then_some(6)),
            backoff_per_index: spec.backoff_limit_per_index,
            deadline: spec.active_deadline_seconds,
            ttl: spec.ttl_seconds_after_finished,
            suspended: spec.suspend.unwrap_or(false),
            managed_by: intern.some(managed_by),
            restarts_in_place: spec.template.as_ref().is_some_and(Template::restarts_on_failure),
            ignores_disruption,
            ignores_failures,
            manual_selector: spec.manual_selector.unwrap_or(false),
            claims: spec.template.as_ref().map(Template::claims).unwrap_or_default(),
            needs: spec.template.as_ref().map(|template| template.needs(intern)).unwrap_or_default(),
            queue: intern.some(meta.labels.get("kueue.x-k8s.io/queue-name")),
            manual,
            slot,
            hook,
            status: status.facts(intern),
            meta,
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct CronWire<'a> {
    #[serde(borrow, default)]
    metadata: ObjectMeta<'a>,
    #[serde(borrow, default)]
    spec: CronSpec<'a>,
    #[serde(borrow, default)]
    status: CronStatus<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct CronSpec<'a> {
    #[serde(borrow, default)]
    schedule: Option<Str<'a>>,
    #[serde(borrow, default)]
    time_zone: Option<Str<'a>>,
    #[serde(default)]
    suspend: Option<bool>,
    #[serde(borrow, default)]
    concurrency_policy: Option<Str<'a>>,
    #[serde(default)]
    starting_deadline_seconds: Option<i64>,
    #[serde(default)]
    successful_jobs_history_limit: Option<i32>,
    #[serde(default)]
    failed_jobs_history_limit: Option<i32>,
    #[serde(borrow, default)]
    job_template: Option<JobTemplate<'a>>,
}

#[derive(Deserialize)]
struct JobTemplate<'a> {
    #[serde(borrow, default)]
    spec: Option<Spec<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct CronStatus<'a> {
    #[serde(default)]
    last_schedule_time: Time,
    #[serde(default)]
    last_successful_time: Time,
    #[serde(borrow, default)]
    active: Option<Vec<Active<'a>>>,
}

#[derive(Deserialize)]
struct Active<'a> {
    #[serde(borrow, default)]
    name: Str<'a>,
    #[serde(borrow, default)]
    uid: Str<'a>,
}

impl Kind for CronJob {
    type Wire<'a> = CronWire<'a>;
    const RESOURCE: &'static Resource = &CRON_JOBS;

    fn from_wire(wire: CronWire<'_>, intern: &mut Interner) -> Self {
        let CronWire { metadata, spec, status } = wire;
        let template = spec.job_template.and_then(|template| template.spec).and_then(|spec| spec.template);
        let written = metadata.managed_fields().filter(ManagedFields::is_own);
        let written = written.filter_map(|entry| entry.time.0).max();
        let active = |active: &Active<'_>| ((&*active.name).into(), (&*active.uid).into());
        Self {
            meta: metadata.facts(intern),
            schedule: intern.or_empty(spec.schedule.as_deref()),
            zone: intern.some(spec.time_zone.as_deref()),
            suspended: spec.suspend.unwrap_or(false),
            policy: Concurrency::new(spec.concurrency_policy.as_deref().unwrap_or_default()),
            starting_deadline: spec.starting_deadline_seconds,
            keeps_successful: spec.successful_jobs_history_limit.unwrap_or(3),
            keeps_failed: spec.failed_jobs_history_limit.unwrap_or(1),
            claims: template.as_ref().map(Template::claims).unwrap_or_default(),
            written,
            status: CronJobStatus {
                last_slot: status.last_schedule_time.0,
                last_success: status.last_successful_time.0,
                active: status.active.iter().flatten().map(active).collect(),
            },
        }
    }
}
