//! `-w`: rows of now, then each row again when it has changed, and no row twice.
// A panic in a test's own helper is a failed test.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::json;
#[cfg(target_os = "linux")]
use workload_tests::Terminal;
use workload_tests::{Fault, Normalise, On, Program, Running};

use crate::{run, shop, sts};

/// A program that watches.
pub(crate) struct Watching {
    program: Program,
    child: Child,
    lines: Receiver<String>,
    errors: Receiver<String>,
}

impl Watching {
    pub(crate) fn start(cluster: &Running, line: &str) -> Self {
        Self::of(sts().cluster(cluster).args(line.split(' ')).args(["-n", "shop"]))
    }

    /// One that Ctrl-C ends even where the tests run in the background of a shell, which ignores it for all of them.
    #[cfg(target_os = "linux")]
    pub(crate) fn interruptible(cluster: &Running, line: &str) -> Self {
        let program = Program::new("env").args(["--default-signal=INT", crate::BINARY]);
        Self::of(program.cluster(cluster).args(line.split(' ')).args(["-n", "shop"]))
    }

    fn of(program: Program) -> Self {
        let mut child = program.spawn();
        let (lines, errors) = (lines(child.stdout.take().unwrap()), lines(child.stderr.take().unwrap()));
        Self { program, child, lines, errors }
    }

    /// The next line on standard error.
    pub(crate) fn error_line(&self) -> String {
        self.errors.recv_timeout(Duration::from_secs(20)).expect("a line within 20 s")
    }

    /// Ctrl-C; how it ended, as a shell shows it.
    #[cfg(target_os = "linux")]
    pub(crate) fn interrupt(mut self) -> i32 {
        use std::os::unix::process::ExitStatusExt as _;
        let sent = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let status = self.child.wait().unwrap();
        status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap()
    }

    /// The next line, its age aside.
    pub(crate) fn line(&self) -> String {
        let line = self.lines.recv_timeout(Duration::from_secs(20)).expect("a line within 20 s");
        Normalise::new().ages().text(&line)
    }

    pub(crate) fn nothing_more(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let rest: Vec<String> = self.lines.iter().collect();
        assert!(rest.is_empty(), "{rest:#?}");
        drop(self.program);
    }
}

fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                return;
            }
        }
    });
    told
}

fn scale(cluster: &Running, replicas: i32) {
    cluster.patch("statefulsets", "shop", "postgres-ss", json!({"spec": {"replicas": replicas}}));
}

#[test]
fn only_what_has_changed_is_shown_again() {
    let cluster = shop().start();
    let watching = Watching::start(&cluster, "status -w");
    assert_eq!(watching.line(), "NAME          DESIRED   READY   CURRENT   UPDATED   RETAINED   FINDINGS       AGE");
    assert_eq!(watching.line(), "postgres-ss   1         1       1         1         0          WrongService   [AGE]");
    assert_eq!(watching.line(), "redis-stset   2         2       2         2         1          <none>         [AGE]");
    cluster.wait_for("three watches", |requests| {
        requests.count("watch statefulsets")
            + requests.count("watch pods")
            + requests.count("watch persistentvolumeclaims")
            == 3
    });
    scale(&cluster, 2);
    let changed = watching.line();
    assert!(changed.starts_with("postgres-ss   2         1 "), "{changed}");
    watching.nothing_more();
    cluster.requests().assert_read_only();
}

#[cfg(target_os = "linux")]
#[test]
fn rows_stand_in_their_columns_on_a_terminal_that_changes_its_width() {
    let (cluster, terminal) = (shop().start(), Terminal::default());
    let program = Terminal::program(crate::BINARY).cluster(&cluster).args(["status", "-w", "-n", "shop"]);
    let mut watching = program.on(&terminal);
    watching.until("redis-stset   2 ");
    for (columns, replicas) in [(20, 2), (200, 3)] {
        cluster.wait_for("a watch", |requests| requests.count("watch statefulsets") == 1);
        terminal.resize(columns);
        scale(&cluster, replicas);
        watching.until(&format!("postgres-ss   {replicas} "));
    }
    terminal.press("\u{3}");
    insta::assert_snapshot!(Normalise::new().ages().whole(&watching.end()), @"
    exit code 130
    --- stdout
    NAME          DESIRED   READY   CURRENT   UPDATED   RETAINED   FINDINGS       AGE
    postgres-ss   1         1       1         1         0          WrongService   [AGE]
    redis-stset   2         2       2         2         1          <none>         [AGE]
    postgres-ss   2         1       1         1         0          WrongService,RolloutInProgress,ClaimMissing   [AGE]
    postgres-ss   3         1       1         1         0          WrongService,RolloutInProgress,ClaimMissing×2   [AGE]
    ^C(no newline)
    ");
}

#[test]
fn after_410_and_after_a_watch_that_ends_nothing_is_repeated_and_nothing_is_lost() {
    let cluster = shop().start();
    let watching = Watching::start(&cluster, "status -w --no-headers");
    assert!(watching.line().starts_with("postgres-ss   1"));
    assert!(watching.line().starts_with("redis-stset   2"));
    let watches = |requests: &workload_tests::Requests| requests.count("watch statefulsets");
    cluster.wait_for("a watch", |requests| watches(requests) == 1);
    cluster.expire_watches();
    cluster.wait_for("a watch after 410", |requests| watches(requests) == 2);
    cluster.end_watches();
    cluster.wait_for("a watch after the end", |requests| watches(requests) == 3);
    scale(&cluster, 3);
    assert!(watching.line().starts_with("postgres-ss   3"));
    watching.nothing_more();
}

#[test]
fn what_changes_while_no_watch_stands_is_found_by_the_resync() {
    let cluster = shop().start();
    let watching = Watching::start(&cluster, "status -w --no-headers");
    watching.line();
    watching.line();
    let watches = |requests: &workload_tests::Requests| requests.count("watch statefulsets");
    cluster.wait_for("a watch", |requests| watches(requests) == 1);
    // The next watch is refused as too old, whatever its version.
    cluster.fault(On::watch("statefulsets").nth(1), Fault::gone());
    cluster.end_watches();
    scale(&cluster, 4);
    assert!(watching.line().starts_with("postgres-ss   4"));
    watching.nothing_more();
}

#[test]
fn claims_are_watched_as_they_are_left_behind() {
    let cluster = shop().start();
    let watching = Watching::start(&cluster, "volumes redis-stset -w -o json");
    let mut documents =
        serde_json::Deserializer::from_reader(Lines(&watching.lines, Vec::new())).into_iter::<serde_json::Value>();
    let mut next = || documents.next().unwrap().unwrap();
    let states: Vec<_> = (0..3).map(|_| next()["verdicts"][0]["code"].clone()).collect();
    assert_eq!(states, ["InUse", "InUse", "RetainedScaledDown"]);
    cluster.patch("statefulsets", "shop", "redis-stset", json!({"spec": {"replicas": 1}}));
    assert_eq!(next()["verdicts"][0]["code"], "Condemned");
    cluster.delete("pods", "shop", "redis-stset-1");
    assert_eq!(next()["verdicts"][0]["code"], "RetainedScaledDown");
    drop(documents);
    watching.nothing_more();
}

/// The lines as a reader, so that JSON documents can be told apart.
struct Lines<'l>(&'l Receiver<String>, Vec<u8>);

impl std::io::Read for Lines<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.1.is_empty() {
            let line = self.0.recv_timeout(Duration::from_secs(20)).map_err(std::io::Error::other)?;
            self.1 = format!("{line}\n").into_bytes();
        }
        let count = self.1.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.1[..count]);
        self.1.drain(..count);
        Ok(count)
    }
}

#[test]
fn what_can_not_be_watched_is_said() {
    let cluster = shop().start();
    let seen = run(&cluster, "status kafka -w");
    assert_eq!(
        seen.whole(),
        "exit code 1\n--- stderr\nError from server (NotFound): statefulsets.apps \"kafka\" not found\n"
    );
    let seen = sts().args(["status", "-w", "-f", "-"]).run();
    assert_eq!(
        seen.whole(),
        "exit code 1\n--- stderr\nerror: --watch needs a cluster: files have no changes to come\nhint: leave out --filename, or --watch\n"
    );
    let denied = shop().deny("watch", "statefulsets").start();
    let seen = run(&denied, "status -w");
    assert_eq!(seen.code, 1);
    assert!(
        seen.stderr.starts_with(
            "Error from server (Forbidden): statefulsets.apps is forbidden: User \"jane\" cannot watch resource"
        ),
        "{}",
        seen.stderr
    );
    assert!(seen.stdout.contains("redis-stset"), "what could be read is shown first: {}", seen.stdout);
}
