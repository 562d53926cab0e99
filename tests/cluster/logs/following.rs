//! A `logs` that goes on beside a scenario, and what it printed, held to what was written.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::lane::{Background, Lane, until};

/// What other tools print of the same is measured too where this is set: the table in docs/logs.md.
const BESIDE: &str = "LOGS_BESIDE";

/// A `logs` under way; ended with the scenario, whatever becomes of it.
pub(super) struct Following<'l> {
    lane: &'l Lane,
    file: String,
    beside: Vec<(&'static str, String)>,
    _running: Background,
}

impl<'l> Following<'l> {
    /// `command`, from now on: `kubectl sts logs web -f`.
    pub(super) fn start(lane: &'l Lane, command: &str) -> Self {
        Self::with(lane, &lane.kubeconfig.display().to_string(), command)
    }

    /// The same with another kubeconfig: another way to the server.
    pub(super) fn with(lane: &'l Lane, kubeconfig: &str, command: &str) -> Self {
        let name: String = command.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let file = format!("{}.{name}", lane.kubeconfig.display());
        let mut beside = Vec::new();
        let mut others = String::new();
        if std::env::var_os(BESIDE).is_some() {
            let words: Vec<&str> = command.split(' ').collect();
            let what = format!("{}/{}", words[1], words[3]);
            beside = vec![("kubectl logs -f", format!("{file}.kubectl")), ("stern", format!("{file}.stern"))];
            others = format!(
                "(kubectl logs {what} -f --all-pods --all-containers --max-log-requests 200 >{file}.kubectl 2>{file}.kubectl.err; echo $? >{file}.kubectl.code) &
(stern {what} --color never --max-log-requests 200 -o raw >{file}.stern 2>{file}.stern.err; echo $? >{file}.stern.code) &\n"
            );
        }
        let ours = format!("{command} -o json >{file} 2>{file}.err; echo $? >{file}.code; wait");
        let script = format!("export KUBECONFIG={kubeconfig}\nrm -f {file}.*\n{others}{ours}");
        Self { lane, file, beside, _running: Background::start(lane, &script) }
    }

    /// Waits until so many attempts have so many lines each.
    pub(super) fn until_lines(&self, attempts: usize, least: usize) {
        until(&format!("{least} lines of {attempts} attempts"), || {
            let seen = self.lines();
            let enough = seen.values().filter(|lines| lines.len() >= least).count();
            if enough >= attempts { Ok(()) } else { Err(format!("{enough} have: {}", self.said())) }
        });
    }

    /// The exit code, once it has ended by itself.
    pub(super) fn code(&self) -> String {
        let code = until("the end of logs", || self.lane.attempt(&format!("cat {}.code", self.file)));
        self.compare();
        code
    }

    pub(super) fn said(&self) -> String {
        std::fs::read_to_string(format!("{}.err", self.file)).unwrap_or_default()
    }

    fn records(&self, kind: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.file).unwrap_or_default();
        // The last line may be under way.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let records = whole.lines().map(|line| serde_json::from_str(line).expect("each line is a record"));
        records.filter(|record: &Value| record["kind"] == kind).collect()
    }

    /// The numbers that each attempt printed, in their order.
    pub(super) fn lines(&self) -> BTreeMap<String, Vec<u32>> {
        self.lines_by(|record| format!("{}/{}/{}", record["pod"], record["container"], record["containerId"]))
    }

    /// The same by something else that stands in each line's record.
    pub(super) fn lines_by(&self, key: impl Fn(&Value) -> String) -> BTreeMap<String, Vec<u32>> {
        let mut seen: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for record in self.records("line") {
            let message = record["message"].as_str().unwrap_or_default();
            let number = message.strip_prefix("line ").and_then(|rest| {
                // Behind the number there may be so many bytes of padding, all of them or none.
                let (number, padding) = rest.split_once(' ').unwrap_or((rest, ""));
                let whole = padding.is_empty() || padding.len() == PADDING && padding.bytes().all(|byte| byte == b'x');
                number.parse().ok().filter(|_| whole && record["partial"].is_null())
            });
            let number = number.unwrap_or_else(|| {
                let start: String = message.chars().take(80).collect();
                panic!("no whole line of a container's: {} bytes, {start:?}", message.len())
            });
            seen.entry(key(&record)).or_default().push(number);
        }
        seen
    }

    /// How many lines each attempt printed, sorted.
    pub(super) fn counts(&self) -> Vec<usize> {
        let mut counts: Vec<usize> = self.lines().into_values().map(|lines| lines.len()).collect();
        counts.sort_unstable();
        counts
    }

    /// The most that one attempt has printed.
    pub(super) fn most(&self) -> usize {
        self.counts().last().copied().unwrap_or_default()
    }

    /// How often reading was taken up again, as the summary counts it.
    pub(super) fn reconnects(&self) -> u64 {
        let summary = self.records("summary").pop().expect("a run that has ended gives a summary");
        let attempts = summary["attempts"].as_array().cloned().unwrap_or_default();
        attempts.iter().map(|attempt| attempt["reconnects"].as_u64().unwrap_or_default()).sum()
    }

    /// Each attempt's lines begin at 1 and none is missing, twice, or out of order; and nothing is said to be missing.
    pub(super) fn assert_whole(&self) {
        for (attempt, numbers) in self.lines() {
            let expected = (1..=u32::MAX).take(numbers.len());
            assert!(numbers.iter().copied().eq(expected), "{attempt} printed {numbers:?}\n{}", self.said());
        }
        let said = self.said();
        assert!(!said.lines().any(|line| line.starts_with("! ")), "{said}");
    }

    /// What the others printed, for whoever measures them.
    fn compare(&self) {
        let ours: usize = self.lines().values().map(Vec::len).sum();
        for (tool, file) in &self.beside {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            // kubectl puts pod and container before each.
            let own = |line: &str| line.split_once("] ").map_or(line, |(_, own)| own).starts_with("line ");
            let lines = text.lines().filter(|line| own(line)).count();
            let others = text.lines().count() - lines;
            let ended = std::fs::read_to_string(format!("{file}.code"));
            let ended = ended.map_or("still running".to_owned(), |code| format!("exit code {}", code.trim()));
            let said = std::fs::read_to_string(format!("{file}.err")).unwrap_or_default();
            let last = said.lines().last().unwrap_or_default();
            self.lane
                .say(&format!("{tool}: {lines} of {ours} lines, {others} other lines, {ended}; last words: {last}"));
        }
    }
}

/// How long the padding of long lines is.
pub(super) const PADDING: usize = 100 * 1024;
