//! What is run: a CronJob by its name, or the Job of a file.

use std::path::PathBuf;

use serde_json::Value;
use workload_cli::{Context, Failure, nearest};
use workload_core::connect::Client;
use workload_core::gather::raw;
use workload_core::gather::resource::{CRON_JOBS, JOBS};
use workload_core::jobs::manifest::the_job;

use super::new_job::read_objects;
use super::target::{Kind, Target};

/// Fails for what must be a file's name: where `-f` is `--follow`, who knows it as kubectl's `--filename` would make a Job of that name.
pub(super) fn no_file(argument: &str) -> Result<(), Failure> {
    let file = [".yaml", ".yml", ".json"].iter().any(|end| argument.to_ascii_lowercase().ends_with(end));
    if !file || argument.contains('/') && Target::parse(argument).is_ok() {
        return Ok(());
    }
    Err(Failure::error(format_args!("{argument:?} looks like a file, and -f is --follow here"))
        .hint(format!("--filename {argument} runs the Job of a file")))
}

/// What may have been meant by the name of an object that is not there: one of the other kind, or a neighbour.
pub(super) async fn meant(client: &Client, namespace: &str, wanted: Kind, name: &str) -> String {
    let (resource, other, plural) = match wanted {
        Kind::CronJob => (&CRON_JOBS, &JOBS, "cronjobs"),
        Kind::Job => (&JOBS, &CRON_JOBS, "jobs"),
    };
    if raw::find(client, other, namespace, name).await.is_ok_and(|found| found.is_some()) {
        return match wanted {
            Kind::CronJob => format!("{name} is a Job: kubectl job rerun {name} -n {namespace} runs it again"),
            Kind::Job => format!("{name} is a CronJob: kubectl job run {name} -n {namespace} runs it"),
        };
    }
    let all = raw::list(client, resource, namespace).await.unwrap_or_default();
    let near = nearest(name, all.iter().filter_map(|object| object["metadata"]["name"].as_str()));
    if near.is_empty() {
        format!("kubectl get {plural} -n {namespace}")
    } else {
        format!("did you mean {}?", near.join(" or "))
    }
}

/// The CronJob's name out of `NAME` or `TYPE/NAME`.
pub(super) fn cron_job_name(argument: &str) -> Result<String, Failure> {
    no_file(argument)?;
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
    no_file(argument)?;
    let target = Target::parse(argument)?;
    if target.kind == Some(Kind::CronJob) {
        return Err(Failure::error("\"cronjob\" is not a type that this command takes")
            .hint("it takes job/NAME; kubectl job run runs a CronJob"));
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
