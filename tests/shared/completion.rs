//! TAB: kubectl's plugin protocol and the shells' scripts.
// A panic in a test's own helper is a failed test.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::Duration;

use workload_tests::{Cluster, Door, Fault, On, Program, Running};

use crate::{BINARY, NAME, NAMESPACE, example_cluster, program};

/// What kubectl would be told for these words.
fn completed(cluster: &Running, words: &[&str]) -> String {
    let seen = program().cluster(cluster).arg("__complete").args(words.iter().copied()).run();
    assert_eq!((seen.code, seen.stderr.as_str()), (0, ""), "{words:?}");
    seen.stdout
}

#[test]
fn commands_flags_and_their_values() {
    let cluster = example_cluster();
    for (words, first) in [
        (&["vers"][..], "version\tPrint the version of this program\n:4\n"),
        (&["version", "--con"], "--context\tThe kubeconfig's context to use\n:4\n"),
        (
            &["version", "-o", ""],
            "json\tone report, for jq\nyaml\tone report\nname\tkind/name per line\nwide\tthe table with more columns, and times in UTC\n:4\n",
        ),
        (&["version", "--output=j"], "json\tone report, for jq\n:4\n"),
        (&["version", "--output", "=", "j"], "json\tone report, for jq\n:4\n"),
        (&["--context", ""], "fake\tcurrent, namespace default\n:4\n"),
        (&["--user", "f"], "fake\n:4\n"),
        (&["--cluster", "x"], ":4\n"),
        (&["--kubeconfig", ""], ":0\n"),
        (&["-n", NAMESPACE, "version", "nothing", ""], ":4\n"),
        (&["-n", NAMESPACE, "--insecure-skip-tls-verify=t"], "true\n:4\n"),
        (&["completion", "ba"], "bash\tPrint a script for bash: source <(… completion bash)\n:4\n"),
    ] {
        assert_eq!(completed(&cluster, words), first, "{words:?}");
    }
    assert_eq!(cluster.requests().len(), 0, "none of these needs the server");
    let namespaces = completed(&cluster, &["version", "--namespace", ""]);
    assert!(namespaces.lines().any(|line| line.starts_with(NAMESPACE)), "{namespaces}");
}

#[test]
fn the_same_under_the_name_that_kubectl_looks_for() {
    let cluster = example_cluster();
    let folder = tempfile::tempdir().unwrap();
    let shim = folder.path().join(format!("kubectl_complete-{NAME}{}", std::env::consts::EXE_SUFFIX));
    std::fs::copy(BINARY, &shim).unwrap();
    let seen = Program::new(&shim).cluster(&cluster).args(["version", "--context", "fa"]).run();
    assert_eq!(seen.whole(), "exit code 0\n--- stdout\nfake\tcurrent, namespace default\n:4\n");
    let seen = Program::new(&shim).cluster(&cluster).run();
    assert!(seen.stdout.contains("version\t") && seen.stdout.ends_with(":4\n"), "without words: {}", seen.stdout);
}

#[test]
fn a_server_that_is_not_there_means_nothing_long_before_the_clients_limit_and_in_silence() {
    let silent = Cluster::new().door(Door::Silent).start();
    let slow = Cluster::new().fault(On::any(), Fault::silence()).start();
    let refuses = Cluster::new().fault(On::any(), Fault::unauthorized()).start();
    for cluster in [&silent, &slow, &refuses] {
        let seen = program().cluster(cluster).args(["__complete", "version", "-n", ""]).run();
        assert_eq!(seen.whole(), "exit code 0\n--- stdout\n:4\n");
        assert!(seen.time < Duration::from_secs(10), "{:?}", seen.time);
    }
    let broken = silent.directory().join("broken");
    std::fs::write(&broken, "clusters: [").unwrap();
    let seen = program().env("KUBECONFIG", broken).args(["__complete", "version", "-n", ""]).run();
    assert_eq!(seen.whole(), "exit code 0\n--- stdout\n:4\n");
}

#[cfg(unix)]
#[test]
fn a_credential_plugin_says_nothing_and_asks_nothing() {
    use std::os::unix::fs::PermissionsExt as _;
    let cluster = example_cluster();
    let plugin = cluster.directory().join("plugin");
    let body = "#!/bin/sh\necho loud >&2\nread line && echo read >&2\necho \"$KUBERNETES_EXEC_INFO\" > \"$0.info\"\n\
        echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{\"token\":\"t\"}}'\n";
    std::fs::write(&plugin, body).unwrap();
    std::fs::set_permissions(&plugin, std::fs::Permissions::from_mode(0o755)).unwrap();
    let exec = format!(
        "    exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: IfAvailable, command: {}}}",
        plugin.display()
    );
    let file = cluster.directory().join("with-plugin");
    std::fs::write(&file, cluster.kubeconfig_text().replace("    token: not-checked", &exec)).unwrap();
    let seen = program().env("KUBECONFIG", file).args(["__complete", "version", "-n", NAMESPACE]).stdin("x\n").run();
    assert_eq!((seen.code, seen.stderr.as_str()), (0, ""));
    assert!(seen.stdout.starts_with(NAMESPACE), "{}", seen.stdout);
    let info = std::fs::read_to_string(cluster.directory().join("plugin.info")).unwrap();
    assert!(info.contains("\"interactive\":false"), "{info}");
}

/// Words that a shell would act on, in each place of a line.
const HOSTILE: [&str; 7] = ["$(touch x)", "`touch x`", "; touch x", "& touch x", "| touch x", "> x", "\\$(touch x)"];

#[test]
fn no_word_is_evaluated() {
    let cluster = example_cluster();
    for hostile in HOSTILE {
        for words in [
            vec![hostile],
            vec!["version", hostile],
            vec!["version", "-n", hostile],
            vec!["-n", hostile, "version", "-o", ""],
            vec!["--context", hostile, "version", "-n", ""],
            vec![hostile, hostile, ""],
        ] {
            let world = program().cluster(&cluster).arg("__complete").args(words);
            let mut child = world.spawn();
            drop(child.stdin.take());
            assert!(child.wait().unwrap().success());
            assert_eq!(std::fs::read_dir(world.home()).unwrap().count(), 0, "{hostile}");
        }
    }
}

/// Runs a shell in which the program is on PATH; `None` where the machine has no such shell.
fn shell(cluster: &Running, name: &str, arguments: &[&str], script: &str) -> Option<workload_tests::Output> {
    let path = std::env::var_os("PATH").unwrap();
    if !std::env::split_paths(&path).any(|folder| folder.join(name).is_file()) {
        return None;
    }
    let folder = Path::new(BINARY).parent().unwrap().to_path_buf();
    let path = std::env::join_paths(std::iter::once(folder).chain(std::env::split_paths(&path))).unwrap();
    let seen = Program::new(name)
        .cluster(cluster)
        .env("PATH", path)
        .env("TERM", "dumb")
        .args(arguments.iter().copied())
        .arg(script)
        .run();
    Some(seen)
}

#[test]
fn bash_completes_the_programs_own_name() {
    let cluster = example_cluster();
    let function = format!("_kubectl_{NAME}_complete");
    let tried = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        let script = format!(
            "source <(kubectl-{NAME} completion bash); COMP_WORDS=({}); COMP_CWORD={}; COMP_TYPE=9; {function}; printf '%s\\n' \"${{COMPREPLY[@]}}\"; ls",
            words.join(" "),
            words.len() - 1
        );
        shell(&cluster, "bash", &["--norc", "-c"], &script)
    };
    let program = format!("kubectl-{NAME}");
    let Some(seen) = tried(&[&program, "version", "--context", "fa"]) else { return };
    assert_eq!(seen.whole(), "exit code 0\n--- stdout\nfake\n");
    assert_eq!(tried(&[&program, "version", "--output", "=", "j"]).unwrap().stdout, "json\n");
    assert_eq!(tried(&[&program, "version", "--output", "="]).unwrap().stdout, "json\nyaml\nname\nwide\n");
    for hostile in HOSTILE {
        for words in [vec![&*program, hostile], vec![&*program, "version", "-n", hostile], vec![&*program, hostile, ""]]
        {
            // Nothing but the completions themselves: the folder stays empty.
            let seen = tried(&words).unwrap();
            assert!(
                !seen.stdout.lines().any(|line| line == "x") && seen.stderr.is_empty(),
                "{hostile}: {}",
                seen.whole()
            );
        }
    }
}

#[test]
fn fish_completes_the_programs_own_name() {
    let cluster = example_cluster();
    let tried = |line: &str| {
        let script = format!("kubectl-{NAME} completion fish | source; complete -C '{line}'; ls");
        shell(&cluster, "fish", &["--no-config", "-c"], &script)
    };
    let Some(seen) = tried(&format!("kubectl-{NAME} version --context fa")) else { return };
    assert_eq!(seen.whole(), "exit code 0\n--- stdout\nfake\tcurrent, namespace default\n");
    assert_eq!(
        tried(&format!("kubectl-{NAME} version --output=j")).unwrap().stdout,
        "--output=json\tone report, for jq\n"
    );
    let seen = tried(&format!("kubectl-{NAME} version -n $(touch x)")).unwrap();
    assert!(!seen.stdout.lines().any(|line| line == "x"), "{}", seen.whole());
}

#[test]
fn zsh_takes_the_script_and_asks_the_program() {
    let cluster = example_cluster();
    // The widgets need a terminal: what would be shown is caught where the script hands it over.
    let tried = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        let script = format!(
            "autoload -U compinit && compinit -u -D; source <(kubectl-{NAME} completion zsh); \
             _describe() {{ print -rl -- \"${{(@P)3}}\" }}; compset() {{ true }}; _files() {{ print files }}; \
             words=({}); CURRENT={}; PREFIX=${{words[CURRENT]}}; _kubectl_{NAME}_complete; ls -A | grep -v zcomp || true",
            words.join(" "),
            words.len()
        );
        shell(&cluster, "zsh", &["-f", "-c"], &script)
    };
    let program = format!("kubectl-{NAME}");
    let Some(seen) = tried(&[&program, "version", "--context", "fa"]) else { return };
    assert_eq!(seen.whole(), "exit code 0\n--- stdout\nfake:current, namespace default\n");
    assert_eq!(tried(&[&program, "--kubeconfig", ""]).unwrap().stdout, "\nfiles\n");
    let seen = tried(&[&program, "version", "-n", "$(touch x)"]).unwrap();
    assert!(!seen.stdout.lines().any(|line| line == "x"), "{}", seen.whole());
}

#[cfg(unix)]
mod install {
    use std::os::unix::fs::symlink;
    use std::path::{Path, PathBuf};

    use workload_tests::Output;

    use crate::{BINARY, NAME, program};

    /// krew's folders: the program in its store, a link on PATH.
    struct Krew(tempfile::TempDir);

    impl Krew {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let store = folder.path().join("store").join(NAME).join("v0.1.0");
            std::fs::create_dir_all(&store).unwrap();
            std::fs::create_dir_all(folder.path().join("bin")).unwrap();
            std::fs::copy(BINARY, store.join(format!("kubectl-{NAME}"))).unwrap();
            symlink(store.join(format!("kubectl-{NAME}")), folder.path().join("bin").join(format!("kubectl-{NAME}")))
                .unwrap();
            Self(folder)
        }

        fn bin(&self) -> PathBuf {
            self.0.path().join("bin")
        }

        fn shim(&self) -> PathBuf {
            self.bin().join(format!("kubectl_complete-{NAME}"))
        }

        fn run(&self, what: &str) -> Output {
            program().env("PATH", self.bin()).args(["completion", what]).run()
        }
    }

    fn shown(seen: &Output, krew: &Krew) -> String {
        seen.whole().replace(&krew.0.path().display().to_string(), "[KREW]").replace(&format!("-{NAME}"), "-PLUGIN")
    }

    #[test]
    fn the_file_is_made_beside_the_program_and_taken_away_again() {
        let krew = Krew::new();
        let made = "exit code 0\n--- stdout\n[KREW]/bin/kubectl_complete-PLUGIN\n";
        assert_eq!(shown(&krew.run("install"), &krew), made);
        assert_eq!(std::fs::read_link(krew.shim()).unwrap(), krew.bin().join(format!("kubectl-{NAME}")));
        let there = "exit code 0\n--- stderr\n[KREW]/bin/kubectl_complete-PLUGIN is there already\n";
        assert_eq!(shown(&krew.run("install"), &krew), there);
        let seen = workload_tests::Program::new(krew.shim()).args(["vers"]).run();
        assert!(seen.stdout.starts_with("version\t"), "{}", seen.stdout);
        let gone = "exit code 0\n--- stderr\nremoved [KREW]/bin/kubectl_complete-PLUGIN\n";
        assert_eq!(shown(&krew.run("uninstall"), &krew), gone);
        assert_eq!(shown(&krew.run("uninstall"), &krew), "exit code 0\n--- stderr\nnothing to remove\n");
        assert!(std::fs::symlink_metadata(krew.shim()).is_err());
    }

    #[test]
    fn a_file_of_somebody_else_is_left_alone() {
        let krew = Krew::new();
        let foreign = |write: fn(&Path)| {
            let _ = std::fs::remove_file(krew.shim());
            write(&krew.shim());
            for what in ["install", "uninstall"] {
                let seen = shown(&krew.run(what), &krew);
                assert!(
                    seen.starts_with("exit code 1\n--- stderr\nerror: [KREW]/bin/kubectl_complete-PLUGIN "),
                    "{seen}"
                );
                assert!(seen.contains("was not made by this program: it stays as it is"), "{seen}");
            }
            assert!(std::fs::symlink_metadata(krew.shim()).is_ok());
        };
        foreign(|shim| std::fs::write(shim, "#!/bin/sh\nexec kubectl-x __complete \"$@\"\n").unwrap());
        foreign(|shim| symlink("/usr/bin/env", shim).unwrap());
        foreign(|shim| {
            std::fs::remove_file(shim).ok();
            std::fs::create_dir(shim).unwrap();
        });
    }

    #[test]
    fn a_link_left_behind_by_an_older_version_is_renewed() {
        let krew = Krew::new();
        symlink(krew.0.path().join("store/gone").join(format!("kubectl-{NAME}")), krew.shim()).unwrap();
        assert_eq!(krew.run("install").code, 0);
        assert_eq!(std::fs::read_link(krew.shim()).unwrap(), krew.bin().join(format!("kubectl-{NAME}")));
    }

    #[test]
    fn a_folder_off_path_is_told() {
        let krew = Krew::new();
        let other = krew.0.path().join("other");
        let seen = program().env("PATH", krew.bin()).args(["completion", "install", "--dir"]).arg(&other).run();
        assert_eq!(
            shown(&seen, &krew),
            "exit code 0\n--- stdout\n[KREW]/other/kubectl_complete-PLUGIN\n--- stderr\n\
             note: [KREW]/other is not on PATH: kubectl won't find the file there\n"
        );
    }
}
