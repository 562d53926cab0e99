//! All that can go wrong, each with its whole output: sentence, hint, stream and exit code. The golden file is the documentation.
// A panic in a test's own helper is a failed test.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use workload_tests::{Certificate, Door, Fault, Normalise, On, Output, Running};

use crate::{shop, sts};

/// One way to fail.
struct Failing {
    story: &'static str,
    seen: String,
}

fn story(story: &'static str, cluster: &Running, seen: &Output) -> Failing {
    assert_eq!(seen.stdout, "", "{story}: data and errors don't mix");
    assert_ne!(seen.code, 2, "{story}: kubectl never uses 2");
    let normal = Normalise::new()
        .cluster(cluster)
        .times()
        .replace(r"(lookup no-such\.invalid)( on [^:]+:\d+)?: [^\n]+", "$1: [WHY]")
        .replace(r"line \d+ column \d+", "line [L] column [C]");
    Failing { story, seen: normal.whole(seen) }
}

/// `kubectl sts LINE -n shop` against a cluster on which this happens to the list of sets.
fn on_sets(about: &'static str, fault: Fault) -> Failing {
    on(about, On::list("statefulsets"), fault, "volumes --request-timeout 3")
}

fn on(about: &'static str, on: On, fault: Fault, line: &str) -> Failing {
    let cluster = shop().fault(on, fault).start();
    story(about, &cluster, &run(&cluster, line))
}

fn run(cluster: &Running, line: &str) -> Output {
    let line = line.replace("[URL]", &cluster.url());
    sts().cluster(cluster).args(line.split(' ').filter(|word| !word.is_empty())).args(["-n", "shop"]).run()
}

/// A command line against a cluster that is well.
fn typed(about: &'static str, cluster: &Running, line: &str) -> Failing {
    story(about, cluster, &run(cluster, line))
}

/// A kubeconfig of its own, with `[FOLDER]` for where it lies.
fn configured(about: &'static str, cluster: &Running, text: &str) -> Failing {
    let file = cluster.directory().join("own");
    std::fs::write(&file, text.replace("[FOLDER]", &cluster.directory().display().to_string())).unwrap();
    story(about, cluster, &run_with(&file))
}

fn run_with(kubeconfig: &PathBuf) -> Output {
    sts().env("KUBECONFIG", kubeconfig).args(["volumes", "-n", "shop"]).run()
}

/// The cluster's kubeconfig with another user.
fn user(cluster: &Running, fields: &str) -> String {
    let text = cluster.kubeconfig_text();
    let (before, _) = text.split_once("    token: not-checked").unwrap();
    fields.lines().fold(before.to_owned(), |text, line| text + "    " + line + "\n")
}

fn plugin(cluster: &Running, command: &str, more: &str) -> String {
    user(
        cluster,
        &format!(
            "exec:\n  apiVersion: client.authentication.k8s.io/v1\n  command: {command}\n  interactiveMode: Never\n{more}"
        ),
    )
}

#[cfg(unix)]
fn script(cluster: &Running, name: &str, body: &str) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    let file = cluster.directory().join(name);
    std::fs::write(&file, format!("#!/bin/sh\n{body}\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    file.display().to_string()
}

fn way_to_the_server() -> Vec<Failing> {
    let well = shop().start();
    let certificate = |kind| shop().certificate(kind).start();
    let door = |door| shop().door(door).start();
    let plain = |about, cluster: Running| typed(about, &cluster, "volumes --request-timeout 1");
    vec![
        typed("nothing listens at the address", &well, "volumes --server https://127.0.0.1:1"),
        typed("the server's name is unknown", &well, "volumes --server https://no-such.invalid"),
        typed("the server's address is none", &well, "volumes --server https://x:port"),
        typed("the address has a scheme that is not HTTP", &well, "volumes --server ftp://127.0.0.1"),
        plain("the certificate is by another authority", certificate(Certificate::OtherAuthority)),
        plain("the certificate has run out", certificate(Certificate::Expired)),
        plain("the certificate is for another name", certificate(Certificate::OtherName)),
        plain("the server speaks HTTP without TLS", door(Door::PlainHttp)),
        plain("the connection is reset at the door", door(Door::Slammed)),
        plain("the connection is taken and nothing follows", door(Door::Silent)),
        typed("HTTP is spoken to a server with TLS", &well, &format!("volumes --server http://{}", well.address())),
        story(
            "the proxy is not there",
            &well,
            &sts()
                .cluster(&well)
                .env("HTTPS_PROXY", "http://127.0.0.1:1")
                .args(["volumes", "-n", "shop", "--server", "https://kube.example", "--insecure-skip-tls-verify"])
                .run(),
        ),
    ]
}

fn answers() -> Vec<Failing> {
    let mut all = vec![
        on("401", On::any(), Fault::unauthorized(), "volumes"),
        on_sets("409", Fault::conflict()),
        on_sets("410, again and again", Fault::gone()),
        on_sets("422", Fault::invalid("spec.replicas", "must be greater than or equal to 0")),
        on_sets("429 with Retry-After, longer than there is time", Fault::too_many(60)),
        on_sets("429 in plain text, as priority and fairness sends it", Fault::throttled(60)),
        on_sets("500", Fault::internal("etcdserver: no leader")),
        on_sets("502 in HTML, by a load balancer", Fault::bad_gateway()),
        on_sets("503", Fault::unavailable()),
        on_sets("504 by the server's filter", Fault::timeout()),
        on_sets("504 by the storage", Fault::storage_timeout()),
        on_sets("no answer within the time", Fault::silence()),
        on_sets("reset instead of an answer", Fault::reset()),
        on_sets("reset in mid-body", Fault::reset_after(100)),
        on_sets("a body that breaks off", Fault::cut_after(100)),
        on_sets("JSON that breaks off", Fault::broken_json()),
        on_sets("a login page with 200", Fault::answer(200, "text/html", "<html>Log in</html>")),
        on_sets("an empty answer with 200", Fault::answer(200, "application/json", "")),
        on_sets("404 by something that is no API server", Fault::answer(404, "text/plain", "404 page not found")),
        on_sets("403 of an admission plugin", Fault::forbidden("the moon is full")),
    ];
    let denied = shop().deny("list", "statefulsets").start();
    all.push(typed("403 on the sets", &denied, "volumes"));
    all.push(typed("403 on the sets, one of which is named", &denied, "volumes kafka"));
    all
}

fn credentials() -> Vec<Failing> {
    let well = shop().start();
    let of_user = |about, fields: &str| configured(about, &well, &user(&well, fields));
    let mut all = vec![
        of_user("a token file that is not there", "tokenFile: gone"),
        of_user("a client certificate without its key", "client-certificate-data: eA=="),
        of_user("a client certificate that is not there", "client-certificate: gone\nclient-key: gone"),
        of_user("two ways to log in", "token: a\nusername: b\npassword: c"),
        of_user("a UID to impersonate without a user", "token: a\nas-uid: \"5\""),
        of_user("a provider that clients no longer have", "auth-provider: {name: gcp}"),
        configured(
            "a plugin that is not installed",
            &well,
            &plugin(&well, "no-such-plugin", "  installHint: get it from example.com\n"),
        ),
        configured(
            "a plugin of an API version that is gone",
            &well,
            &plugin(&well, "x", "").replace("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1alpha1"),
        ),
        configured("a plugin that asks for a terminal", &well, &plugin(&well, "x", "").replace("Never", "Always")),
    ];
    #[cfg(unix)]
    {
        let fails = script(&well, "fails", "echo the session has expired >&2; exit 7");
        all.push(configured("a plugin that fails", &well, &plugin(&well, &fails, "")));
        let nonsense = script(&well, "nonsense", "echo hello");
        all.push(configured("a plugin that prints nonsense", &well, &plugin(&well, &nonsense, "")));
        let empty = script(
            &well,
            "empty",
            "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{}}'",
        );
        all.push(configured("a plugin without a credential", &well, &plugin(&well, &empty, "")));
    }
    all
}

fn kubeconfigs() -> Vec<Failing> {
    let well = shop().start();
    let text = well.kubeconfig_text();
    let ca = |more: &str| {
        text.replace("    certificate-authority-data:", &format!("    {more}\n    certificate-authority-data:"))
    };
    vec![
        story("no kubeconfig at all", &well, &sts().args(["volumes", "-n", "shop"]).run()),
        typed("--kubeconfig names no file", &well, "volumes --kubeconfig /no/such/file"),
        story("KUBECONFIG is a folder", &well, &run_with(&well.directory().to_path_buf())),
        configured("a kubeconfig that is no YAML", &well, "clusters: [\n"),
        configured("a kubeconfig with a list in a text's place", &well, "users:\n- name: u\n  user: {token: [a]}\n"),
        configured("another kind in the kubeconfig's place", &well, "apiVersion: apps/v1\nkind: Deployment\n"),
        configured(
            "a current context that is not there",
            &well,
            &text.replace("current-context: fake", "current-context: fke"),
        ),
        configured("two authorities at once", &well, &ca("certificate-authority: gone.pem")),
        configured("insecure, with an authority", &well, &ca("insecure-skip-tls-verify: true")),
        configured(
            "an authority that is no certificate",
            &well,
            &text.replace("certificate-authority-data: ", "certificate-authority-data: anVuaw== #"),
        ),
        configured("a proxy of an unknown kind", &well, &ca("proxy-url: ftp://x")),
        typed("--context", &well, "volumes --context fkae"),
        typed("--cluster", &well, "volumes --cluster other"),
        typed("--user", &well, "volumes --user other"),
    ]
}

fn command_lines() -> Vec<Failing> {
    let well = shop().start();
    let all = [
        ("a typo in a command", "volums"),
        ("a command that is unlike any", "xyzzy"),
        ("a typo in a flag", "volumes --namspace x"),
        ("a flag that is unlike any", "volumes --xyzzy"),
        ("a letter that is no flag", "volumes -z"),
        ("a flag without its value", "volumes --output"),
        ("a letter without its value", "volumes -o"),
        ("a number that is none", "volumes --chunk-size many"),
        ("a switch that is neither on nor off", "volumes --all-namespaces=perhaps"),
        ("an output format", "volumes -o jsonpath={.items}"),
        ("a column", "volumes --sort-by weight"),
        ("a label selector", "volumes -l app=("),
        ("a field selector", "volumes --field-selector spec.replicas=1"),
        ("a time limit", "volumes --request-timeout soon"),
        ("a type", "volumes deploy/web"),
        ("an ordinal", "volumes redis-stset one"),
        ("a pod without an ordinal", "volumes pod/redis"),
        ("a name across all namespaces", "volumes redis-stset -A"),
        ("too many arguments", "volumes redis-stset 1 2"),
        ("a name with a typo", "volumes redis-stet"),
        ("a name that is unlike any", "status kafka"),
        ("a file that is not there", "volumes -f /no/such/file.yaml"),
    ];
    let mut all: Vec<Failing> = all.into_iter().map(|(about, line)| typed(about, &well, line)).collect();
    let unasked = well.requests();
    assert!(unasked.iter().all(|request| request.method == "GET"), "only names that may exist are looked for");
    let warns = shop().fault(On::list("statefulsets"), Fault::warning("apps/v1 is for the old")).start();
    let seen = run(&warns, "status --warnings-as-errors");
    all.push(Failing {
        story: "a warning, where warnings are errors (the answer is given all the same)",
        seen: Normalise::new().whole(&Output { stdout: String::new(), ..seen }),
    });
    all
}

#[test]
fn every_failure_has_its_sentence_its_next_step_and_exit_code_1() {
    let parts: [(&str, Vec<Failing>); 5] = [
        ("The way to the server", way_to_the_server()),
        ("Answers", answers()),
        ("Credentials", credentials()),
        ("Kubeconfigs", kubeconfigs()),
        ("Command lines", command_lines()),
    ];
    let count: usize = parts.iter().map(|(_, all)| all.len()).sum();
    assert!(count >= 70, "{count} failures");
    let mut golden = String::new();
    for (title, all) in parts {
        golden += &["# ", title, "\n"].concat();
        for Failing { story, seen } in all {
            assert!(seen.starts_with("exit code 1\n--- stderr\n"), "{story}: {seen}");
            golden += &["\n## ", story, "\n", seen.trim_start_matches("exit code 1\n--- stderr\n")].concat();
        }
        golden.push('\n');
    }
    insta::with_settings!({prepend_module_to_snapshot => false, snapshot_path => "golden", omit_expression => true}, {
        insta::assert_snapshot!("failures", golden);
    });
}
