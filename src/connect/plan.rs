//! Everything that is needed to talk to one server, settled before the first packet: address, proxy, trust, credentials.

use std::{path::PathBuf, sync::Arc, time::Duration};

use base64::Engine as _;
use http::{HeaderName, HeaderValue};

use super::{
    duration::parse_timeout,
    env::Environment,
    error::{Error, ErrorKind},
    exec::ExecPlugin,
    in_cluster,
    kubeconfig::User,
    kuberc,
    load::{io_reason, load},
    notices::Notices,
    oidc::Oidc,
    options::{ConnectOptions, Secret},
    proxy,
    resolve::{Target, given, proxy_url, resolve},
    server::ServerUrl,
};

/// How to reach one server as one user.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) server: ServerUrl,
    pub(crate) proxy: Option<ServerUrl>,
    pub(crate) trust: Trust,
    pub(crate) login: Login,
    pub(crate) impersonation: Vec<(HeaderName, HeaderValue)>,
    pub(crate) compression: bool,
    pub(crate) timeout: Timeout,
    pub(crate) context: Option<String>,
    pub(crate) namespace: String,
}

/// How long a request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Timeout {
    /// `--request-timeout` was given: it holds for streams too, and the server is told; `None` is no limit at all.
    Explicit(Option<Duration>),
    /// Nothing was said.
    Default,
}

/// Whom to believe to be the server, and which certificate to show it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Trust {
    /// PEM; `None` leaves it to the system's store.
    pub(crate) authority: Option<Vec<u8>>,
    pub(crate) insecure: bool,
    pub(crate) server_name: Option<String>,
    /// Certificate chain and key, PEM.
    pub(crate) identity: Option<(Vec<u8>, Secret)>,
}

/// What proves who the user is, apart from a certificate.
#[derive(Debug)]
pub(crate) enum Login {
    None,
    Basic { user: String, password: Secret },
    Token { token: Option<Secret>, file: Option<PathBuf> },
    Exec(Box<ExecPlugin>),
    Oidc(Box<Oidc>),
}

/// Reads files and flags and settles everything. May ask the user for a name and a password, as kubectl does where nothing else
/// identifies the user.
pub(crate) fn plan(
    options: &ConnectOptions,
    env: &Environment,
    notices: &Arc<dyn Notices>,
    verbosity: u8,
) -> Result<Plan, Error> {
    let timeout = match given(options.request_timeout.as_ref()) {
        Some(text) => Timeout::Explicit(parse_timeout(text)?),
        None => Timeout::Default,
    };
    let policy = kuberc::plugin_policy(options, env, notices)?;
    let loaded = load(options, env)?;
    if verbosity >= 1 && !loaded.missing.is_empty() {
        let missing: Vec<String> = loaded.missing.iter().map(|path| path.display().to_string()).collect();
        notices.notice(&format!("Config not found: {}", missing.join(", ")));
    }
    let target = resolve(options, env, &loaded)?;
    let in_pod = in_cluster::is_possible(env);
    let namespace = namespace_of(&target, env);
    let impersonation = impersonation(&target.user)?;
    if target.server_is_default && in_pod {
        return in_cluster::plan(options, env, timeout, impersonation, namespace);
    }

    let text = target.cluster.server.clone().unwrap_or_default();
    let server = ServerUrl::for_server(&text)?;
    if !matches!(server.scheme.as_str(), "http" | "https") {
        return Err(Error::unreachable(ErrorKind::Config, format!("unsupported protocol scheme {:?}", server.scheme))
            .with_hint("the server's address starts with https:// (or http://)"));
    }
    let proxy = match &target.cluster.proxy_url {
        Some(text) => Some(proxy_url(text).map_err(Error::config)?),
        None => proxy::from_environment(env, &server),
    };
    let (mut trust, mut login) = (Trust::default(), Login::None);
    // What proves who we are never goes out in clear, so on plain HTTP it is not even read.
    if server.is_tls() {
        trust = trust_of(&target)?;
        login = login_of(&target, env, &trust, &server, policy, options, notices)?;
    }
    if let Some(userinfo) = &server.userinfo {
        // Go's HTTP client puts what the address itself carries before any other credential.
        login = basic_of_userinfo(userinfo);
    }
    Ok(Plan {
        server,
        proxy,
        trust,
        login,
        impersonation,
        compression: !target.cluster.disable_compression,
        timeout,
        context: target.context,
        namespace,
    })
}

/// The namespace that is meant where a command names none, without connecting: for files, and for completion. Credentials need not be
/// there.
pub fn namespace(options: &ConnectOptions, env: &Environment) -> Result<String, Error> {
    // kubectl obeys the flag even where the kubeconfig can't be used.
    if let Some(namespace) = given(options.namespace.as_ref()) {
        return Ok(namespace.clone());
    }
    Ok(namespace_of(&resolve(options, env, &load(options, env)?)?, env))
}

fn namespace_of(target: &Target, env: &Environment) -> String {
    match &target.namespace {
        Some(namespace) => namespace.clone(),
        None if in_cluster::is_possible(env) => in_cluster::namespace(env),
        None => "default".to_owned(),
    }
}

/// The names that the kubeconfig holds, sorted: for the completion of `--context`, `--cluster` and `--user`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KubeconfigNames {
    /// Contexts, each with its namespace where it names one.
    pub contexts: Vec<(String, Option<String>)>,
    /// Clusters.
    pub clusters: Vec<String>,
    /// Users.
    pub users: Vec<String>,
    /// The current context.
    pub current: Option<String>,
}

/// Reads the names that the kubeconfig holds.
pub fn names(options: &ConnectOptions, env: &Environment) -> Result<KubeconfigNames, Error> {
    let loaded = load(options, env)?;
    Ok(KubeconfigNames {
        contexts: loaded.contexts.into_iter().map(|(name, context)| (name, context.namespace)).collect(),
        clusters: loaded.clusters.into_keys().collect(),
        users: loaded.users.into_keys().collect(),
        current: loaded.current_context,
    })
}

fn trust_of(target: &Target) -> Result<Trust, Error> {
    let (cluster, user) = (&target.cluster, &target.user);
    let authority = data_or_file(
        cluster.certificate_authority_data.as_deref(),
        cluster.certificate_authority.as_deref(),
        "certificate-authority-data",
    )?;
    if authority.is_some() && cluster.insecure_skip_tls_verify {
        return Err(Error::config("specifying a root certificates file with the insecure flag is not allowed")
            .with_hint(
                "drop certificate-authority(-data) or insecure-skip-tls-verify from the cluster in the kubeconfig",
            ));
    }
    let certificate = data_or_file(
        user.client_certificate_data.as_deref(),
        user.client_certificate.as_deref(),
        "client-certificate-data",
    )?;
    let identity = match certificate {
        Some(certificate) => {
            let key = data_or_file(
                user.client_key_data.as_ref().map(Secret::expose),
                user.client_key.as_deref(),
                "client-key-data",
            )?
            .unwrap_or_default();
            Some((certificate, Secret::new(String::from_utf8_lossy(&key))))
        }
        None => None,
    };
    Ok(Trust {
        authority,
        insecure: cluster.insecure_skip_tls_verify,
        server_name: cluster.tls_server_name.clone(),
        identity,
    })
}

/// Base64 in the kubeconfig wins over a file beside it.
fn data_or_file(data: Option<&str>, file: Option<&str>, field: &str) -> Result<Option<Vec<u8>>, Error> {
    match (data, file) {
        (Some(data), _) => decode_base64(data)
            .map(Some)
            .ok_or_else(|| Error::config(format!("{field} of the kubeconfig is not valid base64"))),
        (None, Some(file)) => {
            std::fs::read(file).map(Some).map_err(|why| Error::config(format!("open {file}: {}", io_reason(&why))))
        }
        (None, None) => Ok(None),
    }
}

/// Base64 as Go reads it: line breaks are skipped, padding is needed, stray bits at the end are not minded.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
    let engine = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
    );
    let packed: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    engine.decode(packed).ok()
}

fn login_of(
    target: &Target,
    env: &Environment,
    trust: &Trust,
    server: &ServerUrl,
    policy: kuberc::PluginPolicy,
    options: &ConnectOptions,
    notices: &Arc<dyn Notices>,
) -> Result<Login, Error> {
    let user = &target.user;
    if let Some(provider) = &user.auth_provider {
        // Built before anything else is preferred: a provider that no longer exists is an error whatever else is there.
        let oidc = Oidc::new(provider, &target.user_name, user.origin.clone(), env)?;
        if user.token.is_none() && user.token_file.is_none() && user.username.is_none() {
            return Ok(Login::Oidc(Box::new(oidc)));
        }
    }
    if user.token.is_some() || user.token_file.is_some() {
        return Ok(Login::Token { token: user.token.clone(), file: user.token_file.clone().map(PathBuf::from) });
    }
    if let Some(name) = &user.username {
        return Ok(Login::Basic { user: name.clone(), password: user.password.clone().unwrap_or_default() });
    }
    if trust.identity.is_some() {
        return Ok(Login::None);
    }
    if let Some(exec) = &user.exec {
        return Ok(Login::Exec(Box::new(ExecPlugin::new(exec, &target.cluster, trust, server, policy, options, env)?)));
    }
    if server.userinfo.is_some() {
        return Ok(Login::None);
    }
    ask(notices, &target.user_name, user.password.clone())
}

/// Nothing identifies the user: kubectl asks, and so do we where somebody can answer.
fn ask(notices: &Arc<dyn Notices>, user_name: &str, known: Option<Secret>) -> Result<Login, Error> {
    let answer = notices.ask("Please enter Username: ", false).and_then(|user| {
        let password = known.or_else(|| notices.ask("Please enter Password: ", true).map(Secret::new))?;
        Some(Login::Basic { user, password })
    });
    answer.ok_or_else(|| {
        let who = if user_name.is_empty() {
            "the kubeconfig names no user for this cluster".to_owned()
        } else {
            format!("the user {user_name:?} of the kubeconfig has no credentials")
        };
        Error::config(format!("{who}, and nobody can be asked for a name and a password")).with_hint(
            "give --token, --client-certificate with --client-key, or a --context whose user has credentials",
        )
    })
}

fn basic_of_userinfo(userinfo: &str) -> Login {
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    Login::Basic {
        user: super::tunnel::percent_decode(user),
        password: Secret::new(super::tunnel::percent_decode(password)),
    }
}

fn impersonation(user: &User) -> Result<Vec<(HeaderName, HeaderValue)>, Error> {
    let mut headers = Vec::new();
    let Some(name) = &user.impersonate else { return Ok(headers) };
    let mut add = |header: &str, value: &str| {
        let header = HeaderName::from_bytes(header.as_bytes())
            .map_err(|_| Error::config(format!("net/http: invalid header field name {header:?}")))?;
        let value = HeaderValue::from_str(value)
            .or_else(|_| HeaderValue::from_bytes(value.as_bytes()))
            .map_err(|_| Error::config(format!("net/http: invalid header field value for {:?}", header.as_str())))?;
        headers.push((header, value));
        Ok::<(), Error>(())
    };
    add("impersonate-user", name)?;
    if let Some(uid) = &user.as_uid {
        add("impersonate-uid", uid)?;
    }
    for group in &user.as_groups {
        add("impersonate-group", group)?;
    }
    for (key, values) in &user.as_user_extra {
        for value in values.iter().flatten() {
            add(&format!("impersonate-extra-{}", escape_header_key(key)), value)?;
        }
    }
    Ok(headers)
}

/// Percent-escapes what may not stand in a header's name, and the percent sign itself (client-go, `headerKeyEscape`).
fn escape_header_key(key: &str) -> String {
    key.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"!#$&'*+-.^_`|~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            use std::fmt::Write as _;
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}
