//! What every scenario stands on: a namespace and a kubeconfig of its own, commands with a transcript, waiting on
//! conditions, output made comparable, and the runner.

mod background;
mod checks;
mod command;
mod context;
mod manifests;
mod modes_doc;
mod normal;
mod runner;
mod table;
mod told;

pub(crate) use background::Background;
pub(crate) use command::Ran;
pub(crate) use context::{Lane, until, until_within};
pub(crate) use manifests::{debug_pod, set};
pub(crate) use runner::run;
pub(crate) use told::{finding, finding_as, findings, preview, put_forward, told};

/// One story told to the cluster and what the programs say at each step.
#[derive(Clone, Copy)]
pub(crate) struct Scenario {
    /// Names the scenario on the command line and its namespace (a DNS label of at most 58 characters).
    pub(crate) name: &'static str,
    /// Belongs to the quick part, which every submission runs.
    pub(crate) quick: bool,
    /// Hurts what other scenarios stand on (a node): runs last, by itself.
    pub(crate) alone: bool,
    pub(crate) run: fn(&Lane),
}

impl Scenario {
    /// Runs under `--all` or when it is named, beside others.
    pub(crate) const fn new(name: &'static str, run: fn(&Lane)) -> Self {
        Self { name, quick: false, alone: false, run }
    }

    /// Also runs under `--quick`.
    pub(crate) const fn quick(self) -> Self {
        Self { quick: true, ..self }
    }

    /// Runs when no other scenario does.
    pub(crate) const fn alone(self) -> Self {
        Self { alone: true, ..self }
    }
}
