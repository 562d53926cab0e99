//! `--watch`: a line for every change of a name's verdict or answer, with the delay since the EndpointSlices changed.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::pin::Pin;
use std::time::{Duration, Instant};

use futures_util::{FutureExt, Stream, StreamExt};
use jiff::Timestamp;
use serde::Serialize;
use workload_cli::{Context, Failure, Format};
use workload_core::dns::look::Judged;
use workload_core::dns::seen::Seen;
use workload_core::facts::Refusal;
use workload_core::findings::{Code, Severity};
use workload_core::gather::names;
use workload_core::render::{escape, utc};

use super::scene::Scene;

/// Between two questions for a name that is on its way: what is measured is the delay, so this is its error. With more than a
/// hundred of them it is longer, so that no server gets more than two thousand questions a second.
const QUICK: Duration = Duration::from_millis(100);
/// Between two rounds of all questions while nothing happens. Servers end streams that idle for ten seconds.
const SLOW: Duration = Duration::from_secs(5);
/// What is on its way for longer than this, longer than memories of absence last, is no longer asked for so often.
const LONG: Duration = Duration::from_mins(3);

/// A change, as a line of JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Transition<'v> {
    time: Timestamp,
    name: &'v str,
    from: &'v str,
    to: &'v str,
    answer: &'v str,
    /// Since the EndpointSlices changed for this name, where they did since its last change.
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_milliseconds: Option<u128>,
}

/// What is told of a name.
#[derive(Clone, PartialEq)]
struct State {
    code: &'static str,
    answer: String,
    /// Whether that may change soon.
    pending: bool,
    /// What the API says of it: the clock of the delay starts when this changes.
    declared: (&'static str, Option<BTreeSet<IpAddr>>),
}

type Changes = Pin<Box<dyn Stream<Item = Result<(), Refusal>>>>;

/// Watches until the user ends it.
pub(super) async fn watch(context: &mut Context<'_>, scene: &mut Scene) -> Result<(), Failure> {
    let mut states = states(scene);
    let Some(mut changes) = changes(scene) else { return Ok(()) };
    // Since when each name is declared otherwise than before.
    let mut since: HashMap<String, Instant> = HashMap::new();
    let mut moved = Instant::now();
    let (mut refused, mut lost): (Option<Refusal>, String) = (None, String::new());
    loop {
        let event = tokio::time::timeout(pause(scene, moved), changes.next()).await;
        let at = Instant::now();
        let heard = matches!(event, Ok(Some(Ok(()))));
        match event {
            Ok(Some(Ok(()))) => {
                // All that has come by now is one change: the facts are read again for all of it.
                while let Some(Some(Ok(()))) = changes.next().now_or_never() {}
                (moved, refused) = (at, None);
                Box::pin(scene.refresh()).await;
                scene.ask_rows(|_| true).await;
            }
            // The server ends every watch after a while; nothing is lost, since the facts are read anew.
            Ok(ended) => {
                if let Some(Err(refusal)) = ended
                    && refused.as_ref() != Some(&refusal)
                {
                    let note = format!("note: {refusal}: changes are found by reading again, and no delay is told");
                    context.note(&note)?;
                    refused = Some(refusal);
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
                Box::pin(scene.refresh()).await;
                scene.ask_rows(|_| true).await;
                let Some(again) = self::changes(scene) else { return Ok(()) };
                changes = again;
            }
            Err(_) if moved.elapsed() > SLOW => scene.ask_rows(|_| true).await,
            Err(_) => scene.ask_rows(on_its_way).await,
        }
        if let Some(names) = scene.replace_lost_servers().await
            && names != lost
        {
            context.note(&format!("note: no answer from {names}: the DNS servers were looked for again"))?;
            lost = names;
        }
        let now = self::states(scene);
        // When something changed of which no watch has told is not known.
        for (name, state) in now.iter().filter(|_| heard) {
            if states.get(name).is_some_and(|before| before.declared != state.declared) {
                since.insert(name.clone(), at);
            }
        }
        if tell(context, scene, &states, &now, &mut since)? {
            moved = Instant::now();
        }
        states = now;
    }
}

/// Until the next questions.
fn pause(scene: &Scene, moved: Instant) -> Duration {
    let pending = scene.view().rows.iter().filter(|row| on_its_way(row)).count();
    let quick = QUICK * u32::try_from(pending / 100 + 1).unwrap_or(u32::MAX);
    let quiet = moved.elapsed();
    if quiet < SLOW || pending > 0 && quiet < LONG { quick.min(SLOW) } else { SLOW }
}

/// Whether a server's answer may change soon.
fn on_its_way(row: &Judged<'_>) -> bool {
    let expected = row.name.expected.as_ref().is_some_and(|all| !all.is_empty());
    expected && row.verdicts.first().is_some_and(|verdict| verdict.code != Code::Resolves)
        || row.verdicts.iter().any(|verdict| verdict.code == Code::GhostRecord && verdict.severity >= Severity::Waiting)
}

fn states(scene: &Scene) -> HashMap<String, State> {
    let state = |row: &Judged<'_>| State {
        code: row.verdicts.first().map_or("", |verdict| verdict.code.word()),
        answer: {
            let mut words: Vec<String> = row.seen.iter().map(Seen::word).collect();
            words.dedup();
            words.join(" / ")
        },
        pending: on_its_way(row),
        declared: (row.name.published.word(), row.name.expected.clone()),
    };
    scene.view().rows.iter().map(|row| (row.name.full(&scene.inquiry.zone), state(row))).collect()
}

fn changes(scene: &Scene) -> Option<Changes> {
    let changes = names::slice_changes(scene.client()?, scene.cluster.namespace.as_ref());
    Some(Box::pin(changes))
}

/// Tells what has changed; whether anything has.
fn tell(
    context: &mut Context<'_>,
    scene: &Scene,
    before: &HashMap<String, State>,
    now: &HashMap<String, State>,
    since: &mut HashMap<String, Instant>,
) -> Result<bool, Failure> {
    let time = scene.client_now();
    let told = |state: Option<&State>| state.map(|state| (state.code, state.answer.clone()));
    let mut names: Vec<&String> = now.keys().filter(|name| told(before.get(*name)) != told(now.get(*name))).collect();
    names.sort();
    for name in &names {
        let (to, delay) = (&now[*name], since.get(*name).map(Instant::elapsed));
        // The last one that the change explains.
        if !to.pending {
            since.remove(*name);
        }
        let from = before.get(*name).map_or("", |state| state.code);
        if scene.plan.format == Format::Json {
            let delay_milliseconds = delay.map(|delay| delay.as_millis());
            let line = Transition { time, name, from, to: to.code, answer: &to.answer, delay_milliseconds };
            let text = serde_json::to_string(&line).map_err(Failure::error)?;
            writeln!(context.out, "{}", escape(&text))?;
        } else {
            let delay = delay.map(|delay| format!("   {:.1} s after the EndpointSlices changed", delay.as_secs_f64()));
            let (name, answer) = (escape(name), escape(&to.answer));
            writeln!(
                context.out,
                "{}   {name}   {from} -> {}   {answer}{}",
                utc(time),
                to.code,
                delay.unwrap_or_default()
            )?;
        }
    }
    context.out.flush()?;
    Ok(!names.is_empty())
}
