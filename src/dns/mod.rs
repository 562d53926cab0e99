//! The names of a set's pods: what its governing Service must be like for them to exist.

mod declared;
mod governing;
mod service_manifest;

pub use declared::declared;
pub use governing::{Governing, findings};
