//! Exit codes: scripts and runbooks rely on them.

/// How a run ended. Codes are documented in the README and stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done; for a diagnosis: it was made, whatever it found.
    Done,
    /// Usage, connection, not found, refused by the server; or a part could not be done.
    Error,
    /// The Job that was followed failed.
    JobFailed,
    /// The Job's own deadline passed.
    DeadlinePassed,
    /// The Job vanished before its result was known.
    Vanished,
    /// Logs with gaps or ends that are not verified, under `--strict`.
    Incomplete,
    /// Our own `--timeout` ran out.
    TimedOut,
    /// SIGINT.
    Interrupted,
    /// SIGTERM.
    Terminated,
    /// A container's own code (`--exit-code-from=container`).
    Mirrored(u8),
}

impl Exit {
    /// The process' exit code. Usage errors are 1 as well: kubectl never uses 2.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::JobFailed => 10,
            Self::DeadlinePassed => 11,
            Self::Vanished => 13,
            Self::Incomplete => 15,
            Self::TimedOut => 124,
            Self::Interrupted => 130,
            Self::Terminated => 143,
            Self::Mirrored(code) => code,
        }
    }
}
