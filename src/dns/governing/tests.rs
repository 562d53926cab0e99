use super::*;
use crate::facts::fixture::{cluster, container, ended, labels, meta, pod, set, time};
use crate::facts::{Endpoint, Listed, Meta, PodDetail, ServicePort};

fn service(name: &str, app: &str) -> Service {
    Service {
        meta: meta(name),
        kind: "ClusterIP".into(),
        cluster_ip: "None".into(),
        selector: labels(&[("app", app)]),
        publishes_not_ready: false,
        external_name: "".into(),
        ports: Box::new([ServicePort { name: "db".into(), port: 5432, protocol: "TCP".into() }]),
    }
}

fn slice(of: &str, ready: &[bool]) -> EndpointSlice {
    let endpoints = ready.iter().map(|&ready| Endpoint {
        addresses: Box::new(["10.0.0.1".into()]),
        ready,
        serving: ready,
        terminating: false,
        hostname: None,
        pod: None,
        pod_name: None,
    });
    EndpointSlice {
        meta: meta(&format!("{of}-x")),
        service: of.into(),
        changed: None,
        ports: Box::new([]),
        endpoints: endpoints.collect(),
    }
}

/// The set `db` with its two pods, a given Service or none, and its slices.
fn told(
    change: impl FnOnce(&mut StatefulSet, &mut Vec<Pod>),
    services: Vec<Service>,
    slices: Vec<EndpointSlice>,
) -> Vec<Verdict> {
    let mut db = set("db", 2, &["data"]);
    let mut pods = vec![pod(&db, 0), pod(&db, 1)];
    change(&mut db, &mut pods);
    let mut facts = cluster(vec![db], pods, Vec::new(), Vec::new());
    facts.services = Listed::complete(services);
    facts.slices = Listed::complete(slices);
    facts.sort();
    let pods: Vec<&Pod> = facts.pods.items.iter().collect();
    findings(&facts.sets.items[0], &pods, &facts, None)
}

fn codes(found: &[Verdict]) -> Vec<(&'static str, Severity)> {
    found.iter().map(|verdict| (verdict.code.word(), verdict.severity)).collect()
}

#[test]
fn a_set_behind_its_own_headless_service_has_nothing_to_report() {
    let found = told(|_, _| (), vec![service("db", "db")], vec![slice("db", &[true, true])]);
    assert_eq!(found, []);
}

#[test]
fn the_tutorials_postgres_is_behind_a_service_of_another_name() {
    let found = told(
        |db, pods| {
            db.service = "postgres".into();
            for pod in pods {
                pod.subdomain = Some("postgres".into());
            }
        },
        vec![service("postgres-svc", "db")],
        vec![],
    );
    assert_eq!(codes(&found), [("WrongService", Severity::Fault)]);
    assert_eq!(
        found[0].says,
        "spec.serviceName is \"postgres\", but no such Service exists; the pods are behind postgres-svc. db-0.postgres does not resolve, nor does db-0.postgres-svc: today only postgres-svc.shop.svc does, to all pods at once."
    );
    assert_eq!(
        found[0].next.as_deref(),
        Some(
            "kubectl apply -f - <<'EOF'   # the names appear at once, the pods stay as they are\n\
             apiVersion: v1\nkind: Service\nmetadata:\n  name: postgres\n  namespace: shop\nspec:\n  type: ClusterIP\n  clusterIP: None\n  \
             selector:\n    app: db\n  ports:\n  - port: 5432\n    protocol: TCP\n    name: db\nEOF"
        )
    );
}

#[test]
fn a_governing_service_that_does_not_exist_is_missing() {
    let found = told(|_, _| (), vec![service("other", "else")], vec![]);
    assert_eq!(codes(&found), [("ServiceMissing", Severity::Fault)]);
    assert!(found[0].next.as_deref().unwrap().contains("  - port: 6379\n    protocol: TCP\n    name: redis\n"));
}

#[test]
fn services_that_give_no_names_are_told_apart() {
    let with = |change: fn(&mut Service)| {
        let mut one = service("db", "db");
        change(&mut one);
        codes(&told(|_, _| (), vec![one], vec![]))
    };
    assert_eq!(with(|s| s.cluster_ip = "10.96.0.7".into()), [("ServiceNotHeadless", Severity::Fault)]);
    assert_eq!(with(|s| s.kind = "ExternalName".into()), [("ServiceExternalName", Severity::Fault)]);
    assert_eq!(with(|s| s.selector = labels(&[])), [("ServiceWithoutSelector", Severity::Fault)]);
    assert_eq!(with(|s| s.selector = labels(&[("app", "api")])), [("ServiceNotSelecting", Severity::Fault)]);
    let manual = Service { selector: labels(&[]), ..service("db", "db") };
    let found = told(|_, _| (), vec![manual], vec![slice("db", &[true])]);
    assert_eq!(codes(&found), [("ServiceWithoutSelector", Severity::Notice)]);
}

#[test]
fn a_selector_that_misses_the_pods_is_mended_by_the_printed_patch() {
    let one = Service { selector: labels(&[("app", "api"), ("tier", "x")]), ..service("db", "db") };
    let found = told(|_, _| (), vec![one], vec![]);
    assert_eq!(
        found[0].says,
        "Service db does not select the pods, so their names do not resolve (app: the Service wants api, the pods have db; tier: the Service wants x, the pods have no such label)."
    );
    assert_eq!(
        found[0].next.as_deref(),
        Some(r#"kubectl -n shop patch service db -p '{"spec":{"selector":{"app":"db","tier":null}}}'"#)
    );
}

#[test]
fn pods_made_under_another_service_name_are_named_one_by_one() {
    let found = told(|_, pods| pods[1].subdomain = Some("old".into()), vec![service("db", "db")], vec![]);
    assert_eq!(codes(&found), [("SubdomainDrift", Severity::Fault)]);
    assert_eq!(found[0].object.as_ref().unwrap().name, "db-1");
    assert_eq!(found[0].next.as_deref(), Some("kubectl -n shop delete pod db-1"));
}

#[test]
fn names_that_dns_can_not_hold_are_found_before_the_pod_fails() {
    let long = "a".repeat(62);
    let found = told(
        |db, pods| {
            db.meta = Meta { name: long.as_str().into(), ..db.meta.clone() };
            pods.clear();
        },
        vec![service("db", "db")],
        vec![],
    );
    assert_eq!(codes(&found), [("NameTooLong", Severity::Fault)]);
}

#[test]
fn a_set_without_a_service_name_and_one_on_the_hosts_network_get_notices() {
    let found = told(
        |db, pods| {
            db.service = "".into();
            db.host_network = true;
            for pod in pods {
                pod.subdomain = None;
            }
        },
        vec![],
        vec![],
    );
    assert_eq!(codes(&found), [("NoServiceName", Severity::Notice), ("HostNetworkDns", Severity::Notice)]);
}

#[test]
fn peers_that_never_became_ready_behind_a_service_that_hides_them_are_deadlocked() {
    let unready = |pods: &mut Vec<Pod>| {
        pods.truncate(1);
        pods[0].ready = false;
        pods[0].ready_since = Some(time("2026-11-20T12:00:03Z").into());
    };
    let run = |change: &dyn Fn(&mut StatefulSet, &mut Vec<Pod>), publishes_not_ready, slices| {
        let db = Service { publishes_not_ready, ..service("db", "db") };
        codes(&told(
            |set, pods| {
                set.replicas = 3;
                unready(pods);
                change(set, pods);
            },
            vec![db],
            slices,
        ))
    };
    let hidden = || vec![slice("db", &[false])];
    assert_eq!(run(&|_, _| (), false, hidden()), [("BootstrapDeadlock", Severity::Fault)]);
    assert_eq!(run(&|_, _| (), true, hidden()), []);
    assert_eq!(run(&|set, _| set.parallel = true, false, hidden()), []);
    assert_eq!(run(&|set, _| set.replicas = 1, false, hidden()), []);
    assert_eq!(run(&|_, _| (), false, vec![slice("db", &[false, true])]), []);
    // A pod that has just started, and one that was ready before.
    assert_eq!(
        run(
            &|_, pods| pods.iter_mut().for_each(|p| p.meta.created = Some(time("2026-11-21T11:59:00Z").into())),
            false,
            hidden()
        ),
        []
    );
    assert_eq!(
        run(
            &|_, pods| pods.iter_mut().for_each(|p| p.ready_since = Some(time("2026-11-21T11:00:00Z").into())),
            false,
            hidden()
        ),
        []
    );
}

/// The peers knew each other until all of them ended at once; those that never ran for want of an image need no names.
#[test]
fn peers_that_ended_all_at_once_are_deadlocked_as_well() {
    let run = |of: &dyn Fn() -> Container, ready_since: &str| {
        told(
            |set, pods| {
                set.replicas = 2;
                for pod in pods {
                    pod.ready = false;
                    pod.ready_since = Some(time(ready_since).into());
                    pod.detail = Some(Box::new(PodDetail { containers: Box::new([of()]), ..PodDetail::default() }));
                }
            },
            vec![service("db", "db")],
            vec![slice("db", &[false, false])],
        )
    };
    let again =
        || Container { ready: false, last: Some(ended(137, "Error", "2026-11-21T11:50:01Z")), ..container("main") };
    let found = run(&again, "2026-11-21T11:50:00Z");
    assert_eq!(codes(&found), [("BootstrapDeadlock", Severity::Fault)]);
    assert!(found[0].says.starts_with("All pods ended, and none has become ready again, and Service db"), "{found:#?}");
    assert_eq!(found[0].since, Some(time("2026-11-21T11:50:00Z")));
    // They ended just now; they ended long before; they run on.
    let just =
        || Container { ready: false, last: Some(ended(137, "Error", "2026-11-21T11:59:00Z")), ..container("main") };
    assert_eq!(run(&just, "2026-11-21T11:59:00Z"), []);
    let before =
        || Container { ready: false, last: Some(ended(137, "Error", "2026-11-21T09:00:00Z")), ..container("main") };
    assert_eq!(run(&before, "2026-11-21T11:50:00Z"), []);
    assert_eq!(run(&|| Container { ready: false, ..container("main") }, "2026-11-21T11:50:00Z"), []);
    let image = || Container {
        ready: false,
        state: ContainerState::Waiting { reason: "ImagePullBackOff".into(), message: "".into() },
        ..container("main")
    };
    assert_eq!(run(&image, "2026-11-20T12:00:03Z"), []);
}

#[test]
fn without_the_right_to_read_services_nothing_is_said_about_names() {
    let mut facts = cluster(vec![set("db", 1, &[])], vec![], vec![], vec![]);
    facts.services = Listed::refused(
        crate::gather::resource::SERVICES.not_listed(Some(&"shop".into()), crate::facts::Why::Forbidden),
    );
    let found = findings(&facts.sets.items[0], &[], &facts, None);
    assert_eq!(codes(&found), [("CannotTell", Severity::Unknown)]);
    assert_eq!(found[0].unknown, ["forbidden to list services in namespace shop"]);
}

/// What is said of the nameservers of pods with this policy and these servers, by who knows the DNS Service's address.
fn nameservers(policy: &str, servers: &[&str], dns: Option<&str>) -> Option<Verdict> {
    let mut db = set("db", 1, &[]);
    db.dns_policy = policy.into();
    db.nameservers = servers.iter().map(|&server| server.into()).collect();
    let mut facts = cluster(vec![db], vec![], vec![], vec![]);
    let labelled =
        Meta { namespace: "kube-system".into(), labels: labels(&[("k8s-app", "kube-dns")]), ..meta("kube-dns") };
    facts.services = Listed::complete(vec![service("db", "db")]);
    facts.services.items.extend(dns.map(|address| Service {
        meta: labelled.clone(),
        cluster_ip: address.into(),
        ..service("kube-dns", "dns")
    }));
    facts.sort();
    let mut found = findings(&facts.sets.items[0], &[], &facts, None);
    assert!(found.len() < 2, "{found:?}");
    found.pop()
}

#[test]
fn pods_that_ask_others_than_the_clusters_dns_are_told() {
    let lines = |policy, servers: &[&str]| {
        let verdict = nameservers(policy, servers, Some("10.96.0.10")).unwrap();
        let evidence = verdict.evidence.iter().map(|it| format!("- {} {}: {}\n", it.object, it.field, it.value));
        let next = verdict.next.as_deref().unwrap_or_default();
        format!(
            "{:?} {}: {}\n{}next: {next}",
            verdict.severity,
            verdict.code.word(),
            verdict.says,
            evidence.collect::<String>()
        )
    };
    insta::assert_snapshot!(lines("None", &["192.0.2.53", "10.96.0.10"]), @r#"
    Notice ForeignNameservers: The pods have dnsPolicy None and ask 192.0.2.53, not the cluster's DNS at 10.96.0.10: unless that one knows the cluster's names, the pods can't resolve each other's.
    - StatefulSet/db spec.template.spec.dnsPolicy: None
    - StatefulSet/db spec.template.spec.dnsConfig.nameservers: 192.0.2.53, 10.96.0.10
    - Service/kube-dns spec.clusterIP: 10.96.0.10
    next: kubectl -n shop patch statefulset db -p '{"spec":{"template":{"spec":{"dnsPolicy":"ClusterFirst","dnsConfig":{"nameservers":null}}}}}'  # restarts the pods
    "#);
    insta::assert_snapshot!(lines("Default", &[]), @r#"
    Notice ForeignNameservers: The pods have dnsPolicy Default, which means the node's resolver and not the cluster's DNS: unless that one knows the cluster's names, the pods can't resolve each other's.
    - StatefulSet/db spec.template.spec.dnsPolicy: Default
    next: kubectl -n shop patch statefulset db -p '{"spec":{"template":{"spec":{"dnsPolicy":"ClusterFirst"}}}}'  # restarts the pods
    "#);
}

#[test]
fn of_nameservers_that_may_be_the_clusters_nothing_is_said() {
    let silent =
        |policy, servers: &[&str], dns| assert_eq!(nameservers(policy, servers, dns), None, "{policy} {servers:?}");
    silent("ClusterFirst", &["192.0.2.53"], Some("10.96.0.10"));
    silent("ClusterFirstWithHostNet", &[], Some("10.96.0.10"));
    silent("None", &["10.96.0.10", "192.0.2.53"], Some("10.96.0.10"));
    // Caches on the node and in the pod, the Service's address of the other family, and a Service that was not read.
    silent("None", &["169.254.20.10"], Some("10.96.0.10"));
    silent("None", &["127.0.0.1"], Some("10.96.0.10"));
    silent("None", &["fd00::a"], Some("10.96.0.10"));
    silent("None", &["192.0.2.53"], None);
}
