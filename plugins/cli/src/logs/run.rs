//! A run of `logs`, from its plan to its exit code.

use std::time::Duration;

use workload_core::logs::api::{Api, Refused};
use workload_core::logs::job_end::JobEnd;
use workload_core::logs::plan::{Attempts, Plan};
use workload_core::logs::report::Style;
use workload_core::logs::{Finished, run};

use super::writer::{Channel, Written};
use crate::{Context, Exit, Failure};

/// After a signal, a reader that does not read is not waited for longer than this.
const PATIENCE: Duration = Duration::from_secs(1);

/// Which exit code a failed Job gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mirror {
    /// 10 or 11.
    #[default]
    Condition,
    /// The failed main container's own.
    Container,
}

/// What is to be done.
pub struct LogRun {
    /// What is read.
    pub plan: Plan,
    /// How it looks.
    pub style: Style,
    /// `--timeout`.
    pub timeout: Option<Duration>,
    /// `--strict`.
    pub strict: bool,
    /// Which exit code a failed Job gives.
    pub mirror: Mirror,
    /// What is meant, for sentences: `statefulset web`.
    pub what: String,
    /// The command that goes on where this one was interrupted.
    pub again: Option<String>,
}

/// How the waiting ended.
enum Woken {
    Finished(Finished),
    TimedOut,
    Signal(Exit),
}

/// Runs it on a cluster.
pub async fn run_logs<A: Api>(context: &mut Context<'_>, api: &A, run_of: LogRun) -> Result<Exit, Failure> {
    run_from(context, run_of, async |plan, channel| run(api, plan, channel).await).await
}

/// Runs it, whatever is read.
pub(super) async fn run_from(
    context: &mut Context<'_>,
    run_of: LogRun,
    read: impl AsyncFnOnce(&Plan, &Channel) -> Finished,
) -> Result<Exit, Failure> {
    let LogRun { plan, style, timeout, strict, mirror, what, again } = run_of;
    let (out, err) = (context.detached)();
    let (channel, written) = Channel::start(style, out, err)?;
    let woken = {
        let reading = read(&plan, &channel);
        let limit = async {
            match timeout {
                Some(limit) => tokio::time::sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            finished = reading => Woken::Finished(finished),
            () = limit => Woken::TimedOut,
            exit = signal() => Woken::Signal(exit),
        }
    };
    let cut_short = match &woken {
        Woken::Finished(_) => None,
        Woken::TimedOut => Some("the time of --timeout is over".to_owned()),
        Woken::Signal(Exit::Terminated) => Some("terminated".to_owned()),
        Woken::Signal(_) => Some("interrupted".to_owned()),
    };
    channel.finish(plan.follow, cut_short);
    let previous = plan.attempts == Attempts::Previous;
    let written = match &woken {
        Woken::Signal(_) => tokio::time::timeout(PATIENCE, written).await.ok().and_then(Result::ok),
        _ => {
            tokio::select! {
                written = written => written.ok(),
                exit = signal() => return Ok(exit),
            }
        }
    };
    let Some(Written { summary, error }) = written else {
        return Ok(match woken {
            Woken::Signal(exit) => exit,
            _ => Exit::Error,
        });
    };
    if let Some(error) = error {
        return Err(error.into());
    }
    let finished = match woken {
        Woken::Finished(finished) => finished,
        Woken::TimedOut => return Ok(Exit::TimedOut),
        Woken::Signal(exit) => {
            if let Some(again) = again {
                context.note(&format!("to go on: {again}"))?;
            }
            return Ok(exit);
        }
    };
    let incomplete = strict && !summary.complete();
    let job = match finished {
        Finished::Failed(refused) => return Err(failure(&refused)),
        Finished::Closed => return Ok(Exit::Done),
        Finished::Nothing { containers } if !containers.is_empty() => {
            return Err(Failure::error(format_args!("{what} has no such container"))
                .hint(format!("it has {}", containers.join(", "))));
        }
        Finished::Nothing { .. } => {
            context.note(&format!("No pods of {what}: nothing to show."))?;
            return Ok(Exit::Done);
        }
        Finished::Done(job) => {
            if previous && summary.is_empty() {
                context.note(&format!("No container of {what} has an earlier attempt that its node keeps."))?;
            }
            job
        }
    };
    let exit = match job {
        None | Some(JobEnd::Complete) => None,
        Some(JobEnd::Failed { reason, message }) => {
            context.note(&format!("{what} failed: {reason}: {message}"))?;
            Some(Exit::JobFailed)
        }
        Some(JobEnd::DeadlineExceeded { message }) => {
            context.note(&format!("{what} failed: DeadlineExceeded: {message}"))?;
            Some(Exit::DeadlinePassed)
        }
        Some(JobEnd::Vanished) => {
            context.note(&format!("{what} is gone, and nothing tells how it ended"))?;
            Some(Exit::Vanished)
        }
    };
    Ok(match (exit, mirror, summary.failed_code()) {
        (Some(Exit::JobFailed | Exit::DeadlinePassed), Mirror::Container, Some(code)) => {
            Exit::Mirrored(u8::try_from(code).unwrap_or(1))
        }
        (Some(exit), ..) => exit,
        (None, ..) if incomplete => Exit::Gaps,
        (None, ..) if summary.refused() => Exit::Error,
        (None, ..) => Exit::Done,
    })
}

/// A refusal as kubectl says it.
fn failure(refused: &Refused) -> Failure {
    let message = match refused {
        Refused::Forbidden(why) => format!("Error from server (Forbidden): {why}"),
        Refused::Gone => "Error from server (NotFound): the server could not find the requested resource".to_owned(),
        other => format!("error: {other}"),
    };
    Failure { message, ..Failure::error("") }
}

#[cfg(unix)]
async fn signal() -> Exit {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => Exit::Interrupted,
        _ = terminate.recv() => Exit::Terminated,
    }
}

#[cfg(not(unix))]
async fn signal() -> Exit {
    match tokio::signal::ctrl_c().await {
        Ok(()) => Exit::Interrupted,
        Err(_) => std::future::pending().await,
    }
}
