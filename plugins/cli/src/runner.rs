//! From the process to a command and back: arguments, streams, signals, exit codes. The only place that touches the real
//! standard streams.

use std::ffi::OsString;
use std::future::Future;
use std::io::{self, IsTerminal as _, Write};
use std::path::Path;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::error::ErrorKind;
use clap::{Command, CommandFactory, FromArgMatches};
use jiff::Timestamp;
use workload_core::connect::{Environment, Notices};
use workload_core::render::escape_lines;

use crate::completion::{self, Names};
use crate::{Context, Exit, Failure, GlobalFlags, colour, reference, usage};

/// What a program is called.
#[derive(Debug)]
pub struct Program {
    /// The file's name: `kubectl-sts`.
    pub binary: &'static str,
    /// As its users type it: `kubectl sts`.
    pub usage: &'static str,
    /// Its version, without a v.
    pub version: &'static str,
    /// What a NAME on its command line is a name of, for completion.
    pub names: Names,
}

impl Program {
    /// The program and its version, as `version` and `--version` say it.
    pub(crate) fn line(&self) -> String {
        format!("{} v{}\n", self.binary, self.version)
    }
}

/// A command under way.
pub type Running<'a> = Pin<Box<dyn Future<Output = Result<Exit, Failure>> + 'a>>;

/// Runs a program: parses the arguments, makes the context, runs the command, says what failed.
///
/// `flags` finds kubectl's global flags in the parsed arguments, `command` starts the subcommand.
pub fn run<C: CommandFactory + FromArgMatches>(
    program: &'static Program,
    flags: fn(&C) -> GlobalFlags,
    command: for<'a> fn(C, &'a mut Context<'_>) -> Running<'a>,
) -> ExitCode {
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    let usage = called_as(arguments.first(), program);
    let tree = || whole(C::command(), program, &usage);
    let (stdout, stderr) = (io::stdout(), io::stderr());
    let colour = colour::wanted(&Environment::from_process(), stdout.is_terminal());
    // Each table is many short lines: written at once they cost one system call.
    let mut out = io::BufWriter::with_capacity(1 << 16, stdout);
    if let Some(words) = completion::asked(&arguments) {
        // Silent whatever happens: what is written here stands in the middle of a user's line.
        let _ = completion::complete(program, &tree(), words, &mut out);
        return ExitCode::SUCCESS;
    }
    if let Some(written) = reference::asked(&arguments, tree, &mut out) {
        let flushed = written.and_then(|()| Ok(out.flush()?));
        return flushed.map_or_else(|failure| fail(&failure, &mut io::stderr().lock()), |()| ExitCode::SUCCESS);
    }
    normalise(&mut arguments);
    let (name, parsed) = match parse::<C>(&arguments, tree()) {
        Ok(parsed) => parsed,
        Err(error) if error.kind() == ErrorKind::DisplayVersion => return answer(&program.line(), &mut out),
        Err(error) => return usage_error(&error, &tree(), &arguments, &usage, &mut out),
    };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return fail(&Failure::error("the operating system gives no event queue"), &mut stderr.lock());
    };
    let mut err = stderr;
    let notices = Arc::new(Stderr::default());
    let flags = flags(&parsed);
    let warnings_as_errors = flags.warnings_as_errors();
    let mut context = Context {
        program,
        command: name,
        flags,
        environment: Environment::from_process(),
        out: &mut out,
        err: &mut err,
        notices: notices.clone(),
        detached: || (Box::new(io::stdout()), Box::new(io::stderr())),
        terminal: io::stdout().is_terminal(),
        err_is_terminal: io::stderr().is_terminal(),
        stdin: &mut io::stdin(),
        colour,
        now: Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default(),
    };
    let result = runtime.block_on(command(parsed, &mut context));
    let result = result.and_then(|exit| {
        out.flush()?;
        match notices.warnings.load(Ordering::Relaxed) {
            0 => Ok(exit),
            _ if !warnings_as_errors => Ok(exit),
            1 => Err(Failure::error("1 warning received")),
            n => Err(Failure::error(format_args!("{n} warnings received"))),
        }
    });
    // A request that still waits (a name look-up on a thread) must not hold the exit.
    runtime.shutdown_background();
    match result {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(failure) => {
            let _ = out.flush();
            fail(&failure, &mut io::stderr().lock())
        }
    }
}

/// Standard error, and how many warnings of the server's went there.
#[derive(Default)]
struct Stderr {
    warnings: AtomicUsize,
}

impl Notices for Stderr {
    fn notice(&self, line: &str) {
        let _ = writeln!(io::stderr().lock(), "{}", escape_lines(line));
    }

    fn warning(&self, text: &str) {
        self.warnings.fetch_add(1, Ordering::Relaxed);
        self.notice(&format!("Warning: {text}"));
    }
}

fn fail(failure: &Failure, err: &mut dyn Write) -> ExitCode {
    if failure.silent {
        return ExitCode::SUCCESS;
    }
    let _ = writeln!(err, "{}", escape_lines(&failure.message));
    if let Some(hint) = &failure.hint {
        let _ = writeln!(err, "hint: {}", escape_lines(hint));
    }
    ExitCode::from(Exit::Error.code())
}

/// As kubectl takes flags: `--all_namespaces` is `--all-namespaces` (cli-runtime's word separator normalisation).
fn normalise(arguments: &mut [OsString]) {
    for argument in arguments.iter_mut().skip(1) {
        let Some(text) = argument.to_str() else { continue };
        if text == "--" {
            return;
        }
        let Some(flag) = text.strip_prefix("--") else { continue };
        let (name, value) = flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value)));
        if name.contains('_') {
            let name = name.replace('_', "-");
            *argument = value.map_or_else(|| format!("--{name}"), |value| format!("--{name}={value}")).into();
        }
    }
}

/// How the program was called: kubectl finds `kubectl-a_b` for `kubectl a-b`, and a plugin may be installed under another name.
fn called_as(argument: Option<&OsString>, program: &Program) -> String {
    let file = argument.and_then(|path| Path::new(path).file_stem()).and_then(|name| name.to_str());
    match file.and_then(|name| name.strip_prefix("kubectl-")) {
        Some(plugin) => format!("kubectl {}", plugin.replace('_', "-")),
        None => file.unwrap_or(program.usage).to_owned(),
    }
}

/// The program's commands as its user sees them: examples read as it was called.
fn whole(command: Command, program: &Program, usage: &str) -> Command {
    // `--version` among the global flags takes the place of clap's own flag, whose -V no kubectl knows.
    let command = command.version(program.version).propagate_version(true);
    let mut command = reference::named_after(command, usage).args_override_self(true).disable_version_flag(true);
    command.build();
    command
}

/// The subcommand's name and the arguments.
fn parse<C: FromArgMatches>(arguments: &[OsString], mut command: Command) -> Result<(String, C), clap::Error> {
    let matches = command.try_get_matches_from_mut(arguments)?;
    let name = matches.subcommand_name().unwrap_or_default().to_owned();
    C::from_arg_matches(&matches).map(|parsed| (name, parsed)).map_err(|error| error.format(&mut command))
}

fn answer(text: &str, out: &mut dyn Write) -> ExitCode {
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_or_else(|error| fail(&error.into(), &mut io::stderr().lock()), |()| ExitCode::SUCCESS)
}

/// Help goes to stdout; a mistake is told in one line with where to look, and ends in 1 as kubectl's do.
fn usage_error(
    error: &clap::Error,
    command: &Command,
    arguments: &[OsString],
    usage: &str,
    out: &mut dyn Write,
) -> ExitCode {
    let text = error.render().to_string();
    if error.kind() == ErrorKind::DisplayHelp {
        return answer(&text, out);
    }
    let mut err = io::stderr().lock();
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = err.write_all(text.as_bytes());
        return ExitCode::from(Exit::Error.code());
    }
    fail(&usage::failure(error, command, arguments, usage), &mut err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn underscores_in_flags_are_dashes_and_values_stay() {
        let mut arguments: Vec<OsString> =
            ["p", "--all_namespaces", "--sort_by=a_b", "x_y", "--", "--a_b"].map(OsString::from).to_vec();
        normalise(&mut arguments);
        assert_eq!(arguments, ["p", "--all-namespaces", "--sort-by=a_b", "x_y", "--", "--a_b"]);
    }

    #[test]
    fn usage_is_named_after_how_the_program_was_called() {
        const PROGRAM: Program =
            Program { binary: "kubectl-sts", usage: "kubectl sts", version: "0", names: Names::Sets };
        let called = |path: &str| called_as(Some(&path.into()), &PROGRAM);
        assert_eq!(called("/usr/bin/kubectl-sts"), "kubectl sts");
        assert_eq!(called("kubectl-stateful_doctor"), "kubectl stateful-doctor");
        assert_eq!(called("./sts"), "sts");
        assert_eq!(called_as(None, &PROGRAM), "kubectl sts");
    }
}
