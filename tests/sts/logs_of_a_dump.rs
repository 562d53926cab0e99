//! `kubectl sts logs --filename`: the logs in a support bundle.
// A panic in a test's own helper is a failed test; expected outputs stand where they are asserted.
#![allow(clippy::unwrap_used, clippy::too_many_lines, clippy::format_collect)]

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::sts;

fn pod(name: &str, restarts: u32) -> Value {
    let id = |attempt: u32| format!("containerd://{name}-{attempt}");
    let last = match restarts {
        0 => json!({}),
        n => json!({"terminated": {"exitCode": 1, "reason": "Error", "containerID": id(n - 1),
                    "startedAt": "2026-11-20T09:00:00Z", "finishedAt": "2026-11-20T09:59:59Z"}}),
    };
    json!({"metadata": {"namespace": "shop", "name": name, "uid": format!("uid-{name}"), "labels": {"app": "web"},
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "uid": "uid-web", "controller": true}]},
        "spec": {"nodeName": "node1", "initContainers": [{"name": "setup"}], "containers": [{"name": "main"}]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "main", "restartCount": restarts, "containerID": id(restarts),
            "state": {"running": {"startedAt": "2026-11-20T10:00:00Z"}}, "lastState": last}]}})
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn list(pods: &[Value]) -> String {
    json!({"kind": "PodList", "apiVersion": "v1", "items": pods}).to_string()
}

fn run(folder: &Path, line: &str) -> String {
    let seen = sts().args(line.split(' ')).arg("--filename").arg(folder).run();
    format!("$ {line}\n{}\n", seen.whole().replace(folder.to_str().unwrap(), "DUMP"))
}

/// As oc writes it: a stranger's pod has the same labels, `web-1` was started again, and its former log is there.
fn must_gather(folder: &Path) {
    let inner = folder.join("quay-io-must-gather-sha256-0/namespaces/shop");
    let mut stranger = pod("copy", 0);
    stranger["metadata"]["ownerReferences"] = json!([]);
    write(&inner.join("core/pods.yaml"), &list(&[pod("web-0", 0), pod("web-1", 1), stranger]));
    let log = |pod: &str, name: &str, text: &str| {
        write(&inner.join(format!("pods/{pod}/main/main/logs/{name}")), text);
    };
    log("web-0", "current.log", "2026-11-20T10:00:01.000000000Z zero 1\n2026-11-20T10:00:03.000000000Z zero 2\n");
    // Between two attempts the kubelet gives one log under both names.
    log("web-0", "previous.log", "2026-11-20T10:00:01.000000000Z zero 1\n");
    log("web-1", "current.log", "");
    log("web-1", "current.insecure.log", "2026-11-20T10:00:02.000000000Z one 1\n2026-11-20T10:00:04.000000000Z torn");
    log("web-1", "previous.log", "2026-11-20T09:00:00.000000000Z before\n2026-11-20T09:00:01.000000000Z the restart\n");
    log("web-1", "rotated/0.log.20261120-080000.gz", "");
    log("copy", "current.log", "2026-11-20T10:00:02.000000000Z not ours\n");
    log("lost", "current.log", "2026-11-20T10:00:02.000000000Z whose?\n");
}

#[test]
fn a_must_gather_has_times_and_former_attempts() {
    let folder = tempfile::tempdir().unwrap();
    must_gather(folder.path());
    let all: String = [
        "logs web",
        "logs web --all-attempts -t",
        "logs web 1 --previous",
        "logs web 0 --previous",
        "logs web --tail 1",
        "logs web --since-time 2026-11-20T10:00:02.5Z --strict",
        "logs web 0 --limit-bytes 9 -o json",
    ]
    .map(|line| run(folder.path(), line))
    .concat();
    insta::assert_snapshot!(all, @r#"
    $ logs web
    exit code 0
    --- stdout
    [pod/web-0/main] zero 1
    [pod/web-1/main] one 1
    [pod/web-0/main] zero 2
    [pod/web-1/main] torn
    --- stderr
    note: the files hold logs of pod shop/lost, and no such Pod: whose they are can't be told
    note: older lines of web-1 lie in logs/rotated, which is not read
    = 2 attempts, 4 lines, 21B: read from a dump, as far as it goes

    $ logs web --all-attempts -t
    exit code 0
    --- stdout
    [pod/web-1/main] 2026-11-20T09:00:00.000000000Z before
    [pod/web-1/main] 2026-11-20T09:00:01.000000000Z the restart
    [pod/web-0/main] 2026-11-20T10:00:01.000000000Z zero 1
    [pod/web-1/main] 2026-11-20T10:00:02.000000000Z one 1
    [pod/web-0/main] 2026-11-20T10:00:03.000000000Z zero 2
    [pod/web-1/main] 2026-11-20T10:00:04.000000000Z torn
    --- stderr
    note: the files hold logs of pod shop/lost, and no such Pod: whose they are can't be told
    note: older lines of web-1 lie in logs/rotated, which is not read
    = 3 attempts, 6 lines, 38B: read from a dump, as far as it goes

    $ logs web 1 --previous
    exit code 0
    --- stdout
    before
    the restart
    --- stderr
    note: the files hold logs of pod shop/lost, and no such Pod: whose they are can't be told
    note: older lines of web-1 lie in logs/rotated, which is not read
    = 1 attempt, 2 lines, 17B: read from a dump, as far as it goes

    $ logs web 0 --previous
    exit code 0
    --- stdout
    zero 1
    --- stderr
    note: the files hold logs of pod shop/lost, and no such Pod: whose they are can't be told
    = 1 attempt, 1 line, 6B: read from a dump, as far as it goes

    $ logs web --tail 1
    exit code 0
    --- stdout
    [pod/web-0/main] zero 2
    [pod/web-1/main] torn
    --- stderr
    note: the files hold logs of pod shop/lost, and no such Pod: whose they are can't be told
    note: older lines of web-1 lie in logs/rotated, which is not read
    = 2 attempts, 2 lines, 10B: read from a dump, as far as it goes

    $ logs web --since-time 2026-11-20T10:00:02.5Z --strict
    exit code 15
    --- stdout
    [pod/web-0/main] zero 2
    [pod/web-1/main] torn
    --- stderr
    note: the files hold logs of pod shop/lost, and no such Pod: whose they are can't be told
    note: older lines of web-1 lie in logs/rotated, which is not read
    = 2 attempts, 2 lines, 10B: read from a dump, as far as it goes

    $ logs web 0 --limit-bytes 9 -o json
    exit code 0
    --- stdout
    {"attempt":1,"container":"main","containerId":"containerd://web-0-0","kind":"start","namespace":"shop","node":"node1","ordinal":0,"pod":"web-0","role":"main","uid":"uid-web-0"}
    {"kind":"line","time":"2026-11-20T10:00:01.000000000Z","attempt":1,"container":"main","containerId":"containerd://web-0-0","namespace":"shop","node":"node1","ordinal":0,"pod":"web-0","role":"main","uid":"uid-web-0","message":"zero 1"}
    {"kind":"line","time":"2026-11-20T10:00:03.000000000Z","attempt":1,"container":"main","containerId":"containerd://web-0-0","namespace":"shop","node":"node1","ordinal":0,"pod":"web-0","role":"main","uid":"uid-web-0","message":"zer","newline":false}
    {"attempt":1,"bytes":9,"container":"main","containerId":"containerd://web-0-0","exitCode":null,"gaps":0,"kind":"end","lines":2,"namespace":"shop","node":"node1","ordinal":0,"pod":"web-0","reason":null,"reconnects":0,"role":"main","uid":"uid-web-0","verified":false,"why":"read from a dump"}
    {"attempts":[{"attempt":1,"bytes":9,"container":"main","exitCode":null,"gaps":0,"lines":2,"pod":"web-0","reason":null,"reconnects":0,"uid":"uid-web-0","verified":false,"why":"read from a dump"}],"bytes":9,"complete":false,"cutShort":null,"gaps":0,"kind":"summary","lines":2,"missedAttempts":0,"open":0}
    --- stderr
    note: the files hold logs of pod shop/lost, and no such Pod: whose they are can't be told
    = 1 attempt, 2 lines, 9B: read from a dump, as far as it goes
    "#);
}

/// As kubectl writes it.
fn cluster_info_dump(folder: &Path) {
    write(&folder.join("nodes.json"), "{\"kind\":\"NodeList\",\"apiVersion\":\"v1\",\"items\":[]}");
    write(&folder.join("shop/pods.json"), &list(&[pod("web-0", 0), pod("web-1", 0)]));
    let section = |pod: &str, container: &str, text: &str| {
        format!(
            "==== START logs for container {container} of pod shop/{pod} ====\n{text}==== END logs for container {container} of pod shop/{pod} ====\n"
        )
    };
    let web_0 =
        [section("web-0", "setup", "made\n"), section("web-0", "main", "zero 1\nzero 2\nzero, no end")].concat();
    let refused = "Request log error: container \"main\" in pod \"web-1\" is waiting to start: ContainerCreating\n";
    let web_1 = [section("web-1", "setup", ""), section("web-1", "main", refused)].concat();
    write(&folder.join("shop/web-0/logs.txt"), &web_0);
    write(&folder.join("shop/web-1/logs.txt"), &web_1);
}

#[test]
fn what_kubectl_dumps_has_no_times_and_is_shown_container_by_container() {
    let folder = tempfile::tempdir().unwrap();
    cluster_info_dump(folder.path());
    let all: String = [
        "logs web",
        "logs web 0 -c main",
        "logs web 0 --tail 2 -o json",
        "logs web -t",
        "logs web --since 1h",
        "logs web 1 --previous",
    ]
    .map(|line| run(folder.path(), line))
    .concat();
    insta::assert_snapshot!(all, @r#"
    $ logs web
    exit code 0
    --- stdout
    [pod/web-0/setup] made
    [pod/web-0/main] zero 1
    [pod/web-0/main] zero 2
    [pod/web-0/main] zero, no end
    --- stderr
    note: these lines have no times: they are shown container by container
    - web-1/main: 0 lines, 0B, end not verified: kubectl wrote: Request log error: container "main" in pod "web-1" is waiting to start: ContainerCreating
    = 4 attempts, 4 lines, 28B: read from a dump, as far as it goes, 1 of 4 ends not verified

    $ logs web 0 -c main
    exit code 0
    --- stdout
    zero 1
    zero 2
    zero, no end
    --- stderr
    = 1 attempt, 3 lines, 24B: read from a dump, as far as it goes

    $ logs web 0 --tail 2 -o json
    exit code 0
    --- stdout
    {"attempt":1,"container":"setup","containerId":"","kind":"start","namespace":"shop","node":"node1","ordinal":0,"pod":"web-0","role":"init","uid":"uid-web-0"}
    {"kind":"line","time":null,"attempt":1,"container":"setup","containerId":"","namespace":"shop","node":"node1","ordinal":0,"pod":"web-0","role":"init","uid":"uid-web-0","message":"made"}
    {"attempt":1,"bytes":4,"container":"setup","containerId":"","exitCode":null,"gaps":0,"kind":"end","lines":1,"namespace":"shop","node":"node1","ordinal":0,"pod":"web-0","reason":null,"reconnects":0,"role":"init","uid":"uid-web-0","verified":false,"why":"read from a dump"}
    {"attempt":1,"container":"main","containerId":"containerd://web-0-0","kind":"start","namespace":"shop","node":"node1","ordinal":0,"pod":"web-0","role":"main","uid":"uid-web-0"}
    {"kind":"line","time":null,"attempt":1,"container":"main","containerId":"containerd://web-0-0","namespace":"shop","node":"node1","ordinal":0,"pod":"web-0","role":"main","uid":"uid-web-0","message":"zero 2"}
    {"kind":"line","time":null,"attempt":1,"container":"main","containerId":"containerd://web-0-0","namespace":"shop","node":"node1","ordinal":0,"pod":"web-0","role":"main","uid":"uid-web-0","message":"zero, no end","newline":false}
    {"attempt":1,"bytes":18,"container":"main","containerId":"containerd://web-0-0","exitCode":null,"gaps":0,"kind":"end","lines":2,"namespace":"shop","node":"node1","ordinal":0,"pod":"web-0","reason":null,"reconnects":0,"role":"main","uid":"uid-web-0","verified":false,"why":"read from a dump"}
    {"attempts":[{"attempt":1,"bytes":4,"container":"setup","exitCode":null,"gaps":0,"lines":1,"pod":"web-0","reason":null,"reconnects":0,"uid":"uid-web-0","verified":false,"why":"read from a dump"},{"attempt":1,"bytes":18,"container":"main","exitCode":null,"gaps":0,"lines":2,"pod":"web-0","reason":null,"reconnects":0,"uid":"uid-web-0","verified":false,"why":"read from a dump"}],"bytes":22,"complete":false,"cutShort":null,"gaps":0,"kind":"summary","lines":3,"missedAttempts":0,"open":0}
    --- stderr
    note: these lines have no times: they are shown container by container
    = 2 attempts, 3 lines, 22B: read from a dump, as far as it goes

    $ logs web -t
    exit code 1
    --- stderr
    error: --timestamps needs times, and kubectl cluster-info dump writes lines without
    hint: a must-gather has them

    $ logs web --since 1h
    exit code 1
    --- stderr
    error: --since counts from now, and files don't say when they were written
    hint: --since-time 2026-11-21T12:00:00Z

    $ logs web 1 --previous
    exit code 0
    --- stderr
    The files hold no earlier attempt of statefulset web.
    "#);
}

#[test]
fn what_a_dump_does_not_hold_is_said() {
    let folder = tempfile::tempdir().unwrap();
    must_gather(folder.path());
    let all: String = ["logs wev", "logs web -n other", "logs web -c other", "logs web -f"]
        .map(|line| run(folder.path(), line))
        .concat();
    let file = folder.path().join("file");
    write(&file, "");
    let all = [all, run(&file, "logs web"), run(&folder.path().join("nowhere"), "logs web")].concat();
    insta::assert_snapshot!(all, @r#"
    $ logs wev
    exit code 1
    --- stderr
    error: the files hold no pod of statefulset wev
    hint: did you mean web?

    $ logs web -n other
    exit code 1
    --- stderr
    error: the files hold no pod of statefulset web

    $ logs web -c other
    exit code 1
    --- stderr
    note: the files hold logs of pod shop/lost, and no such Pod: whose they are can't be told
    error: statefulset web has no such container
    hint: it has main

    $ logs web -f
    exit code 1
    --- stderr
    error: the argument '--follow[=<BOOL>]' cannot be used with '--filename <FOLDER>'
    See 'kubectl sts logs --help' for usage.

    $ logs web
    exit code 1
    --- stderr
    error: DUMP is not a folder: logs are read from the folder of kubectl cluster-info dump --output-directory, or of a must-gather

    $ logs web
    exit code 1
    --- stderr
    error: the path "DUMP" does not exist
    "#);
}
