//! How an object of each kind becomes a fact.

use serde::Deserialize;
use workload_skim::{Skimmer, Stop};

use super::intern::Interner;
use super::resource::Resource;

/// A kind that is read.
pub(crate) trait Kind: Sized {
    /// Its shape in an answer or a file.
    type Wire<'a>: Deserialize<'a>;
    /// Where it is served.
    const RESOURCE: &'static Resource;
    /// The media types in which a list is asked for, where less than whole objects will do.
    const LISTED_AS: Option<&'static str> = None;
    /// Reads an object where it stands, for the kinds of which a cluster has most; [`Stop::Unlike`] leaves it to the library.
    fn skim<'a>(_: &mut Skimmer<'a>) -> Result<Self::Wire<'a>, Stop> {
        Err(Stop::Unlike)
    }
    /// Keeps what diagnoses read.
    fn from_wire(wire: Self::Wire<'_>, intern: &mut Interner) -> Self;
}
