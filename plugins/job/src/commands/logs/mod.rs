//! `kubectl job logs`: what a Job says, from its first pod to its end.

mod find;

use clap::{Args, ValueEnum};
use workload_cli::{
    Context, DumpOwner, Exit, Failure, Format, JobLogs, LogFlags, Mirror, check_permissions, dump_logs, job_logs,
};
use workload_core::gather::log_needs::Whose;
use workload_core::logs::targets::{Numbers, Selection};

use self::find::find;
use crate::commands::target::{Kind, Target};

/// Where the exit code of a failed Job comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum From {
    /// 10, or 11 when its deadline passed
    #[default]
    Condition,
    /// The failed main container's own code
    Container,
}

/// Show the logs of all pods, attempts and indexes of a Job, complete and in order of time
///
/// With --follow it starts before the first pod exists, goes through retries and replacements, and ends when the Job is over and all
/// its lines are out: exit code 0 when it completed, 10 when it failed, 11 when its deadline passed, 13 when it is gone and nothing
/// tells how it ended. On stderr: + when a container's log begins, - how it ended and whether its end is verified, ~ what is waited for,
/// ! what is missing, = the summary.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  # Every attempt of every pod, by time
  kubectl job logs migrate

  # To the Job's end, with its result as exit code
  kubectl job logs nightly-backup-29925207 -f

  # The newest Job of a CronJob
  kubectl job logs cronjob/nightly-backup

  # Two indexes of an Indexed Job, by their times
  kubectl job logs reindex --index 0,3 -t

  # Out of a support bundle: kubectl cluster-info dump --output-directory, or a must-gather
  kubectl job logs migrate --filename examples/must-gather")]
pub(crate) struct LogsArgs {
    /// The Job: NAME, job/NAME, or cronjob/NAME for the newest Job of a CronJob
    #[arg(value_name = "NAME")]
    name: String,
    /// Only these completion indexes: 0,2-4
    #[arg(long, value_name = "N", help_heading = "Selection")]
    index: Option<String>,
    /// What a failed Job's exit code is taken from, with --follow
    #[arg(long, value_name = "SOURCE", value_enum, default_value_t)]
    exit_code_from: From,
    /// Show which permissions this command needs, and which of them you have
    #[arg(long)]
    check_permissions: bool,
    #[command(flatten)]
    flags: LogFlags,
}

impl LogsArgs {
    pub(crate) async fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let target = Target::parse(&self.name)?;
        let indexes = self
            .index
            .as_deref()
            .map(|text| Numbers::parse(text).map_err(|why| Failure::error(format_args!("--index: {why}"))))
            .transpose()?;
        self.flags.check(context)?;
        if self.check_permissions {
            let whose = if target.kind == Some(Kind::CronJob) { Whose::NewestOfCronJob } else { Whose::Job };
            let needs = |namespace: &str| whose.needs(namespace, self.flags.follows());
            return check_permissions(context, Format::Table, true, needs).await;
        }
        if !self.flags.folders().is_empty() {
            let cron_job = target.kind == Some(Kind::CronJob);
            let owner = if cron_job { DumpOwner::NewestOfCronJob } else { DumpOwner::Job };
            let selection = Selection { indexes, ..Selection::default() };
            return Box::pin(dump_logs(context, &self.flags, (owner, &target.name), selection, true, false)).await;
        }
        let client = context.connect()?;
        let namespace = client.namespace().to_owned();
        let job = find(&target, &client, &namespace).await?;
        let mirror = if self.exit_code_from == From::Container { Mirror::Container } else { Mirror::Condition };
        job_logs(context, client, &job, JobLogs { flags: &self.flags, indexes, mirror }).await
    }
}
