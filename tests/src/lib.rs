//! A fake API server over real TLS, and a runner for the compiled programs: what hermetic end-to-end tests need.
//!
//! ```no_run
//! use workload_tests::{Cluster, Fault, On, Program};
//!
//! let cluster = Cluster::new()
//!     .file("objects/redis.json")
//!     .deny("list", "persistentvolumes")
//!     .fault(On::list("pods").nth(2), Fault::gone())
//!     .start();
//! let seen = Program::new("target/debug/kubectl-sts").cluster(&cluster).args(["volumes", "-n", "shop"]).run();
//! assert_eq!(seen.code, 0, "{}", seen.stderr);
//! cluster.requests().assert_read_only();
//! ```
//!
//! One file per idea: `cluster` is the builder and the running server, `serve` the connections, `target` what a request
//! asks for, `store` the objects with their history, `list`, `watch`, `write`, `logs` and `access` the answers,
//! `protobuf` their other encoding, `fault` what goes wrong on purpose, `record` what was asked, `bulk` large clusters, `etcd` the same in a real server,
//! `run`, `terminal` and `normalise` the programs.
// Test support: a panic here is a failed test, which is the right report of a broken fixture.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]
// Kubernetes' kinds are words of this crate's prose.
#![allow(clippy::doc_markdown)]
// A Status is made once for a refused request: its size costs nothing here.
#![allow(clippy::result_large_err)]
// The kind of a Kind, the status of a Status: the API's own names.
#![allow(clippy::struct_field_names)]
// A builder's methods are chained; marking each of them would say nothing new.
#![allow(clippy::must_use_candidate, clippy::return_self_not_must_use)]

mod access;
mod answer;
pub mod bulk;
mod cluster;
mod discovery;
mod etcd;
mod fault;
mod flow;
mod forward;
mod kinds;
mod kubeconfig;
mod list;
mod logs;
mod names;
mod normalise;
mod pretty;
mod protobuf;
mod record;
mod run;
mod running;
pub mod schema;
mod select;
mod serve;
mod status;
mod store;
mod target;
#[cfg(target_os = "linux")]
mod terminal;
mod tls;
mod watch;
mod write;

pub use answer::Answer;
pub use cluster::{Cluster, Gzip};
pub use fault::{Action, Fault, On};
pub use names::Names;
pub use normalise::Normalise;
pub use record::{Record, Requests};
pub use run::{Output, Program};
pub use running::Running;
pub use serve::Door;
#[cfg(target_os = "linux")]
pub use terminal::{OnTerminal, Terminal};
pub use tls::Certificate;
