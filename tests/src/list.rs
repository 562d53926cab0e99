//! LIST: pages, tokens, snapshots, and the ways in which a page can be too old (KEP-365).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use std::fmt::Write as _;

use crate::answer::Answer;
use crate::kinds::Kind;
use crate::protobuf;
use crate::select::Selector;
use crate::status::Status;
use crate::store::{Object, Store};
use crate::target::{Query, Target};

/// What a fault asks of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trick {
    /// The token is too old.
    Expire,
    /// No objects, and a token for the rest: legal, and seen in life.
    Empty,
}

/// A continue token: the revision of the list (-1 once it is inconsistent), and the key to go on from, within what is
/// listed.
struct Token {
    revision: i64,
    start: String,
}

impl Token {
    fn read(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let value: Value = serde_json::from_slice(&bytes).ok()?;
        Some(Self {
            revision: value["rv"].as_i64()?,
            start: value["start"].as_str()?.trim_start_matches('/').to_owned(),
        })
    }

    fn text(&self) -> String {
        // Byte for byte the server's, which begins with a slash only where the token is consistent.
        let slash = if self.revision < 0 { "" } else { "/" };
        let start = Value::String(format!("{slash}{}", self.start));
        let json = format!("{{\"v\":\"meta.k8s.io/v1\",\"rv\":{},\"start\":{start}}}", self.revision);
        URL_SAFE_NO_PAD.encode(json)
    }
}

/// How a page is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    /// The objects' metadata alone, in JSON.
    Metadata,
    Protobuf,
}

/// A part of a list.
struct Page<'a> {
    kind: &'a Kind,
    revision: u64,
    next: Option<String>,
    /// How many come after it, where that is told.
    remaining: usize,
    items: Vec<&'a Object>,
}

pub(crate) fn list(store: &Store, target: &Target, query: &Query, trick: Option<Trick>, form: Form) -> Answer {
    match (page(store, target, query, trick), form) {
        (Ok(page), Form::Json) => Answer::json(200, page.json()),
        (Ok(page), Form::Metadata) => Answer::json(200, metadata(&page.json())),
        (Ok(page), Form::Protobuf) => Answer::new(200, protobuf::MEDIA_TYPE, page.protobuf()),
        (Err(status), _) => status.into(),
    }
}

impl Page<'_> {
    /// `metadata`, in the server's order.
    fn metadata(&self) -> String {
        let mut text = format!("{{\"resourceVersion\":\"{}\"", self.revision);
        if let Some(next) = &self.next {
            write!(text, ",\"continue\":\"{next}\"").unwrap();
        }
        if self.remaining > 0 {
            write!(text, ",\"remainingItemCount\":{}", self.remaining).unwrap();
        }
        text.push('}');
        text
    }

    fn json(&self) -> String {
        let size: usize = self.items.iter().map(|it| it.json.len() + 1).sum();
        let mut body = String::with_capacity(size + 256);
        let (kind, api_version) = (&self.kind.kind, self.kind.api_version());
        write!(
            body,
            "{{\"kind\":\"{kind}List\",\"apiVersion\":\"{api_version}\",\"metadata\":{},\"items\":[",
            self.metadata()
        )
        .unwrap();
        for (index, object) in self.items.iter().enumerate() {
            if index > 0 {
                body.push(',');
            }
            body.push_str(std::str::from_utf8(&object.json).unwrap());
        }
        body.push_str("]}");
        body
    }

    fn protobuf(&self) -> Vec<u8> {
        let metadata = serde_json::from_str(&self.metadata()).unwrap();
        protobuf::list(self.kind, &metadata, self.items.iter().map(|it| it.protobuf(self.kind).as_ref()))
    }
}

/// The page as `PartialObjectMetadataList`.
fn metadata(body: &str) -> String {
    let mut page: Value = serde_json::from_str(body).expect("a page is JSON");
    page["kind"] = "PartialObjectMetadataList".into();
    page["apiVersion"] = "meta.k8s.io/v1".into();
    for item in page["items"].as_array_mut().into_iter().flatten() {
        let metadata = item["metadata"].take();
        *item =
            serde_json::json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata});
    }
    page.to_string()
}

fn page<'a>(store: &'a Store, target: &'a Target, query: &Query, trick: Option<Trick>) -> Result<Page<'a>, Status> {
    let kind = target.kind.as_ref().expect("a list is of a kind");
    let selector = Selector::read(query, kind)?;
    let prefix = target.namespace.as_ref().map_or_else(String::new, |it| format!("{it}/"));
    let asked = query.get("resourceVersion");

    let token = match query.get("continue") {
        None => None,
        Some(_) if asked.is_some_and(|it| it != "0") => {
            return Err(Status::bad_request("specifying resource version is not allowed when using continue"));
        }
        Some(text) => Some(Token::read(text).ok_or_else(|| {
            let why = "invalid character 'x' looking for beginning of value";
            Status::bad_request(format!("invalid continue token: continue key is not valid: {why}"))
        })?),
    };
    let from = token.as_ref().map_or_else(String::new, |it| format!("{prefix}{}", it.start));
    let oldest = i64::try_from(store.oldest).unwrap();
    let revision = match &token {
        Some(token) if token.revision < 0 => store.revision,
        Some(token) if token.revision < oldest || trick == Some(Trick::Expire) => {
            let rest = Token { revision: -1, start: token.start.clone() };
            return Err(Status::expired_page(Some(rest.text())));
        }
        Some(token) => u64::try_from(token.revision).unwrap(),
        None if trick == Some(Trick::Expire) => return Err(Status::expired_page(None)),
        None => match (asked, query.get("resourceVersionMatch")) {
            (Some(exact), Some("Exact")) => {
                let exact: u64 = exact.parse().map_err(|_| Status::bad_request("invalid resource version"))?;
                if exact < store.oldest {
                    return Err(Status::expired_page(None));
                }
                exact
            }
            _ => store.revision,
        },
    };

    // The watch cache answers resourceVersion=0, and ignores the limit (KEP-2340's table).
    let limit = query.number("limit").filter(|it| *it > 0 && asked != Some("0"));
    let limit = limit.map_or(usize::MAX, |it| usize::try_from(it).unwrap());
    let limit = if trick == Some(Trick::Empty) { 0 } else { limit };

    let mut items: Vec<&Object> = Vec::new();
    let mut next = None;
    let mut rest = store.range(&kind.qualified(), &prefix, &from, revision);
    let mut remaining = 0;
    let mut last = None;
    for (key, object) in rest.by_ref() {
        if !selector.matches(object) {
            continue;
        }
        if items.len() == limit {
            // The real token points behind the last key sent; on an empty page, at where this page began.
            let start = last.map_or_else(|| from.clone(), |it| format!("{it}\0"));
            let start = start.strip_prefix(&prefix).unwrap_or_default().to_owned();
            next = Some(Token { revision: i64::try_from(revision).unwrap(), start }.text());
            remaining = 1;
            break;
        }
        last = Some(key);
        items.push(object);
    }
    // Left out where a selector makes it costly to know.
    let remaining = if next.is_some() && selector.is_empty() { remaining + rest.count() } else { 0 };

    Ok(Page { kind, revision, next, remaining, items })
}
