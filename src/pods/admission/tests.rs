//! What limits refuse and what they let pass, as a server would.

use super::*;
use crate::facts::fixture::{meta, set, surroundings};
use crate::facts::{ContainerNeeds, Listed, ServiceAccount};

type Given<'a> = &'a [(&'a str, &'a str)];

fn amounts(given: Given<'_>) -> crate::facts::Amounts {
    given.iter().map(|(name, amount)| ((*name).into(), Quantity::new(amount))).collect()
}

fn main(requests: Given<'_>, limits: Given<'_>) -> ContainerNeeds {
    ContainerNeeds { name: "main".into(), runs: Runs::Together, requests: amounts(requests), limits: amounts(limits) }
}

fn pod(containers: Vec<ContainerNeeds>) -> PodNeeds {
    PodNeeds { service_account: "".into(), containers: containers.into(), plain: true }
}

fn quota(limits: &[(&str, &str, &str)]) -> Quota {
    let limit = |(name, hard, used): &(&str, &str, &str)| ((*name).into(), Quantity::new(hard), Quantity::new(used));
    Quota { meta: meta("team"), scoped: false, limits: limits.iter().map(limit).collect() }
}

fn range(kind: &str, change: impl FnOnce(&mut LimitItem)) -> LimitRange {
    let mut item = LimitItem { kind: kind.into(), ..LimitItem::default() };
    change(&mut item);
    LimitRange { meta: meta("sizes"), items: Box::new([item]) }
}

fn limits(quotas: Vec<Quota>, ranges: Vec<LimitRange>) -> Surroundings {
    let mut all = surroundings();
    all.accounts = Listed::complete(vec![ServiceAccount { meta: meta("default") }]);
    all.quotas = Listed::complete(quotas);
    all.ranges = Listed::complete(ranges);
    all
}

fn says(needs: &PodNeeds, limits: &Surroundings) -> Option<String> {
    pod_refused("shop", needs, limits).map(|proof| proof.says)
}

#[test]
fn an_account_that_does_not_exist_refuses_every_pod() {
    let needs = PodNeeds { service_account: "ghost".into(), ..pod(vec![main(&[], &[])]) };
    let mut known = limits(vec![], vec![]);
    assert_eq!(says(&needs, &known).as_deref(), Some("its ServiceAccount ghost does not exist"));
    assert_eq!(says(&pod(vec![]), &known), None, "without a name it is default");
    known.accounts.items.push(ServiceAccount { meta: meta("ghost") });
    assert_eq!(says(&needs, &known), None);
    known.accounts = Listed::refused(crate::gather::resource::ACCOUNTS.not_listed(None, Why::Forbidden));
    assert_eq!(says(&needs, &known), None, "not read is not absent");
}

#[test]
fn a_quota_refuses_only_what_goes_beyond_it() {
    let one = pod(vec![main(&[("cpu", "100m"), ("memory", "64Mi")], &[])]);
    let full = limits(vec![quota(&[("pods", "2", "2")])], vec![]);
    assert_eq!(says(&one, &full).as_deref(), Some("quota team has 2 of pods, 2 are used, and 1 more is wanted"));
    assert_eq!(says(&one, &limits(vec![quota(&[("pods", "2", "1")])], vec![])), None);
    // To the last millicore: 0.1 and 0.2 add up to 0.3.
    let cpu = |hard| limits(vec![quota(&[("requests.cpu", hard, "200m")])], vec![]);
    assert_eq!(says(&one, &cpu("0.3")), None);
    assert_eq!(
        says(&one, &cpu("299m")).as_deref(),
        Some("quota team has 299m of requests.cpu, 200m are used, and 100m more are wanted")
    );
    // A limit is a request too, and a quota of limits wants one.
    let limited = pod(vec![main(&[], &[("memory", "64Mi")])]);
    assert!(says(&limited, &limits(vec![quota(&[("memory", "32Mi", "0")])], vec![])).is_some());
    assert_eq!(
        says(&one, &limits(vec![quota(&[("limits.memory", "1Gi", "0")])], vec![])).as_deref(),
        Some("quota team wants a limit of memory, and container main has none")
    );
    // Another namespace's, and one that counts some pods only.
    let mut other = quota(&[("pods", "0", "0")]);
    other.meta.namespace = "warehouse".into();
    let scoped = Quota { scoped: true, ..quota(&[("pods", "0", "0")]) };
    assert_eq!(says(&one, &limits(vec![other, scoped], vec![])), None);
    // Kinds that are not the pod's.
    assert_eq!(
        says(&one, &limits(vec![quota(&[("requests.storage", "0", "0"), ("services", "0", "0")])], vec![])),
        None
    );
}

#[test]
fn init_containers_count_while_they_run_and_sidecars_throughout() {
    let memory = |name: &str, runs, amount| ContainerNeeds {
        name: name.into(),
        runs,
        requests: amounts(&[("memory", amount)]),
        limits: amounts(&[]),
    };
    let needs = pod(vec![
        memory("proxy", Runs::Throughout, "10"),
        memory("migrate", Runs::Before, "100"),
        memory("main", Runs::Together, "50"),
    ]);
    // 10 + 100 while it migrates, 10 + 50 afterwards.
    let room = |hard| says(&needs, &limits(vec![quota(&[("memory", hard, "0")])], vec![]));
    assert_eq!(room("110"), None);
    assert!(room("109").is_some());
}

#[test]
fn a_limit_range_fills_in_before_it_judges() {
    let unlimited = pod(vec![main(&[], &[])]);
    let large = pod(vec![main(&[], &[("memory", "64Mi")])]);
    let at_most = || {
        range("Container", |item| {
            (item.max, item.default, item.default_request) =
                (amounts(&[("memory", "16Mi")]), amounts(&[("memory", "16Mi")]), amounts(&[("memory", "16Mi")]));
        })
    };
    assert_eq!(
        says(&large, &limits(vec![], vec![at_most()])).as_deref(),
        Some("LimitRange sizes: container main has a memory limit of 64Mi, at most 16Mi is allowed")
    );
    assert_eq!(says(&unlimited, &limits(vec![], vec![at_most()])), None);
    // What it fills in counts against the quota.
    let quota_of = |hard| vec![quota(&[("limits.memory", hard, "0")])];
    assert_eq!(says(&unlimited, &limits(quota_of("16Mi"), vec![at_most()])), None);
    assert!(says(&unlimited, &limits(quota_of("15Mi"), vec![at_most()])).is_some());
    let at_least = range("Pod", |item| item.min = amounts(&[("cpu", "500m")]));
    assert_eq!(
        says(&pod(vec![main(&[("cpu", "100m")], &[])]), &limits(vec![], vec![at_least])).as_deref(),
        Some("LimitRange sizes: the pod requests 100m of cpu, at least 500m is wanted")
    );
}

#[test]
fn what_is_not_proven_is_not_said() {
    let large = pod(vec![main(&[], &[("memory", "64Mi")])]);
    let small = || range("Container", |item| item.max = amounts(&[("memory", "16Mi")]));
    let full = || vec![quota(&[("memory", "1Mi", "0")])];
    // Amounts that are not the containers' alone.
    let with_overhead = PodNeeds { plain: false, ..large.clone() };
    assert_eq!(says(&with_overhead, &limits(full(), vec![small()])), None);
    // Two LimitRanges with defaults: which of them counts is not told.
    let defaults = || range("Container", |item| item.default = amounts(&[("memory", "8Mi")]));
    assert_eq!(says(&large, &limits(full(), vec![defaults(), defaults()])), None);
    // LimitRanges that could not be read may fill in what is missing.
    let mut unread = limits(vec![quota(&[("limits.memory", "1Gi", "0")])], vec![]);
    unread.ranges = Listed::refused(crate::gather::resource::LIMIT_RANGES.not_listed(None, Why::Forbidden));
    assert_eq!(says(&pod(vec![main(&[], &[])]), &unread), None);
}

#[test]
fn claims_are_measured_against_storage() {
    let template = &set("web", 1, &["data"]).templates[0];
    let says = |limits: &Surroundings| claim_refused("shop", template, limits).map(|proof| proof.says);
    let of = |resource, hard, used| limits(vec![quota(&[(resource, hard, used)])], vec![]);
    assert_eq!(
        says(&of("requests.storage", "1500Mi", "1Gi")).as_deref(),
        Some("quota team has 1500Mi of requests.storage, 1Gi are used, and 1Gi more are wanted")
    );
    assert_eq!(says(&of("requests.storage", "2Gi", "1Gi")), None);
    assert!(says(&of("persistentvolumeclaims", "3", "3")).is_some());
    assert!(says(&of("local-path.storageclass.storage.k8s.io/requests.storage", "1Gi", "1Gi")).is_some());
    assert_eq!(says(&of("fast.storageclass.storage.k8s.io/requests.storage", "0", "0")), None);
    let ranges = range("PersistentVolumeClaim", |item| item.max = amounts(&[("storage", "500Mi")]));
    assert_eq!(
        says(&limits(vec![], vec![ranges])).as_deref(),
        Some("LimitRange sizes allows claims of at most 500Mi, and 1Gi is requested")
    );
}
