//! `kubectl sts clean`: deletes claims that were left behind.

mod act;
mod plan;

use std::path::PathBuf;

use clap::Args;
use workload_cli::{Confirmed, Context, DryRun, Exit, Failure, check_permissions, confirm};
use workload_core::change::{Journal, default_path};
use workload_core::facts::{Text, format_bytes};
use workload_core::gather::cluster::{Ask, Gathered, needs, read};
use workload_core::gather::resource::{CLAIMS, Need, VOLUMES};
use workload_core::render::escape;
use workload_core::volumes::fate::Disk;
use workload_core::volumes::{Index, Removal};

use self::act::{Act, Outcome};
use self::plan::{Chosen, choose};
use crate::commands::orphans;

/// Delete claims that were left behind, those that are named or those of a verdict
///
/// Only what `kubectl sts orphans` shows as deletable is taken, and only after you have typed what is asked for. Everything is read
/// again before anything is deleted, and each deletion names the very object that was shown. The YAML of what dies is kept in a file.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  # One claim, keeping its disk
  kubectl sts clean data-redis-stset-2 --retain-disk

  # See what would happen, checked by the server
  kubectl sts clean --verdict OrphanSetGone --dry-run=server

  # From a script
  kubectl sts clean data-redis-stset-2 --yes

Exit codes: 0 all deleted, 1 something was left, 3 refused and nothing changed")]
pub(crate) struct CleanArgs {
    /// The claims: NAME or pvc/NAME
    #[arg(value_name = "CLAIM")]
    names: Vec<String>,
    /// All claims with this verdict that orphans shows as \"bulk\": OrphanSetGone
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
}

impl CleanArgs {
    pub(crate) async fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let codes = self.verdict.iter().map(|name| orphans::code(name)).collect::<Result<Vec<_>, _>>()?;
        if self.check_permissions {
            let headers = true;
            return check_permissions(context, workload_cli::Format::Table, headers, |namespace| self.needs(namespace))
                .await;
        }
        if self.names.is_empty() && codes.is_empty() {
            return Err(Failure::error("say which: claims by name, or --verdict")
                .hint("kubectl sts orphans  # shows what there is, and what may be deleted"));
        }
        let client = context.connect()?;
        let ask = Ask { namespace: Some(Text::from(client.namespace())), ..orphans::ask(None, 500) };
        let first = read(&client, &ask).await?;
        let chosen = choose(&Index::new(&first.cluster), &self.names, &codes)?;
        let namespace = client.namespace().to_owned();
        let Some(plan) = self.show(context, &namespace, chosen)? else { return Ok(Exit::Refused) };
        if plan.is_empty() {
            context.note(&format!("Nothing to delete in namespace {namespace}."))?;
            return Ok(Exit::Done);
        }
        if self.dry_run == DryRun::Client {
            for removal in &plan {
                writeln!(context.out, "persistentvolumeclaim/{} deleted (dry run)", escape(&removal.name))?;
            }
            return Ok(Exit::Done);
        }
        if self.dry_run == DryRun::None {
            match confirm(context, &self.question(&plan, &namespace), &phrase(&plan, &namespace), self.yes)? {
                Confirmed::Yes => {}
                Confirmed::No => {
                    context.note("That was something else: nothing was changed.")?;
                    return Ok(Exit::Refused);
                }
                Confirmed::NobodyThere => {
                    context.note("Nobody is there to be asked: nothing was changed. --yes answers beforehand.")?;
                    return Ok(Exit::Refused);
                }
            }
        }
        // What was shown may be minutes old by now.
        let again = read(&client, &ask).await?;
        let (mut plan, mut left) = still_true(plan, &again);
        let act = Act { client: &client, ask: &ask, retain_disk: self.retain_disk };
        left.extend(act.rehearse(&mut plan).await?);
        if self.dry_run == DryRun::Server {
            for removal in &plan {
                writeln!(context.out, "persistentvolumeclaim/{} deleted (server dry run)", escape(&removal.name))?;
            }
            return report_left(context, &left, &namespace);
        }
        if !plan.is_empty() {
            let path = self
                .journal
                .clone()
                .unwrap_or_else(|| default_path(&context.environment, context.program.binary, context.now));
            let mut journal = Journal::create(&path).map_err(|error| {
                Failure::error(format_args!(
                    "the journal {} can't be made: {error}; nothing was changed",
                    path.display()
                ))
                .hint("--journal FILE puts it elsewhere")
            })?;
            context.note(&format!("The YAML of what dies goes to {}", journal.path().display()))?;
            for removal in plan {
                match act.delete(&removal, &mut journal).await {
                    Outcome::Deleted => {
                        writeln!(context.out, "persistentvolumeclaim/{} deleted", escape(&removal.name))?;
                        if self.retain_disk
                            && let Some((volume, ..)) = &removal.volume
                        {
                            writeln!(context.out, "persistentvolume/{} kept", escape(volume))?;
                        }
                    }
                    Outcome::Held(by) => {
                        writeln!(
                            context.out,
                            "persistentvolumeclaim/{} deleted, held by {}",
                            escape(&removal.name),
                            escape(&by)
                        )?;
                    }
                    Outcome::Left(why) => left.push((removal.name.clone(), why)),
                }
                context.out.flush()?;
            }
        }
        report_left(context, &left, &namespace)
    }

    fn needs(&self, namespace: &str) -> Vec<Need> {
        let ask = Ask { namespace: Some(Text::from(namespace)), ..orphans::ask(None, 500) };
        let mut all = needs(&ask);
        let scope = |resource: &workload_core::gather::resource::Resource| resource.scope(ask.namespace.as_ref());
        let mut more = |verb, resource, required, tells| {
            all.push(Need { verb, resource, scope: scope(resource), required, tells });
        };
        more("get", &CLAIMS, true, "the YAML of what dies");
        more("delete", &CLAIMS, true, "nothing: it deletes");
        more("patch", &VOLUMES, false, "nothing: --retain-disk keeps disks with it");
        all
    }

    /// Shows the plan on stderr. Nothing where something that was named is refused: then nothing at all is done.
    fn show(
        &self,
        context: &mut Context<'_>,
        namespace: &str,
        chosen: Chosen,
    ) -> Result<Option<Vec<Removal>>, Failure> {
        let mut refused = false;
        for (name, why) in &chosen.refused {
            context.note(&format!("{name} is not deleted: {why}"))?;
            refused = true;
        }
        for (name, why) in &chosen.passed_over {
            context.note(&format!("{name} is passed over: {why}"))?;
        }
        if self.retain_disk {
            for removal in chosen.plan.iter().filter(|removal| removal.disk == Disk::CannotTell) {
                context.note(&format!(
                    "{} is not deleted: its volume could not be read, so it can't be kept",
                    removal.name
                ))?;
                refused = true;
            }
        }
        if refused {
            context.note("Nothing was changed.")?;
            return Ok(None);
        }
        if !chosen.plan.is_empty() {
            context.note(&format!("To be deleted in namespace {namespace}:"))?;
        }
        for removal in &chosen.plan {
            let disk = match (removal.disk, self.retain_disk) {
                (Disk::Dies, false) => "its disk dies with it",
                (Disk::Dies, true) => "its disk is kept: the volume is set to Retain first",
                (Disk::Kept, _) => "its disk stays, as its volume's policy says",
                (Disk::None, _) => "it has no disk",
                (Disk::CannotTell, _) => "whether its disk dies can't be told: take it that it does",
            };
            context.note(&format!(
                "  {} ({}, {}): {disk}",
                removal.name,
                removal.code.word(),
                format_bytes(removal.bytes)
            ))?;
        }
        Ok(Some(chosen.plan))
    }

    fn question(&self, plan: &[Removal], namespace: &str) -> String {
        let dies: Vec<&Removal> = plan
            .iter()
            .filter(|removal| !self.retain_disk && matches!(removal.disk, Disk::Dies | Disk::CannotTell))
            .collect();
        let bytes = dies.iter().map(|removal| removal.bytes).fold(0, u64::saturating_add);
        let claims = if plan.len() == 1 { "1 claim is".to_owned() } else { format!("{} claims are", plan.len()) };
        match dies.len() {
            0 => format!("{claims} deleted in namespace {namespace}; no disk dies."),
            1 => format!(
                "{claims} deleted in namespace {namespace}, and 1 disk ({}) dies for good.",
                format_bytes(bytes)
            ),
            n => format!(
                "{claims} deleted in namespace {namespace}, and {n} disks ({}) die for good.",
                format_bytes(bytes)
            ),
        }
    }
}

/// What is to be typed: the set's name where all are one set's, else how many in which namespace.
fn phrase(plan: &[Removal], namespace: &str) -> String {
    match plan {
        [first, rest @ ..] if first.set.is_some() && rest.iter().all(|other| other.set == first.set) => {
            first.set.clone().unwrap_or_default()
        }
        plan => format!("{} {namespace}", plan.len()),
    }
}

/// The part of the plan that still holds, and why the rest does not.
fn still_true(plan: Vec<Removal>, again: &Gathered) -> (Vec<Removal>, Vec<(String, String)>) {
    let index = Index::new(&again.cluster);
    let (mut kept, mut left) = (Vec::new(), Vec::new());
    for removal in plan {
        match removal.still_holds(&index) {
            Ok(()) => kept.push(removal),
            Err(why) => left.push((removal.name.clone(), why)),
        }
    }
    (kept, left)
}

fn report_left(context: &mut Context<'_>, left: &[(String, String)], namespace: &str) -> Result<Exit, Failure> {
    for (name, why) in left {
        context.note(&format!("persistentvolumeclaim/{name} left as it is: {why}"))?;
    }
    if left.is_empty() {
        return Ok(Exit::Done);
    }
    context.note(&format!("kubectl sts orphans -n {namespace}  # shows how things stand now"))?;
    Ok(Exit::Error)
}
