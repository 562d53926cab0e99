//! Facts out of a cluster, or out of files that describe one.
mod claim;
pub mod cluster;
pub mod dns_server;
pub mod epitaph;
pub mod files;
mod intern;
pub mod job_run;
mod kind;
mod lists;
pub mod live;
pub mod names;
mod pod;
pub mod raw;
pub mod resource;
mod typed;
mod volume;
pub mod watch;
mod wire;
