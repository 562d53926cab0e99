//! Facts out of a cluster, or out of files that describe one.
mod claim;
pub mod cluster;
pub mod files;
mod intern;
mod kind;
mod lists;
mod pod;
pub mod resource;
mod typed;
mod volume;
pub mod watch;
mod wire;
