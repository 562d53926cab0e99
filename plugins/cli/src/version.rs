//! `version`.

use clap::Args;
use serde::Serialize;

use crate::{Context, Exit, Failure, OutputFlags};

/// Print the version of this program.
#[derive(Debug, Clone, Args)]
pub struct VersionArgs {
    #[command(flatten)]
    output: OutputFlags,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    client_version: ClientVersion,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClientVersion {
    program: &'static str,
    version: String,
    platform: String,
}

impl VersionArgs {
    /// Prints it. No server is asked.
    pub fn run(&self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let format = self.output.format()?;
        let program = context.program;
        let version = Version {
            client_version: ClientVersion {
                program: program.binary,
                version: format!("v{}", program.version),
                platform: format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
            },
        };
        if !context.report(format, &version)? {
            context.out.write_all(program.line().as_bytes())?;
        }
        Ok(Exit::Done)
    }
}
