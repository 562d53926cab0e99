//! An answer that is not a success, in kubectl's sentences (kubectl `cmd/util/helpers.go`; apimachinery, `NewGenericServerResponse`).

use std::{collections::BTreeSet, time::Duration};

use http::{
    HeaderMap, Method, StatusCode,
    header::{CONTENT_TYPE, LOCATION},
};
use serde::Deserialize;
use workload_protobuf::{MAGIC, Message, messages};

use super::{
    error::{Error, ErrorKind, Refusal},
    server::without_userinfo,
};

/// How much of a text answer is quoted, as in client-go.
const QUOTED: usize = 2048;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    kind: Option<String>,
    #[serde(rename = "status")]
    outcome: Option<String>,
    message: Option<String>,
    reason: Option<String>,
    details: Option<Details>,
    metadata: Option<Meta>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Details {
    name: Option<String>,
    kind: Option<String>,
    causes: Option<Vec<Cause>>,
    retry_after_seconds: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cause {
    field: Option<String>,
    message: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Meta {
    r#continue: Option<String>,
}

/// What a `Status` comes in where protobuf was asked for (apimachinery, `runtime.Unknown`).
#[derive(Default)]
struct Envelope {
    kind: Option<String>,
    status: Status,
}

messages! {
    Envelope { 1 => { 2 => kind }, 2 => status }
    Status { 1 => metadata, 2 => outcome, 3 => message, 4 => reason, 5 => details }
    Meta { 3 => r#continue }
    Details { 1 => name, 3 => kind, 4 => causes, 5 => retry_after_seconds }
    Cause { 2 => message, 3 => field }
}

fn read(body: &[u8]) -> Option<Status> {
    let Some(envelope) = body.strip_prefix(MAGIC) else { return serde_json::from_slice(body).ok() };
    let Envelope { kind, status } = Envelope::read(envelope).ok()?;
    Some(Status { kind, ..status })
}

/// The error that an answer stands for.
pub(crate) fn from_answer(code: StatusCode, headers: &HeaderMap, body: &[u8], method: &Method, path: &str) -> Error {
    let status = read(body).filter(|status| {
        status.kind.as_deref() == Some("Status")
            && status.outcome.as_deref() != Some("Success")
            && status.message.is_some()
    });
    let asked = super::retry::asked_wait(code, headers);
    match status {
        Some(status) => from_status(code.as_u16(), status, asked),
        None => unstructured(code, headers, body, method, path, asked),
    }
}

/// The same for a `Status` inside a successful answer: the last event of a watch.
pub(crate) fn from_json(json: &[u8]) -> Error {
    let code = serde_json::from_slice::<Code>(json).map_or(500, |status| status.code);
    from_status(code, serde_json::from_slice(json).unwrap_or_default(), None)
}

#[derive(Deserialize)]
struct Code {
    code: u16,
}

/// The same for a `Status` that the `kube` library has read.
pub(crate) fn from_kube_status(status: &kube::core::Status) -> Error {
    let details = status.details.as_ref().map(|details| Details {
        name: Some(details.name.clone()),
        kind: Some(details.kind.clone()),
        causes: Some(
            details
                .causes
                .iter()
                .map(|cause| Cause { field: Some(cause.field.clone()), message: Some(cause.message.clone()) })
                .collect(),
        ),
        retry_after_seconds: Some(i64::from(details.retry_after_seconds)),
    });
    let own = Status {
        message: Some(status.message.clone()),
        reason: Some(status.reason.clone()),
        details,
        ..Status::default()
    };
    from_status(status.code, own, None)
}

fn from_status(code: u16, status: Status, asked: Option<Duration>) -> Error {
    let details = status.details.unwrap_or_default();
    let told = details
        .retry_after_seconds
        .filter(|seconds| *seconds > 0)
        .map(|seconds| Duration::from_secs(seconds.unsigned_abs()));
    let reason = status.reason.unwrap_or_default();
    let refusal = Refusal {
        code,
        message: status.message.unwrap_or_default(),
        continue_token: status.metadata.and_then(|meta| meta.r#continue).filter(|token| !token.is_empty()),
        retry_after: asked.or(told),
        reason,
    };
    let sentence = match refusal.reason.as_str() {
        "Invalid" => invalid(&refusal.message, &details),
        reason => sentence(reason, &refusal.message),
    };
    finish(refusal, sentence)
}

fn sentence(reason: &str, message: &str) -> String {
    match reason {
        "Unauthorized" => format!("error: You must be logged in to the server ({message})"),
        "" => format!("Error from server: {message}"),
        reason => format!("Error from server ({reason}): {message}"),
    }
}

/// 422 with its causes, each once.
fn invalid(message: &str, details: &Details) -> String {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    let (kind, name) = (text(&details.kind), text(&details.name));
    let causes: Vec<&Cause> = details.causes.iter().flatten().collect();
    let mut out = "The request is invalid".to_owned();
    if !kind.is_empty() || !name.is_empty() {
        out = format!("The {kind} {name:?} is invalid");
    } else if causes.is_empty() && !message.is_empty() {
        out = format!("{out}: {message}");
    }
    let mut seen = BTreeSet::new();
    let lines: Vec<String> = causes
        .iter()
        .map(|cause| format!("{}: {}", text(&cause.field), text(&cause.message)))
        .filter(|line| seen.insert(line.clone()))
        .collect();
    match lines.as_slice() {
        [] => out,
        [one] => format!("{out}: {one}"),
        several => format!("{out}: \n* {}", several.join("\n* ")),
    }
}

/// An answer without a `Status`: of a proxy, a load balancer, or an old server.
fn unstructured(
    code: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    method: &Method,
    path: &str,
    asked: Option<Duration>,
) -> Error {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let html = content_type.starts_with("text/html");
    let is_text = content_type.is_empty() || content_type.starts_with("text/");
    let said = if is_text {
        String::from_utf8_lossy(&body[..body.len().min(QUOTED)]).trim().to_owned()
    } else {
        "unknown".to_owned()
    };
    let (reason, message) = match code.as_u16() {
        409 if method == Method::POST => ("AlreadyExists", "the server reported a conflict".to_owned()),
        409 => ("Conflict", "the server reported a conflict".to_owned()),
        404 => ("NotFound", "the server could not find the requested resource".to_owned()),
        400 => ("BadRequest", "the server rejected our request for an unknown reason".to_owned()),
        401 => ("Unauthorized", "the server has asked for the client to provide credentials".to_owned()),
        403 => ("Forbidden", said),
        406 if said.is_empty() || said == "unknown" => (
            "NotAcceptable",
            "the server was unable to respond with a content type that the client supports".to_owned(),
        ),
        406 => ("NotAcceptable", said),
        415 => ("UnsupportedMediaType", said),
        405 => ("MethodNotAllowed", "the server does not allow this method on the requested resource".to_owned()),
        422 => ("", "the server rejected our request due to an error in our request".to_owned()),
        503 => ("ServiceUnavailable", "the server is currently unable to handle the request".to_owned()),
        504 => (
            "Timeout",
            "the server was unable to return a response in the time allotted, but may still be processing the request"
                .to_owned(),
        ),
        429 => (
            "TooManyRequests",
            "the server has received too many requests and has asked us to try again later".to_owned(),
        ),
        500.. => {
            ("InternalError", format!("an error on the server ({said:?}) has prevented the request from succeeding"))
        }
        other => ("", format!("the server responded with the status code {other} but did not return more information")),
    };
    let message = match requested(method, path) {
        Some(what) => format!("{message} ({what})"),
        None => message,
    };
    let sentence = if code == StatusCode::UNPROCESSABLE_ENTITY {
        "The request is invalid".to_owned() + ": " + &message
    } else {
        sentence(reason, &message)
    };
    let refusal =
        Refusal { code: code.as_u16(), reason: reason.to_owned(), message, continue_token: None, retry_after: asked };
    let mut error = finish(refusal, sentence);
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok()).map(without_userinfo);
    if let (true, Some(location)) = (code.is_redirection(), location) {
        let target = location.split('?').next().unwrap_or_default();
        error.hint = Some(format!(
            "the server redirects to {target:?}: a login page, or the address in the kubeconfig is not the API server's"
        ));
    } else if html {
        error.hint = Some(
            "the answer is a web page: a proxy, a load balancer or a login page answers in the API server's place"
                .to_owned(),
        );
    } else if code == StatusCode::BAD_REQUEST && body.windows(5).any(|window| window == b"HTTPS") {
        error.hint = Some("the server speaks TLS: write https:// before its address".to_owned());
    }
    error
}

fn finish(refusal: Refusal, sentence: String) -> Error {
    let kind = kind_of(&refusal.reason, refusal.code);
    let hint = match kind {
        ErrorKind::Unauthorized => {
            Some("log in again; who the server takes you for says: kubectl auth whoami".to_owned())
        }
        ErrorKind::Forbidden => {
            Some("what you may do says: kubectl auth can-i --list (with -n NAMESPACE where it matters)".to_owned())
        }
        ErrorKind::TooManyRequests | ErrorKind::Unavailable => Some(match refusal.retry_after {
            Some(wait) => format!("the server asks to wait {} s", wait.as_secs()),
            None => {
                "try again in a moment; kubectl get --raw='/readyz?verbose' shows what the server waits for".to_owned()
            }
        }),
        ErrorKind::TimedOut => Some("the server did not finish in time: try again, or ask for less at once".to_owned()),
        ErrorKind::Gone => {
            Some("the list has grown too old while it was read: read it again from its beginning".to_owned())
        }
        _ => None,
    };
    Error { hint, refusal: Some(Box::new(refusal)), ..Error::new(kind, sentence) }
}

fn kind_of(reason: &str, code: u16) -> ErrorKind {
    match (reason, code) {
        ("Unauthorized", _) | ("", 401) => ErrorKind::Unauthorized,
        ("Forbidden", _) | ("", 403) => ErrorKind::Forbidden,
        ("NotFound", _) | ("", 404) => ErrorKind::NotFound,
        ("Gone" | "Expired", _) | (_, 410) => ErrorKind::Gone,
        ("Conflict" | "AlreadyExists", _) | ("", 409) => ErrorKind::Conflict,
        ("TooManyRequests", _) | ("", 429) => ErrorKind::TooManyRequests,
        ("ServiceUnavailable", _) | ("", 503) => ErrorKind::Unavailable,
        ("Timeout" | "ServerTimeout", _) | ("", 504) => ErrorKind::TimedOut,
        ("Invalid" | "BadRequest", _) | ("", 400 | 422) => ErrorKind::Invalid,
        _ => ErrorKind::Server,
    }
}

/// `get statefulsets.apps web`: what a path of the API asks for, as client-go appends it to a message.
fn requested(method: &Method, path: &str) -> Option<String> {
    let path = path.split('?').next().unwrap_or_default();
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let group = match parts.next()? {
        "api" => {
            parts.next()?;
            ""
        }
        "apis" => {
            let group = parts.next()?;
            parts.next()?;
            group
        }
        _ => return None,
    };
    let mut rest: Vec<&str> = parts.collect();
    if rest.len() > 2 && rest[0] == "namespaces" {
        rest.drain(..2);
    }
    let resource = rest.first()?;
    let dot = if group.is_empty() { "" } else { "." };
    let name = rest.get(1).map(|name| format!(" {name}")).unwrap_or_default();
    Some(format!("{} {resource}{dot}{group}{name}", method.as_str().to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protobuf_corpus::pairs;

    #[test]
    fn a_refusal_is_the_same_error_however_it_came() {
        let mut codes = Vec::new();
        for (json, protobuf) in pairs("Status") {
            let code = serde_json::from_str::<Code>(&json).unwrap().code;
            let error = |body: &[u8]| {
                let code = StatusCode::from_u16(code).unwrap();
                from_answer(code, &HeaderMap::new(), body, &Method::GET, "/api/v1/pods")
            };
            assert_eq!(error(&protobuf), error(json.as_bytes()));
            assert_ne!(error(&protobuf), error(&protobuf[..protobuf.len() - 10]), "one that was cut says less");
            codes.push((code, error(&protobuf).kind));
        }
        assert_eq!(
            codes,
            [(403, ErrorKind::Forbidden), (410, ErrorKind::Gone), (422, ErrorKind::Invalid)],
            "what the corpus has"
        );
    }
}
