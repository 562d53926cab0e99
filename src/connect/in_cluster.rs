//! Inside a pod: the pod's own cluster and identity, when nothing else is configured.

use std::path::PathBuf;

use http::{HeaderName, HeaderValue};

use super::{
    env::Environment,
    error::Error,
    load::io_reason,
    options::{ConnectOptions, Secret},
    plan::{Login, Plan, Timeout, Trust},
    proxy,
    resolve::given,
    server::ServerUrl,
};

/// Whether this process runs in a pod that may talk to its cluster (client-go, `inClusterClientConfig.Possible`).
pub(crate) fn is_possible(env: &Environment) -> bool {
    env.text("KUBERNETES_SERVICE_HOST").is_some()
        && env.text("KUBERNETES_SERVICE_PORT").is_some()
        && env.service_account_dir.join("token").is_file()
}

/// The pod's namespace: `POD_NAMESPACE`, else the one of its service account.
pub(crate) fn namespace(env: &Environment) -> String {
    if let Some(namespace) = env.text("POD_NAMESPACE") {
        return namespace.to_owned();
    }
    let file = std::fs::read_to_string(env.service_account_dir.join("namespace")).unwrap_or_default();
    match file.trim() {
        "" => "default".to_owned(),
        namespace => namespace.to_owned(),
    }
}

/// The pod's cluster; of the flags, server, token and CA replace their counterpart, as in kubectl.
///
/// kubectl goes to `localhost:8080` when `--as` or `--request-timeout` is given in a pod, since its configuration then no longer equals
/// the default one; here both are simply obeyed.
pub(crate) fn plan(
    options: &ConnectOptions,
    env: &Environment,
    timeout: Timeout,
    impersonation: Vec<(HeaderName, HeaderValue)>,
    namespace: String,
) -> Result<Plan, Error> {
    let host = env.text("KUBERNETES_SERVICE_HOST").unwrap_or_default();
    let port = env.text("KUBERNETES_SERVICE_PORT").unwrap_or_default();
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let server = ServerUrl::for_server(&format!("https://{host}:{port}"))?;
    let token_file = env.service_account_dir.join("token");
    let token = options.token.clone().filter(|token| !token.is_empty());
    let login = if token.is_some() {
        Login::Token { token, file: None }
    } else {
        let text = std::fs::read_to_string(&token_file)
            .map_err(|why| Error::config(format!("open {}: {}", token_file.display(), io_reason(&why))))?;
        Login::Token { token: Some(Secret::new(text.trim())), file: Some(token_file) }
    };
    let flag = options.certificate_authority.as_ref().filter(|path| !path.as_os_str().is_empty());
    let authority = match flag.map(|path| env.absolute(path)) {
        Some(path) => Some(
            std::fs::read(&path)
                .map_err(|why| Error::config(format!("open {}: {}", path.display(), io_reason(&why))))?,
        ),
        // A pod without a CA file falls back to the system's, as client-go does.
        None => std::fs::read(authority_file(env)).ok(),
    };
    Ok(Plan {
        proxy: proxy::from_environment(env, &server),
        server,
        trust: Trust { authority, server_name: given(options.tls_server_name.as_ref()).cloned(), ..Trust::default() },
        login,
        impersonation,
        compression: !options.disable_compression,
        timeout,
        context: None,
        namespace,
    })
}

fn authority_file(env: &Environment) -> PathBuf {
    env.service_account_dir.join("ca.crt")
}
