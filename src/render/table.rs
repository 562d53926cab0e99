//! Tables as kubectl prints them: upper-case headers, no borders, three spaces, nothing trailing.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::io::{self, Write};
use std::panic::resume_unwind;
use std::thread;

use comfy_table::{ColumnConstraint, ContentArrangement, Table as Grid, Width, presets};
use unicode_width::UnicodeWidthStr;

use super::escape::{escape, is_plain};

/// A column, described once: it serves the table, `-o wide` and `--sort-by`.
pub struct Column<R: ?Sized> {
    /// Its header, by which `--sort-by` names it too.
    pub name: &'static str,
    /// In which table it is shown.
    pub show: Show,
    /// What it shows of a row.
    pub cell: fn(&R) -> Cell,
}

/// In which table a column is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// In both.
    Always,
    /// Only with `-o wide`.
    Wide,
    /// Only without: a shorter form of a wide column.
    Narrow,
    /// Where a flag asks for it: `--show-labels`.
    Asked,
}

/// A cell's text and, where text would sort wrongly, the number that it stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    text: String,
    rank: Option<f64>,
}

impl Cell {
    /// A text; it is escaped when it is shown.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), rank: None }
    }

    /// What kubectl shows where there is nothing.
    pub fn none() -> Self {
        Self::text("<none>")
    }

    /// Shown as text, sorted by a number.
    pub fn ranked(text: impl Into<String>, rank: f64) -> Self {
        Self { text: text.into(), rank: Some(rank) }
    }

    /// Its text, not yet escaped.
    pub fn shown(&self) -> &str {
        &self.text
    }

    fn cmp(&self, other: &Self) -> Ordering {
        match (self.rank, other.rank) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            // What has no number sorts behind what has one.
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => self.text.cmp(&other.text),
        }
    }
}

/// A table of rows.
pub struct Table<'t, R> {
    columns: Vec<Shown<'t, R>>,
    headers: bool,
}

/// A column as it is shown: its header, and what it shows of a row.
struct Shown<'t, R> {
    name: Cow<'t, str>,
    cell: Box<dyn Fn(&R) -> Cell + 't>,
}

impl<'t, R> Shown<'t, R> {
    fn new(column: &'t Column<R>) -> Self {
        Self { name: column.name.into(), cell: Box::new(column.cell) }
    }
}

/// `--sort-by` names no column.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("--sort-by: there is no column {name:?}; the columns are {}", columns.join(", "))]
pub struct UnknownColumn {
    name: String,
    columns: Vec<&'static str>,
}

/// Rows that are laid out at a time: the grid takes many times the memory of their texts.
const CHUNK: usize = 256;
/// Go's tabwriter, as kubectl sets it up: cells of at least six, three of them padding.
const PADDING: usize = 3;
const MIN_WIDTH: usize = 6;

impl<'t, R> Table<'t, R> {
    /// The columns that are shown.
    pub fn new(columns: &'t [Column<R>], wide: bool, headers: bool) -> Self {
        Self {
            columns: columns
                .iter()
                .filter(|column| {
                    matches!((column.show, wide), (Show::Always, _) | (Show::Wide, true) | (Show::Narrow, false))
                })
                .map(Shown::new)
                .collect(),
            headers,
        }
    }

    /// With a further column by name, at the end.
    #[must_use]
    pub fn and(mut self, columns: &'t [Column<R>], name: &str) -> Self {
        self.columns.extend(columns.iter().find(|column| column.name == name).map(Shown::new));
        self
    }

    /// Leaves out a column by name.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.columns.retain(|column| column.name != name);
        self
    }

    /// Puts a column before another one: for what is there once per run, such as the servers that were asked.
    #[must_use]
    pub fn insert(mut self, before: &str, name: String, cell: impl Fn(&R) -> Cell + 't) -> Self {
        let at = self.columns.iter().position(|column| column.name == before).unwrap_or(self.columns.len());
        self.columns.insert(at, Shown { name: name.into(), cell: Box::new(cell) });
        self
    }

    /// Orders rows by a column, which need not be shown; equal ones keep their order.
    pub fn sort(columns: &[Column<R>], rows: &mut [R], by: &str) -> Result<(), UnknownColumn> {
        let column = columns.iter().find(|column| column.name.eq_ignore_ascii_case(by)).ok_or_else(|| {
            // The short and the wide form of a column have one name.
            let names = columns.iter().filter(|column| column.show != Show::Narrow).map(|column| column.name);
            UnknownColumn { name: by.to_owned(), columns: names.collect() }
        })?;
        rows.sort_by(|a, b| (column.cell)(a).cmp(&(column.cell)(b)));
        Ok(())
    }

    /// Writes the rows; without rows also no headers, as kubectl does.
    pub fn write<'r>(&self, rows: impl Iterator<Item = &'r R>, out: &mut dyn Write) -> io::Result<()>
    where
        R: 'r,
    {
        self.write_more(rows, &mut Vec::new(), out)
    }

    /// Writes further rows of a table under those that were written before: `widths` remembers how wide its columns are, and is empty
    /// before the first ones. Columns grow, and never shrink (kubectl's tabwriter with `RememberWidths`).
    pub fn write_more<'r>(
        &self,
        rows: impl Iterator<Item = &'r R>,
        widths: &mut Vec<usize>,
        out: &mut dyn Write,
    ) -> io::Result<()>
    where
        R: 'r,
    {
        let mut rows = rows.peekable();
        if rows.peek().is_none() {
            return Ok(());
        }
        let headers = self.headers && widths.is_empty();
        widths.resize(self.columns.len(), 0);
        for (width, column) in widths.iter_mut().zip(&self.columns) {
            *width = (*width).max(if headers { column.name.width() } else { 0 });
        }
        // What the columns show is asked for once: widths are known only after the last row.
        let mut chunks = Vec::new();
        while rows.peek().is_some() {
            let mut columns = vec![String::new(); self.columns.len()];
            for (at, row) in rows.by_ref().take(CHUNK).enumerate() {
                for ((lines, column), width) in columns.iter_mut().zip(&self.columns).zip(widths.iter_mut()) {
                    if at > 0 {
                        lines.push('\n');
                    }
                    *width = (*width).max(push(&(column.cell)(row).text, lines));
                }
            }
            chunks.push(columns);
        }
        if headers {
            let names: Vec<_> = self.columns.iter().map(|column| escape(&column.name)).collect();
            out.write_all(&lay_out(widths, &names))?;
        }
        lay_out_all(widths, &chunks, out)
    }
}

/// Lays out rows, two chunks at a time: the grid is most of what a large table takes after the last answer, and as a rule there is a second
/// core.
fn lay_out_all(widths: &[usize], chunks: &[Vec<String>], out: &mut dyn Write) -> io::Result<()> {
    let (pairs, last) = chunks.as_chunks();
    for [first, second] in pairs {
        let second = || lay_out_chunk(widths, second);
        thread::scope(|scope| {
            let beside = thread::Builder::new().spawn_scoped(scope, second);
            out.write_all(&lay_out_chunk(widths, first))?;
            // Where no thread can be had, there is this one.
            let second =
                beside.map_or_else(|_| second(), |beside| beside.join().unwrap_or_else(|it| resume_unwind(it)));
            out.write_all(&second)
        })?;
    }
    last.iter().try_for_each(|columns| out.write_all(&lay_out_chunk(widths, columns)))
}

/// Lays out rows: of each column the lines, one for each row. That is a single row to the grid, and takes it a third less time than many.
fn lay_out_chunk(widths: &[usize], columns: &[String]) -> Vec<u8> {
    if widths.iter().all(|width| u16::try_from(width + PADDING).is_ok()) {
        return lay_out(widths, columns);
    }
    // The grid breaks a cell that is wider than it can count: then a row must not be a line beside others.
    let mut lines: Vec<_> = columns.iter().map(|lines| lines.split('\n')).collect();
    let mut row = || lines.iter_mut().map(Iterator::next).collect::<Option<Vec<_>>>();
    std::iter::from_fn(|| row().map(|row| lay_out(widths, &row))).flatten().collect()
}

/// Puts a text behind others, escaped, and tells how wide it is.
fn push(text: &str, behind: &mut String) -> usize {
    if is_plain(text) {
        behind.push_str(text);
        text.len()
    } else {
        let text = escape(text);
        behind.push_str(&text);
        text.width()
    }
}

/// Lays out a row of the grid.
fn lay_out(widths: &[usize], cells: &[impl AsRef<str>]) -> Vec<u8> {
    let mut grid = Grid::new();
    grid.load_style(presets::NOTHING);
    grid.set_content_arrangement(ContentArrangement::Disabled);
    grid.add_row(cells.iter().map(AsRef::as_ref));
    for (column, width) in grid.column_iter_mut().zip(widths) {
        let cells = (width + PADDING).max(MIN_WIDTH);
        column.set_padding((0, 0));
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(u16::try_from(cells).unwrap_or(u16::MAX))));
    }
    let mut lines = Vec::new();
    for line in grid.lines() {
        lines.extend_from_slice(line.trim_end().as_bytes());
        lines.push(b'\n');
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column<(&str, u32)>] = &[
        Column { name: "NAME", show: Show::Always, cell: |row| Cell::text(row.0) },
        Column { name: "N", show: Show::Always, cell: |row| Cell::ranked(row.1.to_string(), f64::from(row.1)) },
        Column { name: "TWICE", show: Show::Wide, cell: |row| Cell::text((row.1 * 2).to_string()) },
    ];

    fn shown(rows: &[(&'static str, u32)], wide: bool, headers: bool) -> String {
        let mut out = Vec::new();
        Table::new(COLUMNS, wide, headers).write(rows.iter(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_table_looks_like_kubectls() {
        let rows = [("web-0", 1), ("größe-大", 20)];
        assert_eq!(shown(&rows, false, true), "NAME       N\nweb-0      1\ngröße-大   20\n");
        assert_eq!(shown(&rows, true, true), "NAME       N     TWICE\nweb-0      1     2\ngröße-大   20    40\n");
        assert_eq!(shown(&rows, false, false), "web-0      1\ngröße-大   20\n");
        assert_eq!(shown(&[], false, true), "");
    }

    #[test]
    fn hostile_text_stays_in_its_cell() {
        assert_eq!(shown(&[("a\u{1b}[2J\nb", 1)], false, false), "a^[[2J\\nb   1\n");
    }

    #[test]
    fn a_cell_of_any_width_leaves_the_other_rows_as_they_are() {
        let wide: &'static str = "x".repeat(70_000).leak();
        let lines = shown(&[("a", 1), (wide, 2), ("b", 3)], false, false);
        let words: Vec<Vec<&str>> = lines.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!((&words[0], &words[words.len() - 1]), (&vec!["a", "1"], &vec!["b", "3"]));
        assert_eq!(words.len(), 4, "its own row alone is broken");
    }

    #[test]
    fn a_table_of_any_length_stands_in_the_order_of_its_rows() {
        let name: &'static str = "y".repeat(70_000).leak();
        for count in [255, 256, 257, 512, 513, 769, 1100] {
            let mut rows: Vec<(&str, u32)> = (0..count).map(|n| ("row", n)).collect();
            let expected: Vec<String> = (0..count).map(|n| format!("row   {n}")).collect();
            assert_eq!(shown(&rows, false, false).lines().collect::<Vec<_>>(), expected, "{count} rows");
            // One of the last is wider than the grid can count: it alone is broken.
            let wide = count - 2;
            rows[wide as usize].0 = name;
            let lines = shown(&rows, false, false);
            let numbers = lines.lines().filter_map(|line| line.split_whitespace().nth(1)?.parse::<u32>().ok());
            let others: Vec<u32> = (0..count).filter(|n| *n != wide).collect();
            assert_eq!(numbers.collect::<Vec<_>>(), others, "{count} rows");
        }
    }

    #[test]
    fn rows_are_sorted_by_number_where_there_is_one_and_stably() {
        let mut rows = [("b", 10), ("a", 9), ("c", 10)];
        Table::sort(COLUMNS, &mut rows, "n").unwrap();
        assert_eq!(rows, [("a", 9), ("b", 10), ("c", 10)]);
        assert_eq!(
            Table::sort(COLUMNS, &mut rows, "size").unwrap_err().to_string(),
            "--sort-by: there is no column \"size\"; the columns are NAME, N, TWICE"
        );
    }
}
