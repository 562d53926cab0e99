//! What is asked of the server: verbs, number, turns.

use workload_tests::bulk::Shape;
use workload_tests::{Cluster, Fault, On};

use crate::{run, shop, shown, sts};

#[test]
fn volumes_of_a_set_take_five_requests_in_two_turns_and_a_get_per_volume() {
    let cluster = shop().lockstep().start();
    assert_eq!(run(&cluster, "volumes redis-stset").code, 0);
    let requests = cluster.requests();
    requests.assert_read_only();
    let volumes = requests.count("get persistentvolumes");
    assert_eq!(volumes, 3, "one per claim");
    assert_eq!(requests.without_pages().len() - volumes, 5, "{:?}", requests.paths());
    assert_eq!(requests.turns(), 2);
}

#[test]
fn what_a_gateway_answers_in_json_alone_is_the_same() {
    let (server, gateway) = (shop().start(), shop().json_only().start());
    for command in
        ["volumes -A", "volumes redis-stset -o json", "status -A", "status redis-stset", "orphans -A", "dns --names"]
    {
        let [of_server, of_gateway] = [&server, &gateway].map(|cluster| shown(cluster, &run(cluster, command)));
        assert!(of_server.starts_with("exit code 0"), "{command}: {of_server}");
        assert_eq!(of_gateway, of_server, "{command}");
    }
}

#[test]
fn beyond_fifty_claims_the_volumes_are_listed() {
    let cluster = Cluster::new().bulk(Shape { sets: 1, ordinals: 51, namespaces: 1 }).start();
    let seen = sts().cluster(&cluster).args(["volumes", "-A", "-o", "json"]).run().json();
    let (namespace, set) =
        (seen["items"][0]["object"]["namespace"].as_str().unwrap(), seen["items"][0]["set"].as_str().unwrap());
    cluster.forget_requests();
    assert_eq!(sts().cluster(&cluster).args(["volumes", set, "-n", namespace]).run().code, 0);
    let requests = cluster.requests();
    assert_eq!((requests.count("get persistentvolumes"), requests.count("list persistentvolumes")), (0, 1));
}

#[test]
fn a_set_of_a_thousand_ordinals_takes_no_request_per_ordinal() {
    let cluster = Cluster::new().bulk(Shape { sets: 1, ordinals: 1000, namespaces: 1 }).start();
    let seen = sts().cluster(&cluster).args(["status", "web-00000", "-n", "ns-000"]).run();
    assert_eq!(seen.code, 0, "{}", seen.stderr);
    let requests = cluster.requests();
    requests.assert_read_only();
    let beyond: Vec<_> = requests.iter().filter(|request| request.verb != "list").map(|it| it.path.clone()).collect();
    assert_eq!(beyond, ["/version"], "beyond pages of lists");
    assert_eq!(requests.without_pages().len() - beyond.len(), 14, "a list per kind: {:?}", requests.paths());
}

#[test]
fn all_namespaces_are_one_paged_list_per_kind() {
    let cluster = Cluster::new().bulk(Shape { sets: 120, ordinals: 10, namespaces: 4 }).start();
    assert_eq!(sts().cluster(&cluster).args(["volumes", "-A"]).run().code, 0);
    let requests = cluster.requests();
    requests.assert_read_only();
    let mut paths: Vec<_> = requests.without_pages().iter().map(|request| request.path.clone()).collect();
    paths.sort();
    assert_eq!(
        paths,
        [
            "/api/v1/persistentvolumeclaims",
            "/api/v1/persistentvolumes",
            "/api/v1/pods",
            "/apis/apps/v1/statefulsets",
            "/apis/storage.k8s.io/v1/storageclasses",
            "/version"
        ]
    );
    assert_eq!(requests.count("list pods"), 3, "1,200 pods in pages of 500");
}

/// The number of rows that `volumes -A` shows of 1,200 ordinals, whatever happens to the lists.
fn rows_under(fault: Fault, on: On) -> (usize, String) {
    let cluster = Cluster::new().bulk(Shape { sets: 120, ordinals: 10, namespaces: 4 }).fault(on, fault).start();
    let seen = sts().cluster(&cluster).args(["volumes", "-A", "--no-headers"]).run();
    assert_eq!(seen.code, 0, "{}", seen.stderr);
    (seen.stdout.lines().filter(|line| line.contains("InUse")).count(), seen.stderr)
}

#[test]
fn a_list_that_expires_in_mid_paging_is_read_once_more() {
    assert_eq!(rows_under(Fault::gone(), On::list("pods").nth(2)), (1200, String::new()));
}

#[test]
fn a_list_that_expires_twice_goes_on_with_the_servers_token_and_says_so() {
    let (rows, said) = rows_under(Fault::gone(), On::list("pods").later_pages().nth(1));
    assert_eq!((rows, said.as_str()), (1200, ""));
    let cluster = Cluster::new()
        .bulk(Shape { sets: 120, ordinals: 10, namespaces: 4 })
        .fault(On::list("pods").nth(2), Fault::gone())
        .fault(On::list("pods").nth(4), Fault::gone())
        .start();
    let seen = sts().cluster(&cluster).args(["volumes", "-A", "--no-headers"]).run();
    assert_eq!(seen.stdout.lines().filter(|line| line.contains("InUse")).count(), 1200);
    assert_eq!(
        seen.stderr,
        "the list of pods was overtaken by changes while it was read (410): its parts are of different moments\n"
    );
}

#[test]
fn an_empty_page_with_a_token_is_legal() {
    assert_eq!(rows_under(Fault::empty_page(), On::list("pods").nth(2)).0, 1200);
}

#[test]
fn a_server_that_asks_to_come_back_is_obeyed() {
    assert_eq!(rows_under(Fault::too_many(1), On::list("pods").nth(1)), (1200, String::new()));
}

#[test]
fn one_request_reads_all_when_asked_so() {
    let cluster = Cluster::new().bulk(Shape { sets: 60, ordinals: 10, namespaces: 4 }).start();
    assert_eq!(sts().cluster(&cluster).args(["volumes", "-A", "--chunk-size", "0"]).run().code, 0);
    assert_eq!(cluster.requests().count("list pods"), 1);
}
