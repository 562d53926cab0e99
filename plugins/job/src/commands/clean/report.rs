//! What came of each object: a line as it happens, or an item of the report at the end.

use jiff::Timestamp;
use serde::Serialize;
use workload_cli::{Context, DryRun, Failure, Format};
use workload_core::findings::ObjectRef;
use workload_core::render::{Report, escape};

use super::plan::Object;

/// What came of an object that was not deleted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Outcome {
    /// It changed in between, or its deletion failed.
    Left,
    /// It is somebody's.
    PassedOver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    object: ObjectRef,
    /// `deleted`, `wouldBeDeleted`, `left` or `passedOver`.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// The outcomes so far.
pub(super) struct Told {
    format: Format,
    dry_run: DryRun,
    context: Option<String>,
    pub(super) namespace: String,
    items: Vec<Item>,
}

impl Told {
    pub(super) fn new(format: Format, dry_run: DryRun, context: Option<&str>, namespace: &str) -> Self {
        let (context, namespace) = (context.map(str::to_owned), namespace.to_owned());
        Self { format, dry_run, context, namespace, items: Vec::new() }
    }

    /// It is deleted, or would be.
    pub(super) fn done(&mut self, context: &mut Context<'_>, object: &Object) -> Result<(), Failure> {
        let (outcome, way) = match self.dry_run {
            DryRun::None => ("deleted", ""),
            DryRun::Client => ("wouldBeDeleted", " (dry run)"),
            DryRun::Server => ("wouldBeDeleted", " (server dry run)"),
        };
        let (kind, name) = (object.kubectl(), escape(&object.name));
        match self.format {
            Format::Table | Format::Wide => writeln!(context.out, "{kind}/{name} deleted{way}")?,
            Format::Name => writeln!(context.out, "{kind}/{name}")?,
            Format::Json | Format::Yaml => self.items.push(self.item(object, outcome, None)),
        }
        Ok(())
    }

    /// It is left.
    pub(super) fn left(&mut self, object: &Object, why: &str, outcome: Outcome) {
        let word = match outcome {
            Outcome::Left => "left",
            Outcome::PassedOver => "passedOver",
        };
        let item = self.item(object, word, Some(why.to_owned()));
        self.items.push(item);
    }

    fn item(&self, object: &Object, outcome: &'static str, why: Option<String>) -> Item {
        let object = ObjectRef {
            kind: object.resource.kind,
            namespace: self.namespace.clone(),
            name: object.name.clone(),
            uid: object.uid.as_str().into(),
        };
        Item { object, outcome, why }
    }

    /// Writes the report, where one is wanted.
    pub(super) fn write(&self, context: &mut Context<'_>, now: Timestamp) -> Result<(), Failure> {
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let namespace = Some(&*self.namespace);
        context.report(
            self.format,
            &Report::of_deeds("CleanReport", self.context.as_deref(), namespace, now, &self.items),
        )?;
        Ok(())
    }
}
