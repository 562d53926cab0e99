//! A kind's objects out of a cluster, page by page.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, MaybeDone, maybe_done};
use serde_json::Value;

use super::intern::Interner;
use super::kind::Kind;
use super::page::{PageReader, Read, decode};
use super::resource::Resource;
use super::wire::Page;
use crate::connect::{Client, Error, ErrorKind};
use crate::facts::{Listed, Refusal, Text, Why};

/// Room is made for at most so many objects at once, whatever the server says.
pub(super) const MOST_RESERVED: usize = 1 << 20;

/// A list, and what its reader should know about how it was read.
pub(super) struct Paged<K> {
    pub(super) list: Listed<K>,
    /// The first page's error: nothing could be read at all.
    pub(super) failed: Option<Error>,
    pub(super) remark: Option<String>,
}

/// What a list's objects are kept in.
pub(super) trait Store<K>: Default {
    /// Takes a page's; so many more follow on later pages, as far as the server counts them.
    fn add(&mut self, page: Vec<K>, remaining: usize);
    /// Whether nothing came yet.
    fn is_empty(&self) -> bool;
}

impl<K> Store<K> for Vec<K> {
    fn add(&mut self, page: Vec<K>, remaining: usize) {
        // Grown by doubling, the list of a large kind would be half empty, and held twice while it grows.
        self.reserve_exact(page.len() + remaining.min(MOST_RESERVED));
        self.extend(page);
    }

    fn is_empty(&self) -> bool {
        Self::is_empty(self)
    }
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
    let Stored { store: items, missing, failed, remark } = list_into(client, namespace, chunk, selector).await;
    Paged { list: Listed { items, missing }, failed, remark }
}

/// A list in a store of its own, and what its reader should know about how it was read: see [`Paged`].
pub(super) struct Stored<S> {
    pub(super) store: S,
    pub(super) missing: Option<Refusal>,
    pub(super) failed: Option<Error>,
    pub(super) remark: Option<String>,
}

/// Lists a kind into a store.
pub(super) async fn list_into<K: Kind, S: Store<K>>(
    client: &Client,
    namespace: Option<&Text>,
    chunk: u32,
    selector: &str,
) -> Stored<S> {
    let path = K::RESOURCE.path(namespace.map(|name| &**name));
    let pages = Pages { client, path, chunk, selector, accept: K::LISTED_AS, intern: RefCell::default() };
    let mut reader = Reader { store: S::default(), restarted: false, remark: None };
    let failed = reader.read::<K>(&pages).await.err();
    let missing = failed.as_ref().map(|error| refusal::<K>(namespace, error));
    let failed = failed.filter(|_| reader.store.is_empty());
    Stored { store: reader.store, missing, failed, remark: reader.remark }
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

struct Reader<S> {
    store: S,
    restarted: bool,
    remark: Option<String>,
}

impl<S> Reader<S> {
    /// Reads page after page. Each is asked for as soon as the one before it has told its token, so that the server works meanwhile.
    async fn read<K: Kind>(&mut self, pages: &Pages<'_>) -> Result<(), Error>
    where
        S: Store<K>,
    {
        let mut page = Turn::<K>::new(pages, String::new());
        loop {
            let mut ahead = None;
            poll_fn(|context| {
                let over = page.reading.as_mut().poll(context).is_ready();
                if ahead.is_none() {
                    ahead = page.told.take().map(|next| Turn::new(pages, next));
                }
                if let Some(ahead) = &mut ahead {
                    // How it ends is looked at in its turn.
                    let _ = ahead.reading.as_mut().poll(context);
                }
                if over { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
            let Some(read) = page.reading.as_mut().take_output() else { return Ok(()) };
            page = match read {
                Ok(Read { items, next, remaining }) => {
                    self.store.add(items, remaining);
                    let Some(next) = next else { return Ok(()) };
                    // A page that broke off and was read again may have told another token before.
                    ahead.filter(|ahead| ahead.token == next).unwrap_or_else(|| Turn::new(pages, next))
                }
                Err(error) if error.kind == ErrorKind::Gone && !page.token.is_empty() => {
                    Turn::new(pages, self.expired::<K>(error)?)
                }
                Err(error) => return Err(error),
            };
        }
    }

    /// The snapshot that the pages are cut from was compacted away (410): once more from the start; and if that fails too, on with
    /// the token that the server offers, whose pages are of another moment (apiserver, resource expired errors).
    fn expired<K: Kind>(&mut self, error: Error) -> Result<String, Error>
    where
        S: Store<K>,
    {
        let offered = error.refusal.as_ref().and_then(|refusal| refusal.continue_token.clone());
        if !self.restarted {
            self.restarted = true;
            self.store = S::default();
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
    intern: RefCell<Interner>,
}

impl Pages<'_> {
    /// Reads the page of a token, the first without one; `told` is where the next one's token goes as soon as it is known.
    async fn page<K: Kind>(&self, token: &str, told: Rc<Cell<Option<String>>>) -> Result<Read<K>, Error> {
        let limit = (self.chunk > 0).then(|| format!("limit={}", self.chunk));
        let next = (!token.is_empty()).then(|| format!("continue={}", segment(token)));
        let selector = (!self.selector.is_empty()).then(|| self.selector.to_owned());
        let query: Vec<String> = [limit, next, selector].into_iter().flatten().collect();
        let joint = if query.is_empty() { "" } else { "?" };
        let mut page = PageReader::new(&self.intern, told);
        self.client.get_into(&format!("{}{joint}{}", self.path, query.join("&")), self.accept, &mut page).await?;
        page.end()
    }
}

type Reading<'p, K> = MaybeDone<LocalBoxFuture<'p, Result<Read<K>, Error>>>;

/// A page on its way.
struct Turn<'p, K> {
    token: String,
    /// The next page's token, from the moment on at which it is known.
    told: Rc<Cell<Option<String>>>,
    reading: Pin<Box<Reading<'p, K>>>,
}

impl<'p, K: Kind + 'p> Turn<'p, K> {
    fn new(pages: &'p Pages<'_>, token: String) -> Self {
        let told = Rc::<Cell<Option<String>>>::default();
        let reading = {
            let (token, told) = (token.clone(), Rc::clone(&told));
            async move { pages.page(&token, told).await }.boxed_local()
        };
        Self { token, told, reading: Box::pin(maybe_done(reading)) }
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

/// A fact out of a whole object that was read before.
pub(super) fn of_object<K: Kind>(object: &Value) -> Result<K, Error> {
    decode::<K::Wire<'_>>(object.to_string().as_bytes()).map(|wire| K::from_wire(wire, &mut Interner::default()))
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
