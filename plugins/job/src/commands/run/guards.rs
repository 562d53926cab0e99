//! Before a CronJob is run by hand: what else of it goes on, and what will surprise.

use std::time::Duration;

use clap::ValueEnum;
use futures_util::future::join3;
use serde_json::Value;
use workload_cli::{Context, Exit, Failure};
use workload_core::connect::{Client, Error, ErrorKind};
use workload_core::facts::{JobRun, Listed, Text};
use workload_core::gather::resource::{CRON_JOBS, JOBS, QUOTAS};
use workload_core::gather::watch::Changes;
use workload_core::gather::watched::of_object;
use workload_core::gather::{job_run, raw};
use workload_core::jobs::guards::{active, describe, due_soon, notices, without_room};

use super::{RunArgs, replace};
use crate::commands::source::meant;
use crate::commands::target::Kind;

/// Jobs are asked for so many at a time.
const PAGE: u32 = 500;
/// Between two looks where Jobs can't be watched.
const PAUSE: Duration = Duration::from_secs(2);

/// `--if-active`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum IfActive {
    /// Say so, and run beside it
    Warn,
    /// Create nothing: exit code 3
    Refuse,
    /// Wait until no other run goes on
    Wait,
    /// Delete it and its pods, once you have said so, and wait for their end
    Replace,
    /// Neither look nor ask
    Ignore,
}

/// What was read before.
pub(super) struct Scene {
    pub(super) cron: Value,
    namespace: String,
    runs: Option<Result<Listed<JobRun>, Error>>,
    quotas: Option<Result<Vec<Value>, Error>>,
}

/// Reads the CronJob and, at the same time, whatever the guards look at.
pub(super) async fn read(client: &Client, namespace: &str, name: &str, guard: IfActive) -> Result<Scene, Failure> {
    let looks = guard != IfActive::Ignore;
    let place = Text::from(namespace);
    let runs = async { if looks { Some(job_run::list(client, &place, PAGE).await) } else { None } };
    let quotas = async { if looks { Some(raw::list(client, &QUOTAS, namespace).await) } else { None } };
    let (cron, runs, quotas) = join3(raw::get(client, &CRON_JOBS, namespace, name), runs, quotas).await;
    let cron = match cron {
        Ok(cron) => cron,
        Err(error) if error.kind == ErrorKind::NotFound => {
            return Err(Failure::from(error).hint(meant(client, namespace, Kind::CronJob, name).await));
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Scene { cron, namespace: namespace.to_owned(), runs, quotas })
}

/// Tells what should be known; the exit code where nothing is to be created.
pub(super) async fn heed(
    context: &mut Context<'_>,
    client: &Client,
    scene: &Scene,
    job: &Value,
    args: &RunArgs,
) -> Result<Option<Exit>, Failure> {
    let soon = of_object(&scene.cron).ok().and_then(|cron| due_soon(&cron, client.server_now()));
    for notice in notices(&scene.cron, job, args.owner.into()).into_iter().chain(soon) {
        context.note(&format!("note: {notice}"))?;
    }
    match &scene.quotas {
        Some(Ok(quotas)) => {
            for line in without_room(quotas, job) {
                context.note(&format!("note: {line}"))?;
            }
        }
        Some(Err(error)) => {
            context.note(&format!("note: {}: can't tell whether a quota leaves room", error.message))?;
        }
        None => {}
    }
    let Some(runs) = &scene.runs else { return Ok(None) };
    let guard = args.if_active;
    // The Job of this very key is what is wanted, not what is in its way.
    let own = args.create.idempotency_key.as_ref().and_then(|_| job["metadata"]["name"].as_str());
    let seen = match runs {
        Ok(listed) if listed.missing.is_none() => &listed.items,
        Ok(Listed { missing: Some(refusal), .. }) => return blind(context, guard, &refusal.to_string()),
        Ok(listed) => &listed.items,
        Err(error) => return blind(context, guard, &error.message),
    };
    if own.is_some_and(|own| seen.iter().any(|run| *run.meta.name == *own)) {
        return Ok(None);
    }
    let uid = scene.cron["metadata"]["uid"].as_str().unwrap_or_default();
    let others = active(seen, uid, own);
    if others.is_empty() {
        return Ok(None);
    }
    let name = scene.cron["metadata"]["name"].as_str().unwrap_or_default();
    let now = client.server_now();
    let shown: Vec<String> = others.iter().map(|run| describe(run, now)).collect();
    let goes_on = format!("cronjob {name} has a run that goes on: {}", shown.join(", "));
    match guard {
        IfActive::Refuse => {
            context.note(&format!("refused: {goes_on}"))?;
            context
                .note("Nothing was created. --if-active=wait waits for its end, --if-active=warn runs beside it.")?;
            Ok(Some(Exit::Refused))
        }
        IfActive::Wait | IfActive::Replace if args.create.only_shows() => Ok(None),
        IfActive::Wait => {
            context.note(&format!("waiting: {goes_on}"))?;
            if scene.cron["spec"]["concurrencyPolicy"] == "Forbid" {
                context.note("note: a slot that is missed meanwhile is started by the CronJob itself as soon as that run ends (Forbid)")?;
            }
            wait(context, client, &scene.namespace, uid, own).await?;
            Ok(None)
        }
        IfActive::Replace => {
            context.note(&goes_on)?;
            replace::replace(context, client, &scene.namespace, &others, args.yes).await
        }
        IfActive::Warn | IfActive::Ignore => {
            let beside = match scene.cron["spec"]["concurrencyPolicy"].as_str() {
                Some(policy @ ("Forbid" | "Replace")) => {
                    format!("; this one runs beside it: {policy} does not see runs that are made by hand")
                }
                _ => "; this one runs beside it".to_owned(),
            };
            context.note(&format!("note: {goes_on}{beside}"))?;
            Ok(None)
        }
    }
}

/// Other runs could not be looked for: what was asked to be sure of them can't be done.
fn blind(context: &mut Context<'_>, guard: IfActive, why: &str) -> Result<Option<Exit>, Failure> {
    if guard == IfActive::Warn {
        context.note(&format!("note: {why}: can't tell whether another run goes on"))?;
        return Ok(None);
    }
    context.note(&format!("refused: {why}: can't tell whether another run goes on"))?;
    context.note("Nothing was created. --if-active=warn creates it all the same.")?;
    Ok(Some(Exit::Refused))
}

/// Waits until no other run goes on.
async fn wait(
    context: &mut Context<'_>,
    client: &Client,
    namespace: &str,
    uid: &str,
    own: Option<&str>,
) -> Result<(), Failure> {
    let place = Text::from(namespace);
    let mut changes = match Changes::from_now_on(client, &[&JOBS], Some(&place)).await {
        Ok((changes, _)) => Some(changes),
        Err(error) => {
            context.note(&format!("note: {}: Jobs are looked at every {} s", error.message, PAUSE.as_secs()))?;
            None
        }
    };
    loop {
        let runs = job_run::list(client, &place, PAGE).await?;
        if runs.missing.is_none() && active(&runs.items, uid, own).is_empty() {
            return Ok(());
        }
        match &mut changes {
            Some(news) => {
                if news.next().await.is_err() {
                    changes = None;
                }
            }
            None => tokio::time::sleep(PAUSE).await,
        }
    }
}
