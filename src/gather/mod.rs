//! Facts out of a cluster, or out of files that describe one.
mod claim;
pub mod files;
mod intern;
mod kind;
mod pod;
pub mod resource;
mod typed;
mod volume;
mod wire;
