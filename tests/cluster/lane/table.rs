//! Tables as kubectl prints them, found in a text and laid out again with other cells.

/// Between two columns.
const GAP: &str = "   ";

/// Applies `change` to each cell of each table and to each line outside of tables; tables are laid out for the new cells.
///
/// A table is a line of upper-case headings and the lines below it, down to an empty line or one whose text runs across
/// a column's start.
pub(super) fn map_cells(text: &str, change: &mut dyn FnMut(&str) -> String) -> String {
    let lines: Vec<&str> = text.split('\n').collect();
    let mut out = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let Some(starts) = columns(lines[at]) else {
            out.push(change(lines[at]));
            at += 1;
            continue;
        };
        let rows = lines[at + 1..].iter().take_while(|line| fits(line, &starts)).count();
        if rows == 0 && lines.get(at + 1).is_none_or(|next| next.is_empty() || next.starts_with("--- ")) {
            // Headings whose rows were cut off keep the widths of those.
            out.push(change(lines[at]));
            at += 1;
            continue;
        }
        let cells: Vec<Vec<String>> = lines[at..=at + rows]
            .iter()
            .map(|line| cut(line, &starts).iter().map(|cell| change(cell)).collect())
            .collect();
        out.extend(lay_out(&cells));
        at += rows + 1;
    }
    out.join("\n")
}

/// Where the columns of a heading line start, when it is one: two or more upper-case headings, [`GAP`] or more apart.
fn columns(line: &str) -> Option<Vec<usize>> {
    let heading = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || " -_/().%#".contains(c);
    if !line.starts_with(|c: char| c.is_ascii_uppercase()) || !line.chars().all(heading) {
        return None;
    }
    let bytes = line.as_bytes();
    let starts: Vec<usize> = (0..bytes.len())
        .filter(|&i| bytes[i] != b' ' && (i == 0 || (i >= GAP.len() && line[i - GAP.len()..i] == *GAP)))
        .collect();
    (starts.len() > 1).then_some(starts)
}

fn fits(line: &str, starts: &[usize]) -> bool {
    let cells: Vec<char> = line.chars().collect();
    !line.trim().is_empty() && starts[1..].iter().all(|&s| cells.get(s - 1).is_none_or(|&c| c == ' '))
}

fn cut(line: &str, starts: &[usize]) -> Vec<String> {
    let chars: Vec<char> = line.chars().collect();
    let ends = starts[1..].iter().copied().chain([usize::MAX]);
    let cell = |(&start, end): (&usize, usize)| {
        let cell = chars.get(start..end.min(chars.len()).max(start)).unwrap_or_default();
        cell.iter().collect::<String>().trim_end().to_owned()
    };
    starts.iter().zip(ends).map(cell).collect()
}

fn lay_out(rows: &[Vec<String>]) -> Vec<String> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(column, cell)| format!("{cell:w$}", w = width(column)));
        cells.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}
