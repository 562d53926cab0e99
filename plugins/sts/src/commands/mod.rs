//! A file or folder per command.

pub(crate) mod clean;
pub(crate) mod dns;
pub(crate) mod logs;
pub(crate) mod orphans;
pub(crate) mod preview;
pub(crate) mod snapshot;
pub(crate) mod status;
pub(crate) mod unstick;
pub(crate) mod volumes;

use workload_cli::{Context, Failure};
use workload_core::facts::{Cluster, Why};

/// Says in one line which kinds the files do not hold: what depends on them can't be told. What a server refused is said while it is read.
pub(super) fn note_not_in_files(context: &mut Context<'_>, cluster: &Cluster) -> Result<(), Failure> {
    let missing = cluster.refusals().filter(|refusal| refusal.why == Why::NotInFiles);
    let names: Vec<&str> = missing.filter_map(|refusal| refusal.resource.split('.').next()).collect();
    if names.is_empty() {
        return Ok(());
    }
    context.note(&format!("note: the files hold no {}: what depends on them can't be told", names.join(", ")))
}
