//! `--check-permissions`: what a command needs, and whether you have it.

use serde::Serialize;
use workload_core::gather::cluster::granted;
use workload_core::gather::resource::Need;
use workload_core::render::{Cell, Column, Items, Show, Table};

use crate::{Context, Exit, Failure, Format};

struct Row {
    need: Need,
    granted: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'n> {
    verb: &'n str,
    resource: &'n str,
    scope: String,
    required: bool,
    granted: Option<bool>,
    tells: &'n str,
}

const COLUMNS: &[Column<Row>] = &[
    Column { name: "VERB", show: Show::Always, cell: |row| Cell::text(row.need.verb) },
    Column { name: "RESOURCE", show: Show::Always, cell: |row| Cell::text(row.need.resource.name) },
    Column { name: "SCOPE", show: Show::Always, cell: |row| Cell::text(row.need.scope.to_string()) },
    Column {
        name: "REQUIRED",
        show: Show::Always,
        cell: |row| Cell::text(if row.need.required { "yes" } else { "no" }),
    },
    Column {
        name: "GRANTED",
        show: Show::Always,
        cell: |row| {
            Cell::text(match row.granted {
                Some(true) => "yes",
                Some(false) => "no",
                None => "cannot tell",
            })
        },
    },
    Column { name: "TELLS", show: Show::Always, cell: |row| Cell::text(row.need.tells) },
];

/// Asks the server about each need and shows the answers. Ends in an error where a required one is not granted.
pub async fn check(
    context: &mut Context<'_>,
    format: Format,
    headers: bool,
    needs: impl FnOnce(&str) -> Vec<Need>,
) -> Result<Exit, Failure> {
    let client = context.connect()?;
    let needs = needs(client.namespace());
    let answers = granted(&client, &needs).await?;
    let rows: Vec<Row> = needs.into_iter().zip(answers).map(|(need, granted)| Row { need, granted }).collect();
    let items = || {
        rows.iter().map(|Row { need, granted }| Item {
            verb: need.verb,
            resource: need.resource.name,
            scope: need.scope.to_string(),
            required: need.required,
            granted: *granted,
            tells: need.tells,
        })
    };
    if !context.report(format, &Items(items))? {
        Table::new(COLUMNS, format == Format::Wide, headers).write(rows.iter(), context.out)?;
    }
    let refused = rows.iter().any(|row| row.need.required && row.granted == Some(false));
    Ok(if refused { Exit::Error } else { Exit::Done })
}
