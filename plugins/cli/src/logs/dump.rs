//! The logs of a dump: whose they are follows from the pods in it, as it holds neither sets nor, often, Jobs.

use std::collections::BTreeSet;

use workload_core::facts::Uid;
use workload_core::gather::files::logs::{Dump, DumpedLog, read_logs};
use workload_core::logs::api::From;
use workload_core::logs::dump;
use workload_core::logs::plan::Attempts;
use workload_core::logs::targets::Selection;

use super::run::run_from;
use super::{LogFlags, LogRun, Mirror};
use crate::{Context, Exit, Failure, nearest};

/// Whose logs are read out of a dump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DumpOwner {
    /// A StatefulSet's.
    Set,
    /// A Job's.
    Job,
    /// Those of a CronJob's newest Job.
    NewestOfCronJob,
}

impl DumpOwner {
    fn kind(self) -> &'static str {
        match self {
            Self::Set => "StatefulSet",
            Self::Job | Self::NewestOfCronJob => "Job",
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Set => "statefulset",
            Self::Job | Self::NewestOfCronJob => "job",
        }
    }
}

/// Shows what the folders of `--filename` hold of an owner's logs. `selection` says which pods are meant; its owner is found here.
/// `every` says whether all attempts are meant where no flag says so, `bare` whether lines of a single container go without a prefix.
///
/// Fails where the folders can't be read, hold no pod of the owner, or where a flag asks for what they don't hold.
pub async fn dump_logs(
    context: &mut Context<'_>,
    flags: &LogFlags,
    owner: (DumpOwner, &str),
    selection: Selection,
    every: bool,
    bare: bool,
) -> Result<Exit, Failure> {
    let namespace = context.flags.namespace.clone().filter(|name| !name.is_empty());
    let dump = read_logs(flags.folders(), namespace.as_deref()).map_err(Failure::error)?;
    for broken in &dump.broken {
        context.note(&format!("error: {broken}"))?;
    }
    let (name, uid) = find(&dump, owner)?;
    let selection = Selection { owner: uid, owner_name: name.as_str().into(), ..selection };
    let plan = flags.plan(selection, every, context.now)?;
    if let From::Ago(_) = plan.from {
        return Err(Failure::error("--since counts from now, and files don't say when they were written")
            .hint("--since-time 2026-11-21T12:00:00Z"));
    }
    let logs: Vec<&DumpedLog> = dump.logs.iter().filter(|log| dump::wanted(log, &plan)).collect();
    if plan.attempts == Attempts::Previous && logs.is_empty() {
        context.note(&format!("The files hold no earlier attempt of {} {name}.", owner.0.noun()))?;
        return Ok(Exit::Done);
    }
    let untimed = logs.iter().filter(|log| !log.timed).count();
    if untimed > 0
        && let Some(flag) = flags.needs_times()
    {
        return Err(Failure::error(format_args!(
            "{flag} needs times, and kubectl cluster-info dump writes lines without"
        ))
        .hint("a must-gather has them"));
    }
    let mut style = flags.style(context)?;
    let containers: BTreeSet<_> = logs.iter().map(|log| (&log.pod.meta.uid, &log.container)).collect();
    if bare && flags.prefix_is_open() && containers.len() == 1 {
        style.prefix = false;
    }
    if !style.only_lines {
        for line in said(&dump, &logs, untimed) {
            context.note(&line)?;
        }
    }
    let run = LogRun {
        plan,
        style,
        timeout: flags.timeout()?,
        strict: flags.strict(),
        mirror: Mirror::Condition,
        what: format!("{} {name}", owner.0.noun()),
        again: None,
    };
    let exit = run_from(context, run, async |plan, channel| dump::run(&dump.logs, plan, channel).await).await?;
    Ok(if exit == Exit::Done && !dump.broken.is_empty() { Exit::Error } else { exit })
}

/// What is to be known before the lines.
fn said(dump: &Dump, logs: &[&DumpedLog], untimed: usize) -> Vec<String> {
    let mut said = Vec::new();
    if let [first, more @ ..] = &*dump.strangers {
        let others = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
        let (namespace, pod) = first;
        said.push(format!(
            "note: the files hold logs of pod {namespace}/{pod}{others}, and no such Pod: whose they are can't be told"
        ));
    }
    let older = |log: &&&DumpedLog| {
        dump.rotated.iter().any(|(of, pod)| **of == *log.pod.meta.namespace && **pod == *log.pod.meta.name)
    };
    let mut pods: Vec<&str> = logs.iter().filter(older).map(|log| &*log.pod.meta.name).collect();
    pods.dedup();
    if !pods.is_empty() {
        said.push(format!("note: older lines of {} lie in logs/rotated, which is not read", pods.join(", ")));
    }
    if untimed > 1 {
        said.push("note: these lines have no times: they are shown container by container".to_owned());
    }
    said
}

/// The owner's own name and its UID, as the dump's pods tell them.
fn find(dump: &Dump, (owner, name): (DumpOwner, &str)) -> Result<(String, Uid), Failure> {
    let name = match owner {
        DumpOwner::NewestOfCronJob => newest_job(dump, name)?,
        DumpOwner::Set | DumpOwner::Job => name.to_owned(),
    };
    let owners = dump.pods.iter().filter_map(|pod| {
        let of = pod.meta.controller().filter(|of| &*of.kind == owner.kind())?;
        Some((pod.meta.created(), &*pod.meta.namespace, &*of.name, &of.uid))
    });
    let mut meant: Vec<_> = owners.clone().filter(|(_, _, of, _)| **of == name).collect();
    meant.sort_unstable();
    let Some((_, namespace, _, uid)) = meant.last() else {
        let near = nearest(&name, owners.map(|(_, _, of, _)| of));
        let failure = Failure::error(format_args!("the files hold no pod of {} {name}", owner.noun()));
        return Err(if near.is_empty() {
            failure
        } else {
            failure.hint(format!("did you mean {}?", near.join(" or ")))
        });
    };
    let mut namespaces: Vec<&str> = meant.iter().map(|(_, namespace, _, _)| *namespace).collect();
    namespaces.sort_unstable();
    namespaces.dedup();
    if namespaces.len() > 1 {
        return Err(Failure::error(format_args!(
            "{} {name} stands in several namespaces: {}",
            owner.noun(),
            namespaces.join(", ")
        ))
        .hint(format!("-n {namespace}")));
    }
    Ok((name, (*uid).clone()))
}

/// The newest Job of a CronJob, by the Jobs in the dump.
fn newest_job(dump: &Dump, cron_job: &str) -> Result<String, Failure> {
    let of = |job: &&workload_core::facts::Job| {
        job.meta.controller().is_some_and(|of| &*of.kind == "CronJob" && &*of.name == cron_job)
    };
    match dump.jobs.iter().filter(of).max_by_key(|job| job.meta.created()) {
        Some(job) => Ok(job.meta.name.to_string()),
        None if dump.jobs.is_empty() => Err(Failure::error(format_args!(
            "the files hold no Jobs: which are those of cronjob {cron_job} can't be told"
        ))
        .hint("name the Job; kubectl cluster-info dump writes none")),
        None => Err(Failure::error(format_args!("the files hold no Job of cronjob {cron_job}"))),
    }
}
