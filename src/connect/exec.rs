//! Credential plugins: programs that hand out a token or a certificate (client-go, `plugin/pkg/client/auth/exec`).

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use base64::Engine as _;
use serde::Deserialize;

use super::{
    env::Environment,
    error::{Error, ErrorKind},
    kubeconfig::{Cluster, Exec, parse_yaml},
    kuberc::PluginPolicy,
    load::io_reason,
    lookup::{clean, is_path, look_path},
    options::{ConnectOptions, Secret},
    plan::Trust,
    resolve::interactive_mode,
    server::ServerUrl,
};

const GROUP: &str = "client.authentication.k8s.io";

/// A plugin, ready to be run.
#[derive(Clone)]
pub(crate) struct ExecPlugin {
    command: String,
    args: Vec<String>,
    variables: Vec<(String, Secret)>,
    api_version: String,
    install_hint: Option<String>,
    mode: Interactive,
    stdin_in_use: bool,
    /// The `spec.cluster` that a plugin with `provideClusterInfo` is told.
    cluster: Option<String>,
    policy: PluginPolicy,
    env: Environment,
}

impl std::fmt::Debug for ExecPlugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExecPlugin").field("command", &self.command).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Interactive {
    Never,
    IfAvailable,
    Always,
}

/// What a plugin handed out.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ExecCredential {
    pub(crate) token: Option<Secret>,
    /// Certificate chain and key, PEM.
    pub(crate) identity: Option<(Vec<u8>, Secret)>,
    pub(crate) expires: Option<jiff::Timestamp>,
}

impl ExecPlugin {
    pub(crate) fn new(
        exec: &Exec,
        cluster: &Cluster,
        trust: &Trust,
        server: &ServerUrl,
        policy: PluginPolicy,
        options: &ConnectOptions,
        env: &Environment,
    ) -> Result<Self, Error> {
        let api_version = exec.api_version.clone().unwrap_or_default();
        let version = api_version.strip_prefix(GROUP).and_then(|rest| rest.strip_prefix('/'));
        if !matches!(version, Some("v1" | "v1beta1")) {
            return Err(Error::config(format!("exec plugin: invalid apiVersion {api_version:?}")).with_hint(format!(
                "{GROUP}/v1alpha1 is no longer served by any client: update the plugin and write the kubeconfig anew"
            )));
        }
        Ok(Self {
            command: clean(exec.command.as_deref().unwrap_or_default()),
            args: exec.args.clone(),
            variables: exec.env.iter().map(|variable| (variable.name.clone(), variable.value.clone())).collect(),
            api_version,
            install_hint: exec.install_hint.as_deref().map(visible),
            mode: match interactive_mode(exec) {
                "Never" => Interactive::Never,
                "Always" => Interactive::Always,
                _ => Interactive::IfAvailable,
            },
            stdin_in_use: options.stdin_in_use,
            cluster: exec.provide_cluster_info.then(|| cluster_info(cluster, trust, server)),
            policy,
            env: env.clone(),
        })
    }

    /// Runs the plugin and reads what it prints. Blocks; a plugin may open a browser and wait for the user.
    pub(crate) fn run(&self) -> Result<ExecCredential, Error> {
        self.run_plugin().map_err(|failure| {
            let error = Error::unreachable(ErrorKind::Unauthorized, format!("getting credentials: {}", failure.text));
            match failure.hint {
                Some(hint) => error.with_hint(hint),
                None => error,
            }
        })
    }

    fn run_plugin(&self) -> Result<ExecCredential, Failure> {
        let interactive = self.is_interactive()?;
        let program = look_path(&self.command, &self.env);
        self.policy.permit(&self.command, program.as_deref(), &self.env).map_err(|text| {
            Failure::new(
                text,
                "the policy stands in kubectl's kuberc file: credentialPluginPolicy and credentialPluginAllowlist",
            )
        })?;
        let mut command = Command::new(program.unwrap_or_else(|| self.unfound()));
        command.args(&self.args).env_clear().envs(self.env.variables());
        for (name, value) in &self.variables {
            command.env(name, value.expose());
        }
        command.env("KUBERNETES_EXEC_INFO", self.request(interactive));
        command.stdin(if interactive { Stdio::inherit() } else { Stdio::null() });
        // What the plugin has to say to the user goes past us, in every mode.
        command.stdout(Stdio::piped()).stderr(Stdio::inherit());
        let output =
            command.spawn().and_then(std::process::Child::wait_with_output).map_err(|why| self.start_failure(&why))?;
        if !output.status.success() {
            let code = output.status.code().unwrap_or(-1);
            return Err(Failure::new(
                format!("exec: executable {} failed with exit code {code}", self.command),
                "what the plugin printed stands above; log in with your provider's tool and try again",
            ));
        }
        self.read(&output.stdout)
    }

    /// Only what is certain not to exist is left to the system to refuse: never a search by other rules than ours.
    fn unfound(&self) -> PathBuf {
        if is_path(&self.command) {
            self.env.absolute(self.command.as_ref())
        } else {
            PathBuf::from("/nonexistent").join(&self.command)
        }
    }

    fn is_interactive(&self) -> Result<bool, Failure> {
        let refuse = |why: &str| {
            Err(Failure::new(
                format!("exec plugin cannot support interactive mode: {why}"),
                "run the command in a terminal, or log in with the plugin's own command first",
            ))
        };
        match self.mode {
            Interactive::Never => Ok(false),
            Interactive::IfAvailable => Ok(!self.stdin_in_use && self.env.stdin_is_terminal),
            Interactive::Always if !self.env.stdin_is_terminal => refuse("standard input is not a terminal"),
            Interactive::Always if self.stdin_in_use => {
                refuse("standard input is unavailable: used by stdin resource manifest reader")
            }
            Interactive::Always => Ok(true),
        }
    }

    /// The `ExecCredential` that the plugin finds in `KUBERNETES_EXEC_INFO`, field order and line end as client-go writes them.
    fn request(&self, interactive: bool) -> String {
        let cluster = self.cluster.as_ref().map_or(String::new(), |cluster| format!("\"cluster\":{cluster},"));
        let api_version = &self.api_version;
        format!(
            "{{\"kind\":\"ExecCredential\",\"apiVersion\":\"{api_version}\",\"spec\":{{{cluster}\"interactive\":{interactive}}}}}\n"
        )
    }

    fn start_failure(&self, why: &std::io::Error) -> Failure {
        if is_path(&self.command) {
            return Failure::new(
                format!("exec: fork/exec {}: {}", self.command, io_reason(why)),
                "the kubeconfig names this program under users[].user.exec.command",
            );
        }
        let mut text = format!(
            "exec: executable {} not found\n\nIt looks like you are trying to use a client-go credential plugin that is not installed.\n\nTo learn more about this feature, consult the documentation available at:\n      https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins",
            self.command
        );
        if let Some(hint) = &self.install_hint {
            text.push_str("\n\n");
            text.push_str(hint);
        }
        Failure::new(text, "install the credential plugin, or put its folder on PATH")
    }

    /// Reads an answer. What the plugin printed is never repeated: it may hold the token.
    fn read(&self, stdout: &[u8]) -> Result<ExecCredential, Failure> {
        #[derive(Default, Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        struct Answer {
            kind: Option<String>,
            api_version: Option<String>,
            status: Option<Status>,
        }
        #[derive(Default, Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        struct Status {
            token: Option<Secret>,
            client_certificate_data: Option<String>,
            client_key_data: Option<Secret>,
            expiration_timestamp: Option<String>,
        }
        let hint = "run the plugin by hand to see what it prints: it should be one ExecCredential as JSON";
        let fail = |text: String| Err(Failure::new(text, hint));
        let Some(answer) = std::str::from_utf8(stdout).ok().and_then(|text| parse_yaml::<Answer>(text).ok()) else {
            return fail("decoding stdout: not an ExecCredential".to_owned());
        };
        let (Some("ExecCredential"), Some(version)) = (answer.kind.as_deref(), answer.api_version.as_deref()) else {
            return fail("decoding stdout: couldn't get version/kind of an ExecCredential".to_owned());
        };
        if version != self.api_version {
            return fail(format!(
                "exec plugin is configured to use API version {}, plugin returned version {}",
                self.api_version,
                visible(version)
            ));
        }
        let Some(status) = answer.status else { return fail("exec plugin didn't return a status field".to_owned()) };
        let token = status.token.filter(|token| !token.is_empty());
        let certificate = status.client_certificate_data.filter(|text| !text.is_empty());
        let key = status.client_key_data.filter(|key| !key.is_empty());
        if token.is_none() && certificate.is_none() && key.is_none() {
            return fail("exec plugin didn't return a token or cert/key pair".to_owned());
        }
        if certificate.is_some() != key.is_some() {
            return fail("exec plugin returned only certificate or key, not both".to_owned());
        }
        let expires = match status.expiration_timestamp.filter(|text| !text.is_empty()) {
            None => None,
            Some(text) => match text.parse() {
                Ok(time) => Some(time),
                Err(_) => return fail("decoding stdout: expirationTimestamp is not an RFC 3339 time".to_owned()),
            },
        };
        let identity = certificate.zip(key).map(|(certificate, key)| (certificate.into_bytes(), key));
        Ok(ExecCredential { token, identity, expires })
    }
}

struct Failure {
    text: String,
    hint: Option<String>,
}

impl Failure {
    fn new(text: String, hint: &str) -> Self {
        Self { text, hint: Some(hint.to_owned()) }
    }
}

/// The cluster as a plugin is told of it (`ConfigToExecCluster`), as JSON; what is unset is left out.
fn cluster_info(cluster: &Cluster, trust: &Trust, server: &ServerUrl) -> String {
    let text = |text: &str| serde_json::Value::from(text);
    let written = cluster.server.as_deref().unwrap_or_default();
    let extension = cluster.extensions.iter().find(|extension| extension.name == "client.authentication.k8s.io/exec");
    let fields = [
        ("server", Some(text(if written.contains("://") { written.to_owned() } else { server.shown() }.as_str()))),
        ("tls-server-name", trust.server_name.as_deref().map(text)),
        ("insecure-skip-tls-verify", trust.insecure.then(|| true.into())),
        (
            "certificate-authority-data",
            trust.authority.as_ref().map(|pem| text(&base64::engine::general_purpose::STANDARD.encode(pem))),
        ),
        ("proxy-url", cluster.proxy_url.as_deref().map(text)),
        ("disable-compression", cluster.disable_compression.then(|| true.into())),
        ("config", Some(extension.map_or(serde_json::Value::Null, |extension| extension.extension.clone()))),
    ];
    let set = fields.into_iter().filter_map(|(name, value)| Some(format!("\"{name}\":{}", value?)));
    format!("{{{}}}", set.collect::<Vec<_>>().join(","))
}

/// Text of a kubeconfig or a plugin without characters that a terminal acts on; Go writes them as `U+001B`.
fn visible(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        if c.is_control() && !('\t'..='\r').contains(&c) {
            use std::fmt::Write as _;
            let _ = write!(out, "U+{:04X}", u32::from(c));
        } else {
            out.push(c);
        }
        out
    })
}
