//! `kubectl job run`: a CronJob's Job, or a manifest's, now and once.

mod guards;
mod replace;

use std::path::PathBuf;

use clap::Args;
use workload_cli::{Context, Exit, Failure, Format, check_permissions};
use workload_core::facts::Text;
use workload_core::gather::resource::{CRON_JOBS, JOBS, Need, PODS, QUOTAS};
use workload_core::jobs::template::Ownership;

use self::guards::IfActive;
use super::follow::{self, FollowFlags};
use super::new_job::{CreateFlags, Draft, OverrideFlags, finish};
use super::source;

/// Run a CronJob now, or the Job of a file, once, with changes for this run
///
/// Creates the Job that the schedule would create: the same object as kubectl create job --from, with every field of the template. Its name
/// is chosen before anything is sent, and it is sent once: if the answer is lost, the Job is looked for and never sent again. Other runs of
/// the CronJob that still go on are told before, those made by hand too, which the CronJob's own concurrencyPolicy does not see. With
/// --follow the lines of all its attempts go to stdout, and to stderr what becomes of it: pods, retries, what keeps it from starting.
#[derive(Debug, Clone, Args)]
#[command(
    alias = "trigger",
    after_help = "Examples:
  # Run the nightly backup now
  kubectl job run nightly-backup

  # With another mode and a limit, for this run only
  kubectl job run nightly-backup --env MODE=quick --deadline 10m

  # What would be created, and what is different from the template
  kubectl job run nightly-backup --env MODE=quick --dry-run -o yaml
  kubectl job run nightly-backup --env MODE=quick --diff

  # From a script that may be started twice
  kubectl job run nightly-backup --idempotency-key ticket-4711 --if-active=refuse

  # With its lines to its end, at most an hour; its result is the exit code
  kubectl job run nightly-backup --follow --timeout 1h

  # The same for a script that wants no lines
  kubectl job run nightly-backup --wait -o json

  # The Job of a manifest
  kubectl job run --filename examples/backup-job.yaml

Exit codes: 0 created, or completed with --follow or --wait; 1 error; 3 refused by --if-active and nothing created; \
10 failed; 11 its deadline passed; 12 not started in time; 13 gone without a result, or whether it was created can't be told; \
124 --timeout is over; 130 interrupted, and the Job goes on"
)]
pub(crate) struct RunArgs {
    /// The CronJob: NAME or cronjob/NAME
    #[arg(value_name = "CRONJOB", required_unless_present_any = ["filename", "check_permissions"])]
    cron_job: Option<String>,
    /// The Job's name [default: one of its own, <CRONJOB>-manual-<random>]
    #[arg(value_name = "JOBNAME")]
    name: Option<String>,
    /// Another command, behind --, in the place of the container's own command and arguments
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
    /// The Job of a manifest in the place of a CronJob's; - for stdin
    #[arg(long, value_name = "FILE|-", conflicts_with_all = ["cron_job", "name", "owner"])]
    filename: Option<PathBuf>,
    /// How the Job belongs to the CronJob: controller, as kubectl has it; plain, out of reach of its history limits; none
    #[arg(long, value_enum, value_name = "HOW", default_value = "controller")]
    owner: Owner,
    /// When another run of the CronJob goes on: warn; refuse; wait for its end; replace it; ignore, which reads nothing but the CronJob
    #[arg(long, value_enum, value_name = "WHAT", default_value = "warn")]
    if_active: IfActive,
    /// Do not ask before --if-active=replace deletes
    #[arg(short, long)]
    yes: bool,
    /// Show which permissions this command needs, and which of them you have
    #[arg(long)]
    check_permissions: bool,
    #[command(flatten)]
    overrides: OverrideFlags,
    #[command(flatten)]
    create: CreateFlags,
    #[command(flatten)]
    follow: FollowFlags,
}

/// `--owner`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Owner {
    /// The CronJob prunes it by its history limits, and counts its success
    Controller,
    /// Deleted together with the CronJob, not by its history limits
    Plain,
    /// It stays until somebody deletes it
    None,
}

impl From<Owner> for Ownership {
    fn from(owner: Owner) -> Self {
        match owner {
            Owner::Controller => Self::Controller,
            Owner::Plain => Self::Plain,
            Owner::None => Self::None,
        }
    }
}

impl RunArgs {
    pub(crate) async fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        if self.check_permissions {
            return check_permissions(context, Format::Table, true, |namespace| self.needs(namespace)).await;
        }
        self.create.check(self.follow.shows_lines())?;
        self.follow.check()?;
        let cron_job = self.cron_job.as_deref().map(source::cron_job_name).transpose()?;
        self.name.as_deref().map(source::no_file).transpose()?;
        let manifest = self.filename.as_ref().map(|path| source::manifest(context, path)).transpose()?;
        let changes = self.overrides.clone().changes(context, self.command.clone())?;
        let client = context.connect()?;
        let explicit = context.flags.namespace.clone().filter(|name| !name.is_empty());
        match (cron_job, manifest) {
            (Some(name), _) => {
                let namespace = client.namespace().to_owned();
                let scene = guards::read(&client, &namespace, &name, self.if_active).await?;
                let origin = workload_core::jobs::template::from_cron_job(
                    &scene.cron,
                    "",
                    explicit.as_deref(),
                    self.owner.into(),
                );
                let draft = Draft {
                    origin,
                    named_after: (name.clone(), "manual"),
                    name: self.name.clone(),
                    cron_job: Some(&name),
                    namespace: &namespace,
                    changes,
                    flags: &self.create,
                };
                let job = draft.finish(context)?;
                if !self.create.diff
                    && let Some(exit) = guards::heed(context, &client, &scene, &job, &self).await?
                {
                    return Ok(exit);
                }
                finish(context, &client, vec![(draft, job)], &self.create, &self.follow).await
            }
            (None, Some((origin, namespace))) => {
                let namespace = source::namespace_of(namespace, explicit, client.namespace())?;
                let named = &origin["metadata"];
                let name = named["name"].as_str().map(str::to_owned);
                let stem = named["generateName"].as_str().or(name.as_deref()).unwrap_or("job");
                let draft = Draft {
                    named_after: (stem.trim_end_matches(['-', '.']).to_owned(), "run"),
                    origin,
                    name,
                    cron_job: None,
                    namespace: &namespace,
                    changes,
                    flags: &self.create,
                };
                let job = draft.finish(context)?;
                for notice in workload_core::jobs::guards::of_job(&job) {
                    context.note(&format!("note: {notice}"))?;
                }
                finish(context, &client, vec![(draft, job)], &self.create, &self.follow).await
            }
            (None, None) => Err(Failure::error("a CronJob or --filename must be given")),
        }
    }

    fn needs(&self, namespace: &str) -> Vec<Need> {
        let namespace = Text::from(namespace);
        let need = |verb, resource: &'static workload_core::gather::resource::Resource, required, tells| Need {
            verb,
            resource,
            scope: resource.scope(Some(&namespace)),
            required,
            tells,
        };
        let mut all = Vec::new();
        if self.filename.is_none() {
            all.push(need("get", &CRON_JOBS, true, "the template"));
        }
        all.push(need("create", &JOBS, true, "nothing: it creates the Job"));
        all.push(need("get", &JOBS, false, "whether the Job was created when the answer is lost"));
        if self.filename.is_none() && self.if_active != IfActive::Ignore {
            all.push(need("list", &JOBS, self.if_active != IfActive::Warn, "whether another run goes on"));
            all.push(need("list", &QUOTAS, false, "whether a quota leaves room"));
        }
        if self.if_active == IfActive::Replace {
            all.push(need("delete", &JOBS, true, "nothing: it deletes the run that goes on"));
            all.push(need("list", &PODS, false, "whether its pods have ended"));
        }
        if self.follow.follows() {
            all.extend(follow::needs(&namespace, &self.follow));
        }
        all
    }
}
