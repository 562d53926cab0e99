//! Asking before something is changed.

use clap::ValueEnum;

use crate::{Context, Failure};

/// What came of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmed {
    /// Go on.
    Yes,
    /// Something else was typed.
    No,
    /// Nobody is there to be asked, and `--yes` was not given.
    NobodyThere,
}

/// `--dry-run`, as kubectl has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DryRun {
    /// Changes things.
    None,
    /// Shows the plan, and sends nothing that changes.
    Client,
    /// Sends the requests, has the server check them, and changes nothing.
    Server,
}

/// Asks for a phrase to be typed, unless `yes` says that it was answered before.
pub fn confirm(context: &mut Context<'_>, question: &str, phrase: &str, yes: bool) -> Result<Confirmed, Failure> {
    if yes {
        return Ok(Confirmed::Yes);
    }
    if !context.environment.stdin_is_terminal {
        return Ok(Confirmed::NobodyThere);
    }
    write!(context.err, "{} Type {:?} to go on: ", workload_core::render::escape(question), phrase)?;
    context.err.flush()?;
    Ok(if line(context.stdin)?.trim() == phrase { Confirmed::Yes } else { Confirmed::No })
}

/// One line, read no further than its end: what follows on standard input is not ours.
fn line(from: &mut dyn std::io::Read) -> std::io::Result<String> {
    let (mut bytes, mut one) = (Vec::new(), [0; 1]);
    while from.read(&mut one)? == 1 && one[0] != b'\n' {
        bytes.push(one[0]);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
