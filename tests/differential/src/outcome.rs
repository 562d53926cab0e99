//! What a run came to: what the server saw, what the user saw.

use serde::{Deserialize, Serialize};

/// A request as far as it depends on the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct Request {
    /// Method and target.
    pub line: String,
    /// The `Host` header without its port.
    pub host: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy_authorization: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encodings: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub impersonation: Vec<String>,
    /// Whose client certificate was shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct Outcome {
    pub requests: Vec<Request>,
    pub exit: i32,
    /// Standard error, hints aside.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub says: Vec<String>,
    /// What a credential plugin was told, once per run of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plugin: Vec<String>,
    /// The namespace that is meant, where the case asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}
