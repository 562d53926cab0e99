//! The help: whole, in one snapshot per program; its examples are executed; it is named after how the program was called.
//! A new command joins by itself.
// A panic in a test's own helper is a failed test.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use workload_tests::{Output, Program, Running};

use crate::{example_cluster, program};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

pub(crate) fn reference() -> String {
    let seen = program().arg("__reference").run();
    assert_eq!((seen.code, seen.stderr.as_str()), (0, ""));
    seen.stdout
}

/// Each command with its help.
pub(crate) fn commands(reference: &str) -> Vec<(&str, &str)> {
    reference.split("# kubectl ").skip(1).filter_map(|part| part.split_once("\n\n")).collect()
}

#[test]
fn the_whole_help() {
    insta::with_settings!({prepend_module_to_snapshot => false, snapshot_path => "../golden", omit_expression => true}, {
        insta::assert_snapshot!(format!("{}-help", crate::NAME), reference());
    });
}

/// Commands of one step, whose help says it all.
const WITHOUT_EXAMPLES: [&str; 1] = ["version"];

#[test]
fn the_version_is_said_without_asking_a_server() {
    let said = format!("kubectl-{} v{}\n", crate::NAME, env!("CARGO_PKG_VERSION"));
    for line in [&["version"] as &[_], &["--version"], &["completion", "--version"], &["-n", "shop", "--version"]] {
        let seen = program().args(line).run();
        assert_eq!((seen.code, seen.stdout.as_str(), seen.stderr.as_str()), (0, said.as_str(), ""), "{line:?}");
    }
}

#[test]
fn every_command_has_examples_before_its_flags() {
    let reference = reference();
    for (name, help) in commands(&reference) {
        let words: Vec<&str> = name.split(' ').collect();
        // The program itself, and the parts of a command that has examples for all of them.
        if words.len() != 2 || WITHOUT_EXAMPLES.contains(&words[1]) {
            continue;
        }
        let examples =
            help.matches(&format!("\n  kubectl {} ", words[0])).count() + help.matches("\n  source <(").count();
        assert!(examples >= 2, "{name} has {examples} examples");
        assert!(help.find("Examples:") < help.find("Usage:"), "{name}: examples come first");
    }
}

/// An example as words; quotes hold spaces together, and `|` and `>` end what is ours.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (None, '|' | '>' | '#') => break,
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None, ' ') => words.push(String::new()),
            (_, c) => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Runs an example on a cluster.
pub(crate) fn run_on(cluster: &Running, line: &str) -> Output {
    let home = tempfile::tempdir().unwrap();
    ready_on(program(), cluster, line, home.path()).run()
}

/// An example on a cluster, ready to run. The programs' own folder must not be written to: `home` is what it may write to.
pub(crate) fn ready_on(program: Program, cluster: &Running, line: &str, home: &Path) -> Program {
    let examples = root().join("examples");
    let arguments = words(line).into_iter().skip(2);
    // No controller runs behind the fake: a Job that is waited for would never end.
    let waits = ["kubectl job run ", "kubectl job rerun "].iter().any(|it| line.starts_with(it))
        && ["--wait", "--follow"].iter().any(|it| line.contains(it));
    program
        .cluster(cluster)
        .env("PATH", home)
        .args(["-n", crate::NAMESPACE])
        .args(arguments.map(|word| word.replace("examples/", &format!("{}/", examples.display()))))
        // What goes on for ever is ended, with the exit code that says so.
        .args(if line.contains(" sts logs ") && line.contains(" -f") { &["--timeout", "1s"][..] } else { &[] })
        .args(if line.contains("completion install") { vec!["--dir".into(), home.to_owned()] } else { vec![] })
        .args(waits.then_some("--dry-run=client"))
}

/// The examples of the whole help, each once.
pub(crate) fn examples(reference: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for line in reference.lines().filter_map(|line| line.strip_prefix("  ")) {
        let line = line.strip_prefix("source <(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(line);
        if line.starts_with(&format!("kubectl {} ", crate::NAME)) && !found.contains(&line) {
            found.push(line);
        }
    }
    found
}

/// One example of each command that asks a server and makes nothing anew.
pub(crate) fn each_that_asks(reference: &str) -> Vec<&str> {
    let command = |line: &str| line.split(' ').nth(2).map(str::to_owned);
    let mut had = Vec::new();
    let lines: Vec<&str> = examples(reference)
        .into_iter()
        .filter(|line| !crate::NOT_SWEPT.iter().any(|it| line.contains(it)))
        .filter(|line| [" examples/", "version", "explain"].iter().all(|offline| !line.contains(offline)))
        .filter(|line| {
            let new = !had.contains(&command(line));
            had.push(command(line));
            new
        })
        .collect();
    assert!(lines.len() >= 5, "{lines:?}");
    lines
}

/// Whether an example did what it says, the end of a Job that failed included; what asks before it changes something stops
/// where nobody can be asked.
pub(crate) fn went(seen: &Output) -> bool {
    // What goes on for ever was ended.
    matches!(seen.code, 0 | 10)
        || seen.stderr.contains("(the time of --timeout is over)")
        || seen.stderr.contains("Nobody is there to be asked")
}

#[test]
fn every_example_works() {
    let reference = reference();
    let examples = examples(&reference);
    assert!(examples.len() >= crate::EXAMPLES, "{examples:#?}");
    let failed: Vec<String> = examples
        .iter()
        .map(|line| (line, run_on(&example_cluster(), line)))
        .filter(|(_, seen)| !went(seen))
        .map(|(line, seen)| format!("{line}\n{}", seen.whole()))
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[cfg(unix)]
#[test]
fn the_help_is_named_after_how_the_program_was_called() {
    let folder = tempfile::tempdir().unwrap();
    for (file, usage) in [("kubectl-work_loads", "kubectl work-loads"), ("plain", "plain")] {
        let link = folder.path().join(file);
        std::os::unix::fs::symlink(crate::BINARY, &link).unwrap();
        let seen = workload_tests::Program::new(&link).args(["completion", "--help"]).run();
        assert!(seen.stdout.contains(&format!("\nUsage: {usage} completion ")), "{}", seen.stdout);
        assert!(seen.stdout.contains(&format!("\n  {usage} completion install\n")), "{}", seen.stdout);
        let seen = workload_tests::Program::new(&link).args(["nonsense"]).run();
        assert_eq!(
            seen.stderr,
            format!("error: unknown command \"nonsense\" for \"{usage}\"\nSee '{usage} --help' for usage.\n")
        );
    }
}

#[test]
fn a_man_page_for_each_command() {
    let folder = tempfile::tempdir().unwrap();
    let seen = program().arg("__man").arg(folder.path()).run();
    assert_eq!((seen.code, seen.whole().as_str()), (0, "exit code 0\n"));
    let reference = reference();
    for (name, _) in commands(&reference) {
        let page = folder.path().join(format!("kubectl-{}.1", name.replace(' ', "-")));
        let text = std::fs::read_to_string(&page).unwrap_or_else(|it| panic!("{}: {it}", page.display()));
        assert!(text.contains(".SH SYNOPSIS"), "{name}");
    }
    let page = std::fs::read_to_string(folder.path().join(format!("kubectl-{}-completion.1", crate::NAME))).unwrap();
    assert!(page.contains("completion install"), "examples stand in the page: {page}");
}
