//! kubectl's own settings file, for the one setting that concerns every client: which credential plugins may run.
//!
//! kubectl 1.35 and later obey `credentialPluginPolicy` and `credentialPluginAllowlist`; a plugin of kubectl that started what the user
//! has forbidden would undo it.

use std::{path::Path, sync::Arc};

use serde::Deserialize;

use super::{
    env::Environment,
    error::Error,
    kubeconfig::{decode, parse_yaml},
    load::io_reason,
    lookup::{clean, look_path},
    notices::Notices,
    options::ConnectOptions,
};

/// Which credential plugins may run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PluginPolicy {
    AllowAll,
    DenyAll,
    /// Names or paths; a name stands for what it resolves to on PATH.
    Allowlist(Vec<String>),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Preference {
    credential_plugin_policy: Option<String>,
    credential_plugin_allowlist: Option<Vec<Entry>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Entry {
    // `name` in v1beta1's documentation, `command` in its type: either says which.
    #[serde(alias = "name")]
    command: Option<String>,
}

/// Reads the policy from `--kuberc`, `KUBERC` or `~/.kube/kuberc`. Only a file that is named must be readable; `KUBERC=off` and
/// `KUBECTL_KUBERC=false` switch it off.
pub(crate) fn plugin_policy(
    options: &ConnectOptions,
    env: &Environment,
    notices: &Arc<dyn Notices>,
) -> Result<PluginPolicy, Error> {
    let flag = options.kuberc.as_ref().filter(|path| !path.as_os_str().is_empty());
    if env.text("KUBECTL_KUBERC").is_some_and(|text| ["false", "0", "f"].contains(&text.to_ascii_lowercase().as_str()))
    {
        return Ok(PluginPolicy::AllowAll);
    }
    let variable = env.text("KUBERC");
    if variable == Some("off") {
        return match flag {
            Some(_) => Err(Error::config(
                "kuberc error disabling kuberc via KUBERC=off and passing kuberc flag are mutually exclusive",
            )),
            None => Ok(PluginPolicy::AllowAll),
        };
    }
    let named = flag.cloned().or(variable.map(Into::into));
    let path = env.absolute(&named.clone().unwrap_or_else(|| env.home().join(".kube").join("kuberc")));
    let read =
        std::fs::read(&path).map_err(|why| (why.kind(), format!("open {}: {}", path.display(), io_reason(&why))));
    let parsed = read.and_then(|bytes| {
        decode(&bytes)
            .and_then(|text| parse_yaml::<Preference>(&text))
            .map_err(|why| (std::io::ErrorKind::InvalidData, why))
    });
    match parsed {
        Ok(preference) => policy(preference),
        Err((_, why)) if named.is_some() => Err(Error::config(format!("kuberc error kuberc: {why}"))),
        Err((std::io::ErrorKind::NotFound, _)) => Ok(PluginPolicy::AllowAll),
        Err((_, why)) => {
            notices.notice(&format!("kuberc: no preferences loaded from {}: {why}", path.display()));
            Ok(PluginPolicy::AllowAll)
        }
    }
}

/// A policy that contradicts itself is an error: a security setting with a slip in it must not count as "everything".
fn policy(preference: Preference) -> Result<PluginPolicy, Error> {
    let list = preference.credential_plugin_allowlist;
    let fault = |text: String| Err(Error::config(format!("kuberc error {text}")));
    match preference.credential_plugin_policy.as_deref().unwrap_or_default() {
        name @ ("" | "AllowAll" | "DenyAll") if list.is_some() => fault(format!(
            "misconfigured credential plugin allowlist: plugin policy is {name:?} but allowlist is non-nil"
        )),
        "" | "AllowAll" => Ok(PluginPolicy::AllowAll),
        "DenyAll" => Ok(PluginPolicy::DenyAll),
        "Allowlist" => match list {
            None => fault("credential plugin policy set to \"Allowlist\", but allowlist is unspecified".to_owned()),
            Some(list) if list.is_empty() => fault(
                "credential plugin policy set to \"Allowlist\", but allowlist is empty; use \"DenyAll\" policy instead"
                    .to_owned(),
            ),
            Some(list) => {
                let mut commands = Vec::new();
                for (index, entry) in list.into_iter().enumerate() {
                    match entry.command.filter(|command| !command.is_empty()) {
                        None => {
                            return fault(format!(
                                "misconfigured credential plugin allowlist: empty allowlist entry #{}",
                                index + 1
                            ));
                        }
                        Some(command) if clean(&command) != command => {
                            return fault(format!("non-normalized file path: {command:?} vs {:?}", clean(&command)));
                        }
                        Some(command) => commands.push(command),
                    }
                }
                Ok(PluginPolicy::Allowlist(commands))
            }
        },
        other => fault(format!("unknown plugin policy: {other:?}")),
    }
}

impl PluginPolicy {
    /// Whether this command may be started; `resolved` is the program that it stands for. The error is kubectl's sentence.
    pub(crate) fn permit(&self, command: &str, resolved: Option<&Path>, env: &Environment) -> Result<(), String> {
        match self {
            Self::AllowAll => Ok(()),
            Self::DenyAll => Err(format!("plugin {command:?} not allowed: policy set to \"DenyAll\"")),
            Self::Allowlist(entries) => {
                if entries.iter().any(|entry| entry == command) {
                    return Ok(());
                }
                let Some(resolved) = resolved else {
                    return Err(format!(
                        "plugin path {command:?} cannot be resolved for credential plugin allowlist check"
                    ));
                };
                let same = |entry: &String| {
                    Path::new(entry) == resolved || look_path(entry, env).is_some_and(|found| found == resolved)
                };
                if entries.iter().any(same) {
                    Ok(())
                } else {
                    Err(format!(
                        "plugin path {:?} is not permitted by the credential plugin allowlist",
                        resolved.display().to_string()
                    ))
                }
            }
        }
    }
}
