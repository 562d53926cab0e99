//! `kubectl sts` as a user runs it, against a fake API server that serves recorded objects, and on files.

mod errors;
mod files;
mod hostile;
mod permissions;
mod readme;
mod requests;
mod status;
mod volumes;

use workload_tests::{Cluster, Normalise, Output, Program, Running};

/// The example cluster that ships with the repository, on a server.
fn shop() -> Cluster {
    Cluster::new().file("examples/shop.yaml")
}

fn sts() -> Program {
    Program::new(env!("CARGO_BIN_EXE_kubectl-sts"))
}

/// Runs a command line in namespace `shop` of a cluster.
fn run(cluster: &Running, line: &str) -> Output {
    sts().cluster(cluster).args(line.split(' ')).args(["-n", "shop"]).run()
}

/// The whole output, with what differs from run to run made the same.
fn shown(cluster: &Running, seen: &Output) -> String {
    Normalise::new().cluster(cluster).ages().times().replace(r"pvc-[0-9a-f]{8}…", "pvc-[SHORT]…").whole(seen)
}
