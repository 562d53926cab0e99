//! `--watch`: a line for every change of a name's verdict or answer, with the delay since the EndpointSlices changed.

use std::collections::HashMap;
use std::pin::Pin;
use std::time::{Duration, Instant};

use futures_util::{Stream, StreamExt};
use jiff::Timestamp;
use serde::Serialize;
use workload_cli::{Context, Failure, Format};
use workload_core::connect::Client;
use workload_core::dns::look::Judged;
use workload_core::findings::{Code, Severity};
use workload_core::gather::names;
use workload_core::render::{escape, utc};

use super::scene::Scene;

/// Between two questions while something is on its way: what is measured is the delay, so this is its error.
const QUICK: Duration = Duration::from_millis(100);
/// Between two rounds of all questions while nothing happens. Servers end streams that idle for ten seconds.
const SLOW: Duration = Duration::from_secs(5);

/// A change, as a line of JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Transition<'v> {
    time: Timestamp,
    name: &'v str,
    from: &'v str,
    to: &'v str,
    answer: &'v str,
    /// Since the EndpointSlices changed, where they did since the last change of this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_milliseconds: Option<u128>,
}

#[derive(Clone, PartialEq)]
struct State {
    code: &'static str,
    answer: String,
}

type Changes = Pin<Box<dyn Stream<Item = ()>>>;

/// Watches until the user ends it.
pub(super) async fn watch(context: &mut Context<'_>, scene: &mut Scene, client: &Client) -> Result<(), Failure> {
    let mut states = states(scene);
    let mut changes: Changes = changes(client, scene);
    let mut changed: Option<Instant> = None;
    loop {
        let pending = scene.view().rows.iter().any(on_its_way);
        let pause = if pending || changed.is_some_and(|at| at.elapsed() < SLOW) { QUICK } else { SLOW };
        let event = tokio::time::timeout(pause, changes.next()).await;
        match event {
            Ok(Some(())) => {
                changed = Some(Instant::now());
                scene.refresh().await;
                scene.ask_rows(|_| true).await;
            }
            // The server ends every watch after a while; nothing is lost, since the facts are read anew.
            Ok(None) => {
                tokio::time::sleep(Duration::from_secs(1)).await;
                scene.refresh().await;
                changes = self::changes(client, scene);
            }
            Err(_) if pause == SLOW => scene.ask_rows(|_| true).await,
            Err(_) => scene.ask_rows(|row| on_its_way(row)).await,
        }
        let now = self::states(scene);
        tell(context, scene, &states, &now, changed)?;
        states = now;
    }
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
            let mut words: Vec<String> = row.seen.iter().map(|seen| seen.word()).collect();
            words.dedup();
            words.join(" / ")
        },
    };
    scene.view().rows.iter().map(|row| (row.name.full(&scene.inquiry.zone), state(row))).collect()
}

fn changes(client: &Client, scene: &Scene) -> Changes {
    Box::pin(names::slice_changes(client, scene.cluster.namespace.as_ref()))
}

fn tell(
    context: &mut Context<'_>,
    scene: &Scene,
    before: &HashMap<String, State>,
    now: &HashMap<String, State>,
    changed: Option<Instant>,
) -> Result<(), Failure> {
    let time = scene.client_now();
    let mut names: Vec<&String> = now.keys().filter(|name| before.get(*name) != now.get(*name)).collect();
    names.sort();
    for name in names {
        let (to, delay) = (&now[name], changed.map(|at| at.elapsed()));
        let from = before.get(name).map_or("", |state| state.code);
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
    Ok(())
}
