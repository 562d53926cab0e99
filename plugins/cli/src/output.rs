//! `-o` and its companions, as `kubectl get` has them.

use clap::Args;
use serde::Serialize;
use workload_core::render::{Column, Table, write_json, write_yaml};

use crate::{Context, Failure};

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// A table.
    #[default]
    Table,
    /// A table with more columns, and times instead of ages.
    Wide,
    /// `kind/name` per line.
    Name,
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

/// The formats by their names.
pub(crate) const FORMATS: [(&str, &str); 4] = [
    ("json", "one report, for jq"),
    ("yaml", "one report"),
    ("name", "kind/name per line"),
    ("wide", "the table with more columns, and times in UTC"),
];

/// The flags that choose it.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputFlags {
    /// Output format: json, yaml, name or wide
    #[arg(short, long, value_name = "FORMAT")]
    output: Option<String>,
    /// Leave out headers, headings and the summary
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = crate::flags::boolean)]
    no_headers: Option<bool>,
    /// Sort the rows by a column's name
    #[arg(long, value_name = "COLUMN")]
    sort_by: Option<String>,
}

impl OutputFlags {
    /// The format; kubectl's sentence for one that it does not know.
    pub fn format(&self) -> Result<Format, Failure> {
        match self.output.as_deref() {
            None | Some("") => Ok(Format::Table),
            Some("wide") => Ok(Format::Wide),
            Some("name") => Ok(Format::Name),
            Some("json") => Ok(Format::Json),
            Some("yaml") => Ok(Format::Yaml),
            Some(other) => Err(Failure::error(format_args!(
                "unable to match a printer suitable for the output format \"{other}\", allowed formats are: json,name,wide,yaml"
            ))),
        }
    }

    /// Whether headers, headings and the summary are shown.
    pub fn headers(&self) -> bool {
        !self.no_headers.unwrap_or(false)
    }

    /// Orders rows as `--sort-by` says; kubectl's spellings `.name` and `{.name}` name the column too.
    pub fn sort<R>(&self, columns: &[Column<R>], rows: &mut [R]) -> Result<(), Failure> {
        let Some(by) = self.sort_by.as_deref().filter(|by| !by.is_empty()) else { return Ok(()) };
        let by = by.trim_start_matches('{').trim_end_matches('}').trim_start_matches('.');
        Table::sort(columns, rows, by).map_err(Failure::error)
    }
}

impl Context<'_> {
    /// Writes a report as JSON or YAML; `false` where the format is another.
    pub fn report(&mut self, format: Format, report: &impl Serialize) -> Result<bool, Failure> {
        match format {
            Format::Json => write_json(self.out, report)?,
            Format::Yaml => write_yaml(self.out, report)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}
