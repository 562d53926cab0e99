//! Learning that something has changed: watches on lists, which go on by themselves when the server ends them.

use std::time::Duration;

use futures_util::AsyncBufReadExt as _;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::resource::Resource;
use super::wire::from_text;
use crate::connect::{Client, Error, ErrorKind};
use crate::facts::Text;

/// After a change so long must be quiet before it is told: a rollout comes as a burst.
const QUIET: Duration = Duration::from_millis(300);
/// A burst that does not end is told in parts.
const BURST: Duration = Duration::from_secs(2);
/// Between two attempts to watch again after a failure; doubles up to the second.
const PAUSE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));
/// As little of the objects as the server can send: only their versions are read.
const METADATA: &str = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json";

/// Tells that something among some resources has changed; what it was, the next read shows.
#[derive(Debug)]
pub struct Changes {
    news: mpsc::Receiver<Result<(), Error>>,
}

impl Changes {
    /// Watches from now on: what changes after this call is told, even while the first read is still under way. Also returns the
    /// refusals of those that can't be watched, of which at most all but the first may be.
    pub async fn from_now_on(
        client: &Client,
        resources: &[&'static Resource],
        namespace: Option<&Text>,
    ) -> Result<(Self, Vec<Error>), Error> {
        let (tell, news) = mpsc::channel(1);
        let mut refused = Vec::new();
        for (at, resource) in resources.iter().enumerate() {
            let path = resource.path(namespace.map(|name| &**name));
            match version(client, &path).await {
                Ok(version) => {
                    tokio::spawn(Watch { client: client.clone(), path, version, tell: tell.clone() }.follow());
                }
                Err(error) if at > 0 && error.kind == ErrorKind::Forbidden => refused.push(error),
                Err(error) => return Err(error),
            }
        }
        Ok((Self { news }, refused))
    }

    /// Waits for the next change, and for the end of its burst. An error is final: nothing more would be told.
    pub async fn next(&mut self) -> Result<(), Error> {
        let lost = || Error::new(ErrorKind::Network, "error: the watches have ended");
        self.news.recv().await.ok_or_else(lost)??;
        let burst = async {
            while let Ok(Some(news)) = timeout(QUIET, self.news.recv()).await {
                news?;
            }
            Ok(())
        };
        timeout(BURST, burst).await.unwrap_or(Ok(()))
    }
}

#[derive(Deserialize)]
struct Meta {
    metadata: Version,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Version {
    #[serde(default)]
    resource_version: String,
}

/// The version that a list has now.
async fn version(client: &Client, path: &str) -> Result<String, Error> {
    let list: Meta = client.get(&format!("{path}?limit=1"), None).await?.json()?;
    Ok(list.metadata.resource_version)
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    object: Object,
}

#[derive(Deserialize, Default)]
struct Object {
    #[serde(default)]
    metadata: Version,
    #[serde(default)]
    code: u16,
}

/// How a watch ended.
enum End {
    /// In good order, or broken: it goes on from the last version.
    Over,
    /// The version is too old (410): what happened since is unknown.
    Expired,
    /// It can't go on.
    Failed(Error),
    /// Nobody listens any more.
    Unheard,
}

struct Watch {
    client: Client,
    path: String,
    version: String,
    tell: mpsc::Sender<Result<(), Error>>,
}

impl Watch {
    async fn follow(mut self) {
        let mut pause = PAUSE.0;
        loop {
            let before = self.version.clone();
            match self.once().await {
                End::Unheard => return,
                End::Over if self.version != before => pause = PAUSE.0,
                End::Over => {}
                End::Expired => match version(&self.client, &self.path).await {
                    Ok(version) => {
                        self.version = version;
                        // Something may have changed in between: a read will tell.
                        if self.tell.send(Ok(())).await.is_err() {
                            return;
                        }
                        continue;
                    }
                    Err(error) => {
                        let _ = self.tell.send(Err(error)).await;
                        return;
                    }
                },
                End::Failed(error) => {
                    let _ = self.tell.send(Err(error)).await;
                    return;
                }
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE.1);
        }
    }

    async fn once(&mut self) -> End {
        let address = format!("{}?watch=true&allowWatchBookmarks=true&resourceVersion={}", self.path, self.version);
        let Ok(request) = http::Request::get(address).header(http::header::ACCEPT, METADATA).body(Vec::new()) else {
            return End::Unheard;
        };
        let mut lines = match self.client.http().request_stream(request).await {
            Ok(stream) => Box::pin(stream).lines(),
            Err(error) => return ended(error.into()),
        };
        while let Some(line) = futures_util::StreamExt::next(&mut lines).await {
            let Ok(line) = line else { return End::Over };
            let Ok(event) = from_text::<Event>(&line) else { return End::Over };
            if event.kind == "ERROR" {
                return if event.object.code == 410 { End::Expired } else { End::Over };
            }
            if !event.object.metadata.resource_version.is_empty() {
                self.version = event.object.metadata.resource_version;
            }
            if event.kind != "BOOKMARK" && self.tell.send(Ok(())).await.is_err() {
                return End::Unheard;
            }
        }
        End::Over
    }
}

/// Whether a watch that could not begin may begin later.
fn ended(error: Error) -> End {
    match error.kind {
        ErrorKind::Gone => End::Expired,
        ErrorKind::Network
        | ErrorKind::Refused
        | ErrorKind::Unavailable
        | ErrorKind::TooManyRequests
        | ErrorKind::Server => End::Over,
        _ => End::Failed(error),
    }
}
