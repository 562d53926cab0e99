//! A Job's log lines, while it is followed.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use serde_json::Value;
use workload_cli::{Context, Failure, JobLines};
use workload_core::connect::Client;
use workload_core::gather::watched::of_object;
use workload_core::logs::Finished;

/// A container that has ended and whose log is silent for so long has said all that it had to say.
const SILENT: Duration = Duration::from_millis(700);

/// The lines of a Job, which are read until they are all out.
pub(super) fn start(context: &Context<'_>, client: &Client, job: &Value, json: bool) -> Result<JobLines, Failure> {
    JobLines::start(context, client.clone(), of_object(job)?, json)
}

/// What comes of them; nothing where they are not wanted.
pub(super) struct Lines<'l> {
    shown: Option<&'l JobLines>,
    reading: Option<LocalBoxFuture<'l, Finished>>,
}

impl<'l> Lines<'l> {
    pub(super) fn of(shown: Option<&'l JobLines>) -> Self {
        Self { shown, reading: shown.map(|lines| lines.read().boxed_local()) }
    }

    /// Whether more of them may come.
    pub(super) fn come(&self) -> bool {
        self.reading.is_some()
    }

    /// Waits until no more of them come. Can be cancelled.
    pub(super) async fn end(&mut self) -> Finished {
        match &mut self.reading {
            Some(reading) => {
                let finished = reading.await;
                self.reading = None;
                finished
            }
            None => std::future::pending().await,
        }
    }

    /// The Job's newest state; `None` once it is gone.
    pub(super) fn job(&self, job: Option<&Value>) {
        let Some(lines) = self.shown else { return };
        match job.map(of_object) {
            Some(Ok(job)) => lines.job(Some(job)),
            // What can't be understood says nothing about its end.
            Some(Err(_)) => {}
            None => lines.job(None),
        }
    }

    /// Whether a container that has ended has said all.
    pub(super) fn are_out(&self, container: &str) -> bool {
        !self.come() || self.shown.is_none_or(|lines| lines.are_out(container, SILENT))
    }

    /// Writes what is still to be written; with why, where more might have come.
    pub(super) async fn finish(&mut self, why: &str) {
        let cut = self.reading.take().map(|_| why.to_owned());
        if let Some(lines) = self.shown {
            lines.finish(cut).await;
        }
    }
}
