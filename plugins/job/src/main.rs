//! kubectl job: Jobs and CronJobs.

mod commands;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use workload_cli::{CompletionArgs, Context, ExplainArgs, GlobalFlags, Names, Program, VersionArgs, run};

use commands::clean::CleanArgs;
use commands::history::HistoryArgs;
use commands::hooks::HooksArgs;
use commands::logs::LogsArgs;
use commands::next::NextArgs;
use commands::rerun::RerunArgs;
use commands::run::RunArgs;
use commands::snapshot::SnapshotArgs;
use commands::status::StatusArgs;

static PROGRAM: Program =
    Program { binary: "kubectl-job", usage: "kubectl job", version: env!("CARGO_PKG_VERSION"), names: Names::Jobs };

/// Run, follow and explain Jobs and CronJobs.
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
    History(HistoryArgs),
    Next(NextArgs),
    Run(RunArgs),
    Rerun(RerunArgs),
    Clean(CleanArgs),
    Logs(Box<LogsArgs>),
    Status(StatusArgs),
    Snapshot(SnapshotArgs),
    Hooks(HooksArgs),
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
                    Command::History(args) => args.run(context).await,
                    Command::Next(args) => args.run(context).await,
                    Command::Run(args) => Box::pin(args.run(context)).await,
                    Command::Rerun(args) => Box::pin(args.run(context)).await,
                    Command::Clean(args) => args.run(context).await,
                    Command::Logs(args) => args.run(context).await,
                    Command::Status(args) => args.run(context).await,
                    Command::Snapshot(args) => Box::pin(args.run(context)).await,
                    Command::Hooks(args) => args.run(context).await,
                    Command::Explain(args) => args.run(context),
                    Command::Completion(args) => args.run(context),
                    Command::Version(args) => args.run(context),
                }
            })
        },
    )
}
