//! The real-cluster lane: what the programs print about a cluster whose states real controllers made.
//!
//! `tests/cluster/run` starts the cluster and this program inside its network namespace. Without that (as under
//! `cargo test --workspace`) there is nothing to hold the programs to, and it says so.

// Expected outputs stand where they are asserted.
#![expect(clippy::too_many_lines)]

mod lane;

mod ambiguous;
mod backups;
mod causes;
mod claims;
mod connect;
mod cron_jobs;
mod csi;
mod dns;
mod dns_replicas;
mod dns_server;
mod errors;
mod fates;
mod follow_jobs;
mod healthy;
mod hook_causes;
mod hooks;
mod job_notices;
mod jobs;
mod leftovers;
mod limits;
mod logs;
mod modes;
mod nodes;
mod ordinals;
mod peers;
mod pending;
mod permissions;
mod places;
mod rare;
mod run_equals;
mod run_jobs;
mod services;
mod shipped_roles;
mod story;
mod topologies;

use std::process::ExitCode;

fn main() -> ExitCode {
    let files: &[&[lane::Scenario]] = &[
        story::SCENARIOS,
        services::SCENARIOS,
        claims::SCENARIOS,
        connect::SCENARIOS,
        pending::SCENARIOS,
        ordinals::SCENARIOS,
        ambiguous::SCENARIOS,
        permissions::SCENARIOS,
        shipped_roles::SCENARIOS,
        dns::SCENARIOS,
        dns_replicas::SCENARIOS,
        errors::SCENARIOS,
        leftovers::SCENARIOS,
        limits::SCENARIOS,
        fates::SCENARIOS,
        cron_jobs::SCENARIOS,
        csi::SCENARIOS,
        logs::sets::SCENARIOS,
        logs::jobs::SCENARIOS,
        logs::nodes::SCENARIOS,
        logs::wire::SCENARIOS,
        modes::SCENARIOS,
        causes::SCENARIOS,
        jobs::SCENARIOS,
        job_notices::SCENARIOS,
        hooks::SCENARIOS,
        hook_causes::SCENARIOS,
        nodes::SCENARIOS,
        peers::SCENARIOS,
        places::SCENARIOS,
        rare::SCENARIOS,
        healthy::SCENARIOS,
        run_jobs::SCENARIOS,
        run_equals::SCENARIOS,
        follow_jobs::SCENARIOS,
        backups::SCENARIOS,
        topologies::SCENARIOS,
    ];
    lane::run(&files.concat())
}
