//! `kubectl get --raw PATH` by our own means: the same flags, runner and client as the programs.

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use workload_cli::{Context, Exit, Failure, GlobalFlags, Names, Program, run};

static PROGRAM: Program =
    Program { binary: "kubectl-raw", usage: "kubectl", version: env!("CARGO_PKG_VERSION"), names: Names::Sets };

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: What,
    #[command(flatten)]
    flags: GlobalFlags,
}

#[derive(Subcommand)]
enum What {
    /// A path, as it comes
    Get(Get),
    /// The namespace that is meant
    Namespace,
}

#[derive(Args)]
struct Get {
    #[arg(long)]
    raw: String,
}

async fn get(path: &str, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let answer = context.connect()?.get(path, Some("*/*")).await?;
    context.out.write_all(&answer.body)?;
    Ok(Exit::Done)
}

fn namespace(context: &mut Context<'_>) -> Result<Exit, Failure> {
    let namespace = context.connect()?.namespace().to_owned();
    writeln!(context.out, "{namespace}")?;
    Ok(Exit::Done)
}

fn main() -> ExitCode {
    run::<Cli>(
        &PROGRAM,
        |cli| cli.flags.clone(),
        |cli, context: &mut Context<'_>| {
            Box::pin(async move {
                match cli.command {
                    What::Get(args) => get(&args.raw, context).await,
                    What::Namespace => namespace(context),
                }
            })
        },
    )
}
