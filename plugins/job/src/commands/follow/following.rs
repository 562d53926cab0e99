//! The way of a Job to its end: what is heard of it and of its pods, and what is told.

use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until};
use workload_cli::{Context, Failure};
use workload_core::connect::Client;
use workload_core::gather::live::{self, Chosen, News, Which};
use workload_core::gather::resource::{JOBS, PODS};
use workload_core::jobs::follow::{End, Follow};
use workload_core::logs::Finished;

use super::cause::{Asked, Told};
use super::flags::FollowFlags;
use super::lines::Lines;
use super::say;
use super::signal;
use super::wake::{How, Wake};

/// Where it is not at work, why is looked for after so much time: sooner when something has changed, later when nothing does for a minute.
const LOOK: Duration = Duration::from_secs(2);
const SOON: Duration = Duration::from_secs(1);
const SELDOM: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_mins(1);
/// So long the lines of a Job that is gone are waited for, and those of a container whose Job goes on.
const GONE: Duration = Duration::from_secs(1);
const ASIDE: Duration = Duration::from_secs(3);
/// Between two looks whether the lines of one container are out.
const STEP: Duration = Duration::from_millis(100);

pub(super) struct Following<'f> {
    pub(super) client: &'f Client,
    pub(super) flags: &'f FollowFlags,
    pub(super) follow: Follow,
    pub(super) namespace: String,
    /// The labels of its pods.
    pub(super) labels: String,
    jobs: UnboundedReceiver<News>,
    pub(super) pods: UnboundedReceiver<News>,
    pub(super) lines: Lines<'f>,
    told: Told,
    /// When it is looked at next, and when anything last changed.
    look: Instant,
    changed: Instant,
}

/// The labels that select its pods: by default the one that holds its UID, so that those of a namesake are never mixed in.
fn selector(job: &Value) -> String {
    let labels = job["spec"]["selector"]["matchLabels"].as_object();
    let pairs: Vec<String> =
        labels.into_iter().flatten().filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?))).collect();
    if pairs.is_empty() {
        return format!("batch.kubernetes.io/controller-uid={}", job["metadata"]["uid"].as_str().unwrap_or_default());
    }
    pairs.join(",")
}

impl<'f> Following<'f> {
    /// From the state that the server gave the Job on.
    pub(super) fn begin(client: &'f Client, flags: &'f FollowFlags, job: &Value, lines: Lines<'f>) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (namespace, name) = (text(&job["metadata"]["namespace"]), text(&job["metadata"]["name"]));
        let which = |resource, chosen| Which { resource, namespace: namespace.clone(), chosen };
        let version = job["metadata"]["resourceVersion"].as_str().map(str::to_owned);
        let labels = selector(job);
        let now = Instant::now();
        Self {
            client,
            flags,
            follow: Follow::new(job.clone(), flags.rules()),
            jobs: live::watch(client, which(&JOBS, Chosen::Name(name)), version),
            pods: live::watch(client, which(&PODS, Chosen::Labels(labels.clone())), None),
            namespace,
            labels,
            lines,
            told: Told::default(),
            look: now + LOOK,
            changed: now,
        }
    }

    /// Until there is nothing more to be followed.
    pub(super) async fn run(&mut self, context: &mut Context<'_>) -> Result<How, Failure> {
        let begun = Instant::now();
        let after = |limit: Option<Duration>| limit.and_then(|limit| begun.checked_add(limit));
        let (end, start) = (after(self.flags.timeout), after(self.flags.start_timeout));
        let mut stopped = std::pin::pin!(signal::received());
        let mut ended = None;
        loop {
            if self.follow.vanished() {
                self.read_events(context).await;
            }
            let late = match self.follow.end() {
                None => None,
                Some(_) if !self.lines.come() => return Ok(How::Ended),
                Some(end) => {
                    let since = *ended.get_or_insert_with(Instant::now);
                    match self.wait_for_lines(end, since) {
                        Some(until) if until <= Instant::now() => return Ok(How::Ended),
                        until => until,
                    }
                }
            };
            let over = ended.is_some();
            let start = start.filter(|_| !self.follow.started() && !over);
            let wake = tokio::select! {
                biased;
                exit = &mut stopped => Wake::Signal(exit),
                Some(news) = self.jobs.recv() => Wake::Job(news),
                Some(news) = self.pods.recv() => Wake::Pod(news),
                finished = self.lines.end() => Wake::Lines(finished),
                () = until(end) => Wake::TimedOut,
                () = until(start) => Wake::NotStarted,
                () = until(late) => Wake::Late,
                () = sleep_until(self.look), if !over => Wake::Look,
            };
            match wake {
                Wake::Job(news) => self.job_news(context, news)?,
                Wake::Pod(news) => self.pod_news(context, news),
                Wake::Lines(finished) => lines_ended(context, finished),
                // Its result is known, and only lines were waited for.
                Wake::Signal(_) | Wake::TimedOut | Wake::NotStarted if over => return Ok(How::Ended),
                Wake::Signal(exit) => return Ok(How::Signal(exit)),
                Wake::TimedOut => return Ok(How::TimedOut),
                Wake::NotStarted => return Ok(How::NotStarted),
                Wake::Look => self.look(context).await,
                Wake::Late => {}
            }
        }
    }

    /// Until when lines are waited for after its end; `None` as long as they may come: what has ended is read to its last line.
    fn wait_for_lines(&self, end: &End, since: Instant) -> Option<Instant> {
        let of = |container: Option<&str>| {
            let out = container.is_some_and(|container| self.lines.are_out(container));
            Some(if out { since } else { (Instant::now() + STEP).min(since + ASIDE) })
        };
        match end {
            End::Complete | End::Failed { ending: false, .. } => None,
            End::Vanished => Some(since + GONE),
            End::ContainerSucceeded { container } => of(Some(container)),
            End::Failed { ending: true, .. } => of(self.follow.failed_container()),
        }
    }

    pub(super) fn asked(&self) -> Asked<'_> {
        let (name, uid) = (self.follow.name(), self.follow.uid());
        Asked { client: self.client, namespace: &self.namespace, name, uid, labels: &self.labels }
    }

    /// Says why it is not at work, as far as that is news.
    async fn look(&mut self, context: &mut Context<'_>) {
        if !self.follow.at_work() {
            let verdicts = self.asked().verdicts(true).await;
            let news = self.told.news(&verdicts);
            if !news.is_empty() {
                self.changed = Instant::now();
            }
            for line in news {
                say(context, &line);
            }
        }
        let pause = if self.changed.elapsed() < PATIENCE { LOOK } else { SELDOM };
        self.look = Instant::now() + pause;
    }

    /// Something has changed: what it means is looked for soon.
    fn has_changed(&mut self) {
        self.changed = Instant::now();
        self.look = self.look.min(self.changed + SOON);
    }

    fn job_news(&mut self, context: &mut Context<'_>, news: News) -> Result<(), Failure> {
        let uid = self.follow.uid().to_owned();
        let told = match news {
            News::Is(job) => self.follow.job(job),
            News::All(mut all) => {
                let ours = all.iter().position(|job| job["metadata"]["uid"] == *uid).map(|at| all.swap_remove(at));
                if ours.is_none() {
                    self.follow.job_gone(None);
                }
                ours.map(|job| self.follow.job(job)).unwrap_or_default()
            }
            News::Gone(job) => {
                if job["metadata"]["uid"] == *uid {
                    self.follow.job_gone(Some(job));
                }
                Vec::new()
            }
            News::Unread(error) => {
                let (name, namespace) = (self.follow.name(), &self.namespace);
                let hint =
                    format!("job {name} goes on; who may get jobs sees it: kubectl get job {name} -n {namespace}");
                return Err(Failure::from(error).hint(hint));
            }
            other => {
                aside(context, "the Job is", &other);
                return Ok(());
            }
        };
        self.lines.job(Some(self.follow.object()).filter(|_| !self.follow.gone()));
        self.has_changed();
        for line in told {
            say(context, &format!("job {}: {line}", self.follow.name()));
        }
        Ok(())
    }

    pub(super) fn pod_news(&mut self, context: &mut Context<'_>, news: News) {
        let told = match news {
            News::Is(pod) => self.follow.pod(&pod),
            News::All(pods) => pods.iter().flat_map(|pod| self.follow.pod(pod)).collect(),
            News::Gone(pod) => self.follow.pod_gone(&pod),
            other => return aside(context, "its pods are", &other),
        };
        self.has_changed();
        for line in told {
            say(context, &line);
        }
    }

    /// The Job is gone without an end that was seen: the last event that is about its end tells it.
    async fn read_events(&mut self, context: &mut Context<'_>) {
        say(context, &format!("job {}: deleted", self.follow.name()));
        let read = workload_core::gather::epitaph::read(self.client, &self.namespace, self.follow.uid()).await;
        let reason = match read {
            Ok(reason) => reason,
            Err(error) => {
                say(context, &format!("note: {}: its events can't tell how it ended", error.message));
                None
            }
        };
        self.follow.epitaph(reason.as_deref());
    }
}

/// Why no more lines come, where that is not their end.
fn lines_ended(context: &mut Context<'_>, finished: Finished) {
    match finished {
        Finished::Failed(why) => say(context, &format!("note: {why}: no lines can be shown; the Job is followed on")),
        Finished::Closed => say(context, "note: nobody reads the lines any more; the Job is followed on to its result"),
        Finished::Done(_) | Finished::Nothing { .. } => {}
    }
}

/// What is no news of objects.
fn aside(context: &mut Context<'_>, what: &str, news: &News) {
    match news {
        News::Unwatched(error) => say(context, &format!("note: {}: {what} looked at every second", error.message)),
        News::Unread(error) => {
            say(context, &format!("note: {}: can't tell how its pods come along", error.message));
        }
        News::Unreachable(error) => say(context, &format!("note: {}: trying on", error.message)),
        News::All(_) | News::Is(_) | News::Gone(_) => {}
    }
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}
