//! Facts out of a cluster, or out of files that describe one.
mod claim;
pub mod cluster;
pub mod dns_server;
pub mod files;
mod intern;
mod job;
mod kind;
mod lists;
pub mod names;
mod pod;
mod pod_run;
pub mod resource;
mod typed;
mod volume;
pub mod watch;
pub mod watched;
mod wire;
