//! `kubectl job clean`: deletes Jobs that have ended, and pods of Jobs that are gone.

mod act;
mod plan;
mod report;

use clap::Args;
use jiff::SignedDuration;
use workload_cli::{Confirmed, Context, DryRun, Exit, Failure, Format, OutputFlags, check_permissions, confirm};
use workload_core::connect::Client;
use workload_core::facts::{LabelSelector, Text};
use workload_core::gather::resource::{CRON_JOBS, JOBS, Need, PODS, Resource};
use workload_core::jobs::retention::Wanted;

use self::act::Act;
use self::plan::Plan;
use self::report::{Outcome, Told};
use super::source;

/// Delete Jobs that have ended, with their pods
///
/// Only Jobs that have ended are taken, and of a CronJob only what lies beyond its history limits. What is to be deleted is shown first, and
/// read again after you have said so; each deletion names the very object that was shown, and takes the Job's pods along.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  # What ended more than a week ago
  kubectl job clean --older-than 7d --dry-run

  # All failed Jobs but the newest of each owner
  kubectl job clean --failed --keep 1 --dry-run=server

  # Pods whose Job was deleted without them
  kubectl job clean --orphans --yes

Exit codes: 0 all deleted, 1 something was left, 3 refused and nothing changed")]
pub(crate) struct CleanArgs {
    /// The Jobs: NAME or job/NAME
    #[arg(value_name = "JOB")]
    names: Vec<String>,
    /// Those that ended so long ago: 90m, 12h, 7d
    #[arg(long, value_name = "TIME", value_parser = age, help_heading = "Selection")]
    older_than: Option<SignedDuration>,
    /// Keep the newest so many of each owner, and of those without one
    #[arg(long, value_name = "N", help_heading = "Selection")]
    keep: Option<usize>,
    /// Those that failed
    #[arg(long, help_heading = "Selection")]
    failed: bool,
    /// Those that succeeded
    #[arg(long, help_heading = "Selection")]
    succeeded: bool,
    /// Those whose labels match: a=b,c!=d
    #[arg(short = 'l', long, value_name = "SELECTOR", help_heading = "Selection")]
    selector: Option<String>,
    /// Those too that a CronJob keeps by its history limits, or that belong to another controller
    #[arg(long, help_heading = "Selection")]
    include_managed: bool,
    /// Pods that have ended and whose Job is gone, in the place of Jobs
    #[arg(long, conflicts_with_all = ["names", "older_than", "keep", "failed", "succeeded", "selector", "include_managed"], help_heading = "Selection")]
    orphans: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// client shows the plan, server has it checked; neither changes anything
    #[arg(long, value_enum, default_value = "none", num_args = 0..=1, require_equals = true, default_missing_value = "client", value_name = "WAY")]
    dry_run: DryRun,
    /// Objects to ask for at a time; 0 for all at once
    #[arg(long, value_name = "N", default_value_t = 500)]
    chunk_size: u32,
    /// Show which permissions this command needs, and which of them you have
    #[arg(long)]
    check_permissions: bool,
    #[command(flatten)]
    output: OutputFlags,
}

/// `7d`, or a duration of Go's.
fn age(text: &str) -> Result<SignedDuration, String> {
    let fault = || "a time is 90m, 12h or 7d".to_owned();
    if let Some(days) = text.strip_suffix('d').and_then(|days| days.parse::<i64>().ok()) {
        let hours = days.checked_mul(24).filter(|hours| (0..1_000_000_000).contains(hours)).ok_or_else(fault)?;
        return Ok(SignedDuration::from_hours(hours));
    }
    match workload_core::connect::duration::parse_go(text) {
        Some((false, duration)) => SignedDuration::try_from(duration).map_err(|_| fault()),
        _ => Err(fault()),
    }
}

impl CleanArgs {
    fn wanted(&self) -> Result<Wanted, Failure> {
        let names = self.names.iter().map(|name| source::job_name(name)).collect::<Result<Vec<_>, _>>()?;
        let labels = LabelSelector::parse(self.selector.as_deref().unwrap_or_default());
        Ok(Wanted {
            names,
            labels: labels.map_err(|error| Failure::error(format_args!("--selector: {error}")))?,
            older_than: self.older_than,
            keep: self.keep,
            failed: self.failed,
            succeeded: self.succeeded,
            managed: self.include_managed,
        })
    }

    /// Whether anything says which Jobs are meant: all of them are never meant by saying nothing.
    fn says_which(&self) -> bool {
        !self.names.is_empty()
            || self.orphans
            || self.failed
            || self.succeeded
            || self.older_than.is_some()
            || self.keep.is_some()
            || self.selector.is_some()
    }

    pub(crate) async fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let format = self.output.format()?;
        if self.check_permissions {
            return check_permissions(context, format, self.output.headers(), |namespace| self.needs(namespace)).await;
        }
        if format == Format::Wide {
            return Err(Failure::error("clean prints no table: -o is json, yaml or name"));
        }
        let wanted = self.wanted()?;
        if !self.says_which() {
            return Err(Failure::error(
                "say which: Jobs by name, --older-than, --keep, --failed, --succeeded, -l or --orphans",
            )
            .hint("--dry-run shows what each of them would delete"));
        }
        let client = context.connect()?;
        let namespace = Text::from(client.namespace());
        let plan = self.read(context, &client, &namespace, &wanted).await?;
        let mut told = Told::new(format, self.dry_run, client.context(), &namespace);
        for (object, why) in &plan.passed_over {
            told.left(object, why, Outcome::PassedOver);
        }
        plan.show_passed_over(context)?;
        if !plan.missing.is_empty() || !wanted.names.is_empty() && !plan.passed_over.is_empty() {
            for name in &plan.missing {
                context.note(&Failure::not_found("jobs.batch", name).message)?;
            }
            context.note("Nothing was changed.")?;
            told.write(context, client.server_now())?;
            return Ok(if plan.missing.is_empty() { Exit::Refused } else { Exit::Error });
        }
        if plan.delete.is_empty() {
            context.note(&format!("Nothing to delete in namespace {namespace}."))?;
            told.write(context, client.server_now())?;
            return Ok(Exit::Done);
        }
        plan.show(context, &namespace, client.server_now())?;
        if self.dry_run == DryRun::Client {
            for object in &plan.delete {
                told.done(context, object)?;
            }
            told.write(context, client.server_now())?;
            return Ok(Exit::Done);
        }
        if self.dry_run == DryRun::None && !self.confirmed(context, &plan, &namespace)? {
            return Ok(Exit::Refused);
        }
        // What was shown may be minutes old by now.
        let again = self.read(context, &client, &namespace, &wanted).await?;
        let act = Act { client: &client, told: &mut told };
        let exit = act.carry_out(context, plan, &again, self.dry_run).await?;
        told.write(context, client.server_now())?;
        Ok(exit)
    }

    async fn read(
        &self,
        context: &mut Context<'_>,
        client: &Client,
        namespace: &Text,
        wanted: &Wanted,
    ) -> Result<Plan, Failure> {
        if self.orphans {
            return Plan::of_orphans(client, namespace, self.chunk_size).await;
        }
        Plan::of_jobs(context, client, namespace, self.chunk_size, wanted).await
    }

    fn confirmed(&self, context: &mut Context<'_>, plan: &Plan, namespace: &str) -> Result<bool, Failure> {
        let phrase = match plan.delete.as_slice() {
            [one] => one.name.clone(),
            several => format!("{} {namespace}", several.len()),
        };
        match confirm(context, &format!("{} for good.", plan.words()), &phrase, self.yes)? {
            Confirmed::Yes => return Ok(true),
            Confirmed::No => context.note("That was something else: nothing was changed.")?,
            Confirmed::NobodyThere => {
                context.note("Nobody is there to be asked: nothing was changed. --yes answers beforehand.")?;
            }
        }
        Ok(false)
    }

    fn needs(&self, namespace: &str) -> Vec<Need> {
        let namespace = Text::from(namespace);
        let need = |verb, resource: &'static Resource, required, tells| Need {
            verb,
            resource,
            scope: resource.scope(Some(&namespace)),
            required,
            tells,
        };
        let jobs = need("list", &JOBS, true, "which Jobs have ended, and which pods' Jobs are gone");
        if self.orphans {
            let pods = need("list", &PODS, true, "which pods a Job left behind");
            return vec![jobs, pods, need("delete", &PODS, true, "nothing: it deletes")];
        }
        let limits =
            need("list", &CRON_JOBS, false, "which runs a CronJob keeps: without it none of a CronJob's is taken");
        vec![jobs, limits, need("delete", &JOBS, true, "nothing: it deletes")]
    }
}
