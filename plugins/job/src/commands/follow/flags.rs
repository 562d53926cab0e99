//! The flags of following a Job to its end.

use std::time::Duration;

use clap::{Args, ValueEnum};
use workload_cli::Failure;
use workload_core::jobs::follow::Rules;

/// Following, and what decides.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Following")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command")]
pub(crate) struct FollowFlags {
    /// Show the Job's lines, of all attempts, and wait for its end; its result is the exit code
    #[arg(short, long)]
    follow: bool,
    /// Wait for the Job's end without its lines; its result is the exit code
    #[arg(long)]
    wait: bool,
    /// Stop following after this time [default: none]; the Job goes on
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) timeout: Option<Duration>,
    /// Stop following when no container has run after this time, and say why [default: none]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) start_timeout: Option<Duration>,
    /// Delete the Job and its pods when one of these times is over
    #[arg(long)]
    pub(super) cancel_on_timeout: bool,
    /// Take failure as soon as it is decided, while pods still end
    #[arg(long)]
    fail_fast: bool,
    /// Take success as soon as this container has ended with 0, whatever its sidecars do
    #[arg(long, value_name = "CONTAINER")]
    pub(super) success_from: Option<String>,
    /// Where the exit code of a failed Job comes from
    #[arg(long, value_enum, value_name = "SOURCE", default_value = "condition")]
    pub(super) exit_code_from: ExitCodeFrom,
}

/// `--exit-code-from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum ExitCodeFrom {
    /// 10, or 11 when its deadline passed
    #[default]
    Condition,
    /// The container that failed last
    Container,
}

fn duration(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse() {
        return Ok(Duration::from_secs(seconds));
    }
    match workload_core::connect::duration::parse_go(text) {
        Some((false, duration)) => Ok(duration),
        _ => Err("a time is 90, 90s or 2h".to_owned()),
    }
}

impl FollowFlags {
    /// Whether the Job is followed.
    pub(crate) fn follows(&self) -> bool {
        self.wait || self.follow
    }

    /// Whether its lines are shown.
    pub(crate) fn shows_lines(&self) -> bool {
        self.follow
    }

    /// Says what is wrong with the flags before anything is read.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let alone = [
            ("--timeout", self.timeout.is_some()),
            ("--start-timeout", self.start_timeout.is_some()),
            ("--cancel-on-timeout", self.cancel_on_timeout),
            ("--fail-fast", self.fail_fast),
            ("--success-from", self.success_from.is_some()),
            ("--exit-code-from", self.exit_code_from != ExitCodeFrom::default()),
        ];
        let given = alone.iter().find(|(_, given)| *given && !self.follows());
        if let Some((flag, _)) = given {
            return Err(Failure::error(format_args!("{flag} is about following a Job"))
                .hint("--follow shows its lines to its end, --wait only its progress"));
        }
        if self.cancel_on_timeout && self.timeout.is_none() && self.start_timeout.is_none() {
            return Err(Failure::error("--cancel-on-timeout needs --timeout or --start-timeout"));
        }
        Ok(())
    }

    pub(super) fn rules(&self) -> Rules {
        Rules { fail_fast: self.fail_fast, success_from: self.success_from.clone() }
    }
}
