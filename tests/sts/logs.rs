//! `kubectl sts logs`: whole outputs, and what it makes of connections and kubelets that fail.
// A panic in a test's own helper is a failed test; expected outputs stand where they are asserted.
#![allow(clippy::unwrap_used, clippy::too_many_lines, clippy::format_collect)]

use std::time::Duration;

use serde_json::{Value, json};
#[cfg(target_os = "linux")]
use workload_tests::Terminal;
use workload_tests::{Cluster, Fault, On, Output, Program, Running};

use crate::sts;

fn pod(ordinal: i32, attempt: u32, ended: bool) -> Value {
    let id = |attempt: u32| format!("containerd://web-{ordinal}-{attempt}");
    let over = |attempt: u32, code: i32| {
        json!({"terminated": {"exitCode": code, "reason": if code == 0 { "Completed" } else { "Error" }, "containerID": id(attempt),
               "startedAt": "2026-11-20T10:00:00Z", "finishedAt": "2026-11-20T10:00:05Z"}})
    };
    let state = if ended { over(attempt, 0) } else { json!({"running": {"startedAt": "2026-11-20T10:00:06Z"}}) };
    let last = if attempt > 0 { over(attempt - 1, 1) } else { json!({}) };
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop", "name": format!("web-{ordinal}"),
        "uid": format!("uid-web-{ordinal}"), "labels": {"app": "web", "controller-revision-hash": "web-5d8f"},
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "uid": "uid-web", "controller": true}]},
        "spec": {"nodeName": "node1", "containers": [{"name": "main"}], "restartPolicy": if ended { "Never" } else { "Always" }},
        "status": {"phase": if ended { "Succeeded" } else { "Running" }, "containerStatuses": [
            {"name": "main", "restartCount": attempt, "containerID": id(attempt), "state": state, "lastState": last}]}})
}

fn set(replicas: i32) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"namespace": "shop", "name": "web", "uid": "uid-web"},
        "spec": {"replicas": replicas, "serviceName": "web", "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "main"}]}}}})
}

/// Two pods, a stranger with their labels, and logs that interleave.
fn web() -> Cluster {
    let mut stranger = pod(7, 0, false);
    stranger["metadata"]["name"] = "copy".into();
    stranger["metadata"]["ownerReferences"] = json!([]);
    Cluster::new()
        .objects([set(2), pod(0, 0, false), pod(1, 1, false), stranger])
        .log("shop/web-0", "main", "2026-11-20T10:00:01Z zero 1\n2026-11-20T10:00:03Z zero 2\n")
        .log("shop/web-1", "main", "2026-11-20T10:00:02Z one 1\n2026-11-20T10:00:04Z ERROR one 2\n")
        .previous_log("shop/web-1", "main", "2026-11-20T09:00:00Z before the restart\n")
        .log("shop/copy", "main", "2026-11-20T10:00:02Z not ours\n")
}

fn run(cluster: &Running, line: &str) -> Output {
    sts().cluster(cluster).args(line.split(' ')).args(["-n", "shop"]).run()
}

#[test]
fn a_snapshot_is_one_story_by_time_and_the_same_each_run() {
    let cluster = web().start();
    let first = run(&cluster, "logs web");
    insta::assert_snapshot!(first.whole(), @"
    exit code 0
    --- stdout
    [pod/web-0/main] zero 1
    [pod/web-1/main] one 1
    [pod/web-0/main] zero 2
    [pod/web-1/main] ERROR one 2
    --- stderr
    = 2 attempts, 4 lines, 28B: complete, every end verified
    ");
    for _ in 0..5 {
        assert_eq!(run(&cluster, "logs web").whole(), first.whole());
    }
    cluster.requests().assert_read_only();
}

#[cfg(target_os = "linux")]
#[test]
fn a_follow_goes_on_when_its_terminal_changes_its_width() {
    let (cluster, terminal) = (web().start(), Terminal::default());
    let program = Terminal::program(crate::BINARY).cluster(&cluster).args(["logs", "web", "0", "-f", "-n", "shop"]);
    let mut following = program.on(&terminal);
    following.until("zero 2");
    for (columns, number) in [(20, 3), (200, 4)] {
        terminal.resize(columns);
        cluster.write_log("shop/web-0", "main", format!("2026-11-20T10:00:0{number}Z zero {number}\n"));
        following.until(&format!("zero {number}"));
    }
    terminal.press("\u{3}");
    insta::assert_snapshot!(following.end().whole(), @"
    exit code 130
    --- stdout
    + web-0/main on node1
    zero 1
    zero 2
    zero 3
    zero 4
    ^C= 1 attempt, 4 lines, 24B: 1 still being read (interrupted)
    ");
}

#[test]
fn what_is_shown_is_chosen_by_flags() {
    let cluster = web().start();
    let mut all = String::new();
    for line in [
        "logs web 0",
        "logs web --order pod --all-attempts",
        "logs web 1 --previous",
        "logs web --tail 1 -t",
        "logs web -i ERROR",
        "logs web -e zero --prefix=false",
        "logs web --since-time 2026-11-20T10:00:02.5Z",
        "logs web --until 2026-11-20T10:00:02Z",
        "logs web 0 --limit-bytes 9",
        "logs web -c other",
        "logs web --template {time}|{ordinal}|{attempt}|{message} --timezone Europe/Berlin",
        "logs web --ordinal 1 -o raw",
        "logs web 0 -o json",
    ] {
        all = [all, format!("$ {line}\n{}\n", run(&cluster, line).whole())].concat();
    }
    insta::assert_snapshot!(all, @r#"
    $ logs web 0
    exit code 0
    --- stdout
    zero 1
    zero 2
    --- stderr
    = 1 attempt, 2 lines, 12B: complete, every end verified

    $ logs web --order pod --all-attempts
    exit code 0
    --- stdout
    [pod/web-0/main] zero 1
    [pod/web-0/main] zero 2
    [pod/web-1/main] before the restart
    [pod/web-1/main] one 1
    [pod/web-1/main] ERROR one 2
    --- stderr
    = 3 attempts, 5 lines, 46B: complete, every end verified

    $ logs web 1 --previous
    exit code 0
    --- stdout
    before the restart
    --- stderr
    = 1 attempt, 1 line, 18B: complete, every end verified

    $ logs web --tail 1 -t
    exit code 0
    --- stdout
    [pod/web-0/main] 2026-11-20T10:00:03.000000000Z zero 2
    [pod/web-1/main] 2026-11-20T10:00:04.000000000Z ERROR one 2
    --- stderr
    = 2 attempts, 2 lines, 17B: complete, every end verified

    $ logs web -i ERROR
    exit code 0
    --- stdout
    [pod/web-1/main] ERROR one 2
    --- stderr
    = 2 attempts, 4 lines, 28B: complete, every end verified

    $ logs web -e zero --prefix=false
    exit code 0
    --- stdout
    one 1
    ERROR one 2
    --- stderr
    = 2 attempts, 4 lines, 28B: complete, every end verified

    $ logs web --since-time 2026-11-20T10:00:02.5Z
    exit code 0
    --- stdout
    [pod/web-0/main] zero 2
    [pod/web-1/main] ERROR one 2
    --- stderr
    = 2 attempts, 2 lines, 17B: complete, every end verified

    $ logs web --until 2026-11-20T10:00:02Z
    exit code 0
    --- stdout
    [pod/web-0/main] zero 1
    [pod/web-1/main] one 1
    --- stderr
    = 2 attempts, 2 lines, 11B: complete, every end verified

    $ logs web 0 --limit-bytes 9
    exit code 0
    --- stdout
    zero 1
    zer
    --- stderr
    = 1 attempt, 2 lines, 9B: complete, every end verified

    $ logs web -c other
    exit code 1
    --- stderr
    error: statefulset web has no such container
    hint: it has main

    $ logs web --template {time}|{ordinal}|{attempt}|{message} --timezone Europe/Berlin
    exit code 0
    --- stdout
    2026-11-20T11:00:01.000000000+01:00|0|1|zero 1
    2026-11-20T11:00:02.000000000+01:00|1|2|one 1
    2026-11-20T11:00:03.000000000+01:00|0|1|zero 2
    2026-11-20T11:00:04.000000000+01:00|1|2|ERROR one 2
    --- stderr
    = 2 attempts, 4 lines, 28B: complete, every end verified

    $ logs web --ordinal 1 -o raw
    exit code 0
    --- stdout
    one 1
    ERROR one 2
    --- stderr
    = 1 attempt, 2 lines, 16B: complete, every end verified

    $ logs web 0 -o json
    exit code 0
    --- stdout
    {"attempt":1,"container":"main","containerId":"containerd://web-0-0","kind":"start","namespace":"shop","node":"node1","ordinal":0,"pod":"web-0","revision":"web-5d8f","role":"main","uid":"uid-web-0"}
    {"kind":"line","time":"2026-11-20T10:00:01.000000000Z","attempt":1,"container":"main","containerId":"containerd://web-0-0","namespace":"shop","node":"node1","ordinal":0,"pod":"web-0","revision":"web-5d8f","role":"main","uid":"uid-web-0","message":"zero 1"}
    {"kind":"line","time":"2026-11-20T10:00:03.000000000Z","attempt":1,"container":"main","containerId":"containerd://web-0-0","namespace":"shop","node":"node1","ordinal":0,"pod":"web-0","revision":"web-5d8f","role":"main","uid":"uid-web-0","message":"zero 2"}
    {"attempt":1,"bytes":12,"container":"main","containerId":"containerd://web-0-0","exitCode":null,"gaps":0,"kind":"end","lines":2,"namespace":"shop","node":"node1","ordinal":0,"pod":"web-0","reason":null,"reconnects":0,"revision":"web-5d8f","role":"main","uid":"uid-web-0","verified":true,"why":null}
    {"attempts":[{"attempt":1,"bytes":12,"container":"main","exitCode":null,"gaps":0,"lines":2,"pod":"web-0","reason":null,"reconnects":0,"uid":"uid-web-0","verified":true,"why":null}],"bytes":12,"complete":true,"cutShort":null,"gaps":0,"kind":"summary","lines":2,"missedAttempts":0,"open":0}
    --- stderr
    = 1 attempt, 2 lines, 12B: complete, every end verified
    "#);
}

#[test]
fn mistakes_are_told_before_anything_is_asked() {
    let cluster = web().start();
    let mut all = String::new();
    for line in [
        "logs web -i (",
        "logs web --since yesterday",
        "logs web -o yaml",
        "logs web 0 --ordinal 1",
        "logs web --template {x}",
    ] {
        all = [all, format!("$ {line}\n{}\n", run(&cluster, line).whole())].concat();
    }
    insta::assert_snapshot!(all, @r#"
    $ logs web -i (
    exit code 1
    --- stderr
    error: --include "(": unclosed group

    $ logs web --since yesterday
    exit code 1
    --- stderr
    error: --since "yesterday": expected a duration such as 30s, 5m or 2h

    $ logs web -o yaml
    exit code 1
    --- stderr
    error: unable to match a printer suitable for the output format "yaml", allowed formats are: json,raw,text

    $ logs web 0 --ordinal 1
    exit code 1
    --- stderr
    error: an ordinal and --ordinal exclude each other

    $ logs web --template {x}
    exit code 1
    --- stderr
    error: the template has no field "x"; it knows time, namespace, pod, container, node, ordinal, index, attempt, revision, message
    "#);
    assert_eq!(cluster.requests().len(), 0);
    insta::assert_snapshot!(run(&cluster, "logs wep").whole(), @r#"
    exit code 1
    --- stderr
    Error from server (NotFound): statefulsets.apps "wep" not found
    hint: did you mean web?
    "#);
}

/// Follows a set of one pod whose log is 300 numbered lines long and then ends, under a fault that befalls its log.
fn followed(on: On, fault: Fault) -> Output {
    let lines = |from: u32, to: u32| -> String {
        (from..to).map(|n| format!("2026-11-20T10:{:02}:{:02}.5Z line {n}\n", n / 60, n % 60)).collect()
    };
    let cluster = Cluster::new()
        .objects([set(1), pod(0, 0, false)])
        .log("shop/web-0", "main", lines(0, 200))
        .fault(on, fault)
        .start();
    let program = follower(&cluster);
    std::thread::scope(|scope| {
        let run = scope.spawn(|| program.run());
        cluster.wait_for("its log to be followed", |it| it.count("get pods/log") >= 1);
        cluster.write_log("shop/web-0", "main", lines(200, 300));
        cluster.wait_for("its log to be read again", |it| it.count("get pods/log") >= 2);
        cluster.end_log("shop/web-0", "main");
        cluster.apply(pod(0, 0, true));
        cluster.wait_for("the log to be read to its end", |it| it.count("get pods/log") >= 3);
        cluster.delete("statefulsets", "shop", "web");
        run.join().unwrap()
    })
}

fn follower(cluster: &Running) -> Program {
    sts().cluster(cluster).args(["logs", "web", "-f", "--prefix=false", "-n", "shop"]).limit(Duration::from_secs(90))
}

#[test]
fn whatever_ends_a_stream_each_line_is_there_once() {
    let expected: Vec<String> = (0..300).map(|n| format!("line {n}")).collect();
    let followed_log = || On::logs().with(|it| it.parameter("follow").is_some());
    for (what, on, fault) in [
        ("a clean end in mid-line", followed_log().first(2), Fault::end_after(700)),
        ("a reset in mid-line", followed_log().first(2), Fault::reset_after(1000)),
        ("a length that is not kept", followed_log().nth(1), Fault::cut_after(1200)),
        (
            "a kubelet that is away",
            followed_log().first(2),
            Fault::internal("Get \"https://node1:10250/\": dial tcp: refused"),
        ),
        ("a server that is busy", followed_log().nth(1), Fault::too_many(1)),
        ("no more watches on the node", followed_log(), Fault::no_inotify()),
    ] {
        let seen = followed(on, fault);
        let lines: Vec<&str> = seen.stdout.lines().collect();
        assert_eq!(lines, expected, "{what}: {}", seen.stderr);
        assert!(!seen.stderr.contains('!'), "{what}: {}", seen.stderr);
        assert_eq!(seen.code, 0, "{what}: {}", seen.stderr);
    }
}

#[test]
fn a_server_that_goes_away_is_read_to_the_end_and_asked_again_over_another_connection() {
    let cluster = Cluster::new()
        .objects([set(1), pod(0, 0, false)])
        .log("shop/web-0", "main", "2026-11-20T10:00:00Z before GOAWAY\n")
        .fault(On::logs().first(1), Fault::go_away())
        .start();
    let program = follower(&cluster);
    let seen = std::thread::scope(|scope| {
        let run = scope.spawn(|| program.run());
        cluster.wait_for("its log to be followed", |it| it.count("get pods/log") == 1);
        cluster.write_log("shop/web-0", "main", "2026-11-20T10:00:01Z after GOAWAY\n");
        cluster.end_log("shop/web-0", "main");
        cluster.apply(pod(0, 0, true));
        cluster.wait_for("its end to be looked for again", |it| it.count("get pods/log") >= 2);
        cluster.delete("statefulsets", "shop", "web");
        run.join().unwrap()
    });
    assert_eq!((seen.code, seen.stdout.as_str()), (0, "before GOAWAY\nafter GOAWAY\n"), "{}", seen.stderr);
    assert!(!seen.stderr.contains('!'), "{}", seen.stderr);
    let requests = cluster.requests();
    let streams: Vec<_> = requests.0.iter().filter(|it| it.resource == "pods/log").collect();
    assert_ne!(streams[0].connection, streams[1].connection, "nothing is asked over a connection that was given up");
    assert!(streams.iter().all(|it| it.protocol == "HTTP/2.0"));
}

#[test]
fn a_snapshot_that_is_cut_short_is_completed() {
    let cluster = web().fault(On::logs().name("web-0").nth(1), Fault::end_after(40)).start();
    assert_eq!(run(&cluster, "logs web").stdout, run(&cluster, "logs web").stdout);
}

#[test]
fn the_time_of_a_run_may_be_limited() {
    let cluster = web().start();
    let seen = run(&cluster, "logs web -f --timeout 500ms");
    insta::assert_snapshot!(seen.whole(), @"
    exit code 124
    --- stdout
    [pod/web-0/main] zero 1
    [pod/web-0/main] zero 2
    [pod/web-1/main] one 1
    [pod/web-1/main] ERROR one 2
    --- stderr
    + web-0/main on node1
    + web-1/main attempt 2 on node1
    = 2 attempts, 4 lines, 28B: 2 still being read (the time of --timeout is over)
    ");
}

#[test]
fn a_log_that_may_not_be_read_is_told_and_the_rest_is_shown() {
    let cluster = web()
        .fault(
            On::logs().name("web-0"),
            Fault::forbidden(
                "User \"ops\" cannot get resource \"pods/log\" in API group \"\" in the namespace \"shop\"",
            ),
        )
        .start();
    insta::assert_snapshot!(run(&cluster, "logs web").whole(), @r#"
    exit code 1
    --- stdout
    [pod/web-1/main] one 1
    [pod/web-1/main] ERROR one 2
    --- stderr
    - web-0/main: 0 lines, 0B, end not verified: pods "web-0" is forbidden: User "ops" cannot get resource "pods/log" in API group "" in the namespace "shop"
    = 2 attempts, 2 lines, 16B: 1 of 2 ends not verified
    "#);
}
