//! How far a set is: a row per ordinal, from the pods themselves.

mod ordinals;

pub use ordinals::{Ordinal, Revision, ordinals, ready};
