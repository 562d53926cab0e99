//! What a value may be, by the name that the help gives it: a command that calls its argument NAME has its names completed.

use clap::Arg;
use workload_core::findings::Code;

use super::{Candidate, Names};
use crate::{Program, output};

/// The values of a flag or an argument.
pub(super) enum Values {
    /// These.
    Words(Vec<Candidate>),
    /// What the kubeconfig or the server knows.
    Asked(Question),
    /// File names, which the shell knows best.
    Files,
    /// Nothing that could be known.
    Nothing,
}

/// What to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    Contexts,
    Clusters,
    Users,
    Namespaces,
    Names(Names),
    CronJobs,
    Releases,
    Pods,
    Claims,
    Ordinals,
    Containers(Names),
}

/// What may stand there.
pub(super) fn of(program: &Program, arg: &Arg) -> Values {
    let known: Vec<Candidate> = arg
        .get_possible_values()
        .iter()
        .filter(|value| !value.is_hide_set())
        .map(|value| Candidate::new(value.get_name(), value.get_help().map(ToString::to_string).unwrap_or_default()))
        .collect();
    if !known.is_empty() {
        return Values::Words(known);
    }
    let name = arg.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str());
    match (arg.get_long(), name) {
        (Some("context"), _) => Values::Asked(Question::Contexts),
        (Some("cluster"), _) => Values::Asked(Question::Clusters),
        (Some("user"), _) => Values::Asked(Question::Users),
        (Some("namespace"), _) => Values::Asked(Question::Namespaces),
        (Some("output"), "FORMAT") => {
            Values::Words(output::FORMATS.iter().map(|(word, about)| Candidate::new(*word, *about)).collect())
        }
        (None, "NAME" | "SET" | "JOB") => Values::Asked(Question::Names(program.names)),
        (None, "CRONJOB") => Values::Asked(Question::CronJobs),
        (None, "RELEASE") => Values::Asked(Question::Releases),
        (None, "CLAIM") => Values::Asked(Question::Claims),
        (_, "POD") => Values::Asked(Question::Pods),
        (_, "ORDINAL") => Values::Asked(Question::Ordinals),
        (_, "CONTAINER") => Values::Asked(Question::Containers(program.names)),
        (_, "CODE") => {
            let mut codes: Vec<Candidate> =
                Code::ALL.iter().map(|code| Candidate::new(code.word(), code.meaning())).collect();
            codes.sort();
            Values::Words(codes)
        }
        (_, "CODE|ALERT") => {
            Values::Words(crate::pages().into_iter().map(|page| Candidate::new(page.name, page.says)).collect())
        }
        (_, "BOOL") => Values::Words(["true", "false"].map(|word| Candidate::new(word, "")).to_vec()),
        (_, name) if ["FILE", "FOLDER", "PATH"].iter().any(|it| name.contains(it)) => Values::Files,
        _ => Values::Nothing,
    }
}
