//! A file or folder per command.

pub(crate) mod dns;
pub(crate) mod logs;
pub(crate) mod status;
pub(crate) mod volumes;
