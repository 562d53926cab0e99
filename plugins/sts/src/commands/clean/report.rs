//! What came of each claim: a line as it happens, or an item of the report at the end.

use serde::Serialize;
use workload_cli::{Context, DryRun, Exit, Failure, Format};
use workload_core::facts::Cluster;
use workload_core::findings::{Code, ObjectRef};
use workload_core::render::{Report, escape};
use workload_core::volumes::Removal;
use workload_core::volumes::fate::Disk;

/// What came of one claim.
pub(super) enum Outcome {
    /// It is deleted.
    Deleted,
    /// Its deletion is accepted, and waits for these finalizers.
    Held(String),
    /// A dry run: it would be deleted.
    WouldBeDeleted,
    /// It was left as it is while others were dealt with: why.
    Left(String),
    /// It was named, and must not be deleted: why. Nothing at all is changed then.
    Refused(String),
    /// Its verdict was named, and it is not to be taken by that: why.
    PassedOver(String),
}

/// An item of a CleanReport.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    object: ObjectRef,
    #[serde(skip_serializing_if = "Option::is_none")]
    set: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Code>,
    /// Its size in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    volume: Option<String>,
    /// What became, or would become, of its disk: `dies`, `stays`, `none` or `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    disk: Option<&'static str>,
    /// `deleted`, `held`, `wouldBeDeleted`, `left`, `refused` or `passedOver`.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// The outcomes so far.
pub(super) struct Told {
    format: Format,
    dry_run: DryRun,
    retain_disk: bool,
    namespace: String,
    items: Vec<Item>,
}

impl Told {
    pub(super) fn new(format: Format, dry_run: DryRun, retain_disk: bool, namespace: &str) -> Self {
        Self { format, dry_run, retain_disk, namespace: namespace.to_owned(), items: Vec::new() }
    }

    /// What came of a planned deletion.
    pub(super) fn removal(&mut self, context: &mut Context<'_>, of: &Removal, outcome: Outcome) -> Result<(), Failure> {
        self.line(context, of, &outcome)?;
        let mut item = self.item(&of.name, &of.uid, outcome);
        item.set.clone_from(&of.set);
        item.code = Some(of.code);
        item.bytes = Some(of.bytes);
        item.volume = of.volume.as_ref().map(|(name, ..)| name.clone());
        item.disk = Some(match of.disk {
            Disk::None => "none",
            Disk::Dies if !self.retain_disk => "dies",
            Disk::Dies | Disk::Kept => "stays",
            Disk::CannotTell => "unknown",
        });
        self.items.push(item);
        Ok(())
    }

    /// What came of a claim that was never planned to be deleted.
    pub(super) fn unplanned(&mut self, name: &str, outcome: Outcome) {
        let item = self.item(name, "", outcome);
        self.items.push(item);
    }

    fn item(&self, name: &str, uid: &str, outcome: Outcome) -> Item {
        let object = ObjectRef {
            kind: "PersistentVolumeClaim",
            namespace: self.namespace.clone(),
            name: name.to_owned(),
            uid: uid.into(),
        };
        let (outcome, why) = match outcome {
            Outcome::Deleted => ("deleted", None),
            Outcome::Held(by) => ("held", Some(by)),
            Outcome::WouldBeDeleted => ("wouldBeDeleted", None),
            Outcome::Left(why) => ("left", Some(why)),
            Outcome::Refused(why) => ("refused", Some(why)),
            Outcome::PassedOver(why) => ("passedOver", Some(why)),
        };
        Item { object, set: None, code: None, bytes: None, volume: None, disk: None, outcome, why }
    }

    fn line(&self, context: &mut Context<'_>, of: &Removal, outcome: &Outcome) -> Result<(), Failure> {
        let name = format!("persistentvolumeclaim/{}", escape(&of.name));
        let way = if self.dry_run == DryRun::Server { "server dry run" } else { "dry run" };
        let says = match outcome {
            Outcome::Left(why) => return context.note(&format!("{name} left as it is: {why}")),
            Outcome::Refused(_) | Outcome::PassedOver(_) => return Ok(()),
            Outcome::Deleted => format!("{name} deleted"),
            Outcome::Held(by) => format!("{name} deleted, held by {}", escape(by)),
            Outcome::WouldBeDeleted => format!("{name} deleted ({way})"),
        };
        match self.format {
            Format::Json | Format::Yaml => return Ok(()),
            Format::Name => writeln!(context.out, "{name}")?,
            Format::Table | Format::Wide => {
                writeln!(context.out, "{says}")?;
                if self.retain_disk
                    && !matches!(outcome, Outcome::WouldBeDeleted)
                    && let Some((volume, ..)) = &of.volume
                {
                    writeln!(context.out, "persistentvolume/{} kept", escape(volume))?;
                }
            }
        }
        Ok(context.out.flush()?)
    }

    /// Writes the report where one is wanted. How the run ended: an error where something was left.
    pub(super) fn end(self, context: &mut Context<'_>, cluster: &Cluster) -> Result<Exit, Failure> {
        let left = self.items.iter().any(|item| item.outcome == "left");
        context.report(self.format, &Report::new("CleanReport", cluster, &self.items))?;
        if !left {
            return Ok(Exit::Done);
        }
        context.note(&format!("kubectl sts orphans -n {}  # shows how things stand now", self.namespace))?;
        Ok(Exit::Error)
    }
}
