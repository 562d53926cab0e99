//! WATCH: what changed since a revision, then what changes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};

use crate::answer::Answer;
use crate::kinds::Kind;
use crate::running::Inner;
use crate::select::Selector;
use crate::status::Status;
use crate::store::{Change, Object, Store, What};
use crate::target::{Query, Target};

/// What one watch wants to hear of.
struct Interest {
    kind: Kind,
    prefix: String,
    selector: Selector,
    bookmarks: bool,
}

impl Interest {
    fn wants(&self, object: &Object) -> bool {
        object.key().starts_with(&self.prefix) && self.selector.matches(object)
    }

    /// The lines for a change; the flag ends the watch.
    fn lines(&self, change: &Change, oldest: u64) -> (String, bool) {
        match &change.what {
            What::Object { table, before, after } if *table == self.kind.qualified() => {
                let before = before.as_ref().filter(|it| self.wants(it));
                let after = after.as_ref().filter(|it| self.wants(it));
                let line = match (before, after) {
                    (None, None) => String::new(),
                    (None, Some(new)) => self.event("ADDED", new),
                    (Some(_), Some(new)) => self.event("MODIFIED", new),
                    (Some(old), None) => self.event("DELETED", old),
                };
                (line, false)
            }
            What::Bookmark if self.bookmarks => (self.bookmark(change.revision, false), false),
            What::Object { .. } | What::Bookmark => (String::new(), false),
            What::Expire => (expired(change.revision, oldest.max(change.revision + 1)), true),
            What::Close => (String::new(), true),
        }
    }

    fn event(&self, name: &str, object: &Object) -> String {
        format!("{{\"type\":\"{name}\",\"object\":{}}}\n", object.whole(&self.kind))
    }

    fn bookmark(&self, revision: u64, initial_end: bool) -> String {
        let note = if initial_end { ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}" } else { "" };
        format!(
            "{{\"type\":\"BOOKMARK\",\"object\":{{\"kind\":\"{}\",\"apiVersion\":\"{}\",\"metadata\":\
             {{\"resourceVersion\":\"{revision}\"{note}}}}}}}\n",
            self.kind.kind,
            self.kind.api_version()
        )
    }
}

fn expired(asked: u64, oldest: u64) -> String {
    format!("{{\"type\":\"ERROR\",\"object\":{}}}\n", Status::expired_watch(asked, oldest).json())
}

pub(crate) fn watch(inner: &Arc<Inner>, target: &Target, query: &Query) -> Answer {
    let kind = target.kind.clone().expect("a watch is of a kind");
    let mut selector = match Selector::read(query, &kind) {
        Ok(selector) => selector,
        Err(status) => return status.into(),
    };
    if query.flag("sendInitialEvents") && query.get("resourceVersionMatch") != Some("NotOlderThan") {
        let options = Kind {
            group: "meta.k8s.io".into(),
            version: "v1".into(),
            resource: String::new(),
            kind: "ListOptions".into(),
            namespaced: false,
        };
        let why = "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
        return Status::invalid(&options, "", "resourceVersionMatch", why).into();
    }
    if let Some(name) = &target.name {
        selector = selector.named(name);
    }
    let prefix = target.namespace.as_ref().map_or_else(String::new, |it| format!("{it}/"));
    let interest = Interest { kind, prefix, selector, bookmarks: query.flag("allowWatchBookmarks") };

    let store = inner.store.lock().unwrap();
    let from = query.number("resourceVersion").unwrap_or(0);
    let mut first = String::new();
    let mut at = store.changes.len();
    if from == 0 || query.flag("sendInitialEvents") {
        first = initial(&store, &interest);
        if query.flag("sendInitialEvents") {
            first.push_str(&interest.bookmark(store.revision, true));
        }
    } else if from < store.oldest {
        let line = expired(from, store.oldest);
        return Answer::stream("application/json", stream::iter([Bytes::from(line)]).boxed());
    } else {
        at = store.changes.iter().position(|it| it.revision > from).unwrap_or(at);
    }
    drop(store);

    let inner = Arc::clone(inner);
    let timeout = query.number("timeoutSeconds").map_or(Duration::from_hours(1), Duration::from_secs);
    let deadline = tokio::time::Instant::now() + timeout;
    let changed = inner.changed.subscribe();
    let state = (inner, interest, first, at, false);
    let body = stream::unfold(state, move |(inner, interest, mut lines, mut at, mut over)| {
        let mut changed = changed.clone();
        async move {
            while lines.is_empty() && !over {
                changed.mark_unchanged();
                {
                    let store = inner.store.lock().unwrap();
                    for change in &store.changes[at..] {
                        at += 1;
                        let (line, end) = interest.lines(change, store.oldest);
                        lines.push_str(&line);
                        if end {
                            over = true;
                            break;
                        }
                    }
                }
                if lines.is_empty() && !over {
                    over = !matches!(tokio::time::timeout_at(deadline, changed.changed()).await, Ok(Ok(())));
                }
            }
            (!lines.is_empty()).then(|| (Bytes::from(std::mem::take(&mut lines)), (inner, interest, lines, at, over)))
        }
    });
    Answer::stream("application/json", body.boxed())
}

fn initial(store: &Store, interest: &Interest) -> String {
    store
        .range(&interest.kind.qualified(), &interest.prefix, "", store.revision)
        .filter(|(_, object)| interest.wants(object))
        .map(|(_, object)| interest.event("ADDED", object))
        .collect()
}
