//! The runbook pages of `docs/runbooks`, carried along: a page per verdict code, and a page per alert that leads to one.

mod explain;

use std::io::Read as _;

use flate2::read::DeflateDecoder;
use serde::Serialize;

use self::explain::wrapped;

pub use self::explain::ExplainArgs;

/// All pages, one after the other (`build.rs`).
const PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/runbooks.deflate"));

/// One page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Page {
    /// The code or the alert's name.
    pub name: String,
    /// `Fault`, `Fault or Waiting`; `Alert (kubernetes-mixin, warning)`.
    pub kind: String,
    /// What it is, in a sentence.
    pub says: String,
    /// The page below its first lines, in Markdown.
    pub text: String,
}

/// All pages, in the order of their names.
pub fn pages() -> Vec<Page> {
    let mut text = String::new();
    // They were packed when this program was built.
    if DeflateDecoder::new(PACKED).read_to_string(&mut text).is_err() {
        return Vec::new();
    }
    text.split('\0').filter_map(Page::parse).collect()
}

impl Page {
    fn parse(text: &str) -> Option<Self> {
        let (name, rest) = text.strip_prefix("# ")?.split_once("\n\n")?;
        let (head, text) = rest.split_once("\n\n")?;
        let (kind, says) = head.split_once(": ")?;
        Some(Self { name: name.to_owned(), kind: kind.to_owned(), says: says.to_owned(), text: text.to_owned() })
    }

    /// Whether it is about an alert and not about a verdict.
    pub fn is_alert(&self) -> bool {
        self.kind.starts_with("Alert ")
    }

    /// The commands on it: lines of code blocks, and those at the end of a line of a decision tree.
    pub fn commands(&self) -> impl Iterator<Item = &str> {
        let code = self.text.lines().filter(|line| line.starts_with("    "));
        code.filter_map(|line| line.find("kubectl ").map(|at| &line[at..]))
    }

    /// As a terminal shows it.
    fn plain(&self) -> String {
        let mut plain = format!("{}\n{}\n", self.name, wrapped(&format!("{}: {}", self.kind, self.says)));
        let mut fenced = false;
        for line in self.text.lines() {
            plain.push('\n');
            if line.starts_with("```") {
                fenced = !fenced;
            } else if let Some(heading) = line.strip_prefix("## ") {
                plain.push_str(&heading.to_uppercase());
            } else if fenced && !line.is_empty() {
                plain.push_str("    ");
                plain.push_str(line);
            } else if line.starts_with("    ") {
                plain.push_str(line);
            } else {
                plain.push_str(&wrapped(line));
            }
        }
        plain.push('\n');
        plain
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use workload_core::findings::Code;

    use super::*;

    /// The parts that a page has, in this order.
    const OF_A_CODE: [&str; 6] =
        ["What you see", "What it means", "How we know", "What to do", "What not to do", "How to verify"];
    const OF_AN_ALERT: [&str; 5] =
        ["It fires when", "First command", "Likely answers", "Decide", "What the alert does not see"];

    #[test]
    fn every_code_has_a_page_that_says_how_bad_it_is() {
        let pages = pages();
        for code in Code::ALL {
            let page = pages.iter().find(|page| page.name == code.word());
            let page = page.unwrap_or_else(|| panic!("docs/runbooks/{}.md is missing", code.word()));
            let severity = format!("{:?}", code.severity());
            assert!(page.kind.split(" or ").any(|it| it == severity), "{}: {} is not {severity}", page.name, page.kind);
        }
    }

    #[test]
    fn every_page_is_of_a_code_or_an_alert() {
        for page in pages().iter().filter(|page| !page.is_alert()) {
            assert!(Code::ALL.iter().any(|code| code.word() == page.name), "{} is no code", page.name);
        }
    }

    #[test]
    fn every_page_has_its_parts_and_links_that_lead_somewhere() {
        let pages = pages();
        let names: BTreeSet<&str> = pages.iter().map(|page| page.name.as_str()).collect();
        assert_eq!(names.len(), pages.len());
        for page in &pages {
            let parts: Vec<&str> = page.text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
            assert_eq!(parts, if page.is_alert() { &OF_AN_ALERT[..] } else { &OF_A_CODE[..] }, "{}", page.name);
            for (_, link) in page.text.match_indices("](").map(|(at, _)| page.text.split_at(at + 2)) {
                let target = link.split(')').next().unwrap_or_default();
                match target.strip_suffix(".md") {
                    Some(name) if !name.contains('/') => assert!(names.contains(name), "{}: {target}", page.name),
                    _ => assert!(Path::new("../../docs/runbooks").join(target).exists(), "{}: {target}", page.name),
                }
            }
        }
    }

    #[test]
    fn an_alert_leads_to_one_command_and_to_codes() {
        let pages = pages();
        let codes: Vec<&str> = pages.iter().filter(|page| !page.is_alert()).map(|page| page.name.as_str()).collect();
        for page in pages.iter().filter(|page| page.is_alert()) {
            let first = page.commands().next().unwrap_or_default();
            assert!(first.starts_with("kubectl sts ") || first.starts_with("kubectl job "), "{}: {first}", page.name);
            let answers = page.text.split("## Likely answers").nth(1).and_then(|rest| rest.split("## ").next());
            let words = answers.unwrap_or_default().split(|c: char| !c.is_ascii_alphanumeric());
            let known = words.filter(|word| codes.contains(word) || word.starts_with("Kube")).count();
            assert!(known > 0 || page.text.contains("names the set"), "{}: no code among its answers", page.name);
        }
    }

    #[test]
    fn the_index_names_every_page_once() {
        let index = fs::read_to_string("../../docs/runbooks/README.md").expect("the index");
        for page in pages() {
            let entry = format!("[{0}]({0}.md)", page.name);
            assert_eq!(index.matches(&entry).count(), 1, "{entry} in docs/runbooks/README.md");
        }
    }
}
