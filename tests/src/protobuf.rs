//! Kubernetes' Protobuf out of its JSON, by a schema of the Go types themselves: `tests/protobuf` writes it, and the pairs that the test
//! here holds this to.
//!
//! JSON leaves out what is empty, and the marshalling behind k8s.io/api's `generated.pb.go` never does where a field is no pointer. All
//! that JSON cannot tell is a pointer to the zero time (`null`): it counts as missing, as for a server that reads it.

use std::collections::HashMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::kinds::Kind;
use crate::record::Record;

pub(crate) const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";

/// Kinds whose messages the schema has.
const KINDS: [&str; 3] = ["Pod", "PersistentVolumeClaim", "PersistentVolume"];

/// `k8s.io/apimachinery/pkg/runtime/serializer/protobuf`: before the `runtime.Unknown` that holds every body.
const MAGIC: &[u8] = b"k8s\0";

#[derive(Deserialize)]
struct Field {
    number: u64,
    /// None: in JSON the message's fields are those of the message around it.
    json: Option<String>,
    #[serde(rename = "type")]
    of: Type,
    #[serde(default)]
    repeated: bool,
    #[serde(default)]
    map: bool,
    #[serde(default)]
    pointer: bool,
}

#[derive(Deserialize)]
#[serde(from = "String")]
enum Type {
    Text,
    Bool,
    Number,
    Quantity,
    Time,
    IntOrString,
    /// JSON's own bytes.
    FieldsV1,
    Message(String),
}

impl From<String> for Type {
    fn from(name: String) -> Self {
        match name.as_str() {
            "string" => Self::Text,
            "bool" => Self::Bool,
            "int32" | "int64" => Self::Number,
            "quantity" => Self::Quantity,
            "time" => Self::Time,
            "intorstring" => Self::IntOrString,
            "fieldsv1" => Self::FieldsV1,
            _ => Self::Message(name),
        }
    }
}

static SCHEMA: LazyLock<HashMap<String, Vec<Field>>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../objects/protobuf-schema.json")).unwrap());

/// Whether the schema has it.
pub(crate) fn known(kind: &Kind) -> bool {
    kind.group.is_empty() && KINDS.contains(&kind.kind.as_str())
}

/// Whether a server that knows Protobuf answers this request in it: it is named before JSON, and the request is no watch.
pub(crate) fn wanted(record: &Record) -> bool {
    let target = &record.target;
    let read = matches!(target.verb.as_str(), "get" | "list") && target.subresource.is_none();
    let accept = record.header("accept").unwrap_or_default();
    let first = accept.split(',').map(str::trim).find(|it| {
        *it == MEDIA_TYPE || ["application/json", "application/*", "*/*"].iter().any(|json| it.starts_with(json))
    });
    target.kind.as_ref().is_some_and(known) && read && first == Some(MEDIA_TYPE)
}

/// A message's bytes, without an envelope.
pub(crate) fn encode(message: &str, value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    fields(&mut out, message, value);
    out
}

/// One object's answer.
pub(crate) fn object(kind: &Kind, object: &[u8]) -> Vec<u8> {
    envelope(&kind.api_version(), &kind.kind, object.len(), |out| out.extend_from_slice(object))
}

/// A list's answer; the items as [`encode`] gives them.
pub(crate) fn list<'a>(kind: &Kind, metadata: &Value, items: impl Iterator<Item = &'a [u8]> + Clone) -> Vec<u8> {
    // Each item has a tag and a length besides.
    let size = items.clone().map(|it| it.len() + 8).sum();
    envelope(&kind.api_version(), &format!("{}List", kind.kind), size, |out| {
        delimited(out, 1, |out| fields(out, "ListMeta", metadata));
        for item in items {
            bytes(out, 2, item);
        }
    })
}

/// A `Status` as an answer.
pub(crate) fn status(status: &Value) -> Vec<u8> {
    envelope("v1", "Status", 0, |out| fields(out, "Status", status))
}

/// `runtime.Unknown`: type, raw bytes, and two fields that stay empty.
fn envelope(api_version: &str, kind: &str, size: usize, raw: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(size + 512);
    out.extend_from_slice(MAGIC);
    delimited(&mut out, 1, |out| {
        bytes(out, 1, api_version.as_bytes());
        bytes(out, 2, kind.as_bytes());
    });
    delimited(&mut out, 2, raw);
    bytes(&mut out, 3, b"");
    bytes(&mut out, 4, b"");
    out
}

fn fields(out: &mut Vec<u8>, message: &str, value: &Value) {
    for field in &SCHEMA[message] {
        let found = match &field.json {
            Some(name) => value.get(name).unwrap_or(&Value::Null),
            None => value,
        };
        if field.repeated {
            for item in found.as_array().into_iter().flatten() {
                one(out, field.number, &field.of, item);
            }
        } else if field.map {
            // In the order of their keys, as serde_json keeps them.
            for (key, item) in found.as_object().into_iter().flatten() {
                delimited(out, field.number, |out| {
                    bytes(out, 1, key.as_bytes());
                    one(out, 2, &field.of, item);
                });
            }
        } else if !(field.pointer && found.is_null()) {
            one(out, field.number, &field.of, found);
        }
    }
}

/// One value; `null` is the type's zero. What is of another type cannot be in a server, and is a mistake of the test.
fn one(out: &mut Vec<u8>, number: u64, of: &Type, value: &Value) {
    match (of, value) {
        (Type::Text | Type::Time, Value::Null) => bytes(out, number, b""),
        (Type::Text, Value::String(text)) => bytes(out, number, text.as_bytes()),
        (Type::Bool, Value::Null | Value::Bool(_)) => varint_field(out, number, u64::from(*value == Value::Bool(true))),
        (Type::Number, Value::Null) => varint_field(out, number, 0),
        (Type::Number, Value::Number(_)) => varint_field(out, number, integer(value)),
        (Type::Quantity, Value::Null) => delimited(out, number, |out| bytes(out, 1, b"0")),
        (Type::Quantity, Value::String(text)) => delimited(out, number, |out| bytes(out, 1, text.as_bytes())),
        (Type::Quantity, Value::Number(it)) => delimited(out, number, |out| bytes(out, 1, it.to_string().as_bytes())),
        (Type::Time, Value::String(text)) => delimited(out, number, |out| {
            let time: Timestamp = text.parse().unwrap_or_else(|it| panic!("{text} is no time: {it}"));
            // Fractions of a second are left out: time_proto.go.
            varint_field(out, 1, time.as_second().cast_unsigned());
            varint_field(out, 2, 0);
        }),
        (Type::IntOrString, Value::Null | Value::Number(_) | Value::String(_)) => delimited(out, number, |out| {
            varint_field(out, 1, u64::from(value.is_string()));
            varint_field(out, 2, if value.is_number() { integer(value) } else { 0 });
            bytes(out, 3, value.as_str().unwrap_or_default().as_bytes());
        }),
        (Type::FieldsV1, _) => delimited(out, number, |out| bytes(out, 1, value.to_string().as_bytes())),
        (Type::Message(name), Value::Null | Value::Object(_)) => delimited(out, number, |out| fields(out, name, value)),
        _ => panic!("a server cannot hold {value} there"),
    }
}

/// As ten bytes where it is below zero.
fn integer(value: &Value) -> u64 {
    value.as_i64().unwrap_or_else(|| panic!("{value} is no whole number")).cast_unsigned()
}

fn varint_field(out: &mut Vec<u8>, number: u64, value: u64) {
    varint(out, number << 3);
    varint(out, value);
}

fn bytes(out: &mut Vec<u8>, number: u64, value: &[u8]) {
    varint(out, (number << 3) | 2);
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

/// What stands behind its length, which is known only then.
fn delimited(out: &mut Vec<u8>, number: u64, write: impl FnOnce(&mut Vec<u8>)) {
    varint(out, (number << 3) | 2);
    let start = out.len();
    write(out);
    let end = out.len();
    varint(out, (end - start) as u64);
    out[start..].rotate_left(end - start);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::kinds::Kinds;

    #[derive(Deserialize)]
    struct Pair {
        kind: String,
        json: String,
        protobuf: String,
    }

    #[test]
    fn each_object_is_written_as_kubernetes_own_marshalling_writes_it() {
        let pods = Kinds::built_in().by_plural("pods").unwrap().clone();
        let mut kinds = HashMap::new();
        for line in include_str!("../objects/protobuf-corpus.json").lines() {
            let Pair { kind, json, protobuf } = serde_json::from_str(line).unwrap();
            let value: Value = serde_json::from_str(&json).unwrap();
            let ours = match kind.as_str() {
                "Status" => status(&value),
                "PodList" => {
                    let items: Vec<_> = value["items"].as_array().unwrap().iter().map(|it| encode("Pod", it)).collect();
                    list(&pods, &value["metadata"], items.iter().map(Vec::as_slice))
                }
                _ => encode(&kind, &value),
            };
            assert_eq!(STANDARD.encode(ours), protobuf, "{kind} {json}");
            *kinds.entry(kind).or_insert(0) += 1;
        }
        let all = [("Pod", 40), ("PersistentVolumeClaim", 40), ("PersistentVolume", 40), ("PodList", 2), ("Status", 3)];
        assert_eq!(kinds, HashMap::from(all.map(|(kind, count)| (kind.to_owned(), count))));
    }
}
