//! The envelope of every JSON and YAML report.

use jiff::Timestamp;
use serde::Serialize;
use serde::ser::Serializer;

use crate::facts::Cluster;
use crate::findings::{Severity, Verdict};

use crate::facts::API_VERSION;

/// A report. Its items are written as they are made, so that a large one needs no memory of its own.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report<I: Serialize> {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    /// What a kind of report holds besides.
    #[serde(flatten)]
    besides: serde_json::Map<String, serde_json::Value>,
    items: I,
    findings: Vec<Verdict>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_version: Option<String>,
    time: Timestamp,
    complete: bool,
}

impl<I: Serialize> Report<I> {
    /// A report on these facts. What could not be read stands among its findings, and makes it incomplete.
    pub fn new(kind: &'static str, cluster: &Cluster, items: I) -> Self {
        let findings = unread(cluster);
        let metadata = Metadata {
            context: cluster.context.clone(),
            namespace: cluster.namespace.as_deref().map(str::to_owned),
            server_version: cluster.server_version.clone(),
            time: cluster.now,
            complete: findings.is_empty(),
        };
        Self { api_version: API_VERSION, kind, metadata, besides: serde_json::Map::new(), items, findings }
    }

    /// A report on what was done, not on facts of a whole cluster.
    pub fn of_deeds(
        kind: &'static str,
        context: Option<&str>,
        namespace: Option<&str>,
        time: Timestamp,
        items: I,
    ) -> Self {
        let metadata = Metadata {
            context: context.map(str::to_owned),
            namespace: namespace.map(str::to_owned),
            server_version: None,
            time,
            complete: true,
        };
        Self { api_version: API_VERSION, kind, metadata, besides: serde_json::Map::new(), items, findings: Vec::new() }
    }

    /// With findings about objects that have no row of their own. What could not be told makes the report incomplete.
    #[must_use]
    pub fn with_findings(mut self, findings: Vec<Verdict>) -> Self {
        self.metadata.complete &= findings.iter().all(|verdict| verdict.severity != Severity::Unknown);
        self.findings.extend(findings);
        self
    }

    /// With a further field of this kind of report.
    #[must_use]
    pub fn with(mut self, field: &str, value: serde_json::Value) -> Self {
        self.besides.insert(field.to_owned(), value);
        self
    }
}

/// A verdict for each thing that could not be read.
pub fn unread(cluster: &Cluster) -> Vec<Verdict> {
    cluster.refusals().map(|refusal| Verdict::cannot_tell(cluster.tells(refusal), refusal)).collect()
}

/// A sequence that is made while it is written.
pub struct Items<F>(pub F);

impl<F, I> Serialize for Items<F>
where
    F: Fn() -> I,
    I: Iterator<Item: Serialize>,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}
