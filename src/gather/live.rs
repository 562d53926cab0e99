//! Objects as they change, with every field: a watch that goes on by itself, or looks again and again where watching is not allowed.

use std::time::Duration;

use futures_util::AsyncBufReadExt as _;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::lists::segment;
use super::raw;
use super::resource::Resource;
use super::wire::from_text;
use crate::connect::{Client, Error, ErrorKind};

/// Between two attempts after a failure; doubles up to the second.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// Between two looks where watching is not allowed.
const LOOK: Duration = Duration::from_secs(1);

/// Which objects.
#[derive(Debug, Clone)]
pub struct Which {
    /// Their resource.
    pub resource: &'static Resource,
    /// Their namespace.
    pub namespace: String,
    /// One of them, or those that labels select.
    pub chosen: Chosen,
}

/// What chooses objects.
#[derive(Debug, Clone)]
pub enum Chosen {
    /// The one of this name: allowed by roles too that name it (`resourceNames`).
    Name(String),
    /// Those whose labels match, in kubectl's notation.
    Labels(String),
}

/// What is told of them.
#[derive(Debug)]
pub enum News {
    /// All that there are: at the start, or when what happened in between can't be told.
    All(Vec<Value>),
    /// One is there, in this state.
    Is(Value),
    /// One is gone; this was its last state.
    Gone(Value),
    /// They can't be watched, and are looked at every second.
    Unwatched(Error),
    /// They can be neither watched nor listed: nothing more is told.
    Unread(Error),
    /// The server can't be reached; told once, until it can.
    Unreachable(Error),
}

/// Tells of objects from a version on; without one from now on, beginning with all that there are. Ends when nobody listens.
pub fn watch(client: &Client, which: Which, version: Option<String>) -> mpsc::UnboundedReceiver<News> {
    let (tell, news) = mpsc::unbounded_channel();
    let watcher = Watcher { client: client.clone(), which, version, tell, troubled: false };
    tokio::spawn(watcher.go());
    news
}

struct Watcher {
    client: Client,
    which: Which,
    version: Option<String>,
    tell: mpsc::UnboundedSender<News>,
    troubled: bool,
}

/// How a watch, or a look, ended.
enum End {
    /// It goes on from the last version.
    Over,
    /// It begins anew.
    Expired,
    /// It may not be watched.
    Forbidden(Error),
    /// The server is not there, or in trouble.
    Trouble(Error),
    /// Nobody listens any more.
    Unheard,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    object: Value,
}

impl Watcher {
    async fn go(mut self) {
        let mut pause = PAUSE.0;
        loop {
            let (end, watched) = match self.version.clone() {
                None => (self.list().await, false),
                Some(version) => (self.once(&version).await, true),
            };
            match end {
                End::Unheard => return,
                End::Over => {
                    pause = PAUSE.0;
                    if watched {
                        sleep(pause).await;
                    }
                }
                End::Expired => self.version = None,
                End::Forbidden(error) => return self.look(error).await,
                End::Trouble(error) => {
                    if !std::mem::replace(&mut self.troubled, true) && self.say(News::Unreachable(error)).is_err() {
                        return;
                    }
                    sleep(pause).await;
                    pause = (pause * 2).min(PAUSE.1);
                }
            }
        }
    }

    /// Fails where nobody listens any more.
    fn say(&mut self, news: News) -> Result<(), ()> {
        if !matches!(news, News::Unreachable(_)) {
            self.troubled = false;
        }
        self.tell.send(news).map_err(|_| ())
    }

    fn path(&self) -> String {
        let path = self.which.resource.path(Some(&self.which.namespace));
        match &self.which.chosen {
            Chosen::Name(name) => format!("{path}?fieldSelector={}", segment(&format!("metadata.name={name}"))),
            Chosen::Labels(labels) => format!("{path}?labelSelector={}", segment(labels)),
        }
    }

    /// One by its name, where it may be read and not listed.
    async fn get(&mut self, name: &str) -> End {
        let found = raw::find(&self.client, self.which.resource, &self.which.namespace, name).await;
        match found {
            Ok(object) => match self.say(News::All(object.into_iter().collect())) {
                Ok(()) => End::Over,
                Err(()) => End::Unheard,
            },
            Err(error) => ended(error),
        }
    }

    /// Tells all that there are.
    async fn list(&mut self) -> End {
        let answer = self.client.get(&self.path(), None).await;
        match answer.and_then(|answer| answer.json::<Value>()) {
            Ok(mut list) => {
                let items = list["items"].as_array_mut().map(std::mem::take).unwrap_or_default();
                self.version = list["metadata"]["resourceVersion"].as_str().map(str::to_owned);
                if self.say(News::All(items)).is_err() { End::Unheard } else { End::Over }
            }
            Err(error) => ended(error),
        }
    }

    /// Looks again and again, as far as that is allowed.
    async fn look(mut self, mut why: Error) {
        let mut told = false;
        loop {
            let looked = match (self.list().await, self.which.chosen.clone()) {
                (End::Forbidden(_), Chosen::Name(name)) => self.get(&name).await,
                (end, _) => end,
            };
            match looked {
                End::Unheard => return,
                End::Forbidden(error) => {
                    // Whether anybody hears it makes no difference now.
                    let _ = self.say(News::Unread(error));
                    return;
                }
                End::Trouble(error) => why = error,
                End::Over | End::Expired if !told => {
                    told = true;
                    if self.say(News::Unwatched(why.clone())).is_err() {
                        return;
                    }
                }
                End::Over | End::Expired => {}
            }
            sleep(LOOK).await;
        }
    }

    async fn once(&mut self, version: &str) -> End {
        let address =
            format!("{}&watch=true&allowWatchBookmarks=true&resourceVersion={}", self.path(), segment(version));
        let Ok(request) = http::Request::get(address).body(Vec::new()) else { return End::Unheard };
        let mut lines = match self.client.http().request_stream(request).await {
            Ok(stream) => Box::pin(stream).lines(),
            Err(error) => return ended(error.into()),
        };
        while let Some(line) = futures_util::StreamExt::next(&mut lines).await {
            // Broken off: it goes on from the last whole event.
            let Ok(Ok(event)) = line.map(|line| from_text::<Event>(&line)) else { return End::Over };
            if event.kind == "ERROR" {
                return if event.object["code"] == 410 { End::Expired } else { End::Over };
            }
            if let Some(version) = event.object["metadata"]["resourceVersion"].as_str() {
                self.version = Some(version.to_owned());
            }
            let news = match event.kind.as_str() {
                "BOOKMARK" => continue,
                "DELETED" => News::Gone(event.object),
                _ => News::Is(event.object),
            };
            if self.say(news).is_err() {
                return End::Unheard;
            }
        }
        End::Over
    }
}

fn ended(error: Error) -> End {
    match error.kind {
        ErrorKind::Gone => End::Expired,
        ErrorKind::Forbidden => End::Forbidden(error),
        _ => End::Trouble(error),
    }
}
