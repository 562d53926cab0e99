//! Label and field selectors, as `-l`, `--field-selector` and `spec.selector` write them.
//!
//! They are evaluated here and not by the server, because a diagnosis needs the other objects as well: whether a claim's name
//! fits a second set can't be told from the selected sets alone. Grammar: apimachinery `pkg/labels/selector.go`.

use std::fmt;

use super::{Labels, Meta, Text};

/// All requirements must hold; none at all selects everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct LabelSelector(pub Vec<Requirement>);

/// One condition on a label.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Requirement {
    /// The label's value is one of these.
    In(Text, Vec<Text>),
    /// The label is absent, or its value is none of these.
    NotIn(Text, Vec<Text>),
    /// The label is there.
    Exists(Text),
    /// The label is not there.
    Absent(Text),
    /// Greater (true) or smaller than a number.
    Compare(Text, bool, i64),
}

/// Why a selector can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unable to parse requirement: {0}")]
pub struct SelectorError(String);

impl Requirement {
    fn key(&self) -> &str {
        match self {
            Self::In(key, _) | Self::NotIn(key, _) | Self::Exists(key) | Self::Absent(key) | Self::Compare(key, ..) => {
                key
            }
        }
    }

    fn holds(&self, labels: &Labels) -> bool {
        match self {
            Self::In(key, values) => labels.get(key).is_some_and(|v| values.iter().any(|x| **x == *v)),
            Self::NotIn(key, values) => labels.get(key).is_none_or(|v| values.iter().all(|x| **x != *v)),
            Self::Exists(key) => labels.get(key).is_some(),
            Self::Absent(key) => labels.get(key).is_none(),
            Self::Compare(key, greater, number) => labels
                .get(key)
                .and_then(|v| v.parse::<i64>().ok())
                .is_some_and(|v| if *greater { v > *number } else { v < *number }),
        }
    }
}

impl LabelSelector {
    /// Whether all requirements hold.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.0.iter().all(|requirement| requirement.holds(labels))
    }

    /// Whether it may match an object of which only these labels are known: a `false` is certain.
    pub fn may_match(&self, known: &Labels) -> bool {
        self.0.iter().all(|requirement| known.get(requirement.key()).is_none() || requirement.holds(known))
    }

    /// Whether it matches an object of which only these labels are known: a `true` is certain.
    pub fn surely_matches(&self, known: &Labels) -> bool {
        self.0.iter().all(|requirement| known.get(requirement.key()).is_some() && requirement.holds(known))
    }

    /// The pairs that it demands by plain equality.
    pub fn equalities(&self) -> Labels {
        self.0
            .iter()
            .filter_map(|requirement| match requirement {
                Requirement::In(key, values) if values.len() == 1 => Some((key.clone(), values[0].clone())),
                _ => None,
            })
            .collect()
    }

    /// Reads `-l`: `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1`.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        split_outside_parentheses(text)
            .into_iter()
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(parse_requirement)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

fn split_outside_parentheses(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0usize, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

fn parse_requirement(text: &str) -> Result<Requirement, SelectorError> {
    if let Some(name) = text.strip_prefix('!') {
        return Ok(Requirement::Absent(key(name)?));
    }
    if let Some((before, list)) = text.split_once('(') {
        let list = list.strip_suffix(')').ok_or_else(|| SelectorError(format!("found {text:?}, expected: ')'")))?;
        let values = list.split(',').map(|v| value(v.trim())).collect::<Result<Vec<_>, _>>()?;
        return match before.split_whitespace().collect::<Vec<_>>()[..] {
            [name, "in"] => Ok(Requirement::In(key(name)?, values)),
            [name, "notin"] => Ok(Requirement::NotIn(key(name)?, values)),
            _ => Err(SelectorError(format!("found {before:?}, expected: a key and 'in' or 'notin'"))),
        };
    }
    for operator in ["!=", "==", "=", ">", "<"] {
        let Some((name, wanted)) = text.split_once(operator) else { continue };
        let (name, wanted) = (key(name.trim())?, value(wanted.trim())?);
        return match operator {
            "!=" => Ok(Requirement::NotIn(name, vec![wanted])),
            ">" | "<" => wanted
                .parse()
                .map(|number| Requirement::Compare(name, operator == ">", number))
                .map_err(|_| SelectorError(format!("found {wanted:?}, expected: a whole number"))),
            _ => Ok(Requirement::In(name, vec![wanted])),
        };
    }
    Ok(Requirement::Exists(key(text)?))
}

fn key(text: &str) -> Result<Text, SelectorError> {
    let name = text.trim();
    let legal = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if name.is_empty() || name.len() > 317 || !name.chars().all(legal) {
        return Err(SelectorError(format!("found {name:?}, expected: a label's key")));
    }
    Ok(name.into())
}

fn value(text: &str) -> Result<Text, SelectorError> {
    let legal = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if text.len() > 63 || !text.chars().all(legal) {
        return Err(SelectorError(format!("found {text:?}, expected: a label's value")));
    }
    Ok(text.into())
}

/// `--field-selector` on the two fields that every kind has; StatefulSets have no others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldSelector(Vec<(bool, bool, Text)>);

impl FieldSelector {
    /// Reads `metadata.name=web,metadata.namespace!=test`.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let mut terms = Vec::new();
        for term in text.split(',').map(str::trim).filter(|term| !term.is_empty()) {
            let (field, equal, value) = ["!=", "==", "="]
                .iter()
                .find_map(|operator| term.split_once(operator).map(|(field, value)| (field, *operator != "!=", value)))
                .ok_or_else(|| SelectorError(format!("invalid selector: {term:?}; can't understand {term:?}")))?;
            let by_name = match field.trim() {
                "metadata.name" => true,
                "metadata.namespace" => false,
                other => return Err(SelectorError(format!("field label not supported: {other}"))),
            };
            terms.push((by_name, equal, value.trim().into()));
        }
        Ok(Self(terms))
    }

    /// Whether all terms hold.
    pub fn matches(&self, meta: &Meta) -> bool {
        self.0.iter().all(|(by_name, equal, value)| {
            let field: &str = if *by_name { &meta.name } else { &meta.namespace };
            (*field == **value) == *equal
        })
    }
}

impl fmt::Display for LabelSelector {
    /// As kubectl's describe writes a selector.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, requirement) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(",")?;
            }
            match requirement {
                Requirement::In(key, values) if values.len() == 1 => write!(f, "{key}={}", values[0])?,
                Requirement::In(key, values) => write!(f, "{key} in ({})", values.join(","))?,
                Requirement::NotIn(key, values) if values.len() == 1 => write!(f, "{key}!={}", values[0])?,
                Requirement::NotIn(key, values) => write!(f, "{key} notin ({})", values.join(","))?,
                Requirement::Exists(key) => write!(f, "{key}")?,
                Requirement::Absent(key) => write!(f, "!{key}")?,
                Requirement::Compare(key, greater, number) => {
                    write!(f, "{key}{}{number}", if *greater { ">" } else { "<" })?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Labels {
        [("app", "web"), ("tier", "db"), ("weight", "5")]
            .map(|(k, v)| (Text::from(k), Text::from(v)))
            .into_iter()
            .collect()
    }

    #[test]
    fn label_selectors_select_as_the_server_would() {
        for (selector, selected) in [
            ("", true),
            ("app=web", true),
            ("app==web,tier=db", true),
            ("app!=web", false),
            ("zone!=a", true),
            ("app in (api, web)", true),
            ("app notin (api,web)", false),
            ("zone notin (a)", true),
            ("app", true),
            ("zone", false),
            ("!zone", true),
            ("weight>4,weight<6", true),
            ("weight>5", false),
        ] {
            assert_eq!(LabelSelector::parse(selector).unwrap().matches(&labels()), selected, "{selector}");
        }
    }

    #[test]
    fn a_selector_that_can_not_be_read_says_what_was_expected() {
        let error = |text| LabelSelector::parse(text).unwrap_err().to_string();
        assert_eq!(error("app in (a"), "unable to parse requirement: found \"app in (a\", expected: ')'");
        assert_eq!(error("app=a b"), "unable to parse requirement: found \"a b\", expected: a label's value");
        assert_eq!(error("=x"), "unable to parse requirement: found \"\", expected: a label's key");
        assert_eq!(error("a>b"), "unable to parse requirement: found \"b\", expected: a whole number");
    }

    #[test]
    fn field_selectors_know_name_and_namespace() {
        let meta = Meta { namespace: "shop".into(), name: "web".into(), ..Meta::default() };
        for (selector, selected) in [
            ("metadata.name=web", true),
            ("metadata.name!=web", false),
            ("metadata.namespace==shop,metadata.name=web", true),
        ] {
            assert_eq!(FieldSelector::parse(selector).unwrap().matches(&meta), selected, "{selector}");
        }
        assert_eq!(
            FieldSelector::parse("spec.replicas=1").unwrap_err().to_string(),
            "unable to parse requirement: field label not supported: spec.replicas"
        );
    }
}
