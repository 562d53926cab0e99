//! `kubectl sts` as a user runs it, against a fake API server that serves recorded objects, and on files.

#[path = "../shared/completion.rs"]
mod completion;
mod completion_of_names;
mod dns;
mod errors;
mod files;
#[path = "../shared/help.rs"]
mod help;
mod hostile;
mod leftovers;
mod permissions;
#[path = "../shared/readme.rs"]
mod readme;
mod requests;
mod status;
mod volumes;
mod watch;

use workload_tests::{Cluster, Normalise, Output, Program, Running};

/// The example cluster that ships with the repository, on a server.
fn shop() -> Cluster {
    Cluster::new().file("examples/shop.yaml")
}

/// The plugin's name.
const NAME: &str = "sts";
const BINARY: &str = env!("CARGO_BIN_EXE_kubectl-sts");
/// The namespace of the example cluster that the help's examples are about.
const NAMESPACE: &str = "shop";
const NAMESPACE_OBJECT: &str = "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}";
/// How many examples the help has at least.
const README_EXAMPLES: usize = 4;
const EXAMPLES: usize = 11;

fn program() -> Program {
    Program::new(BINARY)
}

fn sts() -> Program {
    program()
}

fn example_cluster() -> Running {
    dns::with_dns().yaml(NAMESPACE_OBJECT).start()
}

/// Runs a command line in namespace `shop` of a cluster.
fn run(cluster: &Running, line: &str) -> Output {
    sts().cluster(cluster).args(line.split(' ')).args(["-n", "shop"]).run()
}

/// The whole output, with what differs from run to run made the same.
fn shown(cluster: &Running, seen: &Output) -> String {
    Normalise::new()
        .cluster(cluster)
        .ages()
        .times()
        .replace("AGE +CREATED", "AGE   CREATED")
        .replace(r"pvc-[0-9a-f]{8}…", "pvc-[SHORT]…")
        .whole(seen)
}
