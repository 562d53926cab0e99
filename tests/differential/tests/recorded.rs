//! Ours against kubectl's record.

use std::path::PathBuf;

use workload_differential::{Outcome, Who, cases, recorded, run_all};

const GO: &str = "kubectl shows its language's own text for it; ours says what it means";
const LENIENT: &str =
    "kubectl refuses the file for a value that is not meant, or of another type than a text; ours reads what is meant";

/// Where only the sentence differs.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("answer: /422", "kubectl repeats the body without its field; ours says what 422 means"),
    ("cluster: authority in broken base64", GO),
    ("environment: nonsense", "neither gets anywhere: kubectl takes it for a proxy on this machine, ours for none"),
    ("file: a list", GO),
    ("file: a name twice", GO),
    ("file: a text", GO),
    ("file: another kind", GO),
    ("file: another version", GO),
    ("file: binary", GO),
    ("file: broken", GO),
    (
        "file: context with an unknown user",
        "kubectl asks for a name and a password, and says EOF where nobody can answer",
    ),
    ("file: context without a user", "the same"),
    ("file: tabs", GO),
    ("file: users as a map", GO),
    (
        "flag --client-certificate client.pem --client-key other.key",
        "it is a mistake in the configuration, before any connection",
    ),
    ("flag --server 127.0.0.1:[PORT]", "kubectl shows the bytes of the TLS alert"),
    ("plugin: another version than asked", GO),
    ("plugin: nonsense", GO),
    ("server: no scheme", "kubectl shows the bytes of the TLS alert"),
    ("user: an empty token file", "kubectl complains of the header, ours of the file"),
    ("user: certificate in broken base64", GO),
    ("user: certificate with another's key", "it is a mistake in the configuration, before any connection"),
    ("user: empty token", "kubectl asks for a name and a password, and says EOF where nobody can answer"),
    ("user: key without certificate", "the same"),
    ("user: nothing", "the same"),
    ("user: password without name", "the same"),
];

/// Where what is done differs.
const OTHER_DEEDS: &[(&str, &str)] = &[
    ("answer: /a%20b?x=y&z", "kubectl writes the query anew"),
    ("file: YAML 1.1's yes for a text", LENIENT),
    ("file: a text for a switch", LENIENT),
    ("file: broken base64 of a user that is not meant", LENIENT),
    (
        "plugin: after a 401",
        "the read is sent again with the new credential; kubectl ends in the error, and its next call works",
    ),
    ("user: number for a token", LENIENT),
];

#[test]
fn ours_does_what_kubectl_did() {
    let theirs = recorded();
    let ours = run_all(&Who::Ours(PathBuf::from(env!("CARGO_BIN_EXE_kubectl-raw"))));
    let excused = |list: &[(&str, &str)], name: &str| list.iter().any(|(excused, _)| *excused == name);
    let silent = |outcome: &Outcome| Outcome { says: Vec::new(), ..outcome.clone() };
    let (mut wrong, mut stale) = (Vec::new(), Vec::new());
    for (name, ours) in &ours {
        let theirs = theirs.get(name);
        let same = theirs == Some(ours);
        let same_deeds = theirs.map(silent) == Some(silent(ours));
        let fine = same || same_deeds && excused(OTHER_WORDS, name) || excused(OTHER_DEEDS, name);
        if !fine {
            wrong.push(format!("{name}\n{}", difference(theirs, ours)));
        }
        if same && excused(OTHER_WORDS, name) || same_deeds && excused(OTHER_DEEDS, name) {
            stale.push(name);
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), ours.len(), wrong.join("\n"));
    assert!(stale.is_empty(), "no exceptions any more: {stale:?}");
    assert_eq!(
        theirs.len(),
        ours.len(),
        "the record holds other cases: make it anew with `differential record kubectl`"
    );
}

#[test]
fn the_differences_are_documented() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/differences.md");
    let text = std::fs::read_to_string(path).unwrap();
    for (name, _) in OTHER_DEEDS {
        assert!(text.contains(&format!("`{name}`")), "{name} is missing in docs/differences.md");
    }
}

/// The parts that are not the same.
fn difference(theirs: Option<&Outcome>, ours: &Outcome) -> String {
    let parts = |outcome: &Outcome| {
        let Outcome { requests, exit, says, plugin, namespace } = outcome.clone();
        let requests = requests.iter().map(|request| format!("{request:?}")).collect::<Vec<_>>().join("; ");
        [requests, exit.to_string(), says.join("; "), plugin.join("; "), format!("{namespace:?}")]
    };
    let Some(theirs) = theirs else { return "  not recorded".to_owned() };
    let pairs = parts(theirs).into_iter().zip(parts(ours)).filter(|(theirs, ours)| theirs != ours);
    pairs.map(|(theirs, ours)| format!("  kubectl: {theirs}\n  ours:    {ours}")).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_corpus_is_as_large_as_it_should_be() {
    let all = cases();
    let vendors = all.iter().filter(|case| case.asks_namespace).count();
    assert!(all.len() >= 200 && vendors >= 40, "{} cases, {vendors} kubeconfigs", all.len());
}

#[test]
fn a_plugin_runs_once_and_once_more_after_a_401() {
    let theirs = recorded();
    let runs = |outcome: &Outcome| outcome.plugin.len();
    assert_eq!(runs(&theirs["plugin: by name"]), 1);
    assert_eq!(runs(&theirs["plugin: after a 401"]), 2);
}
