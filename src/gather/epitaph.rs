//! How a Job that is gone ended, as far as its events still tell.

use std::time::Duration;

use serde::Deserialize;

use super::lists::segment;
use super::resource::EVENTS;
use crate::connect::{Client, Error};

/// The reasons of events that are about a Job's end (Job controller, `recordJobFinished`).
const ENDS: [&str; 6] = [
    "Completed",
    "BackoffLimitExceeded",
    "DeadlineExceeded",
    "PodFailurePolicy",
    "FailedIndexes",
    "MaxFailedIndexesExceeded",
];
/// The event is written some 20 ms after the condition: one look more, a little later.
const AGAIN: Duration = Duration::from_millis(500);

#[derive(Deserialize)]
struct Events {
    items: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    reason: Option<String>,
}

/// The reason of the last event that is about the end of the Job with this UID; `None` where no event tells.
pub async fn read(client: &Client, namespace: &str, uid: &str) -> Result<Option<String>, Error> {
    let selector = segment(&format!("involvedObject.uid={uid}"));
    let path = format!("{}?fieldSelector={selector}", EVENTS.path(Some(namespace)));
    let mut last = false;
    loop {
        let events: Events = client.get(&path, None).await?.json()?;
        let reasons = events.items.into_iter().filter_map(|event| event.reason);
        let found = reasons.filter(|reason| ENDS.contains(&reason.as_str())).last();
        if found.is_some() || std::mem::replace(&mut last, true) {
            return Ok(found);
        }
        tokio::time::sleep(AGAIN).await;
    }
}
