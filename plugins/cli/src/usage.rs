//! Mistakes on the command line, told in kubectl's sentences (cobra's and pflag's) with the nearest right word.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

use crate::{Failure, nearest};

/// What is wrong with the arguments, and where to look.
pub(crate) fn failure(error: &clap::Error, root: &Command, arguments: &[OsString], usage: &str) -> Failure {
    let (command, path) = command_of(root, arguments, usage);
    let said = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(" "),
        _ => String::new(),
    };
    let invalid = said(ContextKind::InvalidArg);
    let mut near: Vec<String> = Vec::new();
    let sentence = match error.kind() {
        ErrorKind::UnknownArgument if invalid.starts_with("--") => {
            let name = invalid.trim_start_matches('-');
            let known: Vec<&str> =
                command.get_arguments().filter(|arg| !arg.is_hide_set()).filter_map(Arg::get_long).collect();
            near = nearest(name, known.into_iter()).into_iter().map(|name| format!("--{name}")).collect();
            format!("unknown flag: {invalid}")
        }
        ErrorKind::UnknownArgument if invalid.starts_with('-') => {
            let letter = invalid.chars().nth(1).unwrap_or('-');
            let whole = arguments
                .iter()
                .filter_map(|word| word.to_str())
                .find(|word| word.starts_with('-') && !word.starts_with("--") && word.contains(letter));
            format!("unknown shorthand flag: {letter:?} in {}", whole.unwrap_or(&invalid))
        }
        ErrorKind::UnknownArgument => format!("unexpected argument {invalid:?}"),
        ErrorKind::InvalidSubcommand => {
            let wrong = said(ContextKind::InvalidSubcommand);
            let known: Vec<&str> =
                command.get_subcommands().filter(|c| !c.is_hide_set()).map(Command::get_name).collect();
            near = nearest(&wrong, known.into_iter()).into_iter().map(str::to_owned).collect();
            format!("unknown command {wrong:?} for {path:?}")
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let flag = Flag::named(&invalid, command);
            let value = said(ContextKind::InvalidValue);
            let why = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            let why = if why.starts_with("invalid digit") {
                format!("strconv.ParseInt: parsing {value:?}: invalid syntax")
            } else {
                why
            };
            match (flag, value.is_empty() && why.is_empty()) {
                (flag, true) => format!("flag needs an argument: {}", flag.needs(arguments)),
                (Flag::Known(arg), false) => {
                    let valid = said(ContextKind::ValidValue).replace(' ', ", ");
                    let why = if why.is_empty() { format!("must be one of {valid}") } else { why };
                    format!("invalid argument {value:?} for {:?} {}: {why}", spelled(arg), noun(arg))
                }
                (Flag::Other(name), false) => format!("invalid argument {value:?} for {name:?}: {why}"),
            }
        }
        ErrorKind::MissingRequiredArgument => format!("required: {}", invalid.replace(['<', '>'], "")),
        ErrorKind::MissingSubcommand => format!("a command is required for {path:?}"),
        _ => {
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            line.strip_prefix("error: ").unwrap_or(line).to_owned()
        }
    };
    let mut failure = Failure::error(format_args!("{sentence}\nSee '{path} --help' for usage."));
    if !near.is_empty() {
        failure = failure.hint(format!("did you mean {}?", near.join(" or ")));
    }
    failure
}

/// The flag that an error is about.
enum Flag<'c> {
    Known(&'c Arg),
    Other(String),
}

impl<'c> Flag<'c> {
    /// From clap's way to write it: `--output <FORMAT>`.
    fn named(text: &str, command: &'c Command) -> Self {
        let name = text.split([' ', '=', '[']).next().unwrap_or_default();
        let of = |arg: &&Arg| match name.strip_prefix("--") {
            Some(long) => arg.get_long() == Some(long),
            None => arg.get_short().is_some_and(|short| name == format!("-{short}")),
        };
        command.get_arguments().find(of).map_or_else(|| Self::Other(text.replace(['<', '>'], "")), Self::Known)
    }

    /// As pflag names one without its value: by the spelling that was used.
    fn needs(&self, arguments: &[OsString]) -> String {
        let Self::Known(arg) = self else {
            let Self::Other(name) = self else { return String::new() };
            return name.clone();
        };
        let long = arg.get_long().map(|long| format!("--{long}")).unwrap_or_default();
        let short = arg.get_short().map(|short| format!("-{short}")).unwrap_or_default();
        if !short.is_empty() && arguments.iter().any(|word| word == short.as_str()) {
            return format!("{:?} in {short}", arg.get_short().unwrap_or('-'));
        }
        long
    }
}

/// `-o, --output`, as pflag has it; an argument by its name.
fn spelled(arg: &Arg) -> String {
    match (arg.get_short(), arg.get_long()) {
        (Some(short), Some(long)) => format!("-{short}, --{long}"),
        (None, Some(long)) => format!("--{long}"),
        (Some(short), None) => format!("-{short}"),
        (None, None) => {
            arg.get_value_names().and_then(|names| names.first()).map(ToString::to_string).unwrap_or_default()
        }
    }
}

fn noun(arg: &Arg) -> &'static str {
    if arg.is_positional() { "argument" } else { "flag" }
}

/// The subcommand that the arguments name, and how it is called.
fn command_of<'c>(root: &'c Command, arguments: &[OsString], usage: &str) -> (&'c Command, String) {
    let (mut command, mut path) = (root, usage.to_owned());
    for word in arguments.iter().skip(1).filter_map(|word| word.to_str()) {
        if let Some(sub) = command.find_subcommand(word) {
            path = format!("{path} {}", sub.get_name());
            command = sub;
        }
    }
    (command, path)
}
