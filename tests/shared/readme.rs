//! The README's examples are what the program prints.
// A panic in a test's own helper is a failed test.
#![allow(clippy::unwrap_used)]

use workload_tests::Normalise;

use crate::{NAME, README_EXAMPLES, program};

/// The console blocks that run one of our programs on files: command and output.
fn examples(text: &str) -> Vec<(String, String)> {
    let mut blocks = text.split("```console\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    let mut found = Vec::new();
    for block in &mut blocks {
        let mut lines = block.lines();
        let Some(command) = lines.next().and_then(|line| line.strip_prefix("$ ")) else { continue };
        if command.contains("examples/") {
            found.push((command.to_owned(), lines.collect::<Vec<_>>().join("\n")));
        }
    }
    found
}

#[test]
fn every_example_of_the_readme_prints_what_stands_there() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("README.md")).unwrap();
    let mut held = 0;
    for (command, output) in examples(&text) {
        let arguments = command
            .strip_prefix(&format!("kubectl {NAME} "))
            .or_else(|| command.strip_prefix(&format!("cargo run -q -p kubectl-{NAME} -- ")));
        // The other program's.
        let Some(arguments) = arguments else { continue };
        let arguments = arguments.replace("examples/", root.join("examples/").to_str().unwrap());
        held += 1;
        let seen = program().args(arguments.split(' ')).run();
        assert_eq!(seen.code, 0, "{command}: {}", seen.stderr);
        let plain = |text: &str| Normalise::new().ages().text(text).trim_end().to_owned();
        assert_eq!(plain(&seen.stdout), plain(&output), "{command}");
    }
    assert_eq!(held, README_EXAMPLES, "the README lost an example, or gained one");
}
