//! `explain`: the page of a code or an alert, without a server and without a network.

use clap::Args;
use workload_core::render::{Cell, Column, Items, Show, Table};

use super::{Page, pages};
use crate::{Context, Exit, Failure, Format, OutputFlags, nearest};

/// Where text is wrapped.
const WIDTH: usize = 100;

/// Explain a verdict's code or an alert: what it means, how it is known, what to do, and what not to do
///
/// Without a name: all codes and alerts. No server is asked.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  # What a code means, and what to do now
  kubectl sts explain CrashLoop

  # Where an alert leads
  kubectl sts explain KubePodCrashLooping

  # All codes and alerts
  kubectl sts explain")]
pub struct ExplainArgs {
    /// The code, or the alert's name
    #[arg(value_name = "CODE|ALERT")]
    name: Option<String>,
    #[command(flatten)]
    output: OutputFlags,
}

const COLUMNS: &[Column<Page>] = &[
    Column { name: "NAME", show: Show::Always, cell: |page| Cell::text(&*page.name) },
    Column {
        name: "KIND",
        show: Show::Always,
        cell: |page| Cell::text(if page.is_alert() { "Alert" } else { &page.kind }),
    },
    Column { name: "MEANS", show: Show::Always, cell: |page| Cell::text(&*page.says) },
];

impl ExplainArgs {
    /// Prints the page, or the list of pages.
    pub fn run(&self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let format = self.output.format()?;
        let mut pages = pages();
        if let Some(name) = &self.name {
            let known = pages.iter().position(|page| page.name.eq_ignore_ascii_case(name));
            let at = known.ok_or_else(|| unknown(name, &pages, context.program.usage))?;
            pages = vec![pages.swap_remove(at)];
        }
        if context.report(format, &Items(|| pages.iter()))? {
            return Ok(Exit::Done);
        }
        match (&*pages, format) {
            (pages, Format::Name) => {
                for page in pages {
                    writeln!(context.out, "{}", page.name)?;
                }
            }
            ([page], _) if self.name.is_some() => write!(context.out, "{}", page.plain())?,
            (_, _) => {
                pages.sort_by_key(Page::is_alert);
                self.output.sort(COLUMNS, &mut pages)?;
                Table::new(COLUMNS, format == Format::Wide, self.output.headers()).write(pages.iter(), context.out)?;
            }
        }
        Ok(Exit::Done)
    }
}

fn unknown(name: &str, pages: &[Page], usage: &str) -> Failure {
    let failure = Failure::error(format_args!("there is no code and no alert {name:?}"));
    let lower = name.to_ascii_lowercase();
    let lowered: Vec<String> = pages.iter().map(|page| page.name.to_ascii_lowercase()).collect();
    let near = nearest(&lower, lowered.iter().map(String::as_str));
    let near: Vec<&str> =
        pages.iter().map(|page| &*page.name).filter(|it| near.contains(&&*it.to_ascii_lowercase())).collect();
    failure.hint(if near.is_empty() {
        format!("{usage} explain  # lists them all")
    } else {
        format!("did you mean {}?", near.join(" or "))
    })
}

/// Links as their text, and lines of at most WIDTH columns; an item's further lines stand under its first.
pub(super) fn wrapped(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, link)) = rest.split_once('[') {
        let Some((name, target)) = link.split_once("](") else { break };
        let Some((_, after)) = target.split_once(')') else { break };
        text.push_str(before);
        text.push_str(name);
        rest = after;
    }
    text.push_str(rest);
    let indent = if text.starts_with("- ") { "\n  " } else { "\n" };
    let (mut lines, mut column) = (String::new(), 0);
    for word in text.split(' ') {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > WIDTH {
            lines.push_str(indent);
            column = indent.len() - 1;
        } else if column > 0 {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += width;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_words_and_long_lines_are_wrapped_between_words() {
        assert_eq!(wrapped("See [NodeLost](NodeLost.md), and [that](../x.md)."), "See NodeLost, and that.");
        let item = format!("- {}", ["word"; 30].join(" "));
        let lines = wrapped(&item);
        assert!(lines.lines().all(|line| line.len() <= WIDTH) && lines.lines().count() == 2);
        assert!(lines.lines().nth(1).is_some_and(|line| line.starts_with("  word")));
        assert_eq!(lines.replace("\n ", ""), item);
    }
}
