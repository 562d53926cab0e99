//! A YAML document as JSON text, which knows for each of its parts the line of the document that it came from: so one reader
//! serves both, and an error still names the line.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Spanned};

/// JSON made of a YAML document.
pub(super) struct Json {
    pub(super) text: String,
    /// Offset in the text at which a part begins, and its line; in order.
    lines: Vec<(usize, u64)>,
}

/// A document as JSON; `None` where it is no YAML.
pub(in crate::gather) fn to_json(yaml: &str) -> Option<String> {
    Json::new(yaml).ok().map(|json| json.text)
}

impl Json {
    /// Reads a document; else the line, counted from 1, and what was wrong there.
    pub(super) fn new(yaml: &str) -> Result<Self, (u64, String)> {
        let options = serde_saphyr::options! {
            // As kubectl reads it: of a key that stands twice the last counts.
            duplicate_keys: DuplicateKeyPolicy::LastWins,
            with_snippet: false,
            // A dump of a cluster is large and not hostile in size; what a few aliases may grow to stays bounded.
            budget: serde_saphyr::budget! {
                max_reader_input_bytes: None,
                max_events: usize::MAX,
                max_nodes: usize::MAX,
                max_total_scalar_bytes: usize::MAX,
                max_total_comment_bytes: usize::MAX,
            },
        };
        let tree: Spanned<Node> = serde_saphyr::from_str_with_options(yaml, options).map_err(|error| told(&error))?;
        let mut json = Self { text: String::with_capacity(yaml.len()), lines: Vec::new() };
        json.write(&tree);
        Ok(json)
    }

    /// The line of the part at an offset of the text.
    pub(super) fn line(&self, offset: usize) -> u64 {
        let after = self.lines.partition_point(|(start, _)| *start <= offset);
        self.lines[..after].last().map_or(1, |(_, line)| *line)
    }

    fn write(&mut self, node: &Spanned<Node>) {
        self.lines.push((self.text.len(), node.referenced.line().max(1)));
        match &node.value {
            Node::Scalar(value) => self.text.push_str(&value.to_string()),
            Node::Sequence(items) => {
                self.text.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        self.text.push(',');
                    }
                    self.write(item);
                }
                self.text.push(']');
            }
            Node::Mapping(fields) => {
                self.text.push('{');
                for (at, (key, value)) in fields.iter().enumerate() {
                    if at > 0 {
                        self.text.push(',');
                    }
                    self.text.push_str(&serde_json::Value::from(key.as_str()).to_string());
                    self.text.push(':');
                    self.write(value);
                }
                self.text.push('}');
            }
        }
    }
}

/// The line and the first sentence of the library's error, without the position that it repeats.
fn told(error: &serde_saphyr::Error) -> (u64, String) {
    let text = error.without_snippet().to_string();
    let first = text.lines().next().unwrap_or_default();
    let says = first.split(" at line ").next().unwrap_or(first).trim_end_matches(':').to_owned();
    (error.location().map_or(1, |at| at.line().max(1)), says)
}

enum Node {
    Scalar(serde_json::Value),
    Sequence(Vec<Spanned<Node>>),
    Mapping(Vec<(String, Spanned<Node>)>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

macro_rules! scalars {
    ($($visit:ident: $type:ty;)*) => {
        $(fn $visit<E>(self, value: $type) -> Result<Node, E> {
            Ok(Node::Scalar(value.into()))
        })*
    };
}

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    scalars! { visit_bool: bool; visit_i64: i64; visit_u64: u64; visit_f64: f64; visit_str: &str; visit_string: String; }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(serde_json::Value::Null))
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(serde_json::Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element()? {
            all.push(item);
        }
        Ok(Node::Sequence(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Node, A::Error> {
        let mut all = Vec::new();
        while let Some(field) = fields.next_entry()? {
            all.push(field);
        }
        Ok(Node::Mapping(all))
    }
}
