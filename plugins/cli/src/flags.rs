//! kubectl's global flags, before or after the subcommand, with kubectl's meaning.

use std::path::PathBuf;

use clap::{ArgAction, Args};
use workload_core::connect::{ConnectOptions, Secret};

const HEADING: &str = "Global flags (kubectl's own)";

/// The flags that concern the connection.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = HEADING)]
pub struct GlobalFlags {
    /// Path to the kubeconfig file; nothing else is merged
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context to use
    #[arg(long, global = true, value_name = "NAME")]
    context: Option<String>,
    /// The kubeconfig's cluster to use
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    cluster: Option<String>,
    /// The kubeconfig's user to use
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    user: Option<String>,
    /// The namespace to look in
    #[arg(short, long, global = true, value_name = "NAME")]
    pub namespace: Option<String>,
    /// Address and port of the API server
    #[arg(short, long, global = true, value_name = "URL", hide_short_help = true)]
    server: Option<String>,
    /// The name to expect in the server's certificate
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    tls_server_name: Option<String>,
    /// A file with the certificate authority of the server
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    certificate_authority: Option<PathBuf>,
    /// Do not check the server's certificate
    #[arg(long, global = true, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", hide_short_help = true)]
    insecure_skip_tls_verify: Option<bool>,
    /// A file with the client certificate
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    client_certificate: Option<PathBuf>,
    /// A file with the client certificate's key
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    client_key: Option<PathBuf>,
    /// Bearer token
    #[arg(long, global = true, value_name = "TOKEN", hide_short_help = true)]
    token: Option<String>,
    /// User name for basic authentication
    #[arg(long, global = true, value_name = "NAME", hide = true)]
    username: Option<String>,
    /// Password for basic authentication
    #[arg(long, global = true, value_name = "PASSWORD", hide = true)]
    password: Option<String>,
    /// The user to impersonate
    #[arg(long = "as", global = true, value_name = "USER", hide_short_help = true)]
    as_user: Option<String>,
    /// The UID to impersonate
    #[arg(long, global = true, value_name = "UID", hide_short_help = true)]
    as_uid: Option<String>,
    /// A group to impersonate; repeatable
    #[arg(long = "as-group", global = true, value_name = "GROUP", action = ArgAction::Append, hide_short_help = true)]
    as_groups: Vec<String>,
    /// More about the impersonated user, KEY=VALUE; repeatable
    #[arg(long, global = true, value_name = "KEY=VALUE", action = ArgAction::Append, hide_short_help = true)]
    as_user_extra: Vec<String>,
    /// How long to wait for a single request: 5, 5s, 2m; 0 for ever [default: 30s, where kubectl has none]
    #[arg(long, global = true, value_name = "TIME", hide_short_help = true)]
    request_timeout: Option<String>,
    /// Do not ask for compressed answers
    #[arg(long, global = true, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", hide_short_help = true)]
    disable_compression: Option<bool>,
    /// Taken for kubectl's sake: nothing is cached
    #[arg(long, global = true, value_name = "FOLDER", hide = true)]
    cache_dir: Option<PathBuf>,
    /// The kuberc file, whose credential plugin policy is obeyed
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    kuberc: Option<PathBuf>,
    /// Verbosity: 6 shows each request with its status and time; credentials are never shown
    #[arg(short = 'v', long = "v", global = true, value_name = "LEVEL", hide_short_help = true)]
    verbosity: Option<u8>,
}

impl GlobalFlags {
    /// The flags for the connection of a program, as its audit name (`kubectl sts volumes`) and user agent say.
    pub fn connect(&self, user_agent: String, command: String, stdin_in_use: bool) -> ConnectOptions {
        let this = self.clone();
        ConnectOptions {
            kubeconfig: this.kubeconfig,
            context: this.context,
            cluster: this.cluster,
            user: this.user,
            namespace: this.namespace,
            server: this.server,
            tls_server_name: this.tls_server_name,
            certificate_authority: this.certificate_authority,
            insecure_skip_tls_verify: this.insecure_skip_tls_verify,
            client_certificate: this.client_certificate,
            client_key: this.client_key,
            token: this.token.map(Secret::new),
            username: this.username,
            password: this.password.map(Secret::new),
            as_user: this.as_user,
            as_uid: this.as_uid,
            as_groups: this.as_groups,
            as_user_extra: this.as_user_extra,
            request_timeout: this.request_timeout,
            disable_compression: this.disable_compression.unwrap_or(false),
            kuberc: this.kuberc,
            stdin_in_use,
            user_agent,
            command: Some(command),
        }
    }

    /// `-v`.
    pub fn verbosity(&self) -> u8 {
        self.verbosity.unwrap_or(0)
    }
}
