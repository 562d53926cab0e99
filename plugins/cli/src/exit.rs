//! Exit codes: scripts and runbooks rely on them.

use workload_core::findings::Severity;

/// How a run ended. Codes are documented in the README and stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done; for a diagnosis: it was made, whatever it found.
    Done,
    /// Usage, connection, not found, refused by the server; or a part could not be done.
    Error,
    /// Refused by one of our own guards; nothing was changed.
    Refused,
    /// The Job that was followed failed.
    JobFailed,
    /// The Job's own deadline passed.
    DeadlinePassed,
    /// The Job did not start in the time that it was given.
    NotStarted,
    /// The Job vanished before its result was known, or whether it was created can't be told.
    Vanished,
    /// SIGINT.
    Interrupted,
    /// SIGTERM.
    Terminated,
    /// A container's own code (`--exit-code-from=container`).
    Mirrored(u8),
    /// Logs with gaps or ends that are not verified, under `--strict`.
    Gaps,
    /// `--exit-code`: at least one Fault was found.
    Fault,
    /// `--exit-code`: no Fault was found, but a part could not be read.
    Incomplete,
    /// Our own time limit passed: `--wait=DURATION`, `--timeout`.
    TimedOut,
}

impl Exit {
    /// How a diagnosis ends under `--exit-code`: by the worst that it found. An error of the run itself outweighs that.
    #[must_use]
    pub fn by_severity(self, severities: impl Iterator<Item = Severity>) -> Self {
        let worst = severities.max().unwrap_or(Severity::Ok);
        match (self, worst) {
            (Self::Done, Severity::Fault) => Self::Fault,
            (Self::Done, Severity::Unknown) => Self::Incomplete,
            (other, _) => other,
        }
    }

    /// The process' exit code. Usage errors are 1 as well: kubectl never uses 2.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Refused => 3,
            Self::JobFailed | Self::Fault => 10,
            Self::DeadlinePassed => 11,
            Self::NotStarted => 12,
            Self::Vanished => 13,
            Self::Incomplete => 14,
            Self::Gaps => 15,
            Self::TimedOut => 124,
            Self::Interrupted => 130,
            Self::Terminated => 143,
            Self::Mirrored(code) => code,
        }
    }
}
