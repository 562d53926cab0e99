//! All that a command says at its most talkative, searched for what proves an identity, whether the server takes it or not; and
//! plugins that hand it out, each run once.
// A panic in a test's own helper is a failed test.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use workload_tests::{Cluster, Fault, On, Output, Running};

use crate::help::{each_that_asks, ready_on, reference};
use crate::{example, program};

/// What stands in the place of each secret.
const PLANTED: &str = "HIDDEN";

/// A way to prove who one is: what the server asks for, and the user and the cluster's further settings in the kubeconfig.
type Way = (&'static str, fn(Cluster) -> Cluster, fn(&Running) -> (String, String));

fn as_it_comes(cluster: Cluster) -> Cluster {
    cluster
}

const WAYS: [Way; 6] = [
    ("a token", |cluster| cluster.token("HIDDEN-token"), |_| ("token: HIDDEN-token".into(), String::new())),
    ("name and password", as_it_comes, |_| ("username: jane\n    password: HIDDEN-password".into(), String::new())),
    ("a plugin's token", |cluster| cluster.token("HIDDEN-token"), |_| (plugin("printf %s", 0), String::new())),
    ("a plugin that fails", as_it_comes, |_| (plugin("printf %s", 3), String::new())),
    ("a proxy's password", as_it_comes, |_| {
        ("token: HIDDEN-token".into(), "proxy-url: http://jane:HIDDEN-proxy@127.0.0.1:1".into())
    }),
    ("a key", Cluster::client_certificate, |cluster| {
        let text = cluster.kubeconfig_text();
        let user = text.split("users:\n- name: fake\n  user:\n    ").nth(1).unwrap();
        (user.trim_end().to_owned(), String::new())
    }),
];

/// A user whose credential plugin is a shell script.
pub(crate) fn plugin(prints: &str, code: i32) -> String {
    let credential =
        r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"HIDDEN-token"}}"#;
    format!(
        "exec:\n      apiVersion: client.authentication.k8s.io/v1\n      interactiveMode: Never\n      command: /bin/sh\n      \
         args: [-c, '{prints} \"$CREDENTIAL\"; exit {code}', HIDDEN-argument]\n      \
         env: [{{name: CREDENTIAL, value: '{credential}'}}, {{name: X, value: HIDDEN-variable}}]"
    )
}

pub(crate) fn kubeconfig(cluster: &Running, user: &str, more: &str, file: &Path) {
    let text = cluster.kubeconfig_text();
    let (before, _) = text.split_once("users:\n").unwrap();
    let before = before.replacen("  cluster:\n", &format!("  cluster:\n    {more}\n"), 1);
    std::fs::write(file, format!("{before}users:\n- name: fake\n  user:\n    {user}\n")).unwrap();
}

#[test]
fn no_output_holds_what_proves_an_identity() {
    let reference = reference();
    let mut found = Vec::new();
    for line in each_that_asks(&reference) {
        for (way, asks, user) in WAYS {
            for refused in [false, true] {
                let cluster = asks(example());
                let cluster =
                    if refused { cluster.fault(On::any(), Fault::unauthorized()).start() } else { cluster.start() };
                let home = tempfile::tempdir().unwrap();
                let (user, more) = user(&cluster);
                let file = home.path().join("config");
                kubeconfig(&cluster, &user, &more, &file);
                let ready = ready_on(program(), &cluster, line, home.path()).env("KUBECONFIG", &file);
                let seen = ready.args(["-v", "9", "--request-timeout", "2s"]).run();
                let works = !refused && !way.contains("fails") && !way.contains("proxy");
                let said = format!("{}{}", seen.stdout, seen.stderr);
                assert!(!works || said.contains(" 200 OK in "), "{line} with {way}: {said}");
                let (_, key) = cluster.client_pem();
                let parts = key.lines().filter(|line| !line.starts_with("--")).chain([PLANTED]);
                let data = user.split("client-key-data: ").nth(1);
                found.extend(
                    parts
                        .chain(data)
                        .filter(|part| said.contains(part))
                        .map(|part| format!("== {line} with {way}, refused: {refused}\n{part}\n{said}")),
                );
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// A plugin that says something to the user whenever it is run, and then hands out its credential or fails.
pub(crate) const TALKS: &str = "echo Touch your key. >&2; printf %s";

/// How often it was run.
pub(crate) fn runs(seen: &Output) -> usize {
    seen.stderr.matches("Touch your key.").count()
}

#[test]
fn a_plugin_is_run_once_whether_it_hands_out_a_credential_or_fails() {
    let reference = reference();
    let mut found = Vec::new();
    for line in each_that_asks(&reference) {
        for code in [0, 3] {
            let cluster = example().token("HIDDEN-token").start();
            let home = tempfile::tempdir().unwrap();
            let file = home.path().join("config");
            kubeconfig(&cluster, &plugin(TALKS, code), "", &file);
            let seen = ready_on(program(), &cluster, line, home.path()).env("KUBECONFIG", &file).run();
            if runs(&seen) != 1 {
                found.push(format!("== {line}, a plugin that ends with {code}\n{}", seen.whole()));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
