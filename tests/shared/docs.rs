//! What README and docs show is what the programs print, and the runbooks' commands are commands of theirs.
// A panic in a test's own helper is a failed test.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use workload_tests::{Cluster, Normalise, Output, Running};

use crate::help::{run_on, went};
use crate::{NAME, program};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// README and everything under docs, by path.
fn pages() -> Vec<(PathBuf, String)> {
    let mut files = vec![root().join("README.md")];
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "md") {
                files.push(path);
            }
        }
    }
    files.sort();
    files.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

/// The console blocks that run this program on files: command and output.
fn examples(text: &str) -> Vec<(String, String)> {
    let blocks = text.split("```console\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    let mut found = Vec::new();
    for block in blocks {
        let mut lines = block.lines();
        let Some(command) = lines.next().and_then(|line| line.strip_prefix("$ ")) else { continue };
        let ours = command
            .strip_prefix(&format!("kubectl {NAME} "))
            .or_else(|| command.strip_prefix(&format!("cargo run -q -p kubectl-{NAME} -- ")));
        if let Some(arguments) = ours.filter(|arguments| arguments.contains("examples/")) {
            found.push((arguments.to_owned(), lines.collect::<Vec<_>>().join("\n")));
        }
    }
    found
}

#[test]
fn every_example_of_the_docs_prints_what_stands_there() {
    let mut count = 0;
    for (path, text) in pages() {
        for (arguments, output) in examples(&text) {
            count += 1;
            let real = arguments.replace("examples/", root().join("examples/").to_str().unwrap());
            let seen = program().args(real.split(' ')).run();
            assert_eq!(seen.code, 0, "{}: {arguments}: {}", path.display(), seen.stderr);
            let plain = |text: &str| Normalise::new().ages().text(text).trim_end().to_owned();
            assert_eq!(plain(&seen.stdout), plain(&output), "{}: {arguments}", path.display());
        }
    }
    assert_eq!(count, crate::DOC_EXAMPLES, "the docs lost an example, or gained one");
}

/// Commands of others that the docs may show: nothing of ours could make them wrong.
const OF_OTHERS: [&str; 9] = [
    "cargo test --workspace",
    "kubectl apply ",
    "kubectl create ",
    "kubectl krew ",
    "kubectl annotate ",
    "helm ",
    "sha256sum ",
    "tar ",
    "gh ",
];

#[test]
fn every_command_block_of_the_docs_can_be_run() {
    let mut ran = 0;
    for (path, text) in pages() {
        let blocks = text.split("```console\n").skip(1).filter_map(|rest| rest.split("\n```").next());
        for line in blocks.flat_map(str::lines).filter_map(|line| line.strip_prefix("$ ")) {
            let about = format!("{}: {line}", path.display());
            let line = line
                .strip_prefix("cargo run -q -p kubectl-")
                .map_or_else(|| line.to_owned(), |rest| format!("kubectl {}", rest.replacen(" --", "", 1)));
            if line.starts_with(&format!("kubectl {NAME} ")) {
                ran += 1;
                // Nothing runs the Jobs of the fake cluster: what waits for one is only held to its flags.
                let waits = line.contains(" --wait") || line.contains(" --follow");
                let line = if waits { format!("{line} --help") } else { line };
                let seen = run_on(&crate::example_cluster(), &line);
                assert!(went(&seen), "{about}\n{}", seen.whole());
            } else if let Some(package) = line.strip_prefix("cargo install --path ") {
                assert!(root().join(package).join("Cargo.toml").is_file(), "{about}");
            } else {
                let other = ["kubectl sts ", "kubectl job "].iter().any(|ours| line.starts_with(ours));
                assert!(other || OF_OTHERS.iter().any(|it| line.starts_with(it.trim_end())), "{about}: not tried");
            }
        }
    }
    assert!(ran > 0, "the docs show no command of this program");
}

/// The commands that the shipped alerts bring along, with their labels' values in place.
fn alert_commands() -> Vec<String> {
    let rules = std::fs::read_to_string(root().join("docs/runbooks/prometheus-rule.yaml")).unwrap();
    let commands = rules.lines().filter_map(|line| line.trim().strip_prefix("command: '")?.strip_suffix('\''));
    let commands: Vec<String> =
        commands.map(|line| line.replace("{{ $labels.", "").replace(" }}", "").replace('_', "-")).collect();
    let alerts = rules.matches("- alert: ").count();
    assert!(alerts > 0 && commands.len() == alerts, "each alert has its command");
    for url in rules.lines().filter_map(|line| line.trim().strip_prefix("runbook_url: 'https://RUNBOOKS/")) {
        assert!(root().join("docs/runbooks").join(url.trim_end_matches('\'')).is_file(), "{url}");
    }
    commands
}

/// This program's commands on the runbooks' pages, as `explain` has them.
fn commands() -> BTreeSet<String> {
    let seen = program().args(["explain", "-o", "json"]).run();
    let pages = seen.json();
    let texts = pages.as_array().unwrap().iter().map(|page| page["text"].as_str().unwrap());
    let mut commands = BTreeSet::new();
    for text in texts {
        // In code blocks, at the end of a decision tree's line, and in prose between backticks.
        let code = text.lines().filter(|line| line.starts_with("    "));
        let code = code.filter_map(|line| line.find(&format!("kubectl {NAME} ")).map(|at| &line[at..]));
        let prose = text.split('`').skip(1).step_by(2);
        let prose = prose.filter(|words| words.starts_with(&format!("kubectl {NAME} ")));
        commands.extend(code.chain(prose).map(|line| line.trim().to_owned()));
    }
    commands.extend(alert_commands().into_iter().filter(|line| line.starts_with(&format!("kubectl {NAME} "))));
    commands
}

/// Runs a command of a page with names that no cluster has, and files that are there.
fn tried(cluster: &Running, line: &str) -> Output {
    let example = root().join("examples/shop.yaml").display().to_string();
    let words = line.split(' ').skip(2).take_while(|word| *word != ">").map(|word| match word {
        "FILE" | "state.yaml" => example.clone(),
        "CODE" => "InUse".to_owned(),
        "pod/POD" => "pod/set-0".to_owned(),
        // SET, pod/POD: capitals stand for a name.
        word => match word.rsplit('/').next().unwrap() {
            name if name.len() > 1 && name.chars().all(|c| c.is_ascii_uppercase()) => word.to_lowercase(),
            _ => word.to_owned(),
        },
    });
    program().cluster(cluster).args(words).run()
}

#[test]
fn every_command_of_the_runbooks_is_one_of_ours() {
    let cluster = Cluster::new().start();
    let commands = commands();
    assert!(commands.len() >= 3, "{commands:#?}");
    let mut wrong = Vec::new();
    for line in &commands {
        let seen = tried(&cluster, line);
        // Done, or nothing of that name: anything else is a mistake on the command line.
        if seen.code != 0 && !seen.stderr.contains("not found") {
            wrong.push(format!("{line}\n{}", seen.whole()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
