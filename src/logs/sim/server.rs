//! The API server and kubelet's answers.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::sleep;

use super::node::{Attempt, Fate, World};
use crate::facts::{Meta, PodRun};
use crate::gather::watched::{Change, Snapshot};
use crate::logs::api::{Api, Body, Changes, From, Owner, OwnerKind, Read, Refused};
use crate::logs::stamp::SECOND;

pub(super) struct Server(Rc<World>);

impl World {
    pub(super) fn server(self: &Rc<Self>) -> Server {
        Server(self.clone())
    }
}

/// Where a log answer reads.
struct At {
    pod: usize,
    attempt: usize,
    record: usize,
    /// In the middle of a line: no time comes before the next record.
    mid: bool,
    /// Where the file began when it was opened; none for a mere look at a log that goes on.
    owed: Option<usize>,
}

pub(super) struct LogBody {
    world: Rc<World>,
    stream: u64,
    at: Option<At>,
    follow: bool,
    since: i64,
    pending: Vec<u8>,
    /// Text in the place of a log.
    text: Option<String>,
    ending: Option<tokio::time::Instant>,
    mute: bool,
}

impl Server {
    async fn reached(&self) -> Result<(), Refused> {
        sleep(Duration::from_millis(1 + self.0.below(30))).await;
        let state = self.0.state.borrow();
        if state.server_down {
            return Err(Refused::Broken("connection refused".to_owned()));
        }
        if state.busy {
            return Err(Refused::Busy(Duration::from_secs(1)));
        }
        Ok(())
    }
}

impl Api for Server {
    type Body = LogBody;
    type Pods = Pods;
    type Owners = Owners;

    fn owner_kind(&self) -> OwnerKind {
        OwnerKind::Set
    }

    async fn log(&self, read: &Read) -> Result<LogBody, Refused> {
        self.reached().await?;
        let world = &self.0;
        let mut state = world.state.borrow_mut();
        let Some(number) = state.pods.iter().position(|pod| pod.exists && pod.name == *read.pod) else {
            return Err(Refused::Gone);
        };
        if state.kubelet_down {
            return Err(Refused::Broken("Get \"https://node1:10250\": connection refused".to_owned()));
        }
        let pod = &state.pods[number];
        let last = pod.attempts.len().checked_sub(1);
        let runs = last.is_some_and(|last| pod.attempts[last].ended.is_none());
        let mut text = None;
        let attempt = match (read.previous, last) {
            (_, None) => return Err(Refused::Waiting("is waiting to start: ContainerCreating".to_owned())),
            (false, Some(last)) => last,
            (true, Some(0)) => return Err(Refused::NoPrevious),
            (true, Some(last)) => {
                if !runs || pod.attempts[last - 1].removed {
                    text = Some(format!("unable to retrieve container logs for {}", pod.attempts[last - 1].id));
                }
                last - 1
            }
        };
        if read.follow && state.no_watcher {
            text = Some("failed to create fsnotify watcher: too many open files".to_owned());
        }
        let file = state.pods[number].attempts[attempt].file;
        let over = state.pods[number].attempts[attempt].ended.is_some();
        let owed = (read.follow || read.previous || over).then_some(file);
        let records = &state.pods[number].attempts[attempt].records;
        let record = match read.from {
            From::Tail(lines) => file.max(records.len().saturating_sub(usize::try_from(lines).unwrap())),
            _ => file,
        };
        let since = match read.from {
            From::Second(second) => second * SECOND,
            _ => i64::MIN,
        };
        let cut = !read.follow && state.truncates && state.random & 0x100 == 0;
        let stream = state.next_stream;
        state.next_stream += 1;
        let name = state.pods[number].uid.clone();
        let length = 20 + usize::try_from(state.random >> 3 & 63).unwrap();
        state.random = state.random.rotate_left(7) | 1;
        state.streams.insert(stream, (name, if cut { Fate::Eof(length) } else { Fate::Well }));
        drop(state);
        world.tell(format!("#{stream} opened {read:?} attempt {attempt}"));
        Ok(LogBody {
            world: world.clone(),
            stream,
            at: text.is_none().then_some(At { pod: number, attempt, record, mid: false, owed }),
            follow: read.follow,
            since,
            pending: Vec::new(),
            text,
            ending: None,
            mute: false,
        })
    }

    async fn pod(&self, name: &str) -> Result<Option<PodRun>, Refused> {
        self.reached().await?;
        let state = self.0.state.borrow();
        let pod = state.pods.iter().find(|pod| pod.exists && pod.name == name);
        Ok(pod.and_then(|pod| pod.published.clone()))
    }

    async fn pods(&self) -> Result<Snapshot<PodRun>, Refused> {
        self.reached().await?;
        let state = self.0.state.borrow();
        let items = state.pods.iter().filter(|pod| pod.exists).filter_map(|pod| pod.published.clone()).collect();
        Ok(Snapshot { items, version: state.version.to_string() })
    }

    async fn watch_pods(&self, version: &str) -> Result<Pods, Refused> {
        self.reached().await?;
        let at = version.parse().unwrap();
        let state = self.0.state.borrow();
        if at < state.compacted {
            return Err(Refused::Expired);
        }
        Ok(Pods { world: self.0.clone(), at, ends: state.watches_end })
    }

    async fn owners(&self) -> Result<Snapshot<Owner>, Refused> {
        self.reached().await?;
        let gone = self.0.state.borrow().owner_gone;
        let items = if gone { Vec::new() } else { vec![owner()] };
        Ok(Snapshot { items, version: "1".to_owned() })
    }

    async fn watch_owners(&self, _: &str) -> Result<Owners, Refused> {
        self.reached().await?;
        Ok(Owners { world: self.0.clone(), told: false })
    }

    async fn epitaph(&self, _: &str) -> Option<String> {
        None
    }
}

fn owner() -> Owner {
    Owner::Set(Meta { namespace: "shop".into(), name: "web".into(), uid: "owner".into(), ..Meta::default() })
}

pub(super) struct Pods {
    world: Rc<World>,
    at: u64,
    ends: u64,
}

impl Changes<PodRun> for Pods {
    async fn next(&mut self) -> Result<Option<(Change<PodRun>, String)>, Refused> {
        loop {
            let mut changed = std::pin::pin!(self.world.changed.notified());
            changed.as_mut().enable();
            {
                let state = self.world.state.borrow();
                if state.server_down {
                    return Err(Refused::Broken("connection reset".to_owned()));
                }
                if self.at < state.compacted {
                    return Err(Refused::Expired);
                }
                if let Some((version, change)) = state.history.iter().find(|(version, _)| *version > self.at) {
                    self.at = *version;
                    return Ok(Some((change.clone(), version.to_string())));
                }
                if state.watches_end != self.ends {
                    return Ok(None);
                }
            }
            changed.await;
        }
    }
}

pub(super) struct Owners {
    world: Rc<World>,
    told: bool,
}

impl Changes<Owner> for Owners {
    async fn next(&mut self) -> Result<Option<(Change<Owner>, String)>, Refused> {
        loop {
            let mut changed = std::pin::pin!(self.world.changed.notified());
            changed.as_mut().enable();
            {
                let state = self.world.state.borrow();
                if state.server_down {
                    return Err(Refused::Broken("connection reset".to_owned()));
                }
                if state.owner_gone && !self.told {
                    self.told = true;
                    return Ok(Some((Change::Gone(owner()), "2".to_owned())));
                }
            }
            changed.await;
        }
    }
}

impl LogBody {
    /// Bytes that the kubelet has for this answer and that were not sent.
    fn fill(&mut self) -> bool {
        let state = self.world.state.borrow();
        let Some(at) = &mut self.at else { return true };
        let attempt: &Attempt = &state.pods[at.pod].attempts[at.attempt];
        if self.mute {
            return false;
        }
        while let Some(record) = attempt.records.get(at.record) {
            at.record += 1;
            if record.time < self.since {
                // The kubelet knows by the last byte that it wrote whether a line goes on.
                at.mid = !record.full;
                continue;
            }
            if !at.mid {
                self.pending.extend_from_slice(format!("{} ", World::stamp(record.time)).as_bytes());
            }
            self.pending.extend_from_slice(record.text.as_bytes());
            if record.full {
                self.pending.push(b'\n');
            }
            at.mid = !record.full;
        }
        attempt.ended.is_some() || attempt.removed
    }

    /// A line has been given: what was in the file then is owed from now on. Of a log of which nothing was ever given nobody can know
    /// what was rotated away.
    fn gives(&self, bytes: Bytes) -> Bytes {
        if let Some((at, owed)) = self.at.as_ref().and_then(|at| Some((at, at.owed?)))
            && bytes.contains(&b'\n')
        {
            let mut state = self.world.state.borrow_mut();
            state.pods[at.pod].attempts[at.attempt].owed.get_or_insert(owed);
        }
        bytes
    }

    fn fate(&self) -> Fate {
        self.world.state.borrow().streams.get(&self.stream).map_or(Fate::Well, |(_, fate)| fate.clone())
    }

    fn set(&self, fate: Fate) {
        if let Some(entry) = self.world.state.borrow_mut().streams.get_mut(&self.stream) {
            entry.1 = fate;
        }
    }
}

impl Body for LogBody {
    async fn read(&mut self, into: &mut Vec<u8>) -> Result<bool, Refused> {
        let piece = self.piece().await?;
        into.extend_from_slice(piece.as_deref().unwrap_or_default());
        Ok(piece.is_some())
    }
}

impl LogBody {
    /// The next bytes; `None` at the end.
    async fn piece(&mut self) -> Result<Option<Bytes>, Refused> {
        if let Some(text) = self.text.take() {
            return Ok(Some(Bytes::from(text)));
        }
        if self.at.is_none() {
            return Ok(None);
        }
        let world = self.world.clone();
        loop {
            let mut changed = std::pin::pin!(world.changed.notified());
            changed.as_mut().enable();
            let ended = self.fill();
            let take = |this: &mut Self, most: usize| {
                let many = (1 + usize::try_from(world.below(200)).unwrap()).min(this.pending.len()).min(most);
                let rest = this.pending.split_off(many);
                Bytes::from(std::mem::replace(&mut this.pending, rest))
            };
            match self.fate() {
                Fate::Well => {}
                Fate::Eof(0) => return Ok(None),
                Fate::Broken(0) => return Err(Refused::Broken("connection reset".to_owned())),
                Fate::Stalled => {
                    changed.await;
                    continue;
                }
                Fate::Text(text) => {
                    self.set(Fate::Eof(0));
                    return Ok(Some(Bytes::from(text)));
                }
                Fate::Eof(left) | Fate::Broken(left) if self.pending.is_empty() => {
                    let _ = left;
                    let end = if matches!(self.fate(), Fate::Eof(_)) { Fate::Eof(0) } else { Fate::Broken(0) };
                    self.set(end);
                    continue;
                }
                Fate::Eof(left) => {
                    let bytes = take(self, left);
                    self.set(Fate::Eof(left - bytes.len().min(left)));
                    return Ok(Some(self.gives(bytes)));
                }
                Fate::Broken(left) => {
                    let bytes = take(self, left);
                    self.set(Fate::Broken(left - bytes.len().min(left)));
                    return Ok(Some(self.gives(bytes)));
                }
            }
            if !self.pending.is_empty() {
                let bytes = take(self, usize::MAX);
                return Ok(Some(self.gives(bytes)));
            }
            if !self.follow {
                return Ok(None);
            }
            if ended {
                // The kubelet looks once a second whether the container still runs.
                let due = *self.ending.get_or_insert_with(|| {
                    tokio::time::Instant::now() + Duration::from_millis(200 + world.below(1500))
                });
                tokio::select! {
                    () = tokio::time::sleep_until(due) => {
                        self.fill();
                        if self.pending.is_empty() && self.fate() == Fate::Well {
                            return Ok(None);
                        }
                    }
                    () = changed => {}
                }
                continue;
            }
            changed.await;
        }
    }
}

impl Drop for LogBody {
    fn drop(&mut self) {
        if let Ok(mut state) = self.world.state.try_borrow_mut() {
            state.streams.remove(&self.stream);
        }
    }
}
