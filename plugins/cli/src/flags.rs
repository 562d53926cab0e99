//! kubectl's global flags, before or after the subcommand, with kubectl's meaning.

use std::path::PathBuf;

use clap::{ArgAction, Args};
use workload_core::connect::{ConnectOptions, Secret};

const HEADING: &str = "Global flags (kubectl's own)";

/// Reads a switch's value as kubectl does (Go's `strconv.ParseBool`).
pub(crate) fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        _ => Err(format!("strconv.ParseBool: parsing {text:?}: invalid syntax")),
    }
}

/// Reads a number of verbosity; what is above kubectl's highest level is the highest.
fn level(text: &str) -> Result<u8, String> {
    let number: i32 = text.parse().map_err(|_| format!("strconv.ParseInt: parsing {text:?}: invalid syntax"))?;
    Ok(u8::try_from(number.clamp(0, 10)).unwrap_or(0))
}

/// Reads a duration as a flag of kubectl's does (Go's `time.ParseDuration`).
fn duration(text: &str) -> Result<String, String> {
    let known = workload_core::connect::duration::parse_go(text);
    known.map(|_| text.to_owned()).ok_or_else(|| format!("time: invalid duration {text:?}"))
}

/// Reads `--vmodule` (klog, `moduleSpec.Set`).
fn modules(text: &str) -> Result<String, String> {
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let level = part.split_once('=').filter(|(pattern, level)| !pattern.is_empty() && !level.is_empty());
        let Some((_, level)) = level else {
            return Err("syntax error: expect comma-separated list of filename=N".to_owned());
        };
        if level.parse::<u32>().is_err() {
            return Err("syntax error: expect comma-separated list of filename=N".to_owned());
        }
    }
    Ok(text.to_owned())
}

/// Reads `--profile`; this program captures none, whichever is named.
fn profile(text: &str) -> Result<String, String> {
    match text {
        "none" | "cpu" | "heap" | "goroutine" | "threadcreate" | "block" | "mutex" | "trace" => Ok(text.to_owned()),
        other => Err(format!("unknown profile '{other}'")),
    }
}

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
          default_missing_value = "true", value_parser = boolean, hide_short_help = true)]
    insecure_skip_tls_verify: Option<bool>,
    /// A file with the client certificate
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    client_certificate: Option<PathBuf>,
    /// A file with the client certificate's key
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    client_key: Option<PathBuf>,
    /// Bearer token
    #[arg(long, global = true, value_name = "TOKEN", allow_hyphen_values = true, hide_short_help = true)]
    token: Option<String>,
    /// User name for basic authentication
    #[arg(long, global = true, value_name = "NAME", hide = true)]
    username: Option<String>,
    /// Password for basic authentication
    #[arg(long, global = true, value_name = "PASSWORD", allow_hyphen_values = true, hide = true)]
    password: Option<String>,
    /// The user to impersonate
    #[arg(long = "as", global = true, value_name = "USER", allow_hyphen_values = true, hide_short_help = true)]
    as_user: Option<String>,
    /// The UID to impersonate
    #[arg(long, global = true, value_name = "UID", allow_hyphen_values = true, hide_short_help = true)]
    as_uid: Option<String>,
    /// A group to impersonate; repeatable
    #[arg(long = "as-group", global = true, value_name = "GROUP", allow_hyphen_values = true, action = ArgAction::Append, hide_short_help = true)]
    as_groups: Vec<String>,
    /// More about the impersonated user, KEY=VALUE; repeatable
    #[arg(long, global = true, value_name = "KEY=VALUE", allow_hyphen_values = true, action = ArgAction::Append, hide_short_help = true)]
    as_user_extra: Vec<String>,
    /// How long to wait for a single request: 5, 5s, 2m; 0 for ever [default: 30s, where kubectl has none]
    #[arg(long, global = true, value_name = "TIME", hide_short_help = true)]
    request_timeout: Option<String>,
    /// Do not ask for compressed answers
    #[arg(long, global = true, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = boolean, hide_short_help = true)]
    disable_compression: Option<bool>,
    /// Taken for kubectl's sake: nothing is cached
    #[arg(long, global = true, value_name = "FOLDER", hide = true)]
    cache_dir: Option<PathBuf>,
    /// The kuberc file, whose credential plugin policy is obeyed
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    kuberc: Option<PathBuf>,
    /// Verbosity: 6 shows each request with its status and time; credentials are never shown
    #[arg(short = 'v', long = "v", global = true, value_name = "LEVEL", allow_hyphen_values = true, value_parser = level,
          hide_short_help = true)]
    verbosity: Option<u8>,
    /// Warnings by the server are errors: the exit code is 1
    #[arg(long, global = true, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = boolean, hide_short_help = true)]
    warnings_as_errors: Option<bool>,
    /// Taken for kubectl's sake: this program has no version of Kubernetes that could match
    #[arg(long, global = true, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = boolean, hide = true)]
    match_server_version: Option<bool>,
    /// Taken for kubectl's sake: what is logged is not told apart by source file
    #[arg(long, global = true, value_name = "PATTERN=N,...", value_parser = modules, hide = true)]
    vmodule: Option<String>,
    /// Taken for kubectl's sake: lines are written at once
    #[arg(long, global = true, value_name = "TIME", value_parser = duration, hide = true)]
    log_flush_frequency: Option<String>,
    /// Taken for kubectl's sake: no profile is captured
    #[arg(long, global = true, value_name = "NAME", value_parser = profile, hide = true)]
    profile: Option<String>,
    /// Taken for kubectl's sake: no profile is captured
    #[arg(long, global = true, value_name = "FILE", hide = true)]
    profile_output: Option<PathBuf>,
    /// Print the version of this program, as `version` does
    #[arg(long, global = true, action = ArgAction::Version, hide = true)]
    version: Option<bool>,
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
            silent: false,
            user_agent,
            command: Some(command),
        }
    }

    /// `--warnings-as-errors`.
    pub fn warnings_as_errors(&self) -> bool {
        self.warnings_as_errors.unwrap_or(false)
    }

    /// `-v`.
    pub fn verbosity(&self) -> u8 {
        self.verbosity.unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_and_numbers_are_read_as_go_reads_them() {
        assert_eq!(["1", "T", "True"].map(boolean), [Ok(true), Ok(true), Ok(true)]);
        assert_eq!(["0", "f", "FALSE"].map(boolean), [Ok(false), Ok(false), Ok(false)]);
        assert_eq!(boolean("yes"), Err("strconv.ParseBool: parsing \"yes\": invalid syntax".to_owned()));
        assert_eq!(["0", "9", "99", "-1"].map(level), [Ok(0), Ok(9), Ok(10), Ok(0)]);
        assert!(level("x").is_err());
        assert!(duration("5s").is_ok() && duration("5").is_err());
        assert!(modules("").is_ok() && modules("a=1,b*=2").is_ok() && modules("a").is_err() && modules("a=x").is_err());
        assert!(profile("cpu").is_ok() && profile("fun").is_err());
    }
}
