//! What a command is given: flags, writers, the clock. Nothing of this is global.

use std::io::{Read, Write};
use std::sync::Arc;

use jiff::Timestamp;
use workload_core::connect::{self, Client, ConnectOptions, Environment, Notices};
use workload_core::render::escape_lines;

use crate::{Failure, GlobalFlags, Program};

/// stdout and stderr.
pub(crate) type Streams = (Box<dyn Write + Send>, Box<dyn Write + Send>);

/// The world of one command.
pub struct Context<'w> {
    /// The program that runs.
    pub program: &'static Program,
    /// The subcommand's name.
    pub command: String,
    /// kubectl's global flags.
    pub flags: GlobalFlags,
    /// The process environment.
    pub environment: Environment,
    /// Data.
    pub out: &'w mut dyn Write,
    /// Everything else.
    pub err: &'w mut dyn Write,
    /// Where the client's notices go while a request is under way: stderr too.
    pub notices: Arc<dyn Notices>,
    /// stdout and stderr for a thread of the command's own, which `out` and `err` must then be left alone for.
    pub detached: fn() -> Streams,
    /// Whether stdout is a terminal.
    pub terminal: bool,
    /// Whether stderr is a terminal.
    pub err_is_terminal: bool,
    /// For `-f -`.
    pub stdin: &'w mut dyn Read,
    /// Whether words may be coloured: data goes to a terminal that wants it.
    pub colour: bool,
    /// When the command started, by this machine's clock.
    pub now: Timestamp,
}

impl Context<'_> {
    /// The client that the flags and the kubeconfig describe. Nothing is sent yet.
    pub fn connect(&self) -> Result<Client, connect::Error> {
        Client::connect(&self.options(), &self.environment, self.notices.clone(), self.flags.verbosity())
    }

    fn options(&self) -> ConnectOptions {
        let agent = format!("{}/{}", self.program.binary, self.program.version);
        let command = format!("{} {}", self.program.usage, self.command);
        self.flags.connect(agent, command, false)
    }

    /// The namespace that objects without one get, when no server is asked: `-n`, the context's, or `default`.
    pub fn default_namespace(&self) -> String {
        // Files may be read on a machine without a usable kubeconfig.
        connect::namespace(&self.options(), &self.environment).unwrap_or_else(|_| "default".to_owned())
    }

    /// A line for the user that is no data.
    pub fn note(&mut self, line: &str) -> Result<(), Failure> {
        Ok(writeln!(self.err, "{}", escape_lines(line))?)
    }
}
