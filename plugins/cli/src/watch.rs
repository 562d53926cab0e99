//! `-w`: rows as they change.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use tokio::time::timeout;
use workload_core::connect::{self, Client};
use workload_core::facts::{Cluster, Text};
use workload_core::gather::resource::{Need, Resource};
use workload_core::gather::watch::Changes;
use workload_core::render::Column;

use crate::source::Asked;
use crate::{Context, Failure};

/// The flag.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct WatchFlags {
    /// Go on after the rows of now: show each row again when it has changed
    #[arg(short, long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = crate::flags::boolean)]
    watch: Option<bool>,
}

impl WatchFlags {
    /// Whether it was given; files don't change.
    pub fn given(&self, files: bool) -> Result<bool, Failure> {
        let given = self.watch.unwrap_or(false);
        if given && files {
            return Err(Failure::error("--watch needs a cluster: files have no changes to come")
                .hint("leave out --filename, or --watch"));
        }
        Ok(given)
    }

    /// What `-w` needs besides.
    pub fn needs(&self, ask: impl Into<Asked>, namespace: Option<&Text>) -> Vec<Need> {
        if !self.watch.unwrap_or(false) {
            return Vec::new();
        }
        let need = |(at, &(resource, tells)): (usize, &(&'static Resource, &'static str))| Need {
            verb: "watch",
            resource,
            scope: resource.scope(namespace),
            required: at == 0,
            tells,
        };
        ask.into().watched().iter().enumerate().map(need).collect()
    }
}

/// What was shown, so that only what is new or changed is shown again.
#[derive(Debug, Default)]
pub struct Seen(BTreeMap<String, String>);

impl Seen {
    /// The rows that were not shown like this before, and the keys of those that are gone. Ages alone are no change.
    pub fn news<R>(
        &mut self,
        columns: &[Column<R>],
        rows: Vec<R>,
        key: impl Fn(&R) -> String,
    ) -> (Vec<R>, Vec<String>) {
        let before = std::mem::take(&mut self.0);
        let mut news = Vec::new();
        for row in rows {
            let (key, state) = (key(&row), state(columns, &row));
            if before.get(&key) != Some(&state) {
                news.push(row);
            }
            self.0.insert(key, state);
        }
        let gone = before.into_keys().filter(|key| !self.0.contains_key(key)).collect();
        (news, gone)
    }
}

fn state<R>(columns: &[Column<R>], row: &R) -> String {
    let cells = columns.iter().filter(|column| column.name != "AGE").map(|column| (column.cell)(row));
    cells.fold(String::new(), |state, cell| state + cell.shown() + "\u{0}")
}

/// Facts that are read again whenever something has changed.
pub struct Watched {
    client: Client,
    ask: Asked,
    changes: Changes,
    first: bool,
}

impl Watched {
    /// Begins to watch, before anything is read.
    pub async fn begin(
        context: &mut Context<'_>,
        ask: impl Into<Asked>,
        all_namespaces: bool,
    ) -> Result<Self, Failure> {
        let mut ask = ask.into();
        let client = context.connect()?;
        let namespace = (!all_namespaces).then(|| Text::from(client.namespace()));
        ask.set_namespace(namespace.clone());
        let resources: Vec<_> = ask.watched().iter().map(|(resource, _)| *resource).collect();
        let watched = Changes::from_now_on(&client, &resources, namespace.as_ref());
        let (changes, refused) = watched.await?;
        for error in refused {
            context.note(&format!("note: {}: changes of them are not seen", error.message))?;
        }
        Ok(Self { client, ask, changes, first: true })
    }

    /// What there is now; from the second time on, as soon as something has changed, or when so much time has passed: what is due to
    /// time alone changes nothing in the cluster.
    pub async fn next_within(&mut self, context: &mut Context<'_>, limit: Duration) -> Result<Cluster, Failure> {
        if !self.first
            && let Ok(changed) = timeout(limit, self.changes.next()).await
        {
            changed?;
        }
        self.read(context).await
    }

    /// What there is now; from the second time on, as soon as something has changed.
    pub async fn next(&mut self, context: &mut Context<'_>) -> Result<Cluster, Failure> {
        if !self.first {
            self.changes.next().await?;
        }
        self.read(context).await
    }

    async fn read(&mut self, context: &mut Context<'_>) -> Result<Cluster, Failure> {
        let read = self.ask.read(&self.client).await?;
        if self.first {
            for refusal in read.cluster.refusals() {
                context.note(&format!("note: {refusal}: can't tell {}", read.cluster.tells(refusal)))?;
            }
        }
        self.first = false;
        Ok(read.cluster)
    }
}

/// `--wait`: a duration as kubectl takes them; zero is for ever.
pub fn wait_limit(text: &str) -> Result<Duration, Failure> {
    let limit = connect::duration::parse_go(text)
        .filter(|(negative, _)| !negative)
        .map(|(_, limit)| limit)
        .or_else(|| text.parse().ok().map(Duration::from_secs))
        .ok_or_else(|| Failure::error(format_args!("--wait: {text:?} is no time: 30s, 2m")))?;
    Ok(if limit.is_zero() { Duration::MAX } else { limit })
}
