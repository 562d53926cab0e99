//! The names of a set's pods: what its governing Service must be like for them to exist, what follows from the API for each of
//! them, what every DNS server really answers, and where the two differ.
//!
//! Pure, but for [`ask`], [`resolver`] and [`inside`], which talk to servers.

pub mod ask;
mod blocked;
pub mod compare;
mod corefile;
mod declared;
mod governing;
pub mod inquiry;
pub mod inside;
pub mod look;
mod nameservers;
pub mod overview;
pub mod pipeline;
pub mod predict;
mod question;
pub mod questions;
pub mod resolver;
pub mod search;
pub mod seen;
mod service_manifest;
pub mod survey;
pub mod vantage;
pub mod way;
pub mod wire;
pub mod zone;

pub use blocked::blocked;
pub use corefile::Corefile;
pub use declared::declared;
pub use governing::{Governing, findings};
pub use question::{Outcome, Question, Rcode, RecordKind, Reply, Soa};
