//! Facts out of a cluster, or out of files that describe one.
pub mod around;
mod claim;
pub mod cluster;
mod event;
pub mod files;
mod intern;
mod kind;
mod lists;
mod pod;
mod redact;
mod referrer;
pub mod resource;
pub mod snapshot;
pub use redact::redact;
mod surroundings;
mod typed;
mod volume;
mod wire;
