//! Objects kept up to date: listed, watched, listed again where the watch can't go on.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::api::{Changes, Refused};
use crate::gather::watched::{Change, Snapshot};

/// The server ends a watch after five minutes; one that is silent for longer is dead.
const SILENT: Duration = Duration::from_secs(330);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Where watching is forbidden.
const POLL: Duration = Duration::from_secs(2);

/// What was seen.
#[derive(Debug)]
pub(super) enum Seen<T> {
    /// All objects; those not among them are gone.
    All(Vec<T>),
    /// One change.
    Changed(Change<T>),
    /// The server can't be asked just now.
    Failed(Refused),
}

/// Tells of all changes from `version` on, for ever.
pub(super) async fn reflect<T, C: Changes<T>>(
    mut version: Option<String>,
    list: impl AsyncFn() -> Result<Snapshot<T>, Refused>,
    watch: impl AsyncFn(&str) -> Result<C, Refused>,
    mut tell: impl FnMut(Seen<T>),
) {
    let mut pause = FIRST_PAUSE;
    loop {
        let from = match version.take() {
            Some(version) => version,
            None => match list().await {
                Ok(snapshot) => {
                    pause = FIRST_PAUSE;
                    tell(Seen::All(snapshot.items));
                    snapshot.version
                }
                Err(refused) => {
                    tell(Seen::Failed(refused));
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    continue;
                }
            },
        };
        let mut changes = match timeout(SILENT, watch(&from)).await {
            Ok(Ok(changes)) => changes,
            Ok(Err(Refused::Expired)) | Err(_) => continue,
            Ok(Err(Refused::Forbidden(_))) => {
                sleep(POLL).await;
                continue;
            }
            Ok(Err(refused)) => {
                tell(Seen::Failed(refused));
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
                version = Some(from);
                continue;
            }
        };
        let mut at = from;
        loop {
            match timeout(SILENT, changes.next()).await {
                Ok(Ok(Some((change, next)))) => {
                    pause = FIRST_PAUSE;
                    at = next;
                    if !matches!(change, Change::Nothing) {
                        tell(Seen::Changed(change));
                    }
                }
                Ok(Ok(None)) => {
                    sleep(FIRST_PAUSE).await;
                    version = Some(at);
                    break;
                }
                Ok(Err(Refused::Expired)) | Err(_) => break,
                Ok(Err(refused)) => {
                    tell(Seen::Failed(refused));
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    version = Some(at);
                    break;
                }
            }
        }
    }
}
