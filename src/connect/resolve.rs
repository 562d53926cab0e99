//! Which cluster, user and namespace are meant: the kubeconfig with the flags laid over it, and what is wrong with the result.
//!
//! Follows `DirectClientConfig` and `validation.go` of client-go's clientcmd; messages are kubectl's.

use std::path::Path;

use super::{
    env::Environment,
    error::{Error, ErrorKind},
    kubeconfig::{Cluster, Exec, User},
    load::{Loaded, io_reason},
    options::{ConnectOptions, Secret},
    server::{ServerUrl, without_userinfo},
};

/// The cluster and user that are meant, flags included.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) context: Option<String>,
    pub(crate) user_name: String,
    pub(crate) cluster: Cluster,
    pub(crate) user: User,
    /// What a flag or the context names.
    pub(crate) namespace: Option<String>,
    /// Neither a file nor a flag says which server: in a pod, the pod's own cluster is meant.
    pub(crate) server_is_default: bool,
}

/// The server when nothing names one.
pub(crate) fn default_server(env: &Environment) -> &str {
    env.text("KUBERNETES_MASTER").unwrap_or("http://localhost:8080")
}

/// Picks context, user and cluster and lays the flags over them.
pub(crate) fn resolve(options: &ConnectOptions, env: &Environment, loaded: &Loaded) -> Result<Target, Error> {
    let chosen = given(options.context.as_ref());
    let context_name = chosen.or(loaded.current_context.as_ref());
    let known = context_name.and_then(|name| loaded.contexts.get(name));
    let context = known.cloned().unwrap_or_default();

    // kubectl looks the namespace up first, in a configuration that it checks for that; with -n it has no need to, and the client's
    // own check finds the flaw, in other words (clientcmd, DirectClientConfig.Namespace and ClientConfig).
    let names_namespace = given(options.namespace.as_ref()).is_some();
    let user_flag = given(options.user.as_ref());
    let user_name = user_flag.or(context.user.as_ref()).cloned().unwrap_or_default();
    let base = loaded.users.get(&user_name);
    if base.is_none() && user_flag.is_some() {
        return Err(unknown("auth info", &user_name, loaded.users.keys()));
    }
    if let (Some(name), None) = (chosen, known) {
        let mut error = unknown("context", name, loaded.contexts.keys());
        if !names_namespace {
            error.message = format!("Error in configuration: context was not found for specified context: {name}");
        }
        return Err(error);
    }
    let user = with_user_flags(base.cloned().unwrap_or_default(), options, env);

    let cluster_flag = given(options.cluster.as_ref());
    let cluster_name = cluster_flag.or(context.cluster.as_ref()).cloned().unwrap_or_default();
    let base = loaded.clusters.get(&cluster_name);
    if base.is_none() && cluster_flag.is_some() {
        let mut error = unknown("cluster", &cluster_name, loaded.clusters.keys());
        if !names_namespace {
            error.message = format!("error: no server found for cluster {cluster_name:?}");
        }
        return Err(error);
    }
    let mut cluster = base.cloned().unwrap_or_default();
    cluster.server.get_or_insert_with(|| default_server(env).to_owned());
    let cluster = with_cluster_flags(cluster, options, env);

    let mut faults = Vec::new();
    if let (Some(name), None) = (context_name, known) {
        faults.push(Fault::Context(format!("context was not found for specified context: {name}")));
    }
    check_user(&user_name, &user, &mut faults);
    check_cluster(&cluster_name, &cluster, &mut faults);
    report(&faults, loaded)?;

    let flag = given(options.namespace.as_ref());
    let namespace = flag.or(context.namespace.as_ref()).cloned();
    let server_is_default = cluster == Cluster { server: Some(default_server(env).to_owned()), ..Cluster::default() };
    Ok(Target { context: known.and(context_name).cloned(), user_name, server_is_default, namespace, cluster, user })
}

/// A flag that was given and says something.
pub(crate) fn given(flag: Option<&String>) -> Option<&String> {
    flag.filter(|text| !text.is_empty())
}

fn path_flag(flag: Option<&std::path::PathBuf>, env: &Environment) -> Option<String> {
    flag.filter(|path| !path.as_os_str().is_empty()).map(|path| env.absolute(path).to_string_lossy().into_owned())
}

fn with_user_flags(mut user: User, options: &ConnectOptions, env: &Environment) -> User {
    if let Some(path) = path_flag(options.client_certificate.as_ref(), env) {
        (user.client_certificate, user.client_certificate_data) = (Some(path), None);
    }
    if let Some(path) = path_flag(options.client_key.as_ref(), env) {
        (user.client_key, user.client_key_data) = (Some(path), None);
    }
    let secret = |flag: &Option<Secret>| flag.clone().filter(|secret| !secret.is_empty());
    let or = |flag: &Option<String>, base: Option<String>| given(flag.as_ref()).cloned().or(base);
    user.token = secret(&options.token).or(user.token);
    user.password = secret(&options.password).or(user.password);
    user.username = or(&options.username, user.username);
    user.impersonate = or(&options.as_user, user.impersonate);
    user.as_uid = or(&options.as_uid, user.as_uid);
    if !options.as_groups.is_empty() {
        user.as_groups.clone_from(&options.as_groups);
    }
    let mut extras: std::collections::BTreeMap<String, Vec<String>> = std::collections::BTreeMap::new();
    for (key, value) in options.as_user_extra.iter().filter_map(|extra| extra.split_once('=')) {
        extras.entry(key.to_owned()).or_default().push(value.to_owned());
    }
    for (key, values) in extras {
        user.as_user_extra.insert(key, Some(values));
    }
    user
}

fn with_cluster_flags(mut cluster: Cluster, options: &ConnectOptions, env: &Environment) -> Cluster {
    let server = given(options.server.as_ref());
    let name = given(options.tls_server_name.as_ref());
    if server.is_some() || name.is_some() {
        // Another server is hardly named as the kubeconfig's is.
        cluster.tls_server_name = name.cloned();
    }
    cluster.server = server.cloned().or(cluster.server);
    cluster.disable_compression |= options.disable_compression;
    let authority = path_flag(options.certificate_authority.as_ref(), env);
    let insecure = options.insecure_skip_tls_verify == Some(true);
    if authority.is_some() || insecure {
        cluster.insecure_skip_tls_verify = insecure;
        cluster.certificate_authority = authority;
        cluster.certificate_authority_data = None;
    }
    cluster
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a String>) -> Error {
    let names: Vec<&str> = known.map(String::as_str).filter(|name| !name.is_empty()).collect();
    let hint = match names.as_slice() {
        [] => "the kubeconfig names none; see where it is read from with: kubectl config view".to_owned(),
        names => {
            let nearest = names.iter().filter(|known| near(known, name)).copied().collect::<Vec<_>>();
            if nearest.is_empty() {
                format!("the kubeconfig has: {}", listed(names))
            } else {
                format!("did you mean {}?", listed(&nearest))
            }
        }
    };
    Error::config(format!("{what} {name:?} does not exist")).with_hint(hint)
}

fn listed(names: &[&str]) -> String {
    match names {
        [first, second, third, fourth, fifth, _, rest @ ..] => {
            format!("{first}, {second}, {third}, {fourth}, {fifth} and {} more", rest.len() + 1)
        }
        few => few.join(", "),
    }
}

/// Close enough to be a slip: one holds the other, or at most two letters differ.
fn near(a: &str, b: &str) -> bool {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    a.contains(&b) || b.contains(&a) || edits(&a, &b) <= 2
}

fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

enum Fault {
    Context(String),
    Other(String),
}

fn report(faults: &[Fault], loaded: &Loaded) -> Result<(), Error> {
    let hint = "see what kubectl makes of the kubeconfig with: kubectl config view";
    match faults {
        [] => Ok(()),
        [Fault::Context(text)] => {
            let names: Vec<&str> = loaded.contexts.keys().map(String::as_str).collect();
            let hint = if names.is_empty() {
                hint.to_owned()
            } else {
                format!("choose one with --context: {}", listed(&names))
            };
            Err(Error::new(ErrorKind::Config, format!("Error in configuration: {text}")).with_hint(hint))
        }
        [Fault::Other(text)] => Err(Error::config(text).with_hint(hint)),
        several => {
            let lines: Vec<&str> =
                several.iter().map(|(Fault::Context(text) | Fault::Other(text))| text.as_str()).collect();
            let sentence = format!("Error in configuration: \n* {}", lines.join("\n* "));
            Err(Error::new(ErrorKind::Config, sentence).with_hint(hint))
        }
    }
}

fn check_file(path: Option<&String>, what: &str, owner: &str, faults: &mut Vec<Fault>) {
    if let Some(path) = path
        && let Err(why) = std::fs::File::open(Path::new(path))
    {
        faults.push(Fault::Other(format!(
            "unable to read {what} {path} for {owner} due to open {path}: {}",
            io_reason(&why)
        )));
    }
}

fn check_cluster(name: &str, cluster: &Cluster, faults: &mut Vec<Fault>) {
    if let Some(proxy) = &cluster.proxy_url
        && let Err(why) = proxy_url(proxy)
    {
        faults.push(Fault::Other(format!(
            "invalid 'proxy-url' {:?} for cluster {name:?}: {why}",
            without_userinfo(proxy)
        )));
    }
    if cluster.certificate_authority.is_some() && cluster.certificate_authority_data.is_some() {
        faults.push(Fault::Other(format!(
            "certificate-authority-data and certificate-authority are both specified for {name}. certificate-authority-data will override."
        )));
    }
    check_file(cluster.certificate_authority.as_ref(), "certificate-authority", name, faults);
}

/// A proxy as a kubeconfig may name it: unlike in the environment, with its scheme.
pub(crate) fn proxy_url(text: &str) -> Result<ServerUrl, String> {
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
    if scheme.starts_with(|c: char| !c.is_ascii_alphabetic()) {
        return Err(format!("could not parse: {}", without_userinfo(text)));
    }
    if !["http", "https", "socks5"].contains(&scheme.as_str()) {
        return Err(format!("unsupported scheme {scheme:?}, must be http, https, or socks5"));
    }
    ServerUrl::parse(text).map_err(|_| format!("could not parse: {}", without_userinfo(text)))
}

fn check_user(name: &str, user: &User, faults: &mut Vec<Fault>) {
    let mut say = |text: String| faults.push(Fault::Other(text));
    if user.client_certificate.is_some() || user.client_certificate_data.is_some() {
        if user.client_certificate.is_some() && user.client_certificate_data.is_some() {
            say(format!(
                "client-cert-data and client-cert are both specified for {name}. client-cert-data will override."
            ));
        }
        if user.client_key.is_some() && user.client_key_data.is_some() {
            say(format!("client-key-data and client-key are both specified for {name}; client-key-data will override"));
        }
        if user.client_key.is_none() && user.client_key_data.is_none() {
            say(format!(
                "client-key-data or client-key must be specified for {name} to use the clientCert authentication method."
            ));
        }
        check_file(user.client_certificate.as_ref(), "client-cert", name, faults);
        check_file(user.client_key.as_ref(), "client-key", name, faults);
    }
    if let Some(exec) = &user.exec {
        check_exec(name, exec, user.auth_provider.is_some(), faults);
    }
    if user.token.is_some() && (user.username.is_some() || user.password.is_some()) {
        faults.push(Fault::Other(format!(
            "more than one authentication method found for {name}; found [token basicAuth], only one is allowed"
        )));
    }
    let more = user.as_uid.is_some() || !user.as_groups.is_empty() || !user.as_user_extra.is_empty();
    if more && user.impersonate.is_none() {
        faults.push(Fault::Other(format!(
            "requesting uid, groups or user-extra for {name} without impersonating a user"
        )));
    }
}

fn check_exec(name: &str, exec: &Exec, with_provider: bool, faults: &mut Vec<Fault>) {
    let mut say = |text: String| faults.push(Fault::Other(text));
    if with_provider {
        say(format!("authProvider cannot be provided in combination with an exec plugin for {name}"));
    }
    if exec.command.is_none() {
        say(format!("command must be specified for {name} to use exec authentication plugin"));
    }
    if exec.api_version.is_none() {
        say(format!("apiVersion must be specified for {name} to use exec authentication plugin"));
    }
    if exec.env.iter().any(|variable| variable.name.is_empty()) {
        say(format!("env variable name must be specified for {name} to use exec authentication plugin"));
    }
    match interactive_mode(exec) {
        "" => say(format!("interactiveMode must be specified for {name} to use exec authentication plugin")),
        "Never" | "IfAvailable" | "Always" => {}
        other => say(format!("invalid interactiveMode for {name}: {other:?}")),
    }
}

/// The plugin's interactive mode; the older API versions have a default, `v1` wants it said.
pub(crate) fn interactive_mode(exec: &Exec) -> &str {
    match (exec.interactive_mode.as_deref(), exec.api_version.as_deref()) {
        (Some(mode), _) => mode,
        (None, Some("client.authentication.k8s.io/v1beta1" | "client.authentication.k8s.io/v1alpha1")) => "IfAvailable",
        (None, _) => "",
    }
}
