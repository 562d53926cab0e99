//! What goes wrong before there is anything to diagnose: the sentence is the one that kubectl says.

use crate::lane::{Lane, Scenario, set};

pub(crate) const SCENARIOS: &[Scenario] =
    &[Scenario::new("errors", errors).quick(), Scenario::new("closed-pipe", closed_pipe).quick()];

/// The same flags to kubectl and to the program: kubectl's last line stands first on our standard error, and both exit 1.
fn errors(lane: &Lane) {
    lane.apply(&set("web").with_replicas(0).to_string());
    lane.run("kubectl config set-credentials stranger --token not-a-token");
    lane.run("kubectl config set-context stranger --cluster testbed --user stranger");
    // What kubectl says of these is its own library's wording, or names formats that we don't have.
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web --tls-server-name elsewhere.example"), @"
    --- stderr
    Unable to connect to the server: tls: failed to verify certificate: x509: certificate is valid for localhost, kubernetes, kubernetes.default.svc, kubernetes.default.svc.cluster.local, not elsewhere.example
    hint: use a name that the certificate holds, or tls-server-name in the kubeconfig
    --- exit code 1
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web -o nonsense"), @r#"
    --- stderr
    error: unable to match a printer suitable for the output format "nonsense", allowed formats are: json,name,wide,yaml
    --- exit code 1
    "#);
    let cases = [
        "nope",
        "web --context nowhere",
        "web --context nowhere --namespace default",
        "web --cluster nowhere",
        "web --user nowhere",
        "web --server https://127.0.0.1:1",
        "web --context stranger",
        "web --namespace nowhere",
        "web --kubeconfig /nowhere",
    ];
    let mut differing = Vec::new();
    for flags in cases {
        let theirs = lane.try_run(&format!("kubectl get statefulset {flags}"));
        for command in ["volumes", "status"] {
            let ours = lane.try_run(&format!("kubectl sts {command} {flags}"));
            let sentence = theirs.stderr.lines().last().unwrap_or_default();
            if ours.stderr.lines().next() != Some(sentence) || ours.code != 1 || !ours.stdout.is_empty() {
                differing.push(format!("kubectl says: {sentence}\n{ours}"));
            }
        }
    }
    assert!(differing.is_empty(), "{} differ:\n{}", differing.len(), differing.join("\n"));
}

/// A reader that goes away early ends the program without a word.
fn closed_pipe(lane: &Lane) {
    lane.any_node();
    lane.apply(&set("web").with_replicas(2).to_string());
    lane.until_ready(&["web-0", "web-1"]);
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web | head -n 1"), @"ORD   POD     READY   CLAIM        STATE   SIZE   CLASS        VOLUME          RECLAIM   PLACE   AGE");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web -o json | true"), @"");
}
