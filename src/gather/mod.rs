//! Facts out of a cluster, or out of files that describe one.
pub mod around;
mod claim;
pub mod cluster;
pub mod cron_jobs;
pub mod dns_server;
pub mod epitaph;
mod event;
pub mod files;
pub mod hooks;
mod intern;
mod involved;
mod job;
pub mod job_run;
pub mod jobs;
mod kind;
pub mod left_pods;
pub mod limits;
mod lists;
pub mod live;
pub mod log_needs;
pub mod log_tail;
pub mod names;
pub(crate) mod network_policy;
mod page;
mod pod;
mod pod_detail;
mod pod_run;
mod pod_wire;
pub mod raw;
mod redact;
mod referrer;
mod release;
pub mod resource;
pub mod revisions;
pub mod snapshot;
pub use redact::redact;
mod surroundings;
mod typed;
pub mod usage;
mod volume;
pub mod watch;
pub mod watched;
mod wire;

/// Reads an answer of any bytes as a page of pods, claims and volumes, as it comes in pieces of this size: how many objects, and the next
/// page's token. For the fuzz target.
#[cfg(fuzzing)]
pub fn read_page(answer: &[u8], piece: usize) -> [Option<(usize, Option<String>)>; 4] {
    fn read<K: kind::Kind>(answer: &[u8], piece: usize) -> Option<(usize, Option<String>)> {
        use crate::connect::Intake as _;
        let intern = std::cell::RefCell::default();
        let mut reader = page::PageReader::<K>::new(&intern, std::rc::Rc::default());
        answer.chunks(piece).try_for_each(|piece| reader.take(piece)).ok()?;
        let page = reader.end().ok()?;
        Some((page.items.len(), page.next))
    }
    use crate::facts::{Claim, Pod, Volume};
    [
        read::<Pod>(answer, piece),
        read::<involved::Involved<false>>(answer, piece),
        read::<Claim>(answer, piece),
        read::<Volume>(answer, piece),
    ]
}
