//! The request log: what was asked, when, over which connection, and what a test wants to know about it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use bytes::Bytes;

use crate::target::{Query, Target};

/// One request, as it came and as it was answered.
#[derive(Debug, Clone)]
pub struct Record {
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Decoded, in its order.
    pub query: Vec<(String, String)>,
    /// All of them, names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    /// Kubernetes' verb (`list`, `watch`, …); the HTTP method in lower case where the path is no resource.
    pub verb: String,
    /// `pods`, `pods/log`; empty where the path is no resource.
    pub resource: String,
    pub namespace: Option<String>,
    pub name: Option<String>,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub protocol: String,
    /// Counts the connections from 1.
    pub connection: u64,
    pub start: Instant,
    /// When the last byte of the answer was handed over, or the client went away.
    pub end: Option<Instant>,
    /// None: no answer was begun.
    pub status: Option<u16>,
    /// Bytes of the body, as sent (compressed).
    pub sent: usize,
    pub(crate) target: Target,
    pub(crate) number: u64,
}

impl Record {
    /// A header's value; the name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All values of a header that may come more than once.
    pub fn header_values(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }

    /// A query parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn parameters(&self) -> Query {
        Query(self.query.clone())
    }

    /// A page after the first.
    pub fn is_page(&self) -> bool {
        self.parameter("continue").is_some_and(|it| !it.is_empty())
    }

    /// `list pods`, `get pods/log`, `get /version`.
    pub fn what(&self) -> String {
        let about = if self.resource.is_empty() { &self.path } else { &self.resource };
        format!("{} {about}", self.verb)
    }

    /// The same list, apart from where in it a page begins.
    fn list_identity(&self) -> (&str, Vec<&(String, String)>) {
        (&self.path, self.query.iter().filter(|(key, _)| key != "continue" && key != "resourceVersion").collect())
    }
}

/// The requests so far, in the order in which they began.
#[derive(Debug, Clone, Default)]
pub struct Requests(pub Vec<Record>);

impl Deref for Requests {
    type Target = [Record];

    fn deref(&self) -> &[Record] {
        &self.0
    }
}

impl Requests {
    /// Which verbs on which resources, each once, sorted: `["get statefulsets", "list pods"]`.
    pub fn verbs(&self) -> Vec<String> {
        self.iter().map(Record::what).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Only these.
    pub fn only(&self, keep: impl Fn(&Record) -> bool) -> Self {
        Self(self.iter().filter(|it| keep(it)).cloned().collect())
    }

    /// A list counts once, however many pages it had.
    pub fn without_pages(&self) -> Self {
        self.only(|it| !it.is_page())
    }

    /// How many of a sort, pages included: `count("list pods")`.
    pub fn count(&self, what: &str) -> usize {
        self.iter().filter(|it| it.what() == what).count()
    }

    /// How many per path, pages apart.
    pub fn paths(&self) -> BTreeMap<String, usize> {
        let mut paths = BTreeMap::new();
        for record in self.iter().filter(|it| !it.is_page()) {
            *paths.entry(record.path.clone()).or_insert(0) += 1;
        }
        paths
    }

    /// How many TCP connections carried requests.
    pub fn connections(&self) -> usize {
        self.iter().map(|it| it.connection).collect::<BTreeSet<_>>().len()
    }

    /// The longest chain in which each request began after the one before it had ended; the pages of a list are one.
    ///
    /// The fake answers in microseconds, so that two requests which a program sends at once may well be over one after
    /// the other: start the cluster with [`crate::Cluster::lockstep`] where this number is asserted.
    pub fn turns(&self) -> usize {
        let mut spans: Vec<(Instant, Instant, &Record)> = Vec::new();
        for record in self.iter() {
            let end = record.end.unwrap_or_else(Instant::now);
            let list = spans
                .iter_mut()
                .find(|(_, _, first)| record.is_page() && first.list_identity() == record.list_identity());
            match list {
                Some(span) => span.1 = span.1.max(end),
                None => spans.push((record.start, end, record)),
            }
        }
        // The most spans that follow each other: always take the one that ends first.
        spans.sort_by_key(|it| it.1);
        let mut turns = 0;
        let mut over: Option<Instant> = None;
        for (start, end, _) in spans {
            if over.is_none_or(|over| start >= over) {
                turns += 1;
                over = Some(end);
            }
        }
        turns
    }

    /// Fails if anything but reads (and questions about permissions) was sent.
    #[track_caller]
    pub fn assert_read_only(&self) {
        let reads = |it: &Record| {
            matches!(it.verb.as_str(), "get" | "list" | "watch") || it.resource == "selfsubjectaccessreviews"
        };
        let writes: Vec<_> =
            self.iter().filter(|it| !reads(it)).map(|it| format!("{} {}", it.method, it.path)).collect();
        assert!(writes.is_empty(), "a command that only reads sent {writes:?}");
    }
}

/// Where the requests are kept while they run.
pub(crate) type Book = Arc<Mutex<Vec<Record>>>;

/// The right to complete one record; a dropped one is complete too.
pub(crate) struct Ticket {
    book: Book,
    number: u64,
    over: bool,
}

impl Ticket {
    pub(crate) fn begin(book: &Book, record: Record) -> Self {
        let number = record.number;
        book.lock().unwrap().push(record);
        Self { book: Arc::clone(book), number, over: false }
    }

    fn edit(&self, change: impl FnOnce(&mut Record)) {
        if let Ok(mut records) = self.book.lock()
            && let Some(record) = records.iter_mut().rev().find(|it| it.number == self.number)
        {
            change(record);
        }
    }

    pub(crate) fn answered(&self, status: u16) {
        self.edit(|it| it.status = Some(status));
    }

    pub(crate) fn sent(&self, bytes: usize) {
        self.edit(|it| it.sent += bytes);
    }

    pub(crate) fn end(&mut self) {
        if !self.over {
            self.over = true;
            self.edit(|it| it.end = Some(Instant::now()));
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn record(zero: Instant, path: &str, query: &[(&str, &str)], from: u64, to: u64) -> Record {
        let query = query.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let at = |ms| zero + Duration::from_millis(ms);
        Record {
            method: "GET".into(),
            path: path.into(),
            query,
            headers: Vec::new(),
            body: Bytes::new(),
            verb: "list".into(),
            resource: String::new(),
            namespace: None,
            name: None,
            protocol: "HTTP/1.1".into(),
            connection: 1,
            start: at(from),
            end: Some(at(to)),
            status: Some(200),
            sent: 0,
            target: Target::default(),
            number: 0,
        }
    }

    #[test]
    fn turns_are_the_longest_chain() {
        let zero = Instant::now();
        let requests = Requests(vec![
            record(zero, "/a", &[("limit", "5")], 0, 10),
            record(zero, "/b", &[], 1, 12),
            record(zero, "/a", &[("limit", "5"), ("continue", "x")], 11, 30),
            record(zero, "/c", &[], 13, 20),
            record(zero, "/d", &[], 21, 25),
        ]);
        assert_eq!(requests.turns(), 3, "b, c, d: the pages of a are one request");
        assert_eq!(requests.without_pages().len(), 4);
        assert_eq!(Requests::default().turns(), 0);
    }
}
