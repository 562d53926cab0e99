//! How lines look.

use jiff::tz::TimeZone;

use super::filter::Filter;

/// The form of a line.
#[derive(Debug, Clone)]
pub enum Format {
    /// The line, behind a prefix and a time where they are asked for.
    Text,
    /// The container's bytes and nothing else.
    Raw,
    /// A JSON object per line.
    Json,
    /// As a template says.
    Template(Template),
}

/// All that decides how lines look.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command")]
pub struct Style {
    /// The form.
    pub format: Format,
    /// Each line is told whose it is.
    pub prefix: bool,
    /// Each line is told its time.
    pub timestamps: bool,
    /// The zone of these times.
    pub zone: TimeZone,
    /// Colours.
    pub colour: bool,
    /// The output is a terminal: what it would act on is shown instead, but for colours.
    pub terminal: bool,
    /// Nothing on stderr.
    pub only_lines: bool,
    /// Each attempt's start and end is told: where they come as time passes.
    pub follow: bool,
    /// Which lines are shown, and what is highlighted in them.
    pub filter: Filter,
}

impl Style {
    pub(super) fn announces(&self) -> bool {
        self.follow
    }
}

/// A line's form with names in braces: `{time} {pod} {message}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(pub(super) Vec<Piece>);

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Words(String),
    Field(Field),
}

/// What stands for a name in braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Time,
    Namespace,
    Pod,
    Container,
    Node,
    Ordinal,
    Index,
    Attempt,
    Revision,
    Message,
}

const FIELDS: [(&str, Field); 10] = [
    ("time", Field::Time),
    ("namespace", Field::Namespace),
    ("pod", Field::Pod),
    ("container", Field::Container),
    ("node", Field::Node),
    ("ordinal", Field::Ordinal),
    ("index", Field::Index),
    ("attempt", Field::Attempt),
    ("revision", Field::Revision),
    ("message", Field::Message),
];

impl Template {
    /// Reads a template; `{{` and `}}` stand for braces.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (mut pieces, mut words, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            words.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                words.push_str(brace);
                rest = after;
                continue;
            }
            let field = rest.split_once('}').filter(|_| brace == "{");
            let Some((name, after)) = field else {
                return Err(format!("the template {text:?} has a single brace; write {{{{ or }}}} for one"));
            };
            let Some((_, field)) = FIELDS.iter().find(|(known, _)| *known == name) else {
                let known: Vec<&str> = FIELDS.iter().map(|(known, _)| *known).collect();
                return Err(format!("the template has no field {name:?}; it knows {}", known.join(", ")));
            };
            if !words.is_empty() {
                pieces.push(Piece::Words(std::mem::take(&mut words)));
            }
            pieces.push(Piece::Field(*field));
            rest = after;
        }
        words.push_str(rest);
        if !words.is_empty() {
            pieces.push(Piece::Words(words));
        }
        Ok(Self(pieces))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_read_with_its_fields_and_braces() {
        let pieces = Template::parse("{{{pod}}} {message}").unwrap().0;
        let words = |text: &str| Piece::Words(text.to_owned());
        assert_eq!(pieces, [words("{"), Piece::Field(Field::Pod), words("} "), Piece::Field(Field::Message)]);
        assert!(Template::parse("{nope}").unwrap_err().contains("no field \"nope\"; it knows time, namespace"));
        assert!(Template::parse("a { b").unwrap_err().contains("single brace"));
    }
}
