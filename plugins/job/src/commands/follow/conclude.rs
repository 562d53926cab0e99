//! What is said at the end of following, and its exit code.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::{Instant, timeout};
use workload_cli::{Context, Exit, Failure};
use workload_core::change::{Identity, delete};
use workload_core::connect::ErrorKind;
use workload_core::findings::{Severity, Verdict};
use workload_core::gather::live::News;
use workload_core::gather::raw;
use workload_core::gather::resource::{JOBS, PODS};
use workload_core::jobs::follow::{End, ended_at};

use super::flags::ExitCodeFrom;
use super::following::Following;
use super::wake::How;
use super::{Outcome, cause, say};

/// A pod's last state may come after its Job's: so long it is waited for.
const LAST_WORDS: Duration = Duration::from_millis(400);
/// Silence of the pods for so long means that nothing more is on its way.
const QUIET: Duration = Duration::from_millis(50);

impl Following<'_> {
    /// Says how it ended, or why it is followed no more.
    pub(super) async fn conclude(mut self, context: &mut Context<'_>, how: How) -> Result<Outcome, Failure> {
        match how {
            How::Ended => Ok(self.finish(context).await),
            How::Signal(exit) => {
                let (name, namespace) = (self.follow.name(), &self.namespace);
                say(context, &format!("job {name} goes on; to follow it again:"));
                let line = format!("  {} logs {name} -f -n {namespace}", context.program.usage);
                say(context, &line);
                Ok(self.outcome(exit))
            }
            How::TimedOut => self.give_up(context, "--timeout", Exit::TimedOut).await,
            How::NotStarted => self.give_up(context, "--start-timeout", Exit::NotStarted).await,
        }
    }

    /// Hears what has come of the pods, and waits a moment for the failure that must stand behind the Job's. Where it does not come, as
    /// when the watch broke just now, they are read once more.
    async fn last_words(&mut self, context: &mut Context<'_>) {
        let last = Instant::now() + LAST_WORDS;
        loop {
            let pause = if self.follow.exit_code().is_some() { QUIET } else { LAST_WORDS };
            let limit = pause.min(last.saturating_duration_since(Instant::now()));
            match timeout(limit, self.pods.recv()).await {
                Ok(Some(news)) => self.pod_news(context, news),
                _ => break,
            }
        }
        if self.follow.exit_code().is_none()
            && let Ok(pods) = raw::selected(self.client, &PODS, &self.namespace, &self.labels).await
        {
            self.pod_news(context, News::All(pods));
        }
    }

    /// Says how it ended.
    async fn finish(&mut self, context: &mut Context<'_>) -> Outcome {
        if matches!(self.follow.end(), Some(End::Failed { .. })) {
            self.last_words(context).await;
        }
        let end = self.follow.end().cloned().unwrap_or(End::Vanished);
        let (name, namespace) = (self.follow.name().to_owned(), self.namespace.clone());
        let outcome = self.outcome(self.exit_of(&end));
        let took = outcome.seconds.map(|seconds| format!(" after {}", span(seconds))).unwrap_or_default();
        let failure = self.follow.last_failure();
        let verdicts = if matches!(&end, End::Failed { .. }) { self.asked().verdicts(false).await } else { Vec::new() };
        match &end {
            End::Complete => say(context, &format!("job {name}: complete{took}")),
            End::ContainerSucceeded { container } => {
                say(context, &format!("job {name}: container {container} succeeded{took}; the Job itself goes on"));
            }
            End::Failed { reason, message, ending } => {
                let still = if *ending { "; pods of it still end" } else { "" };
                say(context, &format!("job {name}: failed{took}: {reason}: {message}{still}"));
                // What stands behind it may be gone with its pods: then what was seen of them is told.
                match (verdicts.is_empty(), &failure) {
                    (true, Some(failure)) => say(context, &format!("  {failure}")),
                    (true, None) => {}
                    (false, _) => say_causes(context, &verdicts),
                }
                say(context, &format!("  more: kubectl job status {name} -n {namespace}"));
            }
            End::Vanished => {
                say(context, &format!("job {name}: gone, and nothing tells how it ended"));
                say(
                    context,
                    &format!("next: kubectl get events -n {namespace} --field-selector involvedObject.name={name}"),
                );
            }
        }
        outcome
    }

    fn exit_of(&self, end: &End) -> Exit {
        match end {
            End::Complete | End::ContainerSucceeded { .. } => Exit::Done,
            End::Vanished => Exit::Vanished,
            End::Failed { reason, .. } => {
                let code = self.follow.exit_code().and_then(|code| u8::try_from(code).ok());
                match (self.flags.exit_code_from, code) {
                    (ExitCodeFrom::Container, Some(code)) => Exit::Mirrored(code),
                    _ if reason == "DeadlineExceeded" => Exit::DeadlinePassed,
                    _ => Exit::JobFailed,
                }
            }
        }
    }

    fn outcome(&self, exit: Exit) -> Outcome {
        let end = self.follow.end();
        let at = ended_at(self.follow.object()).unwrap_or_else(|| self.client.server_now());
        Outcome {
            exit,
            result: end.map(|end| match end {
                End::Complete | End::ContainerSucceeded { .. } => "Complete",
                End::Failed { .. } => "Failed",
                End::Vanished => "Vanished",
            }),
            reason: end.and_then(|end| match end {
                End::Failed { reason, .. } => Some(reason.clone()),
                _ => None,
            }),
            exit_code: self.follow.exit_code(),
            seconds: self.follow.began().map(|began| at.duration_since(began).max(SignedDuration::ZERO).as_secs()),
        }
    }

    /// A time is over: the Job goes on, unless it is to be cancelled.
    async fn give_up(&mut self, context: &mut Context<'_>, flag: &str, exit: Exit) -> Result<Outcome, Failure> {
        let name = self.follow.name().to_owned();
        let says = if exit == Exit::NotStarted { "no container of it has run" } else { "it has not ended" };
        say(context, &format!("job {name}: the time of {flag} is over, and {says}"));
        let verdicts = self.asked().verdicts(false).await;
        say_causes(context, &verdicts);
        if self.flags.cancel_on_timeout {
            self.cancel(context).await?;
        } else {
            say(context, &format!("job {name} goes on; kubectl delete job {name} -n {} ends it", self.namespace));
        }
        Ok(self.outcome(exit))
    }

    /// Deletes the Job, and no other of its name.
    async fn cancel(&self, context: &mut Context<'_>) -> Result<(), Failure> {
        let name = self.follow.name().to_owned();
        let identity = Identity {
            resource: &JOBS,
            namespace: Some(self.namespace.clone()),
            name: name.clone(),
            uid: self.follow.uid().to_owned(),
            version: String::new(),
        };
        match delete(self.client, &identity, false).await {
            Ok(()) => say(context, &format!("job {name}: deleted, with its pods (--cancel-on-timeout)")),
            Err(error) if error.kind == ErrorKind::NotFound => {
                say(context, &format!("job {name}: it was gone already"));
            }
            Err(error) => {
                let failure = Failure::from(error);
                return Err(
                    failure.hint(format!("job {name} may go on: kubectl delete job {name} -n {}", self.namespace))
                );
            }
        }
        Ok(())
    }
}

/// The faults that are found, with their evidence's last lines left to `status`, and the first next step.
fn say_causes(context: &mut Context<'_>, verdicts: &[Verdict]) {
    let faults = verdicts.iter().filter(|verdict| verdict.severity == Severity::Fault);
    for verdict in faults.clone() {
        say(context, &format!("  {}", cause::says(verdict)));
    }
    if let Some(next) = faults.clone().find_map(|verdict| verdict.next.as_ref()) {
        say(context, &format!("  next: {next}"));
    }
}

/// `1m12s`.
fn span(seconds: i64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m{s}s"),
        (h, m, s) => format!("{h}h{m}m{s}s"),
    }
}
