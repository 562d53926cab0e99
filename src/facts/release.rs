//! Helm's record of a revision of a release, as far as it tells of hooks.
//!
//! The record holds the chart and its values too; of these nothing is kept.

use jiff::Timestamp;

use super::{Meta, Text};

/// A revision's record: a Secret of the type `helm.sh/release.v1` (helm, `pkg/storage/driver/secrets.go`).
#[derive(Debug, Clone)]
pub struct Release {
    /// The Secret's: its namespace is the release's.
    pub meta: Meta,
    /// The release's name; empty of a Secret that is no record.
    pub name: Box<str>,
    /// Counted from 1.
    pub revision: u64,
    /// `deployed`, `failed`, `pending-upgrade`, … (helm, `pkg/release/status.go`).
    pub status: Text,
    /// When the record was last written, by the server's clock where that is told.
    pub saved: Option<Timestamp>,
    /// Its hooks.
    pub hooks: Recorded,
}

/// The hooks of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// The record was not opened: another revision is newer.
    Unopened,
    /// In the record's order, which is that of their kinds.
    Hooks {
        /// When the operation that wrote it began, by the clock of Helm's machine, as the hooks' own times are.
        began: Option<Timestamp>,
        /// The hooks.
        hooks: Box<[HookRecord]>,
    },
    /// It could not be opened, and why.
    Broken(Box<str>),
}

/// A hook in a record, with its last run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookRecord {
    /// The object's name.
    pub name: Box<str>,
    /// The object's kind.
    pub kind: Text,
    /// The namespace that its manifest names, where it names one.
    pub namespace: Option<Text>,
    /// The template of the chart.
    pub path: Box<str>,
    /// `pre-upgrade` and so on, in the record's order.
    pub events: Box<[Text]>,
    /// `helm.sh/hook-weight`.
    pub weight: i64,
    /// `hook-succeeded` and so on; empty where the chart names none.
    pub policies: Box<[Text]>,
    /// `Running`, `Succeeded`, `Failed`, `Unknown`; empty where it never ran.
    pub phase: Text,
    /// When its last run began, by the clock of Helm's machine.
    pub started: Option<Timestamp>,
    /// When its last run ended, by the same clock.
    pub completed: Option<Timestamp>,
}

impl Release {
    /// Whether an operation on it has begun and not ended (helm, `Status.IsPending`, and an uninstallation).
    pub fn pending(&self) -> bool {
        matches!(&*self.status, "pending-install" | "pending-upgrade" | "pending-rollback" | "uninstalling")
    }
}
