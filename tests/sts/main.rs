//! `kubectl sts` as a user runs it, against a fake API server that serves recorded objects, and on files.

#[path = "../shared/completion.rs"]
mod completion;
mod completion_of_names;
mod dns;
mod dns_notices;
#[path = "../shared/docs.rs"]
mod docs;
#[path = "../shared/endings.rs"]
mod endings;
mod errors;
#[path = "../shared/explain.rs"]
mod explain;
mod files;
#[path = "../shared/help.rs"]
mod help;
mod hostile;
mod leftovers;
mod logs;
mod logs_of_a_dump;
mod permissions;
mod races;
mod requests;
#[path = "../shared/roles.rs"]
mod roles;
#[path = "../shared/secrets.rs"]
mod secrets;
mod status;
#[path = "../shared/sweep.rs"]
mod sweep;
mod unstick;
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
const EXAMPLES: usize = 17;
/// What the sweep leaves out.
const NOT_SWEPT: &[&str] = &["completion"];
/// How many outputs the docs show.
const DOC_EXAMPLES: usize = 6;
/// The commands that need permissions: command, what sets the role apart, and the flags under which it needs more.
const ROLES: &[(&str, &str, &[&str])] = &[
    ("dns", "", &["dns", "dns --watch"]),
    // Its Service is looked for in all namespaces.
    ("dns", "-by-address", &["dns --dns-service 10.96.0.10"]),
    // Running commands in pods is more than reading: it is given apart.
    ("dns", "-exec", &["dns --in pod/redis-stset-0"]),
    ("status", "", &["status", "status --watch"]),
    ("logs", "", &["logs x -f"]),
    ("orphans", "", &["orphans"]),
    ("preview", "", &["preview scale redis-stset --replicas 1", "preview delete redis-stset"]),
    ("clean", "", &["clean data-redis-stset-3"]),
    ("clean", "-retain-disk", &["clean data-redis-stset-3 --retain-disk"]),
    ("unstick", "", &["unstick redis-stset"]),
    ("snapshot", "", &["snapshot redis-stset"]),
    ("volumes", "", &["volumes", "volumes --watch"]),
    // Through a kubelet commands can be run in every pod: it is given apart.
    ("volumes", "-usage", &["volumes --usage"]),
];

fn program() -> Program {
    Program::new(BINARY)
}

fn sts() -> Program {
    program()
}

fn example() -> Cluster {
    dns::with_dns().yaml(NAMESPACE_OBJECT)
}

fn example_cluster() -> Running {
    example().start()
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
