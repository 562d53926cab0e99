//! How an object of each kind becomes a fact.

use serde::Deserialize;
use workload_protobuf::Broken;

use super::intern::Interner;
use super::resource::Resource;

/// A kind that is read.
pub(crate) trait Kind: Sized {
    /// Its shape in an answer or a file.
    type Wire<'a>: Deserialize<'a>;
    /// Where it is served.
    const RESOURCE: &'static Resource;
    /// The media types in which a list is asked for, where JSON is not wanted, or less than whole objects will do.
    const LISTED_AS: Option<&'static str> = None;
    /// Reads an object in protobuf, for the kinds that are asked for in it.
    fn from_protobuf(_: &[u8]) -> Result<Self::Wire<'_>, Broken> {
        Err(Broken)
    }
    /// Keeps what diagnoses read.
    fn from_wire(wire: Self::Wire<'_>, intern: &mut Interner) -> Self;
}
