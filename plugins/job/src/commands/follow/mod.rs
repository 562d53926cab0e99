//! A Job followed to its end, whoever made it.

mod cause;
mod conclude;
mod flags;
mod following;
mod lines;
mod signal;
mod wake;

use serde_json::Value;
use workload_cli::{Context, Exit, Failure};
use workload_core::connect::Client;
use workload_core::facts::Text;
use workload_core::gather::log_tail::LOG;
use workload_core::gather::resource::{EVENTS, JOBS, NODES, Need, PODS, QUOTAS, Resource};

pub(crate) use self::flags::FollowFlags;
use self::following::Following;
use self::lines::Lines;

/// How a Job came to its end, or how following it did.
pub(crate) struct Outcome {
    /// The exit code.
    pub(crate) exit: Exit,
    /// `Complete`, `Failed`, `Vanished`; nothing where it goes on.
    pub(crate) result: Option<&'static str>,
    /// The reason of its failure.
    pub(crate) reason: Option<String>,
    /// The code of the container that failed last.
    pub(crate) exit_code: Option<i32>,
    /// Seconds from its start to its end.
    pub(crate) seconds: Option<i64>,
}

/// What following needs besides.
pub(crate) fn needs(namespace: &Text, flags: &FollowFlags) -> Vec<Need> {
    let need = |verb, resource: &'static Resource, tells| Need {
        verb,
        resource,
        scope: resource.scope(Some(namespace)),
        required: false,
        tells,
    };
    let mut all = vec![
        need("watch", &JOBS, "the Job's end at once, not within a second"),
        need("list", &PODS, "how its pods come along, and which container failed"),
        need("watch", &PODS, "the same at once"),
    ];
    if flags.shows_lines() {
        all.push(need("get", &PODS, "whether an end of a log is the container's: without it no end is verified"));
        all.push(need("get", &LOG, "the lines, and the last ones of a container that failed"));
    } else {
        all.push(need("get", &LOG, "the last lines of a container that failed"));
    }
    all.push(need("list", &EVENTS, "why it does not start, and how a Job ended that is gone already"));
    all.push(need("list", &QUOTAS, "whether a quota refuses its pods"));
    all.push(Need { scope: NODES.scope(None), ..need("list", &NODES, "whether a pod's node still reports") });
    all
}

/// Follows a Job from the state that the server gave it, to its end. Its lines go to stdout, as records where `json` says so.
pub(crate) async fn follow(
    context: &mut Context<'_>,
    client: &Client,
    job: &Value,
    flags: &FollowFlags,
    json: bool,
) -> Result<Outcome, Failure> {
    let shown = if flags.shows_lines() { Some(lines::start(context, client, job, json)?) } else { None };
    let mut following = Following::begin(client, flags, job, Lines::of(shown.as_ref()));
    let how = following.run(context).await?;
    following.lines.finish(how.cut_short()).await;
    following.conclude(context, how).await
}

/// A line for whoever reads along: that nobody does changes nothing about the Job.
fn say(context: &mut Context<'_>, line: &str) {
    drop(context.note(line));
}
