//! `kubectl job rerun`: a new Job out of one that has ended.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use workload_cli::{Context, Exit, Failure, Format, check_permissions};
use workload_core::connect::{Client, ErrorKind};
use workload_core::facts::Text;
use workload_core::gather::raw;
use workload_core::gather::resource::{CRON_JOBS, JOBS, Need, Resource};
use workload_core::jobs::follow::ended;
use workload_core::jobs::guards::of_job;
use workload_core::jobs::indexes;
use workload_core::jobs::rerun::{again, cron_job_of, stem};

use super::follow::{self, FollowFlags};
use super::new_job::{CreateFlags, Draft, OverrideFlags, finish};
use super::source;
use super::target::Kind;

/// So many indexes are run again one by one: each is a Job.
const MOST_INDEXES: usize = 100;

/// Run a Job again that has ended: a new Job that does the same, with changes for this run
///
/// A Job's pods can't be changed once it has begun, so this makes a new one: its own name and selector, no finalizer, no label and no
/// annotation of the old run, of Helm or of Argo CD. It belongs to the same CronJob, if that is still there. The old Job stays as it is.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  # The same again
  kubectl job rerun migrate

  # To its end, with its lines; its result is the exit code
  kubectl job rerun migrate --follow

  # With more output; what would be created
  kubectl job rerun migrate --env TRACE=1 --dry-run -o yaml

  # From the YAML of a Job that is gone
  kubectl job rerun --filename examples/backup-job.yaml

Exit codes: 0 created, or completed with --follow or --wait; 1 error; 3 refused, as the Job has not ended; 10 failed; \
11 its deadline passed; 13 gone without a result, or whether it was created can't be told")]
pub(crate) struct RerunArgs {
    /// The Job that has ended: NAME or job/NAME
    #[arg(value_name = "JOB", required_unless_present_any = ["filename", "check_permissions"])]
    job: Option<String>,
    /// The new Job's name [default: one of its own, <JOB>-rerun-<random>]
    #[arg(value_name = "JOBNAME")]
    name: Option<String>,
    /// Another command, behind --, in the place of the container's own command and arguments
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
    /// The Job of a file in the place of one in the cluster, whether it ended or not; - for stdin
    #[arg(long, value_name = "FILE|-", conflicts_with_all = ["job", "name"])]
    filename: Option<PathBuf>,
    /// Only the indexes of an Indexed Job that did not succeed: a Job for each, whose pod finds its index where it always did
    #[arg(long)]
    failed_indexes: bool,
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

impl RerunArgs {
    pub(crate) async fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        if self.check_permissions {
            return check_permissions(context, Format::Table, true, |namespace| self.needs(namespace)).await;
        }
        self.create.check(self.follow.shows_lines())?;
        self.follow.check()?;
        let name = self.job.as_deref().map(source::job_name).transpose()?;
        self.name.as_deref().map(source::no_file).transpose()?;
        let manifest = self.filename.as_ref().map(|path| source::manifest(context, path)).transpose()?;
        let changes = self.overrides.clone().changes(context, self.command.clone())?;
        let client = context.connect()?;
        let explicit = context.flags.namespace.clone().filter(|name| !name.is_empty());
        let (old, namespace) = match (&name, manifest) {
            (_, Some((job, own))) => (job, source::namespace_of(own, explicit.clone(), client.namespace())?),
            (Some(name), None) => {
                let namespace = client.namespace().to_owned();
                (read(&client, &namespace, name).await?, namespace)
            }
            (None, None) => return Err(Failure::error("a Job or --filename must be given")),
        };
        let old_name = old["metadata"]["name"].as_str().unwrap_or("job").to_owned();
        if self.filename.is_none() && ended(&old).is_none() {
            context.note(&format!("refused: job {old_name} has not ended"))?;
            context.note(&format!("Nothing was created. kubectl job logs {old_name} -f -n {namespace} follows it."))?;
            return Ok(Exit::Refused);
        }
        let owner = owner(context, &client, &namespace, &old).await?;
        let mut again = again(&old, owner).map_err(|why| Failure::error(format_args!("job {old_name}: {why}")))?;
        for remark in &again.remarks {
            context.note(&format!("note: {remark}"))?;
        }
        if let Some(namespace) = explicit {
            again.job["metadata"]["namespace"] = namespace.into();
        }
        let works = self.works(&old, &old_name, again.job)?;
        if works.is_empty() {
            context.note(&format!("job {old_name}: every index succeeded: nothing to run again"))?;
            return Ok(Exit::Done);
        }
        let mut drafts = Vec::new();
        for (origin, stem, name) in works {
            let draft = Draft {
                origin,
                named_after: (stem, "rerun"),
                name,
                cron_job: cron_job_of(&old).map(|(name, _)| name),
                namespace: &namespace,
                changes: changes.clone(),
                flags: &self.create,
            };
            let job = draft.finish(context)?;
            drafts.push((draft, job));
        }
        for notice in drafts.first().map(|(_, job)| of_job(job)).unwrap_or_default() {
            context.note(&format!("note: {notice}"))?;
        }
        finish(context, &client, drafts, &self.create, &self.follow).await
    }

    /// What is run again, each with the stem of a name, and with the name where one was given: the Job, or its failed indexes.
    fn works(&self, old: &Value, old_name: &str, job: Value) -> Result<Vec<(Value, String, Option<String>)>, Failure> {
        let stem = stem(old_name);
        if !self.failed_indexes {
            return Ok(vec![(job, stem.to_owned(), self.name.clone())]);
        }
        let failed = indexes::failed(old).map_err(|why| Failure::error(format_args!("job {old_name}: {why}")))?;
        if failed.len() > MOST_INDEXES {
            return Err(Failure::error(format_args!(
                "job {old_name}: {} indexes did not succeed, and at most {MOST_INDEXES} are run again one by one",
                failed.len()
            ))
            .hint("without --failed-indexes all of it is run again, in one Job"));
        }
        let one = |index: u32| {
            let name = self.name.as_ref().map(|name| format!("{name}-{index}"));
            (indexes::of_index(&job, old_name, index), format!("{stem}-{index}"), name)
        };
        Ok(failed.into_iter().map(one).collect())
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
        let mut all = vec![
            need(
                "get",
                &JOBS,
                self.filename.is_none(),
                "the Job, and whether the new one was created when the answer is lost",
            ),
            need("create", &JOBS, true, "nothing: it creates the Job"),
            need("get", &CRON_JOBS, false, "whether its CronJob is still there to own the new Job"),
        ];
        if self.follow.follows() {
            all.extend(follow::needs(&namespace, &self.follow));
        }
        all
    }
}

async fn read(client: &Client, namespace: &str, name: &str) -> Result<Value, Failure> {
    match raw::get(client, &JOBS, namespace, name).await {
        Ok(job) => Ok(job),
        Err(error) if error.kind == ErrorKind::NotFound => {
            Err(Failure::from(error).hint(source::meant(client, namespace, Kind::Job, name).await))
        }
        Err(error) => Err(error.into()),
    }
}

/// The reference to its CronJob, if that is still the same: a reference to one that is gone would have the new Job deleted.
async fn owner(
    context: &mut Context<'_>,
    client: &Client,
    namespace: &str,
    old: &Value,
) -> Result<Option<Value>, Failure> {
    let Some((name, uid)) = cron_job_of(old) else { return Ok(None) };
    match raw::find(client, &CRON_JOBS, namespace, name).await {
        Ok(Some(cron)) if cron["metadata"]["uid"] == *uid => {
            Ok(Some(json!({"apiVersion": "batch/v1", "kind": "CronJob", "name": name, "uid": uid, "controller": true})))
        }
        Ok(_) => {
            context.note(&format!("note: its cronjob {name} is gone: the new Job belongs to nobody"))?;
            Ok(None)
        }
        Err(error) => {
            let why = error.message;
            context.note(&format!(
                "note: {why}: can't tell whether its cronjob is there, so the new Job belongs to nobody"
            ))?;
            Ok(None)
        }
    }
}
