//! Each command when somebody ends it or takes away what it writes to: a reader that leaves, Ctrl-C, a home that can't be written
//! to; and on a terminal that becomes narrower and wider meanwhile.
// A panic in a test's own helper is a failed test.
#![allow(clippy::unwrap_used)]

use std::io::Read as _;

#[cfg(target_os = "linux")]
use workload_tests::{Action, Program, Record, Terminal};
use workload_tests::{Cluster, Fault, On, Running};

use crate::help::{each_that_asks, ready_on, reference};
use crate::{example, program, shown};

/// Which of the commands did not do as is asked of them, and what they did instead.
fn wrong(check: impl Fn(&str) -> Option<String> + Sync) -> Vec<String> {
    let reference = reference();
    let check = |line: &str| check(line).map(|what| format!("== {line}\n{what}"));
    each_that_asks(&reference).into_iter().filter_map(check).collect()
}

#[test]
fn a_reader_that_leaves_ends_a_command_without_a_word() {
    let found = wrong(|line| {
        let (cluster, home) = (example().start(), tempfile::tempdir().unwrap());
        let program = ready_on(program(), &cluster, line, home.path());
        let mut child = program.spawn();
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        child.wait().unwrap();
        ["panicked", "roken pipe", "os error"].iter().any(|word| said.contains(word)).then_some(said)
    });
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_ends_each_command_while_a_server_hangs() {
    use std::os::unix::process::ExitStatusExt as _;
    let silent: fn(Cluster) -> Running = |cluster| cluster.fault(On::any(), Fault::silence()).start();
    let found = wrong(|line| {
        let (cluster, home) = (silent(example()), tempfile::tempdir().unwrap());
        // Where tests run in the background of a shell, it ignores Ctrl-C for all of them.
        let env = Program::new("/usr/bin/env").args(["--default-signal=INT", crate::BINARY]);
        let program = ready_on(env, &cluster, line, home.path());
        let mut child = program.spawn();
        cluster.wait_for("a request", |requests| !requests.is_empty());
        assert!(std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        let ended = child.wait().unwrap();
        let code = ended.code().or_else(|| ended.signal().map(|signal| 128 + signal));
        (code != Some(130)).then(|| format!("ended with {ended}"))
    });
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_home_that_can_not_be_written_to_changes_nothing() {
    let found = wrong(|line| {
        let (cluster, home) = (example().start(), tempfile::tempdir().unwrap());
        let ready = || ready_on(program(), &cluster, line, home.path());
        // Nobody can make a file there, root included.
        let (usual, without) = (ready().run(), ready().env("HOME", "/proc").run());
        let (usual, without) = (shown(&cluster, &usual), shown(&cluster, &without));
        (usual != without).then(|| format!("{without}\n-- usually\n{usual}"))
    });
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_that_changes_its_width_meanwhile_changes_nothing() {
    let found = wrong(|line| {
        // At each request, while the command waits for its answer, the terminal gets these widths.
        let seen = |widths: &'static [u16]| {
            let (cluster, home, terminal) = (example().start(), tempfile::tempdir().unwrap(), Terminal::default());
            let resized = terminal.clone();
            let resize = move |_: &Record| {
                for columns in widths {
                    resized.resize(*columns);
                }
                Action::Pass
            };
            cluster.fault(On::any(), Fault::new(resize));
            let program = ready_on(Terminal::program(crate::BINARY), &cluster, line, home.path());
            // To whoever asks.
            terminal.press("no\n");
            let text = shown(&cluster, &program.on(&terminal).end());
            assert!(!cluster.requests().is_empty());
            // That it takes long is said where it does.
            text.lines().filter(|line| !line.starts_with("Still reading")).collect::<Vec<_>>().join("\n")
        };
        let (kept, changed) = (seen(&[]), seen(&[20, 200]));
        (kept != changed).then(|| format!("{changed}\n-- on one that keeps its width\n{kept}"))
    });
    assert!(found.is_empty(), "{}", found.join("\n"));
}
