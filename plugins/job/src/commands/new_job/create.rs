//! From a draft to a Job: shown, rehearsed or created.

use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use serde_json::Value;
use workload_cli::{Context, DryRun, Exit, Failure};
use workload_core::change::{Created, Creation, KEY, NotCreated};
use workload_core::connect::Client;
use workload_core::jobs::difference::{admitted, differences};
use workload_core::jobs::name;
use workload_core::render::{escape, write_json, write_json_line, write_yaml};

use super::flags::{Changes, CreateFlags};
use super::{edit, report};
use crate::commands::follow::{FollowFlags, Outcome, follow};

/// After a lost answer it is looked for at once, and after these pauses: a request may be slow on its way.
const LOOKS: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];
/// A name that is taken by chance is chosen anew so often.
const NAMES: usize = 3;

/// 64 bits that no other run has: the standard library seeds its hashers from the operating system.
pub(crate) fn random() -> u64 {
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}

/// A Job that is to be created.
pub(crate) struct Draft<'a> {
    /// What it is made from, as it would be without any flag.
    pub(crate) origin: Value,
    /// The part of a name that tells what it is of, and the word behind it.
    pub(crate) named_after: (String, &'static str),
    /// The name that the user gave.
    pub(crate) name: Option<String>,
    /// The CronJob whose scheduled runs' names are left to them.
    pub(crate) cron_job: Option<&'a str>,
    pub(crate) namespace: &'a str,
    pub(crate) changes: Changes,
    pub(crate) flags: &'a CreateFlags,
}

/// How far it came.
pub(crate) enum Made {
    /// It is there.
    Job(Box<Created>),
    /// It was only shown, or could not be created; this is said already.
    Over(Exit),
}

/// The formats of a created object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Output {
    Sentence,
    Name,
    Json,
    Yaml,
}

impl CreateFlags {
    fn format(&self) -> Result<Output, Failure> {
        Ok(match self.output.as_deref() {
            None | Some("") => Output::Sentence,
            Some("name") => Output::Name,
            Some("json") => Output::Json,
            Some("yaml") => Output::Yaml,
            Some(other) => {
                return Err(Failure::error(format_args!(
                    "unable to match a printer suitable for the output format \"{other}\", allowed formats are: json,name,yaml"
                )));
            }
        })
    }

    /// Whether nothing is to be created.
    pub(crate) fn only_shows(&self) -> bool {
        self.diff || self.dry_run != DryRun::None
    }

    /// Says what is wrong with the flags before anything is read. `lines` says whether log lines are shown too.
    pub(crate) fn check(&self, lines: bool) -> Result<(), Failure> {
        if self.format()? == Output::Yaml && lines && !self.only_shows() {
            return Err(Failure::error("-o yaml can't stand among log lines").hint(
                "--follow -o json makes a record of each line and of the result; --wait -o yaml shows the result alone",
            ));
        }
        Ok(())
    }
}

impl Draft<'_> {
    /// The Job with its changes and its name.
    pub(crate) fn finish(&self, context: &Context<'_>) -> Result<Value, Failure> {
        let mut job = self.origin.clone();
        if let Some(key) = &self.flags.idempotency_key {
            job["metadata"]["annotations"][KEY] = key.as_str().into();
        }
        self.changes.apply(&mut job)?;
        self.rename(&mut job);
        if self.changes.edit {
            job = edit::edit(context, &job, &format!("{:016x}", random()))?;
        }
        let name = job["metadata"]["name"].as_str().unwrap_or_default();
        match name::fault(name, self.cron_job, &job["spec"]) {
            Some(fault) => Err(Failure::error(fault)),
            None => Ok(job),
        }
    }

    /// Whether its name is of our making, so that nobody else has it.
    fn own_name(&self) -> bool {
        self.name.is_none() && self.flags.idempotency_key.is_none() && !self.changes.edit
    }

    fn rename(&self, job: &mut Value) {
        let (base, word) = &self.named_after;
        let name = match (&self.name, &self.flags.idempotency_key) {
            (Some(name), _) => name.clone(),
            (None, Some(key)) => name::of_key(base, word, &job["spec"], key),
            (None, None) => name::choose(base, word, &job["spec"], random()),
        };
        job["metadata"]["name"] = name.into();
    }

    /// Shows it, has the server check it, or creates it, as the flags say.
    pub(crate) async fn carry_out(
        &self,
        context: &mut Context<'_>,
        client: &Client,
        mut job: Value,
    ) -> Result<Made, Failure> {
        let token = format!("{:016x}", random());
        if self.flags.only_shows() {
            return self.show(context, client, &job, &token).await.map(|()| Made::Over(Exit::Done));
        }
        for _ in 1..NAMES {
            let sent = self.creation(&job, &token).send(client).await;
            // By chance, or because somebody uses our names: another is as good.
            if matches!(sent, Err(NotCreated::Taken(_))) && self.own_name() {
                self.rename(&mut job);
                continue;
            }
            return self.tell(context, &job, sent);
        }
        let sent = self.creation(&job, &token).send(client).await;
        self.tell(context, &job, sent)
    }

    fn creation<'c>(&'c self, job: &'c Value, token: &'c str) -> Creation<'c> {
        Creation {
            namespace: self.namespace,
            job,
            token,
            own_name: self.own_name(),
            key: self.flags.idempotency_key.as_deref(),
            looks: &LOOKS,
        }
    }

    async fn show(&self, context: &mut Context<'_>, client: &Client, job: &Value, token: &str) -> Result<(), Failure> {
        let asks = self.flags.dry_run == DryRun::Server || self.flags.diff && self.flags.dry_run == DryRun::None;
        let stored = if asks { Some(self.creation(job, token).rehearse(client).await?) } else { None };
        if self.flags.diff {
            let mut origin = self.origin.clone();
            origin["metadata"]["name"] = job["metadata"]["name"].clone();
            let changes = differences(&origin, job);
            if changes.is_empty() {
                writeln!(context.out, "Nothing is different from what it is made from.")?;
            }
            for change in changes {
                writeln!(context.out, "{}", escape(&change.to_string()))?;
            }
            let admission = stored.map(|stored| admitted(job, &stored)).unwrap_or_default();
            if !admission.is_empty() {
                writeln!(context.out, "Changed by the server's admission:")?;
            }
            for change in admission {
                writeln!(context.out, "{}", escape(&change.to_string()))?;
            }
            return Ok(());
        }
        let name = job["metadata"]["name"].as_str().unwrap_or_default();
        let way = if asks { "server dry run" } else { "dry run" };
        let shown = stored.as_ref().unwrap_or(job);
        match self.flags.format()? {
            Output::Sentence => writeln!(context.out, "job.batch/{} created ({way})", escape(name))?,
            Output::Name => writeln!(context.out, "job.batch/{}", escape(name))?,
            Output::Json => write_json(context.out, shown)?,
            Output::Yaml => write_yaml(context.out, shown)?,
        }
        Ok(())
    }

    fn tell(&self, context: &mut Context<'_>, job: &Value, sent: Result<Created, NotCreated>) -> Result<Made, Failure> {
        let name = job["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        match sent {
            Ok(created) => {
                match &created {
                    Created::Now(_) => {}
                    Created::ReadBack(_, why) => context.note(&format!(
                        "note: the answer was lost, and the Job found by reading: it was created once ({})",
                        one_line(&why.message)
                    ))?,
                    Created::Before(job) => context.note(&format!(
                        "note: job {name} was created before under this key, at {}: no other was created, and nothing of it was changed",
                        job["metadata"]["creationTimestamp"].as_str().unwrap_or("a time that is not told")
                    ))?,
                }
                Ok(Made::Job(Box::new(created)))
            }
            Err(NotCreated::Refused(error)) => Err(error.into()),
            Err(NotCreated::Taken(error)) => {
                let failure = Failure::from(error);
                Err(match (&self.name, &self.flags.idempotency_key) {
                    (Some(_), _) if self.cron_job.is_none() => failure.hint(
                        "nothing was created; metadata.generateName in the file gives each run a name of its own",
                    ),
                    (Some(_), _) => failure.hint("nothing was created; without JOBNAME it gets a name of its own"),
                    (None, Some(_)) => {
                        failure.hint("nothing was created; that Job was not made under this key: choose another")
                    }
                    (None, None) => failure.hint("nothing was created; run it again"),
                })
            }
            Err(NotCreated::Unknown { why, look }) => {
                context.note(&why.message)?;
                context.note(&format!("Whether job {name} was created can't be told: {look}."))?;
                context.note("It was sent once, and not again.")?;
                let hint = match &self.flags.idempotency_key {
                    Some(_) => "run the same command again: its key makes sure that there is one".to_owned(),
                    None => format!(
                        "kubectl get job {name} -n {}  # once more in a minute, before you run it anew; --idempotency-key makes a repeat safe",
                        self.namespace
                    ),
                };
                context.note(&format!("hint: {hint}"))?;
                Ok(Made::Over(Exit::Vanished))
            }
        }
    }
}

impl Output {
    /// Says what was created and, once they have one, the results. Beside log lines a report is one record of them.
    fn announce(
        self,
        context: &mut Context<'_>,
        client: &Client,
        made: &[(Box<Created>, Option<Outcome>)],
        lines: bool,
    ) -> Result<(), Failure> {
        match self {
            Self::Json if lines => write_json_line(context.out, &report::of(client, made))?,
            Self::Json => write_json(context.out, &report::of(client, made))?,
            Self::Yaml => write_yaml(context.out, &report::of(client, made))?,
            Self::Sentence | Self::Name => {
                for (created, _) in made {
                    let name = created.job()["metadata"]["name"].as_str().unwrap_or_default();
                    let verb = match (self, &**created) {
                        (Self::Name, _) => "",
                        (_, Created::Before(_)) => " unchanged",
                        _ => " created",
                    };
                    let says = format!("job.batch/{}{verb}", escape(name));
                    // stdout is for the lines.
                    match self {
                        Self::Sentence if lines => context.note(&says)?,
                        _ => writeln!(context.out, "{says}")?,
                    }
                }
            }
        }
        context.out.flush()?;
        Ok(())
    }
}

/// Carries drafts out, and follows what came of them. The exit code is the first that is none of success.
pub(crate) async fn finish(
    context: &mut Context<'_>,
    client: &Client,
    drafts: Vec<(Draft<'_>, Value)>,
    flags: &CreateFlags,
    following: &FollowFlags,
) -> Result<Exit, Failure> {
    let output = flags.format()?;
    let lines = following.shows_lines();
    // A report is one document, with the results.
    let report = matches!(output, Output::Json | Output::Yaml);
    let mut made = Vec::new();
    for (draft, job) in drafts {
        match draft.carry_out(context, client, job).await? {
            Made::Over(Exit::Done) => {}
            Made::Over(exit) => return Ok(exit),
            Made::Job(created) => {
                made.push((created, None));
                if !report {
                    output.announce(context, client, &made[made.len() - 1..], lines)?;
                }
            }
        }
    }
    let mut exit = Exit::Done;
    if following.follows() {
        for (created, result) in &mut made {
            let outcome = follow(context, client, created.job(), following, output == Output::Json).await?;
            let stops = matches!(outcome.exit, Exit::Interrupted | Exit::Terminated);
            if exit == Exit::Done || stops {
                exit = outcome.exit;
            }
            *result = Some(outcome);
            if stops {
                break;
            }
        }
    }
    if report && !made.is_empty() {
        output.announce(context, client, &made, lines)?;
    }
    Ok(exit)
}

fn one_line(text: &str) -> String {
    text.lines().collect::<Vec<_>>().join(" ")
}
