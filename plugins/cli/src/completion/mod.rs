//! TAB: which words may stand where the user is typing.
//!
//! kubectl asks a program called `kubectl_complete-<plugin>` (kubectl 1.26 and newer; `pkg/cmd/plugin/plugin_completion.go`): its
//! arguments are the words so far, the last one unfinished; it answers a word per line, with a description behind a tab, and
//! a last line `:N` that tells the shell what else to do. The scripts that call the programs directly ask in the same way.
//! No word of the user's is ever given to a shell: it only comes in as an argument and is compared.

mod ask;
mod command;
mod install;
mod scripts;
mod values;
mod words;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use clap::Command;
use workload_core::connect::Environment;
use workload_core::render::escape;

use self::values::Values;
use self::words::{Slot, slot};
use crate::Program;

pub use command::CompletionArgs;

/// What a NAME of a program names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// StatefulSets.
    Sets,
    /// Jobs, and CronJobs as `cronjob/NAME`.
    Jobs,
}

/// All of it takes less than a second, kubectl's own start included; a slow server means no names, not a stuck prompt.
const LIMIT: Duration = Duration::from_millis(700);
/// Cobra's directives: nothing but these words; or the shell's own file names as well.
const ONLY_THESE: u8 = 4;
const FILES_TOO: u8 = 0;

/// A candidate and what is said about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Candidate {
    pub(crate) word: String,
    pub(crate) about: String,
}

impl Candidate {
    pub(crate) fn new(word: impl Into<String>, about: impl Into<String>) -> Self {
        Self { word: word.into(), about: about.into() }
    }
}

/// The words to complete, where that is what the program was started for: as `kubectl_complete-…`, or with `__complete`.
pub(crate) fn asked(arguments: &[OsString]) -> Option<Vec<String>> {
    let text = |words: &[OsString]| words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let file = Path::new(arguments.first()?).file_stem()?.to_str()?;
    if file.starts_with("kubectl_complete-") {
        return Some(text(&arguments[1..]));
    }
    (arguments.get(1)? == "__complete").then(|| text(&arguments[2..]))
}

/// Writes the candidates and the directive.
pub(crate) fn complete(program: &Program, root: &Command, words: Vec<String>, out: &mut dyn Write) -> io::Result<()> {
    let (mut candidates, directive) = find(program, root, words);
    candidates.dedup_by(|a, b| a.word == b.word);
    for candidate in &candidates {
        // A newline or a tab in a name would start a candidate of its own.
        let (word, about) = (escape(&candidate.word), escape(&candidate.about));
        if word != candidate.word {
            continue;
        }
        if about.is_empty() { writeln!(out, "{word}")? } else { writeln!(out, "{word}\t{about}")? }
    }
    writeln!(out, ":{directive}")?;
    out.flush()
}

fn find(program: &Program, root: &Command, words: Vec<String>) -> (Vec<Candidate>, u8) {
    let typed = slot(root, words::joined(words));
    let prefix = typed.prefix.as_str();
    let matching = |all: Vec<Candidate>| all.into_iter().filter(|it| it.word.starts_with(prefix)).collect::<Vec<_>>();
    let values = match &typed.slot {
        Slot::Commands(command) => {
            let all = command.get_subcommands().filter(|sub| !sub.is_hide_set());
            let all = all.map(|sub| Candidate::new(sub.get_name(), words::first_line(sub.get_about()))).collect();
            return (matching(all), ONLY_THESE);
        }
        Slot::Flags(command) => return (matching(words::flags(command, &typed.given)), ONLY_THESE),
        Slot::Nothing => return (Vec::new(), ONLY_THESE),
        Slot::Value(arg) => values::of(program, arg),
    };
    match values {
        Values::Files => (Vec::new(), FILES_TOO),
        Values::Nothing => (Vec::new(), ONLY_THESE),
        Values::Words(all) => (matching(all), ONLY_THESE),
        Values::Asked(question) => {
            let mut env = Environment::from_process();
            env.stdin_is_terminal = false;
            let mut all = matching(ask::answer(program, question, &typed, &env, LIMIT));
            // A name that is given already; a container may be called like its Job.
            let argument = matches!(&typed.slot, Slot::Value(arg) if arg.is_positional());
            all.retain(|it| !argument || !typed.positionals.contains(&it.word));
            (all, ONLY_THESE)
        }
    }
}
