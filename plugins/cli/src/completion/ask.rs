//! Names out of the kubeconfig and the cluster, within the time that a TAB may take; whatever fails means no names.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args as _, Command, FromArgMatches as _};
use serde::Deserialize;
use serde_json::Value;
use workload_core::connect::{self, Client, ConnectOptions, Environment, Silent};

use super::values::Question;
use super::words::Typed;
use super::{Candidate, Names};
use crate::{GlobalFlags, Program};

/// As the server prints it, without the objects: the least that holds names (a server or proxy that can't do that sends the list).
const AS_TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

const SETS: &str = "/apis/apps/v1/{}statefulsets";
const JOBS: &str = "/apis/batch/v1/{}jobs";
const CRON_JOBS: &str = "/apis/batch/v1/{}cronjobs";
/// Helm's records; what they hold is not asked for.
const RELEASES: &str = "/api/v1/{}secrets?labelSelector=owner%3Dhelm&fieldSelector=type%3Dhelm.sh%2Frelease.v1";
const PODS: &str = "/api/v1/{}pods";
const CLAIMS: &str = "/api/v1/{}persistentvolumeclaims";

/// The candidates that the kubeconfig or the server knows.
pub(super) fn answer(
    program: &Program,
    question: Question,
    typed: &Typed<'_>,
    env: &Environment,
    limit: Duration,
) -> Vec<Candidate> {
    let Some(flags) = global_flags(typed) else { return Vec::new() };
    let options = ConnectOptions {
        silent: true,
        ..flags.connect(
            format!("{}/{}", program.binary, program.version),
            format!("{} completion", program.usage),
            true,
        )
    };
    if let Some(names) = from_kubeconfig(question, &options, env) {
        return names;
    }
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return Vec::new() };
    let asked = async { tokio::time::timeout(limit, from_server(question, typed, &options, env)).await };
    let found = runtime.block_on(asked).ok().flatten().unwrap_or_default();
    runtime.shutdown_background();
    found
}

/// kubectl's global flags among the words.
fn global_flags(typed: &Typed<'_>) -> Option<GlobalFlags> {
    let command =
        GlobalFlags::augment_args(Command::new("x").version("-").disable_version_flag(true).disable_help_flag(true))
            .args_override_self(true);
    let known: Vec<String> = command.get_arguments().filter_map(|arg| arg.get_long()).map(str::to_owned).collect();
    let words = typed.given.iter().filter(|(name, _)| known.contains(name));
    let words = words.flat_map(|(name, values)| values.iter().map(move |value| format!("--{name}={value}")));
    let matches = command.try_get_matches_from(std::iter::once("x".to_owned()).chain(words)).ok()?;
    GlobalFlags::from_arg_matches(&matches).ok()
}

fn from_kubeconfig(question: Question, options: &ConnectOptions, env: &Environment) -> Option<Vec<Candidate>> {
    let names = || connect::names(options, env).unwrap_or_default();
    let plain = |names: Vec<String>| names.into_iter().map(|name| Candidate::new(name, "")).collect();
    match question {
        Question::Contexts => {
            let names = names();
            let about = |name: &str, namespace: Option<String>| {
                let current = if names.current.as_deref() == Some(name) { "current, " } else { "" };
                format!("{current}namespace {}", namespace.unwrap_or_else(|| "default".to_owned()))
            };
            let contexts = names.contexts.clone().into_iter();
            Some(contexts.map(|(name, namespace)| Candidate::new(&*name, about(&name, namespace))).collect())
        }
        Question::Clusters => Some(plain(names().clusters)),
        Question::Users => Some(plain(names().users)),
        _ => None,
    }
}

async fn from_server(
    question: Question,
    typed: &Typed<'_>,
    options: &ConnectOptions,
    env: &Environment,
) -> Option<Vec<Candidate>> {
    let client = Client::connect(options, env, Arc::new(Silent), 0).ok()?;
    let names = Listing { client: &client };
    let (kind, _) = typed.prefix.split_once('/').unwrap_or(("", ""));
    let with_kind = |all: Vec<Candidate>| -> Vec<Candidate> {
        all.into_iter().map(|it| Candidate::new(format!("{kind}/{}", it.word), it.about)).collect()
    };
    match question {
        Question::Namespaces => names.list("/api/v1/namespaces", "").await,
        Question::Pods => names.list(PODS, "").await,
        Question::Claims if kind.is_empty() => names.list(CLAIMS, "").await,
        Question::Claims => names.list(CLAIMS, "").await.map(with_kind),
        Question::CronJobs => names.list(CRON_JOBS, "").await,
        Question::Releases => names.list(RELEASES, "").await.map(releases),
        Question::Names(_) if matches!(kind, "po" | "pod" | "pods") => names.list(PODS, "").await.map(with_kind),
        Question::Names(Names::Sets) if kind.is_empty() => names.list(SETS, "").await,
        Question::Names(Names::Sets) => names.list(SETS, "").await.map(with_kind),
        Question::Names(Names::Jobs) if kind.starts_with('c') => names.list(CRON_JOBS, "").await.map(with_kind),
        Question::Names(Names::Jobs) if !kind.is_empty() => names.list(JOBS, "").await.map(with_kind),
        Question::Names(Names::Jobs) => {
            let (jobs, cron_jobs) = tokio::join!(names.list(JOBS, ""), names.list(CRON_JOBS, "cronjob/"));
            Some([jobs.unwrap_or_default(), cron_jobs.unwrap_or_default()].concat())
        }
        Question::Ordinals => Some(ordinals(&names.object(typed, Names::Sets).await?)),
        Question::Containers(whose) => Some(containers(&names.object(typed, whose).await?)),
        Question::Contexts | Question::Clusters | Question::Users => None,
    }
}

struct Listing<'c> {
    client: &'c Client,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    #[serde(default)]
    column_definitions: Vec<Column>,
    #[serde(default)]
    rows: Vec<Row>,
    #[serde(default)]
    items: Vec<Value>,
}

#[derive(Deserialize)]
struct Column {
    name: String,
    /// Above zero it belongs to `-o wide`.
    #[serde(default)]
    priority: i32,
}

#[derive(Deserialize)]
struct Row {
    cells: Vec<Value>,
}

impl Listing<'_> {
    fn path(&self, pattern: &str) -> String {
        pattern.replace("{}", &format!("namespaces/{}/", self.client.namespace()))
    }

    /// The names of a list, out of the server's memory; each with what the server's own table says of it.
    async fn list(&self, pattern: &str, before: &str) -> Option<Vec<Candidate>> {
        let path = self.path(pattern);
        let joint = if path.contains('?') { '&' } else { '?' };
        let path = format!("{path}{joint}resourceVersion=0&includeObject=None");
        let list: List = self.client.get(&path, Some(AS_TABLE)).await.ok()?.json().ok()?;
        let about = |row: &Row| {
            let cells =
                list.column_definitions.iter().zip(&row.cells).skip(1).filter(|(column, _)| column.priority == 0);
            let cells = cells.take(3);
            let said = cells.filter_map(|(column, cell)| {
                let cell = cell.as_str().map_or_else(|| cell.to_string(), str::to_owned);
                (!cell.is_empty()).then(|| format!("{} {cell}", column.name.to_lowercase()))
            });
            said.collect::<Vec<_>>().join(", ")
        };
        let rows = list.rows.iter().filter_map(|row| Some((row.cells.first()?.as_str()?, about(row))));
        let items = list.items.iter().filter_map(|item| Some((item["metadata"]["name"].as_str()?, String::new())));
        Some(rows.chain(items).map(|(name, about)| Candidate::new(format!("{before}{name}"), about)).collect())
    }

    /// The set or Job that the line names first.
    async fn object(&self, typed: &Typed<'_>, plain: Names) -> Option<Value> {
        let named = typed.positionals.first()?;
        let (kind, name) = named.split_once('/').unwrap_or(("", named));
        if name.is_empty() || name.contains(['/', '?', '#', '%']) {
            return None;
        }
        let patterns: &[&str] = match kind {
            "po" | "pod" | "pods" => &[PODS],
            // A bare name is a Job's first, and a CronJob's else.
            "" if plain == Names::Jobs => &[JOBS, CRON_JOBS],
            kind if kind.starts_with('c') => &[CRON_JOBS],
            kind if kind.starts_with('j') => &[JOBS],
            _ => &[SETS],
        };
        for pattern in patterns {
            if let Ok(answer) = self.client.get(&format!("{}/{name}", self.path(pattern)), None).await {
                return answer.json().ok();
            }
        }
        None
    }
}

/// The releases of their records: `sh.helm.release.v1.<release>.v<revision>`.
fn releases(records: Vec<Candidate>) -> Vec<Candidate> {
    let mut newest: BTreeMap<String, u64> = BTreeMap::new();
    for record in records {
        let named = record.word.strip_prefix("sh.helm.release.v1.").and_then(|rest| rest.rsplit_once(".v"));
        let named = named.and_then(|(name, revision)| Some((name, revision.parse::<u64>().ok()?)));
        let Some((name, revision)) = named else { continue };
        let newest = newest.entry(name.to_owned()).or_default();
        *newest = revision.max(*newest);
    }
    newest.into_iter().map(|(name, revision)| Candidate::new(name, format!("revision {revision}"))).collect()
}

fn ordinals(set: &Value) -> Vec<Candidate> {
    let number = |path: &str, absent| set.pointer(path).and_then(Value::as_i64).unwrap_or(absent);
    let (start, replicas) = (number("/spec/ordinals/start", 0), number("/spec/replicas", 1));
    let name = set["metadata"]["name"].as_str().unwrap_or_default();
    // More are not chosen from by eye.
    (start..start + replicas.clamp(0, 1000)).map(|k| Candidate::new(k.to_string(), format!("pod {name}-{k}"))).collect()
}

fn containers(object: &Value) -> Vec<Candidate> {
    let specs = ["/spec/template/spec", "/spec/jobTemplate/spec/template/spec", "/spec"];
    let spec = specs.iter().filter_map(|path| object.pointer(path)).find(|spec| spec["containers"].is_array());
    let of = |field: &str, about: &'static str| -> Vec<Candidate> {
        let list = spec.and_then(|spec| spec[field].as_array()).cloned().unwrap_or_default();
        list.iter()
            .filter_map(|it| {
                Some(Candidate::new(
                    it["name"].as_str()?,
                    format!("{about}{}", it["image"].as_str().unwrap_or_default()),
                ))
            })
            .collect()
    };
    [of("containers", ""), of("initContainers", "init, ")].concat()
}
