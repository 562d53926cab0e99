//! The seam to a real API server.

use std::time::Duration;

use super::api::{Api, Body, Changes, From, Owner, OwnerKind, Read, Refused};
use crate::connect::{Client, Error, ErrorKind, Stream};
use crate::facts::{Job, LabelSelector, PodRun, StatefulSet};
use crate::gather::epitaph;
use crate::gather::watched::{self, Change, Snapshot, Watch, Which};

/// An owner and its pods on a server.
pub struct Live {
    client: Client,
    namespace: String,
    kind: OwnerKind,
    owner: Which,
    pods: Which,
}

impl Live {
    /// The pods that a selector selects in a namespace, and their owner.
    pub fn new(client: Client, namespace: &str, kind: OwnerKind, owner: &str, selector: &LabelSelector) -> Self {
        Self {
            client,
            namespace: namespace.to_owned(),
            kind,
            owner: Which::named(namespace, owner),
            pods: Which::selected(namespace, selector),
        }
    }

    /// The address of a log, with the second of `sinceTime` as it is: the server cuts a fraction off, so one is never sent.
    fn path(&self, read: &Read) -> String {
        let Read { pod, container, follow, previous, from } = read;
        let mut path =
            format!("/api/v1/namespaces/{}/pods/{pod}/log?container={container}&timestamps=true", self.namespace);
        // Anything but `false` and `0` counts as true, an empty value too: a flag that is off is left out.
        if *follow {
            path.push_str("&follow=true");
        }
        if *previous {
            path.push_str("&previous=true");
        }
        path + &match from {
            From::Start => String::new(),
            From::Second(second) => {
                let time = jiff::Timestamp::from_second((*second).max(0)).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
                format!("&sinceTime={time}")
            }
            From::Ago(seconds) => format!("&sinceSeconds={}", seconds.max(&1)),
            From::Tail(lines) => format!("&tailLines={lines}"),
        }
    }
}

impl std::convert::From<Error> for Refused {
    fn from(error: Error) -> Self {
        let message = error.refusal.as_ref().map_or(&error.message, |refusal| &refusal.message).clone();
        let wait = error.refusal.as_ref().and_then(|refusal| refusal.retry_after);
        match error.kind {
            ErrorKind::NotFound => Self::Gone,
            ErrorKind::Gone => Self::Expired,
            ErrorKind::Forbidden | ErrorKind::Unauthorized => Self::Forbidden(message),
            ErrorKind::Invalid if message.contains("is waiting to start") => Self::Waiting(message),
            ErrorKind::Invalid if message.starts_with("previous terminated container") => Self::NoPrevious,
            ErrorKind::Invalid | ErrorKind::Config => Self::Invalid(message),
            ErrorKind::TooManyRequests => Self::Busy(wait.unwrap_or(Duration::from_secs(1))),
            _ => match wait {
                Some(wait) => Self::Busy(wait),
                None => Self::Broken(message),
            },
        }
    }
}

impl Body for Stream {
    async fn read(&mut self, into: &mut Vec<u8>) -> Result<bool, Refused> {
        Ok(Stream::read(self, into).await?)
    }
}

impl Changes<PodRun> for Watch<PodRun> {
    async fn next(&mut self) -> Result<Option<(Change<PodRun>, String)>, Refused> {
        Ok(Watch::next(self).await?)
    }
}

/// A watch on an owner.
pub enum Owners {
    /// Of a StatefulSet.
    Set(Watch<StatefulSet>),
    /// Of a Job.
    Job(Watch<Job>),
}

fn map<K>(change: Change<K>, to: impl Fn(K) -> Owner) -> Change<Owner> {
    match change {
        Change::Is(object) => Change::Is(to(object)),
        Change::Gone(object) => Change::Gone(to(object)),
        Change::Nothing => Change::Nothing,
    }
}

impl Changes<Owner> for Owners {
    async fn next(&mut self) -> Result<Option<(Change<Owner>, String)>, Refused> {
        Ok(match self {
            Self::Set(watch) => {
                watch.next().await?.map(|(change, version)| (map(change, |set| Owner::Set(set.meta)), version))
            }
            Self::Job(watch) => {
                watch.next().await?.map(|(change, version)| (map(change, |job| Owner::Job(Box::new(job))), version))
            }
        })
    }
}

impl Api for Live {
    type Body = Stream;
    type Pods = Watch<PodRun>;
    type Owners = Owners;

    fn owner_kind(&self) -> OwnerKind {
        self.kind
    }

    async fn log(&self, read: &Read) -> Result<Stream, Refused> {
        Ok(self.client.stream(&self.path(read), "*/*").await?)
    }

    async fn pod(&self, name: &str) -> Result<Option<PodRun>, Refused> {
        Ok(watched::get(&self.client, &self.namespace, name).await?)
    }

    async fn pods(&self) -> Result<Snapshot<PodRun>, Refused> {
        Ok(watched::list(&self.client, &self.pods).await?)
    }

    async fn watch_pods(&self, version: &str) -> Result<Watch<PodRun>, Refused> {
        Ok(watched::watch(&self.client, &self.pods, version).await?)
    }

    async fn owners(&self) -> Result<Snapshot<Owner>, Refused> {
        Ok(match self.kind {
            OwnerKind::Set => {
                let Snapshot { items, version } = watched::list::<StatefulSet>(&self.client, &self.owner).await?;
                Snapshot { items: items.into_iter().map(|set| Owner::Set(set.meta)).collect(), version }
            }
            OwnerKind::Job => {
                let Snapshot { items, version } = watched::list::<Job>(&self.client, &self.owner).await?;
                Snapshot { items: items.into_iter().map(|job| Owner::Job(Box::new(job))).collect(), version }
            }
        })
    }

    async fn watch_owners(&self, version: &str) -> Result<Owners, Refused> {
        Ok(match self.kind {
            OwnerKind::Set => Owners::Set(watched::watch(&self.client, &self.owner, version).await?),
            OwnerKind::Job => Owners::Job(watched::watch(&self.client, &self.owner, version).await?),
        })
    }

    async fn epitaph(&self, uid: &str) -> Option<String> {
        epitaph::read(&self.client, &self.namespace, uid).await.ok().flatten()
    }
}
