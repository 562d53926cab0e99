//! What is known of a cluster's StatefulSets, Jobs, volumes and names, and what follows from it.
//!
//! One way through: `connect` makes clients, `gather` turns what they read into [`facts`], the domain modules turn facts into
//! verdicts, `render` turns verdicts into text. This library prints nothing and reads the environment only in `connect`.
#![deny(missing_docs)]

pub mod change;
pub mod connect;
pub mod dns;
pub mod facts;
pub mod findings;
pub mod gather;
pub mod jobs;
pub mod logs;
pub mod pods;
#[cfg(test)]
mod protobuf_corpus;
pub mod render;
pub mod rollout;
pub mod volumes;
