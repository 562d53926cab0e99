//! A file or folder per command.

pub(crate) mod clean;
pub(crate) mod dns;
pub(crate) mod orphans;
pub(crate) mod preview;
pub(crate) mod snapshot;
pub(crate) mod status;
pub(crate) mod unstick;
pub(crate) mod volumes;
