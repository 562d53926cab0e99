//! Credential plugins: how they are started, how often, and what they may hand out.
#![cfg(unix)]

use std::{os::unix::fs::PermissionsExt, time::Duration};

use super::{
    super::ErrorKind,
    Setup,
    server::{Reply, Server, ok},
};

const V1: &str = "client.authentication.k8s.io/v1";

/// A kubeconfig whose user runs a shell script; each run leaves a line in `runs`.
fn plugin(server: &Server, script: &str, more: &str) -> Setup {
    let setup = Setup::new(
        server,
        &format!("exec: {{apiVersion: {V1}, command: ./plugin.sh, interactiveMode: Never{more}}}"),
        "",
    );
    let runs = setup.file("runs");
    let file = setup.file("plugin.sh");
    std::fs::write(&file, format!("#!/bin/sh\necho run >> '{}'\n{script}\n", runs.display())).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    setup
}

fn runs(setup: &Setup) -> usize {
    std::fs::read_to_string(setup.file("runs")).unwrap_or_default().lines().count()
}

fn hand_out(token: &str) -> String {
    format!("echo '{{\"kind\":\"ExecCredential\",\"apiVersion\":\"{V1}\",\"status\":{{\"token\":\"{token}\"}}}}'")
}

#[tokio::test]
async fn a_plugin_runs_once_for_all_requests() {
    let server = Server::https(|_, _| ok("{}")).await;
    let setup = plugin(&server, &hand_out("tok"), "");
    let client = setup.connect().unwrap();
    assert_eq!(runs(&setup), 0);
    let reads = futures_util::future::join_all((0..8).map(|_| client.get("/version", None))).await;
    assert!(reads.iter().all(Result::is_ok));
    client.post("/api/v1/pods", b"{}".to_vec()).await.unwrap();
    let request = http::Request::get("/api/v1/pods?watch=true").body(Vec::new()).unwrap();
    client.http().request_text(request).await.unwrap();
    assert_eq!(runs(&setup), 1);
    assert!(server.seen().iter().all(|seen| seen.header("authorization") == Some("Bearer tok")));
}

#[tokio::test]
async fn a_refused_credential_is_renewed_once() {
    let server = Server::https(|_, seen| match seen.header("authorization") {
        Some("Bearer 2") => ok("{}"),
        _ => Reply::Http(
            "401 Unauthorized",
            &["Content-Type: application/json"],
            br#"{"kind":"Status","status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}"#
                .to_vec(),
        ),
    })
    .await;
    let script = format!("cd \"$(dirname \"$0\")\"; n=$(wc -l < runs | tr -d ' '); {}", hand_out("'$n'"));
    let setup = plugin(&server, &script, "");
    let client = setup.connect().unwrap();
    client.get("/version", None).await.unwrap();
    client.get("/version", None).await.unwrap();
    assert_eq!((runs(&setup), server.seen().len()), (2, 3));

    let server = Server::https(|_, _| Reply::Http("401 Unauthorized", &[], Vec::new())).await;
    let setup = plugin(&server, &hand_out("bad"), "");
    let client = setup.connect().unwrap();
    let error = client.get("/version", None).await.unwrap_err();
    assert_eq!(
        error.message,
        "error: You must be logged in to the server (the server has asked for the client to provide credentials)"
    );
    assert_eq!(error.kind, ErrorKind::Unauthorized);
    client.get("/version", None).await.unwrap_err();
    assert_eq!(runs(&setup), 2, "once per process, and once more after a 401");

    let server = Server::https(|_, _| Reply::Http("401 Unauthorized", &[], Vec::new())).await;
    let setup = plugin(&server, &hand_out("bad"), "");
    setup.connect().unwrap().post("/api/v1/pods", b"{}".to_vec()).await.unwrap_err();
    assert_eq!((runs(&setup), server.seen().len()), (2, 1), "a write is not repeated");
}

#[tokio::test]
async fn an_expired_credential_is_replaced() {
    let server = Server::https(|_, _| ok("{}")).await;
    let script = format!(
        "echo '{{\"kind\":\"ExecCredential\",\"apiVersion\":\"{V1}\",\"status\":{{\"token\":\"t\",\"expirationTimestamp\":\"2020-01-01T00:00:00Z\"}}}}'"
    );
    let setup = plugin(&server, &script, "");
    let client = setup.connect().unwrap();
    client.get("/version", None).await.unwrap();
    client.get("/version", None).await.unwrap();
    assert_eq!(runs(&setup), 2);
}

#[tokio::test]
async fn a_plugin_is_told_what_kubectl_tells_it() {
    let server = Server::https(|_, _| ok("{}")).await;
    let script = format!(
        "printf %s \"$KUBERNETES_EXEC_INFO\" > \"$OUT\"\nprintf '%s|' \"$@\" \"$ADDED\" \"$INHERITED\" > \"$OUT.args\"\ncat > \"$OUT.stdin\"\n{}",
        hand_out("t")
    );
    let setup = plugin(
        &server,
        &script,
        ", args: [a, 'b c'], provideClusterInfo: true, env: [{name: ADDED, value: x}, {name: OUT, value: OUTFILE}]",
    );
    let out = setup.file("out");
    let text = std::fs::read_to_string(setup.file("config")).unwrap();
    let extension = "extensions: [{name: client.authentication.k8s.io/exec, extension: {audience: me}}]";
    let text = text.replace("OUTFILE", &out.to_string_lossy()).replace(
        "certificate-authority-data",
        &format!("{extension}, tls-server-name: localhost, certificate-authority-data"),
    );
    setup.rewrite(&text);
    let setup = setup.env("INHERITED", "y");
    setup.get("/version").await.unwrap();
    let read = |suffix: &str| std::fs::read_to_string(out.with_file_name(format!("out{suffix}"))).unwrap();
    let info: serde_json::Value = serde_json::from_str(&read("")).unwrap();
    assert_eq!(
        info,
        serde_json::json!({"kind": "ExecCredential", "apiVersion": V1, "spec": {"interactive": false, "cluster": {
            "server": server.url(), "tls-server-name": "localhost", "certificate-authority-data": server.authority_base64(),
            "config": {"audience": "me"}}}})
    );
    assert_eq!((read(".args").as_str(), read(".stdin").as_str()), ("a|b c|x|y|", ""));
}

#[tokio::test]
async fn certificates_of_plugins_are_shown_and_their_change_makes_new_connections() {
    let server = Server::https(
        |number, _| if number == 1 { Reply::Http("401 Unauthorized", &[], Vec::new()) } else { ok("{}") },
    )
    .await;
    let setup = plugin(&server, "cd \"$(dirname \"$0\")\"; cat \"answer$(wc -l < runs | tr -d ' ')\"", "");
    for (number, name) in [(1, "first"), (2, "second")] {
        let (chain, key) = server.authority.issue(&[], name, |_| ());
        let answer = serde_json::json!({"kind": "ExecCredential", "apiVersion": V1, "status": {"clientCertificateData": chain, "clientKeyData": key}});
        std::fs::write(setup.file(&format!("answer{number}")), answer.to_string()).unwrap();
    }
    let client = setup.connect().unwrap();
    for _ in 0..3 {
        client.get("/version", None).await.unwrap();
    }
    let shown: Vec<_> =
        server.seen().into_iter().map(|seen| (seen.client.unwrap_or_default(), seen.connection)).collect();
    let named = |name: &str, connection| (name.to_owned(), connection);
    assert_eq!(shown, [named("first", 0), named("first", 0), named("second", 1), named("second", 1)]);
}

#[tokio::test]
async fn static_credentials_keep_the_plugin_from_running() {
    let server = Server::https(|_, _| ok("{}")).await;
    let setup = plugin(&server, "exit 1", "").flags(|flags| flags.token = Some("flag".into()));
    setup.get("/version").await.unwrap();
    assert_eq!((runs(&setup), server.only().header("authorization")), (0, Some("Bearer flag")));
}

#[tokio::test]
async fn interactive_plugins_need_a_terminal() {
    let server = Server::https(|_, _| ok("{}")).await;
    for (mode, terminal, in_use, expected) in [
        ("Never", true, false, Ok("false")),
        ("IfAvailable", false, false, Ok("false")),
        ("IfAvailable", true, true, Ok("false")),
        ("Always", false, false, Err("standard input is not a terminal")),
        ("Always", true, true, Err("standard input is unavailable: used by stdin resource manifest reader")),
    ] {
        let script = format!("printf %s \"$KUBERNETES_EXEC_INFO\" > \"$0.info\"\n{}", hand_out("t"));
        let setup = plugin(&server, &script, "");
        let text = std::fs::read_to_string(setup.file("config")).unwrap();
        setup.rewrite(&text.replace("interactiveMode: Never", &format!("interactiveMode: {mode}")));
        let mut setup = setup.flags(|flags| flags.stdin_in_use = in_use);
        setup.env.stdin_is_terminal = terminal;
        match (setup.get("/version").await, expected) {
            (Ok(_), Ok(interactive)) => {
                let info = std::fs::read_to_string(setup.file("plugin.sh.info")).unwrap();
                assert!(info.contains(&format!("\"interactive\":{interactive}")), "{mode}: {info}");
            }
            (Err(error), Err(why)) => assert_eq!(
                error.message,
                format!(
                    "Unable to connect to the server: getting credentials: exec plugin cannot support interactive mode: {why}"
                )
            ),
            (got, _) => panic!("{mode}: {got:?}"),
        }
    }
}

#[tokio::test]
async fn failing_plugins_are_told_without_what_they_printed() {
    let server = Server::https(|_, _| ok("{}")).await;
    let wrong =
        format!("{{\"kind\":\"ExecCredential\",\"apiVersion\":\"{V1}beta1\",\"status\":{{\"token\":\"HIDDEN\"}}}}");
    let with_status =
        |status: &str| format!("echo '{{\"kind\":\"ExecCredential\",\"apiVersion\":\"{V1}\",\"status\":{status}}}'");
    let cases = [
        ("echo HIDDEN; exit 3".to_owned(), "exec: executable PLUGIN failed with exit code 3".to_owned()),
        ("echo HIDDEN nonsense".to_owned(), "decoding stdout: not an ExecCredential".to_owned()),
        ("printf '\\377\\376HIDDEN'".to_owned(), "decoding stdout: not an ExecCredential".to_owned()),
        ("true".to_owned(), "decoding stdout: couldn't get version/kind of an ExecCredential".to_owned()),
        (
            format!("echo '{wrong}'"),
            format!("exec plugin is configured to use API version {V1}, plugin returned version {V1}beta1"),
        ),
        (with_status("null"), "exec plugin didn't return a status field".to_owned()),
        (with_status("{}"), "exec plugin didn't return a token or cert/key pair".to_owned()),
        (
            with_status("{\"clientKeyData\":\"HIDDEN\"}"),
            "exec plugin returned only certificate or key, not both".to_owned(),
        ),
        (
            with_status("{\"clientKeyData\":\"HIDDEN\",\"clientCertificateData\":\"HIDDEN\"}"),
            "failed parsing client key/certificate: tls: failed to find any PEM data in certificate input".to_owned(),
        ),
        (
            with_status("{\"token\":\"HIDDEN\",\"expirationTimestamp\":\"soon\"}"),
            "decoding stdout: expirationTimestamp is not an RFC 3339 time".to_owned(),
        ),
    ];
    for (script, why) in cases {
        let setup = plugin(&server, &script, "");
        let error = setup.failure("/version").await;
        let program = setup.file("plugin.sh");
        let why = why.replace("PLUGIN", &program.to_string_lossy());
        assert_eq!(error.message, format!("Unable to connect to the server: getting credentials: {why}"));
        assert_eq!(error.kind, ErrorKind::Unauthorized);
        assert!(error.hint.is_some());
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_missing_plugin_is_named_with_its_hint() {
    let server = Server::https(|_, _| ok("{}")).await;
    let user = format!(
        "exec: {{apiVersion: {V1}, command: kubelogin-none, interactiveMode: Never, installHint: \"get it\\u001b[31m here\"}}"
    );
    let error = Setup::new(&server, &user, "").failure("/version").await;
    assert!(
        error.message.starts_with("Unable to connect to the server: getting credentials: exec: executable kubelogin-none not found\n\nIt looks like"),
        "{}",
        error.message
    );
    assert!(error.message.ends_with("\n\nget itU+001B[31m here"), "{}", error.message);
    let user = format!("exec: {{apiVersion: {V1}, command: /no/such/plugin, interactiveMode: Never}}");
    let error = Setup::new(&server, &user, "").failure("/version").await;
    assert_eq!(
        error.message,
        "Unable to connect to the server: getting credentials: exec: fork/exec /no/such/plugin: no such file or directory"
    );
}

#[tokio::test]
async fn kubectls_policy_decides_what_may_run() {
    let server = Server::https(|_, _| ok("{}")).await;
    let run = |kuberc: &str| {
        let setup = plugin(&server, &hand_out("t"), "");
        let text = kuberc.replace("DIR", &setup.dir.path().to_string_lossy());
        std::fs::create_dir_all(setup.file(".kube")).unwrap();
        std::fs::write(setup.file(".kube/kuberc"), text).unwrap();
        setup
    };
    let head = "apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\n";
    for (policy, runs_expected, message) in [
        ("", 1, ""),
        ("credentialPluginPolicy: AllowAll\n", 1, ""),
        ("credentialPluginPolicy: DenyAll\n", 0, "not allowed: policy set to \"DenyAll\""),
        (
            "credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: [{name: aws}, {command: DIR/plugin.sh}]\n",
            1,
            "",
        ),
        (
            "credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: [{command: aws}]\n",
            0,
            "is not permitted by the credential plugin allowlist",
        ),
        ("credentialPluginPolicy: Allowlist\n", 0, "allowlist is unspecified"),
        ("credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: []\n", 0, "allowlist is empty"),
        ("credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: [{}]\n", 0, "empty allowlist entry #1"),
        (
            "credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: [{command: a/../b}]\n",
            0,
            "non-normalized file path",
        ),
        ("credentialPluginPolicy: AllowAll\ncredentialPluginAllowlist: [{command: a}]\n", 0, "allowlist is non-nil"),
        ("credentialPluginPolicy: Nonsense\n", 0, "unknown plugin policy"),
    ] {
        let setup = run(&format!("{head}{policy}"));
        let result = setup.get("/version").await;
        assert_eq!((result.is_ok(), runs(&setup)), (runs_expected == 1, runs_expected), "{policy}: {result:?}");
        if let Err(error) = result {
            assert!(error.message.contains(message), "{policy}: {}", error.message);
        }
    }
    let denied = "credentialPluginPolicy: DenyAll\n";
    for (name, value) in [("KUBERC", "off"), ("KUBECTL_KUBERC", "false")] {
        run(denied).env(name, value).get("/version").await.unwrap();
    }
    let setup = run("a: [").env("X", "y");
    setup.get("/version").await.unwrap();
    assert!(setup.told.lines()[0].starts_with("kuberc: no preferences loaded from "), "{:?}", setup.told.lines());
    let error = run("").env("KUBERC", "/no/such").connect().unwrap_err();
    assert_eq!(error.message, "error: kuberc error kuberc: open /no/such: no such file or directory");
}

#[tokio::test]
async fn time_in_a_plugin_does_not_count_against_the_deadline() {
    let server = Server::https(|_, _| ok("{}")).await;
    let setup = plugin(&server, &format!("sleep 1\n{}", hand_out("t")), "")
        .flags(|flags| flags.request_timeout = Some("500ms".to_owned()));
    let started = std::time::Instant::now();
    setup.get("/version").await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
}
