//! A Job's lines beside its progress, where the caller follows the Job itself and says what becomes of it.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::Instant;
use workload_core::connect::Client;
use workload_core::facts::Job;
use workload_core::logs::event::{Attempt, Closed, Event, Note, Sink};
use workload_core::logs::plan::Plan;
use workload_core::logs::targets::Selection;
use workload_core::logs::{Finished, Told, run};

use super::LogFlags;
use super::writer::{Channel, Written};
use crate::{Context, Failure};

/// A reader that does not read is not waited for longer than this once the result is known.
const PATIENCE: Duration = Duration::from_secs(5);

/// The lines of a Job's pods, of all attempts: to stdout as `job logs -f` shows them. On stderr stand only lines that could not be
/// had, and the summary; of pods, containers and the Job the caller tells.
pub struct JobLines {
    api: Told,
    plan: Plan,
    channel: Channel,
    written: Cell<Option<oneshot::Receiver<Written>>>,
    tell: watch::Sender<Option<Job>>,
    /// What is being read.
    open: RefCell<Vec<Arc<Attempt>>>,
    /// When anything was last heard of.
    heard: Cell<Instant>,
    /// That logs may not be read was said.
    forbidden: Cell<bool>,
}

impl JobLines {
    /// Begins to write. Nothing of the caller's may wait in `context.out` from now on until [`Self::finish`].
    ///
    /// Fails where the thread that writes can't be started.
    pub fn start(context: &Context<'_>, client: Client, job: Job, json: bool) -> Result<Self, Failure> {
        let flags = LogFlags::following(json);
        let selection =
            Selection { owner: job.meta.uid.clone(), owner_name: (&*job.meta.name).into(), ..Selection::default() };
        let plan = flags.plan(selection, true, context.now)?;
        // Starts and ends of containers are the caller's to tell.
        let style = workload_core::logs::report::Style { follow: false, ..flags.style(context)? };
        let (out, err) = (context.detached)();
        let (channel, written) = Channel::start(style, out, err)?;
        let (api, tell) = Told::new(client, job);
        let (written, open) = (Cell::new(Some(written)), RefCell::default());
        let heard = Cell::new(Instant::now());
        Ok(Self { api, plan, channel, written, tell, open, heard, forbidden: Cell::new(false) })
    }

    /// The Job's newest state; `None` once it is gone.
    pub fn job(&self, job: Option<Job>) {
        self.tell.send_replace(job);
    }

    /// Reads until the Job is over and all lines of its pods are out. Can be dropped at any time: what was shown was whole.
    pub async fn read(&self) -> Finished {
        run(&self.api, &self.plan, self).await
    }

    /// Whether all lines of a container that has ended seem to be out: none of its logs is open, and nothing was heard for this long.
    pub fn are_out(&self, container: &str, quiet: Duration) -> bool {
        self.heard.get().elapsed() >= quiet
            && !self.open.borrow().iter().any(|attempt| *attempt.container == *container)
    }

    /// Writes what is still to be written, and the summary; with why, where reading was cut short.
    pub async fn finish(&self, cut_short: Option<String>) {
        self.channel.finish(true, cut_short);
        if let Some(written) = self.written.take() {
            // Whether anybody read it changes nothing about the Job.
            drop(tokio::time::timeout(PATIENCE, written).await);
        }
    }
}

impl Sink for JobLines {
    async fn send(&self, event: Event) -> Result<(), Closed> {
        self.heard.set(Instant::now());
        match &event {
            Event::Start(attempt) => self.open.borrow_mut().push(attempt.clone()),
            Event::End(end) => self.open.borrow_mut().retain(|open| !Arc::ptr_eq(open, &end.attempt)),
            Event::Note(None, Note::Unwatched(_) | Note::Resumed(_) | Note::Owner(_) | Note::NoPods(_))
            | Event::Note(_, Note::Waiting { .. }) => return Ok(()),
            Event::Note(_, Note::Forbidden(_)) if self.forbidden.replace(true) => return Ok(()),
            Event::Note(..) | Event::Lines(..) | Event::Gap(..) | Event::Missed { .. } => {}
        }
        self.channel.send(event).await
    }
}
