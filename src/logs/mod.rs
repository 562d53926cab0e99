//! Logs that lose nothing: which containers are followed, and how each line is handed on once and in order.
//!
//! The log API has no offsets, no end marker and no identity: an answer that ends in good order may be the container's end, a kubelet
//! that restarted, or a proxy's limit, and the same address may answer with another attempt of the container. So every end is a
//! question that is answered from the pod's state, and every new answer is laid against what was handed on before ([`resume`]).
//!
//! Without I/O: [`stamp`], [`lines`], [`resume`], [`batch`], [`attempts`], [`targets`], `intake`. The others talk, through the seam [`api`].

pub mod api;
pub mod attempts;
pub mod batch;
mod close;
mod drain;
pub mod dump;
mod engine;
pub mod event;
mod follow;
mod held;
mod intake;
pub mod job_end;
pub mod lines;
mod live;
mod merge;
mod pace;
pub mod plan;
mod poll;
mod reflect;
pub mod report;
pub mod resume;
#[cfg(test)]
mod sim;
pub mod stamp;
mod stream;
pub mod targets;
mod told;
mod whose;

pub use api::OwnerKind;
pub use engine::{Finished, run};
pub use intake::Limits;
pub use live::Live;
pub use told::Told;
