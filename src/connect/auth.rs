//! The `Authorization` header: from where it comes, how long it is good, and what happens after a 401.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use base64::Engine as _;
use http::HeaderValue;
use jiff::Timestamp;

use super::{
    error::{Error, ErrorKind},
    exec::{ExecCredential, ExecPlugin},
    load::io_reason,
    notices::Notices,
    oidc::Oidc,
    options::Secret,
    plan::Login,
    tls::Identity,
};

/// How often a token file is read anew: client-go's minute less its ten seconds of leeway. A kubelet renews a pod's token long before.
const TOKEN_FILE_AGE: Duration = Duration::from_secs(50);

/// Gives requests their credential.
pub(crate) enum Authenticator {
    /// Nothing, or a header that never changes.
    Fixed(Option<HeaderValue>),
    File(TokenFile),
    Exec(Box<ExecAuth>),
    Oidc(Box<Oidc>),
}

/// A credential as it was when a request was sent; the serial tells after a 401 whether it was replaced meanwhile.
#[derive(Debug, Clone)]
pub(crate) struct Credential {
    pub(crate) header: Option<HeaderValue>,
    pub(crate) serial: u64,
}

impl Authenticator {
    pub(crate) fn new(login: Login, identity: Arc<Identity>) -> Result<Self, Error> {
        Ok(match login {
            Login::None | Login::Token { token: None, file: None } => Self::Fixed(None),
            Login::Basic { user, password } => {
                let pair = Secret::new(format!("{user}:{}", password.expose()));
                let packed = base64::engine::general_purpose::STANDARD.encode(pair.expose());
                Self::Fixed(Some(header("Basic", &packed)?))
            }
            Login::Token { token: Some(token), file: None } => Self::Fixed(Some(header("Bearer", token.expose())?)),
            Login::Token { token, file: Some(path) } => Self::File(TokenFile::open(path, token)?),
            Login::Exec(plugin) => {
                Self::Exec(Box::new(ExecAuth { plugin: *plugin, identity, state: tokio::sync::Mutex::default() }))
            }
            Login::Oidc(oidc) => Self::Oidc(oidc),
        })
    }

    /// The credential for the next request; runs the plugin, refreshes the token or reads the file when that is due.
    pub(crate) async fn credential(&self, notices: &dyn Notices) -> Result<Credential, Error> {
        let fixed = |header| Credential { header, serial: 0 };
        match self {
            Self::Fixed(header) => Ok(fixed(header.clone())),
            Self::File(file) => Ok(fixed(Some(header("Bearer", file.token().expose())?))),
            Self::Oidc(oidc) => Ok(fixed(Some(header("Bearer", oidc.id_token(notices).await?.expose())?))),
            Self::Exec(exec) => exec.credential().await,
        }
    }

    /// After a 401: whether there is a new credential, so that a read may be tried again.
    pub(crate) async fn renew(&self, refused: &Credential) -> Result<bool, Error> {
        match self {
            Self::Exec(exec) => exec.renew(refused).await,
            _ => Ok(false),
        }
    }
}

fn header(scheme: &str, value: &str) -> Result<HeaderValue, Error> {
    let mut header = HeaderValue::from_str(&format!("{scheme} {value}")).map_err(|_| {
        Error::unreachable(ErrorKind::Config, "net/http: invalid header field value for \"Authorization\"")
            .with_hint("the token holds a line break or another character that no token has")
    })?;
    header.set_sensitive(true);
    Ok(header)
}

/// A token in a file, which is trimmed, and read anew now and then; when that fails the last one is used on (kubernetes#68164).
pub(crate) struct TokenFile {
    path: PathBuf,
    last: Mutex<(Secret, Instant)>,
}

impl TokenFile {
    /// The file wins over a token beside it; only when there is none must the file be readable now.
    fn open(path: PathBuf, token: Option<Secret>) -> Result<Self, Error> {
        let first = match (read_token(&path), token) {
            (Ok(read), _) => read,
            (Err(_), Some(token)) => token,
            (Err(why), None) => return Err(Error::config(why)),
        };
        Ok(Self { path, last: Mutex::new((first, Instant::now())) })
    }

    fn token(&self) -> Secret {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.1.elapsed() >= TOKEN_FILE_AGE {
            if let Ok(token) = read_token(&self.path) {
                last.0 = token;
            }
            last.1 = Instant::now();
        }
        last.0.clone()
    }
}

fn read_token(path: &std::path::Path) -> Result<Secret, String> {
    let text = std::fs::read_to_string(path).map_err(|why| format!("open {}: {}", path.display(), io_reason(&why)))?;
    match text.trim() {
        "" => Err(format!("read empty token from file {:?}", path.display().to_string())),
        token => Ok(Secret::new(token)),
    }
}

/// A plugin and what it handed out last.
pub(crate) struct ExecAuth {
    plugin: ExecPlugin,
    identity: Arc<Identity>,
    /// Held while the plugin runs: it may talk to the user, so it runs once for all that wait.
    state: tokio::sync::Mutex<ExecState>,
}

#[derive(Default)]
struct ExecState {
    current: Option<(Credential, Option<Timestamp>)>,
    runs: u64,
    renewed: bool,
}

impl ExecAuth {
    async fn credential(&self) -> Result<Credential, Error> {
        let mut state = self.state.lock().await;
        match &state.current {
            Some((credential, expires)) if expires.is_none_or(|time| Timestamp::now() <= time) => {
                Ok(credential.clone())
            }
            _ => self.run(&mut state).await,
        }
    }

    /// Once per process: a plugin that hands out refused credentials would be run for every request.
    async fn renew(&self, refused: &Credential) -> Result<bool, Error> {
        let mut state = self.state.lock().await;
        if state.current.as_ref().is_some_and(|(current, _)| current.serial != refused.serial) {
            return Ok(true);
        }
        if state.renewed {
            return Ok(false);
        }
        state.renewed = true;
        self.run(&mut state).await.map(|_| true)
    }

    async fn run(&self, state: &mut ExecState) -> Result<Credential, Error> {
        let plugin = self.plugin.clone();
        let ExecCredential { token, identity, expires } =
            tokio::task::spawn_blocking(move || plugin.run()).await.map_err(|_| {
                Error::unreachable(ErrorKind::Unauthorized, "getting credentials: the plugin's run was interrupted")
            })??;
        self.identity.replace(identity.as_ref().map(|(chain, key)| (chain.as_slice(), key))).map_err(|why| {
            Error::unreachable(
                ErrorKind::Unauthorized,
                format!("getting credentials: failed parsing client key/certificate: {why}"),
            )
            .with_hint("run the plugin by hand to see what it hands out")
        })?;
        state.runs += 1;
        let header = token.map(|token| header("Bearer", token.expose())).transpose()?;
        let credential = Credential { header, serial: state.runs };
        state.current = Some((credential.clone(), expires));
        Ok(credential)
    }
}
