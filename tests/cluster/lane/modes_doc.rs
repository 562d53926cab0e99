//! docs/failure-modes.md, held to itself and to the scenarios that there are.

use std::collections::BTreeMap;

use super::Scenario;

const PAGE: &str = include_str!("../../../docs/failure-modes.md");
/// The list's sections and how many entries each has.
const LIST: [(char, u32); 5] = [('S', 39), ('V', 32), ('J', 20), ('C', 15), ('N', 15)];

/// The cells of the rows that tell of modes: #, mode, made, how, answer, first, scenario.
fn rows() -> Vec<[&'static str; 7]> {
    let cells = |line: &'static str| {
        let line = line.strip_prefix("| ")?.strip_suffix(" |")?;
        line.split(" | ").collect::<Vec<_>>().try_into().ok()
    };
    let all: Vec<[&str; 7]> = PAGE.lines().filter_map(cells).collect();
    all.into_iter().filter(|row| row[0] != "#").collect()
}

/// # Panics
/// When a row names a scenario that is not there, an entry is missing, or a count is not that of the rows.
pub(super) fn check(scenarios: &[Scenario]) {
    // The best that an entry's rows are, and whether all of them are told first.
    let mut entries: BTreeMap<String, (usize, bool)> = BTreeMap::new();
    for [numbers, mode, made, _, _, first, names] in rows() {
        let how = ["real", "written", "file", "not"].iter().position(|it| *it == made);
        let how = how.unwrap_or_else(|| panic!("{mode}: made {made:?}"));
        assert!(matches!(first, "yes" | "no"), "{mode}: first {first:?}");
        assert_eq!(names == "–", made == "not", "{mode}: what is in the lane has a scenario");
        for name in names.split(", ").filter(|name| *name != "–") {
            assert!(scenarios.iter().any(|it| it.name == name), "{mode}: there is no scenario {name}");
        }
        for number in numbers.split(", ").filter(|number| *number != "–") {
            let entry = entries.entry(number.to_owned()).or_insert((how, true));
            *entry = (entry.0.min(how), entry.1 && first == "yes");
        }
    }
    let list: Vec<String> = LIST.iter().flat_map(|(of, many)| (1..=*many).map(move |n| format!("{of}{n}"))).collect();
    let strange: Vec<&String> = entries.keys().filter(|it| !list.contains(it)).collect();
    let missing: Vec<&String> = list.iter().filter(|it| !entries.contains_key(*it)).collect();
    assert!(strange.is_empty() && missing.is_empty(), "not in the list: {strange:?}; in no row: {missing:?}");
    let count = |how: usize| entries.values().filter(|entry| entry.0 == how).count();
    let right = entries.values().filter(|entry| entry.0 < 3 && entry.1).count();
    let counts = format!(
        "| made by the real components alone | {} |\n| with something written by hand | {} |\n| from a file | {} |\n| not in the lane | {} |\n| first cause right, of those in the lane | {right} of {} |\n",
        count(0),
        count(1),
        count(2),
        count(3),
        list.len() - count(3)
    );
    assert!(PAGE.contains(&counts), "the counts at the top of docs/failure-modes.md are these:\n{counts}");
}
