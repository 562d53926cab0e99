//! The server's own `Status` bodies: reason, wording and details as kube-apiserver 1.36 writes them.
//! Rules: apimachinery `pkg/api/errors/errors.go`, and `pkg/endpoints/handlers/responsewriters`.

use serde::Serialize;

use crate::answer::Answer;
use crate::kinds::Kind;
use crate::protobuf;

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Status {
    kind: &'static str,
    #[serde(rename = "apiVersion")]
    api_version: &'static str,
    metadata: Meta,
    status: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    message: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Details>,
    #[serde(skip_serializing_if = "is_zero")]
    code: u16,
}

#[derive(Debug, Clone, Default, Serialize)]
struct Meta {
    #[serde(rename = "continue", skip_serializing_if = "String::is_empty")]
    next: String,
}

#[derive(Debug, Clone, Default, Serialize)]
struct Details {
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    group: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    kind: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    uid: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    causes: Vec<Cause>,
    #[serde(rename = "retryAfterSeconds", skip_serializing_if = "is_zero_u32")]
    retry_after_seconds: u32,
}

#[derive(Debug, Clone, Serialize)]
struct Cause {
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'static str,
    message: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    field: String,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(n: &u16) -> bool {
    *n == 0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero_u32(n: &u32) -> bool {
    *n == 0
}

impl Status {
    pub(crate) fn failure(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind: "Status",
            api_version: "v1",
            metadata: Meta::default(),
            status: "Failure",
            message: message.into(),
            reason,
            details: None,
            code,
        }
    }

    fn about(mut self, kind: &Kind, name: &str) -> Self {
        self.details = Some(Details {
            name: name.into(),
            group: kind.group.clone(),
            kind: kind.resource.clone(),
            ..Details::default()
        });
        self
    }

    fn cause(mut self, reason: &'static str, message: &str, field: &str) -> Self {
        self.details.get_or_insert_default().causes.push(Cause {
            reason,
            message: message.into(),
            field: field.into(),
        });
        self
    }

    pub(crate) fn not_found(kind: &Kind, name: &str) -> Self {
        Self::failure(404, "NotFound", format!("{} \"{name}\" not found", kind.qualified())).about(kind, name)
    }

    pub(crate) fn already_exists(kind: &Kind, name: &str) -> Self {
        Self::failure(409, "AlreadyExists", format!("{} \"{name}\" already exists", kind.qualified())).about(kind, name)
    }

    pub(crate) fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", kind.qualified());
        Self::failure(409, "Conflict", message).about(kind, name)
    }

    /// A DELETE's preconditions are checked where only the kind is known, not the resource.
    pub(crate) fn precondition(kind: &Kind, name: &str, why: &str) -> Self {
        let kind = Kind { resource: kind.kind.clone(), ..kind.clone() };
        Self::conflict(&kind, name, why)
    }

    /// `why` as the field's error reads: `Required value: …`, `Invalid value: "x": …`, `Forbidden: …`.
    pub(crate) fn invalid(kind: &Kind, name: &str, field: &str, why: &str) -> Self {
        let qualified = if kind.group.is_empty() { kind.kind.clone() } else { format!("{}.{}", kind.kind, kind.group) };
        let mut status = Self::failure(422, "Invalid", format!("{qualified} \"{name}\" is invalid: {field}: {why}"))
            .about(kind, name);
        status.details.get_or_insert_default().kind.clone_from(&kind.kind);
        let reason = match why.split(':').next() {
            Some("Required value") => "FieldValueRequired",
            Some("Forbidden") => "FieldValueForbidden",
            Some("Duplicate value") => "FieldValueDuplicate",
            Some("Unsupported value") => "FieldValueNotSupported",
            _ => "FieldValueInvalid",
        };
        status.cause(reason, why, field)
    }

    /// `what` is the sentence behind "is forbidden: "; without a kind it is about a path.
    pub(crate) fn forbidden(kind: Option<(&Kind, &str)>, what: &str) -> Self {
        let Some((kind, name)) = kind else {
            return Self::failure(403, "Forbidden", format!("forbidden: {what}")).with_empty_details();
        };
        let name_part = if name.is_empty() { String::new() } else { format!(" \"{name}\"") };
        Self::failure(403, "Forbidden", format!("{}{name_part} is forbidden: {what}", kind.qualified()))
            .about(kind, name)
    }

    pub(crate) fn unauthorized() -> Self {
        Self::failure(401, "Unauthorized", "Unauthorized")
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::failure(400, "BadRequest", message)
    }

    /// A page's token is too old. With `inconsistent` the rest can still be had (KEP-365).
    pub(crate) fn expired_page(inconsistent: Option<String>) -> Self {
        let Some(token) = inconsistent else {
            return Self::failure(410, "Expired", "The resourceVersion for the provided list is too old.");
        };
        let mut status = Self::failure(
            410,
            "Expired",
            "The provided continue parameter is too old to display a consistent list result. You can start a new list \
             without the continue parameter, or use the continue token in this response to retrieve the remainder of \
             the results. Continuing with the provided token results in an inconsistent list - objects that were \
             created, modified, or deleted between the time the first chunk was returned and now may show up in the \
             list.",
        );
        status.metadata.next = token;
        status
    }

    pub(crate) fn expired_watch(asked: u64, oldest: u64) -> Self {
        Self::failure(410, "Expired", format!("too old resource version: {asked} ({oldest})"))
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::failure(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
            .with_empty_details()
    }

    /// The path's group and version are served, but not this resource.
    pub(crate) fn no_such_resource() -> Self {
        Self::failure(404, "NotFound", "the server could not find the requested resource").with_empty_details()
    }

    fn with_empty_details(mut self) -> Self {
        self.details = Some(Details::default());
        self
    }

    pub(crate) fn not_acceptable() -> Self {
        Self::failure(
            406,
            "NotAcceptable",
            "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, \
             application/vnd.kubernetes.protobuf, application/json;stream=watch, \
             application/vnd.kubernetes.protobuf;stream=watch",
        )
        .with_empty_details()
    }

    pub(crate) fn unsupported_media() -> Self {
        Self::failure(415, "UnsupportedMediaType", "415: Unsupported Media Type").with_empty_details()
    }

    /// What a JSON patch that doesn't fit gets.
    pub(crate) fn patch_failed() -> Self {
        Self::failure(422, "Invalid", "the server rejected our request due to an error in our request")
            .with_empty_details()
    }

    pub(crate) fn too_many(seconds: u32) -> Self {
        let mut status = Self::failure(
            429,
            "TooManyRequests",
            "The server has received too many requests and has asked us to try again later.",
        );
        status.details = Some(Details { retry_after_seconds: seconds, ..Details::default() });
        status
    }

    pub(crate) fn internal(why: &str) -> Self {
        Self::failure(500, "InternalError", format!("Internal error occurred: {why}")).cause("", why, "")
    }

    pub(crate) fn unavailable() -> Self {
        Self::failure(503, "ServiceUnavailable", "the server is currently unable to handle the request")
    }

    /// What the storage answers when its deadline passes.
    pub(crate) fn timeout() -> Self {
        Self::failure(
            504,
            "Timeout",
            "Timeout: request did not complete within requested timeout - context deadline exceeded",
        )
        .with_empty_details()
    }

    /// What a DELETE that removed the object answers.
    pub(crate) fn deleted(kind: &Kind, name: &str, uid: &str) -> Self {
        let mut status = Self::failure(0, "", "").about(kind, name);
        status.status = "Success";
        status.details.get_or_insert_default().uid = uid.into();
        status
    }

    pub(crate) fn json(&self) -> String {
        serde_json::to_string(self).unwrap()
    }
}

impl From<Status> for Answer {
    fn from(status: Status) -> Self {
        let code = if status.code == 0 { 200 } else { status.code };
        let mut answer = Answer::json(code, status.json());
        answer.protobuf = Some(protobuf::status(&serde_json::to_value(&status).unwrap()).into());
        if let Some(seconds) = status.details.as_ref().map(|it| it.retry_after_seconds).filter(|it| *it > 0) {
            answer = answer.header("retry-after", &seconds.to_string());
        }
        if code == 403 {
            answer = answer.header("x-content-type-options", "nosniff");
        }
        answer
    }
}
