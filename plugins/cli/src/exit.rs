//! Exit codes: scripts and runbooks rely on them.

/// How a run ended. Codes are documented in the README and stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done; for a diagnosis: it was made, whatever it found.
    Done,
    /// Usage, connection, not found, refused by the server; or a part could not be done.
    Error,
    /// Refused by one of our own guards; nothing was changed.
    Refused,
}

impl Exit {
    /// The process' exit code. Usage errors are 1 as well: kubectl never uses 2.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Refused => 3,
        }
    }
}
