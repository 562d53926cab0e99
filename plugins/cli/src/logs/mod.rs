//! What `kubectl sts logs` and `kubectl job logs` share: flags, the run, the thread that writes; and a Job's lines beside its progress.

mod beside;
mod dump;
mod flags;
mod job;
mod run;
mod writer;

pub use beside::JobLines;
pub use dump::{DumpOwner, dump_logs};
pub use flags::LogFlags;
pub use job::{JobLogs, job_logs};
pub use run::{LogRun, Mirror, run_logs};
