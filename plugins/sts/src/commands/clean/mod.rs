//! `kubectl sts clean`: deletes claims that were left behind.

mod act;
mod plan;
mod report;
mod shown;

use std::path::PathBuf;

use clap::Args;
use workload_cli::{Confirmed, Context, DryRun, Exit, Failure, OutputFlags, check_permissions, confirm};
use workload_core::change::{Journal, default_path};
use workload_core::facts::Text;
use workload_core::gather::around::REFERRERS;
use workload_core::gather::cluster::{Ask, needs};
use workload_core::gather::resource::{CLAIMS, Need, PODS, SETS, SNAPSHOTS, VOLUMES};
use workload_core::volumes::fate::Disk;
use workload_core::volumes::{Index, Removal};

use self::act::Act;
use self::plan::{Chosen, choose};
use self::report::{Outcome, Told};
use crate::commands::orphans;

/// Delete claims that were left behind, those that are named or those of a verdict
///
/// Only what `kubectl sts orphans` shows as deletable is taken, and only after you have typed what is asked for. Everything is read
/// again before anything is deleted, and each deletion names the very object that was shown. The YAML of what dies is kept in a file.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  # One claim, keeping its disk
  kubectl sts clean redis-data-storage-redis-stset-2 --retain-disk

  # See what would happen, checked by the server
  kubectl sts clean --verdict OrphanSetGone --dry-run=server

  # From a script
  kubectl sts clean redis-data-storage-redis-stset-2 --yes

Exit codes: 0 all deleted, 1 something was left, 3 refused and nothing changed")]
pub(crate) struct CleanArgs {
    /// The claims: NAME or pvc/NAME
    #[arg(value_name = "CLAIM")]
    names: Vec<String>,
    /// All claims of this verdict that `kubectl sts orphans` shows as bulk: OrphanSetGone
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    verdict: Vec<String>,
    /// Set the volumes to Retain first: the disks stay
    #[arg(long)]
    retain_disk: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// client shows the plan, server has it checked; neither changes anything
    #[arg(long, value_enum, default_value = "none", num_args = 0..=1, require_equals = true, default_missing_value = "client", value_name = "WAY")]
    dry_run: DryRun,
    /// Where the YAML of what dies goes [default: a new file in the folder for state]
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Show which permissions this command needs, and which of them you have
    #[arg(long)]
    check_permissions: bool,
    #[command(flatten)]
    output: OutputFlags,
}

impl CleanArgs {
    pub(crate) async fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let format = self.output.format()?;
        let codes = self.verdict.iter().map(|name| orphans::code(name)).collect::<Result<Vec<_>, _>>()?;
        if self.check_permissions {
            let headers = self.output.headers();
            return check_permissions(context, format, headers, |namespace| self.needs(namespace)).await;
        }
        if self.names.is_empty() && codes.is_empty() {
            return Err(Failure::error("say which: claims by name, or --verdict")
                .hint("kubectl sts orphans  # shows what there is, and what may be deleted"));
        }
        let client = context.connect()?;
        let ask = Ask { namespace: Some(Text::from(client.namespace())), ..orphans::ask(None, 500) };
        let act = Act { client: &client, ask: &ask, retain_disk: self.retain_disk };
        let first = act.read().await?;
        let chosen = choose(&Index::new(&first.cluster), &self.names, &codes)?;
        let mut told = Told::new(format, self.dry_run, self.retain_disk, client.namespace());
        let refused = self.carry_out(context, &act, chosen, &mut told).await?;
        let exit = told.end(context, &first.cluster)?;
        Ok(if refused { Exit::Refused } else { exit })
    }

    /// From the plan to its end; `true` where one of our own guards refused it and nothing was changed.
    async fn carry_out(
        &self,
        context: &mut Context<'_>,
        act: &Act<'_>,
        chosen: Chosen,
        told: &mut Told,
    ) -> Result<bool, Failure> {
        let namespace = act.client.namespace();
        let Some(mut plan) = self.unless_refused(context, chosen, told)? else { return Ok(true) };
        shown::plan(context, &plan, namespace, self.retain_disk)?;
        if plan.is_empty() {
            return Ok(false);
        }
        if self.dry_run == DryRun::Client {
            for removal in &plan {
                told.removal(context, removal, Outcome::WouldBeDeleted)?;
            }
            return Ok(false);
        }
        if let Some(why) = self.not_confirmed(context, &plan, namespace)? {
            context.note(why)?;
            for removal in &plan {
                told.removal(context, removal, Outcome::Refused(why.to_owned()))?;
            }
            return Ok(true);
        }
        // What was shown may be minutes old by now.
        for (removal, why) in act.look_again(&mut plan).await? {
            told.removal(context, &removal, Outcome::Left(why))?;
        }
        for (removal, why) in act.rehearse(&mut plan).await? {
            told.removal(context, &removal, Outcome::Left(why))?;
        }
        if self.dry_run == DryRun::Server {
            for removal in &plan {
                told.removal(context, removal, Outcome::WouldBeDeleted)?;
            }
            return Ok(false);
        }
        if !plan.is_empty() {
            let mut journal = self.journal(context)?;
            for removal in plan {
                let outcome = act.delete(&removal, &mut journal).await;
                told.removal(context, &removal, outcome)?;
            }
        }
        Ok(false)
    }

    /// The plan; nothing where something that was named must not be deleted: then nothing at all is done.
    fn unless_refused(
        &self,
        context: &mut Context<'_>,
        chosen: Chosen,
        told: &mut Told,
    ) -> Result<Option<Vec<Removal>>, Failure> {
        let Chosen { mut plan, mut refused, passed_over } = chosen;
        if self.retain_disk {
            let unread = |removal: &&Removal| removal.disk == Disk::CannotTell;
            let why = "its volume could not be read, so it can't be kept";
            refused.extend(plan.iter().filter(unread).map(|removal| (removal.name.clone(), why.to_owned())));
            plan.retain(|removal| !unread(&removal));
        }
        for (name, why) in &refused {
            context.note(&format!("{name} is not deleted: {why}"))?;
            told.unplanned(name, Outcome::Refused(why.clone()));
        }
        for (name, why) in &passed_over {
            context.note(&format!("{name} is passed over: {why}"))?;
            told.unplanned(name, Outcome::PassedOver(why.clone()));
        }
        if refused.is_empty() {
            return Ok(Some(plan));
        }
        for removal in &plan {
            told.removal(context, removal, Outcome::Refused("another claim that was named must stay".to_owned()))?;
        }
        context.note("Nothing was changed.")?;
        Ok(None)
    }

    /// Asks, where something is to be changed; why it is not to be, if it is not.
    fn not_confirmed(
        &self,
        context: &mut Context<'_>,
        plan: &[Removal],
        namespace: &str,
    ) -> Result<Option<&'static str>, Failure> {
        if self.dry_run != DryRun::None {
            return Ok(None);
        }
        let question = shown::question(plan, namespace, self.retain_disk);
        Ok(match confirm(context, &question, &shown::phrase(plan, namespace), self.yes)? {
            Confirmed::Yes => None,
            Confirmed::No => Some("That was something else: nothing was changed."),
            Confirmed::NobodyThere => {
                Some("Nobody is there to be asked: nothing was changed. --yes answers beforehand.")
            }
        })
    }

    fn journal(&self, context: &mut Context<'_>) -> Result<Journal, Failure> {
        let default = || default_path(&context.environment, context.program.binary, context.now);
        let path = self.journal.clone().unwrap_or_else(default);
        let journal = Journal::create(&path).map_err(|error| {
            Failure::error(format_args!("the journal {} can't be made: {error}; nothing was changed", path.display()))
                .hint("--journal FILE puts it elsewhere")
        })?;
        context.note(&format!("The YAML of what dies goes to {}", journal.path().display()))?;
        Ok(journal)
    }

    fn needs(&self, namespace: &str) -> Vec<Need> {
        let ask = Ask { namespace: Some(Text::from(namespace)), ..orphans::ask(None, 500) };
        let mut all = needs(&ask);
        // Without any of these nothing is deleted: each may hold a claim's user.
        let users = [&SETS, &PODS, &CLAIMS, &SNAPSHOTS].into_iter().chain(REFERRERS);
        for resource in users {
            all.iter_mut().filter(|need| need.resource == resource).for_each(|need| need.required = true);
        }
        let scope = |resource: &workload_core::gather::resource::Resource| resource.scope(ask.namespace.as_ref());
        let mut more = |verb, resource, required, tells| {
            all.push(Need { verb, resource, scope: scope(resource), required, tells });
        };
        more("get", &CLAIMS, true, "the YAML of what dies");
        more("delete", &CLAIMS, true, "nothing: it deletes");
        more("patch", &VOLUMES, self.retain_disk, "nothing: --retain-disk keeps disks with it");
        all
    }
}
