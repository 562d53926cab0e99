//! Verdicts and rows as text: tables like kubectl's, JSON, YAML, names, ages. Every string of a cluster passes [`escape`].

mod age;
mod escape;
mod findings;
mod json;
mod report;
mod table;

pub use age::{age, utc};
pub(crate) use escape::is_hostile;
pub use escape::{escape, escape_lines};
pub use findings::write_findings;
pub use json::{write_json, write_json_line, write_yaml};
pub use report::{Items, Report, unread};
pub use table::{Cell, Column, Show, Table, UnknownColumn};
