//! Creating a Job once, and knowing whether it was created.
//!
//! A POST is sent once and never again. Its name was chosen before, and the field manager under which it is sent is this run's
//! alone, so that an answer that was lost is found again by reading: the server writes that manager into the object (SSA,
//! `metadata.managedFields`). A conflict is looked into as well: a proxy may have sent the request a second time.

use std::time::Duration;

use serde_json::Value;

use crate::connect::{Client, Error, ErrorKind};
use crate::gather::raw;
use crate::gather::resource::JOBS;

/// The annotation that holds the key of `run --idempotency-key`.
pub const KEY: &str = "workloads.kubectl/idempotency-key";

/// What is to be created.
#[derive(Debug, Clone)]
pub struct Creation<'c> {
    /// The namespace.
    pub namespace: &'c str,
    /// The Job, with its name.
    pub job: &'c Value,
    /// What no other run has: at least 64 random bits, as text that needs no escaping.
    pub token: &'c str,
    /// Whether nobody else can have chosen this name.
    pub own_name: bool,
    /// The key under which a Job that is there already is the wanted one.
    pub key: Option<&'c str>,
    /// When it is looked for after a lost answer: each pause, then a look. The first look is made at once.
    pub looks: &'c [Duration],
}

/// A Job that is there.
#[derive(Debug, Clone, PartialEq)]
pub enum Created {
    /// Created by this run.
    Now(Value),
    /// Created by this run; its answer was lost for this reason, and the Job found by reading.
    ReadBack(Value, Error),
    /// Created before, under the same key.
    Before(Value),
}

/// Why no Job can be told to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotCreated {
    /// The server refused, or was never reached: nothing was created.
    Refused(Error),
    /// Another Job has the name: nothing was created.
    Taken(Error),
    /// Whether it was created can't be told.
    Unknown {
        /// What became of the request.
        why: Error,
        /// What looking for the Job came to.
        look: Look,
    },
}

/// What looking for a Job came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// There is no such Job.
    NotThere,
    /// There is one, and nothing tells who made it.
    Nameless,
    /// It could not be read.
    Failed(Error),
}

impl Created {
    /// The Job as the server has it.
    pub fn job(&self) -> &Value {
        match self {
            Self::Now(job) | Self::ReadBack(job, _) | Self::Before(job) => job,
        }
    }
}

/// Whose Job it is that was found.
enum Found {
    Ours(Value),
    SameKey(Value),
    Other,
    Nameless,
}

impl Creation<'_> {
    fn name(&self) -> &str {
        self.job["metadata"]["name"].as_str().unwrap_or_default()
    }

    fn manager(&self) -> String {
        format!("kubectl-job-{}", self.token)
    }

    fn path(&self, dry_run: bool) -> String {
        let dry_run = if dry_run { "dryRun=All&" } else { "" };
        // As kubectl sends it: a field that the server does not know is an error, not a silent loss.
        let query = format!("{dry_run}fieldManager={}&fieldValidation=Strict", self.manager());
        format!("{}?{query}", JOBS.path(Some(self.namespace)))
    }

    /// Has the server check it and fill in what it would; nothing is created.
    pub async fn rehearse(&self, client: &Client) -> Result<Value, Error> {
        client.post(&self.path(true), self.job.to_string().into_bytes()).await?.json()
    }

    /// Creates it.
    pub async fn send(&self, client: &Client) -> Result<Created, NotCreated> {
        let sent = client.post(&self.path(false), self.job.to_string().into_bytes()).await;
        let error = match sent.and_then(|answer| answer.json::<Value>()) {
            Ok(job) if job["metadata"]["uid"].is_string() => return Ok(Created::Now(job)),
            Ok(_) => Error::new(ErrorKind::BadAnswer, "Server returned an unexpected response: no Job"),
            Err(error) => error,
        };
        match fate(&error) {
            Fate::NotDone => Err(NotCreated::Refused(error)),
            Fate::Refused => match self.look(client).await {
                Ok(Some(Found::Ours(job))) => Ok(Created::ReadBack(job, error)),
                Ok(Some(Found::SameKey(job))) => Ok(Created::Before(job)),
                Ok(Some(Found::Nameless)) => Err(NotCreated::Unknown { why: error, look: Look::Nameless }),
                Ok(Some(Found::Other)) if taken(&error) => Err(NotCreated::Taken(error)),
                // Somebody's Job was there and is gone: what it was can't be told any more.
                Ok(None) if taken(&error) => Err(NotCreated::Unknown { why: error, look: Look::NotThere }),
                Err(failed) if taken(&error) => Err(NotCreated::Unknown { why: error, look: Look::Failed(failed) }),
                Ok(_) | Err(_) => Err(NotCreated::Refused(error)),
            },
            Fate::Lost => self.find(client, error).await,
        }
    }

    /// Looks for a Job whose answer was lost.
    async fn find(&self, client: &Client, why: Error) -> Result<Created, NotCreated> {
        let mut pauses = self.looks.iter();
        loop {
            let look = match self.look(client).await {
                Ok(Some(Found::Ours(job))) => return Ok(Created::ReadBack(job, why)),
                Ok(Some(Found::SameKey(job))) => return Ok(Created::Before(job)),
                Ok(Some(Found::Other)) => return Err(NotCreated::Taken(why)),
                Ok(Some(Found::Nameless)) => Look::Nameless,
                Ok(None) => Look::NotThere,
                Err(failed) => Look::Failed(failed),
            };
            // The request may still be on its way.
            match pauses.next() {
                Some(pause) if look != Look::Nameless => tokio::time::sleep(*pause).await,
                _ => return Err(NotCreated::Unknown { why, look }),
            }
        }
    }

    async fn look(&self, client: &Client) -> Result<Option<Found>, Error> {
        let Some(job) = raw::find(client, &JOBS, self.namespace, self.name()).await? else { return Ok(None) };
        let manager = self.manager();
        let managers = job["metadata"]["managedFields"].as_array();
        let ours = managers.is_some_and(|all| all.iter().any(|entry| entry["manager"] == *manager));
        let keyed = self.key.is_some_and(|key| job["metadata"]["annotations"][KEY] == *key);
        let unknown = managers.is_none_or(Vec::is_empty);
        Ok(Some(match (ours, keyed, unknown) {
            (true, ..) => Found::Ours(job),
            (_, true, _) => Found::SameKey(job),
            (_, _, true) if self.own_name => Found::Ours(job),
            (_, _, true) => Found::Nameless,
            _ => Found::Other,
        }))
    }
}

/// What became of a request that failed.
enum Fate {
    /// It was not carried out.
    NotDone,
    /// It was refused, as its last sender was told; a proxy may have sent it before.
    Refused,
    /// Nobody knows.
    Lost,
}

fn fate(error: &Error) -> Fate {
    match error.code() {
        // Read before anything is carried out, and the same each time.
        Some(400 | 401 | 404 | 405 | 406 | 413 | 415 | 422) => Fate::NotDone,
        // A proxy that gave up on its own client or on the server.
        Some(408 | 499) => Fate::Lost,
        Some(402..=498) => Fate::Refused,
        Some(_) => Fate::Lost,
        None if error.uncertain || error.kind == ErrorKind::BadAnswer => Fate::Lost,
        None => Fate::NotDone,
    }
}

fn taken(error: &Error) -> bool {
    error.refusal.as_ref().is_some_and(|refusal| refusal.reason == "AlreadyExists")
}

impl std::fmt::Display for Look {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotThere => f.write_str(
                "there is no such Job now: either the request never reached the server, or is still on its way, or the Job has \
                 already ended and been removed",
            ),
            Self::Nameless => f.write_str("there is a Job of this name, and nothing tells whether it is this run's"),
            Self::Failed(error) => write!(f, "it could not be looked for: {}", error.message),
        }
    }
}
