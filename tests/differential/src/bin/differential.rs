//! Holds the record to a kubectl, or makes it anew: `differential check|record KUBECTL`.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used)]

use std::path::PathBuf;
use std::process::ExitCode;

use workload_differential::{Who, record_path, recorded, run_all};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(what), Some(kubectl)) = (arguments.next(), arguments.next()) else {
        println!("usage: differential check|record KUBECTL");
        return ExitCode::FAILURE;
    };
    // The runs have a PATH of their own.
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .map(|folder| folder.join(&kubectl))
        .find(|it| it.is_file());
    let all = run_all(&Who::Kubectl(found.unwrap_or_else(|| PathBuf::from(&kubectl))));
    if what == "record" {
        std::fs::write(record_path(), serde_json::to_string_pretty(&all).unwrap() + "\n").unwrap();
        println!("{} cases recorded", all.len());
        return ExitCode::SUCCESS;
    }
    let known = recorded();
    let mut differing = 0;
    for (name, outcome) in &all {
        if known.get(name) != Some(outcome) {
            differing += 1;
            println!("{name}\n  recorded: {:?}\n  now:      {outcome:?}", known.get(name));
        }
    }
    println!("{} of {} cases are as recorded", all.len() - differing, all.len());
    if differing == 0 && known.len() == all.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
