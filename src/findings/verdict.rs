//! A verdict: what is the matter with an object, since when, how that is known, and what to do next.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::Code;
use crate::facts::{Meta, Refusal, Uid};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum Severity {
    /// As it should be.
    Ok,
    /// Worth knowing before you act.
    Notice,
    /// By design or on its way.
    Waiting,
    /// Could not be read.
    Unknown,
    /// Broken: someone must act.
    Fault,
}

/// One statement about an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// Its code.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about, where that is not the row's own object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectRef>,
    /// Since when, where the API tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// One sentence for a human.
    pub says: String,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// What could not be read. A negative claim with something unknown is never safe.
    pub unknown: Vec<String>,
    /// One step, as a command or a manifest where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A field that was read, and its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// `Kind/name`.
    pub object: String,
    /// The field's path, an annotation, a condition or an event's reason.
    pub field: String,
    /// Its value.
    pub value: String,
}

/// An object by its coordinates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ObjectRef {
    /// Kind, as in manifests.
    pub kind: &'static str,
    /// Its namespace, where it has one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID, where it exists.
    #[serde(skip_serializing_if = "Uid::is_empty")]
    pub uid: Uid,
}

/// Whether a claim may be deleted, and how it may be chosen for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Deletable {
    /// Not at all.
    Never,
    /// Only when it is named: its data comes back on a scale-up, or someone may still want it.
    Named,
    /// Also by its verdict: it is out of every range, nothing refers to it, and every input was read.
    Bulk,
}

impl Verdict {
    /// A verdict with the severity of its code and nothing else yet.
    pub fn new(code: Code, says: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            object: None,
            since: None,
            says: says.into(),
            evidence: Vec::new(),
            unknown: Vec::new(),
            next: None,
        }
    }

    /// That something can't be told because a part could not be read.
    pub fn cannot_tell(what: &str, refusal: &Refusal) -> Self {
        Self::new(Code::CannotTell, format!("Cannot tell {what}.")).unknown(refusal)
    }

    /// Another severity than the code's own.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// What it is about.
    #[must_use]
    pub fn about(mut self, object: ObjectRef) -> Self {
        self.object = Some(object);
        self
    }

    /// Since when.
    #[must_use]
    pub fn since(mut self, since: Option<Timestamp>) -> Self {
        self.since = since;
        self
    }

    /// One more thing that it rests on.
    #[must_use]
    pub fn because(mut self, object: impl fmt::Display, field: &str, value: impl fmt::Display) -> Self {
        self.evidence.push(Evidence { object: object.to_string(), field: field.to_owned(), value: value.to_string() });
        self
    }

    /// One more thing that could not be read.
    #[must_use]
    pub fn unknown(mut self, refusal: &Refusal) -> Self {
        self.unknown.push(refusal.to_string());
        self
    }

    /// What could not be told, in words.
    #[must_use]
    pub fn not_known(mut self, what: impl Into<String>) -> Self {
        self.unknown.push(what.into());
        self
    }

    /// The next step.
    #[must_use]
    pub fn next(mut self, step: impl Into<String>) -> Self {
        self.next = Some(step.into());
        self
    }
}

impl ObjectRef {
    /// The coordinates of an object that was read.
    pub fn new(kind: &'static str, meta: &Meta) -> Self {
        Self { kind, namespace: meta.namespace.to_string(), name: meta.name.to_string(), uid: meta.uid.clone() }
    }
}
