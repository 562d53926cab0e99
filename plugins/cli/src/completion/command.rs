//! `completion`: scripts for shells, and the file through which kubectl asks.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{install, scripts};
use crate::{Context, Exit, Failure};

/// Complete words on TAB, through kubectl or directly
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  # TAB behind it, in every shell that completes kubectl
  kubectl sts completion install

  # TAB behind the program's own name, in this bash
  source <(kubectl sts completion bash)

  # Take it away again
  kubectl sts completion uninstall")]
pub struct CompletionArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// Put the file that kubectl asks on TAB beside this program, or into a folder on PATH
    Install(Folder),
    /// Remove the file that kubectl asks on TAB
    Uninstall(Folder),
    /// Print a script for bash: source <(… completion bash)
    Bash,
    /// Print a script for zsh: source <(… completion zsh)
    Zsh,
    /// Print a script for fish: … completion fish | source
    Fish,
    /// Print a script for PowerShell: … completion powershell | Out-String | Invoke-Expression
    Powershell,
}

#[derive(Debug, Clone, Args)]
struct Folder {
    /// The folder to use; it must be on PATH
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

impl CompletionArgs {
    /// Prints the script, or makes or removes the file. No server is asked.
    pub fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let binary = context.program.binary;
        let script = match self.what {
            What::Install(folder) => {
                let place = install::Place::find(binary, &context.environment)?;
                return place.install(context, folder.dir).map(|()| Exit::Done);
            }
            What::Uninstall(folder) => {
                let place = install::Place::find(binary, &context.environment)?;
                return place.uninstall(context, folder.dir).map(|()| Exit::Done);
            }
            What::Bash => scripts::BASH,
            What::Zsh => scripts::ZSH,
            What::Fish => scripts::FISH,
            What::Powershell => scripts::POWERSHELL,
        };
        write!(context.out, "{}", scripts::of(script, binary))?;
        Ok(Exit::Done)
    }
}
