//! The only sender of writes: each with the identity of what was shown, and a journal of what dies; creations once, under a name that
//! was chosen before.
//!
//! A name alone is no identity: the object may have been replaced between plan and act. So every deletion carries the UID and the resource
//! version of the object that the user saw, and the server refuses it with 409 when either has changed.

mod create;
mod journal;
mod send;

pub use create::{Created, Creation, KEY, Look, NotCreated};
pub use journal::{Journal, default_path};
pub use send::{Identity, delete, fetch, retain};
