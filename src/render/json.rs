//! JSON and YAML, laid out as kubectl does, with hostile characters escaped: both are read on terminals too.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

use super::escape::is_hostile;

/// Writes every character that a terminal would act on as `\u`, which reads back as the same string.
struct Safe<F>(F);

macro_rules! delegate {
    ($($name:ident($($first:ident)?);)*) => {
        $(fn $name<W: ?Sized + Write>(&mut self, writer: &mut W $(, $first: bool)?) -> io::Result<()> {
            self.0.$name(writer $(, $first)?)
        })*
    };
}

impl<F: Formatter> Formatter for Safe<F> {
    delegate! {
        begin_array(); end_array(); begin_array_value(first); end_array_value();
        begin_object(); end_object(); begin_object_key(first); begin_object_value(); end_object_value();
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(is_hostile) {
            let (before, from) = rest.split_at(at);
            writer.write_all(before.as_bytes())?;
            let mut chars = from.chars();
            if let Some(c) = chars.next() {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
            rest = chars.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

/// Writes a value as JSON with a newline at its end. Sequences are written as they are made.
pub fn write_json(writer: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    let mut serializer = Serializer::with_formatter(&mut *writer, Safe(PrettyFormatter::with_indent(b"    ")));
    value.serialize(&mut serializer)?;
    writeln!(writer)
}

/// Writes a value as JSON in one line: a record among others.
pub fn write_json_line(writer: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    let mut serializer = Serializer::with_formatter(&mut *writer, Safe(CompactFormatter));
    value.serialize(&mut serializer)?;
    writeln!(writer)
}

/// Writes a value as YAML.
pub fn write_yaml(writer: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    let text = serde_saphyr::to_string(value).map_err(io::Error::other)?;
    // What the YAML writer left as it is stands in quoted or plain scalars alike, so it can't be escaped there: show it.
    writer.write_all(super::escape_lines(&text).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_reads_back_as_it_was_and_holds_no_raw_control() {
        let value = serde_json::json!({"a": ["x\u{1b}[2J\u{202e}\u{7f}\u{e0001}", 1], "b": {}});
        let mut out = Vec::new();
        write_json(&mut out, &value).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            "{\n    \"a\": [\n        \"x\\u001b[2J\\u202e\\u007f\\udb40\\udc01\",\n        1\n    ],\n    \"b\": {}\n}\n"
        );
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn yaml_holds_no_raw_control() {
        let mut out = Vec::new();
        write_yaml(&mut out, &serde_json::json!({"a": "x\u{1b}[2J\u{202e}", "b": "two\nlines\n"})).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains(|c| is_hostile(c) && c != '\n'), "{text:?}");
    }
}
