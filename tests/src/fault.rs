//! What goes wrong on purpose: which requests, and what happens to them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::answer::{Answer, Ending};
use crate::record::Record;
use crate::status::Status;

/// Which of the matching requests.
#[derive(Debug, Clone, Copy)]
enum Turn {
    Every,
    Nth(usize),
    First(usize),
    From(usize),
}

type Test = dyn Fn(&Record) -> bool + Send + Sync;

/// The requests that a fault befalls: `On::list("pods").namespace("shop").nth(2)`.
#[derive(Clone)]
pub struct On {
    tests: Vec<Arc<Test>>,
    turn: Turn,
    seen: Arc<AtomicUsize>,
}

impl On {
    /// Every request.
    pub fn any() -> Self {
        Self { tests: Vec::new(), turn: Turn::Every, seen: Arc::default() }
    }

    /// A verb on a resource: `On::verb("get", "pods/log")`.
    pub fn verb(verb: &str, resource: &str) -> Self {
        let (verb, resource) = (verb.to_owned(), resource.to_owned());
        Self::any().with(move |it| it.verb == verb && it.resource == resource)
    }

    /// A list, each page of it.
    pub fn list(resource: &str) -> Self {
        Self::verb("list", resource)
    }

    pub fn get(resource: &str) -> Self {
        Self::verb("get", resource)
    }

    pub fn watch(resource: &str) -> Self {
        Self::verb("watch", resource)
    }

    pub fn create(resource: &str) -> Self {
        Self::verb("create", resource)
    }

    pub fn patch(resource: &str) -> Self {
        Self::verb("patch", resource)
    }

    pub fn delete(resource: &str) -> Self {
        Self::verb("delete", resource)
    }

    /// Reading logs.
    pub fn logs() -> Self {
        Self::verb("get", "pods/log")
    }

    /// An exact path.
    pub fn path(path: &str) -> Self {
        let path = path.to_owned();
        Self::any().with(move |it| it.path == path)
    }

    /// Only in this namespace.
    pub fn namespace(self, namespace: &str) -> Self {
        let namespace = namespace.to_owned();
        self.with(move |it| it.namespace.as_deref() == Some(namespace.as_str()))
    }

    /// Only for this object.
    pub fn name(self, name: &str) -> Self {
        let name = name.to_owned();
        self.with(move |it| it.name.as_deref() == Some(name.as_str()))
    }

    /// Only pages after the first.
    pub fn later_pages(self) -> Self {
        self.with(Record::is_page)
    }

    /// Only where this holds too.
    pub fn with(mut self, test: impl Fn(&Record) -> bool + Send + Sync + 'static) -> Self {
        self.tests.push(Arc::new(test));
        self
    }

    /// Only the k-th match, from 1.
    pub fn nth(mut self, k: usize) -> Self {
        self.turn = Turn::Nth(k);
        self
    }

    /// Only the first k matches.
    pub fn first(mut self, k: usize) -> Self {
        self.turn = Turn::First(k);
        self
    }

    /// The k-th match and all after it.
    pub fn from(mut self, k: usize) -> Self {
        self.turn = Turn::From(k);
        self
    }

    /// Counts the match, and says whether it is one of those meant.
    pub(crate) fn strikes(&self, record: &Record) -> bool {
        if !self.tests.iter().all(|it| it(record)) {
            return false;
        }
        let count = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
        match self.turn {
            Turn::Every => true,
            Turn::Nth(k) => count == k,
            Turn::First(k) => count <= k,
            Turn::From(k) => count >= k,
        }
    }
}

/// What happens to one request.
pub enum Action {
    /// Nothing out of the ordinary.
    Pass,
    /// The answer is late.
    Delay(Duration),
    /// This answer instead; the request is not carried out.
    Answer(Answer),
    /// The true answer, changed.
    Alter(Box<dyn FnOnce(Answer) -> Answer + Send>),
    /// No answer, ever.
    Silence,
    /// TCP RST instead of an answer.
    Reset,
    /// The answer is the last on its connection: GOAWAY, or `Connection: close`.
    GoAway,
    /// The page's token is too old: 410, with the token for an inconsistent rest.
    Expire,
    /// An empty page with a token for the rest.
    EmptyPage,
    /// The request is carried out first, then this.
    After(Box<Action>),
}

/// A fault: decides for each request that it befalls.
#[derive(Clone)]
pub struct Fault(Arc<dyn Fn(&Record) -> Action + Send + Sync>);

impl Fault {
    /// Any fault, by looking at the request.
    pub fn new(decide: impl Fn(&Record) -> Action + Send + Sync + 'static) -> Self {
        Self(Arc::new(decide))
    }

    /// Changes the true answer.
    pub fn alter(change: impl Fn(Answer) -> Answer + Send + Sync + 'static) -> Self {
        let change = Arc::new(change);
        Self::new(move |_| {
            let change = Arc::clone(&change);
            Action::Alter(Box::new(move |answer| change(answer)))
        })
    }

    fn status(make: impl Fn() -> Status + Send + Sync + 'static) -> Self {
        Self::new(move |_| Action::Answer(make().into()))
    }

    /// Any answer: `Fault::answer(200, "text/html", "<h1>Log in</h1>")`.
    pub fn answer(status: u16, content_type: &str, body: &str) -> Self {
        let (content_type, body) = (content_type.to_owned(), body.to_owned());
        Self::new(move |_| Action::Answer(Answer::new(status, &content_type, body.clone())))
    }

    /// 401, as after a token's end.
    pub fn unauthorized() -> Self {
        Self::status(Status::unauthorized)
    }

    /// 403 with a reason of its own, as admission plugins and quotas give.
    pub fn forbidden(why: &str) -> Self {
        let why = why.to_owned();
        Self::new(move |it| {
            let about = it.target.kind.as_ref().map(|kind| (kind, it.name.as_deref().unwrap_or_default()));
            Action::Answer(Status::forbidden(about, &why).into())
        })
    }

    /// 404 about the object that was asked for.
    pub fn not_found() -> Self {
        Self::new(|it| {
            Action::Answer(match &it.target.kind {
                Some(kind) => Status::not_found(kind, it.name.as_deref().unwrap_or_default()).into(),
                None => crate::write::not_served(false),
            })
        })
    }

    /// 409: somebody else changed the object in between.
    pub fn conflict() -> Self {
        Self::new(|it| {
            let Some(kind) = &it.target.kind else { return Action::Pass };
            let why = "the object has been modified; please apply your changes to the latest version and try again";
            Action::Answer(Status::conflict(kind, it.name.as_deref().unwrap_or_default(), why).into())
        })
    }

    /// 422 with one field and the reason.
    pub fn invalid(field: &str, why: &str) -> Self {
        let (field, why) = (field.to_owned(), why.to_owned());
        Self::new(move |it| {
            let Some(kind) = &it.target.kind else { return Action::Pass };
            Action::Answer(Status::invalid(kind, it.name.as_deref().unwrap_or_default(), &field, &why).into())
        })
    }

    /// 410 for a page, with the token of the inconsistent rest where the request had a token.
    pub fn gone() -> Self {
        Self::new(|_| Action::Expire)
    }

    /// 429 with Retry-After.
    pub fn too_many(seconds: u32) -> Self {
        Self::status(move || Status::too_many(seconds))
    }

    /// 429 as API priority and fairness sends it: plain text, Retry-After, no Status.
    pub fn throttled(seconds: u32) -> Self {
        Self::new(move |_| {
            let text = "Too many requests, please try again later.\n";
            Action::Answer(
                Answer::new(429, "text/plain; charset=utf-8", text).header("retry-after", &seconds.to_string()),
            )
        })
    }

    /// 500.
    pub fn internal(why: &str) -> Self {
        let why = why.to_owned();
        Self::status(move || Status::internal(&why))
    }

    /// 502 in HTML, as a load balancer sends it.
    pub fn bad_gateway() -> Self {
        Self::answer(
            502,
            "text/html",
            "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n\
             <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n",
        )
    }

    /// 503.
    pub fn unavailable() -> Self {
        Self::status(Status::unavailable)
    }

    /// 504 as the server's own timeout filter writes it: a Status without kind and apiVersion, called plain text.
    pub fn timeout() -> Self {
        Self::answer(
            504,
            "text/plain; charset=utf-8",
            "{\"metadata\":{},\"status\":\"Failure\",\"message\":\"Timeout: request did not complete within the allotted \
             timeout\",\"reason\":\"Timeout\",\"details\":{},\"code\":504}",
        )
    }

    /// 504 as the storage's deadline gives it: a whole Status.
    pub fn storage_timeout() -> Self {
        Self::status(Status::timeout)
    }

    /// The request is taken and never answered.
    pub fn silence() -> Self {
        Self::new(|_| Action::Silence)
    }

    /// The connection is reset instead of an answer.
    pub fn reset() -> Self {
        Self::new(|_| Action::Reset)
    }

    /// The connection is reset after so many bytes of the body.
    pub fn reset_after(bytes: usize) -> Self {
        Self::stop(bytes, Ending::Reset)
    }

    /// The body breaks off after so many bytes, short of its announced length.
    pub fn cut_after(bytes: usize) -> Self {
        Self::stop(bytes, Ending::CutOff)
    }

    /// The body ends in good order after so many bytes: a followed log or a watch that just ends.
    pub fn end_after(bytes: usize) -> Self {
        Self::stop(bytes, Ending::Clean)
    }

    /// The body stops after so many bytes, and nothing more ever comes.
    pub fn stall_after(bytes: usize) -> Self {
        Self::stop(bytes, Ending::Silence)
    }

    fn stop(bytes: usize, ending: Ending) -> Self {
        Self::alter(move |mut answer| {
            answer.stop = Some((bytes, ending));
            answer
        })
    }

    /// So many bytes of the body per tick.
    pub fn slow(bytes: usize, tick: Duration) -> Self {
        Self::alter(move |mut answer| {
            answer.pace = Some((bytes, tick));
            answer
        })
    }

    /// The answer is late.
    pub fn latency(time: Duration) -> Self {
        Self::new(move |_| Action::Delay(time))
    }

    /// 200, and JSON that breaks off in the middle although HTTP says it is whole.
    pub fn broken_json() -> Self {
        Self::alter(|answer| match answer.body().cloned() {
            Some(body) => answer.with_body(body.slice(..body.len() / 2)),
            None => answer,
        })
    }

    /// Another content type on the true answer.
    pub fn content_type(content_type: &str) -> Self {
        let content_type = content_type.to_owned();
        Self::alter(move |answer| answer.header("content-type", &content_type))
    }

    /// A `Warning` header, as for deprecated APIs.
    pub fn warning(text: &str) -> Self {
        let text = text.replace('\\', "\\\\").replace('"', "\\\"");
        Self::alter(move |answer| answer.add_header("warning", &format!("299 - \"{text}\"")))
    }

    /// The server's clock, so many seconds ahead of ours.
    pub fn date(ahead_seconds: i64) -> Self {
        Self::alter(move |answer| {
            let time = Timestamp::now() + SignedDuration::from_secs(ahead_seconds);
            answer.header("date", &time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
        })
    }

    /// The server is going away: GOAWAY after this answer, or `Connection: close`.
    pub fn go_away() -> Self {
        Self::new(|_| Action::GoAway)
    }

    /// An empty page with a token for the rest.
    pub fn empty_page() -> Self {
        Self::new(|_| Action::EmptyPage)
    }

    /// The kubelet at its inotify limit: 200, one line that is no log line, and the end.
    pub fn no_inotify() -> Self {
        Self::answer(200, "text/plain", "failed to create fsnotify watcher: too many open files")
    }

    /// The request is carried out all the same, and then the fault strikes: an answer lost on the way.
    pub fn after_commit(self) -> Self {
        Self::new(move |record| Action::After(Box::new((self.0)(record))))
    }

    pub fn decide(&self, record: &Record) -> Action {
        (self.0)(record)
    }
}
