//! From a kubeconfig to an API client that behaves as kubectl does.
//!
//! Everything about the way to the server is here: which files are read and how they are merged, which flags win, proxies, TLS,
//! credentials and plugins, deadlines, what is sent again and what never is, and the sentences in which failures are told. The client
//! library's own configuration and stack are not used: they differ from kubectl in more than thirty ways. This is also the only place of
//! the library that reads the process environment, all of it in [`Environment`].
//!
//! ```no_run
//! # async fn example() -> Result<(), workload_core::connect::Error> {
//! use std::sync::Arc;
//! use workload_core::connect::{Client, ConnectOptions, Environment, Silent};
//!
//! let options = ConnectOptions { user_agent: "kubectl-sts/0.1.0".to_owned(), ..Default::default() };
//! let client = Client::connect(&options, &Environment::from_process(), Arc::new(Silent), 0)?;
//! let sets = client.get("/apis/apps/v1/statefulsets?limit=500", None).await?;
//! # let _ = sets;
//! # Ok(())
//! # }
//! ```

mod auth;
mod body;
mod client;
mod clock;
mod dial;
pub mod duration;
mod env;
mod error;
mod exec;
mod failure;
mod gunzip;
mod in_cluster;
mod kubeconfig;
mod kuberc;
mod load;
mod lookup;
mod notices;
mod oidc;
mod oidc_store;
mod options;
mod plan;
mod pool;
mod proxy;
mod resolve;
mod retry;
mod server;
mod status;
mod stream;
mod tls;
mod transport;
mod tunnel;
mod warnings;

pub use client::{Answer, Client, DEFAULT_DEADLINE, Intake};
pub use env::Environment;
pub use error::{Error, ErrorKind, Refusal};
pub use notices::{Notices, Silent};
pub use options::{ConnectOptions, Secret};
pub use plan::{KubeconfigNames, names, namespace};
pub use stream::Stream;

/// Reads a kubeconfig's bytes as every command does: for the fuzz target.
#[cfg(fuzzing)]
pub fn read_kubeconfig(bytes: &[u8]) -> Result<(), String> {
    kubeconfig::parse(bytes).map(drop)
}

#[cfg(test)]
mod tests;
