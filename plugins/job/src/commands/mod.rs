//! The commands, a file or folder each.
pub(crate) mod status;
mod target;
