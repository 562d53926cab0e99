//! A kind's objects out of a cluster, page by page: each page becomes facts and is dropped before the next is asked for.

use serde::Deserialize;
use serde_json::Value;

use super::intern::Interner;
use super::kind::Kind;
use super::resource::Resource;
use super::wire::Page;
use crate::connect::{Answer, Client, Error, ErrorKind};
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
    list_where(client, namespace, chunk, "").await
}

/// Lists what a selector of the API selects: `labelSelector=…` or `fieldSelector=…`, its value percent-encoded.
pub(super) async fn list_where<K: Kind>(
    client: &Client,
    namespace: Option<&Text>,
    chunk: u32,
    selector: &str,
) -> Paged<K> {
    let path = K::RESOURCE.path(namespace.map(|name| &**name));
    let pages = Pages { client, path, chunk, selector, accept: K::LISTED_AS };
    let mut reader = Reader { items: Vec::new(), intern: Interner::default(), restarted: false, remark: None };
    let failed = reader.read(&pages).await.err();
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

/// The objects of a kind as the server has them, page by page.
pub(super) async fn raw(
    client: &Client,
    resource: &'static Resource,
    namespace: Option<&Text>,
    mut keep: impl FnMut(&mut Value) -> bool,
) -> Result<Vec<Value>, Refusal> {
    let path = resource.path(namespace.map(|name| &**name));
    let (mut items, mut token, mut restarted) = (Vec::new(), String::new(), false);
    loop {
        let next = if token.is_empty() { String::new() } else { format!("&continue={}", segment(&token)) };
        let answer = match client.get(&format!("{path}?limit=500{next}"), None).await {
            Ok(answer) => answer,
            Err(error) if error.kind == ErrorKind::Gone && !restarted => {
                restarted = true;
                items.clear();
                token.clear();
                continue;
            }
            Err(error) => return Err(resource.not_listed(namespace, why(&error))),
        };
        let mut page: Page<Value> =
            decode(&answer.body).map_err(|error| resource.not_listed(namespace, why(&error)))?;
        items.extend(page.items.take().into_iter().flatten().filter_map(|mut item| keep(&mut item).then_some(item)));
        match page.metadata.next.filter(|token| !token.is_empty()) {
            Some(next) => token = next,
            None => return Ok(items),
        }
    }
}

struct Reader<K> {
    items: Vec<K>,
    intern: Interner,
    restarted: bool,
    remark: Option<String>,
}

impl<K: Kind> Reader<K> {
    /// Reads page after page. Each is asked for before the one before it is decoded, so that the server works meanwhile.
    async fn read(&mut self, pages: &Pages<'_>) -> Result<(), Error> {
        let mut token = String::new();
        let mut answer = pages.ask(&token).await;
        loop {
            let body = match answer {
                Ok(answer) => answer.body,
                Err(error) if error.kind == ErrorKind::Gone && !token.is_empty() => {
                    token = self.expired(error)?;
                    answer = pages.ask(&token).await;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let Some(next) = early_token(&body) else {
                let Some(next) = self.take(&body)? else { return Ok(()) };
                answer = pages.ask(&next).await;
                token = next;
                continue;
            };
            let decoding = async {
                // The connection's own task takes the request and writes it in its turns.
                tokio::task::yield_now().await;
                tokio::task::yield_now().await;
                self.take(&body)
            };
            let (following, decoded) = futures_util::join!(pages.ask(&next), decoding);
            decoded?;
            answer = following;
            token = next;
        }
    }

    /// Turns a page into facts, and gives the token of the next, if there is one.
    fn take(&mut self, body: &[u8]) -> Result<Option<String>, Error> {
        let page: Page<K::Wire<'_>> = decode(body)?;
        // An empty page with a token is legal: a filter on the server may have taken all its objects.
        for wire in page.items.into_iter().flatten() {
            self.items.push(K::from_wire(wire, &mut self.intern));
        }
        Ok(page.metadata.next.filter(|token| !token.is_empty()))
    }

    /// The snapshot that the pages are cut from was compacted away (410): once more from the start; and if that fails too, on with
    /// the token that the server offers, whose pages are of another moment (apiserver, resource expired errors).
    fn expired(&mut self, error: Error) -> Result<String, Error> {
        let offered = error.refusal.as_ref().and_then(|refusal| refusal.continue_token.clone());
        if !self.restarted {
            self.restarted = true;
            self.items.clear();
            return Ok(String::new());
        }
        let Some(token) = offered.filter(|token| !token.is_empty()) else { return Err(error) };
        self.remark = Some(format!(
            "the list of {} was overtaken by changes while it was read (410): its parts are of different moments",
            K::RESOURCE.plural
        ));
        Ok(token)
    }
}

/// The pages of one list.
struct Pages<'a> {
    client: &'a Client,
    path: String,
    chunk: u32,
    selector: &'a str,
    accept: Option<&'a str>,
}

impl Pages<'_> {
    /// Asks for the page of a token; for the first without one.
    async fn ask(&self, token: &str) -> Result<Answer, Error> {
        let limit = (self.chunk > 0).then(|| format!("limit={}", self.chunk));
        let next = (!token.is_empty()).then(|| format!("continue={}", segment(token)));
        let selector = (!self.selector.is_empty()).then(|| self.selector.to_owned());
        let query: Vec<String> = [limit, next, selector].into_iter().flatten().collect();
        let joint = if query.is_empty() { "" } else { "?" };
        self.client.get(&format!("{}{joint}{}", self.path, query.join("&")), self.accept).await
    }
}

/// The token of the next page, where it stands before the items, as API servers write it. Tokens hold no character that JSON escapes.
fn early_token(body: &[u8]) -> Option<String> {
    let head = &body[..body.len().min(4096)];
    let head = &head[..find(head, b"\"items\"").unwrap_or(head.len())];
    let from = find(head, b"\"continue\":\"")? + b"\"continue\":\"".len();
    let token = head[from..].split(|&byte| byte == b'"').next()?;
    let plain = token.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_=+/.".contains(byte));
    let whole = head.get(from + token.len()) == Some(&b'"');
    (plain && whole && !token.is_empty()).then(|| String::from_utf8_lossy(token).into_owned())
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_known_from_the_first_bytes_of_this_one() {
        let token = |text: &str| early_token(text.as_bytes());
        let page = r#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7","continue":"eyJ2IjoibWV0YSJ9","remainingItemCount":3},"items":[]}"#;
        assert_eq!(token(page).as_deref(), Some("eyJ2IjoibWV0YSJ9"));
        assert_eq!(token(&page.replace("eyJ2IjoibWV0YSJ9", "")), None);
        assert_eq!(token(r#"{"items":[{"metadata":{"annotations":{"x":"\"continue\":\"abc\""}}}]}"#), None);
        assert_eq!(token(r#"{"metadata":{"continue":"cut of"#), None);
        assert_eq!(token(""), None);
    }
}
