//! A Job followed to its end, whoever made it.

mod flags;
mod signal;
mod wake;

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until, timeout};
use workload_cli::{Context, Exit, Failure};
use workload_core::change::{Identity, delete};
use workload_core::connect::{Client, ErrorKind};
use workload_core::gather::live::{self, Chosen, News, Which};
use workload_core::gather::resource::{EVENTS, JOBS, Need, PODS, Resource};
use workload_core::jobs::follow::{End, Follow, ended_at};

use self::flags::ExitCodeFrom;
pub(crate) use self::flags::FollowFlags;
use self::wake::Wake;

/// A pod's last state may come after its Job's: so long it is waited for.
const LAST_WORDS: Duration = Duration::from_millis(400);
/// Silence of the pods for so long means that nothing more is on its way.
const QUIET: Duration = Duration::from_millis(50);

/// How a Job came to its end, or how following it did.
pub(crate) struct Outcome {
    /// The exit code.
    pub(crate) exit: Exit,
    /// `Complete`, `Failed`, `Vanished`; nothing where it goes on.
    pub(crate) result: Option<&'static str>,
    /// The reason of its failure.
    pub(crate) reason: Option<String>,
    /// The code of the container that failed last.
    pub(crate) exit_code: Option<i32>,
    /// Seconds from its start to its end.
    pub(crate) seconds: Option<i64>,
}

/// What following needs besides.
pub(crate) fn needs(namespace: &workload_core::facts::Text) -> Vec<Need> {
    let need = |verb, resource: &'static Resource, tells| Need {
        verb,
        resource,
        scope: resource.scope(Some(namespace)),
        required: false,
        tells,
    };
    vec![
        need("watch", &JOBS, "the Job's end at once, not within a second"),
        need("list", &PODS, "how its pods come along, and which container failed"),
        need("watch", &PODS, "the same at once"),
        need("list", &EVENTS, "how a Job ended that is gone already"),
    ]
}

struct Following<'f> {
    client: &'f Client,
    flags: &'f FollowFlags,
    follow: Follow,
    namespace: String,
    jobs: UnboundedReceiver<News>,
    pods: UnboundedReceiver<News>,
}

/// Follows a Job from the state that the server gave it, to its end.
pub(crate) async fn follow(
    context: &mut Context<'_>,
    client: &Client,
    job: &Value,
    flags: &FollowFlags,
) -> Result<Outcome, Failure> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (namespace, name) = (text(&job["metadata"]["namespace"]), text(&job["metadata"]["name"]));
    let which = |resource, chosen| Which { resource, namespace: namespace.clone(), chosen };
    let version = job["metadata"]["resourceVersion"].as_str().map(str::to_owned);
    let jobs = live::watch(client, which(&JOBS, Chosen::Name(name)), version);
    let pods = live::watch(client, which(&PODS, Chosen::Labels(selector(job))), None);
    let follow = Follow::new(job.clone(), flags.rules());
    Following { client, flags, follow, namespace, jobs, pods }.run(context).await
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

impl Following<'_> {
    async fn run(mut self, context: &mut Context<'_>) -> Result<Outcome, Failure> {
        let begun = Instant::now();
        let after = |limit: Option<Duration>| limit.and_then(|limit| begun.checked_add(limit));
        let (end, start) = (after(self.flags.timeout), after(self.flags.start_timeout));
        let mut stopped = std::pin::pin!(signal::received());
        loop {
            if self.follow.vanished() {
                self.read_events(context).await?;
            }
            if self.follow.end().is_some() {
                return self.finish(context).await;
            }
            let start = start.filter(|_| !self.follow.started());
            let wake = tokio::select! {
                biased;
                exit = &mut stopped => Wake::Signal(exit),
                Some(news) = self.jobs.recv() => Wake::Job(news),
                Some(news) = self.pods.recv() => Wake::Pod(news),
                () = until(end) => Wake::TimedOut,
                () = until(start) => Wake::NotStarted,
            };
            if let Some(outcome) = self.heed(context, wake).await? {
                return Ok(outcome);
            }
        }
    }

    async fn heed(&mut self, context: &mut Context<'_>, wake: Wake) -> Result<Option<Outcome>, Failure> {
        match wake {
            Wake::Job(news) => self.job_news(context, news)?,
            Wake::Pod(news) => self.pod_news(context, news)?,
            Wake::Signal(exit) => {
                let (name, namespace) = (self.follow.name().to_owned(), &self.namespace);
                context.note(&format!("job {name} goes on; to follow it again:"))?;
                context.note(&format!("  {} logs {name} -f -n {namespace}", context.program.usage))?;
                return Ok(Some(self.outcome(exit)));
            }
            Wake::TimedOut => return self.give_up(context, "--timeout", Exit::TimedOut).await.map(Some),
            Wake::NotStarted => return self.give_up(context, "--start-timeout", Exit::NotStarted).await.map(Some),
        }
        Ok(None)
    }

    fn job_news(&mut self, context: &mut Context<'_>, news: News) -> Result<(), Failure> {
        let uid = self.follow.uid().to_owned();
        let told = match news {
            News::Is(job) => self.follow.job(job),
            News::All(mut all) => match all.iter().position(|job| job["metadata"]["uid"] == *uid) {
                Some(at) => self.follow.job(all.swap_remove(at)),
                None => {
                    self.follow.job_gone(None);
                    Vec::new()
                }
            },
            News::Gone(job) => {
                if job["metadata"]["uid"] == *uid {
                    self.follow.job_gone(Some(job));
                }
                Vec::new()
            }
            News::Unread(error) => return Err(error.into()),
            other => return aside(context, "the Job", &other),
        };
        for line in told {
            context.note(&format!("job {}: {line}", self.follow.name()))?;
        }
        Ok(())
    }

    fn pod_news(&mut self, context: &mut Context<'_>, news: News) -> Result<(), Failure> {
        let told = match news {
            News::Is(pod) => self.follow.pod(&pod),
            News::All(pods) => pods.iter().flat_map(|pod| self.follow.pod(pod)).collect(),
            News::Gone(pod) => self.follow.pod_gone(&pod),
            other => return aside(context, "its pods", &other),
        };
        for line in told {
            context.note(&line)?;
        }
        Ok(())
    }

    /// The Job is gone without an end that was seen: the last event that is about its end tells it.
    async fn read_events(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        context.note(&format!("job {}: deleted", self.follow.name()))?;
        let read = workload_core::gather::epitaph::read(self.client, &self.namespace, self.follow.uid()).await;
        let reason = match read {
            Ok(reason) => reason,
            Err(error) => {
                context.note(&format!("note: {}: its events can't tell how it ended", error.message))?;
                None
            }
        };
        self.follow.epitaph(reason.as_deref());
        Ok(())
    }

    /// Says how it ended.
    async fn finish(mut self, context: &mut Context<'_>) -> Result<Outcome, Failure> {
        let failed = matches!(self.follow.end(), Some(End::Failed { .. }));
        let last = Instant::now() + LAST_WORDS;
        while failed {
            // What has come is heard in any case; the container's own failure is waited for.
            let pause = if self.follow.exit_code().is_some() { QUIET } else { LAST_WORDS };
            let limit = pause.min(last.saturating_duration_since(Instant::now()));
            match timeout(limit, self.pods.recv()).await {
                Ok(Some(news)) => self.pod_news(context, news)?,
                _ => break,
            }
        }
        let end = self.follow.end().cloned().unwrap_or(End::Vanished);
        let (name, namespace) = (self.follow.name().to_owned(), self.namespace.clone());
        let outcome = self.outcome(self.exit_of(&end));
        let took = outcome.seconds.map(|seconds| format!(" after {}", span(seconds))).unwrap_or_default();
        let failure = self.follow.last_failure();
        match &end {
            End::Complete => context.note(&format!("job {name}: complete{took}"))?,
            End::ContainerSucceeded { container } => {
                context.note(&format!("job {name}: container {container} succeeded{took}; the Job itself goes on"))?;
            }
            End::Failed { reason, message, ending } => {
                let still = if *ending { "; pods of it still end" } else { "" };
                context.note(&format!("job {name}: failed{took}: {reason}: {message}{still}"))?;
                if let Some(failure) = &failure {
                    context.note(&format!("  {failure}"))?;
                }
                context.note(&format!("next: kubectl job logs {name} -n {namespace}"))?;
            }
            End::Vanished => {
                context.note(&format!("job {name}: gone, and nothing tells how it ended"))?;
                context.note(&format!(
                    "next: kubectl get events -n {namespace} --field-selector involvedObject.name={name}"
                ))?;
            }
        }
        Ok(outcome)
    }

    fn exit_of(&self, end: &End) -> Exit {
        match end {
            End::Complete | End::ContainerSucceeded { .. } => Exit::Done,
            End::Vanished => Exit::Vanished,
            End::Failed { reason, .. } => {
                let code = self.follow.exit_code().and_then(|code| u8::try_from(code).ok());
                match (self.flags.exit_code_from, code) {
                    (ExitCodeFrom::Container, Some(code)) => Exit::Mirrored(code),
                    _ if reason == "DeadlineExceeded" => Exit::DeadlinePassed,
                    _ => Exit::JobFailed,
                }
            }
        }
    }

    fn outcome(&self, exit: Exit) -> Outcome {
        let end = self.follow.end();
        let at = ended_at(self.follow.object()).unwrap_or_else(|| self.client.server_now());
        Outcome {
            exit,
            result: end.map(|end| match end {
                End::Complete | End::ContainerSucceeded { .. } => "Complete",
                End::Failed { .. } => "Failed",
                End::Vanished => "Vanished",
            }),
            reason: end.and_then(|end| match end {
                End::Failed { reason, .. } => Some(reason.clone()),
                _ => None,
            }),
            exit_code: self.follow.exit_code(),
            seconds: self.follow.began().map(|began| at.duration_since(began).max(SignedDuration::ZERO).as_secs()),
        }
    }

    /// A time is over: the Job goes on, unless it is to be cancelled.
    async fn give_up(&mut self, context: &mut Context<'_>, flag: &str, exit: Exit) -> Result<Outcome, Failure> {
        let name = self.follow.name().to_owned();
        let says = if exit == Exit::NotStarted { "no container of it has run" } else { "it has not ended" };
        context.note(&format!("job {name}: the time of {flag} is over, and {says}"))?;
        if self.flags.cancel_on_timeout {
            self.cancel(context).await?;
        } else {
            context.note(&format!("job {name} goes on; kubectl delete job {name} -n {} ends it", self.namespace))?;
        }
        Ok(self.outcome(exit))
    }

    /// Deletes the Job, and no other of its name.
    async fn cancel(&self, context: &mut Context<'_>) -> Result<(), Failure> {
        let name = self.follow.name().to_owned();
        let identity = Identity {
            resource: &JOBS,
            namespace: Some(self.namespace.clone()),
            name: name.clone(),
            uid: self.follow.uid().to_owned(),
            version: String::new(),
        };
        match delete(self.client, &identity, false).await {
            Ok(()) => context.note(&format!("job {name}: deleted, with its pods (--cancel-on-timeout)")),
            Err(error) if error.kind == ErrorKind::NotFound => {
                context.note(&format!("job {name}: it was gone already"))
            }
            Err(error) => {
                let failure = Failure::from(error);
                Err(failure.hint(format!("job {name} may go on: kubectl delete job {name} -n {}", self.namespace)))
            }
        }
    }
}

/// What is no news of objects.
fn aside(context: &mut Context<'_>, what: &str, news: &News) -> Result<(), Failure> {
    match news {
        News::Unwatched(error) => context.note(&format!("note: {}: {what} is looked at every second", error.message)),
        News::Unread(error) => context.note(&format!("note: {}: can't tell how {what} come along", error.message)),
        News::Unreachable(error) => context.note(&format!("note: {}: trying on", error.message)),
        News::All(_) | News::Is(_) | News::Gone(_) => Ok(()),
    }
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// `1m12s`.
fn span(seconds: i64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m{s}s"),
        (h, m, s) => format!("{h}h{m}m{s}s"),
    }
}
