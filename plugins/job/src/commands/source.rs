//! What is run: a CronJob by its name, or the Job of a file.

use std::path::PathBuf;

use serde_json::Value;
use workload_cli::{Context, Failure};
use workload_core::jobs::manifest::the_job;

use super::new_job::read_objects;

const JOBS: [&str; 5] = ["job", "jobs", "job.batch", "jobs.batch", "jobs.v1.batch"];
const CRON_JOBS: [&str; 6] = ["cj", "cronjob", "cronjobs", "cronjob.batch", "cronjobs.batch", "cronjobs.v1.batch"];

/// The CronJob's name out of `NAME` or `TYPE/NAME`.
pub(super) fn cron_job_name(argument: &str) -> Result<String, Failure> {
    name_of(argument, &CRON_JOBS, "it takes cronjob/NAME (cj/NAME); --filename takes the Job of a file")
}

/// The Job's name out of `NAME` or `TYPE/NAME`.
pub(super) fn job_name(argument: &str) -> Result<String, Failure> {
    name_of(argument, &JOBS, "it takes job/NAME")
}

fn name_of(argument: &str, kinds: &[&str], hint: &str) -> Result<String, Failure> {
    let (kind, name) = argument.split_once('/').unwrap_or((kinds[0], argument));
    if name.is_empty() || name.contains('/') {
        return Err(Failure::error(format_args!(
            "arguments must be in the form NAME or TYPE/NAME, {argument:?} is neither"
        )));
    }
    if kinds.contains(&kind.to_ascii_lowercase().as_str()) {
        return Ok(name.to_owned());
    }
    Err(Failure::error(format_args!("{kind:?} is not a type that this command takes")).hint(hint))
}

/// The Job of a file, and the namespace that stands in it.
pub(super) fn manifest(context: &mut Context<'_>, path: &PathBuf) -> Result<(Value, Option<String>), Failure> {
    let objects = read_objects(context, "--filename", path)?;
    let (job, others) =
        the_job(objects).map_err(|why| Failure::error(format_args!("--filename {}: {why}", path.display())))?;
    if !others.is_empty() {
        context.note(&format!("note: not created, as only the Job is: {}", others.join(", ")))?;
    }
    let namespace = job["metadata"]["namespace"].as_str().map(str::to_owned);
    Ok((job, namespace))
}

/// Where the Job of a file goes, as kubectl decides it.
pub(super) fn namespace_of(own: Option<String>, flag: Option<String>, context: &str) -> Result<String, Failure> {
    match (own, flag) {
        (Some(own), Some(flag)) if own != flag => Err(Failure::error(format_args!(
            "the namespace from the provided object \"{own}\" does not match the namespace \"{flag}\". You must pass '--namespace={own}' to perform this operation."
        ))),
        (Some(own), _) => Ok(own),
        (None, Some(flag)) => Ok(flag),
        (None, None) => Ok(context.to_owned()),
    }
}
