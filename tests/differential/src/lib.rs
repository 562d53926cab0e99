//! The same flags and kubeconfigs through real kubectl and through ours, against one recording server.
//!
//! kubectl's part is recorded in `kubectl.json`, so that `cargo test` needs no kubectl: the test runs ours and holds it to the
//! record. `differential check KUBECTL` holds the record to a kubectl, `differential record KUBECTL` makes it anew; the
//! real-cluster lane does the former with its own.
// Test support: a panic here is a failed test, which is the right report of a broken fixture.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc, clippy::doc_markdown)]

mod cases;
mod certificates;
mod outcome;
mod server;
mod world;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

pub use cases::{Case, cases};
pub use outcome::{Outcome, Request};
use world::World;

/// Which program is run.
#[derive(Debug, Clone)]
pub enum Who {
    /// kubectl.
    Kubectl(PathBuf),
    /// Ours: `kubectl-raw`.
    Ours(PathBuf),
}

/// Runs every case, a few at a time.
pub fn run_all(who: &Who) -> BTreeMap<String, Outcome> {
    let queue = Mutex::new(cases());
    let done = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let world = World::new();
                loop {
                    let Some(case) = queue.lock().unwrap().pop() else { return };
                    let outcome = world.run(&case, who);
                    let before = done.lock().unwrap().insert(case.name.clone(), outcome);
                    assert!(before.is_none(), "two cases are called {:?}", case.name);
                }
            });
        }
    });
    done.into_inner().unwrap()
}

/// Where kubectl's part is recorded.
pub fn record_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("kubectl.json")
}

/// kubectl's part.
pub fn recorded() -> BTreeMap<String, Outcome> {
    serde_json::from_str(&std::fs::read_to_string(record_path()).unwrap()).unwrap()
}
