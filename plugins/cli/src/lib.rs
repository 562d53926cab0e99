//! What kubectl-sts and kubectl-job share: kubectl's flags, exit codes, sources of facts, and the runner.

mod colour;
mod completion;
mod confirm;
mod context;
mod exit;
mod failure;
mod flags;
mod logs;
mod output;
mod patience;
mod permissions;
mod reference;
mod runbooks;
mod runner;
mod snapshot;
mod source;
mod target;
mod usage;
mod version;
mod watch;

pub use completion::{CompletionArgs, Names};
pub use confirm::{Confirmed, DryRun, confirm};
pub use context::Context;
pub use exit::Exit;
pub use failure::{Failure, nearest};
pub use flags::GlobalFlags;
pub use logs::{DumpOwner, JobLines, JobLogs, LogFlags, LogRun, Mirror, dump_logs, job_logs, run_logs};
pub use output::{Format, OutputFlags};
pub use permissions::check as check_permissions;
pub use runbooks::{ExplainArgs, Page, pages};
pub use runner::{Program, Running, run};
pub use snapshot::SnapshotFlags;
pub use source::{Asked, Facts, FileFlags, SelectFlags, Selection, set_not_found};
pub use target::{Target, TargetArgs};
pub use version::VersionArgs;
pub use watch::{Seen, WatchFlags, Watched, wait_limit};

/// musl's own allocator takes twice the time for many small strings, which is what these programs make.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
