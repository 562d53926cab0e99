//! What ends a wait.

use workload_cli::Exit;
use workload_core::gather::live::News;

/// Something happened, or a time is over.
pub(super) enum Wake {
    Job(News),
    Pod(News),
    Signal(Exit),
    /// Nothing of the Job runs, and nothing was heard for a while.
    Quiet,
    TimedOut,
    NotStarted,
}
