//! What the command line says about the connection.

use std::path::PathBuf;

/// kubectl's global flags about the connection, with kubectl's meaning (k8s.io/cli-runtime, `ConfigFlags`). An empty text counts as a
/// flag that was not given, as it does in kubectl.
#[derive(Debug, Clone, Default)]
pub struct ConnectOptions {
    /// `--kubeconfig`: only this file, nothing merged.
    pub kubeconfig: Option<PathBuf>,
    /// `--context`.
    pub context: Option<String>,
    /// `--cluster`.
    pub cluster: Option<String>,
    /// `--user`.
    pub user: Option<String>,
    /// `-n`, `--namespace`.
    pub namespace: Option<String>,
    /// `-s`, `--server`; clears the kubeconfig's `tls-server-name` unless [`Self::tls_server_name`] is given too.
    pub server: Option<String>,
    /// `--tls-server-name`.
    pub tls_server_name: Option<String>,
    /// `--certificate-authority`: a file; clears the kubeconfig's CA and its `insecure-skip-tls-verify`.
    pub certificate_authority: Option<PathBuf>,
    /// `--insecure-skip-tls-verify`; `true` clears the kubeconfig's CA, `false` means nothing.
    pub insecure_skip_tls_verify: Option<bool>,
    /// `--client-certificate`: a file.
    pub client_certificate: Option<PathBuf>,
    /// `--client-key`: a file.
    pub client_key: Option<PathBuf>,
    /// `--token`.
    pub token: Option<Secret>,
    /// `--username`.
    pub username: Option<String>,
    /// `--password`.
    pub password: Option<Secret>,
    /// `--as`.
    pub as_user: Option<String>,
    /// `--as-uid`.
    pub as_uid: Option<String>,
    /// `--as-group`, repeatable.
    pub as_groups: Vec<String>,
    /// `--as-user-extra KEY=VALUE`, repeatable; what lacks an equals sign is skipped, as kubectl does.
    pub as_user_extra: Vec<String>,
    /// `--request-timeout`: a number of seconds or a Go duration; `None` means our default for unary calls, `0` none at all.
    pub request_timeout: Option<String>,
    /// `--disable-compression`.
    pub disable_compression: bool,
    /// `--kuberc`: the file that holds kubectl's credential plugin policy.
    pub kuberc: Option<PathBuf>,
    /// Standard input is taken by the command itself (`-f -`), so that no credential plugin may read it.
    pub stdin_in_use: bool,
    /// Not a word may reach the terminal, not even a credential plugin's own: for completion.
    pub silent: bool,
    /// The `User-Agent`, such as `kubectl-sts/0.1.0`.
    pub user_agent: String,
    /// The command as audit logs shall show it (KEP-859), such as `kubectl sts volumes`: no arguments, no flags.
    pub command: Option<String>,
}

/// A text that is never shown: its `Debug` says only whether it is empty.
#[derive(Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, to be put on the wire and nowhere else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_empty() { "Secret(empty)" } else { "Secret(hidden)" })
    }
}
