//! What ends a wait.

use workload_cli::Exit;
use workload_core::gather::live::News;

/// Something happened, or a time is over.
pub(super) enum Wake {
    Job(News),
    Pod(News),
    Signal(Exit),
    TimedOut,
    NotStarted,
}
