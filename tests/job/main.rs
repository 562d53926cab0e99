//! `kubectl job` as a user runs it, against a fake API server that serves recorded objects, and on files.

#[path = "../shared/completion.rs"]
mod completion;
#[path = "../shared/help.rs"]
mod help;
mod jobs;
mod logs;

use workload_tests::{Cluster, Program, Running};

/// The plugin's name.
const NAME: &str = "job";
const BINARY: &str = env!("CARGO_BIN_EXE_kubectl-job");
/// The namespace of the example cluster that the help's examples are about.
const NAMESPACE: &str = "shop";
const NAMESPACE_OBJECT: &str = "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}";
/// How many examples the help has at least.
const EXAMPLES: usize = 7;

fn program() -> Program {
    Program::new(BINARY)
}

fn example_cluster() -> Running {
    jobs::with_jobs(Cluster::new()).file("examples/shop.yaml").yaml(NAMESPACE_OBJECT).start()
}
