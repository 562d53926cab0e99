//! A kind's objects out of a cluster, page by page: each page becomes facts and is dropped before the next is asked for.

use serde::Deserialize;

use super::intern::Interner;
use super::kind::Kind;
use super::wire::Page;
use crate::connect::{Client, Error, ErrorKind};
use crate::facts::{Listed, Refusal, Text, Why};

/// A list, and what its reader should know about how it was read.
pub(super) struct Paged<K> {
    pub(super) list: Listed<K>,
    /// The first page's error: nothing could be read at all.
    pub(super) failed: Option<Error>,
    pub(super) remark: Option<String>,
}

/// Lists a kind. `chunk` objects are asked for at a time; 0 asks for all at once.
pub(super) async fn list<K: Kind>(client: &Client, namespace: Option<&Text>, chunk: u32) -> Paged<K> {
    let mut reader = Reader { items: Vec::new(), intern: Interner::default(), restarted: false, remark: None };
    let path = K::RESOURCE.path(namespace.map(|name| &**name));
    let mut next = String::new();
    let failed = loop {
        match reader.page(client, &path, chunk, &next).await {
            Ok(Some(token)) => next = token,
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    let missing = failed.as_ref().map(|error| refusal::<K>(namespace, error));
    let failed = failed.filter(|_| reader.items.is_empty());
    Paged { list: Listed { items: reader.items, missing }, failed, remark: reader.remark }
}

/// One object by its name; `None` where the server says that there is none.
pub(super) async fn get<K: Kind>(client: &Client, namespace: Option<&Text>, name: &str) -> Result<Option<K>, Error> {
    let path = format!("{}/{}", K::RESOURCE.path(namespace.map(|name| &**name)), segment(name));
    match client.get(&path, None).await {
        Ok(answer) => {
            decode::<K::Wire<'_>>(&answer.body).map(|wire| Some(K::from_wire(wire, &mut Interner::default())))
        }
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

struct Reader<K> {
    items: Vec<K>,
    intern: Interner,
    restarted: bool,
    remark: Option<String>,
}

impl<K: Kind> Reader<K> {
    /// Reads one page and gives the token of the next, if there is one.
    async fn page(&mut self, client: &Client, path: &str, chunk: u32, token: &str) -> Result<Option<String>, Error> {
        let mut query = String::new();
        if chunk > 0 {
            query = format!("?limit={chunk}");
        }
        if !token.is_empty() {
            query = format!("{query}{}continue={}", if query.is_empty() { '?' } else { '&' }, segment(token));
        }
        let answer = match client.get(&format!("{path}{query}"), None).await {
            Ok(answer) => answer,
            Err(error) if error.kind == ErrorKind::Gone && !token.is_empty() => return self.expired(error),
            Err(error) => return Err(error),
        };
        let page: Page<K::Wire<'_>> = decode(&answer.body)?;
        // An empty page with a token is legal: a filter on the server may have taken all its objects.
        for wire in page.items.into_iter().flatten() {
            self.items.push(K::from_wire(wire, &mut self.intern));
        }
        Ok(page.metadata.next.filter(|token| !token.is_empty()))
    }

    /// The snapshot that the pages are cut from was compacted away (410): once more from the start; and if that fails too, on with
    /// the token that the server offers, whose pages are of another moment (apiserver, resource expired errors).
    fn expired(&mut self, error: Error) -> Result<Option<String>, Error> {
        let offered = error.refusal.as_ref().and_then(|refusal| refusal.continue_token.clone());
        if !self.restarted {
            self.restarted = true;
            self.items.clear();
            return Ok(Some(String::new()));
        }
        let Some(token) = offered.filter(|token| !token.is_empty()) else { return Err(error) };
        self.remark = Some(format!(
            "the list of {} was overtaken by changes while it was read (410): its parts are of different moments",
            K::RESOURCE.plural
        ));
        Ok(Some(token))
    }
}

/// Why a list is missing or incomplete.
pub(super) fn refusal<K: Kind>(namespace: Option<&Text>, error: &Error) -> Refusal {
    K::RESOURCE.not_listed(namespace, why(error))
}

pub(super) fn why(error: &Error) -> Why {
    match error.kind {
        ErrorKind::Forbidden => Why::Forbidden,
        ErrorKind::NotFound => Why::NotServed,
        ErrorKind::TimedOut => Why::TimedOut,
        _ => Why::Failed(error.message.clone()),
    }
}

pub(super) fn decode<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|why| {
        // The library's text may quote the answer, which may hold anything: only where it broke is told.
        let says = format!(
            "Server returned an unexpected response: JSON broken at line {} column {}",
            why.line(),
            why.column()
        );
        Error::new(ErrorKind::BadAnswer, says)
            .with_hint("something between here and the API server changes or cuts its answers")
    })
}

/// A path segment or query value with everything escaped that is not plainly part of a name.
pub(super) fn segment(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            use std::fmt::Write;
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}
