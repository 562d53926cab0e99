//! The flags that change a Job before it is created, and those about the creation.

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;
use workload_cli::{Context, DryRun, Failure};
use workload_core::gather::files::objects;
use workload_core::jobs::overrides::{EnvChange, ImageChange, Overrides};
use workload_core::jobs::patch;

/// What differs from the Job that it is made from.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "What is different in this run")]
pub(crate) struct OverrideFlags {
    /// The container that --env, --args, --image and COMMAND are about; needed where there are several
    #[arg(short, long, value_name = "CONTAINER")]
    container: Option<String>,
    /// Set a variable (NAME=VALUE), or leave it out (NAME-); repeatable
    #[arg(short, long, value_name = "NAME=VALUE|NAME-", allow_hyphen_values = true)]
    env: Vec<String>,
    /// Set the variables of a file of NAME=VALUE lines; repeatable
    #[arg(long, value_name = "FILE")]
    env_file: Vec<PathBuf>,
    /// Another image, for the container or for a named one; repeatable
    #[arg(long, value_name = "[CONTAINER=]IMAGE")]
    image: Vec<String>,
    /// One argument in the place of the container's own; repeatable, in their order
    #[arg(long, value_name = "ARGUMENT", allow_hyphen_values = true)]
    args: Vec<String>,
    /// Another time limit for the Job: 90, 90s, 2h
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    deadline: Option<u64>,
    /// Another number of retries
    #[arg(long, value_name = "N")]
    backoff_limit: Option<u32>,
    /// Keep the Job for this long after its end: 3600, 1h
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    ttl: Option<u64>,
    /// Create it suspended, or not although its template is
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    suspend: Option<bool>,
    /// The slot that it stands for (RFC 3339), in the annotation that scheduled runs carry
    #[arg(long, value_name = "TIME", value_parser = scheduled_time)]
    scheduled_time: Option<String>,
    /// Change anything else: a file with a strategic merge patch (a map) or a JSON patch (a list)
    #[arg(long, value_name = "FILE|-")]
    patch: Option<PathBuf>,
    /// Edit the Job before it is created, in KUBE_EDITOR or EDITOR
    #[arg(long)]
    edit: bool,
}

/// How it is created.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Creation")]
pub(crate) struct CreateFlags {
    /// Create nothing: client shows what would be sent, server what would be stored
    #[arg(long, value_enum, default_value = "none", num_args = 0..=1, require_equals = true, default_missing_value = "client", value_name = "WAY")]
    pub(super) dry_run: DryRun,
    /// Create nothing: show what is different from what it is made from, and what admission would change
    #[arg(long)]
    pub(crate) diff: bool,
    /// Create it once for this key: the command again finds the same Job, and follows it
    #[arg(long, value_name = "KEY", value_parser = key)]
    pub(crate) idempotency_key: Option<String>,
    /// Output format: json, yaml or name
    #[arg(short, long, value_name = "FORMAT")]
    pub(super) output: Option<String>,
}

/// Seconds, as a number or as a duration of Go's.
fn seconds(text: &str) -> Result<u64, String> {
    if let Ok(number) = text.parse() {
        return Ok(number);
    }
    match workload_core::connect::duration::parse_go(text) {
        Some((false, duration)) => Ok(duration.as_secs()),
        Some((true, _)) => Err("a time can't be negative".to_owned()),
        None => Err("a time is 90, 90s or 2h".to_owned()),
    }
}

fn scheduled_time(text: &str) -> Result<String, String> {
    let known: Result<jiff::Timestamp, _> = text.parse();
    known.map(|_| text.to_owned()).map_err(|_| "a time is 2026-11-24T03:00:00Z".to_owned())
}

fn key(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("a key has at least one character".to_owned()) } else { Ok(text.to_owned()) }
}

/// The changes, read from flags and files.
#[derive(Debug, Clone)]
pub(crate) struct Changes {
    overrides: Overrides,
    patch: Option<Value>,
    pub(super) edit: bool,
}

impl OverrideFlags {
    /// Reads the files that the flags name. `command` is what stood behind `--`.
    pub(crate) fn changes(self, context: &mut Context<'_>, command: Vec<String>) -> Result<Changes, Failure> {
        let mut env = Vec::new();
        for path in &self.env_file {
            let shown = path.display();
            let text = std::fs::read_to_string(path)
                .map_err(|why| Failure::error(format_args!("--env-file {shown}: {why}")))?;
            let own = |name: &str| context.environment.text(name).map(str::to_owned);
            let read = EnvChange::parse_file(&text, own);
            env.extend(read.map_err(|why| Failure::error(format_args!("--env-file {shown}: {why}")))?);
        }
        // What stands on the command line outweighs files.
        for text in &self.env {
            env.push(EnvChange::parse(text).map_err(|why| Failure::error(format_args!("--env: {why}")))?);
        }
        let images = self.image.iter().map(|text| ImageChange::parse(text)).collect::<Result<Vec<_>, _>>();
        let overrides = Overrides {
            container: self.container,
            env,
            images: images.map_err(|why| Failure::error(format_args!("--image: {why}")))?,
            command,
            args: self.args,
            deadline: self.deadline,
            backoff_limit: self.backoff_limit,
            ttl: self.ttl,
            suspend: self.suspend,
            scheduled_time: self.scheduled_time,
        };
        let patch = self.patch.as_ref().map(|path| read_patch(context, path)).transpose()?;
        Ok(Changes { overrides, patch, edit: self.edit })
    }
}

/// Objects out of a file that a flag names; `-` is standard input.
pub(crate) fn read_objects(context: &mut Context<'_>, flag: &str, path: &PathBuf) -> Result<Vec<Value>, Failure> {
    let failed = |why: String| Failure::error(format_args!("{flag} {why}"));
    if path.as_os_str() == "-" {
        return objects(context.stdin, "STDIN").map_err(|broken| failed(broken.to_string()));
    }
    let shown = path.display().to_string();
    let mut file = std::fs::File::open(path).map_err(|why| failed(format!("{shown}: {why}")))?;
    objects(&mut file, &shown).map_err(|broken| failed(broken.to_string()))
}

fn read_patch(context: &mut Context<'_>, path: &PathBuf) -> Result<Value, Failure> {
    let mut all = read_objects(context, "--patch", path)?;
    match (all.pop(), all.is_empty()) {
        (Some(patch), true) => Ok(patch),
        _ => Err(Failure::error(format_args!("--patch {}: it must hold one patch", path.display()))),
    }
}

impl Changes {
    /// Changes the Job as the flags say, then as the patch does.
    pub(super) fn apply(&self, job: &mut Value) -> Result<(), Failure> {
        self.overrides.apply(job).map_err(|why| {
            let failure = Failure::error(&why);
            if why.starts_with("a container name") { failure.hint("-c CONTAINER chooses") } else { failure }
        })?;
        match &self.patch {
            Some(changes) => patch::apply(job, changes).map_err(|why| Failure::error(format_args!("--patch: {why}"))),
            None => Ok(()),
        }
    }
}
