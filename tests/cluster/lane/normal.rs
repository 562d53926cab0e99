//! Replaces what differs from run to run by names that don't, in the order in which they first appear in a scenario.
//!
//! A volume that is `pvc-1` in one step and `pvc-1` in the next is the same volume: numbers are kept for the whole
//! scenario, and a claim's UID and the volume named for it share one.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::table;

/// Whole, or cut short as a table shows it.
static UID: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(pvc-)?([0-9a-f]{8})(-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|…)"));
static TIME: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| UTC)?"));
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b10\.(244|96)\.\d+\.\d+\b"));
static NODE: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(node|zone-)\d\b"));
static AGE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(\d+[smhd]){1,2}$"));
static AGO: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(\d+[smhd]){1,2} (ago|old)\b"));
static VERSION: LazyLock<Regex> = LazyLock::new(|| pattern(r#""resourceVersion": "\d+""#));
static SERVER: LazyLock<Regex> = LazyLock::new(|| pattern(r#""serverVersion": "v[^"]*""#));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern written here is valid")
}

/// What was replaced so far in one scenario.
pub(super) struct Names {
    namespace: (String, String),
    hide_nodes: bool,
    uids: Vec<String>,
    addresses: Vec<String>,
}

impl Names {
    /// `shown` stands for `namespace`; both are of one length, so that nothing moves.
    pub(super) fn new(namespace: &str, shown: &str) -> Self {
        assert_eq!(namespace.len(), shown.len(), "the stand-in for a namespace is as long as its name");
        let namespace = (namespace.to_owned(), shown.to_owned());
        Self { namespace, hide_nodes: false, uids: Vec::new(), addresses: Vec::new() }
    }

    pub(super) fn hide_nodes(&mut self) {
        self.hide_nodes = true;
    }

    /// The text with stable names, its tables laid out anew for them.
    ///
    /// # Panics
    /// When a table in `text` isn't laid out as kubectl does it: the new layout would hide that.
    pub(super) fn stable(&mut self, text: &str) -> String {
        let same = table::map_cells(text, &mut str::to_owned);
        assert_eq!(same, text, "a table isn't laid out in columns three spaces apart");
        table::map_cells(text, &mut |cell| self.cell(cell))
    }

    fn cell(&mut self, text: &str) -> String {
        let text = text.replace(&self.namespace.0, &self.namespace.1);
        let text = UID.replace_all(&text, |c: &Captures| {
            let kind = if c.get(1).is_some() { "pvc" } else { "uid" };
            let cut = if &c[3] == "…" { "…" } else { "" };
            format!("{kind}-{}{cut}", number(&mut self.uids, &c[2]))
        });
        let text = ADDRESS.replace_all(&text, |c: &Captures| format!("<ip-{}>", number(&mut self.addresses, &c[0])));
        let text = TIME.replace_all(&text, "<time>");
        let text = VERSION.replace_all(&text, r#""resourceVersion": "<version>""#);
        let text = SERVER.replace_all(&text, r#""serverVersion": "<version>""#);
        let text = AGE.replace_all(&text, "<age>");
        let text = AGO.replace_all(&text, "<age> $2");
        if self.hide_nodes { NODE.replace_all(&text, "$1?").into_owned() } else { text.into_owned() }
    }
}

/// The place of `word` in the order of first appearance, from 1.
fn number(seen: &mut Vec<String>, word: &str) -> usize {
    let place = seen.iter().position(|s| s == word).unwrap_or_else(|| {
        seen.push(word.to_owned());
        seen.len() - 1
    });
    place + 1
}
