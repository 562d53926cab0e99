//! What differs from run to run, made the same, so that a whole output can be held against a snapshot.

use std::path::Path;

use regex::Regex;

use crate::run::Output;
use crate::running::Running;

/// Rules that are applied in their order: `Normalise::new().cluster(&cluster).ages().text(&seen.stdout)`.
#[derive(Debug, Clone)]
#[must_use]
pub struct Normalise {
    rules: Vec<(Regex, String)>,
}

impl Default for Normalise {
    fn default() -> Self {
        Self::new()
    }
}

impl Normalise {
    /// UIDs (`[UID]`, `pvc-[UID]`), 127.0.0.1's ports (`[PORT]`), and temporary folders (`[TMP]`).
    pub fn new() -> Self {
        Self { rules: Vec::new() }
            .path(&std::env::temp_dir(), "[TMP]")
            .replace(r"\[TMP\]/(home|fake-cluster)-[A-Za-z0-9]+", "[TMP]/$1")
            .replace("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[UID]")
            .replace(r"(127\.0\.0\.1|localhost):\d+", "$1:[PORT]")
    }

    /// This cluster's port, wherever it stands.
    pub fn cluster(self, cluster: &Running) -> Self {
        let port = cluster.address().port();
        self.path(cluster.directory(), "[TMP]/fake-cluster").replace(&format!(r"\b{port}\b"), "[PORT]")
    }

    /// kubectl's ages (`5s`, `2m30s`, `3h`, `2d4h`, `1y20d`) become `[AGE]`; a gap after one, or after the column's header, becomes
    /// three spaces, so that the table is the same whatever the ages were.
    pub fn ages(self) -> Self {
        const AGE: &str = r"(^|[\s(])\d+(?:y(?:\d+d)?|d(?:\d+h)?|h(?:\d+m)?|m(?:\d+s)?|s)";
        self.replace(r"\bAGE {2,}", "AGE   ")
            .replace(&format!("(?m){AGE} {{2,}}"), "${1}[AGE]   ")
            .replace(&format!(r"(?m){AGE}\b"), "${1}[AGE]")
    }

    /// RFC 3339 times become `[TIME]`.
    pub fn times(self) -> Self {
        self.replace(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", "[TIME]")
    }

    /// Any rule: a regular expression and its replacement (`$1` is its first group).
    pub fn replace(mut self, pattern: &str, with: &str) -> Self {
        self.rules.push((Regex::new(pattern).unwrap(), with.to_owned()));
        self
    }

    fn path(self, path: &Path, with: &str) -> Self {
        let path = path.display().to_string();
        let path = path.trim_end_matches('/');
        self.replace(&regex::escape(path), with)
    }

    pub fn text(&self, text: &str) -> String {
        self.rules
            .iter()
            .fold(text.to_owned(), |text, (pattern, with)| pattern.replace_all(&text, with.as_str()).into_owned())
    }

    /// All that a user sees, normalised.
    pub fn whole(&self, output: &Output) -> String {
        self.text(&output.whole())
    }
}
