//! The commands, a file or folder each.

pub(crate) mod logs;
pub(crate) mod status;
mod target;
