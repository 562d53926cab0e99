//! What goes wrong, and in which words it is told.

use insta::assert_snapshot;
use workload_tests::{Certificate, Door, Fault, On};

use crate::{run, shop, shown, sts};

#[test]
fn an_unknown_set_is_named_with_its_neighbours() {
    let cluster = shop().start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "volumes redis-stet")), @r#"
    exit code 1
    --- stderr
    Error from server (NotFound): statefulsets.apps "redis-stet" not found
    hint: did you mean redis-stset?
    "#);
    assert_snapshot!(shown(&cluster, &run(&cluster, "status kafka")), @r#"
    exit code 1
    --- stderr
    Error from server (NotFound): statefulsets.apps "kafka" not found
    hint: kubectl get statefulsets -n shop  # -A looks in all namespaces
    "#);
}

#[test]
fn bad_flags_and_arguments() {
    let cluster = shop().start();
    for line in [
        "volumes -o nonsense",
        "volumes --colour",
        "volums",
        "volumes deploy/web",
        "volumes redis-stset one",
        "volumes redis-stset -A",
        "volumes -l app=(",
        "volumes --field-selector spec.replicas=1",
        "volumes --context nowhere",
        "volumes --request-timeout soon",
    ] {
        let seen = run(&cluster, line);
        assert_eq!(seen.code, 1, "{line}");
        assert_eq!(seen.stdout, "", "{line}");
    }
    assert_snapshot!(shown(&cluster, &run(&cluster, "volumes -o nonsense")), @r#"
    exit code 1
    --- stderr
    error: unable to match a printer suitable for the output format "nonsense", allowed formats are: json,name,wide,yaml
    "#);
    assert_snapshot!(shown(&cluster, &run(&cluster, "volums")), @"
    exit code 1
    --- stderr
    error: unrecognized subcommand 'volums'
    tip: a similar subcommand exists: 'volumes'
    See 'kubectl sts --help' for usage.
    ");
    assert_snapshot!(shown(&cluster, &run(&cluster, "volumes --colour")), @"
    exit code 1
    --- stderr
    error: unexpected argument '--colour' found
    tip: a similar argument exists: '--cluster'
    See 'kubectl sts --help' for usage.
    ");
    assert_snapshot!(shown(&cluster, &run(&cluster, "volumes --context nowhere")), @r#"
    exit code 1
    --- stderr
    error: context "nowhere" does not exist
    hint: the kubeconfig has: fake
    "#);
    assert_snapshot!(shown(&cluster, &run(&cluster, "volumes deploy/web")), @r#"
    exit code 1
    --- stderr
    error: "deploy" is not a type that this command takes
    hint: it takes statefulset/NAME (sts/NAME) and pod/NAME
    "#);
    assert_eq!(cluster.requests().len(), 0, "nothing is asked before the arguments are right");
}

#[test]
fn no_server_at_the_address() {
    let seen = sts().args(["volumes", "--token", "x", "--server", "https://127.0.0.1:1"]).run();
    assert_snapshot!(workload_tests::Normalise::new().whole(&seen), @"
    exit code 1
    --- stderr
    The connection to the server 127.0.0.1:[PORT] was refused - did you specify the right host or port?
    hint: is the cluster running, and is this the context that you mean? kubectl config current-context
    ");
}

#[test]
fn a_server_that_never_answers_ends_in_a_sentence() {
    let cluster = shop().fault(On::any(), Fault::silence()).start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "volumes --request-timeout 1")), @"
    exit code 1
    --- stderr
    Unable to connect to the server: context deadline exceeded
    hint: no answer within [AGE]; --request-timeout gives it more time
    ");
    let silent = shop().door(Door::Silent).start();
    assert_snapshot!(shown(&silent, &run(&silent, "volumes --request-timeout 1")), @"
    exit code 1
    --- stderr
    Unable to connect to the server: context deadline exceeded
    hint: no answer within [AGE]; --request-timeout gives it more time
    ");
}

#[test]
fn certificates_that_do_not_fit() {
    for kind in [Certificate::Expired, Certificate::OtherName, Certificate::OtherAuthority] {
        let cluster = shop().certificate(kind).start();
        let seen = run(&cluster, "volumes");
        assert_eq!(seen.code, 1);
        assert!(
            seen.stderr.starts_with("Unable to connect to the server: tls: failed to verify certificate: x509: "),
            "{}",
            seen.stderr
        );
    }
}

#[test]
fn a_token_that_is_not_valid_any_more() {
    let cluster = shop().fault(On::any(), Fault::unauthorized()).start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "volumes")), @"
    exit code 1
    --- stderr
    error: You must be logged in to the server (Unauthorized)
    hint: log in again; who the server takes you for says: kubectl auth whoami
    ");
}

#[test]
fn a_server_in_trouble() {
    let cluster = shop().fault(On::list("statefulsets"), Fault::internal("etcdserver: no leader")).start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "volumes")), @"
    exit code 1
    --- stderr
    Error from server (InternalError): Internal error occurred: etcdserver: no leader
    ");
    let cluster = shop().fault(On::list("statefulsets"), Fault::broken_json()).start();
    assert_snapshot!(shown(&cluster, &run(&cluster, "volumes")), @"
    exit code 1
    --- stderr
    Server returned an unexpected response: JSON broken at line 1 column 1727
    hint: something between here and the API server changes or cuts its answers
    ");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    use std::io::Read;
    let cluster = workload_tests::Cluster::new()
        .bulk(workload_tests::bulk::Shape { sets: 200, ordinals: 10, namespaces: 1 })
        .start();
    let mut child = sts()
        .cluster(&cluster)
        .args(["volumes", "-A"])
        .command()
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 64];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""));
}

#[test]
fn help_is_no_error_and_names_the_program_as_kubectl_does() {
    let seen = sts().args(["volumes", "--help"]).run();
    assert_eq!((seen.code, seen.stderr.as_str()), (0, ""));
    assert!(seen.stdout.contains("Usage: kubectl sts volumes [OPTIONS] [NAME] [ORDINAL]"), "{}", seen.stdout);
    assert_snapshot!(workload_tests::Normalise::new().whole(&sts().args(["version"]).run()), @"
    exit code 0
    --- stdout
    kubectl-sts v0.1.0
    ");
}

#[test]
fn a_namespace_that_does_not_exist_is_what_is_named() {
    let cluster = shop().start();
    let seen = sts().cluster(&cluster).args(["volumes", "redis-stset", "-n", "nowhere"]).run();
    assert_snapshot!(shown(&cluster, &seen), @r#"
    exit code 1
    --- stderr
    Error from server (NotFound): namespaces "nowhere" not found
    hint: kubectl get namespaces
    "#);
}
