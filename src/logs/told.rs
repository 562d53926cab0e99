//! The seam to a real API server where the Job is followed by somebody else already: its state is told, its pods are watched.

use std::cell::RefCell;

use tokio::sync::watch;

use super::api::{Api, Changes, Owner, OwnerKind, Read, Refused};
use super::live::Live;
use crate::connect::Stream;
use crate::facts::{Job, PodRun};
use crate::gather::watched::{Change, Snapshot, Watch};

/// A Job whose state is told, and its pods on a server.
pub struct Told {
    live: Live,
    /// What was listed counts as seen: a watch goes on from there.
    job: RefCell<watch::Receiver<Option<Job>>>,
}

impl Told {
    /// The Job as it is now, and its pods. Its newest state goes through the sender: `None` once it is gone.
    pub fn new(client: crate::connect::Client, job: Job) -> (Self, watch::Sender<Option<Job>>) {
        let live = Live::new(client, &job.meta.namespace, OwnerKind::Job, &job.meta.name, &job.selector);
        let (tell, job) = watch::channel(Some(job));
        (Self { live, job: RefCell::new(job) }, tell)
    }
}

/// What is told of the Job.
pub struct News(watch::Receiver<Option<Job>>);

impl Changes<Owner> for News {
    async fn next(&mut self) -> Result<Option<(Change<Owner>, String)>, Refused> {
        if self.0.changed().await.is_err() {
            // Nobody follows it any more: nothing changes.
            std::future::pending::<()>().await;
        }
        match self.0.borrow_and_update().clone() {
            Some(job) => Ok(Some((Change::Is(Owner::Job(Box::new(job))), String::new()))),
            // Gone: the next list tells that.
            None => Err(Refused::Expired),
        }
    }
}

impl Api for Told {
    type Body = Stream;
    type Pods = Watch<PodRun>;
    type Owners = News;

    fn owner_kind(&self) -> OwnerKind {
        OwnerKind::Job
    }

    async fn log(&self, read: &Read) -> Result<Stream, Refused> {
        self.live.log(read).await
    }

    async fn pod(&self, name: &str) -> Result<Option<PodRun>, Refused> {
        self.live.pod(name).await
    }

    async fn pods(&self) -> Result<Snapshot<PodRun>, Refused> {
        self.live.pods().await
    }

    async fn watch_pods(&self, version: &str) -> Result<Watch<PodRun>, Refused> {
        self.live.watch_pods(version).await
    }

    async fn owners(&self) -> Result<Snapshot<Owner>, Refused> {
        let job = self.job.borrow_mut().borrow_and_update().clone();
        let items = job.map(|job| Owner::Job(Box::new(job))).into_iter().collect();
        Ok(Snapshot { items, version: String::new() })
    }

    async fn watch_owners(&self, _version: &str) -> Result<News, Refused> {
        Ok(News(self.job.borrow().clone()))
    }

    /// How it ended is the business of whoever follows it.
    async fn epitaph(&self, _uid: &str) -> Option<String> {
        None
    }
}
