//! What ends a wait, and what ends following.

use workload_cli::Exit;
use workload_core::gather::live::News;
use workload_core::logs::Finished;

/// Something happened, or a time is over.
pub(super) enum Wake {
    Job(News),
    Pod(News),
    /// No more lines will come.
    Lines(Finished),
    Signal(Exit),
    /// It is time to look why it is not at work.
    Look,
    TimedOut,
    NotStarted,
    /// The lines that are still on their way are not waited for any longer.
    Late,
}

/// Why it is followed no more.
pub(super) enum How {
    /// It ended, or is gone.
    Ended,
    Signal(Exit),
    TimedOut,
    NotStarted,
}

impl How {
    /// Why its lines are not shown to their end, where nothing else is to be told.
    pub(super) fn cut_short(&self) -> &'static str {
        match self {
            Self::Ended => "the rest was not waited for",
            Self::Signal(Exit::Terminated) => "terminated",
            Self::Signal(_) => "interrupted",
            Self::TimedOut => "the time of --timeout is over",
            Self::NotStarted => "the time of --start-timeout is over",
        }
    }
}
