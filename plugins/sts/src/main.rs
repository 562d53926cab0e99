//! kubectl sts: StatefulSets, their volumes and names.

mod commands;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use workload_cli::{CompletionArgs, Context, ExplainArgs, GlobalFlags, Names, Program, VersionArgs, run};

use commands::clean::CleanArgs;
use commands::dns::DnsArgs;
use commands::logs::LogsArgs;
use commands::orphans::OrphansArgs;
use commands::preview::PreviewArgs;
use commands::snapshot::SnapshotArgs;
use commands::status::StatusArgs;
use commands::unstick::UnstickArgs;
use commands::volumes::VolumesArgs;

static PROGRAM: Program =
    Program { binary: "kubectl-sts", usage: "kubectl sts", version: env!("CARGO_PKG_VERSION"), names: Names::Sets };

/// Which address, claim and volume does each pod of a StatefulSet have, and what is wrong with them?
#[derive(Parser)]
#[command(disable_help_subcommand = true, subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    flags: GlobalFlags,
}

#[derive(Subcommand)]
enum Command {
    Dns(DnsArgs),
    Logs(Box<LogsArgs>),
    Status(StatusArgs),
    Volumes(VolumesArgs),
    Orphans(OrphansArgs),
    Preview(PreviewArgs),
    Clean(CleanArgs),
    Unstick(UnstickArgs),
    Snapshot(SnapshotArgs),
    Explain(ExplainArgs),
    Completion(CompletionArgs),
    /// Print the version of this program
    Version(VersionArgs),
}

fn main() -> ExitCode {
    run::<Cli>(
        &PROGRAM,
        |cli| cli.flags.clone(),
        |cli, context: &mut Context<'_>| {
            Box::pin(async move {
                match cli.command {
                    Command::Dns(args) => args.run(context).await,
                    Command::Logs(args) => args.run(context).await,
                    Command::Status(args) => args.run(context).await,
                    Command::Volumes(args) => args.run(context).await,
                    Command::Orphans(args) => args.run(context).await,
                    Command::Preview(args) => args.run(context).await,
                    Command::Clean(args) => args.run(context).await,
                    Command::Unstick(args) => args.run(context).await,
                    Command::Snapshot(args) => args.run(context).await,
                    Command::Explain(args) => args.run(context),
                    Command::Completion(args) => args.run(context),
                    Command::Version(args) => args.run(context),
                }
            })
        },
    )
}
