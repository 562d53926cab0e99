//! What `kubectl sts snapshot` and `kubectl job snapshot` share.

use clap::Args;
use serde_json::Value;
use workload_core::facts::Text;
use workload_core::gather::files::header::Header;
use workload_core::gather::redact;
use workload_core::gather::snapshot::Subject;
use workload_core::render::write_yaml;

use crate::{Context, Exit, Failure, Format, check_permissions};

/// How a snapshot is taken.
#[derive(Debug, Clone, Args)]
pub struct SnapshotFlags {
    /// Replace names of nodes and images, and values of environment variables
    #[arg(long)]
    redact: bool,
    /// Show which permissions this command needs, and which of them you have
    #[arg(long)]
    pub check_permissions: bool,
}

impl SnapshotFlags {
    /// Shows what a snapshot needs.
    pub async fn check(&self, context: &mut Context<'_>, subject: Subject) -> Result<Exit, Failure> {
        check_permissions(context, Format::Table, true, |namespace| subject.needs(&Text::from(namespace))).await
    }

    /// Writes one, a document per object, and says what it lacks.
    pub fn write(
        &self,
        context: &mut Context<'_>,
        mut header: Header,
        mut objects: Vec<Value>,
    ) -> Result<Exit, Failure> {
        if self.redact {
            redact(&mut objects);
            header.metadata.redacted = true;
        }
        write_yaml(context.out, &header)?;
        for object in &objects {
            writeln!(context.out, "---")?;
            write_yaml(context.out, object)?;
        }
        for refused in &header.refused {
            let scope =
                refused.namespace.as_deref().map_or("at the cluster scope".to_owned(), |n| format!("in namespace {n}"));
            context.note(&format!(
                "not in the snapshot: {} {scope} ({}); it says so itself",
                refused.resource, refused.why
            ))?;
        }
        Ok(Exit::Done)
    }
}
