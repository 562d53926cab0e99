//! Running programs, and making their outputs comparable.

#[cfg(target_os = "linux")]
use workload_tests::Terminal;
use workload_tests::{Cluster, Normalise, Program};

#[test]
#[cfg(unix)]
fn a_program_runs_in_a_world_of_its_own() {
    let seen = Program::new(env!("CARGO_BIN_EXE_fake-cluster")).arg("--help").run().assert_code(0);
    assert!(seen.stdout.contains("fake-cluster"), "{}", seen.whole());
    assert_eq!(Program::built("fake-cluster").arg("--help").run().stdout, seen.stdout);
    let cluster = Cluster::new().start();
    let program = Program::new("sh")
        .cluster(&cluster)
        .args(["-c", "cat; echo $KUBECONFIG $HOME $COLUMNS$HTTPS_PROXY >&2; exit 3"]);
    let seen = program.stdin("hello").run();
    let text = Normalise::new().cluster(&cluster).whole(&seen);
    insta::assert_snapshot!(text, @r"
    exit code 3
    --- stdout
    hello(no newline)
    --- stderr
    [TMP]/fake-cluster/kubeconfig [TMP]/home 120
    ");
}

#[cfg(target_os = "linux")]
#[test]
fn a_program_on_a_terminal_is_told_of_its_new_width() {
    let terminal = Terminal::default();
    let script = "trap 'stty size' WINCH; echo ready; while ! read line; do :; done; echo got $line; read line";
    let mut shell = Terminal::program("/bin/sh").args(["-c", script]).on(&terminal);
    shell.until("ready");
    terminal.resize(40);
    shell.until("24 40");
    terminal.press("a line\n");
    shell.until("got a line");
    terminal.press("\u{3}");
    assert_eq!(shell.end().whole(), "exit code 130\n--- stdout\nready\n24 40\na line\ngot a line\n^C(no newline)\n");
}

#[test]
fn what_differs_from_run_to_run_is_made_the_same() {
    let text = "NAME      AGE     VOLUME\n\
                web-0     2m30s   pvc-0a1b2c3d-0000-4000-8000-00000000000f\n\
                web-1     5s      pvc-0a1b2c3d-0000-4000-8000-00000000000e\n\
                web-2d    100d\n\
                dial tcp 127.0.0.1:40123 at 2026-11-24T05:41:21Z\n";
    insta::assert_snapshot!(Normalise::new().ages().times().text(text), @r"
    NAME      AGE   VOLUME
    web-0     [AGE]   pvc-[UID]
    web-1     [AGE]   pvc-[UID]
    web-2d    [AGE]
    dial tcp 127.0.0.1:[PORT] at [TIME]
    ");
}
