//! The logs of one Job: what `kubectl job logs` and whatever else follows a Job share.

use workload_core::connect::Client;
use workload_core::facts::Job;
use workload_core::logs::targets::{Numbers, Selection};
use workload_core::logs::{Live, OwnerKind};

use super::{LogFlags, LogRun, Mirror, run_logs};
use crate::{Context, Exit, Failure};

/// How a Job's logs are shown.
#[derive(Debug)]
pub struct JobLogs<'f> {
    /// The flags of `logs`.
    pub flags: &'f LogFlags,
    /// Only these indexes of an Indexed Job.
    pub indexes: Option<Numbers>,
    /// Which exit code a failed Job gives.
    pub mirror: Mirror,
}

/// Shows the logs of a Job that exists (its UID decides, not its name), of all its pods and attempts.
///
/// With `--follow` it may start before the first pod does, and ends by itself when the Job is over and all its lines are out, or when
/// the Job is gone: the exit code is [`Exit::Done`] for a completed Job, [`Exit::JobFailed`], [`Exit::DeadlinePassed`],
/// [`Exit::Vanished`], or a failed container's own ([`Mirror::Container`]); after a signal the command that goes on is named on stderr
/// and the Job is left running. Lines go to stdout, everything else to stderr; both are written by a thread of its own, so nothing of
/// the caller's may wait in `context.out`.
///
/// Fails where the flags can't be read or the pods can't be listed.
pub async fn job_logs(
    context: &mut Context<'_>,
    client: Client,
    job: &Job,
    logs: JobLogs<'_>,
) -> Result<Exit, Failure> {
    let JobLogs { flags, indexes, mirror } = logs;
    let (name, namespace) = (&*job.meta.name, &*job.meta.namespace);
    let selection = Selection { owner: job.meta.uid.clone(), owner_name: name.into(), indexes, ..Selection::default() };
    let run = LogRun {
        plan: flags.plan(selection, true, context.now)?,
        style: flags.style(context)?,
        timeout: flags.timeout()?,
        strict: flags.strict(),
        mirror,
        what: format!("job {name}"),
        again: flags.follows().then(|| format!("{} logs {name} -f -n {namespace}", context.program.usage)),
    };
    let api = Live::new(client, namespace, OwnerKind::Job, name, &job.selector);
    Box::pin(run_logs(context, &api, run)).await
}
