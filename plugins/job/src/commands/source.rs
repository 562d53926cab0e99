//! What is run: a CronJob by its name, or the Job of a file.

use std::path::PathBuf;

use serde_json::Value;
use workload_cli::{Context, Failure};
use workload_core::jobs::manifest::the_job;

use super::new_job::read_objects;
use super::target::{Kind, Target};

/// The CronJob's name out of `NAME` or `TYPE/NAME`.
pub(super) fn cron_job_name(argument: &str) -> Result<String, Failure> {
    let target = Target::parse(argument)?;
    if target.kind == Some(Kind::Job) {
        return Err(Failure::error("\"job\" is not a type that this command takes").hint(
            "it takes cronjob/NAME (cj/NAME); kubectl job rerun runs a Job again, --filename the Job of a file",
        ));
    }
    Ok(target.name)
}

/// The Job's name out of `NAME` or `TYPE/NAME`.
pub(super) fn job_name(argument: &str) -> Result<String, Failure> {
    let target = Target::parse(argument)?;
    if target.kind == Some(Kind::CronJob) {
        return Err(Failure::error("\"cronjob\" is not a type that this command takes").hint("it takes job/NAME"));
    }
    Ok(target.name)
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
